//! flagd: one `flags/flagd/flags.json` for all experiments, read by the daemon and by the OpenFeature providers.
//!
//! A unit that is not forced goes through hashes with a salt each, so that none predicts another:
//!
//! | step | salt | result |
//! | --- | --- | --- |
//! | holdout | `<salt of the holdout>/holdout:` | held out in every experiment, or free |
//! | layer | `<salt of the layer>/layer:` | inside the slot of the experiment, or not |
//! | enrolment | `<salt>/enrol:` | takes part at the share of the stage, or not |
//! | assignment | `<salt>/assign:` | the variant |
//!
//! flagd lays weights on the line of the hash in the order of the file. Enrolled units come first, so a larger
//! share keeps all of them; the assignment never sees the share. Weights of the first three steps are millionths
//! of the eligible units (of the layer, for its slot), so a file reads `["in", 10000], ["out", 490000]` for 1 % in
//! a slot of 50 %. Everyone else gets `off`, which is a variant of its own: nobody counts as control by accident.
//!
//! **Moments.** A schedule changes the share at midnight UTC of each stage's first day, by `$flagd.timestamp`;
//! before the first nobody takes part, after the last day its share stays until a person decides. A stage or a
//! date prints one share. An experiment that has no such stage, or has not begun, enrols nobody and says so.
//!
//! **Kill switch.** `"targeting": {}` serves `off` to everybody, forced units included. `"state": "DISABLED"` does
//! not: it makes the provider return the default in the calling code. `flags/flagd/kill/<id>.json` holds the flag
//! in that state. The daemon takes the last of its sources for a flag that several define
//! (`--uri file:flags.json --uri file:kill/<id>.json`); where one file is all that is read, its flag replaces the
//! one in `flags.json`.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Generations.** Evaluators of generation A, B and C give the same unit different variants from one file, so
//! the workspace names the one in use and every flag carries it. Who is eligible does not depend on it.
//!
//! **Limits.** A version that is not MAJOR.MINOR.PATCH (`5.2`) is 5.2.0 to the JavaScript and Python evaluators and
//! no version to the one in Rust. An attribute that holds a list or an object where a number is expected ends the
//! evaluation with an error, and the caller's default is served. Two experiments cannot set one flag.

mod conditions;
mod import;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, Export};
use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::PlannedStage;
use crate::plan::targets::{Capabilities, parts_of};
use crate::policy::TargetSettings;
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{all, attribute, condition, present};

pub(super) struct Flagd;

/// flagd: refuses a rule whose weights sum to more than 2^31 - 1; shares keep four decimals of a per cent.
const FLAGD: Capabilities = Capabilities {
    name: "flagd",
    title: "flagd",
    file: "flags.json",
    most_weight: Some(2_147_483_647.0),
    share_parts: 1e6,
    reserved: &["off", "in", "out"],
    has_generations: true,
    // Measured within generation B: 729 of 2,000 such ids differ between Node and Python.
    hashes_any_id: false,
    hash: "murmur3",
    holds_schedule: true,
    shares_of_slot: false,
    caught,
    refuses: |plan| served::readable(plan, |clause| condition(clause).map(drop)),
    limits: &[
        "A version that is not MAJOR.MINOR.PATCH (`5.2`) is 5.2.0 to the JavaScript and Python evaluators.",
        "A list or an object where a number is expected ends the evaluation, and the caller's default is served.",
        "Evaluators of generation A, B and C give one unit different variants: the workspace names the one in use.",
    ],
    ..Capabilities::PLAIN
};

/// The condition before the experiment's own that always holds: `if` takes the first.
fn caught(flag: &Node, _id: &str, salt: &str) -> Option<Span> {
    let steps = flag.at_path("targeting.if")?.as_array()?;
    let own = format!("{salt}/assign:");
    let ours = steps.chunks(2).position(|step| step.iter().any(|node| mentions(node, &own)))?;
    let always = |node: &Node| match &node.value {
        Value::Boolean(flag) => *flag,
        Value::Integer(number) => *number != 0,
        Value::String(text) => !text.is_empty(),
        Value::Table(table) => ["==", "==="].iter().filter_map(|sign| table.get(sign)?.as_array()).any(|sides| {
            let plain = |node: &Node| matches!(node.value, Value::Boolean(_) | Value::Integer(_) | Value::String(_));
            matches!(sides, [a, b] if plain(a) && a.same_value(b))
        }),
        _ => false,
    };
    let before = steps.chunks(2).take(ours).filter(|step| step.len() == 2);
    before.map(|step| &step[0]).find(|condition| always(condition)).map(|condition| condition.span)
}

fn mentions(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::String(own) => own == text,
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Table(table) => table.entries.iter().any(|entry| mentions(&entry.node, text)),
        _ => false,
    }
}

