//! What is asked of one metric against one treatment: endpoint, claim, error rate and power.

use crate::catalog::Kind;
use crate::plan::effect::{self, PlannedEffect};
use crate::plan::origin::Known;
use crate::plan::types::{Interval, Parts, Plan, PlannedDesign, PlannedMetric, PlannedVariant};
use crate::spec::design::Reduction;
use crate::spec::{Duration, EffectScale, HypothesisKind, Role, Test};
use crate::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use crate::stats::count::{Measure, NullVariance, Rates};
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;
use crate::stats::survival::{self, EventFormula, FollowUp, HazardTest, Hazards};
use crate::stats::{self, quantile};
use crate::syntax::Field;

use super::{Unsized, means};

/// A comparison before its looks have a price.
pub(super) struct Question {
    /// Its size factor holds variance reduction and design effect.
    pub comparison: Comparison,
    /// The comparison that is computed with, where what was randomised is not what is analysed: of the means of groups or
    /// of blocks of time, with their degrees of freedom.
    pub of_means: Option<Comparison>,
    pub goal: f64,
    /// What the estimate of one unit of the comparison is in the unit of the metric, among those whose effect is stated.
    pub unit: f64,
    pub reduction: f64,
    pub design_effect: f64,
    /// The usual size of true effects over the planned one, for a mixture.
    pub mixing: f64,
}

fn missing(what: String) -> Unsized {
    Unsized::Missing(what)
}

impl Question {
    pub(super) fn new(
        plan: &Plan,
        metric: &PlannedMetric,
        control: &PlannedVariant,
        treatment: &PlannedVariant,
    ) -> Result<Self, Unsized> {
        let design = &plan.design;
        let baseline =
            metric.baseline.as_ref().ok_or_else(|| missing(format!("a baseline of `{}`", metric.name)))?.value;
        let endpoint = endpoint(design, metric, baseline)?;
        let dilution = plan.exposure.dilution.value;
        let ruler = Ruler::new(endpoint, design.scale.value, baseline, dilution);
        let claim = claim(metric, &ruler)?;
        if control.fraction <= 0.0 || treatment.fraction <= 0.0 {
            return Err(missing(format!("a weight above 0 for `{}` and `{}`", control.name, treatment.name)));
        }
        let (alpha, goal) = match metric.role {
            Role::Guardrail => (design.alpha.value, design.guardrail_power),
            Role::Secondary | Role::Monitor => (design.secondary.alpha_per_claim, design.power.value),
            Role::Primary => (design.alpha_per_claim, design.primary_power),
        };
        let sides = match metric.hypothesis.value {
            HypothesisKind::Superiority => design.sides.value.into(),
            _ => stats::Sides::One,
        };
        let reduction = reduction(design, metric);
        let design_effect = design.design_effect.as_ref().map_or(1.0, |known| known.value);
        let comparison = Comparison {
            endpoint,
            claim,
            scale: ruler.scale,
            alpha,
            sides,
            allocation: treatment.fraction / control.fraction,
            size_factor: reduction * design_effect,
        };
        let of_means = match (&design.switchback, &design.cluster) {
            (Some(switchback), _) if switchback.period.is_some() => {
                Some(means::of_blocks(&comparison, metric, switchback)?)
            }
            (_, Some(cluster)) => means::of_groups(&comparison, cluster).map_err(Unsized::Refused)?,
            _ => None,
        };
        let mixing = mixing(design, metric);
        Ok(Self { comparison, of_means, goal, unit: ruler.unit, reduction, design_effect, mixing })
    }
}

/// The usual size of true effects over the planned one; 1 where nobody says it in a way that compares.
fn mixing(design: &PlannedDesign, metric: &PlannedMetric) -> f64 {
    let planned = match metric.hypothesis.value {
        HypothesisKind::NonInferiority | HypothesisKind::Equivalence => metric.margin.as_ref(),
        HypothesisKind::Superiority | HypothesisKind::SuperiorityByMargin => metric.mde.as_ref(),
    };
    let ratio = || {
        let level = metric.baseline.as_ref().map(|known| known.value);
        let unit = metric.unit.as_ref().map(|known| known.value.as_str());
        let binary = metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary());
        let usual = effect::planned(&Field::Set(design.boundary.mixing.clone()?), level, unit, binary)?;
        let ratio = match (usual.relative, planned?.relative) {
            (Some(usual), Some(planned)) => usual / planned,
            _ => usual.absolute? / planned?.absolute?,
        };
        (0.0 < ratio.abs() && ratio.is_finite()).then_some(ratio.abs())
    };
    ratio().unwrap_or(1.0)
}

