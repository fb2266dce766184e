//! `plan.md`: the pre-registration document, for a reviewer.
//!
//! It says what is tested and why, on whom, how large, until when, and what will be done with each outcome; what is
//! missing is said at the top. One function prints one section, in the order of the page: start at [`page`].

use serde_json::Value as Json;

use super::document::{Statistic, has_unlisted, origins, payload_text, sized_for, statistic};
use super::markdown::{Table, code, fragment, text};
use super::power::{horizon, weakest};
use super::schedule::burn_in;
use super::show::{self, count, difference, exact_percent, level, percent, short};
use super::{Format, Request, dated_looks, window_us};
use crate::change::deviations;
use crate::emit::{Artifact, ArtifactRole};
use crate::plan::{
    Cell, Plan, PlannedEffect, PlannedMetric, PlannedStage, Row, Sized, Sizing, USUAL_CORRELATION, Unsized, Verdict,
    Way,
};
use crate::spec::decision::{GuardState, Quality};
use crate::spec::design::{Reduction, SrmAction};
use crate::spec::quantity::plain;
use crate::spec::record::DataAccess;
use crate::spec::rollout::{Harm, Rollback};
use crate::spec::{
    Action, Correction, Day, Direction, Field, Gate, HypothesisKind, List, Method, Outcome, Population, Role,
    SecondaryCorrection, SecondaryGate, Sides, Spending,
};
use crate::stats::comparison::Claim;
use crate::stats::srm;

/// The pre-registration document.
pub(super) struct PlanMd;

impl Format for PlanMd {
    fn name(&self) -> &'static str {
        "plan.md"
    }

    fn about(&self) -> &'static str {
        "the pre-registration document, for reviewers"
    }

    fn emit(&self, request: &Request<'_>) -> Vec<Artifact> {
        vec![request.artifact("plan.md", "plan.md", ArtifactRole::Doc, page(request).into_bytes())]
    }
}

/// The whole page.
fn page(request: &Request<'_>) -> String {
    let sections: [fn(&Request<'_>) -> String; 16] = [
        head,
        missing,
        deviated,
        hypothesis,
        variants,
        audience,
        measures,
        analysis,
        sizes,
        power_by_week,
        looks,
        decision,
        rollout,
        quality,
        privacy_and_risk,
        record,
    ];
    let mut page: String = sections.iter().map(|section| section(request)).collect();
    page += &foot(request);
    page
}

const NOT_SET: &str = "*not set*";

/// A word or text in a cell, or that it is not set.
fn or_not_set(shown: Option<String>) -> String {
    shown.filter(|shown| !shown.is_empty()).unwrap_or_else(|| NOT_SET.to_owned())
}

fn bullets(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().map(|item| format!("- {item}\n")).collect::<String>() + "\n"
}

/// "a, b and c".
fn joined(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// "1 day", "3 days".
fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number as f64), if number == 1 { "" } else { "s" })
}

/// "Mon 2027-01-11".
fn dated(day: Day) -> String {
    use jiff::civil::Weekday;
    let name = match day.0.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    };
    format!("{name} {day}")
}

fn items<T>(field: Option<&Field<List<T>>>) -> &[crate::syntax::At<T>] {
    field.and_then(|field| field.value()).map(|list| &list.items[..]).unwrap_or_default()
}

fn head(request: &Request<'_>) -> String {
    let plan = request.plan;
    let title = plan.title.as_ref().map_or(&*plan.id, |title| &title.value);
    let experiment = request.spec.experiment.value();
    let decider = request.spec.decision.value().and_then(|decision| decision.decider.value());
    let day = |known: &Option<crate::plan::Known<Day>>| known.as_ref().map(|known| dated(known.value));
    let mut table = Table::new(&["Experiment", "Status", "Owner", "Objective", "Enrolment", "Decision", "Decider"]);
    let enrolment = match (day(&plan.calendar.start), day(&plan.calendar.end)) {
        (Some(start), Some(end)) => Some(format!("{start} to {end}")),
        (Some(start), None) => Some(format!("from {start}")),
        (None, _) => None,
    };
    table.row(vec![
        code(&plan.id),
        plan.status.value.to_string(),
        or_not_set(plan.owner.as_ref().map(|owner| text(&owner.value))),
        or_not_set(plan.objective.as_ref().map(|objective| text(&objective.value))),
        or_not_set(enrolment),
        or_not_set(day(&plan.calendar.decide)),
        or_not_set(decider.map(|decider| text(decider))),
    ]);
    let shown = text(title);
    let mut out = format!("# {}\n\n{}", if shown.is_empty() { "Untitled experiment" } else { &shown }, table.print());
    let links = experiment.and_then(|experiment| experiment.links.value());
    let mut lines = Vec::new();
    if let Some(links) = links {
        lines.extend(links.ticket.value().map(|link| format!("Ticket: {}", code(link))));
        lines.extend(links.design.value().map(|link| format!("Design: {}", code(link))));
        for link in items(Some(&links.evidence)) {
            lines.push(format!("Evidence: {}", code(&link.value)));
        }
        for previous in items(Some(&links.previous)) {
            lines.push(format!("Builds on: {}", code(&previous.value)));
        }
    }
    if !lines.is_empty() {
        out += &bullets(lines);
    }
    out
}

