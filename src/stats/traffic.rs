//! How many units come, and when: returning visitors, ramps of the share, and triggers that only some units reach.
//!
//! Start at [`Visitors`] or [`Curve`], which say how many different units are seen in so many days; [`Ramp`] turns them
//! into units enrolled, and [`days_needed`] into a duration. Visitors come back, so that units are not linear in days.

use super::root;
use super::{Refusal, finite, inside, positive};

/// No experiment is planned longer than this.
pub const MOST_DAYS: u32 = 3_660;

/// A share in (0, 1].
fn share(what: &'static str, value: f64) -> Result<f64, Refusal> {
    if 0.0 < value && value <= 1.0 { Ok(value) } else { Err(Refusal::Outside { what, value, range: "(0, 1]" }) }
}

/// A population whose members visit at rates of their own: Poisson visits, gamma distributed rates.
///
/// Steady: nobody joins or leaves, and any window of t days sees the same number of different visitors.
///
/// ```
/// use expc::stats::traffic::Visitors;
///
/// let shop = Visitors::fit(100_000.0, (1.0, 12_500.0), (7.0, 50_000.0))?;
/// assert!((shop.shape - 1.0).abs() < 1e-9 && (shop.rate_days - 7.0).abs() < 1e-8);
/// assert!((shop.unique(14.0)? - 66_666.666_7).abs() < 1e-3);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visitors {
    /// Everyone who may come.
    pub population: f64,
    /// Shape of the gamma distribution of visit rates; a small one means a few regulars and many strangers.
    pub shape: f64,
    /// Rate of that distribution, in days: the mean number of visits a day is the shape over it.
    pub rate_days: f64,
}

impl Visitors {
    /// Different visitors within `days` days: `N (1 - (b / (b + t))^a)`.
    pub fn unique(&self, days: f64) -> Result<f64, Refusal> {
        positive("population", self.population)?;
        positive("shape of the visit rates", self.shape)?;
        positive("rate of the visit rates", self.rate_days)?;
        if !(0.0..f64::INFINITY).contains(&days) {
            return Err(Refusal::Outside { what: "number of days", value: days, range: "[0, inf)" });
        }
        Ok(self.seen(days))
    }

    fn seen(&self, days: f64) -> f64 {
        -self.population * libm::expm1(-self.shape * libm::log1p(days / self.rate_days))
    }

    /// The visit rates of a known population from two cumulative counts of different visitors, as `(days, units)`.
    ///
    /// `-ln(1 - U/N) = a ln(1 + t/b)`, so that the two counts give b, and b gives a. Refuses counts whose growth no
    /// gamma distribution has: more than linear in that logarithm, or none.
    pub fn fit(population: f64, earlier: (f64, f64), later: (f64, f64)) -> Result<Self, Refusal> {
        positive("population", population)?;
        pair(earlier, later)?;
        if population <= later.1 {
            return Err(Refusal::Outside { what: "cumulative count", value: later.1, range: "(0, population)" });
        }
        let met = |(_, units): (f64, f64)| -libm::log1p(-units / population);
        let growth = met(later) / met(earlier);
        let at = |b: f64| libm::log1p(later.0 / b) / libm::log1p(earlier.0 / b);
        let rate_days = scale(at, growth, earlier.0, later.0)?;
        let shape = met(later) / libm::log1p(later.0 / rate_days);
        Ok(Self { population, shape, rate_days })
    }

    /// Population and scale from two cumulative counts, where the population is unknown and the shape is taken as
    /// given; 1, exponential rates, is the usual choice.
    pub fn fit_population(shape: f64, earlier: (f64, f64), later: (f64, f64)) -> Result<Self, Refusal> {
        positive("shape of the visit rates", shape)?;
        pair(earlier, later)?;
        let seen = |days: f64, b: f64| -libm::expm1(-shape * libm::log1p(days / b));
        let rate_days = scale(|b| seen(later.0, b) / seen(earlier.0, b), later.1 / earlier.1, earlier.0, later.0)?;
        let population = positive("population", later.1 / seen(later.0, rate_days))?;
        Ok(Self { population, shape, rate_days })
    }
}

