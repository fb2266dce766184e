//! MET014 proxy-alone.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// Only surrogates decide, and nothing shows that they follow the goal they stand for.
    ///
    /// ## Why
    /// A surrogate drifts from its goal as soon as teams optimise it.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// stands_for = "revenue_per_user"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// stands_for = "revenue_per_user"
    /// validation = "https://research.example/surrogates"
    /// ```
    static RULE = {
        code: "MET014", name: "proxy-alone", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let mut alone = Vec::new();
    for metric in cx.plan.metrics_of(Role::Primary) {
        let Some(defined) = place::definition(cx, metric) else { return };
        match (defined.stands_for.get(), &defined.validation) {
            (Some(goal), Field::Absent) => alone.push((metric, goal)),
            _ => return,
        }
    }
    let Some((metric, goal)) = alone.first() else { return };
    let (name, aim) = (quoted(&metric.name), quoted(&goal.value));
    out.push(
        place::at_metric(cx, &RULE, metric, format!("the surrogate {name} decides alone, unvalidated"))
            .label(format!("stands for {aim}"))
            .also(goal.span, "the goal it stands for")
            .help(format!("add `validation = \"https://…\"` to `[metrics.{}]`: where it was shown", crate::text::printable(&metric.name)))
            .help(format!("or add {aim} to the metrics that decide")),
    );
}
