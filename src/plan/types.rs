//! The shape of a plan.

use std::sync::Arc;

use crate::catalog::Kind;
use crate::spec::design::SrmAction;
use crate::spec::{
    Amount, Boundary, Condition, Correction, Day, Direction, Duration, EffectAmong, EffectScale, Gate, GuardrailsAt,
    HypothesisKind, Method, Population, PowerOf, Role, SecondaryCorrection, SecondaryGate, Share, Sides, Spending,
    Status, Test,
};
use crate::stats::Refusal;
use crate::syntax::{At, Value};
use crate::text::Span;

use super::calendar::Calendar;
use super::decision::Table;
use super::effect::PlannedEffect;
use super::origin::Known;
use super::size::Sized;

/// The compiled experiment.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The id, or the file stem when the spec has none.
    pub id: Arc<str>,
    /// Where the id is written; the start of the file when it is not.
    pub span: Span,
    pub title: Option<Known<String>>,
    pub status: Known<Status>,
    pub owner: Option<Known<String>>,
    pub objective: Option<Known<String>>,
    pub surface: Option<Known<String>>,
    /// The flag key.
    pub flag: Known<String>,
    pub because: Option<Known<String>>,
    pub change: Option<Known<String>>,
    pub expectations: Vec<PlannedExpectation>,
    pub variants: Vec<PlannedVariant>,
    /// What units outside the experiment get, when the catalogue says.
    pub off: Option<Known<Value>>,
    pub audience: PlannedAudience,
    pub exposure: PlannedExposure,
    pub metrics: Vec<PlannedMetric>,
    pub design: PlannedDesign,
    pub calendar: Calendar,
    /// One entry for each metric that is tested against each treatment.
    pub sizes: Vec<Sized>,
    pub decision: Option<Table>,
    pub kill_switch: Option<Known<bool>>,
    /// The variant that was shipped.
    pub winner: Option<Known<String>>,
    /// The flag platforms that are built.
    pub targets: Vec<At<String>>,
}

/// One expected movement.
#[derive(Debug, Clone)]
pub struct PlannedExpectation {
    pub metric: At<String>,
    pub direction: Option<Known<Direction>>,
    pub by: Option<PlannedEffect>,
}

/// What one group of units sees.
#[derive(Debug, Clone)]
pub struct PlannedVariant {
    pub name: String,
    /// The place of the name.
    pub span: Span,
    pub weight: Known<f64>,
    /// Its part of the enrolled units.
    pub fraction: f64,
    pub control: bool,
    pub about: Option<Known<String>>,
    pub payload: Option<Known<Value>>,
    pub force: Vec<At<String>>,
}

/// Who takes part.
#[derive(Debug, Clone)]
pub struct PlannedAudience {
    pub unit: Option<Known<String>>,
    /// The attribute that carries the unit's id.
    pub key: Option<Known<String>>,
    /// False when the unit's ids may hold other characters than ASCII.
    pub unit_ascii: Option<Known<bool>>,
    /// Conditions that must all hold: the named audience's, then the spec's.
    pub conditions: Vec<At<Condition>>,
    /// Conditions that keep a unit out.
    pub exclusions: Vec<At<Condition>>,
    pub base: Option<Known<String>>,
    pub daily_units: Option<Known<f64>>,
    /// Different units by day, when units return; empty when every day brings new ones.
    pub unique_units: Vec<Known<UniqueUnits>>,
    /// Why those counts are not those of returning units.
    pub arrivals_fault: Option<Refusal>,
    pub share: Known<Share>,
    pub layer: Option<PlannedLayer>,
    pub holdout: Option<PlannedHoldout>,
    pub salt: Known<String>,
}

/// How many different units have come by the end of a day, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UniqueUnits {
    pub day: u32,
    pub units: f64,
}

/// The layer, and the slot in it once the portfolio has given one.
#[derive(Debug, Clone)]
pub struct PlannedLayer {
    pub name: Known<String>,
    pub salt: Known<String>,
    /// Where the author wants the slot to begin.
    pub wanted: Option<Known<f64>>,
    /// From, to: parts of the layer.
    pub slot: Option<Known<(f64, f64)>>,
}

/// The holdout that is respected.
#[derive(Debug, Clone)]
pub struct PlannedHoldout {
    pub name: Known<String>,
    pub share: Known<f64>,
    pub salt: Known<String>,
}

/// When it counts.
#[derive(Debug, Clone)]
pub struct PlannedExposure {
    pub event: Option<Known<String>>,
    pub population: Known<Population>,
    /// The part of assigned units that is analysed.
    pub rate: Known<f64>,
    /// Among whom effects are stated.
    pub effect_among: Known<EffectAmong>,
    /// The part of the analysed units that meets the change, where effects are stated among those; 1 otherwise.
    pub dilution: Known<f64>,
}