/// The version of what is printed here, in every flag's metadata.
const FORMAT: &str = "flagd/1";

/// What flagd publishes for editors and validators.
const SCHEMA: &str = "https://flagd.dev/schema/v0/flags.json";

/// The variant of units that take no part.
const OFF: &str = "off";

/// The vendor's schemas, compiled in. The base address is given because `$id` beside `$ref` does not count.
#[jsonschema::validator(
    path = "schema/vendor/flagd/flags.json",
    base_uri = "https://flagd.dev/schema/v0/flags.json",
    resources = { "https://flagd.dev/schema/v0/targeting.json" => { path = "schema/vendor/flagd/targeting.json" } },
    methods = { is_valid = false, iter_errors = false }
)]
struct FlagsSchema;

impl Target for Flagd {
    fn capabilities(&self) -> &'static Capabilities {
        &FLAGD
    }

    fn about(&self) -> &'static str {
        "flagd and the OpenFeature providers that read its file"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let generation = generation(print.settings)?;
        let mut printer = Printer { generation, evaluators: Evaluators::new(flags), losses: &mut print.losses };
        let flags = served::each(flags, |flag| Ok((flag.key.to_owned(), printer.flag(flag)?)))?;
        bytes(&document(flags.into_iter().collect(), printer.evaluators.shared))
    }

    fn import(&self, export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        Some(import::drafts(export))
    }
}

/// The generation that the workspace names.
fn generation(settings: Option<&TargetSettings>) -> Result<&str, String> {
    let help = "write `generation = \"B\"` under `[targets.flagd]`: A for npm flagd-core 1 and pip provider 0.3, B for \
                npm flagd-core 4 and pip provider 0.5, C for pip provider 0.6 and crate flagd-evaluation-engine 0.1";
    match settings.and_then(|settings| settings.generation.value()).map(String::as_str) {
        Some(generation @ ("A" | "B" | "C")) => Ok(generation),
        Some(other) => Err(format!("flagd has no bucketing generation `{other}`; {help}")),
        None => Err(format!("flagd needs the bucketing generation of the evaluators in use; {help}")),
    }
}

/// Rules that several flags share, below `$evaluators`.
///
/// Evaluators put a shared rule in place as text: wherever the file has `{"$ref": "<name>"}`, payloads included,
/// and the JavaScript one reads `$$`, `$&`, `` $` `` and `$'` in the rule as orders. So a name is never one that a
/// payload refers to, and a rule with such a sign is printed in place instead.
struct Evaluators {
    shared: BTreeMap<String, Json>,
    /// What payloads have beside a key `$ref`.
    taken: BTreeSet<String>,
}

impl Evaluators {
    fn new(flags: &[Flag<'_>]) -> Self {
        let mut taken = BTreeSet::new();
        for flag in flags {
            let payloads = flag.variants.iter().map(|variant| &variant.payload);
            payloads.chain([&flag.off]).flatten().for_each(|(key, value)| refs(key, value, &mut taken));
        }
        Self { shared: BTreeMap::new(), taken }
    }

    /// The rule, or a reference to it. Equal rules share a name.
    fn share(&mut self, kind: &str, name: &str, rule: Json) -> Json {
        if ["$$", "$&", "$`", "$'"].iter().any(|order| rule.to_string().contains(order)) {
            return rule;
        }
        // Some evaluators read names as patterns: letters, digits and dashes mean themselves everywhere.
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
        let stem: String = format!("{kind}-{name}").chars().map(plain).collect();
        let mut name = stem.clone();
        let mut number = 1;
        while self.taken.contains(&name) || self.shared.get(&name).is_some_and(|present| *present != rule) {
            number += 1;
            name = format!("{stem}-{number}");
        }
        self.shared.insert(name.clone(), rule);
        json!({ "$ref": name })
    }
}

fn refs(key: &str, value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| refs("", item, found)),
        Json::Object(map) => map.iter().for_each(|(key, value)| refs(key, value, found)),
        Json::String(name) if key == "$ref" => drop(found.insert(name.clone())),
        _ => {}
    }
}

struct Printer<'a> {
    generation: &'a str,
    evaluators: Evaluators,
    losses: &'a mut Losses,
}

