//! Sample size and duration of an always-valid test, by first passage.
//!
//! Start at [`Sequence`]. An always-valid test stops at the first moment its boundary is crossed, so its power is the
//! probability to cross at any look, not at the last one. Planned looks go through the recursion of
//! [`super::super::sequential`]; looks at every moment are solved as an integral equation. Both are exact for normal
//! increments with known variance, to about 1e-10 and 1e-8.
//! The last-point rule, which most calculators use, is kept beside them for comparison.

use super::super::sequential::{Monitoring, Spending, equal_fractions};
use super::super::{Refusal, Sides, finite, inside, normal, open_unit, positive, root};
use super::continuous;
use super::normal_mixture::NormalMixture;

/// What sets the precision of the mixture, hence where it is tightest.
///
/// Units are those of all arms together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Boundary {
    /// Exactly tightest at this fraction of the planned sample, which may be above 1.
    TightestAt { fraction: f64 },
    /// Tuned for this many units by the closed form: what generalised always-valid inference and the asymptotic
    /// confidence sequences of most tools do (their N*).
    TunedTo { units: f64 },
    /// The asymptotic confidence sequence with this rho, per root unit.
    AsymptoticCs { rho: f64 },
    /// The mixture sequential probability ratio test whose prior on the effect has this deviation, in units of the metric.
    Msprt { mixing_sd: f64 },
}

/// An always-valid test of one metric.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::anytime::planning::{Boundary, Schedule, Sequence};
///
/// // Two equal arms, deviation 1 in each; looked at every day of four weeks.
/// let test = Sequence {
///     boundary: Boundary::TunedTo { units: 5_000.0 },
///     alpha: 0.05,
///     sides: Sides::Two,
///     unit_variance: 4.0,
/// };
/// let daily = Schedule::equal(28);
/// let plan = test.required(&daily, 0.05, 0.8)?;
/// assert_eq!(plan.units.round(), 22_514.0);
/// assert_eq!(plan.expected_units().round(), 13_677.0);
/// // The power at the last look alone asks for 14 % more.
/// assert_eq!(test.last_point(0.05, 0.8)?.round(), 25_566.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequence {
    pub boundary: Boundary,
    /// The size of the whole test, in (0, 1/2).
    pub alpha: f64,
    pub sides: Sides,
    /// The variance of the estimated effect times the units of all arms; see [`unit_variance`].
    pub unit_variance: f64,
}

/// When the boundary is compared with the data.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// At these fractions of the planned sample; the last is 1.
    Planned(Vec<f64>),
    /// At every moment from the first unit on.
    Continuous,
}

/// What happens over the planned sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Units at the end, all arms.
    pub units: f64,
    /// Fractions of the sample: the looks, or nodes from 0 to 1 when looked at continuously.
    pub fractions: Vec<f64>,
    /// The bound of `|Z|` at each; infinite at 0.
    pub bounds: Vec<f64>,
    /// Probability to have stopped on the side of the effect by each fraction.
    pub right: Vec<f64>,
    /// Probability to have stopped on the other side.
    pub wrong: Vec<f64>,
    /// Mean fraction of the sample at which the experiment ends.
    pub expected_fraction: f64,
    /// Density of stopping at each fraction; `None` for planned looks.
    density: Option<Vec<f64>>,
}

/// What the freedom to look costs, in units of all arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// One look at the end, same alpha and power.
    pub fixed: f64,
    /// The always-valid test by first passage: at most, and on average under the planned effect.
    pub most: f64,
    pub expected: f64,
    /// The always-valid test sized by its last look alone.
    pub last_point: f64,
    /// Five looks with O'Brien-Fleming type spending: at most, and on average.
    pub obrien_fleming_most: f64,
    pub obrien_fleming_expected: f64,
}

/// [`Sequence::unit_variance`] of two arms: `deviation` is that of the estimated effect per root control unit, as
/// [`super::super::mean::deviation`] and [`super::super::proportion::deviation`] give it.
///
/// ```
/// use expc::stats::{anytime::planning::unit_variance, mean};
/// assert!((unit_variance(mean::deviation(1.0, 1.0, 1.0), 1.0) - 4.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn unit_variance(deviation: f64, allocation: f64) -> f64 {
    deviation * deviation * (1.0 + allocation)
}

impl Schedule {
    /// This many looks, equally far apart.
    #[must_use]
    pub fn equal(looks: usize) -> Self {
        Self::Planned(equal_fractions(looks))
    }
}

