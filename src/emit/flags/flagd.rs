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

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::served::{self, Losses, NOBODY, one_per_flag};
use super::{Request, Target};
use crate::emit::{Artifact, ArtifactRole, Emitted, Experiment, Moment};
use crate::plan::targets::Capabilities;
use crate::plan::{Plan, PlannedStage};
use crate::policy::TargetSettings;
use crate::spec::{Day, Gate, Status};
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{all, attribute, condition, present};

pub(super) struct Flagd;

/// flagd: refuses a rule whose weights sum to more than 2^31 - 1; shares keep four decimals of a per cent.
const FLAGD: Capabilities = Capabilities {
    name: "flagd",
    most_weight: Some(2_147_483_647.0),
    share_parts: 1e6,
    reserved: &["off", "in", "out"],
    one_experiment_a_flag: true,
    has_generations: true,
    keeps_assignments: false,
    // Measured within generation B: 729 of 2,000 such ids differ between Node and Python.
    hashes_any_id: false,
    hash: "murmur3",
    holds_schedule: true,
    shares_of_slot: false,
    weight_parts: None,
    flag_signs: None,
    most_payload_bytes: None,
    flags_key: "flags",
    caught,
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

/// The platform's word, in `emit.targets`, paths and losses.
const NAME: &str = FLAGD.name;

/// The version of what is printed here, in every flag's metadata.
const FORMAT: &str = "flagd/1";

/// What flagd publishes for editors and validators.
const SCHEMA: &str = "https://flagd.dev/schema/v0/flags.json";

/// The variant of units that take no part.
const OFF: &str = "off";

/// The parts that shares are counted in: four decimals of a per cent.
const MILLION: f64 = FLAGD.share_parts;

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

    fn emit(&self, request: &Request<'_>) -> Result<Emitted, String> {
        let generation = generation(request.settings)?;
        let mut losses = Losses::of(NAME);
        let chosen = one_per_flag(request.experiments, &mut losses)?;
        let mut printer = Printer {
            moment: &request.moment,
            generation,
            evaluators: Evaluators::new(&chosen),
            losses,
            kills: Vec::new(),
        };
        let mut flags = Map::new();
        let mut faults = Vec::new();
        for (key, experiment) in &chosen {
            match printer.flag(*experiment) {
                Ok(flag) => {
                    flags.insert((*key).to_owned(), flag);
                }
                Err(fault) => faults.push(format!("experiment `{}` {fault}", experiment.plan.id)),
            }
        }
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        let mut ids: Vec<String> = chosen.values().map(|experiment| experiment.plan.id.to_string()).collect();
        ids.sort();
        let document = document(flags, printer.evaluators.shared);
        let mut artifacts = vec![Artifact {
            path: "flags/flagd/flags.json".to_owned(),
            bytes: bytes(&document)?,
            role: ArtifactRole::Evaluator,
            target: NAME,
            experiments: ids,
            stage: served::named(&request.moment),
        }];
        for (id, key, flag) in printer.kills {
            artifacts.push(Artifact {
                path: format!("flags/flagd/kill/{id}.json"),
                bytes: bytes(&document_of_one(key, flag))?,
                role: ArtifactRole::Upload,
                target: NAME,
                experiments: vec![id],
                stage: None,
            });
        }
        Ok(Emitted { artifacts, losses: printer.losses.all })
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
    fn new(chosen: &BTreeMap<&str, Experiment<'_>>) -> Self {
        let mut taken = BTreeSet::new();
        for experiment in chosen.values() {
            let payloads = experiment.plan.variants.iter().filter_map(|variant| variant.payload.as_ref());
            payloads.chain(experiment.plan.off.as_ref()).for_each(|payload| refs(&payload.value, &mut taken));
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

fn refs(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| refs(&item.value, found)),
        Value::Table(table) => {
            for entry in &table.entries {
                if let (true, Value::String(name)) = (entry.key == "$ref", &entry.node.value) {
                    found.insert(name.clone());
                }
                refs(&entry.node.value, found);
            }
        }
        _ => {}
    }
}

/// What holds of an experiment at the moment that is printed.
enum Running<'a> {
    Nobody,
    Fixed(&'a PlannedStage),
    /// Each stage with the second at which it begins.
    Schedule(Vec<(i64, &'a PlannedStage)>),
}

struct Printer<'a> {
    moment: &'a Moment,
    generation: &'a str,
    evaluators: Evaluators,
    losses: Losses,
    /// Experiment, flag key, the flag that serves `off`.
    kills: Vec<(String, String, Json)>,
}

impl Printer<'_> {
    fn flag(&mut self, experiment: Experiment<'_>) -> Result<Json, String> {
        let plan = experiment.plan;
        let mut variants = Map::new();
        variants.insert(OFF.to_owned(), Json::Object(served::off(plan)?));
        for variant in &plan.variants {
            if variants.insert(variant.name.clone(), Json::Object(served::payload(variant))).is_some() {
                return Err(format!(
                    "has a variant `{}`: flagd needs the name for units that take no part",
                    variant.name
                ));
            }
        }
        if plan.status.value == Status::Shipped {
            return self.shipped(experiment, variants);
        }
        let running = self.running(plan);
        let stage = match &running {
            Running::Nobody => "none",
            Running::Fixed(stage) => &stage.name,
            Running::Schedule(_) => "schedule",
        };
        let targeting = self.targeting(plan, &running)?;
        let name = served::file_name(plan)?.to_owned();
        let killed = self.entry(experiment, "killed", OFF, &variants, json!({}));
        self.kills.push((name, plan.flag.value.clone(), killed));
        Ok(self.entry(experiment, stage, OFF, &variants, targeting))
    }

    fn entry(
        &self,
        experiment: Experiment<'_>,
        stage: &str,
        default: &str,
        variants: &Map<String, Json>,
        targeting: Json,
    ) -> Json {
        json!({
            "state": "ENABLED",
            "defaultVariant": default,
            "variants": variants,
            "targeting": targeting,
            "metadata": {
                "experiment": &*experiment.plan.id,
                "plan": experiment.hash,
                "stage": stage,
                "generation": self.generation,
                "expc": FORMAT,
            },
        })
    }

    /// The winner for everybody who is not held out.
    fn shipped(&mut self, experiment: Experiment<'_>, mut variants: Map<String, Json>) -> Result<Json, String> {
        let plan = experiment.plan;
        let winner = plan.winner.as_ref().map(|winner| winner.value.as_str()).ok_or("is shipped without a winner")?;
        variants.retain(|name, _| name == OFF || name == winner);
        let targeting = match &plan.audience.holdout {
            Some(_) => {
                let key = unit_key(plan)?;
                let mut clauses = known_unit(&key);
                clauses.extend(self.holdout(plan, &key, "held"));
                json!({ "if": [all(clauses), OFF, winner] })
            }
            None => json!({}),
        };
        Ok(self.entry(experiment, "shipped", winner, &variants, targeting))
    }

    fn running<'p>(&mut self, plan: &'p Plan) -> Running<'p> {
        let calendar = &plan.calendar;
        match self.moment {
            Moment::Stage(_) | Moment::Date(_) => {
                served::stage(self.moment, plan, &mut self.losses).map_or(Running::Nobody, Running::Fixed)
            }
            Moment::Schedule => {
                let begins: Option<Vec<(i64, &PlannedStage)>> =
                    calendar.stages.iter().map(|stage| Some((midnight(stage.start?), stage))).collect();
                let Some(begins) = begins else {
                    self.lose(plan, "schedule", "it has no first day".to_owned(), NOBODY);
                    return Running::Nobody;
                };
                if begins.is_empty() {
                    return Running::Nobody;
                }
                // The gate of the last stage has nothing to hold back.
                let before_last = calendar.stages.len().saturating_sub(1);
                for stage in calendar.stages.iter().take(before_last).filter(|stage| stage.gate.value != Gate::None) {
                    let reason = format!("flagd cannot wait for the gate of stage `{}`", stage.name);
                    let done = "the next stage begins on its day; build one stage at a time to keep the gate";
                    self.lose(plan, "gate", reason, done);
                }
                Running::Schedule(begins)
            }
        }
    }

    fn lose(&mut self, plan: &Plan, feature: &'static str, reason: String, done: &str) {
        self.losses.lose(plan, feature, reason, done);
    }

    fn targeting(&mut self, plan: &Plan, running: &Running<'_>) -> Result<Json, String> {
        let key = unit_key(plan)?;
        let mut steps = Vec::new();
        for variant in plan.variants.iter().filter(|variant| !variant.force.is_empty()) {
            let ids: Vec<&str> = variant.force.iter().map(|id| id.value.as_str()).collect();
            steps.push(json!({ "in": [key, ids] }));
            steps.push(json!(variant.name));
        }
        // Conditions and slots are judged also when nobody is enrolled: a fault must not wait for the first stage.
        let mut clauses = known_unit(&key);
        let audience = &plan.audience;
        for one in &audience.conditions {
            clauses.push(condition(&one.value).map_err(|fault| format!("has a condition that {fault}"))?);
        }
        for one in &audience.exclusions {
            let holds = condition(&one.value).map_err(|fault| format!("has an exclusion that {fault}"))?;
            clauses.push(json!({ "!": [holds] }));
        }
        let slot = self.slot(plan)?;
        if matches!(running, Running::Nobody) {
            if steps.is_empty() {
                return Ok(json!({}));
            }
            steps.push(json!(OFF));
            return Ok(json!({ "if": steps }));
        }
        clauses.extend(self.holdout(plan, &key, "free"));
        if let (Some(layer), Some((from, to))) = (&audience.layer, slot) {
            let weights = [("before", from), ("in", to - from), ("after", million() - to)];
            clauses.push(json!({ "===": [split(&layer.salt.value, "layer", &key, &weights), "in"] }));
        }
        let width = slot.map_or(million(), |(from, to)| to - from);
        let assignment = match running {
            Running::Nobody => json!(OFF),
            Running::Fixed(stage) => {
                let enrolment = self.enrolment(plan, stage, &key, width);
                clauses.push(json!({ "===": [enrolment, "in"] }));
                self.assignment(plan, stage, &key)?
            }
            Running::Schedule(stages) => {
                let mut shares = Vec::new();
                let mut assignments: Vec<Json> = Vec::new();
                for (_, stage) in stages {
                    shares.push(self.enrolment(plan, stage, &key, width));
                    assignments.push(self.assignment(plan, stage, &key)?);
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
                if 1 < changed.len() {
                    let reason = "flagd keeps no assignments, and the stages have different weights".to_owned();
                    self.lose(plan, "sticky", reason, "enrolled units change variant when the weights do");
                }
                let first = changed.remove(0);
                if changed.is_empty() { first } else { by_time(&from, first, changed) }
            }
        };
        if audience.unit_ascii.as_ref().is_some_and(|ascii| !ascii.value) {
            // Measured within generation B: 729 of 2,000 such units differ between Node and Python.
            let reason = "ids that are not ASCII hash differently in JavaScript and elsewhere".to_owned();
            self.lose(plan, "ids", reason, "they are hashed as they are: evaluate in one language, or over RPC");
        }
        steps.extend([all(clauses), assignment, json!(OFF)]);
        Ok(json!({ "if": steps }))
    }

    /// The test that a unit is `held` or `free`.
    fn holdout(&mut self, plan: &Plan, key: &Json, wanted: &str) -> Option<Json> {
        let holdout = plan.audience.holdout.as_ref()?;
        let held = self.millionths(plan, "holdout", "the holdout's share", holdout.share.value);
        let rule = split(&holdout.salt.value, "holdout", key, &[("held", held), ("free", million() - held)]);
        let rule = self.evaluators.share("holdout", &holdout.name.value, rule);
        Some(json!({ "===": [rule, wanted] }))
    }

    /// The slot in the layer, in millionths.
    fn slot(&mut self, plan: &Plan) -> Result<Option<(u64, u64)>, String> {
        let Some(layer) = &plan.audience.layer else { return Ok(None) };
        let name = &layer.name.value;
        let Some(slot) = &layer.slot else {
            return Err(format!("has no slot in the layer `{name}`: make room, or choose another layer"));
        };
        let (from, to) = slot.value;
        // Slots are placed with a slack of 0.001 millionths; rounded inward from twice that they cannot overlap.
        let (low, high) = ((from * MILLION - 0.002).ceil().max(0.0), (to * MILLION + 0.002).floor().min(MILLION));
        if high <= low {
            return Err(format!("has a slot in the layer `{name}` that is narrower than 0.0001 %"));
        }
        if 0.01 < (low - from * MILLION).max(to * MILLION - high) {
            let reason =
                format!("flagd's weights are whole: the slot {from} to {to} of the layer is not in millionths");
            self.lose(plan, "layer", reason, &format!("the slot is {} to {}", low / MILLION, high / MILLION));
        }
        Ok(Some((low as u64, high as u64)))
    }

    /// Enrolled units first, so that a larger share keeps them.
    fn enrolment(&mut self, plan: &Plan, stage: &PlannedStage, key: &Json, width: u64) -> Json {
        let what = format!("the share of stage `{}`", stage.name);
        let wanted = self.millionths(plan, "share", &what, stage.share.value);
        let share = wanted.min(width);
        // One millionth is what the slot may have lost to rounding.
        if share + 1 < wanted {
            let reason = format!("{what} is {}, wider than the slot", percent(wanted));
            self.lose(plan, "share", reason, &format!("the whole slot takes part: {}", percent(width)));
        }
        split(&plan.audience.salt.value, "enrol", key, &[("in", share), ("out", width - share)])
    }

    fn assignment(&mut self, plan: &Plan, stage: &PlannedStage, key: &Json) -> Result<Json, String> {
        let written = served::weights(plan, stage)?;
        let whole = FLAGD.whole_weights(&written).unwrap_or_else(|| {
            let rounded = served::parts_of(&written, 1_000_000);
            let shown: Vec<String> = rounded.iter().map(|part| percent(*part)).collect();
            let reason = "flagd's weights are whole numbers, which these are not".to_owned();
            self.lose(plan, "weights", reason, &format!("rounded to {}", shown.join(", ")));
            rounded
        });
        let weights: Vec<(&str, u64)> = plan.variants.iter().map(|variant| variant.name.as_str()).zip(whole).collect();
        Ok(split(&plan.audience.salt.value, "assign", key, &weights))
    }

    fn millionths(&mut self, plan: &Plan, feature: &'static str, what: &str, share: f64) -> u64 {
        let exact = share * MILLION;
        let rounded = exact.round().clamp(0.0, MILLION);
        if 1e-3 < (exact - rounded).abs() {
            let reason = format!("{what} is {} %: flagd's weights are printed in millionths", share * 100.0);
            self.lose(plan, feature, reason, &format!("rounded to {}", percent(rounded as u64)));
        }
        rounded as u64
    }
}

fn million() -> u64 {
    1_000_000
}

fn percent(millionths: u64) -> String {
    format!("{} %", millionths as f64 / 1e4)
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

/// The second at which a day begins in UTC.
fn midnight(day: Day) -> i64 {
    Day(jiff::civil::date(1970, 1, 1)).until(day) * 86_400
}

/// The attribute that is hashed.
fn unit_key(plan: &Plan) -> Result<Json, String> {
    attribute(served::unit_key(plan)?)
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

fn document_of_one(key: String, flag: Json) -> Json {
    document(Map::from_iter([(key, flag)]), BTreeMap::new())
}

/// The file, once the vendor's schema has accepted it.
fn bytes(document: &Json) -> Result<Vec<u8>, String> {
    if let Err(fault) = FlagsSchema::validate(document) {
        let at = fault.instance_path();
        return Err(format!("internal error: flagd's own schema refuses the document at `{at}`: {fault}"));
    }
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|fault| format!("internal error: {fault}"))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_s_schema_refuses_what_flagd_would_not_run() {
        let with = |targeting: Json, variants: Json| {
            let flag =
                json!({ "state": "ENABLED", "variants": variants, "defaultVariant": "off", "targeting": targeting });
            document_of_one("x".to_owned(), flag)
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
        assert_eq!(served::parts_of(&[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], 1_000_000), [333_334, 333_333, 333_333]);
        assert_eq!(served::parts_of(&[0.0, 1e9, 1e9, 1e9], 1_000_000), [0, 333_334, 333_333, 333_333]);
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        assert_eq!(midnight(Day(jiff::civil::date(1970, 1, 2))), 86_400);
        assert_eq!(midnight(Day(jiff::civil::date(2027, 1, 11))), 1_799_625_600);
    }
}
