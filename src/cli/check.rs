//! `expc check`.

use std::path::PathBuf;

use super::{Exit, Failure};
use crate::check::{Options, check};
use crate::diag::Level;
use crate::portfolio::Workspace;
use crate::report::{Look, Report, Summary};
use crate::world::{Disk, find_root, today};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace: a folder at or below its `expc.toml`
    #[arg(default_value = ".")]
    workspace: PathBuf,
    /// How findings are printed
    #[arg(long, default_value = "text")]
    format: String,
    /// Fail on warnings as well
    #[arg(long)]
    deny_warnings: bool,
    /// The day that dates are judged against; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<crate::spec::Day>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let root =
        find_root(&arguments.workspace).ok_or_else(|| Failure::NoWorkspace { start: arguments.workspace.clone() })?;
    let workspace = Workspace::open(&Disk::new(root));
    let today = arguments.today.or_else(|| today().parse().ok());
    let outcome = check(&workspace, Options { today });
    let report = Report {
        sources: &workspace.sources,
        findings: &outcome.findings,
        skipped: &outcome.skipped,
        rules: &[],
        summary: Summary {
            files: workspace.documents.len() + workspace.specs.len(),
            experiments: workspace.specs.len(),
            today: today.map(|day| day.to_string()),
            version: env!("CARGO_PKG_VERSION"),
            workspace: workspace.name().to_owned(),
        },
    };
    let format = crate::report::format(&arguments.format).ok_or_else(|| Failure::Usage {
        text: format!("unknown format `{}`", arguments.format),
        help: "one of text, concise, json, sarif, github, gitlab, junit".to_owned(),
    })?;
    let mut out = anstream::stdout();
    // A closed pipe is not an error.
    let _ = format.write(&report, &Look::default(), &mut out);
    Ok(match outcome.worst() {
        _ if outcome.crashed => Exit::Bug,
        Level::Error => Exit::Findings,
        Level::Warn if arguments.deny_warnings => Exit::Findings,
        _ => Exit::Clean,
    })
}
