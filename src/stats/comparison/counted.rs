//! Exact tests behind the door: whole units, a saw-toothed power, and the size from which it stays up.

use super::law::{Aim, Test, Truth};
use super::{Claim, Comparison, Endpoint, Rounding, Scale, Size, treated};
use crate::stats::exact::{self, Rejection, Unconditional};
use crate::stats::proportion::ProportionTest;
use crate::stats::{Refusal, Sides, normal};

const SCORE_TEST: &str = "the pooled score test";

/// Refuses what an exact test has no form for.
pub(super) fn check(comparison: &Comparison) -> Result<(), Refusal> {
    let Endpoint::Proportion { test, .. } = comparison.endpoint else { return Ok(()) };
    let name = match test {
        ProportionTest::FisherExact => "Fisher's exact test",
        ProportionTest::ExactUnconditional => "the exact unconditional test",
        _ => return Ok(()),
    };
    let refused = |with| Err(Refusal::NotOffered { test: name, with, instead: SCORE_TEST });
    if comparison.size_factor != 1.0 {
        return refused("a size factor");
    }
    match (comparison.claim, test, comparison.scale) {
        (Claim::Superiority { .. }, ..) => Ok(()),
        (Claim::Equivalence { .. }, ..) => refused("two margins"),
        (_, ProportionTest::FisherExact, _) => refused("a margin"),
        (_, _, Scale::Lift) => refused("a relative margin"),
        _ => Ok(()),
    }
}

impl Test {
    pub(super) fn is_exact(&self) -> bool {
        matches!(
            self.endpoint,
            Endpoint::Proportion { test: ProportionTest::FisherExact | ProportionTest::ExactUnconditional, .. }
        )
    }

    /// The power of an exact test of a rate, in the direction of the claim and against it; units in parts are not had.
    pub(super) fn exact_power(&self, truth: &Truth, control: f64, treatment: f64) -> Result<(f64, f64), Refusal> {
        let (Endpoint::Proportion { baseline, test }, Aim::Beyond { null, sign }) = (self.endpoint, truth.aim) else {
            return Err(Refusal::NotOffered { test: "an exact test", with: "two margins", instead: SCORE_TEST });
        };
        let rate = treated(baseline, truth.effect, self.scale);
        let (control, treatment) = (whole(control)?, whole(treatment)?);
        let Rejection { up, down } = if test == ProportionTest::FisherExact {
            let alpha = self.sides.tail(self.alpha) * if self.sides == Sides::Two { 2.0 } else { 1.0 };
            exact::fisher((control, baseline), (treatment, rate), alpha, self.sides)?
        } else {
            // Downwards is upwards with events and non-events swapped.
            let towards = |sign: f64, null: f64| {
                let flip = |p: f64| if 0.0 < sign { p } else { 1.0 - p };
                Unconditional::new(control, treatment, sign * null, self.tail)?.power(flip(baseline), flip(rate))
            };
            match (null == 0.0, 0.0 < sign) {
                (true, _) => Rejection { up: towards(1.0, 0.0)?, down: towards(-1.0, 0.0)? },
                (false, true) => Rejection { up: towards(1.0, null)?, down: 0.0 },
                (false, false) => Rejection { up: 0.0, down: towards(-1.0, null)? },
            }
        };
        Ok(if 0.0 < sign { (up, down) } else { (down, up) })
    }
}

/// Whole units of an arm, without those that rounding added or took.
fn whole(units: f64) -> Result<u32, Refusal> {
    let near = units.round();
    let units = if (units - near).abs() <= 1e-9 * units { near } else { units.floor() };
    if f64::from(exact::MOST_UNITS) < units {
        return Err(Refusal::TooManyForExact { units });
    }
    if units < 1.0 { Err(Refusal::TooFewUnits { control: units, treatment: units }) } else { Ok(units as u32) }
}

impl Comparison {
    /// The smallest total from which the power never falls short again.
    ///
    /// The treatment arm has the share `r/(1+r)` of the total, rounded to the nearest unit. The search starts from the
    /// normal answer, and goes on until the power has held for one and a half times the distance between two teeth.
    pub(super) fn exact_size(&self, test: &Test, truth: &Truth, power: f64) -> Result<Size, Refusal> {
        let Endpoint::Proportion { baseline, .. } = self.endpoint else { return Err(Refusal::NoEffect) };
        let near = Endpoint::Proportion { baseline, test: ProportionTest::ContinuityCorrected };
        let start = Comparison { endpoint: near, ..*self }.required(power)?;
        let share = self.allocation / (1.0 + self.allocation);
        let arms = |total: f64| {
            let treatment = (total * share + 0.5).floor();
            (total - treatment, treatment)
        };
        let least = (1.0 / share.min(1.0 - share)).ceil();
        let reached = |total: f64| {
            let (control, treatment) = arms(total);
            if control < 1.0 || treatment < 1.0 {
                return Ok(0.0);
            }
            test.exact_power(truth, control, treatment).map(|(right, _)| right)
        };
        let mut total = (start.control + start.treatment).ceil().max(least);
        // Near enough that single steps get there.
        let goal = test.z_tail + normal::quantile(power);
        for _ in 0..12 {
            let off = reached(total)?;
            if (off - power).abs() < 0.02 {
                break;
            }
            let ratio = goal / (test.z_tail + normal::quantile(off.clamp(1e-6, 1.0 - 1e-9)));
            let next = (total * (ratio * ratio).clamp(0.5, 2.0)).round().max(least);
            if next == total {
                break;
            }
            total = next;
        }
        while least < total && power <= reached(total)? {
            total -= 1.0;
        }
        let rate = baseline + treated(baseline, truth.effect, self.scale);
        let spread = libm::sqrt(total * 0.5 * rate * (1.0 - 0.5 * rate));
        let teeth = (3.0 * total / (test.z_tail * spread).max(1.0)).clamp(20.0, 4000.0);
        let mut answer = total;
        let mut held = 0.0;
        while held < teeth {
            if power <= reached(total)? {
                held += 1.0;
            } else {
                (answer, held) = (total + 1.0, 0.0);
            }
            total += 1.0;
        }
        let (control, treatment) = arms(answer);
        Ok(Size {
            control,
            treatment,
            control_units: control as u64,
            treatment_units: treatment as u64,
            power: reached(answer)?,
            rounding: Rounding::SawTooth,
        })
    }
}
