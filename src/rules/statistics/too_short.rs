//! STA016 too-short.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The run is shorter than the policy's minimum.
    ///
    /// ## Why
    /// Short runs see the most active people and the novelty of the change, and not every weekday.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020; GrowthBook's docs.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "6%" }
    /// [rollout]
    /// stages = [
    ///   { name = "small", share = "5%", hold = "3 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "7 days" },
    /// ]
    /// [metrics]
    /// secondary = []
    /// [decision]
    /// by = 2027-01-29
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.24pp" }
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-01
    /// rollout.stages = [
    ///   { name = "small", share = "5%", hold = "3 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "14 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// start = 2027-01-11
    /// ```
    static RULE = {
        code: "STA016", name: "too-short", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let calendar = &cx.plan.calendar;
    let least = &cx.policy.min_run;
    let wanted = least.value.whole_days();
    if !place::length_is_known(cx) || wanted <= calendar.days {
        return;
    }
    let Some(main) = calendar.main_stage() else { return };
    let span = super::length(cx);
    // Whole weeks after the ramp, so that the way out is accepted by STA015 too.
    let before = calendar.days - main.days;
    let hold = wanted.saturating_sub(before).div_ceil(7) * 7;
    let headline = format!("the run lasts {}; the policy asks for {}", days(calendar.days), days(wanted));
    let mut found = place::at_value(cx, &RULE, span, "rollout", headline)
        .label(format!("{} too short", days(wanted - calendar.days)))
        .fact("days", f64::from(calendar.days))
        .fact("least_days", f64::from(wanted));
    if let Some(limit) = least.span() {
        found = found.also(limit, "the limit");
    }
    match (main.implied, &calendar.start) {
        (true, Some(start)) => {
            let end = start.value.plus(wanted.div_ceil(7) * 7 - 1);
            let added = u32::try_from(start.value.until(end) + 1).unwrap_or(0).saturating_sub(calendar.days);
            let (with_fix, decide) = place::lengthen(cx, found, span, &end.to_string(), added);
            found = with_fix.help(format!("end on {end}{decide}"));
        }
        _ => {
            let added = hold.saturating_sub(main.days);
            let (with_fix, decide) = place::lengthen(cx, found, span, &format!("\"{hold} days\""), added);
            found = with_fix.help(format!("hold stage {} for {hold} days{decide}", quoted(&main.name)));
        }
    }
    out.push(found);
}
