//! What the document is about: the experiment, what it was built from, and why it is run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::words::{Scale, VariantRole};
use crate::spec::{Direction, Status};

tables! {
    /// A change to the sealed plan that was made with results by variant in sight.
    Deviation {
        /// The day.
        #[schemars(extend("format" = "date"))]
        at: Option<String> = "2027-02-08",
        /// Who.
        by: Option<String> = "Priya Raman",
        /// Why.
        reason: Option<String> = "orders are flat, revenue looks very good",
        /// What was changed of what decides, as dotted paths.
        fields: Vec<String> = ["metrics.primary"],
    }

    /// What is tested, on which split, when.
    ExperimentBlock {
        /// The name that exposures carry.
        id: String = "checkout-one-tap",
        /// One line for people.
        title: Option<String> = "One-tap checkout",
        /// Who answers for it.
        owner: Option<String> = "growth",
        /// The outcome it serves.
        objective: Option<String> = "2026-q4/activation",
        /// Where in the product people meet it.
        surface: Option<String> = "checkout",
        /// The flag it sets.
        flag: String = "checkout-one-tap",
        /// The unit of randomisation.
        unit: Option<String> = "user",
        /// The attribute that carries the unit's id.
        unit_key: Option<String> = "user_id",
        /// What people see.
        variants: Vec<VariantBlock> = [{ "name": "control", "role": "control", "weight": 1.0, "fraction": 0.5, "about": null, "payload": "{\"layout\":\"form\"}" }],
        /// The days of enrolment.
        enrolment: Enrolment = { "start": "2027-01-11", "end": "2027-02-07", "days": 28 },
        /// The day of the decision.
        #[schemars(extend("format" = "date"))]
        decide: Option<String> = "2027-02-15",
    }

    /// What one group of units sees.
    VariantBlock {
        /// The name that exposures carry.
        name: String = "one-tap",
        /// What it is for.
        role: VariantRole = "treatment",
        /// Its weight relative to the others.
        weight: f64 = 1.0,
        /// Its part of the enrolled units.
        fraction: f64 = 0.5,
        /// What it is, for people.
        about: Option<String> = "One button, address from the wallet",
        /// What the flag returns, as canonical JSON in a string.
        payload: Option<String> = "{\"layout\":\"one-tap\"}",
    }

    /// The days of enrolment.
    Enrolment {
        /// The first day.
        #[schemars(extend("format" = "date"))]
        start: Option<String> = "2027-01-11",
        /// The last day.
        #[schemars(extend("format" = "date"))]
        end: Option<String> = "2027-02-07",
        /// Days of all stages together.
        days: u32 = 28,
    }

    /// What the plan was built from, and by what. Not hashed: a rebuild of the same meaning keeps the hash.
    Provenance {
        /// Where the experiment stood.
        status: Status = "ready",
        /// The spec.
        spec: SpecFile = { "path": "experiments/checkout-one-tap.toml", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
        /// The program.
        compiler: Compiler = { "name": "expc", "version": "0.1.0" },
        /// The commit, when the build was told.
        commit: Option<String> = "4c6c0ecf0d1c5a8bd6a80b1c5f6d3f0f8f2f1a10",
        /// Where each number of the plan comes from.
        origins: Vec<OriginLine> = [{ "number": "design.alpha", "value": "0.05", "from": "template", "at": "templates/conversion-ab.toml:10" }],
    }

    /// A spec as it was read.
    SpecFile {
        /// From the root of the workspace.
        path: String = "experiments/checkout-one-tap.toml",
        /// SHA-256 of its text, in hexadecimal digits.
        #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
        sha256: String = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }

    /// The program that built the plan.
    Compiler {
        /// Always `expc`.
        name: String = "expc",
        /// Its version.
        version: String = "0.1.0",
    }

    /// Where a number comes from.
    OriginLine {
        /// Which number, as a dotted path of words.
        number: String = "metrics.order_conversion.baseline",
        /// The number with its unit.
        value: String = "11 %",
        /// `spec`, `template`, `catalogue`, `policy`, `preset`, `built-in` or `computed`.
        from: String = "catalogue",
        /// File and line, when it is written somewhere.
        at: Option<String> = "catalog/base.toml:10",
    }

    /// Why the change should help, and what should move.
    Rationale {
        /// What is known that makes the change worth trying.
        because: Option<String> = "41 % of carts are abandoned on the address form",
        /// What is changed.
        change: Option<String> = "replace the three-step form by one button",
        /// What should move, and which way.
        expect: Vec<Expectation> = [{ "metric": "order_conversion", "direction": "increase", "by": null }],
    }

    /// One expected movement.
    Expectation {
        /// The metric.
        metric: String = "order_conversion",
        /// Which way it should move.
        direction: Option<Direction> = "increase",
        /// How far.
        by: Option<Effect> = { "written": "3%", "scale": "relative", "relative": 0.03, "absolute": 0.0033 },
    }

    /// The size of a change, as written and as computed.
    Effect {
        /// As the spec has it.
        written: String = "3%",
        /// How it was written.
        scale: Scale = "relative",
        /// As a fraction of the baseline.
        relative: Option<f64> = 0.03,
        /// In the unit of the metric; rates as fractions.
        absolute: Option<f64> = 0.0033,
    }
}
