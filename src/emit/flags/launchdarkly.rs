//! LaunchDarkly: one `flags/launchdarkly/flags.json`, the file data source of its server SDKs.
//!
//! One hash of a flag cannot give enrolment and variant apart, so an experiment is two objects, a segment with a weight
//! and a flag whose rule splits the segment. A hash is of `<key>.<salt>.<id>`, with the key of its object:
//!
//! | step | object | result |
//! | --- | --- | --- |
//! | holdout | segment `<holdout>-holdout` | held out in every experiment, or free |
//! | layer | segments `<layer>-layer-<from>-<to>` | inside the slot of the experiment, or not |
//! | enrolment | segment `<flag>-enrolled` | takes part at the share of the stage, or not |
//! | assignment | the rule of the flag | the variant |
//!
//! A layer is a tree: each of its segments halves a range, so that no unit is in two slots, and a slot stays where it is
//! whatever else is in the layer. `<layer>-layer-below-<n>` is the part before the n-th hundred-thousandth. Segments of
//! layers and holdouts are common to the experiments that name them.
//!
//! A variation is `{ "variant": …, "payload": … }`: LaunchDarkly wants values that differ, and tells applications no
//! name. The first is `off`, for everybody else. The unit's id is the key of a context whose kind is the unit's name.
//!
//! **Moments.** A document holds one moment: a build names a stage or a date. A ramp changes the weight of one segment.
//!
//! **Kill switch.** `"on": false` serves `off` to everybody, targets included. `flags/launchdarkly/kill/<id>.json` holds
//! the flag in that state, and `upload/<id>/kill/` the patch.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Upload.** `upload.rs` says which files.

mod conditions;
mod import;
mod upload;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, Export};
use super::served::{self, Flag, Losses, Slot, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap, Salts};
use crate::plan::{Plan, PlannedStage};

use conditions::{Kind, condition};

pub(super) struct LaunchDarkly;

/// LaunchDarkly: weights are thousandths of a per cent.
const LAUNCHDARKLY: Capabilities = Capabilities {
    name: "launchdarkly",
    title: "LaunchDarkly",
    file: "flags.json",
    weight_parts: Some(PARTS),
    share_parts: PARTS as f64,
    salts: Salts::Server,
    reserved: &[OFF],
    hash: "SHA-1 of LaunchDarkly",
    flag_signs: Some("_.-"),
    refuses,
    limits: &[
        "The server makes the salts: what is built here, and what runs there, enrol the same share of other units.",
        "A variation holds the variant's name and its payload: the application reads `payload`.",
        "The unit's id is the key of a context whose kind is the unit's name, with the attributes in it.",
        "An attribute that holds a list meets a condition when one of its items does.",
    ],
    upload: "Terraform for a flag and its segments (no judge: the provider publishes no schema), and REST bodies, judged by the models in pip launchdarkly-api",
    ..Capabilities::PLAIN
};

/// The whole of a weight.
const PARTS: u32 = 100_000;

const OFF: &str = "off";

/// The version of what is printed here.
const FORMAT: &str = "launchdarkly/1";

fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let kind = Kind::of(plan);
    if let Ok(kind) = &kind {
        gaps = served::readable(plan, |clause| condition(clause, kind).map(drop));
    }
    gaps.extend(served::payloads(plan, |payload| served::too_deep(payload, 100).or_else(|| served::inexact(payload))));
    let mut gap = |what: &str, place, reason: String, help: &str| {
        gaps.push(Gap { what: what.to_owned(), place, reason, help: help.to_owned() });
    };
    if let Err(reason) = kind {
        let place = plan.audience.unit.as_ref().and_then(|unit| unit.span());
        gap("the unit", place, reason, "give the unit another name in the catalogue");
    }
    if plan.flag.value.starts_with(['_', '.', '-']) {
        let reason = "keys begin with a letter or a digit".to_owned();
        gap("the name of the flag", plan.flag.span(), reason, "give the flag another name");
    }
    gaps
}

