//! GRD003 margin-missing.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::HypothesisKind;

rule! {
    /// A guardrail has no margin: the harm that would be accepted.
    ///
    /// ## Why
    /// "Not significantly worse" is passed by every small sample; only a margin lets the data show safety.
    ///
    /// ## Source
    /// CONSORT extension for non-inferiority; Schultzberg, Ankargren, Frånberg (Spotify), 2024.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// hypothesis = "equivalence"
    /// ```
    /// ```toml,bad
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// ```
    static RULE = {
        code: "GRD003", name: "margin-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor) {
        let kind = metric.hypothesis.value;
        let name = quoted(&metric.name);
        if metric.role == Role::Guardrail && kind == HypothesisKind::Superiority {
            let headline = format!("guardrail {name} is tested for an effect, not for the absence of harm");
            let found = place::at_value(cx, &RULE, metric.hypothesis.span(), "metrics", headline);
            out.push(found.label("no margin protects it").help("leave `hypothesis` out, and give the guardrail a `margin`"));
            continue;
        }
        if kind == HypothesisKind::Superiority
            || !place::entry(cx, metric).is_some_and(|entry| entry.margin.is_absent())
        {
            continue;
        }
        let (label, meaning) = match kind {
            HypothesisKind::Equivalence => {
                ("a small sample would always pass", "the largest change, either way, that means nothing to you")
            }
            HypothesisKind::SuperiorityByMargin => ("nothing to beat", "what the effect must beat"),
            _ => ("a small sample would always pass", "the largest harm that you accept"),
        };
        let bad = match metric.higher_is_better() {
            _ if kind != HypothesisKind::NonInferiority => meaning.to_owned(),
            Some(true) => format!("the largest fall in {name} that you accept"),
            Some(false) => format!("the largest rise in {name} that you accept"),
            None => meaning.to_owned(),
        };
        let what = if metric.role == Role::Guardrail { "guardrail" } else { "metric" };
        let found =
            place::at_metric(cx, &RULE, metric, format!("{what} {name} has no margin")).label(label);
        let example = match &metric.baseline {
            Some(base) => format!("{{ absolute = \"{}\" }}", place::change(metric, base.value.abs() * 0.05)),
            None => "{ relative = \"5%\" }".to_owned(),
        };
        out.push(found.help(format!("add `margin = {example}`: {bad}")));
    }
}
