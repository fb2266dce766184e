//! The structs of the document: the contract, with a description and an example on every key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::catalog::Kind;
use crate::spec::decision::{GuardState, Quality};
use crate::spec::design::{Reduction, SrmAction};
use crate::spec::rollout::Harm;
use crate::spec::{
    Action, Boundary, Correction, Direction, EffectScale, Gate, Method, Outcome, Population, Role, Sides, Spending,
    Status,
};

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

words! {
    /// What a hypothesis claims.
    ClaimKind {
        /// There is a difference.
        Superiority = "superiority",
        /// The effect beats the margin.
        SuperiorityByMargin = "superiority-by-margin",
        /// The harm stays below the margin.
        NonInferiority = "non-inferiority",
        /// The effect stays within the margin on both sides: two one-sided tests.
        Equivalence = "equivalence",
    }
}

words! {
    /// Which differences reject the null hypothesis.
    Alternative {
        /// Either direction.
        TwoSided = "two-sided",
        /// Treatment above control.
        Greater = "greater",
        /// Treatment below control.
        Less = "less",
        /// Treatment within the margin of control.
        Within = "within",
    }
}

words! {
    /// The test statistic.
    Statistic {
        /// z test of two proportions, variance pooled under the null.
        ZPooled = "z-pooled",
        /// z test of two proportions, each with its own variance.
        ZUnpooled = "z-unpooled",
        /// z test of two rates on the arcsine scale.
        Arcsine = "arcsine",
        /// Pooled z test of two rates with the correction for continuity.
        ZContinuity = "z-continuity",
        /// z test of the log odds ratio.
        LogOdds = "log-odds",
        /// Fisher's exact test.
        FisherExact = "fisher-exact",
        /// The unconditional exact test of two rates.
        ExactUnconditional = "exact-unconditional",
        /// z test of the log ratio of two rates of events, each with its own variance.
        RateWald = "rate-wald",
        /// z test of the log ratio of two rates of events, variance at the pooled rate.
        RateScore = "rate-score",
        /// z test of two means.
        Z = "z",
        /// Welch's t test of two means.
        WelchT = "welch-t",
        /// z test of two ratios, variance by the delta method.
        ZDelta = "z-delta",
        /// Order statistics of two quantiles.
        Quantile = "quantile",
        /// Log-rank test of two survival curves.
        LogRank = "log-rank",
    }
}

words! {
    /// The population-level summary of an estimand.
    Summary {
        /// Treatment rate minus control rate.
        DifferenceOfRates = "difference-of-rates",
        /// Treatment mean minus control mean.
        DifferenceOfMeans = "difference-of-means",
        /// Treatment ratio minus control ratio.
        DifferenceOfRatios = "difference-of-ratios",
        /// Treatment quantile minus control quantile.
        DifferenceOfQuantiles = "difference-of-quantiles",
        /// Hazard of treatment over hazard of control.
        HazardRatio = "hazard-ratio",
    }
}

words! {
    /// ICH E9(R1), with `exclude` for units that leave the analysis.
    Strategy {
        /// The event does not matter: the unit counts as assigned.
        TreatmentPolicy = "treatment-policy",
        /// The unit leaves the analysis and is counted.
        Exclude = "exclude",
    }
}

words! {
    /// How the members of a family share its error.
    Procedure {
        /// Every member is tested at the family's alpha.
        None = "none",
        /// Alpha divided by the number of members.
        Bonferroni = "bonferroni",
        /// Alpha shared so that independent members spend it exactly.
        Sidak = "sidak",
        /// Bonferroni, stepping down.
        Holm = "holm",
        /// Stepping up from the largest p-value.
        Hochberg = "hochberg",
        /// Closed testing with the test of Simes.
        Hommel = "hommel",
        /// Treatments against one control, their correlation used.
        Dunnett = "dunnett",
        /// One member after the other, each at the family's alpha, until one fails.
        FixedSequence = "fixed-sequence",
        /// Stepping up to the rate of false discoveries.
        BenjaminiHochberg = "benjamini-hochberg",
    }
}

