//! Critical values and posterior rules, and what the plan's mathematics expects of them.

use crate::plan::{Look, Memo, Plan, PlannedDesign, Sizing, looks};
use crate::spec::{Correction, GuardrailsAt, Method, Role, Sides, Spec};
use crate::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use crate::stats::proportion::ProportionTest;
use crate::stats::sequential::Monitoring;
use crate::stats::{self, normal};
use crate::syntax::At;

use super::super::report::Expected;
use super::{Aim, Bound, ExpectedCourse, Rule, Stepping, Unsimulable, refuse};
use crate::simulate::model;

/// The bounds of each step of the correction at each look.
pub(super) fn bounds(design: &PlannedDesign, fractions: &[f64]) -> Result<Rule, Unsimulable> {
    let claims = design.claims.max(1);
    let by_step = || (1..=claims).rev().map(|left| design.alpha.value / left as f64).collect();
    let one_look = fractions.len() == 1;
    let (alphas, stepping): (Vec<f64>, Stepping) = match design.correction.value {
        Correction::Hochberg if one_look => (by_step(), Stepping::Up),
        Correction::Hommel if one_look && 1 < claims => (vec![design.alpha.value], Stepping::Closed),
        Correction::Holm | Correction::Hochberg | Correction::Hommel => (by_step(), Stepping::Down),
        Correction::FixedSequence => (vec![design.alpha_per_claim], Stepping::Sequence),
        _ => (vec![design.alpha_per_claim], Stepping::Single),
    };
    let of = |alpha: f64| -> Result<Vec<Bound>, Unsimulable> {
        if design.method.value == Method::Fixed {
            let z = |sides: Sides| normal::upper_quantile(stats::Sides::from(sides).tail(alpha));
            let bound = Bound { z: z(design.sides.value), one_sided: z(Sides::One), futility: [f64::NEG_INFINITY; 2] };
            return Ok(vec![bound; fractions.len()]);
        }
        let own = at_fractions(design, alpha, fractions, design.sides.value);
        let one = at_fractions(design, alpha, fractions, Sides::One);
        if own.len() != fractions.len() || one.len() != fractions.len() {
            return refuse("its looks have no bounds");
        }
        // The last look ends all hope by itself.
        let hope = |look: &Look| match look.futility {
            Some(z) if look.information < 1.0 => z,
            _ => f64::NEG_INFINITY,
        };
        let both = own.iter().zip(&one);
        Ok(both.map(|(own, one)| Bound { z: own.z, one_sided: one.z, futility: [hope(own), hope(one)] }).collect())
    };
    Ok(Rule::Bounds { steps: alphas.into_iter().map(of).collect::<Result<_, _>>()?, stepping })
}

/// The bounds of guardrails that are tested at every look, one-sided by the same spending.
pub(super) fn guard_looks(design: &PlannedDesign, fractions: &[f64]) -> Option<Vec<f64>> {
    let looks = matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid);
    if !looks || design.guardrails_at.value != GuardrailsAt::Looks {
        return None;
    }
    let mut alone = design.clone();
    alone.futility = None;
    Some(at_fractions(&alone, design.alpha.value, fractions, Sides::One).iter().map(|look| look.z).collect())
}

/// The plan's own bounds, at the information that the calendar gives the looks.
fn at_fractions(design: &PlannedDesign, alpha: f64, fractions: &[f64], sides: Sides) -> Vec<Look> {
    let span = design.looks.first().map_or(crate::text::Span::file_start(crate::text::FileId(0)), |look| look.span);
    let on_days = fractions.iter().map(|&value| At { value, span }).collect();
    let mut design = PlannedDesign { looks: on_days, alpha_per_claim: alpha, ..design.clone() };
    design.sides.value = sides;
    looks(&design, &Memo::default())
}

/// What the plan's mathematics says of the tests alone.
pub(super) struct ExpectedPower<'a> {
    design: &'a PlannedDesign,
    /// The bounds at the calendar's looks, for a sequential design: of superiority, and of claims about a margin.
    monitoring: Option<[Monitoring; 2]>,
    bayesian: bool,
}

impl<'a> ExpectedPower<'a> {
    pub fn new(plan: &'a Plan, fractions: &[f64], rule: &Rule) -> Self {
        let design = &plan.design;
        let monitoring = match rule {
            Rule::Bounds { steps, .. } if design.method.value != Method::Fixed => {
                steps.first().and_then(|first| monitoring(design, fractions, first))
            }
            _ => None,
        };
        Self { design, monitoring, bayesian: matches!(rule, Rule::Posterior { .. }) }
    }

