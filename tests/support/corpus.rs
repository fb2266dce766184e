//! A workspace on disk whose specs say in a comment what is expected of them.
//!
//! `# expect: MET018 error, ROL015 error` at the head of a file lists its findings, the main one first; a file without
//! that line is clean.

use std::collections::BTreeMap;
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
    /// What each file says of itself, by path.
    pub expected: BTreeMap<String, Vec<String>>,
}

impl Corpus {
    pub fn open(folder: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
        let workspace = Workspace::open(&Disk::new(&root)).with_targets(expc::emit::flags::capabilities());
        let outcome = check(&workspace, Options { today: TODAY.parse().ok() });
        let sources = workspace.sources.iter();
        let expected = sources.map(|(_, source)| (source.path.clone(), expectations(&source.text)));
        Self { expected: expected.collect(), outcome, workspace }
    }

    /// `MET018 error` for every finding, by path, in the order of their places.
    pub fn found(&self) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> =
            self.expected.keys().map(|path| (path.clone(), vec![])).collect();
        for finding in &self.outcome.findings {
            let said = format!("{} {}", finding.code, finding.level.name());
            found.entry(self.path(finding).to_owned()).or_default().push(said);
        }
        found
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

/// What stands behind `# expect:` in the comment at the head of a file.
fn expectations(text: &str) -> Vec<String> {
    let head = text.lines().take_while(|line| line.starts_with('#'));
    let line = head.filter_map(|line| line.strip_prefix("# expect:")).next();
    line.into_iter()
        .flat_map(|line| line.split(','))
        .map(|part| part.trim().to_owned())
        .filter(|p| !p.is_empty())
        .collect()
}
