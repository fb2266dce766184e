//! `[emit]`, `[[amendments]]` and `[results]`: what is built, what was changed, what came out.

use schemars::JsonSchema;
use serde::Deserialize;

use super::decision::Action;
use super::quantity::Day;
use super::{Field, List, choice};

/// What is built from this spec.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "emit_table")]
pub struct Emit {
    /// The flag platforms; the workspace's when absent.
    #[schemars(example = &["flagd"])]
    pub targets: Field<List<String>>,
    /// What a target must express or the build is refused: `schedule`, `holdout`, `layer` …
    #[schemars(example = &["layer", "holdout"])]
    pub strict: Field<List<String>>,
}

choice! {
    /// What was known of the data when a plan was changed.
    pub enum DataAccess {
        /// No data existed.
        NothingRun = "nothing-run",
        /// Data existed; nobody had opened it.
        NotOpened = "not-opened",
        /// Data had been opened, without results by variant.
        Opened = "opened",
        /// Results by variant had been seen.
        Seen = "seen",
    }
}

/// One change to a sealed plan.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Amendment {
    /// The day.
    #[schemars(example = &"2026-12-15")]
    pub at: Field<Day>,
    /// Who.
    #[schemars(example = &"Priya Raman")]
    pub by: Field<String>,
    /// Why.
    #[schemars(example = &"the tracking of refunds was broken on Android until 5.2.1")]
    pub reason: Field<String>,
    /// What was known of the data then.
    #[schemars(example = &"not-opened")]
    pub data_access: Field<DataAccess>,
    /// The keys that changed, as dotted paths.
    #[schemars(example = &["audience.where"])]
    pub fields: Field<List<String>>,
    /// A mark of what each field has become, in their order, as `expc amend` writes it.
    #[schemars(example = &["3f9a2c41d0e8b7a6"])]
    pub values: Field<List<String>>,
    /// True for a deviation that the team has agreed to read as exploratory.
    #[schemars(example = true, extend("default" = false))]
    pub exploratory: Field<bool>,
}

/// What came out.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "results_table")]
pub struct Results {
    /// The last day with data.
    #[schemars(example = &"2027-01-10")]
    pub ended: Field<Day>,
    /// What was decided.
    #[schemars(example = &"ship")]
    pub decision: Field<Action>,
    /// Which variant was shipped.
    #[schemars(example = &"one-tap")]
    pub variant: Field<String>,
    /// The day of the decision.
    #[schemars(example = &"2027-01-11")]
    pub decided: Field<Day>,
    /// Why the decision departs from the registered rule, when it does.
    #[schemars(example = &"the vendor withdrew the service")]
    pub departure: Field<String>,
    /// Why it ended before its plan, when it did.
    #[schemars(example = &"rollback on page_latency_p95")]
    pub stopped_early: Field<String>,
    /// What was learned, for the next team.
    #[schemars(example = &"one tap helps new buyers most; returning buyers already had an address")]
    pub learned: Field<String>,
    /// The measured effects.
    #[schemars(example = &serde_json::json!([{ "metric": "order_conversion", "relative": "2.4%", "low": "0.9%", "high": "3.9%" }]))]
    pub effects: Field<List<MeasuredEffect>>,
}

/// One measured effect.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MeasuredEffect {
    /// A registered metric.
    #[schemars(example = &"order_conversion")]
    pub metric: Field<String>,
    /// Against control; the variant with the best result when absent.
    #[schemars(example = &"one-tap")]
    pub variant: Field<String>,
    /// The estimate, relative to control.
    #[schemars(example = &"2.4%")]
    pub relative: Field<super::Amount>,
    /// Lower end of the interval.
    #[schemars(example = &"0.9%")]
    pub low: Field<super::Amount>,
    /// Upper end of the interval.
    #[schemars(example = &"3.9%")]
    pub high: Field<super::Amount>,
}
