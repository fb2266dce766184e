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
/// `df` may be fractional or infinite; NaN unless it is above 0 and `t`, `d` are finite, and where the
/// answer is neither 0 nor 1 at a noncentrality above 1000.
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
    match Walk::new(t, df, d) {
        Ok(walk) => Tails { lower: walk.sum(|u| sf_quick(d - t * u)), upper: walk.sum(|u| sf_quick(t * u - d)) },
        Err(known) => known,
    }
}

/// P(T > t) alone, for `t > 0` and finite `df`.
pub(crate) fn upper_tail(t: f64, df: f64, d: f64) -> f64 {
    if t <= 0.0 || df == f64::INFINITY {
        return tails(t, df, d).upper;
    }
    match Walk::new(t, df, d) {
        Ok(walk) => walk.sum(|u| sf_quick(t * u - d)),
        Err(known) => known.upper,
    }
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
    /// The walk, or the tails where they are known without one.
    fn new(t: f64, df: f64, d: f64) -> Result<Self, Tails> {
        // U lies between these but for 1e-325: v/2 (U^2 - 1 - 2 ln U) is at least v (U - 1)^2 / 2.
        let most = 1.0 + libm::sqrt(1500.0 / df);
        let least = (1.0 - libm::sqrt(750.0 / df)).max(0.0);
        if t * most - d < -39.0 {
            return Err(Tails { lower: 0.0, upper: 1.0 });
        }
        if 39.0 < t * least - d {
            return Err(Tails { lower: 1.0, upper: 0.0 });
        }
        // Along w the normal factor changes where t U is near d, with slope t U there. The density has the
        // precision 2v; a step of 0.7 of the joint deviation leaves exp(-2 pi^2 / 0.49). For small v
        // the strip in which the density decays, pi/4 to each side, is the limit instead.
        let slope = t.max(d.abs()).min(d.abs() + 8.0);
        if 1000.0 < d.abs() {
            return Err(Tails::NAN);
        }
        let step = (0.7 / libm::sqrt(2.0 * df + slope * slope)).min(0.12);
        Ok(Self {
            df,
            step,
            scale: step * libm::sqrt(df / PI) * libm::exp(-stirling_error(0.5 * df)),
            flat: libm::log(1e-17 / (1.0 + t)).min(-20.0),
        })
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
