//! Flagsmith: one `flags/flagsmith/environment.json`, the environment document that its SDKs load for local evaluation.
//!
//! A unit that is not forced goes through hashes with a salt each, so that none predicts another:
//!
//! | step | where | salt | result |
//! | --- | --- | --- | --- |
//! | holdout | a segment with an override of every flag | its id, of the holdout's salt | held out in every experiment, or free |
//! | enrolment | `PERCENTAGE_SPLIT` of the experiment's segment | its id, of `<salt>/enrol` | takes part at the share of the stage, or not |
//! | assignment | the multivariate override of that segment | the id of the override, of `<salt>/assign` | the variant |
//!
//! All of them hash the unit's id behind the key of the environment, to one of 9,998 numbers. Servers number segments and
//! overrides themselves: two of them with one number would give every enrolled unit the first variant, and ids that differ
//! assign units anew. The ids here are made of salts, below 2^52, and never the same.
//!
//! `PERCENTAGE_SPLIT` takes the numbers up to its value; where a plain per cent would take one too many or too few, the
//! value lies halfway between two. Enrolled units come first, so a larger share keeps all of them; the assignment never
//! sees the share. Everybody else gets the flag's own value, `off`.
//!
//! Values are texts: `{"variant":"<name>","payload":{…}}` as JSON, the same for `off`. SDKs do not tell the variant.
//!
//! Forced units have a segment of priority 0, the holdout of 1, the experiment of 2.
//!
//! **Moments.** A document holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** The flag without overrides serves `off` to everybody, forced units included. `enabled: false` would
//! leave the values of all variants as they are. `flags/flagsmith/kill/<id>.json` holds an environment with the flag in
//! that state.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Limits.** Traits are flat. The Python engine takes a text that looks like a number for one. There are no layers: each
//! segment has a hash of its own. What a server holds is entered there, or through its API, and numbered by it.

mod conditions;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap, Salts};
use crate::plan::{Plan, PlannedStage};

use conditions::{identifiers, is_number, rule};

pub(super) struct Flagsmith;

/// Flagsmith: what its engines in JavaScript (8.1.2) and Python (6.3.0) were seen to do.
const FLAGSMITH: Capabilities = Capabilities {
    name: "flagsmith",
    title: "Flagsmith",
    file: "environment.json",
    weight_parts: Some(PARTS),
    salts: Salts::Server,
    layers: false,
    reserved: &[OFF],
    hash: "MD5 of Flagsmith",
    // The server's own default, in characters of a value.
    most_payload_bytes: Some(20_000),
    flags_key: "",
    refuses,
    limits: &[
        "Texts that look like numbers are numbers to the Python engine, and to neither when they are compared with numbers.",
        "A unit is hashed behind the key of its environment, which is `expc` here: another environment assigns anew.",
    ],
    upload: "nothing but the environment document; no judge: what its server imports has neither segments nor overrides",
    ..Capabilities::PLAIN
};

/// The parts of weights and shares; the hash gives two numbers less.
const PARTS: u32 = 10_000;

/// The numbers that the hash gives.
const NUMBERS: f64 = 9_998.0;

/// The variant of units that take no part.
const OFF: &str = "off";

/// The version of what is printed here.
const FORMAT: &str = "flagsmith/1";

/// The key of the environment.
const ENVIRONMENT: &str = "expc";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| rule(clause).map(drop));
    let forced = plan.variants.iter().flat_map(|variant| &variant.force);
    if let Some(odd) = forced.into_iter().find(|id| is_number(&id.value)) {
        gaps.push(Gap {
            what: format!("the forced unit `{}`", odd.value),
            place: Some(odd.span),
            reason: "its Python engine reads the id as a number".to_owned(),
            help: "force units whose ids have a letter".to_owned(),
        });
    }
    gaps
}

