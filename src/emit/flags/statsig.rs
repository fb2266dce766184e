//! Statsig: one `flags/statsig/config_specs.json`, the config specs that its server SDKs load from a data store.
//!
//! | step | where | salt | result |
//! | --- | --- | --- | --- |
//! | holdout | rule of the gate of that holdout | `<salt of the holdout>/holdout` | held out in every experiment, or free |
//! | layer and enrolment | `layerAssignment` of the experiment | `<salt of the layer>/layer`, without a layer `<salt>/enrol` | inside the enrolled part of the slot, or not |
//! | assignment | the groups | `<salt>/assign` | the variant |
//!
//! Each is sha256(`<salt>.<unit>`), its first eight bytes modulo 1000. A slot is filled from its beginning, as Statsig
//! fills a layer, so a larger share keeps all enrolled units; the assignment never sees the share. Rules stand in the
//! order of Statsig's own: overrides, holdout, assignment, targeting, groups. Everybody else gets `defaultValue` and is
//! in no group.
//!
//! A layer can be read as one: it hands enrolled units to their experiment. What it returns to all others is what the
//! flags in it agree on.
//!
//! The attribute `user_id` or `userID` is Statsig's `userID`; any other unit is a custom ID under the attribute's name.
//! Attributes are given as `custom`.
//!
//! **Moments.** A document holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** An experiment without rules serves its `defaultValue` to everybody, forced units included. Newer
//! SDKs do not read `enabled: false`, which older ones do; it is printed for those.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.

mod conditions;
mod import;
mod upload;

use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, Export};
use super::served::{self, Flag, Losses, Slot, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap, Salts};
use crate::plan::{Plan, PlannedStage};
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{Audience, Test, apart, attribute};

pub(super) struct Statsig;

const STATSIG: Capabilities = Capabilities {
    name: "statsig",
    title: "Statsig",
    file: "config_specs.json",
    weight_parts: Some(PARTS as u32),
    share_parts: PARTS as f64,
    salts: Salts::Server,
    hash: "sha256 of Statsig",
    shares_of_slot: false,
    flag_signs: Some("-_"),
    // A hundred, with the name of the gate beside it.
    most_name_bytes: Some(91),
    flags_key: "dynamic_configs",
    caught,
    refuses,
    limits: &[
        "The attribute `user_id` or `userID` is Statsig's `userID`; any other unit is a custom ID under the attribute's name. Attributes are given as `custom`.",
        "An attribute that is missing is also looked for under its name in small letters.",
        "A number that is given as text is read as a number.",
    ],
    upload: "Bodies of the Console API: a gate, an experiment, its overrides. Judged by the published OpenAPI description but \
             for the types of payloads, which it has as text. Statsig makes the salts, so units get other variants than from \
             the evaluator file; a holdout lists its experiments itself; which operators the server takes is not published.",
    ..Capabilities::PLAIN
};

/// The widest holdout that its server takes.
const MOST_HELD: f64 = 0.1;

/// The version of what is printed here.
const FORMAT: &str = "statsig/1";

/// The numbers that a hash can give.
const PARTS: u64 = 1_000;