/// A metric in its role, with all the catalogue knows of it.
#[derive(Debug, Clone)]
pub struct PlannedMetric {
    pub name: String,
    pub role: Role,
    /// Where the spec names it.
    pub span: Span,
    /// Where the whole entry stands.
    pub entry: Span,
    /// Where the catalogue defines it.
    pub defined: Option<Span>,
    pub kind: Option<Known<Kind>>,
    pub unit: Option<Known<String>>,
    /// The good direction.
    pub good: Option<Known<Direction>>,
    /// In the metric's unit; rates as fractions.
    pub baseline: Option<Known<f64>>,
    pub sd: Option<Known<f64>>,
    pub sd_treatment: Option<Known<f64>>,
    /// Between the periods of a switchback.
    pub period_sd: Option<Known<f64>>,
    /// The window over which baseline and deviation were measured.
    pub baseline_window: Option<Known<Duration>>,
    pub measured: Measured,
    pub window: Option<Known<Duration>>,
    pub lag: Option<Known<Duration>>,
    pub pre_correlation: Option<Known<f64>>,
    /// What its test is to show.
    pub hypothesis: Known<HypothesisKind>,
    pub mde: Option<PlannedEffect>,
    pub margin: Option<PlannedEffect>,
    /// Signed, treatment minus control.
    pub true_effect: Option<PlannedEffect>,
}

/// What the catalogue has measured of one kind of metric only.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Of a count.
    pub dispersion: Option<Known<f64>>,
    /// Of a ratio.
    pub parts: Option<Known<Parts>>,
    /// Of a quantile: which, the density there, a past interval.
    pub quantile: Option<Known<f64>>,
    pub density: Option<Known<f64>>,
    pub interval: Option<Known<Interval>>,
    /// Of a time to event: the part of units lost before the end of the window.
    pub dropout: Option<Known<f64>>,
}

/// The two sums of a ratio by unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    pub numerator_sd: f64,
    pub denominator_mean: f64,
    pub denominator_sd: f64,
    pub correlation: f64,
}

/// A past confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    pub units: f64,
    pub confidence: f64,
}

impl PlannedMetric {
    /// True when more is better; `None` when nobody says.
    pub fn higher_is_better(&self) -> Option<bool> {
        self.good.as_ref().map(|good| good.value == Direction::Increase)
    }
}

/// How the numbers are judged.
#[derive(Debug, Clone)]
pub struct PlannedDesign {
    pub method: Known<Method>,
    pub alpha: Known<f64>,
    pub power: Known<f64>,
    pub sides: Known<Sides>,
    pub test: Option<Known<Test>>,
    pub scale: Known<EffectScale>,
    pub correction: Known<Correction>,
    pub power_of: Known<PowerOf>,
    pub secondary: PlannedSecondary,
    /// Claims that could each make a success: treatments times primary metrics.
    pub claims: usize,
    /// Alpha of one claim after the correction.
    pub alpha_per_claim: f64,
    /// Power that each primary metric is sized for.
    pub primary_power: f64,
    /// Power that each guardrail is sized for, so that all of them pass with the planned power.
    pub guardrail_power: f64,
    pub spending: Option<Known<Spending>>,
    pub spending_parameter: Option<Known<f64>>,
    /// Information fractions of the looks; empty for one look at the end.
    pub looks: Vec<At<f64>>,
    pub guardrails_at: Known<GuardrailsAt>,
    pub futility: Option<PlannedFutility>,
    pub boundary: PlannedBoundary,
    pub bayes: Option<PlannedBayes>,
    pub switchback: Option<PlannedSwitchback>,
    pub cluster: Option<PlannedCluster>,
    /// The correlation that variance reduction uses for every metric, when the spec gives one.
    pub reduction: Option<PlannedReduction>,
    /// Factor on the size for assignment by group.
    pub design_effect: Option<Known<f64>>,
    /// Units of analysis in one unit of randomisation, for assignment by group.
    pub cluster_size: Option<Known<f64>>,
    pub srm: PlannedSrm,
    pub segments: Vec<At<String>>,
}

/// The family of the secondary metrics.
#[derive(Debug, Clone)]
pub struct PlannedSecondary {
    pub correction: Known<SecondaryCorrection>,
    pub gate: Known<SecondaryGate>,
    /// Treatments times secondary metrics.
    pub claims: usize,
    /// Alpha of one claim after the correction.
    pub alpha_per_claim: f64,
}

/// Bounds that stop a hopeless run.
#[derive(Debug, Clone)]
pub struct PlannedFutility {
    /// Where the table is written.
    pub span: Span,
    pub spending: Option<Known<Spending>>,
    pub parameter: Option<Known<f64>>,
    pub binding: Known<bool>,
}

/// The boundary of an always-valid design.
#[derive(Debug, Clone)]
pub struct PlannedBoundary {
    pub boundary: Known<Boundary>,
    /// The part of the planned information at which it is tightest.
    pub tuned_for: Known<f64>,
    /// The usual size of true effects, as written; the metric that it is read against decides its unit.
    pub mixing: Option<At<crate::spec::Effect>>,
}

