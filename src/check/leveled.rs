//! The level of a finding: the rule's own, softened in drafts, unless the policy says otherwise.

use crate::diag::{Context, Diagnostic, Level, Skipped};
use crate::policy::{Entry, InForceLevel, LevelSource, Levels, PresetName};
use crate::rules::{Known, Rule};
use crate::spec::Status;

/// The level of a rule for an experiment in a state, under the levels of its path.
pub fn level_of(
    rule: &'static Rule,
    status: Option<Status>,
    preset: PresetName,
    levels: &Levels<'_>,
) -> (Level, LevelSource) {
    let InForceLevel { level, source, .. } = in_force(Known::of(rule), status, preset, levels);
    (level, source)
}

/// A step on the way to the level in force.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// The rule's own level.
    BuiltIn(Level),
    /// A draft is told softly.
    Draft(Level),
    /// The strict preset takes warnings of complete specs seriously.
    Strict(Level),
    /// A line of `expc.toml`, and what it counts on the day of the run.
    Written(Entry<'a>, Level),
}

impl Step<'_> {
    pub fn level(&self) -> Level {
        match self {
            Step::BuiltIn(level) | Step::Draft(level) | Step::Strict(level) | Step::Written(_, level) => *level,
        }
    }
}

/// Every step that had a say, in order; the last one counts.
pub fn steps<'a>(rule: Known<'_>, status: Option<Status>, preset: PresetName, levels: &Levels<'a>) -> Vec<Step<'a>> {
    let mut steps = vec![Step::BuiltIn(rule.level)];
    let mut level = rule.level;
    if status == Some(Status::Draft) && rule.draft != level {
        level = rule.draft;
        steps.push(Step::Draft(level));
    }
    let committed = status.is_some_and(Status::is_committed);
    if preset == PresetName::Strict && level == Level::Warn && committed {
        steps.push(Step::Strict(Level::Error));
    }
    let written = levels.entries(rule.code, rule.name, rule.group);
    steps.extend(written.into_iter().map(|entry| Step::Written(entry, levels.by_day(entry.setting).0)));
    steps
}

/// The level in force for a rule, and the day it waits for.
pub fn in_force(rule: Known<'_>, status: Option<Status>, preset: PresetName, levels: &Levels<'_>) -> InForceLevel {
    let own = match status {
        Some(Status::Draft) => rule.draft,
        _ => rule.level,
    };
    // The strict preset takes warnings seriously once a spec claims to be complete.
    let own = match (preset, own) {
        (PresetName::Strict, Level::Warn) if status.is_some_and(Status::is_committed) => Level::Error,
        (_, own) => own,
    };
    levels.level(rule.code, rule.name, rule.group, own)
}

/// Sets levels and drops what is allowed. A level that waits for its day says so.
pub(super) fn apply(
    findings: &mut Vec<Diagnostic>,
    skipped: &mut Vec<Skipped>,
    rule: Known<'_>,
    status: Option<Status>,
    preset: PresetName,
    levels: &Levels<'_>,
) {
    let InForceLevel { level, error_from, .. } = in_force(rule, status, preset, levels);
    findings.retain_mut(|finding| {
        finding.level = level;
        level != Level::Allow
    });
    let Some(day) = error_from else { return };
    for finding in findings {
        finding.error_from = Some(day.to_string().into());
        if levels.today().is_none() {
            skipped.push(Skipped {
                code: finding.code.clone(),
                experiment: finding.experiment.clone().unwrap_or_default(),
                context: Context::Clock,
                lacks: format!("no date to tell whether it is an error, which it becomes on {day}"),
            });
        }
    }
}
