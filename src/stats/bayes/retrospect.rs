//! What a significant result is worth when the experiment is small.

use super::super::{Refusal, Sides, finite, normal, open_unit, positive};

/// Errors of sign and of size among significant results (Gelman and Carlin 2014).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retrospect {
    /// The probability of a significant result, in either direction.
    pub power: f64,
    /// The probability that a significant result has the wrong sign.
    pub type_s: f64,
    /// How many times too large a significant result is on average: its mean size over the true one.
    pub type_m: f64,
}

/// The worth of significance at a true `effect` whose estimate has this error. A one-sided test looks the right way.
///
/// ```
/// use expc::stats::{Sides, bayes::retrospect};
///
/// // An effect of a third of its standard error.
/// let worth = retrospect(1.0, 3.0, 0.05, Sides::Two)?;
/// assert_eq!(((worth.power * 1e3).round(), (worth.type_s * 1e2).round()), (63.0, 17.0));
/// assert!(worth.type_m > 7.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn retrospect(effect: f64, standard_error: f64, alpha: f64, sides: Sides) -> Result<Retrospect, Refusal> {
    if finite("effect", effect)? == 0.0 {
        return Err(Refusal::NoEffect);
    }
    let z = normal::upper_quantile(sides.tail(open_unit("alpha", alpha)?));
    let drift = effect.abs() / positive("standard error", standard_error)?;
    let right = normal::sf(z - drift);
    let size_right = drift * right + normal::pdf(z - drift);
    let (wrong, size_wrong) = match sides {
        Sides::One => (0.0, 0.0),
        // The mean distance beyond -z, from the unit loss so that its digits stay.
        Sides::Two => {
            let wrong = normal::sf(z + drift);
            (wrong, z * wrong + normal::unit_loss(z + drift))
        }
    };
    let power = right + wrong;
    let type_m = (size_right + size_wrong) / (power * drift);
    if !type_m.is_finite() {
        return Err(Refusal::Unsettled { what: "exaggeration" });
    }
    Ok(Retrospect { power, type_s: wrong / power, type_m })
}
