//! Assurance: the power averaged over what the effect may be.

use super::super::sequential::Monitoring;
use super::super::{Direction, Refusal, normal, quadrature};
use super::belief::{Belief, Prior};
use super::rule::Rule;

/// How likely an experiment is to succeed, before it is known what the effect is (O'Hagan, Stevens and Campbell 2005).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assurance {
    /// P(success).
    pub success: f64,
    /// P(success, and the effect is in the better direction).
    pub success_and_better: f64,
    /// P(the effect is in the better direction): what `success_and_better` can never pass.
    pub better: f64,
    /// What `success` tends to as the sample grows: the probability that the effect meets the rule once it is known.
    pub limit: f64,
}

/// Deviations of a normal that are integrated over.
const CUT: f64 = 8.5;

impl Rule {
    /// The assurance when the effect is drawn from `effects` and the analysis starts from `prior`.
    ///
    /// With a flat prior and `win = 1 - alpha` this is the assurance of a one-sided z test,
    /// `Phi((m - z se) / sqrt(tau^2 + se^2))`.
    ///
    /// ```
    /// use expc::stats::Direction;
    /// use expc::stats::bayes::{Belief, Prior, Rule};
    ///
    /// let z_test = Rule { win: Some(0.975), ..Rule::none(Direction::Up) };
    /// let drawn = z_test.assurance(Prior::Flat, (2.0 / 1000.0_f64).sqrt(), Belief::new(0.03, 0.05)?)?;
    /// assert_eq!((drawn.success * 1e4).round(), 1951.0);
    /// assert_eq!((drawn.limit * 1e4).round(), 7257.0);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn assurance(&self, prior: Prior, standard_error: f64, effects: Belief) -> Result<Assurance, Refusal> {
        let success = self.success(prior, standard_error, effects)?;
        let limit = self.threshold(0.0)?;
        let sign = self.better.sign();
        let mirrored = Belief::new(sign * effects.mean(), effects.sd())?;
        let better = effects.better(self.better);
        let least = self.least_estimate(prior, standard_error)?;
        let success_and_better = if effects.sd() == 0.0 {
            success * better
        } else {
            joint(mirrored, least, standard_error).min(success).min(better)
        };
        Ok(Assurance { success, success_and_better, better, limit: mirrored.above(limit) })
    }
}

/// P(effect > 0 and estimate >= least).
fn joint(effects: Belief, least: f64, standard_error: f64) -> f64 {
    let low = (effects.mean() - CUT * effects.sd()).max(0.0);
    let high = effects.mean() + CUT * effects.sd();
    if high <= low {
        return 0.0;
    }
    // The power climbs within a few errors of the least estimate, which may be a small part of the prior.
    let climb = ((least - CUT * standard_error).clamp(low, high), (least + CUT * standard_error).clamp(low, high));
    let over = |from: f64, to: f64, width: f64| -> f64 {
        if to <= from {
            return 0.0;
        }
        quadrature::panels(from, to, width)
            .map(|(x, weight)| {
                let density = normal::pdf((x - effects.mean()) / effects.sd()) / effects.sd();
                weight * density * normal::cdf((x - least) / standard_error)
            })
            .sum()
    };
    let broad = 1.5 * effects.sd();
    over(low, climb.0, broad) + over(climb.0, climb.1, broad.min(1.5 * standard_error)) + over(climb.1, high, broad)
}

/// The assurance of several looks: `drifts` is what is believed of the mean that the statistic has at the last look,
/// which is the effect over its standard error there. Up is better.
///
/// The power at the drifts of one Gauss-Legendre panel follows from one pass of the recursion; panels keep their digits
/// where the prior is much wider than the power curve.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::bayes::{Belief, sequential_assurance};
/// use expc::stats::sequential::{Monitoring, Spending, equal_fractions};
///
/// let plan = Monitoring::spending(&equal_fractions(4), 0.025, Sides::One, Spending::ObrienFleming)?;
/// let drawn = sequential_assurance(&plan, Belief::new(2.8, 1.5)?)?;
/// assert!(plan.power(2.8)? > drawn.success && drawn.success < drawn.limit);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn sequential_assurance(plan: &Monitoring, drifts: Belief) -> Result<Assurance, Refusal> {
    let better = drifts.better(Direction::Up);
    if drifts.sd() == 0.0 {
        let success = plan.power(drifts.mean())?;
        return Ok(Assurance { success, success_and_better: success * better, better, limit: better });
    }
    let success = plan.assurance(drifts.mean(), drifts.sd())?;
    let success_and_better = plan.assurance_above(drifts.mean(), drifts.sd(), 0.0)?;
    Ok(Assurance { success, success_and_better, better, limit: better })
}
