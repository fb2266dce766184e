//! ROL003 big-first-stage.

use crate::rules::prelude::*;

rule! {
    /// The first stage takes more units than the policy allows.
    ///
    /// ## Why
    /// The first stage is for finding breakage, and breakage shows in few units.
    ///
    /// ## Source
    /// Xu, Duan and Huang, SQR, KDD 2018.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "small", share = "10%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,fixed
    /// rollout.stages = [
    ///   { name = "small", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// #: without rollout.stages
    /// [experiment]
    /// status = "draft"
    /// [rollout]
    /// end = 2027-02-07
    /// [risk]
    /// level = "low"
    /// ```
    /// ```toml,good
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    static RULE = {
        code: "ROL003", name: "big-first-stage", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(first) = cx.plan.calendar.stages.first() else { return };
    let most = &cx.policy.max_first_stage;
    let unread = cx.unreadable(&cx.spec.rollout)
        || cx.spec.rollout.value().is_some_and(|rollout| rollout.stages.value().is_some_and(|list| list.broken));
    let settled = !super::is_open(cx.plan) || super::no_stages::has_no_ramp_but_risk(cx);
    // A draft that has no ramp yet lacks it: nothing starts with everybody.
    let unwritten = first.implied && cx.plan.status.value == Status::Draft;
    if unread || settled || unwritten || first.share.value <= most.value.fraction() {
        return;
    }
    let (share, most_text) = (percent(first.share.value), most.value.to_string());
    let span = first.share.span().unwrap_or_else(|| cx.home("rollout"));
    let headline = format!("the first stage takes {share} of eligible units; the policy allows {most_text}");
    let label = if first.implied { "all of it on the first day" } else { "before anything was seen to work" };
    let mut found = super::at_value(&RULE, cx, span, headline, label);
    found = found.fact("have", first.share.value).fact("most", most.value.fraction());
    if let Some(span) = most.span() {
        found = found.also(span, "the policy");
    }
    found = if first.implied {
        let canary = super::stage_text("canary", &most_text, "3 days", true);
        found.help(format!("add `[rollout] stages`, the first of them `{canary}`"))
    } else {
        found = found
            .help(format!("put `{}` before it", super::stage_text("canary", &most_text, "3 days", true)))
            .help(format!("or set its share to {most_text}"));
        // A template is mended for all who inherit from it, not from one of them; and where one stage is all there is,
        // a smaller share would be the end of the experiment.
        if span.file != cx.document.file || cx.plan.calendar.stages.len() < 2 {
            return out.push(found);
        }
        found.fix(
            Applicability::Suggested,
            format!("set the first share to {most_text}"),
            vec![Edit { span, replacement: format!("\"{most_text}\"") }],
        )
    };
    out.push(found);
}
