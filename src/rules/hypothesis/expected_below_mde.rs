//! HYP005 expected-below-mde.

use crate::plan::PlannedEffect;
use crate::rules::prelude::*;
use crate::spec::quantity::plain;

rule! {
    /// The expected effect is smaller than the smallest effect that the plan can detect.
    ///
    /// ## Why
    /// The plan admits that it will probably miss what it expects.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "increase", by = { relative = "1%" } }]
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "increase", by = { relative = "5%" } }]
    /// ```
    static RULE = {
        code: "HYP005", name: "expected-below-mde", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

/// Effects are compared with this slack: 0.3 % of 10 % and 0.03pp are one effect.
const SLACK: f64 = 1e-9;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for expectation in &cx.plan.expectations {
        let metric = cx.plan.metrics_of(Role::Primary).find(|metric| metric.name == expectation.metric.value);
        let (Some(by), Some(mde)) = (&expectation.by, metric.and_then(|metric| metric.mde.as_ref())) else { continue };
        let Some((expected, planned)) = comparable(by, mde) else { continue };
        if 0.0 < expected && expected < planned * (1.0 - SLACK) {
            out.push(below(&expectation.metric, by, mde, expected, planned));
        }
    }
}

/// Both effects in one measure, without their signs.
fn comparable(by: &PlannedEffect, mde: &PlannedEffect) -> Option<(f64, f64)> {
    let relative = by.relative.zip(mde.relative);
    relative.or_else(|| by.absolute.zip(mde.absolute)).map(|(by, mde)| (by.abs(), mde.abs()))
}

fn below(metric: &str, by: &PlannedEffect, mde: &PlannedEffect, expected: f64, planned: f64) -> Diagnostic {
    // Sizes go with the square of the effect.
    let factor = (planned / expected).powi(2);
    let factor = if factor < 10.0 { plain((factor * 10.0).ceil() / 10.0) } else { count(factor.ceil()) };
    RULE.at(by.span, format!("{} of {} is expected, {} is planned for", by.text, quoted(metric), mde.text))
        .label("smaller than the mde")
        .also(mde.span, "the smallest effect that the plan detects")
        .help(format!("plan for {}: about {factor} times the units", by.text))
        .help(format!("or keep the mde, and say that less than {} will be missed", mde.text))
        .fact("expected", expected)
        .fact("mde", planned)
}
