//! The estimated lift: treatment over control, minus 1.
//!
//! Plans of a lift go through [`super::comparison::Scale::Lift`]; here is what an analysis of one has.

use super::{Refusal, finite, positive};

/// Above this relative error of the control mean the delta method leans: Fieller's interval or the log ratio is
/// better (Deng, Knoblich and Lu 2018).
pub const NOISY: f64 = 0.1;

/// What was seen in an arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub mean: f64,
    /// Variance of a unit.
    pub variance: f64,
    pub units: f64,
}

impl Seen {
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        finite("mean", self.mean)?;
        positive("variance", self.variance)?;
        positive("number of units", self.units)?;
        Ok(())
    }
}

/// Variance of the estimated lift by the delta method: `s_t^2/(m_c^2 n_t) + s_c^2 m_t^2/(m_c^4 n_c)`.
///
/// ```
/// use expc::stats::lift::{Seen, variance};
/// let control = Seen { mean: 10.0, variance: 25.0, units: 1000.0 };
/// let treatment = Seen { mean: 10.5, variance: 26.0, units: 1000.0 };
/// assert!((variance(control, treatment)? - 0.000_535_625).abs() < 1e-15);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn variance(control: Seen, treatment: Seen) -> Result<f64, Refusal> {
    control.check()?;
    treatment.check()?;
    if control.mean == 0.0 {
        return Err(Refusal::Outside { what: "mean of control", value: 0.0, range: "the numbers other than 0" });
    }
    let ratio = treatment.mean / control.mean;
    let square = control.mean * control.mean;
    positive(
        "variance of the lift",
        treatment.variance / (square * treatment.units) + control.variance * ratio * ratio / (square * control.units),
    )
}
