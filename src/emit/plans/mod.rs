//! Analysis plans: one file a format, one line in [`FORMATS`].

use serde_json::Value as Json;

use crate::emit::Artifact;
use crate::plan::Plan;
use crate::text::Sources;

/// What a plan format is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub plan: &'a Plan,
    pub sources: &'a Sources,
    /// The plan document `expc.plan/1`, hash included: every other format prints from it and from the plan.
    pub document: &'a Json,
    pub hash: &'a str,
}

/// A plan format.
pub trait Format: Sync {
    fn name(&self) -> &'static str;
    fn about(&self) -> &'static str;
    /// The files below `plans/<id>/`, each with its path from the output folder.
    fn emit(&self, request: &Request<'_>) -> Vec<Artifact>;
}

/// Every format, in the order in which a reader opens them.
pub static FORMATS: &[&dyn Format] = &[];
