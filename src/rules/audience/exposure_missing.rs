//! AUD013 exposure-missing.

use crate::rules::prelude::*;
use crate::spec::Population;

rule! {
    /// Exposed units are analysed, and no event says when a unit is exposed.
    ///
    /// ## Why
    /// An exposure that each variant logs in its own way is the classic cause of a sample-ratio mismatch.
    ///
    /// ## Source
    /// Fabijan et al., Diagnosing Sample Ratio Mismatch, KDD 2019; docs of LaunchDarkly.
    ///
    /// ```toml,bad
    /// #: without exposure.event
    /// ```
    /// ```toml,good
    /// [exposure]
    /// event = "checkout_opened"
    /// ```
    static RULE = {
        code: "AUD013", name: "exposure-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let exposure = cx.spec.exposure.value();
    let absent = exposure.is_none_or(|exposure| exposure.event.is_absent());
    let broken = exposure.is_some_and(|exposure| matches!(exposure.population, Field::Broken(_)));
    let population = &cx.plan.exposure.population;
    if !absent || broken || population.value == Population::Assigned || cx.unreadable(&cx.spec.exposure) {
        return;
    }
    if cx.plan.status.value.is_over() {
        return;
    }
    let mut found = RULE
        .at(cx.home("exposure"), "no event says when a unit is exposed")
        .label(if exposure.is_some() { "no `event`" } else { "no `[exposure]`" });
    if let Some(span) = population.span() {
        found = found.also(span, "only these are analysed");
    }
    out.push(
        found
            .help("add `event`: the one that every variant logs at the moment they differ")
            .help("or analyse everybody who was assigned: `population = \"assigned\"`"),
    );
}
