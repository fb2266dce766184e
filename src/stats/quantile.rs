//! Quantile metrics: what to plan a median or a 99th percentile with.
//!
//! Each function gives the variance of a unit, `lim n Var(q_hat)`; its root is the standard deviation of a mean to
//! plan with ([`super::comparison`], unequal normal test). A treatment that multiplies outcomes by `1 + lift`
//! multiplies the quantile and its deviation by as much.

use super::comparison::Caution;
use super::variance::Joint;
use super::{Refusal, inside, normal, open_unit, positive};

/// Unit variance from the density of the outcome at the quantile: `p (1 - p) / f^2`.
///
/// ```
/// // The median of a normal outcome: pi / 2.
/// let density = 1.0 / (2.0 * std::f64::consts::PI).sqrt();
/// let variance = expc::stats::quantile::from_density(0.5, density)?;
/// assert!((variance - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn from_density(p: f64, density: f64) -> Result<f64, Refusal> {
    open_unit("probability of the quantile", p)?;
    positive("density at the quantile", density)?;
    positive("variance of the quantile", p * (1.0 - p) / density / density)
}

/// Unit variance from a past interval of coverage `1 - alpha`, seen with `units` units: `n ((high - low) / (2 z))^2`.
pub fn from_interval((low, high): (f64, f64), alpha: f64, units: f64) -> Result<f64, Refusal> {
    open_unit("alpha", alpha)?;
    positive("number of units", units)?;
    let half = 0.5 * positive("width of the interval", high - low)? / normal::upper_quantile(alpha / 2.0);
    positive("variance of the quantile", units * half * half)
}

/// Unit variance from the order statistics that bound the quantile in a sample: [`from_interval`] on the sample's
/// `n - 1`, as the variance of a mean would have it. Samples are the units.
pub fn from_order_statistics(bounds: (f64, f64), alpha: f64, units: f64) -> Result<f64, Refusal> {
    inside("number of units", units, 1.0, f64::INFINITY, "(1, inf)")?;
    from_interval(bounds, alpha, units - 1.0)
}

/// A quantile over events of which a unit has many (Liu, Sun, Varshney and Xu 2019).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustered {
    /// Variance of the share of events below the quantile, with units as clusters: what replaces `p (1 - p) / n`.
    pub indicator_variance: f64,
    /// Variance of the quantile, times the events less 1.
    pub variance: f64,
}

/// Variance of a quantile of events with units as clusters. `below` joins each unit's number of events below the
/// quantile, as the outcome, with its number of events, as the covariate; `bounds` are the order statistics that
/// bound the quantile at `1 - alpha` if events were independent, so that the clustered variance over the independent one widens them.
pub fn clustered(p: f64, below: &Joint, bounds: (f64, f64), alpha: f64) -> Result<Clustered, Refusal> {
    open_unit("probability of the quantile", p)?;
    let events = below.covariate.mean * below.units;
    let indicator_variance = below.ratio_variance()? / below.units;
    let naive = from_order_statistics(bounds, alpha, events)?;
    let variance = naive * indicator_variance / (p * (1.0 - p) / events);
    Ok(Clustered { indicator_variance, variance: positive("variance of the quantile", variance)? })
}

/// Units from which an interval of the quantile exists at all: its order statistics lie inside the sample when
/// `n > z^2 p / (1 - p)`, or with p and 1 - p swapped below the median. About 380 at the 99th percentile.
pub fn least_units(p: f64, alpha: f64) -> Result<f64, Refusal> {
    open_unit("probability of the quantile", p)?;
    open_unit("alpha", alpha)?;
    let z = normal::upper_quantile(alpha / 2.0);
    let odds = p / (1.0 - p);
    Ok(z * z * odds.max(1.0 / odds))
}

/// The caution that `units` in an arm are fewer than ten times [`least_units`].
///
/// ```
/// use expc::stats::quantile::caution;
/// assert!(caution(0.99, 0.05, 2000.0)?.is_some());
/// assert!(caution(0.5, 0.05, 2000.0)?.is_none());
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn caution(p: f64, alpha: f64, units: f64) -> Result<Option<Caution>, Refusal> {
    let wanted = 10.0 * least_units(p, alpha)?;
    positive("number of units", units)?;
    Ok((units < wanted).then_some(Caution::FewBeyondQuantile { units, wanted }))
}
