//! Boundaries for sums of observations that need not be normal (Howard, Ramdas, McAuliffe and Sekhon 2021).
//!
//! The sum `S` of centred observations is watched against intrinsic time `v`, the variance it has gathered. Each family
//! mixes exponential martingales of one tail behaviour over a conjugate prior; by Ville's inequality the sum crosses
//! the bound with probability at most alpha over all time. Start at [`Mixture`].
//!
//! Differences of log-gammas are written with Loader's deviances, so that long sums keep their digits.

use super::super::special::{deviance, incomplete_beta, incomplete_gamma, stirling_error};
use super::super::{Refusal, Sides, inside, positive, root};
use super::normal_mixture::{NormalMixture, ln_evidence};

/// What is assumed of the observations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// Sub-Gaussian on both sides or on the upper one: normal, or bounded with half the range as deviation.
    Normal { sides: Sides },
    /// Sub-gamma or sub-exponential on the upper side with this scale; always one-sided.
    GammaExponential { scale: f64 },
    /// Sub-Poisson on the upper side: jumps of at most `scale`; always one-sided.
    GammaPoisson { scale: f64 },
    /// Sub-Bernoulli: observations between `-below` and `above` around the mean.
    BetaBinomial { below: f64, above: f64, sides: Sides },
}

/// A mixture martingale tuned for an intrinsic time.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::anytime::sums::{Mixture, Tail};
///
/// // A rate of 1/2, tuned for 1200 observations of variance 1/4.
/// let rate = Mixture::tuned(Tail::BetaBinomial { below: 0.5, above: 0.5, sides: Sides::Two }, 300.0, 0.05)?;
/// let normal = Mixture::tuned(Tail::Normal { sides: Sides::Two }, 300.0, 0.05)?;
/// assert!((rate.bound(300.0, 0.05)? - 52.534).abs() < 1e-3);
/// assert!((normal.bound(300.0, 0.05)? - 52.571).abs() < 1e-3);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixture {
    tail: Tail,
    /// The prior's precision, in units of intrinsic time.
    rho: f64,
}

impl Mixture {
    /// Tightest at intrinsic time `v_opt` for level `alpha_opt`, by the closed form of
    /// [`NormalMixture::nearly_tightest`]: the tuning that confseq uses for every family.
    pub fn tuned(tail: Tail, v_opt: f64, alpha_opt: f64) -> Result<Self, Refusal> {
        positive("intrinsic time to tune for", v_opt)?;
        let sides = match tail {
            Tail::Normal { sides } => sides,
            Tail::GammaExponential { scale } | Tail::GammaPoisson { scale } => {
                positive("scale of the tail", scale)?;
                Sides::One
            }
            Tail::BetaBinomial { below, above, sides } => {
                positive("range below the mean", below)?;
                positive("range above the mean", above)?;
                sides
            }
        };
        let tuned = v_opt / NormalMixture::new(alpha_opt, sides)?.nearly_tightest();
        let rho = match tail {
            // The bounded prior has this variance of its own.
            Tail::BetaBinomial { below, above, .. } => (tuned - below * above).max(1e-3 * below * above),
            _ => tuned,
        };
        positive("tuned precision", rho)?;
        Ok(Self { tail, rho })
    }

    /// The log e-value of a sum `s` at intrinsic time `v`. NaN outside the range of the family.
    #[must_use]
    pub fn ln_evidence(&self, s: f64, v: f64) -> f64 {
        let rho = self.rho;
        match self.tail {
            // A sum at time 0 is 0 over 0; it is no evidence.
            Tail::Normal { sides } => ln_evidence(if s == 0.0 { 0.0 } else { s / libm::sqrt(v) }, v / rho, sides),
            Tail::GammaExponential { scale } => {
                let square = scale * scale;
                let prior = rho / square;
                let shape = (v + rho) / square;
                let at = (scale * s + v + rho) / square;
                0.5 * libm::log(prior / shape) + stirling_error(shape) - stirling_error(prior)
                    + deviance(shape, at)
                    + libm::log(incomplete_gamma(shape, at).lower)
                    - libm::log(incomplete_gamma(prior, prior).lower)
            }
            Tail::GammaPoisson { scale } => {
                let square = scale * scale;
                let prior = rho / square;
                let at = (v + rho) / square;
                let shape = s / scale + at;
                0.5 * libm::log(prior / shape) + stirling_error(shape) - stirling_error(prior)
                    + deviance(shape, at)
                    + libm::log(incomplete_gamma(shape, at).upper)
                    - libm::log(incomplete_gamma(prior, prior).upper)
            }
            Tail::BetaBinomial { below, above, sides } => {
                let range = below + above;
                let prior = BetaWeight { low: rho / (below * range), high: rho / (above * range) };
                let low = (v - below * s) / (below * range);
                let high = (v + above * s) / (above * range);
                prior.ln_evidence(low, high, above / range, below / range, sides)
            }
        }
    }

