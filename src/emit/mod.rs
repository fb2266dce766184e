//! Compiled experiments in the words of other tools.
//!
//! [`flags`] holds one file a flag platform, [`plans`] one file a plan format. An emitter decides nothing: it
//! prints what the plan says, quotes everything for its target, and lists what the target cannot express.

pub mod build;
pub mod compare;
pub mod flags;
pub mod plans;
pub mod plot;

use serde::Serialize;

use crate::plan::Plan;
use crate::spec::Day;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactRole {
    /// The document that a platform's SDK loads.
    Evaluator,
    /// What a person or a pipeline pushes.
    Upload,
    /// An analysis plan for tools.
    Plan,
    /// A page for people.
    Doc,
}

/// One file to be written below the output folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// Relative, with `/`; plain names only.
    pub path: String,
    pub bytes: Vec<u8>,
    pub role: ArtifactRole,
    /// `flagd`, `plan.json` …
    pub target: &'static str,
    /// The experiments in it.
    pub experiments: Vec<String>,
    /// The stage it holds, by experiment name order; `None` for a whole schedule.
    pub stage: Option<String>,
}

/// Something that a target cannot express, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Loss {
    pub experiment: String,
    pub target: &'static str,
    /// One word that `emit.strict` can name: `gate`, `layer`, `weights` …
    pub feature: &'static str,
    /// What the target cannot do.
    pub reason: String,
    /// What the file does instead.
    pub done: String,
}

/// What an emitter made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Emitted {
    pub artifacts: Vec<Artifact>,
    pub losses: Vec<Loss>,
}

/// An experiment with the hash of its plan.
#[derive(Debug, Clone, Copy)]
pub struct Experiment<'a> {
    pub plan: &'a Plan,
    /// `sha256:…` over the canonical plan document.
    pub hash: &'a str,
}

/// Which moment of the rollout is emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// The whole schedule, where the target can hold one.
    Schedule,
    /// The stage of that name, in every experiment that has it.
    Stage(String),
    /// The stage that the calendar has on that day.
    Date(Day),
}
