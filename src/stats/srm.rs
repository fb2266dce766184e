//! Sample-ratio mismatch: does the split of units match the planned shares?
//!
//! Start at [`test()`], for one look at the counts, or at [`Watch`], for a look after every batch; [`power`] and
//! [`smallest_leak`] say how large a leak the check would see.

use super::noncentral;
use super::normal;
use super::root;
use super::special;
use super::{Refusal, open_unit, positive};

/// A test of observed counts against planned shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mismatch {
    /// Pearson's chi-square, or G for the likelihood ratio.
    pub statistic: f64,
    /// Arms with a positive share, less one.
    pub degrees_of_freedom: f64,
    pub p_value: f64,
    pub method: Method,
}

/// Where a p-value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The chi-square distribution, near enough from 5 expected units an arm.
    ChiSquare,
    /// The binomial or multinomial distribution itself.
    Exact,
}

/// Below this many expected units in an arm the chi-square distribution is not trusted.
const LEAST_EXPECTED: f64 = 5.0;
/// Splits of the units that an exact test of three or more arms goes through.
const MOST_SPLITS: f64 = 2e6;
/// Probabilities this close count as equal, as in other exact tests.
const TIE: f64 = 1e-7;

/// Tests `observed` counts against `weights`, which need not sum to 1.
///
/// Pearson's chi-square; where an arm expects fewer than 5 units the p-value is the [`exact`] one, as long as that can
/// be enumerated. An arm with weight 0 is left out; one unit in it makes the p-value 0.
///
/// ```
/// use expc::stats::srm::{self, Method};
///
/// let split = srm::test(&[9_463.0, 7_681.0], &[1.0, 1.0])?;
/// assert!(split.p_value < 1e-41 && split.method == Method::ChiSquare);
/// let small = srm::test(&[6.0, 0.0], &[1.0, 1.0])?;
/// assert!((small.p_value - 2.0 / 64.0).abs() < 1e-15 && small.method == Method::Exact);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn test(observed: &[f64], weights: &[f64]) -> Result<Mismatch, Refusal> {
    let by_chi_square = pearson(observed, weights)?;
    let (total, sum) = checked(observed, weights)?;
    let few = weights.iter().any(|weight| 0.0 < *weight && total * (weight / sum) < LEAST_EXPECTED);
    if few && let Ok(p_value) = exact(observed, weights) {
        return Ok(Mismatch { p_value, method: Method::Exact, ..by_chi_square });
    }
    Ok(by_chi_square)
}

/// Pearson's chi-square test, whatever the counts.
pub fn pearson(observed: &[f64], weights: &[f64]) -> Result<Mismatch, Refusal> {
    summed(observed, weights, |count, expected| (count - expected) * ((count - expected) / expected))
}

/// The likelihood ratio test: `G = 2 sum x ln(x / e)`, by Loader's deviances.
pub fn likelihood_ratio(observed: &[f64], weights: &[f64]) -> Result<Mismatch, Refusal> {
    summed(observed, weights, |count, expected| 2.0 * special::deviance(count, expected))
}

fn summed(observed: &[f64], weights: &[f64], term: fn(f64, f64) -> f64) -> Result<Mismatch, Refusal> {
    let (total, sum) = checked(observed, weights)?;
    let mut statistic = 0.0;
    let mut arms = 0.0;
    for (&count, &weight) in observed.iter().zip(weights) {
        let expected = total * (weight / sum);
        if 0.0 < expected {
            statistic += term(count, expected);
            arms += 1.0;
        } else if 0.0 < count {
            statistic = f64::INFINITY;
        }
    }
    let degrees_of_freedom = more_than_one(arms)?;
    let p_value = special::chi_square(statistic, degrees_of_freedom).upper;
    Ok(Mismatch { statistic, degrees_of_freedom, p_value, method: Method::ChiSquare })
}

