//! HYP006 direction-conflict.

use crate::rules::prelude::*;
use crate::spec::Direction;

rule! {
    /// The hypothesis expects a metric to move the bad way, and is not marked as a test of harm.
    ///
    /// ## Why
    /// A mistaken sign turns the decision round: a loss is shipped as a win.
    ///
    /// ## Source
    /// Checks of Eppo.
    ///
    /// ```toml,bad
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "decrease" }]
    /// ```
    /// ```toml,fixed
    /// hypothesis.expect = [{ metric = "order_conversion", direction = "increase" }]
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "decrease" }]
    /// harm_test = true
    /// ```
    static RULE = {
        code: "HYP006", name: "direction-conflict", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(hypothesis) = cx.spec.hypothesis.value() else { return };
    // An unreadable mark may say that the harm is meant.
    if hypothesis.harm_test.copied() == Some(true) || matches!(hypothesis.harm_test, Field::Broken(_)) {
        return;
    }
    for expectation in &cx.plan.expectations {
        let good = cx.plan.metric(&expectation.metric).and_then(|metric| metric.good.as_ref());
        let (Some(expected), Some(good)) = (&expectation.direction, good) else { continue };
        if expected.value == good.value {
            continue;
        }
        let place = expected.span().unwrap_or(expectation.metric.span);
        let way = if good.value == Direction::Increase { "more" } else { "less" };
        let found = RULE
            .at(place, format!("{} is expected to get worse", quoted(&expectation.metric)))
            .label(format!("{way} of it is good"));
        let found = match good.span() {
            Some(span) => found.also(span, "the good direction"),
            None => found,
        };
        out.push(
            found
                .help(format!("write \"{}\", or add `harm_test = true` when the harm is what you measure", good.value))
                .fix(
                    Applicability::Suggested,
                    format!("expect \"{}\"", good.value),
                    vec![Edit { span: place, replacement: format!("\"{}\"", good.value) }],
                ),
        );
    }
}
