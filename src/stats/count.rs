//! Two rates of counted events, Poisson or over-dispersed, compared by their ratio on the log scale.
//!
//! Start at [`RateRatio`]. A count over exposure t has mean `mu = rate t` and variance `mu + k mu^2`; the
//! overdispersion k is 0 for Poisson counts (some packages call 1/k theta).

use super::normal;
use super::{Refusal, Sides, inside, open_unit, positive};

/// The rate behind the variance under the null (Zhu and Lakkis 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NullRate {
    /// Control's rate in both arms.
    Control,
    /// The true rates: the Wald test.
    #[default]
    True,
    /// The pooled rate, weighted by the arms.
    Pooled,
}

/// The ratio of treatment's rate to control's, to be shown different from `null_ratio`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRatio {
    /// Events per control unit and unit of exposure.
    pub rate: f64,
    pub ratio: f64,
    /// 1 unless there is a margin.
    pub null_ratio: f64,
    /// Time each unit is watched.
    pub exposure: f64,
    pub overdispersion: f64,
    pub null_rate: NullRate,
    pub alpha: f64,
    pub sides: Sides,
    /// Treatment units over control units.
    pub allocation: f64,
}

impl RateRatio {
    /// Control units, as a real number, that reach the power:
    /// `n = [(z_a sqrt V_0 + z_b sqrt V_1) / (ln ratio - ln null)]^2` (Zhu and Lakkis 2014).
    pub fn required(&self, power: f64) -> Result<f64, Refusal> {
        open_unit("power", power)?;
        let (distance, null, true_one, z) = self.parts()?;
        let needed = z * null + normal::quantile(power) * true_one;
        if needed <= 0.0 {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        positive("sample size", (needed / distance) * (needed / distance))
    }

    /// The probability to reject in the right direction.
    pub fn power(&self, n_control: f64) -> Result<f64, Refusal> {
        positive("number of control units", n_control)?;
        let (distance, null, true_one, z) = self.parts()?;
        Ok(normal::cdf((distance * libm::sqrt(n_control) - z * null) / true_one))
    }

    /// Distance on the log scale, deviations under null and truth per root control unit, and z of alpha.
    fn parts(&self) -> Result<(f64, f64, f64, f64), Refusal> {
        positive("rate", self.rate)?;
        positive("rate ratio", self.ratio)?;
        positive("null ratio", self.null_ratio)?;
        positive("exposure", self.exposure)?;
        positive("allocation", self.allocation)?;
        open_unit("alpha", self.alpha)?;
        if self.overdispersion != 0.0 {
            inside("overdispersion", self.overdispersion, 0.0, f64::INFINITY, "[0, inf)")?;
        }
        let r = self.allocation;
        let variance = |rate: f64| 1.0 / (self.exposure * rate) + self.overdispersion;
        let treatment = self.rate * self.ratio;
        let true_one = variance(self.rate) + variance(treatment) / r;
        let null = match self.null_rate {
            NullRate::True => true_one,
            NullRate::Control => variance(self.rate) * (1.0 + 1.0 / r),
            NullRate::Pooled => variance((self.rate + r * treatment) / (1.0 + r)) * (1.0 + 1.0 / r),
        };
        let distance = libm::log(self.ratio / self.null_ratio).abs();
        if distance == 0.0 {
            return Err(Refusal::NoEffect);
        }
        positive("variance of the log ratio", true_one)?;
        positive("variance of the log ratio", null)?;
        let z = normal::upper_quantile(self.sides.tail(self.alpha));
        Ok((distance, libm::sqrt(null), libm::sqrt(true_one), z))
    }
}
