//! `expc fmt`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Exit, Failure, fix, place};
use crate::check::fixes::Change;
use crate::fmt::formatted;
use crate::syntax;
use crate::text::{FileId, printable};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace, or a part of it: a folder or a file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Write nothing, name the files that would change, and fail when there are any
    #[arg(long)]
    check: bool,
    /// Write nothing and print what would change
    #[arg(long)]
    diff: bool,
    /// Colour: auto, always or never
    #[arg(long, default_value = "auto", value_name = "WHEN")]
    color: clap::ColorChoice,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = place::open(&arguments.path)?;
    let workspace = &opened.workspace;
    let documents = workspace.documents.iter().map(|document| (&document.path, document.file, &document.unreadable));
    let specs = workspace.specs.iter().map(|spec| (&spec.path, spec.file, &spec.unreadable));
    let (mut files, mut damaged) = (0, 0);
    let mut changes: BTreeMap<String, Change> = BTreeMap::new();
    for (path, file, unreadable) in documents.chain(specs).filter(|(path, ..)| opened.covers(path)) {
        files += 1;
        let before = &workspace.sources.get(file).text;
        match unreadable.is_none().then(|| laid_out(file, before)).flatten() {
            Some(after) if *after == **before => {}
            Some(after) => {
                changes.insert(path.clone(), Change { before: before.clone(), after });
            }
            // `expc.toml` may be absent; a file that is there and cannot be read is told.
            None => {
                damaged += 1;
                super::complain(&format!(
                    "left alone: {}{}: it is not TOML; `expc check` says where\n",
                    opened.prefix,
                    printable(path)
                ));
            }
        }
    }
    let counted = |number: usize| format!("{number} file{}", if number == 1 { "" } else { "s" });
    if arguments.diff {
        super::print_in(arguments.color, &fix::diff(&opened.prefix, &changes));
    } else if arguments.check {
        let lines = changes.keys().map(|path| format!("{}{}\n", opened.prefix, printable(path)));
        super::print(&lines.collect::<String>());
    } else if !changes.is_empty() {
        fix::write(&opened, "lay out", &changes)?;
    }
    let (looked_only, of) = (arguments.check || arguments.diff, counted(files));
    super::complain(&match (changes.len(), looked_only) {
        (0, _) => format!("{of}: nothing to lay out\n"),
        (number, true) => format!("{number} of {of} would be laid out anew\n"),
        (number, false) => format!("{number} of {of} laid out anew\n"),
    });
    Ok(match () {
        () if files == 0 => Exit::Nothing,
        () if 0 < damaged || looked_only && !changes.is_empty() => Exit::Findings,
        () => Exit::Clean,
    })
}

/// The canonical layout of a text that is TOML.
fn laid_out(file: FileId, text: &str) -> Option<String> {
    let (_, faults) = syntax::parse(file, text);
    if faults.is_empty() { formatted(text) } else { None }
}