/// Conditions and units that the SDKs read otherwise.
fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| conditions::compiled(clause).map(drop));
    if let Some(Err(reason)) = plan.audience.key.as_ref().map(|key| attribute(&key.value)) {
        let help = "randomise by a unit whose key is a plain attribute".to_owned();
        let place = plan.audience.unit.as_ref().and_then(|unit| unit.span());
        gaps.push(Gap { what: "the unit's key".to_owned(), place, reason, help });
    }
    if plan.flag.value.len() < 3 {
        gaps.push(Gap {
            what: format!("the flag name `{}`", plan.flag.value),
            place: plan.flag.span(),
            reason: "names have three signs at least".to_owned(),
            help: "choose a longer name".to_owned(),
        });
    }
    if let Some(holdout) = plan.audience.holdout.as_ref().filter(|holdout| MOST_HELD < holdout.share.value) {
        gaps.push(Gap {
            what: "a holdout of more than 10 %".to_owned(),
            place: holdout.name.span(),
            reason: "its holdouts are 10 % at most".to_owned(),
            help: "give held-out units an attribute of their own, and exclude it".to_owned(),
        });
    }
    let mut payloads = plan.variants.iter().filter_map(|variant| variant.payload.as_ref()).chain(&plan.off);
    if let Some(place) = payloads.find_map(|payload| hidden(&payload.value)) {
        gaps.push(Gap {
            what: "a payload with the key `__proto__`".to_owned(),
            place: Some(place),
            reason: "the SDK of Node makes it the prototype of the object".to_owned(),
            help: "give it another name".to_owned(),
        });
    }
    gaps
}

/// A key that is no key to JavaScript.
fn hidden(value: &Value) -> Option<Span> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| hidden(&item.value)),
        Value::Table(table) => table.entries.iter().find_map(|entry| match entry.key == "__proto__" {
            true => Some(entry.key_span),
            false => hidden(&entry.node.value),
        }),
        _ => None,
    }
}

/// The rule before the groups that serves everybody.
fn caught(flag: &Node, _id: &str, _salt: &str) -> Option<Span> {
    let rules = flag.at_path("rules")?.as_array()?;
    let is_group =
        |rule: &Node| rule.at_path("isExperimentGroup").is_some_and(|is| matches!(is.value, Value::Boolean(true)));
    let ours = rules.iter().position(is_group)?;
    rules[..ours].iter().filter_map(Node::as_table).find_map(|rule| {
        let conditions = rule.entry("conditions")?;
        conditions.node.as_array().is_some_and(<[Node]>::is_empty).then_some(conditions.key_span)
    })
}

impl Target for Statsig {
    fn capabilities(&self) -> &'static Capabilities {
        &STATSIG
    }

    fn about(&self) -> &'static str {
        "Statsig's server SDKs, as config specs for a data store"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let mut specs = Specs::default();
        served::each(flags, |flag| specs.add(flag, &mut print.losses))?;
        served::json_bytes(&specs.document(flags))
    }

    fn import(&self, export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        Some(import::drafts(export))
    }

    fn uploads(&self, flag: &Flag<'_>, print: &mut Print<'_>) -> Result<Vec<(String, Vec<u8>)>, String> {
        upload::of(flag, &mut print.losses).map_err(|fault| format!("experiment `{}` {fault}", flag.id()))
    }
}

/// The kind of ID that a unit's key is.
fn id_type(key: &str) -> &str {
    if matches!(key, "user_id" | "userID") { "userID" } else { key }
}

/// The enrolled part of the hash, and its salt.
fn enrolled(flag: &Flag<'_>, stage: &PlannedStage, slot: Option<(u64, u64)>, losses: &mut Losses) -> (u64, u64) {
    let wanted = served::enrolled(flag.plan, stage, 1.0, &STATSIG, losses);
    let (from, to) = slot.unwrap_or((0, PARTS));
    (from, to.min(from + wanted))
}

fn slot(layer: Option<Slot<'_>>, plan: &Plan, losses: &mut Losses) -> Result<Option<(u64, u64)>, String> {
    layer.map(|layer| layer.parts(plan, &STATSIG, losses)).transpose()
}

/// The document in its making.
#[derive(Default)]
struct Specs {
    configs: Map<String, Json>,
    gates: Map<String, Json>,
    layers: Map<String, Json>,
    conditions: Map<String, Json>,
    layer_of: Map<String, Json>,
    /// The conditions of the experiment that is being added.
    of_experiment: usize,
}

