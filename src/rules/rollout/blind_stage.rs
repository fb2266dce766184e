//! ROL005 blind-stage.

use crate::plan::Calendar;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::rules::statistics::cluster_ignored;
use crate::spec::Gate;
use crate::stats::cluster::LEAST_CLUSTERS;
use crate::stats::comparison::Claim;

rule! {
    /// A gate on the guardrails follows a stage in which no guardrail could show harm.
    ///
    /// ## Why
    /// Such a gate looks at the sample ratio alone, and reads as a check that is not happening.
    /// A first stage cannot prove a margin and need not: the rule fires when each guardrail is blind to harm of
    /// ten times its margin (power below 0.8), or has no unit whose window ends within the stage.
    ///
    /// ## Source
    /// Xu, Duan and Huang, SQR, KDD 2018; Airbnb, Designing Experimentation Guardrails, 2021.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "1 day", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "6 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,fixed
    /// rollout.stages = [
    ///   { name = "canary", share = "2%", hold = "2 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "6 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "1 day" },
    ///   { name = "small", share = "10%", hold = "6 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    static RULE = {
        code: "ROL005", name: "blind-stage", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

/// Harm of this many margins is a catastrophe that a gate has to see.
const MARGINS: f64 = 10.0;
const POWER: f64 = 0.8;
/// Longer holds are no way out.
const MOST_DAYS: u32 = 28;

/// A guardrail that was sized, with what decides when its units are complete.
struct Guard<'a> {
    name: &'a str,
    sizing: &'a Sizing,
    /// Days from exposure until a unit is complete.
    wait: f64,
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let stages = super::written_stages(cx);
    let gated = stages.iter().rev().skip(1).any(|stage| stage.gate.value == Gate::Guardrails);
    if !gated || !super::is_open(cx.plan) {
        return;
    }
    // So few groups are STA019's.
    if cluster_ignored::groups(cx.plan).is_some_and(|groups| groups < LEAST_CLUSTERS) {
        return out.skip(Context::Traffic, "enough groups for a test");
    }
    let guards = guards(cx);
    // A guardrail that lacks an input may be the one that sees: another rule asks for it.
    let sized = cx.plan.sizes.iter().filter(|sized| sized.role == Role::Guardrail).count();
    if guards.is_empty() || guards.len() < sized {
        return out.skip(Context::Traffic, "no size for every guardrail");
    }
    if cx.plan.audience.daily_units.is_none() {
        return out.skip(Context::Traffic, "no eligible units per day");
    }
    for (index, stage) in stages.iter().enumerate().take(stages.len() - 1) {
        if stage.gate.value != Gate::Guardrails || stage.days == 0 {
            continue;
        }
        // A gate sees the units of every stage so far, also where the analysis leaves the ramp out.
        let mut ramp = cx.plan.calendar.clone();
        ramp.stages.truncate(index + 1);
        ramp.analyse_ramp = true;
        ramp.days = ramp.stages.iter().map(|stage| stage.days).sum();
        if guards.iter().any(|guard| guard.sees(cx.plan, &ramp)) {
            continue;
        }
        let before = ramp.days - stage.days;
        let hold = (stage.days + 1..=MOST_DAYS).find(|&days| {
            ramp.days = before + days;
            if let Some(last) = ramp.stages.last_mut() {
                last.days = days;
            }
            guards.iter().any(|guard| guard.sees(cx.plan, &ramp))
        });
        ramp.days = before + stage.days;
        if let Some(last) = ramp.stages.last_mut() {
            last.days = stage.days;
        }
        out.push(blind(cx, stage, &guards, hold, &ramp));
    }
}