/// Two counts at two times, the later one larger.
fn pair(earlier: (f64, f64), later: (f64, f64)) -> Result<(), Refusal> {
    for (days, units) in [earlier, later] {
        positive("day of a count", days)?;
        positive("cumulative count", units)?;
    }
    if later.0 <= earlier.0 {
        return Err(Refusal::Outside { what: "day of the later count", value: later.0, range: "(earlier day, inf)" });
    }
    if later.1 <= earlier.1 {
        return Err(Refusal::Outside { what: "later count", value: later.1, range: "(earlier count, inf)" });
    }
    Ok(())
}

/// The scale at which a ratio that rises with it, from 1 or more to the ratio of the days, has a value.
fn scale(ratio: impl Fn(f64) -> f64, growth: f64, earlier: f64, later: f64) -> Result<f64, Refusal> {
    // From 1e-12 to 1e9 times the days; beyond, rounding decides the growth.
    let (low, high) = (libm::log(earlier) - 27.6, libm::log(later) + 20.7);
    root::brent(|ln_b| ratio(libm::exp(ln_b)) - growth, low, high, 1e-15).map(libm::exp).ok_or(Refusal::Outside {
        what: "growth of the cumulative count",
        value: growth,
        range: "what returning visitors allow: above 1, below linear",
    })
}

/// A team's own counts of different units by day, cumulative: rising, and ever more slowly.
///
/// Straight lines between the points, the first from nothing at day 0. Beyond the last point the curve follows the
/// [`Visitors`] of shape 1 through the last point and the one nearest to half its day, but never rises faster than the
/// last line.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Days and units, from (0, 0).
    points: Vec<(f64, f64)>,
    beyond: Option<Visitors>,
}

/// Units by a day, and whether the data reach that far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    pub units: f64,
    /// The day lies beyond the last point: the model speaks, not the data.
    pub extrapolated: bool,
}

impl Curve {
    /// Checks the points, `(day, units)` in the order of the days. Small departures from a concave curve, up to
    /// `slack` of the units a day, are smoothed away by the lines above them; larger ones are refused.
    ///
    /// ```
    /// use expc::stats::traffic::Curve;
    ///
    /// let curve = Curve::new(&[(1.0, 10_000.0), (7.0, 40_000.0), (14.0, 60_000.0)], 0.0)?;
    /// assert_eq!(curve.unique(4.0)?.units, 25_000.0);
    /// assert!(curve.unique(28.0)?.extrapolated);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn new(points: &[(f64, f64)], slack: f64) -> Result<Self, Refusal> {
        if !(0.0..1.0).contains(&slack) {
            return Err(Refusal::Outside { what: "slack", value: slack, range: "[0, 1)" });
        }
        let mut hull = vec![(0.0, 0.0)];
        let mut last = (0.0, 0.0);
        for &(day, units) in points {
            inside("day of the curve", day, last.0, f64::INFINITY, "(the day before, inf)")?;
            if !(last.1 <= units && units.is_finite()) {
                return Err(Refusal::Outside {
                    what: "cumulative count",
                    value: units,
                    range: "[the count before, inf)",
                });
            }
            last = (day, units);
            hull.push(last);
            // The upper hull: a point below the line of its neighbours goes.
            while let [.., a, b, c] = hull[..]
                && slope(a, b) < slope(b, c)
            {
                hull.remove(hull.len() - 2);
            }
        }
        positive("last cumulative count", last.1)?;
        for &(day, units) in points {
            let above = between(&hull, day);
            if units * (1.0 + slack) + 1e-12 * last.1 < above {
                return Err(Refusal::Outside {
                    what: "cumulative count",
                    value: units,
                    range: "a concave curve: units of later days must not come faster",
                });
            }
        }
        let beyond = hull[1..hull.len() - 1]
            .iter()
            .min_by(|a, b| (a.0 - 0.5 * last.0).abs().total_cmp(&(b.0 - 0.5 * last.0).abs()))
            .and_then(|&middle| Visitors::fit_population(1.0, middle, last).ok());
        Ok(Self { points: hull, beyond })
    }

    /// Different units within `days` days.
    pub fn unique(&self, days: f64) -> Result<Reading, Refusal> {
        if !(0.0..f64::INFINITY).contains(&days) {
            return Err(Refusal::Outside { what: "number of days", value: days, range: "[0, inf)" });
        }
        Ok(Reading { units: self.seen(days), extrapolated: self.last().0 < days })
    }

    fn last(&self) -> (f64, f64) {
        self.points[self.points.len() - 1]
    }

    fn seen(&self, days: f64) -> f64 {
        let last = self.last();
        if days <= last.0 {
            return between(&self.points, days);
        }
        let line = slope(self.points[self.points.len() - 2], last) * (days - last.0);
        let fitted = self.beyond.map_or(f64::INFINITY, |visitors| visitors.seen(days) - last.1);
        last.1 + line.min(fitted).max(0.0)
    }
}

