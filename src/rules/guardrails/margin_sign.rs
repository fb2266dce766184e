//! GRD004 margin-sign.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::HypothesisKind;

rule! {
    /// A margin is negative or zero: it is a size, counted in the metric's bad direction.
    ///
    /// ## Why
    /// With the sign reversed the guardrail would demand an improvement; at zero no sample can ever pass it.
    ///
    /// ## Source
    /// Eppo's protocol checks.
    ///
    /// ```toml,bad
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "-0.2pp" }
    /// ```
    /// ```toml,fixed
    /// metrics.guardrail = [{ metric = "refund_rate", margin = { absolute = "0.2pp" } }]
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// ```
    static RULE = {
        code: "GRD004", name: "margin-sign", since: "0.1.0",
        level: Error, fix: Safe, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor) {
        let Some(margin) = &metric.margin else { continue };
        let beats = metric.hypothesis.value == HypothesisKind::SuperiorityByMargin;
        let Some(size) = margin.absolute.or(margin.relative).filter(|size| *size <= 0.0) else { continue };
        let name = quoted(&metric.name);
        let bad = match metric.higher_is_better() {
            Some(true) => "falls",
            Some(false) => "rises",
            None => "moves the wrong way",
        };
        if size == 0.0 && beats {
            continue;
        }
        if size == 0.0 {
            let headline = format!("a margin of 0 for {name} can never be shown");
            let found = place::at_value(cx, &RULE, Some(margin.span), "metrics", headline);
            out.push(found.label("no sample rules out every harm").help("name the largest harm you accept"));
            continue;
        }
        let plain = margin.text.replacen('-', "", 1);
        let headline = format!("the margin of {name} is negative: {}", margin.text);
        let mut found = place::at_value(cx, &RULE, Some(margin.span), "metrics", headline)
            .label(format!("a margin counts how far {name} {bad}, without a sign"));
        if let Some(span) = metric.good.as_ref().and_then(|good| good.span()) {
            found = found.also(span, "the good direction");
        }
        found = place::replace(cx, found, Applicability::Safe, Some(margin.span), &format!("\"{plain}\""));
        out.push(found.help(format!("write \"{plain}\"")));
    }
}
