//! Many tests in one experiment: the share of alpha each gets, and adjusted p-values.
//!
//! Start at [`alpha_per_test`] for planning and at [`adjust`] for analysis. What a correction costs in power is in
//! [`family`](super::family), what a decision made of several metrics costs in [`decision`](super::decision).

use super::dunnett::ManyToOne;
use super::normal;
use super::{Refusal, Sides, open_unit};

/// How a family of tests shares one alpha.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Correction<'a> {
    /// Every test at the whole alpha.
    None,
    /// Any dependence.
    Bonferroni,
    /// Sidak 1967: exact for independent tests, safe for positively correlated normal ones.
    Sidak,
    /// Holm 1979: Bonferroni step by step from the smallest p; any dependence.
    Holm,
    /// Holm's steps at Sidak's levels.
    HolmSidak,
    /// Hochberg 1988: step by step from the largest p; independent or positively dependent tests.
    Hochberg,
    /// Hommel 1988: the closed test of Simes; rejects whatever Hochberg does, under the same dependence.
    Hommel,
    /// Dunnett 1955: treatments with these units over control units, compared with one control.
    Dunnett { sides: Sides, ratios: &'a [f64] },
    /// Each test at the whole alpha as long as all before it rejected; the order is fixed beforehand (Maurer, Hothorn
    /// and Lehmacher 1995).
    FixedSequence,
    /// Benjamini and Hochberg 1995: the false discovery rate, not the family-wise error.
    BenjaminiHochberg,
    /// Benjamini and Yekutieli 2001: the false discovery rate under any dependence.
    BenjaminiYekutieli,
}

impl Correction<'_> {
    /// The name in plans and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bonferroni => "bonferroni",
            Self::Sidak => "sidak",
            Self::Holm => "holm",
            Self::HolmSidak => "holm-sidak",
            Self::Hochberg => "hochberg",
            Self::Hommel => "hommel",
            Self::Dunnett { .. } => "dunnett",
            Self::FixedSequence => "fixed-sequence",
            Self::BenjaminiHochberg => "benjamini-hochberg",
            Self::BenjaminiYekutieli => "benjamini-yekutieli",
        }
    }
}

/// The level at which to size each of `tests` tests: with it every test has at least the power it is planned for.
///
/// - `None`, `FixedSequence`: alpha. The k-th test of a sequence is reached only if all before it rejected:
///   [`family::sequence_power`](super::family::sequence_power) has the power of its claim.
/// - `Bonferroni`, `Sidak`, `Dunnett`: the level itself. With Dunnett's correction `tests` is a number of metrics times
///   the treatments; alpha is first split over the metrics.
/// - `Holm`, `HolmSidak`, `Hochberg`, `Hommel`, `BenjaminiHochberg`, `BenjaminiYekutieli`: the level of the first step,
///   which the test passes whatever the others do. A bound: [`family::Family`](super::family::Family) has the power
///   itself, which is larger.
///
/// ```
/// use expc::stats::multiplicity::{Correction, alpha_per_test};
///
/// assert_eq!(alpha_per_test(Correction::Holm, 0.05, 4)?, 0.0125);
/// assert!(0.0125 < alpha_per_test(Correction::Sidak, 0.05, 4)?);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn alpha_per_test(correction: Correction<'_>, alpha: f64, tests: usize) -> Result<f64, Refusal> {
    open_unit("alpha", alpha)?;
    let m = counted("number of tests", tests)?;
    Ok(match correction {
        Correction::None | Correction::FixedSequence => alpha,
        Correction::Sidak | Correction::HolmSidak => sidak_level(alpha, m),
        Correction::Bonferroni
        | Correction::Holm
        | Correction::Hochberg
        | Correction::Hommel
        | Correction::BenjaminiHochberg => alpha / m,
        Correction::BenjaminiYekutieli => alpha / (m * harmonic(tests)),
        Correction::Dunnett { sides, ratios } => {
            if ratios.is_empty() || !tests.is_multiple_of(ratios.len()) {
                return Err(Refusal::Lengths { left: tests, right: ratios.len() });
            }
            let alpha = alpha / (tests / ratios.len()) as f64;
            ManyToOne { alpha, sides, ratios }.alpha_per_comparison(f64::INFINITY)?
        }
    })
}

