//! One treatment against control: sample size, power and detectable effect.
//!
//! The one door through which the rest of the crate plans a test. All three answers come from the
//! same power function, so that `power(required(p)) = p` and `required(detectable(n)) = n`.
//! Normal tests are solved in closed form; those with estimated variances by iteration from the normal answer.
//! `contrast` turns a claim into distances and deviations, `law` those into power and size.

mod both_tails;
mod cautions;
mod contrast;
mod counted;
mod law;

pub use both_tails::BothTails;
pub use cautions::{Arm, Caution, FEWEST_DEGREES, FEWEST_EVENTS, UNITS_PER_SQUARED_SKEWNESS};

use super::count::Rates;
use super::equivalence::one_sided_alpha;
use super::mean::MeanTest;
use super::proportion::ProportionTest;
use super::root;
use super::survival::Hazards;
use super::{Direction, Refusal, Sides, finite, inside, normal, open_unit, positive};
pub(crate) use contrast::contrast;
use contrast::treated;
use law::{Aim, Test, Truth};

/// One treatment against control, at its own alpha.
///
/// ```
/// use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
/// use expc::stats::{Direction, Sides, proportion::ProportionTest};
///
/// let checkout = Comparison {
///     endpoint: Endpoint::Proportion { baseline: 0.11, test: ProportionTest::Pooled },
///     claim: Claim::Superiority { effect: 0.005 },
///     scale: Scale::Difference,
///     alpha: 0.05,
///     sides: Sides::Two,
///     allocation: 1.0,
///     size_factor: 1.0,
/// };
/// assert_eq!(checkout.required(0.8)?.control_units, 62_692);
/// let effect = checkout.detectable(36_400.0, 0.8, Direction::Up)?;
/// assert_eq!((effect * 1e4).round(), 66.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    pub endpoint: Endpoint,
    pub claim: Claim,
    /// What the effects and margins of the claim are measured in.
    pub scale: Scale,
    /// The size of the whole test; two sides share it. Of an equivalence, the size of each of its two tests.
    pub alpha: f64,
    /// Not read for an equivalence, which is two one-sided tests.
    pub sides: Sides,
    /// Treatment units over control units.
    pub allocation: f64,
    /// Factor on the sample size: variance reduction (below 1), sequential inflation and design
    /// effect (above 1). The degrees of freedom of a t test are those of the sample over this factor.
    pub size_factor: f64,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Endpoint {
    Proportion {
        baseline: f64,
        test: ProportionTest,
    },
    Mean {
        baseline: f64,
        sd: f64,
        test: MeanTest,
    },
    /// Events counted over an exposure; the baseline is control's rate.
    Count(Rates),
    /// The time to an event; the baseline is control's hazard.
    TimeToEvent(Hazards),
}

/// What the estimate is, and so the unit of effects and margins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Treatment minus control, in the unit of the metric. A planned lift of a known baseline belongs here, as
    /// `lift * baseline`.
    #[default]
    Difference,
    /// Treatment over control, minus 1: effects and margins are relative, 0.05 for 5 %. The control mean is
    /// estimated too, by the delta method (variance `s_t^2/(m_c^2 n_t) + s_c^2 m_t^2/(m_c^4 n_c)`); the score test of
    /// rates compares `p_t - R p_c`. Means need a baseline above 0.
    Lift,
}

/// What the test is to show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Claim {
    /// There is a difference; `effect` is the true one, signed, treatment minus control.
    Superiority { effect: f64 },
    /// The effect beats a margin; `margin` is a size in the direction of the effect.
    SuperiorityByMargin { effect: f64, margin: f64 },
    /// The harm is less than `margin`, a size above 0; `true_effect` is usually 0.
    NonInferiority { margin: f64, higher_is_better: bool, true_effect: f64 },
    /// The effect lies between two margins, `lower < upper`: two one-sided tests (Schuirmann 1987), each at the
    /// whole alpha. `true_effect` is usually 0.
    Equivalence { lower: f64, upper: f64, true_effect: f64 },
}

/// A sample size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Control units as a real number.
    pub control: f64,
    /// Treatment units as a real number.
    pub treatment: f64,
    /// Whole control units: each arm is rounded up, and raised if the power is still short.
    pub control_units: u64,
    /// Whole treatment units.
    pub treatment_units: u64,
    /// The power at the whole units.
    pub power: f64,
    pub rounding: Rounding,
}

/// How whole units were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// The real-valued answer, each arm rounded up: any larger sample has at least the power.
    Up,
    /// The power of an exact test falls at some sizes: the smallest total from which it never falls short again.
    SawTooth,
}

