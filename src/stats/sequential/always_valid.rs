//! Bounds of sequences that hold at every sample size, met at planned looks.

use super::super::{Refusal, Sides, open_unit, positive, root};
use super::looks::Looks;
use super::monitoring::{Monitoring, check_alpha};

impl Monitoring {
    /// The asymptotic confidence sequence (Waudby-Smith et al. 2024), looked at only at the
    /// fractions. `precision` is the sample at the last look times `rho^2`; see [`tuned_precision`].
    pub fn always_valid(fractions: &[f64], alpha: f64, sides: Sides, precision: f64) -> Result<Self, Refusal> {
        Looks::new(fractions)?;
        check_alpha(alpha)?;
        positive("precision", precision)?;
        let bounds: Vec<f64> =
            fractions.iter().map(|&t| always_valid_bound(2.0 * sides.tail(alpha), precision * t)).collect();
        Self::bounded(fractions, &bounds, alpha, sides)
    }
}

/// The bound of a two-sided asymptotic confidence sequence where the sample times `rho^2` is `precision`.
#[must_use]
pub fn always_valid_bound(alpha: f64, precision: f64) -> f64 {
    let n = precision + 1.0;
    libm::sqrt(2.0 * n / precision * (0.5 * libm::log1p(precision) - libm::log(alpha)))
}

/// The precision at the last look of a sequence that is tightest at the fraction `tightest_at`, which may
/// be above 1 (the approximate optimum of Waudby-Smith et al. 2024).
pub fn tuned_precision(alpha: f64, tightest_at: f64) -> Result<f64, Refusal> {
    open_unit("alpha", alpha)?;
    positive("fraction to tune for", tightest_at)?;
    let twice = -2.0 * libm::log(alpha);
    Ok((twice + libm::log1p(twice)) / tightest_at)
}

/// The drift at which an always-valid sequence with a fixed `rho` has the power by its last look.
///
/// The bounds tighten as the sample grows, so drift and bounds are solved together.
/// `precision_per_drift` is the sample's precision over the squared drift, `rho^2 / (effect / sd of one unit)^2`.
pub fn always_valid_drift(
    fractions: &[f64],
    alpha: f64,
    sides: Sides,
    precision_per_drift: f64,
    power: f64,
) -> Result<f64, Refusal> {
    Looks::new(fractions)?;
    check_alpha(alpha)?;
    positive("precision per squared drift", precision_per_drift)?;
    open_unit("power", power)?;
    let off = |drift: f64| {
        let precision = precision_per_drift * drift * drift;
        Monitoring::always_valid(fractions, alpha, sides, precision)
            .and_then(|plan| plan.power(drift))
            .map_or(f64::NAN, |reached| reached - power)
    };
    root::bracket_upwards(off, 0.05, 0.5)
        .and_then(|(low, high)| root::brent_from(off, low, high, 1e-13))
        .ok_or(Refusal::Unsettled { what: "drift" })
}
