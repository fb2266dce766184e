//! A workspace below `tests/`, checked through the door of the library.

use std::path::Path;

use expc::check::{Options, Outcome, check};
use expc::diag::{Diagnostic, Level};
use expc::portfolio::Workspace;
use expc::report::{Look, Report, Summary, format};
use expc::world::Disk;

/// The day on which the corpora are judged.
pub const TODAY: &str = "2026-11-22";

/// A workspace below `tests/`, and what was found in it.
pub struct Corpus {
    pub workspace: Workspace,
    pub outcome: Outcome,
}

impl Corpus {
    pub fn open(folder: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
        let workspace = Workspace::open(&Disk::new(&root)).with_targets(expc::emit::flags::capabilities());
        let outcome = check(&workspace, Options { today: TODAY.parse().ok(), ..Options::default() });
        Self { workspace, outcome }
    }

    pub fn path(&self, finding: &Diagnostic) -> &str {
        self.workspace.sources.path(finding.primary.span)
    }

    /// Findings in one format, without the verdict that closes a report.
    pub fn print<'a>(&self, findings: impl IntoIterator<Item = &'a Diagnostic>, name: &str) -> String {
        let findings: Vec<Diagnostic> = findings.into_iter().cloned().collect();
        let report = Report {
            sources: &self.workspace.sources,
            findings: &findings,
            skipped: &[],
            suppressed: &[],
            rules: &[],
            summary: Summary::default(),
        };
        // An info takes one line unless more is asked for.
        let look = Look { verbose: findings.iter().all(|finding| finding.level < Level::Warn), ..Look::default() };
        let mut out = Vec::new();
        let format = format(name).unwrap_or_else(|| panic!("no format `{name}`"));
        format.write(&report, &look, &mut out).expect("writing to memory cannot fail");
        let text = String::from_utf8(out).expect("formats write UTF-8");
        text.trim_end().rsplit_once('\n').map_or_else(String::new, |(body, _)| format!("{}\n", body.trim_end()))
    }
}
