//! Two means: how their difference is tested, and the power of those tests with estimated variances.
//!
//! Start at [`MeanTest`]. Sample sizes against a control follow in [`super::comparison`]; the designs without a
//! control, [`OneSample`] and [`MannWhitney`], are solved here.

use super::comparison::Scale;
use super::lift::{self, Seen};
use super::special::{deviance, stirling_error};
use super::{Refusal, Sides, finite, inside, noncentral, normal, open_unit, positive, root, student};
use std::f64::consts::PI;

/// How the difference of two means is tested.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MeanTest {
    /// Normal test, equal variances taken as known.
    Z,
    /// Student's test, equal variances; power by the noncentral t.
    T,
    /// Normal test, where treatment has a deviation of its own.
    UnequalZ { sd_treatment: f64 },
    /// Welch's test: each arm's own estimated variance. Exact power for normal outcomes.
    Welch { sd_treatment: f64 },
    /// Welch's test, its power approximated by the noncentral t at Satterthwaite's degrees of freedom of the true
    /// variances, as most tools print it: off by up to `2/n^2` with n units in the smaller arm, 0.06 with 5 and 0.003
    /// with 20 (against the exact power; tails 0.005 to 0.05, deviations within a factor of 4).
    Satterthwaite { sd_treatment: f64 },
    /// Student's test after regression on `covariates` pre-period covariates that explain `r_squared` of the
    /// variance: `1 - R^2` of it is left, and each covariate takes a degree of freedom.
    Adjusted { r_squared: f64, covariates: u32 },
}

/// Deviation of the difference per root control unit: `sqrt(s_c^2 + s_t^2 / r)`.
#[must_use]
pub fn deviation(control: f64, treatment: f64, allocation: f64) -> f64 {
    libm::sqrt(control * control + treatment * treatment / allocation)
}

/// The probability that a t test at one-tail level `tail` rejects in the right direction, for an
/// effect of `ncp` standard errors and `df` degrees of freedom.
#[must_use]
pub fn t_power(tail: f64, df: f64, ncp: f64) -> f64 {
    t_power_at(student::upper_quantile(tail, df), df, ncp)
}

/// [`t_power`] where the critical value is known.
#[must_use]
pub fn t_power_at(critical: f64, df: f64, ncp: f64) -> f64 {
    if 0.0 < critical {
        return noncentral::upper_tail(critical, df, ncp);
    }
    noncentral::tails(critical, df, ncp).upper
}

/// Satterthwaite's degrees of freedom (1946) of a sum of two mean variances, from each arm's variance and units:
/// `(a + b)^2 / (a^2/(n_c - 1) + b^2/(n_t - 1))`, `a = s_c^2/n_c`, `b = s_t^2/n_t`.
///
/// ```
/// assert_eq!(expc::stats::mean::satterthwaite((1.0, 10.0), (1.0, 10.0)), 18.0);
/// ```
#[must_use]
pub fn satterthwaite((variance_control, control): (f64, f64), (variance_treatment, treatment): (f64, f64)) -> f64 {
    let share = 1.0 / (1.0 + variance_treatment / variance_control * (control / treatment));
    1.0 / (share * share / (control - 1.0) + (1.0 - share) * (1.0 - share) / (treatment - 1.0))
}

/// The mean of `f(k)` over what Welch's test is held against: it rejects when `Z + ncp > k U`, with `U` the root
/// of a chi square of `n_c + n_t - 2` degrees of freedom over them.
///
/// The two sample variances are a common chi square and, independent of it, a Beta share; the critical value of the
/// test depends on the share alone. What remains is one integral over the share, taken by the trapezoidal rule along
/// its log odds, where the density is entire and falls off at both ends.
pub(crate) fn welch_mean(
    tail: f64,
    (variance_control, control): (f64, f64),
    (variance_treatment, treatment): (f64, f64),
    f: impl Fn(f64) -> f64,
) -> f64 {
    let (a, b) = (0.5 * (control - 1.0), 0.5 * (treatment - 1.0));
    let n = a + b;
    // Largest density along the log odds, in Loader's form.
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    let scale = libm::sqrt(a / n * b / (2.0 * PI)) * libm::exp(errors);
    let (mean_control, mean_treatment) = (variance_control / control, variance_treatment / treatment);
    let truth = mean_control + mean_treatment;
    let mode = libm::log(a / b);
    let step = (0.6 * libm::sqrt(1.0 / a + 1.0 / b)).min(0.25);
    let density = |w: f64| {
        let odds = libm::exp(w);
        let (share, rest) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
        scale * libm::exp(-deviance(a, n * share) - deviance(b, n * rest))
    };
    let value = |w: f64| {
        let odds = libm::exp(w);
        // The two estimated variances of the means, over their common chi square.
        let in_control = mean_control * odds / (1.0 + odds) * (n / a);
        let in_treatment = mean_treatment / (1.0 + odds) * (n / b);
        let both = in_control + in_treatment;
        let share = in_control / both;
        let df = 1.0 / (share * share / (control - 1.0) + (1.0 - share) * (1.0 - share) / (treatment - 1.0));
        f(student::upper_quantile(tail, df) * libm::sqrt(both / truth))
    };
    // Beyond these log odds one arm alone makes the variance, and the density falls by the other's exponential.
    let even = libm::log(mean_treatment / b) - libm::log(mean_control / a);
    let mut sum = step * density(mode) * value(mode);
    for (way, flat, fall) in [(1.0, even.max(0.0) + 40.0, b), (-1.0, -even.min(0.0) + 40.0, a)] {
        let mut k = 1.0;
        while k < 1e5 {
            let w = mode + way * k * step;
            let weight = step * density(w);
            if weight < 1e-19 {
                break;
            }
            let term = weight * value(w);
            sum += term;
            if flat < way * w {
                // What is left is a geometric series.
                sum += term / libm::expm1(fall * step);
                break;
            }
            k += 1.0;
        }
    }
    sum
}