impl Target for LaunchDarkly {
    fn capabilities(&self) -> &'static Capabilities {
        &LAUNCHDARKLY
    }

    fn about(&self) -> &'static str {
        "LaunchDarkly's server SDKs, as a file data source"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let mut segments: BTreeMap<String, Json> = BTreeMap::new();
        let made = served::each(flags, |flag| {
            let made = Made::of(flag, losses)?;
            segments.extend(made.segments.iter().map(|segment| (segment.key.clone(), segment.served())));
            Ok((flag.key.to_owned(), made.served(flag)))
        })?;
        let built: BTreeMap<&str, Json> =
            flags.iter().map(|flag| (flag.id(), json!({ "plan": flag.hash, "stage": flag.stage_name() }))).collect();
        let flags: Map<String, Json> = made.into_iter().collect();
        let document = json!({
            "flags": flags, "segments": segments, "expc": { "format": FORMAT, "experiments": built },
        });
        served::json_bytes(&document)
    }

    fn import(&self, export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        Some(import::drafts(export))
    }

    fn uploads(&self, flag: &Flag<'_>, print: &mut Print<'_>) -> Result<Vec<(String, Vec<u8>)>, String> {
        upload::files(flag, &Made::of(flag, &mut print.losses)?)
    }
}

/// What a flag becomes.
struct Made {
    /// The kind of context that is the unit; empty where no unit is asked for.
    kind: String,
    is_on: bool,
    /// Name and value: `off`, then the variants in the order of the spec.
    variations: Vec<(String, Json)>,
    /// Variation, ids.
    targets: Vec<(usize, Vec<String>)>,
    rule: Option<Rule>,
    /// The variation for everybody else.
    fallthrough: usize,
    segments: Vec<Segment>,
}

/// What the units of a segment get.
struct Rule {
    segment: String,
    serves: Serves,
}

enum Serves {
    Variation(usize),
    /// A weight for each variation.
    Split(Vec<u64>),
}

/// Units that meet one of the rules.
struct Segment {
    key: String,
    salt: String,
    /// True when other experiments use it too.
    is_shared: bool,
    /// What it is, for people.
    about: String,
    rules: Vec<SegmentRule>,
}

struct SegmentRule {
    clauses: Vec<Json>,
    weight: Option<u64>,
    kind: String,
}

impl Made {
    fn of(flag: &Flag<'_>, losses: &mut Losses) -> Result<Self, String> {
        let value = |name: &str, payload: &Map<String, Json>| json!({ "variant": name, "payload": payload });
        let mut made = Self {
            kind: String::new(),
            is_on: !matches!(flag.state, State::Killed),
            variations: vec![(OFF.to_owned(), value(OFF, &flag.off))],
            targets: Vec::new(),
            rule: None,
            fallthrough: 0,
            segments: Vec::new(),
        };
        let variants = flag.variants.iter();
        made.variations.extend(variants.map(|one| (one.name.to_owned(), value(one.name, &one.payload))));
        if let State::Shipped(winner) = flag.state {
            made.fallthrough = winner + 1;
            if flag.holdout.is_some() {
                let kind = Kind::of(flag.plan)?;
                made.kind = kind.name.to_owned();
                if let Some(segment) = made.holdout(flag, &kind, losses) {
                    made.rule = Some(Rule { segment, serves: Serves::Variation(0) });
                }
            }
            return Ok(made);
        }
        let kind = Kind::of(flag.plan)?;
        made.kind = kind.name.to_owned();
        // Conditions and slots are judged in every state: a fault must not wait for the first stage.
        let mut clauses = Vec::new();
        let mut excluded = Vec::new();
        for clause in &flag.clauses {
            let mut holds = condition(clause, &kind)?;
            match clause.is_exclusion {
                false => clauses.append(&mut holds),
                true => excluded.push(SegmentRule { clauses: holds, weight: None, kind: made.kind.clone() }),
            }
        }
        let slot = match flag.layer {
            Some(layer) => Some((layer, layer.parts(flag.plan, &LAUNCHDARKLY, losses)?)),
            None => None,
        };
        for (n, variant) in flag.variants.iter().enumerate().filter(|(_, variant)| !variant.force.is_empty()) {
            made.targets.push((n + 1, variant.force.iter().map(|id| (*id).to_owned()).collect()));
        }
        if let Some(stage) = flag.stage() {
            if !excluded.is_empty() {
                let about = format!("Who is kept out of {}", flag.id());
                let key = made.segment(format!("{}-excluded", flag.key), flag.salt(), about, false, excluded);
                clauses.push(kind.not_in(&key));
            }
            if let Some(held) = made.holdout(flag, &kind, losses) {
                clauses.push(kind.not_in(&held));
            }
            let mut reach = 1.0;
            if let Some((layer, (from, to))) = slot {
                clauses.extend(made.slot(&layer, from, to, &kind));
                reach = (to - from) as f64 / f64::from(PARTS);
            }
            made.enrol(flag, stage, reach, clauses, losses);
        }
        Ok(made)
    }

