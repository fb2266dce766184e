//! MET016 post-treatment-filter.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Population;

rule! {
    /// A metric, a segment or the analysed population is selected by what the change itself can alter.
    ///
    /// ## Why
    /// Selection after treatment breaks the randomisation: the variants are no longer comparable, at any size.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020; GrowthBook's docs on activation metrics.
    ///
    /// ```toml,bad
    /// [exposure]
    /// event = "order_placed"
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// rate = "60%"
    /// ```
    /// ```toml,bad
    /// [design]
    /// segments = ["basket_size"]
    /// #: file catalog/base.toml
    /// [attributes.basket_size]
    /// about = "Items in the cart"
    /// type = "number"
    /// mutable = true
    /// data_class = "pseudonymous"
    /// owner = "growth"
    /// ```
    /// ```toml,good
    /// [exposure]
    /// event = "checkout_opened"
    /// [design]
    /// segments = ["platform"]
    /// ```
    static RULE = {
        code: "MET016", name: "post-treatment-filter", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    by_outcome(cx, out);
    let mutable = |name: &str| cx.catalog.attributes.get(name).filter(|entry| entry.mutable.copied() == Some(true));
    for segment in &cx.plan.design.segments {
        if let Some(attribute) = mutable(segment) {
            let name = quoted(segment);
            let mut found = place::at_value(
                cx,
                &RULE,
                Some(segment.span),
                "design",
                format!("segment {name} can be moved by the change"),
            )
            .label("read after assignment, it selects by outcome");
            if let Some(span) = attribute.mutable.span() {
                found = found.also(span, "the product can change it");
            }
            out.push(found.help("segment by a value from before assignment, which the change cannot alter"));
        }
    }
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        for condition in defined.filter.value().into_iter().flat_map(|list| list.iter()) {
            let Some(name) = condition.attribute.get() else { continue };
            if mutable(name).is_none() {
                continue;
            }
            let headline = format!("{} is filtered by {}, which may move", quoted(&metric.name), quoted(name));
            out.push(
                place::at_metric(cx, &RULE, metric, headline)
                    .label("counts other units in each variant")
                    .also(name.span, "the change can alter this attribute")
                    .help("filter by a property from before assignment, or count without the filter"),
            );
        }
    }
}

/// The exposure event is the outcome of a deciding metric: only successes would be analysed.
fn by_outcome(cx: &PlanCx<'_>, out: &mut Sink) {
    let exposure = &cx.plan.exposure;
    let Some(event) = exposure.event.as_ref().filter(|_| exposure.population.value == Population::Exposed) else {
        return;
    };
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        // A mean over page views may well start at the first view; a yes-or-no outcome may not.
        let outcome = defined.kind.copied().is_some_and(Kind::is_binary) || metric.role == Role::Primary;
        if !outcome || defined.event.value() != Some(&event.value) {
            continue;
        }
        let headline = format!("only units with outcome {} are analysed", quoted(&metric.name));
        out.push(
            place::at_value(cx, &RULE, event.span(), "exposure", headline)
                .label("exposure is the outcome itself")
                .also(metric.span, format!("also counts {}", quoted(&event.value)))
                .help("name the event at which the variants first differ, which both log before any outcome")
                .help("or analyse everybody: `population = \"assigned\"`"),
        );
        return;
    }
}