/// What a reviewer has to ask for.
fn missing(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut lines: Vec<String> = Vec::new();
    let mut need = |absent: bool, what: &str| {
        if absent {
            lines.push(what.to_owned());
        }
    };
    need(plan.title.is_none(), "a title");
    need(plan.owner.is_none(), "an owner");
    need(plan.because.is_none(), "the observation behind the hypothesis (`because`)");
    need(plan.change.is_none(), "the change that is tried (`change`)");
    need(plan.expectations.is_empty(), "the movement that is expected (`expect`)");
    need(plan.variants.len() < 2, "two variants or more");
    need(!plan.variants.is_empty() && plan.control().is_none(), "a control variant");
    need(
        !plan.variants.is_empty() && plan.variants.iter().all(|variant| variant.fraction <= 0.0),
        "a variant with a weight above 0",
    );
    need(plan.audience.unit.is_none(), "the unit of randomisation");
    let exposed = plan.exposure.population.value == Population::Exposed;
    need(exposed && plan.exposure.event.is_none(), "the event that counts as exposure");
    need(plan.metrics_of(Role::Primary).next().is_none(), "a primary metric");
    need(plan.metrics_of(Role::Guardrail).next().is_none(), "a guardrail");
    need(plan.calendar.start.is_none(), "the first day of enrolment");
    need(plan.calendar.days == 0, "how long it runs");
    need(plan.calendar.decide.is_none(), "the day of the decision");
    need(plan.decision.as_ref().is_none_or(|table| table.rows.is_empty()), "rules for the decision");
    need(plan.audience.daily_units.is_none(), "the number of eligible units per day");
    let sequential = plan.design.method.value == Method::GroupSequential;
    need(sequential && plan.design.spending.is_none(), "how alpha is spent over the looks");
    need(sequential && plan.design.looks.is_empty(), "the looks");
    let mut without_effect: Vec<&str> = Vec::new();
    for metric in &plan.metrics {
        let (effect, noun) = match metric.role {
            Role::Primary => (&metric.mde, "an MDE"),
            Role::Guardrail => (&metric.margin, "a margin"),
            Role::Secondary | Role::Monitor => continue,
        };
        if effect.as_ref().is_none_or(|effect| effect.fault.is_some()) {
            let usable = if effect.is_some() { " that can be used" } else { "" };
            lines.push(format!("{noun} for {}{usable}", code(&metric.name)));
            without_effect.push(&metric.name);
        }
    }
    for metric in &plan.metrics {
        if metric.defined.is_none() {
            lines.push(format!("a definition of {} in the catalogue", code(&metric.name)));
        } else if metric.role != Role::Monitor && metric.window.is_none() {
            lines.push(format!("a window for {}", code(&metric.name)));
        } else if metric.role != Role::Monitor && window_of(request, metric).is_none() {
            lines.push(format!("a window for {} that ends after it starts", code(&metric.name)));
        }
    }
    for sized in &plan.sizes {
        if let Err(reason) = &sized.result {
            let known = plan.metric(&sized.metric).is_some_and(|metric| metric.defined.is_some());
            let line = format!("a size for {}: {}", code(&sized.metric), text(&reason.to_string()));
            // What this version cannot size is no fault of the author; the section on sizes says it.
            if matches!(reason, Unsized::Unsupported(_)) {
                continue;
            }
            let told = without_effect.contains(&&*sized.metric)
                || matches!(reason, Unsized::Missing(what) if plan.audience.daily_units.is_none() && what.contains("per day"));
            if known && !told && !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let much = counted(lines.len() as u64, "part");
    let verb = if lines.len() == 1 { "is" } else { "are" };
    format!("## Still missing\n\nThis plan is not complete: {much} {verb} missing or unusable.\n\n{}", bullets(lines))
}

fn window_of(request: &Request<'_>, metric: &PlannedMetric) -> Option<(i64, i64)> {
    window_us(&request.inputs, metric)
}

fn effect_text(effect: &PlannedEffect) -> String {
    let relative = if effect.is_relative { " relative" } else { "" };
    format!("{}{relative}", text(&show::spaced(&effect.text)))
}

fn hypothesis(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## Hypothesis\n\n".to_owned();
    let movements: Vec<String> = plan
        .expectations
        .iter()
        .map(|expectation| {
            let by = expectation.by.as_ref().filter(|by| !by.text.is_empty());
            let by = by.map(|by| format!(" by {}", effect_text(by))).unwrap_or_default();
            let verb = match expectation.direction.as_ref().map(|direction| direction.value) {
                Some(Direction::Increase) => "increase",
                Some(Direction::Decrease) => "decrease",
                None => "move (the direction is not said)",
            };
            format!("{} will {verb}{by}", code(&expectation.metric.value))
        })
        .collect();
    let because = match &plan.because {
        Some(because) => format!("Because {},", fragment(&because.value)),
        None => "Because *(not said yet)*,".to_owned(),
    };
    let change = match &plan.change {
        Some(change) => format!("we believe that if we {},", fragment(&change.value)),
        None => "we believe that if we make *(a change not said yet)*,".to_owned(),
    };
    let moves = if movements.is_empty() { "*(no movement is registered yet)*".to_owned() } else { joined(&movements) };
    out += &format!("{because}\n{change}\nthen {moves}.\n\n");
    let harm = request.spec.hypothesis.value().and_then(|hypothesis| hypothesis.harm_test.copied()) == Some(true);
    if harm {
        out += "This experiment measures a harm on purpose: the expected direction is the bad one.\n\n";
    }
    out
}

fn variants(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## Variants\n\n".to_owned();
    if plan.variants.is_empty() {
        return out + "No variant is registered yet.\n\n";
    }
    let mut table = Table::new(&["Variant", "Role", ">Split", "What it is", "Flag returns"]);
    for variant in &plan.variants {
        table.row(vec![
            code(&variant.name),
            if variant.control { "control" } else { "treatment" }.to_owned(),
            show::share(variant.fraction),
            variant.about.as_ref().map(|about| text(&about.value)).unwrap_or_default(),
            variant.payload.as_ref().map(|payload| code(&payload_text(&payload.value))).unwrap_or_default(),
        ]);
    }
    out += &table.print();
    out += &format!("The flag is {}.\n", code(&plan.flag.value));
    if let Some(off) = &plan.off {
        out += &format!("Units outside the experiment get {}.\n", code(&payload_text(&off.value)));
    }
    let forced: usize = plan.variants.iter().map(|variant| variant.force.len()).sum();
    if 0 < forced {
        let units = counted(forced as u64, "unit");
        out += &format!("For testing, {units} always get one variant and are not analysed.\n");
    }
    let reason = request.spec.design.value().and_then(|design| design.weights_reason.value());
    if let Some(reason) = reason {
        out += &format!("Weights are unequal because {}.\n", fragment(reason));
    }
    out.push('\n');
    out
}

fn audience(request: &Request<'_>) -> String {
    let plan = request.plan;
    let audience = &plan.audience;
    let mut lines = Vec::new();
    lines.push(match &audience.unit {
        Some(unit) => match &audience.key {
            Some(key) => format!("Randomised by {}, hashed from {}.", code(&unit.value), code(&key.value)),
            None => format!("Randomised by {}.", code(&unit.value)),
        },
        None => "The unit of randomisation is not set.".to_owned(),
    });
    if let Some(base) = &audience.base {
        lines.push(format!("Base audience: {}.", code(&base.value)));
    }
    for condition in &audience.conditions {
        lines.push(format!("Must hold: {}.", code(&condition.to_string())));
    }
    for condition in &audience.exclusions {
        lines.push(format!("Keeps out: {}.", code(&condition.to_string())));
    }
    if audience.conditions.is_empty() && audience.exclusions.is_empty() {
        lines.push("No condition: everybody is eligible.".to_owned());
    }
    let daily = audience.daily_units.as_ref();
    let daily = daily.map(|daily| format!(" of about {} eligible units a day", count(daily.value)));
    lines.push(format!(
        "Share: {}{} at the end of the ramp.",
        exact_percent(audience.share.value.fraction()),
        daily.unwrap_or_else(|| " of eligible units, whose number is not known,".to_owned())
    ));
    if let Some(layer) = &audience.layer {
        let slot = match &layer.slot {
            Some(slot) => {
                let (from, to) = slot.value;
                format!(", from {} to {}", exact_percent(from), exact_percent(to))
            }
            None => ", its slot given when the portfolio is built".to_owned(),
        };
        lines.push(format!("Layer {}{slot}: no unit is in two experiments of the layer.", code(&layer.name.value)));
    }
    if let Some(holdout) = &audience.holdout {
        let share = exact_percent(holdout.share.value);
        lines.push(format!("Holdout {}: {share} of units see no experiment.", code(&holdout.name.value)));
    }
    let rate = plan.exposure.rate.value;
    lines.push(match (plan.exposure.population.value, &plan.exposure.event) {
        (Population::Assigned, _) => "All assigned units are analysed, whether they meet the change or not.".to_owned(),
        (Population::Exposed, Some(event)) => {
            format!("A unit counts once it logs {}, which {} of assigned units do.", code(&event.value), percent(rate))
        }
        (Population::Exposed, None) => "Exposed units are analysed; the event that exposes is not set.".to_owned(),
    });
    format!("## Who takes part\n\n{}", bullets(lines))
}

fn role_word(role: Role) -> &'static str {
    role.word()
}

fn window_text(request: &Request<'_>, metric: &PlannedMetric) -> String {
    let Some((start, end)) = window_of(request, metric) else { return NOT_SET.to_owned() };
    let lag = metric.lag.as_ref().map(|lag| format!(", complete after {}", lag.value)).unwrap_or_default();
    if start == 0 {
        format!("{}{lag}", show::length(end))
    } else {
        format!("{} to {}{lag}", show::length(start), show::length(end))
    }
}

fn measures(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## What is measured\n\n".to_owned();
    if plan.metrics.is_empty() {
        return out + "No metric is registered yet.\n\n";
    }
    let mut table =
        Table::new(&["Metric", "Role", "What it is", ">Baseline", ">MDE or margin", "Good direction", "Window"]);
    for metric in &plan.metrics {
        let defined = request.catalog.metrics.get(&metric.name);
        let about = defined.and_then(|metric| metric.about.value()).map(|about| text(about)).unwrap_or_default();
        let kind = metric.kind.as_ref().map(|kind| kind.value.word());
        let what = match (kind, about.is_empty()) {
            (None, _) => "*not in the catalogue*".to_owned(),
            (Some(kind), true) => kind.to_owned(),
            (Some(kind), false) => format!("{about} ({kind})"),
        };
        table.row(vec![
            code(&metric.name),
            role_word(metric.role).to_owned(),
            what,
            or_not_set(metric.baseline.as_ref().map(|known| text(&level(Some(metric), known.value)))),
            effect_cell(metric),
            metric.good.as_ref().map_or(NOT_SET, |good| good.value.word()).to_owned(),
            window_text(request, metric),
        ]);
    }
    out += &table.print();
    out += "Windows are elapsed time from the first exposure, never calendar days.\n";
    if let Some(burn_in) = burn_in(&request.inputs) {
        out += &format!("The first {burn_in} after exposure are left out of every window.\n");
    }
    out.push('\n');
    out
}

/// The MDE of a primary metric, the margin of a guardrail; nothing for the others unless written.
fn effect_cell(metric: &PlannedMetric) -> String {
    let (effect, needed) = match metric.role {
        Role::Guardrail => (metric.margin.as_ref(), true),
        Role::Primary => (metric.mde.as_ref(), true),
        Role::Secondary | Role::Monitor => (metric.mde.as_ref().or(metric.margin.as_ref()), false),
    };
    let Some(effect) = effect else { return if needed { NOT_SET.to_owned() } else { String::new() } };
    if effect.fault.is_some() {
        return format!("*unusable: {}*", text(&effect.text));
    }
    match effect.absolute.filter(|_| effect.is_relative) {
        Some(absolute) => format!("{} ({})", effect_text(effect), text(&difference(Some(metric), absolute))),
        None => effect_text(effect),
    }
}

fn test_words(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::ZPooled => "z test of two proportions, variance pooled under the null",
        Statistic::ZUnpooled => "z test of two proportions, each with its own variance",
        Statistic::Arcsine => "z test of two proportions on the arcsine scale",
        Statistic::ZContinuity => "z test of two proportions, pooled, corrected for continuity",
        Statistic::LogOdds => "z test of the log odds ratio",
        Statistic::FisherExact => "Fisher's exact test",
        Statistic::ExactUnconditional => "unconditional exact test of two proportions",
        Statistic::RateWald => "z test of the log ratio of two rates of events, each with its own variance",
        Statistic::RateScore => "z test of the log ratio of two rates of events, variance at the pooled rate",
        Statistic::Z => "z test of two means",
        Statistic::WelchT => "Welch's t test of two means",
        Statistic::ZDelta => "z test of two ratios, variance by the delta method",
        Statistic::Quantile => "comparison of two quantiles by order statistics",
        Statistic::LogRank => "log-rank test",
    }
}

