//! `junit`: XML for build servers that only know tests.
//!
//! A file is a suite. Each error or warning is a failed case; a file without any is one passed case; infos go to the
//! suite's output. Case names hold no numbers, so that a server can follow one from build to build.

use std::collections::{BTreeMap, HashMap};
use std::io;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::shown::{shown, waits};
use super::verdict::{remarks, verdict};
use super::{Format, Look, Report};
use crate::diag::{Diagnostic, Level};
use crate::text::Place;

pub(super) struct Junit;

impl Format for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn about(&self) -> &'static str {
        "JUnit XML for build servers: a suite for each file, a failed test for each finding"
    }

    fn write(&self, report: &Report<'_>, _: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        // Written to memory first: the library's error would hide that a pipe was closed.
        let xml = document(report).to_string().map_err(io::Error::other)?;
        out.write_all(xml.as_bytes())
    }
}

fn document(report: &Report<'_>) -> quick_junit::Report {
    let mut by_path: BTreeMap<&str, Vec<&Diagnostic>> =
        report.sources.iter().map(|(_, source)| (source.path.as_str(), Vec::new())).collect();
    for finding in report.findings() {
        by_path.entry(Place::of(report.sources, finding.primary.span).path).or_default().push(finding);
    }

    let mut document = quick_junit::Report::new("expc");
    for (path, findings) in by_path {
        document.add_test_suite(suite(report, path, &findings));
    }
    let mut closing = TestSuite::new("expc");
    let lines: Vec<_> = std::iter::once(verdict(report)).chain(remarks(report, true)).collect();
    closing.set_system_out(lines.join("\n"));
    document.add_test_suite(closing);
    document
}

fn suite(report: &Report<'_>, path: &str, findings: &[&Diagnostic]) -> TestSuite {
    let path = shown(path);
    let mut suite = TestSuite::new(&path);
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut infos = Vec::new();
    for finding in findings {
        if finding.level < Level::Warn {
            infos.push(description(report, finding));
            continue;
        }
        let mut name = format!("{} {}", shown(&finding.code), shown(&finding.name));
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        if 1 < *count {
            name.push_str(&format!(" ({count})"));
        }
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(finding.level.name()).set_message(shown(&finding.headline));
        status.set_description(description(report, finding));
        let mut case = TestCase::new(name, status);
        case.set_classname(&path);
        suite.add_test_case(case);
    }
    if suite.test_cases.is_empty() {
        let mut case = TestCase::new("no errors or warnings", TestCaseStatus::success());
        case.set_classname(&path);
        suite.add_test_case(case);
    }
    if !infos.is_empty() {
        suite.set_system_out(infos.join("\n"));
    }
    suite
}

/// The whole finding as plain lines: a build server shows no frames.
fn description(report: &Report<'_>, finding: &Diagnostic) -> String {
    let at = |span, text: &str| {
        let Place { path, start, .. } = Place::of(report.sources, span);
        let place = format!("{}:{}:{}", shown(path), start.line, start.column);
        if text.is_empty() { place } else { format!("{place}: {}", shown(text)) }
    };
    let (level, code) = (finding.level.name(), shown(&finding.code));
    let mut lines = vec![format!("{level}[{code}]: {}{}", shown(&finding.headline), waits(finding))];
    lines.push(format!("  {}", at(finding.primary.span, &finding.primary.text)));
    lines.extend(finding.secondary.iter().map(|label| format!("  {}", at(label.span, &label.text))));
    lines.extend(finding.help.iter().map(|help| format!("  help: {}", shown(help))));
    lines.push(format!("  more: expc explain {code}"));
    lines.join("\n")
}
