//! `expc check`.

use std::path::PathBuf;

use super::timing::{self, Stages};
use super::{Exit, Failure, add_ignore, base, baseline, fix, live, place, required};
use crate::check::{Options, Outcome, check, check_change, in_force, level_of};
use crate::diag::{Diagnostic, Level};
use crate::portfolio::{Base, touched};
use crate::report::{self, Compared, Format, Look, Report, RulePage, Summary};
use crate::rules::{self, Known};
use crate::spec::Day;
use crate::world::Stopwatch;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace, or a part of it: all of it is checked, findings outside the part are left out
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How findings are printed: text, concise, json, sarif, github, gitlab or junit
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    /// Fail on warnings as well
    #[arg(long)]
    deny_warnings: bool,
    /// Fail on what the change since this revision brings in only; the base is the last commit that both share
    #[arg(long, value_name = "REF")]
    against: Option<String>,
    #[command(flatten)]
    baseline: baseline::Arguments,
    /// Show also what is older than the change, and what is accepted
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    required: required::Arguments,
    /// The day that dates are judged against; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Day>,
    /// What a platform serves, exported, to be compared with what the specs build: `flagd=flags.json`. May be given once
    /// for each platform
    #[arg(long, value_name = "TARGET=FILE")]
    live: Vec<String>,
    /// Say every skipped rule, draw infos too, and show the numbers behind each finding
    #[arg(long, short)]
    verbose: bool,
    /// Sentences instead of drawings, for screen readers
    #[arg(long)]
    narrated: bool,
    /// Colour: auto, always or never
    #[arg(long, default_value = "auto", value_name = "WHEN")]
    color: clap::ColorChoice,
    #[command(flatten)]
    fix: fix::Arguments,
    #[command(flatten)]
    add_ignore: add_ignore::Arguments,
    /// Threads; all cores when absent
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Say on standard error where the time went, by stage and by rule; as JSON with `--format json`
    #[arg(long)]
    timing: bool,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let format = format(&arguments.format)?;
    if let Some(jobs) = arguments.jobs {
        // Fails only when a pool exists already, which then serves as well.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
    }
    let watch = Stopwatch::start();
    let opened = place::open(&arguments.path)?;
    let exports = live::exports(&arguments.live, &opened)?;
    let opened = opened.beside(exports);
    let reading = watch.elapsed();
    let today = place::day(arguments.today);
    let options = Options { today, ..Options::default() };
    let opened = match add_ignore::Request::of(&arguments.add_ignore, &arguments.fix, today)? {
        Some(request) => add_ignore::run(&request, &arguments.fix, opened, options, arguments.color)?,
        None => fix::run(&arguments.fix, opened, options, arguments.color)?,
    };
    let base = arguments.against.as_deref().map(|reference| base::open(&opened, reference)).transpose()?;
    let options = Options { today, base, timing: arguments.timing };
    if arguments.baseline.writes() {
        return arguments.baseline.write(&opened, &check(&opened.workspace, options));
    }
    let watch = Stopwatch::start();
    let mut outcome = check_change(&opened.workspace, &options);
    let checking = watch.elapsed();
    let mut compared = compared(&opened, &outcome, options.base.as_deref());
    compared.baseline = arguments.baseline.apply(&opened, &mut outcome)?;
    outcome.findings.retain(|finding| concerns(&opened, finding));
    outcome.suppressed.retain(|one| concerns(&opened, &one.finding));
    // Also when the folder is missing or the catalogue has faults: no experiment was checked.
    let nothing = opened.workspace.specs.is_empty() && !outcome.crashed;
    let exit = if nothing { Exit::Nothing } else { exit(&outcome, arguments.deny_warnings) };
    if arguments.all {
        compared.shown = true;
        outcome.findings.extend(outcome.older.drain(..).filter(|finding| concerns(&opened, finding)));
        outcome.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    }
    let look = look(arguments.color, arguments.narrated, arguments.verbose);
    let watch = Stopwatch::start();
    if !arguments.fix.diff {
        print(&opened, &outcome, today, compared, format, &look);
    }
    if let Some(timing) = &outcome.timing {
        let stages = Stages { reading, checking, printing: watch.elapsed(), threads: rayon::current_num_threads() };
        super::complain(&match format.name() {
            "json" => timing::json(&stages, timing),
            _ => timing::text(&stages, timing, arguments.verbose),
        });
    }
    let exit = arguments.required.apply(&outcome.skipped, exit);
    // The process ends here: taking ten thousand experiments apart would cost a tenth of the run.
    std::mem::forget((opened, outcome, options));
    Ok(exit)
}

