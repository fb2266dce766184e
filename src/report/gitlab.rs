//! `gitlab`: a Code Quality report, which becomes the widget on the merge request.

use std::io;

use serde::Serialize;

use super::shown::{shown, waits};
use super::{Format, Look, Report, safe_json};
use crate::diag::fingerprints;
use crate::diag::{Diagnostic, Level};
use crate::text::Place;

pub(super) struct Gitlab;

impl Format for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn about(&self) -> &'static str {
        "a Code Quality report for GitLab merge requests"
    }

    fn write(&self, report: &Report<'_>, _: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let issues: Vec<_> = report
            .findings()
            .zip(fingerprints(report.sources, report.findings()))
            .map(|(finding, fingerprint)| issue(report, finding, fingerprint))
            .collect();
        safe_json::write(&issues, out)
    }
}

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

fn issue<'a>(report: &Report<'a>, finding: &Diagnostic, fingerprint: String) -> Issue<'a> {
    let Place { path, start, end, .. } = Place::of(report.sources, finding.primary.span);
    // The widget shows this line and the path, nothing else: headline, the numbers, where to read on.
    let mut description = shown(&finding.headline);
    if !finding.primary.text.is_empty() {
        description.push_str(&format!("; {}", shown(&finding.primary.text)));
    }
    description.push_str(&waits(finding));
    description.push_str(&format!(" ({} {})", shown(&finding.code), shown(&finding.name)));
    Issue {
        description,
        check_name: shown(&finding.code),
        fingerprint,
        severity: match finding.level {
            Level::Error => "major",
            Level::Warn => "minor",
            Level::Info | Level::Allow => "info",
        },
        location: Location { path, lines: Lines { begin: start.line, end: end.line } },
    }
}
