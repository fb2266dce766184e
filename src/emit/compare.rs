//! What a change does to flag files: both states are built in memory and compared as values, never as text.
//!
//! Order of keys, spelling and layout count for nothing, and neither does the hash of the plan, which every flag
//! carries and which any word of the plan changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::flags::{Request, TARGETS, Target};
use super::{ArtifactRole, Experiment, Moment};
use crate::change::{Review, Reviewed, TargetChange, TargetFate};
use crate::portfolio::{Compiled, Workspace};

/// Stands for the hash of both plans.
const ANY_HASH: &str = "sha256:0";

/// Says for each experiment of a review what every platform gets for it that it did not get.
pub fn fill(review: &mut Review, then: &Workspace, today: &Workspace) {
    use rayon::prelude::*;
    review.experiments.par_iter_mut().for_each(|one| one.targets = targets(one, then, today));
}

fn targets(one: &Reviewed, then: &Workspace, today: &Workspace) -> Vec<TargetChange> {
    let (before, after) = (one.sides.0.as_deref(), one.sides.1.as_deref());
    let of = |target: &&dyn Target| compare(*target, before.map(|one| (one, then)), after.map(|one| (one, today)));
    TARGETS.iter().filter_map(of).collect()
}

type Side<'a> = Option<(&'a Compiled, &'a Workspace)>;

fn compare(target: &dyn Target, before: Side<'_>, after: Side<'_>) -> Option<TargetChange> {
    let flag = after.or(before)?.0.plan.flag.value.clone();
    let made = |fate, parts| Some(TargetChange { target: target.name(), flag: flag.clone(), fate, parts });
    let (old, new) = match (document(target, before), document(target, after)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(reason), _) => return made(TargetFate::Unknown(format!("at the base: {reason}")), BTreeMap::new()),
        (_, Err(reason)) => return made(TargetFate::Unknown(reason), BTreeMap::new()),
    };
    match (old, new) {
        (None, None) => None,
        (None, Some(_)) => made(TargetFate::Added, BTreeMap::new()),
        (Some(_), None) => made(TargetFate::Removed, BTreeMap::new()),
        (Some(old), Some(new)) => {
            let mut parts = BTreeMap::new();
            differences(&old, &new, &mut Vec::new(), &mut parts);
            if parts.is_empty() { None } else { made(TargetFate::Changed, parts) }
        }
    }
}

/// What the platform loads for one experiment alone; `None` when it serves nobody.
fn document(target: &dyn Target, side: Side<'_>) -> Result<Option<Json>, String> {
    let Some((compiled, workspace)) = side.filter(|(compiled, _)| super::build::is_served(compiled, target)) else {
        return Ok(None);
    };
    let settings = workspace.file.targets.value().and_then(|targets| targets.get(target.name()));
    let experiments = [Experiment { plan: &compiled.plan, hash: ANY_HASH }];
    let request =
        Request { experiments: &experiments, moment: Moment::Schedule, settings: settings.map(|at| &at.value) };
    let made = target.emit(&request)?;
    let loaded = made.artifacts.iter().filter(|artifact| artifact.role == ArtifactRole::Evaluator);
    // A switch that stops the experiment says the same once more.
    let loaded = loaded.filter(|artifact| !artifact.path.contains("/kill/"));
    let read = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|fault| fault.to_string());
    let documents = loaded.map(|artifact| read(&artifact.bytes)).collect::<Result<Vec<Json>, String>>()?;
    Ok(Some(Json::Array(documents)))
}

/// Counts the values that differ, by the part of the flag in which they lie.
fn differences(old: &Json, new: &Json, path: &mut Vec<String>, parts: &mut BTreeMap<String, usize>) {
    match (old, new) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                path.push(key.clone());
                differences(a.get(key).unwrap_or(&Json::Null), b.get(key).unwrap_or(&Json::Null), path, parts);
                path.pop();
            }
        }
        (Json::Array(a), Json::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                path.push(index.to_string());
                differences(a.get(index).unwrap_or(&Json::Null), b.get(index).unwrap_or(&Json::Null), path, parts);
                path.pop();
            }
        }
        (a, b) if same(a, b) => {}
        _ => *parts.entry(part(path)).or_default() += 1,
    }
}

/// Numbers are equal by their value: `1` is `1.0`.
fn same(a: &Json, b: &Json) -> bool {
    a == b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a))
}

/// The part of a flag: what lies below `flags.<key>` of a document; else the first key of the document.
fn part(path: &[String]) -> String {
    let keys = path.get(1..).unwrap_or_default();
    match keys {
        [flags, _, part, ..] if flags == "flags" => part.clone(),
        [flags, ..] if flags == "flags" => "key".to_owned(),
        [first, ..] => first.trim_start_matches('$').to_owned(),
        [] => "document".to_owned(),
    }
}
