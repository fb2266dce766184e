//! How large the experiment is, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::experiment::Effect;
use crate::spec::design::Reduction;
use crate::spec::{Correction, EffectScale, Method, Sides};

tables! {
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
}
