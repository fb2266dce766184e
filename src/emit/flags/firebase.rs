//! Firebase Remote Config: one `flags/firebase/server_template.json`, the server template that the Admin SDKs evaluate.
//!
//! A template has conditions in their order and parameters; a parameter takes the value of the first condition that
//! holds. So the conditions of a flag are, in this order: forced units, units that an exclusion takes out, and one for
//! each variant, which asks everything else:
//!
//! | step | seed | result |
//! | --- | --- | --- |
//! | holdout | `<salt of the holdout>/holdout` | held out in every experiment, or free |
//! | layer | `<salt of the layer>/layer` | inside the slot of the experiment, or not |
//! | enrolment | `<salt>/enrol` | takes part at the share of the stage, or not |
//! | assignment | `<salt>/assign` | the variant |
//!
//! Each is sha256(`<seed>.<randomization id>`) modulo 10^8: millionths of a per cent. Enrolled units come first, so a
//! larger share keeps all of them; the assignment never sees the share. In a layer the share is a part of the slot.
//! Bounds are shifted by one, because the operators include their upper bound and not their lower one.
//!
//! A parameter's name has no dash: `checkout-cta` is `checkout_cta`. Its value is `{"variant": …, "payload": …}`;
//! everybody else gets the variant `off`.
//!
//! **Contexts.** The unit is the randomization id, and a custom signal under its own name for forced units. Attributes are
//! custom signals, and text: signals have no booleans, and the SDK of Python takes 0 for a missing one.
//!
//! **Moments.** A template holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** Remote Config has none: a killed flag is a parameter without conditions, which serves `off` to
//! everybody, forced units included.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.
//!
//! **Upload.** None: what is published holds conditions as expressions of another language, which no SDK evaluates, and
//! only the server turns them into what SDKs load.

mod conditions;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Capabilities, Gap};
use crate::plan::{Plan, PlannedStage};
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{all, any, attribute, clause, exactly};

pub(super) struct Firebase;

const FIREBASE: Capabilities = Capabilities {
    name: "firebase",
    title: "Firebase Remote Config",
    file: "server_template.json",
    weight_parts: Some(PARTS as u32),
    share_parts: PARTS as f64,
    reserved: &["off"],
    hash: "sha256 of Firebase",
    flag_signs: Some("-_"),
    flag_there: parameter,
    most_name_bytes: Some(255),
    // The documentation allows a million characters for the values of a whole template.
    most_payload_bytes: Some(900_000),
    flags_key: "parameters",
    caught,
    refuses,
    limits: &[
        "A parameter's name has no dash: the flag `checkout-cta` is `checkout_cta`.",
        "The unit is the `randomizationId` of a context, and a custom signal under its own name; experiments of other units are evaluated with a context of their own.",
        "Custom signals are text: applications give 5 as `\"5\"` and true as `\"true\"`. Python's SDK takes 0 and empty text for missing ones.",
        "A payload stands in the text of a parameter: `{\"variant\": …, \"payload\": …}`.",
        "Patterns look ahead, which the SDKs can and the console's own syntax cannot.",
    ],
    upload: "None: Firebase publishes conditions as expressions that no SDK evaluates. The server template is loaded by the \
             SDK in the server's place.",
    ..Capabilities::PLAIN
};

/// The version of what is printed here.
const FORMAT: &str = "firebase/1";

/// Parts that shares and weights are counted in; each is a hundred of the SDKs' own.
const PARTS: u64 = 1_000_000;

/// The SDKs' parts of such a part.
const MICRO: u64 = 100;

/// Conditions and units that the SDKs read otherwise.
fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |one| clause(one).map(drop));
    if let Some(Err(reason)) = plan.audience.key.as_ref().map(|key| attribute(&key.value)) {
        let help = "randomise by a unit whose key is a plain attribute".to_owned();
        let place = plan.audience.unit.as_ref().and_then(|unit| unit.span());
        gaps.push(Gap { what: "the unit's key".to_owned(), place, reason, help });
    }
    gaps
}

/// A parameter that serves the application's own value.
fn caught(flag: &Node, _id: &str, _salt: &str) -> Option<Span> {
    let node = flag.at_path("defaultValue.useInAppDefault")?;
    matches!(node.value, Value::Boolean(true)).then_some(node.span)
}

impl Target for Firebase {
    fn capabilities(&self) -> &'static Capabilities {
        &FIREBASE
    }

    fn about(&self) -> &'static str {
        "Firebase Remote Config's Admin SDKs, as a server template"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let mut conditions = Vec::new();
        let mut parameters: BTreeMap<String, Json> = BTreeMap::new();
        let mut of: BTreeMap<String, &str> = BTreeMap::new();
        served::each(flags, |flag| {
            let name = parameter(flag.key).into_owned();
            if let Some(other) = of.insert(name.clone(), flag.key) {
                return Err(format!(
                    "sets the flag `{}`, whose parameter is `{name}`, and so is that of `{other}`: rename one of them",
                    flag.key
                ));
            }
            let (own, parameter) = template(flag, &mut print.losses)?;
            conditions.extend(own);
            parameters.insert(name, parameter);
            Ok(())
        })?;
        let built: Map<String, Json> = flags
            .iter()
            .map(|flag| (flag.id().to_owned(), json!({ "plan": flag.hash, "stage": flag.stage_name() })))
            .collect();
        let parameters: Map<String, Json> = parameters.into_iter().collect();
        served::json_bytes(&json!({
            "etag": "expc",
            "conditions": conditions,
            "parameters": parameters,
            "expc": { "format": FORMAT, "experiments": built },
        }))
    }
}

