//! The rules: one folder a group, one file a rule, one line in the group's `mod.rs`.
//!
//! A rule is a pure function of what it is given (see [`rule`]): it never parses, never asks the clock, never
//! prints. Its doc comment is its page. Codes are never reused. Start with any rule file; they all read alike.

pub mod ignores;
mod past;
mod place;
pub mod prelude;
pub mod rule;

pub mod audience;
pub mod decision;
pub mod emission;
pub mod governance;
pub mod guardrails;
pub mod hypothesis;
pub mod lifecycle;
pub mod metrics;
pub mod ownership;
pub mod policy;
pub mod portfolio;
pub mod rollout;
pub mod statistics;
pub mod syntax;

use crate::diag::Level;
use crate::portfolio::{CUSTOM_GROUP, CustomRule, Workspace};

pub use rule::{Check, CommentsCx, Context, FileCx, GROUPS, PlanCx, PortfolioCx, Rule, Sink};

/// The groups in the order in which a spec reads.
static BY_GROUP: [&[&Rule]; 14] = [
    syntax::RULES,
    hypothesis::RULES,
    metrics::RULES,
    statistics::RULES,
    guardrails::RULES,
    decision::RULES,
    rollout::RULES,
    audience::RULES,
    governance::RULES,
    ownership::RULES,
    portfolio::RULES,
    lifecycle::RULES,
    emission::RULES,
    policy::RULES,
];

/// Every rule, by group, in the order of the codes within each.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    BY_GROUP.iter().flat_map(|group| group.iter().copied())
}

/// What a policy or a suppression may call a rule, ours or the organisation's, and its own levels.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub group: &'a str,
    pub level: Level,
    /// The level in drafts.
    pub draft: Level,
}

impl<'a> Known<'a> {
    pub fn of(rule: &'a Rule) -> Self {
        Self { code: rule.code, name: rule.name, group: rule.group(), level: rule.level, draft: rule.draft }
    }

    pub fn custom(rule: &'a CustomRule) -> Self {
        Self { code: &rule.code, name: &rule.name, group: CUSTOM_GROUP, level: rule.level, draft: rule.level }
    }
}

/// Every rule that a workspace knows: ours, then the organisation's.
pub fn known<'a>(workspace: &'a Workspace) -> impl Iterator<Item = Known<'a>> + use<'a> {
    let ours = all().map(|rule| -> Known<'a> { Known::of(rule) });
    ours.chain(workspace.custom.rules.iter().map(Known::custom))
}

/// The rule that a policy, a suppression or a person means by a code or name; `None` when nobody knows it.
pub fn find_known<'a>(workspace: &'a Workspace, code_or_name: &str) -> Option<Known<'a>> {
    let is_it = |rule: &Known<'_>| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name;
    known(workspace).find(is_it)
}

/// The rule with that code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
