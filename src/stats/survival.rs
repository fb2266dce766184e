//! Time until an event: converting, churning, coming back.
//!
//! Start at [`Events`], which counts the events that a log-rank test needs, and at [`FollowUp`], which says what
//! share of the units has its event while it is watched. [`Hazards`] joins both, and is the endpoint through which
//! [`super::comparison`] plans units. Hazards are events per unit still at risk and unit of time, and constant in
//! time; treatment's over control's is the hazard ratio. Where hazards cross or fade, plan the share of units with
//! the event by a horizon instead, as a proportion.

use super::comparison::{MOST_UNITS, round_up};
use super::count::Measure;
use super::normal;
use super::root;
use super::{Direction, Refusal, Sides, open_unit, positive};

/// How the events of a log-rank test are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventFormula {
    /// `D = (z_a + z_b)^2 (1 + r)^2 / (r (ln HR - ln HR_0)^2)` (Schoenfeld 1981). The only one with a margin.
    #[default]
    Schoenfeld,
    /// `D = (z_a + z_b)^2 (1 + r HR)^2 / (r (1 - HR)^2)` (Freedman 1982).
    Freedman,
    /// `D = (z_a + z_b)^2 (1 + r)^2 / (4 r) ((1 + HR) / (1 - HR))^2` (Hsieh 1992, after Freedman).
    HsiehFreedman,
}

impl EventFormula {
    /// How far a ratio lies above the null, in deviations per root event; `change` is what it has more.
    fn distance(self, change: f64, null_ratio: f64, allocation: f64) -> f64 {
        let ratio = null_ratio + change;
        let root = libm::sqrt(allocation);
        match self {
            Self::Schoenfeld => libm::log1p(change / null_ratio) * root / (1.0 + allocation),
            Self::Freedman => change * root / (1.0 + allocation * ratio),
            Self::HsiehFreedman => 2.0 * root / (1.0 + allocation) * (change / (1.0 + ratio)),
        }
    }

    /// The ratio `toward` a direction at this [`distance`](Self::distance); `None` when none is that far.
    fn ratio_at(self, distance: f64, null_ratio: f64, allocation: f64, toward: Direction) -> Option<f64> {
        let root = libm::sqrt(allocation);
        let sign = toward.sign();
        let ratio = match self {
            Self::Schoenfeld => null_ratio * libm::exp(sign * distance * (1.0 + allocation) / root),
            Self::Freedman => {
                let x = sign * distance / root;
                (1.0 + x) / (1.0 - allocation * x)
            }
            Self::HsiehFreedman => {
                let x = sign * distance * (1.0 + allocation) / (2.0 * root);
                (1.0 + x) / (1.0 - x)
            }
        };
        (0.0 < ratio && ratio.is_finite()).then_some(ratio)
    }

    fn takes_margin(self, null_ratio: f64) -> Result<(), Refusal> {
        if self != Self::Schoenfeld && null_ratio != 1.0 {
            return Err(Refusal::NotOffered {
                test: "Freedman's number of events",
                with: "a margin",
                instead: "Schoenfeld's",
            });
        }
        Ok(())
    }
}

/// A log-rank test, planned by its events.
///
/// Assumes proportional hazards and a normal statistic.
///
/// ```
/// use expc::stats::survival::{EventFormula, Events};
/// use expc::stats::{Direction, Sides};
///
/// let churn = Events {
///     hazard_ratio: 2.0,
///     null_ratio: 1.0,
///     formula: EventFormula::Schoenfeld,
///     alpha: 0.05,
///     sides: Sides::Two,
///     allocation: 1.0,
/// };
/// assert_eq!(churn.required(0.8)?.whole, 66);
/// assert_eq!((churn.detectable(66.0, 0.8, Direction::Down)? * 100.0).round(), 50.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Events {
    /// Treatment's hazard over control's.
    pub hazard_ratio: f64,
    /// The ratio to be shown false: 1 unless there is a margin.
    pub null_ratio: f64,
    pub formula: EventFormula,
    /// The size of the whole test; two sides share it.
    pub alpha: f64,
    pub sides: Sides,
    /// Treatment units over control units.
    pub allocation: f64,
}

