//! Optimizely Feature Experimentation: one `flags/optimizely/datafile.json`, the datafile that its SDKs load.
//!
//! There is one hash, murmur3 of the unit's id and the id of the experiment, in ten thousand steps. It gives enrolment and
//! variant in one, so each variant has a range of fixed width on its line, of which a stage fills a part:
//!
//! | in `trafficAllocation` | who |
//! | --- | --- |
//! | `<experiment>/<variant>` | the enrolled part of the range, at its start; a larger share fills more of it |
//! | nobody, `""` | the rest of the range: those units go on to the rollout |
//!
//! Everybody else gets the variation `off` of the flag's rollout, which has nothing to decide. The payload is the one
//! variable of the flag, `payload`, of type JSON. Forced units are `forcedVariations`: they need not be eligible.
//!
//! The id of an experiment is the salt, and Optimizely's server makes it; here it is what the plan salts with.
//!
//! **Moments.** A datafile holds one moment: each stage has a file of its own.
//!
//! **Kill switch.** The flag without its experiment serves `off` to everybody, forced units included.
//!
//! **Shipped** experiments serve the winner in the rollout.
//!
//! **Limits.** Holdouts decide before forced units, and would hold them out: they are refused. Layers are refused: the
//! second hash of a group is not used here. There is no test of beginnings, endings or patterns. A list is one
//! equality after the other; a value of another type than the attribute's is unknown, so a list with values of several
//! types cannot be negated.

mod conditions;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::Plan;
use crate::plan::targets::{Capabilities, Gap, Salts};

use conditions::audience;

pub(super) struct Optimizely;

/// Optimizely: what its SDKs for JavaScript and Python were seen to do.
const OPTIMIZELY: Capabilities = Capabilities {
    name: "optimizely",
    title: "Optimizely",
    file: "datafile.json",
    share_parts: PARTS as f64,
    arm_parts: Some(PARTS),
    salts: Salts::Server,
    layers: false,
    holdouts: false,
    comparisons: &["in", "not_in", "is", "is_not", "semver", "at_least", "at_most", "above", "below"],
    reserved: &[OFF],
    hash: "murmur3 of Optimizely",
    flag_signs: Some("_-"),
    most_name_bytes: Some(64),
    flags_key: "featureFlags",
    refuses,
    limits: &[
        "A ramp moves nobody in this datafile; Optimizely's server lays out its own, and what it does on a ramp is its to say: its pages advise a user profile service.",
        "A version of fewer numbers is read as far as it goes: `5.3` and `6` are above 5.2.0.",
        "A datafile is what Optimizely's server writes: it is served in the server's place, or the experiment is entered there by hand. No upload is written: nothing here could judge it.",
    ],
    ..Capabilities::PLAIN
};

/// The steps of the hash.
const PARTS: u32 = 10_000;

/// The variation of units that take no part.
const OFF: &str = "off";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| conditions::clause(clause).map(drop));
    if let Some(Err(reason)) = plan.audience.key.as_ref().map(|key| conditions::attribute(&key.value)) {
        let help = "randomise by a unit whose key is a plain attribute".to_owned();
        let place = plan.audience.unit.as_ref().and_then(|unit| unit.span());
        gaps.push(Gap { what: "the unit's key".to_owned(), place, reason, help });
    }
    // A name that every JavaScript object has would not be found, or always be.
    let odd = plan.variants.iter().flat_map(|variant| &variant.force).find(|id| served::is_inherited(&id.value));
    if let Some(id) = odd {
        let reason = "its SDK for JavaScript takes the id for a part of every list".to_owned();
        let help = "force that unit in the calling code".to_owned();
        gaps.push(Gap { what: format!("the forced unit `{}`", id.value), place: Some(id.span), reason, help });
    }
    gaps
}

impl Target for Optimizely {
    fn capabilities(&self) -> &'static Capabilities {
        &OPTIMIZELY
    }

    fn about(&self) -> &'static str {
        "Optimizely Feature Experimentation's SDKs, as a datafile"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let made = served::each(flags, |flag| parts(flag, losses))?;
        let attributes: BTreeSet<&str> =
            flags.iter().flat_map(|flag| flag.clauses.iter().map(|clause| clause.attribute)).collect();
        let built: serde_json::Map<String, Json> = flags
            .iter()
            .map(|flag| (flag.id().to_owned(), json!({ "plan": flag.hash, "stage": flag.stage_name() })))
            .collect();
        served::json_bytes(&json!({
            "version": "4",
            "accountId": "expc",
            "projectId": "expc",
            "environmentKey": "expc",
            // Without one the SDK for Python logs an error.
            "sdkKey": "expc",
            "revision": "1",
            "anonymizeIP": true,
            "botFiltering": false,
            "sendFlagDecisions": false,
            "featureFlags": made.iter().map(|made| &made.flag).collect::<Vec<_>>(),
            "experiments": made.iter().filter_map(|made| made.experiment.as_ref()).collect::<Vec<_>>(),
            "typedAudiences": made.iter().filter_map(|made| made.audience.as_ref()).collect::<Vec<_>>(),
            "rollouts": made.iter().map(|made| &made.rollout).collect::<Vec<_>>(),
            "attributes": attributes.iter().map(|name| json!({ "id": name, "key": name })).collect::<Vec<_>>(),
            "audiences": [],
            "groups": [],
            "events": [],
            "variables": [],
            "expc": { "format": FORMAT, "experiments": built },
        }))
    }
}

