//! `concise`: one line a finding, as compilers and editors have read them for fifty years.

use std::io;

use super::shown::{lines_bent, shown, waits};
use super::verdict::{remarks, suppressed, verdict};
use super::{Format, Look, Report};
use crate::text::Place;

pub(super) struct Concise;

impl Format for Concise {
    fn name(&self) -> &'static str {
        "concise"
    }

    fn about(&self) -> &'static str {
        "one line a finding: path:line:column: level[code] headline"
    }

    fn write(&self, report: &Report<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        for finding in report.findings() {
            let Place { path, start, .. } = Place::of(report.sources, finding.primary.span);
            let (level, code) = (finding.level.name(), shown(&finding.code));
            let line = format!(
                "{}:{}:{}: {level}[{code}] {}{}\n",
                shown(path),
                start.line,
                start.column,
                shown(&finding.headline),
                waits(finding)
            );
            out.write_all(lines_bent(&line).as_bytes())?;
        }
        writeln!(out, "{}", verdict(report))?;
        let hidden = suppressed(report, look.verbose);
        hidden.iter().chain(&remarks(report, look.verbose)).try_for_each(|line| writeln!(out, "{line}"))
    }
}
