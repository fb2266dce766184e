//! One treatment against control: sample size, power and detectable effect.
//!
//! The one door through which the rest of the crate plans a test. All three answers come from the
//! same power function, so that `power(required(p)) = p` and `required(detectable(n)) = n`.
//! Normal tests are solved in closed form; the t test by iteration from the normal answer.

use super::mean::{self, MeanTest};
use super::normal;
use super::proportion::{self, ProportionTest};
use super::root;
use super::student;
use super::{Direction, Refusal, Sides, finite, inside, open_unit, positive};

/// One treatment against control, at its own alpha.
///
/// ```
/// use expc::stats::comparison::{Claim, Comparison, Endpoint};
/// use expc::stats::{Direction, Sides, proportion::ProportionTest};
///
/// let checkout = Comparison {
///     endpoint: Endpoint::Proportion { baseline: 0.11, test: ProportionTest::Pooled },
///     claim: Claim::Superiority { effect: 0.005 },
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
    /// The size of the whole test; two sides share it.
    pub alpha: f64,
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
    Proportion { baseline: f64, test: ProportionTest },
    Mean { baseline: f64, sd: f64, test: MeanTest },
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
}

/// The largest count that a double holds exactly.
const MOST_UNITS: f64 = 9_007_199_254_740_992.0;
/// Relative accuracy of solved sizes and effects.
const TOLERANCE: f64 = 1e-13;
/// Rounding left in a power that was solved for.
const POWER_SLACK: f64 = 1e-12;

impl Comparison {
    /// The smallest sample that reaches `power`.
    pub fn required(&self, power: f64) -> Result<Size, Refusal> {
        let test = self.test()?;
        let gain = self.gain()?;
        let z_power = self.z_power(&test, power)?;
        let control = test.size(&gain, self.allocation, z_power, power)?;
        let treatment = control * self.allocation;
        if !(control <= MOST_UNITS && treatment <= MOST_UNITS) {
            return Err(Refusal::TooManyUnits { units: control.max(treatment) });
        }
        self.whole(&test, &gain, control, treatment, power)
    }

    /// The probability that the test makes its claim, with `n_control` units in control.
    pub fn power(&self, n_control: f64) -> Result<f64, Refusal> {
        let test = self.test()?;
        let gain = self.gain()?;
        let control = positive("number of control units", n_control)?;
        test.power(&gain, control, control * self.allocation)
    }

    /// What `n_control` control units can show with `power`.
    ///
    /// For superiority the signed effect of least size `toward` the direction, beyond the margin if
    /// there is one; the effect of the claim itself is not read. For non-inferiority the smallest margin,
    /// whose direction the claim gives; 0 if the true effect is so good that any margin holds.
    pub fn detectable(&self, n_control: f64, power: f64, toward: Direction) -> Result<f64, Refusal> {
        let test = self.test()?;
        let control = positive("number of control units", n_control)?;
        let z_power = self.z_power(&test, power)?;
        let out_of_reach = Refusal::OutOfReach { power, units: n_control };
        let (sign, null) = match self.claim {
            Claim::Superiority { .. } => (toward.sign(), 0.0),
            Claim::SuperiorityByMargin { margin, .. } => {
                let margin = positive_or_zero("margin", margin)?;
                (toward.sign(), toward.sign() * margin)
            }
            Claim::NonInferiority { higher_is_better, true_effect, .. } => {
                let better = better_sign(higher_is_better);
                let effect = finite("true effect", true_effect)?;
                return self.smallest_margin(&test, control, z_power, power, better, effect);
            }
        };
        let baseline = match self.endpoint {
            Endpoint::Mean { .. } => {
                let distance = test.mean_distance(control, self.allocation, z_power, power)?;
                return Ok(null + sign * distance);
            }
            Endpoint::Proportion { baseline, .. } => baseline,
        };
        let room = if 0.0 < sign { 1.0 - baseline } else { baseline };
        if room <= null.abs() {
            return Err(Refusal::NoRoom { baseline, change: null });
        }
        let root_n = libm::sqrt(control / test.factor);
        let surplus = |distance: f64| {
            let gain = Gain { effect: null + sign * distance, null, distance };
            let (assumed, true_one) = test.deviations(&gain, self.allocation);
            distance * root_n - test.z_tail * assumed - z_power * true_one
        };
        let distance = root::brent(surplus, 0.0, room - null.abs(), TOLERANCE).ok_or(out_of_reach)?;
        Ok(null + sign * distance)
    }

