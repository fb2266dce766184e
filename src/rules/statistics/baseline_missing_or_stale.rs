//! STA004 baseline-missing-or-stale.

use crate::catalog::{Kind, Metric};
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A deciding metric has no baseline, one that is older than the policy allows at the start, or one over another
    /// window than the metric is counted.
    ///
    /// Counts with a dispersion and times to an event are converted from the `baseline_window` that the catalogue
    /// states; other kinds are not.
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
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// window = "2 days"
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// window = "2 days"
    /// baseline = "11%"
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
        let own = place::entry(cx, metric).is_some_and(|entry| !entry.baseline.is_absent());
        if own {
            continue;
        }
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
        if let Some(found) = other_window(cx, metric, defined) {
            out.push(found);
        }
        let Some(measured) = defined.measured.get() else {
            if defined.measured.is_absent() {
                out.skip(Context::Traffic, format!("no `measured` date for metric {name}"));
            }
            continue;
        };
        let Some(day) = start.or(cx.today) else {
            out.skip(Context::Traffic, "no start date");
            continue;
        };
        let age = measured.value.until(day);
        if age <= i64::from(most.value.whole_days()) {
            continue;
        }
        let when = if start.is_some() { "at the start" } else { "today" };
        let mut found =
            place::at_metric(cx, &RULE, metric, format!("baseline of {name} is {age} days old {when}"))
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

/// A baseline over another window than the one that the experiment counts.
fn other_window(cx: &PlanCx<'_>, metric: &PlannedMetric, defined: &At<Metric>) -> Option<Diagnostic> {
    let stated = defined.baseline_window.get();
    let measured = stated.or(defined.window.get())?;
    let counted = metric.window.as_ref().filter(|window| window.value != measured.value)?;
    let kind = metric.kind.as_ref()?.value;
    let by_rate = kind == Kind::TimeToEvent || (kind == Kind::Count && metric.measured.dispersion.is_some());
    if by_rate && stated.is_some() {
        return None;
    }
    let (name, long) = (quoted(&metric.name), |span: crate::spec::Duration| place::span_text(span));
    let headline =
        format!("{name} counts {}; its baseline covers {}", long(counted.value), long(measured.value));
    let place = counted.span().or(defined.baseline.span());
    let mut found = place::at_value(cx, &RULE, place, "metrics", headline)
        .label("sized for another number")
        .also(measured.span, "the window of the baseline");
    found = match by_rate {
        true => found.help("state the `baseline_window` of the catalogue's number: it is then converted"),
        false => found,
    };
    Some(found.help(format!("measure it over {}, and write `baseline` beside `window`", long(counted.value))))
}
