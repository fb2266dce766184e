//! Critical values and posterior rules, and what the plan's mathematics expects of them.

use crate::plan::{Look, Memo, Plan, PlannedDesign, Sizing, looks};
use crate::spec::{Correction, EffectScale, GuardrailsAt, Method, Role, Sides, Spec};
use crate::stats::comparison::Endpoint;
use crate::stats::proportion::ProportionTest;
use crate::stats::sequential::Monitoring;
use crate::stats::{self, normal};
use crate::syntax::At;

use super::super::report::Expected;
use super::{Rule, Stepping, Unsimulable, refuse};

/// The critical values of each step of the correction at each look.
pub(super) fn bounds(design: &PlannedDesign, fractions: &[f64]) -> Result<Rule, Unsimulable> {
    let claims = design.claims.max(1);
    let by_step = || (1..=claims).rev().map(|left| design.alpha.value / left as f64).collect();
    let (alphas, stepping): (Vec<f64>, Stepping) = match design.correction.value {
        Correction::Holm => (by_step(), Stepping::Down),
        Correction::Hochberg if fractions.len() == 1 => (by_step(), Stepping::Up),
        other @ (Correction::Hochberg | Correction::Hommel) if 1 < claims => {
            let looks = if fractions.len() == 1 { "" } else { " over several looks" };
            return refuse(format!("the correction `{other}`{looks} is not simulated by this version"));
        }
        Correction::FixedSequence => (vec![design.alpha_per_claim], Stepping::Sequence),
        _ => (vec![design.alpha_per_claim], Stepping::Single),
    };
    let of = |alpha: f64| {
        if design.method.value == Method::Fixed {
            let tail = stats::Sides::from(design.sides.value).tail(alpha);
            return Ok(vec![normal::upper_quantile(tail); fractions.len()]);
        }
        let bounds: Vec<f64> = at_fractions(design, alpha, fractions).iter().map(|look| look.z).collect();
        if bounds.len() == fractions.len() { Ok(bounds) } else { refuse("its looks have no bounds") }
    };
    Ok(Rule::Bounds { steps: alphas.into_iter().map(of).collect::<Result<_, _>>()?, stepping })
}

/// The bounds of guardrails that are tested at every look, one-sided by the same spending.
pub(super) fn guard_looks(design: &PlannedDesign, fractions: &[f64]) -> Option<Vec<f64>> {
    let looks = matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid);
    if !looks || design.guardrails_at.value != GuardrailsAt::Looks {
        return None;
    }
    let mut one_sided = design.clone();
    one_sided.sides.value = Sides::One;
    Some(at_fractions(&one_sided, design.alpha.value, fractions).iter().map(|look| look.z).collect())
}

/// The plan's own bounds, at the information that the calendar gives the looks.
fn at_fractions(design: &PlannedDesign, alpha: f64, fractions: &[f64]) -> Vec<Look> {
    let span = design.looks.first().map_or(crate::text::Span::file_start(crate::text::FileId(0)), |look| look.span);
    let on_days = fractions.iter().map(|&value| At { value, span }).collect();
    looks(&PlannedDesign { looks: on_days, alpha_per_claim: alpha, ..design.clone() }, &Memo::default())
}

/// What the plan's mathematics says of the tests alone.
pub(super) struct ExpectedPower<'a> {
    plan: &'a Plan,
    design: &'a PlannedDesign,
    /// The bounds at the calendar's looks, for a sequential design.
    monitoring: Option<Monitoring>,
    bayesian: bool,
}

impl<'a> ExpectedPower<'a> {
    pub fn new(plan: &'a Plan, fractions: &[f64], rule: &Rule) -> Self {
        let design = &plan.design;
        let monitoring = match rule {
            Rule::Bounds { steps, .. } if design.method.value != Method::Fixed => {
                let sides = design.sides.value.into();
                steps
                    .first()
                    .and_then(|first| Monitoring::bounded(fractions, first, design.alpha_per_claim, sides).ok())
            }
            _ => None,
        };
        Self { plan, design, monitoring, bayesian: matches!(rule, Rule::Posterior { .. }) }
    }

    /// Power of one claim: the plan's own for one look; by the recursion at the calendar's looks for more.
    /// `before` claims stand before it in the order of the spec.
    pub fn of(&self, sizing: &Sizing, before: usize) -> Option<Expected> {
        if !is_drawn_as_sized(self.plan, sizing) {
            return None;
        }
        let power = match &self.monitoring {
            None => sizing.power,
            Some(monitoring) => {
                let inflation = sizing.factors.inflation;
                let once = crate::stats::comparison::Comparison {
                    size_factor: sizing.comparison.size_factor / inflation,
                    ..sizing.comparison
                };
                let power = once.power(sizing.control).ok()?;
                let tail = stats::Sides::from(self.design.sides.value).tail(sizing.comparison.alpha);
                let drift = normal::quantile(power) + normal::upper_quantile(tail);
                if 30.0 < drift || !drift.is_finite() {
                    return Some(Expected::Value(1.0));
                }
                monitoring.power(drift).ok()?
            }
        };
        Some(match self.design.correction.value {
            Correction::Holm | Correction::Hochberg if 1 < self.design.claims => Expected::AtLeast(power),
            Correction::FixedSequence if 0 < before => Expected::AtMost(power),
            _ => Expected::Value(power),
        })
    }

    /// The probability of any claim without an effect.
    pub fn errors(&self, claims: usize) -> Option<Expected> {
        if self.bayesian || claims == 0 {
            return None;
        }
        let one = self.monitoring.as_ref().map_or(self.design.alpha_per_claim, Monitoring::type_one_error);
        Some(match (claims, self.design.correction.value) {
            (1, _) => Expected::Value(one),
            (_, Correction::None) => Expected::AtMost((one * claims as f64).min(1.0)),
            _ => Expected::AtMost(self.design.alpha.value),
        })
    }
}

/// The Bayesian rule.
pub(super) fn posterior(plan: &Plan, spec: &Spec, notes: &mut Vec<String>) -> Result<Rule, Unsimulable> {
    let Some(bayes) = &plan.design.bayes else { return refuse("it lacks the `bayes` table of its Bayesian design") };
    let Some(win) = &bayes.win_probability else { return refuse("it lacks a readable `bayes.win_probability`") };
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
        None => {
            notes.push("No prior is known: a flat one is taken.".to_owned());
            0.0
        }
    };
    if let Some(zero) = plan.metrics_of(Role::Primary).find(|m| m.baseline.as_ref().is_none_or(|b| b.value == 0.0)) {
        return refuse(format!("the prior is relative, and the baseline of `{}` is 0 or not known", zero.name));
    }
    let most_loss = bayes.max_expected_loss.as_ref().map(|loss| loss.value);
    Ok(Rule::Posterior { prior_mean: bayes.prior_mean.value, prior_precision, win: win.value, most_loss })
}
/// True where the test that is simulated is the one that the size was computed for.
pub(super) fn is_drawn_as_sized(plan: &Plan, sizing: &Sizing) -> bool {
    let test = match sizing.comparison.endpoint {
        Endpoint::Proportion { test, .. } => matches!(test, ProportionTest::Pooled | ProportionTest::Unpooled),
        Endpoint::Mean { .. } => true,
        _ => false,
    };
    test && plan.design.scale.value == EffectScale::Difference && sizing.exact == sizing.comparison
}
