//! GRD008 health-guards.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// No guardrail or monitor metric watches the health of the service: errors, latency, crashes.
    ///
    /// ## Why
    /// Most changes that are taken back are taken back for breakage, not for the number they were tested on.
    ///
    /// ## Source
    /// LaunchDarkly's guarded rollouts; GrowthBook's safe rollouts.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.page_latency]
    /// health = false
    /// [metrics.error_rate]
    /// kind = "proportion"
    /// direction = "decrease"
    /// event = "page_shown"
    /// owner = "growth"
    /// health = true
    /// [objectives.errors]
    /// about = "Fewer errors"
    /// metric = "error_rate"
    /// owner = "growth"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.page_latency]
    /// health = true
    /// ```
    static RULE = {
        code: "GRD008", name: "health-guards", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let watching = || cx.plan.metrics.iter().filter(|metric| matches!(metric.role, Role::Guardrail | Role::Monitor));
    let watched = watching()
        .filter_map(|metric| place::definition(cx, metric))
        .any(|metric| metric.health.copied() == Some(true));
    let unclear = watching().any(|metric| metric.defined.is_none())
        || place::list_is_broken(cx, Role::Guardrail)
        || place::list_is_broken(cx, Role::Monitor);
    // Without any guardrail that is the fault: GRD001.
    if watched || unclear || cx.plan.metrics_of(Role::Guardrail).next().is_none() {
        return;
    }
    let healthy = cx.catalog.metrics.iter().filter(|(.., metric)| metric.health.copied() == Some(true));
    let known: Vec<&str> = healthy.map(|(name, ..)| name).collect();
    if known.is_empty() {
        return out.skip(Context::Catalog, "no metric with `health = true` in the catalogue");
    }
    out.push(
        RULE.at(cx.home("metrics"), "no metric watches errors, latency or crashes")
            .label("a broken variant would run on")
            .help(format!("add {} to `[[metrics.monitor]]` or `[[metrics.guardrail]]`", one_of(known, 4))),
    );
}