fn analysis(request: &Request<'_>) -> String {
    let plan = request.plan;
    let design = &plan.design;
    let mut lines = Vec::new();
    lines.push(match design.method.value {
        Method::Fixed => "Fixed design: the result is read once, at the end.".to_owned(),
        Method::GroupSequential => "Group-sequential design: the result is read at the planned looks only.".to_owned(),
        Method::AlwaysValid => "Always-valid design: the result may be read on any day, with wider bounds.".to_owned(),
        Method::Bayesian => bayes_line(request),
    });
    let sides = match design.sides.value {
        Sides::Two => "two-sided",
        Sides::One => "one-sided",
    };
    let alpha = plain(design.alpha.value);
    let claims = design.claims as u64;
    let per_claim = if design.correction.value == Correction::None {
        "alpha is not shared between them".to_owned()
    } else {
        format!("{} gives each at least {}", capital(design.correction.value.word()), short(design.alpha_per_claim))
    };
    lines.push(match claims {
        1 => format!("The claim of success is tested {sides} at alpha {alpha}."),
        _ => format!(
            "{} of success are tested {sides} at alpha {alpha}; {per_claim}.",
            capital(&counted(claims, "claim"))
        ),
    });
    let reason = request.spec.design.value().and_then(|design| design.sides_reason.value());
    if let Some(reason) = reason {
        lines.push(format!("One side is enough because {}.", fragment(reason)));
    }
    if plan.metrics_of(Role::Secondary).next().is_some() {
        let secondary = &design.secondary;
        let shared = match secondary.correction.value {
            SecondaryCorrection::None => format!("at alpha {alpha} without correction"),
            SecondaryCorrection::BenjaminiHochberg => format!("at a false discovery rate of {alpha}"),
            correction => format!("as one family at alpha {alpha}, corrected by {}", capital(correction.word())),
        };
        let after = match secondary.gate.value {
            SecondaryGate::None => "",
            SecondaryGate::Primary => ", once every primary claim has succeeded",
        };
        lines.push(format!("Secondary metrics are reported {shared}{after}: they explain and never decide alone."));
    }
    if plan.metrics_of(Role::Guardrail).next().is_some() {
        lines.push(format!("{} at alpha {alpha} each; all must pass, so alpha is not divided.", guardrails(plan)));
    }
    let mut tests: Vec<(Statistic, Vec<String>)> = Vec::new();
    for metric in plan.metrics.iter().filter(|metric| metric.role != Role::Monitor) {
        let Some(kind) = &metric.kind else { continue };
        let statistic =
            statistic(kind.value, design.test.as_ref(), metric.hypothesis.value != HypothesisKind::Superiority);
        match tests.iter_mut().find(|(known, _)| *known == statistic) {
            Some((_, names)) => {
                let name = code(&metric.name);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            None => tests.push((statistic, vec![code(&metric.name)])),
        }
    }
    for (statistic, names) in tests {
        lines.push(format!("{}: {}.", capital(test_words(statistic)), joined(&names)));
    }
    if let Some(reduction) = design.reduction.as_ref().filter(|reduction| reduction.method.value != Reduction::None) {
        let name = match reduction.method.value {
            Reduction::Cuped => "CUPED",
            _ => "regression on a covariate",
        };
        let window = match &reduction.window {
            Some(window) => format!("the {} before the first exposure", window.value),
            None => "a time before the first exposure that is not said".to_owned(),
        };
        lines.push(format!("Variance reduction: {name}, with {window}."));
    }
    if let Some(factor) = &design.design_effect {
        lines.push(format!("Units are assigned by group: sizes grow by a factor of {}.", short(factor.value)));
    }
    let written = request.spec.design.value();
    for exclusion in items(written.map(|design| &design.exclusions)) {
        lines.push(format!("Left out: {}.", fragment(&exclusion.value)));
    }
    if let Some(missing) = written.and_then(|design| design.missing.value()) {
        lines.push(format!("Missing outcomes: {}.", fragment(missing)));
    }
    if !plan.calendar.analyse_ramp {
        lines.push("Units that enrolled before the last stage are left out.".to_owned());
    }
    let segments: Vec<String> = design.segments.iter().map(|segment| code(&segment.value)).collect();
    if !segments.is_empty() {
        lines.push(format!(
            "Effects are also reported by {}, as the unit was at exposure; every other group is exploratory.",
            joined(&segments)
        ));
    }
    let events = request.document["estimands"][0]["intercurrent_events"].as_array();
    let mut out = format!("## How it is analysed\n\n{}", bullets(lines));
    if let Some(events) = events {
        out += "What may happen after assignment:\n\n";
        out += &bullets(events.iter().map(|event| {
            let word = |key: &str| event[key].as_str().unwrap_or_default();
            let strategy = match word("strategy") {
                "exclude" => "the unit is excluded and counted",
                _ => "the unit counts as assigned",
            };
            format!("{}: {strategy}.", capital(word("event")))
        }));
    }
    out
}

/// What the guardrails are tested for.
fn guardrails(plan: &Plan) -> String {
    let kinds = [
        (HypothesisKind::NonInferiority, "one-sided for non-inferiority"),
        (HypothesisKind::Equivalence, "by two one-sided tests for equivalence"),
        (HypothesisKind::Superiority, "for superiority"),
        (HypothesisKind::SuperiorityByMargin, "one-sided for superiority by a margin"),
    ];
    let with = |kind| plan.metrics_of(Role::Guardrail).filter(move |metric| metric.hypothesis.value == kind);
    let used: Vec<_> = kinds.into_iter().filter(|(kind, _)| with(*kind).next().is_some()).collect();
    if let [(_, how)] = used.as_slice() {
        return format!("Guardrails are tested {how}");
    }
    let each = used.into_iter().map(|(kind, how)| {
        let names: Vec<String> = with(kind).map(|metric| code(&metric.name)).collect();
        format!("{} {how}", joined(&names))
    });
    format!("Guardrails are tested: {}", each.collect::<Vec<_>>().join("; "))
}

fn bayes_line(request: &Request<'_>) -> String {
    let bayes = request.spec.design.value().and_then(|design| design.bayes.value());
    let Some(bayes) = bayes else { return "Bayesian design, without a registered prior or threshold.".to_owned() };
    let amount =
        |field: &Field<crate::spec::Amount>| field.value().map(|amount| text(&show::spaced(&amount.to_string())));
    let prior = match amount(&bayes.prior_sd) {
        Some(sd) => {
            let mean = amount(&bayes.prior_mean).unwrap_or_else(|| "0 %".to_owned());
            format!("prior of the relative effect normal with mean {mean} and standard deviation {sd}")
        }
        None => "no prior is registered".to_owned(),
    };
    let win = bayes.win_probability.copied().map(|p| format!("; a win from probability {}", percent(p.get())));
    let loss = amount(&bayes.max_expected_loss).map(|loss| format!("; shipping up to an expected loss of {loss}"));
    format!("Bayesian design: {prior}{}{}.", win.unwrap_or_default(), loss.unwrap_or_default())
}

/// The text with a capital at its start.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn sizes(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## How large it is\n\n".to_owned();
    let sized: Vec<(&Sized, &Sizing)> =
        plan.sizes.iter().filter_map(|sized| Some((sized, sized.result.as_ref().ok()?))).collect();
    let mut unsupported: Vec<String> = Vec::new();
    for sized in &plan.sizes {
        if let Err(Unsized::Unsupported(why)) = &sized.result {
            let line = format!("No size for {}: {}.\n\n", code(&sized.metric), text(why));
            if !unsupported.contains(&line) {
                unsupported.push(line);
            }
        }
    }
    out += &unsupported.concat();
    if sized.is_empty() {
        if unsupported.is_empty() {
            out += "No tested metric could be sized: see what is missing.\n\n";
        }
    } else {
        let mut table = Table::new(&[
            "Metric",
            "Variant",
            "Claim",
            ">Sized for",
            ">Needed",
            ">Available",
            ">Power",
            ">Goal",
            ">Detectable",
            "Verdict",
        ]);
        for (sized, sizing) in &sized {
            table.row(size_row(request, sized, sizing));
        }
        out += &table.print();
        out += "Units are units of analysis in control and in the treatment.\n";
        out += "Detectable is the smallest effect or margin that reaches the goal with the units available.\n";
        out += &factor_line(&sized);
        out.push('\n');
        out += &worth(&sized);
        out += &ships(plan);
    }
    let mut table = Table::new(&["Number", ">Value", "From"]);
    for line in origins(&request.inputs) {
        let from = match &line.at {
            Some(at) => code(at),
            None => text(&line.from),
        };
        table.row(vec![code(&line.number), text(&line.value), from]);
    }
    if !table.is_empty() {
        out += "### Where the numbers come from\n\n";
        out += &table.print();
    }
    out
}

