//! What is said of a plan that gives fewer units than a claim needs: shared by STA002 and GRD005.
//!
//! Every number comes from the plan's own functions, so that the advice, followed, is accepted.

use crate::plan::{PlannedEffect, Unsized, Way};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::HypothesisKind;
use crate::spec::quantity::plain;
use crate::stats::cluster::LEAST_CLUSTERS;
use crate::stats::comparison::{Claim, Endpoint};
use crate::stats::{Refusal, Sides};

/// What comes of the sizes of one metric.
pub enum Judged<'a> {
    Enough,
    /// The worst of the treatments.
    Short(&'a Sizing, &'a str),
    Refused(&'a Refusal),
    /// A noun phrase.
    Lacks(String),
}

/// The sizes of one metric against every treatment.
pub fn judge<'a>(cx: &PlanCx<'a>, metric: &PlannedMetric) -> Judged<'a> {
    if let Some(path) = place::unread(cx, &["audience", "exposure", "rollout", "design", "variants"]) {
        return Judged::Lacks(format!("no readable {}", quoted(path)));
    }
    if !place::length_is_known(cx) {
        return Judged::Lacks("no length of the run".to_owned());
    }
    // Counts of returning units that cannot be are AUD005's.
    if cx.plan.audience.arrivals_fault.is_some() {
        return Judged::Lacks("no counts of returning units".to_owned());
    }
    // STA011 asks for it.
    if super::sequential_incomplete::lacks_parameter(&cx.plan.design) {
        return Judged::Lacks("no parameter of the spending function".to_owned());
    }
    // STA019 refuses so few.
    if super::cluster_ignored::groups(cx.plan).is_some_and(|groups| groups < LEAST_CLUSTERS) {
        return Judged::Lacks("enough groups for a test".to_owned());
    }
    let sizes = cx.plan.sizes.iter().filter(|size| size.metric == metric.name && size.role == metric.role);
    let mut worst: Option<(&Sizing, &str)> = None;
    for size in sizes {
        match &size.result {
            Ok(sizing) if worst.is_none_or(|(other, _)| sizing.power < other.power) => {
                worst = Some((sizing, &size.treatment));
            }
            Ok(_) => {}
            Err(Unsized::Refused(refusal)) => return Judged::Refused(refusal),
            Err(Unsized::Missing(what)) => {
                let what = ["a ", "an ", "the "].iter().find_map(|article| what.strip_prefix(article)).unwrap_or(what);
                return Judged::Lacks(format!("no {what}"));
            }
            Err(Unsized::Unsupported(what)) => return Judged::Lacks(what.clone()),
        }
    }
    let Some((sizing, treatment)) = worst else { return Judged::Lacks("no control and treatment".to_owned()) };
    // A decision that does not wait for the last units is another fault, with its own way out: MET012, MET013.
    let cut = sizing.mature_days < cx.plan.calendar.days;
    if !sizing.is_short() || (cut && sizing.power_goal <= sizing.power_of_whole_run(cx.plan) + 5e-4) {
        return Judged::Enough;
    }
    Judged::Short(sizing, treatment)
}

/// The quantity of the spec that decides the size of a claim, and its key.
pub fn bar(metric: &PlannedMetric) -> Option<(&PlannedEffect, &'static str)> {
    match metric.hypothesis.value {
        HypothesisKind::Superiority | HypothesisKind::SuperiorityByMargin => Some((metric.mde.as_ref()?, "mde")),
        HypothesisKind::NonInferiority | HypothesisKind::Equivalence => Some((metric.margin.as_ref()?, "margin")),
    }
}

/// What a size counts: units, or what was randomised instead of them.
enum Counted {
    Units,
    /// Members of one.
    Groups(f64),
    /// Periods of one.
    Blocks(f64),
}

impl Counted {
    fn new(plan: &Plan, sizing: &Sizing) -> Self {
        if sizing.exact == sizing.comparison {
            return Self::Units;
        }
        let size = sizing.exact.size_factor / sizing.factors.inflation;
        if plan.design.switchback.is_some() { Self::Blocks(size) } else { Self::Groups(size) }
    }

    /// How many are meant by units of analysis, or by periods.
    fn number(&self, units: f64) -> f64 {
        match self {
            Self::Units => units,
            Self::Groups(size) | Self::Blocks(size) => units / size,
        }
    }

