//! POL003 custom-rule-failed.

use crate::rules::prelude::*;

rule! {
    /// A custom rule could not be judged for an experiment: its expression met a value it cannot use, or took too long.
    ///
    /// ## Why
    /// A rule without an answer has not passed. An experiment that lacks a value is the usual reason: what nobody has
    /// written is null in `plan`, and absent in `spec`.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [custom.short-retention]
    /// require = "int(plan.results.decision) < 90"
    /// message = "data is kept for `{plan.privacy.retention}`"
    /// bad = "results.decision = 'ship'"
    /// good = "results.decision = 'stop'"
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [custom.short-retention]
    /// when = "plan.privacy.retention != null"
    /// require = "plan.privacy.retention.endsWith(' days')"
    /// message = "data is kept for `{plan.privacy.retention}`"
    /// bad = "privacy.retention = '12 weeks'"
    /// good = "privacy.retention = '90 days'"
    /// ```
    static RULE = {
        code: "POL003", name: "custom-rule-failed", since: "0.1.0",
        level: Error, needs: [Policy],
        check: Plan(check),
    }
}

/// The engine runs custom rules and tells what fails under this code: an expression is run once.
fn check(_: &PlanCx<'_>, _: &mut Sink) {}
