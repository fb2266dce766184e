//! STA028 subgroups-open.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// More subgroups are registered than the policy allows.
    ///
    /// ## Why
    /// Among many subgroups one always shows an effect: of 14 unrelated ones half the time at 5 %.
    /// Without `segments` none is registered, and the plan calls every other split exploratory.
    ///
    /// ## Source
    /// Simmons, Nelson, Simonsohn, False-Positive Psychology, 2011; Dmitriev et al., KDD 2017.
    ///
    /// ```toml,bad
    /// [design]
    /// segments = ["platform", "country"]
    /// #: file expc.toml
    /// [policy]
    /// max_segments = 1
    /// ```
    /// ```toml,good
    /// [design]
    /// segments = ["platform"]
    /// ```
    static RULE = {
        code: "STA028", name: "subgroups-open", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let most = &cx.policy.max_segments;
    let segments = &cx.plan.design.segments;
    let allowed = usize::try_from(most.value.max(0)).unwrap_or(usize::MAX);
    let Some(extra) = segments.get(allowed) else { return };
    let headline = format!("{} subgroups; the policy allows {}", segments.len(), most.value);
    let mut found = place::at_value(cx, &RULE, Some(extra.span), "design", headline)
        .label(format!("number {}", allowed + 1))
        .fact("have", segments.len() as f64)
        .fact("most", most.value as f64);
    if let Some(span) = most.span() {
        found = found.also(span, "the limit");
    }
    out.push(found.help("keep those in which a different decision would be taken"));
}