fn both(control: f64, treatment: f64) -> String {
    if count(control) == count(treatment) {
        format!("2 × {}", count(control))
    } else {
        format!("{} + {}", count(control), count(treatment))
    }
}

fn claim_word(claim: Claim) -> &'static str {
    match claim {
        Claim::Superiority { .. } => "superiority",
        Claim::SuperiorityByMargin { .. } => "superiority by a margin",
        Claim::NonInferiority { .. } => "non-inferiority",
        Claim::Equivalence { .. } => "equivalence",
    }
}

fn size_row(request: &Request<'_>, sized: &Sized, sizing: &Sizing) -> Vec<String> {
    let metric = request.plan.metrics.iter().find(|metric| metric.name == sized.metric && metric.role == sized.role);
    vec![
        code(&sized.metric),
        code(&sized.treatment),
        claim_word(sizing.comparison.claim).to_owned(),
        text(&difference(metric, sized_for(sizing.comparison.claim) * sizing.unit)),
        both(sizing.need.control_units as f64, sizing.need.treatment_units as f64),
        both(sizing.control.floor(), sizing.treatment.floor()),
        show::power(sizing.power),
        percent(sizing.power_goal),
        sizing.detectable().map(|detectable| text(&difference(metric, detectable.abs()))).unwrap_or_default(),
        if sizing.is_short() { "**too few**" } else { "enough" }.to_owned(),
    ]
}

