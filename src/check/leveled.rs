//! The level of a finding: the rule's own, softened in drafts, unless the policy says otherwise.

use crate::diag::{Diagnostic, Level};
use crate::policy::{LevelSource, Levels, PresetName};
use crate::rules::Rule;
use crate::spec::Status;

/// The level of a rule for an experiment in a state, under the levels of its path.
pub fn level_of(rule: &Rule, status: Option<Status>, preset: PresetName, levels: &Levels<'_>) -> (Level, LevelSource) {
    let own = match status {
        Some(Status::Draft) => rule.draft,
        _ => rule.level,
    };
    // The strict preset takes warnings seriously once a spec claims to be complete.
    let own = match (preset, own) {
        (PresetName::Strict, Level::Warn) if status.is_some_and(Status::is_committed) => Level::Error,
        (_, own) => own,
    };
    levels.level(rule.code, rule.name, rule.group(), own)
}

/// Sets levels and drops what is allowed.
pub(super) fn apply(
    findings: &mut Vec<Diagnostic>,
    rule: &Rule,
    status: Option<Status>,
    preset: PresetName,
    levels: &Levels<'_>,
) {
    let (level, _) = level_of(rule, status, preset, levels);
    findings.retain_mut(|finding| {
        finding.level = level;
        level != Level::Allow
    });
}