/// A number of events, both arms together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventCount {
    /// As a real number.
    pub events: f64,
    /// Rounded up.
    pub whole: u64,
    /// The power at the whole number.
    pub power: f64,
}

impl Events {
    /// The events that reach `power`.
    pub fn required(&self, power: f64) -> Result<EventCount, Refusal> {
        let needed = self.needed(power)?;
        let ratio = needed / self.checked_distance()?;
        let events = (ratio * ratio).max(1e-300);
        if MOST_UNITS < events {
            return Err(Refusal::TooManyUnits { units: events });
        }
        let whole = round_up(events);
        Ok(EventCount { events, whole: whole as u64, power: self.power(whole)? })
    }

    /// The probability to reject in the right direction after `events` events.
    pub fn power(&self, events: f64) -> Result<f64, Refusal> {
        let distance = self.checked_distance()?;
        positive("number of events", events)?;
        Ok(normal::cdf(distance * libm::sqrt(events) - self.z_tail()))
    }

    /// The hazard ratio nearest to the null, `toward` a direction, that `events` events show with `power`.
    ///
    /// The ratio of the plan itself is not read. By Freedman's formulas some distances belong to no ratio.
    pub fn detectable(&self, events: f64, power: f64, toward: Direction) -> Result<f64, Refusal> {
        let needed = self.needed(power)?;
        self.checked_frame()?;
        positive("number of events", events)?;
        self.formula
            .ratio_at(needed / libm::sqrt(events), self.null_ratio, self.allocation, toward)
            .ok_or(Refusal::OutOfReach { power, units: events })
    }

    fn z_tail(&self) -> f64 {
        normal::upper_quantile(self.sides.tail(self.alpha))
    }

    /// `z_a + z_b`, above 0.
    fn needed(&self, power: f64) -> Result<f64, Refusal> {
        open_unit("alpha", self.alpha)?;
        open_unit("power", power)?;
        if power <= self.sides.tail(self.alpha) {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        Ok(self.z_tail() + normal::quantile(power))
    }

    fn checked_frame(&self) -> Result<(), Refusal> {
        open_unit("alpha", self.alpha)?;
        positive("null hazard ratio", self.null_ratio)?;
        positive("allocation", self.allocation)?;
        self.formula.takes_margin(self.null_ratio)
    }

    fn checked_distance(&self) -> Result<f64, Refusal> {
        self.checked_frame()?;
        positive("hazard ratio", self.hazard_ratio)?;
        let change = self.hazard_ratio - self.null_ratio;
        let distance = self.formula.distance(change, self.null_ratio, self.allocation).abs();
        if distance == 0.0 {
            return Err(Refusal::NoEffect);
        }
        positive("distance of the hazard ratio", distance)
    }
}

/// How long units are watched: they enter evenly over `accrual`, and the last one is watched for `follow_up`.
///
/// Times share one unit with the hazards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FollowUp {
    /// Time over which units enter; 0 when all enter at once.
    pub accrual: f64,
    /// Time from the last entry to the analysis.
    pub follow_up: f64,
    /// Hazard of being lost before the event, the same in both arms.
    pub dropout_hazard: f64,
}

impl FollowUp {
    /// The probability that a unit with this hazard has its event while it is watched:
    /// `l / (l + g) [1 - (e^(-(l + g) F) - e^(-(l + g) (A + F))) / ((l + g) A)]` (Lachin and Foulkes 1986),
    /// for the hazard `l`, dropout `g`, accrual `A` and follow-up `F`.
    ///
    /// ```
    /// use expc::stats::survival::{FollowUp, hazard};
    ///
    /// let daily = hazard(0.3, 14.0)?;
    /// let all_at_once = FollowUp { accrual: 0.0, follow_up: 14.0, dropout_hazard: 0.0 };
    /// assert!((all_at_once.event_probability(daily)? - 0.3).abs() < 1e-15);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn event_probability(&self, hazard: f64) -> Result<f64, Refusal> {
        self.checked()?;
        positive("hazard", hazard)?;
        positive("probability of an event", self.share(hazard))
    }

    fn checked(&self) -> Result<(), Refusal> {
        for (what, value) in [
            ("accrual time", self.accrual),
            ("follow-up time", self.follow_up),
            ("dropout hazard", self.dropout_hazard),
        ] {
            if !(0.0..f64::INFINITY).contains(&value) {
                return Err(Refusal::Outside { what, value, range: "[0, inf)" });
            }
        }
        positive("time of accrual and follow-up", self.accrual + self.follow_up)?;
        Ok(())
    }

    /// The probability of an event; every difference of exponentials is written with `expm1`.
    pub(crate) fn share(&self, hazard: f64) -> f64 {
        let leaving = hazard + self.dropout_hazard;
        let entering = leaving * self.accrual;
        let last = leaving * self.follow_up;
        // Averaged over entry: 1 - e^-last m, where m = (1 - e^-entering) / entering is at most 1.
        let short_of_one = if entering < 1e-3 {
            // 1 - m = x/2 - x^2/6 + x^3/24 - x^4/120 + ..., whose next term is below 1e-18.
            entering
                * (0.5 - entering * (1.0 / 6.0 - entering * (1.0 / 24.0 - entering * (1.0 / 120.0 - entering / 720.0))))
        } else {
            1.0 + libm::expm1(-entering) / entering
        };
        hazard / leaving * (-libm::expm1(-last) + libm::exp(-last) * short_of_one)
    }
}