/// The largest count that a double holds exactly.
pub(crate) const MOST_UNITS: f64 = 9_007_199_254_740_992.0;
/// Rates and hazards more than this many times the baseline are not searched.
const MOST_TIMES: f64 = 1e9;
/// Relative accuracy of solved sizes and effects.
const TOLERANCE: f64 = 1e-13;
/// Where a search of lifts without bound ends.
const UNBOUNDED: f64 = 1e9;
/// Rounding left in a power that was solved for.
pub(crate) const POWER_SLACK: f64 = 1e-12;

impl Comparison {
    /// The smallest sample that reaches `power`.
    pub fn required(&self, power: f64) -> Result<Size, Refusal> {
        let test = self.test()?;
        let truth = self.truth()?;
        self.more_than_chance(&test, power)?;
        if test.is_exact() {
            return self.exact_size(&test, &truth, power);
        }
        let control = test.size(&truth, self.allocation, power)?;
        let treatment = control * self.allocation;
        if !(control <= MOST_UNITS && treatment <= MOST_UNITS) {
            return Err(Refusal::TooManyUnits { units: control.max(treatment) });
        }
        whole(control, treatment, self.allocation, power, |c, t| test.power(&truth, c, t))
    }

    /// The probability that the test makes its claim, with `n_control` units in control.
    pub fn power(&self, n_control: f64) -> Result<f64, Refusal> {
        let test = self.test()?;
        let truth = self.truth()?;
        let control = positive("number of control units", n_control)?;
        test.power(&truth, control, control * self.allocation)
    }

    /// What `n_control` control units can show with `power`, on the claim's scale.
    ///
    /// For superiority the signed effect of least size `toward` the direction, beyond the margin if
    /// there is one; the effect of the claim itself is not read. For non-inferiority the smallest margin,
    /// whose direction the claim gives; 0 if the true effect is so good that any margin holds. For an equivalence
    /// the smallest margin to both sides of 0.
    pub fn detectable(&self, n_control: f64, power: f64, toward: Direction) -> Result<f64, Refusal> {
        let test = self.test()?;
        let control = positive("number of control units", n_control)?;
        self.more_than_chance(&test, power)?;
        let goal = Goal { test: &test, control, power };
        match self.claim {
            Claim::Superiority { .. } => self.smallest_effect(&goal, toward.sign(), 0.0),
            Claim::SuperiorityByMargin { margin, .. } => {
                let margin = positive_or_zero("margin", margin)?;
                self.smallest_effect(&goal, toward.sign(), toward.sign() * margin)
            }
            Claim::NonInferiority { higher_is_better, true_effect, .. } => {
                let effect = finite("true effect", true_effect)?;
                self.rates_fit(effect)?;
                self.smallest_margin(&goal, better_sign(higher_is_better), effect)
            }
            Claim::Equivalence { true_effect, .. } => {
                let effect = finite("true effect", true_effect)?;
                self.rates_fit(effect)?;
                self.smallest_margins(&goal, effect)
            }
        }
    }

    /// The effect beyond `null`, towards `sign`, at which the power is met.
    fn smallest_effect(&self, goal: &Goal<'_>, sign: f64, null: f64) -> Result<f64, Refusal> {
        if let (Endpoint::Mean { .. }, Scale::Difference) = (self.endpoint, self.scale) {
            return Ok(null + sign * goal.mean_distance(self.allocation, 0.0)?);
        }
        let room = self.room(sign);
        if room <= null.abs() {
            return Err(Refusal::NoRoom { baseline: self.baseline(), change: null });
        }
        let at = |distance: f64| Truth { effect: null + sign * distance, aim: Aim::Beyond { null, sign } };
        let surplus = |distance: f64| goal.surplus(&at(distance), self.allocation);
        // The variance of a lift grows with the lift: without enough control units none is ever seen.
        let unbounded = room == f64::INFINITY;
        let most = if unbounded { UNBOUNDED } else { (room - null.abs()) * (1.0 - 1e-12) };
        let (low, high) = goal.bracket(surplus, most).ok_or_else(|| match self.least_for_a_lift(goal) {
            Some(least) if unbounded => Refusal::NoLift { units: goal.control, least },
            _ => goal.out_of_reach(),
        })?;
        let distance = root::brent_from(surplus, low, high, TOLERANCE).ok_or_else(|| goal.out_of_reach())?;
        Ok(null + sign * distance)
    }