    /// The bound of the sum at intrinsic time `v`, where the e-value reaches `1 / alpha`.
    ///
    /// For bounded observations at most `v / below`, beyond which the sum cannot be.
    pub fn bound(&self, v: f64, alpha: f64) -> Result<f64, Refusal> {
        positive("intrinsic time", v)?;
        let unsettled = Refusal::Unsettled { what: "bound of the sum" };
        if let Tail::Normal { sides } = self.tail {
            let bound = libm::sqrt(v) * NormalMixture::new(alpha, sides)?.bound(v / self.rho);
            return if bound.is_finite() { Ok(bound) } else { Err(unsettled) };
        }
        inside("alpha", alpha, 0.0, 0.5, "(0, 0.5)")?;
        let threshold = -libm::log(alpha);
        let off = |s: f64| self.ln_evidence(s, v) - threshold;
        if let Tail::BetaBinomial { below, .. } = self.tail {
            let most = v / below;
            let at_most = off(most);
            if at_most < 0.0 {
                return Ok(most);
            }
            return root::brent_from(off, (0.0, off(0.0)), (most, at_most), 1e-14).ok_or(unsettled);
        }
        root::bracket_upwards(off, 0.0, libm::sqrt(v + self.rho))
            .and_then(|(low, high)| root::brent_from(off, low, high, 1e-14))
            .ok_or(unsettled)
    }
}

/// The beta prior of a beta-binomial mixture, as counts of low and high observations.
struct BetaWeight {
    low: f64,
    high: f64,
}

impl BetaWeight {
    /// Log of the mixture over the null likelihood for `low` and `high` further observations, whose null chances are
    /// `p` and `q`. One side keeps the priors with more high observations than the null.
    fn ln_evidence(&self, low: f64, high: f64, p: f64, q: f64, sides: Sides) -> f64 {
        let (a0, b0) = (self.low, self.high);
        let m = a0 + b0;
        let (a, b) = (a0 + low, b0 + high);
        let n = a + b;
        let errors = |a: f64, b: f64| stirling_error(a) + stirling_error(b) - stirling_error(a + b);
        let both = deviance(a, n * p) + deviance(b, n * q)
            // Quotients of like size: the products would overflow.
            + 0.5 * libm::log((a0 / a) * (b0 / b) * (n / m))
            + errors(a, b)
            - errors(a0, b0);
        match sides {
            Sides::Two => both,
            Sides::One => {
                both + libm::log(incomplete_beta(a, b, p, q).lower) - libm::log(incomplete_beta(a0, b0, p, q).lower)
            }
        }
    }
}

/// A confidence sequence for a rate, valid at every sample size, not only for large ones.
///
/// Inverts the two-sided beta-binomial mixture at each rate (Howard et al. 2021, section 4.2; as confseq does it),
/// tuned for `tuned_trials` at level `alpha`.
///
/// ```
/// let (low, high) = expc::stats::anytime::sums::rate_interval(9.0, 1000.0, 0.05, 500.0)?;
/// assert_eq!(((low * 1e6).round(), (high * 1e6).round()), (2267.0, 20961.0));
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn rate_interval(successes: f64, trials: f64, alpha: f64, tuned_trials: f64) -> Result<(f64, f64), Refusal> {
    inside("alpha", alpha, 0.0, 0.5, "(0, 0.5)")?;
    inside("number of trials", trials, 0.0, MOST_TRIALS, "(0, 1e15)")?;
    inside("trials to tune for", tuned_trials, 0.0, MOST_TRIALS, "(0, 1e15)")?;
    if !(0.0..=trials).contains(&successes) {
        return Err(Refusal::Outside { what: "number of successes", value: successes, range: "[0, trials]" });
    }
    // Tuned at every rate alike: intrinsic time is proportional to the variance of that rate.
    let prior = (tuned_trials / NormalMixture::new(alpha, Sides::Two)?.nearly_tightest() - 1.0).max(1e-3);
    let threshold = -libm::log(alpha);
    let failures = trials - successes;
    // On the logit scale, where rates near 0 and 1 have room.
    let off = |logit: f64| {
        let (p, q) = rates(logit);
        let weight = BetaWeight { low: prior * q, high: prior * p };
        weight.ln_evidence(failures, successes, q, p, Sides::Two) - threshold
    };
    let unsettled = Refusal::Unsettled { what: "interval of the rate" };
    let observed = libm::log(successes / failures).clamp(-FAR_LOGIT, FAR_LOGIT);
    let inner = off(observed);
    let end = |far: f64| {
        let outer = off(far);
        // A single success is no evidence against any rate, however small.
        if outer < 0.0 {
            return Some(rates(far).0.round());
        }
        root::brent_from(off, (observed, inner), (far, outer), 1e-14).map(|logit| rates(logit).0)
    };
    let low = if successes == 0.0 { Some(0.0) } else { end(-FAR_LOGIT) };
    let high = if failures == 0.0 { Some(1.0) } else { end(FAR_LOGIT) };
    low.zip(high).ok_or(unsettled)
}

const MOST_TRIALS: f64 = 1e15;
/// Rates of 1e-300 and their complements.
const FAR_LOGIT: f64 = 690.0;

/// The rate at a logit, and its complement.
fn rates(logit: f64) -> (f64, f64) {
    let less = libm::exp(-logit.abs());
    let (small, large) = (less / (1.0 + less), 1.0 / (1.0 + less));
    if logit < 0.0 { (small, large) } else { (large, small) }
}