/// Adjusted p-values in the order of the input: compare each with the whole alpha.
///
/// For Dunnett's correction the p-values are those of normal tests, one for each ratio in its order; a fixed sequence
/// is in the order of the input.
///
/// ```
/// use expc::stats::multiplicity::{Correction, adjust};
///
/// let p = [0.01, 0.04, 0.03];
/// assert_eq!(adjust(Correction::Holm, &p)?, [0.03, 0.06, 0.06]);
/// assert_eq!(adjust(Correction::Hochberg, &p)?, [0.03, 0.04, 0.04]);
/// assert_eq!(adjust(Correction::FixedSequence, &p)?, [0.01, 0.04, 0.04]);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn adjust(correction: Correction<'_>, p_values: &[f64]) -> Result<Vec<f64>, Refusal> {
    for &p in p_values {
        if !(0.0..=1.0).contains(&p) {
            return Err(Refusal::Outside { what: "p-value", value: p, range: "[0, 1]" });
        }
    }
    let m = p_values.len();
    let count = m as f64;
    let left = |rank: usize| (m - rank) as f64;
    let each = |f: &dyn Fn(f64) -> f64| p_values.iter().map(|&p| f(p)).collect();
    Ok(match correction {
        Correction::None => p_values.to_vec(),
        Correction::Bonferroni => each(&|p| (p * count).min(1.0)),
        Correction::Sidak => each(&|p| sidak_p(p, count)),
        Correction::Holm => step_down(p_values, |p, rank| p * left(rank)),
        Correction::HolmSidak => step_down(p_values, |p, rank| sidak_p(p, left(rank))),
        Correction::Hochberg => step_up(p_values, left),
        Correction::Hommel => hommel(p_values),
        Correction::Dunnett { sides, ratios } => dunnett(sides, ratios, p_values)?,
        Correction::FixedSequence => largest_so_far(p_values),
        Correction::BenjaminiHochberg => step_up(p_values, |rank| count / (rank + 1) as f64),
        Correction::BenjaminiYekutieli => {
            let dependence = harmonic(m);
            step_up(p_values, |rank| dependence * count / (rank + 1) as f64)
        }
    })
}

/// Adjusted p-values of two families, where the second is looked at only if every test of the first rejects.
///
/// Serial gatekeeping (Westfall and Krishen 2001): each family at the whole alpha with its own correction; a p-value of
/// the second is at least the largest of the first.
///
/// ```
/// use expc::stats::multiplicity::{Correction, gatekeep};
///
/// let (primary, secondary) = gatekeep((Correction::Holm, &[0.001, 0.02]), (Correction::None, &[0.004]))?;
/// assert_eq!((primary, secondary), (vec![0.002, 0.02], vec![0.02]));
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn gatekeep(
    primary: (Correction<'_>, &[f64]),
    secondary: (Correction<'_>, &[f64]),
) -> Result<(Vec<f64>, Vec<f64>), Refusal> {
    let first = adjust(primary.0, primary.1)?;
    let gate = first.iter().copied().fold(0.0, f64::max);
    let second = adjust(secondary.0, secondary.1)?.into_iter().map(|p| p.max(gate)).collect();
    Ok((first, second))
}

/// How a first look at the p-values estimates the number of true null hypotheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstStage {
    /// By what Benjamini and Hochberg's procedure accepts at alpha; not proven to control the rate.
    Alpha,
    /// At `alpha / (1 + alpha)`: Benjamini, Krieger and Yekutieli 2006, controls the rate for independent tests.
    Reduced,
}

/// Adjusted p-values of the two-stage false discovery rate: compare each with the same alpha.
///
/// Benjamini and Hochberg's procedure at `alpha m / m0`, where `m0` of the `m` tests were accepted by a first stage.
pub fn adjust_two_stage(stage: FirstStage, alpha: f64, p_values: &[f64]) -> Result<Vec<f64>, Refusal> {
    open_unit("alpha", alpha)?;
    let factor = match stage {
        FirstStage::Alpha => 1.0,
        FirstStage::Reduced => 1.0 + alpha,
    };
    let plain = adjust(Correction::BenjaminiHochberg, p_values)?;
    let rejected = plain.iter().filter(|&&p| p <= alpha / factor).count();
    let tests = p_values.len();
    let nulls = if rejected == 0 || rejected == tests { tests } else { tests - rejected };
    let share = if tests == 0 { 1.0 } else { nulls as f64 / tests as f64 };
    Ok(plain.iter().map(|p| (p * share * factor).min(1.0)).collect())
}

/// Sidak's level of one of `m` tests.
pub(crate) fn sidak_level(alpha: f64, m: f64) -> f64 {
    -libm::expm1(libm::log1p(-alpha) / m)
}

fn sidak_p(p: f64, m: f64) -> f64 {
    -libm::expm1(m * libm::log1p(-p))
}

/// `1 + 1/2 + ... + 1/m`, summed from the small end.
pub(crate) fn harmonic(m: usize) -> f64 {
    (1..=m).rev().map(|k| 1.0 / k as f64).sum()
}

/// The largest of the scaled p-values up to each rank.
fn step_down(p_values: &[f64], scaled: impl Fn(f64, usize) -> f64) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, index) in ranked(p_values).into_iter().enumerate() {
        largest = largest.max(scaled(p_values[index], rank)).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

/// The smallest of the scaled p-values from each rank on.
fn step_up(p_values: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, index) in ranked(p_values).into_iter().enumerate().rev() {
        smallest = smallest.min(p_values[index] * factor(rank));
        adjusted[index] = smallest;
    }
    adjusted
}

