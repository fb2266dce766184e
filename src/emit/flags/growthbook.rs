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

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::served::{self, Losses};
use super::{Request, Target};
use crate::emit::{Artifact, ArtifactRole, Emitted, Experiment, Moment};
use crate::plan::targets::Capabilities;
use crate::plan::{Plan, PlannedStage};
use crate::spec::Status;
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{condition, hashed};

pub(super) struct GrowthBook;

/// GrowthBook: hash version 2 gives one of 10,000 numbers.
const GROWTHBOOK: Capabilities = Capabilities {
    name: "growthbook",
    most_weight: None,
    share_parts: 1e4,
    reserved: &[],
    one_experiment_a_flag: true,
    has_generations: false,
    // Sticky buckets are a store of the application, which the payload cannot ask for.
    keeps_assignments: false,
    // Measured: JavaScript, Python and Rust agree on 2,000 such ids.
    hashes_any_id: true,
    hash: "FNV-1a",
    holds_schedule: false,
    shares_of_slot: true,
    weight_parts: Some(PARTS),
    flag_signs: Some("_.:|-"),
    most_payload_bytes: None,
    flags_key: "features",
    caught,
};

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

const NAME: &str = GROWTHBOOK.name;

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

    fn emit(&self, request: &Request<'_>) -> Result<Emitted, String> {
        let mut losses = Losses::of(NAME);
        let chosen = served::one_per_flag(request.experiments, &mut losses)?;
        let mut printer = Printer { moment: &request.moment, losses };
        let mut features = Map::new();
        let mut stages = BTreeMap::new();
        let mut kills = Vec::new();
        let mut faults = Vec::new();
        for (key, experiment) in &chosen {
            match printer.feature(experiment.plan) {
                Ok(Feature { served, killed, stage }) => {
                    features.insert((*key).to_owned(), served);
                    stages.insert(experiment.plan.id.to_string(), stage);
                    kills.extend(killed.map(|feature| (experiment, (*key).to_owned(), feature)));
                }
                Err(fault) => faults.push(format!("experiment `{}` {fault}", experiment.plan.id)),
            }
        }
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        let all: Vec<&Experiment<'_>> = chosen.values().collect();
        let mut artifacts = vec![Artifact {
            path: "flags/growthbook/features.json".to_owned(),
            bytes: bytes(&payload(features, &all, |id| stages.get(id).cloned().unwrap_or_default()))?,
            role: ArtifactRole::Evaluator,
            target: NAME,
            experiments: stages.keys().cloned().collect(),
            stage: served::named(&request.moment),
        }];
        for (experiment, key, feature) in kills {
            let name = served::file_name(experiment.plan)?;
            let document = payload(Map::from_iter([(key, feature)]), &[experiment], |_| "killed".to_owned());
            artifacts.push(Artifact {
                path: format!("flags/growthbook/kill/{name}.json"),
                bytes: bytes(&document)?,
                role: ArtifactRole::Upload,
                target: NAME,
                experiments: vec![name.to_owned()],
                stage: None,
            });
        }
        Ok(Emitted { artifacts, losses: printer.losses.all })
    }
}

/// A feature, the same when the experiment is killed, and the stage that is served.
struct Feature {
    served: Json,
    killed: Option<Json>,
    stage: String,
}

struct Printer<'a> {
    moment: &'a Moment,
    losses: Losses,
}