/// The factors that differ from 1, which is what makes a size surprising.
fn factor_line(sized: &[(&Sized, &Sizing)]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (sized, sizing) in sized {
        let factors = &sizing.factors;
        let parts: Vec<String> = [
            ("variance reduction", factors.reduction),
            ("looks", factors.inflation),
            ("groups", factors.design_effect),
        ]
        .into_iter()
        .filter(|(_, factor)| 1e-9 < (factor - 1.0).abs())
        .map(|(name, factor)| format!("{} for {name}", short(factor)))
        .collect();
        if !parts.is_empty() {
            let line = format!("The size of {} holds a factor of {}.\n", code(&sized.metric), joined(&parts));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.concat()
}

/// A win that overstates by less than this is as good as true.
const NOTICED: f64 = 1.005;

/// What a win will be worth, how likely it is before the effect is known, and where a formula is stretched.
fn worth(sized: &[(&Sized, &Sizing)]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (sized, sizing) in sized {
        let of = format!("{} in {}", code(&sized.metric), code(&sized.treatment));
        if sized.role == Role::Primary
            && let Some(worth) = sizing.exaggeration().filter(|worth| NOTICED <= worth.magnitude)
        {
            lines.push(format!(
                "A win of {of} overstates the planned effect {} times on average{}, and points the wrong way in {} of wins.",
                short(worth.magnitude),
                if matches!(sizing.way, Way::Looks(_)) { " at the last look and more at an earlier one" } else { "" },
                rare(worth.wrong_sign)
            ));
        }
        if let Some(assurance) = sizing.assurance() {
            lines.push(format!(
                "Before the effect is known, {of} meets the rule with a probability of {} (assurance); with ever more units, {}.",
                show::power(assurance.success),
                show::power(assurance.limit)
            ));
        }
        for caution in sizing.cautions() {
            lines.push(format!("Mind {of}: {}.", text(&caution.to_string())));
        }
    }
    if lines.is_empty() { String::new() } else { bullets(lines) }
}

/// A probability that is often too small to be read.
fn rare(probability: f64) -> String {
    if probability < 1e-4 { "less than 0.01 %".to_owned() } else { percent(probability) }
}

/// How likely each treatment is to ship.
fn ships(plan: &Plan) -> String {
    let ships = plan.ships();
    if ships.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["Variant", ">Ships, metrics independent", ">Ships, metrics correlated"]);
    for ship in &ships {
        table.row(vec![code(&ship.treatment), show::power(ship.independent), show::power(ship.correlated)]);
    }
    format!(
        "### How likely it is to ship\n\n{}{} and every guardrail passes, with effects as planned, guardrails that do not move, and sound data.\nCorrelated: {} between every two estimates.\n\n",
        table.print(),
        match plan.design.correction.value {
            Correction::FixedSequence => "Ships: every claim up to the first one of the variant succeeds",
            _ => "Ships: a primary metric succeeds",
        },
        plain(USUAL_CORRELATION)
    )
}

fn power_by_week(request: &Request<'_>) -> String {
    let plan = request.plan;
    let weakest = weakest(plan);
    if weakest.is_empty() {
        return String::new();
    }
    let mut out = "### Power by week\n\n![power](power.svg)\n\n".to_owned();
    let weeks = horizon(plan);
    let rows: Vec<Vec<crate::plan::Week>> = weakest.iter().map(|(_, sizing)| sizing.weeks(plan, weeks)).collect();
    let start = plan.calendar.start.as_ref().map(|start| start.value);
    let mut head = vec![">Week".to_owned()];
    if start.is_some() {
        head.push("Enrolled until".to_owned());
    }
    head.push(">Control units".to_owned());
    for (sized, _) in &weakest {
        head.push(format!(">{}", code(&sized.metric)));
    }
    let mut table = Table::new(&head);
    // A long run is shown in steps, its last week always.
    let step = weeks.div_ceil(16);
    for week in (1..=weeks).filter(|week| week.is_multiple_of(step) || *week == weeks) {
        let index = week as usize - 1;
        let mut row = vec![week.to_string()];
        row.extend(start.map(|start| dated(start.plus(week * 7 - 1))));
        row.push(
            rows.first().and_then(|rows| rows.get(index)).map(|week| count(week.control.floor())).unwrap_or_default(),
        );
        for ((sized, sizing), weeks) in weakest.iter().zip(&rows) {
            let metric = plan.metrics.iter().find(|metric| metric.name == sized.metric && metric.role == sized.role);
            let Some(week) = weeks.get(index) else { continue };
            let reached = sizing.power_goal <= week.power + 5e-4;
            let power = if reached { format!("**{}**", show::power(week.power)) } else { show::power(week.power) };
            let detectable = week.detectable.map(|detectable| text(&difference(metric, detectable.abs())));
            row.push(detectable.map_or(power.clone(), |detectable| format!("{power}, detects {detectable}")));
        }
        table.row(row);
    }
    out += &table.print();
    out += "Bold: the goal is reached.\n";
    if 1 < plan.treatments().count() {
        out += "Of several treatments, the one with the least power is shown.\n";
    }
    out += &format!("The plan enrols for {}.\n\n", counted(u64::from(plan.calendar.days), "day"));
    out
}

fn looks(request: &Request<'_>) -> String {
    let design = &request.plan.design;
    if !matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid) {
        return String::new();
    }
    let mut out = "## Looks at the data\n\n".to_owned();
    let always = design.method.value == Method::AlwaysValid;
    if always {
        out += "The bounds hold on any day; the days below show how they narrow.\n\n";
    } else {
        out += &match design.spending.as_ref().map(|spending| spending.value) {
            Some(spending) => {
                let name = match spending {
                    Spending::ObrienFleming => "O'Brien-Fleming",
                    Spending::Pocock => "Pocock",
                    Spending::HwangShihDecani => "Hwang-Shih-DeCani",
                    Spending::KimDemets => "Kim-DeMets",
                };
                let parameter =
                    design.spending_parameter.as_ref().map(|known| format!(", parameter {}", plain(known.value)));
                format!("Alpha is spent by the {name} function{}.\n", parameter.unwrap_or_default())
            }
            None => "How alpha is spent is not set.\n".to_owned(),
        };
        if let Some(futility) = &design.futility
            && let Some(spending) = &futility.spending
        {
            let binds = match futility.binding.value {
                true => "must be obeyed, or alpha is lost",
                false => "may be ignored without loss of alpha",
            };
            out += &format!(
                "A hopeless run stops by {} spending of the chance to miss; that bound {binds}.\n",
                spending.value
            );
        }
        out += "If a look comes with another sample than planned, its bound follows from the same function.\n\n";
    }
    let looks = dated_looks(&request.inputs);
    if looks.is_empty() {
        return out + "No look is planned yet.\n\n";
    }
    let has_futility = looks.iter().any(|look| look.futility.is_some());
    let mut head = vec![">Look", "On", ">Information", ">Stops at z of", ">Alpha spent"];
    if has_futility {
        head.push(">Hopeless below z of");
    }
    let mut table = Table::new(&head);
    // The bound for futility takes the place of the lower one.
    let sign = if design.sides.value == Sides::Two && !has_futility { "±" } else { "" };
    let wanted = |k: usize| !always || looks.len() <= 12 || k.is_multiple_of(7) || k == 1 || k == looks.len();
    for look in looks.iter().filter(|look| wanted(look.k)) {
        let mut row = vec![
            look.k.to_string(),
            or_not_set(look.date.map(dated)),
            percent(look.information),
            if look.z.is_finite() { format!("{sign}{:.4}", look.z) } else { "cannot stop".to_owned() },
            if look.alpha_spent.is_finite() { short(look.alpha_spent) } else { String::new() },
        ];
        if has_futility {
            row.push(look.futility.map(|z| format!("{z:.4}")).unwrap_or_default());
        }
        table.row(row);
    }
    out += &table.print();
    let claims = request.plan.sizes.iter().filter(|sized| sized.role == Role::Primary);
    let mut costs =
        Table::new(&["Metric", "Variant", "True effect", ">Units on average", ">Days", ">Stops for success"]);
    for sized in claims {
        let Ok(sizing) = &sized.result else { continue };
        for expected in sizing.expectations(request.plan) {
            let truth = match expected.truth {
                0.0 => "none",
                1.0 => "as planned",
                _ => "half of the planned",
            };
            costs.row(vec![
                code(&sized.metric),
                code(&sized.treatment),
                truth.to_owned(),
                both(expected.control.round(), expected.treatment.round()),
                expected.days.map(|days| format!("{days:.1}")).unwrap_or_default(),
                show::power(expected.success),
            ]);
        }
    }
    if !costs.is_empty() {
        out += "What the looks take on average, with the units available:\n\n";
        out += &costs.print();
    }
    if design.claims > 1 && design.correction.value != Correction::None {
        out += &format!("Bounds are those of one claim, at alpha {}.\n\n", short(design.alpha_per_claim));
    }
    out
}

