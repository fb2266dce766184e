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
    // Mills ratio by its continued fraction (Laplace 1805), evaluated from the far end; 40 terms
    // leave nothing beyond the last digit at 12.
    let t = -x;
    let mut tail = t;
    for k in (1..=40).rev() {
        tail = t + f64::from(k) / tail;
    }
    -0.5 * x * x - LN_SQRT_2_PI - libm::log(tail)
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
