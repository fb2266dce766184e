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
    let healthy = |name: &str| cx.catalog.metrics.get(name).is_some_and(|metric| metric.health.copied() == Some(true));
    let known: Vec<&str> = cx.catalog.metrics.names().filter(|name| healthy(name)).collect();
    if known.is_empty() {
        return out.skip("no metric with `health = true` in the catalogue");
    }
    let broken = [Role::Guardrail, Role::Monitor].iter().any(|role| place::list_is_broken(cx, *role));
    let unknown = cx.plan.metrics.iter().any(|metric| metric.defined.is_none());
    let watched = [Role::Guardrail, Role::Monitor].iter().any(|role| cx.plan.metrics_of(*role).any(|m| healthy(&m.name)));
    // Without any guardrail that is the fault: GRD001.
    if watched || broken || unknown || cx.plan.metrics_of(Role::Guardrail).next().is_none() {
        return;
    }
    out.push(
        RULE.at(cx.home("metrics"), "no metric watches errors, latency or crashes")
            .label("a broken variant would run on")
            .help(format!("add one of {} to `[[metrics.monitor]]` or `[[metrics.guardrail]]`", listed(known, 4))),
    );
}
