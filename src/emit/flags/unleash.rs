//! Unleash: one `flags/unleash/features.json`, the document that its SDKs fetch, or load as a bootstrap.
//!
//! The first strategy that holds decides, so what is served to others stands before the experiment. Every step is a
//! hash of `<group>:<id>`:
//!
//! | step | where | group | seed | result |
//! | --- | --- | --- | --- | --- |
//! | holdout | a strategy that serves `off` | `<salt of the holdout>/holdout` | 0 | held out in every experiment, or free |
//! | enrolment | rollout of the experiment | `<salt>` | 0 | takes part at the share of the stage, or not |
//! | assignment | its variants | `<salt>` | 86028157 | the variant |
//!
//! A strategy has one rollout. In a layer it is the place in the layer (group `<salt of the layer>/layer`): a strategy
//! before it serves `off` to the part below the slot, and the experiment takes the first units of the slot, more of
//! them at a larger share. The variant then comes from the variants of the flag, whose group is the flag's name.
//! The last strategy serves `off` to everybody else: without it they would get no variant and no payload.
//!
//! Unleash knows attributes as text, from one flat context. What text cannot tell apart is named below; ids that are
//! empty, attributes that are missing and versions that are none are told by `REGEX`.
//!
//! **Moments.** A schedule is one strategy for each stage, between `DATE_BEFORE` on the current time: stages begin at
//! midnight UTC, and the last one stays until a person decides.
//!
//! **Kill switch.** The flag with its last strategy alone serves `off` with its payload to everybody, forced units
//! included. A flag that is disabled serves no variant and no payload. `flags/unleash/kill/<id>.json` holds that flag.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Upload.** `flags/unleash/upload/<id>/import.json` is the body of `POST /api/admin/features-batch/import`. It
//! replaces the strategies of the flag in one environment.

mod conditions;
mod import;

use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, Export};
use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap, parts_of};
use crate::plan::{Origin, Plan, PlannedStage};

use conditions::{CURRENT_TIME, NOT_EMPTY, attribute, condition, constraint, regex, switched};

pub(super) struct Unleash;

/// Unleash: a rollout is a whole per cent, a weight a thousandth.
const UNLEASH: Capabilities = Capabilities {
    name: "unleash",
    title: "Unleash",
    file: "features.json",
    weight_parts: Some(WEIGHTS),
    share_parts: 100.0,
    // `disabled` is what SDKs call the variant of a flag that serves none.
    reserved: &["off", "disabled"],
    // Measured: 688 of 2,000 such ids differ between Node and the engine in Rust.
    hashes_any_id: false,
    hash: "murmur3 of Unleash",
    holds_schedule: true,
    shares_of_slot: false,
    flags_key: "features",
    flag_signs: Some(SIGNS),
    most_name_bytes: Some(100),
    refuses,
    limits: &[
        "Attributes are text: the text `30` is the number 30, and the text `true` is a yes.",
        "Ids, missing attributes and versions are told by the operator REGEX, which unleash-client knows from 6.11 on: an SDK that does not know it enrols nobody.",
        "In a layer the name of the flag is the salt of the assignment.",
        "A server takes 30 strategies a flag, 250 values a constraint and 100 signs a value, unless it is set up for more.",
    ],
    upload: "body of `POST /api/admin/features-batch/import`, for project `default` and environment `production`; judged by the schema in npm unleash-server",
    ..Capabilities::PLAIN
};

/// The parts of the weights of variants.
const WEIGHTS: u32 = 1_000;

/// What names may hold beside letters and digits.
const SIGNS: &str = "_-.~";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| condition(clause).map(drop));
    let mut gap = |what: &str, place, reason: String, help: &str| {
        gaps.push(Gap { what: what.to_owned(), place, reason, help: help.to_owned() });
    };
    let audience = &plan.audience;
    if let Some(Err(reason)) = audience.key.as_ref().map(|key| attribute(&key.value)) {
        let place = audience.unit.as_ref().and_then(|unit| unit.span());
        gap("the unit's key", place, reason, "randomise by a unit whose key is a plain attribute");
    }
    for variant in plan.variants.iter().filter(|variant| !UNLEASH.allows_flag(&variant.name)) {
        let reason = format!("names of variants are letters, digits and `{SIGNS}`, 100 at most");
        gap("the name of a variant", Some(variant.span), reason, "rename the variant");
    }
    if audience.layer.is_some() {
        if !matches!(audience.salt.origin, Origin::Computed | Origin::BuiltIn) {
            let reason = "in a layer the name of the flag is the salt".to_owned();
            gap("a salt of its own", audience.salt.span(), reason, "take `salt` out; another flag name assigns anew");
        }
        let split = |stage: &PlannedStage| parts_of(&plan.weights_in(stage), WEIGHTS);
        let mut stages = plan.calendar.stages.iter().filter(|stage| 0.0 < plan.weights_in(stage).iter().sum());
        if let Some(first) = stages.next() {
            let first = split(first);
            if let Some(other) = stages.find(|stage| split(stage) != first) {
                let place = other.weights.first().map(|(_, weight)| weight.span).or(Some(other.span));
                let reason = "in a layer the weights are those of the flag".to_owned();
                gap("other weights in a stage", place, reason, "give all stages the same weights");
            }
        }
    }
    gaps
}

