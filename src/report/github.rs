//! `github`: workflow commands, which become annotations on the pull request.
//!
//! A runner reads commands from the log, so each finding is exactly one line, and what a spec says cannot start
//! another: line ends and `%` are escaped everywhere, `:` and `,` in properties, and commands of the old `##[…]` syntax
//! are bent. The runner shows ten annotations of each level a step; the log has them all.

use std::io;

use super::shown::{lines_bent, shown, waits};
use super::verdict::{remarks, verdict};
use super::{Format, Look, Report};
use crate::diag::{Diagnostic, Level};
use crate::text::Place;

pub(super) struct Github;

impl Format for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "workflow commands for GitHub Actions: annotations on the changed lines"
    }

    fn write(&self, report: &Report<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        for finding in report.findings() {
            writeln!(out, "{}", command(report, finding))?;
        }
        writeln!(out, "{}", lines_bent(&verdict(report)))?;
        remarks(report, look.verbose).iter().try_for_each(|line| writeln!(out, "{}", lines_bent(line)))
    }
}

fn command(report: &Report<'_>, finding: &Diagnostic) -> String {
    let Place { path, start, end, .. } = Place::of(report.sources, finding.primary.span);
    let level = match finding.level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info | Level::Allow => "notice",
    };
    let title = format!("{} {}", finding.code, finding.name);
    let mut place = format!("file={},line={},endLine={}", property(path), start.line, end.line);
    // The runner refuses columns when the lines differ.
    if start.line == end.line {
        place.push_str(&format!(",col={},endColumn={}", start.column, end.column));
    }

    let label = [&finding.primary.text];
    let label = label.iter().filter(|text| !text.is_empty()).map(|text| data(text));
    let help = finding.help.iter().map(|text| format!("help: {}", data(text)));
    let message: Vec<_> =
        std::iter::once(data(&format!("{}{}", finding.headline, waits(finding)))).chain(label).chain(help).collect();
    format!("::{level} {place},title={}::{}", property(&title), message.join("%0A"))
}

/// A message. [`shown`] leaves no line end, so that `%` is all there is to escape.
fn data(text: &str) -> String {
    shown(text).replace('%', "%25")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