fn action_word(action: Action) -> &'static str {
    match action {
        Action::Ship => "**ship**",
        Action::Stop => "**stop**",
        Action::Iterate => "**iterate**",
        Action::Extend => "**extend**",
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Better => "better",
        Outcome::Flat => "neither better nor worse",
        Outcome::Worse => "worse",
    }
}

fn guard_words(state: GuardState) -> &'static str {
    match state {
        GuardState::Pass => "every guardrail passes",
        GuardState::Open => "a guardrail is still open and none fails",
        GuardState::Fail => "a guardrail fails",
    }
}

fn primary_words(outcome: Outcome) -> String {
    format!("the primary result is {}", outcome_word(outcome))
}

fn rule_words(row: &Row) -> String {
    let mut parts = Vec::new();
    if row.quality == Some(Quality::Fail) {
        parts.push("a quality check fails".to_owned());
    } else if row.quality == Some(Quality::Pass) {
        parts.push("every quality check passes".to_owned());
    }
    parts.extend(row.primary.map(primary_words));
    parts.extend(row.guardrails.map(|state| guard_words(state).to_owned()));
    if let Some((name, outcome)) = &row.metric {
        parts.push(format!("{} is {}", code(&name.value), outcome_word(*outcome)));
    }
    let then = row.then.map_or("*(no action is set)*", |then| action_word(then.value));
    if parts.is_empty() { format!("Whatever the outcome: {then}.") } else { format!("If {}: {then}.", joined(&parts)) }
}

