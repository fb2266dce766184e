//! PostHog: one `flags/posthog/flags.json`, the definitions that its server SDKs evaluate locally, and the body that
//! makes one flag.
//!
//! The name of a flag is its salt, and a flag has two hashes. So layers and holdouts are flags of their own, which the
//! flags of experiments depend on:
//!
//! | step | flag | hash | result |
//! | --- | --- | --- | --- |
//! | holdout | `expc-holdout-<holdout>` | enrolment | held out in every experiment, or free |
//! | layer | `expc-layer-<layer>` | variant | the slot of one experiment, or a free one |
//! | enrolment | the experiment's | enrolment | takes part at the share of the stage, or not |
//! | assignment | the experiment's | variant | the variant |
//!
//! A larger `rollout_percentage` keeps all enrolled units; the assignment never sees it. Groups stand in this order:
//! forced units, what keeps a unit out, the experiment, and `off` for everybody else. `off` is a variant of its own with
//! no part of the assignment: a group names it, so that people outside get its payload, and no property that is missing
//! leaves the flag undecided.
//!
//! PostHog's own holdouts are not used: they hold out forced units too, give the text `holdout-<n>` in place of a
//! variant, which counts as enabled, and all of them share one hash.
//!
//! **Moments.** A document holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** A flag whose only group serves `off` does so to everybody, forced units included. `active: false`
//! gives `false` without a payload. `flags/posthog/kill/<id>.json` holds the flag in that state.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Uploads.** `upload/<id>/feature-flag.json` is the body of `POST` or `PATCH /api/projects/{id}/feature_flags/`. There
//! a flag names those that it depends on by the number which the server gave them, so an experiment with a layer or a
//! holdout has no such file.

mod conditions;
mod import;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, Export};
use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap, Salts, parts_of};
use crate::plan::{Plan, PlannedStage};

use conditions::{Tests, listed, tests};

pub(super) struct PostHog;

const POSTHOG: Capabilities = Capabilities {
    name: "posthog",
    title: "PostHog",
    file: "flags.json",
    weight_parts: Some(PARTS),
    share_parts: PARTS as f64,
    salts: Salts::Key,
    // 20 variants, one of which is `off`.
    most_variants: Some(19),
    reserved: &[OFF],
    hash: "SHA-1 of PostHog",
    flag_signs: Some("_-"),
    most_name_bytes: Some(400),
    refuses,
    limits: &[
        "The name of the flag is the salt: another name assigns anew.",
        "The unit's id is passed as the distinct id, and every attribute as a property of the person.",
        "Where letters beyond ASCII meet a comparison that minds case, the JavaScript SDK leaves the flag to the server.",
        "Versions are compared without what follows the third number, so a pattern stands beside each comparison.",
        "The text `null` is taken for a missing value by `is_not` and `not_in`.",
        "PostHog's experiment page counts `off` as a variant: leave it out there.",
    ],
    upload: "The body of its feature flag API, whose `filters` is what its SDKs evaluate, for experiments without a layer and a \
             holdout: there the server's number of another flag is needed. No judge: the API itself.",
    ..Capabilities::PLAIN
};

/// Ten-thousandths of a per cent.
const PARTS: u32 = 1_000_000;

/// The variant of units that take no part.
const OFF: &str = "off";

/// The version of what is printed here.
const FORMAT: &str = "posthog/1";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let unit = plan.audience.key.as_ref().map_or("", |key| key.value.as_str());
    let mut gaps = served::readable(plan, |clause| tests(clause, unit).map(drop));
    let help = "write it otherwise, or give units an attribute that holds the answer";
    for variant in &plan.variants {
        let ids: Vec<&str> = variant.force.iter().map(|id| id.value.as_str()).collect();
        if let (Err(reason), Some(first)) = (listed("distinct_id", &ids), variant.force.first()) {
            let what = "the forced units".to_owned();
            gaps.push(Gap { what, place: Some(first.span), reason, help: help.to_owned() });
        }
    }
    let salts = [
        plan.audience.layer.as_ref().map(|layer| ("layer", &layer.salt)),
        plan.audience.holdout.as_ref().map(|holdout| ("holdout", &holdout.salt)),
    ];
    for (kind, salt) in salts.into_iter().flatten() {
        if let Err(reason) = shared_key(kind, &salt.value) {
            let help = format!("give the {kind} a name, or a salt, of letters, digits, `-` and `_`");
            gaps.push(Gap { what: format!("a {kind} of that salt"), place: salt.span(), reason, help });
        }
    }
    gaps
}