    fn smallest_margin(
        &self,
        test: &Test,
        control: f64,
        z_power: f64,
        power: f64,
        better: f64,
        effect: f64,
    ) -> Result<f64, Refusal> {
        let help = better * effect;
        let baseline = match self.endpoint {
            Endpoint::Mean { .. } => {
                let distance = test.mean_distance(control, self.allocation, z_power, power)?;
                return Ok((distance - help).max(0.0));
            }
            Endpoint::Proportion { baseline, .. } => baseline,
        };
        self.rates_fit(effect)?;
        let room = if 0.0 < better { baseline } else { 1.0 - baseline };
        let root_n = libm::sqrt(control / test.factor);
        let surplus = |margin: f64| {
            let gain = Gain { effect, null: -better * margin, distance: margin + help };
            let (assumed, true_one) = test.deviations(&gain, self.allocation);
            gain.distance * root_n - test.z_tail * assumed - z_power * true_one
        };
        let at_zero = surplus(0.0);
        if 0.0 <= at_zero {
            return Ok(0.0);
        }
        // The margin itself must stay inside (0, 1) with the rate it leaves.
        let most = room * (1.0 - 1e-12);
        root::brent_from(surplus, (0.0, at_zero), (most, surplus(most)), TOLERANCE)
            .ok_or(Refusal::OutOfReach { power, units: control })
    }

