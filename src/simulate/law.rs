//! How the outcome of a metric is distributed, and the sums of many units in one draw.
//!
//! Sums are drawn from their exact law where it has a name: rates are binomial, counts Poisson or negative binomial,
//! non-negative skewed means gamma. Ratios, quantiles, the means of groups and blocks, and everything whose variance is
//! reduced or inflated are normal by their variance. Of times to an event the events are binomial, and the time at
//! risk is normal given them. The assumptions stand together in the text of [`super`].

use super::draw::Draws;
use crate::catalog::Kind;

/// The law of one unit's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Yes or no.
    Binomial,
    /// A count whose variance is its mean.
    Poisson,
    /// A count whose variance is above its mean.
    NegativeBinomial,
    /// Non-negative and skewed.
    Gamma,
    /// By its variance alone.
    Normal,
    /// An exponential time, watched over a window; units may drop out at a constant hazard.
    Exponential,
}

impl Family {
    pub fn word(self) -> &'static str {
        match self {
            Self::Binomial => "binomial",
            Self::Poisson => "Poisson",
            Self::NegativeBinomial => "negative binomial",
            Self::Gamma => "gamma",
            Self::Normal => "normal by its variance",
            Self::Exponential => "exponential",
        }
    }
}

/// The law of a metric in one variant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    pub family: Family,
    pub mean: f64,
    /// Of one unit, after variance reduction and design effect.
    pub variance: f64,
    /// The third cumulant over the variance: how much the squares rise with the sum.
    lean: f64,
    /// What the squares vary beside the sum: `k4 + 2 v^2 - k3^2 / v` for one unit.
    rest: f64,
    /// Units that are worth one independent unit; 1 unless groups are assigned.
    design_effect: f64,
    /// The time at risk of one unit: mean and variance with the event, and without.
    at_risk: [(f64, f64); 2],
}

/// Drawn units, their sum, and the sum of their squared distances from the true mean. Of times to an event, the events and
/// the time at risk.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// How many were drawn.
    pub units: f64,
    pub sum: f64,
    pub squares: f64,
}

impl Sums {
    pub fn plus(&self, more: &Self) -> Self {
        Self { units: self.units + more.units, sum: self.sum + more.sum, squares: self.squares + more.squares }
    }

    pub fn less(&self, before: &Self) -> Self {
        Self { units: self.units - before.units, sum: self.sum - before.sum, squares: self.squares - before.squares }
    }
}

impl Law {
    /// The law of a metric with this mean. `sd` is not read for rates; `factor` multiplies the variance.
    pub fn new(kind: Kind, mean: f64, sd: f64, reduction: f64, design_effect: f64) -> Self {
        let factor = reduction * design_effect;
        let own = if kind.is_binary() { mean * (1.0 - mean) } else { sd * sd };
        let family = match kind {
            _ if factor != 1.0 => Family::Normal,
            Kind::Proportion | Kind::Retention => Family::Binomial,
            Kind::Count if 0.0 < mean && (own / mean - 1.0).abs() < 0.01 => Family::Poisson,
            Kind::Count if 0.0 < mean && mean < own => Family::NegativeBinomial,
            // Less than three deviations above 0, a normal metric would often be negative.
            Kind::Mean if 0.0 < mean && mean < 3.0 * sd => Family::Gamma,
            _ => Family::Normal,
        };
        let variance = if family == Family::Poisson { mean } else { own * factor };
        // Cumulants: of a count with dispersion d = v / m, k3 = v (2d - 1) and k4 = v (6d^2 - 6d + 1).
        let (third, fourth) = match family {
            Family::Poisson => (mean, mean),
            Family::NegativeBinomial => {
                let d = variance / mean;
                (variance * (2.0 * d - 1.0), variance * (6.0 * d * d - 6.0 * d + 1.0))
            }
            Family::Gamma => {
                let d = variance / mean;
                (2.0 * variance * d, 6.0 * variance * d * d)
            }
            Family::Binomial | Family::Normal | Family::Exponential => (0.0, 0.0),
        };
        let lean = if 0.0 < variance { third / variance } else { 0.0 };
        let rest = (fourth + 2.0 * variance * variance - third * lean).max(0.0);
        Self { family, mean, variance, lean, rest, design_effect, at_risk: Default::default() }
    }

    /// The law of the mean of a group or a block, which is drawn as one unit.
    pub fn of_means(mean: f64, sd: f64) -> Self {
        let variance = sd * sd;
        let rest = 2.0 * variance * variance;
        Self {
            family: Family::Normal,
            mean,
            variance,
            lean: 0.0,
            rest,
            design_effect: 1.0,
            at_risk: Default::default(),
        }
    }

