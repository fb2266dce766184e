//! What a change does to flag files: both states are built in memory and compared as values, never as text.
//!
//! Order of keys, spelling and layout count for nothing, and neither does the hash of the plan, which every flag
//! carries and which any word of the plan changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::flags::{self, TARGETS, Target};
use crate::change::{Review, Reviewed, TargetChange, TargetFate};
use crate::portfolio::{Compiled, Workspace};

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
    // A platform that holds no schedule enrols nobody in one: its main stage says what it serves.
    match compare_in(target, before, after, |_| None) {
        None => compare_in(target, before, after, |one| Some(one.plan.calendar.main_stage()?.name.clone())),
        found => found,
    }
}

/// The difference in the schedule, or in the stage that each side names.
fn compare_in(
    target: &dyn Target,
    before: Side<'_>,
    after: Side<'_>,
    stage: fn(&Compiled) -> Option<String>,
) -> Option<TargetChange> {
    let flag = after.or(before)?.0.plan.flag.value.clone();
    let made = |fate, parts| Some(TargetChange { target: target.name(), flag: flag.clone(), fate, parts });
    let (old, new) = match (document(target, before, stage), document(target, after, stage)) {
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
            differences(&old, &new, &mut Vec::new(), &mut |path| *parts.entry(part(path, &flag)).or_default() += 1);
            if parts.is_empty() { None } else { made(TargetFate::Changed, parts) }
        }
    }
}

/// What the platform loads for one experiment alone; `None` when it serves nobody.
fn document(
    target: &dyn Target,
    side: Side<'_>,
    stage: fn(&Compiled) -> Option<String>,
) -> Result<Option<Json>, String> {
    let Some((compiled, workspace)) = side.filter(|(compiled, _)| super::build::is_served(compiled, target)) else {
        return Ok(None);
    };
    let file =
        flags::print(workspace, target.capabilities(), std::slice::from_ref(compiled), stage(compiled).as_deref())?;
    serde_json::from_str(&file).map(Some).map_err(|fault| fault.to_string())
}

/// Tells the path of each value that differs.
fn differences(old: &Json, new: &Json, path: &mut Vec<String>, tell: &mut dyn FnMut(&[String])) {
    match (old, new) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                path.push(key.clone());
                differences(a.get(key).unwrap_or(&Json::Null), b.get(key).unwrap_or(&Json::Null), path, tell);
                path.pop();
            }
        }
        (Json::Array(a), Json::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                path.push(index.to_string());
                differences(a.get(index).unwrap_or(&Json::Null), b.get(index).unwrap_or(&Json::Null), path, tell);
                path.pop();
            }
        }
        (a, b) if same(a, b) => {}
        _ => tell(path),
    }
}

/// Numbers are equal by their value: `1` is `1.0`.
fn same(a: &Json, b: &Json) -> bool {
    a == b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a))
}

/// The part of the flag that a path is about: what follows the key of the flag, else the first key of the document.
fn part(path: &[String], flag: &str) -> String {
    match path {
        [_, key, part, ..] if key == flag => part.clone(),
        [_, key] if key == flag => "key".to_owned(),
        [first, ..] => first.trim_start_matches('$').to_owned(),
        [] => "document".to_owned(),
    }
}
