//! Sample-ratio mismatch: does the split of units match the planned shares?
//!
//! Start at [`test()`]; [`power`] says how large a leak the check would see.

use super::noncentral;
use super::normal;
use super::root;
use super::special;
use super::{Refusal, open_unit, positive};

/// Pearson's chi-square test of observed counts against planned shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mismatch {
    pub chi_square: f64,
    /// Arms with a positive share, less one.
    pub degrees_of_freedom: f64,
    pub p_value: f64,
}

/// Tests `observed` counts against `weights`, which need not sum to 1.
///
/// An arm with weight 0 is left out; one unit in it makes the p-value 0.
pub fn test(observed: &[f64], weights: &[f64]) -> Result<Mismatch, Refusal> {
    let (total, sum) = checked(observed, weights)?;
    let mut chi_square = 0.0;
    let mut arms = 0.0;
    for (&count, &weight) in observed.iter().zip(weights) {
        let expected = total * (weight / sum);
        if 0.0 < weight {
            chi_square += (count - expected) * (count - expected) / expected;
            arms += 1.0;
        } else if 0.0 < count {
            chi_square = f64::INFINITY;
        }
    }
    let degrees_of_freedom = more_than_one(arms)?;
    Ok(Mismatch { chi_square, degrees_of_freedom, p_value: special::chi_square(chi_square, degrees_of_freedom).upper })
}

/// The chi-square value at which the test rejects.
pub fn critical_value(alpha: f64, degrees_of_freedom: f64) -> Result<f64, Refusal> {
    open_unit("alpha", alpha)?;
    positive("degrees of freedom", degrees_of_freedom)?;
    if degrees_of_freedom == 1.0 {
        let z = normal::upper_quantile(alpha / 2.0);
        return Ok(z * z);
    }
    // Brent on ln x: the small tail decides which side keeps the digits.
    let off = |u: f64| {
        let tails = special::chi_square(libm::exp(u), degrees_of_freedom);
        if alpha < 0.5 {
            libm::log(alpha / tails.upper.max(1e-320))
        } else {
            libm::log(tails.lower.max(1e-320) / (1.0 - alpha))
        }
    };
    let middle = libm::log(degrees_of_freedom);
    root::brent(off, middle - 750.0, middle + 12.0, 1e-15)
        .map(libm::exp)
        .ok_or(Refusal::Unsettled { what: "critical value" })
}

/// The probability that the test at level `alpha` sees `true_shares` behind `planned` ones, with
/// `units` in all (noncentral chi-square with `units * sum((p - p0)^2 / p0)`).
pub fn power(units: f64, true_shares: &[f64], planned: &[f64], alpha: f64) -> Result<f64, Refusal> {
    positive("number of units", units)?;
    let (true_sum, planned_sum) = checked(true_shares, planned)?;
    let mut distance = 0.0;
    let mut arms = 0.0;
    for (&p, &p0) in true_shares.iter().zip(planned) {
        let (p, p0) = (p / true_sum, p0 / planned_sum);
        if 0.0 < p0 {
            distance += (p - p0) * (p - p0) / p0;
            arms += 1.0;
        }
    }
    let df = more_than_one(arms)?;
    let critical = critical_value(alpha, df)?;
    Ok(noncentral::chi_square_tails(critical, df, units * distance).upper)
}

fn checked(counts: &[f64], weights: &[f64]) -> Result<(f64, f64), Refusal> {
    if counts.len() != weights.len() {
        return Err(Refusal::Lengths { left: counts.len(), right: weights.len() });
    }
    for (what, values) in [("count", counts), ("weight", weights)] {
        for &value in values {
            if !(0.0..f64::INFINITY).contains(&value) {
                return Err(Refusal::Outside { what, value, range: "[0, inf)" });
            }
        }
    }
    let total = positive("sum of the counts", counts.iter().sum())?;
    let sum = positive("sum of the weights", weights.iter().sum())?;
    Ok((total, sum))
}

fn more_than_one(arms: f64) -> Result<f64, Refusal> {
    if arms < 2.0 {
        return Err(Refusal::Outside { what: "number of arms", value: arms, range: "[2, inf)" });
    }
    Ok(arms - 1.0)
}
