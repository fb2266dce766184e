//! Flag platforms: one file each, one line in [`TARGETS`].

mod flagd;
mod growthbook;
mod served;

use crate::emit::{ArtifactRole, Emitted, Experiment, Moment};
use crate::plan::targets::Capabilities;
use crate::policy::TargetSettings;
use crate::portfolio::{Compiled, Workspace};

/// What a flag platform is asked for.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// In the order of their ids.
    pub experiments: &'a [Experiment<'a>],
    pub moment: Moment,
    pub settings: Option<&'a TargetSettings>,
}

/// A flag platform.
pub trait Target: Sync {
    /// What it can hold, and its name.
    fn capabilities(&self) -> &'static Capabilities;
    /// The word in `emit.targets` and after `--target`.
    fn name(&self) -> &'static str {
        self.capabilities().name
    }
    /// What it is, in one line.
    fn about(&self) -> &'static str;
    /// Prints all experiments; an error is a sentence for people.
    fn emit(&self, request: &Request<'_>) -> Result<Emitted, String>;
}

/// Every platform, by name.
pub static TARGETS: &[&dyn Target] = &[&flagd::Flagd, &growthbook::GrowthBook];

/// The evaluator file of a platform, for rules that compare it with what is served.
pub fn print(
    workspace: &Workspace,
    platform: &'static Capabilities,
    compiled: &[Compiled],
    stage: Option<&str>,
) -> Result<String, String> {
    let platform = target(platform.name).ok_or("no such platform")?;
    let experiments: Vec<Experiment<'_>> =
        compiled.iter().map(|compiled| Experiment { plan: &compiled.plan, hash: "" }).collect();
    let moment = stage.map_or(Moment::Schedule, |stage| Moment::Stage(stage.to_owned()));
    let settings = workspace.file.targets.value().and_then(|targets| targets.get(platform.name()));
    let request = Request { experiments: &experiments, moment, settings: settings.map(|at| &at.value) };
    let emitted = platform.emit(&request)?;
    let file = emitted.artifacts.into_iter().find(|artifact| artifact.role == ArtifactRole::Evaluator);
    String::from_utf8(file.ok_or("no file for evaluators")?.bytes).map_err(|fault| fault.to_string())
}

/// What each platform can hold, for the rules.
pub fn capabilities() -> Vec<&'static Capabilities> {
    TARGETS.iter().map(|target| target.capabilities()).collect()
}

/// The platform of a name.
pub fn target(name: &str) -> Option<&'static dyn Target> {
    TARGETS.iter().copied().find(|target| target.name() == name)
}
