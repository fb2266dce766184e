//! HYP003 expects-unlisted-metric.

use crate::rules::prelude::*;

rule! {
    /// The hypothesis is about a metric that is not primary.
    ///
    /// ## Why
    /// The test then answers another question than the one that was asked.
    ///
    /// ## Source
    /// CONSORT; Fabijan et al., Three Key Checklists, ICSE-SEIP 2019.
    ///
    /// ```toml,bad
    /// [hypothesis]
    /// expect = [{ metric = "revenue_per_user", direction = "increase" }]
    /// ```
    /// ```toml,bad
    /// [hypothesis]
    /// expect = [{ metric = "order_conversoin", direction = "increase" }]
    /// ```
    /// ```toml,fixed
    /// hypothesis.expect = [{ metric = "order_conversion", direction = "increase" }]
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "increase" }]
    /// ```
    static RULE = {
        code: "HYP003", name: "expects-unlisted-metric", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let list = cx.spec.metrics.value().and_then(|metrics| metrics.primary.value());
    // Without readable primaries nothing is known to be unlisted.
    if cx.is_incomplete() || list.is_none_or(|list| list.broken) {
        return;
    }
    let primaries: Vec<&str> = cx.plan.metrics_of(Role::Primary).map(|metric| metric.name.as_str()).collect();
    if primaries.is_empty() {
        return;
    }
    for expectation in &cx.plan.expectations {
        let name = &expectation.metric;
        if primaries.contains(&name.value.as_str()) {
            continue;
        }
        let listed_as = cx.plan.metric(name);
        let headline = match listed_as {
            Some(metric) => format!("the hypothesis expects {}, a {} metric", quoted(name), metric.role),
            None => format!("the hypothesis expects {}, which is not registered", quoted(name)),
        };
        let mut found = RULE.at(name.span, headline);
        if let Some(metric) = listed_as {
            found = found.also(metric.span, format!("{} here", metric.role));
        }
        let near = nearest(name, primaries.iter().copied()).filter(|_| listed_as.is_none());
        out.push(match near {
            Some(near) => found.label(format!("did you mean `{near}`?")).fix(
                Applicability::Suggested,
                format!("expect `{near}`"),
                vec![Edit { span: name.span, replacement: format!("\"{near}\"") }],
            ),
            None => found
                .label("not a primary metric")
                .help(format!("expect a primary metric: {}", listed(primaries.iter().copied(), 4)))
                .help("or list it under `[[metrics.primary]]`, with an `mde`"),
        });
    }
}
