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
    /// ```toml,fixed
    /// #: file catalog/base.toml
    /// events.order_refunded.identified_by = ["user"]
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
        level: Error in drafts Warn, fix: Suggested, needs: [Catalog],
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
    let exposure = cx.plan.exposure.event.iter().map(|event| (event.value.as_str(), event.span(), "exposure"));
    let metrics = cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor);
    let defined = metrics.filter_map(|metric| Some((metric, place::definition(cx, metric)?)));
    let counted = defined.flat_map(|(metric, defined)| {
        super::events_of(defined).map(move |event| (event.value.as_str(), Some(metric.span), "metrics"))
    });
    let mut lost: Vec<Unjoined<'_>> = Vec::new();
    for (event, span, table) in exposure.chain(counted) {
        let known = lost.iter().any(|one| one.event == event);
        if let Some(ids) = unjoined(cx, event, &unit.value).filter(|_| !known) {
            lost.push(Unjoined { event, ids, span, table });
        }
    }
    if !lost.is_empty() {
        out.push(found(cx, &lost, unit));
    }
}

/// An event that cannot be joined to the assignment, and where the spec names it or its metric.
struct Unjoined<'a> {
    event: &'a str,
    ids: &'a At<List<String>>,
    span: Option<Span>,
    table: &'static str,
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

/// One event is told where it is used; several are told where the unit is chosen.
fn found(cx: &PlanCx<'_>, lost: &[Unjoined<'_>], unit: &Known<String>) -> Diagnostic {
    let shown = quoted(&unit.value);
    let id = crate::text::printable(&unit.value);
    let mut found = match lost {
        [only] => {
            let headline = format!("event {} carries no id of {shown}", quoted(only.event));
            let found = place::at_value(cx, &RULE, only.span, only.table, headline).label("cannot be joined to the assignment");
            let found = found.also(only.ids.span, "all that it carries");
            match unit.span() {
                Some(span) => found.also(span, "randomised"),
                None => found,
            }
        }
        many => {
            let headline = format!("{} events carry no id of {shown}", many.len());
            let found = place::at_value(cx, &RULE, unit.span(), "audience", headline);
            let found = found.label("they cannot be joined to the assignment");
            many.iter().take(5).fold(found, |found, one| found.also(one.ids.span, format!("all that {} carries", quoted(one.event))))
        }
    };
    let carried = |id: &str| lost.iter().all(|one| one.ids.iter().any(|known| known.value == id));
    let other = cx.catalog.units.names().find(|id| carried(id));
    let keys = match lost {
        [only] => format!("`[events.{}]`", crate::text::printable(only.event)),
        many => format!("each: {}", listed(many.iter().map(|one| one.event), 5)),
    };
    found = match other {
        Some(other) => found.help(format!("randomise by {}, whose id is logged", quoted(other))),
        None => found,
    };
    let or = if other.is_some() { "or log" } else { "log" };
    found.help(format!("{or} the id too, and add `{id}` to `identified_by` in {keys}"))
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