fn slope(a: (f64, f64), b: (f64, f64)) -> f64 {
    (b.1 - a.1) / (b.0 - a.0)
}

/// On the straight lines between the points.
fn between(points: &[(f64, f64)], day: f64) -> f64 {
    let after = points.partition_point(|point| point.0 < day).clamp(1, points.len() - 1);
    let (a, b) = (points[after - 1], points[after]);
    if day == b.0 { b.1 } else { a.1 + slope(a, b) * (day - a.0) }
}

/// Whatever says how many different units come within so many days.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    Visitors(Visitors),
    Curve(Curve),
}

impl Arrivals {
    /// Different units within `days` days.
    pub fn unique(&self, days: f64) -> Result<Reading, Refusal> {
        match self {
            Self::Visitors(visitors) => Ok(Reading { units: visitors.unique(days)?, extrapolated: false }),
            Self::Curve(curve) => curve.unique(days),
        }
    }

    fn seen(&self, days: f64) -> f64 {
        match self {
            Self::Visitors(visitors) => visitors.seen(days),
            Self::Curve(curve) => curve.seen(days),
        }
    }
}

/// The share of the units by day, by a stable hash: who is in stays in.
#[derive(Debug, Clone, PartialEq)]
pub struct Ramp {
    /// The day, from 1, on which the share rises, and by how much.
    steps: Vec<(u32, f64)>,
}

impl Ramp {
    /// Shares of day 1, 2, ..., the last of which holds on. A share that falls is refused: it would take units out
    /// that have seen their variant.
    pub fn new(shares: &[f64]) -> Result<Self, Refusal> {
        let mut steps = Vec::new();
        let mut before = 0.0;
        for (day, &share) in (1..=MOST_DAYS).zip(shares) {
            if !(before <= share && share <= 1.0) {
                return Err(Refusal::Outside {
                    what: "share of a day",
                    value: share,
                    range: "[the share of the day before, 1]",
                });
            }
            if before < share {
                steps.push((day, share - before));
            }
            before = share;
        }
        positive("last share of the ramp", before)?;
        Ok(Self { steps })
    }

