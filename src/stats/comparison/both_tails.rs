//! Rejecting the wrong way: its probability, and power that counts it.

use super::law::{Aim, Test};
use super::{Claim, Comparison, Endpoint, TOLERANCE};
use crate::stats::exaggeration::{self, Exaggeration};
use crate::stats::mean::MeanTest;
use crate::stats::{Direction, Refusal, Sides, positive, root};

/// A comparison whose power counts rejections in either direction, as G*Power, statsmodels and `pwr` do.
///
/// For reading the numbers of such tools; a plan should not count a rejection the wrong way as a success. Claims other
/// than two-sided superiority have one direction only, and are as without.
///
/// ```
/// use expc::stats::comparison::{BothTails, Claim, Comparison, Endpoint, Scale};
/// use expc::stats::{Sides, mean::MeanTest};
///
/// let small = Comparison {
///     endpoint: Endpoint::Mean { baseline: 0.0, sd: 1.0, test: MeanTest::T },
///     claim: Claim::Superiority { effect: 0.3 },
///     scale: Scale::Difference,
///     alpha: 0.05,
///     sides: Sides::Two,
///     allocation: 1.0,
///     size_factor: 1.0,
/// };
/// // R: power.t.test(n = 12, delta = 0.3, strict = TRUE)
/// assert!((BothTails(small).power(12.0)? - 0.108_292_592_438_944_6).abs() < 1e-11);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BothTails(pub Comparison);

impl BothTails {
    /// The probability to reject in either direction; with no effect, the size of the test.
    pub fn power(&self, n_control: f64) -> Result<f64, Refusal> {
        if let Claim::Superiority { effect: 0.0 } = self.0.claim {
            return self.size(n_control);
        }
        Ok((self.0.power(n_control)? + self.0.wrong_way(n_control)?).min(1.0))
    }

    /// Without an effect either direction is as wrong: the power for effects that vanish from above and from below.
    fn size(&self, n_control: f64) -> Result<f64, Refusal> {
        let comparison = Comparison { claim: Claim::Superiority { effect: f64::MIN_POSITIVE }, ..self.0 };
        Ok((comparison.power(n_control)? + comparison.wrong_way(n_control)?).min(1.0))
    }

    /// Control units, as a real number, that reach the power.
    pub fn required(&self, power: f64) -> Result<f64, Refusal> {
        let above = self.0.required(power)?.control;
        if power <= self.0.alpha {
            return Err(Refusal::PowerTooLow { power, alpha: self.0.alpha });
        }
        let surplus = |ln_n: f64| self.power(libm::exp(ln_n)).map_or(-power, |reached| reached - power);
        let high = libm::log(above);
        let at_high = surplus(high);
        if at_high <= TOLERANCE {
            return Ok(above);
        }
        let mut step = 1e-6 + at_high;
        for _ in 0..60 {
            let low = high - step;
            let at_low = surplus(low);
            if at_low <= 0.0 {
                let found = root::brent_from(surplus, (low, at_low), (high, at_high), TOLERANCE / (1.0 + high.abs()));
                return found.map(libm::exp).ok_or(Refusal::Unsettled { what: "sample size" });
            }
            step *= 2.0;
        }
        Err(Refusal::Unsettled { what: "sample size" })
    }

    /// The effect of least size `toward` the direction that these units show with the power; of superiority only.
    pub fn detectable(&self, n_control: f64, power: f64, toward: Direction) -> Result<f64, Refusal> {
        let most = self.0.detectable(n_control, power, toward)?;
        let Claim::Superiority { .. } = self.0.claim else { return Ok(most) };
        if power <= self.0.alpha {
            return Err(Refusal::PowerTooLow { power, alpha: self.0.alpha });
        }
        let surplus = |effect: f64| {
            let comparison = Comparison { claim: Claim::Superiority { effect }, ..self.0 };
            BothTails(comparison).power(n_control).map_or(f64::NAN, |reached| reached - power)
        };
        let at_most = surplus(most);
        if at_most <= TOLERANCE {
            return Ok(most);
        }
        let low = 1e-9 * most;
        root::brent_from(surplus, (low, surplus(low)), (most, at_most), TOLERANCE)
            .ok_or(Refusal::Unsettled { what: "detectable effect" })
    }
}

impl Comparison {
    /// The probability that a two-sided test of superiority rejects in the wrong direction; 0 for other claims, which
    /// look one way only.
    pub fn wrong_way(&self, n_control: f64) -> Result<f64, Refusal> {
        let test = self.test()?;
        let truth = self.truth()?;
        let control = positive("number of control units", n_control)?;
        match (self.claim, self.sides) {
            (Claim::Superiority { .. }, Sides::Two) => test.wrong_power(&truth, control, control * self.allocation),
            _ => Ok(0.0),
        }
    }

    /// What significant results of this comparison are worth with `n_control` control units: how often they have the
    /// wrong sign, and by how much they exaggerate (Gelman and Carlin 2014).
    ///
    /// Of superiority, with the effect of the claim as the true one; Welch's and exact tests by their normal forms.
    pub fn exaggeration(&self, n_control: f64) -> Result<Exaggeration, Refusal> {
        let test = self.test()?;
        let truth = self.truth()?;
        let control = positive("number of control units", n_control)?;
        let (Claim::Superiority { .. }, Aim::Beyond { null, sign }) = (self.claim, truth.aim) else {
            return Err(Refusal::NotOffered {
                test: "the exaggeration of an estimate",
                with: "a margin",
                instead: "a claim of superiority",
            });
        };
        let contrast = test.contrast(truth.effect, null, sign, self.allocation);
        let units = control / self.size_factor;
        let ncp = contrast.distance * libm::sqrt(units) / contrast.truth;
        match self.endpoint {
            Endpoint::Mean { test: MeanTest::T | MeanTest::Adjusted { .. }, .. } => {
                let df = Test::pooled_degrees(self.endpoint, units * (1.0 + self.allocation));
                exaggeration::student(ncp, df, self.alpha, self.sides)
            }
            _ => exaggeration::normal(ncp, self.alpha, self.sides),
        }
    }
}
