//! Eppo: one `flags/eppo/flags.json`, a universal flag configuration as Eppo's SDKs load it, and request bodies for
//! Datadog, which took Eppo's flags over.
//!
//! A unit that is not forced goes through hashes with a salt each, so that none predicts another:
//!
//! | step | salt | result |
//! | --- | --- | --- |
//! | holdout | `<salt of the holdout>/holdout` | held out in every experiment, or free |
//! | layer | `<salt of the layer>/layer` | inside the slot of the experiment, or not |
//! | enrolment | `<salt>/enrol` | takes part at the share of the stage, or not |
//! | assignment | `<salt>/assign` | the variant |
//!
//! Each is a shard of a split, of a million parts; a unit that misses one goes on to the next allocation. Enrolled
//! units come first in the enrolment, so a larger share keeps all of them; the assignment never sees the share. In a
//! layer the share is a part of the slot. Allocations stand in this order: forced units, exclusions, the experiment,
//! and `off` for everybody else, which is a variation of its own: nobody counts as control by accident. Only the
//! experiment's own allocation logs assignments, under the id of the experiment.
//!
//! **Moments.** Allocations begin and end by themselves: a schedule has one for each stage, the latest first, all under
//! the same key. After the last stage its share stays until a person decides. A stage or a date prints one share.
//!
//! **Kill switch.** A flag whose only allocation is `off` serves it to everybody, forced units included. `enabled:
//! false` does not: it makes the SDK return the default in the calling code. `flags/eppo/kill/<id>.json` holds the flag
//! in that state, to replace the one in `flags.json`.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Datadog.** `upload/<id>/datadog-flag.json` is the body of `POST /api/v2/feature-flags`, and
//! `datadog-allocations.json` that of `PUT …/environments/{environment_id}/allocations`. Datadog makes the salts, so
//! what needs a salt (a layer, a holdout, a `salt` of the spec) has no such files.

mod conditions;
mod datadog;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap};
use crate::plan::{Plan, PlannedStage};
use crate::syntax::Node;
use crate::text::Span;

use conditions::{Condition, conditions};

pub(super) struct Eppo;

/// Eppo: a flag says how many shards it has.
const EPPO: Capabilities = Capabilities {
    name: "eppo",
    title: "Eppo",
    file: "flags.json",
    weight_parts: Some(PARTS),
    share_parts: PARTS as f64,
    reserved: &[OFF],
    hash: "MD5 of Eppo",
    holds_schedule: true,
    caught,
    refuses,
    limits: &[
        "Attributes are text, numbers and booleans, and are compared as text where they are listed: \"1\" is 1, \"true\" is true.",
        "A version has 256 signs at most, and numbers below 2^53.",
        "Forced units are told by the attribute `id`, which is the subject key unless the application sets another.",
        "Payloads are JSON in a string; JavaScript reads integers beyond 2^53 as the nearest double.",
    ],
    upload: "Request bodies for Datadog, accepted by its typed client (pip `datadog-api-client`), for experiments without a \
             layer, a holdout and a salt of their own: its server makes the salts. No judge: how Datadog serves them, and \
             the bodies of Eppo's own API, which are not published.",
    ..Capabilities::PLAIN
};

/// The shards of a flag.
const PARTS: u32 = 1_000_000;

/// The variation of units that take no part.
const OFF: &str = "off";

/// The version of what is printed here.
const FORMAT: &str = "eppo/1";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let unit = plan.audience.key.as_ref().map_or("", |key| key.value.as_str());
    served::readable(plan, |clause| conditions(clause, unit).map(drop))
}

/// The allocation before the experiment's own that serves everybody.
fn caught(flag: &Node, id: &str, _salt: &str) -> Option<Span> {
    let allocations = flag.at_path("allocations")?.as_array()?;
    let named = |node: &Node| node.at_path("key").and_then(Node::as_str) == Some(id);
    let ours = allocations.iter().position(named)?;
    let is_empty = |node: Option<&Node>| node.and_then(Node::as_array).is_none_or(<[Node]>::is_empty);
    allocations[..ours].iter().find_map(|allocation| {
        let open = is_empty(allocation.at_path("rules"))
            && allocation.at_path("startAt").is_none()
            && allocation.at_path("endAt").is_none();
        let splits = allocation.at_path("splits")?;
        let serves = splits.as_array()?.iter().any(|split| is_empty(split.at_path("shards")));
        (open && serves).then_some(splits.span)
    })
}

impl Target for Eppo {
    fn capabilities(&self) -> &'static Capabilities {
        &EPPO
    }

    fn about(&self) -> &'static str {
        "Eppo's SDKs, and Datadog feature flags"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let made = served::each(flags, |one| Ok((one.key.to_owned(), flag(one, losses)?)))?;
        let built: BTreeMap<&str, Json> =
            flags.iter().map(|flag| (flag.id(), json!({ "plan": flag.hash, "stage": flag.stage_name() }))).collect();
        served::json_bytes(&json!({
            // The time of a build would make two of them differ.
            "createdAt": "1970-01-01T00:00:00.000Z",
            "format": "SERVER",
            "environment": { "name": "expc" },
            "flags": made.into_iter().collect::<Map<_, _>>(),
            "bandits": {},
            "expc": { "format": FORMAT, "experiments": built },
        }))
    }

    fn uploads(&self, flag: &Flag<'_>, print: &mut Print<'_>) -> Result<Vec<(String, Vec<u8>)>, String> {
        datadog::uploads(flag, &mut print.losses)
    }
}

