//! The rules: one folder a group, one file a rule, one line here.
//!
//! A rule is a pure function of what it is given (see [`rule`]): it never parses, never asks the clock, never
//! prints. Its doc comment is its page. Codes are never reused.

pub mod prelude;
pub mod rule;

pub mod syntax;

pub use rule::{Check, Context, FileCx, GROUPS, PlanCx, PortfolioCx, Rule, Sink};

/// Every rule, in the order of the codes within the groups.
pub static RULES: &[&Rule] = &[&syntax::unknown_key::RULE, &syntax::misplaced_key::RULE, &syntax::wrong_type::RULE];

/// The rule with that code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
