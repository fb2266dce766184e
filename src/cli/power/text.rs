//! `expc power` for people: every input with its origin, the size of every metric, its looks and weeks, and a curve.

use super::Shown;
use crate::cli::shown::digits;
use crate::emit::plans::{curve, curves};
use crate::plan::{Known, Origin, Plan, PlannedMetric, Sized, Sizing, USUAL_CORRELATION, Way};
use crate::rules::prelude::{count, percent, probability};
use crate::spec::quantity::plain;
use crate::spec::{Correction, Role};
use crate::stats::comparison::Claim;
use crate::text::{Sources, printable};

/// An input that all sizes share.
pub(super) struct Input {
    pub name: &'static str,
    pub value: String,
    pub origin: Origin,
}

/// The name and the title.
pub(super) fn heading(plan: &Plan) -> String {
    let title = plan.title.as_ref().map_or(String::new(), |title| format!(": {}", printable(&title.value)));
    format!("{}{title}\n", printable(&plan.id))
}

impl Shown<'_> {
    pub(super) fn text(&self) -> String {
        let plan = self.plan();
        let all = self.arguments.all;
        let mut out = heading(plan) + &self.inputs_text();
        for sized in &plan.sizes {
            out += &self.block(sized);
        }
        if plan.sizes.is_empty() {
            out += "\nNothing to size: it has no control, no treatment, or no primary metric and no guardrail.\n";
            return out;
        }
        out += &decision(plan);
        let primary = |name: &str| plan.metrics_of(Role::Primary).any(|metric| metric.name == name);
        for shown in curves(plan) {
            if !all && !primary(&shown.metric) {
                continue;
            }
            out += &format!("\npower of {} by week (goal {})\n", printable(&shown.metric), probability(shown.goal));
            out += &curve::curve(&shown.points, shown.goal, 72, 12);
        }
        if !all && plan.metrics_of(Role::Guardrail).next().is_some() {
            out += "\nweeks and curves of the guardrails: --all\n";
        }
        out
    }

    /// The inputs that all sizes share.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let plan = self.plan();
        let mut rows: Vec<Input> = Vec::new();
        let mut row = |name: &'static str, value: String, origin: Origin| rows.push(Input { name, value, origin });
        let design = &plan.design;
        let audience = &plan.audience;
        if let Some(daily) = &audience.daily_units {
            row("eligible units per day", count(daily.value), daily.origin);
        }
        row("share", audience.share.value.to_string(), audience.share.origin);
        if let Some(holdout) = &audience.holdout {
            row("held out", percent(holdout.share.value), holdout.share.origin);
        }
        row("analysed part", percent(plan.exposure.rate.value), plan.exposure.rate.origin);
        row("alpha", plain(design.alpha.value), design.alpha.origin);
        row("sides", design.sides.value.to_string(), design.sides.origin);
        row("power", plain(design.power.value), design.power.origin);
        row("method", design.method.value.to_string(), design.method.origin);
        row(
            "correction",
            format!(
                "{}, {} claim{}: alpha {}",
                design.correction.value,
                design.claims,
                if design.claims == 1 { "" } else { "s" },
                plain(design.alpha_per_claim)
            ),
            design.correction.origin,
        );
        let weights =
            plan.variants.iter().map(|variant| format!("{} {}", printable(&variant.name), percent(variant.fraction)));
        row(
            "variants",
            weights.collect::<Vec<_>>().join(", "),
            plan.variants.first().map_or(Origin::BuiltIn, |v| v.weight.origin),
        );
        let stages = plan
            .calendar
            .stages
            .iter()
            .map(|stage| format!("{} {} {}d", printable(&stage.name), percent(stage.share.value), stage.days));
        row(
            "stages",
            stages.collect::<Vec<_>>().join(", "),
            plan.calendar.stages.first().map_or(Origin::BuiltIn, |s| s.share.origin),
        );
        if !plan.calendar.analyse_ramp {
            row("analysed stages", "the last one".to_owned(), Origin::Computed);
        }
        rows
    }

    fn inputs_text(&self) -> String {
        let rows = self.inputs();
        let width = rows.iter().map(|row| row.value.chars().count()).max().unwrap_or(0).min(60);
        let mut out = String::from("\n");
        for Input { name, value, origin } in rows {
            out += &format!("  {name:24} {value:width$}  {}\n", place(origin, self.sources));
        }
        out
    }

    /// One metric against one treatment.
    fn block(&self, sized: &Sized) -> String {
        let (plan, sources) = (self.plan(), self.sources);
        let name = printable(&sized.metric);
        let against = printable(&sized.treatment);
        let mut out = format!("\n{name} ({}), {against} against control\n", sized.role);
        let Some(metric) = plan.metrics.iter().find(|metric| metric.name == sized.metric && metric.role == sized.role)
        else {
            return out;
        };
        let number = |known: &Known<f64>| amount(metric, known.value);
        if let Some(baseline) = &metric.baseline {
            out += &format!("  {:24} {:20}  {}\n", "baseline", number(baseline), place(baseline.origin, sources));
        }
        if let Some(sd) = &metric.sd {
            out += &format!("  {:24} {:20}  {}\n", "standard deviation", number(sd), place(sd.origin, sources));
        }
        for (title, effect) in [("MDE", &metric.mde), ("margin", &metric.margin)] {
            if let Some(effect) = effect {
                let absolute = effect
                    .absolute
                    .filter(|_| effect.is_relative)
                    .map_or(String::new(), |size| format!(" = {}", difference(metric, size)));
                let origin = Origin::in_spec(effect.span, plan.span.file);
                out += &format!(
                    "  {title:24} {:20}  {}\n",
                    format!("{}{absolute}", printable(&effect.text)),
                    place(origin, sources)
                );
            }
        }
        match &sized.result {
            Err(reason) => out + &format!("  not sized: {}\n", printable(&reason.to_string())),
            Ok(sizing) => {
                out += &numbers(plan, metric, sizing);
                out += &self.schedule(sizing).text();
                out += &half(plan, sizing);
                if self.arguments.all || sized.role == Role::Primary {
                    out += &weeks(plan, metric, sizing, self.arguments.through);
                }
                out
            }
        }
    }
}