fn decision(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## What will be decided\n\n".to_owned();
    let Some(table) = &plan.decision else { return out + "No decision is registered yet.\n\n" };
    for (index, row) in table.rows.iter().enumerate() {
        out += &format!("{}. {}\n", index + 1, rule_words(row));
    }
    match table.otherwise {
        Some(action) => out += &format!("{}. Otherwise: {}.\n", table.rows.len() + 1, action_word(action.value)),
        None if table.rows.is_empty() => out += "No rule is registered yet.\n",
        None => {}
    }
    out += "\nThe first rule that matches decides.\n";
    match request.spec.decision.value().and_then(|decision| decision.ships_to.as_deref()) {
        Some("all") => out += "What ships goes to everybody.\n",
        Some(audience) => out += &format!("What ships goes to the audience {}.\n", text(audience)),
        None => {}
    }
    out += "A rule that is silent about data quality holds only when every quality check passes.\n";
    let cells = table.cells();
    let holes: Vec<&Cell> = cells.iter().filter(|cell| table.verdict(cell) == Verdict::Nothing).collect();
    out += &if table.broken || has_unlisted(table) {
        "A part of the table could not be read, so it is not proven that every outcome leads to a decision.\n"
            .to_owned()
    } else if let Some(cell) = holes.first() {
        format!(
            "**The table has a hole**: {} of {} combinations of outcomes lead to no decision.\nOne of them: {}.\n",
            holes.len(),
            cells.len(),
            cell_words(&table.named, cell)
        )
    } else {
        format!("All {} combinations of outcomes lead to exactly one decision.\n", cells.len())
    };
    out.push('\n');
    out
}

fn cell_words(named: &[String], cell: &Cell) -> String {
    let quality = match cell.quality {
        Quality::Pass => "every quality check passes",
        Quality::Fail => "a quality check fails",
    };
    let mut parts = vec![quality.to_owned(), guard_words(cell.guardrails).to_owned(), primary_words(cell.primary)];
    for (name, outcome) in named.iter().zip(&cell.named) {
        parts.push(format!("{} is {}", code(name), outcome_word(*outcome)));
    }
    joined(&parts)
}

fn gate_words(gate: Gate) -> &'static str {
    match gate {
        Gate::None => "time alone",
        Gate::Guardrails => "no guardrail violated, sample ratio right",
        Gate::Manual => "a person says so",
    }
}

fn rollout(request: &Request<'_>) -> String {
    let plan = request.plan;
    let calendar = &plan.calendar;
    let mut out = "## Rollout\n\n".to_owned();
    let mut table = Table::new(&["Stage", "From", "To", ">Days", ">Share", "Per variant", "Gate behind it"]);
    for (index, stage) in calendar.stages.iter().enumerate() {
        table.row(stage_row(request, stage, index + 1 == calendar.stages.len()));
    }
    out += &table.print();
    if calendar.stages.iter().any(|stage| stage.implied) {
        out += "No stage is written: the whole share starts at once.\n";
    }
    out += match plan.kill_switch.as_ref().map(|on| on.value) {
        Some(true) => "One switch takes everybody back to the default.\n",
        Some(false) => "There is no kill switch.\n",
        None => "Whether there is a kill switch is not set.\n",
    };
    let written = request.spec.rollout.value();
    if let Some(most) = written.and_then(|rollout| rollout.max_share.value()) {
        out += &format!("No more than {} take part while the outcome is open.\n", exact_percent(most.fraction()));
    }
    if let Some(decide) = &calendar.decide {
        out += &format!("The decision is due on {}.\n", dated(decide.value));
    }
    out.push('\n');
    let triggers = items(written.map(|rollout| &rollout.rollback));
    out += "### What takes it back without a person\n\n";
    if triggers.is_empty() {
        return out + "Nothing is registered.\n\n";
    }
    out += &bullets(triggers.iter().map(|rollback| trigger(request, rollback)));
    out
}

fn stage_row(request: &Request<'_>, stage: &PlannedStage, last: bool) -> Vec<String> {
    let shares: Vec<String> = stage
        .variant_shares(request.plan)
        .map(|(name, share)| format!("{} {}", code(name), show::share(share)))
        .collect();
    vec![
        text(&stage.name),
        or_not_set(stage.start.map(dated)),
        or_not_set(stage.end.filter(|_| 0 < stage.days).map(dated)),
        stage.days.to_string(),
        exact_percent(stage.share.value),
        shares.join(", "),
        if last && stage.gate.value == Gate::None { String::new() } else { gate_words(stage.gate.value).to_owned() },
    ]
}

fn trigger(request: &Request<'_>, rollback: &Rollback) -> String {
    let name = rollback.metric.value();
    let shown = name.map_or_else(|| "*(no metric)*".to_owned(), |name| code(name));
    let threshold = rollback.threshold.value().map(|threshold| text(&show::spaced(&threshold.to_string())));
    let margin = name
        .and_then(|name| request.plan.metrics.iter().find(|metric| &metric.name == name && metric.margin.is_some()))
        .and_then(|metric| metric.margin.as_ref())
        .filter(|margin| margin.fault.is_none());
    let what = match rollback.harm.copied().unwrap_or(Harm::Margin) {
        Harm::Margin => match margin {
            Some(margin) => format!("it is worse than control by more than its margin of {}", effect_text(margin)),
            None => "it is worse than control by more than its margin, which is not set".to_owned(),
        },
        Harm::Difference => {
            format!("its difference to control passes {}", threshold.unwrap_or_else(|| NOT_SET.to_owned()))
        }
        Harm::Level => {
            format!("its level passes {}, whatever control does", threshold.unwrap_or_else(|| NOT_SET.to_owned()))
        }
    };
    let units = rollback.min_units.copied().map(|units| units.max(0).unsigned_abs());
    let units = units.map(|units| format!(", once each variant has {}", counted(units, "unit")));
    format!("{shown}: {what}{}.", units.unwrap_or_default())
}

