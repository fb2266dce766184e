//! `expc size`: sample size, power or detectable effect of a question that has no spec.
//!
//! [`options`] are read by [`typed`], become an [`endpoint`] and a [`question`], and are answered by [`answer`]
//! through `stats::comparison`; this file prints.

mod answer;
mod endpoint;
mod measure;
mod options;
mod question;
mod refusals;
mod typed;

use serde_json::{Value as Json, json};

pub use options::Arguments;
pub use typed::Change;

use self::answer::{Answer, looks};
use self::options::{CorrectionName, Format};
use self::question::{Ask, Question};
use super::csv::{self, Cell};
use super::shown::{digits, exact_power};
use super::{Exit, Failure};
use crate::rules::prelude::{count, days as days_text};
use crate::spec::quantity::plain;
use crate::stats::Sides;
use crate::stats::comparison::{Claim, Scale};

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let format = arguments.endpoint.common().format;
    let question = Question::new(&arguments.endpoint)?;
    let answer = question.answer()?;
    super::print(&match format {
        Format::Text => text(&question, &answer),
        Format::Json => serde_json::to_string_pretty(&json(&question, &answer)).unwrap_or_default() + "\n",
        Format::Csv => table(&question, &answer),
    });
    Ok(Exit::Clean)
}

/// The answer first, then what it rests on.
fn text(question: &Question, answer: &Answer) -> String {
    let mut out = answer.headline(question) + "\n";
    if let Some(days) = answer.days {
        let weeks = days.div_ceil(7);
        out +=
            &format!("{} of enrolment; {} whole week{}\n", days_text(days), weeks, if weeks == 1 { "" } else { "s" });
    }
    let mut row = |name: &str, value: &str| out += &format!("  {name:24} {value}\n");
    row("", "");
    for (name, value) in &question.inputs {
        row(name, value);
    }
    row("claim", claim(question));
    let each = question.comparison.alpha;
    let shared =
        if each == question.alpha { String::new() } else { format!(", {} for each treatment", digits(each, 4)) };
    if question.rule.is_none() {
        row("alpha", &format!("{}{shared}, {}", plain(question.alpha), sides(question)));
    }
    if question.variants != 2 {
        let correction = question.correction.unwrap_or(CorrectionName::None).name();
        row("variants", &format!("{}, correction {correction}", question.variants));
    }
    if question.comparison.allocation != 1.0 {
        row("allocation", &format!("1 control : {} treatment", digits(question.comparison.allocation, 4)));
    }
    if question.guardrails != 0 {
        let asked = format!(
            "{} for this test, so that it and {} guardrail{} pass with {}",
            digits(question.goal, 4),
            question.guardrails,
            if question.guardrails == 1 { "" } else { "s" },
            plain(question.power)
        );
        row("power asked", &asked);
    } else if !matches!(question.ask, Ask::Power(_)) {
        row("power asked", &plain(question.power));
    }
    row("", "");
    row("method", question.formula);
    if question.comparison.scale == Scale::Lift {
        row("scale", "the lift over a baseline that is estimated too, by the delta method");
    }
    if question.comparison.size_factor != 1.0 {
        row("variance", &format!("sample × {}", digits(question.comparison.size_factor, 4)));
    }
    if let Some(monitoring) = &question.monitoring {
        let name = looks(monitoring, question.always_valid);
        row("looks", &format!("{name}: sample × {}", digits(answer.inflation, 4)));
    }
    if let Some(exact) = answer.exact_control {
        row("control before rounding", &digits(exact, 9));
    }
    row("power at these units", &exact_power(answer.power));
    if let Some(error) = answer.type_one_error {
        row("ships without effect", &exact_power(error));
    }
    if let Some(assurance) = answer.assurance {
        let (success, limit) = (exact_power(assurance.success), exact_power(assurance.limit));
        row("assurance", &format!("{success} when the effect is drawn from the prior, {limit} with ever more units"));
    }
    if let Some(events) = answer.events {
        row("events to expect", &count(events.round()));
    }
    if let Some(worth) = answer.worth {
        let sign = match worth.wrong_sign {
            rare if rare < 1e-4 => "in less than 0.01% of wins".to_owned(),
            often => format!("in {}% of wins", digits(often * 100.0, 2)),
        };
        let early = if question.monitoring.is_some() { " at the last look, more at an earlier one" } else { "" };
        row("a win overstates", &format!("× {} on average{early}; wrong sign {sign}", digits(worth.magnitude, 3)));
    }
    if let Some((control, treatment)) = answer.groups {
        row("groups", &format!("{} control, {} treatment", count(control as f64), count(treatment as f64)));
    }
    out += &answer.schedule.text();
    for (title, lines) in [("assumes", &answer.assumptions), ("mind", &answer.cautions)] {
        if !lines.is_empty() {
            out += &format!("\n{title}\n");
        }
        for line in lines {
            out += &format!("  - {line}\n");
        }
    }
    out += &format!("\nmore: expc explain {}\n", question.page);
    // Empty rows are lines without spaces.
    out.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn sides(question: &Question) -> &'static str {
    match question.comparison.sides {
        Sides::One => "one-sided",
        Sides::Two => "two-sided",
    }
}

