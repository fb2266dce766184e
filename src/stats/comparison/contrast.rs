//! From a claim about rates or means to a distance and its deviations.
//!
//! Everything is per root control unit: the standard error is the deviation over `sqrt(n_control)`.

use super::{Endpoint, Scale};
use crate::stats::mean::{self, MeanTest};
use crate::stats::proportion::{self, ProportionTest};

/// One one-sided test on the scale of its statistic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contrast {
    /// From the null to the truth, positive in the direction of the claim.
    pub distance: f64,
    /// Deviation that the statistic assumes.
    pub assumed: f64,
    /// True deviation.
    pub truth: f64,
    /// What a continuity correction takes from the distance, times the control units.
    pub correction: f64,
    /// Variances of a control and of a treatment unit; for means only.
    pub variances: (f64, f64),
}

impl Contrast {
    /// The contrast of a test whose deviations are known, not estimated.
    fn known(distance: f64, assumed: f64, truth: f64) -> Self {
        Self { distance, assumed, truth, correction: 0.0, variances: (f64::NAN, f64::NAN) }
    }
}

/// The contrast between the true `effect` and the `null`, both on the claim's scale; `sign` is the direction of the claim.
pub(crate) fn contrast(
    endpoint: Endpoint,
    scale: Scale,
    (effect, null): (f64, f64),
    sign: f64,
    allocation: f64,
) -> Contrast {
    match endpoint {
        Endpoint::Proportion { baseline, test } => rates(test, scale, baseline, (effect, null), sign, allocation),
        Endpoint::Mean { baseline, sd, test } => {
            let variances = variances(test, scale, baseline, sd, effect);
            let both = libm::sqrt(variances.0 + variances.1 / allocation);
            Contrast { distance: sign * (effect - null), assumed: both, truth: both, correction: 0.0, variances }
        }
        Endpoint::Count(rates) => {
            let at = |effect: f64| treated(rates.control, effect, scale);
            let (assumed, truth) = rates.deviations(at(effect), at(null), allocation);
            let change = in_units(effect - null, rates.control, scale);
            Contrast::known(sign * rates.measure.distance(change, at(null)), assumed, truth)
        }
        Endpoint::TimeToEvent(hazards) => {
            let at = |effect: f64| treated(hazards.control, effect, scale);
            let (assumed, truth) = hazards.deviations(at(effect), at(null), allocation);
            let change = in_units(effect - null, hazards.control, scale);
            Contrast::known(sign * hazards.distance(change, at(null), allocation), assumed, truth)
        }
    }
}

/// The rate or mean after an effect.
pub(super) fn treated(baseline: f64, effect: f64, scale: Scale) -> f64 {
    match scale {
        Scale::Difference => baseline + effect,
        Scale::Lift => baseline + baseline * effect,
    }
}

/// A change on the claim's scale in units of the metric.
fn in_units(change: f64, baseline: f64, scale: Scale) -> f64 {
    match scale {
        Scale::Difference => change,
        Scale::Lift => change * baseline,
    }
}

/// Variance of a unit of each arm. A lift divides both by the control mean, and the control's also carries the
/// treatment mean (delta method): `s_c^2 m_t^2 / m_c^4` and `s_t^2 / m_c^2`.
fn variances(test: MeanTest, scale: Scale, baseline: f64, sd: f64, effect: f64) -> (f64, f64) {
    let control = match test {
        MeanTest::Adjusted { r_squared, .. } => sd * libm::sqrt(1.0 - r_squared),
        _ => sd,
    };
    let treatment = match test {
        MeanTest::UnequalZ { sd_treatment }
        | MeanTest::Welch { sd_treatment }
        | MeanTest::Satterthwaite { sd_treatment } => sd_treatment,
        MeanTest::Z | MeanTest::T | MeanTest::Adjusted { .. } => control,
    };
    match scale {
        Scale::Difference => (control * control, treatment * treatment),
        Scale::Lift => {
            let carried = control / baseline * (1.0 + effect);
            (carried * carried, treatment / baseline * (treatment / baseline))
        }
    }
}

fn rates(
    test: ProportionTest,
    scale: Scale,
    control: f64,
    (effect, null): (f64, f64),
    sign: f64,
    allocation: f64,
) -> Contrast {
    let treatment = treated(control, effect, scale);
    let known = |distance: f64, assumed: f64, truth: f64| Contrast::known(sign * distance, assumed, truth);
    match (test, scale) {
        (ProportionTest::Arcsine, _) => {
            let at_null = treated(control, null, scale);
            let deviation = libm::sqrt(1.0 + 1.0 / allocation);
            known(proportion::arcsine_difference(at_null, treatment), deviation, deviation)
        }
        (ProportionTest::LogOdds, _) => {
            let at_null = treated(control, null, scale);
            // The change itself, not the difference of two near rates.
            let change = (effect - null) * if scale == Scale::Lift { control } else { 1.0 };
            let distance = libm::log1p(change / (at_null * (1.0 - treatment)));
            let odds_ratio = at_null * (1.0 - control) / (control * (1.0 - at_null));
            let assumed = proportion::odds_deviation_at(odds_ratio, control, treatment, allocation);
            known(distance, assumed, proportion::odds_deviation(control, treatment, allocation))
        }
        (_, Scale::Difference) => {
            let correction = if test == ProportionTest::ContinuityCorrected { 0.5 + 0.5 / allocation } else { 0.0 };
            let assumed = proportion::null_deviation(test, control, treatment, null, allocation);
            let truth = proportion::deviation(control, treatment, allocation);
            Contrast { correction, ..known(effect - null, assumed, truth) }
        }
        (ProportionTest::Unpooled, Scale::Lift) => {
            // Delta method: deviations of a treatment and a control unit, each over the control rate.
            let carried = libm::sqrt(control * (1.0 - control)) * (1.0 + effect) / control;
            let own = libm::sqrt(treatment * (1.0 - treatment)) / control;
            let deviation = mean::deviation(carried, own, allocation);
            known(effect - null, deviation, deviation)
        }
        (_, Scale::Lift) => {
            // The contrast `p_t - R p_c`, over the control rate.
            let ratio = 1.0 + null;
            let correction =
                if test == ProportionTest::ContinuityCorrected { 0.5 * ratio + 0.5 / allocation } else { 0.0 };
            let assumed = proportion::ratio_null_deviation(control, treatment, ratio, allocation) / control;
            let truth = proportion::ratio_deviation(control, treatment, ratio, allocation) / control;
            Contrast { correction: correction / control, ..known(effect - null, assumed, truth) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every contrast of rates tends to the score test of the difference as the effect shrinks.
    #[test]
    fn scales_meet_at_small_effects() {
        let (p, d) = (0.2, 1e-7);
        let z = |test, scale, effect: f64| {
            let c = rates(test, scale, p, (effect, 0.0), 1.0, 1.5);
            c.distance / c.truth
        };
        let want = z(ProportionTest::Pooled, Scale::Difference, d);
        for test in [ProportionTest::Arcsine, ProportionTest::LogOdds, ProportionTest::Unpooled] {
            for (scale, effect) in [(Scale::Difference, d), (Scale::Lift, d / p)] {
                assert!((z(test, scale, effect) / want - 1.0).abs() < 1e-6, "{test:?} {scale:?}");
            }
        }
    }
}
