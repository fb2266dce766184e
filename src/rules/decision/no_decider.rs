//! DEC008 no-decider.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// Nobody is named who decides, or no day by which.
    ///
    /// ## Why
    /// Finished tests stay on: nobody's task is done on no day.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019.
    ///
    /// ```toml,bad
    /// #: without decision.decider
    /// ```
    /// ```toml,good
    /// [decision]
    /// by = 2027-02-15
    /// decider = "Priya Raman"
    /// ```
    static RULE = {
        code: "DEC008", name: "no-decider", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    // Without `[decision]` the whole is missing: DEC001.
    let Some(decision) = cx.spec.decision.value().filter(|_| !cx.document.is_damaged()) else { return };
    let headline = match (decision.decider.is_absent(), decision.by.is_absent()) {
        (true, true) => "nobody is named who decides, and no day",
        (true, false) => "nobody is named who decides",
        (false, true) => "no day is set for the decision",
        (false, false) => return,
    };
    let mut found = RULE.at(cx.home("decision"), headline);
    found = match decision.decider.is_absent() {
        true => found.label("lacks `decider`"),
        false => found.label("lacks `by`"),
    };
    if decision.decider.is_absent() {
        let owner = cx.plan.owner.as_ref().and_then(|owner| cx.catalog.owners.get(&owner.value));
        let who = owner.and_then(|owner| owner.product.value()).map_or("…", String::as_str);
        found = found.help(format!("add `decider = \"{}\"`", crate::text::printable(who)));
    }
    if decision.by.is_absent() {
        let waits = cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor).map(place::wait);
        let wait = waits.max().unwrap_or(0);
        found = match cx.plan.calendar.end.as_ref().filter(|_| place::length_is_known(cx)) {
            Some(end) => found.help(format!("add `by = {}`: the last units are complete then", end.value.plus(wait + 1))),
            None => found.help("add `by`: a day after the end, when the last windows are complete"),
        };
    }
    out.push(found);
}
