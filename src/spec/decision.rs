//! `[decision]`: what will be done with each outcome, written before there is one.

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::Day;
use super::{Field, List, choice};

choice! {
    /// What the data say of the primary metrics.
    pub enum Outcome {
        /// Better than control, by the registered test.
        Better = "better",
        /// Neither better nor worse was shown.
        Flat = "flat",
        /// Worse than control, by the registered test.
        Worse = "worse",
    }
}

choice! {
    /// What the data say of the guardrails.
    pub enum GuardState {
        /// Every guardrail is shown to stay within its margin.
        Pass = "pass",
        /// At least one is not yet shown to stay within it.
        Open = "open",
        /// At least one is shown to be worse than its margin.
        Fail = "fail",
    }
}

choice! {
    /// What the data-quality checks say.
    pub enum Quality {
        /// The sample ratio and the other checks hold.
        Pass = "pass",
        /// One of them does not: the data cannot be trusted.
        Fail = "fail",
    }
}

choice! {
    /// What is done.
    pub enum Action {
        /// The variant becomes the default for everybody.
        Ship = "ship",
        /// The change is taken back.
        Stop = "stop",
        /// The idea is changed and tried again.
        Iterate = "iterate",
        /// The run goes on: only sequential designs may.
        Extend = "extend",
    }
}

/// What will be done with each outcome.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "decision_table")]
pub struct Decision {
    /// The day of the decision.
    #[schemars(example = &"2027-01-11")]
    pub by: Field<Day>,
    /// Who decides.
    #[schemars(example = &"Priya Raman")]
    pub decider: Field<String>,
    /// The rules, first match wins. What a rule does not name may be anything.
    #[schemars(example = &serde_json::json!([{ "primary": "better", "guardrails": "pass", "then": "ship" }]))]
    pub rules: Field<List<DecisionRule>>,
    /// What is done when no rule matches.
    #[schemars(example = &"iterate")]
    pub otherwise: Field<Action>,
    /// Who gets what is shipped: an audience of the catalogue, or `"all"`; those who took part when absent.
    #[schemars(example = &"all")]
    pub ships_to: Field<String>,
}

/// One row of the decision table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionRule {
    /// The primary metrics: `better` when at least one is and none is worse.
    #[schemars(example = &"better")]
    pub primary: Field<Outcome>,
    /// The guardrails together.
    #[schemars(example = &"pass")]
    pub guardrails: Field<GuardState>,
    /// The data-quality checks.
    #[schemars(example = &"pass")]
    pub quality: Field<Quality>,
    /// One registered metric alone: its name.
    #[schemars(example = &"revenue_per_user")]
    pub metric: Field<String>,
    /// What that metric must show.
    #[schemars(example = &"worse")]
    pub shows: Field<Outcome>,
    /// What is done.
    #[schemars(example = &"ship")]
    pub then: Field<Action>,
}