impl Printer<'_> {
    fn flag(&mut self, flag: &Flag<'_>) -> Result<Json, String> {
        let mut variants = Map::from_iter([(OFF.to_owned(), Json::Object(flag.off.clone()))]);
        let payloads =
            flag.variants.iter().map(|variant| (variant.name.to_owned(), Json::Object(variant.payload.clone())));
        variants.extend(payloads);
        let mut default = OFF;
        let targeting = match flag.state {
            State::Shipped(winner) => {
                default = flag.variants[winner].name;
                variants.retain(|name, _| name == OFF || name == default);
                self.all_but_held(flag, default)?
            }
            _ => self.targeting(flag)?,
        };
        Ok(json!({
            "state": "ENABLED",
            "defaultVariant": default,
            "variants": variants,
            "targeting": targeting,
            "metadata": {
                "experiment": flag.id(),
                "plan": flag.hash,
                "stage": flag.stage_name(),
                "generation": self.generation,
                "expc": FORMAT,
            },
        }))
    }

    /// The winner for everybody who is not held out.
    fn all_but_held(&mut self, flag: &Flag<'_>, winner: &str) -> Result<Json, String> {
        if flag.holdout.is_none() {
            return Ok(json!({}));
        }
        let key = attribute(flag.unit)?;
        let mut clauses = known_unit(&key);
        clauses.extend(self.holdout(flag, &key, "held"));
        Ok(json!({ "if": [all(clauses), OFF, winner] }))
    }

    fn targeting(&mut self, flag: &Flag<'_>) -> Result<Json, String> {
        let key = attribute(flag.unit)?;
        let mut steps = Vec::new();
        for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
            steps.push(json!({ "in": [key, variant.force] }));
            steps.push(json!(variant.name));
        }
        // Conditions and slots are judged in every state: a fault must not wait for the first stage.
        let mut clauses = known_unit(&key);
        for clause in &flag.clauses {
            let holds = condition(clause)?;
            clauses.push(if clause.is_exclusion { json!({ "!": [holds] }) } else { holds });
        }
        let slot = flag.layer.map(|layer| layer.parts(flag.plan, &FLAGD, self.losses)).transpose()?;
        if let State::Killed = flag.state {
            return Ok(json!({}));
        }
        if let State::Waiting = flag.state {
            if steps.is_empty() {
                return Ok(json!({}));
            }
            steps.push(json!(OFF));
            return Ok(json!({ "if": steps }));
        }
        clauses.extend(self.holdout(flag, &key, "free"));
        if let (Some(layer), Some((from, to))) = (flag.layer, slot) {
            let weights = [("before", from), ("in", to - from), ("after", million() - to)];
            clauses.push(json!({ "===": [split(layer.salt, "layer", &key, &weights), "in"] }));
        }
        let width = slot.map_or(million(), |(from, to)| to - from);
        let assignment = match &flag.state {
            State::Schedule(stages) => {
                let mut shares = Vec::new();
                let mut assignments: Vec<Json> = Vec::new();
                for (_, stage) in stages {
                    shares.push(self.enrolment(flag, stage, &key, width));
                    assignments.push(self.assignment(flag, stage, &key));
                }
                let begins: Vec<i64> = stages.iter().map(|(second, _)| *second).collect();
                clauses.push(json!({ "===": [by_time(&begins, json!("out"), shares), "in"] }));
                // Before the first stage nobody comes here.
                let mut changed = vec![assignments.remove(0)];
                let mut from = Vec::new();
                for (second, next) in begins.into_iter().skip(1).zip(assignments) {
                    if changed.last() != Some(&next) {
                        from.push(second);
                        changed.push(next);
                    }
                }
                let first = changed.remove(0);
                if changed.is_empty() { first } else { by_time(&from, first, changed) }
            }
            State::Stage(stage) => {
                let enrolment = self.enrolment(flag, stage, &key, width);
                clauses.push(json!({ "===": [enrolment, "in"] }));
                self.assignment(flag, stage, &key)
            }
            State::Waiting | State::Killed | State::Shipped(_) => json!(OFF),
        };
        if flag.plan.audience.unit_ascii.as_ref().is_some_and(|ascii| !ascii.value) {
            // Measured within generation B: 729 of 2,000 such units differ between Node and Python.
            let reason = "ids that are not ASCII hash differently in JavaScript and elsewhere".to_owned();
            let done = "they are hashed as they are: evaluate in one language, or over RPC";
            self.losses.lose(flag.plan, "ids", reason, done);
        }
        steps.extend([all(clauses), assignment, json!(OFF)]);
        Ok(json!({ "if": steps }))
    }

    /// The test that a unit is `held` or `free`.
    fn holdout(&mut self, flag: &Flag<'_>, key: &Json, wanted: &str) -> Option<Json> {
        let holdout = flag.holdout?;
        let held = holdout.parts(flag.plan, &FLAGD, self.losses);
        let rule = split(holdout.salt, "holdout", key, &[("held", held), ("free", million() - held)]);
        let rule = self.evaluators.share("holdout", holdout.name, rule);
        Some(json!({ "===": [rule, wanted] }))
    }

    /// Enrolled units first, so that a larger share keeps them. The whole is the slot.
    fn enrolment(&mut self, flag: &Flag<'_>, stage: &PlannedStage, key: &Json, width: u64) -> Json {
        let share = served::enrolled(flag.plan, stage, 1.0, &FLAGD, self.losses).min(width);
        split(flag.salt(), "enrol", key, &[("in", share), ("out", width - share)])
    }

    fn assignment(&mut self, flag: &Flag<'_>, stage: &PlannedStage, key: &Json) -> Json {
        if flag.changes_split(|weights| parts_of(weights, 1_000_000)) {
            let reason = "flagd keeps no assignments, and the stages have different weights".to_owned();
            self.losses.lose(flag.plan, "sticky", reason, "enrolled units change variant when the weights do");
        }
        let whole = FLAGD.whole_weights(&flag.weights(stage));
        let whole = whole.unwrap_or_else(|| served::split(flag, stage, &FLAGD, self.losses));
        let weights: Vec<(&str, u64)> = flag.variants.iter().map(|variant| variant.name).zip(whole).collect();
        split(flag.salt(), "assign", key, &weights)
    }
}

