//! Counted events: two rates, Poisson or over-dispersed, compared by their ratio or by their difference.
//!
//! [`Rates`] is the endpoint through which [`super::comparison`] plans them. A count over the exposure t has the mean
//! `mu = rate t` and the variance `mu + k mu^2` (negative binomial); the overdispersion k is 0 for Poisson counts, and
//! some packages call 1/k theta. Where the variance is instead a multiple of the mean (quasi-Poisson), plan Poisson
//! counts with that multiple as the size factor of the comparison.

use super::root;
use super::{Refusal, inside, positive};

/// What of two rates or hazards is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// Treatment over control, tested on the log scale.
    #[default]
    Ratio,
    /// Treatment minus control.
    Difference,
}

impl Measure {
    /// How far a rate lies above another one, `change` above it, on the scale of the test.
    pub(crate) fn distance(self, change: f64, from: f64) -> f64 {
        match self {
            Self::Ratio => libm::log1p(change / from),
            Self::Difference => change,
        }
    }
}

/// The rates behind the variance under the null (Zhu and Lakkis 2014; Gu et al. 2008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NullVariance {
    /// Control's true rate, and the rate that the null then gives to treatment; Zhu and Lakkis's first.
    Control,
    /// The true rates: the Wald test, and their second.
    #[default]
    True,
    /// The rates of largest likelihood among those that satisfy the null: the score test, and their third.
    /// Without a margin both are the pooled rate.
    Constrained,
}

/// Counts as an endpoint: control's rate, and how it is compared.
///
/// Claims by [`Scale::Lift`](super::comparison::Scale) are rate ratios less 1, those by difference are in events a unit
/// of exposure, whichever measure the test is about.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
/// use expc::stats::count::{Measure, NullVariance, Rates};
///
/// let tickets = Rates {
///     control: 0.8,
///     exposure: 0.5,
///     overdispersion: 0.7,
///     measure: Measure::Ratio,
///     null_variance: NullVariance::True,
/// };
/// let no_worse = Comparison {
///     endpoint: Endpoint::Count(tickets),
///     claim: Claim::NonInferiority { margin: 0.15, higher_is_better: false, true_effect: 0.0 },
///     scale: Scale::Lift,
///     alpha: 0.025,
///     sides: Sides::One,
///     allocation: 1.0,
///     size_factor: 1.0,
/// };
/// // rpact: getSampleSizeCounts(thetaH0 = 1.15, theta = 1, lambda2 = 0.8, overdispersion = 0.7, fixedExposureTime = 0.5)
/// assert_eq!(no_worse.required(0.8)?.control_units, 2572);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Events per control unit and unit of exposure.
    pub control: f64,
    /// Time each unit is watched, in the unit of the rate.
    pub exposure: f64,
    /// k of `mu + k mu^2`; 0 for Poisson counts.
    pub overdispersion: f64,
    pub measure: Measure,
    pub null_variance: NullVariance,
}

impl Rates {
    /// Refuses what no effect can mend.
    pub(crate) fn checked(&self) -> Result<(), Refusal> {
        positive("rate", self.control)?;
        positive("exposure", self.exposure)?;
        positive("expected count", self.control * self.exposure)?;
        if self.overdispersion != 0.0 {
            inside("overdispersion", self.overdispersion, 0.0, f64::INFINITY, "[0, inf)")?;
        }
        Ok(())
    }

    /// Variance of the estimate a unit of one arm: `1 / (t rate) + k` for the log rate, and `rate / t + k rate^2`
    /// for the rate itself.
    fn variance(&self, rate: f64) -> f64 {
        match self.measure {
            Measure::Ratio => 1.0 / (self.exposure * rate) + self.overdispersion,
            Measure::Difference => rate / self.exposure + self.overdispersion * rate * rate,
        }
    }

    /// Deviations per root control unit: as the statistic assumes, and true; `null` is treatment's rate
    /// at which the null would hold with control's true rate.
    pub(crate) fn deviations(&self, treatment: f64, null: f64, allocation: f64) -> (f64, f64) {
        let of =
            |control: f64, treatment: f64| libm::sqrt(self.variance(control) + self.variance(treatment) / allocation);
        let true_one = of(self.control, treatment);
        let assumed = match self.null_variance {
            NullVariance::True => true_one,
            NullVariance::Control => of(self.control, null),
            NullVariance::Constrained => {
                let control = self.constrained_control(treatment, null, allocation);
                let treated = match self.measure {
                    Measure::Ratio => control * (null / self.control),
                    Measure::Difference => control + (null - self.control),
                };
                of(control, treated)
            }
        };
        (assumed, true_one)
    }

    /// Control's rate of largest likelihood under the null, the overdispersion known.
    ///
    /// The score of a negative binomial count in its log mean is `(x - mu) / (1 + k mu)`.
    fn constrained_control(&self, treatment: f64, null: f64, allocation: f64) -> f64 {
        let k = self.overdispersion * self.exposure;
        if null == self.control {
            return (self.control + allocation * treatment) / (1.0 + allocation);
        }
        match self.measure {
            Measure::Ratio => {
                // (c - m)(1 + k R m) + r (t - R m)(1 + k m) = 0, a quadratic in m with one root above 0.
                let ratio = null / self.control;
                let a = k * ratio * (1.0 + allocation);
                let b = 1.0 + allocation * ratio - k * (ratio * self.control + allocation * treatment);
                let c = self.control + allocation * treatment;
                let root = libm::sqrt(b * b + 4.0 * a * c);
                if 0.0 < b { 2.0 * c / (b + root) } else { (root - b) / (2.0 * a) }
            }
            Measure::Difference => {
                let shift = null - self.control;
                let term = |rate: f64, mean: f64| (rate - mean) / (mean * (1.0 + k * mean));
                let score = |mean: f64| term(self.control, mean) + allocation * term(treatment, mean + shift);
                // The rates fitted to each arm alone lie on both sides; a rate below 0 is none.
                let other = (treatment - shift).max((-shift).max(0.0) + 1e-12 * self.control.min(treatment));
                let (low, high) = (self.control.min(other), self.control.max(other));
                root::brent(score, low, high, 1e-15).unwrap_or(f64::NAN)
            }
        }
    }
}
