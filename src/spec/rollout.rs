//! `[rollout]`: when it starts, how it grows, how it is stopped.

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::{Amount, Day, Duration, Share, Weight};
use super::{Field, List, Named, choice};

choice! {
    /// What must hold before the next stage begins.
    pub enum Gate {
        /// Nothing: time alone.
        None = "none",
        /// No guardrail is violated, and the sample ratio is right.
        Guardrails = "guardrails",
        /// A person says so.
        Manual = "manual",
    }
}

/// When it starts, how it grows, and how it is stopped.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "rollout_table")]
pub struct Rollout {
    /// The first day of the first stage.
    #[schemars(example = &"2026-12-07")]
    pub start: Field<Day>,
    /// The last day; the sum of the stages when absent.
    #[schemars(example = &"2027-01-10")]
    pub end: Field<Day>,
    /// The ramp, first to last. Shares are of the eligible units.
    #[schemars(example = &serde_json::json!([{ "name": "canary", "share": "1%", "hold": "1 day", "gate": "guardrails" }]))]
    pub stages: Field<List<Stage>>,
    /// True when one switch takes everybody back to the default.
    #[schemars(example = true)]
    pub kill_switch: Field<bool>,
    /// What takes everybody back without a person.
    #[schemars(example = &serde_json::json!([{ "metric": "page_latency_p95", "harm": "margin", "min_units": 5000 }]))]
    pub rollback: Field<List<Rollback>>,
    /// The share that is never exceeded while the outcome is open.
    #[schemars(example = &"50%")]
    pub max_share: Field<Share>,
    /// Days after the first exposure that are not analysed: novelty wears off.
    #[schemars(example = &"3 days")]
    pub burn_in: Field<Duration>,
    /// True when the days of the ramp are pooled with the main stage in the analysis.
    #[schemars(example = true, extend("default" = true))]
    pub analyse_ramp: Field<bool>,
}

/// One step of the ramp.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stage {
    /// Its name.
    #[schemars(example = &"canary")]
    pub name: Field<String>,
    /// The part of eligible units that takes part.
    #[schemars(example = &"1%")]
    pub share: Field<Share>,
    /// How long it stays.
    #[schemars(example = &"1 day")]
    pub hold: Field<Duration>,
    /// What must hold before the next stage begins.
    #[schemars(example = &"guardrails", extend("default" = "none"))]
    pub gate: Field<Gate>,
    /// Weights that differ from the variants' own: a rule asks why.
    #[schemars(example = &serde_json::json!({ "control": 1, "one-tap": 1 }))]
    pub weights: Field<Named<Weight>>,
}

choice! {
    /// What a rollback watches.
    pub enum Harm {
        /// The guardrail's margin is crossed, against control.
        Margin = "margin",
        /// The difference to control passes `threshold`.
        Difference = "difference",
        /// The level itself passes `threshold`, whatever control does: a rule asks why.
        Level = "level",
    }
}

/// A trigger that takes everybody back.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rollback {
    /// A guardrail or monitor metric of this spec.
    #[schemars(example = &"page_latency_p95")]
    pub metric: Field<String>,
    /// What it watches.
    #[schemars(example = &"margin", extend("default" = "margin"))]
    pub harm: Field<Harm>,
    /// The threshold, when the margin is not it.
    #[schemars(example = &"50 ms")]
    pub threshold: Field<Amount>,
    /// Units per variant before it may fire.
    #[schemars(example = 5000, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub min_units: Field<i64>,
}