    /// What is counted: "units", "groups of 12 units".
    fn noun(&self) -> String {
        match self {
            Self::Units => "units".to_owned(),
            Self::Groups(size) => format!("groups of {} units", place::significant(*size)),
            Self::Blocks(length) if *length < 1.5 => "periods".to_owned(),
            Self::Blocks(length) => format!("blocks of {length} periods"),
        }
    }
}

/// `needs 62,690 units a variant (baseline 11%, alpha 0.05 two-sided, power 0.80)`.
pub fn need(cx: &PlanCx<'_>, metric: &PlannedMetric, sizing: &Sizing, treatment: &str) -> String {
    let comparison = &sizing.comparison;
    let mut inputs = Vec::new();
    match comparison.endpoint {
        Endpoint::Proportion { baseline, .. } => inputs.push(format!("baseline {}", percent(baseline))),
        Endpoint::Mean { sd, .. } => inputs.push(format!("standard deviation {}", place::level(metric, sd))),
        Endpoint::Count(rates) => inputs.push(format!(
            "rate {}, dispersion {}",
            place::significant(rates.control * rates.exposure),
            place::significant(rates.overdispersion)
        )),
        Endpoint::TimeToEvent(hazards) => {
            let seen = hazards.watched.event_probability(hazards.control).unwrap_or(0.0);
            inputs.push(format!("{} of control units have the event", percent(seen)));
            let change = match comparison.claim {
                Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } => effect,
                Claim::NonInferiority { true_effect, .. } | Claim::Equivalence { true_effect, .. } => true_effect,
            };
            let treated = hazards.watched.event_probability(hazards.control + change).unwrap_or(seen);
            let events = sizing.need.control * seen + sizing.need.treatment * treated;
            inputs.push(format!("{} events in all", count(events.ceil())));
        }
    }
    match &sizing.way {
        Way::Posterior(_) => inputs.extend(posterior(cx.plan)),
        Way::Once | Way::Looks(_) => {
            let sides = match (comparison.claim, comparison.sides) {
                (Claim::Equivalence { .. }, _) => "in each of two tests",
                (_, Sides::One) => "one-sided",
                (_, Sides::Two) => "two-sided",
            };
            inputs.push(format!("alpha {} {sides}", place::significant(comparison.alpha)));
        }
    }
    inputs.push(format!("power {}", goal(sizing.power_goal)));
    let factors = &sizing.factors;
    for (factor, name) in
        [(factors.reduction, "variance reduction"), (factors.inflation, "looks"), (factors.design_effect, "groups")]
    {
        if 1e-9 < (factor - 1.0).abs() {
            inputs.push(format!("{name} × {factor:.3}"));
        }
    }
    if cx.plan.exposure.dilution.value < 1.0 {
        inputs.push(format!("{} of units meet the change", percent(cx.plan.exposure.dilution.value)));
    }
    if sizing.reached < 1.0 - 1e-9 {
        inputs.push(format!("tested at all with probability {}", probability(sizing.reached)));
    }
    let counted = Counted::new(cx.plan, sizing);
    let whole = |units: u64| counted.number(units as f64).ceil();
    let (control, other) = (whole(sizing.need.control_units), whole(sizing.need.treatment_units));
    let noun = counted.noun();
    let units = if (control - other).abs() < 2.0 {
        format!("{} {noun} a variant", count(control.max(other)))
    } else {
        let name = cx.plan.control().map_or("control", |control| control.name.as_str());
        format!("{} {noun} in {} and {} in {}", count(control), quoted(name), count(other), quoted(treatment))
    };
    format!("needs {units} ({})", inputs.join(", "))
}

/// What a Bayesian rule asks for.
fn posterior(plan: &Plan) -> Vec<String> {
    let Some(bayes) = &plan.design.bayes else { return Vec::new() };
    let sd = bayes.prior_sd.as_ref().map(|sd| format!("prior deviation {}", percent(sd.value)));
    let win = bayes.win_probability.as_ref().map(|win| format!("win probability {}", plain(win.value)));
    let loss = bayes.max_expected_loss.as_ref().map(|loss| format!("expected loss at most {}", percent(loss.value)));
    let rope = bayes.rope.as_ref().map(|rope| format!("beyond {}", percent(rope.value)));
    [sd, win, rope, loss].into_iter().flatten().collect()
}