impl Target for Unleash {
    fn capabilities(&self) -> &'static Capabilities {
        &UNLEASH
    }

    fn about(&self) -> &'static str {
        "Unleash's SDKs, as the document that they fetch"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let features = served::each(flags, |flag| {
            let made = made(flag, losses)?;
            Ok(json!({
                "name": flag.key,
                "type": "experiment",
                "description": about(flag),
                "enabled": true,
                "stale": false,
                "impressionData": true,
                "project": PROJECT,
                "strategies": made.strategies,
                "variants": made.variants,
            }))
        })?;
        served::json_bytes(&json!({ "version": 2, "features": features, "segments": [] }))
    }

    fn import(&self, export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        Some(import::drafts(export))
    }

    fn uploads(&self, flag: &Flag<'_>, print: &mut Print<'_>) -> Result<Vec<(String, Vec<u8>)>, String> {
        let mut made = made(flag, &mut print.losses)?;
        let named = |name: &str, sticky: bool| json!({ "name": name, "stickiness": sticky });
        let mut fields = vec![named(flag.unit, true)];
        let reads: std::collections::BTreeSet<&str> =
            flag.clauses.iter().map(|clause| clause.attribute).filter(|name| *name != flag.unit).collect();
        fields.extend(reads.into_iter().map(|name| named(name, false)));
        for (n, strategy) in made.strategies.iter_mut().enumerate() {
            strategy["featureName"] = json!(flag.key);
            strategy["sortOrder"] = json!(n);
        }
        let document = json!({
            "project": PROJECT,
            "environment": ENVIRONMENT,
            "data": {
                "features": [{
                    "name": flag.key, "type": "experiment", "description": about(flag),
                    "project": PROJECT, "stale": false, "impressionData": true,
                }],
                "featureStrategies": made.strategies,
                "featureEnvironments": [{
                    "name": ENVIRONMENT, "environment": ENVIRONMENT, "featureName": flag.key,
                    "enabled": true, "variants": made.variants,
                }],
                "contextFields": if flag.unit.is_empty() { json!([]) } else { json!(fields) },
                "featureTags": [],
                "segments": [],
                "tagTypes": [],
                "dependencies": [],
            },
        });
        Ok(vec![("import.json".to_owned(), served::json_bytes(&document)?)])
    }
}

/// Where a server puts what nobody has put elsewhere.
const PROJECT: &str = "default";
const ENVIRONMENT: &str = "production";

/// What a person reads on the page of the flag.
fn about(flag: &Flag<'_>) -> String {
    format!("Experiment {}, stage {}, plan {}", flag.id(), flag.stage_name(), flag.hash)
}

/// What a flag serves.
struct Made {
    strategies: Vec<Json>,
    /// Variants of the flag, where the strategy of the experiment has none.
    variants: Vec<Json>,
}

