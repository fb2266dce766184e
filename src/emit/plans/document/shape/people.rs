//! Who takes part, and how enrolment grows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ScalarValue;
use super::words::Operator;
use crate::spec::Gate;
use crate::spec::rollout::Harm;

tables! {
    /// Who takes part.
    AudienceBlock {
        /// The named audience that the conditions narrow.
        base: Option<String> = "buyers",
        /// Conditions that must all hold.
        conditions: Vec<ConditionBlock> = [{ "attribute": "country", "operator": "in", "values": ["US", "CA"], "text": "country in [\"US\", \"CA\"]" }],
        /// Conditions that keep a unit out: one is enough.
        exclusions: Vec<ConditionBlock> = [{ "attribute": "is_staff", "operator": "is", "values": [true], "text": "is_staff is true" }],
        /// The part of eligible units that takes part at the end of the ramp.
        share: f64 = 0.5,
        /// The layer of mutually exclusive experiments.
        layer: Option<LayerBlock> = { "name": "checkout", "from": 0.0, "to": 0.5 },
        /// The holdout that is respected.
        holdout: Option<HoldoutBlock> = { "name": "global-2026", "share": 0.05 },
    }

    /// One test of one attribute.
    ConditionBlock {
        /// The attribute, or property of an event.
        attribute: Option<String> = "country",
        /// The comparison; null when none or several are written.
        operator: Option<Operator> = "in",
        /// What it is compared with: one value, or several for `in` and `not-in`.
        values: Vec<ScalarValue> = ["US", "CA"],
        /// The condition in words.
        text: String = "country in [\"US\", \"CA\"]",
    }

    /// A layer and the slot in it.
    LayerBlock {
        /// Its name.
        name: String = "checkout",
        /// Where the slot begins, as a part of the layer; null until the portfolio has given one.
        from: Option<f64> = 0.0,
        /// Where it ends.
        to: Option<f64> = 0.5,
    }

    /// Units that see no experiment.
    HoldoutBlock {
        /// Its name.
        name: String = "global-2026",
        /// The part of all units that is held out.
        share: f64 = 0.05,
    }

    /// How enrolment grows, and what takes it back.
    RolloutBlock {
        /// The ramp, first to last.
        stages: Vec<StageBlock> = [{ "name": "canary", "share": 0.02, "days": 3, "start": "2027-01-11", "end": "2027-01-13", "gate": "guardrails", "variants": [{ "variant": "control", "share": 0.01 }] }],
        /// False when the days of the ramp are left out of the analysis.
        analyse_ramp: bool = true,
        /// The time after the first exposure that is not analysed.
        burn_in_us: i64 = 0,
        /// True when one switch takes everybody back to the default.
        kill_switch: Option<bool> = true,
        /// What takes everybody back without a person.
        rollback: Vec<RollbackBlock> = [{ "metric": "page_latency", "harm": "margin", "threshold": null, "min_units": 1000 }],
    }

    /// One step of the ramp.
    StageBlock {
        /// Its name.
        name: String = "canary",
        /// The part of eligible units that takes part.
        share: f64 = 0.02,
        /// How long it stays.
        days: u32 = 3,
        /// Its first day.
        #[schemars(extend("format" = "date"))]
        start: Option<String> = "2027-01-11",
        /// Its last day.
        #[schemars(extend("format" = "date"))]
        end: Option<String> = "2027-01-13",
        /// What must hold before the next stage begins.
        gate: Gate = "guardrails",
        /// The part of eligible units that each variant gets.
        variants: Vec<VariantShare> = [{ "variant": "control", "share": 0.01 }],
    }

    /// The part of units that a variant gets.
    VariantShare {
        /// The variant.
        variant: String = "control",
        /// Its part.
        share: f64 = 0.01,
    }

    /// A trigger that takes everybody back.
    RollbackBlock {
        /// The metric that is watched.
        metric: Option<String> = "page_latency",
        /// What it watches.
        harm: Harm = "margin",
        /// The threshold as written, when the margin is not it.
        threshold: Option<String> = "50 ms",
        /// Units per variant before it may fire.
        min_units: Option<i64> = 1000,
    }
}
