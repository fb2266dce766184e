//! How many units a rule on the posterior needs.

use super::super::comparison::{MOST_UNITS, Size, whole};
use super::super::{Direction, Refusal, finite, mean, normal, open_unit, positive, proportion, root};
use super::assurance::Assurance;
use super::belief::{Belief, Prior};
use super::rule::Rule;

/// One treatment against control, decided by its posterior.
///
/// The estimate is taken as normal with known variance; for rates that is the normal approximation of the difference
/// with each arm's own variance.
///
/// ```
/// use expc::stats::Direction;
/// use expc::stats::bayes::{Belief, Decision, Measure, Prior, Rule};
///
/// let checkout = Decision {
///     measure: Measure::Proportion { baseline: 0.11 },
///     prior: Prior::Normal(Belief::new(0.0, 0.01)?),
///     rule: Rule { win: Some(0.95), loss: Some(0.0002), ..Rule::none(Direction::Up) },
///     effect: 0.005,
///     allocation: 1.0,
///     size_factor: 1.0,
/// };
/// let size = checkout.required(0.8)?;
/// assert_eq!(size.control_units, 50_664);
/// assert!((checkout.power(size.control)? - 0.8).abs() < 1e-12);
/// assert!(checkout.type_one_error(size.control)? < 0.05);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    pub measure: Measure,
    /// What the analysis believes before the data.
    pub prior: Prior,
    pub rule: Rule,
    /// The effect to succeed at, signed, treatment minus control.
    pub effect: f64,
    /// Treatment units over control units.
    pub allocation: f64,
    /// Factor on the sample size: variance reduction (below 1), design effect (above 1).
    pub size_factor: f64,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    Proportion {
        baseline: f64,
    },
    /// A mean, or any metric by the deviation that one unit has in each arm.
    Mean {
        sd_control: f64,
        sd_treatment: f64,
    },
}

const TOLERANCE: f64 = 1e-13;
/// Ratio of sample sizes between which the power is taken to go one way.
const MARCH: f64 = 0.05;

impl Decision {
    /// The sample from which the rule is met with at least `power`.
    ///
    /// Under a prior that leans towards the effect, small samples may succeed on the prior alone, so the power can
    /// fall before it rises: the answer is the size after which it never falls under the target again. A prior that meets
    /// the rule without data is refused.
    pub fn required(&self, power: f64) -> Result<Size, Refusal> {
        open_unit("power", power)?;
        self.check()?;
        let gain = self.gain();
        let limit = self.rule.threshold(0.0)?;
        if gain <= limit {
            return Err(if limit == 0.0 && gain == 0.0 {
                Refusal::NoEffect
            } else {
                Refusal::WithinMargin { effect: self.effect, margin: limit }
            });
        }
        let deviation = self.deviation(self.effect)?;
        let z_power = normal::quantile(power);
        // In ln of the standard error, where the power falls from 1; the first crossing is the one.
        let surplus = |ln_error: f64| self.margin(libm::exp(ln_error), self.effect).map_or(f64::NAN, |z| z - z_power);
        // Far below the gain, where nothing but the effect speaks.
        let smallest = libm::log(gain - limit) - 12.0;
        let mut high = (smallest, surplus(smallest));
        if high.1.is_nan() || high.1 < 0.0 {
            return Err(Refusal::OutOfReach { power, units: MOST_UNITS });
        }
        // Without data the posterior is the prior; errors of 1e4 prior deviations leave nothing else.
        let largest = match self.prior {
            Prior::Flat => smallest + 60.0,
            Prior::Normal(prior) => (libm::log(prior.sd()) + 10.0).max(smallest + 30.0),
        };
        let ln_error = loop {
            if largest <= high.0 {
                return Err(Refusal::PriorDecides);
            }
            let next = high.0 + 0.5 * MARCH;
            let value = surplus(next);
            if value.is_nan() {
                return Err(Refusal::Unsettled { what: "sample size" });
            }
            if value < 0.0 {
                let root = root::brent_from(surplus, high, (next, value), TOLERANCE / (1.0 + next.abs()));
                break root.ok_or(Refusal::Unsettled { what: "sample size" })?;
            }
            high = (next, value);
        };
        let ratio = deviation / libm::exp(ln_error);
        let control = (ratio * ratio).max(1e-300) * self.size_factor;
        let treatment = control * self.allocation;
        if !(control <= MOST_UNITS && treatment <= MOST_UNITS) {
            return Err(Refusal::TooManyUnits { units: control.max(treatment) });
        }
        whole(control, treatment, self.allocation, power, |c, t| Self { allocation: t / c, ..*self }.power(c))
    }