/// How stated effects become those of the comparison, and back.
struct Ruler {
    scale: Scale,
    /// True when effects are read relative to the baseline.
    relative: bool,
    /// A stated effect times this is one of the comparison.
    factor: f64,
    /// An effect of the comparison times this is one in the unit of the metric, as effects are stated.
    unit: f64,
}

impl Ruler {
    fn new(endpoint: Endpoint, scale: EffectScale, baseline: f64, dilution: f64) -> Self {
        let (scale, relative, factor, unit) = match (endpoint, scale) {
            // A relative effect on the time to an event is one on its hazard.
            (Endpoint::TimeToEvent(hazards), _) => {
                (Scale::Difference, true, hazards.control, baseline.abs() / hazards.control)
            }
            (_, EffectScale::Difference) => (Scale::Difference, false, 1.0, 1.0),
            (_, EffectScale::Lift) => (Scale::Lift, true, 1.0, baseline.abs()),
        };
        Self { scale, relative, factor: factor * dilution, unit: unit / dilution }
    }

    fn read(&self, effect: &PlannedEffect) -> Option<f64> {
        let stated = if self.relative { effect.relative } else { effect.absolute };
        stated.map(|size| size * self.factor)
    }
}

/// What the metric is, with the numbers that its kind needs.
fn endpoint(design: &PlannedDesign, metric: &PlannedMetric, baseline: f64) -> Result<Endpoint, Unsized> {
    let name = &metric.name;
    let kind = metric.kind.as_ref().ok_or_else(|| missing(format!("the kind of `{name}`")))?.value;
    let test = design.test.as_ref().map(|test| test.value);
    if kind.is_binary() {
        let test = match test {
            Some(Test::ZUnpooled) => ProportionTest::Unpooled,
            Some(Test::Arcsine) => ProportionTest::Arcsine,
            Some(Test::ZContinuity) => ProportionTest::ContinuityCorrected,
            Some(Test::LogOdds) => ProportionTest::LogOdds,
            Some(Test::FisherExact) => ProportionTest::FisherExact,
            Some(Test::ExactUnconditional) => ProportionTest::ExactUnconditional,
            // A test that does not fit the kind is another fault; the kind decides.
            _ => ProportionTest::Pooled,
        };
        return Ok(Endpoint::Proportion { baseline, test });
    }
    if kind == Kind::TimeToEvent {
        return hazards(metric, baseline, test).map(Endpoint::TimeToEvent);
    }
    let of_counts = matches!(test, Some(Test::Wald | Test::Score)) || metric.measured.dispersion.is_some();
    if kind == Kind::Count && of_counts && !matches!(test, Some(Test::Z | Test::T | Test::Welch)) {
        return rates(metric, baseline, test).map(Endpoint::Count);
    }
    let sd = deviation(kind, metric, baseline)?;
    let sd_treatment = metric.sd_treatment.as_ref().map(|known| known.value);
    let test = match (kind, test, sd_treatment) {
        (Kind::Quantile, _, Some(sd_treatment)) | (_, Some(Test::Z), Some(sd_treatment)) => {
            MeanTest::UnequalZ { sd_treatment }
        }
        (Kind::Quantile, _, None) | (_, Some(Test::Z), None) => MeanTest::Z,
        (_, Some(Test::Welch), sd_treatment) => MeanTest::Welch { sd_treatment: sd_treatment.unwrap_or(sd) },
        (_, _, Some(sd_treatment)) => MeanTest::Welch { sd_treatment },
        (_, _, None) => MeanTest::T,
    };
    Ok(Endpoint::Mean { baseline, sd, test })
}

/// Hazards from the part of units with the event by the end of the window.
fn hazards(metric: &PlannedMetric, baseline: f64, test: Option<Test>) -> Result<Hazards, Unsized> {
    let name = &metric.name;
    let window = metric.window.as_ref().ok_or_else(|| missing(format!("a window of `{name}`")))?.value.in_days();
    let measured = metric.baseline_window.as_ref().map_or(window, |known| known.value.in_days());
    let dropout = metric.measured.dropout.as_ref().map_or(Ok(0.0), |share| survival::hazard(share.value, window));
    Ok(Hazards {
        control: survival::hazard(baseline, measured).map_err(Unsized::Refused)?,
        test: HazardTest::Logrank(match test {
            Some(Test::Freedman) => EventFormula::Freedman,
            _ => EventFormula::Schoenfeld,
        }),
        // Every unit is watched over its own window.
        watched: FollowUp { accrual: 0.0, follow_up: window, dropout_hazard: dropout.map_err(Unsized::Refused)? },
    })
}