    fn enrol(
        &mut self,
        flag: &Flag<'_>,
        stage: &PlannedStage,
        reach: f64,
        mut clauses: Vec<Json>,
        losses: &mut Losses,
    ) {
        let weight = Some(served::enrolled(flag.plan, stage, reach, &LAUNCHDARKLY, losses));
        if clauses.is_empty() {
            clauses.push(conditions::anybody(&self.kind));
        }
        let rule = SegmentRule { clauses, weight, kind: self.kind.clone() };
        let about = format!("Who takes part in {}", flag.id());
        let segment = self.segment(format!("{}-enrolled", flag.key), flag.salt(), about, false, vec![rule]);
        let mut split = vec![0];
        split.extend(served::split(flag, stage, &LAUNCHDARKLY, losses));
        self.rule = Some(Rule { segment, serves: Serves::Split(split) });
    }

    /// The key of a segment that is added.
    fn segment(&mut self, key: String, salt: &str, about: String, is_shared: bool, rules: Vec<SegmentRule>) -> String {
        if self.segments.iter().all(|segment| segment.key != key) {
            self.segments.push(Segment { key: key.clone(), salt: salt.to_owned(), is_shared, about, rules });
        }
        key
    }

    /// A part of everybody, by a hash of its own.
    fn part(&mut self, key: String, salt: &str, about: String, weight: u64) -> String {
        let rule = SegmentRule {
            clauses: vec![conditions::anybody(&self.kind)],
            weight: Some(weight),
            kind: self.kind.clone(),
        };
        self.segment(key, salt, about, true, vec![rule])
    }

    fn holdout(&mut self, flag: &Flag<'_>, kind: &Kind<'_>, losses: &mut Losses) -> Option<String> {
        let holdout = flag.holdout?;
        let held = holdout.parts(flag.plan, &LAUNCHDARKLY, losses);
        debug_assert_eq!(self.kind, kind.name, "a segment is of one kind");
        let about = format!("Held out by {}", holdout.name);
        Some(self.part(format!("{}-holdout", served::key_part(holdout.name)), holdout.salt, about, held))
    }

    /// Clauses that hold inside a slot.
    fn slot(&mut self, layer: &Slot<'_>, from: u64, to: u64, kind: &Kind<'_>) -> Vec<Json> {
        let mut clauses = Vec::new();
        if 0 < from {
            clauses.push(kind.not_in(&self.below(layer, from, kind)));
        }
        if to < u64::from(PARTS) {
            clauses.push(kind.is_in(&self.below(layer, to, kind)));
        }
        clauses
    }

