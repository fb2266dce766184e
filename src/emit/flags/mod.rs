//! Flag platforms: one file each, one line in [`TARGETS`].
//!
//! `served` turns plans into `Flag`s, the same for every platform: which experiment has a flag, in which stage it
//! is, who is forced, eligible, held out, in the slot. A platform prints them, as the document that its SDK loads and,
//! where that is not what is pushed, as uploads. [`Request::experiments`] of one moment give:
//!
//! | file below `flags/<platform>/` | role | holds |
//! | --- | --- | --- |
//! | the platform's own file | evaluator | every flag at the moment of the build |
//! | `stages/<id>/<n>-<stage>.…` | evaluator | one flag in one stage, where a whole schedule is built that one file cannot hold |
//! | `kill/<id>.…` | upload | one flag that serves nobody but what they had before |
//! | `upload/<id>/…` | upload | what is pushed for one flag; below `<n>-<stage>/` and `kill/` likewise |

mod amplitude;
mod configcat;
pub mod draft;
pub mod drift;
mod eppo;
mod firebase;
mod flagd;
mod flagsmith;
mod flipt;
mod goff;
mod growthbook;
mod launchdarkly;
mod optimizely;
mod patterns;
mod posthog;
mod served;
mod split;
mod statsig;
mod terraform;
mod unleash;

use rayon::prelude::*;

use crate::emit::{Artifact, ArtifactRole, Emitted, Experiment, Moment};
use crate::plan::targets::Capabilities;
use crate::policy::TargetSettings;
use crate::portfolio::{Compiled, Workspace};

use draft::{Draft, Export};
use served::{Flag, Losses, State};

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
    /// The document that evaluators load. An error is sentences for people, one a line.
    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String>;
    /// What is pushed for one flag: names below its folder, and bytes.
    fn uploads(&self, _flag: &Flag<'_>, _print: &mut Print<'_>) -> Result<Vec<(String, Vec<u8>)>, String> {
        Ok(Vec::new())
    }
    /// The experiments of an export. Nothing where this platform's exports are not read; an error says what the export
    /// lacks to be one of this platform, after "it": `it has no table features`.
    fn import(&self, _export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        None
    }
}

/// What a platform prints with.
#[derive(Debug)]
pub struct Print<'a> {
    pub settings: Option<&'a TargetSettings>,
    losses: Losses,
}

/// Every platform, by name.
#[rustfmt::skip]
pub static TARGETS: &[&dyn Target] = &[
    &amplitude::Amplitude,
    &configcat::ConfigCat,
    &eppo::Eppo,
    &firebase::Firebase,
    &flagd::Flagd,
    &flagsmith::Flagsmith,
    &flipt::Flipt,
    &goff::Goff,
    &growthbook::GrowthBook,
    &launchdarkly::LaunchDarkly,
    &optimizely::Optimizely,
    &posthog::PostHog,
    &split::Split,
    &statsig::Statsig,
    &unleash::Unleash,
];

impl dyn Target + '_ {
    /// True when its exports become draft specs.
    pub fn reads_exports(&self) -> bool {
        Export::read("{}").is_ok_and(|nothing| self.import(&nothing).is_some())
    }

    /// Prints all experiments; an error is sentences for people, one a line.
    pub fn emit(&self, request: &Request<'_>) -> Result<Emitted, String> {
        let able = self.capabilities();
        let mut print = Print { settings: request.settings, losses: Losses::of(able.name) };
        let flags = served::flags(request, able, &mut print.losses)?;
        let ids = |flags: &[Flag<'_>]| {
            let mut ids: Vec<String> = flags.iter().map(|flag| flag.id().to_owned()).collect();
            ids.sort();
            ids
        };
        let artifact = |path: String, bytes: Vec<u8>, role, flags: &[Flag<'_>], stage: Option<String>| Artifact {
            path: format!("flags/{}/{path}", able.name),
            bytes,
            role,
            target: able.name,
            experiments: ids(flags),
            stage,
        };
        let moment = served::named(&request.moment);
        let bytes = self.document(&flags, &mut print)?;
        let mut artifacts =
            vec![artifact(able.file.to_owned(), bytes, ArtifactRole::Evaluator, &flags, moment.clone())];
        let ending = able.file.split_once('.').map_or("json", |(_, ending)| ending);
        let of_one = |flag: &Flag<'_>| {
            let id = flag.id();
            let mut artifacts = Vec::new();
            let mut print = Print { settings: request.settings, losses: Losses::of(able.name) };
            let mut push = |folder: &str, flag: &Flag<'_>, stage: Option<String>, print: &mut Print<'_>| {
                for (name, bytes) in self.uploads(flag, print)? {
                    let path = format!("upload/{id}/{folder}{name}");
                    artifacts.push(artifact(
                        path,
                        bytes,
                        ArtifactRole::Upload,
                        std::slice::from_ref(flag),
                        stage.clone(),
                    ));
                }
                Ok::<(), String>(())
            };
            let stages = match (&request.moment, able.holds_schedule, &flag.state) {
                (_, _, State::Shipped(_))
                | (Moment::Schedule, true, _)
                | (Moment::Stage(_) | Moment::Date(_), _, _) => {
                    push("", flag, moment.clone(), &mut print)?;
                    Vec::new()
                }
                (Moment::Schedule, false, _) => served::stages(flag),
            };
            for (name, flag) in &stages {
                push(&format!("{name}/"), flag, Some(flag.stage_name().to_owned()), &mut print)?;
            }
            if !matches!(flag.state, State::Shipped(_)) {
                let killed = Flag { state: State::Killed, ..flag.clone() };
                push("kill/", &killed, None, &mut print)?;
                let bytes = self.document(std::slice::from_ref(&killed), &mut print)?;
                artifacts.push(artifact(
                    format!("kill/{id}.{ending}"),
                    bytes,
                    ArtifactRole::Upload,
                    std::slice::from_ref(&killed),
                    None,
                ));
            }
            for (name, flag) in &stages {
                let bytes = self.document(std::slice::from_ref(flag), &mut print)?;
                let (path, stage) = (format!("stages/{id}/{name}.{ending}"), Some(flag.stage_name().to_owned()));
                artifacts.push(artifact(path, bytes, ArtifactRole::Evaluator, std::slice::from_ref(flag), stage));
            }
            Ok::<_, String>((artifacts, print.losses.all))
        };
        // In the order of the flags: the first fault is the same in every run.
        let made: Vec<Result<_, String>> = flags.par_iter().map(of_one).collect();
        for made in made {
            let (more, losses) = made?;
            artifacts.extend(more);
            losses.into_iter().for_each(|loss| print.losses.add(loss));
        }
        Ok(Emitted { artifacts, losses: print.losses.all })
    }
}

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
    let able = platform.capabilities();
    let mut print = Print { settings: request.settings, losses: Losses::of(able.name) };
    let flags = served::flags(&request, able, &mut print.losses)?;
    String::from_utf8(platform.document(&flags, &mut print)?).map_err(|fault| fault.to_string())
}

/// What each platform can hold, for the rules.
pub fn capabilities() -> Vec<&'static Capabilities> {
    TARGETS.iter().map(|target| target.capabilities()).collect()
}

/// The platform of a name.
pub fn target(name: &str) -> Option<&'static dyn Target> {
    TARGETS.iter().copied().find(|target| target.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_stands_once_by_name() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
