//! One build: every file in memory, with the manifest that names them all.
//!
//! Pure: what is given decides every byte. Writing is for the doors.

use std::collections::BTreeMap;

use rayon::prelude::*;
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
    /// Only these platforms; all that the specs name when empty. [`ALL`] is every platform, whatever the specs name.
    pub targets: &'a [String],
    pub moment: Moment,
}

/// The word for every platform.
pub const ALL: &str = "all";

/// What is lost where a platform that its spec does not name cannot serve an experiment. No word of `emit.strict`.
pub const NOT_SERVED: &str = "target";

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
    let plans: Vec<(Vec<Artifact>, String)> =
        request.experiments.par_iter().map(|one| plan_files(request, one)).collect();
    let mut artifacts: Vec<Artifact> = Vec::new();
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    for (compiled, (made, hash)) in request.experiments.iter().zip(plans) {
        artifacts.extend(made);
        hashes.insert(compiled.plan.id.to_string(), hash);
    }
    // In the order of the list: the first fault is the same in every run.
    let emitted: Vec<Result<Emitted, BuildFault>> =
        flags::TARGETS.par_iter().map(|target| flag_files(request, *target, &hashes)).collect();
    let mut losses = Vec::new();
    for emitted in emitted {
        let Emitted { artifacts: made, losses: lost } = emitted?;
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

/// The analysis plans of one experiment, and the hash of its plan.
fn plan_files(request: &Request<'_>, compiled: &Compiled) -> (Vec<Artifact>, String) {
    let inputs = plans::Inputs::of(request.workspace, compiled, None);
    let document = plans::document(&inputs);
    let hash = plans::hash(&document);
    let wanted = plans::Request::new(&inputs, &document, &hash);
    (plans::FORMATS.iter().flat_map(|format| format.emit(&wanted)).collect(), hash)
}

/// What one platform serves.
fn flag_files(
    request: &Request<'_>,
    target: &dyn Target,
    hashes: &BTreeMap<String, String>,
) -> Result<Emitted, BuildFault> {
    let everywhere = request.targets.iter().any(|name| name == ALL);
    let asked = everywhere || request.targets.is_empty() || request.targets.iter().any(|name| name == target.name());
    fn with_hash<'a>(compiled: &'a Compiled, hashes: &'a BTreeMap<String, String>) -> Option<Experiment<'a>> {
        Some(Experiment { plan: &compiled.plan, hash: hashes.get(&*compiled.plan.id)? })
    }
    let (named, others): (Vec<&Compiled>, Vec<&Compiled>) =
        request.experiments.iter().filter(|one| has_flag(one)).partition(|one| is_served(one, target));
    let mut experiments: Vec<Experiment<'_>> = named.into_iter().filter_map(|one| with_hash(one, hashes)).collect();
    let settings = request.workspace.file.targets.value().and_then(|targets| targets.get(target.name()));
    let wanted = |experiments: &[Experiment<'_>]| {
        target.emit(&flags::Request {
            experiments,
            moment: request.moment.clone(),
            settings: settings.map(|at| &at.value),
        })
    };
    let mut left_out = Vec::new();
    if everywhere {
        let strict = |loss: &Loss| is_strict(request, loss);
        let others: Vec<Experiment<'_>> = others.into_iter().filter_map(|one| with_hash(one, hashes)).collect();
        // Most fit, and are printed once: each is tried alone only where some do not.
        let all: Vec<Experiment<'_>> = experiments.iter().chain(&others).copied().collect();
        let is_other = |loss: &Loss| others.iter().any(|one| *one.plan.id == *loss.experiment);
        if !all.is_empty()
            && others.iter().all(|one| unheld(target, *one).is_none())
            && let Ok(emitted) = wanted(&all)
            && !emitted.losses.iter().any(|loss| strict(loss) && is_other(loss))
        {
            return Ok(emitted);
        }
        let reasons: Vec<Option<String>> = others.par_iter().map(|one| unfit(target, *one, wanted, strict)).collect();
        for (experiment, reason) in others.into_iter().zip(reasons) {
            match reason {
                None => experiments.push(experiment),
                Some(reason) => left_out.push(Loss {
                    experiment: experiment.plan.id.to_string(),
                    target: target.name(),
                    feature: NOT_SERVED,
                    reason,
                    done: "left out: the spec does not name this target".to_owned(),
                }),
            }
        }
        experiments.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
    }
    if !asked || experiments.is_empty() {
        return Ok(Emitted { losses: left_out, ..Emitted::default() });
    }
    let mut emitted = wanted(&experiments).map_err(|reason| BuildFault::Target { target: target.name(), reason })?;
    emitted.losses.extend(left_out);
    Ok(emitted)
}

/// Why a platform cannot hold an experiment, where printing does not tell.
fn unheld(target: &dyn Target, experiment: Experiment<'_>) -> Option<String> {
    let able = target.capabilities();
    let plan = experiment.plan;
    if let Some(taken) = plan.variants.iter().find(|variant| able.reserved.contains(&variant.name.as_str())) {
        return Some(format!("a variant has the name `{}`, which {} needs for itself", taken.name, able.title));
    }
    let most = able.most_payload_bytes?;
    let payloads = plan.variants.iter().filter_map(|variant| variant.payload.as_ref()).chain(&plan.off);
    let largest = payloads.map(|payload| payload.value.to_json().to_string().len()).max()?;
    (most < largest).then(|| format!("a payload has {largest} bytes, and {} holds {most}", able.title))
}

/// Why a platform that its spec does not name cannot serve an experiment, in one line.
fn unfit(
    target: &dyn Target,
    experiment: Experiment<'_>,
    emit: impl Fn(&[Experiment<'_>]) -> Result<Emitted, String>,
    strict: impl Fn(&Loss) -> bool,
) -> Option<String> {
    let plan = experiment.plan;
    if let Some(reason) = unheld(target, experiment) {
        return Some(reason);
    }
    match emit(&[experiment]) {
        Ok(emitted) => emitted
            .losses
            .iter()
            .find(|loss| strict(loss))
            .map(|loss| format!("the spec marks `{}` as strict, and {}", loss.feature, loss.reason)),
        Err(fault) => {
            let own = format!("experiment `{}` ", plan.id);
            let first = fault.lines().next().unwrap_or_default();
            Some(first.strip_prefix(own.as_str()).map_or_else(|| first.to_owned(), |rest| format!("it {rest}")))
        }
    }
}

/// True when there is something to serve: it is live or shipped.
fn has_flag(compiled: &Compiled) -> bool {
    let status = compiled.plan.status.value;
    status.is_live() || status == Status::Shipped
}

/// True when a platform serves the experiment: it is live or shipped, and built for that platform.
pub fn is_served(compiled: &Compiled, target: &dyn Target) -> bool {
    has_flag(compiled) && compiled.plan.targets.iter().any(|name| name.value == target.name())
}

fn is_strict(request: &Request<'_>, loss: &Loss) -> bool {
    // They stand in the order of their ids.
    let found = request.experiments.binary_search_by(|compiled| (*compiled.plan.id).cmp(loss.experiment.as_str()));
    let compiled = found.ok().and_then(|at| request.experiments.get(at));
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
        .par_iter()
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
