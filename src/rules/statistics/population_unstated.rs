//! STA026 population-unstated.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The spec does not say whether all assigned or only exposed units are analysed.
    ///
    /// ## Why
    /// Both answers look valid, they differ, and the better one would be chosen after the data.
    ///
    /// ## Source
    /// SPIRIT and CONSORT, on analysis populations.
    ///
    /// ```toml,bad
    /// #: without exposure.population
    /// ```
    /// ```toml,good
    /// [exposure]
    /// population = "exposed"
    /// ```
    static RULE = {
        code: "STA026", name: "population-unstated", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    // Without an exposure event there is only one population, and AUD013 asks for the event.
    let Some(exposure) = cx.spec.exposure.value().filter(|exposure| !exposure.event.is_absent()) else { return };
    if !exposure.population.is_absent() || cx.document.is_damaged() {
        return;
    }
    let mut found = RULE
        .at(cx.home("exposure"), "it is not said whether assigned or exposed units are analysed")
        .label("lacks `population`");
    if let Some(event) = exposure.event.get() {
        found = found.also(event.span, "counts as exposed");
    }
    found = place::insert(cx, found, Applicability::Suggested, "exposure", "population = \"exposed\"");
    out.push(
        found
            .help("add `population = \"exposed\"`: only units that met the change, the sharper answer")
            .help("or `population = \"assigned\"`: everybody, when exposure itself may differ by variant"),
    );
}
