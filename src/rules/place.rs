//! Where a finding points when a value may be inherited, and small edits that respect it.
//!
//! A spec is never blamed at a line of its template: the finding stands at the table of the spec, and the
//! inherited value is a second place.

use std::collections::HashSet;

use super::prelude::*;
use crate::catalog::{Kind, Metric};
use crate::spec::Stage;
use crate::spec::metrics::MetricUse;
use crate::syntax::FaultKind;

/// Primary and guardrail metrics, which decide.
pub fn deciding(plan: &Plan) -> impl Iterator<Item = &PlannedMetric> {
    plan.metrics.iter().filter(|metric| matches!(metric.role, Role::Primary | Role::Guardrail))
}

/// The catalogue's definition of a metric.
pub fn definition<'a>(cx: &PlanCx<'a>, metric: &PlannedMetric) -> Option<&'a At<Metric>> {
    cx.catalog.metrics.get(&metric.name)
}

/// The entry as the spec writes it.
pub fn entry<'a>(cx: &PlanCx<'a>, metric: &PlannedMetric) -> Option<&'a At<MetricUse>> {
    let metrics = cx.spec.metrics.value()?;
    metrics.all().map(|(_, entry)| entry).find(|entry| entry.span == metric.entry)
}

/// True when the list of a role may hold more than could be read.
pub fn list_is_broken(cx: &PlanCx<'_>, role: Role) -> bool {
    let Some(metrics) = cx.spec.metrics.value() else { return cx.unreadable(&cx.spec.metrics) };
    let list = metrics.of(role);
    cx.unreadable(list)
        || list.value().is_some_and(|list| list.broken || list.iter().any(|entry| entry.metric.value().is_none()))
}

/// The names of one sort that experiments use which are not over; the events that their metrics rest on among them.
pub fn used<'a>(cx: &PortfolioCx<'a>, sort: &str) -> HashSet<&'a str> {
    let live = cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over());
    let named: HashSet<(&str, &str)> =
        live.flat_map(|entry| entry.uses.iter()).filter(|(of, _)| *of == sort || *of == "metric").collect();
    let mut used: HashSet<&str> = named.iter().filter(|(of, _)| *of == sort).map(|(_, name)| *name).collect();
    if sort == "event" {
        let metrics =
            named.iter().filter(|(of, _)| *of == "metric").filter_map(|(_, name)| cx.catalog.metrics.get(name));
        let events = metrics.flat_map(|metric| [metric.event.value(), metric.denominator.value()]);
        used.extend(events.flatten().map(String::as_str));
    }
    used
}

/// The path of a value under one of the tables that was written but could not be read.
pub fn unread<'a>(cx: &PlanCx<'a>, tables: &[&str]) -> Option<&'a str> {
    let document: &'a crate::portfolio::Document = cx.document;
    let broken = document.faults.iter().filter(|fault| !matches!(fault.kind, FaultKind::UnknownKey { .. }));
    let under = |path: &str| tables.iter().any(|table| path.split(['.', '[']).next() == Some(table));
    broken.map(|fault| fault.path.as_str()).find(|path| under(path))
}

/// True when the whole length of the run is written and could be read.
pub fn length_is_known(cx: &PlanCx<'_>) -> bool {
    let Some(rollout) = cx.spec.rollout.value() else { return false };
    if cx.plan.calendar.days == 0 || unread(cx, &["rollout"]).is_some() {
        return false;
    }
    let held = |stage: &At<Stage>| stage.hold.get().is_some();
    match rollout.stages.value().and_then(|list| list.items.split_last()) {
        Some((last, before)) => before.iter().all(held) && (held(last) || rollout.end.get().is_some()),
        None => true,
    }
}

/// Days after the last enrolment until a metric's window is over and its data is complete.
pub fn wait(metric: &PlannedMetric) -> u32 {
    let parts = [metric.window.as_ref(), metric.lag.as_ref()];
    parts.into_iter().flatten().map(|known| known.value.whole_days()).sum()
}

/// A finding at a value: there when the spec writes it, else at the spec's table with the value as second place.
pub fn at_value(cx: &PlanCx<'_>, rule: &Rule, span: Option<Span>, table: &str, headline: String) -> Diagnostic {
    match span {
        Some(span) if span.file == cx.document.file => rule.at(span, headline),
        Some(span) => rule.at(cx.home(table), headline).also(span, "inherited from here"),
        None => rule.at(cx.home(table), headline),
    }
}

/// A finding at the name of a metric, or at the spec's `[metrics]` when a template names it.
pub fn at_metric(cx: &PlanCx<'_>, rule: &Rule, metric: &PlannedMetric, headline: String) -> Diagnostic {
    at_value(cx, rule, Some(metric.span), "metrics", headline)
}

