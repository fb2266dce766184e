//! `expc resolve`.

use std::path::PathBuf;

use super::{Exit, Failure, place};
use crate::plan;
use crate::portfolio::{Compiled, Entry, Portfolio, SpecFile, Workspace};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The spec: its file, or its id
    spec: String,
    /// The workspace, when the spec is named by its id
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = place::open_spec(&arguments.spec, &arguments.workspace)?;
    let spec = opened.spec(&arguments.spec)?;
    let compiled = compile_with_slot(&opened.workspace, spec);
    let sources = opened.workspace.sources.under(&opened.prefix);
    let mut text = serde_json::to_string_pretty(&plan::to_json(&compiled.plan, &sources)).unwrap_or_default();
    text.push('\n');
    super::print(&text);
    Ok(Exit::Clean)
}

/// One spec with the slot that the whole portfolio leaves it.
pub fn compile_with_slot(workspace: &Workspace, spec: &SpecFile) -> Compiled {
    let mut compiled = workspace.compile(spec);
    if compiled.plan.audience.layer.is_some() {
        let portfolio = portfolio(workspace);
        compiled.plan.place(portfolio.slot(&compiled.plan.id).map(|slot| (slot.from, slot.to)));
    }
    compiled
}

/// What every experiment of the workspace takes.
pub fn portfolio(workspace: &Workspace) -> Portfolio {
    use rayon::prelude::*;
    let entry = |spec: &SpecFile| {
        let compiled = workspace.compile(spec);
        Entry::new(&compiled.plan, &compiled.spec, &spec.path, spec.file)
    };
    Portfolio::new(workspace.specs.par_iter().map(entry).collect())
}