/// The exact p-value: the probability of all splits that are no more likely than the observed one.
///
/// Two arms by binomial tails, for any whole counts; more by going through every split, which is refused above two
/// million of them.
///
/// ```
/// let p = expc::stats::srm::exact(&[10_000.0, 10_450.0], &[1.0, 1.0])?;
/// assert!((p - 0.001_690_074_029).abs() < 1e-12);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn exact(observed: &[f64], weights: &[f64]) -> Result<f64, Refusal> {
    let (total, sum) = checked(observed, weights)?;
    if let Some(&value) = observed.iter().find(|count| **count != count.floor() || 1e15 < **count) {
        return Err(Refusal::Outside { what: "count", value, range: "the whole numbers to 1e15" });
    }
    let (mut counts, mut shares) = (Vec::new(), Vec::new());
    for (&count, &weight) in observed.iter().zip(weights) {
        if 0.0 < weight / sum {
            counts.push(count);
            shares.push(weight / sum);
        } else if 0.0 < count {
            return Ok(0.0);
        }
    }
    more_than_one(counts.len() as f64)?;
    if let ([first, _], [share, other]) = (&counts[..], &shares[..]) {
        return Ok(binomial(*first, total, *share, *other));
    }
    let mut splits = 1.0;
    for k in 1..counts.len() {
        splits *= (total + k as f64) / k as f64;
    }
    if MOST_SPLITS < splits {
        return Err(Refusal::Outside { what: "number of splits", value: splits, range: "what can be gone through" });
    }
    Ok(multinomial(&counts, &shares, total))
}

/// Two-sided binomial p-value, for `count` of `total` units at `share`.
fn binomial(count: f64, total: f64, share: f64, other: f64) -> f64 {
    if total * share < count {
        return binomial(total - count, total, other, share);
    }
    let ln_most = ln_binomial(count, total, share, other) + TIE;
    let at_most =
        if count == total { 1.0 } else { special::incomplete_beta(total - count, count + 1.0, other, share).lower };
    // Above the mean the probabilities fall: the first that is no larger than the observed one.
    let (mut likely, mut first) = ((total * share).floor().max(count), total + 1.0);
    while 1.0 < first - likely {
        let middle = ((likely + first) / 2.0).floor();
        if ln_binomial(middle, total, share, other) <= ln_most {
            first = middle;
        } else {
            likely = middle;
        }
    }
    if total < first {
        return at_most;
    }
    (at_most + special::incomplete_beta(first, total - first + 1.0, share, other).lower).min(1.0)
}

/// ln of the binomial probability in Loader's form (2000).
fn ln_binomial(count: f64, total: f64, share: f64, other: f64) -> f64 {
    let rest = total - count;
    let ln = |share: f64, other: f64| if share < 0.5 { libm::log(share) } else { libm::log1p(-other) };
    if count == 0.0 {
        return total * ln(other, share);
    }
    if rest == 0.0 {
        return total * ln(share, other);
    }
    let errors = special::stirling_error(total) - special::stirling_error(count) - special::stirling_error(rest);
    let spread = 0.5 * libm::log(total / (2.0 * std::f64::consts::PI * count * rest));
    spread + errors - special::deviance(count, total * share) - special::deviance(rest, total * other)
}