    /// The probability that the rule is met at the planned effect, with `n_control` units in control.
    pub fn power(&self, n_control: f64) -> Result<f64, Refusal> {
        self.power_at(n_control, self.effect)
    }

    /// [`Self::power`] at another true effect, signed.
    pub fn power_at(&self, n_control: f64, effect: f64) -> Result<f64, Refusal> {
        self.rule.power(self.prior, self.standard_error(n_control, effect)?, effect)
    }

    /// The probability that the rule is met when there is no effect.
    pub fn type_one_error(&self, n_control: f64) -> Result<f64, Refusal> {
        self.power_at(n_control, 0.0)
    }

    /// The least effect, signed, in the better direction and beyond what the rule asks of certainty, at which
    /// `n_control` units meet the rule with `power`; the planned effect is not read.
    pub fn detectable(&self, n_control: f64, power: f64) -> Result<f64, Refusal> {
        open_unit("power", power)?;
        self.check_frame()?;
        let control = positive("number of control units", n_control)?;
        let sign = self.rule.better.sign();
        let z_power = normal::quantile(power);
        let out_of_reach = Refusal::OutOfReach { power, units: n_control };
        if let Measure::Mean { .. } = self.measure {
            let error = self.standard_error(control, 0.0)?;
            let least = self.rule.least_estimate(self.prior, error)? + z_power * error;
            return if least.is_finite() { Ok(sign * least) } else { Err(out_of_reach) };
        }
        let Measure::Proportion { baseline } = self.measure else { return Err(out_of_reach) };
        let room = match self.rule.better {
            Direction::Up => 1.0 - baseline,
            Direction::Down => baseline,
        };
        let surplus = |size: f64| {
            let error = self.standard_error(control, sign * size).unwrap_or(f64::NAN);
            self.margin(error, sign * size).map_or(f64::NAN, |z| z - z_power)
        };
        let (least, most) = (-(1.0 - room) * (1.0 - 1e-12), room * (1.0 - 1e-12));
        root::brent(surplus, least, most, TOLERANCE).map(|size| sign * size).ok_or(out_of_reach)
    }

    /// The unconditional power: the effect is drawn from `effects`, which need not be the prior of the analysis.
    pub fn assurance(&self, n_control: f64, effects: Belief) -> Result<Assurance, Refusal> {
        self.rule.assurance(self.prior, self.standard_error(n_control, effects.mean())?, effects)
    }

    /// The standard error of the estimate when the true effect is `effect`.
    pub fn standard_error(&self, n_control: f64, effect: f64) -> Result<f64, Refusal> {
        self.check_frame()?;
        let control = positive("number of control units", n_control)?;
        positive("standard error", self.deviation(effect)? / libm::sqrt(control / self.size_factor))
    }

    /// The power as a normal quantile.
    fn margin(&self, standard_error: f64, effect: f64) -> Result<f64, Refusal> {
        let least = self.rule.least_estimate(self.prior, standard_error)?;
        Ok((self.rule.better.sign() * effect - least) / standard_error)
    }

    fn gain(&self) -> f64 {
        self.rule.better.sign() * self.effect
    }

    fn check(&self) -> Result<(), Refusal> {
        finite("effect", self.effect)?;
        self.check_frame()
    }

    fn check_frame(&self) -> Result<(), Refusal> {
        positive("allocation", self.allocation)?;
        positive("size factor", self.size_factor)?;
        match self.measure {
            Measure::Proportion { baseline } => open_unit("baseline", baseline)?,
            Measure::Mean { sd_control, sd_treatment } => {
                positive("standard deviation", sd_control)?;
                positive("standard deviation", sd_treatment)?
            }
        };
        if let Prior::Normal(prior) = self.prior {
            positive("deviation of the prior", prior.sd())?;
        }
        Ok(())
    }

    /// Deviation of the difference per root control unit.
    fn deviation(&self, effect: f64) -> Result<f64, Refusal> {
        match self.measure {
            Measure::Proportion { baseline } => {
                let treatment = baseline + effect;
                if !(0.0 < treatment && treatment < 1.0) {
                    return Err(Refusal::NoRoom { baseline, change: effect });
                }
                Ok(proportion::deviation(baseline, treatment, self.allocation))
            }
            Measure::Mean { sd_control, sd_treatment } => {
                Ok(mean::deviation(sd_control, sd_treatment, self.allocation))
            }
        }
    }
}
