//! OWN007 metric-owner-not-asked.

use crate::rules::governance::{is_signed, sign_offs_broken};
use crate::rules::place::at_metric;
use crate::rules::prelude::*;

rule! {
    /// A guardrail of another team gets a wider margin or is taken away, and that team has not agreed.
    ///
    /// ## Why
    /// A guardrail guards what its owner has to answer for. Who wants to ship is not the one to say how much of it may
    /// be lost.
    ///
    /// ## Source
    /// Airbnb, experiment guardrails, 2021: owners of a guardrail are asked before a launch that trips it.
    ///
    /// ```toml,bad
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// owner = "payments"
    /// [owners.payments]
    /// product = "Ines Duarte"
    /// deputy = "Tom Berg"
    /// analyst = "Ada Lind"
    /// channel = "slack:#payments"
    /// #: base
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.1pp" }
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// [risk]
    /// sign_offs = [{ role = "payments", by = "Ines Duarte", at = 2026-11-20 }]
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// owner = "payments"
    /// [owners.payments]
    /// product = "Ines Duarte"
    /// deputy = "Tom Berg"
    /// analyst = "Ada Lind"
    /// channel = "slack:#payments"
    /// #: base
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.1pp" }
    /// ```
    static RULE = {
        code: "OWN007", name: "metric-owner-not-asked", since: "0.1.0",
        level: Warn, needs: [Base, Catalog],
        check: Plan(check),
    }
}

const SLACK: f64 = 1e-9;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(before) = cx.base.and_then(|base| base.before_own_edit(cx.compiled)) else { return };
    let agreed = |plan: &Plan| plan.status.value.is_live();
    if !agreed(cx.plan) || !agreed(&before.plan) || cx.is_incomplete() || before.document.is_damaged() {
        return;
    }
    if cx.spec.risk.value().is_some_and(sign_offs_broken) || crate::rules::place::list_is_broken(cx, Role::Guardrail) {
        return;
    }
    for old in before.plan.metrics_of(Role::Guardrail) {
        let owner = cx.catalog.metrics.get(&old.name).and_then(|metric| metric.owner.value());
        let Some(owner) = owner.filter(|owner| cx.plan.owner.as_ref().is_some_and(|own| own.value != **owner)) else {
            continue;
        };
        if cx.spec.risk.value().is_some_and(|risk| is_signed(risk, owner)) {
            continue;
        }
        if let Some(found) = loosened(cx, old) {
            let day = cx.today.map_or("2026-11-20".to_owned(), |today| today.to_string());
            let person = cx.catalog.owners.get(owner).and_then(|owner| owner.product.value());
            let by = person.map_or("…".to_owned(), |name| crate::text::printable(name));
            let role = crate::text::printable(owner);
            let place = cx.catalog.metrics.get(&old.name).and_then(|metric| metric.owner.span());
            let found = place.into_iter().fold(found, |found, place| found.also(place, "its owner"));
            out.push(found.help(format!(
                "once they agree, add `{{ role = \"{role}\", by = \"{by}\", at = {day} }}` to `risk.sign_offs`"
            )));
        }
    }
}

/// What the change takes from a guardrail.
fn loosened(cx: &PlanCx<'_>, old: &PlannedMetric) -> Option<Diagnostic> {
    let Some(new) = cx.plan.metrics_of(Role::Guardrail).find(|metric| metric.name == old.name) else {
        let headline = format!("guardrail {} of another team is taken away", quoted(&old.name));
        let place = cx.plan.metrics.iter().find(|metric| metric.name == old.name);
        return Some(match place {
            Some(metric) => at_metric(cx, &RULE, metric, headline).label(format!("is {} now", metric.role.word())),
            None => RULE.at(cx.home("metrics"), headline).label("was here before the change"),
        });
    };
    let (was, is) = (old.margin.as_ref()?, new.margin.as_ref()?);
    // As written when both are of one kind: a new baseline is no wider margin.
    let (wide, narrow) = match was.is_relative == is.is_relative {
        true if is.is_relative => (is.relative?, was.relative?),
        _ => (is.absolute?, was.absolute?),
    };
    if wide.abs() <= narrow.abs() + SLACK {
        return None;
    }
    let headline = format!("the margin of {} of another team widens to {}", quoted(&old.name), is.text);
    let found = crate::rules::place::at_value(cx, &RULE, Some(is.span), "metrics", headline);
    Some(found.label(format!("was {}", was.text)))
}
