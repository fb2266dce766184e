//! Looks with all their bounds set: stop probabilities under any drift, drifts of any stop probability.

use std::borrow::Cow;

use super::super::quadrature::{POINTS, RULE};
use super::super::{Refusal, inside, normal, root};
use super::passage::{Passage, Side};

/// Drifts up to here are read off the nodes of the null.
const REACH: f64 = 8.0;
/// Likewise for drifts below 0, where 1e-14 may be lost.
const LEAN: f64 = 0.5;
/// Drifts beyond are no plan.
const MOST_DRIFT: f64 = 1e3;
/// Deviations beyond which nothing is left of a stop probability.
const BEYOND: f64 = 9.0;

/// Stop probabilities look by look.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Through the upper bound: for a drift above 0 the right direction.
    pub upper: Vec<f64>,
    /// Through the lower bound: the other direction with two sides, futility with one; zeros without a lower bound.
    pub lower: Vec<f64>,
}

impl Crossing {
    /// The probability to stop at the upper bound at any look.
    #[must_use]
    pub fn upper_total(&self) -> f64 {
        self.upper.iter().sum()
    }

    /// The probability to stop at the lower bound at any look.
    #[must_use]
    pub fn lower_total(&self) -> f64 {
        self.lower.iter().sum()
    }

    /// The probability to stop at either bound by each look.
    pub(super) fn stopped(&self) -> impl Iterator<Item = f64> {
        let both = self.upper.iter().zip(&self.lower);
        both.scan(0.0, |sum, (up, down)| {
            *sum += up + down;
            Some(*sum)
        })
    }
}

/// A passage from the first look to the last.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// Under no drift.
    null: Passage,
}

impl Course {
    /// A passage under no drift, ready to serve the drifts of a plan.
    pub fn start(times: &[f64]) -> Passage {
        Passage::new(times, 0.0, LEAN, REACH)
    }

    /// The same, up to a drift that may be higher.
    pub fn start_towards(times: &[f64], drift: f64) -> Passage {
        Passage::new(times, 0.0, LEAN, drift.max(REACH))
    }

    /// Of a [`Self::start`] that has come to its last look.
    pub fn of(null: Passage) -> Self {
        Self { null }
    }

    pub fn through(times: &[f64], lower: &[f64], upper: &[f64]) -> Self {
        Self { null: Self::start(times).through(lower, upper) }
    }

    pub fn times(&self) -> &[f64] {
        &self.null.times
    }

    pub fn upper(&self) -> &[f64] {
        &self.null.upper
    }

    pub fn lower(&self) -> &[f64] {
        &self.null.lower
    }

    /// A passage from whose nodes the drift can be read.
    fn about(&self, drift: f64) -> Cow<'_, Passage> {
        if (-LEAN..=REACH).contains(&drift) {
            return Cow::Borrowed(&self.null);
        }
        let fresh = Passage::new(self.times(), drift, 0.0, 0.0);
        Cow::Owned(fresh.through(self.lower(), self.upper()))
    }

    pub fn crossing(&self, drift: f64) -> Result<Crossing, Refusal> {
        inside("drift", drift, -MOST_DRIFT, MOST_DRIFT, "(-1000, 1000)")?;
        let passage = self.about(drift);
        Ok(Crossing { upper: passage.crossings(Side::Upper, drift), lower: passage.crossings(Side::Lower, drift) })
    }

    /// The probability to stop at an upper bound; within rounding of 0 and 1.
    pub fn power(&self, drift: f64) -> Result<f64, Refusal> {
        inside("drift", drift, -MOST_DRIFT, MOST_DRIFT, "(-1000, 1000)")?;
        Ok(self.about(drift).upper_with_slope(drift).0.clamp(0.0, 1.0))
    }

    /// The drift at which an upper bound is crossed with this probability. On the scale of normal quantiles power is
    /// nearly a straight line in the drift, so that Newton's steps are few.
    pub fn drift(&self, power: f64, start: f64) -> Result<f64, Refusal> {
        let z = normal::quantile(power);
        let excess = |drift: f64| {
            let (reached, slope) = self.about(drift).upper_with_slope(drift);
            let quantile = normal::quantile(reached.clamp(0.0, 1.0));
            if quantile.is_infinite() {
                return (quantile.signum(), f64::MIN_POSITIVE);
            }
            (quantile - z, slope / normal::pdf(quantile))
        };
        let found = root::newton(excess, start, -MOST_DRIFT, MOST_DRIFT, 1e-8);
        // At the end of its range the search has found nothing.
        found.filter(|drift| drift.abs() < 0.999 * MOST_DRIFT).ok_or(Refusal::Unsettled { what: "drift" })
    }

    /// The mean of [`Self::power`] over drifts that are normal around `mean`; those below `from` count as 0.
    pub fn power_over(&self, mean: f64, sd: f64, from: f64) -> f64 {
        if sd < 1e-9 {
            // The curvature of the power leaves less than 1e-18.
            let drift = mean.clamp(-MOST_DRIFT, MOST_DRIFT);
            let power = self.about(drift).upper_with_slope(drift).0.clamp(0.0, 1.0);
            return if from <= mean { power } else { 0.0 };
        }
        // Below `none` no upper bound is crossed, above `all` one is.
        let (mut none, mut all, mut futile) = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY);
        for ((t, upper), lower) in self.times().iter().zip(self.upper()).zip(self.lower()) {
            let root = libm::sqrt(*t);
            none = none.min((upper - BEYOND) / root);
            all = all.min((upper + BEYOND) / root);
            futile = futile.max((lower + BEYOND) / root);
        }
        let all = all.max(futile).max(from);
        let low = (mean - BEYOND * sd).max(none).max(from);
        let most = mean + BEYOND * sd;
        let (high, mut total) = if all < most { (all, normal::sf((all - mean) / sd)) } else { (most, 0.0) };
        if high <= low {
            return total;
        }
        // Both the prior and the power, which bends within a unit of drift, need their nodes.
        let panels = ((high - low) / 4.0 * libm::sqrt(1.0 + 1.0 / (sd * sd))).ceil().max(1.0);
        let half = 0.5 * (high - low) / panels;
        for panel in 0..panels as usize {
            let middle = low + half * (2.0 * panel as f64 + 1.0);
            let passage = Passage::new(self.times(), middle, half, half).through(self.lower(), self.upper());
            let nodes: [f64; POINTS] = RULE.map(|(x, weight)| {
                let drift = middle + half * x;
                half * weight * normal::pdf((drift - mean) / sd) / sd * passage.upper_with_slope(drift).0
            });
            total += nodes.iter().sum::<f64>();
        }
        total.min(1.0)
    }
}
