//! One decision from many metrics: how alpha and beta are shared, and how likely it is to ship.
//!
//! Ship if at least one success metric is superior, every guardrail is non-inferior, and no other test blocks
//! (Schultzberg, Ankargren and Franberg 2024). Start at [`ShipRule`].

use super::multiplicity::counted;
use super::multivariate::{shared_factor, shared_loading, sharpness};
use super::normal::{self, sf_quick};
use super::{Refusal, open_unit};

/// The tests that one decision to ship is made of, and the risks it may take.
///
/// Alpha is shared over the success claims alone: any one of them may ship, while a guardrail that must pass needs no
/// correction. Beta is shared over everything that must hold: each guardrail, one success, and each other test that can
/// block.
///
/// ```
/// use expc::stats::decision::ShipRule;
///
/// let rule = ShipRule { success: 2, guardrails: 3, ..ShipRule::new(0.05, 0.8) };
/// assert_eq!(rule.alpha_per_success()?, 0.025);
/// assert!((rule.power_per_claim()? - 0.95).abs() < 1e-15);
/// // Both success metrics at their detectable effects, no guardrail moved.
/// let independent = rule.ship_probability(2, 0.0)?;
/// let correlated = rule.ship_probability(2, 0.5)?;
/// assert!((independent - 0.8552).abs() < 1e-4 && 0.8 < correlated);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShipRule {
    /// Metrics of which one must be superior; without any the guardrails decide alone.
    pub success: usize,
    /// Treatments compared with control; each may ship.
    pub treatments: usize,
    /// Metrics that must all be non-inferior.
    pub guardrails: usize,
    /// Tests for harm, each of which blocks.
    pub deterioration: usize,
    /// Tests of the experiment itself, such as the split of units, each of which blocks.
    pub quality: usize,
    /// The probability to ship a treatment with no success and no harm; of each guardrail, to pass at its margin.
    pub alpha: f64,
    /// The probability that any of the blocking tests is a false alarm; each has an equal part.
    pub blocking_alpha: f64,
    /// The probability to ship when one success metric has its detectable effect and nothing else has moved.
    pub power: f64,
}

impl ShipRule {
    /// One success metric, one treatment, nothing else; the blocking tests, once there are some, at 0.01 together.
    #[must_use]
    pub fn new(alpha: f64, power: f64) -> Self {
        Self {
            success: 1,
            treatments: 1,
            guardrails: 0,
            deterioration: 0,
            quality: 0,
            alpha,
            blocking_alpha: 0.01,
            power,
        }
    }

    /// The level of each superiority test: alpha over success metrics times treatments.
    pub fn alpha_per_success(&self) -> Result<f64, Refusal> {
        let alpha = open_unit("alpha", self.alpha)?;
        let treatments = counted("number of treatments", self.treatments)?;
        Ok(alpha / (counted("number of success metrics", self.success)? * treatments))
    }

    /// The level of each non-inferiority test: alpha, undivided.
    pub fn alpha_per_guardrail(&self) -> Result<f64, Refusal> {
        open_unit("alpha", self.alpha)
    }

    /// The level of each test that blocks.
    pub fn alpha_per_blocking(&self) -> Result<f64, Refusal> {
        let alpha = open_unit("alpha of the blocking tests", self.blocking_alpha)?;
        Ok(alpha / counted("number of blocking tests", self.deterioration.saturating_add(self.quality))?)
    }

    /// The power to plan each claim with, so that the decision keeps `power`: `1 - (1 - power) / parts`, one part for
    /// each guardrail, for each blocking test, and for the success metrics together.
    ///
    /// A union bound: it holds under any dependence, and is loose when metrics are many or correlated.
    pub fn power_per_claim(&self) -> Result<f64, Refusal> {
        let power = open_unit("power", self.power)?;
        let blocking = self.deterioration.saturating_add(self.quality);
        let parts = self.guardrails.saturating_add(blocking).saturating_add(self.success.min(1));
        Ok(1.0 - (1.0 - power) / counted("number of claims", parts)?)
    }

    /// The probability to ship one treatment when `effective` of its success metrics have their detectable effects and
    /// nothing else has moved; every two estimates have the same `correlation`.
    ///
    /// Each claim has its [`power_per_claim`](Self::power_per_claim), each other success metric rejects with its alpha,
    /// and tests are one-sided. Deterioration tests share the correlation, quality tests are independent of all.
    pub fn ship_probability(&self, effective: usize, correlation: f64) -> Result<f64, Refusal> {
        if self.success < effective {
            let value = effective as f64;
            return Err(Refusal::Outside { what: "number of effective metrics", value, range: "[0, success metrics]" });
        }
        let power = self.power_per_claim()?;
        let blocking = self.deterioration.saturating_add(self.quality);
        let sound = if blocking == 0 { 1.0 } else { 1.0 - self.alpha_per_blocking()? };
        let idle = self.success - effective;
        let success = [
            Claims { count: effective, power },
            Claims { count: idle, power: if idle == 0 { 0.5 } else { self.alpha_per_success()? } },
        ];
        let must = [
            Claims { count: self.guardrails, power },
            Claims { count: self.deterioration, power: if blocking == 0 { 0.5 } else { sound } },
        ];
        let quality = libm::exp(self.quality as f64 * libm::log(sound));
        Ok(ship_probability(&success, &must, correlation)? * quality)
    }
}

/// Claims that are tested one-sided, each with this probability to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Claims {
    pub count: usize,
    pub power: f64,
}

/// The probability that at least one of the `success` claims is made, if there are any, and all that `must` be.
///
/// The test statistics are normal, every two with the same `correlation`: given their shared factor they are
/// independent, and what is left is one integral, with a relative error of 1e-13. Refuses correlations below 0, and
/// those between 0.9999999 and 1.
pub fn ship_probability(success: &[Claims], must: &[Claims], correlation: f64) -> Result<f64, Refusal> {
    let loading = shared_loading(correlation)?;
    // A claim is made when its normal variable lies below the quantile of its power.
    let limits = |claims: &[Claims]| -> Result<Vec<(f64, f64)>, Refusal> {
        let used = claims.iter().filter(|claims| 0 < claims.count);
        used.map(|claims| Ok((claims.count as f64, normal::quantile(open_unit("power", claims.power)?)))).collect()
    };
    let (success, must) = (limits(success)?, limits(must)?);
    let count: f64 = success.iter().chain(&must).map(|(count, _)| count).sum();
    if loading == 1.0 {
        let best = success.iter().map(|&(_, limit)| limit).reduce(f64::max).unwrap_or(f64::INFINITY);
        return Ok(normal::cdf(must.iter().map(|&(_, limit)| limit).fold(best, f64::min)));
    }
    let rest = libm::sqrt((1.0 - loading) * (1.0 + loading));
    let [sum] = shared_factor(sharpness([loading].into_iter(), count), |u| {
        let missed = |limit: f64| sf_quick((limit - loading * u) / rest);
        let made = |limit: f64| sf_quick((loading * u - limit) / rest);
        let all: f64 = must.iter().map(|&(count, limit)| count * libm::log1p(-missed(limit))).sum();
        let none: f64 = success.iter().map(|&(count, limit)| count * libm::log1p(-made(limit))).sum();
        [libm::exp(all) * if success.is_empty() { 1.0 } else { -libm::expm1(none) }]
    });
    Ok(sum.min(1.0))
}
