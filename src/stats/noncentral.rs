//! The noncentral t distribution: the power of a t test.
//!
//! `T = (Z + d) / U` with `U = sqrt(chi2_v / v)`, so that `P(T <= t) = E Phi(t U - d)`. The mean is
//! taken over `w = ln U`, whose density is entire and falls off at both ends: there the trapezoidal
//! rule converges faster than any power of its step, and each tail is a sum of positive terms.

use super::normal::{self, sf_quick};
use super::special::{Tails, stirling_error};
use std::f64::consts::PI;

/// P(T <= t) and P(T > t) for `df` degrees of freedom and noncentrality `d`.
///
/// `df` may be fractional or infinite; NaN unless it is above 0 and `t`, `d` are finite.
#[must_use]
pub fn tails(t: f64, df: f64, d: f64) -> Tails {
    if !t.is_finite() || !d.is_finite() || df.is_nan() || df <= 0.0 {
        return Tails::NAN;
    }
    if t < 0.0 {
        return tails(-t, df, -d).swapped();
    }
    if t == 0.0 || df == f64::INFINITY {
        return Tails { lower: normal::cdf(t - d), upper: normal::sf(t - d) };
    }
    mixture(t, df, d)
}

/// Both tails at `t > 0`.
pub(crate) fn mixture(t: f64, df: f64, d: f64) -> Tails {
    let walk = Walk::new(t, df, d);
    Tails { lower: walk.sum(|u| sf_quick(d - t * u)), upper: walk.sum(|u| sf_quick(t * u - d)) }
}

/// P(T > t) alone, for `t > 0` and finite `df`.
pub(crate) fn upper_tail(t: f64, df: f64, d: f64) -> f64 {
    if t <= 0.0 || df == f64::INFINITY {
        return tails(t, df, d).upper;
    }
    Walk::new(t, df, d).sum(|u| sf_quick(t * u - d))
}

/// The nodes `w = k h` of the trapezoidal rule.
struct Walk {
    df: f64,
    step: f64,
    /// Step times the largest density: `h sqrt(v/pi) exp(-stirling_error(v/2))`.
    scale: f64,
    /// Below this w the factor next to the density is constant.
    flat: f64,
}

impl Walk {
    fn new(t: f64, df: f64, d: f64) -> Self {
        // The density has the precision 2v, the normal factor at most that of its argument; a step of
        // 0.7 of the joint deviation leaves exp(-2 pi^2 / 0.49). For small v the strip in which the
        // density decays, pi/4 to each side, is the limit instead.
        let slope = t.abs().max(d.abs());
        let step = (0.7 / libm::sqrt(2.0 * df + slope * slope)).min(0.12);
        Self {
            df,
            step,
            scale: step * libm::sqrt(df / PI) * libm::exp(-stirling_error(0.5 * df)),
            flat: libm::log(1e-17 / (1.0 + t)).min(-20.0),
        }
    }

    /// Adds the terms from the mode of the density outwards until the density alone is lost beside
    /// the sum; the factor is a probability, so no term is larger than the density.
    fn sum(&self, factor: impl Fn(f64) -> f64) -> f64 {
        const LOST: f64 = 1e-18;
        let mut sum = self.scale * factor(1.0);
        let mut k = 1.0;
        while k < 1e6 {
            let w = k * self.step;
            let density = self.density(w);
            sum += density * factor(libm::exp(w));
            if density <= LOST * sum || density < 1e-320 {
                break;
            }
            k += 1.0;
        }
        let mut k = 1.0;
        while k < 1e6 {
            let w = -k * self.step;
            let density = self.density(w);
            let term = density * factor(libm::exp(w));
            sum += term;
            if density <= LOST * sum || density < 1e-320 {
                break;
            }
            if w < self.flat {
                // What is left is a geometric series with the ratio exp(-v h).
                sum += term / libm::expm1(self.df * self.step);
                break;
            }
            k += 1.0;
        }
        sum
    }

    fn density(&self, w: f64) -> f64 {
        self.scale * libm::exp(-0.5 * self.df * exp_beyond_first(2.0 * w))
    }
}

/// `e^y - 1 - y`, without cancellation at small y.
fn exp_beyond_first(y: f64) -> f64 {
    if 0.4 < y.abs() {
        return libm::expm1(y) - y;
    }
    // Taylor terms to y^14 / 14!; the next is below 1e-17 of the sum.
    let mut sum = 1.0;
    for k in (3..=14).rev() {
        sum = 1.0 + y / f64::from(k) * sum;
    }
    0.5 * y * y * sum
}
