//! ROL001 no-stages.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::governance::RiskLevel;

rule! {
    /// An experiment of medium or high risk starts with its whole share at once.
    ///
    /// ## Why
    /// Most harm is breakage that the first hundred users show; without a ramp everybody in the share meets it on day one.
    ///
    /// ## Source
    /// Xu, Duan and Huang, SQR, KDD 2018; Microsoft ExP, Patterns of Trustworthy Experimentation.
    ///
    /// ```toml,bad
    /// #: without rollout.stages
    /// [rollout]
    /// end = 2027-02-07
    /// ```
    /// ```toml,fixed
    /// rollout.stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [risk]
    /// level = "high"
    /// ```
    static RULE = {
        code: "ROL001", name: "no-stages", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if !has_no_ramp_but_risk(cx) || !super::is_open(cx.plan) {
        return;
    }
    let Some(level) = cx.spec.risk.value().and_then(|risk| risk.level.get()) else { return };
    let share = cx.plan.audience.share.value;
    let most = cx.policy.max_first_stage.value;
    let mut found = RULE
        .at(cx.home("rollout"), format!("{share} of eligible units from the first day, at {} risk", level.value))
        .label("no `stages`");
    found = found.also(level.span, "the declared risk");
    if let Some(span) = cx.plan.audience.share.span() {
        found = found.also(span, "the whole share at once");
    }
    let first = if most < share { most } else { share };
    let stages = [
        super::stage_text("canary", &first.to_string(), &days(CANARY), true),
        super::stage_text("main", &share.to_string(), &days(main_days(cx)), false),
    ];
    let found = found.help(format!("add `stages = [{}]`", stages.join(", ")));
    let edit = place::layout(cx).add("rollout", &format!("stages = [{}]", stages.join(", ")));
    out.push(place::offer(found, Applicability::Suggested, "start with a canary", edit));
}

/// True when the risk asks for a ramp and there is none: nothing else needs to be said of the stages.
pub(super) fn has_no_ramp_but_risk(cx: &PlanCx<'_>) -> bool {
    let risk = cx.spec.risk.value().and_then(|risk| risk.level.copied());
    let risky = matches!(risk, Some(RiskLevel::Medium | RiskLevel::High));
    let absent = cx.spec.rollout.value().is_none_or(|rollout| rollout.stages.is_absent());
    risky && absent && !cx.unreadable(&cx.spec.rollout)
}

/// The days of the first stage: a whole week, so that no weekday counts more than another.
const CANARY: u32 = 7;

/// The days that the main stage would have: what the canary leaves of those of the plan, or else the shortest run in whole weeks.
fn main_days(cx: &PlanCx<'_>) -> u32 {
    match cx.plan.calendar.days {
        0 => cx.policy.min_run.value.whole_days(),
        days => days.saturating_sub(CANARY).max(CANARY),
    }
}
