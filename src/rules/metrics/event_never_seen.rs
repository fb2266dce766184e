//! MET019 event-never-seen.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// An event is named that the catalogue's inventory of events does not hold.
    ///
    /// ## Why
    /// It is a misspelling or missing instrumentation; either way the count stays at zero.
    ///
    /// ## Source
    /// PostHog's and LaunchDarkly's event checks.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// event = "order_refnded"
    /// ```
    /// ```toml,fixed
    /// #: file catalog/base.toml
    /// metrics.refund_rate.event = "order_refunded"
    /// ```
    /// ```toml,bad
    /// [exposure]
    /// event = "checkout_opend"
    /// ```
    /// ```toml,good
    /// [exposure]
    /// event = "checkout_opened"
    /// ```
    static RULE = {
        code: "MET019", name: "event-never-seen", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.catalog.events.broken {
        return out.skip(Context::Catalog, "no complete list of events: a catalogue file could not be read");
    }
    if cx.catalog.events.is_empty() {
        return out.skip(Context::Catalog, "no events in the catalogue");
    }
    let unknown = |name: &str| cx.catalog.events.get(name).is_none();
    for metric in &cx.plan.metrics {
        let Some(defined) = place::definition(cx, metric) else { continue };
        for event in super::events_of(defined).filter(|event| unknown(event)) {
            let headline = format!("{} counts {}, an unknown event", quoted(&metric.name), quoted(event));
            let found = place::at_metric(cx, &RULE, metric, headline).label("its count would stay at zero");
            out.push(match nearest(event, cx.catalog.events.names()) {
                Some(near) => {
                    let found = found.also(event.span, format!("did you mean `{near}`?"));
                    // The slip is in the catalogue, and there is no other place to mend it.
                    let path = crate::text::printable(cx.workspace.sources.path(event.span));
                    place::offer(found, Applicability::Suggested, format!("write \"{near}\" in `{path}`"), [renamed(event, near)]).elsewhere()
                }
                None => add(found.also(event.span, "not in the catalogue"), event),
            });
        }
    }
    let survey = cx.spec.feedback.value().and_then(|feedback| feedback.survey.value());
    let written = [
        ("exposure", cx.spec.exposure.value().and_then(|exposure| exposure.event.get())),
        ("survey", survey.and_then(|survey| survey.event.get())),
    ];
    for (what, event) in written {
        let Some(event) = event.filter(|event| unknown(event)) else { continue };
        let found = RULE.at(event.span, format!("{what} event {} is unknown", quoted(event)));
        out.push(match nearest(event, cx.catalog.events.names()) {
            Some(near) => rename(found.label(format!("did you mean `{near}`?")), event, near),
            None => add(found.label("not in the catalogue"), event),
        });
    }
}

fn rename(found: Diagnostic, event: &At<String>, near: &str) -> Diagnostic {
    found.fix(Applicability::Suggested, format!("write \"{near}\""), vec![renamed(event, near)])
}

fn renamed(event: &At<String>, near: &str) -> Edit {
    Edit { span: event.span, replacement: format!("\"{near}\"") }
}

fn add(found: Diagnostic, event: &str) -> Diagnostic {
    let name = crate::text::printable(event);
    found.help(format!("define `[events.{name}]` in the catalogue, with `planned = true` until it is logged"))
}
