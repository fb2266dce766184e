//! STA007 alpha-power-policy.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::quantity::plain;

rule! {
    /// Alpha is above, or power below, what the policy allows.
    ///
    /// ## Why
    /// Thresholds that each team sets drift until every result is a win.
    ///
    /// ## Source
    /// Statsig's and Eppo's organisation-wide defaults.
    ///
    /// ```toml,bad
    /// [design]
    /// power = 0.7
    /// ```
    /// ```toml,good
    /// [design]
    /// power = 0.85
    /// ```
    static RULE = {
        code: "STA007", name: "alpha-power-policy", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = &cx.plan.design;
    let (most, least) = (&cx.policy.max_alpha, &cx.policy.min_power);
    if most.value.get() + 1e-12 < design.alpha.value {
        let headline = format!("alpha {} is above the policy's {}", plain(design.alpha.value), most.value);
        out.push(found(cx, "alpha", headline, design.alpha.span(), most.span(), most.value.get()));
    }
    if design.power.value + 1e-12 < least.value.get() {
        let headline = format!("power {} is below the policy's {}", plain(design.power.value), least.value);
        out.push(found(cx, "power", headline, design.power.span(), least.span(), least.value.get()));
    }
}

fn found(
    cx: &PlanCx<'_>,
    key: &str,
    headline: String,
    span: Option<Span>,
    limit: Option<Span>,
    allowed: f64,
) -> Diagnostic {
    let label = match key {
        "alpha" => "the chance of a false win",
        _ => "the chance to see the effect when it is there",
    };
    let mut found = place::at_value(cx, &RULE, span, "design", headline).label(label).fact("allowed", allowed);
    if let Some(limit) = limit {
        found = found.also(limit, "the limit");
    }
    place::replace(cx, found, Applicability::Suggested, span, &plain(allowed))
        .help(format!("set `{key} = {}` in `[design]`", plain(allowed)))
}
