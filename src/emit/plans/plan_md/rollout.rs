//! The stages, their gates and what rolls them back.

use super::measures::effect_text;
use super::{NOT_SET, bullets, counted, dated, items, or_not_set};
use crate::emit::plans::Request;
use crate::emit::plans::markdown::{Table, code, text};
use crate::emit::plans::show::{self, exact_percent};
use crate::plan::PlannedStage;
use crate::spec::Gate;
use crate::spec::rollout::{Harm, Rollback};

fn gate_words(gate: Gate) -> &'static str {
    match gate {
        Gate::None => "time alone",
        Gate::Guardrails => "no guardrail violated, sample ratio right",
        Gate::Manual => "a person says so",
    }
}

pub(super) fn rollout(request: &Request<'_>) -> String {
    let plan = request.plan;
    let calendar = &plan.calendar;
    let mut out = "## Rollout\n\n".to_owned();
    let mut table = Table::new(&["Stage", "From", "To", ">Days", ">Share", "Per variant", "Gate behind it"]);
    for (index, stage) in calendar.stages.iter().enumerate() {
        table.row(stage_row(request, stage, index + 1 == calendar.stages.len()));
    }
    out += &table.print();
    if calendar.stages.iter().any(|stage| stage.implied) {
        out += "No stage is written: the whole share starts at once.\n";
    }
    out += match plan.kill_switch.as_ref().map(|on| on.value) {
        Some(true) => "One switch takes everybody back to the default.\n",
        Some(false) => "There is no kill switch.\n",
        None => "Whether there is a kill switch is not set.\n",
    };
    let written = request.spec.rollout.value();
    if let Some(most) = written.and_then(|rollout| rollout.max_share.value()) {
        out += &format!("No more than {} take part while the outcome is open.\n", exact_percent(most.fraction()));
    }
    if let Some(decide) = &calendar.decide {
        out += &format!("The decision is due on {}.\n", dated(decide.value));
    }
    out.push('\n');
    let triggers = items(written.map(|rollout| &rollout.rollback));
    out += "### What takes it back without a person\n\n";
    if triggers.is_empty() {
        return out + "Nothing is registered.\n\n";
    }
    out += &bullets(triggers.iter().map(|rollback| trigger(request, rollback)));
    out
}

fn stage_row(request: &Request<'_>, stage: &PlannedStage, last: bool) -> Vec<String> {
    let shares: Vec<String> = stage
        .variant_shares(request.plan)
        .map(|(name, share)| format!("{} {}", code(name), show::share(share)))
        .collect();
    vec![
        text(&stage.name),
        or_not_set(stage.start.map(dated)),
        or_not_set(stage.end.filter(|_| 0 < stage.days).map(dated)),
        stage.days.to_string(),
        exact_percent(stage.share.value),
        shares.join(", "),
        if last && stage.gate.value == Gate::None { String::new() } else { gate_words(stage.gate.value).to_owned() },
    ]
}

fn trigger(request: &Request<'_>, rollback: &Rollback) -> String {
    let name = rollback.metric.value();
    let shown = name.map_or_else(|| "*(no metric)*".to_owned(), |name| code(name));
    let threshold = rollback.threshold.value().map(|threshold| text(&show::spaced(&threshold.to_string())));
    let margin = name
        .and_then(|name| request.plan.metrics.iter().find(|metric| &metric.name == name && metric.margin.is_some()))
        .and_then(|metric| metric.margin.as_ref())
        .filter(|margin| margin.fault.is_none());
    let what = match rollback.harm.copied().unwrap_or(Harm::Margin) {
        Harm::Margin => match margin {
            Some(margin) => format!("it is worse than control by more than its margin of {}", effect_text(margin)),
            None => "it is worse than control by more than its margin, which is not set".to_owned(),
        },
        Harm::Difference => {
            format!("its difference to control passes {}", threshold.unwrap_or_else(|| NOT_SET.to_owned()))
        }
        Harm::Level => {
            format!("its level passes {}, whatever control does", threshold.unwrap_or_else(|| NOT_SET.to_owned()))
        }
    };
    let units = rollback.min_units.copied().map(|units| units.max(0).unsigned_abs());
    let units = units.map(|units| format!(", once each variant has {}", counted(units, "unit")));
    format!("{shown}: {what}{}.", units.unwrap_or_default())
}
