//! Flag platforms: one file each, one line in [`TARGETS`].

mod flagd;

use crate::emit::{Emitted, Experiment, Moment};
use crate::plan::targets::Capabilities;
use crate::policy::TargetSettings;

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
pub static TARGETS: &[&dyn Target] = &[&flagd::Flagd];

/// What each platform can hold, for the rules.
pub fn capabilities() -> Vec<&'static Capabilities> {
    TARGETS.iter().map(|target| target.capabilities()).collect()
}

/// The platform of a name.
pub fn target(name: &str) -> Option<&'static dyn Target> {
    TARGETS.iter().copied().find(|target| target.name() == name)
}
