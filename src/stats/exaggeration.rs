//! What a significant result is worth: errors of sign and of magnitude (Gelman and Carlin 2014).
//!
//! With little power a significant estimate must be far from the truth: it exaggerates, and may point the wrong way.

use super::{Refusal, Sides, finite, inside, noncentral, normal, open_unit, positive, student};

/// What a test promises of its significant results.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exaggeration {
    /// The probability to be significant, in either direction that the test looks.
    pub power: f64,
    /// Type S: the probability that a significant result has the wrong sign.
    pub wrong_sign: f64,
    /// Type M: the mean size of a significant estimate over the true effect.
    pub magnitude: f64,
}

/// For a normal test of an effect of `ncp` standard errors, above 0 and in the direction of a one-sided test.
///
/// With `Z ~ N(d, 1)` and critical value `c`: power `Phi(d - c) + Phi(-d - c)`, type S the second over the sum, type M
/// `E(|Z|; |Z| > c) / (d power)`, which is `phi(c - d) + phi(c + d) + d (Phi(d - c) - Phi(-d - c))` over `d power`.
///
/// ```
/// use expc::stats::{Sides, exaggeration};
/// // Gelman and Carlin's first example: effect 2, standard error 8.1.
/// let found = exaggeration::normal(2.0 / 8.1, 0.05, Sides::Two)?;
/// assert_eq!((found.power * 1e3).round(), 57.0);
/// assert_eq!((found.wrong_sign * 1e2).round(), 24.0);
/// assert_eq!((found.magnitude * 10.0).round(), 95.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn normal(ncp: f64, alpha: f64, sides: Sides) -> Result<Exaggeration, Refusal> {
    checked(ncp, alpha)?;
    summed(ncp, sides, Parts::at(normal::upper_quantile(sides.tail(alpha)), ncp))
}

/// [`normal()`] for a t test with `df` degrees of freedom: the mean over the estimated deviation.
pub fn student(ncp: f64, df: f64, alpha: f64, sides: Sides) -> Result<Exaggeration, Refusal> {
    checked(ncp, alpha)?;
    // The least sample of a t test has one degree of freedom, less rounding.
    if !(1.0 - 1e-9..=f64::INFINITY).contains(&df) {
        return Err(Refusal::Outside { what: "degrees of freedom", value: df, range: "[1, inf]" });
    }
    let critical = student::upper_quantile(sides.tail(alpha), df);
    let mean = |part: fn(&Parts) -> f64| {
        noncentral::chi_mean(df, critical.abs(), critical.abs(), |u| part(&Parts::at(critical * u, ncp)))
    };
    let parts = Parts {
        right: mean(|parts| parts.right),
        wrong: mean(|parts| parts.wrong),
        size_right: mean(|parts| parts.size_right),
        size_wrong: mean(|parts| parts.size_wrong),
    };
    summed(ncp, sides, parts)
}

/// Probabilities and sizes of the estimate in the two tails.
struct Parts {
    right: f64,
    wrong: f64,
    size_right: f64,
    size_wrong: f64,
}

impl Parts {
    fn at(critical: f64, ncp: f64) -> Self {
        let (right, wrong) = (normal::sf(critical - ncp), normal::sf(critical + ncp));
        Self {
            right,
            wrong,
            size_right: normal::pdf(critical - ncp) + ncp * right,
            size_wrong: normal::pdf(critical + ncp) - ncp * wrong,
        }
    }
}

fn summed(ncp: f64, sides: Sides, parts: Parts) -> Result<Exaggeration, Refusal> {
    let (wrong, size_wrong) = match sides {
        Sides::One => (0.0, 0.0),
        Sides::Two => (parts.wrong, parts.size_wrong),
    };
    let power = parts.right + wrong;
    positive("power", power)?;
    Ok(Exaggeration { power, wrong_sign: wrong / power, magnitude: (parts.size_right + size_wrong) / (ncp * power) })
}

fn checked(ncp: f64, alpha: f64) -> Result<(), Refusal> {
    open_unit("alpha", alpha)?;
    finite("noncentrality", ncp)?;
    inside("noncentrality", ncp, 0.0, f64::INFINITY, "(0, inf)")?;
    Ok(())
}