    /// Units enrolled by the end of a day: `sum_j (s_j - s_(j-1)) U(t - j + 1)`.
    ///
    /// Those whose hash lies between two shares enrol at their first visit since the share rose over it.
    ///
    /// ```
    /// use expc::stats::traffic::{Arrivals, Ramp, Visitors};
    ///
    /// let visitors = Visitors { population: 100_000.0, shape: 1.0, rate_days: 7.0 };
    /// let enrolled = Ramp::new(&[0.05, 0.05, 0.25])?.enrolled(&Arrivals::Visitors(visitors), 3)?;
    /// assert!((enrolled.units - 4_000.0).abs() < 1e-9);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn enrolled(&self, arrivals: &Arrivals, day: u32) -> Result<Reading, Refusal> {
        let extrapolated = arrivals.unique(f64::from(day))?.extrapolated;
        Ok(Reading { units: self.by_day(arrivals, day), extrapolated })
    }

    fn by_day(&self, arrivals: &Arrivals, day: u32) -> f64 {
        let open = self.steps.iter().take_while(|(start, _)| *start <= day);
        open.map(|&(start, rise)| rise * arrivals.seen(f64::from(day - start + 1))).sum()
    }
}

/// How long it takes until enough units are enrolled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duration {
    /// The first day at whose end they are.
    pub days: u32,
    /// Whole weeks, so that every day of the week counts alike.
    pub weeks: u32,
    /// Units enrolled at the end of those weeks.
    pub enrolled: Reading,
}

/// The duration until `units` units are enrolled; the time a metric needs to mature comes on top.
///
/// ```
/// use expc::stats::traffic::{Arrivals, Ramp, Visitors, days_needed};
///
/// let visitors = Arrivals::Visitors(Visitors { population: 100_000.0, shape: 1.0, rate_days: 7.0 });
/// let needed = days_needed(&visitors, &Ramp::new(&[0.5])?, 30_000.0)?;
/// assert_eq!((needed.days, needed.weeks), (11, 2));
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn days_needed(arrivals: &Arrivals, ramp: &Ramp, units: f64) -> Result<Duration, Refusal> {
    positive("number of units to enrol", units)?;
    let most = ramp.enrolled(arrivals, MOST_DAYS)?.units;
    let enough = |day: u32| units * (1.0 - 1e-12) <= ramp.by_day(arrivals, day);
    if !enough(MOST_DAYS) {
        return Err(Refusal::TooFewArrive { units, arrive: most });
    }
    let (mut short, mut days) = (0, MOST_DAYS);
    while 1 < days - short {
        let middle = short + (days - short) / 2;
        if enough(middle) {
            days = middle;
        } else {
            short = middle;
        }
    }
    let weeks = days.div_ceil(7);
    Ok(Duration { days, weeks, enrolled: ramp.enrolled(arrivals, 7 * weeks)? })
}

/// Units to expose so that `triggered` of them reach the trigger.
pub fn exposed(triggered: f64, trigger_rate: f64) -> Result<f64, Refusal> {
    Ok(positive("number of triggered units", triggered)? / share("trigger rate", trigger_rate)?)
}

/// A metric of all units, when only some of them can be touched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diluted {
    pub effect: f64,
    pub variance: f64,
}

/// Effect and variance over all units of a metric that moves by `effect` in triggered units.
///
/// The variances are those of triggered and of other units; `gap` is the difference of their means,
/// and adds `g (1 - g) gap^2`, the variance between the two groups.
///
/// ```
/// let all = expc::stats::traffic::dilute(0.05, 0.05, 1.0, 1.0, 1.0)?;
/// assert!((all.effect - 0.0025).abs() < 1e-15 && (all.variance - 1.0475).abs() < 1e-15);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn dilute(
    trigger_rate: f64,
    effect: f64,
    variance_triggered: f64,
    variance_other: f64,
    gap: f64,
) -> Result<Diluted, Refusal> {
    let g = share("trigger rate", trigger_rate)?;
    finite("effect", effect)?;
    finite("gap between triggered and other units", gap)?;
    positive("variance of triggered units", variance_triggered)?;
    positive("variance of other units", variance_other)?;
    Ok(Diluted {
        effect: g * effect,
        variance: g * variance_triggered + (1.0 - g) * variance_other + g * (1.0 - g) * gap * gap,
    })
}
