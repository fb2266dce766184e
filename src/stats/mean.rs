//! Two means: how their difference is tested, and the power of those tests with estimated variances.
//!
//! Start at [`MeanTest`]. Sample sizes against a control follow in [`super::comparison`]; the designs without a
//! control, [`paired`] and [`mann_whitney`], are solved here.

use super::special::{deviance, stirling_error};
use super::{noncentral, student};
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
    /// variances, as most tools print it: off by up to 0.03 with 5 units an arm and 0.0005 with 20.
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
    let mut sum = step * density(mode) * value(mode);
    for way in [1.0, -1.0] {
        let mut k = 1.0;
        while k < 1e5 {
            let w = mode + way * k * step;
            let weight = step * density(w);
            if weight < 1e-19 {
                break;
            }
            sum += weight * value(w);
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
