//! STA014 one-sided.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Sides;

rule! {
    /// The test is one-sided and no reason is given.
    ///
    /// ## Why
    /// A one-sided test is blind to damage: a harmful change reads as "no effect".
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// [design]
    /// sides = "one"
    /// ```
    /// ```toml,fixed
    /// #: leaves SYN011 the template says the same: `--fix` then takes the line out
    /// design.sides = "two"
    /// ```
    /// ```toml,good
    /// [design]
    /// sides = "one"
    /// sides_reason = "the change can only remove steps; a fall would trip the guardrail"
    /// ```
    static RULE = {
        code: "STA014", name: "one-sided", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let sides = &cx.plan.design.sides;
    let reason = cx.spec.design.value().is_none_or(|design| !design.sides_reason.is_absent());
    if sides.value != Sides::One || reason {
        return;
    }
    let headline = "one-sided test without a reason: harm would read as no effect".to_owned();
    let found = place::at_value(cx, &RULE, sides.span(), "design", headline).label("blind to the bad direction");
    out.push(
        place::replace(cx, found, Applicability::Suggested, sides.span(), "\"two\"")
            .help("set `sides = \"two\"`")
            .help("or add `sides_reason = \"…\"`: why a move the wrong way is impossible or watched elsewhere"),
    );
}
