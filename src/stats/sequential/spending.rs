//! How an error is spent over the looks.

use super::super::{Refusal, inside, normal};

/// How much of an error is spent by each fraction of the experiment (Lan and DeMets 1983).
///
/// The fraction is that of information, or another clock that the plan names, such as the calendar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spending {
    /// `2 - 2 Phi(z_{a/2} / sqrt t)` (Lan and DeMets 1983).
    ObrienFleming,
    /// `a ln(1 + (e - 1) t)` (Lan and DeMets 1983).
    Pocock,
    /// `a (1 - e^{-gamma t}) / (1 - e^{-gamma})` (Hwang, Shih and DeCani 1990).
    HwangShihDeCani { gamma: f64 },
    /// `a t^rho` (Kim and DeMets 1987).
    KimDeMets { rho: f64 },
    /// `a^(t^-nu)` (Anderson and Clark 2010).
    AndersonClark { nu: f64 },
}

impl Spending {
    /// What a one-sided test of size `alpha` has spent at fraction `t`.
    #[must_use]
    pub fn spent(self, alpha: f64, t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        if 1.0 <= t {
            return alpha;
        }
        match self {
            Self::ObrienFleming => 2.0 * normal::sf(normal::upper_quantile(0.5 * alpha) / libm::sqrt(t)),
            Self::Pocock => alpha * libm::log1p((std::f64::consts::E - 1.0) * t),
            Self::HwangShihDeCani { gamma: 0.0 } => alpha * t,
            Self::HwangShihDeCani { gamma } => alpha * (libm::expm1(-gamma * t) / libm::expm1(-gamma)),
            Self::KimDeMets { rho } => alpha * libm::pow(t, rho),
            Self::AndersonClark { nu } => libm::pow(alpha, libm::pow(t, -nu)),
        }
    }

    /// What each look spends at these times.
    pub(super) fn steps(self, alpha: f64, times: &[f64]) -> Vec<f64> {
        let mut before = 0.0;
        let step = |&t: &f64| {
            let spent = self.spent(alpha, t);
            let step = spent - before;
            before = spent;
            step
        };
        times.iter().map(step).collect()
    }

    pub(super) fn check(self) -> Result<(), Refusal> {
        match self {
            Self::ObrienFleming | Self::Pocock => {}
            Self::HwangShihDeCani { gamma } => {
                inside("gamma of the spending", gamma, -500.0, 500.0, "(-500, 500)")?;
            }
            Self::KimDeMets { rho } => {
                inside("rho of the spending", rho, 0.0, 500.0, "(0, 500)")?;
            }
            Self::AndersonClark { nu } => {
                inside("nu of the spending", nu, 0.0, 50.0, "(0, 50)")?;
            }
        }
        Ok(())
    }
}
