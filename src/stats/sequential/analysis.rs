//! While the experiment runs, and when it has stopped.

use super::super::{Refusal, Sides, finite, normal, open_unit, positive, root};
use super::bounds::{Efficacy, Lower, Target};
use super::course::{Course, Crossing};
use super::looks::{self, Looks};
use super::monitoring::{Monitoring, check_alpha};
use super::passage::Side;
use super::spending::Spending;

/// A confidence interval of the drift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// How often such intervals hold the drift, at least.
    pub confidence: f64,
}

/// What is believed of the drift before the experiment.
#[derive(Debug, Clone, PartialEq)]
pub enum Prior {
    /// Nothing: the data speak alone.
    Flat,
    Normal {
        mean: f64,
        sd: f64,
    },
    /// Drifts with their weights.
    Points(Vec<(f64, f64)>),
}

/// The looks after one that did not stop.
#[derive(Debug, Clone)]
pub struct Remaining {
    course: Course,
    z: f64,
    fraction: f64,
}

impl Monitoring {
    /// What is left when look `look`, from 1, showed `z`.
    ///
    /// ```
    /// use expc::stats::Sides;
    /// use expc::stats::sequential::{Monitoring, Prior, Spending, equal_fractions};
    ///
    /// let plan = Monitoring::spending(&equal_fractions(3), 0.025, Sides::One, Spending::ObrienFleming)?;
    /// let rest = plan.after(2, 1.2)?;
    /// // If the effect is as planned there is hope; by what the data say there is less.
    /// let planned = rest.conditional_power(plan.drift(0.9)?)?;
    /// let seen = rest.predictive_power(&Prior::Flat)?;
    /// assert!(seen < planned);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn after(&self, look: usize, z: f64) -> Result<Remaining, Refusal> {
        finite("statistic", z)?;
        let fraction = self.at(look)?;
        if self.fractions().len() <= look {
            return Err(Refusal::Fractions { look, value: fraction });
        }
        let seen = z * libm::sqrt(fraction);
        let times: Vec<f64> = self.fractions()[look..].iter().map(|t| t - fraction).collect();
        // The bounds for what is still to come.
        let rest = |bounds: &[f64]| -> Vec<f64> {
            let later = self.fractions()[look..].iter().zip(&bounds[look..]);
            later.map(|(t, bound)| (bound * libm::sqrt(*t) - seen) / libm::sqrt(t - fraction)).collect()
        };
        let course = Course::through(&times, &rest(self.lower_bounds()), &rest(self.bounds()));
        Ok(Remaining { course, z, fraction })
    }

    /// The statistic of look `look`, from 1, that leaves this conditional power under `drift`: a bound for
    /// [`FutilityRule::Interim`](super::FutilityRule) from "stop when there is less hope than that".
    ///
    /// ```
    /// use expc::stats::Sides;
    /// use expc::stats::sequential::{Monitoring, Spending, equal_fractions};
    ///
    /// let plan = Monitoring::spending(&equal_fractions(2), 0.025, Sides::One, Spending::ObrienFleming)?;
    /// let planned = plan.drift(0.9)?;
    /// let hopeless = plan.z_with_conditional_power(1, 0.2, planned)?;
    /// assert!((plan.after(1, hopeless)?.conditional_power(planned)? - 0.2).abs() < 1e-12);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn z_with_conditional_power(&self, look: usize, power: f64, drift: f64) -> Result<f64, Refusal> {
        open_unit("power", power)?;
        self.after(look, 0.0)?.conditional_power(drift)?;
        let excess = |z: f64| {
            let reached = self.after(look, z).and_then(|rest| rest.conditional_power(drift));
            reached.map_or(f64::NAN, |reached| reached - power)
        };
        // Up from where nothing is left of it.
        let start = -40.0 - drift.abs();
        root::bracket_upwards(excess, start, 1.0)
            .and_then(|(low, high)| root::brent_from(excess, low, high, 1e-14))
            .ok_or(Refusal::Unsettled { what: "statistic" })
    }

    /// The repeated confidence interval of the drift at look `look`, from 1 (Jennison and Turnbull 1989): the
    /// drifts that the bound of this look does not reject. The intervals of all looks together have the confidence; it
    /// is `1 - alpha` with two sides, `1 - 2 alpha` with one.
    pub fn repeated_interval(&self, look: usize, z: f64) -> Result<Interval, Refusal> {
        finite("statistic", z)?;
        let root = libm::sqrt(self.at(look)?);
        let bound = self.bounds()[look - 1];
        let confidence = 1.0 - 2.0 * self.sides.tail(self.alpha);
        Ok(Interval { low: (z - bound) / root, high: (z + bound) / root, confidence })
    }

    /// Inference after the experiment stopped with `z` at look `look`, from 1.
    pub fn stagewise(&self, look: usize, z: f64) -> Result<Stagewise, Refusal> {
        finite("statistic", z)?;
        self.at(look)?;
        let seen = |bounds: &[f64], last: f64| -> Vec<f64> {
            let mut bounds = bounds[..look].to_vec();
            bounds[look - 1] = last;
            bounds
        };
        let lower = seen(self.lower_bounds(), f64::NEG_INFINITY);
        let course = Course::through(&self.fractions()[..look], &lower, &seen(self.bounds(), z));
        Ok(Stagewise { course, start: z / libm::sqrt(self.fractions()[look - 1]) })
    }

    /// The fraction of a look that the plan has.
    fn at(&self, look: usize) -> Result<f64, Refusal> {
        let index = look.checked_sub(1);
        let fraction = index.and_then(|index| self.fractions().get(index));
        fraction.copied().ok_or(Refusal::Lengths { left: look, right: self.fractions().len() })
    }
}

