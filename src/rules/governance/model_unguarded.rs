//! GOV013 model-unguarded.

use crate::rules::prelude::*;

rule! {
    /// A model or prompt decides what people see, and no guardrail watches what it says.
    ///
    /// ## Why
    /// Engagement alone picks bait, and a service can be fast and without errors while its answers are wrong.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// health = true
    /// #: file experiments/checkout-one-tap.toml
    /// [risk]
    /// model = true
    /// ```
    /// ```toml,good
    /// [risk]
    /// model = true
    /// ```
    static RULE = {
        code: "GOV013", name: "model-unguarded", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(model) = cx.spec.risk.value().and_then(|risk| risk.model.get()) else { return };
    if !model.value || cx.catalog.metrics.broken || cx.unreadable(&cx.spec.metrics) || cx.plan.status.value.is_over() {
        return;
    }
    let health = |name: &str| cx.catalog.metrics.get(name).is_none_or(|metric| metric.health.copied() == Some(true));
    let guardrails: Vec<_> = cx.plan.metrics_of(Role::Guardrail).collect();
    // Without any guardrail another rule speaks.
    if guardrails.is_empty() || !guardrails.iter().all(|metric| health(&metric.name)) {
        return;
    }
    let mut found = RULE
        .at(model.span, "a model decides what people see, and guardrails watch the service only")
        .label("declared");
    for metric in guardrails.iter().take(3) {
        found = found.also(metric.span, "health of the service");
    }
    out.push(found.help("add a guardrail on what people get: reports, corrections, refunds, complaints"));
}