fn numbers(plan: &Plan, metric: &PlannedMetric, sizing: &Sizing) -> String {
    let factors = sizing.factors;
    let mut out = String::new();
    for (name, factor) in [
        ("variance reduction", factors.reduction),
        ("interim looks", factors.inflation),
        ("design effect", factors.design_effect),
    ] {
        if factor != 1.0 {
            out += &format!("  {name:24} sample × {factor:.3}\n");
        }
    }
    let side = |control: f64, treatment: f64| format!("{} control, {} treatment", count(control), count(treatment));
    out += &format!(
        "  {:24} {}  (alpha {}, power {})\n",
        "needed",
        side(sizing.need.control_units as f64, sizing.need.treatment_units as f64),
        plain(sizing.comparison.alpha),
        probability(sizing.power_goal)
    );
    out += &format!(
        "  {:24} {}  ({} days mature)\n",
        "available",
        side(sizing.control, sizing.treatment),
        sizing.mature_days
    );
    let weeks = match sizing.days_needed(plan, super::MOST_DAYS) {
        Some(days) => format!("{}, {} planned", weeks_of(days), weeks_of(plan.calendar.days)),
        None => format!("not in {}", weeks_of(super::MOST_DAYS)),
    };
    out += &format!("  {:24} {weeks}\n", "enrolment needed");
    let enough = if sizing.is_short() { "short of the goal" } else { "enough" };
    out += &format!("  {:24} {}  {enough}\n", "power", probability(sizing.power));
    out += &format!("  {:24} {}\n", what(sizing), effect(metric, sizing.detectable()));
    if let Some(worth) = sizing.exaggeration().filter(|_| shows_effect(sizing)) {
        let sign = match worth.wrong_sign {
            rare if rare < 1e-4 => "in less than 0.01%".to_owned(),
            often => format!("in {}%", digits(often * 100.0, 2)),
        };
        let times = digits(worth.magnitude, 3);
        let early = if matches!(sizing.way, Way::Looks(_)) { " at the last look, more at an earlier one" } else { "" };
        out += &format!("  {:24} × {times} on average{early}; wrong sign {sign} of wins\n", "a win overstates");
    }
    if let Some(assurance) = sizing.assurance() {
        let most = probability(assurance.limit);
        out += &format!(
            "  {:24} {}  (effect from the prior; {most} with ever more units)\n",
            "assurance",
            probability(assurance.success)
        );
    }
    for caution in sizing.cautions() {
        out += &format!("  {:24} {caution}\n", "mind");
    }
    out
}

/// True when a win is an estimate of an effect, and not of staying within a margin.
fn shows_effect(sizing: &Sizing) -> bool {
    matches!(sizing.comparison.claim, Claim::Superiority { .. } | Claim::SuperiorityByMargin { .. })
}

