//! `[metrics]`: what is measured, in which role, and how large an effect counts.

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::{Amount, Duration};
use super::{At, Field, List, choice};
use crate::spec::experiment::Direction;

choice! {
    /// What a metric is for.
    pub enum Role {
        /// Decides success.
        Primary = "primary",
        /// Must not get worse than its margin.
        Guardrail = "guardrail",
        /// Explains; never decides alone.
        Secondary = "secondary",
        /// Watched while it runs; not analysed.
        Monitor = "monitor",
    }
}

choice! {
    /// What a test of a metric is to show.
    pub enum HypothesisKind {
        /// There is a difference.
        Superiority = "superiority",
        /// The effect is larger than the margin.
        SuperiorityByMargin = "superiority-by-margin",
        /// The harm is smaller than the margin.
        NonInferiority = "non-inferiority",
        /// The effect lies within the margin on both sides.
        Equivalence = "equivalence",
    }
}

/// The metrics by role. Lists of a template and of the spec add up.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "metrics_table")]
pub struct Metrics {
    /// Decide success: few, each with the smallest effect worth detecting.
    #[schemars(example = &serde_json::json!([{ "metric": "order_conversion", "mde": { "relative": "2%" } }]))]
    pub primary: Field<List<MetricUse>>,
    /// Must not get worse than their margin: tested for non-inferiority.
    #[schemars(example = &serde_json::json!([{ "metric": "page_latency_p95", "margin": { "absolute": "20 ms" } }]))]
    pub guardrail: Field<List<MetricUse>>,
    /// Explain the result; never decide alone.
    #[schemars(example = &serde_json::json!([{ "metric": "revenue_per_user" }]))]
    pub secondary: Field<List<MetricUse>>,
    /// Watched while it runs; not analysed.
    #[schemars(example = &serde_json::json!([{ "metric": "client_error_rate" }]))]
    pub monitor: Field<List<MetricUse>>,
}

impl Metrics {
    pub fn of(&self, role: Role) -> &Field<List<MetricUse>> {
        match role {
            Role::Primary => &self.primary,
            Role::Guardrail => &self.guardrail,
            Role::Secondary => &self.secondary,
            Role::Monitor => &self.monitor,
        }
    }

    /// Every metric with its role, primaries first.
    pub fn all(&self) -> impl Iterator<Item = (Role, &At<MetricUse>)> {
        Role::ALL.iter().flat_map(|&role| {
            self.of(role).value().into_iter().flat_map(move |list| list.iter().map(move |metric| (role, metric)))
        })
    }
}

/// One metric in one role.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricUse {
    /// A metric of the catalogue.
    #[schemars(example = &"order_conversion")]
    pub metric: Field<String>,
    /// The minimum detectable effect: the smallest change that would be worth shipping.
    #[schemars(example = &serde_json::json!({ "relative": "2%" }))]
    pub mde: Field<Effect>,
    /// The largest harm you accept, as a positive amount in the bad direction; what an effect must beat, or stay within.
    #[schemars(example = &serde_json::json!({ "absolute": "20 ms" }))]
    pub margin: Field<Effect>,
    /// What the test is to show; a primary or secondary metric shows superiority, a guardrail non-inferiority when absent.
    #[schemars(example = &"non-inferiority")]
    pub hypothesis: Field<HypothesisKind>,
    /// The effect that is expected where the margin decides, treatment minus control; none when absent.
    #[schemars(example = &serde_json::json!({ "relative": "1%" }))]
    pub true_effect: Field<Effect>,
    /// How long after exposure the metric is counted; the catalogue's window when absent.
    #[schemars(example = &"7 days")]
    pub window: Field<Duration>,
    /// Its usual value among the analysed units, when they differ from those of the catalogue.
    #[schemars(example = &"61%")]
    pub baseline: Field<Amount>,
    /// Its standard deviation among the analysed units, when they differ from those of the catalogue.
    #[schemars(example = &"38 USD")]
    pub sd: Field<Amount>,
    /// Its standard deviation under treatment, when the change is expected to move it; used by `z` and `welch`.
    #[schemars(example = &"42 USD")]
    pub sd_treatment: Field<Amount>,
    /// Its standard deviation between the periods of a switchback, after the washout.
    #[schemars(example = &"2.4 USD")]
    pub period_sd: Field<Amount>,
    /// The good direction, when the catalogue leaves it open.
    #[schemars(example = &"increase")]
    pub direction: Field<Direction>,
}

/// The size of a change: relative or absolute, never both.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Effect {
    /// Relative to the baseline.
    #[schemars(example = &"2%")]
    pub relative: Field<Amount>,
    /// In the unit of the metric; `pp` for rates.
    #[schemars(example = &"0.5pp")]
    pub absolute: Field<Amount>,
}
