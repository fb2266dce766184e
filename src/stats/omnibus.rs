//! Tests of all groups at once: is there any difference? Most experiments ask which, and compare each with control.
//!
//! Sizes are real numbers; each power is that of the noncentral distribution of the statistic.

use super::{Refusal, inside, noncentral, open_unit, positive, root, special, srm};

/// One-way analysis of variance of groups of equal size, by the noncentral F distribution (Cohen 1988, chapter 8).
///
/// ```
/// use expc::stats::omnibus::Anova;
/// // Cohen's medium effect in four groups: 45 units each.
/// assert_eq!(Anova { effect: 0.25, groups: 4.0, alpha: 0.05 }.required(0.8)?.ceil(), 45.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anova {
    /// Cohen's f: the deviation of the group means over that within groups.
    pub effect: f64,
    /// A whole number of groups, 2 or more.
    pub groups: f64,
    pub alpha: f64,
}

impl Anova {
    /// The probability to reject with so many units in each group: noncentrality `f^2 k n` on `k - 1` and `k (n - 1)`
    /// degrees of freedom.
    pub fn power(&self, units_per_group: f64) -> Result<f64, Refusal> {
        self.checked()?;
        let n = inside("units per group", units_per_group, 1.0, f64::INFINITY, "(1, inf)")?;
        let (df1, df2) = (self.groups - 1.0, self.groups * (n - 1.0));
        let critical = f_critical(self.alpha, df1, df2)?;
        let ncp = self.effect * self.effect * self.groups * n;
        proper(noncentral::f_tails(critical, df1, df2, ncp).upper)
    }

    /// Units in each group that reach the power.
    pub fn required(&self, power: f64) -> Result<f64, Refusal> {
        self.checked()?;
        more_than_chance(power, self.alpha)?;
        let fit = GoodnessOfFit { effect: self.effect, degrees_of_freedom: self.groups - 1.0, alpha: self.alpha };
        // With the variance known it would be the chi-square test.
        let start = (fit.required(power)? / self.groups).max(1.0) + 1.0;
        solve(start, |n| self.power(n).map_or(f64::NAN, |reached| reached - power), 1.0)
    }

    fn checked(&self) -> Result<(), Refusal> {
        open_unit("alpha", self.alpha)?;
        positive("effect f", self.effect)?;
        if self.groups.fract() != 0.0 || !(2.0..=1e6).contains(&self.groups) {
            return Err(Refusal::Outside {
                what: "number of groups",
                value: self.groups,
                range: "the whole numbers from 2",
            });
        }
        Ok(())
    }
}

/// Pearson's chi-square test of shares, by the noncentral chi square (Cohen 1988, chapter 7).
///
/// ```
/// use expc::stats::omnibus::GoodnessOfFit;
/// // Cohen's medium effect, four degrees of freedom.
/// assert_eq!(GoodnessOfFit { effect: 0.3, degrees_of_freedom: 4.0, alpha: 0.05 }.required(0.8)?.ceil(), 133.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoodnessOfFit {
    /// Cohen's w: the root of `sum (p - p0)^2 / p0`.
    pub effect: f64,
    pub degrees_of_freedom: f64,
    pub alpha: f64,
}

impl GoodnessOfFit {
    /// The probability to reject with so many units in all: noncentrality `n w^2`.
    pub fn power(&self, units: f64) -> Result<f64, Refusal> {
        let critical = self.critical()?;
        positive("number of units", units)?;
        let ncp = units * self.effect * self.effect;
        proper(noncentral::chi_square_tails(critical, self.degrees_of_freedom, ncp).upper)
    }

    /// Units in all that reach the power.
    pub fn required(&self, power: f64) -> Result<f64, Refusal> {
        let critical = self.critical()?;
        more_than_chance(power, self.alpha)?;
        let surplus = |ncp: f64| noncentral::chi_square_tails(critical, self.degrees_of_freedom, ncp).upper - power;
        let ncp = solve(critical, surplus, 0.0)?;
        positive("sample size", ncp / self.effect / self.effect)
    }

    fn critical(&self) -> Result<f64, Refusal> {
        positive("effect w", self.effect)?;
        inside("degrees of freedom", self.degrees_of_freedom, 0.0, 1e6, "(0, 1e6)")?;
        srm::critical_value(self.alpha, self.degrees_of_freedom)
    }
}

/// The F value at which the test rejects, by Brent's method on its logarithm.
fn f_critical(alpha: f64, df1: f64, df2: f64) -> Result<f64, Refusal> {
    let off = |u: f64| libm::log(alpha / special::f_ratio(libm::exp(u), df1, df2).upper.max(1e-320));
    root::brent(off, -40.0, 700.0, 1e-15).map(libm::exp).ok_or(Refusal::Unsettled { what: "critical value" })
}

/// The root of a rising function above `least`, near `start`.
fn solve(start: f64, surplus: impl Fn(f64) -> f64, least: f64) -> Result<f64, Refusal> {
    let unsettled = Refusal::Unsettled { what: "sample size" };
    let at = |ln_x: f64| surplus(least + libm::exp(ln_x));
    let mut low = libm::log((start - least).max(1e-300));
    let mut step = 0.5;
    while 0.0 < at(low) {
        low -= step;
        step *= 2.0;
        if low < -800.0 {
            return Err(unsettled);
        }
    }
    let (low, high) = root::bracket_upwards(at, low, 0.25).ok_or_else(|| unsettled.clone())?;
    root::brent_from(at, low, high, 1e-15).map(|ln_x| least + libm::exp(ln_x)).ok_or(unsettled)
}

fn more_than_chance(power: f64, alpha: f64) -> Result<(), Refusal> {
    open_unit("power", power)?;
    if power <= alpha { Err(Refusal::PowerTooLow { power, alpha }) } else { Ok(()) }
}

fn proper(power: f64) -> Result<f64, Refusal> {
    if power.is_nan() { Err(Refusal::Unsettled { what: "power" }) } else { Ok(power) }
}
