//! What is pushed to Statsig: bodies of its Console API.
//!
//! | file | request |
//! | --- | --- |
//! | `gate.json` | `POST /console/v1/gates`, later `POST /console/v1/gates/<id>` |
//! | `experiment.json` | `POST /console/v1/experiments`, later `PATCH /console/v1/experiments/<id>` |
//! | `overrides.json` | `POST /console/v1/experiments/<id>/overrides` |
//!
//! A killed flag is a gate that is not enabled, and no overrides: nobody passes the targeting. The API has no field for a
//! salt, so Statsig assigns by its own, and none for the holdout of an experiment, which its holdout lists.

use serde_json::{Map, Value as Json, json};

use super::conditions::{Audience, Test, attribute};
use super::{Flag, Losses, PARTS, STATSIG, State, enrolled, id_type, served, slot};

pub(super) fn of(flag: &Flag<'_>, losses: &mut Losses) -> Result<Vec<(String, Vec<u8>)>, String> {
    if matches!(flag.state, State::Shipped(_)) {
        return Ok(Vec::new());
    }
    let unit = id_type(attribute(flag.unit)?);
    let audience = Audience::of(flag)?;
    let slot = slot(flag.layer, flag.plan, losses)?;
    let is_killed = matches!(flag.state, State::Killed);
    let name = format!("{}_audience", flag.key);
    let gate = json!({
        "id": name, "name": name, "idType": unit, "isEnabled": !is_killed, "rules": rules(&audience, unit),
    });
    let mut overrides = Vec::new();
    for variant in flag.variants.iter().filter(|variant| !is_killed && !variant.force.is_empty()) {
        overrides.push(json!({ "groupID": group(flag, variant.name), "ids": variant.force, "unitType": unit }));
    }
    let overrides = json!({ "overrides": [], "userIDOverrides": overrides });
    let mut files = vec![
        ("gate.json".to_owned(), served::json_bytes(&gate)?),
        ("overrides.json".to_owned(), served::json_bytes(&overrides)?),
    ];
    if !is_killed {
        files.push(("experiment.json".to_owned(), served::json_bytes(&experiment(flag, unit, &name, slot, losses))?));
    }
    Ok(files)
}

fn group(flag: &Flag<'_>, variant: &str) -> String {
    format!("{}_{variant}", flag.key)
}

fn experiment(flag: &Flag<'_>, unit: &str, gate: &str, slot: Option<(u64, u64)>, losses: &mut Losses) -> Json {
    // In per cents, of which the grid has tenths.
    let percent = |parts: u64| parts as f64 / (PARTS / 100) as f64;
    let (allocation, split) = match flag.stage() {
        Some(stage) => {
            let (from, to) = enrolled(flag, stage, slot, losses);
            (to - from, served::split(flag, stage, &STATSIG, losses))
        }
        None => {
            let weights: Vec<f64> = flag.plan.variants.iter().map(|variant| variant.weight.value).collect();
            (0, crate::plan::targets::parts_of(&weights, PARTS as u32))
        }
    };
    let groups: Vec<Json> = flag
        .variants
        .iter()
        .zip(split)
        .map(|(variant, part)| {
            json!({
                "id": group(flag, variant.name), "name": variant.name, "size": percent(part),
                "parameterValues": variant.payload,
            })
        })
        .collect();
    let mut body = json!({
        "id": flag.key, "name": flag.key, "idType": unit, "allocation": percent(allocation), "targetingGateID": gate,
        "groups": groups,
    });
    if let Some(layer) = flag.layer {
        body["layerID"] = json!(layer.name);
    }
    body
}

fn rules(audience: &Audience, unit: &str) -> Vec<Json> {
    let rule = |name: String, passes: u8, conditions: Vec<Json>| json!({ "name": name, "passPercentage": passes, "conditions": conditions });
    let each = |tests: &[Test]| -> Vec<Json> { tests.iter().map(condition).collect() };
    let rejects = audience.rejects.iter().enumerate();
    let mut rules: Vec<Json> = rejects.map(|(n, tests)| rule(format!("out-{}", n + 1), 0, each(tests))).collect();
    let mut last =
        vec![json!({ "type": "unit_id", "customID": unit, "operator": "none_case_sensitive", "targetValue": [""] })];
    last.extend(each(&audience.accepts));
    rules.push(rule("in-audience".to_owned(), 100, last));
    rules
}

/// Values are lists of texts in the published schema, or null.
fn condition(test: &Test) -> Json {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut condition = Map::new();
    condition.insert("type".to_owned(), json!("custom_field"));
    condition.insert("field".to_owned(), json!(test.field));
    condition.insert("operator".to_owned(), json!(test.operator));
    let target = match &test.target {
        Json::Null => Json::Null,
        Json::Array(items) => items.iter().map(text).collect(),
        one => json!([text(one)]),
    };
    condition.insert("targetValue".to_owned(), target);
    Json::Object(condition)
}