/// The most precision that is followed continuously.
const MOST_PRECISION: f64 = 1e15;
/// Relative accuracy of solved sizes.
const TOLERANCE: f64 = 1e-13;

impl Sequence {
    /// The precision of the mixture after this many units.
    pub fn precision(&self, planned_units: f64) -> Result<f64, Refusal> {
        let units = positive("number of units", planned_units)?;
        let mixture = self.mixture()?;
        let precision = match self.boundary {
            Boundary::TightestAt { fraction } => mixture.tightest() / positive("fraction to tune for", fraction)?,
            Boundary::TunedTo { units: tuned } => {
                mixture.nearly_tightest() * (units / positive("units to tune for", tuned)?)
            }
            Boundary::AsymptoticCs { rho } => {
                let rho = positive("rho", rho)?;
                units * rho * rho
            }
            Boundary::Msprt { mixing_sd } => {
                let variance = positive("variance of a unit", self.unit_variance)?;
                units * (positive("mixing deviation", mixing_sd)? / variance) * mixing_sd
            }
        };
        inside("precision", precision, 0.0, MOST_PRECISION, "(0, 1e15)")
    }

    /// The bounds of `|Z|` at fractions of a sample of `planned_units`.
    pub fn bounds(&self, fractions: &[f64], planned_units: f64) -> Result<Vec<f64>, Refusal> {
        let precision = self.precision(planned_units)?;
        let mixture = self.mixture()?;
        fractions.iter().map(|&t| Ok(mixture.bound(precision * positive("information fraction", t)?))).collect()
    }

    /// What happens over `planned_units` when the true effect is `effect`; 0 gives the type I error.
    pub fn passage(&self, schedule: &Schedule, planned_units: f64, effect: f64) -> Result<Passage, Refusal> {
        let drift = self.drift_of(planned_units, effect)?;
        let precision = self.precision(planned_units)?;
        match schedule {
            Schedule::Planned(fractions) => {
                let plan = self.mixture()?.looked_at(fractions, precision)?;
                let crossing = plan.crossing(drift)?;
                Ok(Passage {
                    units: planned_units,
                    fractions: fractions.clone(),
                    bounds: plan.bounds().to_vec(),
                    right: running(&crossing.upper),
                    wrong: running(&crossing.lower),
                    expected_fraction: plan.expected_information(drift)?,
                    density: None,
                })
            }
            Schedule::Continuous => {
                let mixture = self.mixture()?;
                let course = continuous::run(&mixture, precision, drift).ok_or(Refusal::Outside {
                    what: "bound",
                    value: mixture.bound(precision),
                    range: "the bounds below 40 deviations, which can be followed continuously",
                })?;
                if !course.mean_time.is_finite() {
                    return Err(Refusal::Unsettled { what: "passage" });
                }
                Ok(Passage {
                    units: planned_units,
                    bounds: course.times.iter().map(|&time| mixture.bound(time)).collect(),
                    fractions: course.times.iter().map(|time| time / precision).collect(),
                    right: course.upper,
                    wrong: course.lower,
                    expected_fraction: course.mean_time / precision,
                    density: Some(course.density.iter().map(|density| density * precision).collect()),
                })
            }
        }
    }

    /// The probability to be beyond the bound at the end, on the side of the effect, whatever happened before.
    pub fn last_point_power(&self, planned_units: f64, effect: f64) -> Result<f64, Refusal> {
        let drift = self.drift_of(planned_units, effect)?;
        Ok(normal::sf(self.mixture()?.bound(self.precision(planned_units)?) - drift))
    }

    /// The planned sample that stops on the side of `effect` with probability `power`, and what happens over it.
    ///
    /// With two sides a boundary that is tight early may stop on the wrong side so often that no sample has the power.
    pub fn required(&self, schedule: &Schedule, effect: f64, power: f64) -> Result<Passage, Refusal> {
        let last = self.last_point(effect, power)?;
        let units = match schedule {
            // One look at the end is its own last point.
            Schedule::Planned(fractions) if fractions.len() == 1 => last,
            // Its bounds do not move with the sample: one recursion has every drift.
            Schedule::Planned(fractions) if matches!(self.boundary, Boundary::TightestAt { .. }) => {
                let plan = self.mixture()?.looked_at(fractions, self.precision(last)?)?;
                self.units_of(plan.drift(power)?, effect)?
            }
            _ => self.solve_units(schedule, last, effect, power)?,
        };
        self.passage(schedule, units, effect)
    }

