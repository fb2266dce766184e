//! GRD003 margin-missing.

use crate::rules::place;
use crate::rules::prelude::*;

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
    for metric in cx.plan.metrics_of(Role::Guardrail) {
        if !place::entry(cx, metric).is_some_and(|entry| entry.margin.is_absent()) {
            continue;
        }
        let name = quoted(&metric.name);
        let bad = match metric.higher_is_better() {
            Some(true) => "fall",
            Some(false) => "rise",
            None => "change for the worse",
        };
        let found = place::at_metric(cx, &RULE, metric, format!("guardrail {name} has no margin"))
            .label("a small sample would always pass");
        let example = match &metric.baseline {
            Some(base) => format!("{{ absolute = \"{}\" }}", place::change(metric, base.value.abs() * 0.05)),
            None => "{ relative = \"5%\" }".to_owned(),
        };
        out.push(found.help(format!("add `margin = {example}`: the largest {bad} in {name} that you accept")));
    }
}