fn flag(flag: &Flag<'_>, losses: &mut Losses) -> Result<Json, String> {
    let allocations = match &flag.state {
        State::Shipped(winner) => {
            let held = flag.holdout.map(|holdout| {
                let held = holdout.parts(flag.plan, &EPPO, losses);
                let splits = json!([{ "variationKey": OFF, "shards": [shard(holdout.salt, "holdout", 0, held)] }]);
                json!({ "key": format!("{}/holdout", flag.id()), "rules": [], "splits": splits, "doLog": false })
            });
            held.into_iter().chain([everybody(flag.id(), flag.variants[*winner].name)]).collect()
        }
        _ => {
            // Conditions are judged in every state: a fault must not wait for the first stage.
            let audience = Audience::of(flag)?;
            match flag.state {
                State::Killed => vec![everybody(OFF, OFF)],
                _ => experiment(flag, audience, losses)?,
            }
        }
    };
    let variation = |name: &str, payload: &Map<String, Json>| json!({ "key": name, "value": Json::Object(payload.clone()).to_string() });
    let mut variations = Map::from_iter([(OFF.to_owned(), variation(OFF, &flag.off))]);
    variations.extend(flag.variants.iter().map(|one| (one.name.to_owned(), variation(one.name, &one.payload))));
    Ok(json!({
        "key": flag.key,
        "enabled": true,
        "variationType": "JSON",
        "totalShards": PARTS,
        "variations": variations,
        "allocations": allocations,
    }))
}

/// Who may take part: all of the conditions, and none of the exclusions.
struct Audience {
    conditions: Vec<Condition>,
    exclusions: Vec<Vec<Condition>>,
}

impl Audience {
    fn of(flag: &Flag<'_>) -> Result<Self, String> {
        let mut audience = Self { conditions: Vec::new(), exclusions: Vec::new() };
        for clause in &flag.clauses {
            let holds = conditions(clause, flag.unit)?;
            match clause.is_exclusion {
                true => audience.exclusions.push(holds),
                false => audience.conditions.extend(holds),
            }
        }
        // One SDK refuses an empty subject key, the next hashes it.
        audience.conditions.push(Condition::not_one_of("id", vec![String::new()]));
        Ok(audience)
    }
}

fn everybody(key: &str, variant: &str) -> Json {
    json!({ "key": key, "rules": [], "splits": [{ "variationKey": variant, "shards": [] }], "doLog": false })
}

fn rule(conditions: &[Condition]) -> Json {
    json!({ "conditions": conditions.iter().map(Condition::to_json).collect::<Vec<_>>() })
}

fn experiment(flag: &Flag<'_>, audience: Audience, losses: &mut Losses) -> Result<Vec<Json>, String> {
    let mut allocations = Vec::new();
    let mut serve = |key: String, rules: Vec<Json>, variant: &str| {
        let splits = json!([{ "variationKey": variant, "shards": [] }]);
        allocations.push(json!({ "key": key, "rules": rules, "splits": splits, "doLog": false }));
    };
    for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
        let ids = variant.force.iter().map(|id| (*id).to_owned()).collect();
        let rules = vec![rule(&[Condition::one_of("id", ids)])];
        serve(format!("{}/force/{}", flag.id(), variant.name), rules, variant.name);
    }
    if !audience.exclusions.is_empty() {
        let rules = audience.exclusions.iter().map(|one| rule(one)).collect();
        serve(format!("{}/excluded", flag.id()), rules, OFF);
    }
    let rules = [rule(&audience.conditions)];
    let mut common = Vec::new();
    if let Some(holdout) = flag.holdout {
        let held = holdout.parts(flag.plan, &EPPO, losses);
        common.push(shard(holdout.salt, "holdout", held, u64::from(PARTS)));
    }
    let mut reach = 1.0;
    if let Some(layer) = flag.layer {
        let (from, to) = layer.parts(flag.plan, &EPPO, losses)?;
        common.push(shard(layer.salt, "layer", from, to));
        reach = (to - from) as f64 / f64::from(PARTS);
    }
    let mut at = |stage: &PlannedStage| {
        let enrolled = served::enrolled(flag.plan, stage, reach, &EPPO, losses);
        let mut shards = common.clone();
        shards.push(shard(flag.salt(), "enrol", 0, enrolled));
        let split = served::split(flag, stage, &EPPO, losses);
        let mut splits = Vec::new();
        let mut from = 0;
        for (variant, part) in flag.variants.iter().zip(&split) {
            let to = from + part;
            if from < to {
                let mut shards = shards.clone();
                shards.push(shard(flag.salt(), "assign", from, to));
                splits.push(json!({ "variationKey": variant.name, "shards": shards }));
            }
            from = to;
        }
        json!({ "key": flag.id(), "rules": rules, "splits": splits, "doLog": true })
    };
    match &flag.state {
        State::Stage(stage) => allocations.push(at(stage)),
        State::Schedule(stages) => {
            // An end belongs to the stage that ends: the one that begins there must come first.
            let ends = stages.iter().skip(1).map(|(begin, _)| Some(*begin)).chain([None]);
            for ((begin, stage), end) in stages.iter().zip(ends).collect::<Vec<_>>().into_iter().rev() {
                let mut allocation = at(stage);
                allocation["startAt"] = json!(moment(*begin));
                if let Some(end) = end {
                    allocation["endAt"] = json!(moment(end));
                }
                allocations.push(allocation);
            }
        }
        State::Waiting | State::Killed | State::Shipped(_) => {}
    }
    allocations.push(everybody(OFF, OFF));
    Ok(allocations)
}

/// A second as RFC 3339.
fn moment(second: i64) -> String {
    served::time(second).replace('Z', ".000Z")
}

/// Units from `from` to before `to` of one hash.
fn shard(salt: &str, step: &str, from: u64, to: u64) -> Json {
    json!({ "salt": format!("{salt}/{step}"), "ranges": [{ "start": from, "end": to }] })
}
