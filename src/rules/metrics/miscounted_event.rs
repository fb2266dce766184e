//! MET025 miscounted-event.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Share;

rule! {
    /// A decision rests on an event of which more is lost, or arrives twice, than the policy allows.
    ///
    /// ## Why
    /// Losses are seldom the same in every variant: a slower page loses more of what is logged as people leave it.
    ///
    /// ## Source
    /// Kohavi et al., Tracking Users' Clicks and Submits: Tradeoffs between User Experience and Data Loss, 2010.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// loss = "12%"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.page_shown]
    /// duplicates = "8%"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// loss = "2%"
    /// duplicates = "30%"
    /// ```
    static RULE = {
        code: "MET025", name: "miscounted-event", since: "0.1.0",
        level: Warn, needs: [Catalog, Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    if let Some(name) = &cx.plan.exposure.event
        && let Some(found) = miscounted(cx, &name.value, false, |text| {
            place::at_value(cx, &RULE, name.span(), "exposure", text)
        })
    {
        told.push(&name.value);
        out.push(found);
    }
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        // A second row of one event changes no yes or no.
        let sums = defined.kind.copied().is_some_and(|kind| !kind.is_binary() && kind != Kind::TimeToEvent);
        for name in super::events_of(defined) {
            if told.contains(&name.as_str()) {
                continue;
            }
            let at = |text| place::at_metric(cx, &RULE, metric, text);
            if let Some(found) = miscounted(cx, name, sums, at) {
                told.push(name);
                out.push(found);
            }
        }
    }
}

fn miscounted(cx: &PlanCx<'_>, name: &str, sums: bool, at: impl FnOnce(String) -> Diagnostic) -> Option<Diagnostic> {
    let event = cx.catalog.events.get(name)?;
    let most = &cx.policy.max_event_loss;
    let above = |field: &'_ Field<Share>| field.get().copied().filter(|part| most.value < part.value);
    let lost = above(&event.loss);
    let (part, what, key) = match lost {
        Some(part) => (part, "never arrives", "loss"),
        None => (above(&event.duplicates).filter(|_| sums)?, "arrives more than once", "duplicates"),
    };
    let mut found = at(format!("{} of {} {what}; the policy allows {}", part.value, quoted(name), most.value))
        .label("rests on it")
        .also(part.span, "measured")
        .fact("have", part.value.fraction())
        .fact("most", most.value.fraction());
    if let Some(span) = most.span() {
        found = found.also(span, "the limit");
    }
    Some(
        found
            .help(format!("repair the logging, measure again, and update `{key}` in `[events.{}]`", crate::text::printable(name)))
            .help("or decide by a metric on an event that is logged on the server"),
    )
}