/// The flag that a layer or a holdout is.
fn shared_key(kind: &str, salt: &str) -> Result<String, String> {
    let key = format!("expc-{kind}-{salt}");
    match POSTHOG.allows_flag(&key) {
        true => Ok(key),
        false => Err(format!("it would be a flag `{key}`, and such a name is refused")),
    }
}

impl Target for PostHog {
    fn capabilities(&self) -> &'static Capabilities {
        &POSTHOG
    }

    fn about(&self) -> &'static str {
        "PostHog's server SDKs, by local evaluation"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let mut shared = Shared::default();
        for flag in flags {
            shared.add(flag, losses).map_err(|fault| format!("experiment `{}` {fault}", flag.id()))?;
        }
        let made = served::each(flags, |flag| {
            if shared.holds(flag.key) {
                return Err(format!("sets the flag `{}`, which a layer or a holdout needs", flag.key));
            }
            Ok((flag.key.to_owned(), filters(flag, losses)?))
        })?;
        let built: BTreeMap<&str, Json> =
            flags.iter().map(|flag| (flag.id(), json!({ "plan": flag.hash, "stage": flag.stage_name() }))).collect();
        let all = shared.flags().into_iter().chain(made).enumerate();
        let all: Vec<Json> = all
            .map(|(n, (key, filters))| {
                json!({
                    // The server's numbers are others; nothing refers to these.
                    "id": n + 1,
                    "key": key,
                    "name": key,
                    "active": true,
                    "deleted": false,
                    "ensure_experience_continuity": false,
                    "filters": filters,
                })
            })
            .collect();
        served::json_bytes(&json!({
            "flags": all,
            "group_type_mapping": {},
            "cohorts": {},
            "expc": { "format": FORMAT, "experiments": built },
        }))
    }

    fn import(&self, export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        Some(import::drafts(export))
    }

    fn uploads(&self, flag: &Flag<'_>, print: &mut Print<'_>) -> Result<Vec<(String, Vec<u8>)>, String> {
        if flag.layer.is_some() || flag.holdout.is_some() {
            return Ok(Vec::new());
        }
        let name = format!("Experiment {}, plan {}", flag.id(), flag.hash);
        let filters = filters(flag, &mut print.losses)?;
        let body = json!({ "key": flag.key, "name": name, "active": true, "filters": filters });
        Ok(vec![("feature-flag.json".to_owned(), served::json_bytes(&body)?)])
    }
}

/// Flags that several experiments depend on.
#[derive(Debug, Default)]
struct Shared<'p> {
    /// By flag, the slots: from, to, experiment.
    layers: BTreeMap<String, Vec<(u64, u64, &'p str)>>,
    /// By flag, the part that is held out.
    holdouts: BTreeMap<String, u64>,
}

impl<'p> Shared<'p> {
    fn add(&mut self, flag: &Flag<'p>, losses: &mut Losses) -> Result<(), String> {
        if let Some(layer) = flag.layer {
            let (from, to) = layer.parts(flag.plan, &POSTHOG, losses)?;
            self.layers.entry(shared_key("layer", layer.salt)?).or_default().push((from, to, flag.id()));
        }
        if let Some(holdout) = flag.holdout {
            let held = holdout.parts(flag.plan, &POSTHOG, losses);
            self.holdouts.insert(shared_key("holdout", holdout.salt)?, held);
        }
        Ok(())
    }

    fn holds(&self, key: &str) -> bool {
        self.layers.contains_key(key) || self.holdouts.contains_key(key)
    }

    /// Key and filters.
    fn flags(self) -> Vec<(String, Json)> {
        let layers = self.layers.into_iter().map(|(key, mut slots)| {
            slots.sort_unstable();
            let mut parts: Vec<(String, u64)> = Vec::new();
            let mut at = 0;
            let end = u64::from(PARTS);
            for (from, to, id) in slots.iter().copied().chain([(end, end, "")]) {
                if at < from {
                    parts.push((format!("free-{at}"), from - at));
                }
                if from < to {
                    parts.push((id.to_owned(), to - from));
                }
                at = to.max(at);
            }
            let variants = variants(parts.iter().map(|(name, part)| (name.as_str(), *part)));
            (
                key,
                json!({ "groups": [group(Vec::new(), PARTS.into(), None)], "multivariate": { "variants": variants } }),
            )
        });
        let holdouts =
            self.holdouts.into_iter().map(|(key, held)| (key, json!({ "groups": [group(Vec::new(), held, None)] })));
        layers.chain(holdouts).collect()
    }
}

