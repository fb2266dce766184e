//! ROL013 main-stage-too-short.

use crate::plan::Calendar;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The planned power rests on the ramp: the main stage alone is too short for it.
    ///
    /// ## Why
    /// A gate that holds a stage back, or a change mended during the ramp, takes those days out of the analysis, and what is
    /// left cannot answer the question. When the ramp is left out by plan, the sample size says so itself.
    /// The rule fires when the main stage alone has less than nine tenths of the planned power.
    ///
    /// ## Source
    /// Xu, Duan and Huang, SQR, KDD 2018.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "half", share = "40%", hold = "14 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "7 days" },
    /// ]
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-26
    /// rollout.stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "half", share = "40%", hold = "14 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// #: today 2027-02-01
    /// [experiment]
    /// status = "running"
    /// [rollout]
    /// max_share = "50%"
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "40%", hold = "28 days" },
    /// ]
    /// [decision]
    /// by = 2027-03-01
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "40%", hold = "28 days" },
    ///   { name = "full", share = "50%", hold = "7 days" },
    /// ]
    /// ```
    static RULE = {
        code: "ROL013", name: "main-stage-too-short", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

/// A ramp always adds something; the plan rests on it when less than this part of the goal is left without it.
const MATERIAL: f64 = 0.9;

fn is_appended_to_seal(cx: &PlanCx<'_>, stages: usize) -> bool {
    let Some(Ok(lock)) = cx.workspace.lock(&cx.compiled.stem) else { return false };
    let sealed = lock.terms.plan.at_path("rollout.stages").and_then(|list| list.as_array());
    sealed.is_some_and(|sealed| sealed.len() < stages)
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let plan = cx.plan;
    let stages = super::written_stages(cx);
    let Some((main, ramp)) = stages.split_last().filter(|(_, ramp)| !ramp.is_empty()) else { return };
    if !plan.calendar.analyse_ramp || !super::is_open(plan) {
        return;
    }
    // Stages that are appended to a sealed ramp only add to what was judged when it was sealed.
    if is_appended_to_seal(cx, stages.len()) {
        return;
    }
    // Time is what a switchback compares, whatever the share.
    if plan.design.switchback.is_some() {
        return;
    }
    let ramp_days: u32 = ramp.iter().map(|stage| stage.days).sum();
    let alone = Calendar { analyse_ramp: false, ..plan.calendar.clone() };
    let short = plan.sizes.iter().filter(|sized| sized.role == Role::Primary).find_map(|sized| {
        let sizing = sized.result.as_ref().ok().filter(|sizing| !sizing.is_short())?;
        let days = sizing.mature_days.saturating_sub(ramp_days);
        let units = sizing.control_by(plan, &alone, f64::from(sizing.mature_days));
        let power = if units < 2.0 { 0.0 } else { sizing.power_with(units).ok()? };
        (power < MATERIAL * sizing.power_goal).then_some((sized, sizing, days, power))
    });
    let Some((sized, sizing, usable, power)) = short else { return };
    let span = cx
        .spec
        .rollout
        .value()
        .and_then(|rollout| rollout.stages.value()?.last()?.hold.span())
        .unwrap_or(main.span);
    let mut found = RULE
        .at(span, format!("{} has power {} in the main stage alone", quoted(&sized.metric), probability(power)))
        .label(format!("{} of it count; power {} needs the ramp", days(usable), probability(sizing.power_goal)))
        .fact("have", power)
        .fact("need", sizing.power_goal);
    if let Some(first) = ramp.first() {
        found = found.also(first.span, format!("the ramp, {} in all", days(ramp_days)));
    }
    let enough = |hold: &u32| {
        let days = sizing.mature_days + hold.saturating_sub(main.days);
        sizing.need.control <= sizing.control_by(plan, &alone, f64::from(days))
    };
    let longer = (1..=52).map(|week| week * 7).find(|hold| main.days < *hold && enough(hold));
    if let Some(hold) = longer {
        let text = format!("\"{}\"", days(hold));
        let (longer, decide) = place::lengthen(cx, found, Some(span), &text, hold.saturating_sub(main.days));
        found = longer.help(format!("hold {} for {}{decide}", quoted(&main.name), days(hold)));
    }
    out.push(found.help("or shorten the ramp"));
}
