//! `[feedback]`: what is asked of people, and who is told when.

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::Share;
use super::{Field, List, choice};

choice! {
    /// A moment somebody should hear of.
    pub enum Notice {
        /// The planned sample is there.
        SampleReached = "sample-reached",
        /// A planned look is due.
        LookDue = "look-due",
        /// The sample ratio is wrong.
        Srm = "srm",
        /// A guardrail is violated.
        Guardrail = "guardrail",
        /// A stage begins.
        Stage = "stage",
        /// The decision is due.
        DecisionDue = "decision-due",
    }
}

/// What is asked of people, and who is told when.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "feedback_table")]
pub struct Feedback {
    /// A question to some of the units.
    #[schemars(example = &serde_json::json!({ "share": "10%", "event": "survey_response", "ask": "How easy was checkout?" }))]
    pub survey: Field<Survey>,
    /// Who is told when.
    #[schemars(example = &serde_json::json!({ "channel": "slack:#growth-exp", "on": ["srm", "guardrail"] }))]
    pub notify: Field<Notify>,
}

/// A question to some of the units.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Survey {
    /// The part of enrolled units that is asked.
    #[schemars(example = &"10%")]
    pub share: Field<Share>,
    /// The event that carries the answer: an event of the catalogue.
    #[schemars(example = &"survey_response")]
    pub event: Field<String>,
    /// The question.
    #[schemars(example = &"How easy was checkout?")]
    pub ask: Field<String>,
}

/// Who is told when.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Where: `slack:#channel` or an address of the catalogue's owner.
    #[schemars(example = &"slack:#growth-exp")]
    pub channel: Field<String>,
    /// When.
    #[schemars(example = &["sample-reached", "look-due", "srm", "guardrail"])]
    pub on: Field<List<Notice>>,
}
