//! The law of the test statistic: power from units, units from power.

use super::contrast::{Contrast, contrast};
use super::{Endpoint, Scale, TOLERANCE};
use crate::stats::mean::{self, MeanTest};
use crate::stats::proportion::ProportionTest;
use crate::stats::{Refusal, Sides, equivalence, normal, root, student};

/// The true effect, and what is to be shown of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truth {
    pub effect: f64,
    pub aim: Aim,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// The effect lies beyond the null, towards `sign`.
    Beyond { null: f64, sign: f64 },
    /// The effect lies between two margins.
    Between { lower: f64, upper: f64 },
}

/// A test at its level.
pub(super) struct Test {
    pub endpoint: Endpoint,
    pub scale: Scale,
    pub alpha: f64,
    pub sides: Sides,
    pub tail: f64,
    pub z_tail: f64,
    pub factor: f64,
}

/// What the statistic knows of the variances.
#[derive(Clone, Copy, PartialEq)]
enum Variance {
    Known,
    /// No estimate: counts are enumerated.
    Counted,
    /// One estimate from both arms, less `lost` degrees of freedom.
    Pooled {
        lost: f64,
    },
    /// An estimate an arm; Satterthwaite's degrees of freedom at the true variances.
    Approximate,
    /// An estimate an arm; the law of both.
    Exact,
}

/// From this many units in the smaller arm Satterthwaite's approximation stands in for the exact law of Welch's test:
/// its error in power falls with the square of the units, to below 1e-10 here.
const NO_LONGER_EXACT: f64 = 1e5;

impl Test {
    fn variance(&self) -> Variance {
        match self.endpoint {
            Endpoint::Proportion { test, .. } => match test {
                ProportionTest::FisherExact | ProportionTest::ExactUnconditional => Variance::Counted,
                _ => Variance::Known,
            },
            Endpoint::Count(_) | Endpoint::TimeToEvent(_) => Variance::Known,
            Endpoint::Mean { test, .. } => match test {
                MeanTest::Z | MeanTest::UnequalZ { .. } => Variance::Known,
                MeanTest::T | MeanTest::Adjusted { .. } => {
                    Variance::Pooled { lost: -Self::pooled_degrees(self.endpoint, 0.0) }
                }
                MeanTest::Satterthwaite { .. } => Variance::Approximate,
                MeanTest::Welch { .. } => Variance::Exact,
            },
        }
    }

    pub fn contrast(&self, effect: f64, null: f64, sign: f64, allocation: f64) -> Contrast {
        contrast(self.endpoint, self.scale, (effect, null), sign, allocation)
    }

    /// The contrasts of both margins, each with its distance from the truth.
    fn margins(&self, effect: f64, lower: f64, upper: f64, allocation: f64) -> (Contrast, Contrast) {
        (self.contrast(effect, lower, 1.0, allocation), self.contrast(effect, upper, -1.0, allocation))
    }

    /// The probability to make the claim with these arms.
    pub fn power(&self, truth: &Truth, control: f64, treatment: f64) -> Result<f64, Refusal> {
        if let (true, Aim::Beyond { sign, .. }) = (self.is_exact(), truth.aim) {
            return self.exact_power(truth, sign, control, treatment);
        }
        let allocation = treatment / control;
        let (control, treatment) = (control / self.factor, treatment / self.factor);
        let power = match truth.aim {
            Aim::Beyond { null, sign } => {
                let contrast = self.contrast(truth.effect, null, sign, allocation);
                self.one_power(&contrast, control, treatment)?
            }
            Aim::Between { lower, upper } => {
                let (below, above) = self.margins(truth.effect, lower, upper, allocation);
                self.both_power(&below, &above, control, treatment)?
            }
        };
        // Sums of quadratures round.
        settled(power.min(1.0), "power")
    }

    /// What the power at these arms has more than `power`; for normal one-sided tests, times the deviation, what its
    /// quantile has more.
    pub fn surplus(&self, truth: &Truth, control: f64, treatment: f64, power: f64) -> f64 {
        if let (Aim::Beyond { null, sign }, Variance::Known) = (truth.aim, self.variance()) {
            let contrast = self.contrast(truth.effect, null, sign, treatment / control);
            let root_n = libm::sqrt(control / self.factor);
            return contrast.distance * root_n
                - contrast.correction / root_n
                - self.z_tail * contrast.assumed
                - normal::quantile(power) * contrast.truth;
        }
        self.power(truth, control, treatment).map_or(f64::NAN, |reached| reached - power)
    }

    /// Degrees of freedom of one estimate from all units: less the two means, less the covariates.
    pub fn pooled_degrees(endpoint: Endpoint, units: f64) -> f64 {
        match endpoint {
            Endpoint::Mean { test: MeanTest::Adjusted { covariates, .. }, .. } => units - 2.0 - f64::from(covariates),
            _ => units - 2.0,
        }
    }