fn claim(question: &Question) -> &'static str {
    match question.comparison.claim {
        Claim::Superiority { .. } => "superiority",
        Claim::SuperiorityByMargin { .. } => "superiority by a margin",
        Claim::NonInferiority { higher_is_better: true, .. } => "non-inferiority: it does not fall by the margin",
        Claim::NonInferiority { .. } => "non-inferiority: it does not rise by the margin",
        Claim::Equivalence { .. } => "equivalence: it stays within the margins (two one-sided tests, Schuirmann 1987)",
    }
}

fn claim_word(question: &Question) -> &'static str {
    match question.comparison.claim {
        Claim::Superiority { .. } => "superiority",
        Claim::SuperiorityByMargin { .. } => "superiority-by-margin",
        Claim::NonInferiority { .. } => "non-inferiority",
        Claim::Equivalence { .. } => "equivalence",
    }
}

fn solved(question: &Question) -> &'static str {
    match (question.ask, question.comparison.claim) {
        (Ask::Size, _) => "size",
        (Ask::Power(_), _) => "power",
        (Ask::Detectable(_), Claim::NonInferiority { .. } | Claim::Equivalence { .. }) => "margin",
        (Ask::Detectable(_), _) => "effect",
    }
}

fn method(question: &Question) -> &'static str {
    match (&question.monitoring, question.always_valid) {
        _ if question.rule.is_some() => "bayesian",
        (None, _) => "fixed",
        (_, true) => "always-valid",
        _ => "group-sequential",
    }
}

/// `expc.size/1`. Rates and powers are fractions; effects are signed, treatment minus control.
fn json(question: &Question, answer: &Answer) -> Json {
    let inputs: serde_json::Map<String, Json> =
        question.inputs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "format": "expc.size/1",
        "endpoint": question.kind,
        "solved_for": solved(question),
        "answer": {
            "control": answer.control,
            "treatment": answer.treatment,
            "treatments": question.variants - 1,
            "total": answer.total,
            "control_before_rounding": answer.exact_control,
            "power": answer.power,
            "effect": answer.effect,
            "margin": answer.margin,
            "relative_effect": question.baseline.filter(|level| *level != 0.0).map(|level| answer.effect / level.abs()),
            "events": answer.events,
            "type_one_error": answer.type_one_error,
            "assurance": answer.assurance.map(|assurance| json!({
                "success": assurance.success, "success_and_better": assurance.success_and_better,
                "better": assurance.better, "limit": assurance.limit,
            })),
            "type_m": answer.worth.map(|worth| worth.magnitude),
            "type_s": answer.worth.map(|worth| worth.wrong_sign),
            "groups": answer.groups.map(|(control, treatment)| json!({ "control": control, "treatment": treatment })),
            "days": answer.days,
            "weeks": answer.days.map(|days| days.div_ceil(7)),
        },
        "question": {
            "understood": inputs,
            "baseline": question.baseline,
            "claim": claim_word(question),
            "alpha": question.alpha,
            "alpha_per_claim": question.comparison.alpha,
            "sides": if question.comparison.sides == Sides::One { 1 } else { 2 },
            "power": question.power,
            "power_per_metric": question.goal,
            "guardrails": question.guardrails,
            "variants": question.variants,
            "correction": question.correction.unwrap_or(CorrectionName::None).name(),
            "scale": if question.comparison.scale == Scale::Lift { "lift" } else { "difference" },
            "allocation": question.comparison.allocation,
            "method": method(question),
            "daily_units": question.daily,
        },
        "formula": question.formula,
        "size_factor": question.comparison.size_factor,
        "inflation": answer.inflation,
        "looks": answer.schedule.json(),
        "expected": answer.schedule.expected_json(),
        "assumptions": answer.assumptions,
        "cautions": answer.cautions,
    })
}

/// One row: the answer and what it rests on.
fn table(question: &Question, answer: &Answer) -> String {
    let number = |value: u64| Cell::from(value as f64);
    let columns: [(&str, Cell); 18] = [
        ("endpoint", question.kind.into()),
        ("solved_for", solved(question).into()),
        ("claim", claim_word(question).into()),
        ("control", number(answer.control)),
        ("treatment", number(answer.treatment)),
        ("variants", f64::from(question.variants).into()),
        ("total", number(answer.total)),
        ("power", answer.power.into()),
        ("baseline", question.baseline.into()),
        ("effect", answer.effect.into()),
        ("margin", answer.margin.into()),
        ("alpha", question.alpha.into()),
        ("alpha_per_claim", question.comparison.alpha.into()),
        ("sides", if question.comparison.sides == Sides::One { 1.0 } else { 2.0 }.into()),
        ("allocation", question.comparison.allocation.into()),
        ("method", method(question).into()),
        ("days", answer.days.map(f64::from).into()),
        ("weeks", answer.days.map(|days| f64::from(days.div_ceil(7))).into()),
    ];
    let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    csv::table(&heads, [columns.into_iter().map(|(_, cell)| cell).collect()])
}
