//! What is read, measured, estimated and tested.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::experiment::Effect;
use super::people::ConditionBlock;
use super::words::{Alternative, ClaimKind, ErrorRate, Procedure, Statistic, Strategy, Summary};
use crate::catalog::Kind;
use crate::spec::{Direction, Population, Role, Sides};

tables! {
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
}