    /// The normal quantile of the power, if the power is more than chance.
    fn z_power(&self, test: &Test, power: f64) -> Result<f64, Refusal> {
        open_unit("power", power)?;
        if power <= test.tail {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        Ok(normal::quantile(power))
    }

    /// Checks what does not depend on the claim.
    fn test(&self) -> Result<Test, Refusal> {
        open_unit("alpha", self.alpha)?;
        positive("allocation", self.allocation)?;
        positive("size factor", self.size_factor)?;
        match self.endpoint {
            Endpoint::Proportion { baseline, .. } => {
                open_unit("baseline", baseline)?;
            }
            Endpoint::Mean { baseline, sd, test } => {
                finite("baseline", baseline)?;
                positive("standard deviation", sd)?;
                if let MeanTest::UnequalZ { sd_treatment } = test {
                    positive("standard deviation of treatment", sd_treatment)?;
                }
            }
        }
        let tail = self.sides.tail(self.alpha);
        Ok(Test { endpoint: self.endpoint, tail, z_tail: normal::upper_quantile(tail), factor: self.size_factor })
    }

    /// Checks the claim, and turns it into a distance to cover.
    fn gain(&self) -> Result<Gain, Refusal> {
        let gain = match self.claim {
            Claim::Superiority { effect } => {
                finite("effect", effect)?;
                Direction::of(effect).ok_or(Refusal::NoEffect)?;
                Gain { effect, null: 0.0, distance: effect.abs() }
            }
            Claim::SuperiorityByMargin { effect, margin } => {
                finite("effect", effect)?;
                let margin = positive_or_zero("margin", margin)?;
                let sign = Direction::of(effect).ok_or(Refusal::NoEffect)?.sign();
                Gain { effect, null: sign * margin, distance: effect.abs() - margin }
            }
            Claim::NonInferiority { margin, higher_is_better, true_effect } => {
                finite("true effect", true_effect)?;
                positive("margin", margin)?;
                let better = better_sign(higher_is_better);
                Gain { effect: true_effect, null: -better * margin, distance: margin + better * true_effect }
            }
        };
        if gain.distance <= 0.0 {
            return Err(Refusal::WithinMargin { effect: gain.effect, margin: gain.null.abs() });
        }
        self.rates_fit(gain.effect)?;
        self.rates_fit(gain.null)?;
        Ok(gain)
    }

    /// Refuses a change that takes a rate out of (0, 1).
    fn rates_fit(&self, change: f64) -> Result<(), Refusal> {
        match self.endpoint {
            Endpoint::Proportion { baseline, .. } if !(0.0 < baseline + change && baseline + change < 1.0) => {
                Err(Refusal::NoRoom { baseline, change })
            }
            _ => Ok(()),
        }
    }

    /// Rounds both arms up, then adds units until the power holds at the whole numbers.
    fn whole(&self, test: &Test, gain: &Gain, control: f64, treatment: f64, power: f64) -> Result<Size, Refusal> {
        let mut c = round_up(control);
        let mut t = round_up(treatment);
        // Each arm covers its real size, so one more unit an arm is all that ever falls short.
        for _ in 0..64 {
            match test.power(gain, c, t) {
                Ok(reached) if power - POWER_SLACK <= reached => {
                    return Ok(Size {
                        control,
                        treatment,
                        control_units: c as u64,
                        treatment_units: t as u64,
                        power: reached,
                    });
                }
                Ok(_) | Err(Refusal::TooFewUnits { .. }) => {}
                Err(refusal) => return Err(refusal),
            }
            if t < c * self.allocation {
                t += 1.0;
            } else {
                c += 1.0;
            }
        }
        Err(Refusal::Unsettled { what: "whole units" })
    }
}

/// The smallest whole number that is not below `units` by more than rounding.
pub(super) fn round_up(units: f64) -> f64 {
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

/// The truth, the null, and the distance between them in the right direction.
struct Gain {
    effect: f64,
    null: f64,
    distance: f64,
}

/// A test at its level.
struct Test {
    endpoint: Endpoint,
    tail: f64,
    z_tail: f64,
    factor: f64,
}

impl Test {
    /// Per root control unit: what the statistic assumes, and what is true.
    fn deviations(&self, gain: &Gain, allocation: f64) -> (f64, f64) {
        match self.endpoint {
            Endpoint::Proportion { baseline, test } => {
                let treatment = baseline + gain.effect;
                (
                    proportion::null_deviation(test, baseline, treatment, gain.null, allocation),
                    proportion::deviation(baseline, treatment, allocation),
                )
            }
            Endpoint::Mean { sd, test, .. } => {
                let treatment = match test {
                    MeanTest::UnequalZ { sd_treatment } => sd_treatment,
                    MeanTest::Z | MeanTest::T => sd,
                };
                let both = mean::deviation(sd, treatment, allocation);
                (both, both)
            }
        }
    }

    fn is_t(&self) -> bool {
        matches!(self.endpoint, Endpoint::Mean { test: MeanTest::T, .. })
    }

    /// The probability to reject in the right direction with these arms.
    fn power(&self, gain: &Gain, control: f64, treatment: f64) -> Result<f64, Refusal> {
        let (assumed, true_one) = self.deviations(gain, treatment / control);
        let root_n = libm::sqrt(control / self.factor);
        if self.is_t() {
            let df = (control + treatment) / self.factor - 2.0;
            if df <= 0.0 {
                return Err(Refusal::TooFewUnits { control, treatment });
            }
            let ncp = gain.distance * root_n / true_one;
            return settled(mean::t_power(self.tail, df, ncp), "power");
        }
        let z = (gain.distance * root_n - self.z_tail * assumed) / true_one;
        settled(normal::cdf(z), "power")
    }

    /// Control units, as a real number, that reach the power.
    ///
    /// Normal tests: `n = ((z_a s_0 + z_b s_1) / d)^2`; Fleiss 1981 for pooled rates, and
    /// Farrington and Manning 1990 for margins, share this form.
    fn size(&self, gain: &Gain, allocation: f64, z_power: f64, power: f64) -> Result<f64, Refusal> {
        let (assumed, true_one) = self.deviations(gain, allocation);
        let needed = self.z_tail * assumed + z_power * true_one;
        if needed <= 0.0 {
            return Err(Refusal::PowerTooLow { power, alpha: self.tail });
        }
        let ratio = needed / gain.distance;
        // An absurdly large effect underflows; a size stays above 0.
        let normal = (ratio * ratio).max(1e-300);
        if !self.is_t() {
            return settled(normal * self.factor, "sample size");
        }
        let share = 1.0 + allocation;
        // Guenther 1981: the t test needs about z_a^2 / 2 units more in all, and some for df to exist.
        let start = normal + self.z_tail * self.z_tail / (2.0 * share);
        let least = 2.02 / share;
        let surplus = |ln_n: f64| {
            let n = libm::exp(ln_n);
            let ncp = gain.distance * libm::sqrt(n) / true_one;
            mean::t_power(self.tail, n * share - 2.0, ncp) - power
        };
        let at_least = least.max(1.01);
        if start <= at_least || 1e15 < start {
            if 1e15 < start {
                return settled(normal * self.factor, "sample size");
            }
            let low = libm::log(at_least);
            let f_low = surplus(low);
            if 0.0 <= f_low {
                return Ok(at_least * self.factor);
            }
        }
        // Along ln n the power rises by half the noncentrality times the density at its quantile.
        let slope = 0.5 * (self.z_tail + z_power) * normal::pdf(z_power);
        let start = start.max(at_least);
        if let Some(ln_n) = root::secant(surplus, libm::log(start), slope, TOLERANCE)
            && libm::log(at_least) <= ln_n
        {
            return Ok(libm::exp(ln_n) * self.factor);
        }
        let ln_n = bracketed_size(surplus, libm::log(start), libm::log(at_least))
            .ok_or(Refusal::Unsettled { what: "sample size" })?;
        Ok(libm::exp(ln_n) * self.factor)
    }

    /// The distance between truth and null that a test of means covers with these units.
    fn mean_distance(&self, control: f64, allocation: f64, z_power: f64, power: f64) -> Result<f64, Refusal> {
        let unused = Gain { effect: 0.0, null: 0.0, distance: 0.0 };
        let (_, deviation) = self.deviations(&unused, allocation);
        let error = deviation / libm::sqrt(control / self.factor);
        if !self.is_t() {
            return settled((self.z_tail + z_power) * error, "detectable effect");
        }
        let treatment = control * allocation;
        let df = (control + treatment) / self.factor - 2.0;
        if df <= 0.0 {
            return Err(Refusal::TooFewUnits { control, treatment });
        }
        let ncp = t_noncentrality(self.tail, df, power, (self.z_tail, z_power))
            .ok_or(Refusal::Unsettled { what: "detectable effect" })?;
        settled(ncp * error, "detectable effect")
    }
}

fn settled(value: f64, what: &'static str) -> Result<f64, Refusal> {
    if value.is_finite() { Ok(value) } else { Err(Refusal::Unsettled { what }) }
}

/// The root of a rising function of ln n near `start` and above `least`.
fn bracketed_size(mut surplus: impl FnMut(f64) -> f64, start: f64, least: f64) -> Option<f64> {
    let at_start = surplus(start);
    if at_start < 0.0 {
        let (low, high) = root::bracket_upwards(&mut surplus, start, 1e-3 + 2.0 * -at_start)?;
        return root::brent_from(surplus, low, high, TOLERANCE / (1.0 + start.abs()));
    }
    let mut high = (start, at_start);
    let mut step = 1e-6 + 2.0 * at_start;
    loop {
        let x = (high.0 - step).max(least);
        let value = surplus(x);
        if value <= 0.0 {
            let tolerance = TOLERANCE / (1.0 + start.abs());
            return root::brent_from(surplus, (x, value), high, tolerance);
        }
        if x <= least {
            return Some(least);
        }
        high = (x, value);
        step *= 2.0;
    }
}

/// The noncentrality at which a t test with `df` degrees of freedom has the power.
fn t_noncentrality(tail: f64, df: f64, power: f64, (z_tail, z_power): (f64, f64)) -> Option<f64> {
    if 1e15 < df {
        return Some(z_tail + z_power);
    }
    let critical = student::upper_quantile(tail, df);
    let surplus = |ncp: f64| mean::t_power_at(critical, df, ncp) - power;
    let start = critical + z_power;
    if let Some(ncp) = root::secant(surplus, start, normal::pdf(z_power), TOLERANCE)
        && 0.0 < ncp
    {
        return Some(ncp);
    }
    let start = start.max(0.1);
    let at_zero = tail - power;
    let (low, high) = root::bracket_upwards(surplus, start, start * 0.01)
        .filter(|(low, _)| low.1 < 0.0)
        .unwrap_or(((0.0, at_zero), (start, surplus(start))));
    root::brent_from(surplus, low, high, TOLERANCE)
}
