//! Request bodies for Datadog's feature flags.
//!
//! Datadog's server makes the salts of a flag, and keeps no ranges of them: what needs either is not written.

use serde_json::{Map, Value as Json, json};

use super::super::served::{self, Flag, Losses, State};
use super::conditions::Condition;
use super::{Audience, EPPO, OFF, PARTS};
use crate::plan::{Origin, PlannedStage};

/// The flag itself, and its allocations at each moment.
pub(super) fn uploads(flag: &Flag<'_>, losses: &mut Losses) -> Result<Vec<(String, Vec<u8>)>, String> {
    let audience = &flag.plan.audience;
    let written = !matches!(audience.salt.origin, Origin::Computed | Origin::BuiltIn);
    if flag.holdout.is_some() || flag.layer.is_some() || written {
        return Ok(Vec::new());
    }
    let made = served::json_bytes(&created(flag))?;
    let mut files = vec![("datadog-flag.json".to_owned(), made)];
    let mut push = |folder: &str, flag: &Flag<'_>| {
        let body = served::json_bytes(&json!({ "data": allocations(flag, losses)? }))?;
        files.push((format!("{folder}datadog-allocations.json"), body));
        Ok::<(), String>(())
    };
    match flag.state {
        State::Schedule(_) => {
            for (name, flag) in served::stages(flag) {
                push(&format!("{name}/"), &flag)?;
            }
        }
        _ => push("", flag)?,
    }
    Ok(files)
}

/// `POST /api/v2/feature-flags`.
fn created(flag: &Flag<'_>) -> Json {
    let variant = |name: &str, payload: &Map<String, Json>| json!({ "key": name, "name": name, "value": Json::Object(payload.clone()).to_string() });
    let variants: Vec<Json> = [variant(OFF, &flag.off)]
        .into_iter()
        .chain(flag.variants.iter().map(|one| variant(one.name, &one.payload)))
        .collect();
    let attributes = json!({
        "key": flag.key,
        "name": flag.key,
        "description": format!("Experiment {}, plan {}", flag.id(), flag.hash),
        "value_type": "JSON",
        "variants": variants,
        "default_variant_key": OFF,
    });
    json!({ "data": { "type": "feature-flags", "attributes": attributes } })
}

/// `PUT /api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/allocations`.
fn allocations(flag: &Flag<'_>, losses: &mut Losses) -> Result<Vec<Json>, String> {
    let audience = Audience::of(flag)?;
    let everybody = |key: &str, variant: &str| allocation(key.to_owned(), Vec::new(), &[(variant, PARTS.into())], None);
    Ok(match flag.state {
        State::Killed => vec![everybody(OFF, OFF)],
        State::Shipped(winner) => vec![everybody(flag.id(), flag.variants[winner].name)],
        _ => {
            let mut all = Vec::new();
            for variant in flag.variants.iter().filter(|variant| !variant.force.is_empty()) {
                let ids = variant.force.iter().map(|id| (*id).to_owned()).collect();
                let key = format!("{}-force-{}", flag.id(), variant.name);
                all.push(allocation(
                    key,
                    vec![vec![Condition::one_of("id", ids)]],
                    &[(variant.name, PARTS.into())],
                    None,
                ));
            }
            if !audience.exclusions.is_empty() {
                let key = format!("{}-excluded", flag.id());
                all.push(allocation(key, audience.exclusions, &[(OFF, PARTS.into())], None));
            }
            if let Some(stage) = flag.stage() {
                let split = served::split(flag, stage, &EPPO, losses);
                let weights: Vec<(&str, u64)> = flag.variants.iter().map(|one| one.name).zip(split).collect();
                let enrolled = served::enrolled(flag.plan, stage, 1.0, &EPPO, losses);
                let rules = vec![audience.conditions];
                all.push(allocation(flag.id().to_owned(), rules, &weights, Some((stage, enrolled))));
            }
            all.push(everybody(OFF, OFF));
            all
        }
    })
}

fn allocation(
    key: String,
    rules: Vec<Vec<Condition>>,
    weights: &[(&str, u64)],
    exposed: Option<(&PlannedStage, u64)>,
) -> Json {
    let rule = |rule: &Vec<Condition>| json!({ "conditions": rule.iter().map(Condition::to_list).collect::<Vec<_>>() });
    let weight = |(variant, part): &(&str, u64)| json!({ "variant_key": variant, "value": percent(*part) });
    let mut attributes = json!({
        "key": key,
        "name": key,
        "type": if exposed.is_some() { "CANARY" } else { "FEATURE_GATE" },
        "targeting_rules": rules.iter().map(rule).collect::<Vec<_>>(),
        "variant_weights": weights.iter().map(weight).collect::<Vec<_>>(),
    });
    if let Some((stage, enrolled)) = exposed {
        attributes["name"] = json!(format!("{key}, stage {}", stage.name));
        attributes["exposure_schedule"] = json!({
            "rollout_options": { "strategy": "NO_ROLLOUT", "autostart": true },
            "rollout_steps": [{
                "exposure_ratio": enrolled as f64 / f64::from(PARTS),
                "grouped_step_index": 0,
                "is_pause_record": false,
            }],
        });
    }
    json!({ "type": "allocations", "attributes": attributes })
}

fn percent(part: u64) -> f64 {
    part as f64 / (f64::from(PARTS) / 100.0)
}
