//! Split, which is Harness FME: one `flags/split/splits.json`, the file of localhost mode in its SDKs.
//!
//! The first condition that holds decides, and hashes are of the id with a number as seed:
//!
//! | step | where | result |
//! | --- | --- | --- |
//! | holdout | flag `<holdout>-holdout`, which the conditions ask | held out in every experiment, or free |
//! | layer | flag `<layer>-layer`, one treatment for each per cent | inside the slot of the experiment, or not |
//! | enrolment | `trafficAllocation` of the flag | takes part at the share of the stage, or not |
//! | assignment | `partitions` of the condition | the variant |
//!
//! In a layer the share is a part of the slot. Everybody else gets the treatment `off`. SDKs give the treatment
//! `control`, without a configuration, when they cannot evaluate: a variant of that name is the treatment `baseline`.
//! A prerequisite would stand before the whitelist, and take forced units too; a condition does not.
//!
//! **Moments.** A document holds one moment: a build names a stage or a date.
//!
//! **Kill switch.** `"killed": true` serves `off` with its configuration to everybody, forced units included.
//! `flags/split/kill/<id>.json` holds the flag in that state.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.

mod conditions;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::Plan;
use crate::plan::targets::{Capabilities, Gap, Salts};

use conditions::{attribute, condition, matcher};

pub(super) struct Split;

/// Split: everything is a whole per cent.
const SPLIT: Capabilities = Capabilities {
    name: "split",
    title: "Split",
    file: "splits.json",
    weight_parts: Some(PARTS),
    share_parts: PARTS as f64,
    salts: Salts::Server,
    comparisons: &["in", "not_in", "is", "is_not", "semver", "starts_with", "ends_with"],
    reserved: &[OFF, BASELINE],
    hash: "murmur3 of Split",
    flag_signs: Some("-_"),
    flags_key: "ff.d",
    refuses,
    limits: &[
        "A variant `control` is the treatment `baseline`: `control` is what SDKs return when they cannot evaluate.",
        "Attributes are text: the number 5 is the text `5`, and the text `true` is a yes.",
        "The SDK in Python compares whole numbers only, so `at_least`, `at_most`, `above` and `below` are refused.",
        "The SDK in JavaScript cannot tell an empty text from a missing one, so `not_in` and `is_not` with text are refused.",
        "The server makes the seeds: what is built here, and what runs there, enrol the same share of other units.",
    ],
    upload: "nothing is written (no judge: no form of the Admin API is published); the flag is entered by hand",
    ..Capabilities::PLAIN
};

/// The parts of a hash.
const PARTS: u32 = 100;

const OFF: &str = "off";

/// What a variant `control` is called.
const BASELINE: &str = "baseline";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| condition(clause, "", "").map(drop));
    let mut gap = |what: &str, place, reason: String, help: &str| {
        gaps.push(Gap { what: what.to_owned(), place, reason, help: help.to_owned() });
    };
    if let Some(Err(reason)) = plan.audience.key.as_ref().map(|key| attribute(&key.value)) {
        let place = plan.audience.unit.as_ref().and_then(|unit| unit.span());
        gap("the unit's key", place, reason, "randomise by a unit whose key is a plain attribute");
    }
    if let Some(layer) = &plan.audience.layer {
        let parts = plan.slot_width() * SPLIT.share_parts;
        if 0.05 * parts < (parts.round() - parts).abs() {
            let width = crate::spec::quantity::plain((parts * 1e6).round() / 1e6);
            let reason = "slots are whole per cents".to_owned();
            gap(&format!("a slot of {width} %"), layer.name.span(), reason, "choose a share of whole per cents");
        }
    }
    for variant in plan.variants.iter().filter(|variant| !SPLIT.allows_flag(&variant.name)) {
        let reason = "names of treatments are letters, digits, `-` and `_`".to_owned();
        gap("the name of a variant", Some(variant.span), reason, "rename the variant");
    }
    gaps
}

