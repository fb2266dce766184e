//! MET017 dangling-source.

use crate::catalog::{Event, Metric};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Day;

rule! {
    /// A metric rests on a source, a column or an event that does not exist, or ends before the run does.
    ///
    /// ## Why
    /// Catalogue clean-ups break experiments elsewhere: one of them broke 19 references in 8 configs unnoticed.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// source = "warehose"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// ends = 2027-01-31
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.revenue_per_user]
    /// value = "revenue_minor"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// source = "warehouse"
    /// ends = 2027-06-30
    /// ```
    static RULE = {
        code: "MET017", name: "dangling-source", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.catalog.events.broken || cx.catalog.sources.broken {
        return out.skip(Context::Catalog, "no complete list of events and sources: a catalogue file could not be read");
    }
    // What has ended no longer needs its events.
    if cx.plan.status.value.is_over() {
        return;
    }
    for metric in &cx.plan.metrics {
        let Some(defined) = place::definition(cx, metric) else { continue };
        for name in super::events_of(defined) {
            // An event that nobody knows is another fault: MET019.
            let Some(event) = cx.catalog.events.get(name) else { continue };
            if let Some(found) = source(cx, metric, name, event).or_else(|| ended(cx, metric, name, event)) {
                out.push(found);
            }
        }
        columns(cx, metric, defined, out);
    }
}

/// The event arrives at a source that nobody knows, or that ends.
fn source(cx: &PlanCx<'_>, metric: &PlannedMetric, name: &str, event: &Event) -> Option<Diagnostic> {
    let source = event.source.get()?;
    let of = quoted(&metric.name);
    let Some(table) = cx.catalog.sources.get(source) else {
        let headline = format!("{of} rests on source {}, which does not exist", quoted(source));
        let found = place::at_metric(cx, &RULE, metric, headline).label(format!("counts event {}", quoted(name)));
        return Some(match nearest(source, cx.catalog.sources.names()) {
            Some(near) => found.also(source.span, format!("did you mean `{near}`?")).help(format!(
                "write `source = \"{near}\"` in `[events.{}]`",
                crate::text::printable(name)
            )),
            None => found
                .also(source.span, "not in the catalogue")
                .help(format!("define `[sources.{}]` in the catalogue", crate::text::printable(source))),
        });
    };
    let ends = table.ends.get()?;
    too_early(cx, metric, ends.value).map(|until| {
        let headline = format!("source {} of {of} ends on {}", quoted(source), ends.value);
        place::at_metric(cx, &RULE, metric, headline)
            .label(until)
            .also(ends.span, "ends here")
            .help(format!("move event {} to a source that goes on, or finish before {}", quoted(name), ends.value))
    })
}

fn ended(cx: &PlanCx<'_>, metric: &PlannedMetric, name: &str, event: &Event) -> Option<Diagnostic> {
    let ends = event.ends.get()?;
    too_early(cx, metric, ends.value).map(|until| {
        let headline = format!("event {} of {} ends on {}", quoted(name), quoted(&metric.name), ends.value);
        place::at_metric(cx, &RULE, metric, headline)
            .label(until)
            .also(ends.span, "no longer logged from here on")
            .help(format!("use a metric on an event that goes on, or finish before {}", ends.value))
    })
}

/// Until when the metric needs data, when that is after `ends`.
fn too_early(cx: &PlanCx<'_>, metric: &PlannedMetric, ends: Day) -> Option<String> {
    match (cx.plan.calendar.end.as_ref().filter(|_| place::length_is_known(cx)), cx.today) {
        (Some(end), _) => {
            let last = end.value.plus(super::days_of(metric.window.as_ref()));
            (ends < last).then(|| format!("needs data until {last}"))
        }
        (None, Some(today)) => (ends < today).then(|| "ended already".to_owned()),
        (None, None) => None,
    }
}

/// A property is summed that the event does not carry.
fn columns(cx: &PlanCx<'_>, metric: &PlannedMetric, defined: &Metric, out: &mut Sink) {
    let pairs = [(&defined.event, &defined.value), (&defined.denominator, &defined.denominator_value)];
    for (event, value) in pairs {
        let (Some(event), Some(value)) = (event.get(), value.get()) else { continue };
        let properties = cx.catalog.events.get(event).and_then(|event| event.properties.value());
        let Some(properties) = properties.filter(|properties| !properties.broken) else { continue };
        if properties.get(value).is_some() {
            continue;
        }
        let headline = format!("{} sums {}, which its event lacks", quoted(&metric.name), quoted(value));
        let found = place::at_metric(cx, &RULE, metric, headline)
            .label(format!("{} carries {}", quoted(event), listed(properties.names(), 6)));
        out.push(match nearest(value, properties.names()) {
            Some(near) => found.also(value.span, format!("did you mean `{near}`?")),
            None => found
                .also(value.span, "not a property of the event")
                .help(format!("name one of its properties, or add it to `[events.{}]`", crate::text::printable(event))),
        });
    }
}
