//! An estimated effect and its standard error, from what each arm reports.
//!
//! For intervals and posteriors; sample sizes are planned in [`super::comparison`].

use super::lift::{self, Seen};
use super::{Refusal, finite, positive};

/// An estimated effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub effect: f64,
    pub standard_error: f64,
    /// Units of both arms.
    pub units: f64,
}

impl Estimate {
    /// Treatment minus control, each arm with its own variance.
    ///
    /// ```
    /// use expc::stats::{estimate::Estimate, lift::Seen};
    ///
    /// let control = Seen { mean: 10.0, variance: 25.0, units: 1000.0 };
    /// let treatment = Seen { mean: 10.5, variance: 26.0, units: 1000.0 };
    /// assert_eq!((Estimate::difference(control, treatment)?.standard_error * 1e4).round(), 2258.0);
    /// assert_eq!((Estimate::lift(control, treatment)?.effect * 1e4).round(), 500.0);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn difference(control: Seen, treatment: Seen) -> Result<Self, Refusal> {
        control.check()?;
        treatment.check()?;
        let variance = control.variance / control.units + treatment.variance / treatment.units;
        Self::new(treatment.mean - control.mean, variance, control.units + treatment.units)
    }

    /// Treatment over control, less 1, with the variance of [`lift::variance`].
    pub fn lift(control: Seen, treatment: Seen) -> Result<Self, Refusal> {
        let variance = lift::variance(control, treatment)?;
        Self::new((treatment.mean - control.mean) / control.mean, variance, control.units + treatment.units)
    }

    fn new(effect: f64, variance: f64, units: f64) -> Result<Self, Refusal> {
        finite("effect", effect)?;
        Ok(Self { effect, standard_error: positive("standard error", libm::sqrt(variance))?, units })
    }

    /// The effect in standard errors.
    #[must_use]
    pub fn z(&self) -> f64 {
        self.effect / self.standard_error
    }
}
