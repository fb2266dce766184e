//! ROL017 expiry-far.

use crate::rules::prelude::*;

rule! {
    /// The flag stays on long after the stages are over.
    ///
    /// ## Why
    /// An expiry ten years ahead stood in a public list of tests that last three months: such flags are forgotten, and half
    /// of the users keep a variant that nobody looks at.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// [rollout]
    /// end = 2037-01-11
    /// ```
    /// ```toml,fixed
    /// rollout.end = 2027-02-07
    /// ```
    /// ```toml,good
    /// [rollout]
    /// end = 2027-02-20
    /// ```
    static RULE = {
        code: "ROL017", name: "expiry-far", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(rollout) = cx.spec.rollout.value() else { return };
    let (Some(start), Some(end)) = (rollout.start.get(), rollout.end.get()) else { return };
    // Without stages the end is the length of the run, and its own rule looks at that.
    let Some(last) = super::written_stages(cx).last().and_then(|stage| stage.end) else { return };
    let horizon = &cx.policy.max_horizon;
    let length = start.value.until(end.value);
    if length <= i64::from(horizon.value.whole_days()) || !super::is_open(cx.plan) {
        return;
    }
    let mut found = RULE
        .at(end.span, format!("ends on {}, {length} days after its start", end.value))
        .label(format!("more than {} after the start", horizon.value))
        .also(start.span, "the start")
        .fact("have", length as f64)
        .fact("most", horizon.value.in_days());
    if let Some(span) = horizon.span() {
        found = found.also(span, "the policy");
    }
    out.push(found.help(format!("set `end` to {last}, the last day of the stages, or take it out")).fix(
        Applicability::Suggested,
        format!("end on {last}"),
        vec![Edit { span: end.span, replacement: last.to_string() }],
    ));
}