    /// The smallest margin of harm.
    fn smallest_margin(&self, goal: &Goal<'_>, better: f64, effect: f64) -> Result<f64, Refusal> {
        let help = better * effect;
        if let Endpoint::Mean { .. } = self.endpoint {
            return Ok((goal.mean_distance(self.allocation, effect)? - help).max(0.0));
        }
        let at = |margin: f64| Truth { effect, aim: Aim::Beyond { null: -better * margin, sign: better } };
        let surplus = |margin: f64| goal.surplus(&at(margin), self.allocation);
        let at_zero = surplus(0.0);
        if 0.0 <= at_zero {
            return Ok(0.0);
        }
        // The margin itself must stay inside (0, 1) with the rate it leaves.
        let most = self.room(-better) * (1.0 - 1e-12);
        let (low, high) = goal.bracket(surplus, most).ok_or_else(|| goal.out_of_reach())?;
        root::brent_from(surplus, low, high, TOLERANCE).ok_or_else(|| goal.out_of_reach())
    }

    /// The smallest margins of equal size on both sides of 0.
    fn smallest_margins(&self, goal: &Goal<'_>, effect: f64) -> Result<f64, Refusal> {
        let at = |margin: f64| Truth { effect, aim: Aim::Between { lower: -margin, upper: margin } };
        let surplus = |margin: f64| {
            goal.test
                .power(&at(margin), goal.control, goal.control * self.allocation)
                .map_or(f64::NAN, |p| p - goal.power)
        };
        let start = effect.abs();
        let (low, high) = match self.endpoint {
            Endpoint::Proportion { .. } | Endpoint::Count(_) | Endpoint::TimeToEvent(_) => {
                let most = self.room(1.0).min(self.room(-1.0)) * (1.0 - 1e-12);
                ((start, -goal.power), (most, surplus(most)))
            }
            Endpoint::Mean { .. } => {
                // Each test alone at half the error: the margins that surely suffice.
                let half = Goal { power: 0.5 + 0.5 * goal.power, ..*goal };
                let most = start + half.mean_distance(self.allocation, effect)?;
                ((start, -goal.power), (most, surplus(most).max(0.0)))
            }
        };
        root::brent_from(surplus, low, high, TOLERANCE).ok_or_else(|| goal.out_of_reach())
    }

    /// The control units above which a lift has a finite detectable effect: `z^2 s_c^2 / m_c^2`, or more where
    /// degrees of freedom are few.
    fn least_for_a_lift(&self, goal: &Goal<'_>) -> Option<f64> {
        let Endpoint::Mean { baseline, sd, .. } = self.endpoint else { return None };
        let z = (goal.test.z_tail + normal::quantile(goal.power)) * sd / baseline;
        Some(z * z * self.size_factor)
    }

    fn baseline(&self) -> f64 {
        match self.endpoint {
            Endpoint::Proportion { baseline, .. } | Endpoint::Mean { baseline, .. } => baseline,
            Endpoint::Count(rates) => rates.control,
            Endpoint::TimeToEvent(hazards) => hazards.control,
        }
    }

    /// How far an effect can go towards `sign`.
    fn room(&self, sign: f64) -> f64 {
        let room = match self.endpoint {
            Endpoint::Proportion { baseline, .. } if 0.0 < sign => 1.0 - baseline,
            Endpoint::Proportion { baseline, .. } => baseline,
            Endpoint::Mean { baseline, .. } if self.scale == Scale::Lift && sign < 0.0 => baseline,
            Endpoint::Mean { .. } => return f64::INFINITY,
            Endpoint::Count(_) | Endpoint::TimeToEvent(_) if 0.0 < sign => MOST_TIMES * self.baseline(),
            Endpoint::Count(_) | Endpoint::TimeToEvent(_) => self.baseline(),
        };
        match self.scale {
            Scale::Difference => room,
            Scale::Lift => room / self.baseline(),
        }
    }

