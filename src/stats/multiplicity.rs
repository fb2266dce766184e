//! Many tests in one experiment: the share of alpha each gets, adjusted p-values, and the power that
//! guardrails cost.
//!
//! Start at [`alpha_per_test`] for planning and at [`adjust`] for analysis.

use super::{Refusal, open_unit};

/// How a family of tests shares one alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Every test at the whole alpha.
    None,
    Bonferroni,
    /// Sidak 1967: exact for independent tests.
    Sidak,
    /// Holm 1979: Bonferroni step by step from the smallest p.
    Holm,
    /// Hochberg 1988: step by step from the largest p.
    Hochberg,
    /// Benjamini and Hochberg 1995: the false discovery rate, not the family-wise error.
    BenjaminiHochberg,
}

/// The level at which to size each of `tests` tests.
///
/// The step-wise corrections have no closed marginal power; their first step, Bonferroni's share, is
/// the bound to size by.
pub fn alpha_per_test(correction: Correction, alpha: f64, tests: usize) -> Result<f64, Refusal> {
    open_unit("alpha", alpha)?;
    let m = counted(tests)?;
    Ok(match correction {
        Correction::None => alpha,
        Correction::Sidak => -libm::expm1(libm::log1p(-alpha) / m),
        Correction::Bonferroni | Correction::Holm | Correction::Hochberg | Correction::BenjaminiHochberg => alpha / m,
    })
}

/// Adjusted p-values in the order of the input: compare each with the whole alpha.
pub fn adjust(correction: Correction, p_values: &[f64]) -> Result<Vec<f64>, Refusal> {
    for &p in p_values {
        if !(0.0..=1.0).contains(&p) {
            return Err(Refusal::Outside { what: "p-value", value: p, range: "[0, 1]" });
        }
    }
    let m = p_values.len();
    let count = m as f64;
    let each = |f: &dyn Fn(f64) -> f64| p_values.iter().map(|&p| f(p)).collect();
    Ok(match correction {
        Correction::None => p_values.to_vec(),
        Correction::Bonferroni => each(&|p| (p * count).min(1.0)),
        Correction::Sidak => each(&|p| -libm::expm1(count * libm::log1p(-p))),
        Correction::Holm => step_down(p_values, |rank| (m - rank) as f64),
        Correction::Hochberg => step_up(p_values, |rank| (m - rank) as f64),
        Correction::BenjaminiHochberg => step_up(p_values, |rank| count / (rank + 1) as f64),
    })
}

/// The largest of the scaled p-values up to each rank.
fn step_down(p_values: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, index) in ranked(p_values).into_iter().enumerate() {
        largest = largest.max(p_values[index] * factor(rank)).min(1.0);
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

/// Indices from the smallest p to the largest, ties in input order.
fn ranked(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    order
}

/// The power to plan each metric with, so that the decision to ship keeps `power`.
///
/// Shipping needs at least one of the `success` metrics superior and all `guardrails` non-inferior
/// (Schultzberg, Ankargren and Franberg 2024): the false negatives are split over the
/// guardrails, and one part more if there is a success metric. Alpha is not: a guardrail that must
/// pass needs no correction.
pub fn guardrail_power(power: f64, success: usize, guardrails: usize) -> Result<f64, Refusal> {
    open_unit("power", power)?;
    let parts = if success == 0 { counted(guardrails)? } else { guardrails as f64 + 1.0 };
    Ok(1.0 - (1.0 - power) / parts)
}

fn counted(tests: usize) -> Result<f64, Refusal> {
    if tests == 0 {
        return Err(Refusal::Outside { what: "number of tests", value: 0.0, range: "[1, inf)" });
    }
    Ok(tests as f64)
}
