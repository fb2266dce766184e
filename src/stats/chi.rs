//! Means over the estimated deviation: what a t statistic divides by.
//!
//! `U = sqrt(chi2_v / v)` is the estimated deviation over the true one. Its density is written with Loader's deviance,
//! so that a million degrees of freedom keep their digits.

use super::quadrature::panels;
use super::special::{deviance, stirling_error};
use std::f64::consts::PI;

/// More panels than any proper question needs: what is left of the time bound for odd ones.
const MOST_PANELS: f64 = 3000.0;

/// The mean of `f(U)` over `U < most`, where `f` changes over a length of `scale`.
///
/// Gauss-Legendre panels of at most three deviations of U, or three times `scale`, between the points beyond which
/// less than 1e-20 lies. Below 3 degrees of freedom the density is taken along ln U, where it has no corner at 0.
pub(crate) fn mean_below(most: f64, df: f64, scale: f64, f: impl Fn(f64) -> f64) -> f64 {
    let spread = libm::sqrt(0.5 / df);
    let high = most.min(1.0 + 14.0 * spread);
    if df < 3.0 {
        let (low, high) = (-45.0 / df, libm::log(high));
        if high <= low {
            return 0.0;
        }
        let width = (high - low) / ((high - low) / 0.5).min(MOST_PANELS);
        return panels(low, high, width)
            .map(|(w, weight)| {
                let u = libm::exp(w);
                weight * u * density(u, df) * f(u)
            })
            .sum();
    }
    let low = (1.0 - 12.0 * spread).max(0.0);
    if high <= low {
        return 0.0;
    }
    let width = (3.0 * spread).min(3.0 * scale).max((high - low) / MOST_PANELS);
    panels(low, high, width).map(|(u, weight)| weight * density(u, df) * f(u)).sum()
}

/// The density of U at `u > 0`.
fn density(u: f64, df: f64) -> f64 {
    libm::sqrt(df / PI) / u * libm::exp(-stirling_error(0.5 * df) - 0.5 * df * deviance(1.0, u * u))
}