impl Specs {
    fn document(self, flags: &[Flag<'_>]) -> Json {
        let built: Map<String, Json> = flags
            .iter()
            .map(|flag| (flag.id().to_owned(), json!({ "plan": flag.hash, "stage": flag.stage_name() })))
            .collect();
        json!({
            "response_format": "dcs-v2",
            "has_updates": true,
            // SDKs take what is not older than what they have.
            "time": 1,
            "dynamic_configs": self.configs,
            "feature_gates": self.gates,
            "layer_configs": self.layers,
            "experiment_to_layer": self.layer_of,
            "condition_map": self.conditions,
            "expc": { "format": FORMAT, "experiments": built },
        })
    }

    fn add(&mut self, flag: &Flag<'_>, losses: &mut Losses) -> Result<(), String> {
        self.of_experiment = 0;
        let config = match flag.state {
            State::Shipped(winner) => self.shipped(flag, winner, losses)?,
            _ => self.experiment(flag, losses)?,
        };
        self.configs.insert(flag.key.to_owned(), config);
        Ok(())
    }

    fn experiment(&mut self, flag: &Flag<'_>, losses: &mut Losses) -> Result<Json, String> {
        let mut rules = Rules { unit: id_type(attribute(flag.unit)?), id: flag.id(), all: Vec::new() };
        // Conditions and slots are judged in every state: a fault must not wait for the first stage.
        let audience = Audience::of(flag)?;
        let slot = slot(flag.layer, flag.plan, losses)?;
        if !matches!(flag.state, State::Killed) {
            for variant in &flag.variants {
                for ids in apart(variant.force.iter().copied().filter(|id| !id.is_empty())) {
                    let name = self.condition(&rules, rules.is_one_of(&ids));
                    rules.add(
                        format!("{}:{}:id_override", variant.name, rules.unit),
                        vec![name],
                        json!(variant.payload),
                    );
                    rules.last("groupName", json!(variant.name));
                }
            }
        }
        if let Some(stage) = flag.stage() {
            self.served(flag, stage, &audience, slot, &mut rules, losses)?;
        }
        let is_killed = matches!(flag.state, State::Killed);
        let mut config = self.config(flag, rules);
        config["enabled"] = json!(!is_killed);
        config["isActive"] = json!(flag.stage().is_some());
        config["defaultValue"] = json!(flag.off);
        if let (Some(layer), false) = (flag.layer, is_killed) {
            self.layer(flag, layer, slot, losses);
        }
        Ok(config)
    }

    /// The rules of one stage.
    fn served(
        &mut self,
        flag: &Flag<'_>,
        stage: &PlannedStage,
        audience: &Audience,
        slot: Option<(u64, u64)>,
        rules: &mut Rules<'_>,
        losses: &mut Losses,
    ) -> Result<(), String> {
        let off = || json!(flag.off);
        self.holdout(flag, rules, losses)?;
        let (from, to) = enrolled(flag, stage, slot, losses);
        let salt = match flag.layer {
            Some(layer) => format!("{}/layer", layer.salt),
            None => format!("{}/enrol", flag.salt()),
        };
        if 0 < from {
            let before = self.condition(rules, rules.bucket(&salt, "lt", from));
            rules.add("layerAssignment".to_owned(), vec![before], off());
        }
        if to < PARTS {
            let after = self.condition(rules, rules.bucket(&salt, "gte", to));
            rules.add("layerAssignment".to_owned(), vec![after], off());
        }
        let gate = format!("{}_audience", flag.key);
        self.audience(&gate, audience, rules)?;
        let outside = self.condition(rules, json!({ "type": "fail_gate", "targetValue": gate, "operator": "any" }));
        rules.add("targetingGate".to_owned(), vec![outside], off());
        let mut at = 0;
        for (variant, part) in flag.variants.iter().zip(served::split(flag, stage, &STATSIG, losses)) {
            at += part;
            let inside = self.condition(rules, rules.bucket(&format!("{}/assign", flag.salt()), "lt", at));
            rules.add(format!("{}/{}", flag.id(), variant.name), vec![inside], json!(variant.payload));
            rules.last("groupName", json!(variant.name));
            rules.last("isExperimentGroup", json!(true));
        }
        Ok(())
    }

    /// The rule that leaves held-out units alone, and the gate that knows them.
    fn holdout(&mut self, flag: &Flag<'_>, rules: &mut Rules<'_>, losses: &mut Losses) -> Result<(), String> {
        let Some(holdout) = flag.holdout else { return Ok(()) };
        let held = holdout.parts(flag.plan, &STATSIG, losses);
        let condition = format!("holdout:{}", holdout.name);
        let bucket = rules.bucket(&format!("{}/holdout", holdout.salt), "lt", held);
        self.conditions.insert(condition.clone(), rules.complete(bucket));
        let mut of_gate = Rules { unit: rules.unit, id: rules.id, all: Vec::new() };
        of_gate.add(format!("{}/held", holdout.name), vec![condition], json!(true));
        self.gate(holdout.name, "holdout", of_gate)?;
        let held = json!({ "type": "pass_gate", "targetValue": holdout.name, "operator": "any" });
        let held = self.condition(rules, held);
        rules.add("holdout".to_owned(), vec![held], json!(flag.off));
        Ok(())
    }

    fn audience(&mut self, name: &str, audience: &Audience, rules: &Rules<'_>) -> Result<(), String> {
        let mut of_gate = Rules { unit: rules.unit, id: rules.id, all: Vec::new() };
        for (n, rejected) in audience.rejects.iter().enumerate() {
            let tests = rejected.iter().map(|test| self.condition(rules, test.json())).collect();
            of_gate.add(format!("out-{}", n + 1), tests, json!(true));
            of_gate.last("passPercentage", json!(0));
        }
        let mut tests = vec![self.condition(rules, rules.has_id())];
        tests.extend(audience.accepts.iter().map(|test| self.condition(rules, test.json())));
        of_gate.add("in-audience".to_owned(), tests, json!(true));
        self.gate(name, "feature_gate", of_gate)
    }

    fn gate(&mut self, name: &str, entity: &str, rules: Rules<'_>) -> Result<(), String> {
        let gate = json!({
            "type": "feature_gate", "entity": entity, "salt": name, "enabled": true, "defaultValue": false,
            "idType": rules.unit, "rules": rules.all,
        });
        match self.gates.get(name) {
            Some(other) if *other != gate => Err(format!("needs a gate `{name}`, and another flag or holdout has it")),
            _ => {
                self.gates.insert(name.to_owned(), gate);
                Ok(())
            }
        }
    }

    /// The layer hands units to the experiment.
    fn layer(&mut self, flag: &Flag<'_>, layer: Slot<'_>, slot: Option<(u64, u64)>, losses: &mut Losses) {
        let mut rules = Rules { unit: id_type(flag.unit), id: flag.id(), all: Vec::new() };
        let forced: Vec<&str> = flag.variants.iter().flat_map(|variant| variant.force.iter().copied()).collect();
        for ids in apart(forced.into_iter().filter(|id| !id.is_empty())) {
            let name = self.condition(&rules, rules.is_one_of(&ids));
            rules.add(format!("{}:override", flag.id()), vec![name], json!({}));
            rules.last("configDelegate", json!(flag.key));
        }
        let forced = rules.all.len();
        if let Some(stage) = flag.stage() {
            let (from, to) = enrolled(flag, stage, slot, losses);
            let salt = format!("{}/layer", layer.salt);
            let within = [("gte", from), ("lt", to)]
                .map(|(sign, bound)| self.condition(&rules, rules.bucket(&salt, sign, bound)));
            rules.add(format!("{}:experimentAssignment", flag.id()), within.to_vec(), json!({}));
            rules.last("configDelegate", json!(flag.key));
        }
        self.layer_of.insert(flag.key.to_owned(), json!(layer.name));
        let made = self.layers.entry(layer.name).or_insert_with(|| {
            json!({
                "type": "dynamic_config", "entity": "layer", "salt": layer.salt, "enabled": true,
                "defaultValue": flag.off, "idType": rules.unit, "rules": [],
            })
        });
        if let Some(default) = made["defaultValue"].as_object_mut() {
            // Two flags with another value for one name: neither is served.
            default.retain(|name, value| flag.off.get(name).is_none_or(|off| off == value));
            for (name, value) in &flag.off {
                default.entry(name).or_insert_with(|| value.clone());
            }
        }
        if let Some(all) = made["rules"].as_array_mut() {
            // Forced units come before the slots of others.
            let (first, rest) = rules.all.split_at(forced);
            all.splice(0..0, first.iter().cloned());
            all.extend(rest.iter().cloned());
        }
    }

    /// The winner for everybody who is not held out.
    fn shipped(&mut self, flag: &Flag<'_>, winner: usize, losses: &mut Losses) -> Result<Json, String> {
        let unit = if flag.unit.is_empty() { "userID" } else { id_type(attribute(flag.unit)?) };
        let mut rules = Rules { unit, id: flag.id(), all: Vec::new() };
        self.holdout(flag, &mut rules, losses)?;
        let mut config = self.config(flag, rules);
        config["enabled"] = json!(true);
        config["isActive"] = json!(false);
        config["defaultValue"] = json!(flag.variants[winner].payload);
        Ok(config)
    }

    fn config(&self, flag: &Flag<'_>, rules: Rules<'_>) -> Json {
        let mut parameters: Vec<&String> = flag.off.keys().collect();
        parameters.extend(flag.variants.iter().flat_map(|variant| variant.payload.keys()));
        parameters.sort();
        parameters.dedup();
        json!({
            "type": "dynamic_config", "entity": "experiment", "salt": format!("{}/assign", flag.salt()),
            "idType": rules.unit, "hasSharedParams": flag.layer.is_some(), "explicitParameters": parameters,
            "rules": rules.all,
        })
    }

    /// Keeps a condition, and gives its name.
    fn condition(&mut self, rules: &Rules<'_>, condition: Json) -> String {
        self.of_experiment += 1;
        let name = format!("{}/{}", rules.id, self.of_experiment);
        self.conditions.insert(name.clone(), rules.complete(condition));
        name
    }
}

/// The rules of one spec.
struct Rules<'a> {
    unit: &'a str,
    id: &'a str,
    all: Vec<Json>,
}

