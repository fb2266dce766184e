//! Flag platforms: one file each, one line in [`TARGETS`].

mod flagd;

use crate::emit::{Emitted, Experiment, Moment};
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
    /// The word in `emit.targets` and after `--target`.
    fn name(&self) -> &'static str;
    /// What it is, in one line.
    fn about(&self) -> &'static str;
    /// Prints all experiments; an error is a sentence for people.
    fn emit(&self, request: &Request<'_>) -> Result<Emitted, String>;
}

/// Every platform, by name.
pub static TARGETS: &[&dyn Target] = &[&flagd::Flagd];

/// The platform of a name.
pub fn target(name: &str) -> Option<&'static dyn Target> {
    TARGETS.iter().copied().find(|target| target.name() == name)
}
