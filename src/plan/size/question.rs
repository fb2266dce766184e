//! What is asked of one metric against one treatment: endpoint, claim, error rate and power.

use crate::catalog::Kind;
use crate::plan::effect::PlannedEffect;
use crate::plan::types::{Parts, Plan, PlannedDesign, PlannedMetric, PlannedVariant};
use crate::spec::design::Reduction;
use crate::spec::{EffectScale, HypothesisKind, Role, Test};
use crate::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;
use crate::stats::{self, Refusal, normal};

use super::Unsized;

/// A comparison before its looks have a price.
pub(super) struct Question {
    /// Its size factor holds variance reduction and design effect.
    pub comparison: Comparison,
    pub goal: f64,
    /// What the estimate of one unit of the comparison is in the unit of the metric, among those whose effect is stated.
    pub unit: f64,
    pub reduction: f64,
    pub design_effect: f64,
}

fn missing(what: String) -> Unsized {
    Unsized::Missing(what)
}

fn unsized_test(test: Test) -> Unsized {
    Unsized::Unsupported(format!("the test `{test}` is not sized by this version; plan with `z-continuity`"))
}

impl Question {
    pub(super) fn new(
        plan: &Plan,
        metric: &PlannedMetric,
        control: &PlannedVariant,
        treatment: &PlannedVariant,
    ) -> Result<Self, Unsized> {
        let design = &plan.design;
        let endpoint = endpoint(design, metric)?;
        let level = metric.baseline.as_ref().map_or(0.0, |known| known.value);
        let dilution = plan.exposure.dilution.value;
        let scale = design.scale.value;
        let claim = claim(metric, scale, dilution)?;
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
            scale: match scale {
                EffectScale::Difference => Scale::Difference,
                EffectScale::Lift => Scale::Lift,
            },
            alpha,
            sides,
            allocation: treatment.fraction / control.fraction,
            size_factor: reduction * design_effect,
        };
        let unit = match scale {
            EffectScale::Difference => 1.0,
            EffectScale::Lift => level.abs(),
        };
        Ok(Self { comparison, goal, unit: unit / dilution, reduction, design_effect })
    }
}

/// What the metric is, with the numbers that its kind needs.
fn endpoint(design: &PlannedDesign, metric: &PlannedMetric) -> Result<Endpoint, Unsized> {
    let name = &metric.name;
    let kind = metric.kind.as_ref().ok_or_else(|| missing(format!("the kind of `{name}`")))?.value;
    let baseline = metric.baseline.as_ref().ok_or_else(|| missing(format!("a baseline of `{name}`")))?.value;
    let test = design.test.as_ref().map(|test| test.value);
    if kind.is_binary() {
        let test = match test {
            Some(Test::ZUnpooled) => ProportionTest::Unpooled,
            Some(Test::Arcsine) => ProportionTest::Arcsine,
            Some(Test::ZContinuity) => ProportionTest::ContinuityCorrected,
            Some(Test::LogOdds) => ProportionTest::LogOdds,
            Some(test @ (Test::FisherExact | Test::ExactUnconditional)) => return Err(unsized_test(test)),
            // A test that does not fit the kind is another fault; the kind decides.
            _ => ProportionTest::Pooled,
        };
        return Ok(Endpoint::Proportion { baseline, test });
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
        if let Some(density) = &measured.density {
            let p =
                measured.quantile.as_ref().ok_or_else(|| missing(format!("a quantile of `{}`", metric.name)))?.value;
            return positive("density at the quantile", density.value)
                .map(|density| libm::sqrt(p * (1.0 - p)) / density)
                .map_err(Unsized::Refused);
        }
        if let Some(known) = &measured.interval {
            let interval = known.value;
            let z = normal::upper_quantile(0.5 * (1.0 - interval.confidence));
            let width =
                positive("width of the past interval", interval.high - interval.low).map_err(Unsized::Refused)?;
            return Ok(libm::sqrt(interval.units) * width / (2.0 * z));
        }
    }
    Err(missing(format!("a standard deviation of `{}`", metric.name)))
}

fn positive(what: &'static str, value: f64) -> Result<f64, Refusal> {
    if 0.0 < value && value < f64::INFINITY {
        Ok(value)
    } else {
        Err(Refusal::Outside { what, value, range: "(0, inf)" })
    }
}

/// What is to be shown, among the analysed units.
fn claim(metric: &PlannedMetric, scale: EffectScale, dilution: f64) -> Result<Claim, Unsized> {
    let name = &metric.name;
    let higher = metric.higher_is_better().ok_or_else(|| missing(format!("the good direction of `{name}`")))?;
    let good = if higher { 1.0 } else { -1.0 };
    let size = |effect: &Option<PlannedEffect>, what: &str| {
        effect
            .as_ref()
            .and_then(|effect| match scale {
                EffectScale::Difference => effect.absolute,
                EffectScale::Lift => effect.relative,
            })
            .map(|size| size * dilution)
            .ok_or_else(|| missing(format!("{what} for `{name}`")))
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
