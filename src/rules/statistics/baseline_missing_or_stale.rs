//! STA004 baseline-missing-or-stale.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A deciding metric has no baseline, or one that is older than the policy allows at the start.
    ///
    /// ## Why
    /// A size from a baseline that nobody measured is power from thin air.
    ///
    /// ## Source
    /// Statsig's power analysis.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.refund_rate.baseline
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// measured = 2026-03-01
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// measured = 2026-09-01
    /// ```
    static RULE = {
        code: "STA004", name: "baseline-missing-or-stale", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog, Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let start = cx.plan.calendar.start.as_ref().map(|start| start.value);
    let most = &cx.policy.max_baseline_age;
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let name = quoted(&metric.name);
        let table = crate::text::printable(&metric.name);
        if defined.baseline.is_absent() {
            let mut found = place::at_metric(cx, &RULE, metric, format!("{name} has no baseline to size from"))
                .label("its usual value is unknown");
            if let Some(span) = metric.defined {
                found = found.also(span, "lacks `baseline`");
            }
            out.push(found.help(format!("measure it, and add `baseline` and `measured` to `[metrics.{table}]`")));
            continue;
        }
        let Some(measured) = defined.measured.get() else {
            if defined.measured.is_absent() {
                out.skip(format!("no `measured` date for metric {name}"));
            }
            continue;
        };
        let Some(day) = start.or(cx.today) else {
            out.skip("no start date");
            continue;
        };
        let age = measured.value.until(day);
        if age <= i64::from(most.value.whole_days()) {
            continue;
        }
        let when = if start.is_some() { "at the start" } else { "today" };
        let mut found =
            place::at_metric(cx, &RULE, metric, format!("the baseline of {name} is {age} days old {when}"))
                .label(format!("the policy allows {}", days(most.value.whole_days())))
                .also(measured.span, "last measured")
                .fact("age_days", age as f64)
                .fact("most_days", f64::from(most.value.whole_days()));
        if let Some(span) = most.span() {
            found = found.also(span, "the limit");
        }
        out.push(found.help(format!("measure it again, and update `baseline` and `measured` in `[metrics.{table}]`")));
    }
}
