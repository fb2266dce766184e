//! MET018 not-observed.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A metric, or the exposure, has no path by which data reaches the analysis.
    ///
    /// ## Why
    /// In one public programme 19 to 26 of about 50 experiments could not be decided for this reason alone.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// planned = true
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.refund_rate.event
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// planned = false
    /// ```
    static RULE = {
        code: "MET018", name: "not-observed", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in &cx.plan.metrics {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let name = quoted(&metric.name);
        let table = crate::text::printable(&metric.name);
        let lacking = match (&defined.event, &defined.denominator) {
            (Field::Absent, _) => Some("event"),
            (_, Field::Absent) if defined.kind.copied() == Some(Kind::Ratio) => Some("denominator"),
            _ => None,
        };
        if let Some(key) = lacking {
            let headline = match key {
                "event" => format!("nothing is logged for {name}: it names no event"),
                _ => format!("ratio {name} names no denominator"),
            };
            let mut found = place::at_metric(cx, &RULE, metric, headline).label("cannot be computed");
            if let Some(span) = metric.defined {
                found = found.also(span, format!("lacks `{key}`"));
            }
            out.push(
                found.help(format!("add `{key} = \"…\"` to `[metrics.{table}]`: {}", listed(cx.catalog.events.names(), 5))),
            );
            continue;
        }
        for event in super::events_of(defined) {
            if let Some(found) = unlogged(cx, event, |text| place::at_metric(cx, &RULE, metric, text), &name) {
                out.push(found);
            }
        }
    }
    if let Some(event) = &cx.plan.exposure.event
        && let Some(span) = event.span()
    {
        let event = At { value: event.value.clone(), span };
        let at = |text| place::at_value(cx, &RULE, Some(span), "exposure", text);
        if let Some(found) = unlogged(cx, &event, at, "the exposure") {
            out.push(found);
        }
    }
}

/// An event of the catalogue that nothing logs yet, or that arrives nowhere.
fn unlogged(
    cx: &PlanCx<'_>,
    name: &At<String>,
    at: impl FnOnce(String) -> Diagnostic,
    of: &str,
) -> Option<Diagnostic> {
    let event = cx.catalog.events.get(name)?;
    let shown = quoted(name);
    if let Some(planned) = event.planned.get().filter(|planned| planned.value) {
        let found = at(format!("event {shown} of {of} is not logged yet")).label("no data would arrive");
        return Some(
            found
                .also(planned.span, "planned only")
                .help("ship the logging first, then set `planned = false`")
                .help("or use a metric on an event that is logged today"),
        );
    }
    if !event.source.is_absent() {
        return None;
    }
    let found = at(format!("event {shown} of {of} arrives at no source")).label("no path to the analysis");
    let found = match cx.catalog.events.key(name) {
        Some(span) => found.also(span, "lacks `source`"),
        None => found,
    };
    Some(found.help(format!("add `source = \"…\"`: {}", one_of(cx.catalog.sources.names(), 5))))
}