    fn looks_of(&self, sizing: &Sizing) -> Option<&Monitoring> {
        let [own, one_sided] = self.monitoring.as_ref()?;
        Some(if matches!(sizing.comparison.claim, Claim::Superiority { .. }) { own } else { one_sided })
    }

    /// Bounds for futility count where they are binding.
    fn type_one_error(&self, monitoring: &Monitoring) -> Option<f64> {
        match &self.design.futility {
            Some(futility) if futility.binding.value => monitoring.power(0.0).ok(),
            _ => Some(monitoring.type_one_error()),
        }
    }

    /// The mean of the last statistic when the claim is true as it was planned.
    fn drift(&self, sizing: &Sizing) -> Option<f64> {
        let inflation = sizing.factors.inflation;
        let once = Comparison { size_factor: sizing.exact.size_factor / inflation, ..sizing.exact };
        let power = once.power(sizing.control).ok()?;
        Some(normal::quantile(power) + normal::upper_quantile(once.sides.tail(once.alpha)))
    }

    /// Power of one claim: the plan's own for one look; by the recursion at the calendar's looks for more.
    /// `before` claims stand before it in the order of the spec.
    pub fn of(&self, sizing: &Sizing, before: usize) -> Option<Expected> {
        if !is_drawn_as_sized(sizing) {
            return None;
        }
        let power = match self.looks_of(sizing) {
            None if self.design.method.value == Method::Fixed || self.bayesian => sizing.power,
            None => return None,
            // Two tests that must both reject have no drift.
            Some(_) if matches!(sizing.comparison.claim, Claim::Equivalence { .. }) => return None,
            Some(monitoring) => {
                let drift = self.drift(sizing)?;
                if 30.0 < drift || !drift.is_finite() {
                    return Some(Expected::Value(1.0));
                }
                monitoring.power(drift).ok()?
            }
        };
        Some(match self.design.correction.value {
            Correction::Holm | Correction::Hochberg | Correction::Hommel if 1 < self.design.claims => {
                Expected::AtLeast(power)
            }
            Correction::FixedSequence if 0 < before => Expected::AtMost(power),
            _ => Expected::Value(power),
        })
    }

    /// The probability of a claim about a margin where the margin is the truth.
    pub fn error(&self, sizing: &Sizing, before: usize) -> Option<Expected> {
        if self.bayesian || !is_drawn_as_sized(sizing) {
            return None;
        }
        let alpha = match self.looks_of(sizing) {
            None => sizing.comparison.alpha,
            Some(monitoring) => self.type_one_error(monitoring)?,
        };
        let single =
            matches!(self.design.correction.value, Correction::Holm | Correction::Hochberg | Correction::Hommel);
        Some(match sizing.comparison.claim {
            // Steps may leave a claim more than its own alpha.
            _ if single && 1 < self.design.claims => Expected::AtMost(self.design.alpha.value),
            // The other of the two tests may fail.
            Claim::Equivalence { .. } => Expected::AtMost(alpha),
            _ if 0 < before && self.design.correction.value == Correction::FixedSequence => Expected::AtMost(alpha),
            _ => Expected::Value(alpha),
        })
    }

    /// The mean size of a significant estimate over the effect, of one look without steps.
    pub fn exaggeration(&self, sizing: &Sizing) -> Option<f64> {
        let single =
            matches!(self.design.correction.value, Correction::Holm | Correction::Hochberg | Correction::Hommel)
                || self.design.correction.value == Correction::FixedSequence;
        let fixed = self.design.method.value == Method::Fixed && (!single || self.design.claims <= 1);
        let superiority = matches!(sizing.comparison.claim, Claim::Superiority { .. });
        // The estimate is the statistic times its error only where the test is of the estimate itself.
        let of_estimate = match sizing.exact.endpoint {
            Endpoint::Proportion { test, .. } => matches!(test, ProportionTest::Pooled | ProportionTest::Unpooled),
            Endpoint::Mean { .. } => true,
            Endpoint::Count(_) | Endpoint::TimeToEvent(_) => false,
        };
        let fits = fixed && superiority && of_estimate && sizing.exact.scale == Scale::Difference;
        fits.then(|| sizing.exaggeration()).flatten().map(|found| found.magnitude)
    }

    /// The probability of any claim without an effect.
    pub fn errors(&self, claims: &[model::Claim]) -> Option<Expected> {
        // A claim about a margin may well hold without an effect.
        let superior = claims.iter().all(|claim| claim.aim == Aim::Beyond { null: 0.0 });
        if self.bayesian || claims.is_empty() || !superior {
            return None;
        }
        let one = match &self.monitoring {
            None => self.design.alpha_per_claim,
            Some([own, _]) => self.type_one_error(own)?,
        };
        Some(match (claims.len(), self.design.correction.value) {
            (1, _) => Expected::Value(one),
            (count, Correction::None) => Expected::AtMost((one * count as f64).min(1.0)),
            _ => Expected::AtMost(self.design.alpha.value),
        })
    }

