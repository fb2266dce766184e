//! What is said of a plan that gives fewer units than a claim needs: shared by STA002 and GRD005.
//!
//! Every number comes from the plan's own functions, so that the advice, followed, is accepted.

use crate::plan::Unsized;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::quantity::plain;
use crate::stats::Refusal;
use crate::stats::comparison::Endpoint;

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

/// `needs 62,690 units a variant (baseline 11%, alpha 0.05 two-sided, power 0.80)`.
pub fn need(cx: &PlanCx<'_>, metric: &PlannedMetric, sizing: &Sizing, treatment: &str) -> String {
    let comparison = &sizing.comparison;
    let mut inputs = Vec::new();
    match comparison.endpoint {
        Endpoint::Proportion { baseline, .. } => inputs.push(format!("baseline {}", percent(baseline))),
        Endpoint::Mean { sd, .. } => inputs.push(format!("standard deviation {}", place::level(metric, sd))),
        Endpoint::Count(rates) => inputs.push(format!("rate {}", place::significant(rates.control))),
        Endpoint::TimeToEvent(hazards) => inputs.push(format!("hazard {}", place::significant(hazards.control))),
    }
    let sides = match comparison.sides {
        crate::stats::Sides::One => "one-sided",
        crate::stats::Sides::Two => "two-sided",
    };
    inputs.push(format!("alpha {} {sides}", place::significant(comparison.alpha)));
    inputs.push(format!("power {}", goal(sizing.power_goal)));
    let factors = &sizing.factors;
    for (factor, name) in
        [(factors.reduction, "variance reduction"), (factors.inflation, "looks"), (factors.design_effect, "groups")]
    {
        if 1e-9 < (factor - 1.0).abs() {
            inputs.push(format!("{name} × {factor:.3}"));
        }
    }
    let (control, other) = (sizing.need.control_units as f64, sizing.need.treatment_units as f64);
    let units = if (control - other).abs() < 2.0 {
        format!("{} units a variant", count(control.max(other)))
    } else {
        let name = cx.plan.control().map_or("control", |control| control.name.as_str());
        format!("{} units in {} and {} in {}", count(control), quoted(name), count(other), quoted(treatment))
    };
    format!("needs {units} ({})", inputs.join(", "))
}

/// A planned power: two decimals, more where it has them.
pub fn goal(power: f64) -> String {
    let text = plain((power * 1e4).round() / 1e4);
    if text.len() < 4 { format!("{power:.2}") } else { text }
}

/// Every input of what the plan gives, each where it is written.
pub fn inputs(cx: &PlanCx<'_>, found: Diagnostic, metric: &PlannedMetric, sizing: &Sizing) -> Diagnostic {
    let plan = cx.plan;
    let mut found = found;
    let have = if (sizing.control - sizing.treatment).abs() < 1.0 {
        format!("{} units a variant", count(sizing.control))
    } else {
        format!("{} units in control, {} in the variant", count(sizing.control), count(sizing.treatment))
    };
    let counted = match sizing.mature_days < plan.calendar.days {
        true => format!("{} of the {} before the decision", sizing.mature_days, days(plan.calendar.days)),
        false => days(plan.calendar.days),
    };
    if let Some(stage) = plan.calendar.main_stage() {
        let last = match plan.calendar.stages.len() {
            1 => String::new(),
            _ if plan.calendar.analyse_ramp => ", ramp included".to_owned(),
            _ => ", ramp left out".to_owned(),
        };
        if let Some(span) = stage.share.span() {
            found = found.also(span, format!("{} gives {have} in {counted}{last}", percent(stage.share.value)));
        }
    }
    let daily = plan.audience.daily_units.as_ref();
    if let Some((daily, span)) = daily.and_then(|daily| Some((daily.value, daily.span()?))) {
        found = found.also(span, format!("{} eligible units a day", count(daily)));
    }
    if let Some((rate, span)) = plan.exposure.rate.span().map(|span| (plan.exposure.rate.value, span)) {
        found = found.also(span, format!("{} of assigned units are analysed", percent(rate)));
    }
    if let Some((share, span)) = plan.audience.holdout.as_ref().and_then(|h| Some((h.share.value, h.share.span()?))) {
        found = found.also(span, format!("{} of units are held out", percent(share)));
    }
    if let Some((level, span)) = metric.baseline.as_ref().and_then(|known| Some((known.value, known.span()?))) {
        found = found.also(span, format!("baseline {}", place::level(metric, level)));
    }
    if let Some((sd, span)) = metric.sd.as_ref().and_then(|known| Some((known.value, known.span()?)))
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
    let most_share = cx.spec.rollout.value().and_then(|rollout| rollout.max_share.value().map(|s| s.fraction()));
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
        ways.push(format!("run {} instead of {}{hold}{by}", days(run), days(plan.calendar.days)));
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
    }
    if ways.is_empty() {
        ways.push(
            "no share, and no run within the policy, gives enough units: choose a more sensitive metric".to_owned(),
        );
    }
    ways.into_iter().fold(found, |found, way| found.help(way))
}

/// Up to a whole percentage, or to a tenth below ten.
fn round_share_up(share: f64) -> f64 {
    let step = if share < 0.1 { 0.001 } else { 0.01 };
    ((share / step) - 1e-9).ceil() * step
}

/// What a refusal means for an author, when the numbers of the metric are to blame.
pub fn refused(metric: &PlannedMetric, refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::NoRoom { baseline, change } => {
            let way = if *change < 0.0 { "fall" } else { "rise" };
            let (base, size) = (place::level(metric, *baseline), place::change(metric, change.abs()));
            Some(format!("the baseline {base} leaves no room for a {way} of {size}"))
        }
        Refusal::NoEffect | Refusal::WithinMargin { .. } | Refusal::PowerTooLow { .. } => Some(refusal.to_string()),
        Refusal::Outside { what: "baseline" | "standard deviation" | "margin", .. } => Some(refusal.to_string()),
        // Looks without a meaning are STA011's and STA012's.
        _ => None,
    }
}