fn made(flag: &Flag<'_>, losses: &mut Losses) -> Result<Made, String> {
    let mut strategies = Vec::new();
    let everybody = |name: &str, payload: &Map<String, Json>| {
        // What is sticky to nothing asks for no id.
        strategy("everybody else", 100, flag.key, "default", Vec::new(), vec![only(name, payload, "default")])
    };
    if let State::Shipped(winner) = flag.state {
        strategies.extend(holdout(flag, losses)?);
        let winner = &flag.variants[winner];
        strategies.push(everybody(winner.name, &winner.payload));
        return Ok(Made { strategies, variants: Vec::new() });
    }
    let key = attribute(flag.unit)?;
    // Conditions and slots are judged in every state: a fault must not wait for the first stage.
    let mut constraints = vec![regex(key, NOT_EMPTY)];
    let mut excluded = Vec::new();
    for clause in &flag.clauses {
        let mut holds = condition(clause)?;
        match (clause.is_exclusion, holds.as_mut_slice()) {
            (false, _) => constraints.append(&mut holds),
            // One test is turned round; several together are not, and stand before the experiment.
            (true, [one]) => {
                switched(one);
                constraints.append(&mut holds);
            }
            (true, _) => {
                let title = format!("excluded by {}", clause.attribute);
                let off = vec![only("off", &flag.off, "default")];
                excluded.push(strategy(&title, 100, flag.key, "default", holds, off));
            }
        }
    }
    let slot = match flag.layer {
        Some(layer) => Some((group(layer.salt, "/layer"), layer.parts(flag.plan, &UNLEASH, losses)?)),
        None => None,
    };
    if let State::Killed = flag.state {
        return Ok(Made { strategies: vec![everybody("off", &flag.off)], variants: Vec::new() });
    }
    for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
        let is = vec![conditions::one_of_texts(key, &variant.force)];
        let title = format!("forced: {}", variant.name);
        strategies.push(strategy(&title, 100, flag.key, key, is, vec![only(variant.name, &variant.payload, key)]));
    }
    let stages: Vec<(Option<(i64, Option<i64>)>, &PlannedStage)> = match &flag.state {
        State::Stage(stage) => vec![(None, stage)],
        State::Schedule(begins) => {
            let ends = begins.iter().skip(1).map(|(begin, _)| Some(*begin)).chain([None]);
            begins.iter().zip(ends).map(|((begin, stage), end)| (Some((*begin, end)), *stage)).collect()
        }
        _ => Vec::new(),
    };
    let mut variants = Vec::new();
    if flag.plan.audience.unit_ascii.as_ref().is_some_and(|ascii| !ascii.value) {
        let reason = "ids that are not ASCII hash differently in JavaScript and elsewhere".to_owned();
        losses.lose(flag.plan, "ids", reason, "they are hashed as they are: evaluate in one language");
    }
    if !stages.is_empty() {
        strategies.extend(holdout(flag, losses)?);
        strategies.append(&mut excluded);
        if let Some((group, (from, _))) = slot.as_ref().filter(|(_, (from, _))| 0 < *from) {
            let off = vec![only("off", &flag.off, key)];
            strategies.push(strategy("below the slot", *from, group, key, Vec::new(), off));
        }
    }
    for (days, stage) in stages {
        let split = split(flag, stage, losses);
        let mut when: Vec<Json> = Vec::new();
        if let Some((begin, end)) = days {
            when.push(constraint(CURRENT_TIME, "DATE_BEFORE", served::time(begin)));
            when.iter_mut().for_each(switched);
            when.extend(end.map(|end| constraint(CURRENT_TIME, "DATE_BEFORE", served::time(end))));
        }
        when.extend(constraints.iter().cloned());
        strategies.push(match &slot {
            None => {
                let enrolled = served::enrolled(flag.plan, stage, 1.0, &UNLEASH, losses);
                strategy(&stage.name, enrolled, &group(flag.salt(), ""), key, when, split)
            }
            Some((group, (from, to))) => {
                let width = to - from;
                let enrolled = match width < (stage.share.value * UNLEASH.share_parts).round() as u64 {
                    false => served::enrolled(flag.plan, stage, 1.0, &UNLEASH, losses),
                    true => {
                        let reason = format!("the share of stage `{}` is wider than the slot", stage.name);
                        losses.lose(flag.plan, "share", reason, &format!("rounded to {width} %"));
                        width
                    }
                };
                variants = split;
                strategy(&stage.name, from + enrolled, group, key, when, Vec::new())
            }
        });
    }
    strategies.push(everybody("off", &flag.off));
    Ok(Made { strategies, variants })
}

/// `off` for the units that are held out.
fn holdout(flag: &Flag<'_>, losses: &mut Losses) -> Result<Option<Json>, String> {
    let Some(holdout) = flag.holdout else { return Ok(None) };
    let key = attribute(flag.unit)?;
    let held = holdout.parts(flag.plan, &UNLEASH, losses);
    let off = vec![only("off", &flag.off, key)];
    Ok(Some(strategy("held out", held, &group(holdout.salt, "/holdout"), key, Vec::new(), off)))
}

fn strategy(
    title: &str,
    percent: u64,
    group: &str,
    stickiness: &str,
    constraints: Vec<Json>,
    variants: Vec<Json>,
) -> Json {
    json!({
        "name": "flexibleRollout",
        "title": title,
        "parameters": { "rollout": percent.to_string(), "stickiness": stickiness, "groupId": group },
        "constraints": constraints,
        "variants": variants,
        "segments": [],
    })
}

/// The variants of a stage. A server gives the one that is variable what the fixed ones leave.
fn split(flag: &Flag<'_>, stage: &PlannedStage, losses: &mut Losses) -> Vec<Json> {
    let split = served::split(flag, stage, &UNLEASH, losses);
    let with_weight = flag.variants.iter().zip(split).filter(|(_, weight)| 0 < *weight);
    let of = |(n, (variant, weight)): (usize, (&served::Variant<'_>, u64))| {
        one(variant.name, weight, if n == 0 { "variable" } else { "fix" }, &variant.payload, flag.unit)
    };
    with_weight.enumerate().map(of).collect()
}

/// A variant that a whole strategy serves.
fn only(name: &str, payload: &Map<String, Json>, stickiness: &str) -> Json {
    one(name, u64::from(WEIGHTS), "variable", payload, stickiness)
}

fn one(name: &str, weight: u64, kind: &str, payload: &Map<String, Json>, stickiness: &str) -> Json {
    let text = serde_json::to_string(payload).expect("keys of a JSON object are text");
    json!({
        "name": name,
        "weight": weight,
        "weightType": kind,
        "stickiness": stickiness,
        "payload": { "type": "json", "value": text },
    })
}

/// The group of a hash. SDKs read quotes in it, and letters beyond ASCII, each in their way: a salt with other signs than
/// those of names is spelt out.
fn group(salt: &str, step: &str) -> String {
    match salt.chars().all(|c| c.is_ascii_alphanumeric() || SIGNS.contains(c) || c == '/') {
        true => format!("{salt}{step}"),
        false => format!("{}{step}", salt.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