/// Exact probability that Welch's test rejects upwards, for normal outcomes; `ncp` is the effect over its true
/// standard error. Arms may be fractional, and each above 1 unit.
///
/// ```
/// use expc::stats::mean::{t_power, welch_power};
/// // Five units an arm, equal variances: Welch costs a little against Student.
/// let welch = welch_power(0.025, (1.0, 5.0), (1.0, 5.0), 2.0);
/// assert!(welch < t_power(0.025, 8.0, 2.0));
/// ```
#[must_use]
pub fn welch_power(tail: f64, control: (f64, f64), treatment: (f64, f64), ncp: f64) -> f64 {
    let df = control.1 + treatment.1 - 2.0;
    welch_mean(tail, control, treatment, |critical| t_power_at(critical, df, ncp))
}

/// One mean against a fixed value by Student's t test: also the paired design, whose unit is a pair and whose
/// outcome is the difference within it. `df = n - 1`, noncentrality `effect sqrt(n) / sd`.
///
/// ```
/// use expc::stats::{Sides, mean::OneSample};
/// let pairs = OneSample { effect: 0.3, sd: 1.0, alpha: 0.05, sides: Sides::Two };
/// assert_eq!((pairs.power(40.0)? * 1e4).round(), 4565.0);
/// assert_eq!(pairs.required(0.8)?.ceil(), 90.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneSample {
    /// True mean less the fixed value.
    pub effect: f64,
    /// Deviation of a unit; of a pair's difference, `s sqrt(2 (1 - rho))` for a correlation `rho` within pairs.
    pub sd: f64,
    pub alpha: f64,
    pub sides: Sides,
}

impl OneSample {
    /// The probability to reject in the direction of the effect with `units` units or pairs.
    pub fn power(&self, units: f64) -> Result<f64, Refusal> {
        self.rejects(units, 1.0)
    }

    /// The probability that a two-sided test rejects in the wrong direction.
    pub fn wrong_way(&self, units: f64) -> Result<f64, Refusal> {
        match self.sides {
            Sides::One => Ok(0.0),
            Sides::Two => self.rejects(units, -1.0),
        }
    }

