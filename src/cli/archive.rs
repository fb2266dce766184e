//! `expc archive`: a finished experiment leaves the open ones, once nothing is owed any more.

use std::path::PathBuf;

use super::{Exit, Failure, place};
use crate::check::{Options, check};
use crate::diag::Level;
use crate::portfolio::{Compiled, Workspace};
use crate::spec::{Day, Status};
use crate::text::printable;
use crate::world::{Rewrite, rewrite};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The spec: its file, or its id
    spec: String,
    /// The workspace, when the spec is named by its id
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    /// The flag lives on as a switch: the catalogue may go on defining it
    #[arg(long)]
    keep_flag: bool,
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The day that dates are judged against; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Day>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = place::open_spec(&arguments.spec, &arguments.workspace)?;
    let workspace = &opened.workspace;
    let spec = opened.spec(&arguments.spec)?;
    let compiled = workspace.compile(spec);
    let id = printable(&compiled.plan.id);
    if compiled.plan.status.value == Status::Archived {
        super::print(&format!("{id} is archived already\n"));
        return Ok(Exit::Clean);
    }
    let refused = |why: String, help: String| Failure::Usage { text: format!("cannot archive `{id}`: {why}"), help };
    let span = match compiled.plan.status.span() {
        Some(span) if span.file == spec.file => span,
        Some(span) => {
            let path = workspace.sources.path(span);
            return Err(refused(
                format!("its status is written in `{path}`"),
                "write `status` in the spec itself".to_owned(),
            ));
        }
        None => return Err(refused("it is a draft".to_owned(), "only what is over can be archived".to_owned())),
    };
    owed(workspace, &compiled, arguments).map_err(|(why, help)| refused(why, help))?;
    let before = &workspace.sources.get(spec.file).text;
    let (head, tail) = (&before[..span.start as usize], &before[span.end as usize..]);
    // A text in apostrophes stays one.
    let quote = if before[span.range()].starts_with('\'') { '\'' } else { '"' };
    let after = format!("{head}{quote}archived{quote}{tail}");
    let shown = format!("{}{}", opened.prefix, spec.path);
    if arguments.dry_run {
        super::print(&format!("would archive {id}: `status = \"archived\"` in {shown}\n"));
        return Ok(Exit::Clean);
    }
    let file = Rewrite { path: &spec.path, before, after: &after };
    rewrite(&opened.root, &[file]).map_err(|error| {
        refused(
            format!("cannot write `{shown}`: {}", error.fault.cause),
            "the file is as it was; mend that, and run it again".to_owned(),
        )
    })?;
    super::print(&format!("archived {id}: `status = \"archived\"` in {shown}\nits results stay in `expc history`\n"));
    Ok(Exit::Clean)
}

/// What keeps an experiment open: why, and what to do.
fn owed(workspace: &Workspace, compiled: &Compiled, arguments: &Arguments) -> Result<(), (String, String)> {
    let plan = &compiled.plan;
    let status = plan.status.value;
    if !status.is_over() {
        return Err((
            format!("it is {status}"),
            "decide first: record `[results]`, and set `status` to decided, shipped or stopped".to_owned(),
        ));
    }
    if compiled.document.is_damaged() {
        return Err((
            "its file has faults that keep it from being read".to_owned(),
            "`expc check` shows them".to_owned(),
        ));
    }
    let results = compiled.spec.results.value();
    let missing: Vec<&str> = [
        ("decision", results.is_none_or(|results| results.decision.is_absent())),
        ("decided", results.is_none_or(|results| results.decided.is_absent())),
        ("learned", results.is_none_or(|results| results.learned.as_deref().is_none_or(|text| text.trim().is_empty()))),
    ]
    .into_iter()
    .filter_map(|(key, missing)| missing.then_some(key))
    .collect();
    if !missing.is_empty() {
        let keys = missing.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        return Err((
            format!("`results` lacks {keys}"),
            "record what came out, so that the next team finds it".to_owned(),
        ));
    }
    let flag = &plan.flag.value;
    if let Some((_, span, _)) = workspace.catalog.flags.iter().find(|(name, _, _)| *name == flag.as_str())
        && !arguments.keep_flag
        && !is_used(workspace, flag, &plan.id)
    {
        let (path, line) = (workspace.sources.path(span), workspace.sources.start(span).line);
        return Err((
            format!("flag `{}` is still defined in {path}:{line}", printable(flag)),
            format!("take the flag and the losing branch out of the code, then its entry; {KEEP}"),
        ));
    }
    let outcome = check(workspace, Options { today: place::day(arguments.today), ..Options::default() });
    let grave = outcome
        .findings
        .iter()
        .find(|finding| finding.level == Level::Error && finding.experiment.as_deref() == Some(&*plan.id));
    match grave {
        Some(finding) => Err((
            format!("{}: {}", finding.code, finding.headline),
            "`expc check` shows where, and ways out".to_owned(),
        )),
        None => Ok(()),
    }
}

const KEEP: &str = "or pass `--keep-flag` when it lives on as a switch";

/// True when another experiment that is not over sets the flag.
fn is_used(workspace: &Workspace, flag: &str, id: &str) -> bool {
    use rayon::prelude::*;
    workspace.specs.par_iter().any(|spec| {
        let plan = workspace.compile(spec).plan;
        plan.flag.value == *flag && *plan.id != *id && !plan.status.value.is_over()
    })
}
