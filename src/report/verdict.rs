//! The last lines of a run: what was read, what was found, what could not be judged.

use std::collections::BTreeSet;

use super::Report;
use super::shown::shown;
use crate::diag::{Level, Skipped, Suppressed};
use crate::text::Place;

/// Findings by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub errors: usize,
    pub warnings: usize,
    pub infos: usize,
}

impl Counts {
    pub(super) fn of(report: &Report<'_>) -> Self {
        report.findings().fold(Self::default(), |mut counts, finding| {
            match finding.level {
                Level::Error => counts.errors += 1,
                Level::Warn => counts.warnings += 1,
                Level::Info => counts.infos += 1,
                Level::Allow => {}
            }
            counts
        })
    }

    /// The heaviest level found.
    pub(super) fn worst(self) -> Option<Level> {
        match self {
            Self { errors: 1.., .. } => Some(Level::Error),
            Self { warnings: 1.., .. } => Some(Level::Warn),
            Self { infos: 1.., .. } => Some(Level::Info),
            _ => None,
        }
    }
}

/// How many reasons for skipping fit on the line that rolls them up.
const REASONS: usize = 3;

/// `12 experiments in 14 files: 2 errors, 1 warning, 3 infos`, or what is good about there being none.
pub(super) fn verdict(report: &Report<'_>) -> String {
    let summary = &report.summary;
    let Counts { errors, warnings, infos } = Counts::of(report);
    let read = format!("{} in {}", many(summary.experiments, "experiment"), many(summary.files, "file"));
    let found = [(errors, "error"), (warnings, "warning"), (infos, "info")];
    let mut found: Vec<_> = found.iter().filter(|(n, _)| 0 < *n).map(|(n, what)| many(*n, what)).collect();
    if !report.suppressed.is_empty() {
        found.push(format!("{} suppressed", grouped(report.suppressed.len())));
    }
    let judged = match errors + warnings {
        0 if found.is_empty() && summary.files == 0 => "nothing to check".to_owned(),
        0 if found.is_empty() => "all clean".to_owned(),
        0 => format!("clean, {}", found.join(", ")),
        _ => found.join(", "),
    };
    match &summary.today {
        Some(today) => format!("{read}: {judged} (as of {})", shown(today)),
        None => format!("{read}: {judged}"),
    }
}

/// The rules that could not run: one line for all of them, or with `verbose` one line each.
pub(super) fn skipped(report: &Report<'_>, verbose: bool) -> Vec<String> {
    if verbose {
        let line = |skip: &Skipped| {
            format!("skipped {} in {}: {}", shown(&skip.code), shown(&skip.experiment), shown(&skip.lacks))
        };
        return report.skipped.iter().map(line).collect();
    }
    let rules: BTreeSet<_> = report.skipped.iter().map(|skip| &skip.code).collect();
    let experiments: BTreeSet<_> = report.skipped.iter().map(|skip| &skip.experiment).collect();
    let lacks: BTreeSet<_> = report.skipped.iter().map(|skip| skip.lacks.as_str()).collect();
    if rules.is_empty() {
        return Vec::new();
    }
    let mut reasons: Vec<_> = lacks.iter().take(REASONS).map(|lack| shown(lack)).collect();
    if REASONS < lacks.len() {
        reasons.push(format!("{} more; --verbose lists them", lacks.len() - REASONS));
    }
    let (rules, experiments) = (many(rules.len(), "rule"), many(experiments.len(), "experiment"));
    vec![format!("skipped {rules} in {experiments}: {}", reasons.join("; "))]
}

/// With `verbose`, what comments hide and why: one line each.
pub(super) fn suppressed(report: &Report<'_>, verbose: bool) -> Vec<String> {
    let line = |one: &Suppressed| {
        let Place { path, start, .. } = Place::of(report.sources, one.finding.primary.span);
        let until = one.until.as_ref().map_or_else(String::new, |day| format!(" until {}", shown(day)));
        let place = format!("{}:{}:{}", shown(path), start.line, start.column);
        format!("suppressed {} at {place}{until}: {}", shown(&one.finding.code), shown(&one.reason))
    };
    if verbose { report.suppressed.iter().map(line).collect() } else { Vec::new() }
}

/// `1 error`, `2 errors`, `12,000 errors`.
pub(super) fn many(n: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// `12,000`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if 0 < at && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::many;

    #[test]
    fn counts_read_well() {
        assert_eq!(many(0, "error"), "0 errors");
        assert_eq!(many(1, "error"), "1 error");
        assert_eq!(many(12_000, "file"), "12,000 files");
        assert_eq!(many(1_234_567, "file"), "1,234,567 files");
    }
}