/// Sums over all splits of `total` units that are no more likely than `counts`.
fn multinomial(counts: &[f64], shares: &[f64], total: f64) -> f64 {
    let mut ln_factorials = vec![0.0];
    for k in 1..=(total as usize) {
        ln_factorials.push(ln_factorials[k - 1] + libm::log(k as f64));
    }
    let ln_shares: Vec<f64> = shares.iter().map(|share| libm::log(*share)).collect();
    let ln_term = |arm: usize, count: usize| count as f64 * ln_shares[arm] - ln_factorials[count];
    let observed: f64 = counts.iter().enumerate().map(|(arm, count)| ln_term(arm, *count as usize)).sum();
    // Counts up through the splits: the first arms as the digits of a number, the last arm takes the rest.
    let last = counts.len() - 1;
    let mut digits = vec![0_usize; last];
    let mut left = total as usize;
    let mut sum = 0.0;
    loop {
        let ln_split: f64 =
            digits.iter().enumerate().map(|(arm, count)| ln_term(arm, *count)).sum::<f64>() + ln_term(last, left);
        if ln_split <= observed + TIE {
            sum += libm::exp(ln_split + ln_factorials[total as usize]);
        }
        let mut arm = 0;
        while arm < last && left == 0 {
            left += digits[arm];
            digits[arm] = 0;
            arm += 1;
        }
        if arm == last {
            return sum.min(1.0);
        }
        digits[arm] += 1;
        left -= 1;
    }
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

/// Noncentrality of the test's statistic for `true_shares` behind `planned` ones: `n sum((p - p0)^2 / p0)`.
///
/// Infinite when units come in an arm that was planned without any.
pub fn noncentrality(units: f64, true_shares: &[f64], planned: &[f64]) -> Result<f64, Refusal> {
    positive("number of units", units)?;
    let (true_sum, planned_sum) = checked(true_shares, planned)?;
    let mut distance = 0.0;
    for (&p, &p0) in true_shares.iter().zip(planned) {
        let (p, p0) = (p / true_sum, p0 / planned_sum);
        if 0.0 < p0 {
            distance += (p - p0) * (p - p0) / p0;
        } else if 0.0 < p {
            return Ok(f64::INFINITY);
        }
    }
    Ok(units * distance)
}

/// The probability that the test at level `alpha` sees `true_shares` behind `planned` ones, with
/// `units` in all (noncentral chi-square with their [`noncentrality`]).
pub fn power(units: f64, true_shares: &[f64], planned: &[f64], alpha: f64) -> Result<f64, Refusal> {
    let distance = noncentrality(units, true_shares, planned)?;
    let df = more_than_one(planned.iter().filter(|weight| 0.0 < **weight).count() as f64)?;
    let critical = critical_value(alpha, df)?;
    if distance == f64::INFINITY {
        return Ok(1.0);
    }
    Ok(noncentral::chi_square_tails(critical, df, distance).upper)
}

/// The smallest leak of one arm that the test at level `alpha` notices with probability `power`: the share of the
/// arm's units that never reach the data, when `units` are counted in all arms.
///
/// A leak l of an arm with the share p has the noncentrality `n p (1 - p) l^2 / (1 - p l)^2`.
///
/// ```
/// let leak = expc::stats::srm::smallest_leak(100_000.0, &[1.0, 1.0], 1, 0.9, 0.001)?;
/// assert!((leak - 0.0286).abs() < 1e-4);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn smallest_leak(units: f64, planned: &[f64], arm: usize, power: f64, alpha: f64) -> Result<f64, Refusal> {
    positive("number of units", units)?;
    let share = arm_share(planned, arm)?;
    let shift = libm::sqrt(noncentrality_for(planned, power, alpha)? / units);
    let leak = shift / (libm::sqrt(share * (1.0 - share)) + share * shift);
    if 1.0 < leak {
        return Err(Refusal::OutOfReach { power, units });
    }
    Ok(leak)
}

/// The units to count in all arms until the test at level `alpha` notices a leak of one arm with probability `power`.
pub fn units_to_notice(leak: f64, planned: &[f64], arm: usize, power: f64, alpha: f64) -> Result<f64, Refusal> {
    let share = arm_share(planned, arm)?;
    if !(0.0 < leak && leak <= 1.0) {
        return Err(Refusal::Outside { what: "leak", value: leak, range: "(0, 1]" });
    }
    let shift = leak / (1.0 - share * leak);
    positive("number of units", noncentrality_for(planned, power, alpha)? / (share * (1.0 - share)) / shift / shift)
}

/// The planned share of an arm, inside (0, 1).
fn arm_share(planned: &[f64], arm: usize) -> Result<f64, Refusal> {
    let (_, sum) = checked(planned, planned)?;
    let Some(weight) = planned.get(arm) else {
        return Err(Refusal::Lengths { left: planned.len(), right: arm });
    };
    open_unit("planned share", weight / sum)
}

/// The noncentrality at which the test has this power.
fn noncentrality_for(planned: &[f64], power: f64, alpha: f64) -> Result<f64, Refusal> {
    let df = more_than_one(planned.iter().filter(|weight| 0.0 < **weight).count() as f64)?;
    let critical = critical_value(alpha, df)?;
    open_unit("power", power)?;
    if power <= alpha {
        return Err(Refusal::PowerTooLow { power, alpha });
    }
    let surplus = |shift: f64| noncentral::chi_square_tails(critical, df, shift * shift).upper - power;
    root::bracket_upwards(surplus, 0.0, 1.0)
        .and_then(|(low, high)| root::brent_from(surplus, low, high, 1e-14))
        .map(|shift| shift * shift)
        .ok_or(Refusal::Unsettled { what: "noncentrality" })
}

