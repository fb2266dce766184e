//! The standard normal distribution, both tails to the last digits.
//!
//! Never subtract a tail from one: each tail has its own function.
//! Start at [`cdf`]; [`upper_quantile`] is the `z` of every formula in this room.

use statrs::distribution::{ContinuousCDF, Normal};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// 1/sqrt(2) minus its double.
const FRAC_1_SQRT_2_LOW: f64 = -4.833_646_656_726_457e-17;
/// ln(sqrt(2 pi)).
const LN_SQRT_2_PI: f64 = 0.918_938_533_204_672_8;
/// 1/sqrt(2 pi).
pub(crate) const FRAC_1_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;

/// P(Z <= x).
#[must_use]
pub fn cdf(x: f64) -> f64 {
    sf(-x)
}

/// P(Z > x).
///
/// Half of erfc(x / sqrt 2), with the rounding of the quotient put back through the derivative:
/// without it the relative error grows with x^2, to 1e-13 at 30.
#[must_use]
pub fn sf(x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if 40.0 <= x.abs() {
        return if 0.0 < x { 0.0 } else { 1.0 };
    }
    let y = x * FRAC_1_SQRT_2;
    let rest = product_error(x, FRAC_1_SQRT_2, y) + x * FRAC_1_SQRT_2_LOW;
    0.5 * (libm::erfc(y) - rest * FRAC_2_SQRT_PI * libm::exp(-y * y))
}

/// P(Z > x) for inner loops: relative error `x^2` times the rounding unit.
#[must_use]
pub(crate) fn sf_quick(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// The density at x.
#[must_use]
pub fn pdf(x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if 40.0 <= x.abs() {
        return 0.0;
    }
    // x^2 rounds by up to half a unit, which the exponential would magnify.
    let square = x * x;
    let rest = product_error(x, x, square);
    FRAC_1_SQRT_2_PI * libm::exp(-0.5 * square) * (1.0 - 0.5 * rest)
}

/// ln P(Z <= x), also where the probability itself underflows.
#[must_use]
pub fn ln_cdf(x: f64) -> f64 {
    if 0.0 < x {
        return libm::log1p(-sf(x));
    }
    if -12.0 < x {
        return libm::log(cdf(x));
    }
    if x.is_nan() {
        return f64::NAN;
    }
    if x < -1e150 {
        return f64::NEG_INFINITY;
    }
    // Logs of the density and of the Mills ratio.
    -0.5 * x * x - LN_SQRT_2_PI - libm::log(mills_denominator(-x, 1))
}

/// ln of `P(Z > x) e^(x^2 / 2)`, which falls slowly, for x of 0 or more.
#[must_use]
pub(crate) fn ln_scaled_tail(x: f64) -> f64 {
    if x <= 12.0 {
        return libm::log(sf(x)) + 0.5 * x * x;
    }
    -LN_SQRT_2_PI - libm::log(mills_denominator(x, 1))
}

/// The unit normal loss `E max(Z - x, 0) = phi(x) - x P(Z > x)` (Raiffa and Schlaifer 1961), all digits kept where the
/// difference cancels.
///
/// ```
/// let loss = expc::stats::normal::unit_loss(0.0);
/// assert!((loss - 0.3989422804014327).abs() < 1e-16);
/// ```
#[must_use]
pub fn unit_loss(x: f64) -> f64 {
    if x <= 2.5 {
        return pdf(x) - x * sf(x);
    }
    if x.is_nan() {
        return f64::NAN;
    }
    // The Mills ratio is 1 / (x + r), so that 1 - x / (x + r) = r / (x + r), r = 1 / (x + 2 / (x + ..)).
    let r = 1.0 / mills_denominator(x, 2);
    pdf(x) * (r / (x + r))
}

/// `t + k / (t + (k + 1) / (t + ..))` from `k = first`: for 1 the density over the upper tail (Laplace 1805), evaluated
/// from the far end; 80 terms leave nothing beyond the last digit from 2.5 up.
fn mills_denominator(t: f64, first: u32) -> f64 {
    let mut tail = t;
    for k in (first..=80).rev() {
        tail = t + f64::from(k) / tail;
    }
    tail
}

/// The x with P(Z <= x) = p; infinite at 0 and 1, NaN outside.
#[must_use]
pub fn quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    Normal::standard().inverse_cdf(p)
}

/// The x with P(Z > x) = q: keeps all digits of a small q.
#[must_use]
pub fn upper_quantile(q: f64) -> f64 {
    -quantile(q)
}

/// a*b minus its rounded product (Dekker 1971), for factors far from overflow.
fn product_error(a: f64, b: f64, product: f64) -> f64 {
    let (a_high, a_low) = split(a);
    let (b_high, b_low) = split(b);
    ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
}

/// Two halves of 26 bits each (Veltkamp 1968).
fn split(a: f64) -> (f64, f64) {
    let shifted = 134_217_729.0 * a;
    let high = shifted - (shifted - a);
    (high, a - high)
}