impl Rules<'_> {
    fn add(&mut self, id: String, conditions: Vec<String>, value: Json) {
        self.all.push(json!({
            "name": id, "id": id, "salt": "", "passPercentage": 100, "conditions": conditions,
            "returnValue": value, "idType": self.unit,
        }));
    }

    /// Says more of the last rule.
    fn last(&mut self, key: &str, value: Json) {
        if let Some(rule) = self.all.last_mut() {
            rule[key] = value;
        }
    }

    fn complete(&self, mut condition: Json) -> Json {
        condition["idType"] = json!(self.unit);
        condition
    }

    fn bucket(&self, salt: &str, sign: &str, bound: u64) -> Json {
        json!({ "type": "user_bucket", "operator": sign, "targetValue": bound, "additionalValues": { "salt": salt } })
    }

    fn is_one_of(&self, ids: &[&str]) -> Json {
        json!({ "type": "unit_id", "operator": "any_case_sensitive", "targetValue": ids })
    }

    fn has_id(&self) -> Json {
        json!({ "type": "unit_id", "operator": "none_case_sensitive", "targetValue": [""] })
    }
}

impl Test {
    fn json(&self) -> Json {
        let mut condition =
            json!({ "type": "user_field", "field": self.field, "operator": self.operator, "targetValue": self.target });
        if let Some(range) = &self.semver {
            // SDKs do not read it; people and imports do.
            condition["additionalValues"] = json!({ "semver": range });
        }
        condition
    }
}
