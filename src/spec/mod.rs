//! The language: what a spec may say, typed, each value with its place.
//!
//! One file a table of the spec, in the order in which a spec reads: why, what, for whom, how measured, how
//! decided, how rolled out. The JSON Schema comes from these types. Nothing here judges: a [`Spec`] may be
//! incomplete or unwise, and its [`Field`]s say what is absent and what was unreadable.

pub mod audience;
pub mod decision;
pub mod design;
pub mod experiment;
pub mod feedback;
pub mod governance;
pub mod limits;
pub mod metrics;
pub mod quantity;
pub mod record;
pub mod rollout;
pub mod schema;
mod words;

pub(crate) use words::choice;

use schemars::JsonSchema;
use serde::Deserialize;

pub use crate::syntax::{At, Field, List, Named};
pub use audience::{Audience, Comparison, Condition, EffectAmong, Exposure, Population, Scalar, UniqueUnits};
pub use decision::{Action, Decision, DecisionRule, Outcome};
pub use design::{
    Boundary, Correction, Design, EffectScale, GuardrailsAt, Method, PowerOf, SecondaryCorrection, SecondaryGate,
    Sides, Spending, Test,
};
pub use experiment::{Direction, Expectation, Experiment, Hypothesis, Status, Variant};
pub use feedback::Feedback;
pub use governance::{Privacy, Risk};
pub use metrics::{Effect, HypothesisKind, MetricUse, Metrics, Role};
pub use quantity::{Amount, Day, Duration, Probability, Share, Unit, VersionRange, Weight};
pub use record::{Amendment, Emit, Results};
pub use rollout::{Gate, Rollout, Stage};

/// An experiment: one file under `experiments/`, whose stem is the experiment's id.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "expc experiment", rename = "experiment")]
pub struct Spec {
    /// The version of this language.
    #[schemars(example = 1, range(min = 1, max = 1), required)]
    #[serde(deserialize_with = "crate::spec::limits::version")]
    pub schema: Field<i64>,
    /// The template that this spec starts from: the stem of a file under `templates/`.
    #[schemars(example = &"conversion-ab")]
    pub extends: Field<String>,
    /// What it is called, whose it is, and where it stands.
    #[schemars(example = &serde_json::json!({ "id": "checkout-one-tap", "title": "One-tap checkout" }))]
    pub experiment: Field<Experiment>,
    /// Why the change should help, and what would show that it does not.
    #[schemars(example = &serde_json::json!({ "because": "41 % of carts are abandoned on the address form", "change": "replace the form by one button" }))]
    pub hypothesis: Field<Hypothesis>,
    /// What people see, by variant name. One of them is the control.
    #[schemars(example = &serde_json::json!({ "control": { "weight": 1 }, "one-tap": { "weight": 1 } }))]
    pub variants: Field<Named<Variant>>,
    /// Who takes part, and how many of them.
    #[schemars(example = &serde_json::json!({ "unit": "user", "share": "40%" }))]
    pub audience: Field<Audience>,
    /// When a unit counts as having met the change.
    #[schemars(example = &serde_json::json!({ "event": "checkout_opened" }))]
    pub exposure: Field<Exposure>,
    /// What is measured, registered before the data.
    #[schemars(example = &serde_json::json!({ "primary": [{ "metric": "order_conversion", "mde": { "relative": "2%" } }] }))]
    pub metrics: Field<Metrics>,
    /// How the numbers are judged.
    #[schemars(example = &serde_json::json!({ "method": "fixed", "alpha": 0.05, "power": 0.8 }))]
    pub design: Field<Design>,
    /// When it starts, how it grows, and how it is stopped.
    #[schemars(example = &serde_json::json!({ "start": "2026-12-07", "kill_switch": true }))]
    pub rollout: Field<Rollout>,
    /// What will be done with each outcome.
    #[schemars(example = &serde_json::json!({ "otherwise": "iterate" }))]
    pub decision: Field<Decision>,
    /// What is asked of people, and who is told when.
    #[schemars(example = &serde_json::json!({ "notify": { "channel": "slack:#growth-exp", "on": ["srm"] } }))]
    pub feedback: Field<Feedback>,
    /// Which data is touched, on what legal ground, for how long.
    #[schemars(example = &serde_json::json!({ "data_class": "pseudonymous", "basis": "legitimate-interest", "retention": "180 days" }))]
    pub privacy: Field<Privacy>,
    /// What could go wrong, and who has agreed.
    #[schemars(example = &serde_json::json!({ "level": "low" }))]
    pub risk: Field<Risk>,
    /// What is built from this spec; the workspace decides where this is silent.
    #[schemars(example = &serde_json::json!({ "targets": ["flagd"] }))]
    pub emit: Field<Emit>,
    /// Changes made after the plan was sealed, oldest first.
    #[schemars(example = &serde_json::json!([]))]
    pub amendments: Field<List<Amendment>>,
    /// What came out.
    #[schemars(example = &serde_json::json!({ "decision": "ship" }))]
    pub results: Field<Results>,
}