/// A Bayesian rule. Effects are relative to the baseline.
#[derive(Debug, Clone)]
pub struct PlannedBayes {
    pub prior_mean: Known<f64>,
    pub prior_sd: Option<Known<f64>>,
    pub win_probability: Option<Known<f64>>,
    pub max_expected_loss: Option<Known<f64>>,
    pub rope: Option<Known<f64>>,
}

/// The whole switched back and forth.
#[derive(Debug, Clone)]
pub struct PlannedSwitchback {
    pub period: Option<Known<Duration>>,
    pub washout: Option<Known<Duration>>,
    /// Periods that keep one variant.
    pub block: Known<f64>,
    pub autocorrelation: Known<f64>,
    /// Places that switch independently.
    pub places: Known<f64>,
}

/// Assignment by group.
#[derive(Debug, Clone)]
pub struct PlannedCluster {
    pub icc: Option<Known<f64>>,
    pub mean_size: Option<Known<f64>>,
    pub size_cv: Known<f64>,
    /// Groups that there are in all.
    pub total: Option<Known<f64>>,
}

/// Variance reduction as registered.
#[derive(Debug, Clone)]
pub struct PlannedReduction {
    pub method: Known<crate::spec::design::Reduction>,
    pub window: Option<Known<Duration>>,
    pub correlation: Option<Known<f64>>,
}

/// The sample-ratio check.
#[derive(Debug, Clone)]
pub struct PlannedSrm {
    pub check: Known<bool>,
    pub alpha: Known<f64>,
    pub action: Known<SrmAction>,
}

/// One step of the ramp.
#[derive(Debug, Clone)]
pub struct PlannedStage {
    pub name: String,
    pub span: Span,
    /// The part of eligible units that takes part.
    pub share: Known<f64>,
    pub days: u32,
    pub start: Option<Day>,
    /// The last day.
    pub end: Option<Day>,
    pub gate: Known<Gate>,
    /// Weights by variant where they differ from the variants' own.
    pub weights: Vec<(At<String>, At<f64>)>,
    /// True when nobody wrote the stage: one stage with the whole share.
    pub implied: bool,
}

impl Plan {
    pub fn control(&self) -> Option<&PlannedVariant> {
        self.variants.iter().find(|variant| variant.control)
    }

    pub fn treatments(&self) -> impl Iterator<Item = &PlannedVariant> {
        self.variants.iter().filter(|variant| !variant.control)
    }

    pub fn metrics_of(&self, role: Role) -> impl Iterator<Item = &PlannedMetric> {
        self.metrics.iter().filter(move |metric| metric.role == role)
    }

    /// The weights that a stage gives the variants, in their order.
    pub fn weights_in(&self, stage: &PlannedStage) -> Vec<f64> {
        let weight = |variant: &PlannedVariant| match stage.weights.as_slice() {
            [] => variant.weight.value,
            own => own.iter().find(|(name, _)| name.value == variant.name).map_or(0.0, |(_, weight)| weight.value),
        };
        self.variants.iter().map(weight).collect()
    }

    /// The part of the layer that the experiment has, or will have; 1 without a layer.
    pub fn slot_width(&self) -> f64 {
        let Some(layer) = &self.audience.layer else { return 1.0 };
        let given = layer.slot.as_ref().map(|slot| slot.value.1 - slot.value.0).filter(|width| 0.0 < *width);
        given.unwrap_or(self.audience.share.value.fraction())
    }

    /// Puts the experiment into the slot that the portfolio found for it.
    pub fn place(&mut self, slot: Option<(f64, f64)>) {
        if let Some(layer) = &mut self.audience.layer {
            let origin = match &layer.wanted {
                Some(wanted) => wanted.origin,
                None => super::origin::Origin::Computed,
            };
            layer.slot = slot.map(|slot| Known::new(slot, origin));
        }
    }

    pub fn metric(&self, name: &str) -> Option<&PlannedMetric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

/// An amount in the unit of a metric: rates as fractions, money and words as they are.
///
/// `None` when its unit is not the metric's.
pub fn in_unit(amount: &Amount, unit: Option<&str>, binary: bool) -> Option<f64> {
    use crate::spec::Unit;
    match &amount.unit {
        Unit::Percent | Unit::PercentagePoints if binary || matches!(unit, Some("%")) => Some(amount.number / 100.0),
        Unit::Money(sign) => {
            let code = match sign.as_str() {
                "$" => "USD",
                "€" => "EUR",
                "£" => "GBP",
                "¥" => "JPY",
                code => code,
            };
            (unit == Some(code) || unit == Some(sign)).then_some(amount.number)
        }
        Unit::Word(word) => (unit == Some(word)).then_some(amount.number),
        _ => None,
    }
}
