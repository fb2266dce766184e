//! ROL012 ramp-in-analysis.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The spec does not say whether the days of the ramp are analysed with the main stage.
    ///
    /// ## Why
    /// Ramp days have other users, other load and a change that is still being mended.
    /// Whoever decides after the data can choose the better of two valid-looking answers.
    ///
    /// ## Source
    /// Xu, Duan and Huang, SQR, KDD 2018; Wikimedia Test Kitchen decision record on changing sampling.
    ///
    /// ```toml,bad
    /// #: without rollout.analyse_ramp
    /// ```
    /// ```toml,fixed
    /// rollout.analyse_ramp = false
    /// ```
    /// ```toml,good
    /// [rollout]
    /// analyse_ramp = true
    /// ```
    static RULE = {
        code: "ROL012", name: "ramp-in-analysis", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let stages = super::written_stages(cx);
    let rollout = super::rollout(cx);
    if stages.len() < 2 || !rollout.analyse_ramp.is_absent() || !super::is_open(cx.plan) {
        return;
    }
    if cx.document.is_damaged() {
        return;
    }
    let ramp: u32 = stages[..stages.len() - 1].iter().map(|stage| stage.days).sum();
    let span = rollout.stages.span().unwrap_or_else(|| cx.home("rollout"));
    let first = stages[0].span;
    let found =
        RULE.at(if first.file == span.file { first } else { span }, "the analysis pools the ramp without saying so")
            .label(format!("{} before the main stage", days(ramp)))
            .help("add `analyse_ramp = false` to `[rollout]` to analyse the main stage alone")
            .help("or `analyse_ramp = true` to keep the ramp: its split is the same and no gate changed the product");
    let found = place::insert(cx, found, Applicability::Suggested, "rollout", "analyse_ramp = false");
    out.push(place::insert(cx, found, Applicability::Suggested, "rollout", "analyse_ramp = true"));
}
