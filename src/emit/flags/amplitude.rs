//! Amplitude: one `flags/amplitude/flags.json`, the flags by name as its server SDKs take them for local evaluation.
//!
//! One hash of a salt and an id gives two numbers, which do not predict each other: the remainder by 100, and the
//! quotient. Layers and holdouts are flags of their own, which the flags of experiments depend on:
//!
//! | step | flag | salt | number |
//! | --- | --- | --- | --- |
//! | holdout | `expc-holdout-<holdout>` | `<salt of the holdout>/holdout` | remainder |
//! | layer | `expc-layer-<layer>` | `<salt of the layer>/layer` | remainder |
//! | enrolment | the experiment's; in a layer, that of the layer | `<salt>` | remainder |
//! | assignment | the experiment's | `<salt>` | quotient |
//!
//! So shares go in whole per cents. A member of a layer takes the first part of its slot at the share of the stage: a
//! larger share keeps all enrolled units. Segments stand in this order: forced units, exclusions, the experiment, and
//! `off` for everybody else, which is marked as the default: the SDK counts no exposure of it.
//!
//! Attributes with the name of one of Amplitude's own fields (`user_id`, `country`, `platform` …) are those fields of the
//! user; all others are user properties.
//!
//! **Moments.** A document holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** A flag whose only segment serves `off` does so to everybody, forced units included.
//! `flags/amplitude/kill/<id>.json` holds the flag in that state.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Limits.** The SDK in Python takes 0, `false` and the empty text for a missing value under every operator, so a
//! condition that holds for one of them is refused. The operators that Amplitude documents for its management API hold
//! neither versions nor patterns, so no request body is made: the file is served in the server's place, or experiments
//! are entered by hand.

mod conditions;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::Plan;
use crate::plan::targets::{Capabilities, Gap};

use conditions::{condition, conditions, selector};

pub(super) struct Amplitude;

const AMPLITUDE: Capabilities = Capabilities {
    name: "amplitude",
    title: "Amplitude",
    file: "flags.json",
    weight_parts: Some(PARTS),
    share_parts: 100.0,
    comparisons: &["in", "is", "semver", "at_least", "at_most", "above", "below", "starts_with", "ends_with"],
    reserved: &[OFF],
    hash: "murmur3 of Amplitude",
    shares_of_slot: false,
    flag_signs: Some("_-."),
    flags_key: "",
    refuses,
    limits: &[
        "The Python SDK takes 0, `false` and the empty text for missing: a condition that holds for one of them is refused.",
        "A version with build metadata (`5.2.0+7`) meets no comparison.",
        "Attributes named like Amplitude's own fields are fields of the user, all others are user properties.",
        "A text that is a list in JSON is read as that list.",
        "It is served in the server's place, or entered there: the documented operators of its API have no versions or patterns.",
    ],
    ..Capabilities::PLAIN
};

/// The numbers that a hash of 32 bits gives when it is divided by 100.
const QUOTIENTS: u32 = 42_949_673;

/// The parts of weights.
const PARTS: u32 = 1_000_000;

/// The variant of units that take no part.
const OFF: &str = "off";

/// The version of what is printed here, in every flag's metadata.
const FORMAT: &str = "amplitude/1";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| conditions(clause).map(drop));
    if let Some(key) = &plan.audience.key
        && let Err(reason) = selector(&key.value)
    {
        let help = "randomise by a unit whose key is a plain attribute".to_owned();
        let place = plan.audience.unit.as_ref().and_then(|unit| unit.span());
        gaps.push(Gap { what: "the unit's key".to_owned(), place, reason, help });
    }
    gaps
}

