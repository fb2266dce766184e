//! When the posterior is enough to ship, and how often it will be.

use super::super::{Direction, Refusal, finite, normal, open_unit, positive, root};
use super::belief::{Belief, Prior};

/// A rule on the posterior: ship when every part that is given holds.
///
/// Each part asks the posterior mean to be beyond a threshold that depends only on the posterior's deviation, hence
/// on the sample; so the rule's operating characteristics are normal tails of the estimate.
///
/// ```
/// use expc::stats::Direction;
/// use expc::stats::bayes::{Belief, Prior, Rule};
///
/// let rule = Rule { win: Some(0.95), loss: Some(0.001), ..Rule::none(Direction::Up) };
/// let prior = Prior::Normal(Belief::new(0.0, 0.05)?);
/// // With a standard error of 0.01, a true effect of 0.03 ships in nine of ten experiments, none in one of 24.
/// assert_eq!((rule.power(prior, 0.01, 0.03)? * 1e3).round(), 907.0);
/// assert_eq!((rule.type_one_error(prior, 0.01)? * 1e3).round(), 47.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Which way treatment is better.
    pub better: Direction,
    /// Least probability that treatment is better than control.
    pub win: Option<f64>,
    /// Most expected loss of shipping, in units of the effect.
    pub loss: Option<f64>,
    /// Least probability that treatment is better by more than matters.
    pub rope: Option<Rope>,
}

/// The region of practical equivalence around 0, and how sure one wants to be beyond it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rope {
    pub half_width: f64,
    pub probability: f64,
}

/// The smallest loss relative to the deviation whose threshold a double can tell.
const LEAST_LOSS: f64 = 1e-300;

impl Rule {
    /// No part yet; refused by every question.
    #[must_use]
    pub fn none(better: Direction) -> Self {
        Self { better, win: None, loss: None, rope: None }
    }

    /// True when the posterior meets the rule.
    pub fn met(&self, posterior: &Belief) -> Result<bool, Refusal> {
        let gain = self.better.sign() * posterior.mean();
        Ok(self.threshold(posterior.sd())? <= gain)
    }

    /// The probability that the rule is met when the true effect is `effect` and its estimate has this error.
    pub fn power(&self, prior: Prior, standard_error: f64, effect: f64) -> Result<f64, Refusal> {
        finite("effect", effect)?;
        self.success(prior, standard_error, Belief::new(effect, 0.0)?)
    }

    /// The probability that the rule is met when there is no effect.
    pub fn type_one_error(&self, prior: Prior, standard_error: f64) -> Result<f64, Refusal> {
        self.power(prior, standard_error, 0.0)
    }

    /// The same rule for the other direction.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let better = match self.better {
            Direction::Up => Direction::Down,
            Direction::Down => Direction::Up,
        };
        Self { better, ..*self }
    }

    /// The probability that the rule or its mirror is met: with `win = 1 - alpha/2`, that the central credible
    /// interval of `1 - alpha` leaves 0 out.
    pub fn either_way(&self, prior: Prior, standard_error: f64, effect: f64) -> Result<f64, Refusal> {
        Ok(self.power(prior, standard_error, effect)? + self.mirrored().power(prior, standard_error, effect)?)
    }

    /// The probability that the rule is met when the effect is drawn from `effects`.
    pub(super) fn success(&self, prior: Prior, standard_error: f64, effects: Belief) -> Result<f64, Refusal> {
        let weights = prior.weights(standard_error)?;
        let excess = self.better.sign() * weights.mean(effects.mean()) - self.threshold(weights.sd)?;
        let spread = weights.data * libm::hypot(standard_error, effects.sd());
        if spread == 0.0 || excess.is_infinite() {
            return Ok(if 0.0 <= excess { 1.0 } else { 0.0 });
        }
        Ok(normal::cdf(excess / spread))
    }

    /// The least estimate that meets the rule, as a size in the better direction.
    pub(super) fn least_estimate(&self, prior: Prior, standard_error: f64) -> Result<f64, Refusal> {
        let weights = prior.weights(standard_error)?;
        Ok((self.threshold(weights.sd)? - self.better.sign() * weights.pull) / weights.data)
    }

    /// The least posterior mean, in the better direction, that meets the rule with this posterior deviation.
    pub(super) fn threshold(&self, sd: f64) -> Result<f64, Refusal> {
        let win = match self.win {
            Some(win) => Some(sd * normal::quantile(open_unit("probability to win", win)?)),
            None => None,
        };
        let loss = match self.loss {
            Some(loss) => Some(loss_threshold(positive("expected loss", loss)?, sd)?),
            None => None,
        };
        let rope = match self.rope {
            Some(Rope { half_width, probability }) => {
                let z = normal::quantile(open_unit("probability beyond the region", probability)?);
                Some(positive("half width of the region", half_width)? + sd * z)
            }
            None => None,
        };
        let parts = [win, loss, rope];
        let most = parts.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        if parts.iter().all(Option::is_none) {
            return Err(Refusal::Outside { what: "number of parts of the rule", value: 0.0, range: "[1, 3]" });
        }
        Ok(most)
    }
}

/// The posterior mean at which the expected loss is `loss`: `s z` with `s (phi(z) - z Phi(-z)) = loss`.
fn loss_threshold(loss: f64, sd: f64) -> Result<f64, Refusal> {
    let ratio = loss / sd;
    // Far on the losing side the loss is the mean itself.
    if ratio.is_nan() || 40.0 <= ratio {
        return Ok(-loss);
    }
    if ratio < LEAST_LOSS {
        return Ok(f64::INFINITY);
    }
    let target = libm::log(ratio);
    let off = |z: f64| {
        let value = normal::unit_loss(z);
        (target - libm::log(value), normal::sf(z) / value)
    };
    let start = libm::sqrt((-2.0 * target).max(0.0)).max(-ratio);
    root::newton(off, start, -ratio - 1.0, 38.0, 1e-9)
        .map(|z| sd * z)
        .ok_or(Refusal::Unsettled { what: "threshold of the expected loss" })
}
