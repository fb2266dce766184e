//! MET005 direction-missing.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A primary or guardrail metric has no good direction.
    ///
    /// ## Why
    /// "Up is good" is then assumed, also for refunds and latency: 1,358 of 1,902 local metrics in public
    /// configurations left it open.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.refund_rate.direction
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// direction = "decrease"
    /// margin = { absolute = "0.2pp" }
    /// #: file catalog/base.toml
    /// #: without metrics.refund_rate.direction
    /// ```
    static RULE = {
        code: "MET005", name: "direction-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in place::deciding(cx.plan).filter(|metric| metric.good.is_none()) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let here = place::entry(cx, metric).is_some_and(|entry| entry.direction.is_absent());
        if !defined.direction.is_absent() || !here {
            continue;
        }
        let mut found = place::at_metric(
            cx,
            &RULE,
            metric,
            format!("nobody says which way {} is good", quoted(&metric.name)),
        )
        .label(format!("a {} metric needs a direction", metric.role));
        if let Some(span) = metric.defined {
            found = found.also(span, "lacks `direction`");
        }
        out.push(found.help(format!(
            "add `direction = \"increase\"` or `direction = \"decrease\"` to `[metrics.{}]` in the catalogue",
            crate::text::printable(&metric.name)
        )));
    }
}
