//! All arms at once: does any differ from the others? The power of the F and chi-square tests.
//!
//! Start at [`variance_power`] for means and [`shares_power`] for rates; which arm differs is a question for
//! [`dunnett`](super::dunnett).

use super::noncentral;
use super::root;
use super::special;
use super::srm;
use super::{Refusal, open_unit, positive};

/// Relative accuracy of solved sizes.
const TOLERANCE: f64 = 1e-13;

/// The power of the one-way analysis of variance with `units` in each of `arms` arms.
///
/// `effect` is Cohen's f (1988): the deviation of the arms' true means over that of a unit. Noncentral F with
/// `k - 1` and `k (n - 1)` degrees of freedom and `f^2 k n`; normal outcomes of one variance.
///
/// ```
/// use expc::stats::omnibus;
///
/// let units = omnibus::variance_units(0.25, 3, 0.05, 0.8)?;
/// assert_eq!(units.ceil(), 53.0);
/// assert!((omnibus::variance_power(0.25, 3, units, 0.05)? - 0.8).abs() < 1e-10);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn variance_power(effect: f64, arms: usize, units: f64, alpha: f64) -> Result<f64, Refusal> {
    let (k, effect) = design(effect, arms, alpha)?;
    if !(1.0 < units && units < f64::INFINITY) {
        return Err(Refusal::Outside { what: "number of units of an arm", value: units, range: "(1, inf)" });
    }
    let (df1, df2) = (k - 1.0, k * (units - 1.0));
    let critical = f_critical(alpha, df1, df2)?;
    let power = noncentral::f_tails(critical, df1, df2, effect * effect * k * units).upper;
    if power.is_nan() {
        return Err(Refusal::Outside { what: "effect", value: effect, range: "what the noncentral F answers" });
    }
    Ok(power)
}

/// The units of each arm, a real number, at which [`variance_power`] reaches `power`.
pub fn variance_units(effect: f64, arms: usize, alpha: f64, power: f64) -> Result<f64, Refusal> {
    design(effect, arms, alpha)?;
    // One more than 1: below that the estimated variance has no degrees of freedom.
    solve(power, alpha, |excess| variance_power(effect, arms, 1.0 + excess, alpha)).map(|excess| 1.0 + excess)
}

/// The power of Pearson's chi-square test with `units` in all.
///
/// `effect` is Cohen's w (1988): the root of `sum (p - p0)^2 / p0` over the cells. Noncentral chi-square with `n w^2`.
pub fn shares_power(effect: f64, degrees_of_freedom: f64, units: f64, alpha: f64) -> Result<f64, Refusal> {
    positive("effect", effect)?;
    positive("number of units", units)?;
    let critical = srm::critical_value(alpha, degrees_of_freedom)?;
    let power = noncentral::chi_square_tails(critical, degrees_of_freedom, units * effect * effect).upper;
    if power.is_nan() {
        return Err(Refusal::Outside {
            what: "effect",
            value: effect,
            range: "what the noncentral chi-square answers",
        });
    }
    Ok(power)
}

/// The units in all, a real number, at which [`shares_power`] reaches `power`.
///
/// ```
/// let units = expc::stats::omnibus::shares_units(0.3, 1.0, 0.05, 0.8)?;
/// assert!((units - 87.2095).abs() < 1e-4);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn shares_units(effect: f64, degrees_of_freedom: f64, alpha: f64, power: f64) -> Result<f64, Refusal> {
    positive("effect", effect)?;
    srm::critical_value(alpha, degrees_of_freedom)?;
    solve(power, alpha, |units| shares_power(effect, degrees_of_freedom, units, alpha))
}

fn design(effect: f64, arms: usize, alpha: f64) -> Result<(f64, f64), Refusal> {
    open_unit("alpha", alpha)?;
    if arms < 2 {
        return Err(Refusal::Outside { what: "number of arms", value: arms as f64, range: "[2, inf)" });
    }
    Ok((arms as f64, positive("effect", effect)?))
}

/// The value that F exceeds with probability alpha.
fn f_critical(alpha: f64, df1: f64, df2: f64) -> Result<f64, Refusal> {
    let off = |u: f64| {
        let tails = special::f_ratio(libm::exp(u), df1, df2);
        if alpha < 0.5 {
            libm::log(alpha / tails.upper.max(1e-320))
        } else {
            libm::log(tails.lower.max(1e-320) / (1.0 - alpha))
        }
    };
    root::brent(off, -700.0, 700.0, 1e-15).map(libm::exp).ok_or(Refusal::Unsettled { what: "critical value" })
}

/// The root of a power that rises from alpha at 0.
fn solve(power: f64, alpha: f64, reached: impl Fn(f64) -> Result<f64, Refusal>) -> Result<f64, Refusal> {
    open_unit("power", power)?;
    if power <= alpha {
        return Err(Refusal::PowerTooLow { power, alpha });
    }
    let off = |x: f64| reached(libm::exp(x)).map_or(f64::NAN, |got| got - power);
    root::bracket_upwards(off, -3.0, 1.0)
        .and_then(|(low, high)| root::brent_from(off, low, high, TOLERANCE))
        .map(libm::exp)
        .ok_or(Refusal::Unsettled { what: "sample size" })
}
