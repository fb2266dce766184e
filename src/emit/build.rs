//! One build: every file in memory, with the manifest that names them all.
//!
//! Pure: what is given decides every byte. Writing is for the doors.

use std::collections::BTreeMap;

use serde::Serialize;

use super::flags::{self, Target};
use super::plans;
use super::{Artifact, ArtifactRole, Emitted, Experiment, Loss, Moment};
use crate::portfolio::{Compiled, FORMAT, Workspace};
use crate::spec::Status;
use crate::text::sha256;

pub use crate::portfolio::MANIFEST;

/// What is built.
pub struct Request<'a> {
    pub workspace: &'a Workspace,
    /// In their slots, by id.
    pub experiments: &'a [Compiled],
    /// Only these platforms; all that the specs name when empty.
    pub targets: &'a [String],
    pub moment: Moment,
}

/// Every file of a build by its path, the manifest included.
#[derive(Debug, Clone)]
pub struct Build {
    pub files: BTreeMap<String, Vec<u8>>,
    pub losses: Vec<Loss>,
}

/// Why nothing is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildFault {
    /// A platform cannot print these experiments.
    Target { target: &'static str, reason: String },
    /// A target would lose what a spec marks as strict.
    Strict(Loss),
    /// Two files with one path: names that fold into one.
    SamePath { path: String },
}

impl std::fmt::Display for BuildFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BuildFault::Target { target, reason } => write!(f, "target `{target}`: {reason}"),
            BuildFault::Strict(loss) => write!(
                f,
                "`{}` marks `{}` as strict, and `{}` cannot express it: {}",
                loss.experiment, loss.feature, loss.target, loss.reason
            ),
            BuildFault::SamePath { path } => write!(f, "two experiments would write `{path}`"),
        }
    }
}

/// The manifest.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    format: &'static str,
    compiler: &'static str,
    workspace: &'a str,
    moment: String,
    files: Vec<Listed<'a>>,
    losses: &'a [Loss],
}

/// A file in the manifest.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    path: &'a str,
    role: ArtifactRole,
    target: &'static str,
    experiments: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a str>,
    sha256: String,
    /// By experiment.
    plans: BTreeMap<&'a str, &'a str>,
}

/// Builds everything.
pub fn build(request: &Request<'_>) -> Result<Build, BuildFault> {
    let mut artifacts: Vec<Artifact> = Vec::new();
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    for compiled in request.experiments {
        let inputs = plans::Inputs::of(request.workspace, compiled, None);
        let document = plans::document(&inputs);
        let hash = plans::hash(&document);
        let wanted = plans::Request::new(&inputs, &document, &hash);
        artifacts.extend(plans::FORMATS.iter().flat_map(|format| format.emit(&wanted)));
        hashes.insert(compiled.plan.id.to_string(), hash);
    }
    let mut losses = Vec::new();
    for target in flags::TARGETS {
        let Emitted { artifacts: made, losses: lost } = flag_files(request, *target, &hashes)?;
        artifacts.extend(made);
        losses.extend(lost);
    }
    for loss in &losses {
        if is_strict(request, loss) {
            return Err(BuildFault::Strict(loss.clone()));
        }
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    let manifest = manifest(request, &artifacts, &hashes, &losses);
    let mut files = BTreeMap::new();
    for artifact in artifacts {
        if let Some(path) = files.contains_key(&artifact.path).then(|| artifact.path.clone()) {
            return Err(BuildFault::SamePath { path });
        }
        files.insert(artifact.path, artifact.bytes);
    }
    files.insert(MANIFEST.to_owned(), manifest);
    Ok(Build { files, losses })
}

/// What one platform serves.
fn flag_files(
    request: &Request<'_>,
    target: &dyn Target,
    hashes: &BTreeMap<String, String>,
) -> Result<Emitted, BuildFault> {
    let asked = request.targets.is_empty() || request.targets.iter().any(|name| name == target.name());
    let experiments: Vec<Experiment<'_>> = request
        .experiments
        .iter()
        .filter(|compiled| is_served(compiled, target))
        .filter_map(|compiled| Some(Experiment { plan: &compiled.plan, hash: hashes.get(&*compiled.plan.id)? }))
        .collect();
    if !asked || experiments.is_empty() {
        return Ok(Emitted::default());
    }
    let settings = request.workspace.file.targets.value().and_then(|targets| targets.get(target.name()));
    let wanted = flags::Request {
        experiments: &experiments,
        moment: request.moment.clone(),
        settings: settings.map(|at| &at.value),
    };
    target.emit(&wanted).map_err(|reason| BuildFault::Target { target: target.name(), reason })
}

/// True when a platform serves the experiment: it is live or shipped, and built for that platform.
pub fn is_served(compiled: &Compiled, target: &dyn Target) -> bool {
    let plan = &compiled.plan;
    let state = plan.status.value.is_live() || plan.status.value == Status::Shipped;
    state && plan.targets.iter().any(|name| name.value == target.name())
}

fn is_strict(request: &Request<'_>, loss: &Loss) -> bool {
    let compiled = request.experiments.iter().find(|compiled| *compiled.plan.id == *loss.experiment);
    let strict = compiled.and_then(|compiled| compiled.spec.emit.value()).and_then(|emit| emit.strict.value());
    strict.is_some_and(|strict| strict.iter().any(|feature| feature.value == loss.feature))
}

fn manifest(
    request: &Request<'_>,
    artifacts: &[Artifact],
    hashes: &BTreeMap<String, String>,
    losses: &[Loss],
) -> Vec<u8> {
    let files = artifacts
        .iter()
        .map(|artifact| Listed {
            path: &artifact.path,
            role: artifact.role,
            target: artifact.target,
            experiments: &artifact.experiments,
            stage: artifact.stage.as_deref(),
            sha256: sha256(&artifact.bytes),
            plans: artifact.experiments.iter().filter_map(|id| Some((id.as_str(), hashes.get(id)?.as_str()))).collect(),
        })
        .collect();
    let moment = match &request.moment {
        Moment::Schedule => "schedule".to_owned(),
        Moment::Stage(name) => format!("stage {name}"),
        Moment::Date(day) => format!("date {day}"),
    };
    let manifest = Manifest {
        format: FORMAT,
        compiler: concat!("expc ", env!("CARGO_PKG_VERSION")),
        workspace: request.workspace.name(),
        moment,
        files,
        losses,
    };
    let mut bytes = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The files that an earlier manifest names; nothing when it cannot be read.
pub fn files_of(manifest: &str) -> Vec<String> {
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(manifest) else { return Vec::new() };
    if manifest["format"] != FORMAT {
        return Vec::new();
    }
    let files = manifest["files"].as_array().cloned().unwrap_or_default();
    files.iter().filter_map(|file| file["path"].as_str().map(str::to_owned)).collect()
}