    /// The probability to reject against the claim, of a test that looks both ways.
    pub fn wrong_power(&self, truth: &Truth, control: f64, treatment: f64) -> Result<f64, Refusal> {
        let Aim::Beyond { null, sign } = truth.aim else { return Ok(0.0) };
        if self.is_exact() {
            return self.exact_power(truth, -sign, control, treatment);
        }
        let contrast = self.contrast(truth.effect, null, sign, treatment / control);
        let away = Contrast { distance: -contrast.distance, ..contrast };
        settled(self.one_power(&away, control / self.factor, treatment / self.factor)?.min(1.0), "power")
    }

    fn one_power(&self, contrast: &Contrast, control: f64, treatment: f64) -> Result<f64, Refusal> {
        let root_n = libm::sqrt(control);
        let ncp = contrast.distance * root_n / contrast.truth;
        Ok(match self.law(contrast, control, treatment)? {
            Law::Normal => {
                let shifted = contrast.distance * root_n - contrast.correction / root_n;
                normal::cdf((shifted - self.z_tail * contrast.assumed) / contrast.truth)
            }
            Law::Student { df } => mean::t_power(self.tail, df, ncp),
            Law::Welch { in_control, in_treatment } => mean::welch_power(self.tail, in_control, in_treatment, ncp),
        })
    }

    fn both_power(&self, below: &Contrast, above: &Contrast, control: f64, treatment: f64) -> Result<f64, Refusal> {
        let root_n = libm::sqrt(control);
        let (low, high) = (-below.distance * root_n / below.truth, above.distance * root_n / above.truth);
        Ok(match self.law(below, control, treatment)? {
            Law::Normal => {
                let miss = |c: &Contrast| {
                    let shifted = c.distance * root_n - c.correction / root_n;
                    normal::sf((shifted - self.z_tail * c.assumed) / c.truth)
                };
                (1.0 - miss(below) - miss(above)).max(0.0)
            }
            Law::Student { df } => equivalence::student_power(student::upper_quantile(self.tail, df), df, low, high),
            Law::Welch { in_control, in_treatment } => {
                let df = in_control.1 + in_treatment.1 - 2.0;
                mean::welch_mean(self.tail, in_control, in_treatment, |critical| {
                    equivalence::student_power(critical, df, low, high)
                })
            }
        })
    }

    fn law(&self, contrast: &Contrast, control: f64, treatment: f64) -> Result<Law, Refusal> {
        let (in_control, in_treatment) = ((contrast.variances.0, control), (contrast.variances.1, treatment));
        let law = match self.variance() {
            Variance::Known | Variance::Counted => return Ok(Law::Normal),
            Variance::Pooled { lost } => Law::Student { df: control + treatment - lost },
            Variance::Approximate => Law::Student { df: mean::satterthwaite(in_control, in_treatment) },
            Variance::Exact if NO_LONGER_EXACT <= control.min(treatment) => {
                Law::Student { df: mean::satterthwaite(in_control, in_treatment) }
            }
            Variance::Exact => Law::Welch { in_control, in_treatment },
        };
        let enough = match (law, self.variance()) {
            (Law::Student { df }, Variance::Pooled { .. }) => 0.0 < df,
            // A variance of an arm's own needs two units, less rounding.
            _ => 2.0 - 1e-9 <= control.min(treatment),
        };
        if !enough {
            let (control, treatment) = (control * self.factor, treatment * self.factor);
            return Err(Refusal::TooFewUnits { control, treatment });
        }
        Ok(law)
    }

    /// Control units, as a real number, that reach the power.
    pub fn size(&self, truth: &Truth, allocation: f64, power: f64) -> Result<f64, Refusal> {
        match truth.aim {
            Aim::Beyond { null, sign } => {
                let contrast = self.contrast(truth.effect, null, sign, allocation);
                self.one_size(&contrast, allocation, power)
            }
            Aim::Between { lower, upper } => {
                let (below, above) = self.margins(truth.effect, lower, upper, allocation);
                // Each test alone at half the error: a size that surely suffices, and is exact halfway between.
                let half = 0.5 + 0.5 * power;
                let enough = self.one_size(&below, allocation, half)?.max(self.one_size(&above, allocation, half)?);
                let surplus = |ln_n: f64| {
                    let n = libm::exp(ln_n);
                    self.both_power(&below, &above, n, n * allocation).map_or(f64::NAN, |reached| reached - power)
                };
                let least = self.least_units(allocation);
                let start = (enough / self.factor).max(least);
                let ln_n = bracketed_size(surplus, libm::log(start), libm::log(least))
                    .ok_or(Refusal::Unsettled { what: "sample size" })?;
                settled(libm::exp(ln_n) * self.factor, "sample size")
            }
        }
    }

