//! A review for programs.

use serde_json::{Value as Json, json};

use super::{Reading, people};
use crate::change::{FieldChange, Impact, Outline, Recorded, Reviewed, TargetChange, TargetFate};

/// Raised when a key changes its meaning or goes.
const VERSION: u32 = 1;

pub(super) fn print(reading: &Reading<'_>) -> String {
    let (reference, commit) = reading.base;
    let path = |path: &str| format!("{}{path}", reading.prefix);
    let value = json!({
        "version": VERSION,
        "workspace": reading.workspace,
        "base": { "reference": reference, "commit": commit },
        "experiments_today": reading.review.total,
        "experiments": reading.review.experiments.iter().map(|one| experiment(one, &path)).collect::<Vec<_>>(),
        "shared": reading.review.shared.iter().map(|impact| shared(impact, &path)).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

fn experiment(one: &Reviewed, path: &dyn Fn(&str) -> String) -> Json {
    let moved = &one.people;
    json!({
        "id": one.id,
        "path": path(&one.path),
        "change": one.fate.word(),
        "old_id": one.old_id,
        "old_path": one.old_path.as_deref().map(path),
        "status": { "before": one.status.0.map(|s| s.to_string()), "after": one.status.1.map(|s| s.to_string()) },
        "class": one.change.class().name(),
        "fields": one.fields().map(field).collect::<Vec<_>>(),
        "plan": { "before": one.outline.0.as_ref().map(outline), "after": one.outline.1.as_ref().map(outline) },
        "people": {
            "planned_units": { "before": moved.planned.0.map(f64::round), "after": moved.planned.1.map(f64::round) },
            "served": { "before": moved.served.0, "after": moved.served.1 },
            "leave": rounded(moved.leaves),
            "switch_variant": rounded(moved.switches),
            "join": rounded(moved.joins),
            "other_payload": moved.shows.iter().map(|(variant, part)| json!({ "variant": variant, "part": rounded(*part) })).collect::<Vec<_>>(),
            "conditions": moved.apart.map(|(before, after)| json!({
                "before_only_at_most": before.map(rounded),
                "after_only_at_most": after.map(rounded),
            })),
            "not_counted": moved.unknown,
            "text": people(one, |name| format!("`{name}`")),
        },
        "amendments": {
            "added": one.amendments.added.iter().map(amendment).collect::<Vec<_>>(),
            "gone": one.amendments.gone.iter().map(amendment).collect::<Vec<_>>(),
        },
        "targets": one.targets.iter().map(target).collect::<Vec<_>>(),
        "partial": one.is_partial,
        "same_meaning": one.means_the_same(),
    })
}

/// Six digits: what lies behind them is the rounding of the computation.
fn rounded(part: f64) -> f64 {
    (part * 1e6).round() / 1e6
}

fn field(field: &FieldChange) -> Json {
    json!({
        "path": field.dotted(),
        "class": field.class.name(),
        "foreseen": field.foreseen,
        "before": field.before().map(crate::syntax::Node::to_json),
        "after": field.after().map(crate::syntax::Node::to_json),
        "text": field.words(),
    })
}

fn amendment(one: &Recorded) -> Json {
    json!({
        "at": one.at.map(|day| day.to_string()),
        "by": one.by,
        "reason": one.reason,
        "data_access": one.access.map(|access| access.to_string()),
        "fields": one.fields,
        "worth": one.worth().map(crate::change::Worth::name),
        "deviating": one.deviating,
    })
}

fn outline(plan: &Outline) -> Json {
    let day = |day: Option<crate::spec::Day>| day.map(|day| day.to_string());
    json!({
        "units_needed": plan.needed,
        "units_planned": plan.available,
        "power": plan.power.map(rounded),
        "days": plan.days,
        "start": day(plan.start),
        "end": day(plan.end),
        "decision": day(plan.decide),
    })
}

fn target(change: &TargetChange) -> Json {
    let (fate, reason) = match &change.fate {
        TargetFate::Added => ("added", None),
        TargetFate::Removed => ("removed", None),
        TargetFate::Changed => ("changed", None),
        TargetFate::Unknown(reason) => ("unknown", Some(reason)),
    };
    json!({ "target": change.target, "flag": change.flag, "change": fate, "values": change.parts, "reason": reason })
}

fn shared(impact: &Impact, path: &dyn Fn(&str) -> String) -> Json {
    let edit = &impact.edit;
    let keys = edit.keys.iter().map(|key| json!({ "key": key.key, "before": key.before, "after": key.after }));
    json!({
        "path": path(&edit.path),
        "what": edit.name(),
        "change": edit.fate.word(),
        "keys": keys.collect::<Vec<_>>(),
        "touches": impact.touches,
        "alters": impact.alters,
    })
}