/// The version of what is printed here.
const FORMAT: &str = "optimizely/1";

/// What one flag puts into the lists of a datafile.
struct Parts {
    flag: Json,
    experiment: Option<Json>,
    audience: Option<Json>,
    rollout: Json,
}

fn parts(flag: &Flag<'_>, losses: &mut Losses) -> Result<Parts, String> {
    conditions::attribute(flag.unit)?;
    // Conditions are judged in every state: a fault must not wait for the first stage.
    let eligible = audience(flag)?;
    let id = flag.id();
    let variable = format!("{id}/payload");
    let variation = |name: &str, enabled: bool, payload: &serde_json::Map<String, Json>| {
        json!({
            "id": format!("{id}/{name}"),
            "key": name,
            "featureEnabled": enabled,
            "variables": [{ "id": variable, "value": Json::Object(payload.clone()).to_string() }],
        })
    };
    let (everybody, enabled, payload) = match flag.state {
        State::Shipped(winner) => (flag.variants[winner].name, true, &flag.variants[winner].payload),
        _ => (OFF, false, &flag.off),
    };
    let rollout = json!({
        "id": format!("{id}/rollout"),
        "experiments": [{
            "id": format!("{id}/everybody"),
            "key": format!("{id}/everybody"),
            "status": "Running",
            "layerId": format!("{id}/rollout"),
            "audienceIds": [],
            "audienceConditions": [],
            "forcedVariations": {},
            "variations": [variation(everybody, enabled, payload)],
            "trafficAllocation": [{ "entityId": format!("{id}/{everybody}"), "endOfRange": PARTS }],
        }],
    });
    let runs = !matches!(flag.state, State::Shipped(_) | State::Killed);
    let experiment = runs.then(|| {
        let forced =
            flag.variants.iter().flat_map(|one| one.force.iter().map(|unit| ((*unit).to_owned(), json!(one.name))));
        let (ids, conditions) = match &eligible {
            Some(_) => (json!([audience_id(id)]), json!(["or", audience_id(id)])),
            None => (json!([]), json!([])),
        };
        json!({
            "id": flag.salt(),
            "key": id,
            "status": "Running",
            "layerId": format!("{id}/layer"),
            "audienceIds": ids,
            "audienceConditions": conditions,
            "forcedVariations": forced.collect::<serde_json::Map<_, _>>(),
            "variations": flag.variants.iter().map(|one| variation(one.name, true, &one.payload)).collect::<Vec<_>>(),
            "trafficAllocation": flag.stage().map_or_else(Vec::new, |stage| ranges(flag, stage, losses)),
        })
    });
    let audience = eligible.filter(|_| runs).map(
        |conditions| json!({ "id": audience_id(id), "name": format!("{id}: eligible"), "conditions": conditions }),
    );
    let feature = json!({
        "id": format!("{id}/flag"),
        "key": flag.key,
        "rolloutId": format!("{id}/rollout"),
        "experimentIds": if runs { vec![flag.salt()] } else { Vec::new() },
        "variables": [{
            "id": variable,
            "key": "payload",
            "type": "string",
            "subType": "json",
            "defaultValue": Json::Object(flag.off.clone()).to_string(),
        }],
    });
    Ok(Parts { flag: feature, experiment, audience, rollout })
}

fn audience_id(id: &str) -> String {
    format!("{id}/eligible")
}

/// Each variant at the start of its own range, and nobody in the rest of it.
fn ranges(flag: &Flag<'_>, stage: &crate::plan::PlannedStage, losses: &mut Losses) -> Vec<Json> {
    let mut ranges = Vec::new();
    let mut at = 0;
    for (variant, arm) in flag.variants.iter().zip(served::arms(flag, stage, &OPTIMIZELY, losses)) {
        if 0 < arm.enrolled {
            let entity = format!("{}/{}", flag.id(), variant.name);
            ranges.push(json!({ "entityId": entity, "endOfRange": at + arm.enrolled }));
        }
        at += arm.slot;
        if arm.enrolled < arm.slot {
            ranges.push(json!({ "entityId": "", "endOfRange": at }));
        }
    }
    ranges
}
