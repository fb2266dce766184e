//! LIF007 definition-moved.

use super::sealed::{beside_amendment, covered, sealed_on};
use crate::change::{Change, FieldChange, words};
use crate::portfolio::Lock;
use crate::rules::prelude::*;

rule! {
    /// A definition that a sealed plan rests on is another in the catalogue now.
    ///
    /// A running experiment is compiled with the definition that was sealed. Facts that are measured again, such as
    /// baselines and traffic, are no definition: they may move, and the sealed ones stay in the sizes.
    ///
    /// ## Why
    /// The same name for another number: the analysis would answer a question that nobody registered.
    ///
    /// ## Source
    /// Checks of Netflix's and Microsoft's metric catalogues as they are told in talks.
    ///
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// window = "2 days"
    /// ```
    /// ```toml,good
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// about = "Units whose order was paid back"
    /// baseline = "1.1%"
    /// measured = 2026-11-15
    /// ```
    static RULE = {
        code: "LIF007", name: "definition-moved", since: "0.1.0",
        level: Error, needs: [Catalog, Registry],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    // What is over is read with the definitions of its time.
    if !cx.plan.status.value.is_live() {
        return;
    }
    let Some((lock, terms)) = super::sealed::seal(cx) else { return };
    for field in &Change::of_catalogs(&lock.terms.catalog, &terms.catalog).held().fields {
        let cover = covered(cx, lock, field);
        if let [_, sort, name, ..] = field.path.as_slice()
            && !cover.is_enough()
        {
            out.push(beside_amendment(moved(cx, lock, field, sort, name), cover));
        }
    }
}

fn moved(cx: &PlanCx<'_>, lock: &Lock, field: &FieldChange, sort: &str, name: &str) -> Diagnostic {
    let path = field.path[1..].join(".");
    let definition = cx.workspace.definition(sort, name).map(|entry| entry.key_span);
    let written = field.after().map(|node| node.span).filter(|span| !span.is_empty());
    let place = written.or(definition).unwrap_or(cx.plan.span);
    let mut found = RULE
        .at(place, format!("{} has moved under a sealed plan", quoted(&path)))
        .label(match field.before() {
            Some(before) => format!("sealed as {}", words(before)),
            None => "not there when it was sealed".to_owned(),
        })
        .also(field.before().map_or(lock.at.span, |before| before.span), sealed_on(lock));
    if let Some(used) = used_at(cx, sort, name) {
        found = found.also(used, format!("used by {}", quoted(&cx.plan.id)));
    }
    let back = match field.before() {
        Some(before) => format!("write `{}` again, and give the new definition a name of its own", words(before)),
        None => "take it back, and give the new definition a name of its own".to_owned(),
    };
    let id = crate::text::printable(&cx.compiled.stem);
    found.help(back).help(format!("or adopt it for {} and say why: `expc amend {id}`", quoted(&cx.plan.id)))
}

/// Where the spec names a metric or an event.
fn used_at(cx: &PlanCx<'_>, sort: &str, name: &str) -> Option<Span> {
    match sort {
        "metrics" => cx.plan.metric(name).map(|metric| metric.span),
        "events" => cx.plan.exposure.event.as_ref().filter(|event| event.value == name).and_then(|event| event.span()),
        "units" => cx.plan.audience.unit.as_ref().filter(|unit| unit.value == name).and_then(|unit| unit.span()),
        "audiences" => cx.plan.audience.base.as_ref().filter(|base| base.value == name).and_then(|base| base.span()),
        _ => None,
    }
}
