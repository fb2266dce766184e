//! MET027 property-misfit.

use crate::catalog::{AttributeType, Metric, Property};
use crate::rules::audience::unknown_attribute::{self, plural};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Named;

rule! {
    /// A metric sums a property that holds no number, or filters by one that its event lacks or that never fits.
    ///
    /// ## Why
    /// A sum over text is an error or a zero, and a filter that never holds makes every count zero: found on decision day.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// properties = { revenue_usd = "string" }
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.revenue_per_user]
    /// filter = [{ attribute = "curency", is = "USD" }]
    /// [events.order_placed]
    /// properties = { revenue_usd = "number", currency = "string" }
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.revenue_per_user]
    /// filter = [{ attribute = "first_order", is = "yes" }]
    /// [events.order_placed]
    /// properties = { revenue_usd = "number", first_order = "boolean" }
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.revenue_per_user]
    /// filter = [{ attribute = "currency", is = "USD" }]
    /// [events.order_placed]
    /// properties = { revenue_usd = "number", currency = { type = "string", data_class = "aggregate" } }
    /// ```
    static RULE = {
        code: "MET027", name: "property-misfit", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    for metric in &cx.plan.metrics {
        let Some(defined) = place::definition(cx, metric).map(|defined| -> &Metric { defined }) else { continue };
        for (event, value) in [(&defined.event, &defined.value), (&defined.denominator, &defined.denominator_value)] {
            let (Some(event), Some(value)) = (event.get(), value.get()) else { continue };
            let held = properties(cx, event).and_then(|known| known.get(value));
            let Some(held) = held else { continue };
            let Some(kind) = held.r#type.filter(|kind| *kind != AttributeType::Number) else { continue };
            let headline = format!("{} sums {}, which holds {}", quoted(&metric.name), quoted(value), plural(kind));
            out.push(
                place::at_metric(cx, &RULE, metric, headline)
                    .label("cannot be added up")
                    .also(held.span, "its type")
                    .also(value.span, "summed here")
                    .help("sum a property that holds a number, or count the event: take `value` out"),
            );
        }
        filters(cx, metric, defined, out);
    }
}

/// The properties of an event, when all of them could be read.
fn properties<'a>(cx: &PlanCx<'a>, event: &str) -> Option<&'a Named<Property>> {
    cx.catalog.events.get(event)?.properties.value().filter(|properties| !properties.broken)
}

fn filters(cx: &PlanCx<'_>, metric: &PlannedMetric, defined: &Metric, out: &mut Sink) {
    let Some((event, known)) = defined.event.get().and_then(|event| Some((event, properties(cx, event)?))) else {
        return;
    };
    for condition in defined.filter.value().into_iter().flat_map(|list| list.iter()) {
        let Some(name) = condition.attribute.get() else { continue };
        let shown = quoted(&metric.name);
        match known.get(name) {
            // What is known of the unit can be joined to its events.
            None if cx.catalog.attributes.get(name).is_some() || cx.catalog.attributes.broken => {}
            None => {
                let headline = format!("{shown} filters by {}, which its event lacks", quoted(name));
                let carries = match known.is_empty() {
                    true => format!("{} carries no property", quoted(event)),
                    false => format!("{} carries {}", quoted(event), listed(known.names(), 6)),
                };
                let found = place::at_metric(cx, &RULE, metric, headline).label(carries);
                out.push(match nearest(name, known.names()) {
                    Some(near) => found
                        .also(name.span, format!("did you mean `{near}`?"))
                        .help(format!("write `attribute = \"{near}\"` in the filter")),
                    None => found.also(name.span, "not a property of the event").help(format!(
                        "name one of its properties, or add it to `[events.{}]`",
                        crate::text::printable(event)
                    )),
                });
            }
            Some(held) => {
                let Some(kind) = held.r#type else { continue };
                let misfit =
                    condition.comparisons().into_iter().find(|comparison| !unknown_attribute::fits(kind, comparison));
                let Some(comparison) = misfit else { continue };
                let headline = format!("{shown} filters {} by what it can never be", quoted(name));
                out.push(
                    place::at_metric(cx, &RULE, metric, headline)
                        .label("would count nothing, or everything")
                        .also(comparison.span, "not one of its values")
                        .also(held.span, format!("holds {}", plural(kind)))
                        .help(unknown_attribute::wanted(kind)),
                );
            }
        }
    }
}
