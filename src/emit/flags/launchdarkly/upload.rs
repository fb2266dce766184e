//! What is pushed to LaunchDarkly for one flag, in two forms.
//!
//! | file below `upload/<id>/` | what it is |
//! | --- | --- |
//! | `experiment.tf.json` | Terraform: the flag, its targeting, its segments; `project` and `environment` are variables |
//! | `shared.tf.json` | Terraform: segments of layers and holdouts, which other experiments use too: applied once |
//! | `flag.json` | the body of `POST /api/v2/flags/<project>` |
//! | `segments.json` | for each segment the body of `POST /api/v2/segments/<project>/production`, then of its `PATCH` |
//! | `targeting.json` | the body of `PATCH /api/v2/flags/<project>/<flag>`, for environment `production` |
//! | `kill/patch.json` | a semantic patch that turns the flag off |
//!
//! Terraform gives the values of a clause one type: with a list of several there is no Terraform file.

use serde_json::{Map, Value as Json, json};

use super::super::served::{self, Flag, State};
use super::super::terraform;
use super::conditions::USER;
use super::{Made, Segment, Serves};

const ENVIRONMENT: &str = "production";

pub(super) fn files(flag: &Flag<'_>, made: &Made) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = Vec::new();
    let mut push = |name: &str, document: &Json| {
        files.push((name.to_owned(), served::json_bytes(document)?));
        Ok::<(), String>(())
    };
    if let State::Killed = flag.state {
        let off = json!({ "environmentKey": ENVIRONMENT, "instructions": [{ "kind": "turnFlagOff" }] });
        push("patch.json", &off)?;
        return Ok(files);
    }
    if let (Some(own), Some(shared)) = (resources(made, false), resources(made, true)) {
        let mut all = flag_resources(flag, made);
        all.extend(own);
        push("experiment.tf.json", &module(&all))?;
        if !shared.is_empty() {
            push("shared.tf.json", &module(&shared))?;
        }
    }
    push("flag.json", &created(flag, made))?;
    if !made.segments.is_empty() {
        let segments: Vec<Json> = made.segments.iter().map(segment).collect();
        push("segments.json", &json!(segments))?;
    }
    push("targeting.json", &targeting(flag, made))?;
    Ok(files)
}

fn about(flag: &Flag<'_>) -> String {
    format!("Experiment {}, stage {}, plan {}", flag.id(), flag.stage_name(), flag.hash)
}

fn created(flag: &Flag<'_>, made: &Made) -> Json {
    let variation = |(name, value): &(String, Json)| json!({ "name": name, "value": value });
    json!({
        "key": flag.key,
        "name": flag.key,
        "description": about(flag),
        "variations": made.variations.iter().map(variation).collect::<Vec<_>>(),
        "defaults": { "onVariation": 0, "offVariation": 0 },
        "temporary": true,
        "tags": ["expc"],
    })
}

fn segment(segment: &Segment) -> Json {
    json!({
        "create": {
            "key": segment.key, "name": segment.key, "description": segment.about, "tags": ["expc"],
        },
        "patch": { "patch": [{ "op": "replace", "path": "/rules", "value": segment.rules() }] },
    })
}

fn targeting(flag: &Flag<'_>, made: &Made) -> Json {
    let (users, others) = made.targets();
    let mut rules = made.rules();
    for rule in &mut rules {
        // Servers name their rules.
        rule.as_object_mut().map(|rule| rule.remove("id"));
    }
    let replaced = [
        ("offVariation", json!(0)),
        ("fallthrough", json!({ "variation": made.fallthrough })),
        ("targets", json!(users)),
        ("contextTargets", json!(others)),
        ("rules", json!(rules)),
        ("on", json!(true)),
    ];
    let operation = |(name, value): (&str, Json)| json!({ "op": "replace", "path": format!("/environments/{ENVIRONMENT}/{name}"), "value": value });
    json!({ "patch": replaced.into_iter().map(operation).collect::<Vec<_>>(), "comment": about(flag) })
}