fn largest_so_far(p_values: &[f64]) -> Vec<f64> {
    let mut largest = 0.0_f64;
    p_values
        .iter()
        .map(|&p| {
            largest = largest.max(p);
            largest
        })
        .collect()
}

/// The largest Simes p-value of all subsets that hold each test.
///
/// Of the subsets of `size` tests the worst for the test of rank `i` holds it and the largest others, so that sizes and
/// ranks are all there is to go through (Wright 1992).
fn hommel(p_values: &[f64]) -> Vec<f64> {
    let order = ranked(p_values);
    let m = order.len();
    let sorted: Vec<f64> = order.iter().map(|&index| p_values[index]).collect();
    let mut worst = sorted.clone();
    for size in 2..=m {
        let n = size as f64;
        // The size - 1 largest have ranks 2, 3, ... in any such subset.
        let others = (2..=size).map(|rank| sorted[m - size + rank - 1] * n / rank as f64).fold(f64::INFINITY, f64::min);
        let first = m - size;
        for (i, worst) in worst.iter_mut().enumerate() {
            let own = if i <= first { (sorted[i] * n).min(others) } else { (sorted[first] * n).min(others) };
            *worst = worst.max(own);
        }
    }
    let mut adjusted = vec![0.0; m];
    for (&index, p) in order.iter().zip(worst) {
        adjusted[index] = p.min(1.0);
    }
    adjusted
}

fn dunnett(sides: Sides, ratios: &[f64], p_values: &[f64]) -> Result<Vec<f64>, Refusal> {
    if ratios.len() != p_values.len() {
        return Err(Refusal::Lengths { left: p_values.len(), right: ratios.len() });
    }
    // Beyond 38 a normal tail is 0 in doubles.
    let statistic = |p: &f64| normal::upper_quantile(sides.tail(*p)).clamp(-38.0, 38.0);
    let statistics: Vec<f64> = p_values.iter().map(statistic).collect();
    // The level plays no part in an adjusted p-value.
    ManyToOne { alpha: 0.5, sides, ratios }.adjusted_p_values(&statistics, f64::INFINITY)
}

/// Indices from the smallest p to the largest, ties in input order.
fn ranked(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    order
}

pub(crate) fn counted(what: &'static str, count: usize) -> Result<f64, Refusal> {
    if count == 0 {
        return Err(Refusal::Outside { what, value: 0.0, range: "[1, inf)" });
    }
    Ok(count as f64)
}