    /// Where the test of a single claim ends on average, when the effect is `truth` times the planned one. `looks` are
    /// the expected units and the day of each look.
    pub fn course(&self, sizing: &Sizing, truth: f64, looks: &[(f64, f64)]) -> Option<ExpectedCourse> {
        let monitoring = self.looks_of(sizing)?;
        let superiority = matches!(sizing.comparison.claim, Claim::Superiority { .. });
        if !superiority || !is_drawn_as_sized(sizing) || looks.len() != monitoring.fractions().len() {
            return None;
        }
        let drift = self.drift(sizing)? * truth;
        if 30.0 < drift || !drift.is_finite() {
            return None;
        }
        let crossing = monitoring.crossing(drift).ok()?;
        let (last, before) = looks.split_last()?;
        let mut course = ExpectedCourse { units: last.0, days: last.1, futile: 0.0 };
        for ((units, day), (up, down)) in before.iter().zip(crossing.upper.iter().zip(&crossing.lower)) {
            course.units -= (up + down) * (last.0 - units);
            course.days -= (up + down) * (last.1 - day);
            course.futile += down;
        }
        Some(course)
    }
}

/// The bounds of one step as the recursion has them.
fn monitoring(design: &PlannedDesign, fractions: &[f64], step: &[Bound]) -> Option<[Monitoring; 2]> {
    let alpha = design.alpha_per_claim;
    let of = |z: Vec<f64>, futility: Vec<f64>, sides: stats::Sides| {
        if futility.iter().all(|bound| *bound == f64::NEG_INFINITY) {
            return Monitoring::bounded(fractions, &z, alpha, sides).ok();
        }
        Monitoring::between(fractions, &futility, &z, sides.tail(alpha)).ok()
    };
    let futility = |place: usize| step.iter().map(|bound| bound.futility[place]).collect();
    let own = of(step.iter().map(|bound| bound.z).collect(), futility(0), design.sides.value.into())?;
    let one_sided = of(step.iter().map(|bound| bound.one_sided).collect(), futility(1), stats::Sides::One)?;
    Some([own, one_sided])
}

/// The Bayesian rule.
pub(super) fn posterior(plan: &Plan, spec: &Spec) -> Result<Rule, Unsimulable> {
    let Some(bayes) = &plan.design.bayes else { return refuse("it lacks the `bayes` table of its Bayesian design") };
    let win = bayes.win_probability.as_ref().map(|win| win.value);
    if win.is_none() && (bayes.max_expected_loss.is_none() || bayes.rope.is_some()) {
        return refuse("it lacks a readable `bayes.win_probability`");
    }
    let written = spec.design.value().and_then(|design| design.bayes.value());
    for (name, known, field) in [
        ("prior_sd", bayes.prior_sd.is_some(), written.map(|written| &written.prior_sd)),
        ("max_expected_loss", bayes.max_expected_loss.is_some(), written.map(|written| &written.max_expected_loss)),
    ] {
        if !known && field.is_some_and(|field| !field.is_absent()) {
            return refuse(format!("`bayes.{name}` is not a percentage of the baseline"));
        }
    }
    let prior_precision = match bayes.prior_sd.as_ref().map(|sd| sd.value) {
        Some(sd) if 0.0 < sd => 1.0 / (sd * sd),
        Some(sd) => return refuse(format!("`bayes.prior_sd` is {sd}, and not above 0")),
        None => return refuse("it lacks a prior of its Bayesian design"),
    };
    if let Some(zero) = plan.metrics_of(Role::Primary).find(|m| m.baseline.as_ref().is_none_or(|b| b.value == 0.0)) {
        return refuse(format!("the prior is relative, and the baseline of `{}` is 0 or not known", zero.name));
    }
    let most_loss = bayes.max_expected_loss.as_ref().map(|loss| loss.value);
    let rope = bayes.rope.as_ref().map(|rope| rope.value);
    Ok(Rule::Posterior { prior_mean: bayes.prior_mean.value, prior_precision, win, most_loss, rope })
}

/// True where the test that is simulated is the one that the size was computed for.
pub(super) fn is_drawn_as_sized(sizing: &Sizing) -> bool {
    !matches!(
        sizing.comparison.endpoint,
        Endpoint::Proportion { test: ProportionTest::FisherExact | ProportionTest::ExactUnconditional, .. }
    )
}