/// Rates of counted events, by the window over which the baseline was measured.
fn rates(metric: &PlannedMetric, baseline: f64, test: Option<Test>) -> Result<Rates, Unsized> {
    let days = |known: &Option<Known<Duration>>| known.as_ref().map(|known| known.value.in_days());
    let exposure = match (days(&metric.window), days(&metric.baseline_window)) {
        (Some(window), Some(measured)) => window / measured,
        _ => 1.0,
    };
    let overdispersion = match (&metric.measured.dispersion, &metric.sd) {
        (Some(dispersion), _) => dispersion.value,
        // The variance is mean + k mean^2; a smaller one than the mean's is planned as Poisson.
        (None, Some(sd)) if baseline != 0.0 => ((sd.value * sd.value - baseline) / (baseline * baseline)).max(0.0),
        _ => return Err(missing(format!("a dispersion or a standard deviation of `{}`", metric.name))),
    };
    let null_variance = match test {
        Some(Test::Score) => NullVariance::Constrained,
        _ => NullVariance::True,
    };
    Ok(Rates { control: baseline, exposure, overdispersion, measure: Measure::Ratio, null_variance })
}

/// The standard deviation of a unit: as given, or from what its kind is made of.
fn deviation(kind: Kind, metric: &PlannedMetric, baseline: f64) -> Result<f64, Unsized> {
    if let Some(sd) = &metric.sd {
        return Ok(sd.value);
    }
    let measured = &metric.measured;
    if let (Kind::Ratio, Some(parts)) = (kind, &measured.parts) {
        let Parts { numerator_sd, denominator_mean, denominator_sd, correlation } = parts.value;
        let covariance = correlation * numerator_sd * denominator_sd;
        let numerator = (baseline * denominator_mean, numerator_sd * numerator_sd);
        let denominator = (denominator_mean, denominator_sd * denominator_sd);
        return stats::variance::ratio(numerator, denominator, covariance).map(libm::sqrt).map_err(Unsized::Refused);
    }
    if kind == Kind::Quantile {
        let variance = match (&measured.density, &measured.interval) {
            (Some(density), _) => {
                let lacks = || missing(format!("a quantile of `{}`", metric.name));
                let p = measured.quantile.as_ref().ok_or_else(lacks)?.value;
                Some(quantile::from_density(p, density.value))
            }
            (None, Some(known)) => {
                let Interval { low, high, units, confidence } = known.value;
                Some(quantile::from_interval((low, high), 1.0 - confidence, units))
            }
            (None, None) => None,
        };
        if let Some(variance) = variance {
            return variance.map(libm::sqrt).map_err(Unsized::Refused);
        }
    }
    Err(missing(format!("a standard deviation of `{}`", metric.name)))
}

/// What is to be shown, among the analysed units.
fn claim(metric: &PlannedMetric, ruler: &Ruler) -> Result<Claim, Unsized> {
    let name = &metric.name;
    let higher = metric.higher_is_better().ok_or_else(|| missing(format!("the good direction of `{name}`")))?;
    let good = if higher { 1.0 } else { -1.0 };
    let size = |effect: &Option<PlannedEffect>, what: &str| {
        let read = effect.as_ref().and_then(|effect| ruler.read(effect));
        read.ok_or_else(|| missing(format!("{what} for `{name}`")))
    };
    let mde = || size(&metric.mde, "an MDE").map(|effect| good * effect.abs());
    let margin = || size(&metric.margin, "a margin").map(f64::abs);
    let true_effect = match &metric.true_effect {
        None => Ok(0.0),
        Some(_) => size(&metric.true_effect, "a readable true effect"),
    };
    Ok(match metric.hypothesis.value {
        HypothesisKind::Superiority => Claim::Superiority { effect: mde()? },
        HypothesisKind::SuperiorityByMargin => Claim::SuperiorityByMargin { effect: mde()?, margin: margin()? },
        HypothesisKind::NonInferiority => {
            Claim::NonInferiority { margin: margin()?, higher_is_better: higher, true_effect: true_effect? }
        }
        HypothesisKind::Equivalence => {
            let margin = margin()?;
            Claim::Equivalence { lower: -margin, upper: margin, true_effect: true_effect? }
        }
    })
}

/// What variance reduction leaves, with the correlation of the spec or of the catalogue.
fn reduction(design: &PlannedDesign, metric: &PlannedMetric) -> f64 {
    let Some(reduction) = design.reduction.as_ref().filter(|reduction| reduction.method.value != Reduction::None)
    else {
        return 1.0;
    };
    let rho = reduction.correlation.as_ref().or(metric.pre_correlation.as_ref()).map_or(0.0, |known| known.value);
    // A correlation of 1 would need no units at all: a hundredth of the sample always stays.
    stats::variance::adjusted(rho, 1.0).unwrap_or(0.0).max(0.01)
}