/// A planned power: two decimals, more where it has them.
pub fn goal(power: f64) -> String {
    let text = if power < 0.99995 { plain((power * 1e4).round() / 1e4) } else { plain(power) };
    if text.len() < 4 { format!("{power:.2}") } else { text }
}

/// Every input of what the plan gives, each where it is written.
pub fn inputs(cx: &PlanCx<'_>, found: Diagnostic, metric: &PlannedMetric, sizing: &Sizing) -> Diagnostic {
    let plan = cx.plan;
    let mut found = given(cx, found, sizing);
    if let Some((level, span)) = metric.baseline.as_ref().and_then(|known| Some((known.value, known.span()?))) {
        found = found.also(span, format!("baseline {}", place::level(metric, level)));
    }
    let between = if plan.design.switchback.is_some() { metric.period_sd.as_ref() } else { metric.sd.as_ref() };
    if let Some((sd, span)) = between.and_then(|known| Some((known.value, known.span()?)))
        && matches!(sizing.comparison.endpoint, Endpoint::Mean { .. })
    {
        found = found.also(span, format!("standard deviation {}", place::level(metric, sd)));
    }
    found
        .fact("power", sizing.power)
        .fact("power_goal", sizing.power_goal)
        .fact("have_control", sizing.control.floor())
        .fact("need_control", sizing.need.control_units as f64)
        .fact("have_treatment", sizing.treatment.floor())
        .fact("need_treatment", sizing.need.treatment_units as f64)
        .fact("alpha", sizing.comparison.alpha)
}

/// What the plan gives, and where that comes from.
fn given(cx: &PlanCx<'_>, found: Diagnostic, sizing: &Sizing) -> Diagnostic {
    let plan = cx.plan;
    let mut found = found;
    let counted = Counted::new(plan, sizing);
    let noun = counted.noun();
    let (control, other) = (counted.number(sizing.control), counted.number(sizing.treatment));
    let have = if (control - other).abs() < 1.0 {
        format!("{} {noun} a variant", count(control))
    } else {
        format!("{} {noun} in control, {} in the variant", count(control), count(other))
    };
    let long = match sizing.mature_days < plan.calendar.days {
        true => format!("{} of the {} before the decision", sizing.mature_days, days(plan.calendar.days)),
        false => days(plan.calendar.days),
    };
    if let Some(switchback) = &plan.design.switchback {
        let period = switchback.period.as_ref().and_then(|period| period.span());
        return match period {
            Some(span) => found.also(span, format!("gives {have} in {long}")),
            None => found,
        };
    }
    if let Some(stage) = plan.calendar.main_stage() {
        let last = match plan.calendar.stages.len() {
            1 => String::new(),
            _ if plan.calendar.analyse_ramp => ", ramp included".to_owned(),
            _ => ", ramp left out".to_owned(),
        };
        if let Some(span) = stage.share.span() {
            found = found.also(span, format!("{} gives {have} in {long}{last}", percent(stage.share.value)));
        }
    }
    let daily = plan.audience.daily_units.as_ref();
    if let Some((daily, span)) = daily.and_then(|daily| Some((daily.value, daily.span()?))) {
        found = found.also(span, format!("{} eligible units a day", count(daily)));
    }
    if let Some((known, span)) = plan.audience.unique_units.last().and_then(|known| Some((known.value, known.span()?)))
    {
        let beyond = if plan.calendar.is_extrapolated(sizing.mature_days) { "; later days are a forecast" } else { "" };
        let text = format!("units return: {} different ones in {}{beyond}", count(known.units), days(known.day));
        found = found.also(span, text);
    }
    let groups = plan.design.cluster.as_ref().and_then(|cluster| cluster.total.as_ref());
    if let Some((total, span)) = groups.and_then(|total| Some((total.value, total.span()?))) {
        found = found.also(span, format!("{} groups in all", count(total)));
    }
    if let Some((rate, span)) = plan.exposure.rate.span().map(|span| (plan.exposure.rate.value, span)) {
        found = found.also(span, format!("{} of assigned units are analysed", percent(rate)));
    }
    if let Some((share, span)) = plan.audience.holdout.as_ref().and_then(|h| Some((h.share.value, h.share.span()?))) {
        found = found.also(span, format!("{} of units are held out", percent(share)));
    }
    found
}