impl Printer<'_> {
    fn feature(&mut self, plan: &Plan) -> Result<Feature, String> {
        let flag = &plan.flag.value;
        if !GROWTHBOOK.allows_flag(flag) {
            return Err(format!("sets a flag `{flag}` whose name GrowthBook refuses: use letters, digits and `_.:|-`"));
        }
        served::file_name(plan)?;
        let off = Json::Object(served::off(plan)?);
        if plan.status.value == Status::Shipped {
            return self.shipped(plan, off);
        }
        let stage = match self.moment {
            Moment::Schedule => {
                let reason = "a payload holds one moment, not the days of stages".to_owned();
                self.losses.lose(plan, "schedule", reason, "nobody is enrolled: build with `--stage` or `--date`");
                None
            }
            moment => served::stage(moment, plan, &mut self.losses),
        };
        let key = hashed(served::unit_key(plan)?)?;
        let mut rules = Vec::new();
        for variant in plan.variants.iter().filter(|variant| !variant.force.is_empty()) {
            let ids: Vec<&str> = variant.force.iter().map(|id| id.value.as_str()).collect();
            rules.push(json!({
                "id": format!("{}/force/{}", plan.id, variant.name),
                "condition": { key: { "$in": ids } },
                "force": served::payload(variant),
            }));
        }
        // Conditions and slots are judged also when nobody is enrolled: a fault must not wait for the first stage.
        let mut clauses = Vec::new();
        for one in &plan.audience.conditions {
            clauses.push(condition(&one.value).map_err(|fault| format!("has a condition that {fault}"))?);
        }
        for one in &plan.audience.exclusions {
            let holds = condition(&one.value).map_err(|fault| format!("has an exclusion that {fault}"))?;
            clauses.push(json!({ "$not": holds }));
        }
        if plan.variants.len() < 2 {
            return Err("has fewer than two variants: GrowthBook runs no such experiment".to_owned());
        }
        let slot = self.slot(plan)?;
        if let Some(stage) = stage {
            rules.push(self.experiment(plan, stage, key, clauses, slot)?);
        }
        Ok(Feature {
            served: json!({ "defaultValue": off, "rules": rules }),
            killed: Some(json!({ "defaultValue": off })),
            stage: stage.map_or_else(|| "none".to_owned(), |stage| stage.name.clone()),
        })
    }

    fn experiment(
        &mut self,
        plan: &Plan,
        stage: &PlannedStage,
        key: &str,
        clauses: Vec<Json>,
        slot: Option<(u64, u64)>,
    ) -> Result<Json, String> {
        let audience = &plan.audience;
        let mut filters: Vec<Json> = self.holdout(plan, key).into_iter().map(|held| free(plan, key, held)).collect();
        let mut reach = 1.0;
        if let (Some(layer), Some((from, to))) = (&audience.layer, slot) {
            filters.push(filter(&layer.salt.value, "layer", key, from, to));
            reach = parts(to - from);
        }
        let enrolled = self.enrolment(plan, stage, reach);
        filters.push(filter(&audience.salt.value, "enrol", key, 0, enrolled));
        let weights = served::weights(plan, stage)?;
        let split = served::parts_of(&weights, PARTS);
        if !GROWTHBOOK.holds_weights(&weights) {
            let shown: Vec<String> = split.iter().map(|part| percent(*part)).collect();
            let reason = "GrowthBook's weights are hundredths of a per cent, which these are not".to_owned();
            self.losses.lose(plan, "weights", reason, &format!("rounded to {}", shown.join(", ")));
        }
        let of_stages = plan.calendar.stages.iter().filter_map(|stage| served::weights(plan, stage).ok());
        if of_stages.into_iter().any(|weights| served::parts_of(&weights, PARTS) != split) {
            let reason = "a payload keeps no assignments, and the stages have different weights".to_owned();
            self.losses.lose(plan, "sticky", reason, "enrolled units change variant when the weights do");
        }
        let mut ranges = Vec::new();
        let mut at = 0;
        for part in &split {
            ranges.push(json!([parts(at), parts(at + part)]));
            at += part;
        }
        let payloads: Vec<_> = plan.variants.iter().map(served::payload).collect();
        let names: Vec<Json> = plan.variants.iter().map(|variant| json!({ "key": variant.name })).collect();
        let mut rule = json!({
            "id": &*plan.id,
            "key": &*plan.id,
            "phase": stage.name,
            "hashAttribute": key,
            "hashVersion": 2,
            "seed": format!("{}/assign", audience.salt.value),
            "coverage": (reach * parts(enrolled) * 1e8).round() / 1e8,
            "weights": split.iter().map(|part| parts(*part)).collect::<Vec<_>>(),
            "filters": filters,
            "ranges": ranges,
            "variations": payloads,
            "meta": names,
        });
        if !clauses.is_empty() {
            rule["condition"] = json!({ "$and": clauses });
        }
        Ok(rule)
    }

    /// The winner for everybody who is not held out.
    fn shipped(&mut self, plan: &Plan, off: Json) -> Result<Feature, String> {
        let winner = plan.winner.as_ref().map(|winner| winner.value.as_str()).ok_or("is shipped without a winner")?;
        let winner = plan.variants.iter().find(|variant| variant.name == winner).ok_or("ships what is no variant")?;
        let mut rules = Vec::new();
        if plan.audience.holdout.is_some() {
            let key = hashed(served::unit_key(plan)?)?;
            let held = self.holdout(plan, key).unwrap_or(0);
            let salt = plan.audience.holdout.as_ref().map_or("", |holdout| &holdout.salt.value);
            let filters = [filter(salt, "holdout", key, 0, held)];
            rules.push(json!({ "id": format!("{}/holdout", plan.id), "filters": filters, "force": off }));
        }
        let served = json!({ "defaultValue": served::payload(winner), "rules": rules });
        Ok(Feature { served, killed: None, stage: "shipped".to_owned() })
    }

    /// The holdout's share in parts.
    fn holdout(&mut self, plan: &Plan, key: &str) -> Option<u64> {
        debug_assert!(!key.is_empty());
        let holdout = plan.audience.holdout.as_ref()?;
        let share = holdout.share.value;
        let held = (share * f64::from(PARTS)).round().clamp(0.0, f64::from(PARTS)) as u64;
        if !GROWTHBOOK.holds_share(share) {
            let reason = format!("the holdout's share is {} %: GrowthBook counts in hundredths of one", share * 100.0);
            self.losses.lose(plan, "holdout", reason, &format!("rounded to {}", percent(held)));
        }
        Some(held)
    }

    /// The slot in the layer, in parts.
    fn slot(&mut self, plan: &Plan) -> Result<Option<(u64, u64)>, String> {
        let Some(layer) = &plan.audience.layer else { return Ok(None) };
        let name = &layer.name.value;
        let Some(slot) = &layer.slot else {
            return Err(format!("has no slot in the layer `{name}`: make room, or choose another layer"));
        };
        let (from, to) = (slot.value.0 * f64::from(PARTS), slot.value.1 * f64::from(PARTS));
        // Rounded inward, slots cannot overlap; they were placed with less slack than a thousandth of a part.
        let (low, high) = ((from - 1e-3).ceil().max(0.0), (to + 1e-3).floor().min(f64::from(PARTS)));
        if high <= low {
            return Err(format!("has a slot in the layer `{name}` that is narrower than 0.01 %"));
        }
        if 2e-3 < (low - from).max(to - high) {
            let reason = format!(
                "GrowthBook counts in hundredths of a per cent: the slot {} to {} of the layer does not fit",
                slot.value.0, slot.value.1
            );
            let done = format!("the slot is {} to {}", low / f64::from(PARTS), high / f64::from(PARTS));
            self.losses.lose(plan, "layer", reason, &done);
        }
        Ok(Some((low as u64, high as u64)))
    }

    /// Enrolled units first, so that a larger share keeps them. `reach` is the part of eligible units in the slot.
    fn enrolment(&mut self, plan: &Plan, stage: &PlannedStage, reach: f64) -> u64 {
        let share = stage.share.value;
        let wanted = (share / reach * f64::from(PARTS)).round().max(0.0);
        let enrolled = wanted.min(f64::from(PARTS)) as u64;
        let what = format!("the share of stage `{}` is {} %", stage.name, share * 100.0);
        let served = crate::spec::quantity::plain((reach * parts(enrolled) * 1e8).round() / 1e6);
        // One part is what the slot may have lost to rounding.
        if f64::from(PARTS) + 1.0 < wanted {
            let done = format!("the whole slot takes part: {served} %");
            self.losses.lose(plan, "share", format!("{what}, wider than the slot"), &done);
        } else if !GROWTHBOOK.holds_share_in(share, reach) {
            let reason = format!("{what}: GrowthBook counts in hundredths of one");
            self.losses.lose(plan, "share", reason, &format!("rounded to {served} %"));
        }
        enrolled
    }
}

/// The number of a part, as the SDKs compute it from a hash: bounds are equal to the last bit.
fn parts(part: u64) -> f64 {
    part as f64 / f64::from(PARTS)
}

fn percent(part: u64) -> String {
    format!("{} %", part as f64 / 100.0)
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

/// Units that the holdout leaves free.
fn free(plan: &Plan, key: &str, held: u64) -> Json {
    let salt = plan.audience.holdout.as_ref().map_or("", |holdout| &holdout.salt.value);
    filter(salt, "holdout", key, held, u64::from(PARTS))
}

/// The document that SDKs load. They read `features`; the rest says what it was built from.
fn payload(features: Map<String, Json>, experiments: &[&Experiment<'_>], stage: impl Fn(&str) -> String) -> Json {
    let built: Map<String, Json> = experiments
        .iter()
        .map(|one| (one.plan.id.to_string(), json!({ "plan": one.hash, "stage": stage(&one.plan.id) })))
        .collect();
    json!({ "features": features, "expc": { "format": FORMAT, "experiments": built } })
}

fn bytes(document: &Json) -> Result<Vec<u8>, String> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|fault| format!("internal error: {fault}"))?;
    bytes.push(b'\n');
    Ok(bytes)
}