type Resource = (&'static str, String, Json);

fn module(resources: &[Resource]) -> Json {
    let mut document = terraform::document(resources);
    document["variable"] = json!({ "project": { "type": "string" }, "environment": { "type": "string" } });
    document
}

fn flag_resources(flag: &Flag<'_>, made: &Made) -> Vec<Resource> {
    let label = terraform::label(flag.key);
    let variation =
        |(name, value): &(String, Json)| terraform::literal(&json!({ "name": name, "value": value.to_string() }));
    let own = json!({
        "project_key": "${var.project}",
        "key": flag.key,
        "name": flag.key,
        "description": terraform::literal(&json!(about(flag))),
        "variation_type": "json",
        "variations": made.variations.iter().map(variation).collect::<Vec<_>>(),
        "defaults": { "on_variation": 0, "off_variation": 0 },
        "temporary": true,
        "tags": ["expc"],
    });
    let mut targeting = json!({
        "flag_id": format!("${{launchdarkly_feature_flag.{label}.id}}"),
        "env_key": "${var.environment}",
        "on": true,
        "off_variation": 0,
        "fallthrough": { "variation": made.fallthrough },
        "track_events": true,
    });
    let target = |(variation, ids): &(usize, Vec<String>)| {
        let mut made_of = json!({ "variation": variation, "values": terraform::literal(&json!(ids)) });
        if made.kind != USER {
            made_of["context_kind"] = json!(made.kind);
        }
        made_of
    };
    let targets: Vec<Json> = made.targets.iter().map(target).collect();
    targeting[if made.kind == USER { "targets" } else { "context_targets" }] = json!(targets);
    if let Some(rule) = &made.rule {
        let clause = json!({
            "attribute": "segmentMatch", "op": "segmentMatch", "values": [rule.segment], "context_kind": made.kind,
        });
        targeting["rules"] = match &rule.serves {
            Serves::Variation(variation) => json!([{ "clauses": [clause], "variation": variation }]),
            Serves::Split(weights) => {
                json!([{ "clauses": [clause], "rollout_weights": weights, "context_kind": made.kind }])
            }
        };
    }
    vec![("launchdarkly_feature_flag", label.clone(), own), ("launchdarkly_feature_flag_environment", label, targeting)]
}

/// The segments of one experiment, or of several; `None` when a clause cannot be written.
fn resources(made: &Made, shared: bool) -> Option<Vec<Resource>> {
    let mut resources = Vec::new();
    for segment in made.segments.iter().filter(|segment| segment.is_shared == shared) {
        let mut rules = Vec::new();
        for rule in &segment.rules {
            let mut of = Map::new();
            of.insert("clauses".to_owned(), rule.clauses.iter().map(clause).collect::<Option<Json>>()?);
            if let Some(weight) = rule.weight {
                of.insert("weight".to_owned(), json!(weight));
                of.insert("rollout_context_kind".to_owned(), json!(rule.kind));
            }
            rules.push(Json::Object(of));
        }
        let of = json!({
            "project_key": "${var.project}",
            "env_key": "${var.environment}",
            "key": segment.key,
            "name": segment.key,
            "description": terraform::literal(&json!(segment.about)),
            "tags": ["expc"],
            "rules": rules,
        });
        resources.push(("launchdarkly_segment", terraform::label(&segment.key), of));
    }
    Some(resources)
}

fn clause(clause: &Json) -> Option<Json> {
    let values = clause["values"].as_array()?;
    let kind = |value: &Json| match value {
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        _ => "string",
    };
    let of = values.first().map_or("string", kind);
    if values.iter().any(|value| kind(value) != of) {
        return None;
    }
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values: Vec<String> = values.iter().map(text).collect();
    Some(json!({
        "context_kind": clause["contextKind"],
        "attribute": terraform::literal(&clause["attribute"]),
        "op": clause["op"],
        "values": terraform::literal(&json!(values)),
        "value_type": of,
        "negate": clause["negate"],
    }))
}
