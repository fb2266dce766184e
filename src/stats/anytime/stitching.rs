//! Boundaries in closed form, stitched from linear ones over geometric epochs.
//!
//! They hold from the first observation with probability alpha over all time, and grow like the law of the iterated
//! logarithm; the mixtures of [`super::sums`] are tighter around the time they are tuned for.

use super::super::comparison::positive_or_zero;
use super::super::special::zeta;
use super::super::{Refusal, inside, open_unit, positive};

/// How the epochs are laid out: each is `eta` times as long as the one before, and the k-th gets a share of alpha that
/// falls like `k^-power`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epochs {
    /// Above 1.
    pub power: f64,
    /// Above 1.
    pub eta: f64,
}

impl Default for Epochs {
    /// What Howard et al. recommend for everyday use.
    fn default() -> Self {
        Self { power: 1.4, eta: 2.0 }
    }
}

impl Epochs {
    fn check(self) -> Result<(), Refusal> {
        inside("power of the epochs", self.power, 1.0, 100.0, "(1, 100)")?;
        inside("ratio of the epochs", self.eta, 1.0, 1e6, "(1, 1e6)")?;
        Ok(())
    }

    /// The constants of both theorems.
    fn constants(self) -> (f64, f64) {
        let fourth = libm::sqrt(libm::sqrt(self.eta));
        ((fourth + 1.0 / fourth) * std::f64::consts::FRAC_1_SQRT_2, 0.5 * (libm::sqrt(self.eta) + 1.0))
    }
}

/// The polynomial stitched bound of a sub-gamma sum at intrinsic time `v` (Howard, Ramdas, McAuliffe and Sekhon 2021,
/// theorem 1, equation 10).
///
/// `alpha` is spent on one side. `v_min` is where the bound starts; earlier it stays at its first value. `scale` is
/// the scale of the sub-gamma tail, 0 for sub-Gaussian sums.
///
/// ```
/// use expc::stats::anytime::stitching::{Epochs, polynomial_bound};
///
/// let bound = polynomial_bound(1000.0, 0.025, 10.0, 0.0, Epochs::default())?;
/// assert_eq!(bound.round(), 126.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn polynomial_bound(v: f64, alpha: f64, v_min: f64, scale: f64, epochs: Epochs) -> Result<f64, Refusal> {
    positive("intrinsic time", v)?;
    positive("first intrinsic time", v_min)?;
    open_unit("alpha", alpha)?;
    positive_or_zero("scale of the tail", scale)?;
    epochs.check()?;
    let v = v.max(v_min);
    let (k1, k2) = epochs.constants();
    let level = epochs.power * libm::log(libm::log(epochs.eta * (v / v_min))) + libm::log(zeta(epochs.power) / alpha)
        - epochs.power * libm::log(libm::log(epochs.eta));
    settled(stitched(v, level, k1, k2 * scale))
}

/// The double stitched bound on how far the count of `t` observations below a quantile strays from its mean, for all
/// quantiles and all times at once (Howard and Ramdas 2022, theorem 3).
///
/// `quantile` is the rank in (0, 1); the result over `t` is the distance in ranks. `tuned` is the sample size from
/// which the bound is made to work, `delta` sets the grid over quantiles.
///
/// ```
/// use expc::stats::anytime::stitching::{Epochs, quantile_bound};
///
/// let median = quantile_bound(0.5, 10_000.0, 0.01, 1000.0, 0.5, Epochs::default())?;
/// let p99 = quantile_bound(0.99, 10_000.0, 0.01, 1000.0, 0.5, Epochs::default())?;
/// assert_eq!((median.round(), p99.round()), (233.0, 49.0));
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn quantile_bound(
    quantile: f64,
    t: f64,
    alpha: f64,
    tuned: f64,
    delta: f64,
    epochs: Epochs,
) -> Result<f64, Refusal> {
    open_unit("quantile", quantile)?;
    open_unit("alpha", alpha)?;
    positive("number of observations", t)?;
    positive("observations to tune for", tuned)?;
    positive("step of the quantile grid", delta)?;
    epochs.check()?;
    let t = t.max(tuned);
    let growth = t / tuned;
    let logit = libm::log(quantile) - libm::log1p(-quantile);
    // The rank next on the grid towards the middle, whose variance is the larger one.
    let rank = if 0.5 <= quantile {
        quantile
    } else {
        let next = logit + 2.0 * delta * libm::sqrt(epochs.eta / growth);
        (1.0 / (1.0 + libm::exp(-next))).min(0.5)
    };
    let variance = rank * (1.0 - rank);
    let cell = libm::sqrt(growth) * logit.abs() / (2.0 * delta) + 1.0;
    let sum = zeta(epochs.power);
    let level = epochs.power * (libm::log(libm::log(epochs.eta * growth)) + libm::log(cell))
        + libm::log(2.0 * sum * (2.0 * sum + 1.0) / alpha)
        - epochs.power * libm::log(libm::log(epochs.eta));
    let (k1, k2) = epochs.constants();
    let skew = (1.0 - 2.0 * quantile) / 3.0;
    settled(delta * libm::sqrt(epochs.eta * growth * variance) + stitched(variance * t, level, k1, k2 * skew))
}

/// `sqrt(k1^2 v l + (k2 c l)^2) + k2 c l`.
fn stitched(v: f64, level: f64, k1: f64, k2_scale: f64) -> f64 {
    let linear = k2_scale * level;
    libm::hypot(k1 * libm::sqrt(v * level), linear) + linear
}

fn settled(bound: f64) -> Result<f64, Refusal> {
    if bound.is_finite() { Ok(bound) } else { Err(Refusal::Unsettled { what: "stitched bound" }) }
}
