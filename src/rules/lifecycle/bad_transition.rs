//! LIF008 bad-transition.

use crate::rules::prelude::*;

rule! {
    /// The status goes where the life of an experiment does not lead.
    ///
    /// ## Why
    /// A status that jumps over the run claims what nobody measured, and one that goes back to a run mixes people who
    /// have lived through the change with people who have not.
    ///
    /// ## Source
    /// Statsig, experiment lifecycle.
    ///
    /// ```toml,bad
    /// [experiment]
    /// status = "draft"
    /// #: base
    /// [experiment]
    /// status = "running"
    /// ```
    /// ```toml,bad
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: base
    /// [experiment]
    /// status = "stopped"
    /// ```
    /// ```toml,good
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: base
    /// [experiment]
    /// status = "ready"
    /// ```
    static RULE = {
        code: "LIF008", name: "bad-transition", since: "0.1.0",
        level: Error, needs: [Base],
        check: Plan(check),
    }
}

/// Why a step is none of a life, and what to do instead; `None` for the steps that are.
///
/// | from | to |
/// | --- | --- |
/// | draft | ready, running, stopped, archived |
/// | ready | draft, running, stopped, archived |
/// | running | decided, shipped, stopped |
/// | decided | shipped, stopped, archived |
/// | shipped | decided, stopped, archived |
/// | stopped | decided, archived |
/// | archived | decided, shipped, stopped |
///
/// Among the states after the run corrections are free, but what stopped without a winner is not shipped.
fn fault(from: Status, to: Status) -> Option<(&'static str, &'static str)> {
    use Status::{Archived, Decided, Draft, Ready, Running, Shipped, Stopped};
    match (from, to) {
        (Draft | Ready, Decided | Shipped) => {
            Some(("it has not run", "if it ran meanwhile, write what came out: `[results]` with `ended`"))
        }
        (Running, Draft | Ready) => Some((
            "people are in it",
            "stop it, and start a new experiment with `links.previous`, or write \"running\" again",
        )),
        (Running, Archived) => Some(("nothing was decided", "decide or stop it first: \"decided\" or \"stopped\"")),
        (Decided | Shipped | Stopped | Archived, Draft | Ready | Running) => Some((
            "it is over",
            "start a new experiment with another id and `links.previous`, whose units are new",
        )),
        (Stopped, Shipped) => Some(("it stopped without a winner", "decide first: \"decided\" with `[results]`")),
        _ => None,
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(before) = cx.base.and_then(|base| base.before_own_edit(cx.compiled)) else { return };
    if cx.is_incomplete() || before.document.is_damaged() || before.is_cut_off {
        return;
    }
    let (from, to) = (before.plan.status.value, cx.plan.status.value);
    let Some((why, way)) = fault(from, to) else { return };
    // A change may span the whole run: then there is an end.
    let results = cx.spec.results.value();
    if !from.is_over() && from != Status::Running && results.is_some_and(|results| !results.ended.is_absent()) {
        return;
    }
    let headline = format!("the status goes from \"{}\" to \"{}\"", from.word(), to.word());
    let span = cx.plan.status.span();
    let found = crate::rules::place::at_value(cx, &RULE, span, "experiment", headline);
    out.push(found.label(format!("was \"{}\": {why}", from.word())).help(way));
}
