//! What a plan does under a drift, and the drift it needs.

use super::super::{Refusal, Sides, finite, normal, open_unit, positive, root};
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

    /// The drift under which one fixed look at the same alpha has this power, `z_{1-a} + z_power`. A test that is not
    /// quite normal is planned by the drift of its own power.
    pub fn fixed_drift(&self, power: f64) -> Result<f64, Refusal> {
        open_unit("power", power)?;
        Ok(normal::upper_quantile(self.sides.tail(self.alpha)) + normal::quantile(power))
    }

    /// The drift with this power. Its square is the information at the last look that an effect of 1 needs.
    pub fn drift(&self, power: f64) -> Result<f64, Refusal> {
        let fixed = self.fixed_drift(power)?;
        let at_null = self.course.power(0.0)?;
        if power <= at_null {
            return Err(Refusal::PowerTooLow { power, alpha: at_null });
        }
        self.course.drift(power, (1.02 * fixed).clamp(0.05, 30.0))
    }

    /// The drift at which the probability to stop at either bound is `power`: rejecting in the wrong direction counts.
    /// For two sides; some tools plan so.
    pub fn drift_either(&self, power: f64) -> Result<f64, Refusal> {
        if self.sides == Sides::One {
            return self.drift(power);
        }
        let high = self.drift(power)?;
        let at_null = self.type_one_error();
        if power <= at_null {
            return Err(Refusal::PowerTooLow { power, alpha: at_null });
        }
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
        let fixed = self.fixed_drift(power)?;
        if fixed <= 0.0 {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        Ok((drift / fixed) * (drift / fixed))
    }

    /// The mean fraction of information at which the experiment ends.
    pub fn expected_information(&self, drift: f64) -> Result<f64, Refusal> {
        self.expected(drift, self.fractions())
    }

    /// The mean of what has a value at each look, such as its date or its cost, at the look that ends the experiment.
    pub fn expected(&self, drift: f64, values: &[f64]) -> Result<f64, Refusal> {
        if values.len() != self.fractions().len() {
            return Err(Refusal::Lengths { left: self.fractions().len(), right: values.len() });
        }
        let crossing = self.crossing(drift)?;
        let stops = crossing.upper.iter().zip(&crossing.lower);
        // The last look ends it whatever it shows, hence the saving over its value.
        let last = values.last().copied().unwrap_or(0.0);
        let saved: f64 = stops.zip(values).map(|((up, down), value)| (up + down) * (last - value)).sum();
        Ok(last - saved)
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
        self.assurance_above(mean, sd, f64::NEG_INFINITY)
    }

    /// The part of [`Self::assurance`] that comes from drifts above `from`.
    pub fn assurance_above(&self, mean: f64, sd: f64, from: f64) -> Result<f64, Refusal> {
        finite("mean of the prior", mean)?;
        positive("deviation of the prior", sd)?;
        if from.is_nan() {
            return Err(Refusal::Outside { what: "least drift", value: from, range: "the numbers" });
        }
        Ok(self.course.power_over(mean, sd, from))
    }
}
