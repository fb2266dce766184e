//! Where an answer leans on an approximation outside the range in which it was found good.

use super::law::Test;
use super::{Claim, Comparison, Endpoint, Scale, treated};
use crate::stats::lift::NOISY;
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;
use crate::stats::{Refusal, positive};
use std::fmt;

/// Fewer expected events or non-events in an arm than this, and a normal test of rates keeps neither its alpha nor its
/// power (Cochran 1954 asks for 5 of each, Fleiss 1981 the same; 10 leaves a margin for skewed rates).
pub const FEWEST_EVENTS: f64 = 10.0;

/// Below this many degrees of freedom a t test leans on normal outcomes; the usual rule of thumb of 30 units.
pub const FEWEST_DEGREES: f64 = 30.0;

/// Units an arm, over the squared skewness of the outcome, from which the normal law of a mean can be relied on
/// (Kohavi, Deng, Longbotham and Xu 2014).
pub const UNITS_PER_SQUARED_SKEWNESS: f64 = 355.0;

/// Why an answer may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Caution {
    /// An arm expects so few events that the normal test is off.
    FewEvents { arm: Arm, expected: f64 },
    /// An arm expects so few units without the event that the normal test is off.
    FewNonEvents { arm: Arm, expected: f64 },
    /// The control mean of a lift has this relative error: the delta method is off.
    NoisyDenominator { relative_error: f64 },
    /// A test of means with few degrees of freedom holds for normal outcomes only.
    FewDegrees { degrees: f64 },
    /// Satterthwaite's approximation of the power of Welch's test is off by about so much.
    Satterthwaite { error: f64 },
    /// Fewer than ten times the units from which an interval of the quantile exists.
    FewBeyondQuantile { units: f64, wanted: f64 },
}

/// One of the two arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    Control,
    Treatment,
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control",
            Self::Treatment => "treatment",
        })
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewEvents { arm, expected } => {
                write!(
                    f,
                    "{arm} expects {expected:.1} events, and below {FEWEST_EVENTS} the normal test is off: use an exact test"
                )
            }
            Self::FewNonEvents { arm, expected } => write!(
                f,
                "{arm} expects {expected:.1} units without the event, and below {FEWEST_EVENTS} the normal test is off: use an exact test"
            ),
            Self::NoisyDenominator { relative_error } => write!(
                f,
                "the control mean has a relative error of {relative_error:.2}, and above {NOISY} the variance of a lift is off: compare differences"
            ),
            Self::FewDegrees { degrees } => write!(
                f,
                "{degrees:.0} degrees of freedom are few: the power holds for normal outcomes, and a skewed one needs {UNITS_PER_SQUARED_SKEWNESS} times its squared skewness in each variant"
            ),
            Self::Satterthwaite { error } => {
                write!(f, "the approximate power of Welch's test is off by up to {error:.4} here: use the exact one")
            }
            Self::FewBeyondQuantile { units, wanted } => {
                write!(f, "{units:.0} units are fewer than the {wanted:.0} that the quantile's interval wants")
            }
        }
    }
}

impl Comparison {
    /// What the answers lean on with `n_control` control units; empty where the approximations are good.
    ///
    /// ```
    /// use expc::stats::comparison::{Caution, Claim, Comparison, Endpoint, Scale};
    /// use expc::stats::{Sides, proportion::ProportionTest};
    ///
    /// let rare = Comparison {
    ///     endpoint: Endpoint::Proportion { baseline: 0.001, test: ProportionTest::Pooled },
    ///     claim: Claim::Superiority { effect: 0.001 },
    ///     scale: Scale::Difference,
    ///     alpha: 0.05,
    ///     sides: Sides::Two,
    ///     allocation: 1.0,
    ///     size_factor: 1.0,
    /// };
    /// assert!(matches!(rare.cautions(6000.0)?[..], [Caution::FewEvents { .. }]));
    /// assert!(rare.cautions(60_000.0)?.is_empty());
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn cautions(&self, n_control: f64) -> Result<Vec<Caution>, Refusal> {
        self.test()?;
        let control = positive("number of control units", n_control)?;
        let effect = match self.claim {
            Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } => effect,
            Claim::NonInferiority { true_effect, .. } | Claim::Equivalence { true_effect, .. } => true_effect,
        };
        let mut found = Vec::new();
        match self.endpoint {
            Endpoint::Proportion { test: ProportionTest::FisherExact | ProportionTest::ExactUnconditional, .. } => {}
            Endpoint::Proportion { baseline, .. } => {
                let arms = [
                    (Arm::Control, control, baseline),
                    (Arm::Treatment, control * self.allocation, treated(baseline, effect, self.scale)),
                ];
                for (arm, units, rate) in arms {
                    let (events, others) = (units * rate, units * (1.0 - rate));
                    if events < FEWEST_EVENTS {
                        found.push(Caution::FewEvents { arm, expected: events });
                    }
                    if others < FEWEST_EVENTS {
                        found.push(Caution::FewNonEvents { arm, expected: others });
                    }
                }
                if self.scale == Scale::Lift {
                    let error = libm::sqrt((1.0 - baseline) / baseline / (control / self.size_factor));
                    noisy(error, &mut found);
                }
            }
            Endpoint::Mean { baseline, sd, test: mean_test } => {
                let (control, treatment) = (control / self.size_factor, control * self.allocation / self.size_factor);
                let degrees = match mean_test {
                    MeanTest::Z | MeanTest::UnequalZ { .. } => control + treatment - 2.0,
                    MeanTest::T | MeanTest::Adjusted { .. } => Test::pooled_degrees(self.endpoint, control + treatment),
                    MeanTest::Welch { .. } | MeanTest::Satterthwaite { .. } => control.min(treatment) - 1.0,
                };
                if degrees < FEWEST_DEGREES {
                    found.push(Caution::FewDegrees { degrees });
                }
                if let MeanTest::Satterthwaite { .. } = mean_test {
                    let error = satterthwaite_error(control.min(treatment));
                    if 1e-3 < error {
                        found.push(Caution::Satterthwaite { error });
                    }
                }
                if self.scale == Scale::Lift {
                    noisy(sd / baseline / libm::sqrt(control), &mut found);
                }
            }
            Endpoint::Count(rates) => {
                let treatment = treated(rates.control, effect, self.scale);
                let events = [control * rates.control, control * self.allocation * treatment];
                few_events(events.map(|units| units * rates.exposure), &mut found);
            }
            Endpoint::TimeToEvent(hazards) => {
                let treatment = treated(hazards.control, effect, self.scale);
                let share = |hazard: f64| hazards.watched.share(hazard);
                few_events(
                    [control * share(hazards.control), control * self.allocation * share(treatment)],
                    &mut found,
                );
            }
        }
        Ok(found)
    }
}

/// Events expected in control and in treatment.
fn few_events(events: [f64; 2], found: &mut Vec<Caution>) {
    for (arm, expected) in [Arm::Control, Arm::Treatment].into_iter().zip(events) {
        if expected < FEWEST_EVENTS {
            found.push(Caution::FewEvents { arm, expected });
        }
    }
}

fn noisy(relative_error: f64, found: &mut Vec<Caution>) {
    if NOISY < relative_error {
        found.push(Caution::NoisyDenominator { relative_error });
    }
}

/// Bound on the error of Satterthwaite's approximation with `units` in the smaller arm, against the exact power at
/// tails of 0.005 to 0.05, variances within a factor of 16 and arms within one of 10: 0.062 at 5 units, 0.0026 at 20.
fn satterthwaite_error(units: f64) -> f64 {
    (2.0 / (units * units)).min(1.0)
}
