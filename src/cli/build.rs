//! `expc build`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Exit, Failure, check as check_door, place};
use crate::check::{Options, check};
use crate::diag::Level;
use crate::emit::build::{ALL, MANIFEST, NOT_SERVED, Request, build, files_of};
use crate::emit::flags;
use crate::emit::{Loss, Moment};
use crate::portfolio::Compiled;
use crate::report::Compared;
use crate::spec::Day;
use crate::world::{read_own, write_all};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace
    #[arg(default_value = ".")]
    workspace: PathBuf,
    /// The output folder: only files in it are touched. The `out` of `[build]` in expc.toml, or `dist`, when absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only this flag platform; may be given several times. `all` is every platform, whatever the specs name: what one
    /// cannot express is left out and told
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Only this experiment; may be given several times. The output folder then holds nothing of the others
    #[arg(long, value_name = "ID")]
    experiment: Vec<String>,
    /// The flags of this stage instead of the whole schedule
    #[arg(long, value_name = "NAME", conflicts_with = "date")]
    stage: Option<String>,
    /// The flags of the stage on this day instead of the whole schedule
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Day>,
    /// The day that dates are judged against in the check before the build; rules that need one are skipped when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Day>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    known_targets(&arguments.target)?;
    let opened = place::open(&arguments.workspace)?;
    let workspace = &opened.workspace;
    // The clock must not decide what is built: without a day the rules that need one are skipped. The date of a stage
    // is no such day: a spec that is `ready` now is built for a date within its run.
    let today = arguments.today;
    let mut outcome = check(workspace, Options { today, ..Options::default() });
    if outcome.worst() == Level::Error || outcome.crashed {
        outcome.findings.retain(|finding| finding.level == Level::Error);
        let look = check_door::look(clap::ColorChoice::Auto, false, false);
        check_door::print(&opened, &outcome, today, Compared::default(), check_door::format("text")?, &look);
        super::complain("nothing was built: the errors above come first\n");
        return Ok(check_door::exit(&outcome, false));
    }
    let wanted: Vec<&str> = arguments.experiment.iter().map(String::as_str).collect();
    for id in &wanted {
        opened.spec_by_id(id)?;
    }
    let compiled = {
        use rayon::prelude::*;
        let mut all: Vec<Compiled> = workspace.specs.par_iter().map(|spec| workspace.compile(spec)).collect();
        all.retain(|compiled| wanted.is_empty() || wanted.contains(&&*compiled.plan.id));
        for one in &mut all {
            let slot = outcome.portfolio.slot(&one.plan.id);
            one.plan.place(slot.map(|slot| (slot.from, slot.to)));
        }
        all.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
        all
    };
    let moment = match (&arguments.stage, arguments.date) {
        (Some(stage), _) => Moment::Stage(known_stage(stage, &compiled)?),
        (None, Some(date)) => Moment::Date(date),
        (None, None) => Moment::Schedule,
    };
    let request = Request { workspace, experiments: &compiled, targets: &arguments.target, moment };
    let built = build(&request).map_err(|fault| Failure::Usage {
        text: fault.to_string(),
        help: "change the spec or the target; nothing was written".to_owned(),
    })?;
    let out = match (&arguments.out, workspace.out()) {
        (Some(out), _) => out.clone(),
        (None, Some(out)) => PathBuf::from(format!("{}{out}", opened.prefix)),
        (None, None) => PathBuf::from("dist"),
    };
    let earlier = read_own(&out.join(MANIFEST)).map(|text| files_of(&text)).unwrap_or_default();
    let written = write_all(&out, &built.files, &earlier).map_err(|fault| Failure::Io {
        action: fault.action,
        path: fault.path,
        cause: fault.cause,
    })?;
    let mut text = format!(
        "{} files in {}: {} written, {} unchanged, {} removed\n",
        built.files.len(),
        out.display(),
        written.written,
        written.unchanged,
        written.removed
    );
    text += &notes(&built.losses);
    super::print(&crate::text::printable_lines(&text));
    Ok(Exit::Clean)
}

/// What a target could not express: one line a kind, the manifest has each.
fn notes(losses: &[Loss]) -> String {
    let mut kinds: BTreeMap<(&str, &str), Vec<&Loss>> = BTreeMap::new();
    for loss in losses {
        kinds.entry((loss.target, loss.feature)).or_default().push(loss);
    }
    let mut text = String::new();
    for ((target, feature), all) in kinds {
        let Some(first) = all.first() else { continue };
        if feature == NOT_SERVED {
            text += &match all.len() {
                1 => format!("note: {} is left out of {target}: {}\n", first.experiment, first.reason),
                many => format!(
                    "note: {many} experiments are left out of {target}, for example {}: {}; all of them in {MANIFEST}\n",
                    first.experiment, first.reason
                ),
            };
            continue;
        }
        text += &match all.len() {
            1 => format!("note: {} on {target}: {}; {}\n", first.experiment, first.reason, first.done),
            many => format!(
                "note: {many} × {feature} on {target}, for example {}: {}; {}; all of them in {MANIFEST}\n",
                first.experiment, first.reason, first.done
            ),
        };
    }
    text
}

fn known_targets(names: &[String]) -> Result<(), Failure> {
    let Some(unknown) = names.iter().find(|name| *name != ALL && flags::target(name).is_none()) else { return Ok(()) };
    let known: Vec<_> = flags::TARGETS.iter().map(|target| target.name()).chain([ALL]).collect();
    Err(Failure::Usage { text: format!("unknown target `{unknown}`"), help: format!("one of {}", known.join(", ")) })
}

fn known_stage(stage: &str, compiled: &[Compiled]) -> Result<String, Failure> {
    let mut names: Vec<&str> =
        compiled.iter().flat_map(|one| one.plan.calendar.stages.iter().map(|stage| stage.name.as_str())).collect();
    if names.contains(&stage) {
        return Ok(stage.to_owned());
    }
    names.sort_unstable();
    names.dedup();
    Err(Failure::Usage {
        text: format!("no experiment has a stage `{stage}`"),
        help: format!("one of {}", names.join(", ")),
    })
}