impl Target for Flagsmith {
    fn capabilities(&self) -> &'static Capabilities {
        &FLAGSMITH
    }

    fn about(&self) -> &'static str {
        "Flagsmith's SDKs, as an environment for local evaluation"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let mut environment = Environment::default();
        served::each(flags, |flag| environment.add(flag, &mut print.losses))?;
        let built: BTreeMap<&str, Json> =
            flags.iter().map(|flag| (flag.id(), json!({ "plan": flag.hash, "stage": flag.stage_name() }))).collect();
        served::json_bytes(&json!({
            "id": 1,
            "api_key": ENVIRONMENT,
            "name": ENVIRONMENT,
            "project": {
                "id": 1,
                "name": ENVIRONMENT,
                "hide_disabled_flags": false,
                "organisation": {
                    "id": 1,
                    "name": ENVIRONMENT,
                    "feature_analytics": false,
                    "stop_serving_flags": false,
                    "persist_trait_data": false,
                },
                "segments": environment.segments.into_values().collect::<Vec<_>>(),
            },
            "feature_states": environment.features,
            "identity_overrides": [],
            "expc": { "format": FORMAT, "experiments": built },
        }))
    }
}

#[derive(Default)]
struct Environment {
    features: Vec<Json>,
    /// By id.
    segments: BTreeMap<u64, Json>,
}

/// What a segment makes of a flag.
struct Override {
    priority: u8,
    value: Json,
    /// Values with their per cents.
    variants: Vec<Json>,
}

impl Environment {
    fn add(&mut self, flag: &Flag<'_>, losses: &mut Losses) -> Result<(), String> {
        // Conditions are judged in every state: a fault must not wait for the first stage.
        let mut rules = Vec::new();
        for clause in &flag.clauses {
            rules.push(rule(clause)?);
        }
        let off = value(OFF, &json!(flag.off));
        let feature = Feature { id: number(&format!("{}/feature", flag.key)), flag };
        let default = match flag.state {
            State::Shipped(winner) => {
                let winner = &flag.variants[winner];
                value(winner.name, &json!(winner.payload))
            }
            _ => off.clone(),
        };
        self.features.push(feature.state("default", None, default, &[]));
        if let State::Killed = flag.state {
            return Ok(());
        }
        if let Some(holdout) = flag.holdout {
            let id = number(&format!("{}/holdout", holdout.salt));
            let held = holdout.parts(flag.plan, &FLAGSMITH, losses);
            let over = Override { priority: 1, value: off.clone(), variants: Vec::new() };
            if 0 < held {
                self.segment(id, &format!("holdout {}", holdout.name), &[share(held)], &feature, "holdout", over);
            }
        }
        if let State::Shipped(_) = flag.state {
            return Ok(());
        }
        for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
            let what = format!("force/{}", variant.name);
            let over =
                Override { priority: 0, value: value(variant.name, &json!(variant.payload)), variants: Vec::new() };
            let id = number(&format!("{}/{what}", flag.salt()));
            self.segment(id, &format!("{}/{what}", flag.id()), &[identifiers(&variant.force)], &feature, &what, over);
        }
        if let State::Stage(stage) = flag.state {
            let enrolled = served::enrolled(flag.plan, stage, 1.0, &FLAGSMITH, losses);
            let variants = split(flag, stage, losses);
            if 0 < enrolled {
                rules.push(share(enrolled));
                let over = Override { priority: 2, value: off, variants };
                let id = number(&format!("{}/enrol", flag.salt()));
                self.segment(id, flag.id(), &rules, &feature, "assign", over);
            }
        }
        Ok(())
    }

    /// A segment with what it makes of a flag; the same segment may make something of several.
    fn segment(&mut self, id: u64, name: &str, rules: &[Json], feature: &Feature<'_, '_>, what: &str, over: Override) {
        let state = feature.state(what, Some(over.priority), over.value, &over.variants);
        let rules = json!([{ "type": "ALL", "rules": rules, "conditions": [] }]);
        let empty = || json!({ "id": id, "name": name, "rules": rules, "feature_states": [] });
        let segment = self.segments.entry(id).or_insert_with(empty);
        if let Some(states) = segment["feature_states"].as_array_mut() {
            states.push(state);
        }
    }
}