impl Remaining {
    /// Stop probabilities at the looks to come.
    pub fn crossing(&self, drift: f64) -> Result<Crossing, Refusal> {
        self.course.crossing(drift)
    }

    /// The probability to come through an upper bound yet, under `drift`.
    pub fn conditional_power(&self, drift: f64) -> Result<f64, Refusal> {
        self.course.power(drift)
    }

    /// The drift that the data show.
    #[must_use]
    pub fn drift_seen(&self) -> f64 {
        self.z / libm::sqrt(self.fraction)
    }

    /// The mean conditional power over the posterior of the drift (Spiegelhalter, Freedman and Blackburn 1986).
    pub fn predictive_power(&self, prior: &Prior) -> Result<f64, Refusal> {
        let (mean, precision) = match prior {
            Prior::Flat => (0.0, 0.0),
            Prior::Normal { mean, sd } => {
                finite("mean of the prior", *mean)?;
                positive("deviation of the prior", *sd)?;
                (*mean, 1.0 / (sd * sd))
            }
            Prior::Points(points) => return self.predictive_over(points),
        };
        let total = precision + self.fraction;
        let posterior = (precision * mean + self.z * libm::sqrt(self.fraction)) / total;
        Ok(self.course.power_over(posterior, 1.0 / libm::sqrt(total), f64::NEG_INFINITY))
    }

    fn predictive_over(&self, points: &[(f64, f64)]) -> Result<f64, Refusal> {
        // Likelihoods over the largest, lest all vanish.
        let misfit = |drift: f64| {
            let off = self.z - drift * libm::sqrt(self.fraction);
            0.5 * off * off
        };
        let least = points.iter().fold(f64::INFINITY, |least, (drift, _)| least.min(misfit(*drift)));
        let (mut sum, mut weights) = (0.0, 0.0);
        for &(drift, weight) in points {
            if !(0.0..f64::INFINITY).contains(&weight) {
                return Err(Refusal::Outside { what: "weight of the prior", value: weight, range: "[0, inf)" });
            }
            let power = self.conditional_power(drift)?;
            let weight = weight * libm::exp(least - misfit(drift));
            weights += weight;
            sum += weight * power;
        }
        positive("weight of the prior", weights)?;
        Ok(sum / weights)
    }
}

/// Inference in the stage-wise order: more extreme is to have stopped at the upper bound earlier, or further up at
/// the same look (Jennison and Turnbull 2000, section 8.4).
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::sequential::{Monitoring, Spending, equal_fractions};
///
/// let plan = Monitoring::spending(&equal_fractions(4), 0.05, Sides::Two, Spending::Pocock)?;
/// let stopped = plan.stagewise(2, 2.6)?;
/// // The plain estimate of the drift is 2.6 / sqrt(0.5) = 3.68: an early stop flatters.
/// assert!(stopped.median_unbiased()? < 3.6);
/// assert!(stopped.p_value()? < 0.025);
/// assert!(0.0 < stopped.interval(0.95)?.low);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stagewise {
    course: Course,
    start: f64,
}

impl Stagewise {
    /// The probability under no effect of what was seen or more extreme, upwards.
    pub fn p_value(&self) -> Result<f64, Refusal> {
        self.course.power(0.0)
    }

    /// The drift for which what was seen is the median.
    pub fn median_unbiased(&self) -> Result<f64, Refusal> {
        self.course.drift(0.5, self.start)
    }

    /// The equal-tailed confidence interval of the drift.
    pub fn interval(&self, confidence: f64) -> Result<Interval, Refusal> {
        open_unit("confidence", confidence)?;
        let tail = 0.5 * (1.0 - confidence);
        let z = normal::upper_quantile(tail);
        let low = self.course.drift(tail, self.start - z)?;
        let high = self.course.drift(1.0 - tail, self.start + z)?;
        Ok(Interval { low, high, confidence })
    }
}