/// The message, apart from the search.
fn blind(
    cx: &PlanCx<'_>,
    stage: &crate::plan::PlannedStage,
    guards: &[Guard<'_>],
    hold: Option<u32>,
    ramp: &Calendar,
) -> Diagnostic {
    let span = stage.gate.span().unwrap_or(stage.span);
    let name = quoted(&stage.name);
    let quickest = guards.iter().min_by(|a, b| a.wait.total_cmp(&b.wait)).expect("the caller has guardrails");
    let units = quickest.units(cx.plan, ramp);
    let label = if units < 2.0 {
        format!("{} needs {} to be complete", quoted(quickest.name), wait_text(quickest.wait))
    } else {
        let even = cx.plan.variants.iter().all(|variant| (variant.weight.value - cx.plan.variants[0].weight.value).abs() < 1e-9);
        let each = if even { "a variant" } else { "in control" };
        format!("{} units {each} are complete for {}", count(units), quoted(quickest.name))
    };
    let power = guards.iter().map(|guard| guard.power(cx.plan, ramp).unwrap_or(0.0)).fold(0.0, f64::max);
    let headline = if units < 2.0 {
        format!("no guardrail is complete when the gate of stage {name} decides")
    } else {
        format!("the gate of stage {name} misses harm of {MARGINS} margins: power {}", probability(power))
    };
    let mut found = super::at_value(&RULE, cx, span, headline, label).fact("units", units);
    if let Some(share) = stage.share.span() {
        found = found.also(share, format!("{} for {}", percent(stage.share.value), days(stage.days)));
    }
    if let Some(hold) = hold {
        let stages = cx.spec.rollout.value().and_then(|rollout| rollout.stages.value());
        let is_it = |other: &&At<crate::spec::Stage>| other.name.value() == Some(&stage.name);
        let place = stages.and_then(|stages| stages.iter().rfind(is_it)?.hold.span());
        let added = hold.saturating_sub(stage.days);
        let (longer, decide) = place::lengthen(cx, found, place, &format!("\"{}\"", days(hold)), added);
        found = longer.help(format!("hold {name} for {}{decide}", days(hold)));
    }
    found.help("set `gate = \"manual\"` and say who looks at what, or leave the gate out")
}

impl Guard<'_> {
    /// Control units whose window is complete by the end of the last of these stages.
    fn units(&self, plan: &Plan, ramp: &Calendar) -> f64 {
        self.sizing.control_by(plan, ramp, f64::from(ramp.days) - self.wait)
    }

    /// The power to see harm of [`MARGINS`] margins; `None` when a rate has no room for so much harm.
    fn power(&self, plan: &Plan, ramp: &Calendar) -> Option<f64> {
        let units = self.units(plan, ramp);
        if units < 2.0 {
            return Some(0.0);
        }
        let mut comparison = self.sizing.exact;
        // A gate asks once, at the whole alpha.
        comparison.size_factor /= self.sizing.factors.inflation;
        if self.sizing.exact != self.sizing.comparison && units < LEAST_CLUSTERS * comparison.size_factor {
            return Some(0.0);
        }
        match &mut comparison.claim {
            Claim::NonInferiority { margin, .. } => *margin *= MARGINS,
            Claim::Equivalence { lower, upper, .. } => {
                *lower *= MARGINS;
                *upper *= MARGINS;
            }
            Claim::Superiority { .. } | Claim::SuperiorityByMargin { .. } => {}
        }
        comparison.power(units).ok()
    }

    /// True when such harm would be seen, and when the question has no answer: then the gate is not accused.
    fn sees(&self, plan: &Plan, ramp: &Calendar) -> bool {
        self.power(plan, ramp).is_none_or(|power| POWER <= power)
    }
}

fn guards<'a>(cx: &PlanCx<'a>) -> Vec<Guard<'a>> {
    let plan = cx.plan;
    plan.sizes
        .iter()
        .filter(|sized| sized.role == Role::Guardrail)
        .filter_map(|sized| {
            let sizing = sized.result.as_ref().ok()?;
            let metric = plan.metrics_of(Role::Guardrail).find(|metric| metric.name == sized.metric)?;
            let whole = |span: &Option<Known<crate::spec::Duration>>| span.as_ref().map_or(0.0, |s| s.value.in_days());
            Some(Guard {
                name: &sized.metric,
                sizing,
                wait: whole(&metric.window) + whole(&metric.lag),
            })
        })
        .collect()
}

/// Whole days and hours, as a person would say it.
fn wait_text(wait: f64) -> String {
    let hours = (wait * 24.0).ceil() as u32;
    match (hours / 24, hours % 24) {
        (0, hours) => format!("{hours} hours"),
        (whole, 0) => days(whole),
        (whole, hours) => format!("{} and {hours} hours", days(whole)),
    }
}