fn quality(request: &Request<'_>) -> String {
    let plan = request.plan;
    let srm = &plan.design.srm;
    let mut lines = Vec::new();
    let variants = plan.variants.iter().filter(|variant| 0.0 < variant.fraction).count();
    let degrees = variants.saturating_sub(1);
    let action = match srm.action.value {
        SrmAction::Stop => "the experiment stops",
        SrmAction::Void => "the result is void until it is explained",
        SrmAction::Warn => "somebody is told",
    };
    lines.push(match (srm.check.value, srm::critical_value(srm.alpha.value, degrees as f64)) {
        (false, _) => "The sample-ratio check is **switched off**.".to_owned(),
        (true, Ok(critical)) => format!(
            "Sample ratio: chi-square against the planned split, {} of freedom, critical value {critical:.3} at alpha {}; if it is exceeded, {action}.",
            counted(degrees as u64, "degree"),
            plain(srm.alpha.value)
        ),
        (true, Err(_)) => "Sample ratio: cannot be checked with fewer than two variants.".to_owned(),
    });
    if let Some(Ok(leak)) = plan.smallest_leak() {
        lines.push(format!(
            "It notices nine times in ten when {} of the units of {} are lost, of {} in all; smaller leaks pass more often.",
            percent(leak.part),
            code(&leak.variant),
            count(leak.units.floor())
        ));
    }
    lines.push("Units seen in two variants are excluded and counted.".to_owned());
    lines.push("Only units whose window is complete at the cut-off are analysed.".to_owned());
    let notify = request.spec.feedback.value().and_then(|feedback| feedback.notify.value());
    if let Some(notify) = notify {
        let on: Vec<String> = items(Some(&notify.on)).iter().map(|notice| notice.value.to_string()).collect();
        let channel = notify.channel.value().map_or_else(|| NOT_SET.to_owned(), |channel| code(channel));
        lines.push(format!("Notices to {channel}: {}.", if on.is_empty() { NOT_SET.to_owned() } else { joined(&on) }));
    }
    let survey = request.spec.feedback.value().and_then(|feedback| feedback.survey.value());
    if let Some(survey) = survey {
        let share = survey.share.value().map_or_else(|| NOT_SET.to_owned(), |share| exact_percent(share.fraction()));
        let ask = survey.ask.value().map_or_else(|| NOT_SET.to_owned(), |ask| format!("“{}”", text(ask)));
        lines.push(format!("Asked of {share} of units: {ask}"));
    }
    format!("## Data quality\n\n{}", bullets(lines))
}

fn privacy_and_risk(request: &Request<'_>) -> String {
    let mut lines = Vec::new();
    match request.spec.privacy.value() {
        None => lines.push("Privacy: nothing is registered.".to_owned()),
        Some(privacy) => {
            lines.push(format!(
                "Nearest data: {}; legal ground: {}; unit-level data kept for {}.",
                privacy.data_class.copied().map_or(NOT_SET, |class| class.word()),
                privacy.basis.copied().map_or(NOT_SET, |basis| basis.word()),
                privacy.retention.copied().map_or_else(|| NOT_SET.to_owned(), |span| span.to_string()),
            ));
            let regions: Vec<String> = items(Some(&privacy.regions)).iter().map(|region| text(&region.value)).collect();
            if !regions.is_empty() {
                lines.push(format!("Regions: {}.", joined(&regions)));
            }
        }
    }
    let mut signed = String::new();
    match request.spec.risk.value() {
        None => lines.push("Risk: nothing is registered.".to_owned()),
        Some(risk) => {
            let touched: Vec<String> = [
                (&risk.brand, "the name of the house"),
                (&risk.revenue, "money"),
                (&risk.legal, "the law"),
                (&risk.safety, "safety or well-being"),
                (&risk.model, "a model or prompt that decides what people see"),
                (&risk.ethics, "prices, deception, emotion or vulnerable people"),
            ]
            .into_iter()
            .filter(|(field, _)| field.copied() == Some(true))
            .map(|(_, name)| name.to_owned())
            .collect();
            let touched =
                if touched.is_empty() { String::new() } else { format!("; at stake: {}", touched.join("; ")) };
            lines.push(format!("Risk: {}{touched}.", risk.level.copied().map_or(NOT_SET, |level| level.word())));
            if risk.lasting.copied() == Some(true) {
                let undo = risk.undo.value().map_or_else(|| NOT_SET.to_owned(), |undo| fragment(undo));
                lines
                    .push(format!("The treatment writes state that outlives the experiment; it is undone so: {undo}."));
            }
            let mut table = Table::new(&["Agreed as", "By", "On"]);
            for sign_off in items(Some(&risk.sign_offs)) {
                table.row(vec![
                    or_not_set(sign_off.role.value().map(|role| text(role))),
                    or_not_set(sign_off.by.value().map(|by| text(by))),
                    or_not_set(sign_off.at.copied().map(dated)),
                ]);
            }
            if !table.is_empty() {
                signed = table.print();
            }
        }
    }
    format!("## Privacy and risk\n\n{}{signed}", bullets(lines))
}

/// What was changed in sight of the results: it stands before everything it touches.
fn deviated(request: &Request<'_>) -> String {
    let mut table = Table::new(&["On", "By", "Changed", "Why"]);
    let mut none = true;
    for amendment in items(Some(&request.spec.amendments)) {
        let fields: Vec<String> = deviations(amendment).iter().map(|field| code(&field.value)).collect();
        if !fields.is_empty() {
            none = false;
            table.row(vec![
                or_not_set(amendment.at.copied().map(dated)),
                or_not_set(amendment.by.value().map(|by| text(by))),
                fields.join(", "),
                or_not_set(amendment.reason.value().map(|reason| text(reason))),
            ]);
        }
    }
    if none {
        return String::new();
    }
    format!(
        "## Deviations from the sealed plan\n\nThese parts were changed after results by variant had been seen. What they show is exploratory: the decision \
         follows the plan as it was sealed.\n\n{}",
        table.print()
    )
}

/// Amendments to the sealed plan.
fn record(request: &Request<'_>) -> String {
    let amendments = items(Some(&request.spec.amendments));
    if amendments.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["On", "By", "Changed", "Why", "What was known of the data"]);
    for amendment in amendments {
        let fields: Vec<String> = items(Some(&amendment.fields)).iter().map(|field| code(&field.value)).collect();
        let known = match amendment.data_access.copied() {
            Some(DataAccess::NothingRun) => "no data existed",
            Some(DataAccess::NotOpened) => "data existed, nobody had opened it",
            Some(DataAccess::Opened) => "opened, without results by variant",
            Some(DataAccess::Seen) => "results by variant had been seen",
            None => NOT_SET,
        };
        table.row(vec![
            or_not_set(amendment.at.copied().map(dated)),
            or_not_set(amendment.by.value().map(|by| text(by))),
            fields.join(", "),
            or_not_set(amendment.reason.value().map(|reason| text(reason))),
            known.to_owned(),
        ]);
    }
    format!("## Amendments\n\n{}", table.print())
}

fn foot(request: &Request<'_>) -> String {
    let provenance = &request.document["provenance"];
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let path = word(&provenance["spec"]["path"]);
    format!(
        "---\n\nCompiled by expc from {}.\nPlan `{}`.\nThe hash covers `plan.json` without its provenance; a plan that means something else has another hash.\n",
        code(&path),
        text(request.hash)
    )
}
