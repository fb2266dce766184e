//! A normal belief about an effect.

use super::super::comparison::positive_or_zero;
use super::super::{Direction, Refusal, finite, normal, open_unit, positive};

/// A normal distribution of an effect: a proper prior or a posterior.
///
/// ```
/// use expc::stats::Direction;
/// use expc::stats::bayes::{Belief, Prior};
///
/// let prior = Prior::Normal(Belief::new(0.0, 3.0)?);
/// let posterior = prior.posterior(0.5, 0.2258)?;
/// assert_eq!((posterior.better(Direction::Up) * 1e3).round(), 986.0);
/// assert_eq!((posterior.loss_if_shipped(Direction::Up) * 1e5).round(), 108.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    mean: f64,
    sd: f64,
}

/// What is believed before the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// Nothing: the posterior is the likelihood, and a rule on its probability is a z test.
    Flat,
    /// A normal prior; its deviation must be above 0.
    Normal(Belief),
}

impl Belief {
    /// A deviation of 0 is certainty.
    pub fn new(mean: f64, sd: f64) -> Result<Self, Refusal> {
        Ok(Self { mean: finite("mean of the belief", mean)?, sd: positive_or_zero("deviation of the belief", sd)? })
    }

    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    #[must_use]
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// P(effect > x).
    #[must_use]
    pub fn above(&self, x: f64) -> f64 {
        normal::sf(self.deviations(x))
    }

    /// P(effect <= x).
    #[must_use]
    pub fn below(&self, x: f64) -> f64 {
        normal::cdf(self.deviations(x))
    }

    /// P(low < effect <= high), from the tail in which both ends lie when they share one; 0 unless `low < high`.
    #[must_use]
    pub fn between(&self, low: f64, high: f64) -> f64 {
        let inside =
            if self.mean <= low { self.above(low) - self.above(high) } else { self.below(high) - self.below(low) };
        inside.max(0.0)
    }

    /// The probability that treatment is better: the chance to win.
    #[must_use]
    pub fn better(&self, better: Direction) -> f64 {
        match better {
            Direction::Up => self.above(0.0),
            Direction::Down => self.below(0.0),
        }
    }

    /// Expected loss of shipping treatment, `E max(-effect, 0)` when up is better, in units of the effect:
    /// `s (phi(z) - z Phi(-z))` with `z = m/s`.
    #[must_use]
    pub fn loss_if_shipped(&self, better: Direction) -> f64 {
        let gain = better.sign() * self.mean;
        if self.sd == 0.0 { (-gain).max(0.0) } else { self.sd * normal::unit_loss(gain / self.sd) }
    }

    /// Expected loss of keeping control.
    #[must_use]
    pub fn loss_if_kept(&self, better: Direction) -> f64 {
        Self { mean: -self.mean, sd: self.sd }.loss_if_shipped(better)
    }

    /// The central interval that holds the effect with this probability.
    pub fn interval(&self, probability: f64) -> Result<(f64, f64), Refusal> {
        let z = normal::upper_quantile(0.5 * (1.0 - open_unit("probability of the interval", probability)?));
        Ok((self.mean - z * self.sd, self.mean + z * self.sd))
    }

    /// `(x - m) / s`; a certain belief is wholly on one side, its mean on the lower.
    fn deviations(&self, x: f64) -> f64 {
        if self.sd == 0.0 {
            return if self.mean <= x { f64::INFINITY } else { f64::NEG_INFINITY };
        }
        (x - self.mean) / self.sd
    }
}

impl Prior {
    /// The belief after an estimate with this standard error.
    pub fn posterior(&self, estimate: f64, standard_error: f64) -> Result<Belief, Refusal> {
        finite("estimate", estimate)?;
        let weights = self.weights(standard_error)?;
        Belief::new(weights.mean(estimate), weights.sd)
    }

    pub(super) fn weights(&self, standard_error: f64) -> Result<Weights, Refusal> {
        let se = positive("standard error", standard_error)?;
        match self {
            Self::Flat => Ok(Weights { data: 1.0, pull: 0.0, sd: se }),
            Self::Normal(Belief { mean, sd }) => {
                let sd = positive("deviation of the prior", *sd)?;
                let both = libm::hypot(sd, se);
                let (data, prior) = (sd / both, se / both);
                Ok(Weights { data: data * data, pull: prior * prior * mean, sd: se * data })
            }
        }
    }
}

/// How a posterior comes about: `mean = data * estimate + pull`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    /// Share of the estimate.
    pub data: f64,
    /// Share of the prior times its mean.
    pub pull: f64,
    /// Deviation of the posterior.
    pub sd: f64,
}

impl Weights {
    pub fn mean(&self, estimate: f64) -> f64 {
        self.data * estimate + self.pull
    }
}