/// The ways out that are open, cheapest first: more share, more time, then a larger effect.
pub fn ways_out(
    cx: &PlanCx<'_>,
    found: Diagnostic,
    metric: &PlannedMetric,
    sizing: &Sizing,
    bar: &str,
    is_relative: bool,
) -> Diagnostic {
    let plan = cx.plan;
    let mut ways = Vec::new();
    let mut found = found;
    let most_share = cx.spec.rollout.value().and_then(|rollout| rollout.max_share.value().map(|s| s.fraction()));
    let mut wider = None;
    if let Some(share) = sizing.share_needed(plan).map(round_share_up)
        && share <= most_share.unwrap_or(1.0)
    {
        let whose = match plan.calendar.main_stage() {
            Some(stage) if !stage.implied => {
                format!("`share` of the audience and of stage {} to {}", quoted(&stage.name), percent(share))
            }
            _ => format!("`share` of the audience to {}", percent(share)),
        };
        let room = match &plan.audience.layer {
            Some(layer) => format!(", if layer {} has room", quoted(&layer.name.value)),
            None => String::new(),
        };
        ways.push(format!("set the {whose}{room}"));
        wider = share_edits(cx, &percent(share)).map(|edits| (format!("set the share to {}", percent(share)), edits));
    }
    let most = cx.policy.max_run.value.whole_days();
    if let Some(run) = sizing.days_needed(plan, most).filter(|run| plan.calendar.days < *run) {
        let before: u32 = plan.calendar.stages.iter().rev().skip(1).map(|stage| stage.days).sum();
        let last = plan.calendar.main_stage().filter(|stage| !stage.implied && 0 < before);
        let hold = last.map_or(String::new(), |stage| {
            format!(": hold stage {} for {}", quoted(&stage.name), days(run.saturating_sub(before)))
        });
        // The slowest metric sets the day, or MET012 and MET013 would speak next.
        let wait = plan.metrics.iter().filter(|other| other.role != Role::Monitor).map(place::wait).max().unwrap_or(0);
        let by = match (&plan.calendar.start, &plan.calendar.decide) {
            (Some(start), Some(decide)) if decide.value < start.value.plus(run + wait) => {
                format!(", and decide on {}", start.value.plus(run + wait))
            }
            _ => String::new(),
        };
        let until = match &plan.calendar.start {
            Some(start) => format!(", until {}", start.value.plus(run - 1)),
            None => String::new(),
        };
        ways.push(format!("run {} instead of {}{until}{hold}{by}", days(run), days(plan.calendar.days)));
        let rollout = cx.spec.rollout.value();
        let (place, text) = match (last, &plan.calendar.start) {
            (Some(_), _) => {
                let stages = rollout.and_then(|rollout| rollout.stages.value());
                let hold = stages.and_then(|stages| stages.last()?.hold.span());
                (hold, format!("\"{}\"", days(run.saturating_sub(before))))
            }
            (None, Some(start)) => {
                (rollout.and_then(|rollout| rollout.end.span()), start.value.plus(run - 1).to_string())
            }
            (None, None) => (None, String::new()),
        };
        // First among the fixes: it exposes nobody to more than was planned.
        (found, _) = place::lengthen(cx, found, place, &text, run - plan.calendar.days);
    }
    if let Some((title, edits)) = wider {
        found = place::offer(found, Applicability::Suggested, title, edits);
    }
    // An effect of more than everything, or a margin beyond the policy, is no way out.
    let widest = if bar == "margin" { cx.policy.max_margin.value.fraction() } else { 1.0 };
    let sensible = |size: &f64| {
        let base = metric.baseline.as_ref().map_or(0.0, |base| base.value.abs());
        0.0 < *size && (base == 0.0 || *size <= widest * base)
    };
    if let Some(size) = sizing.detectable().map(f64::abs).filter(sensible) {
        let relative = metric.baseline.as_ref().filter(|_| is_relative).map(|base| size / base.value.abs());
        let text = match relative {
            Some(relative) => format!("{{ relative = \"{}%\" }}", plain(place::significant_up(relative * 100.0))),
            None if place::is_rate(metric) => {
                format!("{{ absolute = \"{}pp\" }}", plain(place::significant_up(size * 100.0)))
            }
            None => {
                let unit = metric.unit.as_ref().map_or_else(String::new, |unit| crate::text::printable(&unit.value));
                format!("{{ absolute = \"{} {unit}\" }}", plain(place::significant_up(size)))
            }
        };
        ways.push(format!("accept `{bar} = {text}`, the smallest that this plan can show"));
        // The place of an effect is its one value, in the form in which it is written.
        let value = text.split('"').nth(1).map(|value| format!("\"{value}\""));
        let span = self::bar(metric).map(|(effect, _)| effect.span).filter(|span| span.file == cx.document.file);
        let edit = span.zip(value).filter(|(span, _)| cx.written(*span).starts_with(['"', '\'']));
        let edit = edit.map(|(span, replacement)| Edit { span, replacement });
        found = place::offer(found, Applicability::Suggested, format!("accept `{bar} = {text}`"), edit);
    }
    if ways.is_empty() {
        ways.push(
            "no share, and no run within the policy, gives enough units: choose a more sensitive metric".to_owned(),
        );
    }
    ways.into_iter().fold(found, |found, way| found.help(way))
}