/// Offers to replace a value, when the spec itself writes it.
pub fn replace(
    cx: &PlanCx<'_>,
    found: Diagnostic,
    how: Applicability,
    span: Option<Span>,
    replacement: &str,
) -> Diagnostic {
    match span.filter(|span| span.file == cx.document.file) {
        Some(span) => {
            found.fix(how, format!("write {replacement}"), vec![Edit { span, replacement: replacement.to_owned() }])
        }
        None => found,
    }
}

/// Offers a longer hold or a later end, with the decision moved behind it when it must wait.
///
/// The second value is the end of a sentence of help: ", and decide on 2027-02-26", or nothing.
pub fn lengthen(
    cx: &PlanCx<'_>,
    found: Diagnostic,
    span: Option<Span>,
    replacement: &str,
    added: u32,
) -> (Diagnostic, String) {
    let calendar = &cx.plan.calendar;
    let wait = cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor).map(wait).max().unwrap_or(0);
    let needed = calendar.end.as_ref().map(|end| end.value.plus(added + wait + 1));
    let late = calendar.decide.as_ref().zip(needed).filter(|(decide, needed)| decide.value < *needed);
    let text = late.as_ref().map_or_else(String::new, |(_, needed)| format!(", and decide on {needed}"));
    let own = |span: &Span| span.file == cx.document.file;
    let Some(span) = span.filter(own) else { return (found, text) };
    let mut edits = vec![Edit { span, replacement: replacement.to_owned() }];
    if let Some((decide, needed)) = late {
        let place = decide.span().filter(own);
        edits.extend(place.map(|span| Edit { span, replacement: needed.to_string() }));
    }
    (found.fix(Applicability::Suggested, format!("write {replacement}{text}"), edits), text)
}

/// Offers to write a key at the top of a table of the spec, when the table has lines of its own.
pub fn insert(cx: &PlanCx<'_>, found: Diagnostic, how: Applicability, table: &str, line: &str) -> Diagnostic {
    let entries = cx.tree.at_path(table).and_then(|node| node.as_table()).map(|table| &table.entries[..]);
    let own = entries.unwrap_or_default().iter().map(|entry| entry.key_span);
    let Some(first) = own.filter(|span| span.file == cx.document.file).min() else { return found };
    let text = &cx.workspace.sources.get(first.file).text[..first.start as usize];
    let before = text.rsplit('\n').next().unwrap_or(text);
    // A table in one line, or dotted keys: a person knows better where to write.
    if !before.trim().is_empty() {
        return found;
    }
    let span = Span { end: first.start, ..first };
    found.fix(
        how,
        format!("add `{}`", line.replace('\n', "` and `")),
        vec![Edit { span, replacement: format!("{line}\n{before}") }],
    )
}

/// A length of time in words: `7 days`, `2 hours`.
pub fn span_text(span: crate::spec::Duration) -> String {
    let minutes = span.in_minutes();
    match minutes {
        _ if minutes.is_multiple_of(24 * 60) => days(minutes / (24 * 60)),
        _ if minutes.is_multiple_of(60) => format!("{} hours", minutes / 60),
        _ => format!("{minutes} minutes"),
    }
}

/// A level of a metric in its unit: `11%`, `420 ms`.
pub fn level(metric: &PlannedMetric, value: f64) -> String {
    if is_rate(metric) {
        return percent(value);
    }
    format!("{}{}", significant(value), suffix(metric))
}

/// A change of a metric in its unit: `0.33pp`, `10 ms`.
pub fn change(metric: &PlannedMetric, value: f64) -> String {
    if is_rate(metric) {
        return format!("{}pp", significant(value * 100.0));
    }
    format!("{}{}", significant(value), suffix(metric))
}

pub fn is_rate(metric: &PlannedMetric) -> bool {
    metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary() || kind.value == Kind::TimeToEvent)
        || metric.unit.as_ref().is_some_and(|unit| unit.value == "%")
}

fn suffix(metric: &PlannedMetric) -> String {
    metric.unit.as_ref().map_or_else(String::new, |unit| format!(" {}", crate::text::printable(&unit.value)))
}

/// Three significant digits, without zeros at the end.
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    if value.abs() < 1e-6 {
        return format!("{:e}", format!("{value:.2e}").parse().unwrap_or(value));
    }
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 12);
    crate::spec::quantity::plain(format!("{value:.*}", digits as usize).parse().unwrap_or(value))
}

/// Three significant digits, rounded away from zero: a bound that still holds.
pub fn significant_up(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(2 - value.abs().log10().floor() as i32);
    // The slack keeps 3.4 from becoming 3.41 for its last bit.
    value.signum() * ((value.abs() * scale) - 1e-9).ceil() / scale
}