    /// Refuses a power that is no more than chance gives. Two tests that must both reject may have less.
    fn more_than_chance(&self, test: &Test, power: f64) -> Result<(), Refusal> {
        open_unit("power", power)?;
        if power <= test.tail && !matches!(self.claim, Claim::Equivalence { .. }) {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        Ok(())
    }

    /// Checks what does not depend on the effect.
    fn test(&self) -> Result<Test, Refusal> {
        open_unit("alpha", self.alpha)?;
        positive("allocation", self.allocation)?;
        positive("size factor", self.size_factor)?;
        match self.endpoint {
            Endpoint::Proportion { baseline, .. } => {
                open_unit("baseline", baseline)?;
            }
            Endpoint::Mean { baseline, sd, test } => {
                match self.scale {
                    Scale::Difference => finite("baseline", baseline)?,
                    Scale::Lift => positive("baseline of a lift", baseline)?,
                };
                positive("standard deviation", sd)?;
                match test {
                    MeanTest::UnequalZ { sd_treatment }
                    | MeanTest::Welch { sd_treatment }
                    | MeanTest::Satterthwaite { sd_treatment } => {
                        positive("standard deviation of treatment", sd_treatment)?;
                    }
                    MeanTest::Adjusted { r_squared, .. } => {
                        if !(0.0..1.0).contains(&r_squared) {
                            return Err(Refusal::Outside { what: "R squared", value: r_squared, range: "[0, 1)" });
                        }
                    }
                    MeanTest::Z | MeanTest::T => {}
                }
            }
            Endpoint::Count(rates) => rates.checked()?,
            Endpoint::TimeToEvent(hazards) => hazards.checked()?,
        }
        counted::check(self)?;
        let tail = match self.claim {
            Claim::Equivalence { .. } => one_sided_alpha(self.alpha)?,
            _ => self.sides.tail(self.alpha),
        };
        Ok(Test {
            endpoint: self.endpoint,
            scale: self.scale,
            alpha: self.alpha,
            sides: self.sides,
            tail,
            z_tail: normal::upper_quantile(tail),
            factor: self.size_factor,
        })
    }

    /// Checks the claim, and turns it into the truth and what is to be shown.
    fn truth(&self) -> Result<Truth, Refusal> {
        let (truth, distance, margin) = match self.claim {
            Claim::Superiority { effect } => {
                finite("effect", effect)?;
                let sign = Direction::of(effect).ok_or(Refusal::NoEffect)?.sign();
                (Truth { effect, aim: Aim::Beyond { null: 0.0, sign } }, effect.abs(), 0.0)
            }
            Claim::SuperiorityByMargin { effect, margin } => {
                finite("effect", effect)?;
                let margin = positive_or_zero("margin", margin)?;
                let sign = Direction::of(effect).ok_or(Refusal::NoEffect)?.sign();
                (Truth { effect, aim: Aim::Beyond { null: sign * margin, sign } }, effect.abs() - margin, margin)
            }
            Claim::NonInferiority { margin, higher_is_better, true_effect: effect } => {
                finite("true effect", effect)?;
                positive("margin", margin)?;
                let sign = better_sign(higher_is_better);
                (Truth { effect, aim: Aim::Beyond { null: -sign * margin, sign } }, margin + sign * effect, margin)
            }
            Claim::Equivalence { lower, upper, true_effect: effect } => {
                finite("true effect", effect)?;
                finite("lower margin", lower)?;
                finite("upper margin", upper)?;
                let (below, above) = (effect - lower, upper - effect);
                let margin = if below < above { lower } else { upper };
                (Truth { effect, aim: Aim::Between { lower, upper } }, below.min(above), margin.abs())
            }
        };
        if distance <= 0.0 {
            return Err(Refusal::WithinMargin { effect: truth.effect, margin });
        }
        self.rates_fit(truth.effect)?;
        match truth.aim {
            Aim::Beyond { null, .. } => self.null_fits(null)?,
            Aim::Between { lower, upper } => {
                self.null_fits(lower)?;
                self.null_fits(upper)?;
            }
        }
        Ok(truth)
    }

    /// Refuses a margin that takes a rate out of its range, or that the test has no form with.
    fn null_fits(&self, null: f64) -> Result<(), Refusal> {
        self.rates_fit(null)?;
        match self.endpoint {
            Endpoint::TimeToEvent(hazards) => hazards.takes_null(treated(hazards.control, null, self.scale)),
            _ => Ok(()),
        }
    }

    /// Refuses a change that takes a rate out of (0, 1), or a count or hazard to 0 or below, and a lift that takes a mean to 0 or below.
    fn rates_fit(&self, change: f64) -> Result<(), Refusal> {
        let (baseline, most) = match self.endpoint {
            Endpoint::Proportion { baseline, .. } => (baseline, 1.0),
            Endpoint::Mean { baseline, .. } if self.scale == Scale::Lift => (baseline, f64::INFINITY),
            Endpoint::Mean { .. } => return Ok(()),
            Endpoint::Count(_) | Endpoint::TimeToEvent(_) => (self.baseline(), f64::INFINITY),
        };
        let after = treated(baseline, change, self.scale);
        if 0.0 < after && after < most {
            return Ok(());
        }
        Err(match self.scale {
            Scale::Difference => Refusal::NoRoom { baseline, change },
            Scale::Lift => Refusal::NoRoom { baseline, change: change * baseline },
        })
    }
}

/// A power to be met with these control units.
#[derive(Clone, Copy)]
struct Goal<'a> {
    test: &'a Test,
    control: f64,
    power: f64,
}