/// Variants whose per cents are 100 when they are added up in their order, as the API demands.
fn variants<'a>(parts: impl Iterator<Item = (&'a str, u64)>) -> Vec<Json> {
    let parts: Vec<(&str, u64)> = parts.collect();
    let last = parts.iter().rposition(|(_, part)| 0 < *part);
    let mut sum = 0.0;
    let variant = |(n, (name, part)): (usize, &(&str, u64))| {
        let exact = percent(*part);
        let percent = if Some(n) == last && sum + exact != 100.0 { 100.0 - sum } else { exact };
        sum += percent;
        json!({ "key": name, "name": name, "rollout_percentage": number(percent) })
    };
    parts.iter().enumerate().map(variant).collect()
}

fn percent(part: u64) -> f64 {
    part as f64 / (f64::from(PARTS) / 100.0)
}

fn number(number: f64) -> Json {
    crate::spec::Scalar::Number(number).to_json()
}

/// Units that pass all tests, and of them the first parts of the hash.
fn group(properties: Vec<Json>, parts: u64, variant: Option<&str>) -> Json {
    let mut group = json!({ "properties": properties, "rollout_percentage": number(percent(parts)) });
    if let Some(variant) = variant {
        group["variant"] = json!(variant);
    }
    group
}

fn depends(key: &str, value: Json) -> Json {
    json!({ "key": key, "type": "flag", "operator": "flag_evaluates_to", "value": value, "dependency_chain": [key] })
}

fn filters(flag: &Flag<'_>, losses: &mut Losses) -> Result<Json, String> {
    let all = u64::from(PARTS);
    let everybody = |variant: &str| group(Vec::new(), all, Some(variant));
    let mut groups = Vec::new();
    let mut split = resting(flag);
    match &flag.state {
        State::Shipped(winner) => {
            if let Some(holdout) = flag.holdout {
                let held = depends(&shared_key("holdout", holdout.salt)?, json!(true));
                groups.push(group(vec![held], all, Some(OFF)));
            }
            groups.push(everybody(flag.variants[*winner].name));
        }
        state => {
            // Conditions are judged in every state: a fault must not wait for the first stage.
            let mut audience = Tests::default();
            for clause in &flag.clauses {
                audience.add(tests(clause, flag.unit)?);
            }
            if !matches!(state, State::Killed) {
                for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
                    groups.push(group(listed("distinct_id", &variant.force)?, all, Some(variant.name)));
                }
            }
            if let Some(stage) = flag.stage() {
                groups.extend(audience.never.into_iter().map(|never| group(never, all, Some(OFF))));
                groups.push(enrolled(flag, stage, audience.must, losses)?);
                split = served::split(flag, stage, &POSTHOG, losses);
            }
            groups.push(everybody(OFF));
        }
    }
    let parts = flag.variants.iter().map(|one| one.name).zip(split).chain([(OFF, 0)]);
    let payload = |payload: &Map<String, Json>| Json::String(Json::Object(payload.clone()).to_string());
    let mut payloads: Map<String, Json> =
        flag.variants.iter().map(|one| (one.name.to_owned(), payload(&one.payload))).collect();
    payloads.insert(OFF.to_owned(), payload(&flag.off));
    Ok(json!({ "groups": groups, "multivariate": { "variants": variants(parts) }, "payloads": payloads }))
}

/// The split of a flag that enrols nobody: variants must sum up in every state.
fn resting(flag: &Flag<'_>) -> Vec<u64> {
    let weights: Vec<f64> = flag.plan.variants.iter().map(|variant| variant.weight.value).collect();
    let fits = weights.iter().all(|weight| 0.0 <= *weight) && 0.0 < weights.iter().sum::<f64>();
    parts_of(&if fits { weights } else { vec![1.0; flag.variants.len()] }, PARTS)
}

fn enrolled(flag: &Flag<'_>, stage: &PlannedStage, must: Vec<Json>, losses: &mut Losses) -> Result<Json, String> {
    // One SDK refuses an empty distinct id, the next hashes it.
    let mut properties = vec![json!({ "key": "distinct_id", "type": "person", "operator": "is_not", "value": "" })];
    properties.extend(must);
    if let Some(holdout) = flag.holdout {
        properties.push(depends(&shared_key("holdout", holdout.salt)?, json!(false)));
    }
    let mut reach = 1.0;
    if let Some(layer) = flag.layer {
        let (from, to) = layer.parts(flag.plan, &POSTHOG, losses)?;
        reach = (to - from) as f64 / f64::from(PARTS);
        properties.push(depends(&shared_key("layer", layer.salt)?, json!(flag.id())));
    }
    Ok(group(properties, served::enrolled(flag.plan, stage, reach, &POSTHOG, losses), None))
}