impl Target for Split {
    fn capabilities(&self) -> &'static Capabilities {
        &SPLIT
    }

    fn about(&self) -> &'static str {
        "Split's SDKs (Harness FME), as the file of localhost mode"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let mut all: BTreeMap<String, Json> = BTreeMap::new();
        let made = served::each(flags, |flag| Ok((flag.key.to_owned(), split(flag, &mut all, losses)?)))?;
        for (name, flag) in made {
            if all.insert(name.clone(), flag).is_some() {
                return Err(format!("the flag `{name}` has the name of a layer or a holdout: give it another"));
            }
        }
        let all: Vec<Json> = all.into_values().collect();
        served::json_bytes(&json!({
            "ff": { "d": all, "s": -1, "t": 1 },
            "rbs": { "d": [], "s": -1, "t": 1 },
        }))
    }
}

/// A flag; the flags of its layer and its holdout are put beside it.
fn split(flag: &Flag<'_>, shared: &mut BTreeMap<String, Json>, losses: &mut Losses) -> Result<Json, String> {
    let unit = flag.plan.audience.unit.as_ref().map_or("user", |unit| unit.value.as_str());
    let mut configurations = Map::new();
    let mut configure = |name: &str, payload: &Map<String, Json>| {
        configurations.insert(name.to_owned(), json!(Json::Object(payload.clone()).to_string()));
    };
    configure(OFF, &flag.off);
    for variant in &flag.variants {
        configure(treatment(variant.name), &variant.payload);
    }
    let mut conditions = Vec::new();
    let mut allocation = u64::from(PARTS);
    if let State::Shipped(winner) = flag.state {
        if let Some((name, _)) = holdout(flag, unit, shared, losses) {
            let held = vec![asked(unit, &name, &["held".to_owned()])];
            conditions.push(rollout("held out", held, vec![whole(OFF)]));
        }
        let winner = treatment(flag.variants[winner].name);
        conditions.push(rollout("everybody else", vec![everybody(unit)], vec![whole(winner)]));
        return Ok(document(flag, unit, allocation, conditions, configurations));
    }
    attribute(flag.unit)?;
    // Conditions and slots are judged in every state: a fault must not wait for the first stage.
    let mut eligible = Vec::new();
    let mut excluded = Vec::new();
    for clause in &flag.clauses {
        let mut holds = condition(clause, unit, flag.unit)?;
        match clause.is_exclusion {
            false => eligible.append(&mut holds),
            true => excluded.push((format!("excluded by {}", clause.attribute), holds)),
        }
    }
    let slot = match flag.layer {
        Some(layer) => Some((layer, layer.parts(flag.plan, &SPLIT, losses)?)),
        None => None,
    };
    for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
        let ids =
            matcher(unit, None, "WHITELIST", false, &[("whitelistMatcherData", json!({ "whitelist": variant.force }))]);
        let label = format!("forced: {}", variant.name);
        conditions.push(of("WHITELIST", &label, vec![ids], vec![whole(treatment(variant.name))]));
    }
    if let Some(stage) = flag.stage() {
        for (label, holds) in excluded {
            conditions.push(rollout(&label, holds, vec![whole(OFF)]));
        }
        if let Some((name, free)) = holdout(flag, unit, shared, losses) {
            eligible.push(asked(unit, &name, &[free]));
        }
        let mut reach = 1.0;
        if let Some((layer, (from, to))) = slot {
            let name = format!("{}-layer", served::key_part(layer.name));
            let parts: Vec<(String, u64)> = (1..=u64::from(PARTS)).map(|part| (format!("p{part}"), 1)).collect();
            shared.insert(name.clone(), cut(&name, unit, seed(layer.salt, "layer"), &parts));
            let inside: Vec<String> = (from + 1..=to).map(|part| format!("p{part}")).collect();
            eligible.push(asked(unit, &name, &inside));
            reach = (to - from) as f64 / f64::from(PARTS);
        }
        allocation = served::enrolled(flag.plan, stage, reach, &SPLIT, losses);
        if eligible.is_empty() {
            eligible.push(everybody(unit));
        }
        let split = served::split(flag, stage, &SPLIT, losses);
        let partitions = flag.variants.iter().zip(split).filter(|(_, size)| 0 < *size);
        let partitions =
            partitions.map(|(variant, size)| json!({ "treatment": treatment(variant.name), "size": size }));
        conditions.push(rollout(&stage.name, eligible, partitions.collect()));
    }
    conditions.push(rollout("everybody else", vec![everybody(unit)], vec![whole(OFF)]));
    Ok(document(flag, unit, allocation, conditions, configurations))
}

