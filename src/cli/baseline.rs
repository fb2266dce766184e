//! `expc check --write-baseline`, and the baseline that later runs find.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Exit, Failure, place};
use crate::check::{Baseline, BaselineUse, Outcome};
use crate::report;
use crate::world::{read_own, write_all};

/// Beside `expc.toml`.
const FILE: &str = ".expc-baseline.jsonl";

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// Accept all findings of today, so that later runs fail on new ones only
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    write_baseline: Option<Option<PathBuf>>,
    /// The accepted findings; `.expc-baseline.jsonl` beside `expc.toml` when absent
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    baseline: Option<PathBuf>,
    /// Show accepted findings like all others
    #[arg(long)]
    no_baseline: bool,
}

impl Arguments {
    /// True when the run is to write a baseline.
    pub fn writes(&self) -> bool {
        self.write_baseline.is_some()
    }

    /// Sets accepted findings aside.
    pub fn apply(&self, opened: &place::Opened, outcome: &mut Outcome) -> Result<Option<report::Accepted>, Failure> {
        if self.no_baseline {
            return Ok(None);
        }
        let path = match &self.baseline {
            Some(path) => path.clone(),
            None => opened.root.join(FILE),
        };
        let Some(baseline) = read(&path)? else {
            return match &self.baseline {
                Some(path) => Err(Failure::Usage {
                    text: format!("there is no baseline `{}`", path.display()),
                    help: format!("write one with `expc check --write-baseline={}`", path.display()),
                }),
                None => Ok(None),
            };
        };
        let BaselineUse { hidden, gone } = baseline.apply(&opened.workspace, outcome);
        let shown = self
            .baseline
            .as_ref()
            .map_or_else(|| format!("{}{FILE}", opened.prefix), |path| path.display().to_string());
        Ok(Some(report::Accepted { path: shown, hidden, gone }))
    }

    /// Writes the findings of a run as the baseline of later ones.
    pub fn write(&self, opened: &place::Opened, outcome: &Outcome) -> Result<Exit, Failure> {
        if outcome.crashed {
            return Err(Failure::Usage {
                text: "expc itself failed on a file, so the findings are not complete".to_owned(),
                help: "run `expc check` to see which, and report it".to_owned(),
            });
        }
        let named = self.write_baseline.as_ref().and_then(Option::as_deref);
        let path = named.map_or_else(|| opened.root.join(FILE), Path::to_path_buf);
        // What cannot be read is written again; `--write-baseline` is the way out of it.
        let before = read(&path).ok().flatten().unwrap_or_default();
        let baseline = Baseline::of(&opened.workspace, outcome);
        let change = baseline.against(&before);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let files = BTreeMap::from([(name, baseline.to_text().into_bytes())]);
        write_all(folder, &files, &[]).map_err(|fault| Failure::Io {
            action: fault.action,
            path: fault.path,
            cause: fault.cause,
        })?;
        let shown = named.map_or_else(|| format!("{}{FILE}", opened.prefix), |path| path.display().to_string());
        let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        super::print(&format!(
            "{shown}: {} accepted, {} added, {} taken out\n",
            count(change.accepted, "finding"),
            change.added,
            change.removed
        ));
        Ok(Exit::Clean)
    }
}

fn read(path: &Path) -> Result<Option<Baseline>, Failure> {
    let Some(text) = read_own(path) else {
        // A file that is there and is no text must not look like none.
        return match path.exists() {
            true => Err(unusable(path, "it cannot be read as text", "restore it from git, or pass `--no-baseline`")),
            false => Ok(None),
        };
    };
    Baseline::parse(&text).map(Some).map_err(|fault| unusable(path, &fault.to_string(), fault.help()))
}

fn unusable(path: &Path, why: &str, help: &str) -> Failure {
    Failure::Usage { text: format!("cannot use the baseline `{}`: {why}", path.display()), help: help.to_owned() }
}
