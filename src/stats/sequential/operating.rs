//! What a plan does under a drift, and the drift it needs.

use super::super::{Refusal, Sides, normal, open_unit, positive, root};
use super::course::Crossing;
use super::monitoring::Monitoring;

impl Monitoring {
    /// Stop probabilities when the last look's statistic has mean `drift`.
    pub fn crossing(&self, drift: f64) -> Result<Crossing, Refusal> {
        if self.sides == Sides::Two && drift < 0.0 {
            // The bounds mirror each other.
            let Crossing { upper, lower } = self.course.crossing(-drift)?;
            return Ok(Crossing { upper: lower, lower: upper });
        }
        self.course.crossing(drift)
    }

    /// The probability to stop at the upper bound.
    pub fn power(&self, drift: f64) -> Result<f64, Refusal> {
        if self.sides == Sides::Two && drift < 0.0 {
            return Ok(self.crossing(drift)?.upper_total().min(1.0));
        }
        self.course.power(drift)
    }

    /// The drift with this power.
    ///
    /// A fixed design has the drift `z_{1-a} + z_power`; its square is the information at the last look that an effect
    /// of 1 needs.
    pub fn drift(&self, power: f64) -> Result<f64, Refusal> {
        let (fixed, at_null) = self.against(power)?;
        if power <= at_null {
            return Err(Refusal::PowerTooLow { power, alpha: at_null });
        }
        self.course.drift(power, (1.02 * fixed).clamp(0.05, 30.0))
    }

    /// The drift at which the probability to stop at either bound is `power`: rejecting in the wrong direction counts.
    /// For two sides; some tools plan so.
    pub fn drift_either(&self, power: f64) -> Result<f64, Refusal> {
        let (_, at_null) = self.against(power)?;
        if self.sides == Sides::One {
            return self.drift(power);
        }
        if power <= 2.0 * at_null {
            return Err(Refusal::PowerTooLow { power, alpha: 2.0 * at_null });
        }
        let high = self.drift(power)?;
        let excess = |drift: f64| match self.course.crossing(drift) {
            Ok(crossing) => crossing.upper_total() + crossing.lower_total() - power,
            Err(_) => f64::NAN,
        };
        root::secant(excess, high, normal::pdf(normal::quantile(power)), 1e-15)
            .or_else(|| root::brent(excess, 0.0, high * (1.0 + 1e-12), 1e-14))
            .ok_or(Refusal::Unsettled { what: "drift" })
    }

    /// Factor on the sample size of the fixed design with the same alpha and power, for the last look.
    pub fn inflation(&self, power: f64) -> Result<f64, Refusal> {
        self.factor(power, self.drift(power)?)
    }

    /// [`Self::inflation`] where [`Self::drift_either`] counts as power.
    pub fn inflation_either(&self, power: f64) -> Result<f64, Refusal> {
        self.factor(power, self.drift_either(power)?)
    }

    fn factor(&self, power: f64, drift: f64) -> Result<f64, Refusal> {
        let (fixed, _) = self.against(power)?;
        if fixed <= 0.0 {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        Ok((drift / fixed) * (drift / fixed))
    }

    /// The drift of the fixed design with this power, and the power of this one under no drift.
    fn against(&self, power: f64) -> Result<(f64, f64), Refusal> {
        open_unit("power", power)?;
        let fixed = normal::upper_quantile(self.sides.tail(self.alpha)) + normal::quantile(power);
        Ok((fixed, self.course.power(0.0)?))
    }

    /// The mean fraction of information at which the experiment ends.
    pub fn expected_information(&self, drift: f64) -> Result<f64, Refusal> {
        let crossing = self.crossing(drift)?;
        let stops = crossing.upper.iter().zip(&crossing.lower);
        // The last look ends it whatever it shows, hence the saving over 1.
        let saved: f64 = stops.zip(self.fractions()).map(|((up, down), t)| (up + down) * (1.0 - t)).sum();
        Ok(1.0 - saved)
    }

    /// The probability to stop at either bound before the last look.
    pub fn early_stop(&self, drift: f64) -> Result<f64, Refusal> {
        let crossing = self.crossing(drift)?;
        let interim = self.fractions().len() - 1;
        let stops = crossing.upper.iter().zip(&crossing.lower);
        Ok(stops.take(interim).map(|(up, down)| up + down).sum())
    }

    /// The fraction of the look by which the experiment has ended with this probability; the median for 1/2.
    pub fn information_quantile(&self, drift: f64, probability: f64) -> Result<f64, Refusal> {
        open_unit("probability", probability)?;
        let crossing = self.crossing(drift)?;
        let by = crossing.stopped().zip(self.fractions()).find(|(stopped, _)| probability <= *stopped);
        Ok(by.map_or(1.0, |(_, t)| *t))
    }

    /// The mean power over drifts that are normal around `mean` with deviation `sd`: assurance (O'Hagan, Stevens and
    /// Campbell 2005). It is never above the probability of an effect, but for the error under none.
    pub fn assurance(&self, mean: f64, sd: f64) -> Result<f64, Refusal> {
        super::super::finite("mean of the prior", mean)?;
        positive("deviation of the prior", sd)?;
        Ok(self.course.power_over(mean, sd))
    }
}
