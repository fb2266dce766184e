//! The last lines of a run: what was read, what was found, what could not be judged.

use std::collections::BTreeSet;

use super::shown::shown;
use super::{Accepted, Compared, Report, Touched};
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

/// What stands under the verdict: whom the change touches, what was set aside, what could not be judged.
pub(super) fn remarks(report: &Report<'_>, verbose: bool) -> Vec<String> {
    let mut lines = touched(report, verbose);
    lines.extend(set_aside(report));
    lines.extend(skipped(report, verbose));
    lines
}

/// How many edits, and how many experiments of each, are named.
const EDITS: usize = 12;
const NAMES: usize = 3;

/// Shared files that the change edits, and the experiments that rest on them.
fn touched(report: &Report<'_>, verbose: bool) -> Vec<String> {
    let compared = &report.summary.compared;
    let (edits, names) = if verbose { (usize::MAX, usize::MAX) } else { (EDITS, NAMES) };
    if compared.touched.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["the change edits what experiments share:".to_owned()];
    for Touched { path, what, fate, keys, experiments } in compared.touched.iter().take(edits) {
        let keys: Vec<_> = keys.iter().map(|key| shown(key)).collect();
        let how = if keys.is_empty() { (*fate).to_owned() } else { short_list(&keys, names) };
        let ids: Vec<_> = experiments.iter().map(|id| shown(id)).collect();
        let whom = match ids.len() {
            0 => "no experiment".to_owned(),
            count => format!("{}: {}", many(count, "experiment"), short_list(&ids, names)),
        };
        lines.push(format!("  {}: {} ({how}) touches {whom}", shown(path), shown(what)));
    }
    let left = compared.touched.len().saturating_sub(edits);
    if 0 < left {
        lines.push(format!("  and {}; --verbose lists them", many(left, "more edit")));
    }
    lines
}

/// "a, b, c and 9 more".
fn short_list(names: &[String], most: usize) -> String {
    let head = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => head,
        left => format!("{head} and {left} more"),
    }
}

/// What is no news.
fn set_aside(report: &Report<'_>) -> Vec<String> {
    let Compared { base, older, baseline, shown: all, .. } = &report.summary.compared;
    let how = if *all { "and do not count" } else { "and not shown; --all shows them" };
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    let mut lines = Vec::new();
    if let Some((reference, commit)) = base
        && 0 < *older
    {
        let name = format!("`{}` ({})", shown(reference), shown(commit));
        lines.push(format!("{} {} older than the change since {name} {how}", many(*older, "finding"), are(*older)));
    }
    if let Some(Accepted { path, hidden, gone }) = baseline {
        if 0 < *hidden {
            lines.push(format!("{} {} accepted in {} {how}", many(*hidden, "finding"), are(*hidden), shown(path)));
        }
        if 0 < *gone {
            lines.push(format!(
                "{} of {} {} gone; `expc check --write-baseline` takes {} out",
                many(*gone, "finding"),
                shown(path),
                are(*gone),
                if *gone == 1 { "it" } else { "them" }
            ));
        }
    }
    lines
}

/// The rules that could not run: one line for all of them, or with `verbose` one line each.
fn skipped(report: &Report<'_>, verbose: bool) -> Vec<String> {
    if verbose {
        let line = |skip: &Skipped| match &*skip.experiment {
            "" => format!("skipped {}: {}", shown(&skip.code), shown(&skip.lacks)),
            id => format!("skipped {} in {}: {}", shown(&skip.code), shown(id), shown(&skip.lacks)),
        };
        return report.skipped.iter().map(line).collect();
    }
    // Those that lack something for one experiment, then those that lack it for all.
    let (of_all, of_one): (Vec<&Skipped>, Vec<&Skipped>) =
        report.skipped.iter().partition(|skip| skip.experiment.is_empty());
    [of_one, of_all].iter().flat_map(|skipped| rolled_up(skipped)).collect()
}

fn rolled_up(skipped: &[&Skipped]) -> Vec<String> {
    let rules: BTreeSet<_> = skipped.iter().map(|skip| &skip.code).collect();
    let experiments: BTreeSet<_> =
        skipped.iter().map(|skip| &skip.experiment).filter(|experiment| !experiment.is_empty()).collect();
    let lacks: BTreeSet<_> = skipped.iter().map(|skip| skip.lacks.as_str()).collect();
    if rules.is_empty() {
        return Vec::new();
    }
    let mut reasons: Vec<_> = lacks.iter().take(REASONS).map(|lack| shown(lack)).collect();
    if REASONS < lacks.len() {
        reasons.push(format!("{} more; --verbose lists them", lacks.len() - REASONS));
    }
    let within = match experiments.len() {
        0 => String::new(),
        count => format!(" in {}", many(count, "experiment")),
    };
    vec![format!("skipped {}{within}: {}", many(rules.len(), "rule"), reasons.join("; "))]
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