impl Target for Amplitude {
    fn capabilities(&self) -> &'static Capabilities {
        &AMPLITUDE
    }

    fn about(&self) -> &'static str {
        "Amplitude Experiment's server SDKs, by local evaluation"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let mut shared = Shared::default();
        for flag in flags {
            shared.add(flag, losses).map_err(|fault| format!("experiment `{}` {fault}", flag.id()))?;
        }
        let mut document = shared.flags();
        let made = served::each(flags, |flag| match document.contains_key(flag.key) {
            true => Err(format!("sets the flag `{}`, which a layer or a holdout needs", flag.key)),
            false => Ok((flag.key.to_owned(), experiment(flag, losses)?)),
        })?;
        document.extend(made);
        served::json_bytes(&Json::Object(document))
    }
}

/// Flags that several experiments depend on.
#[derive(Debug, Default)]
struct Shared<'p> {
    /// By flag: the salt, what is hashed, and the parts: from, to, experiment.
    flags: BTreeMap<String, (String, Vec<String>, Vec<(u64, u64, &'p str)>)>,
}

fn layer_key(layer: &served::Slot<'_>) -> String {
    format!("expc-layer-{}", layer.name)
}

fn holdout_key(holdout: &served::Holdout<'_>) -> String {
    format!("expc-holdout-{}", holdout.name)
}

impl<'p> Shared<'p> {
    fn add(&mut self, flag: &Flag<'p>, losses: &mut Losses) -> Result<(), String> {
        if let Some(layer) = flag.layer {
            let (from, to) = layer.parts(flag.plan, &AMPLITUDE, losses)?;
            let enrolled = match flag.stage() {
                Some(stage) => served::enrolled(flag.plan, stage, 1.0, &AMPLITUDE, losses),
                None => 0,
            };
            let salt = format!("{}/layer", layer.salt);
            let parts = self.flags.entry(layer_key(&layer)).or_insert_with(|| (salt, Vec::new(), Vec::new()));
            parts.1 = selector(flag.unit)?;
            parts.2.push((from, to.min(from + enrolled), flag.id()));
        }
        if let Some(holdout) = flag.holdout {
            let held = holdout.parts(flag.plan, &AMPLITUDE, losses);
            let parts = vec![(0, held, HELD)];
            let salt = format!("{}/holdout", holdout.salt);
            self.flags.insert(holdout_key(&holdout), (salt, selector(flag.unit)?, parts));
        }
        Ok(())
    }

    fn flags(self) -> Map<String, Json> {
        let flag = |(key, (salt, unit, mut parts)): (String, (String, Vec<String>, Vec<(u64, u64, &str)>))| {
            parts.sort_unstable();
            let mut variants =
                Map::from_iter([(OFF.to_owned(), json!({ "key": OFF, "metadata": { "default": true } }))]);
            variants
                .extend(parts.iter().map(|(_, _, name)| ((*name).to_owned(), json!({ "key": name, "value": name }))));
            let all = |name: &str| json!([{ "variant": name, "range": [0, QUOTIENTS] }]);
            let allocations: Vec<Json> = parts
                .iter()
                .filter(|(from, to, _)| from < to)
                .map(|(from, to, name)| json!({ "range": [from, to], "distributions": all(name) }))
                .collect();
            let bucket = json!({ "selector": unit, "salt": salt, "allocations": allocations });
            let segments = json!([{ "bucket": bucket, "variant": OFF }]);
            let metadata = json!({ "deployed": true, "evaluationMode": "local", "expc": FORMAT });
            let flag = json!({ "key": key, "variants": variants, "segments": segments, "metadata": metadata });
            (key, flag)
        };
        self.flags.into_iter().map(flag).collect()
    }
}

/// The variant of a held-out unit in the flag of its holdout.
const HELD: &str = "held-out";

fn everybody(variant: &str) -> Json {
    json!({ "metadata": { "segmentName": "all" }, "variant": variant })
}

fn experiment(flag: &Flag<'_>, losses: &mut Losses) -> Result<Json, String> {
    let mut dependencies = Vec::new();
    let held = flag.holdout.map(|holdout| {
        let key = holdout_key(&holdout);
        let conditions = json!([[result(&key, HELD)]]);
        dependencies.push(key);
        json!({ "metadata": { "segmentName": "holdout" }, "conditions": conditions, "variant": OFF })
    });
    let segments = match &flag.state {
        State::Shipped(winner) => held.into_iter().chain([everybody(flag.variants[*winner].name)]).collect(),
        state => {
            // Conditions are judged in every state: a fault must not wait for the first stage.
            let mut all = Vec::new();
            let mut excluded = Vec::new();
            for clause in &flag.clauses {
                let holds = conditions(clause)?;
                match clause.is_exclusion {
                    true => excluded.push(Json::Array(holds)),
                    false => all.extend(holds),
                }
            }
            let unit = selector(flag.unit)?;
            let mut segments = Vec::new();
            if !matches!(state, State::Killed) {
                for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
                    let name = format!("force/{}", variant.name);
                    let conditions = json!([[condition(&unit, "is", json!(variant.force))]]);
                    segments.push(json!({
                        "metadata": { "segmentName": name }, "conditions": conditions, "variant": variant.name,
                    }));
                }
            }
            if let Some(stage) = flag.stage() {
                segments.extend(held);
                if !excluded.is_empty() {
                    segments.push(json!({
                        "metadata": { "segmentName": "excluded" }, "conditions": excluded, "variant": OFF,
                    }));
                }
                let mut enrolled = served::enrolled(flag.plan, stage, 1.0, &AMPLITUDE, losses);
                if let Some(layer) = flag.layer {
                    let key = layer_key(&layer);
                    all.push(result(&key, flag.id()));
                    dependencies.push(key);
                    // The layer has taken the share.
                    enrolled = 100;
                }
                segments.push(bucketed(flag, stage, &unit, all, enrolled, losses));
            }
            segments.push(everybody(OFF));
            segments
        }
    };
    let variant = |name: &str, payload: &Map<String, Json>| json!({ "key": name, "value": name, "payload": payload });
    let mut variants: Map<String, Json> =
        flag.variants.iter().map(|one| (one.name.to_owned(), variant(one.name, &one.payload))).collect();
    variants.insert(OFF.to_owned(), json!({ "key": OFF, "payload": flag.off, "metadata": { "default": true } }));
    Ok(json!({
        "key": flag.key,
        "variants": variants,
        "segments": segments,
        "dependencies": dependencies,
        "metadata": {
            "deployed": true,
            "evaluationMode": "local",
            "flagType": "experiment",
            "experimentKey": flag.id(),
            "expc": FORMAT,
            "plan": flag.hash,
            "stage": flag.stage_name(),
        },
    }))
}

