//! The structs of the document: the contract, with a description and an example on every key.
//!
//! One file holds the structs of one part; start at [`Document`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[schemars(inline)]
        pub enum $name {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $variant,)*
        }
    };
}

macro_rules! tables {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty = $example:tt),* $(,)? })*) => {
        $(
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            $(#[$meta])*
            pub struct $name {
                $($(#[$field_meta])* #[schemars(example = json!($example))] pub $field: $type,)*
            }
        )*
    };
}

// After the macros: a module sees those that stand above it.
mod decision;
mod design;
mod experiment;
mod measures;
mod people;
mod reading;
mod words;

pub use decision::*;
pub use design::*;
pub use experiment::*;
pub use measures::*;
pub use people::*;
pub use reading::*;
pub use words::*;

tables! {
    /// The analysis plan of one experiment, as it is registered before its data. Lengths of time are whole
    /// microseconds, rates and shares are fractions, days are civil dates in UTC. What is not known is null.
    #[schemars(title = "expc plan", rename = "plan")]
    Document {
        /// The version of this document.
        format: String = "expc.plan/1",
        /// What is tested, on which split, when.
        experiment: ExperimentBlock = { "id": "checkout-one-tap", "title": "One-tap checkout", "owner": "growth", "objective": "2026-q4/activation", "surface": "checkout", "flag": "checkout-one-tap", "unit": "user", "unit_key": "user_id", "variants": [], "enrolment": { "start": "2027-01-11", "end": "2027-02-07", "days": 28 }, "decide": "2027-02-15" },
        /// What it was built from, and by what. Not hashed.
        provenance: Provenance = { "status": "ready", "spec": { "path": "experiments/checkout-one-tap.toml", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }, "compiler": { "name": "expc", "version": "0.1.0" }, "commit": null, "origins": [] },
        /// Why the change should help, and what should move.
        rationale: Rationale = { "because": "41 % of carts are abandoned on the address form", "change": "replace the three-step form by one button", "expect": [] },
        /// Who takes part.
        audience: AudienceBlock = { "base": "buyers", "conditions": [], "exclusions": [], "share": 0.5, "layer": null, "holdout": null },
        /// How enrolment grows, and what takes it back.
        rollout: RolloutBlock = { "stages": [], "analyse_ramp": true, "burn_in_us": 0, "kill_switch": true, "rollback": [] },
        /// Which rows are read, and how.
        data: DataBlock = { "contract": "expc.warehouse/1", "zone": "UTC", "exposure_rule": "first-exposure-wins", "crossover_rule": "exclude-and-count", "population": "exposed", "exposure_event": "checkout_opened", "missing": "no event counts as zero" },
        /// What is measured.
        metrics: Vec<MetricBlock> = [],
        /// What is estimated, after ICH E9(R1).
        estimands: Vec<Estimand> = [],
        /// What is tested.
        hypotheses: Vec<Hypothesis> = [],
        /// How error rates are shared. Every hypothesis is a member of exactly one family.
        multiplicity: Vec<Family> = [{ "family": "primary", "members": ["primary.order_conversion.one-tap"], "procedure": "none", "error": "per-comparison", "alpha": 0.05, "after": null }],
        /// How large the experiment is, and why.
        design: DesignBlock = { "method": "fixed", "alpha": 0.05, "alpha_per_claim": 0.05, "claims": 1, "power": 0.8, "guardrail_power": 0.9333333333333333, "sides": "two", "scale": "difference", "correction": "none", "variance_reduction": null, "design_effect": 1.0, "cluster_size": null, "units_per_day": 60000.0, "exposure_rate": 0.6, "dilution": 1.0, "unique_units": [], "days": 28, "sizes": [], "ships": [] },
        /// The looks of a sequential design; null for one look at the end.
        sequential: Option<Sequential> = null,
        /// The checks that the data must pass before any result is read.
        data_quality: DataQuality = { "srm": { "check": true, "alpha": 0.001, "degrees_of_freedom": 1, "critical_value": 10.827566170662733, "action": "stop", "expected": [], "smallest_leak": null } },
        /// The groups in which effects are also reported.
        segments: Vec<Segment> = [{ "attribute": "platform", "as_of": "exposure", "status": "pre-declared" }],
        /// What is left out of the analysis, in words.
        exclusions: Vec<String> = ["units seen in two variants"],
        /// What will be done with each outcome; null when nothing is registered.
        decision: Option<DecisionBlock> = null,
        /// What was changed with results by variant in sight, oldest first: read as exploratory. Absent when nothing was.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deviations: Vec<Deviation> = [{ "at": "2027-02-08", "by": "Priya Raman", "reason": "orders are flat, revenue looks very good", "fields": ["metrics.primary"] }],
        /// SHA-256 of the canonical JSON (RFC 8785) of this document without `hash` and `provenance`.
        hash: String = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
}

/// A value that an attribute is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub enum ScalarValue {
    Flag(bool),
    Number(f64),
    Text(String),
}