/// The name of a flag's parameter: letters, digits and `_`, no digit first.
fn parameter(flag: &str) -> Cow<'_, str> {
    let name = if flag.contains('-') { Cow::Owned(flag.replace('-', "_")) } else { Cow::Borrowed(flag) };
    if name.starts_with(|c: char| c.is_ascii_digit()) { Cow::Owned(format!("_{name}")) } else { name }
}

fn value(variant: &str, payload: &Map<String, Json>) -> Json {
    json!({ "value": json!({ "variant": variant, "payload": payload }).to_string() })
}

/// The conditions of one flag, and its parameter.
fn template(flag: &Flag<'_>, losses: &mut Losses) -> Result<(Vec<Json>, Json), String> {
    let mut made = Made { flag: flag.key, conditions: Vec::new(), values: Map::new() };
    let off = value("off", &flag.off);
    if let State::Shipped(winner) = flag.state {
        if let Some(holdout) = flag.holdout {
            let held = holdout.parts(flag.plan, &FIREBASE, losses);
            made.add("held", within(&format!("{}/holdout", holdout.salt), 0, held), off);
        }
        return Ok(made.parameter(value(flag.variants[winner].name, &flag.variants[winner].payload)));
    }
    let unit = attribute(flag.unit)?;
    // Conditions and slots are judged in every state: a fault must not wait for the first stage.
    let (mut rejects, mut accepts) = (Vec::new(), Vec::new());
    for one in &flag.clauses {
        let side = if one.is_exclusion { &mut rejects } else { &mut accepts };
        side.push(clause(one)?);
    }
    let slot =
        flag.layer.map(|layer| Ok::<_, String>((layer, layer.parts(flag.plan, &FIREBASE, losses)?))).transpose()?;
    if matches!(flag.state, State::Killed) {
        return Ok(made.parameter(off));
    }
    for variant in &flag.variants {
        let ids: Vec<&str> = variant.force.iter().copied().filter(|id| !id.is_empty()).collect();
        if !ids.is_empty() {
            made.add(&format!("force {}", variant.name), exactly(unit, &ids), value(variant.name, &variant.payload));
        }
    }
    if let Some(stage) = flag.stage() {
        if !rejects.is_empty() {
            made.add("out", any(rejects), off.clone());
        }
        if let Some(holdout) = flag.holdout {
            let held = holdout.parts(flag.plan, &FIREBASE, losses);
            accepts.push(within(&format!("{}/holdout", holdout.salt), held, PARTS));
        }
        let mut reach = 1.0;
        if let Some((layer, (from, to))) = slot {
            accepts.push(within(&format!("{}/layer", layer.salt), from, to));
            reach = (to - from) as f64 / PARTS as f64;
        }
        arms(&mut made, flag, stage, reach, &accepts, losses);
    }
    Ok(made.parameter(off))
}

/// One condition for each variant.
fn arms(made: &mut Made<'_>, flag: &Flag<'_>, stage: &PlannedStage, reach: f64, accepts: &[Json], losses: &mut Losses) {
    let enrolled = served::enrolled(flag.plan, stage, reach, &FIREBASE, losses);
    let split = served::split(flag, stage, &FIREBASE, losses);
    let mut at = 0;
    for (variant, part) in flag.variants.iter().zip(split) {
        let from = at;
        at += part;
        if 0 < part && 0 < enrolled {
            let mut every = accepts.to_vec();
            every.push(within(&format!("{}/assign", flag.salt()), from, at));
            if enrolled < PARTS {
                every.push(within(&format!("{}/enrol", flag.salt()), 0, enrolled));
            }
            made.add(&format!("arm {}", variant.name), all(every), value(variant.name, &variant.payload));
        }
    }
}

/// Units from `from` to before `to` of one hash.
fn within(seed: &str, from: u64, to: u64) -> Json {
    let percent = match (from * MICRO, to * MICRO) {
        (_, 0) => return json!({ "false": {} }),
        (0, to) => json!({ "percentOperator": "LESS_OR_EQUAL", "seed": seed, "microPercent": to - 1 }),
        (from, to) => json!({
            "percentOperator": "BETWEEN", "seed": seed,
            "microPercentRange": { "microPercentLowerBound": from - 1, "microPercentUpperBound": to - 1 },
        }),
    };
    json!({ "percent": percent })
}

/// The conditions and values of one flag.
struct Made<'a> {
    flag: &'a str,
    conditions: Vec<Json>,
    values: Map<String, Json>,
}

impl Made<'_> {
    fn add(&mut self, what: &str, condition: Json, value: Json) {
        let name = format!("{}: {what}", self.flag);
        // The server writes every condition as alternatives of conjunctions.
        let whole = match condition.get("orCondition") {
            Some(_) => condition,
            None if condition.get("andCondition").is_some() => json!({ "orCondition": { "conditions": [condition] } }),
            None => any(vec![condition]),
        };
        self.conditions.push(json!({ "name": name, "condition": whole }));
        self.values.insert(name, value);
    }

    fn parameter(self, otherwise: Json) -> (Vec<Json>, Json) {
        let parameter = json!({ "valueType": "JSON", "defaultValue": otherwise, "conditionalValues": self.values });
        (self.conditions, parameter)
    }
}
