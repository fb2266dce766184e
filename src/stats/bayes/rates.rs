//! Two rates by their beta posteriors.

use super::super::comparison::positive_or_zero;
use super::super::special::{deviance, incomplete_beta, stirling_error};
use super::super::{Refusal, inside, quadrature, root};

/// The beta distribution of a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    alpha: f64,
    beta: f64,
}

/// Treatment against control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duel {
    /// P(treatment's rate is the higher one).
    pub treatment_higher: f64,
    /// P(control's rate is the higher one), with its own digits.
    pub control_higher: f64,
    /// `E max(p_c - p_t, 0)`: what choosing treatment is expected to lose.
    pub loss_if_treatment: f64,
    /// `E max(p_t - p_c, 0)`.
    pub loss_if_control: f64,
}

/// Shapes beyond these cost more than they tell: the normal posterior is exact to 1e-8 there.
const MOST_SHAPE: f64 = 1e8;
/// Below, the density of the logit reaches past the smallest double.
const LEAST_SHAPE: f64 = 0.05;
/// ln of a density, relative to its mode, that is left out.
const CUT: f64 = -37.0;

impl Beta {
    /// Shapes in (0.05, 1e8).
    pub fn new(alpha: f64, beta: f64) -> Result<Self, Refusal> {
        inside("first shape of the beta", alpha, LEAST_SHAPE, MOST_SHAPE, "(0.05, 1e8)")?;
        inside("second shape of the beta", beta, LEAST_SHAPE, MOST_SHAPE, "(0.05, 1e8)")?;
        Ok(Self { alpha, beta })
    }

    /// The posterior after this many conversions among `trials`.
    ///
    /// ```
    /// use expc::stats::bayes::rates::{Beta, compare};
    ///
    /// let prior = Beta::new(1.0, 1.0)?;
    /// let duel = compare(prior.posterior(500.0, 10_000.0)?, prior.posterior(560.0, 10_000.0)?)?;
    /// assert_eq!((duel.treatment_higher * 1e4).round(), 9708.0);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn posterior(&self, conversions: f64, trials: f64) -> Result<Self, Refusal> {
        let trials = positive_or_zero("number of trials", trials)?;
        if !(0.0..=trials).contains(&conversions) {
            return Err(Refusal::Outside { what: "number of conversions", value: conversions, range: "[0, trials]" });
        }
        Self::new(self.alpha + conversions, self.beta + (trials - conversions))
    }

    #[must_use]
    pub fn mean(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// P(rate <= x) and P(rate > x) at the rate x and its complement y.
    fn tails(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let tails = incomplete_beta(self.alpha, self.beta, x, y);
        (tails.lower, tails.upper)
    }

    /// ln of the density of the logit relative to its mode: `x^a y^b` in Loader's form.
    fn ln_shape(&self, (x, y): (f64, f64)) -> f64 {
        let n = self.alpha + self.beta;
        -deviance(self.alpha, n * x) - deviance(self.beta, n * y)
    }

    /// The density of the logit.
    fn density(&self, rate: (f64, f64)) -> f64 {
        let n = self.alpha + self.beta;
        let errors = stirling_error(n) - stirling_error(self.alpha) - stirling_error(self.beta);
        let root = libm::sqrt(self.alpha / n) * libm::sqrt(self.beta / (2.0 * std::f64::consts::PI));
        root * libm::exp(errors + self.ln_shape(rate))
    }

    fn mode(&self) -> f64 {
        libm::log(self.alpha / self.beta)
    }

    /// The deviation of the logit near its mode.
    fn spread(&self) -> f64 {
        libm::sqrt(1.0 / self.alpha + 1.0 / self.beta)
    }

    /// The width of a panel that follows its density; the tails turn within a logit or two however far they reach.
    fn panel(&self) -> f64 {
        (1.5 * self.spread()).min(2.0)
    }

    /// Logits between which the density is more than `e^CUT` of its mode.
    fn window(&self) -> Option<(f64, f64)> {
        let (mode, spread) = (self.mode(), self.spread());
        let off = |u: f64| CUT - self.ln_shape(rate(u));
        let (low, high) = root::bracket_upwards(off, mode, spread)?;
        let right = root::brent_from(off, low, high, 1e-6)?;
        let mirrored = |u: f64| off(-u);
        let (low, high) = root::bracket_upwards(mirrored, -mode, spread)?;
        let left = -root::brent_from(mirrored, low, high, 1e-6)?;
        Some((left, right))
    }
}

/// Compares the rates, by quadrature over the logit of the narrower posterior: 1e-13 absolute.
pub fn compare(control: Beta, treatment: Beta) -> Result<Duel, Refusal> {
    let unsettled = Refusal::Unsettled { what: "comparison of the rates" };
    let narrow = if treatment.spread() <= control.spread() { treatment } else { control };
    let window = narrow.window().ok_or(unsettled.clone())?;
    let (mut treatment_higher, mut control_higher) = (0.0, 0.0);
    for (u, weight) in quadrature::panels(window.0, window.1, narrow.panel()) {
        let at = rate(u);
        let mass = weight * narrow.density(at);
        let (lower, upper) = if narrow == treatment { control.tails(at) } else { treatment.tails(at) };
        let (low, high) = if narrow == treatment { (lower, upper) } else { (upper, lower) };
        treatment_higher += mass * low;
        control_higher += mass * high;
    }
    let duel = Duel {
        treatment_higher: treatment_higher.min(1.0),
        control_higher: control_higher.min(1.0),
        loss_if_treatment: overlap(treatment, control).ok_or(unsettled.clone())?,
        loss_if_control: overlap(control, treatment).ok_or(unsettled)?,
    };
    Ok(duel)
}

/// `E max(other - chosen, 0)`, the integral of `P(chosen <= x) P(other > x)`.
fn overlap(chosen: Beta, other: Beta) -> Option<f64> {
    let (chosen_window, other_window) = (chosen.window()?, other.window()?);
    let (low, high) = (chosen_window.0, other_window.1);
    if high <= low {
        return Some(0.0);
    }
    // Panels as fine as whichever distribution moves there.
    let mut cuts = [low, chosen_window.1.clamp(low, high), other_window.0.clamp(low, high), high];
    cuts.sort_by(f64::total_cmp);
    let moves = |window: (f64, f64), from: f64, to: f64| window.0 < to && from < window.1;
    let mut sum = 0.0;
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if to <= from {
            continue;
        }
        let mut width: f64 = 3.0;
        for (beta, window) in [(chosen, chosen_window), (other, other_window)] {
            if moves(window, from, to) {
                width = width.min(beta.panel());
            }
        }
        sum += quadrature::panels(from, to, width)
            .map(|(u, weight)| {
                let at = rate(u);
                weight * at.0 * at.1 * chosen.tails(at).0 * other.tails(at).1
            })
            .sum::<f64>();
    }
    Some(sum)
}

/// The rate at a logit, and its complement.
fn rate(u: f64) -> (f64, f64) {
    let less = libm::exp(-u.abs());
    let (small, large) = (less / (1.0 + less), 1.0 / (1.0 + less));
    if u < 0.0 { (small, large) } else { (large, small) }
}
