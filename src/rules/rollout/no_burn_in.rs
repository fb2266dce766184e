//! ROL021 no-burn-in.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The spec does not say how many of a unit's first days are left out.
    ///
    /// ## Why
    /// People try what is new and stumble over what has moved: the first days mislead.
    /// A spec that says `"0 days"` has thought of it.
    /// Off by default: most changes are not seen as changes. A house that wants the question answered switches it on.
    ///
    /// ## Source
    /// Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: without rollout.burn_in
    /// #: file expc.toml
    /// [rules]
    /// no-burn-in = "info"
    /// ```
    /// ```toml,fixed
    /// rollout.burn_in = "3 days"
    /// ```
    /// ```toml,good
    /// [rollout]
    /// burn_in = "1 day"
    /// ```
    static RULE = {
        code: "ROL021", name: "no-burn-in", since: "0.1.0",
        level: Allow, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(rollout) = cx.spec.rollout.value() else { return };
    if rollout.burn_in.is_absent() && !cx.document.is_damaged() && super::is_open(cx.plan) {
        let found = RULE.at(cx.home("rollout"), "no burn-in stated")
                .label("no `burn_in`")
                .help("add `burn_in = \"3 days\"` for a change that people see, or `\"0 days\"` for one they do not");
        let found = place::insert(cx, found, Applicability::Suggested, "rollout", "burn_in = \"3 days\"");
        out.push(place::insert(cx, found, Applicability::Suggested, "rollout", "burn_in = \"0 days\""));
    }
}
