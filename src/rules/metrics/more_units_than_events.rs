//! MET028 more-units-than-events.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Population;

rule! {
    /// The plan counts on more units with an event in a day than the event is logged in a day.
    ///
    /// Each unit logs it at least once, so the two numbers cannot both hold; what the catalogue says is lost, and one part
    /// in ten, are left out.
    ///
    /// ## Why
    /// One of them was measured on other people or in another season, and the size rests on it.
    ///
    /// ## Source
    /// Counting; Statsig's power analysis draws both numbers from one log.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.checkout_opened]
    /// daily_events = 12000
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// daily_events = 2100
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [events.checkout_opened]
    /// daily_events = 71000
    /// [events.order_placed]
    /// daily_events = 9000
    /// ```
    static RULE = {
        code: "MET028", name: "more-units-than-events", since: "0.1.0",
        level: Warn, needs: [Catalog, Traffic],
        check: Plan(check),
    }
}

/// Two numbers of one log, measured some months apart, may differ by so much.
const LEFT_TO_CHANCE: f64 = 0.1;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let (audience, exposure) = (&cx.plan.audience, &cx.plan.exposure);
    let Some(daily) = &audience.daily_units else { return };
    // Without a written rate nobody knows how many units are analysed, unless all of them are.
    let all = exposure.population.value == Population::Assigned;
    if !all && exposure.rate.span().is_none() {
        return;
    }
    let rate = if all { 1.0 } else { exposure.rate.value };
    let analysed = daily.value * rate;
    let mut told: Vec<&str> = Vec::new();
    if let Some(event) = exposure.event.as_ref().filter(|_| !all) {
        let at = |text| place::at_value(cx, &RULE, event.span(), "exposure", text);
        if let Some(found) = too_many(cx, &event.value, analysed, at) {
            told.push(&event.value);
            out.push(numbers(found, &[(exposure.rate.span(), "of assigned units"), (daily.span(), "new units a day")]));
        }
    }
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let binary = metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary());
        let (Some(event), Some(baseline)) = (defined.event.value(), &metric.baseline) else { continue };
        if !binary || told.contains(&event.as_str()) {
            continue;
        }
        let at = |text| place::at_metric(cx, &RULE, metric, text);
        if let Some(found) = too_many(cx, event, analysed * baseline.value, at) {
            told.push(event);
            out.push(numbers(found, &[(baseline.span(), "of analysed units"), (daily.span(), "new units a day")]));
        }
    }
}

fn too_many(cx: &PlanCx<'_>, name: &str, units: f64, at: impl FnOnce(String) -> Diagnostic) -> Option<Diagnostic> {
    let event = cx.catalog.events.get(name)?;
    let logged = event.daily_events.get()?;
    let events = logged.value as f64;
    // What is lost on its way was logged, and is not counted.
    let units = units * (1.0 - event.loss.copied().map_or(0.0, |loss| loss.fraction()));
    if units * (1.0 - LEFT_TO_CHANCE) <= events {
        return None;
    }
    let headline = format!("{} comes {} times a day, not {}", quoted(name), count(events), count(units));
    Some(
        at(headline)
            .label(format!("{} units a day, each at least once", count(units)))
            .also(logged.span, "logged a day")
            .fact("events", events)
            .fact("units", units)
            .help("measure both on the same days, and correct the one that is off")
            .help("or set `loss`, when a part of the event never arrives"),
    )
}

fn numbers(found: Diagnostic, places: &[(Option<Span>, &str)]) -> Diagnostic {
    places.iter().filter_map(|(span, text)| Some(((*span)?, *text))).fold(found, |found, (span, text)| found.also(span, text))
}
