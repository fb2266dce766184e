//! LIF001 running-unlocked.

use crate::rules::prelude::*;

rule! {
    /// An experiment runs, and no sealed plan says what it promised.
    ///
    /// ## Why
    /// What was planned can only be told from what was found if it was written down where nobody can change it unseen.
    ///
    /// ## Source
    /// OSF Prereg; As Predicted.
    ///
    /// ```toml,bad
    /// #: unlocked
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// ```
    /// ```toml,good
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// ```
    static RULE = {
        code: "LIF001", name: "running-unlocked", since: "0.1.0",
        level: Error, needs: [Registry],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let status = &cx.plan.status;
    // A lock that is there and broken is told by its own rule.
    if status.value != Status::Running || cx.workspace.lock(&cx.compiled.stem).is_some() {
        return;
    }
    let id = crate::text::printable(&cx.compiled.stem);
    let found = RULE
        .at(status.span().unwrap_or(cx.plan.span), format!("{} is running without a sealed plan", quoted(&cx.plan.id)))
        .label("nothing to compare its results with")
        .help(format!("seal it: `expc lock {id}`, and commit `{}`", cx.workspace.lock_path(&id)));
    out.push(found);
}