    /// Units or pairs, as a real number, that reach the power.
    pub fn required(&self, power: f64) -> Result<f64, Refusal> {
        let ratio = self.checked()?;
        let tail = self.sides.tail(self.alpha);
        open_unit("power", power)?;
        if power <= tail {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        let z = (normal::upper_quantile(tail) + normal::quantile(power)) / ratio;
        let start = (z * z + 2.0).clamp(2.01, 1e300);
        if 1e15 < start {
            return Err(Refusal::TooManyUnits { units: start });
        }
        let surplus = |ln_n: f64| self.power(libm::exp(ln_n)).map_or(f64::NAN, |reached| reached - power);
        let least = libm::log(1.01);
        if 0.0 <= surplus(least) {
            return Ok(1.01);
        }
        let (low, high) = root::bracket_upwards(surplus, libm::log(start) - 0.5, 0.25)
            .filter(|(low, _)| low.1 < 0.0)
            .unwrap_or(((least, surplus(least)), (libm::log(start), surplus(libm::log(start)))));
        let found = root::brent_from(surplus, low, high, 1e-14);
        found.map(libm::exp).ok_or(Refusal::Unsettled { what: "sample size" })
    }

    fn rejects(&self, units: f64, way: f64) -> Result<f64, Refusal> {
        let ratio = self.checked()?;
        let units = inside("number of units", units, 1.0, f64::INFINITY, "(1, inf)")?;
        let power = t_power(self.sides.tail(self.alpha), units - 1.0, way * ratio * libm::sqrt(units));
        if power.is_nan() { Err(Refusal::Unsettled { what: "power" }) } else { Ok(power) }
    }

    fn checked(&self) -> Result<f64, Refusal> {
        open_unit("alpha", self.alpha)?;
        positive("standard deviation", self.sd)?;
        let effect = finite("effect", self.effect)?.abs();
        if effect == 0.0 {
            return Err(Refusal::NoEffect);
        }
        positive("effect over its deviation", effect / self.sd)
    }
}

/// The rank test of Mann, Whitney and Wilcoxon, sized by Noether (1987): outcomes of any shape, without ties.
///
/// With `p = P(treatment > control)` and the treatment share `c` of all units,
/// `N = (z_a + z_b)^2 / (12 c (1 - c) (p - 1/2)^2)`. The variance is that under the null, good for p near a half.
///
/// ```
/// use expc::stats::{Sides, mean::MannWhitney};
/// let ranks = MannWhitney { probability_larger: 0.7, allocation: 1.0, alpha: 0.025, sides: Sides::One };
/// assert_eq!((2.0 * ranks.required(0.8)?).ceil(), 66.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Probability that a unit of treatment has the larger outcome.
    pub probability_larger: f64,
    /// Treatment units over control units.
    pub allocation: f64,
    pub alpha: f64,
    pub sides: Sides,
}

impl MannWhitney {
    /// Control units, as a real number, that reach the power.
    pub fn required(&self, power: f64) -> Result<f64, Refusal> {
        let per_root = self.per_root_unit()?;
        open_unit("power", power)?;
        let tail = self.sides.tail(self.alpha);
        if power <= tail {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        let z = (normal::upper_quantile(tail) + normal::quantile(power)) / per_root;
        positive("sample size", z * z)
    }

    /// The probability to reject in the direction of the effect.
    pub fn power(&self, n_control: f64) -> Result<f64, Refusal> {
        let per_root = self.per_root_unit()?;
        let control = positive("number of control units", n_control)?;
        let z = normal::upper_quantile(self.sides.tail(self.alpha));
        Ok(normal::cdf(per_root * libm::sqrt(control) - z))
    }

    /// Standard errors of the effect per root control unit: `sqrt(12 r / (1 + r)) |p - 1/2|`.
    fn per_root_unit(&self) -> Result<f64, Refusal> {
        open_unit("alpha", self.alpha)?;
        open_unit("probability that treatment is larger", self.probability_larger)?;
        positive("allocation", self.allocation)?;
        let distance = (self.probability_larger - 0.5).abs();
        if distance == 0.0 {
            return Err(Refusal::NoEffect);
        }
        Ok(libm::sqrt(12.0 / (1.0 + 1.0 / self.allocation)) * distance)
    }
}

/// Welch's test on what was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WelchTest {
    pub estimate: f64,
    /// Variance of the estimate.
    pub variance: f64,
    /// Satterthwaite's, of the difference.
    pub df: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Interval of coverage `1 - alpha`.
    pub interval: (f64, f64),
}

/// Welch's two-sided test of the difference or of the lift (delta method), from each arm's mean, variance and units.
///
/// ```
/// use expc::stats::{comparison::Scale, lift::Seen, mean::welch_test};
/// let control = Seen { mean: 10.0, variance: 25.0, units: 1000.0 };
/// let treatment = Seen { mean: 10.5, variance: 26.0, units: 1000.0 };
/// let test = welch_test(control, treatment, 0.05, Scale::Difference)?;
/// assert_eq!((test.p_value * 1e4).round(), 269.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn welch_test(control: Seen, treatment: Seen, alpha: f64, scale: Scale) -> Result<WelchTest, Refusal> {
    open_unit("alpha", alpha)?;
    control.check()?;
    treatment.check()?;
    for seen in [control, treatment] {
        inside("number of units", seen.units, 1.0, f64::INFINITY, "(1, inf)")?;
    }
    let difference = treatment.mean - control.mean;
    let (estimate, variance) = match scale {
        Scale::Difference => (difference, control.variance / control.units + treatment.variance / treatment.units),
        Scale::Lift => (difference / control.mean, lift::variance(control, treatment)?),
    };
    let df = satterthwaite((control.variance, control.units), (treatment.variance, treatment.units));
    let error = libm::sqrt(variance);
    let half = student::upper_quantile(alpha / 2.0, df) * error;
    let p_value = 2.0 * student::sf((estimate / error).abs(), df);
    Ok(WelchTest { estimate, variance, df, p_value, interval: (estimate - half, estimate + half) })
}
