//! Analysis plans: one file a format, one line in [`FORMATS`].
//!
//! [`document()`] builds the plan document `expc.plan/1` and its hash; every format prints from it and from the
//! compiled experiment. Start at [`emit_all`].

pub mod curve;
pub mod document;
mod plan_json;
mod plan_md;
mod power;
mod power_svg;
mod schedule;
mod show;

use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::emit::{Artifact, ArtifactRole};
use crate::plan::{Memo, Plan};
use crate::portfolio::{Compiled, Workspace};
use crate::spec::Spec;
use crate::text::{FileId, Sources, markdown};

pub use document::{document, hash, json_schema, verify};
pub use power::{Curve, curves};
pub use power_svg::power_picture;
pub use schedule::{DatedLook, dated_looks, window_us};

/// What a plan is printed from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    pub plan: &'a Plan,
    pub spec: &'a Spec,
    pub catalog: &'a Catalog,
    pub sources: &'a Sources,
    /// Sequential bounds that were computed before in this run.
    pub memo: &'a Memo,
    /// The file of the spec.
    pub file: FileId,
    /// The commit that is built, when the caller knows it. It stays outside the hash.
    pub commit: Option<&'a str>,
}

impl<'a> Inputs<'a> {
    /// The inputs of an experiment in its workspace.
    pub fn of(workspace: &'a Workspace, compiled: &'a Compiled, commit: Option<&'a str>) -> Self {
        Self {
            plan: &compiled.plan,
            spec: &compiled.spec,
            catalog: compiled.catalog(workspace),
            sources: &workspace.sources,
            memo: &workspace.memo,
            file: compiled.document.file,
            commit,
        }
    }
}

/// What a plan format is asked for: the inputs, and the document that is made of them.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub inputs: Inputs<'a>,
    /// The plan document `expc.plan/1`, hash included: every other format prints from it and from the plan.
    pub document: &'a Json,
    pub hash: &'a str,
}

impl<'a> std::ops::Deref for Request<'a> {
    type Target = Inputs<'a>;

    fn deref(&self) -> &Inputs<'a> {
        &self.inputs
    }
}

impl<'a> Request<'a> {
    pub fn new(inputs: &Inputs<'a>, document: &'a Json, hash: &'a str) -> Self {
        Self { inputs: *inputs, document, hash }
    }

    /// A file of this experiment: `plans/<id>/<name>`.
    pub fn artifact(&self, target: &'static str, name: &str, role: ArtifactRole, bytes: Vec<u8>) -> Artifact {
        Artifact {
            path: format!("plans/{}/{name}", folder(&self.plan.id)),
            bytes,
            role,
            target,
            experiments: vec![self.plan.id.to_string()],
            stage: None,
        }
    }
}

/// The id as the name of a folder. Ids are checked by a rule; here one that is no plain name is made one, so that
/// no path ever leaves the output folder.
fn folder(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = id.chars().map(|c| if plain(c) { c } else { '_' }).take(100).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// A plan format.
pub trait Format: Sync {
    fn name(&self) -> &'static str;
    fn about(&self) -> &'static str;
    /// The files below `plans/<id>/`, each with its path from the output folder.
    fn emit(&self, request: &Request<'_>) -> Vec<Artifact>;
}

/// Every format, in the order in which a reader opens them.
pub static FORMATS: &[&dyn Format] = &[&plan_md::PlanMd, &power_svg::PowerSvg, &plan_json::PlanJson];

/// The format of a name.
pub fn format(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// Builds the document once and prints it in every format.
pub fn emit_all(inputs: &Inputs<'_>) -> Vec<Artifact> {
    let document = document(inputs);
    let hash = hash(&document);
    let request = Request::new(inputs, &document, &hash);
    FORMATS.iter().flat_map(|format| format.emit(&request)).collect()
}