struct Feature<'f, 'p> {
    id: u64,
    flag: &'f Flag<'p>,
}

impl Feature<'_, '_> {
    fn state(&self, what: &str, priority: Option<u8>, value: Json, variants: &[Json]) -> Json {
        let salt = match self.flag.unit {
            // A winner needs no salt.
            "" => self.flag.key,
            _ => self.flag.salt(),
        };
        let id = number(&format!("{salt}/{what}"));
        let kind = if variants.is_empty() { "STANDARD" } else { "MULTIVARIATE" };
        json!({
            "django_id": id,
            "featurestate_uuid": uuid(&format!("{salt}/{what}")),
            "feature": { "id": self.id, "name": self.flag.key, "type": kind },
            "enabled": true,
            "feature_state_value": value,
            "feature_segment": priority.map(|priority| json!({ "priority": priority })),
            "multivariate_feature_state_values": variants,
        })
    }
}

fn split(flag: &Flag<'_>, stage: &PlannedStage, losses: &mut Losses) -> Vec<Json> {
    let parts = served::split(flag, stage, &FLAGSMITH, losses);
    let variant = |(n, (variant, part)): (usize, (&served::Variant<'_>, u64))| {
        let option = json!({ "id": n + 1, "value": value(variant.name, &json!(variant.payload)) });
        json!({
            "id": n + 1,
            "mv_fs_value_uuid": null,
            "percentage_allocation": part as f64 / 100.0,
            "multivariate_feature_option": option,
        })
    };
    flag.variants.iter().zip(parts).enumerate().map(variant).collect()
}

/// What the application reads.
fn value(variant: &str, payload: &Json) -> Json {
    json!(json!({ "variant": variant, "payload": payload }).to_string())
}

/// The rule that holds for so many parts of all units.
fn share(parts: u64) -> Json {
    let wanted = (parts as f64 / f64::from(PARTS) * NUMBERS).round();
    let plain = parts as f64 / f64::from(PARTS) * 100.0;
    // As the engines compute it: a number is taken when its per cent is not above the value.
    let taken = |value: f64| (0..NUMBERS as u32).filter(|number| f64::from(*number) / NUMBERS * 100.0 <= value).count();
    let value = if taken(plain) as f64 == wanted { plain } else { (wanted - 0.5) / NUMBERS * 100.0 };
    json!({
        "type": "ALL",
        "rules": [],
        "conditions": [{ "property_": "", "operator": "PERCENTAGE_SPLIT", "value": format!("{value}") }],
    })
}

/// An id of a text, below 2^52.
fn number(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    let all = digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    // Nothing has the id 0: SDKs take it for none.
    (all >> 12).max(1)
}

fn uuid(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex = |from: usize, to: usize| digest[from..to].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    [hex(0, 4), hex(4, 6), hex(6, 8), hex(8, 10), hex(10, 16)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_takes_as_many_numbers_as_it_should() {
        for parts in (1..=10_000).step_by(37).chain([10, 100, 2_000, 10_000]) {
            let rule = share(parts);
            let value: f64 =
                rule["conditions"][0]["value"].as_str().and_then(|text| text.parse().ok()).expect("a number");
            let taken = (0..9_998).filter(|number| f64::from(*number) / 9_998.0 * 100.0 <= value).count() as f64;
            assert!((taken / 9_998.0 - parts as f64 / 1e4).abs() <= 0.5 / 9_998.0 + 1e-12, "{parts}: {taken}");
        }
        assert_eq!(share(2_000)["conditions"][0]["value"], json!("20"));
        assert_eq!(share(10_000)["conditions"][0]["value"], json!("100"));
    }

    #[test]
    fn ids_differ() {
        let ids: std::collections::BTreeSet<u64> =
            (0..10_000).flat_map(|n| [number(&format!("{n}/enrol")), number(&format!("{n}/assign"))]).collect();
        assert_eq!(ids.len(), 20_000);
        assert!(ids.iter().all(|id| *id < 1 << 52));
        assert_eq!(uuid("a").len(), 36);
    }
}