words! {
    /// What a family controls.
    ErrorRate {
        /// The probability of one false claim or more in the family.
        FamilyWise = "family-wise",
        /// The probability of a false claim of each member alone.
        PerComparison = "per-comparison",
        /// All members must hold, so that none needs a correction.
        IntersectionUnion = "intersection-union",
        /// The expected part of false claims among the claims.
        FalseDiscovery = "false-discovery",
        /// Nothing: the members describe.
        Descriptive = "descriptive",
    }
}

words! {
    /// Whether an effect is relative to the baseline.
    Scale {
        /// In the unit of the metric; rates as fractions.
        Absolute = "absolute",
        /// A fraction of the baseline.
        Relative = "relative",
    }
}

words! {
    /// What a variant is for.
    VariantRole {
        /// All others are compared with it.
        Control = "control",
        /// Compared with control.
        Treatment = "treatment",
    }
}

words! {
    /// A comparison of one attribute.
    Operator {
        /// Equal to one of the values.
        In = "in",
        /// Present, and equal to none of the values.
        NotIn = "not-in",
        /// Equal to the value.
        Is = "is",
        /// Present, and not equal to the value.
        IsNot = "is-not",
        /// A strict version comparison.
        Semver = "semver",
        /// At least the number.
        AtLeast = "at-least",
        /// At most the number.
        AtMost = "at-most",
        /// More than the number.
        Above = "above",
        /// Less than the number.
        Below = "below",
        /// Begins with the text.
        StartsWith = "starts-with",
        /// Ends with the text.
        EndsWith = "ends-with",
    }
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

    /// Which rows are read, and how.
    DataBlock {
        /// The tables and columns that the plan is written for.
        contract: String = "expc.warehouse/1",
        /// The zone of all times.
        zone: String = "UTC",
        /// Which exposure assigns a unit.
        exposure_rule: String = "first-exposure-wins",
        /// What happens to units seen in two variants.
        crossover_rule: String = "exclude-and-count",
        /// Who is analysed.
        population: Population = "exposed",
        /// The event at which the variants begin to differ.
        exposure_event: Option<String> = "checkout_opened",
        /// What happens with units whose outcome is missing, in words.
        missing: Option<String> = "no event counts as zero",
    }

    /// One metric in one role.
    MetricBlock {
        /// Unique in the plan: the name, with `#2` behind it when the plan uses it again.
        id: String = "order_conversion",
        /// The name in the catalogue.
        name: String = "order_conversion",
        /// What it is for.
        role: Role = "primary",
        /// What it is, for people.
        about: Option<String> = "Units with at least one order",
        /// What kind of number it is; null when the catalogue does not know the metric.
        kind: Option<Kind> = "proportion",
        /// The good direction.
        direction: Option<Direction> = "increase",
        /// What its values are counted in.
        unit: Option<String> = "%",
        /// The rows that are counted or summed.
        event: Option<EventBlock> = { "event": "order_placed", "value": null },
        /// The rows of a ratio's denominator.
        denominator: Option<EventBlock> = { "event": "session_started", "value": null },
        /// Conditions on the properties of the event.
        filter: Vec<ConditionBlock> = [],
        /// When it is counted, after the first exposure.
        window: Option<Window> = { "start_us": 0, "end_us": 259200000000i64, "basis": "elapsed" },
        /// How late its data is complete.
        lag_us: i64 = 86400000000i64,
        /// What makes it quieter.
        covariate: Option<Covariate> = { "metric": "order_conversion", "window": { "start_us": -1209600000000i64, "end_us": 0, "basis": "elapsed" } },
        /// Values above are counted as this much.
        cap: Option<f64> = 500.0,
        /// The quantile of a quantile metric.
        quantile: Option<f64> = 0.95,
        /// Its usual value; rates as fractions.
        baseline: Option<f64> = 0.11,
        /// Its standard deviation between units.
        sd: Option<f64> = 19.0,
        /// The window over which baseline and deviation were measured, when it is not the metric's own.
        baseline_window_us: Option<i64> = 2419200000000i64,
        /// How far counts vary beyond chance.
        dispersion: Option<f64> = 0.8,
        /// The part of units lost before the end of the window, for time to event.
        dropout: Option<f64> = 0.05,
    }

    /// The rows that a metric reads.
    EventBlock {
        /// The event.
        event: String = "order_placed",
        /// The property that is summed; rows are counted when null.
        value: Option<String> = "revenue_usd",
    }

    /// A half-open range of time relative to the first exposure.
    Window {
        /// The first microsecond inside.
        start_us: i64 = 0,
        /// The first microsecond outside.
        end_us: i64 = 259200000000i64,
        /// Elapsed time, never calendar days.
        basis: String = "elapsed",
    }

    /// A covariate from before the first exposure.
    Covariate {
        /// The metric that serves as covariate.
        metric: String = "order_conversion",
        /// When it is read; null when the spec does not say how far back it reaches.
        window: Option<Window> = { "start_us": -1209600000000i64, "end_us": 0, "basis": "elapsed" },
    }

    /// What is estimated.
    Estimand {
        /// Unique in the plan.
        id: String = "estimand.primary.order_conversion.one-tap",
        /// Whose effect it is.
        population: String = "units that meet the conditions of the audience and log `checkout_opened`",
        /// The variant whose effect it is.
        treatment: String = "one-tap",
        /// The variant it is compared with.
        comparator: String = "control",
        /// The id of the metric.
        variable: String = "order_conversion",
        /// What may happen after assignment, and what it changes.
        intercurrent_events: Vec<IntercurrentEvent> = [{ "event": "the unit is seen in a second variant", "strategy": "exclude" }],
        /// The summary over the population; null when the kind of the metric is not known.
        summary: Option<Summary> = "difference-of-rates",
    }

    /// What may happen after assignment.
    IntercurrentEvent {
        /// The event, in words.
        event: String = "the unit is seen in a second variant",
        /// What it changes.
        strategy: Strategy = "exclude",
    }

    /// What is tested.
    Hypothesis {
        /// Unique in the plan: role, metric, treatment.
        id: String = "primary.order_conversion.one-tap",
        /// The id of the estimand.
        estimand: String = "estimand.primary.order_conversion.one-tap",
        /// What it claims.
        claim: ClaimKind = "superiority",
        /// The margin of a claim that has one: a size, in the bad direction for non-inferiority.
        margin: Option<Effect> = { "written": "0.2pp", "scale": "absolute", "relative": 0.166, "absolute": 0.002 },
        /// The effect that a claim against a margin is sized at, signed; none when null.
        true_effect: Option<Effect> = { "written": "0.05pp", "scale": "absolute", "relative": 0.0416, "absolute": 0.0005 },
        /// How many tails share alpha.
        sided: Sides = "two",
        /// Which differences reject the null hypothesis; null when the good direction is not known.
        alternative: Option<Alternative> = "two-sided",
        /// The test statistic; null when the kind of the metric is not known.
        test: Option<Statistic> = "z-pooled",
        /// The error rate of this test, after the correction of its family, before looks.
        alpha: f64 = 0.05,
        /// What the metric is for.
        role: Role = "primary",
    }

    /// Hypotheses that share an error rate.
    Family {
        /// Its name.
        family: String = "primary",
        /// The ids of its hypotheses.
        members: Vec<String> = ["primary.order_conversion.one-tap"],
        /// How the members share the error.
        procedure: Procedure = "holm",
        /// What is controlled.
        error: ErrorRate = "family-wise",
        /// The error rate of the family.
        alpha: f64 = 0.05,
        /// The family whose members must all succeed before this one is tested; null when it is tested at once.
        after: Option<String> = "primary",
    }

    /// How large the experiment is, and why.
    DesignBlock {
        /// When the data may be looked at.
        method: Method = "fixed",
        /// The false-positive rate of the whole decision.
        alpha: f64 = 0.05,
        /// What each claim of superiority gets of it.
        alpha_per_claim: f64 = 0.05,
        /// Treatments times primary metrics.
        claims: usize = 1,
        /// The power that primary metrics are sized for.
        power: f64 = 0.8,
        /// The power that each guardrail is sized for.
        guardrail_power: f64 = 0.9333333333333333,
        /// Whether both directions are tested.
        sides: Sides = "two",
        /// What an effect is estimated as.
        scale: EffectScale = "difference",
        /// How alpha is shared over the claims.
        correction: Correction = "none",
        /// What makes the numbers quieter.
        variance_reduction: Option<ReductionBlock> = { "method": "cuped", "window_us": 1209600000000i64, "correlation": null },
        /// The factor on sizes for assignment by group; 1 by unit.
        design_effect: f64 = 1.0,
        /// Units of analysis in one unit of randomisation, for assignment by group.
        cluster_size: Option<f64> = 12.0,
        /// Eligible units per day.
        units_per_day: Option<f64> = 60000.0,
        /// The part of assigned units that is analysed.
        exposure_rate: f64 = 0.6,
        /// The part of an effect that is left among the analysed units, when it is stated among exposed ones.
        dilution: f64 = 1.0,
        /// Different units by day, when units return; empty when every day brings new ones.
        unique_units: Vec<UniqueUnitsBlock> = [{ "day": 7, "units": 170000.0 }],
        /// Days of enrolment.
        days: u32 = 28,
        /// One entry for each tested metric and treatment.
        sizes: Vec<Size> = [],
        /// How likely each treatment is to ship; without those that have a claim without a size.
        ships: Vec<ShipBlock> = [{ "treatment": "one-tap", "independent": 0.776, "correlated": 0.791, "correlation": 0.5 }],
    }

    /// The chance that a primary metric succeeds and every guardrail passes: effects as planned, guardrails unmoved.
    ShipBlock {
        /// The treatment.
        treatment: String = "one-tap",
        /// When the metrics move independently.
        independent: f64 = 0.776,
        /// When every two estimates have the correlation that follows.
        correlated: f64 = 0.791,
        /// That correlation.
        correlation: f64 = 0.5,
    }

    /// How many different units have come by a day.
    UniqueUnitsBlock {
        /// Days from the start, from 1.
        day: u32 = 7,
        /// Different units by its end.
        units: f64 = 170000.0,
    }

    /// Variance reduction as registered.
    ReductionBlock {
        /// The way.
        method: Reduction = "cuped",
        /// How far back before the first exposure the covariate reaches.
        window_us: Option<i64> = 1209600000000i64,
        /// The correlation that the spec gives for every metric; the catalogue's when null.
        correlation: Option<f64> = 0.5,
    }

    /// What one hypothesis needs and gets.
    Size {
        /// The id of the hypothesis.
        hypothesis: String = "primary.order_conversion.one-tap",
        /// The effect or margin that it is sized for.
        effect: Option<Effect> = { "written": "3%", "scale": "relative", "relative": 0.03, "absolute": 0.0033 },
        /// What went in and came out; null when it could not be sized.
        sizing: Option<SizingBlock> = null,
        /// Why it could not be sized.
        not_sized: Option<String> = "it lacks a baseline of `order_conversion`",
    }

    /// The inputs and the results of a size. Units are units of analysis, per variant.
    SizingBlock {
        /// The error rate of the test.
        alpha: f64 = 0.05,
        /// What 1 of the effects that the test is computed with is in the unit of the metric.
        unit: f64 = 1.0,
        /// The power that is asked of it.
        power_goal: f64 = 0.8,
        /// Control units needed.
        needed_control: u64 = 141235,
        /// Treatment units needed.
        needed_treatment: u64 = 141235,
        /// Control units that the plan gives.
        available_control: u64 = 183000,
        /// Treatment units that the plan gives.
        available_treatment: u64 = 183000,
        /// The power that these give.
        power: f64 = 0.891,
        /// The probability that the claim is tested at all; below 1 behind a gate and in a fixed sequence.
        reached: f64 = 1.0,
        /// The smallest effect that reaches the power goal, in the unit of the metric.
        detectable: Option<f64> = 0.0029,
        /// Days of enrolment that are complete at the decision.
        mature_days: u32 = 28,
        /// Factor on the size for variance reduction; 1 without.
        factor_variance_reduction: f64 = 1.0,
        /// Factor on the size for interim looks; 1 without.
        factor_sequential: f64 = 1.0,
        /// Factor on the size for assignment by group; 1 by unit.
        factor_design_effect: f64 = 1.0,
        /// What several looks take on average; empty for one look.
        expected: Vec<ExpectedBlock> = [{ "truth": 1.0, "control": 121000.0, "treatment": 121000.0, "days": 23.5, "success": 0.891 }],
        /// What a significant result is worth; null for a posterior, and where none or every result is significant.
        exaggeration: Option<ExaggerationBlock> = { "magnitude": 1.06, "wrong_sign": 0.0000012 },
        /// How likely success is when the effect is drawn from the prior; null without a prior.
        assurance: Option<AssuranceBlock> = { "success": 0.41, "success_and_better": 0.4, "better": 0.5, "limit": 0.47 },
        /// Where the numbers lie outside what the test is good for, in words.
        cautions: Vec<String> = ["control expects 4.0 events, and below 10 the normal test is off: use an exact test"],
    }

    /// What a design with looks takes on average, at one true effect.
    ExpectedBlock {
        /// The true effect over the planned one: 0 for none.
        truth: f64 = 1.0,
        /// Control units.
        control: f64 = 121000.0,
        /// Treatment units.
        treatment: f64 = 121000.0,
        /// Days from the start until the data behind the last look is complete; null without a calendar.
        days: Option<f64> = 23.5,
        /// The probability to stop for success.
        success: f64 = 0.891,
    }

    /// What a significant result is worth when the planned effect is there (Gelman and Carlin 2014).
    ExaggerationBlock {
        /// How many times larger than the truth the estimate is on average.
        magnitude: f64 = 1.06,
        /// How often it points the wrong way.
        wrong_sign: f64 = 0.0000012,
    }

    /// How likely success is before the effect is known.
    AssuranceBlock {
        /// The probability of success.
        success: f64 = 0.41,
        /// Of success while the effect is in the good direction.
        success_and_better: f64 = 0.4,
        /// Of an effect in the good direction.
        better: f64 = 0.5,
        /// What success tends to with ever more units.
        limit: f64 = 0.47,
    }

    /// The looks of a sequential design.
    Sequential {
        /// The kind of bounds.
        method: Method = "group-sequential",
        /// How fast alpha is spent.
        spending: Option<Spending> = "obrien-fleming",
        /// The parameter of the spending family.
        spending_parameter: Option<f64> = 2.0,
        /// The boundary of an always-valid design.
        boundary: Option<Boundary> = "asymptotic",
        /// The tuning parameter of an always-valid design: planned information times rho squared; null for a mixture.
        precision: Option<f64> = 8.6,
        /// Whether both directions have a bound.
        sides: Sides = "two",
        /// True when the data may be looked at on any day: the looks are a day apart and stand for that.
        any_time: bool = false,
        /// How futility may stop the run: its spending function and whether it binds; `none` without.
        futility: String = "none",
        /// The looks, first to last.
        looks: Vec<Look> = [{ "k": 1, "information": 0.5, "date": "2027-01-29", "z": 2.9625880427, "futility_z": null, "can_stop": true, "alpha_spent": 0.0015253 }],
    }

    /// A look with its bound.
    Look {
        /// From 1.
        k: usize = 1,
        /// The part of the planned information.
        information: f64 = 0.5,
        /// The day on which the units of this look have complete windows.
        #[schemars(extend("format" = "date"))]
        date: Option<String> = "2027-01-29",
        /// The bound of the z statistic; null where the look cannot stop.
        z: Option<f64> = 2.9625880427,
        /// Below this z statistic the run is hopeless; null where futility does not stop.
        futility_z: Option<f64> = 0.4,
        /// False where the bound is infinite.
        can_stop: bool = true,
        /// Alpha spent up to this look.
        alpha_spent: Option<f64> = 0.0015253,
    }

    /// The checks that the data must pass before any result is read.
    DataQuality {
        /// The sample-ratio check.
        srm: SrmBlock = { "check": true, "alpha": 0.001, "degrees_of_freedom": 1, "critical_value": 10.827566170662733, "action": "stop", "expected": [], "smallest_leak": null },
    }

    /// The sample-ratio check: Pearson's chi-square of the counts against the planned split.
    SrmBlock {
        /// False when it is switched off.
        check: bool = true,
        /// Below this p-value the ratio is wrong.
        alpha: f64 = 0.001,
        /// Variants with a positive weight, less one.
        degrees_of_freedom: usize = 1,
        /// The chi-square value at which it rejects; null with fewer than two variants.
        critical_value: Option<f64> = 10.827566170662733,
        /// What happens then.
        action: SrmAction = "stop",
        /// The planned split.
        expected: Vec<VariantShare> = [{ "variant": "control", "share": 0.5 }],
        /// The smallest leak that it notices nine times in ten; null while no size says how many units come.
        smallest_leak: Option<LeakBlock> = { "variant": "control", "part": 0.0151, "units": 366000 },
    }

    /// Units of one variant that never reach the data.
    LeakBlock {
        /// The variant in which the check notices least.
        variant: String = "control",
        /// The part of its units that is lost.
        part: f64 = 0.0151,
        /// Units of all variants by the end.
        units: u64 = 366000,
    }

    /// A group in which effects are also reported.
    Segment {
        /// The attribute.
        attribute: String = "platform",
        /// When the attribute is read.
        as_of: String = "exposure",
        /// Always `pre-declared`; other groups are exploratory.
        status: String = "pre-declared",
    }

    /// What will be done with each outcome.
    DecisionBlock {
        /// Who decides.
        decider: Option<String> = "Priya Raman",
        /// What each part of an outcome can be.
        states: States = { "quality": ["pass", "fail"], "guardrails": ["pass", "open", "fail"], "primary": ["better", "flat", "worse"], "named": [] },
        /// The rules, in order; the first that matches decides.
        rows: Vec<RuleRow> = [{ "rule": 1, "when": { "quality": "pass", "guardrails": "pass", "primary": "better", "metric": null, "shows": null }, "then": "ship" }],
        /// What is done when no rule matches.
        otherwise: Option<Action> = "iterate",
        /// Every combination of outcomes and what it leads to.
        table: Vec<Combination> = [{ "quality": "pass", "guardrails": "pass", "primary": "better", "named": [], "then": "ship", "rule": 1 }],
        /// True when every combination leads to exactly one action.
        total: bool = true,
        /// Combinations that lead to none.
        holes: usize = 0,
        /// True when a part of the table could not be read, so that `total` and `holes` prove nothing.
        unreadable: bool = false,
    }

    /// What each part of an outcome can be.
    States {
        /// The data-quality checks.
        quality: Vec<Quality> = ["pass", "fail"],
        /// The guardrails together.
        guardrails: Vec<GuardState> = ["pass", "open", "fail"],
        /// The primary metrics together.
        primary: Vec<Outcome> = ["better", "flat", "worse"],
        /// The metrics that rules name alone; each is `better`, `flat` or `worse`.
        named: Vec<String> = ["revenue_per_user"],
    }

    /// One rule.
    RuleRow {
        /// From 1.
        rule: usize = 1,
        /// When it matches; what is null may be anything.
        when: When = { "quality": "pass", "guardrails": "pass", "primary": "better", "metric": null, "shows": null },
        /// What is done; null when the spec does not say.
        then: Option<Action> = "ship",
    }

    /// The condition of a rule.
    When {
        /// The data-quality checks; a rule that is silent about them holds only for good data.
        quality: Quality = "pass",
        /// The guardrails together.
        guardrails: Option<GuardState> = "pass",
        /// The primary metrics together.
        primary: Option<Outcome> = "better",
        /// One metric alone.
        metric: Option<String> = "revenue_per_user",
        /// What that metric must show.
        shows: Option<Outcome> = "worse",
    }

    /// One combination of outcomes and what it leads to.
    Combination {
        /// The data-quality checks.
        quality: Quality = "pass",
        /// The guardrails together.
        guardrails: GuardState = "pass",
        /// The primary metrics together.
        primary: Outcome = "better",
        /// The metrics that rules name alone, in the order of `states.named`.
        named: Vec<Outcome> = ["flat"],
        /// What is done; null for a hole.
        then: Option<Action> = "ship",
        /// The rule that decides; null for `otherwise` and for a hole.
        rule: Option<usize> = 1,
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
