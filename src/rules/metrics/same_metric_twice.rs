//! MET022 same-metric-twice.

use std::collections::BTreeMap;

use crate::catalog::Metric;
use crate::rules::prelude::*;

rule! {
    /// Two metrics of the catalogue have one definition.
    ///
    /// ## Why
    /// History splits over two names, and an experiment that lists both tests one thing twice.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.purchase_rate]
    /// kind = "proportion"
    /// direction = "increase"
    /// unit = "%"
    /// event = "order_placed"
    /// window = "3 days"
    /// owner = "growth"
    /// standing = "certified"
    /// [objectives.purchases]
    /// about = "More purchases"
    /// metric = "purchase_rate"
    /// owner = "growth"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.purchase_rate]
    /// kind = "proportion"
    /// direction = "increase"
    /// unit = "%"
    /// event = "order_placed"
    /// window = "14 days"
    /// owner = "growth"
    /// standing = "certified"
    /// [objectives.purchases]
    /// about = "More purchases"
    /// metric = "purchase_rate"
    /// owner = "growth"
    /// ```
    static RULE = {
        code: "MET022", name: "same-metric-twice", since: "0.1.0",
        level: Info, needs: [Catalog],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut seen: BTreeMap<String, (&str, Span)> = BTreeMap::new();
    for (name, span, metric) in cx.catalog.metrics.iter() {
        let Some(meaning) = meaning(metric) else { continue };
        match seen.get(&meaning) {
            Some((first, place)) => out.push(
                RULE.at(span, format!("{} has the definition of {}", quoted(name), quoted(first)))
                    .label("kind, event, window and filters are equal")
                    .also(*place, "the same")
                    .help(format!("keep one of them and set `standing = \"deprecated\"` on {}", quoted(name))),
            ),
            None => {
                seen.insert(meaning, (name, span));
            }
        }
    }
}

/// What a metric computes, without names, owners and numbers of the past; `None` when it does not say.
fn meaning(metric: &Metric) -> Option<String> {
    metric.event.get()?;
    metric.kind.get()?;
    let mut filter: Vec<String> =
        metric.filter.value().into_iter().flat_map(|list| list.iter()).map(|at| at.value.to_string()).collect();
    filter.sort();
    Some(format!(
        "{:?}",
        (
            metric.kind.value(),
            metric.event.value(),
            metric.value.value(),
            metric.denominator.value(),
            metric.denominator_value.value(),
            (metric.window.value(), metric.window_start.value()),
            metric.quantile.value(),
            metric.cap.value(),
            metric.unit_of_analysis.value(),
            filter,
        )
    ))
}
