//! STA017 too-long.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The run is longer than the policy's maximum.
    ///
    /// ## Why
    /// Ids are lost and replaced: the longer the run, the more people have been in both variants.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "56 days" },
    /// ]
    /// [decision]
    /// by = 2027-03-22
    /// ```
    /// ```toml,good
    /// [rollout]
    /// start = 2027-01-11
    /// ```
    static RULE = {
        code: "STA017", name: "too-long", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let run = cx.plan.calendar.days;
    if !place::length_is_known(cx) {
        return;
    }
    let most = &cx.policy.max_run;
    let allowed = most.value.whole_days();
    if allowed < run {
        let headline = format!("the run lasts {}; the policy allows {}", days(run), days(allowed));
        let mut found = place::at_value(cx, &RULE, super::length(cx), "rollout", headline)
            .label(format!("{} too long", days(run - allowed)))
            .fact("days", f64::from(run))
            .fact("most_days", f64::from(allowed));
        if let Some(limit) = most.span() {
            found = found.also(limit, "the limit");
        }
        out.push(found.help(format!("run at most {}: a larger `share` or `mde` needs fewer days, and `expc power` shows how many", days(allowed))));
    }
}
