//! MET007 metric-not-certified.

use crate::catalog::Standing;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A deprecated or experimental metric decides: it is primary or guardrail.
    ///
    /// ## Why
    /// Its definition may move during the run, and then the same name is another number.
    ///
    /// ## Source
    /// Eppo's certified metrics; GrowthBook's official metrics.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// standing = "deprecated"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// standing = "certified"
    /// ```
    static RULE = {
        code: "MET007", name: "metric-not-certified", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let standing = match &defined.standing {
            Field::Set(standing) => standing.value,
            Field::Absent => Standing::Experimental,
            Field::Broken(_) => continue,
        };
        if standing == Standing::Certified {
            continue;
        }
        let headline = format!("{} metric {} is {standing}", metric.role, quoted(&metric.name));
        let found = place::at_metric(cx, &RULE, metric, headline).label("its definition may move during the run");
        let found = match (defined.standing.span(), metric.defined) {
            (Some(span), _) => found.also(span, "its standing"),
            (None, Some(span)) => found.also(span, "says nothing of `standing`: experimental"),
            (None, None) => found,
        };
        out.push(match standing {
            Standing::Deprecated => found.help("use the metric that replaces it"),
            _ => found.help("have its owner review it and set `standing = \"certified\"` in the catalogue"),
        });
    }
}
