//! STA005 variance-missing.

use crate::catalog::{Kind, Metric};
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A deciding metric lacks what its kind takes its noise from.
    ///
    /// A mean needs a standard deviation; a count that or a dispersion; a ratio that or its parts; a quantile that, the
    /// density at the quantile, or a past interval; a time to an event a window; a switchback the deviation between periods.
    ///
    /// ## Why
    /// Its sample size cannot be computed: noise, not the mean, sets how many units are needed.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.page_latency.sd
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.page_latency]
    /// sd = "310 ms"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.page_latency.sd
    /// #: without metrics.page_latency.cap
    /// [metrics.page_latency]
    /// kind = "quantile"
    /// density = 0.0016
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// #: without metrics.page_latency.sd
    /// #: without metrics.page_latency.cap
    /// [metrics.page_latency]
    /// kind = "quantile"
    /// quantile = "50%"
    /// density = 0.0016
    /// ```
    static RULE = {
        code: "STA005", name: "variance-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let periods = cx.plan.design.switchback.as_ref().filter(|switchback| switchback.period.is_some());
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let Some(kind) = metric.kind.as_ref() else { continue };
        let entry = place::entry(cx, metric);
        if periods.is_some() {
            if entry.is_some_and(|entry| entry.period_sd.is_absent()) {
                out.push(of_periods(cx, metric));
            }
            continue;
        }
        // A deviation that is written and could not be read is another fault.
        let written = !defined.sd.is_absent() || entry.is_some_and(|entry| !entry.sd.is_absent());
        let Some(lack) = lack(kind.value, defined, metric) else { continue };
        if written && kind.value != Kind::TimeToEvent {
            continue;
        }
        let headline = format!("{} has no {} to size from", quoted(&metric.name), lack.what);
        let mut found = place::at_metric(cx, &RULE, metric, headline).label(format!("a {} needs one", kind.value));
        if let Some(span) = metric.defined {
            found = found.also(span, format!("lacks `{}`", lack.key));
        }
        let unit = metric.unit.as_ref().map_or(String::new(), |unit| format!(" {}", crate::text::printable(&unit.value)));
        let table = crate::text::printable(&metric.name);
        if lack.key == "sd" {
            let long = metric.window.as_ref().map_or("the window".to_owned(), |window| place::span_text(window.value));
            found = found
                .help(format!("measure it between units over {long}, and add `sd = \"…{unit}\"` to `[metrics.{table}]`"));
        }
        out.push(lack.other.iter().fold(found, |found, way| found.help(format!("{way} to `[metrics.{table}]`"))));
    }
}

/// What is missing, its key, and what would do instead.
struct Lack {
    what: &'static str,
    key: &'static str,
    other: &'static [&'static str],
}

fn lack(kind: Kind, defined: &At<Metric>, metric: &PlannedMetric) -> Option<Lack> {
    let sd = |other: &'static [&'static str]| Some(Lack { what: "standard deviation", key: "sd", other });
    match kind {
        Kind::Proportion | Kind::Retention => None,
        Kind::TimeToEvent if metric.window.is_none() && defined.window.is_absent() => {
            Some(Lack { what: "window", key: "window", other: &["add `window`, over which units are followed,"] })
        }
        Kind::TimeToEvent => None,
        Kind::Mean => sd(&[]),
        Kind::Count if !defined.dispersion.is_absent() => None,
        Kind::Count => sd(&["or add `dispersion`, 0 when events are independent,"]),
        Kind::Ratio if !defined.parts.is_absent() => None,
        Kind::Ratio => sd(&["or add `parts`: the deviations of numerator and denominator, and their correlation,"]),
        Kind::Quantile if !defined.interval.is_absent() => None,
        Kind::Quantile if !defined.density.is_absent() && defined.quantile.is_absent() => {
            Some(Lack { what: "`quantile`", key: "quantile", other: &["add `quantile`, the one that `density` belongs to,"] })
        }
        Kind::Quantile if !defined.density.is_absent() => None,
        Kind::Quantile => sd(&["or add `density`, or a past `interval` of the quantile,"]),
    }
}

/// A switchback compares periods, whatever the kind.
fn of_periods(cx: &PlanCx<'_>, metric: &PlannedMetric) -> Diagnostic {
    let headline = format!("{} has no deviation between periods to size from", quoted(&metric.name));
    let mut found = place::at_metric(cx, &RULE, metric, headline).label("lacks `period_sd`");
    if let Some(span) = cx.spec.design.value().and_then(|design| design.switchback.span()) {
        found = found.also(span, "periods are what is compared");
    }
    found.help("measure it between past periods of this length, after the wash-out, and add `period_sd` beside the metric")
}
