//! What is measured.

use super::{NOT_SET, or_not_set, window_of};
use crate::emit::plans::Request;
use crate::emit::plans::markdown::{Table, code, text};
use crate::emit::plans::schedule::burn_in;
use crate::emit::plans::show::{self, difference, level};
use crate::plan::{PlannedEffect, PlannedMetric};
use crate::spec::Role;

pub(super) fn effect_text(effect: &PlannedEffect) -> String {
    let relative = if effect.is_relative { " relative" } else { "" };
    format!("{}{relative}", text(&show::spaced(&effect.text)))
}

fn role_word(role: Role) -> &'static str {
    role.word()
}

fn window_text(request: &Request<'_>, metric: &PlannedMetric) -> String {
    let Some((start, end)) = window_of(request, metric) else { return NOT_SET.to_owned() };
    let lag = metric.lag.as_ref().map(|lag| format!(", complete after {}", lag.value)).unwrap_or_default();
    if start == 0 {
        format!("{}{lag}", show::length(end))
    } else {
        format!("{} to {}{lag}", show::length(start), show::length(end))
    }
}

pub(super) fn measures(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## What is measured\n\n".to_owned();
    if plan.metrics.is_empty() {
        return out + "No metric is registered yet.\n\n";
    }
    let mut table =
        Table::new(&["Metric", "Role", "What it is", ">Baseline", ">MDE or margin", "Good direction", "Window"]);
    for metric in &plan.metrics {
        let defined = request.catalog.metrics.get(&metric.name);
        let about = defined.and_then(|metric| metric.about.value()).map(|about| text(about)).unwrap_or_default();
        let kind = metric.kind.as_ref().map(|kind| kind.value.word());
        let what = match (kind, about.is_empty()) {
            (None, _) => "*not in the catalogue*".to_owned(),
            (Some(kind), true) => kind.to_owned(),
            (Some(kind), false) => format!("{about} ({kind})"),
        };
        table.row(vec![
            code(&metric.name),
            role_word(metric.role).to_owned(),
            what,
            or_not_set(metric.baseline.as_ref().map(|known| text(&level(Some(metric), known.value)))),
            effect_cell(metric),
            metric.good.as_ref().map_or(NOT_SET, |good| good.value.word()).to_owned(),
            window_text(request, metric),
        ]);
    }
    out += &table.print();
    out += "Windows are elapsed time from the first exposure, never calendar days.\n";
    if let Some(burn_in) = burn_in(&request.inputs) {
        out += &format!("The first {burn_in} after exposure are left out of every window.\n");
    }
    out.push('\n');
    out
}

/// The MDE of a primary metric, the margin of a guardrail; nothing for the others unless written.
fn effect_cell(metric: &PlannedMetric) -> String {
    let (effect, needed) = match metric.role {
        Role::Guardrail => (metric.margin.as_ref(), true),
        Role::Primary => (metric.mde.as_ref(), true),
        Role::Secondary | Role::Monitor => (metric.mde.as_ref().or(metric.margin.as_ref()), false),
    };
    let Some(effect) = effect else { return if needed { NOT_SET.to_owned() } else { String::new() } };
    if effect.fault.is_some() {
        return format!("*unusable: {}*", text(&effect.text));
    }
    match effect.absolute.filter(|_| effect.is_relative) {
        Some(absolute) => format!("{} ({})", effect_text(effect), text(&difference(Some(metric), absolute))),
        None => effect_text(effect),
    }
}
