//! GRD002 org-guardrail-missing.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A guardrail that the policy demands, everywhere or for this surface, is not among the guardrails.
    ///
    /// ## Why
    /// Other teams' metrics have no one in the room when the experiment is decided.
    ///
    /// ## Source
    /// Airbnb, Designing Experimentation Guardrails, 2021.
    ///
    /// ```toml,bad
    /// [metrics]
    /// guardrail = []
    /// [rollout]
    /// rollback = [{ metric = "page_latency", harm = "margin", min_units = 12000 }]
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// ```
    static RULE = {
        code: "GRD002", name: "org-guardrail-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if place::list_is_broken(cx, Role::Guardrail) {
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for wanted in super::required(cx) {
        let name = wanted.value.as_str();
        if seen.contains(&name) || cx.plan.metrics_of(Role::Guardrail).any(|metric| metric.name == name) {
            continue;
        }
        seen.push(name);
        let shown = quoted(name);
        let mut found = match cx.plan.metric(name) {
            Some(metric) => {
                let headline = format!("the policy asks for {shown} as guardrail; it is {}", metric.role);
                place::at_metric(cx, &RULE, metric, headline).label("in another role")
            }
            None => RULE
                .at(cx.home("metrics"), format!("guardrail {shown}, which the policy asks for, is missing"))
                .label(format!("lacks {shown}")),
        };
        found = found.also(wanted.span, "asked for here");
        let rate = cx.catalog.metrics.get(name).is_some_and(|metric| metric.kind.copied().is_some_and(|k| k.is_binary()));
        let unit = cx.catalog.metrics.get(name).and_then(|metric| metric.unit.value());
        let margin = match (rate, unit) {
            (true, _) => "…pp".to_owned(),
            (false, Some(unit)) => format!("… {}", crate::text::printable(unit)),
            (false, None) => "…".to_owned(),
        };
        out.push(found.help(format!(
            "add `[[metrics.guardrail]]` with `metric = \"{}\"` and `margin = {{ absolute = \"{margin}\" }}`",
            crate::text::printable(name)
        )));
    }
}
