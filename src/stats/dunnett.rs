//! Several treatments compared with one control (Dunnett 1955, 1964).
//!
//! The comparisons share the control's noise, so that fewer false alarms come from more arms than Bonferroni fears.
//! Start at [`ManyToOne::critical`]; [`ManyToOne::required`] sizes an experiment.

use super::comparison::{MOST_UNITS, POWER_SLACK};
use super::multiplicity::sidak_level;
use super::multivariate::{shared_factor, sharpness};
use super::noncentral;
use super::normal::{self, sf_quick};
use super::root;
use super::student;
use super::{Refusal, Sides, open_unit, positive};

/// Relative accuracy of solved critical values and sizes.
const TOLERANCE: f64 = 1e-13;
/// Units of one treatment for each unit of control, at most.
const MOST_RATIO: f64 = 1e6;

/// Comparisons of each treatment with the one control, at a common critical value.
///
/// Assumes equal variances and independent units; with `k` arms of the size of control any two comparisons have the
/// correlation 1/2.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::dunnett::ManyToOne;
///
/// let arms = ManyToOne { alpha: 0.05, sides: Sides::Two, ratios: &[1.0, 1.0, 1.0] };
/// let critical = arms.critical(f64::INFINITY)?;
/// assert!((critical - 2.348_970_590_339).abs() < 1e-11);
/// // More than Bonferroni's 0.05 / 3.
/// assert!(0.0188 < arms.alpha_per_comparison(f64::INFINITY)?);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ManyToOne<'a> {
    /// The probability of any false rejection when no treatment differs.
    pub alpha: f64,
    pub sides: Sides,
    /// Units of each treatment over control units.
    pub ratios: &'a [f64],
}

/// Which rejections make a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// That of the treatment with the least power, looked at alone.
    Marginal,
    /// At least one.
    Any,
    /// Every one.
    All,
}

/// Which way a rejection has to point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointing {
    /// In the direction to be shown, up: rejecting the other way is no success.
    Right,
    /// Either way; differs from the first for two-sided tests only.
    Either,
}

/// Whether the variance of a unit is known, or estimated from all arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    Known,
    /// Pooled: as many degrees of freedom as units less arms.
    Estimated,
}

/// A sample size of several arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Control units as a real number; each treatment has its ratio of it.
    pub control: f64,
    /// Whole control units: the smallest arm is rounded up and the others follow its ratios; all are raised if the
    /// power is still short.
    pub control_units: u64,
    /// Whole units of each treatment.
    pub treatment_units: Vec<u64>,
    /// The power at the whole units.
    pub power: f64,
}

/// The power of an experiment with this many control units.
type Reached<'a> = dyn Fn(&ManyToOne<'_>, f64, Spread) -> Result<f64, Refusal> + 'a;

/// Treatments with the same ratio and the same shift.
struct Alike {
    loading: f64,
    rest: f64,
    shift: f64,
    count: f64,
}

