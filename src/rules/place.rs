//! Where a finding points when a value may be inherited, and small edits that respect it.
//!
//! A spec is never blamed at a line of its template: the finding stands at the table of the spec, and the
//! inherited value is a second place.

use std::collections::HashSet;

use super::prelude::*;
use crate::catalog::{Kind, Metric};
use crate::portfolio::{Document, DocumentKind, Entry, Workspace};
use crate::spec::metrics::MetricUse;
use crate::spec::{Day, Stage};
use crate::syntax::{FaultKind, Layout, keys_of};
use crate::text::FileId;

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
    (found.fix(Applicability::Suggested, format!("run longer: write {replacement}{text}"), edits), text)
}

/// Offers to write keys into a table of the spec; the table is begun where it is absent. `lines` holds one
/// `key = value` a line.
pub fn insert(cx: &PlanCx<'_>, found: Diagnostic, how: Applicability, table: &str, lines: &str) -> Diagnostic {
    let edit = layout(cx).add(table, lines);
    offer(found, how, format!("add `{}`", lines.replace('\n', "` and `")), edit)
}

/// How the spec lays out its own text.
pub fn layout<'a>(cx: &PlanCx<'a>) -> Layout<'a> {
    layout_of(cx.workspace, cx.document)
}

/// How any file lays out its text.
pub fn layout_of<'a>(workspace: &'a Workspace, document: &'a Document) -> Layout<'a> {
    let text = &workspace.sources.get(document.file).text;
    let order = match document.kind {
        DocumentKind::Experiment | DocumentKind::Template => keys_of::<crate::spec::Spec>(),
        DocumentKind::Workspace | DocumentKind::Catalogue => &[],
    };
    Layout { file: document.file, text, root: &document.tree, order }
}

/// Offers edits, when there are any.
pub fn offer(
    found: Diagnostic,
    how: Applicability,
    title: impl Into<String>,
    edits: impl IntoIterator<Item = Edit>,
) -> Diagnostic {
    let edits: Vec<Edit> = edits.into_iter().collect();
    if edits.is_empty() { found } else { found.fix(how, title, edits) }
}

/// Offers to take an entry of the spec out, by the place of its value.
pub fn remove(cx: &PlanCx<'_>, found: Diagnostic, how: Applicability, span: Span) -> Diagnostic {
    let layout = layout(cx);
    let Some((table, entry)) = layout.root.entry_at(span).filter(|_| span.file == layout.file) else { return found };
    let edit = layout.remove(table, &entry.key);
    offer(found, how, format!("remove `{}`", crate::text::printable(&entry.key)), edit)
}

/// Offers to take an entry of `expc.toml`, the catalogue or a template out, by the place of its key or value.
pub fn remove_shared(workspace: &Workspace, found: Diagnostic, how: Applicability, span: Span) -> Diagnostic {
    let Some(document) = workspace.documents.iter().find(|document| document.file == span.file) else { return found };
    let layout = layout_of(workspace, document);
    let Some((table, entry)) = layout.root.entry_at(span) else { return found };
    let edit = layout.remove(table, &entry.key);
    offer(found, how, format!("remove `{}`", crate::text::printable(&entry.key)), edit)
}

/// Offers to take the element of a list of the spec out, by its place.
pub fn remove_element(cx: &PlanCx<'_>, found: Diagnostic, how: Applicability, span: Span) -> Diagnostic {
    let layout = layout(cx);
    let Some((path, list, at)) = layout.root.item_at(span).filter(|_| span.file == layout.file) else { return found };
    let edit = layout.remove_element(list, at);
    offer(found, how, format!("remove it from `{path}`"), edit)
}

/// Offers another start, with the end and the decision as much later, when the spec writes all of them.
pub fn start_on(cx: &PlanCx<'_>, found: Diagnostic, day: Day) -> Diagnostic {
    let Some(start) = &cx.plan.calendar.start else { return found };
    let end = cx.spec.rollout.value().and_then(|rollout| rollout.end.get());
    let by = cx.spec.decision.value().and_then(|decision| decision.by.get());
    let dated = |at: &At<Day>| Some((at.span, at.value));
    let start = start.span().map(|span| (span, start.value));
    moved_to(found, cx.document.file, day, [start, end.and_then(dated), by.and_then(dated)])
}

/// The same for an experiment among the others.
pub fn entry_on(found: Diagnostic, entry: &Entry, day: Day) -> Diagnostic {
    let dates = [entry.start_span.zip(entry.start), entry.end_span.zip(entry.end), entry.decide_span.zip(entry.decide)];
    moved_to(found, entry.file, day, dates)
}

/// A start, an end and a decision, as far as they are written: all of them as much later as the start.
fn moved_to(found: Diagnostic, file: FileId, day: Day, dates: [Option<(Span, Day)>; 3]) -> Diagnostic {
    let [Some((_, start)), ..] = dates else { return found };
    let Ok(later) = u32::try_from(start.until(day)) else { return found };
    // A date of a template is that of others as well.
    if dates.iter().flatten().any(|(span, _)| span.file != file) {
        return found;
    }
    let decided = dates[2].map_or_else(String::new, |(_, by)| format!(", and decide on {}", by.plus(later)));
    let edits = dates.into_iter().flatten();
    let edits = edits.map(|(span, day)| Edit { span, replacement: day.plus(later).to_string() });
    offer(found, Applicability::Suggested, format!("start on {day}{decided}"), edits)
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

/// True when an amendment that the change adds names the field, a table around it or a key in it.
pub fn covered_by_new_amendment(cx: &PlanCx<'_>, before: &crate::portfolio::Compiled, field: &str) -> bool {
    let list = |spec: &'_ crate::spec::Spec| spec.amendments.value().map_or(0, |list| list.items.len());
    let amendments = cx.spec.amendments.value().into_iter().flat_map(|list| list.iter()).skip(list(&before.spec));
    let below = |path: &str, parent: &str| {
        path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    amendments
        .filter_map(|amendment| amendment.fields.value())
        .flat_map(|fields| fields.iter())
        .any(|named| below(named, field) || below(field, named))
}