/// The line between those of the schedule: what the looks take when half of the planned effect is there.
fn half(plan: &Plan, sizing: &Sizing) -> String {
    let Some(expected) = sizing.expected(plan, 0.5) else { return String::new() };
    let days = expected.days.map_or(String::new(), |days| format!(", {days:.1} days"));
    format!(
        "  {:24} {} units{days}, power {}\n",
        "expected with half of it",
        count((expected.control + expected.treatment).round()),
        probability(expected.success)
    )
}

/// What the parts add up to.
fn decision(plan: &Plan) -> String {
    let mut out = String::new();
    for ship in plan.ships() {
        out += &format!(
            "  {:24} {} with independent metrics, {} at a correlation of {}\n",
            printable(&ship.treatment),
            probability(ship.independent),
            probability(ship.correlated),
            plain(USUAL_CORRELATION)
        );
    }
    if !out.is_empty() {
        let success = match plan.design.correction.value {
            Correction::FixedSequence => "all claims up to its first one succeed",
            _ => "a primary metric succeeds",
        };
        out = format!("\nchance to ship: {success} and every guardrail passes\n{out}");
    }
    if let Some(Ok(leak)) = plan.smallest_leak() {
        out += &format!(
            "\nthe sample-ratio check notices a loss of {} of {}'s units nine times in ten\n",
            percent(leak.part),
            printable(&leak.variant)
        );
    }
    out
}

/// `5 weeks`, `17 days`.
pub(super) fn weeks_of(days: u32) -> String {
    match (days / 7, days % 7) {
        (1, 0) => "1 week".to_owned(),
        (weeks, 0) => format!("{weeks} weeks"),
        _ => crate::rules::prelude::days(days),
    }
}

/// What a plan can detect, by the kind of its claim.
fn what(sizing: &Sizing) -> &'static str {
    match sizing.comparison.claim {
        Claim::NonInferiority { .. } | Claim::Equivalence { .. } => "smallest margin",
        _ => "detectable effect",
    }
}

fn effect(metric: &PlannedMetric, size: Option<f64>) -> String {
    size.map_or("–".to_owned(), |size| relative(metric, size))
}

/// Units, power and detectable effect at the end of each week.
fn weeks(plan: &Plan, metric: &PlannedMetric, sizing: &Sizing, weeks: u32) -> String {
    let mut out = format!("\n  {:>5} {:>12} {:>12} {:>7}  {}\n", "week", "control", "treatment", "power", what(sizing));
    for week in sizing.weeks(plan, weeks) {
        let planned = if week.week == plan.calendar.days.div_ceil(7) { "  ← planned end" } else { "" };
        out += &format!(
            "  {:>5} {:>12} {:>12} {:>7}  {}{planned}\n",
            week.week,
            count(week.control),
            count(week.treatment),
            probability(week.power),
            effect(metric, week.detectable)
        );
    }
    out
}

/// A number in the unit of its metric.
fn amount(metric: &PlannedMetric, number: f64) -> String {
    if metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary()) {
        return percent(number);
    }
    match &metric.unit {
        Some(unit) => format!("{} {}", digits(number, 4), printable(&unit.value)),
        None => digits(number, 4),
    }
}

/// A difference in the metric's unit: percentage points for rates.
pub(super) fn difference(metric: &PlannedMetric, size: f64) -> String {
    let binary = metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary());
    if binary { format!("{}pp", digits(size * 100.0, 4)) } else { amount(metric, size) }
}

/// An effect in the metric's unit and relative to the baseline.
fn relative(metric: &PlannedMetric, size: f64) -> String {
    let size = size.abs();
    let own = difference(metric, size);
    match metric.baseline.as_ref().map(|known| known.value.abs()).filter(|level| 0.0 < *level) {
        Some(level) => format!("{own} ({} of the baseline)", percent(size / level)),
        None => own,
    }
}

/// Where a value comes from, for people.
fn place(origin: Origin, sources: &Sources) -> String {
    match written(origin, sources) {
        Some(place) => format!("{} {}", origin.word(), printable(&place)),
        None => origin.word().to_owned(),
    }
}

/// Where a value is written: `expc.toml:12`.
pub(super) fn written(origin: Origin, sources: &Sources) -> Option<String> {
    origin.span().map(|span| format!("{}:{}", sources.path(span), sources.start(span).line))
}