    /// Normal tests: `n = ((z_a s_0 + z_b s_1) / d)^2`; Fleiss 1981 for pooled rates, and
    /// Farrington and Manning 1990 for margins, share this form. A continuity correction makes it a quadratic in
    /// `sqrt n`.
    fn one_size(&self, contrast: &Contrast, allocation: f64, power: f64) -> Result<f64, Refusal> {
        let z_power = normal::quantile(power);
        let needed = self.z_tail * contrast.assumed + z_power * contrast.truth;
        if needed <= 0.0 {
            return Err(Refusal::PowerTooLow { power, alpha: self.tail });
        }
        let corrected = needed * needed + 4.0 * contrast.distance * contrast.correction;
        let ratio = 0.5 * (needed + libm::sqrt(corrected)) / contrast.distance;
        // An absurdly large effect underflows; a size stays above 0.
        let normal = (ratio * ratio).max(1e-300);
        if self.variance() == Variance::Known || 1e15 < normal {
            return settled(normal * self.factor, "sample size");
        }
        let least = self.least_units(allocation);
        // Guenther 1981: the t test needs about z_a^2 / 2 units more in all, and some for df to exist.
        let start = (normal + self.z_tail * self.z_tail / (2.0 * (1.0 + allocation))).max(least);
        let surplus = |ln_n: f64| {
            let n = libm::exp(ln_n);
            self.one_power(contrast, n, n * allocation).map_or(f64::NAN, |reached| reached - power)
        };
        if start <= least && 0.0 <= surplus(libm::log(least)) {
            return Ok(least * self.factor);
        }
        // Along ln n the power rises by half the noncentrality times the density at its quantile.
        let slope = 0.5 * (self.z_tail + z_power) * normal::pdf(z_power);
        if let Some(ln_n) = root::secant(surplus, libm::log(start), slope, TOLERANCE)
            && libm::log(least) <= ln_n
        {
            return Ok(libm::exp(ln_n) * self.factor);
        }
        let ln_n = bracketed_size(surplus, libm::log(start), libm::log(least))
            .ok_or(Refusal::Unsettled { what: "sample size" })?;
        Ok(libm::exp(ln_n) * self.factor)
    }

    /// Control units below which there is nothing to search: a whole degree of freedom, and two units for a variance of
    /// an arm's own.
    fn least_units(&self, allocation: f64) -> f64 {
        match self.variance() {
            Variance::Known | Variance::Counted => 1e-300,
            Variance::Pooled { lost } => ((lost + 1.0) / (1.0 + allocation)).max(1.01),
            Variance::Approximate | Variance::Exact => 2.0 / allocation.min(1.0),
        }
    }

    /// The distance between truth and null that a test of means covers with these units, with the variances at the
    /// true `effect`.
    pub fn mean_distance(&self, control: f64, allocation: f64, effect: f64, power: f64) -> Result<f64, Refusal> {
        let contrast = self.contrast(effect, effect, 1.0, allocation);
        let error = contrast.truth / libm::sqrt(control / self.factor);
        let (control, treatment) = (control / self.factor, control * allocation / self.factor);
        let z_power = normal::quantile(power);
        let law = self.law(&contrast, control, treatment)?;
        let tail = self.tail;
        let ncp = match law {
            Law::Normal => Some(self.z_tail + z_power),
            Law::Student { df } if 1e15 < df => Some(self.z_tail + z_power),
            Law::Student { df } => {
                let critical = student::upper_quantile(tail, df);
                noncentrality(|ncp| mean::t_power_at(critical, df, ncp), critical, tail, power)
            }
            Law::Welch { in_control, in_treatment } => {
                noncentrality(|ncp| mean::welch_power(tail, in_control, in_treatment, ncp), self.z_tail, tail, power)
            }
        };
        let ncp = ncp.ok_or(Refusal::Unsettled { what: "detectable effect" })?;
        settled(ncp * error, "detectable effect")
    }
}

/// The law of one statistic at given arms.
#[derive(Clone, Copy)]
enum Law {
    Normal,
    Student { df: f64 },
    Welch { in_control: (f64, f64), in_treatment: (f64, f64) },
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
    while least < high.0 {
        let x = (high.0 - step).max(least);
        let value = surplus(x);
        if value.is_nan() {
            return None;
        }
        if value <= 0.0 {
            let tolerance = TOLERANCE / (1.0 + start.abs());
            return root::brent_from(surplus, (x, value), high, tolerance);
        }
        high = (x, value);
        step *= 2.0;
    }
    Some(least)
}

/// The noncentrality at which a test with estimated variances has the power; `tail` is its power at 0.
fn noncentrality(power_at: impl Fn(f64) -> f64, critical: f64, tail: f64, power: f64) -> Option<f64> {
    let z_power = normal::quantile(power);
    let surplus = |ncp: f64| power_at(ncp) - power;
    let start = critical + z_power;
    if let Some(ncp) = root::secant(surplus, start, normal::pdf(z_power), TOLERANCE)
        && 0.0 < ncp
    {
        return Some(ncp);
    }
    let start = start.max(0.1);
    let (low, high) = root::bracket_upwards(surplus, start, start * 0.01)
        .filter(|(low, _)| low.1 < 0.0)
        .unwrap_or(((0.0, tail - power), (start, surplus(start))));
    root::brent_from(surplus, low, high, TOLERANCE)
}
