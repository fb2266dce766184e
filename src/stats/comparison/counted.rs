//! Exact tests behind the door: whole units, a saw-toothed power, and the size from which it stays up.

use super::law::{Aim, Test, Truth};
use super::{Claim, Comparison, Endpoint, Rounding, Scale, Size, treated};
use crate::stats::exact::{self, Unconditional};
use crate::stats::proportion::ProportionTest;
use crate::stats::{Refusal, normal};

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

    /// The probability that an exact test of a rate rejects towards `way`; units in parts are not had.
    pub(super) fn exact_power(&self, truth: &Truth, way: f64, control: f64, treatment: f64) -> Result<f64, Refusal> {
        let arms = self.exact_arms(truth, way, control, treatment)?;
        match arms {
            ExactArms::Fisher { control, treatment } => {
                let found = exact::fisher(control, treatment, self.alpha, self.sides)?;
                Ok(if 0.0 < way { found.up } else { found.down })
            }
            ExactArms::Unconditional { control, treatment, null } => {
                Unconditional::new(control.0, treatment.0, null, self.tail)?.power(control.1, treatment.1)
            }
        }
    }

    /// Whether [`Test::exact_power`] is at least `power`, sooner told than how large it is.
    fn exact_reaches(&self, truth: &Truth, power: f64, control: f64, treatment: f64) -> Result<bool, Refusal> {
        let Aim::Beyond { sign, .. } = truth.aim else { return Ok(false) };
        match self.exact_arms(truth, sign, control, treatment)? {
            ExactArms::Fisher { .. } => Ok(power <= self.exact_power(truth, sign, control, treatment)?),
            ExactArms::Unconditional { control, treatment, null } => {
                Unconditional::reaches(control, treatment, null, self.tail, power)
            }
        }
    }

    fn exact_arms(&self, truth: &Truth, way: f64, control: f64, treatment: f64) -> Result<ExactArms, Refusal> {
        let (Endpoint::Proportion { baseline, test }, Aim::Beyond { null, .. }) = (self.endpoint, truth.aim) else {
            return Err(Refusal::NotOffered { test: "an exact test", with: "two margins", instead: SCORE_TEST });
        };
        let rate = treated(baseline, truth.effect, self.scale);
        let (control, treatment) = (whole(control)?, whole(treatment)?);
        if test == ProportionTest::FisherExact {
            return Ok(ExactArms::Fisher { control: (control, baseline), treatment: (treatment, rate) });
        }
        // Downwards is upwards with events and non-events swapped.
        let turned = |p: f64| if 0.0 < way { p } else { 1.0 - p };
        let (control, treatment) = ((control, turned(baseline)), (treatment, turned(rate)));
        Ok(ExactArms::Unconditional { control, treatment, null: way * null })
    }
}

/// Units and true rates of the arms of an exact test.
enum ExactArms {
    Fisher { control: (u32, f64), treatment: (u32, f64) },
    Unconditional { control: (u32, f64), treatment: (u32, f64), null: f64 },
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
    /// The treatment arm has the share `r/(1+r)` of the total, rounded to the nearest unit. The critical count lies at
    /// most one unit off its smooth course, so that no total falls short that is beyond the last one that does by what
    /// one unit is worth: `2 N / (sqrt(N p q) (z_a + z_b))`. The search goes that far.
    pub(super) fn exact_size(&self, test: &Test, truth: &Truth, power: f64) -> Result<Size, Refusal> {
        let Endpoint::Proportion { baseline, test: kind } = self.endpoint else {
            return Err(Refusal::NotOffered { test: "an exact test", with: "means", instead: "a t test" });
        };
        let like = match kind {
            ProportionTest::FisherExact => ProportionTest::ContinuityCorrected,
            _ => ProportionTest::Pooled,
        };
        let near = Endpoint::Proportion { baseline, test: like };
        let start = Comparison { endpoint: near, ..*self }.required(power)?;
        let share = self.allocation / (1.0 + self.allocation);
        let arms = |total: f64| {
            let treatment = (total * share + 0.5).floor();
            (total - treatment, treatment)
        };
        let reaches = |total: f64| {
            let (control, treatment) = arms(total);
            let most = control.max(treatment);
            if f64::from(exact::MOST_UNITS) < most {
                return Err(Refusal::TooManyForExact { units: most });
            }
            if control < 1.0 || treatment < 1.0 {
                return Ok(false);
            }
            test.exact_reaches(truth, power, control, treatment)
        };
        let mut total = (start.control + start.treatment).ceil();
        let rate = 0.5 * (baseline + treated(baseline, truth.effect, self.scale));
        let spread = libm::sqrt(rate * (1.0 - rate)) * (test.z_tail + normal::quantile(power));
        let tooth = |total: f64| (2.0 * libm::sqrt(total) / spread).clamp(8.0, 4000.0);
        // Steps of half a tooth down to a total that falls short; single steps up from there.
        while 2.0 < total && reaches(total)? {
            total = (total - (0.5 * tooth(total)).ceil()).max(2.0);
        }
        let mut answer = total;
        let mut held = 0.0;
        while held < tooth(answer) {
            if reaches(total)? {
                held += 1.0;
            } else {
                (answer, held) = (total + 1.0, 0.0);
            }
            total += 1.0;
        }
        let (control, treatment) = arms(answer);
        let power = test.power(truth, control, treatment)?;
        Ok(Size {
            control,
            treatment,
            control_units: control as u64,
            treatment_units: treatment as u64,
            power,
            rounding: Rounding::SawTooth,
        })
    }
}
