//! MET026 event-without-unit.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::List;

rule! {
    /// An event does not carry the id of what is randomised, so that it cannot be joined to the assignment.
    ///
    /// An id of a smaller unit will do: a user's, where accounts are randomised and a user is `within` an account.
    ///
    /// ## Why
    /// What cannot be joined is counted in no variant, or by a guess that is better in one variant than in another.
    ///
    /// ## Source
    /// Fabijan et al., Diagnosing Sample Ratio Mismatch, KDD 2019: causes in the processing of logs.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.device]
    /// about = "A device"
    /// key = "user_id"
    /// [events.order_refunded]
    /// identified_by = ["device"]
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// identified_by = ["usr"]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [units.device]
    /// about = "A device, signed in"
    /// key = "user_id"
    /// within = "user"
    /// [events.order_refunded]
    /// identified_by = ["device"]
    /// ```
    static RULE = {
        code: "MET026", name: "event-without-unit", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check), Workspace(names),
    }
}

/// Units that hold units: more steps than this are a circle.
const MOST_STEPS: usize = 16;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(unit) = cx.plan.audience.unit.as_ref().filter(|_| !cx.plan.status.value.is_over()) else { return };
    if cx.catalog.units.broken || cx.catalog.units.get(&unit.value).is_none() {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    if let Some(name) = &cx.plan.exposure.event
        && let Some(ids) = unjoined(cx, &name.value, &unit.value)
    {
        told.push(&name.value);
        let at = |text| place::at_value(cx, &RULE, name.span(), "exposure", text);
        out.push(found(cx, &name.value, ids, unit, at));
    }
    for metric in cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        for name in super::events_of(defined) {
            if told.contains(&name.as_str()) {
                continue;
            }
            if let Some(ids) = unjoined(cx, name, &unit.value) {
                told.push(name);
                let at = |text| place::at_metric(cx, &RULE, metric, text);
                out.push(found(cx, name, ids, unit, at));
            }
        }
    }
}

/// The ids of an event when they are known and none of them leads to the unit.
fn unjoined<'a>(cx: &PlanCx<'a>, event: &str, unit: &str) -> Option<&'a At<List<String>>> {
    let ids = cx.catalog.events.get(event)?.identified_by.get().filter(|ids| !ids.broken)?;
    let leads = |id: &String| {
        let larger = |name: &&'a str| cx.catalog.units.get(name).and_then(|unit| unit.within.as_deref());
        let first = cx.catalog.units.get(id).and_then(|known| known.within.as_deref());
        id == unit || std::iter::successors(first, larger).take(MOST_STEPS).any(|name| name == unit)
    };
    // An unknown name is told in the catalogue.
    let unknown = |id: &String| cx.catalog.units.get(id).is_none();
    (!ids.iter().any(|id| leads(&id.value) || unknown(&id.value))).then_some(ids)
}

fn found(
    cx: &PlanCx<'_>,
    event: &str,
    ids: &At<List<String>>,
    unit: &Known<String>,
    at: impl FnOnce(String) -> Diagnostic,
) -> Diagnostic {
    let shown = quoted(event);
    let mut found = at(format!("event {shown} carries no id of {}", quoted(&unit.value)))
        .label("cannot be joined to the assignment")
        .also(ids.span, "all that it carries");
    if let Some(span) = unit.span() {
        found = found.also(span, "randomised");
    }
    let carried = ids.iter().map(|id| id.value.as_str()).find(|id| cx.catalog.units.get(id).is_some());
    found = found.help(format!(
        "log the id too, and add `{}` to `identified_by` in `[events.{}]`",
        crate::text::printable(&unit.value),
        crate::text::printable(event)
    ));
    match carried {
        Some(id) => found.help(format!("or randomise by {}", quoted(id))),
        None => found,
    }
}

/// Units that the catalogue does not know.
fn names(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let units = &cx.catalog.units;
    if units.broken {
        return;
    }
    for (name, _, event) in cx.catalog.events.iter() {
        for id in event.identified_by.value().into_iter().flat_map(|list| list.iter()) {
            if units.get(id).is_some() {
                continue;
            }
            let found = RULE.at(id.span, format!("event {} carries an id of {}, an unknown unit", quoted(name), quoted(id)));
            out.push(match nearest(id, units.names()) {
                Some(near) => found.label(format!("did you mean `{near}`?")).fix(
                    Applicability::Suggested,
                    format!("write \"{near}\""),
                    vec![Edit { span: id.span, replacement: format!("\"{near}\"") }],
                ),
                None => found.label("not in the catalogue").help(format!("one of {}", listed(units.names(), 8))),
            });
        }
    }
}