/// Another share for the audience and for the last stage, when the spec writes both.
fn share_edits(cx: &PlanCx<'_>, share: &str) -> Option<Vec<Edit>> {
    let stage = cx.plan.calendar.main_stage().filter(|stage| !stage.implied);
    let spans = [Some(cx.plan.audience.share.span()), stage.map(|stage| stage.share.span())];
    let edit = |span: Option<Span>| {
        let span = span.filter(|span| span.file == cx.document.file)?;
        Some(Edit { span, replacement: format!("\"{share}\"") })
    };
    spans.into_iter().flatten().map(edit).collect()
}

/// Up to a whole percentage, or to a tenth below ten.
fn round_share_up(share: f64) -> f64 {
    let step = if share < 0.1 { 0.001 } else { 0.01 };
    ((share / step) - 1e-9).ceil() * step
}

/// A size that has no answer, with the numbers that are to blame; `None` where another rule tells the reason.
pub fn refused(found: Diagnostic, metric: &PlannedMetric, refusal: &Refusal) -> Option<Diagnostic> {
    let (text, help) = match refusal {
        // Looks without a meaning are STA012's.
        Refusal::Fractions { .. } | Refusal::TooManyLooks { .. } => return None,
        Refusal::NoRoom { baseline, change } => {
            let way = if *change < 0.0 { "fall" } else { "rise" };
            let (base, size) = (place::level(metric, *baseline), place::change(metric, change.abs()));
            (
                format!("the baseline {base} leaves no room for a {way} of {size}"),
                "choose one that leaves the metric inside its range",
            )
        }
        Refusal::Outside { what: what @ ("baseline" | "rate"), value, .. } if place::is_rate(metric) => {
            let text = format!("no sample sizes a {what} of {}: it must lie between 0% and 100%", percent(*value));
            (text, "measure the baseline again: a rate that is never or always met needs another metric")
        }
        Refusal::Outside { what: what @ "standard deviation", value, .. } => {
            let text = format!("no sample sizes a {what} of {}: it must be above 0", place::level(metric, *value));
            (text, "measure the standard deviation between units")
        }
        Refusal::NoEffect => (refusal.to_string(), "name the smallest change that would be worth shipping"),
        Refusal::TooManyUnits { units } => {
            let text = format!("needs {units:.1e} units a variant, more than can be counted");
            (text, "choose an effect that people could notice")
        }
        Refusal::WithinMargin { .. } => (refusal.to_string(), "plan for an effect beyond the margin"),
        Refusal::PowerTooLow { .. } => (refusal.to_string(), "raise `power`, or lower `alpha`"),
        Refusal::PriorDecides => (refusal.to_string(), "choose a prior that the data can overturn"),
        Refusal::BoundsMeet => (refusal.to_string(), "spend less on futility early, or leave out the first look"),
        Refusal::TooManyForExact { .. } => {
            (refusal.to_string(), "leave `test` out: the sample is large enough for `z-pooled`")
        }
        _ => (refusal.to_string(), "change the number that is named, or the test"),
    };
    let mut found = found.label(text).help(help);
    for (known, what) in [(&metric.baseline, "baseline"), (&metric.sd, "standard deviation")] {
        if let Some((value, span)) = known.as_ref().and_then(|known| Some((known.value, known.span()?))) {
            found = found.also(span, format!("{what} {}", place::level(metric, value)));
        }
    }
    Some(found)
}