/// What the change edits of shared files, and how many findings are older than it.
fn compared(opened: &place::Opened, outcome: &Outcome, base: Option<&Base>) -> Compared {
    let Some(base) = base else { return Compared::default() };
    let touched = touched(&base.edits, &opened.workspace, &outcome.portfolio);
    let ids =
        |entries: Vec<usize>| entries.into_iter().map(|at| outcome.portfolio.entries[at].id.to_string()).collect();
    Compared {
        base: Some((base.change.reference.clone(), base.change.commit.clone())),
        older: outcome.older.len(),
        baseline: None,
        shown: false,
        touched: std::iter::zip(&base.edits, touched)
            .map(|(edit, entries)| report::Touched {
                path: format!("{}{}", opened.prefix, edit.path),
                what: edit.name(),
                fate: edit.fate.word(),
                keys: edit.keys.iter().map(|key| key.key.clone()).collect(),
                experiments: ids(entries),
            })
            .collect(),
    }
}

/// True when a finding has a place in the part of the workspace that was named.
pub fn concerns(opened: &place::Opened, finding: &Diagnostic) -> bool {
    let mut spans = finding.secondary.iter().map(|label| label.span).chain([finding.primary.span]);
    spans.any(|span| opened.covers(opened.workspace.sources.path(span)))
}

/// The format of a name, or the names there are.
pub fn format(name: &str) -> Result<&'static dyn Format, Failure> {
    report::format(name).ok_or_else(|| Failure::Usage {
        text: format!("unknown format `{name}`"),
        help: format!("one of {}", report::FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")),
    })
}

/// How the terminal wants it.
pub fn look(color: clap::ColorChoice, narrated: bool, verbose: bool) -> Look {
    let color = match color {
        clap::ColorChoice::Always => true,
        clap::ColorChoice::Never => false,
        clap::ColorChoice::Auto => anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
    };
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Look { color, width: columns.unwrap_or(100), narrated, verbose }
}

/// Prints what a run found, with paths as the user would type them.
pub fn print(
    opened: &place::Opened,
    outcome: &Outcome,
    today: Option<Day>,
    compared: Compared,
    format: &dyn Format,
    look: &Look,
) {
    let workspace = &opened.workspace;
    let report = Report {
        sources: &workspace.sources.under(&opened.prefix),
        findings: &outcome.findings,
        suppressed: &outcome.suppressed,
        skipped: &outcome.skipped,
        rules: &pages(opened, today),
        summary: Summary {
            files: workspace.documents.len() + workspace.specs.len(),
            experiments: workspace.specs.len(),
            today: today.map(|day| day.to_string()),
            version: env!("CARGO_PKG_VERSION"),
            workspace: workspace.name().to_owned(),
            compared,
        },
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    // A closed pipe is not an error.
    let _ = format.write(&report, look, &mut out);
}

/// What each rule says of itself, with the level of this workspace.
fn pages(opened: &place::Opened, today: Option<Day>) -> Vec<RulePage> {
    let policy = &opened.workspace.in_force;
    let levels = policy.levels("").on(today);
    let preset = policy.policy("").preset.value;
    let ours = rules::all().map(|rule| RulePage {
        code: rule.code.to_owned(),
        name: rule.name.to_owned(),
        level: level_of(rule, None, preset, &levels).0,
        summary: rule.summary(),
        why: rule.why(),
    });
    let custom = opened.workspace.custom.rules.iter().map(|rule| RulePage {
        code: rule.code.clone(),
        name: rule.name.clone(),
        level: in_force(Known::custom(rule), None, preset, &levels).level,
        summary: rule.about.clone(),
        why: String::new(),
    });
    ours.chain(custom).collect()
}

/// The exit code of a run.
pub fn exit(outcome: &Outcome, deny_warnings: bool) -> Exit {
    match outcome.worst() {
        _ if outcome.crashed => Exit::Bug,
        Level::Error => Exit::Findings,
        Level::Warn if deny_warnings => Exit::Findings,
        _ => Exit::Clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_our_own_outranks_every_finding() {
        let outcome = Outcome { crashed: true, ..Outcome::default() };
        assert_eq!(exit(&outcome, false) as u8, 101);
        assert_eq!(exit(&Outcome::default(), true) as u8, 0);
    }
}
