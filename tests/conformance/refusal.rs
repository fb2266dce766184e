//! What a target refuses, or rounds, must be a finding before it is a loss: builds every case alone and compares what
//! the build says with what `expc check` finds.

use std::collections::BTreeSet;

use expc::check::{Options, check};
use expc::diag::Level;
use expc::emit::flags::capabilities;
use expc::emit::{Loss, Moment};
use expc::portfolio::Workspace;

use crate::asked::{Asked, at_stage, workspace};
use crate::matrix::Spec;
use crate::platforms::Platform;

/// What becomes of a case on a platform.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The codes of a refusal; empty when the case is built.
    pub refused: BTreeSet<String>,
    /// The codes of what is rounded or given up.
    pub lost: BTreeSet<String>,
    pub losses: Vec<Loss>,
}

impl Answer {
    pub fn lost(&self, experiment: &str, feature: &str) -> Option<&Loss> {
        self.losses.iter().find(|loss| loss.experiment == experiment && loss.feature == feature)
    }
}

/// Losses that depend on how a build is asked for, which a check does not know.
const OF_THE_MOMENT: &[&str] = &["stage", "schedule", "gate"];

/// Losses that `expc check` tells of without being asked.
const ROUNDED: &[&str] = &["weights", "share"];

pub fn answer(platform: &Platform, asked: &Asked) -> Result<Answer, String> {
    let specs = || asked.case.specs.iter();
    let built = format!("{}[build]\ntargets = [\"{}\"]\n", platform.settings, platform.name);
    let files = workspace(specs(), &built);
    let mut answer = Answer::default();
    let mut refusal = None;
    let stages = asked.case.ramp.iter().chain(&["main"]).map(|stage| at_stage(stage));
    for moment in stages.chain([Moment::Schedule]) {
        match crate::flags::emit(platform.name, &files, &moment) {
            Ok(emitted) => {
                let new = emitted.losses.into_iter().filter(|loss| !OF_THE_MOMENT.contains(&loss.feature));
                for loss in new {
                    if !answer.losses.contains(&loss) {
                        answer.losses.push(loss);
                    }
                }
            }
            Err(reason) => refusal = Some(reason),
        }
    }
    let found = findings(specs(), &built);
    let errors: BTreeSet<String> = found.iter().filter(|one| one.0 == Level::Error).map(|one| one.1.clone()).collect();
    let all: BTreeSet<String> = found.iter().map(|one| one.1.clone()).collect();
    match refusal {
        Some(reason) if errors.is_empty() => {
            return Err(format!("the build refuses, and `expc check` finds {all:?} only: {reason}"));
        }
        Some(_) => {
            answer.refused = errors;
            answer.losses.clear();
            return Ok(answer);
        }
        None if !errors.is_empty() => {
            return Err(format!("`expc check` finds {errors:?}, and the build refuses nothing"));
        }
        None => {}
    }
    let rounded = answer.losses.iter().any(|loss| ROUNDED.contains(&loss.feature));
    if rounded != all.contains("EMI003") {
        let losses: Vec<&str> = answer.losses.iter().map(|loss| loss.feature).collect();
        return Err(format!("the build loses {losses:?}, and `expc check` finds {all:?}"));
    }
    if rounded {
        answer.lost.insert("EMI003".to_owned());
    }
    // The others are findings once a spec asks for a refusal.
    let features: BTreeSet<&str> = answer.losses.iter().map(|loss| loss.feature).collect();
    for feature in features.into_iter().filter(|feature| !ROUNDED.contains(feature)) {
        let strict: Vec<Spec> = specs()
            .map(|spec| Spec {
                id: spec.id.clone(),
                text: format!("{}\n[emit]\nstrict = [\"{feature}\"]\n", spec.text),
            })
            .collect();
        let found = findings(strict.iter(), &built);
        if !found.iter().any(|(level, code)| *level == Level::Error && code == "EMI002") {
            return Err(format!("the build loses `{feature}`; with it in `emit.strict`, `expc check` finds {found:?}"));
        }
        answer.lost.insert("EMI002".to_owned());
    }
    Ok(answer)
}

/// The findings of the group on targets.
fn findings<'a>(specs: impl Iterator<Item = &'a Spec>, settings: &str) -> Vec<(Level, String)> {
    let workspace = Workspace::open(&workspace(specs, settings)).with_targets(capabilities());
    let outcome = check(&workspace, Options { today: "2026-11-22".parse().ok(), ..Options::default() });
    let ours = outcome.findings.iter().filter(|finding| finding.code.starts_with("EMI"));
    ours.map(|finding| (finding.level, finding.code.to_string())).collect()
}