    /// The segment of the part of a layer before a place in it.
    fn below(&mut self, layer: &Slot<'_>, place: u64, kind: &Kind<'_>) -> String {
        let name = served::key_part(layer.name);
        let (mut from, mut to) = (0, u64::from(PARTS));
        let mut path: Vec<Json> = Vec::new();
        let mut rules = Vec::new();
        while from < place {
            let middle = middle(from, to);
            let about = format!("{} of the layer {}: the first part of {from} to {to}", PARTS, layer.name);
            // Of units in the range, this part is in its lower half.
            let weight = (middle - from) * u64::from(PARTS) / (to - from);
            let half = self.part(format!("{name}-layer-{from}-{to}"), layer.salt, about, weight);
            if middle <= place {
                let mut clauses = path.clone();
                clauses.push(kind.is_in(&half));
                rules.push(SegmentRule { clauses, weight: None, kind: self.kind.clone() });
                path.push(kind.not_in(&half));
                from = middle;
            } else {
                path.push(kind.is_in(&half));
                to = middle;
            }
        }
        let about = format!("The layer {}, before {place} of {PARTS}", layer.name);
        self.segment(format!("{name}-layer-below-{place}"), layer.salt, about, true, rules)
    }

    fn served(&self, flag: &Flag<'_>) -> Json {
        let values: Vec<&Json> = self.variations.iter().map(|(_, value)| value).collect();
        let (targets, others) = self.targets();
        json!({
            "key": flag.key,
            "version": 1,
            "on": self.is_on,
            "salt": flag.salt(),
            "offVariation": 0,
            "fallthrough": { "variation": self.fallthrough },
            "variations": values,
            "targets": targets,
            "contextTargets": others,
            "prerequisites": [],
            "rules": self.rules(),
            "trackEvents": true,
            "clientSide": false,
        })
    }

    /// Ids of users, and ids of other kinds.
    fn targets(&self) -> (Vec<Json>, Vec<Json>) {
        let of = |(variation, ids): &(usize, Vec<String>)| json!({ "contextKind": self.kind, "variation": variation, "values": ids });
        let all = self.targets.iter().map(of).collect();
        if self.kind == conditions::USER { (all, Vec::new()) } else { (Vec::new(), all) }
    }

    fn rules(&self) -> Vec<Json> {
        let Some(rule) = &self.rule else { return Vec::new() };
        let mut made = json!({
            "id": rule.segment,
            "trackEvents": true,
            "clauses": [Kind::new(&self.kind).is_in(&rule.segment)],
        });
        match &rule.serves {
            Serves::Variation(variation) => made["variation"] = json!(variation),
            Serves::Split(weights) => {
                let weighted = weights.iter().enumerate().filter(|(_, weight)| 0 < **weight);
                let variations: Vec<Json> =
                    weighted.map(|(n, weight)| json!({ "variation": n, "weight": weight })).collect();
                made["rollout"] = json!({ "contextKind": self.kind, "variations": variations });
            }
        }
        vec![made]
    }
}

impl Segment {
    fn served(&self) -> Json {
        json!({
            "key": self.key,
            "version": 1,
            "salt": self.salt,
            "included": [],
            "excluded": [],
            "rules": self.rules(),
        })
    }

    fn rules(&self) -> Vec<Json> {
        let rule = |rule: &SegmentRule| {
            let mut made = json!({ "clauses": rule.clauses });
            if let Some(weight) = rule.weight {
                made["weight"] = json!(weight);
                made["rolloutContextKind"] = json!(rule.kind);
            }
            made
        };
        self.rules.iter().map(rule).collect()
    }
}

/// Where a range is halved: first at whole per cents, so that slots of whole per cents need few segments.
fn middle(from: u64, to: u64) -> u64 {
    let percent = u64::from(PARTS) / 100;
    match percent < to - from {
        true => (from + to) / 2 / percent * percent,
        false => (from + to) / 2,
    }
}
