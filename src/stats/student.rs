//! Student's t distribution for any degrees of freedom, fractional, huge or infinite.
//!
//! Start at [`sf`]; [`upper_quantile`] is the critical value of every t test.
//! Experiments have 1e4 to 1e8 degrees of freedom, where textbook algorithms are slow or wrong.

use super::noncentral;
use super::normal;
use super::root;
use super::special::{Tails, incomplete_beta, stirling_error};

/// From here up the first term of the expansion in 1/df is exact in doubles.
const NEARLY_NORMAL: f64 = 1e8;

/// P(T > t) and P(T <= t); NaN unless `df > 0`.
#[must_use]
pub fn tails(t: f64, df: f64) -> Tails {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return Tails::NAN;
    }
    if t < 0.0 {
        return tails(-t, df).swapped();
    }
    if NEARLY_NORMAL < df {
        let shift = normal::pdf(t) * t * (t * t + 1.0) / (4.0 * df);
        let upper = normal::sf(t) + shift;
        return Tails { lower: 1.0 - upper, upper };
    }
    if 1e4 <= df && 1.0 < t && t < 40.0 {
        return noncentral::mixture(t, df, 0.0);
    }
    let square = t * t;
    if square == f64::INFINITY {
        // t^2 + df would overflow; the power law below is exact there.
        let upper = if t == f64::INFINITY {
            0.0
        } else {
            let x = (df / t) / t;
            0.5 * incomplete_beta(0.5 * df, 0.5, x, 1.0).lower
        };
        return Tails { lower: 1.0 - upper, upper };
    }
    let x = df / (df + square);
    let y = square / (df + square);
    let beta = incomplete_beta(0.5 * df, 0.5, x, y);
    Tails { lower: 0.5 + 0.5 * beta.upper, upper: 0.5 * beta.lower }
}

/// P(T <= t).
#[must_use]
pub fn cdf(t: f64, df: f64) -> f64 {
    tails(t, df).lower
}

/// P(T > t).
#[must_use]
pub fn sf(t: f64, df: f64) -> f64 {
    tails(t, df).upper
}

/// The density at t, in Loader's form (2000).
#[must_use]
pub fn pdf(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df == f64::INFINITY {
        return normal::pdf(t);
    }
    let half = 0.5 * df;
    // ln of G((v+1)/2) / (G(v/2) sqrt(v/2)).
    let ratio = libm::exp(half * libm::log1p(0.5 / half) - 0.5 + stirling_error(half + 0.5) - stirling_error(half));
    let body = if t * t < 0.5 * df {
        -(half + 0.5) * libm::log1p(t * t / df)
    } else {
        -(half + 0.5) * (libm::log(t * t + df) - libm::log(df))
    };
    normal::FRAC_1_SQRT_2_PI * ratio * libm::exp(body)
}

/// The t with P(T <= t) = p.
#[must_use]
pub fn quantile(p: f64, df: f64) -> f64 {
    -upper_quantile(p, df)
}

/// The t with P(T > t) = q; infinite at 0 and 1, NaN outside and unless `df > 0`.
#[must_use]
pub fn upper_quantile(q: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&q) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if q == 0.0 || q == 1.0 {
        return if q == 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
    }
    if q == 0.5 {
        return 0.0;
    }
    if 0.5 < q {
        return -upper_quantile(1.0 - q, df);
    }
    let z = normal::upper_quantile(q);
    let start = near_normal(z, df);
    // The first term left out is about z (z^2 / df)^5 / 100, and 0.05 z / df^5 near the centre.
    if 1500.0 < df && z * z < 1e-3 * df {
        return start;
    }
    solve(q, df, start)
}

/// Expansion of the quantile in 1/df to its fourth term (Abramowitz and Stegun 26.7.5).
fn near_normal(z: f64, df: f64) -> f64 {
    if df == f64::INFINITY {
        return z;
    }
    let s = z * z;
    let g1 = (s + 1.0) / 4.0;
    let g2 = ((5.0 * s + 16.0) * s + 3.0) / 96.0;
    let g3 = (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
    let g4 = ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92_160.0;
    z * (1.0 + (g1 + (g2 + (g3 + g4 / df) / df) / df) / df)
}

/// Newton on ln t: against the log of the tail far out, against the log of the central half near 0.
fn solve(q: f64, df: f64, start: f64) -> f64 {
    if df == 1.0 {
        return 1.0 / libm::tan(std::f64::consts::PI * q);
    }
    if df == 2.0 {
        return (1.0 - 2.0 * q) / libm::sqrt(2.0 * q * (1.0 - q));
    }
    let central = 0.5 - q;
    let step = |u: f64| {
        let t = libm::exp(u);
        let density = t * pdf(t, df);
        if 0.25 < q {
            let mass = tails(t, df).lower - 0.5;
            (libm::log(mass / central), density / mass)
        } else {
            let tail = tails(t, df).upper;
            (libm::log(q / tail), density / tail)
        }
    };
    let start = libm::log(start.clamp(1e-300, 1e300));
    root::newton(step, start, -745.0, 709.0, 1e-9).map_or(f64::NAN, libm::exp)
}
