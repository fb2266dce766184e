//! STA026 population-unstated.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{EffectAmong, Population};

rule! {
    /// The spec does not say whether all assigned or only exposed units are analysed, or states effects among exposed
    /// units and not how many those are.
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
    /// ```toml,fixed
    /// exposure.population = "exposed"
    /// ```
    /// ```toml,bad
    /// [exposure]
    /// population = "assigned"
    /// effect_among = "exposed"
    /// #: file catalog/base.toml
    /// #: without events.checkout_opened.rate
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
    if let Some(among) = exposure.effect_among.get().filter(|among| among.value == EffectAmong::Exposed)
        && cx.plan.exposure.population.value == Population::Assigned
        && cx.plan.exposure.dilution.span().is_none()
    {
        let headline = "effects are stated among exposed units, and nobody says how many those are";
        out.push(
            place::at_value(cx, &RULE, Some(among.span), "exposure", headline.to_owned())
                .label("sized as if every unit met the change")
                .help("add `rate`: the part of assigned units that meets the change")
                .help("or set `effect_among = \"analysed\"`, and state the effect over all of them"),
        );
    }
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
