//! MET001 unknown-metric.

use crate::rules::prelude::*;

rule! {
    /// A metric is named that the catalogue does not define.
    ///
    /// ## Why
    /// A misspelt metric is never computed, and nobody notices until the decision date.
    ///
    /// ## Source
    /// mozilla/metric-hub#354 and its CI; MetricFlow's validation.
    ///
    /// ```toml,bad
    /// [[metrics.secondary]]
    /// metric = "revenue_per_usr"
    /// ```
    /// ```toml,fixed
    /// metrics.secondary = [{ metric = "revenue_per_user" }]
    /// ```
    /// ```toml,good
    /// [[metrics.secondary]]
    /// metric = "revenue_per_user"
    /// ```
    static RULE = {
        code: "MET001", name: "unknown-metric", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.catalog.metrics.broken {
        return out.skip(Context::Catalog, "no complete list of metrics: a catalogue file could not be read");
    }
    for metric in cx.plan.metrics.iter().filter(|metric| metric.defined.is_none()) {
        out.push(unknown(cx, &metric.name, metric.span));
    }
    let reduction = cx.spec.design.value().and_then(|design| design.variance_reduction.value());
    if let Some(covariate) = reduction.and_then(|reduction| reduction.covariate.get())
        && cx.catalog.metrics.get(covariate).is_none()
    {
        out.push(unknown(cx, covariate, covariate.span));
    }
}

fn unknown(cx: &PlanCx<'_>, name: &str, span: Span) -> Diagnostic {
    let found = RULE.at(span, format!("unknown metric {}", quoted(name)));
    match nearest(name, cx.catalog.metrics.names()) {
        Some(near) => found.label(format!("did you mean `{near}`?")).fix(
            Applicability::Suggested,
            format!("write \"{near}\""),
            vec![Edit { span, replacement: format!("\"{near}\"") }],
        ),
        None => found
            .label("not in the catalogue")
            .help(format!("define `[metrics.{}]` in the catalogue", crate::text::printable(name)))
            .help(format!("or name {}", one_of(cx.catalog.metrics.names(), 8))),
    }
}
