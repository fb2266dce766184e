//! The rules: one folder a group, one file a rule, one line in the group's `mod.rs`.
//!
//! A rule is a pure function of what it is given (see [`rule`]): it never parses, never asks the clock, never
//! prints. Its doc comment is its page. Codes are never reused. Start with any rule file; they all read alike.

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

pub use rule::{Check, Context, FileCx, GROUPS, PlanCx, PortfolioCx, Rule, Sink};

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

/// The rule with that code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
