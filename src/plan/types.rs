//! The shape of a plan.

use std::sync::Arc;

use crate::catalog::Kind;
use crate::spec::design::SrmAction;
use crate::spec::{
    Amount, Condition, Correction, Day, Direction, Duration, Gate, Method, Population, Role, Share, Sides, Spending,
    Status, Test,
};
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
    pub share: Known<Share>,
    pub layer: Option<PlannedLayer>,
    pub holdout: Option<PlannedHoldout>,
    pub salt: Known<String>,
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
    pub window: Option<Known<Duration>>,
    pub lag: Option<Known<Duration>>,
    pub pre_correlation: Option<Known<f64>>,
    pub mde: Option<PlannedEffect>,
    pub margin: Option<PlannedEffect>,
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
    pub correction: Known<Correction>,
    /// Claims that could each make a success: treatments times primary metrics.
    pub claims: usize,
    /// Alpha of one claim after the correction.
    pub alpha_per_claim: f64,
    /// Power that each guardrail is sized for, so that all of them pass with the planned power.
    pub guardrail_power: f64,
    pub spending: Option<Known<Spending>>,
    pub spending_parameter: Option<Known<f64>>,
    /// Information fractions of the looks; empty for one look at the end.
    pub looks: Vec<At<f64>>,
    /// The correlation that variance reduction uses for every metric, when the spec gives one.
    pub reduction: Option<PlannedReduction>,
    /// Factor on the size for assignment by group.
    pub design_effect: Option<Known<f64>>,
    /// Units of analysis in one unit of randomisation, for assignment by group.
    pub cluster_size: Option<Known<f64>>,
    pub srm: PlannedSrm,
    pub segments: Vec<At<String>>,
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
