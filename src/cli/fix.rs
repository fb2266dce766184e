//! `expc check --fix`: what is applied, shown and written before the check that reports what is left.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failure, place};
use crate::check::fixes::{Change, Fixed, Left, Request, converge};
use crate::check::{Options, check};
use crate::diag::Applicability;
use crate::portfolio::Workspace;
use crate::report::unified;
use crate::text::printable;
use crate::world::{Disk, Files, Rewrite, rewrite};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// Apply the safe fixes, then check what is left
    #[arg(long)]
    fix: bool,
    /// Apply or show the suggested fixes as well: they keep the file valid, not always the meaning
    #[arg(long)]
    suggested: bool,
    /// Print what the fixes would change and write nothing
    #[arg(long)]
    pub diff: bool,
}

impl Arguments {
    /// True when files are to be written.
    pub fn writes(&self) -> bool {
        self.fix
    }

    fn is_asked(&self) -> Result<bool, Failure> {
        if self.suggested && !self.fix && !self.diff {
            return Err(Failure::Usage {
                text: "`--suggested` says which fixes, not what to do with them".to_owned(),
                help: "add `--fix` to apply them or `--diff` to see them".to_owned(),
            });
        }
        Ok(self.fix || self.diff)
    }
}

/// The workspace to report on: as it was, or as the fixes leave it on disk.
pub fn run(
    arguments: &Arguments,
    opened: place::Opened,
    options: Options,
    color: clap::ColorChoice,
) -> Result<place::Opened, Failure> {
    if !arguments.is_asked()? {
        return Ok(opened);
    }
    let judge = |files: &dyn Files| {
        let workspace = opened.again(files);
        let outcome = check(&workspace, options.clone());
        (workspace, outcome)
    };
    let applicability = if arguments.suggested { Applicability::Suggested } else { Applicability::Safe };
    let request = Request { applicability, covers: &|path| opened.covers(path) };
    let fixed = converge(&Disk::new(&opened.root), &judge, &request);
    if arguments.diff {
        super::print_in(color, &diff(&opened.prefix, &fixed.changes));
        super::complain(&said("would fix", &opened.prefix, &fixed));
        return Ok(opened);
    }
    if fixed.changes.is_empty() {
        super::complain(&said("fixed", &opened.prefix, &fixed));
        return Ok(opened);
    }
    write(&opened, "fix", &fixed.changes)?;
    super::complain(&said("fixed", &opened.prefix, &fixed));
    // What is reported is what the disk holds, not what was meant to be there.
    let workspace: Workspace = opened.again(&Disk::new(&opened.root));
    Ok(place::Opened { workspace, ..opened })
}

pub fn diff(prefix: &str, changes: &BTreeMap<String, Change>) -> String {
    let one =
        |(path, change): (&String, &Change)| unified(&format!("{prefix}{path}"), &change.before, &change.after, true);
    changes.iter().map(one).collect()
}

/// Writes the changes, all or none. `action` is what failed when it fails: "fix".
pub fn write(opened: &place::Opened, action: &str, changes: &BTreeMap<String, Change>) -> Result<(), Failure> {
    let files: Vec<Rewrite<'_>> =
        changes.iter().map(|(path, change)| Rewrite { path, before: &change.before, after: &change.after }).collect();
    rewrite(&opened.root, &files).map_err(|refused| {
        let path = refused.fault.path.strip_prefix(&opened.root).unwrap_or(&refused.fault.path);
        let help = match &refused.written[..] {
            [] => "no file was changed; mend that one, or name a part of the workspace without it".to_owned(),
            written => format!("these were changed already: {}; run it again", written.join(", ")),
        };
        Failure::Usage {
            text: format!("cannot {action} `{}{}`: {}", opened.prefix, path.display(), refused.fault.cause),
            help,
        }
    })
}

/// How many lines of what was left are printed.
const MOST_LEFT: usize = 10;

/// What was done, what was not and why.
fn said(verb: &str, prefix: &str, fixed: &Fixed) -> String {
    let counted = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let mut text = match (fixed.applied.len(), fixed.changes.len()) {
        (0, _) if 0 < fixed.offered => "no safe fix to apply\n".to_owned(),
        (0, _) => "nothing to fix\n".to_owned(),
        (findings, files) => {
            format!("{verb} {} in {}\n", counted(findings, "finding"), counted(files, "file"))
        }
    };
    let line = |left: &Left| {
        let Left { code, path, line, title, why } = left;
        format!("not fixed: {prefix}{path}:{line} {code}, {title}: {why}\n")
    };
    // Findings on many experiments may offer the same edit of a shared file.
    let left: BTreeSet<String> = fixed.left.iter().map(line).collect();
    text.extend(left.iter().take(MOST_LEFT).map(String::as_str));
    if MOST_LEFT < left.len() {
        text += &format!("not fixed: {} more\n", left.len() - MOST_LEFT);
    }
    if fixed.left.iter().any(|left| left.why.is_bug()) {
        text += "a fix that does not fit or had to be undone may be a fault of expc: please report it with the file\n";
    }
    if 0 < fixed.offered {
        let more = if fixed.applied.is_empty() { "" } else { " more" };
        text += &format!(
            "{}{more} can be fixed with `--suggested`: look at them with `--suggested --diff`\n",
            counted(fixed.offered, "finding")
        );
    }
    text.split_inclusive('\n').map(|line| printable(line.trim_end_matches('\n')) + "\n").collect()
}