impl Goal<'_> {
    fn out_of_reach(&self) -> Refusal {
        Refusal::OutOfReach { power: self.power, units: self.control }
    }

    /// What the power has more than the goal, or for normal tests its quantile: smooth, and 0 at the goal.
    fn surplus(&self, truth: &Truth, allocation: f64) -> f64 {
        self.test.surplus(truth, self.control, self.control * allocation, self.power)
    }

    /// The distance between truth and null that a test of means covers, with the variances at the true `effect`.
    fn mean_distance(&self, allocation: f64, effect: f64) -> Result<f64, Refusal> {
        self.test.mean_distance(self.control, allocation, effect, self.power)
    }

    /// Two distances up to `most` between which the surplus changes its sign for the first time.
    ///
    /// The power of a Wald test may fall again towards the end of the room, so that the end itself shows nothing, and
    /// the top between two steps has to be looked for.
    fn bracket(&self, surplus: impl Fn(f64) -> f64, most: f64) -> Option<((f64, f64), (f64, f64))> {
        let mut low = (0.0, surplus(0.0));
        let end = (most, surplus(most));
        if 0.0 <= end.1 && most < UNBOUNDED {
            return Some((low, end));
        }
        let mut before = low;
        let mut distance = most.min(1.0) * 1e-9;
        for _ in 0..400 {
            let high = (distance, surplus(distance));
            if 0.0 <= high.1 {
                return Some((low, high));
            }
            if before.1 < low.1 && high.1 < low.1 {
                let top = top(&surplus, before.0, high.0);
                return (0.0 <= top.1).then_some((before, top));
            }
            if most <= distance || high.1.is_nan() {
                return None;
            }
            (before, low) = (low, high);
            distance = (1.25 * distance).min(most);
        }
        None
    }
}

/// Rounds both arms up, then adds units until the power that `at` gives holds at the whole numbers.
pub(super) fn whole(
    control: f64,
    treatment: f64,
    allocation: f64,
    power: f64,
    at: impl Fn(f64, f64) -> Result<f64, Refusal>,
) -> Result<Size, Refusal> {
    let mut c = round_up(control);
    let mut t = round_up(treatment);
    // Each arm covers its real size, so one more unit an arm is all that ever falls short.
    for _ in 0..64 {
        match at(c, t) {
            Ok(reached) if power - POWER_SLACK <= reached => {
                return Ok(Size {
                    control,
                    treatment,
                    control_units: c as u64,
                    treatment_units: t as u64,
                    power: reached,
                    rounding: Rounding::Up,
                });
            }
            Ok(_) | Err(Refusal::TooFewUnits { .. }) => {}
            Err(refusal) => return Err(refusal),
        }
        if t < c * allocation {
            t += 1.0;
        } else {
            c += 1.0;
        }
    }
    Err(Refusal::Unsettled { what: "whole units" })
}

/// The highest point of a function with one peak between two places, by golden sections; or any point that is not
/// below 0.
fn top(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> (f64, f64) {
    const SECTION: f64 = 0.618_033_988_749_894_9;
    let at = |x: f64| (x, f(x));
    let (mut a, mut b) = (at(high - SECTION * (high - low)), at(low + SECTION * (high - low)));
    for _ in 0..80 {
        if 0.0 <= a.1.max(b.1) || !(low < a.0 && a.0 < b.0 && b.0 < high) {
            break;
        }
        if b.1 < a.1 {
            (high, b) = (b.0, a);
            a = at(high - SECTION * (high - low));
        } else {
            (low, a) = (a.0, b);
            b = at(low + SECTION * (high - low));
        }
    }
    if a.1 < b.1 { b } else { a }
}

/// The smallest whole number that is not below `units` by more than rounding.
pub(crate) fn round_up(units: f64) -> f64 {
    let near = units.round();
    if (units - near).abs() <= 1e-11 * units {
        return near.max(1.0);
    }
    units.ceil().max(1.0)
}

fn better_sign(higher_is_better: bool) -> f64 {
    if higher_is_better { 1.0 } else { -1.0 }
}

pub(super) fn positive_or_zero(what: &'static str, value: f64) -> Result<f64, Refusal> {
    if value == 0.0 {
        return Ok(0.0);
    }
    inside(what, value, 0.0, f64::INFINITY, "[0, inf)")
}
