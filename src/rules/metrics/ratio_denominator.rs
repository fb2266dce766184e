//! MET009 ratio-denominator.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The denominator of a deciding ratio comes after exposure, and no other metric of the spec watches it.
    ///
    /// ## Why
    /// A ratio can rise while both of its parts fall: fewer sessions with the same clicks look like a win.
    ///
    /// ## Source
    /// Dmitriev et al., A Dirty Dozen: metric interpretation pitfalls, KDD 2017.
    ///
    /// ```toml,bad
    /// [[metrics.guardrail]]
    /// metric = "refunds_per_order"
    /// margin = { relative = "15%" }
    /// [metrics]
    /// secondary = []
    /// primary = [{ metric = "opened_orders", mde = { relative = "3%" } }]
    /// [hypothesis]
    /// expect = [{ metric = "opened_orders", direction = "increase" }]
    /// [rollout]
    /// rollback = [{ metric = "page_latency", harm = "margin", min_units = 12000 }]
    /// #: file catalog/base.toml
    /// [events.checkout_paid]
    /// about = "Checkout was paid"
    /// source = "warehouse"
    /// owner = "growth"
    /// [metrics.opened_orders]
    /// kind = "proportion"
    /// direction = "increase"
    /// event = "checkout_paid"
    /// window = "3 days"
    /// baseline = "11%"
    /// measured = 2026-10-01
    /// standing = "certified"
    /// owner = "growth"
    /// data_class = "pseudonymous"
    /// [metrics.refunds_per_order]
    /// kind = "ratio"
    /// direction = "decrease"
    /// unit = "refunds"
    /// event = "order_refunded"
    /// denominator = "order_placed"
    /// window = "3 days"
    /// baseline = "0.1 refunds"
    /// sd = "0.3 refunds"
    /// measured = 2026-10-01
    /// standing = "certified"
    /// owner = "growth"
    /// data_class = "pseudonymous"
    /// #: file expc.toml
    /// #: without policy.required_guardrails
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refunds_per_order"
    /// margin = { relative = "15%" }
    /// [rollout]
    /// rollback = [{ metric = "page_latency", harm = "margin", min_units = 12000 }]
    /// #: file catalog/base.toml
    /// [metrics.refunds_per_order]
    /// kind = "ratio"
    /// direction = "decrease"
    /// unit = "refunds"
    /// event = "order_refunded"
    /// denominator = "order_placed"
    /// window = "3 days"
    /// baseline = "0.1 refunds"
    /// sd = "0.3 refunds"
    /// measured = 2026-10-01
    /// standing = "certified"
    /// owner = "growth"
    /// data_class = "pseudonymous"
    /// #: file expc.toml
    /// #: without policy.required_guardrails
    /// ```
    static RULE = {
        code: "MET009", name: "ratio-denominator", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let exposure = cx.plan.exposure.event.as_ref().map(|event| event.value.as_str());
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let Some(below) = defined.denominator.get().filter(|_| defined.kind.copied() == Some(Kind::Ratio)) else {
            continue;
        };
        let watched = cx.plan.metrics.iter().filter(|other| other.name != metric.name).any(|other| {
            cx.catalog.metrics.get(&other.name).is_some_and(|other| other.event.value() == Some(&below.value))
        });
        if watched || exposure == Some(below.value.as_str()) {
            continue;
        }
        let event = quoted(&below.value);
        out.push(
            place::at_metric(
                cx,
                &RULE,
                metric,
                format!("the change may move the denominator of {}", quoted(&metric.name)),
            )
            .label("can rise while both of its parts fall")
            .also(below.span, "comes after exposure; no metric watches it")
            .help(format!("add a metric that counts {event} to `[[metrics.secondary]]`")),
        );
    }
}
