//! Two means: the deviation of the estimated difference, and the exact power of the t test.
//!
//! The sample size follows in [`super::comparison`].

use super::{noncentral, student};

/// How the difference of two means is tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeanTest {
    /// Normal test, equal variances taken as known.
    Z,
    /// Student's test, equal variances; power by the noncentral t.
    T,
    /// Normal test, where treatment has a deviation of its own.
    UnequalZ { sd_treatment: f64 },
}

/// Deviation of the difference per root control unit: `sqrt(s_c^2 + s_t^2 / r)`.
#[must_use]
pub fn deviation(control: f64, treatment: f64, allocation: f64) -> f64 {
    libm::sqrt(control * control + treatment * treatment / allocation)
}

/// The probability that a t test at one-tail level `tail` rejects in the right direction, for an
/// effect of `ncp` standard errors and `df` degrees of freedom.
#[must_use]
pub fn t_power(tail: f64, df: f64, ncp: f64) -> f64 {
    t_power_at(student::upper_quantile(tail, df), df, ncp)
}

/// [`t_power`] where the critical value is known.
#[must_use]
pub fn t_power_at(critical: f64, df: f64, ncp: f64) -> f64 {
    if 0.0 < critical {
        return noncentral::upper_tail(critical, df, ncp);
    }
    noncentral::tails(critical, df, ncp).upper
}