/// The check after every batch: a Bayes factor whose p-value holds at all looks together.
///
/// Under a mismatch the shares are drawn from a Dirichlet distribution around the planned ones, with `concentration`
/// units' worth of weight; `ln BF = ln B(k p0 + x) - ln B(k p0) - sum x ln p0` (Lindon and Malek 2022). From 100 to
/// 10,000 is usual: the larger, the smaller the shifts it reacts to, and the later to large ones.
///
/// ```
/// use expc::stats::srm::Watch;
///
/// let mut watch = Watch::new(&[1.0, 1.0], 100.0)?;
/// let first = watch.update(&[1_000.0, 1_010.0])?;
/// assert_eq!(first.p_value, 1.0);
/// for batch in [[1_000.0, 1_080.0], [990.0, 1_100.0], [1_000.0, 1_120.0]] {
///     watch.update(&batch)?;
/// }
/// assert!((watch.evidence().p_value - 0.020_66).abs() < 1e-5);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    shares: Vec<f64>,
    counts: Vec<f64>,
    concentration: f64,
    now: Evidence,
}

/// What the counts so far say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// ln of the odds for a mismatch, over what they were before any unit.
    pub ln_bayes_factor: f64,
    /// The smallest 1 / BF so far, at most 1: below alpha at any look with a probability of at most alpha.
    pub p_value: f64,
}

impl Watch {
    /// Starts with no units. Arms with weight 0 must stay empty.
    pub fn new(weights: &[f64], concentration: f64) -> Result<Self, Refusal> {
        let (_, sum) = checked(weights, weights)?;
        positive("concentration", concentration)?;
        let shares: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        more_than_one(shares.iter().filter(|share| 0.0 < **share).count() as f64)?;
        let now = Evidence { ln_bayes_factor: 0.0, p_value: 1.0 };
        Ok(Self { counts: vec![0.0; shares.len()], shares, concentration, now })
    }

    /// Adds the counts of a batch.
    pub fn update(&mut self, batch: &[f64]) -> Result<Evidence, Refusal> {
        if batch.len() != self.shares.len() {
            return Err(Refusal::Lengths { left: batch.len(), right: self.shares.len() });
        }
        if let Some(&value) = batch.iter().find(|count| !(0.0..=1e15).contains(*count)) {
            return Err(Refusal::Outside { what: "count", value, range: "[0, 1e15]" });
        }
        for (count, new) in self.counts.iter_mut().zip(batch) {
            *count += new;
        }
        let ln_bayes_factor = self.ln_bayes_factor();
        if ln_bayes_factor.is_nan() {
            return Err(Refusal::Unsettled { what: "Bayes factor" });
        }
        self.now = Evidence { ln_bayes_factor, p_value: self.now.p_value.min(libm::exp(-ln_bayes_factor)) };
        Ok(self.now)
    }

    /// What the counts so far say.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.now
    }

    /// With Stirling's formula for every gamma function the large terms cancel on paper: for `y = k p + x`, its sum Y
    /// and m arms, `sum D(y, p Y) - sum ln(y / (p Y)) / 2 - (m - 1) / 2 ln(Y / k)` and the errors of the formula.
    fn ln_bayes_factor(&self) -> f64 {
        let before = self.concentration;
        let total = before + self.counts.iter().sum::<f64>();
        if total == before {
            return 0.0;
        }
        let mut arms = 0.0;
        let mut sum = special::stirling_error(before) - special::stirling_error(total);
        for (&share, &count) in self.shares.iter().zip(&self.counts) {
            if share == 0.0 {
                if 0.0 < count {
                    return f64::INFINITY;
                }
                continue;
            }
            let (prior, expected) = (before * share, total * share);
            let posterior = prior + count;
            arms += 1.0;
            sum += special::deviance(posterior, expected) - 0.5 * libm::log(posterior / expected)
                + special::stirling_error(posterior)
                - special::stirling_error(prior);
        }
        sum - 0.5 * (arms - 1.0) * libm::log(total / before)
    }
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
