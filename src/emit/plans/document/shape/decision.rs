//! What will be done with each outcome.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::spec::decision::{GuardState, Quality};
use crate::spec::{Action, Outcome};

tables! {
    /// What will be done with each outcome.
    DecisionBlock {
        /// Who decides.
        decider: Option<String> = "Priya Raman",
        /// What each part of an outcome can be.
        states: States = { "quality": ["pass", "fail"], "guardrails": ["pass", "open", "fail"], "primary": ["better", "flat", "worse"], "named": [] },
        /// The rules, in order; the first that matches decides.
        rows: Vec<RuleRow> = [{ "rule": 1, "when": { "quality": "pass", "guardrails": "pass", "primary": "better", "metric": null, "shows": null }, "then": "ship" }],
        /// What is done when no rule matches.
        otherwise: Option<Action> = "iterate",
        /// Every combination of outcomes and what it leads to.
        table: Vec<Combination> = [{ "quality": "pass", "guardrails": "pass", "primary": "better", "named": [], "then": "ship", "rule": 1 }],
        /// True when every combination leads to exactly one action.
        total: bool = true,
        /// Combinations that lead to none.
        holes: usize = 0,
        /// True when a part of the table could not be read, so that `total` and `holes` prove nothing.
        unreadable: bool = false,
    }

    /// What each part of an outcome can be.
    States {
        /// The data-quality checks.
        quality: Vec<Quality> = ["pass", "fail"],
        /// The guardrails together.
        guardrails: Vec<GuardState> = ["pass", "open", "fail"],
        /// The primary metrics together.
        primary: Vec<Outcome> = ["better", "flat", "worse"],
        /// The metrics that rules name alone; each is `better`, `flat` or `worse`.
        named: Vec<String> = ["revenue_per_user"],
    }

    /// One rule.
    RuleRow {
        /// From 1.
        rule: usize = 1,
        /// When it matches; what is null may be anything.
        when: When = { "quality": "pass", "guardrails": "pass", "primary": "better", "metric": null, "shows": null },
        /// What is done; null when the spec does not say.
        then: Option<Action> = "ship",
    }

    /// The condition of a rule.
    When {
        /// The data-quality checks; a rule that is silent about them holds only for good data.
        quality: Quality = "pass",
        /// The guardrails together.
        guardrails: Option<GuardState> = "pass",
        /// The primary metrics together.
        primary: Option<Outcome> = "better",
        /// One metric alone.
        metric: Option<String> = "revenue_per_user",
        /// What that metric must show.
        shows: Option<Outcome> = "worse",
    }

    /// One combination of outcomes and what it leads to.
    Combination {
        /// The data-quality checks.
        quality: Quality = "pass",
        /// The guardrails together.
        guardrails: GuardState = "pass",
        /// The primary metrics together.
        primary: Outcome = "better",
        /// The metrics that rules name alone, in the order of `states.named`.
        named: Vec<Outcome> = ["flat"],
        /// What is done; null for a hole.
        then: Option<Action> = "ship",
        /// The rule that decides; null for `otherwise` and for a hole.
        rule: Option<usize> = 1,
    }
}
