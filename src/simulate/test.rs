//! The test of a metric on drawn sums: the same contrasts that sizes are planned with, at what was seen.

use crate::stats::comparison::{Endpoint, Scale, contrast};
use crate::stats::count::Rates;
use crate::stats::mean::{MeanTest, satterthwaite};
use crate::stats::{normal, student};

use super::law::{Law, Sums};
use super::model::{Measure, Outcomes};

/// What was seen of a metric in a variant.
#[derive(Debug, Clone, Copy)]
pub struct Arm {
    /// Of units, groups or blocks.
    pub sums: Sums,
    pub law: Law,
}

impl Arm {
    /// The mean, rate or hazard; `None` where nothing tells it.
    pub fn level(&self, measure: &Measure) -> Option<f64> {
        let level = match measure.outcomes {
            Outcomes::Times => self.sums.sum / self.sums.squares,
            _ => measure.level(self.sums.sum, self.sums.units),
        };
        level.is_finite().then_some(level)
    }

    /// Squared distances from the observed mean.
    fn within(&self) -> f64 {
        let off = self.sums.sum / self.sums.units - self.law.mean;
        (self.sums.squares - self.sums.units * off * off).max(0.0)
    }
}

/// A distance from a null and its standard error, on the scale of the test.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// Treatment minus control.
    pub estimate: f64,
    /// How far the estimate lies above the null.
    pub distance: f64,
    /// What a continuity correction takes from the distance.
    correction: f64,
    pub error: f64,
    /// Infinite for a normal test.
    degrees: f64,
}

impl Shown {
    /// The test of `null`, on the scale of the metric; `None` where the data do not tell.
    pub fn new(measure: &Measure, control: &Arm, treatment: &Arm, null: f64) -> Option<Self> {
        let (base, treated) = (control.level(measure)?, treatment.level(measure)?);
        let estimate = treated - base;
        if measure.outcomes == Outcomes::Times {
            return of_events(measure, control, treatment, null, estimate);
        }
        let effect = match measure.scale {
            Scale::Difference => estimate,
            Scale::Lift => estimate / base,
        };
        let mut degrees = f64::INFINITY;
        let (n, m) = (control.sums.units, treatment.sums.units);
        // What reduction and design effect leave of the units, where the variance is not estimated.
        let mut worth = n / measure.factor;
        let mut of_means = None;
        let endpoint = match measure.test {
            Endpoint::Proportion { test, .. } => {
                let inside = |rate: f64| rate.clamp(0.0, 1.0);
                let (base, treated) = (inside(base), inside(treated));
                let effect = if measure.scale == Scale::Lift { (treated - base) / base } else { treated - base };
                let found =
                    contrast(Endpoint::Proportion { baseline: base, test }, measure.scale, (effect, null), 1.0, m / n);
                return Self::settled(
                    estimate,
                    found.distance,
                    found.correction / worth,
                    found.assumed / libm::sqrt(worth),
                    degrees,
                );
            }
            Endpoint::Count(rates) => Endpoint::Count(Rates { control: base, ..rates }),
            Endpoint::Mean { test: test @ (MeanTest::Z | MeanTest::UnequalZ { .. }), sd, .. } => {
                Endpoint::Mean { baseline: base, sd, test }
            }
            Endpoint::Mean { test: MeanTest::Welch { .. } | MeanTest::Satterthwaite { .. }, .. } => {
                worth = n;
                let sd = libm::sqrt(control.within() / (n - 1.0));
                let sd_treatment = libm::sqrt(treatment.within() / (m - 1.0));
                of_means = Some(true);
                Endpoint::Mean { baseline: base, sd, test: MeanTest::Welch { sd_treatment } }
            }
            Endpoint::Mean { .. } => {
                worth = n;
                let variance = (control.within() + treatment.within()) / (n + m - 2.0);
                of_means = Some(false);
                Endpoint::Mean { baseline: base, sd: libm::sqrt(variance), test: MeanTest::T }
            }
            Endpoint::TimeToEvent(_) => return None,
        };
        let found = contrast(endpoint, measure.scale, (effect, null), 1.0, m / n);
        let design_effect = match measure.outcomes {
            Outcomes::OfUnits { design_effect, .. } => design_effect,
            _ => 1.0,
        };
        match of_means {
            Some(true) => {
                let free = |variance: f64, n: f64| (variance, n / design_effect);
                degrees = satterthwaite(free(found.variances.0, n), free(found.variances.1, m));
            }
            Some(false) => degrees = (n + m) / design_effect - 2.0,
            None => {}
        }
        Self::settled(estimate, found.distance, 0.0, found.assumed / libm::sqrt(worth), degrees)
    }

    fn settled(estimate: f64, distance: f64, correction: f64, error: f64, degrees: f64) -> Option<Self> {
        let tells = distance.is_finite() && 0.0 < error && error.is_finite() && 0.0 < degrees;
        tells.then_some(Self { estimate, distance, correction, error, degrees })
    }

    /// The same, looked at from one side.
    pub fn towards(self, sign: f64) -> Self {
        Self { distance: sign * self.distance, ..self }
    }

    pub fn statistic(&self) -> f64 {
        (self.distance - self.correction) / self.error
    }

    /// True when the statistic is as far out as a normal one at `critical`.
    pub fn exceeds(&self, critical: f64) -> bool {
        let statistic = self.statistic();
        if 0.0 <= critical && (statistic < critical || !statistic.is_finite()) {
            return false;
        }
        // From here up the two quantiles differ by less than a millionth.
        if 1e7 < self.degrees || critical == f64::INFINITY {
            return critical <= statistic;
        }
        student::upper_quantile(normal::sf(critical), self.degrees) <= statistic
    }

    /// [`Self::exceeds`] towards `sign`.
    pub fn is_beyond(&self, sign: f64, critical: f64) -> bool {
        self.towards(sign).exceeds(critical)
    }

    /// The one-sided p-value.
    pub fn p(&self) -> f64 {
        if 1e7 < self.degrees { normal::sf(self.statistic()) } else { student::sf(self.statistic(), self.degrees) }
    }
}

/// The log-rank test by its normal law: given all events, those of treatment are binomial, with the part that hazards
/// at the null give to its time at risk.
fn of_events(measure: &Measure, control: &Arm, treatment: &Arm, null: f64, estimate: f64) -> Option<Shown> {
    let ratio = 1.0 + null / if measure.scale == Scale::Lift { 1.0 } else { measure.baseline };
    let events = control.sums.sum + treatment.sums.sum;
    let at_risk = ratio * treatment.sums.squares;
    let part = at_risk / (at_risk + control.sums.squares);
    let distance = treatment.sums.sum - events * part;
    Shown::settled(estimate, distance, 0.0, libm::sqrt(events * part * (1.0 - part)), f64::INFINITY)
}