    /// The sample of the last-point rule, which asks for the power at the end alone: 3 to 15 % too many.
    pub fn last_point(&self, effect: f64, power: f64) -> Result<f64, Refusal> {
        let fixed = self.fixed(effect, power)?;
        // The precision and so the bound may hang on the sample.
        let z_power = normal::quantile(power);
        let off = |ln_units: f64| {
            let units = libm::exp(ln_units);
            let drift = self.drift_of(units, effect)?;
            Ok(drift - z_power - self.mixture()?.bound(self.precision(units)?))
        };
        solve_ln(off, libm::log(2.0 * fixed), 0.5 * (z_power + 3.0)).map(libm::exp)
    }

    /// The sample of one test at the end, in units of all arms.
    pub fn fixed(&self, effect: f64, power: f64) -> Result<f64, Refusal> {
        let z = self.fixed_drift(power)?;
        self.units_of(z, effect)
    }

    /// The effect above 0 that `planned_units` stop at with probability `power`.
    ///
    /// The sample sets every boundary, so this is one drift divided by the root of the sample.
    pub fn detectable(&self, schedule: &Schedule, planned_units: f64, power: f64) -> Result<f64, Refusal> {
        self.fixed_drift(power)?;
        let units = positive("number of units", planned_units)?;
        let unit = libm::sqrt(positive("variance of a unit", self.unit_variance)? / units);
        let bound = self.mixture()?.bound(self.precision(units)?);
        let start = bound + normal::quantile(power);
        let off = |ln_drift: f64| Ok(self.passage(schedule, units, libm::exp(ln_drift) * unit)?.power() - power);
        let slope = start * normal::pdf(normal::quantile(power));
        Ok(solve_ln(off, libm::log(start.max(0.1)), slope).map(libm::exp)? * unit)
    }

    /// What this test costs beside a fixed one and beside five looks that spend alpha.
    pub fn price(&self, schedule: &Schedule, effect: f64, power: f64) -> Result<Price, Refusal> {
        let passage = self.required(schedule, effect, power)?;
        let fixed = self.fixed(effect, power)?;
        let spending = Monitoring::spending(&equal_fractions(5), self.alpha, self.sides, Spending::ObrienFleming)?;
        let drift = spending.drift(power)?;
        let obrien_fleming_most = self.units_of(drift, effect)?;
        Ok(Price {
            fixed,
            most: passage.units,
            expected: passage.expected_units(),
            last_point: self.last_point(effect, power)?,
            obrien_fleming_most,
            obrien_fleming_expected: obrien_fleming_most * spending.expected_information(drift)?,
        })
    }

    fn mixture(&self) -> Result<NormalMixture, Refusal> {
        NormalMixture::new(self.alpha, self.sides)
    }

    /// The mean of the statistic at the end.
    fn drift_of(&self, units: f64, effect: f64) -> Result<f64, Refusal> {
        let units = positive("number of units", units)?;
        let variance = positive("variance of a unit", self.unit_variance)?;
        let drift = finite("effect", effect)?.abs() * libm::sqrt(units / variance);
        inside("drift", drift, -1.0, 1e3, "[0, 1000)")
    }

    /// The units at which `effect` has this drift.
    fn units_of(&self, drift: f64, effect: f64) -> Result<f64, Refusal> {
        let variance = positive("variance of a unit", self.unit_variance)?;
        if finite("effect", effect)? == 0.0 {
            return Err(Refusal::NoEffect);
        }
        let ratio = drift / effect;
        let units = ratio * ratio * variance;
        if units < 1e300 { positive("number of units", units) } else { Err(Refusal::TooManyUnits { units }) }
    }

    fn fixed_drift(&self, power: f64) -> Result<f64, Refusal> {
        let tail = self.sides.tail(self.mixture()?.alpha());
        open_unit("power", power)?;
        if power <= tail {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        Ok(normal::upper_quantile(tail) + normal::quantile(power))
    }

    /// The sample with this power, most often just below the last-point one.
    fn solve_units(&self, schedule: &Schedule, last: f64, effect: f64, power: f64) -> Result<f64, Refusal> {
        let z_power = normal::quantile(power);
        let slope = 0.5 * (z_power + 3.0) * normal::pdf(z_power);
        let off = |ln_units: f64| Ok(self.passage(schedule, libm::exp(ln_units), effect)?.power() - power);
        solve_ln(off, libm::log(last), slope).map(libm::exp).map_err(|refusal| match refusal {
            // The search left what can be followed without having met the power.
            Refusal::Outside { what: "drift" | "precision" | "bound", .. } => {
                Refusal::OutOfReach { power, units: last }
            }
            other => other,
        })
    }
}

impl Passage {
    /// The probability to stop on the side of the effect.
    #[must_use]
    pub fn power(&self) -> f64 {
        self.right.last().copied().unwrap_or(0.0).min(1.0)
    }

