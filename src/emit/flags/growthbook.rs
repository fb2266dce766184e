//! GrowthBook: one `flags/growthbook/features.json`, the payload that its SDKs load.
//!
//! A unit that is not forced goes through hashes with a seed each, so that none predicts another:
//!
//! | step | where | seed | result |
//! | --- | --- | --- | --- |
//! | holdout | `filters` | `<salt of the holdout>/holdout` | held out in every experiment, or free |
//! | layer | `filters` | `<salt of the layer>/layer` | inside the slot of the experiment, or not |
//! | enrolment | `filters` | `<salt>/enrol` | takes part at the share of the stage, or not |
//! | assignment | `ranges` | `<salt>/assign` | the variant |
//!
//! All of them are hash version 2, whose numbers are ten-thousandths; ranges are printed in those, so that a bound is
//! never a sum of decimals. Enrolled units come first in the enrolment, so a larger share keeps all of them; the
//! assignment never sees the share. In a layer the share is a part of the slot. Everybody else gets `defaultValue`,
//! which is no variation: nobody counts as control by accident.
//!
//! `coverage` and `weights` say the same once more. SDKs that know `ranges` do not read them; one that is older than
//! hash version 2 reads neither filters nor ranges, and without `coverage` it would enrol everybody.
//!
//! **Moments.** A payload holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** A feature without rules serves its `defaultValue` to everybody, forced units included.
//! `flags/growthbook/kill/<id>.json` holds the feature in that state, to replace the one in `features.json`.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Limits.** A number of a version has five digits at most: the SDKs compare versions as text of that width. An
//! attribute with a dot in its name is read as a nested object in conditions, and cannot be hashed. A payload is what
//! GrowthBook's server writes: it is served in the server's place, or the experiment is entered there by hand.

mod conditions;
mod import;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, Export};
use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap};
use crate::plan::{Plan, PlannedStage};
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{condition, hashed};

pub(super) struct GrowthBook;

/// GrowthBook: hash version 2 gives one of 10,000 numbers.
const GROWTHBOOK: Capabilities = Capabilities {
    name: "growthbook",
    title: "GrowthBook",
    file: "features.json",
    weight_parts: Some(PARTS),
    // Measured: JavaScript, Python and Rust agree on 2,000 ids beyond ASCII.
    hashes_any_id: true,
    hash: "FNV-1a",
    flag_signs: Some("_.:|-"),
    // Sticky buckets are a store of the application, which the payload cannot ask for.
    keeps_assignments: false,
    flags_key: "features",
    caught,
    refuses,
    limits: &[
        "A number of a version has five digits at most: the SDKs compare versions as text of that width.",
        "An attribute with a dot in its name is read as a nested object in conditions, and cannot be hashed.",
        "The payload is what GrowthBook's server writes: it is served in the server's place, or entered there by hand.",
    ],
    ..Capabilities::PLAIN
};

/// Conditions and units that its language reads otherwise.
fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = served::readable(plan, |clause| condition(clause).map(drop));
    if let Some(Err(reason)) = plan.audience.key.as_ref().map(|key| hashed(&key.value)) {
        let help = "randomise by a unit whose key is a plain attribute".to_owned();
        gaps.push(Gap {
            what: "the unit's key".to_owned(),
            place: plan.audience.unit.as_ref().and_then(|unit| unit.span()),
            reason,
            help,
        });
    }
    gaps
}

/// The rule before the experiment's own that serves everybody.
fn caught(flag: &Node, id: &str, _salt: &str) -> Option<Span> {
    let rules = flag.at_path("rules")?.as_array()?;
    let ours = rules.iter().position(|rule| rule.at_path("key").and_then(Node::as_str) == Some(id))?;
    let is_empty = |node: &Node| node.as_table().is_some_and(|table| table.entries.is_empty());
    rules[..ours].iter().filter_map(Node::as_table).find_map(|rule| {
        let narrowed =
            ["parentConditions", "filters", "namespace", "range", "ranges"].iter().any(|key| rule.get(key).is_some())
                || rule.get("condition").is_some_and(|condition| !is_empty(condition))
                || rule
                    .get("coverage")
                    .is_some_and(|coverage| !matches!(coverage.value, Value::Integer(1..) | Value::Float(1.0..)));
        let serves = rule.entry("force").or_else(|| rule.entry("variations"))?;
        (!narrowed).then_some(serves.key_span)
    })
}

/// The version of what is printed here.
const FORMAT: &str = "growthbook/1";

/// The numbers that a hash can give.
const PARTS: u32 = 10_000;

