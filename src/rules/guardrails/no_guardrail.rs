//! GRD001 no-guardrail.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The experiment has no guardrail metric.
    ///
    /// ## Why
    /// A win on one number can cost more elsewhere, and nobody would look.
    ///
    /// ## Source
    /// Airbnb, Designing Experimentation Guardrails, 2021; Schultzberg, Ankargren, Frånberg (Spotify), 2024.
    ///
    /// ```toml,bad
    /// #: without metrics.guardrail
    /// [[metrics.monitor]]
    /// metric = "page_latency"
    /// [rollout]
    /// rollback = [{ metric = "page_latency", harm = "difference", threshold = "50 ms", min_units = 1000 }]
    /// #: file templates/conversion-ab.toml
    /// #: without metrics
    /// [template]
    /// protected = ["design.alpha", "design.srm", "rollout.kill_switch"]
    /// #: file expc.toml
    /// #: without policy.required_guardrails
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// ```
    static RULE = {
        code: "GRD001", name: "no-guardrail", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let written = cx.spec.metrics.value().and_then(|metrics| metrics.guardrail.value());
    if written.is_some_and(|list| !list.is_empty()) || place::list_is_broken(cx, Role::Guardrail) {
        return;
    }
    // The policy's own guardrails are asked for by name: GRD002.
    if super::required(cx).next().is_some() {
        return;
    }
    let healthy = cx.catalog.metrics.iter().filter(|(.., metric)| metric.health.copied() == Some(true));
    let names: Vec<&str> = healthy.map(|(name, ..)| name).collect();
    let mut found =
        RULE.at(cx.home("metrics"), "no guardrail: a win may cost more elsewhere").label("lacks `guardrail`");
    found = found.help("add `[[metrics.guardrail]]` with `metric` and `margin`, the largest harm you accept");
    if !names.is_empty() {
        found = found.help(format!("start with {}: metrics of the service's health", listed(names, 4)));
    }
    out.push(found);
}
