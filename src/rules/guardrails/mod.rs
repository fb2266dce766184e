//! Rules on what must not get worse.

crate::rules::rule::group! {
    no_guardrail,
    org_guardrail_missing,
    margin_missing,
    margin_sign,
    guardrail_underpowered,
    margin_too_wide,
    guardrail_idle,
    health_guards,
    guard_too_slow,
    no_minimum_sample,
    raw_level_threshold,
}

use crate::policy::Policy;
use crate::rules::rule::PlanCx;
use crate::spec::rollout::Rollback;
use crate::syntax::At;

/// The guardrails that the policy asks of this experiment: those of `any`, then those of its surface.
fn required<'a>(cx: &PlanCx<'a>) -> impl Iterator<Item = &'a At<String>> {
    let policy: &'a Policy = cx.policy;
    let surface = cx.plan.surface.as_ref().map(|surface| surface.value.as_str());
    let asked = policy.required_guardrails.iter();
    asked
        .filter(move |(of, _)| of.value == "any" || Some(of.value.as_str()) == surface)
        .flat_map(|(_, names)| names.iter())
}

/// The rollback triggers that could be read.
fn rollbacks<'a>(cx: &PlanCx<'a>) -> impl Iterator<Item = &'a At<Rollback>> {
    let rollout = cx.spec.rollout.value();
    rollout.and_then(|rollout| rollout.rollback.value()).into_iter().flat_map(|list| list.iter())
}
