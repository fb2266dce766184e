//! Old faults that a team has accepted for the time being: afterwards only new ones count.
//!
//! The file has one line for its version and one line a finding, sorted. There are no commas between lines, so that two
//! branches that add findings rarely meet, and `merge=union` in `.gitattributes` always merges it: double lines and
//! their order mean nothing. A finding is known again by its fingerprint; the rest of a line is for readers.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::change::names_of;
use super::engine::Outcome;
use crate::diag::Diagnostic;
use crate::portfolio::Workspace;
use crate::text::{Place, printable};

/// The version of this format.
const VERSION: u32 = 1;

/// Findings that are accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    accepted: BTreeSet<Accepted>,
}

/// One finding; the order of the fields is the order of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
struct Accepted {
    path: String,
    code: String,
    experiment: String,
    message: String,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct Head {
    expc_baseline: u32,
}

/// Why a file is no baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaselineFault {
    /// Both sides of a merge are still in it.
    Conflict {
        line: usize,
    },
    Newer {
        version: u32,
    },
    Unreadable {
        line: usize,
        says: String,
    },
}

impl std::fmt::Display for BaselineFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conflict { line } => write!(f, "line {line} is the mark of a merge conflict"),
            Self::Newer { version } => write!(f, "it has version {version}; this expc reads version {VERSION}"),
            Self::Unreadable { line, says } => write!(f, "line {line} is no finding: {says}"),
        }
    }
}

impl BaselineFault {
    /// What to type.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => {
                "keep the lines of both sides and take out the marks; `merge=union` for it in `.gitattributes` does that"
            }
            Self::Newer { .. } => "update expc, or write the file again with `expc check --write-baseline`",
            Self::Unreadable { .. } => {
                "restore it from git, write it again with `--write-baseline`, or pass `--no-baseline`"
            }
        }
    }
}

/// What a baseline did to a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BaselineUse {
    /// Findings that were set aside.
    pub hidden: usize,
    /// Accepted findings that are no longer found.
    pub gone: usize,
}

/// What a new baseline changes of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub accepted: usize,
    pub added: usize,
    pub removed: usize,
}

impl Baseline {
    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, BaselineFault> {
        let mut accepted = BTreeSet::new();
        let mut headed = false;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let number = index + 1;
            if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)) {
                return Err(BaselineFault::Conflict { line: number });
            }
            if !headed {
                let head: Head = serde_json::from_str(line).map_err(|_| BaselineFault::Unreadable {
                    line: number,
                    says: format!("the file does not begin with {{\"expc_baseline\":{VERSION}}}"),
                })?;
                if VERSION < head.expc_baseline {
                    return Err(BaselineFault::Newer { version: head.expc_baseline });
                }
                headed = true;
                continue;
            }
            let finding: Accepted = serde_json::from_str(line)
                .map_err(|error| BaselineFault::Unreadable { line: number, says: error.to_string() })?;
            accepted.insert(finding);
        }
        Ok(Self { accepted })
    }

    /// All findings of a run, but not the faults of expc itself.
    pub fn of(workspace: &Workspace, outcome: &Outcome) -> Self {
        let findings = all(outcome);
        let names = names_of(workspace, &findings);
        let accepted = findings.iter().zip(names).filter(|(finding, _)| finding.code != "INT001");
        let accepted = accepted.map(|(finding, fingerprint)| Accepted {
            path: printable(Place::of(&workspace.sources, finding.primary.span).path),
            code: finding.code.to_string(),
            experiment: finding.experiment.as_deref().map(printable).unwrap_or_default(),
            message: printable(&finding.headline),
            fingerprint,
        });
        Self { accepted: accepted.collect() }
    }

    /// The file.
    pub fn to_text(&self) -> String {
        let line = |finding: &Accepted| serde_json::to_string(finding).expect("a struct of strings is JSON") + "\n";
        let head = serde_json::to_string(&Head { expc_baseline: VERSION }).expect("a number is JSON");
        format!("{head}\n{}", self.accepted.iter().map(line).collect::<String>())
    }

    /// What this one changes of another.
    pub fn against(&self, before: &Self) -> Written {
        let (new, old) = (self.names(), before.names());
        Written {
            accepted: self.accepted.len(),
            added: new.difference(&old).count(),
            removed: old.difference(&new).count(),
        }
    }

    fn names(&self) -> HashSet<&str> {
        self.accepted.iter().map(|finding| finding.fingerprint.as_str()).collect()
    }

    /// Sets aside what is accepted. What `--against` has set aside already is accepted as well.
    pub fn apply(&self, workspace: &Workspace, outcome: &mut Outcome) -> BaselineUse {
        let known = self.names();
        let found = all(outcome);
        let old = outcome.older.len();
        let names = names_of(workspace, &found);
        let gone = known.len() - names.iter().filter(|name| known.contains(name.as_str())).count();
        let mut used = BaselineUse { hidden: 0, gone };
        outcome.findings.clear();
        for (finding, name) in found.into_iter().zip(names).skip(old) {
            if known.contains(name.as_str()) {
                used.hidden += 1;
                outcome.older.push(finding);
            } else {
                outcome.findings.push(finding);
            }
        }
        used
    }
}

/// Everything that was found, what is set aside first.
fn all(outcome: &Outcome) -> Vec<Diagnostic> {
    outcome.older.iter().chain(&outcome.findings).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_used_says_where_and_why() {
        let fault = |text: &str| Baseline::parse(text).expect_err(text);
        let head = "{\"expc_baseline\":1}\n";
        assert_eq!(fault(&format!("{head}<<<<<<< HEAD\n")), BaselineFault::Conflict { line: 2 });
        assert_eq!(fault("{\"expc_baseline\":2}\n"), BaselineFault::Newer { version: 2 });
        assert!(matches!(fault("{\"expc\":1}"), BaselineFault::Unreadable { line: 1, .. }));
        assert!(matches!(fault(&format!("{head}\n[1]\n")), BaselineFault::Unreadable { line: 3, .. }));
        assert!(matches!(fault(&format!("{head}{{\"path\":")), BaselineFault::Unreadable { line: 2, .. }));
        assert_eq!(Baseline::parse(""), Ok(Baseline::default()));
    }

    #[test]
    fn double_lines_and_their_order_mean_nothing() {
        let (a, b) = ("{\"path\":\"a\",\"fingerprint\":\"1\"}", "{\"path\":\"b\",\"fingerprint\":\"2\"}");
        let read = |lines: &[&str]| Baseline::parse(&format!("{{\"expc_baseline\":1}}\r\n{}\n", lines.join("\r\n")));
        assert_eq!(read(&[a, b]), read(&[b, a, "", b]));
        let baseline = read(&[b, a]).expect("a baseline");
        assert_eq!(Baseline::parse(&baseline.to_text()), Ok(baseline));
    }
}