    /// The law of a time to an event, by its hazard, the hazard to drop out, and the window that each unit is watched.
    pub fn of_times(hazard: f64, dropout: f64, window: f64) -> Self {
        let leaving = hazard + dropout;
        let left = libm::exp(-leaving * window);
        let gone = -libm::expm1(-leaving * window);
        // The time of those who leave within the window; far from leaving it is uniform.
        let (mean, square) = if leaving * window < 1e-3 {
            (0.5 * window, window * window / 3.0)
        } else {
            let late = window * left / gone;
            (1.0 / leaving - late, 2.0 / (leaving * leaving) - (window + 2.0 / leaving) * late)
        };
        let share = hazard / leaving * gone;
        let lost = dropout / leaving * gone / (1.0 - share);
        let stayed = lost * mean + (1.0 - lost) * window;
        let stayed_square = lost * square + (1.0 - lost) * window * window;
        let spread = |mean: f64, square: f64| (mean, (square - mean * mean).max(0.0));
        Self {
            family: Family::Exponential,
            mean: share,
            variance: share * (1.0 - share),
            lean: 0.0,
            rest: 0.0,
            design_effect: 1.0,
            at_risk: [spread(mean, square), spread(stayed, stayed_square)],
        }
    }

    /// The sums of `units` new units, a whole number.
    pub fn draw(&self, units: f64, draws: &mut Draws) -> Sums {
        if units <= 0.0 {
            return Sums::default();
        }
        let expected = units * self.mean;
        let sum = match self.family {
            Family::Binomial => return Sums { units, sum: draws.binomial(units, self.mean), squares: 0.0 },
            Family::Exponential => {
                let events = draws.binomial(units, self.mean);
                let [(with, with_variance), (without, without_variance)] = self.at_risk;
                let none = units - events;
                let spread = libm::sqrt(events * with_variance + none * without_variance);
                let time = events * with + none * without + draws.normal() * spread;
                return Sums { units, sum: events, squares: time.max(0.0) };
            }
            Family::Normal => {
                let off = draws.normal();
                let spread = units * self.variance;
                // Squares about the true mean: one from the sum itself, a chi-square for the rest.
                let independent = units / self.design_effect;
                let chi = 2.0 * draws.gamma(0.5 * (independent - 1.0).max(0.0));
                let squares = self.variance * self.design_effect * (off * off + chi);
                return Sums { units, sum: expected + off * libm::sqrt(spread), squares };
            }
            Family::Poisson => draws.poisson(expected),
            Family::NegativeBinomial => {
                let excess = self.variance / self.mean - 1.0;
                let rate = draws.gamma(expected / excess) * excess;
                draws.poisson(rate)
            }
            Family::Gamma => {
                let scale = self.variance / self.mean;
                draws.gamma(expected / scale) * scale
            }
        };
        // Given the sum, the squares are normal by their first two moments.
        let centre = units * self.variance + self.lean * (sum - expected);
        let squares = centre + draws.normal() * libm::sqrt(units * self.rest);
        Sums { units, sum, squares }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean, variance of the sum, mean of the squares and their covariance with the sum, of many small draws.
    #[test]
    fn sums_and_squares_have_the_moments_of_their_law() {
        let units = 40.0;
        for (kind, mean, sd, reduction, design_effect) in [
            (Kind::Proportion, 0.11, 0.0, 1.0, 1.0),
            (Kind::Proportion, 0.11, 0.0, 0.8, 1.0),
            (Kind::Count, 4.0, 2.0, 1.0, 1.0),
            (Kind::Count, 0.7, 1.9, 1.0, 1.0),
            (Kind::Mean, 6.1, 9.5, 1.0, 1.0),
            (Kind::Mean, 50.0, 9.5, 1.0, 1.0),
            (Kind::Quantile, 50.0, 9.5, 0.75, 1.0),
            (Kind::Mean, 50.0, 9.5, 1.0, 2.0),
        ] {
            let law = Law::new(kind, mean, sd, reduction, design_effect);
            let mut draws = Draws::new(9, 9, 9);
            let count = 100_000.0;
            let (mut s, mut ss, mut q, mut sq, mut qq) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for _ in 0..count as u32 {
                let Sums { sum, squares, .. } = law.draw(units, &mut draws);
                let off = sum - units * mean;
                s += off;
                ss += off * off;
                q += squares;
                sq += off * squares;
                qq += squares * squares;
            }
            let name = format!("{:?} {kind:?} {mean}", law.family);
            let variance = units * law.variance;
            assert!((s / count).abs() < 5.0 * (variance / count).sqrt(), "{name}: mean");
            assert!((ss / count / variance - 1.0).abs() < 0.05, "{name}: variance {}", ss / count / variance);
            if law.family == Family::Binomial {
                continue;
            }
            assert!((q / count / variance - 1.0).abs() < 0.03, "{name}: squares {}", q / count / variance);
            if law.family != Family::Normal {
                let covariance = units * law.lean * law.variance;
                let spread = (variance * (qq / count - (q / count).powi(2)) / count).sqrt();
                let found = sq / count - s / count * (q / count);
                assert!((found - covariance).abs() < 6.0 * spread, "{name}: {found} for {covariance}");
            }
        }
    }
}