impl Target for GrowthBook {
    fn capabilities(&self) -> &'static Capabilities {
        &GROWTHBOOK
    }

    fn about(&self) -> &'static str {
        "GrowthBook's SDKs, as a static payload"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let features = served::each(flags, |flag| Ok((flag.key.to_owned(), feature(flag, losses)?)))?;
        let built: BTreeMap<&str, Json> =
            flags.iter().map(|flag| (flag.id(), json!({ "plan": flag.hash, "stage": flag.stage_name() }))).collect();
        let features: Map<String, Json> = features.into_iter().collect();
        served::json_bytes(&json!({ "features": features, "expc": { "format": FORMAT, "experiments": built } }))
    }

    fn import(&self, export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        Some(import::drafts(export))
    }
}

fn feature(flag: &Flag<'_>, losses: &mut Losses) -> Result<Json, String> {
    if let State::Shipped(winner) = flag.state {
        return shipped(flag, winner, losses);
    }
    let key = hashed(flag.unit)?;
    // Conditions and slots are judged in every state: a fault must not wait for the first stage.
    let mut clauses = Vec::new();
    for clause in &flag.clauses {
        let holds = condition(clause)?;
        clauses.push(if clause.is_exclusion { json!({ "$not": holds }) } else { holds });
    }
    let slot =
        flag.layer.map(|layer| Ok::<_, String>((layer, layer.parts(flag.plan, &GROWTHBOOK, losses)?))).transpose()?;
    if let State::Killed = flag.state {
        return Ok(json!({ "defaultValue": flag.off }));
    }
    let mut rules = Vec::new();
    for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
        rules.push(json!({
            "id": format!("{}/force/{}", flag.id(), variant.name),
            "condition": { key: { "$in": variant.force } },
            "force": variant.payload,
        }));
    }
    if let Some(stage) = flag.stage() {
        rules.push(experiment(flag, stage, key, clauses, slot, losses));
    }
    Ok(json!({ "defaultValue": flag.off, "rules": rules }))
}

fn experiment(
    flag: &Flag<'_>,
    stage: &PlannedStage,
    key: &str,
    clauses: Vec<Json>,
    slot: Option<(served::Slot<'_>, (u64, u64))>,
    losses: &mut Losses,
) -> Json {
    let mut filters = Vec::new();
    if let Some(holdout) = flag.holdout {
        let held = holdout.parts(flag.plan, &GROWTHBOOK, losses);
        filters.push(filter(holdout.salt, "holdout", key, held, u64::from(PARTS)));
    }
    let mut reach = 1.0;
    if let Some((layer, (from, to))) = slot {
        filters.push(filter(layer.salt, "layer", key, from, to));
        reach = parts(to - from);
    }
    let enrolled = served::enrolled(flag.plan, stage, reach, &GROWTHBOOK, losses);
    filters.push(filter(flag.salt(), "enrol", key, 0, enrolled));
    let split = served::split(flag, stage, &GROWTHBOOK, losses);
    let mut ranges = Vec::new();
    let mut at = 0;
    for part in &split {
        ranges.push(json!([parts(at), parts(at + part)]));
        at += part;
    }
    let mut rule = json!({
        "id": flag.id(),
        "key": flag.id(),
        "phase": stage.name,
        "hashAttribute": key,
        "hashVersion": 2,
        "seed": format!("{}/assign", flag.salt()),
        "coverage": (reach * parts(enrolled) * 1e8).round() / 1e8,
        "weights": split.iter().map(|part| parts(*part)).collect::<Vec<_>>(),
        "filters": filters,
        "ranges": ranges,
        "variations": flag.variants.iter().map(|variant| &variant.payload).collect::<Vec<_>>(),
        "meta": flag.variants.iter().map(|variant| json!({ "key": variant.name })).collect::<Vec<_>>(),
    });
    if !clauses.is_empty() {
        rule["condition"] = json!({ "$and": clauses });
    }
    rule
}

/// The winner for everybody who is not held out.
fn shipped(flag: &Flag<'_>, winner: usize, losses: &mut Losses) -> Result<Json, String> {
    let mut rules = Vec::new();
    if let Some(holdout) = flag.holdout {
        let held = holdout.parts(flag.plan, &GROWTHBOOK, losses);
        let filters = [filter(holdout.salt, "holdout", hashed(flag.unit)?, 0, held)];
        rules.push(json!({ "id": format!("{}/holdout", flag.id()), "filters": filters, "force": flag.off }));
    }
    Ok(json!({ "defaultValue": flag.variants[winner].payload, "rules": rules }))
}

/// The number of a part, as the SDKs compute it from a hash: bounds are equal to the last bit.
fn parts(part: u64) -> f64 {
    part as f64 / f64::from(PARTS)
}

/// Units from `from` to before `to` of one hash.
fn filter(salt: &str, step: &str, key: &str, from: u64, to: u64) -> Json {
    json!({
        "attribute": key,
        "hashVersion": 2,
        "seed": format!("{salt}/{step}"),
        "ranges": [[parts(from), parts(to)]],
    })
}
