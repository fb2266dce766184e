//! `[experiment]`, `[hypothesis]` and `[variants]`: what, why, and what people see.

use schemars::JsonSchema;
use serde::Deserialize;

use super::metrics::Effect;
use super::quantity::Weight;
use super::{Field, List, choice};
use crate::syntax::Value;

choice! {
    /// Where an experiment stands. Order is the order of a life.
    pub enum Status {
        /// Being written: what is missing is a warning.
        Draft = "draft",
        /// Complete and reviewed: what is missing is an error.
        Ready = "ready",
        /// Serving people.
        Running = "running",
        /// Ended, with a decision.
        Decided = "decided",
        /// The winning variant is for everybody.
        Shipped = "shipped",
        /// Ended without a winner, or for harm.
        Stopped = "stopped",
        /// Over and cleaned up.
        Archived = "archived",
    }
}

impl Status {
    /// True once the spec claims to be complete.
    pub fn is_committed(self) -> bool {
        Status::Ready <= self
    }

    /// True while flags are built for it.
    pub fn is_live(self) -> bool {
        matches!(self, Status::Ready | Status::Running)
    }

    /// True when it takes no more traffic.
    pub fn is_over(self) -> bool {
        Status::Decided <= self
    }
}

choice! {
    /// The way a metric is expected, or wished, to move.
    pub enum Direction {
        /// Upwards.
        Increase = "increase",
        /// Downwards.
        Decrease = "decrease",
    }
}

/// What it is called, whose it is, and where it stands.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "experiment_table")]
pub struct Experiment {
    /// The name that flags, exposures and plans carry: the stem of the file. Lower case letters, digits and dashes.
    #[schemars(example = &"checkout-one-tap")]
    pub id: Field<String>,
    /// One line for people.
    #[schemars(example = &"One-tap checkout")]
    pub title: Field<String>,
    /// Where it stands.
    #[schemars(example = &"ready", extend("default" = "draft"))]
    pub status: Field<Status>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"growth")]
    pub owner: Field<String>,
    /// The outcome it serves: an objective of the catalogue.
    #[schemars(example = &"2026-q4/activation")]
    pub objective: Field<String>,
    /// Where in the product people meet it: a surface of the catalogue.
    #[schemars(example = &"checkout")]
    pub surface: Field<String>,
    /// The flag it sets; its own id when absent.
    #[schemars(example = &"checkout-cta")]
    pub flag: Field<String>,
    /// Tickets, designs and earlier experiments.
    #[schemars(example = &serde_json::json!({ "ticket": "https://tickets.example/GRO-812" }))]
    pub links: Field<Links>,
    /// Experiments whose units must not be in this one.
    #[schemars(example = &["checkout-address-form"])]
    pub excludes: Field<List<String>>,
    /// Experiments in which a unit must already be.
    #[schemars(example = &["checkout-new-shell"])]
    pub requires: Field<List<String>>,
    /// Free words for searching.
    #[schemars(example = &["payments"])]
    pub tags: Field<List<String>>,
}

/// Where the context of an experiment is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// The ticket.
    #[schemars(example = &"https://tickets.example/GRO-812")]
    pub ticket: Field<String>,
    /// The design or document.
    #[schemars(example = &"https://designs.example/one-tap")]
    pub design: Field<String>,
    /// Earlier experiments that this one builds on.
    #[schemars(example = &["checkout-address-form"])]
    pub previous: Field<List<String>>,
    /// Evidence outside this repository: research, analyses, papers.
    #[schemars(example = &["https://research.example/checkout-interviews"])]
    pub evidence: Field<List<String>>,
}

/// A claim that the data can refute.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "hypothesis_table")]
pub struct Hypothesis {
    /// What you know that makes the change worth trying.
    #[schemars(example = &"41 % of carts are abandoned on the address form")]
    pub because: Field<String>,
    /// What is changed.
    #[schemars(example = &"replace the three-step form by one button")]
    pub change: Field<String>,
    /// What should move, and which way.
    #[schemars(example = &serde_json::json!([{ "metric": "order_conversion", "direction": "increase" }]))]
    pub expect: Field<List<Expectation>>,
    /// True when the experiment measures a harm on purpose, so that a bad direction is expected.
    #[schemars(example = false, extend("default" = false))]
    pub harm_test: Field<bool>,
}

/// One expected movement.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// A primary metric.
    #[schemars(example = &"order_conversion")]
    pub metric: Field<String>,
    /// Which way it should move.
    #[schemars(example = &"increase")]
    pub direction: Field<Direction>,
    /// How far you think it will move.
    #[schemars(example = &serde_json::json!({ "relative": "3%" }))]
    pub by: Field<Effect>,
}

/// What one group of units sees.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Variant {
    /// Its part of the enrolled units, relative to the other weights.
    #[schemars(example = 1, extend("default" = 1))]
    pub weight: Field<Weight>,
    /// True for the variant that all others are compared with; a variant named `control` is it by itself.
    #[schemars(example = true, extend("default" = false))]
    pub control: Field<bool>,
    /// What it is, for people.
    #[schemars(example = &"The three-step form, as today")]
    pub about: Field<String>,
    /// What the flag returns: a table of values.
    #[schemars(example = &serde_json::json!({ "layout": "form" }), with = "std::collections::BTreeMap<String, Value>")]
    #[serde(deserialize_with = "crate::syntax::table_of_values")]
    pub payload: Field<Value>,
}
