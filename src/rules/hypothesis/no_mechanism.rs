//! HYP004 no-mechanism.

use crate::rules::prelude::*;

rule! {
    /// The hypothesis gives no reason for the effect it expects.
    ///
    /// ## Why
    /// The reason decides what is learned when nothing moves.
    ///
    /// ## Source
    /// Microsoft ExP, Patterns of Trustworthy Experimentation: pre-experiment stage.
    ///
    /// ```toml,bad
    /// #: without hypothesis.because
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// because = "41 % of carts are abandoned on the address form"
    /// ```
    static RULE = {
        code: "HYP004", name: "no-mechanism", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(hypothesis) = cx.spec.hypothesis.value().filter(|_| !cx.is_incomplete()) else { return };
    let empty = hypothesis.because.value().is_some_and(|text| text.trim().is_empty());
    // A hypothesis without a change is not one yet.
    if hypothesis.change.is_absent() || !(hypothesis.because.is_absent() || empty) {
        return;
    }
    let place = hypothesis.because.span().unwrap_or_else(|| cx.home("hypothesis"));
    out.push(
        RULE.at(place, "the hypothesis gives no reason")
            .help("add `because`: what you know that makes the change worth trying, with its number"),
    );
}
