//! `expc diff`.

use std::path::PathBuf;

use super::{Exit, Failure, base, place};
use crate::change::Review;
use crate::report::{REVIEW_FORMATS, Reading};
use crate::world::Repository;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the change starts: the last commit that HEAD shares with this revision. When absent, the branch that
    /// `origin` calls its own, or `main` or `master`
    #[arg(value_name = "REF")]
    reference: Option<String>,
    /// How it is printed: text, markdown (a comment on a pull request) or json
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    /// The workspace
    #[arg(long, default_value = ".", value_name = "DIR")]
    workspace: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let known = REVIEW_FORMATS.iter().find(|(name, _)| *name == arguments.format);
    let Some((_, print)) = known else {
        let names: Vec<&str> = REVIEW_FORMATS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Usage {
            text: format!("unknown format `{}`", arguments.format),
            help: format!("one of {}", names.join(", ")),
        });
    };
    let opened = place::open(&arguments.workspace)?;
    let reference = match &arguments.reference {
        Some(reference) => reference.clone(),
        None => Repository::around(&opened.root).and_then(|found| found.main_branch()).map_err(Failure::Git)?,
    };
    let base = base::open(&opened, &reference)?;
    let mut review = Review::of(&opened.workspace, &base);
    crate::emit::compare::fill(&mut review, &base.workspace, &opened.workspace);
    let reading = Reading {
        review: &review,
        workspace: opened.workspace.name(),
        base: (&base.change.reference, &base.change.commit),
        prefix: &opened.prefix,
    };
    super::print(&print(&reading));
    // The process ends here: taking ten thousand experiments apart would cost a tenth of the run.
    std::mem::forget((review, base, opened));
    Ok(Exit::Clean)
}