/// What a variant is called here.
fn treatment(variant: &str) -> &str {
    if variant == "control" { BASELINE } else { variant }
}

fn document(
    flag: &Flag<'_>,
    unit: &str,
    allocation: u64,
    conditions: Vec<Json>,
    configurations: Map<String, Json>,
) -> Json {
    json!({
        "name": flag.key,
        "trafficTypeName": unit,
        "status": "ACTIVE",
        "killed": matches!(flag.state, State::Killed),
        "defaultTreatment": OFF,
        "changeNumber": 1,
        "algo": 2,
        "trafficAllocation": allocation,
        "trafficAllocationSeed": seed(flag.salt(), "enrol"),
        "seed": seed(flag.salt(), "assign"),
        "configurations": configurations,
        "conditions": conditions,
        "sets": [],
        "prerequisites": [],
        "impressionsDisabled": false,
    })
}

/// The flag of a holdout, and its treatment for units that are free.
fn holdout(
    flag: &Flag<'_>,
    unit: &str,
    shared: &mut BTreeMap<String, Json>,
    losses: &mut Losses,
) -> Option<(String, String)> {
    let holdout = flag.holdout?;
    let held = holdout.parts(flag.plan, &SPLIT, losses);
    let name = format!("{}-holdout", served::key_part(holdout.name));
    let parts = [("held".to_owned(), held), ("free".to_owned(), u64::from(PARTS) - held)];
    shared.insert(name.clone(), cut(&name, unit, seed(holdout.salt, "holdout"), &parts));
    Some((name, "free".to_owned()))
}

/// A flag that cuts everybody into parts.
fn cut(name: &str, unit: &str, seed: i32, parts: &[(String, u64)]) -> Json {
    let partitions: Vec<Json> = parts
        .iter()
        .filter(|(_, size)| 0 < *size)
        .map(|(treatment, size)| json!({ "treatment": treatment, "size": size }))
        .collect();
    json!({
        "name": name,
        "trafficTypeName": unit,
        "status": "ACTIVE",
        "killed": false,
        "defaultTreatment": OFF,
        "changeNumber": 1,
        "algo": 2,
        "trafficAllocation": PARTS,
        "trafficAllocationSeed": 1,
        "seed": seed,
        "configurations": {},
        "conditions": [rollout("everybody", vec![everybody(unit)], partitions)],
        "sets": [],
        "prerequisites": [],
        // Nobody looks at who is in which part.
        "impressionsDisabled": true,
    })
}

fn everybody(unit: &str) -> Json {
    matcher(unit, None, "ALL_KEYS", false, &[])
}

/// The unit has one of these treatments of another flag.
fn asked(unit: &str, flag: &str, treatments: &[String]) -> Json {
    let data = json!({ "split": flag, "treatments": treatments });
    matcher(unit, None, "IN_SPLIT_TREATMENT", false, &[("dependencyMatcherData", data)])
}

fn whole(treatment: &str) -> Json {
    json!({ "treatment": treatment, "size": PARTS })
}

fn rollout(label: &str, matchers: Vec<Json>, partitions: Vec<Json>) -> Json {
    of("ROLLOUT", label, matchers, partitions)
}

fn of(kind: &str, label: &str, matchers: Vec<Json>, partitions: Vec<Json>) -> Json {
    json!({
        "conditionType": kind,
        "label": label,
        "matcherGroup": { "combiner": "AND", "matchers": matchers },
        "partitions": partitions,
    })
}

/// The seed of a step. SDKs take 0 for no seed.
fn seed(salt: &str, step: &str) -> i32 {
    let digest = crate::text::sha256(format!("{salt}/{step}").as_bytes());
    i32::from_str_radix(&digest[..7], 16).unwrap_or_default().max(1)
}