/// The alpha at which the bound of look `look`, from 1, is `z`: the repeated p-value (Jennison and Turnbull 2000,
/// section 9.3). With two sides `z` counts without its sign.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::sequential::{Looks, Spending, equal_fractions, repeated_p};
///
/// let looks = Looks::new(&equal_fractions(3))?;
/// let p = repeated_p(&looks, Sides::One, Spending::ObrienFleming.into(), 3, 2.2)?;
/// assert_eq!((p * 1e4).round(), 148.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn repeated_p(looks: &Looks, sides: Sides, efficacy: Efficacy, look: usize, z: f64) -> Result<f64, Refusal> {
    finite("statistic", z)?;
    let z = match sides {
        Sides::One => z,
        Sides::Two => z.abs(),
    };
    bound_at(looks, sides, efficacy, look, 0.01)?;
    // On the scale of quantiles both are nearly one line. A bound at an alpha is above that alpha's own quantile.
    let short = |x: f64| {
        let bound = bound_at(looks, sides, efficacy, look, normal::cdf(x));
        bound.map_or(f64::NAN, |bound| z - bound.min(f64::MAX))
    };
    let most = match sides {
        Sides::One => 8.0,
        Sides::Two => -1e-9,
    };
    let start = (-z).clamp(-37.0, most - 1e-3);
    let found = root::bracket_upwards(|x| short(x.min(most)), start, 0.25);
    let Some((low, high)) = found else { return Ok(1.0) };
    let high = (high.0.min(most), high.1);
    let x = root::brent_from(short, low, high, 1e-13).ok_or(Refusal::Unsettled { what: "repeated p-value" })?;
    Ok(match sides {
        Sides::One => normal::cdf(x),
        Sides::Two => 2.0 * normal::cdf(x),
    })
}

/// The drift that the bound at an alpha of 1/2 just rejects upwards: the middle of repeated inference with one side.
pub fn repeated_estimate(looks: &Looks, efficacy: Efficacy, look: usize, z: f64) -> Result<f64, Refusal> {
    finite("statistic", z)?;
    let bound = bound_at(looks, Sides::One, efficacy, look, 0.5)?;
    Ok((z - bound) / libm::sqrt(looks.fractions()[look - 1]))
}

/// The bound of a look where the upper side has all of `tail`.
fn bound_at(looks: &Looks, sides: Sides, efficacy: Efficacy, look: usize, tail: f64) -> Result<f64, Refusal> {
    let most = looks.fractions().len();
    if look == 0 || most < look {
        return Err(Refusal::Lengths { left: look, right: most });
    }
    // Bounds that spend do not know the looks after them.
    let seen = match efficacy {
        Efficacy::Spending(_) => look,
        Efficacy::Shape(_) => most,
    };
    let target = Target::new(&looks.fractions()[..seen], &looks.clock()[..seen], tail, efficacy)?;
    let lower = match sides {
        Sides::One => Lower::Never,
        Sides::Two => Lower::Mirror,
    };
    let passage = target.solve(lower)?.ok_or(Refusal::Unsettled { what: "bounds" })?;
    Ok(passage.upper[look - 1])
}

/// The bound of an interim look at the information seen by then.
///
/// `seen` is the information at the looks so far, this one last, over the planned maximum; `used` are the upper bounds
/// of the looks before, which stay whatever has come out since. The alpha spent by this look is that of the
/// spending function there, all of it from 1 on; what the bounds used have not spent is still to be had. Infinite
/// if they have spent more.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::sequential::{Spending, final_bound, interim_bound};
///
/// let spending = Spending::ObrienFleming;
/// // Planned at a half, done at 0.55; the end came at 1.1 of the planned information.
/// let first = interim_bound(&[0.55], &[], 0.05, Sides::Two, spending)?;
/// let last = final_bound(&[0.55, 1.1], &[first], 0.05, Sides::Two)?;
/// assert!(last < first);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn interim_bound(seen: &[f64], used: &[f64], alpha: f64, sides: Sides, spending: Spending) -> Result<f64, Refusal> {
    spending.check()?;
    check_alpha(alpha)?;
    let tail = sides.tail(alpha);
    let now = seen.last().copied().unwrap_or(0.0);
    bound_now(seen, used, sides, spending.spent(tail, now))
}

/// The bound of the last look, which takes all of alpha that the bounds used have left.
pub fn final_bound(seen: &[f64], used: &[f64], alpha: f64, sides: Sides) -> Result<f64, Refusal> {
    check_alpha(alpha)?;
    bound_now(seen, used, sides, sides.tail(alpha))
}

/// The bound by which the upper side has spent `spent` in all.
fn bound_now(seen: &[f64], used: &[f64], sides: Sides, spent: f64) -> Result<f64, Refusal> {
    looks::seen(seen)?;
    if used.len() + 1 != seen.len() {
        return Err(Refusal::Lengths { left: used.len() + 1, right: seen.len() });
    }
    for &bound in used {
        if bound.is_nan() || bound <= 0.0 {
            return Err(Refusal::Outside { what: "bound", value: bound, range: "(0, inf]" });
        }
    }
    let lower: Vec<f64> = match sides {
        Sides::One => vec![f64::NEG_INFINITY; used.len()],
        Sides::Two => used.iter().map(|bound| -bound).collect(),
    };
    let passage = Course::start(seen).through(&lower, used);
    let left = spent - passage.crossings(Side::Upper, 0.0).iter().sum::<f64>();
    let bound = passage.bound_for(Side::Upper, left, 0.0)?;
    bound.ok_or(Refusal::Unsettled { what: "bound" })
}