    /// The probability to stop on the wrong side.
    #[must_use]
    pub fn wrong_direction(&self) -> f64 {
        self.wrong.last().copied().unwrap_or(0.0)
    }

    /// The mean sample at which the experiment ends.
    #[must_use]
    pub fn expected_units(&self) -> f64 {
        self.units * self.expected_fraction
    }

    /// The probability to stop between each fraction and the one before, on either side.
    #[must_use]
    pub fn stops(&self) -> Vec<f64> {
        let mut before = 0.0;
        let both = self.right.iter().zip(&self.wrong);
        both.map(|(right, wrong)| {
            let so_far = right + wrong;
            let stop = so_far - before;
            before = so_far;
            stop
        })
        .collect()
    }

    /// The probability to have stopped, on either side, by this fraction of the sample.
    #[must_use]
    pub fn stopped_by(&self, fraction: f64) -> f64 {
        let after = self.fractions.partition_point(|&t| t <= fraction);
        let so_far = |index: usize| self.right[index] + self.wrong[index];
        if after == 0 {
            return 0.0;
        }
        if after == self.fractions.len() {
            return so_far(after - 1);
        }
        let Some(density) = &self.density else { return so_far(after - 1) };
        // Cubic between nodes, from values and slopes.
        let (left, right) = (self.fractions[after - 1], self.fractions[after]);
        let width = right - left;
        let u = (fraction - left) / width;
        let (a, b) = (so_far(after - 1), so_far(after));
        let (da, db) = (density[after - 1] * width, density[after] * width);
        a + u * (da + u * (3.0 * (b - a) - 2.0 * da - db + u * (da + db - 2.0 * (b - a))))
    }

    /// The fraction of the sample by which the experiment has stopped with this probability; `None` when it may run
    /// to its end with more than the rest.
    #[must_use]
    pub fn stopped_with(&self, probability: f64) -> Option<f64> {
        if !(0.0 < probability && probability < 1.0) || self.stopped_by(1.0) < probability {
            return None;
        }
        if self.density.is_none() {
            return self.fractions.iter().copied().find(|&t| probability <= self.stopped_by(t));
        }
        root::brent(|t| self.stopped_by(t) - probability, 0.0, 1.0, 1e-12)
    }
}

impl Price {
    /// The always-valid sample over the fixed one.
    #[must_use]
    pub fn inflation(&self) -> f64 {
        self.most / self.fixed
    }

    /// The expected always-valid sample over the fixed one.
    #[must_use]
    pub fn expected_inflation(&self) -> f64 {
        self.expected / self.fixed
    }

    /// The share of the last-point sample that sizing by first passage saves.
    #[must_use]
    pub fn saving(&self) -> f64 {
        1.0 - self.most / self.last_point
    }
}

fn running(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    values
        .iter()
        .map(|value| {
            sum += value;
            sum
        })
        .collect()
}

/// The root in a logarithm of a function that rises from `start` with about this slope; the first refusal it meets
/// is the answer's.
fn solve_ln(off: impl Fn(f64) -> Result<f64, Refusal>, start: f64, slope: f64) -> Result<f64, Refusal> {
    let mut refusal = None;
    let mut value = |x: f64| match off(x) {
        Ok(value) => value,
        Err(why) => {
            refusal.get_or_insert(why);
            f64::NAN
        }
    };
    let tolerance = TOLERANCE / (1.0 + start.abs());
    let found = root::secant(&mut value, start, slope.max(1e-3), TOLERANCE).or_else(|| {
        let at_start = value(start);
        if 0.0 <= at_start {
            // Downwards: the same search in the mirror.
            let (near, far) = root::bracket_upwards(|x| -value(-x), -start, 0.05)?;
            return root::brent_from(|x| -value(-x), near, far, tolerance).map(|x| -x);
        }
        let (low, high) = root::bracket_upwards(&mut value, start, 0.05)?;
        root::brent_from(&mut value, low, high, tolerance)
    });
    match (found, refusal) {
        (Some(root), _) if root.is_finite() => Ok(root),
        (_, Some(why)) => Err(why),
        _ => Err(Refusal::Unsettled { what: "sample size" }),
    }
}
