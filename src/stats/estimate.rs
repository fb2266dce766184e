//! An estimated effect and its standard error, from what each arm reports.
//!
//! For analysis and for posteriors; sample sizes are planned in [`super::comparison`].

use super::{Refusal, finite, positive};

/// What one arm reports of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    pub mean: f64,
    /// The variance of one unit, not of the mean.
    pub variance: f64,
    pub units: f64,
}

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
    /// use expc::stats::estimate::{Arm, Estimate};
    ///
    /// let control = Arm { mean: 10.0, variance: 25.0, units: 1000.0 };
    /// let treatment = Arm { mean: 10.5, variance: 26.0, units: 1000.0 };
    /// assert_eq!((Estimate::difference(control, treatment)?.standard_error * 1e4).round(), 2258.0);
    /// assert_eq!((Estimate::lift(control, treatment)?.effect * 1e4).round(), 500.0);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn difference(control: Arm, treatment: Arm) -> Result<Self, Refusal> {
        let variance = control.error()? + treatment.error()?;
        Self::from_parts(treatment.mean - control.mean, variance, control, treatment)
    }

    /// Treatment over control, less 1; its variance by the delta method,
    /// `s_t^2 / (m_c^2 n_t) + s_c^2 m_t^2 / (m_c^4 n_c)`. The control mean must be well away from 0.
    pub fn lift(control: Arm, treatment: Arm) -> Result<Self, Refusal> {
        if control.mean == 0.0 {
            return Err(Refusal::Outside { what: "mean of control", value: 0.0, range: "the numbers other than 0" });
        }
        let ratio = treatment.mean / control.mean;
        let square = control.mean * control.mean;
        let variance = treatment.error()? / square + control.error()? * (ratio * ratio) / square;
        Self::from_parts((treatment.mean - control.mean) / control.mean, variance, control, treatment)
    }

    fn from_parts(effect: f64, variance: f64, control: Arm, treatment: Arm) -> Result<Self, Refusal> {
        finite("effect", effect)?;
        let standard_error = positive("standard error", libm::sqrt(variance))?;
        Ok(Self { effect, standard_error, units: control.units + treatment.units })
    }

    /// The effect in standard errors.
    #[must_use]
    pub fn z(&self) -> f64 {
        self.effect / self.standard_error
    }
}

impl Arm {
    /// The squared standard error of the mean.
    fn error(&self) -> Result<f64, Refusal> {
        finite("mean", self.mean)?;
        positive("variance", self.variance)?;
        Ok(self.variance / positive("number of units", self.units)?)
    }
}
