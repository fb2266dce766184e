//! MET003 many-primaries.

use crate::rules::prelude::*;

rule! {
    /// There are more primary metrics than the policy allows.
    ///
    /// ## Why
    /// Primary metrics share the alpha, and with many of them some story can always be told: ten unrelated ones
    /// at 5 % give a false win in 40 % of experiments.
    ///
    /// ## Source
    /// Mozilla Nimbus; GrowthBook's limits.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "5%" }
    /// [[metrics.primary]]
    /// metric = "revenue_per_user"
    /// mde = { relative = "8%" }
    /// [[metrics.primary]]
    /// metric = "orders_per_user"
    /// mde = { relative = "5%" }
    /// [design]
    /// correction = "holm"
    /// [metrics]
    /// secondary = []
    /// #: file catalog/base.toml
    /// [metrics.orders_per_user]
    /// kind = "count"
    /// direction = "increase"
    /// unit = "orders"
    /// event = "order_placed"
    /// window = "3 days"
    /// baseline = "0.14 orders"
    /// sd = "0.4 orders"
    /// measured = 2026-10-01
    /// measured_on = "buyers"
    /// standing = "certified"
    /// owner = "growth"
    /// data_class = "pseudonymous"
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "5%" }
    /// [[metrics.primary]]
    /// metric = "revenue_per_user"
    /// mde = { relative = "8%" }
    /// [design]
    /// correction = "holm"
    /// [metrics]
    /// secondary = []
    /// ```
    static RULE = {
        code: "MET003", name: "many-primaries", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let most = &cx.policy.max_primaries;
    let primaries: Vec<_> = cx.plan.metrics_of(Role::Primary).collect();
    let allowed = usize::try_from(most.value.max(0)).unwrap_or(usize::MAX);
    let Some(first) = primaries.get(allowed) else { return };
    let mut found = RULE
        .at(first.span, format!("{} primary metrics; the policy allows {}", primaries.len(), most.value))
        .label(format!("number {}", allowed + 1))
        .fact("have", primaries.len() as f64)
        .fact("most", most.value as f64)
        .help("move the metrics that explain the result, but do not decide it, to `[[metrics.secondary]]`");
    if let Some(span) = most.span() {
        found = found.also(span, "the limit");
    }
    out.push(found);
}
