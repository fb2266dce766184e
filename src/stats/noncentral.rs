//! The noncentral t, chi-square and F distributions: the power of the tests that have these names.
//!
//! `T = (Z + d) / U` with `U = sqrt(chi2_v / v)`, so that `P(T <= t) = E Phi(t U - d)`. The mean is
//! taken over `w = ln U`, whose density is entire and falls off at both ends: there the trapezoidal
//! rule converges faster than any power of its step, and each tail is a sum of positive terms.
//! The other two are Poisson mixtures of the central ones.

use super::normal::{self, sf_quick};
use super::special::{
    Tails, beta_power, chi_square, deviance, f_ratio, incomplete_beta, incomplete_gamma, shares_of_ratio,
    stirling_error,
};
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

/// `E f(U)` of a probability `f` that depends on `U` through `reach * U`, with that slope at most.
///
/// As accurate as the tails above when `f` changes over a deviation of 1 in `slope * U`.
pub(crate) fn chi_mean(df: f64, slope: f64, reach: f64, f: impl Fn(f64) -> f64) -> f64 {
    if df == f64::INFINITY { f(1.0) } else { Walk::over(df, slope, reach).sum(f) }
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
        if 1000.0 < d.abs() {
            return Err(Tails::NAN);
        }
        // Along w the normal factor changes where t U is near d, with slope t U there.
        Ok(Self::over(df, t.max(d.abs()).min(d.abs() + 8.0), t))
    }

    /// The walk for a factor of `reach * U` that changes over a deviation of 1 in `slope * U`.
    fn over(df: f64, slope: f64, reach: f64) -> Self {
        // The density has the precision 2v; a step of 0.7 of the joint deviation leaves exp(-2 pi^2 / 0.49). For
        // small v the strip in which the density decays, pi/4 to each side, is the limit instead.
        let step = (0.7 / libm::sqrt(2.0 * df + slope * slope)).min(0.12);
        Self {
            df,
            step,
            scale: step * libm::sqrt(df / PI) * libm::exp(-stirling_error(0.5 * df)),
            flat: libm::log(1e-17 / (1.0 + reach)).min(-20.0),
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

/// Noncentralities above this are refused: the mixture has too many terms.
const MOST_NONCENTRAL: f64 = 1e10;

/// Both tails of the noncentral chi-square distribution, `ncp` the sum of the squared means.
///
/// A Poisson mixture of central ones (Ding 1992). NaN unless `df > 0`, `x >= 0` and `ncp >= 0` are finite, and where
/// the answer is neither 0 nor 1 at a noncentrality above 1e10.
///
/// ```
/// use expc::stats::noncentral;
///
/// // The power of a chi-square test on 4 degrees of freedom at its 5 % point.
/// let power = noncentral::chi_square_tails(9.487_729_036_781_154, 4.0, 12.0).upper;
/// assert!((power - 0.802).abs() < 1e-3);
/// ```
#[must_use]
pub fn chi_square_tails(x: f64, df: f64, ncp: f64) -> Tails {
    if !(0.0 < df && df < f64::INFINITY && 0.0 <= x && (0.0..f64::INFINITY).contains(&ncp)) {
        return Tails::NAN;
    }
    if ncp == 0.0 {
        return chi_square(x, df);
    }
    // The root is within 40 of the shift, give or take the central part, but for 1e-300.
    let (root, shift, own) = (libm::sqrt(x), libm::sqrt(ncp), libm::sqrt(df));
    if root + 40.0 < shift {
        return Tails { lower: 0.0, upper: 1.0 };
    }
    if shift + own + 40.0 < root {
        return Tails { lower: 1.0, upper: 0.0 };
    }
    if MOST_NONCENTRAL < ncp {
        return Tails::NAN;
    }
    let (a, half) = (0.5 * df, 0.5 * x);
    poisson_mixture(0.5 * ncp, |j| incomplete_gamma(a + j, half), |j| poisson(a + j, half))
}

/// Both tails of the noncentral F distribution, `ncp` that of the numerator: the power of an analysis of variance.
///
/// A Poisson mixture of incomplete beta functions (Johnson, Kotz and Balakrishnan 1995, chapter 30). NaN unless the
/// degrees of freedom are above 0 (`df2` may be infinite), `x >= 0` and `0 <= ncp <= 1e10` are finite.
#[must_use]
pub fn f_tails(x: f64, df1: f64, df2: f64, ncp: f64) -> Tails {
    let proper = 0.0 < df1 && df1 < f64::INFINITY && 0.0 < df2 && (0.0..f64::INFINITY).contains(&x);
    if !proper || !(0.0..=MOST_NONCENTRAL).contains(&ncp) {
        return Tails::NAN;
    }
    if df2 == f64::INFINITY {
        return chi_square_tails(df1 * x, df1, ncp);
    }
    if ncp == 0.0 || x == 0.0 {
        return f_ratio(x, df1, df2);
    }
    let (a, b) = (0.5 * df1, 0.5 * df2);
    let (below, above) = shares_of_ratio(x, df1, df2);
    poisson_mixture(
        0.5 * ncp,
        |j| incomplete_beta(a + j, b, below, above),
        |j| beta_power(a + j, b, below, above) / (a + j),
    )
}

/// `sum_j Poisson(j; mean) F_j` for both tails of F, where `step(j) = F_j - F_(j+1)` is above 0.
///
/// The lower tail is built up from the last term downwards and the upper one from the first upwards, so that every step
/// adds; each stops when the weights left are lost beside its own sum.
fn poisson_mixture(mean: f64, tails: impl Fn(f64) -> Tails, step: impl Fn(f64) -> f64) -> Tails {
    const LOST: f64 = 1e-18;
    let mode = mean.floor();
    let reach = (9.0 * libm::sqrt(mean) + 40.0).ceil();
    let mut j = mode + reach;
    let mut tail = tails(j).lower;
    let mut lower = 0.0;
    loop {
        let weight = poisson(j, mean);
        lower += weight * tail;
        if j == 0.0 || j < mode && weight <= LOST * lower {
            break;
        }
        j -= 1.0;
        tail += step(j);
    }
    let mut j = (mode - reach).max(0.0);
    let mut tail = tails(j).upper;
    let mut upper = 0.0;
    loop {
        let weight = poisson(j, mean);
        upper += weight * tail;
        if mode < j && (weight <= LOST * upper || weight < 1e-320) {
            break;
        }
        tail += step(j);
        j += 1.0;
    }
    Tails { lower: lower.min(1.0), upper: upper.min(1.0) }
}

/// `mean^k e^-mean / G(k+1)` in Loader's form (2000), for real k.
fn poisson(k: f64, mean: f64) -> f64 {
    if k == 0.0 {
        return libm::exp(-mean);
    }
    libm::exp(-stirling_error(k) - deviance(k, mean)) / libm::sqrt(2.0 * PI * k)
}
