//! Equivalence: two one-sided tests, and the probability that both reject (Schuirmann 1987).
//!
//! The claim is that the effect lies between two margins. Each test has the whole alpha, since both must reject:
//! alpha 0.05 is the 90 % interval inside the margins. Comparisons with control go through
//! [`super::comparison::Claim::Equivalence`]; the functions here are the law below it and the designs beside it.

use super::{Refusal, chi, inside, normal, open_unit, positive};

/// The probability that both t tests reject, given the distances from the truth to the margins in standard errors,
/// `low < 0 < high`, and the critical value that the statistics are held against.
///
/// `int f(u) [Phi(high - k u) - Phi(low + k u)] du` up to the u where both meet; Owen's Q (1965) as one integral.
pub(crate) fn student_power(critical: f64, df: f64, low: f64, high: f64) -> f64 {
    if df == f64::INFINITY {
        return (normal::cdf(high - critical) - normal::cdf(low + critical)).max(0.0);
    }
    let most = if 0.0 < critical { (high - low) / (2.0 * critical) } else { f64::INFINITY };
    let scale = 1.0 / critical.abs().max(1.0);
    chi::mean_below(most, df, scale, |u| {
        // The smaller tails, so that a power near 1 keeps its digits.
        1.0 - normal::sf(high - critical * u) - normal::cdf(low + critical * u)
    })
    .clamp(0.0, 1.0)
}

/// The power to show that one rate lies between `lower` and `upper`, by the normal test on a whole count of events.
///
/// The critical counts are those of the normal tests with the variance at each margin, rounded inwards to counts
/// that can occur; their probability is the normal one at the true rate.
///
/// ```
/// let power = expc::stats::equivalence::one_proportion(900.0, 0.05, (0.28, 0.36), 0.32)?;
/// assert_eq!((power * 1000.0).round(), 628.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn one_proportion(units: f64, alpha: f64, (lower, upper): (f64, f64), rate: f64) -> Result<f64, Refusal> {
    let units = positive("number of units", units)?;
    let alpha = one_sided_alpha(alpha)?;
    open_unit("lower margin", lower)?;
    inside("upper margin", upper, lower, 1.0, "(lower margin, 1)")?;
    inside("true rate", rate, lower, upper, "(lower margin, upper margin)")?;
    let error = |p: f64| libm::sqrt(p * (1.0 - p) / units);
    let z = normal::upper_quantile(alpha);
    let least = ((lower + z * error(lower)) * units).ceil() / units;
    let most = ((upper - z * error(upper)) * units).floor() / units;
    let at = |x: f64| normal::cdf((x - rate) / error(rate));
    Ok((at(most) - at(least)).max(0.0))
}

/// Passes the level of each of the two tests; from a half on they would overlap.
pub(crate) fn one_sided_alpha(alpha: f64) -> Result<f64, Refusal> {
    inside("alpha of an equivalence test", alpha, 0.0, 0.5, "(0, 0.5)")
}