fn bucketed(
    flag: &Flag<'_>,
    stage: &crate::plan::PlannedStage,
    unit: &[String],
    conditions: Vec<Json>,
    enrolled: u64,
    losses: &mut Losses,
) -> Json {
    let mut distributions = Vec::new();
    let mut from = 0;
    for (variant, part) in flag.variants.iter().zip(served::split(flag, stage, &AMPLITUDE, losses)) {
        let to = from + part;
        if from < to {
            distributions.push(json!({ "variant": variant.name, "range": [quotient(from), quotient(to)] }));
        }
        from = to;
    }
    let allocations = match enrolled {
        0 => json!([]),
        _ => json!([{ "range": [0, enrolled], "distributions": distributions }]),
    };
    let mut segment = json!({
        "metadata": { "segmentName": flag.id() },
        "bucket": { "selector": unit, "salt": flag.salt(), "allocations": allocations },
        "variant": OFF,
    });
    if !conditions.is_empty() {
        segment["conditions"] = json!([conditions]);
    }
    segment
}

/// The first number of a part: the last part ends where the numbers do.
fn quotient(part: u64) -> u64 {
    part * u64::from(QUOTIENTS) / u64::from(PARTS)
}

/// True of units to whom another flag gives this variant.
fn result(key: &str, variant: &str) -> Json {
    condition(&["result".to_owned(), key.to_owned(), "key".to_owned()], "is", json!([variant]))
}