impl ManyToOne<'_> {
    /// The value that the largest t statistic (of two-sided tests its size) exceeds with probability alpha when no
    /// treatment differs.
    ///
    /// `P(max T_i <= c) = 1 - alpha` with the loadings `sqrt(r_i / (1 + r_i))` on control's noise, and for finite `df`
    /// a mean over the chi distribution. Relative error 1e-13, and 1e-12 for finite `df`. `df` may be infinite; it must
    /// be above 0.
    pub fn critical(&self, df: f64) -> Result<f64, Refusal> {
        self.check(df)?;
        let count = self.ratios.len() as f64;
        let quantile = |alpha: f64| student::upper_quantile(self.sides.tail(alpha), df);
        if self.ratios.len() == 1 {
            return Ok(quantile(self.alpha));
        }
        let arms = self.alike(&vec![0.0; self.ratios.len()]);
        let off = |c: f64| libm::log(self.joint(&arms, c, df, Pairs::Any, Pointing::Either) / self.alpha);
        // The level of each comparison hardly depends on the degrees of freedom.
        let start = if df == f64::INFINITY {
            quantile(sidak_level(self.alpha, count))
        } else {
            student::upper_quantile(normal::sf(self.critical(f64::INFINITY)?), df)
        };
        let slope = -student::pdf(start, df) / student::sf(start, df);
        if let Some(critical) = root::secant(off, start, slope, TOLERANCE * (1.0 + start.abs())) {
            return Ok(critical);
        }
        // One comparison alone, and Bonferroni: the answer lies between, and for arms far larger or smaller than
        // control at an end.
        let (low, high) = (quantile(self.alpha), quantile(self.alpha / count));
        let margin = 1e-9 * (1.0 + high.abs());
        root::brent(off, low - margin, high + margin, TOLERANCE).ok_or(Refusal::Unsettled { what: "critical value" })
    }

    /// The level at which each comparison is tested: the alpha to size one treatment against control by.
    pub fn alpha_per_comparison(&self, df: f64) -> Result<f64, Refusal> {
        let tail = student::sf(self.critical(df)?, df);
        Ok(match self.sides {
            Sides::One => tail,
            Sides::Two => 2.0 * tail,
        })
    }

    /// The p-value of each comparison with the others allowed for: `P(max T_j > t_i)` (single step).
    ///
    /// `statistics` in the order of the ratios; a two-sided test reads their size.
    pub fn adjusted_p_values(&self, statistics: &[f64], df: f64) -> Result<Vec<f64>, Refusal> {
        self.check(df)?;
        self.pairs(statistics, "test statistic")?;
        let arms = self.alike(&vec![0.0; self.ratios.len()]);
        let adjusted = |t: &f64| match self.sides {
            Sides::One => self.joint(&arms, *t, df, Pairs::Any, Pointing::Either),
            Sides::Two => self.joint(&arms, t.abs(), df, Pairs::Any, Pointing::Either),
        };
        Ok(statistics.iter().map(adjusted).collect())
    }

    /// The probability of a success, when each comparison's true effect is `shifts` of its standard errors, up
    /// positive.
    ///
    /// With finite `df` the exact multivariate noncentral t. A treatment without effect may reject too, and counts for
    /// [`Pairs::Any`].
    pub fn power(&self, pairs: Pairs, pointing: Pointing, shifts: &[f64], df: f64) -> Result<f64, Refusal> {
        let critical = self.critical(df)?;
        self.pairs(shifts, "effect")?;
        Ok(self.power_at(critical, pairs, pointing, shifts, df))
    }

    /// The smallest experiment that reaches `power`, when the true effects are `effects` standard deviations of a unit,
    /// up positive.
    ///
    /// The real-valued size is solved by [`power`](Self::power) itself to 1e-12.
    ///
    /// ```
    /// use expc::stats::Sides;
    /// use expc::stats::dunnett::{ManyToOne, Pairs, Pointing, Spread};
    ///
    /// let arms = ManyToOne { alpha: 0.05, sides: Sides::Two, ratios: &[1.0, 1.0] };
    /// let size = |pairs| arms.required(pairs, Pointing::Right, &[0.1, 0.1], 0.8, Spread::Known);
    /// assert_eq!(size(Pairs::Marginal)?.control_units, 1866);
    /// assert_eq!(size(Pairs::Any)?.control_units, 1338);
    /// assert_eq!(size(Pairs::All)?.control_units, 2286);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn required(
        &self,
        pairs: Pairs,
        pointing: Pointing,
        effects: &[f64],
        power: f64,
        spread: Spread,
    ) -> Result<Size, Refusal> {
        let known = self.critical(f64::INFINITY)?;
        self.pairs(effects, "effect")?;
        let reached = |arms: &ManyToOne<'_>, control: f64, spread: Spread| {
            let df = match spread {
                Spread::Known => f64::INFINITY,
                Spread::Estimated => arms.degrees_of_freedom(control),
            };
            let solved = spread == Spread::Known && arms.ratios == self.ratios;
            let critical = if solved { known } else { arms.critical(df)? };
            Ok(arms.power_at(critical, pairs, pointing, &arms.shifts(effects, control), df))
        };
        let most = effects.iter().copied().fold(0.0, f64::max);
        let least = effects.iter().copied().fold(f64::INFINITY, f64::min);
        let needed = if pairs == Pairs::Any { most } else { least };
        self.solve(power, needed, spread, &reached)
    }

    /// The probability to reject for the best treatment and to find it the best, when its effect is `best` standard
    /// deviations of a unit and that of every other treatment `others`.
    ///
    /// The least favourable configuration of Dunnett (1984): with a known variance and treatments of one size the event
    /// is, given the best mean, independent between arms. Refuses unequal ratios and two-sided tests.
    pub fn power_to_select(&self, best: f64, others: f64, control_units: f64) -> Result<f64, Refusal> {
        let critical = self.critical(f64::INFINITY)?;
        self.selects(best, others)?;
        let control = positive("number of control units", control_units)?;
        Ok(self.selecting(critical, best, others, control))
    }

    /// The smallest experiment with this [`power_to_select`](Self::power_to_select).
    pub fn required_to_select(&self, best: f64, others: f64, power: f64) -> Result<Size, Refusal> {
        let known = self.critical(f64::INFINITY)?;
        self.selects(best, others)?;
        if best <= others {
            return Err(Refusal::WithinMargin { effect: best, margin: others });
        }
        let reached = |arms: &ManyToOne<'_>, control: f64, _: Spread| {
            let critical = if arms.ratios == self.ratios { known } else { arms.critical(f64::INFINITY)? };
            Ok(arms.selecting(critical, best, others, control))
        };
        self.solve(power, best.min(best - others), Spread::Known, &reached)
    }

    fn check(&self, df: f64) -> Result<(), Refusal> {
        open_unit("alpha", self.alpha)?;
        if df.is_nan() || df <= 0.0 {
            return Err(Refusal::Outside { what: "degrees of freedom", value: df, range: "(0, inf]" });
        }
        if self.ratios.is_empty() {
            return Err(Refusal::Outside { what: "number of treatments", value: 0.0, range: "[1, inf)" });
        }
        for &value in self.ratios {
            if !(1.0 / MOST_RATIO..=MOST_RATIO).contains(&value) {
                return Err(Refusal::Outside { what: "allocation", value, range: "[1e-6, 1e6]" });
            }
        }
        Ok(())
    }

    /// Finite values, one for each treatment.
    fn pairs(&self, values: &[f64], what: &'static str) -> Result<(), Refusal> {
        if values.len() != self.ratios.len() {
            return Err(Refusal::Lengths { left: values.len(), right: self.ratios.len() });
        }
        for &value in values {
            // The noncentral distributions answer up to a thousand standard errors.
            if value.is_nan() || 1000.0 < value.abs() {
                return Err(Refusal::Outside { what, value, range: "[-1000, 1000]" });
            }
        }
        Ok(())
    }

    fn selects(&self, best: f64, others: f64) -> Result<(), Refusal> {
        if self.sides == Sides::Two {
            return Err(Refusal::Outside { what: "number of sides", value: 2.0, range: "1" });
        }
        for &ratio in self.ratios {
            if ratio != self.ratios[0] {
                return Err(Refusal::Outside {
                    what: "allocation",
                    value: ratio,
                    range: "that of the other treatments",
                });
            }
        }
        for value in [best, others] {
            if !value.is_finite() {
                return Err(Refusal::Outside { what: "effect", value, range: "the finite numbers" });
            }
        }
        Ok(())
    }

    fn degrees_of_freedom(&self, control: f64) -> f64 {
        control * (1.0 + self.ratios.iter().sum::<f64>()) - self.ratios.len() as f64 - 1.0
    }

    /// Effects in standard errors of their comparisons.
    fn shifts(&self, effects: &[f64], control: f64) -> Vec<f64> {
        let error = |ratio: f64| libm::sqrt(control * ratio / (1.0 + ratio));
        effects.iter().zip(self.ratios).map(|(effect, &ratio)| effect * error(ratio)).collect()
    }

    fn alike(&self, shifts: &[f64]) -> Vec<Alike> {
        let mut arms: Vec<Alike> = Vec::new();
        for (&ratio, &shift) in self.ratios.iter().zip(shifts) {
            let loading = libm::sqrt(ratio / (1.0 + ratio));
            match arms.iter_mut().find(|arm| arm.loading == loading && arm.shift == shift) {
                Some(arm) => arm.count += 1.0,
                None => arms.push(Alike { loading, rest: libm::sqrt(1.0 / (1.0 + ratio)), shift, count: 1.0 }),
            }
        }
        arms
    }

    fn power_at(&self, critical: f64, pairs: Pairs, pointing: Pointing, shifts: &[f64], df: f64) -> f64 {
        if pairs == Pairs::Marginal {
            let both = self.sides == Sides::Two && pointing == Pointing::Either;
            let one = |shift: f64| {
                let beyond = |shift: f64| noncentral::tails(critical, df, shift).upper;
                beyond(shift) + if both { beyond(-shift) } else { 0.0 }
            };
            return shifts.iter().map(|&shift| one(shift)).fold(1.0, f64::min);
        }
        self.joint(&self.alike(shifts), critical, df, pairs, pointing)
    }

    /// The probability that any or all of the comparisons exceed `critical`.
    fn joint(&self, arms: &[Alike], critical: f64, df: f64, pairs: Pairs, pointing: Pointing) -> f64 {
        let both = self.sides == Sides::Two && pointing == Pointing::Either;
        let count = self.ratios.len() as f64 * if both { 2.0 } else { 1.0 };
        let within = sharpness(arms.iter().map(|arm| arm.loading), count);
        let at = |threshold: f64| {
            let beyond = |arm: &Alike, u: f64| {
                let shared = arm.shift + arm.loading * u;
                let up = sf_quick((threshold - shared) / arm.rest);
                if both { (up + sf_quick((threshold + shared) / arm.rest)).min(1.0) } else { up }
            };
            let [sum] = shared_factor(within, |u| {
                [match pairs {
                    Pairs::All => libm::exp(arms.iter().map(|arm| arm.count * libm::log(beyond(arm, u))).sum::<f64>()),
                    _ => -libm::expm1(arms.iter().map(|arm| arm.count * libm::log1p(-beyond(arm, u))).sum::<f64>()),
                }]
            });
            sum.min(1.0)
        };
        // The threshold moves with the estimated deviation; the largest of many statistics is sharper than one.
        let shift = arms.iter().map(|arm| arm.shift.abs()).fold(0.0, f64::max);
        let slope = critical.abs().max(shift).min(shift + 8.0) * libm::sqrt(2.0 + 4.0 * libm::log(count));
        noncentral::chi_mean(df, slope, critical.abs(), |u| at(critical * u)).min(1.0)
    }

    fn selecting(&self, critical: f64, best: f64, others: f64, control: f64) -> f64 {
        let (ratio, rivals) = (self.ratios[0], self.ratios.len() as f64 - 1.0);
        // Given u, the noise of the best mean in its own standard errors.
        let (root_control, root_arm) = (libm::sqrt(control), libm::sqrt(control * ratio));
        let ahead = (best - others) * root_arm;
        let least = critical * libm::sqrt(1.0 + 1.0 / ratio);
        let slope = 1.0_f64.max(1.0 / ratio) * (1.0 + 3.0 * libm::log(1.0 + rivals));
        let [sum] = shared_factor(slope, |u| {
            let first = if rivals == 0.0 { 0.0 } else { rivals * libm::log(sf_quick(-(u + ahead))) };
            let rejects = sf_quick(least - best * root_control - u / libm::sqrt(ratio));
            [libm::exp(first) * rejects]
        });
        sum.min(1.0)
    }

    /// Solves `reached(self, n) = power` for the control units, then rounds.
    fn solve(&self, power: f64, needed: f64, spread: Spread, reached: &Reached<'_>) -> Result<Size, Refusal> {
        open_unit("power", power)?;
        if power <= self.alpha {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        if needed <= 0.0 {
            return Err(Refusal::NoEffect);
        }
        let off = |x: f64, spread| reached(self, libm::exp(x), spread).map_or(f64::NAN, |got| got - power);
        let from = |x: f64, step: f64, spread| {
            let (low, high) = root::bracket_upwards(|x| off(x, spread), x, step)?;
            root::brent_from(|x| off(x, spread), low, high, 1e-15)
        };
        let unsettled = Refusal::Unsettled { what: "sample size" };
        // An effect of a tenth of a standard error is found hardly more often than none.
        let known = from(libm::log(0.01 / (needed * needed)), 2.0, Spread::Known).ok_or(unsettled.clone())?;
        let x = match spread {
            Spread::Known => known,
            Spread::Estimated => {
                // A little more; two degrees of freedom at the least.
                let arms = self.ratios.len() as f64 + 1.0;
                let least = libm::log((arms + 2.0) / (1.0 + self.ratios.iter().sum::<f64>()));
                if known <= least && 0.0 <= off(least, spread) {
                    least
                } else {
                    let slope = (off(known + 1e-3, Spread::Known) - off(known, Spread::Known)) / 1e-3;
                    let near = root::secant(|x| off(x, spread), known.max(least), slope, 1e-14);
                    near.or_else(|| from(known.max(least) - 1e-3, 0.1, spread)).ok_or(unsettled)?
                }
            }
        };
        self.whole(libm::exp(x), power, spread, reached)
    }

    /// Whole units that reach the power.
    fn whole(&self, control: f64, power: f64, spread: Spread, reached: &Reached<'_>) -> Result<Size, Refusal> {
        let most = self.ratios.iter().copied().fold(1.0, f64::max);
        if MOST_UNITS < control * most {
            return Err(Refusal::TooManyUnits { units: control * most });
        }
        // A size that is whole but for rounding is whole.
        let up = |units: f64| (units * (1.0 - 1e-12)).ceil().max(1.0);
        let smallest = self.ratios.iter().copied().fold(1.0, f64::min);
        let mut least = up(control * smallest);
        for _ in 0..1000 {
            let control_units = up(least / smallest);
            let arms: Vec<f64> = self.ratios.iter().map(|ratio| up(ratio * least / smallest)).collect();
            let ratios: Vec<f64> = arms.iter().map(|units| units / control_units).collect();
            let got = reached(&ManyToOne { ratios: &ratios, ..*self }, control_units, spread)?;
            if power - POWER_SLACK <= got {
                let treatment_units = arms.iter().map(|&units| units as u64).collect();
                return Ok(Size { control, control_units: control_units as u64, treatment_units, power: got });
            }
            least += 1.0;
        }
        Err(Refusal::Unsettled { what: "whole sample size" })
    }
}

/// The ratio of each treatment to control that needs the fewest units for `treatments` comparisons with one control:
/// `1/sqrt(k)` (Dunnett 1955).
#[must_use]
pub fn best_ratio(treatments: usize) -> f64 {
    1.0 / libm::sqrt((treatments as f64).max(1.0))
}