/// The constant hazard at which a share of units has its event by a horizon: `-ln(1 - share) / horizon`.
///
/// Serves conversions ("30 % within 14 days"), medians (a share of one half) and dropout alike.
///
/// ```
/// let daily = expc::stats::survival::hazard(0.3, 14.0)?;
/// assert!((daily - 0.025_476_781_709_909).abs() < 1e-12);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn hazard(share: f64, horizon: f64) -> Result<f64, Refusal> {
    open_unit("share with the event", share)?;
    positive("horizon", horizon)?;
    positive("hazard", -libm::log1p(-share) / horizon)
}

/// How two hazards are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HazardTest {
    /// The log-rank test: the events follow from the formula, the units from the probability of an event.
    Logrank(EventFormula),
    /// Exponential survival, with the variance of the estimated hazards under the null and under the truth
    /// (Lachin and Foulkes 1986). By ratio: variance `1 / P` a unit, by difference: `l^2 / P`.
    LachinFoulkes(Measure),
}

impl Default for HazardTest {
    fn default() -> Self {
        Self::Logrank(EventFormula::default())
    }
}

/// Time to an event as an endpoint: the hazard in control, how it is tested, and how long units are watched.
///
/// Claims by [`Scale::Lift`](super::comparison::Scale) are hazard ratios less 1, those by difference are hazards.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
/// use expc::stats::survival::{FollowUp, HazardTest, Hazards, hazard};
///
/// let churn = Hazards {
///     control: hazard(0.3, 12.0)?,
///     test: HazardTest::default(),
///     watched: FollowUp { accrual: 12.0, follow_up: 6.0, dropout_hazard: 0.0 },
/// };
/// let fewer = Comparison {
///     endpoint: Endpoint::TimeToEvent(churn),
///     claim: Claim::Superiority { effect: -0.4 },
///     scale: Scale::Lift,
///     alpha: 0.025,
///     sides: Sides::One,
///     allocation: 1.0,
///     size_factor: 1.0,
/// };
/// // rpact: getSampleSizeSurvival(hazardRatio = 0.6, pi2 = 0.3, beta = 0.1) asks for 660.93 in all.
/// let size = fewer.required(0.9)?;
/// assert_eq!((size.control_units, size.treatment_units), (331, 331));
/// assert_eq!(churn.events(0.6, 331.0, 331.0)?.round(), 161.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hazards {
    /// Events per control unit at risk and unit of time.
    pub control: f64,
    pub test: HazardTest,
    pub watched: FollowUp,
}

impl Hazards {
    /// Events to expect, both arms together.
    pub fn events(&self, hazard_ratio: f64, n_control: f64, n_treatment: f64) -> Result<f64, Refusal> {
        self.checked()?;
        positive("hazard ratio", hazard_ratio)?;
        positive("number of control units", n_control)?;
        positive("number of treatment units", n_treatment)?;
        let treatment = positive("hazard of treatment", self.control * hazard_ratio)?;
        Ok(n_control * self.watched.share(self.control) + n_treatment * self.watched.share(treatment))
    }