fn million() -> u64 {
    1_000_000
}

/// One hash of the unit, cut by weights in their order.
fn split(salt: &str, step: &str, key: &Json, weights: &[(&str, u64)]) -> Json {
    let mut arguments = vec![json!({ "cat": [format!("{salt}/{step}:"), key] })];
    arguments.extend(weights.iter().map(|(name, weight)| json!([name, weight])));
    json!({ "fractional": arguments })
}

/// `before`, then each of `then` from its second on.
fn by_time(begins: &[i64], before: Json, then: Vec<Json>) -> Json {
    let mut steps = Vec::new();
    let mut current = before;
    for (second, next) in begins.iter().zip(then) {
        steps.push(json!({ "<": [{ "var": "$flagd.timestamp" }, second] }));
        steps.push(std::mem::replace(&mut current, next));
    }
    steps.push(current);
    json!({ "if": steps })
}

/// Without an id all units would hash to one place.
fn known_unit(key: &Json) -> Vec<Json> {
    vec![present(key), json!({ "!==": [key, ""] })]
}

fn document(flags: Map<String, Json>, shared: BTreeMap<String, Json>) -> Json {
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!(SCHEMA));
    if !shared.is_empty() {
        document.insert("$evaluators".to_owned(), Json::Object(shared.into_iter().collect()));
    }
    document.insert("flags".to_owned(), Json::Object(flags));
    Json::Object(document)
}

/// The file, once the vendor's schema has accepted it.
fn bytes(document: &Json) -> Result<Vec<u8>, String> {
    if let Err(fault) = FlagsSchema::validate(document) {
        let at = fault.instance_path();
        return Err(format!("internal error: flagd's own schema refuses the document at `{at}`: {fault}"));
    }
    served::json_bytes(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_s_schema_refuses_what_flagd_would_not_run() {
        let with = |targeting: Json, variants: Json| {
            let flag =
                json!({ "state": "ENABLED", "variants": variants, "defaultVariant": "off", "targeting": targeting });
            document(Map::from_iter([("x".to_owned(), flag)]), BTreeMap::new())
        };
        let split =
            |weight: Json| json!({ "fractional": [{ "cat": ["s", { "var": "id" }] }, ["a", weight], ["b", 1]] });
        let objects = || json!({ "off": {}, "a": {} });
        assert!(bytes(&with(split(json!(20)), objects())).is_ok());
        assert!(bytes(&with(json!({}), objects())).is_ok());
        for wrong in [
            with(split(json!(20.5)), objects()),
            with(split(json!(-1)), objects()),
            with(json!({ "sem_ver": [{ "var": "v" }, ">=", "5.2"] }), objects()),
            with(json!({ "no_such_rule": [] }), objects()),
            with(json!({}), json!({ "off": {}, "a": "text" })),
            with(json!({}), json!({ "": {} })),
        ] {
            assert!(bytes(&wrong).is_err_and(|fault| fault.starts_with("internal error")), "{wrong}");
        }
    }

    #[test]
    fn weights_stay_as_written_when_whole_numbers_can_hold_them() {
        assert_eq!(FLAGD.whole_weights(&[50.0, 25.0, 25.0]), Some(vec![50, 25, 25]));
        assert_eq!(FLAGD.whole_weights(&[0.5, 0.25, 0.25]), Some(vec![50, 25, 25]));
        assert_eq!(FLAGD.whole_weights(&[33.3, 33.3, 33.4]), Some(vec![333, 333, 334]));
        assert_eq!(FLAGD.whole_weights(&[1e9, 1e9]), Some(vec![1_000_000_000, 1_000_000_000]));
        assert_eq!(FLAGD.whole_weights(&[1e9, 1e9, 1e9]), None);
        assert_eq!(FLAGD.whole_weights(&[1.0 / 3.0, 2.0 / 3.0]), None);
    }
}