/// A template: an approved starting point that specs `extends`. It holds any table of a spec, and `[template]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "template_table")]
pub struct TemplateTable {
    /// What the template is for.
    #[schemars(example = &"Two variants, one conversion metric, fixed horizon.")]
    pub about: Field<String>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"experimentation")]
    pub owner: Field<String>,
    /// Keys that a spec may tighten but not loosen, as dotted paths.
    #[schemars(example = &["design.alpha", "metrics.guardrail", "rollout.kill_switch"])]
    pub protected: Field<List<String>>,
}

macro_rules! template {
    ($($(#[$meta:meta])* $field:ident: $type:ty),* $(,)?) => {
        /// A template file under `templates/`: `[template]` and any table of an experiment.
        #[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        #[schemars(title = "expc template", rename = "template")]
        pub struct Template {
            /// The version of this language.
            #[schemars(example = 1, range(min = 1, max = 1), required)]
            #[serde(deserialize_with = "crate::spec::limits::version")]
    pub schema: Field<i64>,
            /// What the template is, and which of its values a spec may not weaken.
            #[schemars(example = &serde_json::json!({ "about": "Two variants, one conversion metric.", "protected": ["design.alpha"] }))]
            pub template: Field<TemplateTable>,
            /// Another template that this one starts from.
            #[schemars(example = &"house-rules")]
            pub extends: Field<String>,
            $($(#[$meta])* pub $field: Field<$type>,)*
        }
    };
}

template! {
    /// What it is called, whose it is, and where it stands.
    #[schemars(example = &serde_json::json!({ "surface": "checkout" }))]
    experiment: Experiment,
    /// Why the change should help, and what would show that it does not.
    #[schemars(example = &serde_json::json!({ "because": "TODO: what you know", "change": "TODO: what you change" }))]
    hypothesis: Hypothesis,
    /// What people see, by variant name.
    #[schemars(example = &serde_json::json!({ "control": { "weight": 1 } }))]
    variants: Named<Variant>,
    /// Who takes part, and how many of them.
    #[schemars(example = &serde_json::json!({ "unit": "user" }))]
    audience: Audience,
    /// When a unit counts as having met the change.
    #[schemars(example = &serde_json::json!({ "event": "checkout_opened" }))]
    exposure: Exposure,
    /// What is measured.
    #[schemars(example = &serde_json::json!({ "guardrail": [{ "metric": "page_latency_p95", "margin": { "absolute": "20 ms" } }] }))]
    metrics: Metrics,
    /// How the numbers are judged.
    #[schemars(example = &serde_json::json!({ "alpha": 0.05 }))]
    design: Design,
    /// How it grows, and how it is stopped.
    #[schemars(example = &serde_json::json!({ "kill_switch": true }))]
    rollout: Rollout,
    /// What will be done with each outcome.
    #[schemars(example = &serde_json::json!({ "otherwise": "iterate" }))]
    decision: Decision,
    /// What is asked of people, and who is told when.
    #[schemars(example = &serde_json::json!({ "notify": { "channel": "slack:#growth-exp", "on": ["srm"] } }))]
    feedback: Feedback,
    /// Which data is touched, on what legal ground, for how long.
    #[schemars(example = &serde_json::json!({ "retention": "180 days" }))]
    privacy: Privacy,
    /// What could go wrong, and who has agreed.
    #[schemars(example = &serde_json::json!({ "level": "low" }))]
    risk: Risk,
    /// What is built from specs of this template.
    #[schemars(example = &serde_json::json!({ "targets": ["flagd"] }))]
    emit: Emit,
}

/// The lists of tables that add up when a spec is laid over its template, and the key that names their members.
pub const MERGED_LISTS: [(&str, &str); 5] = [
    ("metrics.primary", "metric"),
    ("metrics.secondary", "metric"),
    ("metrics.guardrail", "metric"),
    ("metrics.monitor", "metric"),
    ("rollout.rollback", "metric"),
];

/// The names under which a spec asks for parts that are absent: an empty default, so that rules read on.
impl Spec {
    pub fn id(&self) -> Option<&At<String>> {
        self.experiment.value().and_then(|experiment| experiment.id.get())
    }

    pub fn status(&self) -> Status {
        self.experiment.value().and_then(|experiment| experiment.status.copied()).unwrap_or(Status::Draft)
    }
}

/// The tables at the root of a spec that know a key.
pub fn homes_of(key: &str) -> Vec<&'static str> {
    macro_rules! tables {
        ($($name:literal: $type:ty),* $(,)?) => {
            [$(($name, crate::syntax::keys_of::<$type>())),*]
        };
    }
    let tables = tables! {
        "experiment": Experiment, "hypothesis": Hypothesis, "audience": Audience, "exposure": Exposure,
        "metrics": Metrics, "design": Design, "rollout": Rollout, "decision": Decision, "feedback": Feedback,
        "privacy": Privacy, "risk": Risk, "emit": Emit, "results": Results,
    };
    tables.iter().filter(|(_, keys)| keys.contains(&key)).map(|(name, _)| *name).collect()
}
