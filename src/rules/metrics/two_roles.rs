//! MET004 two-roles.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// One metric is listed twice: in two roles, or two times in one.
    ///
    /// ## Why
    /// It would be tested twice under two rules, and the two answers may differ.
    ///
    /// ## Source
    /// Mozilla Nimbus and Experimenter.
    ///
    /// ```toml,bad
    /// [[metrics.secondary]]
    /// metric = "order_conversion"
    /// ```
    /// ```toml,fixed
    /// #: without metrics.secondary
    /// ```
    /// ```toml,good
    /// [[metrics.secondary]]
    /// metric = "revenue_per_user"
    /// ```
    static RULE = {
        code: "MET004", name: "two-roles", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for (index, metric) in cx.plan.metrics.iter().enumerate() {
        let Some(first) = cx.plan.metrics[..index].iter().find(|other| other.name == metric.name) else { continue };
        let name = quoted(&metric.name);
        let headline = match first.role == metric.role {
            true => format!("{name} is listed twice as {} metric", metric.role),
            false => format!("{name} is both {} and {} metric", first.role, metric.role),
        };
        let found = RULE
            .at(metric.span, headline)
            .label(format!("again, as {}", metric.role))
            .also(first.span, format!("first, as {}", first.role))
            .help(format!("remove it from `metrics.{}`", metric.role));
        out.push(place::remove_element(cx, found, Applicability::Suggested, metric.entry));
    }
}