    /// The time since the first entry by which this many events are to be expected, both arms together: when a look
    /// at that many events will be. Beyond the planned end units are watched on.
    ///
    /// ```
    /// use expc::stats::survival::{FollowUp, HazardTest, Hazards};
    ///
    /// let watched = FollowUp { accrual: 10.0, follow_up: 5.0, dropout_hazard: 0.0 };
    /// let churn = Hazards { control: 0.05, test: HazardTest::default(), watched };
    /// let all = churn.events(0.8, 100.0, 100.0)?;
    /// assert!((churn.time_of(all, 0.8, 100.0, 100.0)? - 15.0).abs() < 1e-9);
    /// assert!(churn.time_of(all / 2.0, 0.8, 100.0, 100.0)? > 7.5);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn time_of(&self, events: f64, hazard_ratio: f64, n_control: f64, n_treatment: f64) -> Result<f64, Refusal> {
        positive("number of events", events)?;
        self.events(hazard_ratio, n_control, n_treatment)?;
        let FollowUp { accrual, follow_up, .. } = self.watched;
        let short = |time: f64| {
            let entered = if time < accrual { time / accrual } else { 1.0 };
            let watched = FollowUp { accrual: time.min(accrual), follow_up: (time - accrual).max(0.0), ..self.watched };
            let seen =
                n_control * watched.share(self.control) + n_treatment * watched.share(self.control * hazard_ratio);
            entered * seen - events
        };
        let end = accrual + follow_up;
        let none = (0.0, -events);
        // In doublings of the planned time everybody has had the event, or is lost.
        let later = (0..60).map(|doublings| end * libm::exp2(f64::from(doublings)));
        later
            .map(|time| (time, short(time)))
            .find(|(_, short)| 0.0 <= *short)
            .and_then(|high| root::brent_from(short, none, high, 1e-13))
            .ok_or(Refusal::TooFewUnits { control: n_control, treatment: n_treatment })
    }

    /// Refuses what no effect can mend.
    pub(crate) fn checked(&self) -> Result<(), Refusal> {
        positive("hazard", self.control)?;
        self.watched.event_probability(self.control)?;
        Ok(())
    }

    /// Refuses a margin that the test has no formula for; `null` is treatment's hazard at it.
    pub(crate) fn takes_null(&self, null: f64) -> Result<(), Refusal> {
        match self.test {
            HazardTest::Logrank(formula) => formula.takes_margin(null / self.control),
            HazardTest::LachinFoulkes(_) => Ok(()),
        }
    }

    /// How far treatment's hazard lies above the one under the null, on the scale of the test; `change` is what it
    /// has more.
    pub(crate) fn distance(&self, change: f64, null: f64, allocation: f64) -> f64 {
        match self.test {
            HazardTest::Logrank(formula) => formula.distance(change / self.control, null / self.control, allocation),
            HazardTest::LachinFoulkes(measure) => measure.distance(change, null),
        }
    }

    /// Deviations per root control unit: under the null, and true.
    pub(crate) fn deviations(&self, treatment: f64, null: f64, allocation: f64) -> (f64, f64) {
        let share = |hazard: f64| self.watched.share(hazard);
        match self.test {
            HazardTest::Logrank(_) => {
                let events = share(self.control) + allocation * share(treatment);
                let both = 1.0 / libm::sqrt(events);
                (both, both)
            }
            HazardTest::LachinFoulkes(measure) => {
                let all = self.control + allocation * treatment;
                let ratio = null / self.control;
                let (under_null, treated) = match measure {
                    Measure::Ratio => {
                        let under_null = all / (1.0 + allocation * ratio);
                        (under_null, under_null * ratio)
                    }
                    Measure::Difference => {
                        let shift = null - self.control;
                        // A margin above all hazards leaves control none.
                        let under_null = ((all - allocation * shift) / (1.0 + allocation)).max(1e-12 * self.control);
                        (under_null, under_null + shift)
                    }
                };
                let variance = |hazard: f64| match measure {
                    Measure::Ratio => 1.0 / share(hazard),
                    Measure::Difference => hazard * hazard / share(hazard),
                };
                let of =
                    |control: f64, treatment: f64| libm::sqrt(variance(control) + variance(treatment) / allocation);
                (of(under_null, treated), of(self.control, treatment))
            }
        }
    }
}
