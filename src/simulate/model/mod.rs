//! What a run is made of: the one room here that reads a plan.
//!
//! A [`Model`] is the plan in numbers: units by segment of enrolment, laws of the metrics, days on which something
//! is checked, critical values, triggers and the decision table. New designs of the language are read here.

mod measures;
mod rules;
mod timeline;

use crate::catalog::Kind;
use crate::plan::{DecisionTable, Plan, PlannedMetric, Sized, in_unit};
use crate::spec::design::SrmAction;
use crate::spec::rollout::Harm;
use crate::spec::{EffectScale, GuardrailsAt, Method, Role, Sides, Spec, Unit};
use crate::stats::comparison::Endpoint;
use crate::stats::proportion::ProportionTest;
use crate::stats::{normal, srm};

use super::law::Law;
use super::report::Expected;
use measures::{measures, sizable};
use rules::{ExpectedPower, bounds, guard_looks, is_drawn_as_sized, posterior};
use timeline::{Timeline, arrivals};

/// A run is simulated day by day, and not for longer than this.
pub const MOST_DAYS: u32 = 1_500;

/// Why a plan cannot be simulated, as the end of "cannot be simulated: ".
#[derive(Debug, Clone, PartialEq)]
pub struct Unsimulable(pub String);

/// A plan in numbers.
#[derive(Debug)]
pub struct Model {
    pub id: String,
    /// Names of the variants, control first.
    pub arms: Vec<String>,
    pub measures: Vec<Measure>,
    pub claims: Vec<Claim>,
    pub guards: Vec<Guard>,
    /// Expected units of randomisation by segment of enrolment, then by variant.
    pub arrivals: Vec<Vec<f64>>,
    /// Units of analysis in one unit of randomisation.
    pub members: f64,
    /// Segments before this one are the ramp, which the analysis leaves out.
    pub first_analysed: usize,
    pub checks: Vec<Check>,
    pub rule: Rule,
    pub alpha: f64,
    pub one_sided: bool,
    /// Critical value of a one-sided test at the whole alpha: guardrails at gates and at the end.
    pub guard_z: f64,
    /// Critical values of the guardrails by look, where they are tested at every one.
    pub guard_looks: Option<Vec<f64>>,
    pub srm: Option<RatioCheck>,
    pub triggers: Vec<Trigger>,
    pub table: Option<DecisionTable>,
    /// The metrics that the table names, as places in `measures`, and what each claim says of them.
    pub named: Vec<Option<usize>>,
    /// What was read otherwise than it is written, in sentences.
    pub notes: Vec<String>,
    /// False-positive rate of all claims together by the tests alone.
    pub expected_errors: Option<Expected>,
    pub days: u32,
}

/// A metric that is drawn.
#[derive(Debug, Clone)]
pub struct Measure {
    pub name: String,
    pub kind: Kind,
    pub baseline: f64,
    /// Of one unit; not read for rates.
    pub sd: f64,
    /// Of one unit under treatment.
    pub sd_treatment: f64,
    pub unit: Option<String>,
    /// 1 when more is better, -1 when less is.
    pub good: f64,
    pub reduction: f64,
    pub design_effect: f64,
    pub test: MeasureTest,
}

/// How two arms are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeasureTest {
    Rate(ProportionTest),
    /// Two means of known variance.
    Known,
    /// Student's test.
    Pooled,
    /// Welch's test.
    Welch,
}

/// A primary metric against a treatment.
#[derive(Debug, Clone)]
pub struct Claim {
    pub measure: usize,
    pub arm: usize,
    /// Signed, in the metric's unit.
    pub mde: f64,
    /// Power at the MDE by the test alone.
    pub power: Option<Expected>,
}

/// A guardrail against a treatment.
#[derive(Debug, Clone)]
pub struct Guard {
    pub measure: usize,
    pub arm: usize,
    /// A size above 0, in the bad direction.
    pub margin: f64,
    /// The probability to pass without harm.
    pub power: Option<f64>,
}

/// A day on which something is looked at. Days are counted from the start, at their end.
#[derive(Debug, Clone)]
pub struct Check {
    pub day: u32,
    /// Segments that are enrolled.
    pub enrolled: usize,
    /// Segments whose outcomes are complete, by metric.
    pub mature: Vec<usize>,
    /// The stage that ends here with a gate on the guardrails.
    pub gate: Option<String>,
    pub look: Option<usize>,
    /// True when the rollback triggers are read.
    pub watched: bool,
    pub last: bool,
}

/// When a primary metric is claimed to have moved.
#[derive(Debug, Clone)]
pub enum Rule {
    /// Critical values by step of the correction, then by look. Step 0 is the first; without steps it is the only one.
    Bounds { steps: Vec<Vec<f64>>, stepping: Stepping },
    /// Posterior probabilities of the relative effect.
    Posterior { prior_mean: f64, prior_precision: f64, win: f64, most_loss: Option<f64> },
}

/// How claims that were made bear on the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepping {
    /// Not at all.
    Single,
    /// After each claim the next has one fewer beside it (Holm 1979; with looks Maurer and Bretz 2013).
    Down,
    /// The largest set whose members are all beyond the bound of its size (Hochberg 1988).
    Up,
    /// Each waits for the one before it.
    Sequence,
}

/// The sample-ratio check.
#[derive(Debug, Clone, Copy)]
pub struct RatioCheck {
    pub critical: f64,
    pub action: SrmAction,
}

/// A rollback trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    pub measure: usize,
    pub harm: Harm,
    /// A difference above 0 in the bad direction, or a level.
    pub threshold: f64,
    pub least_units: f64,
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, Unsimulable> {
    Err(Unsimulable(reason.into()))
}

impl Model {
    /// Reads a plan. Rollback triggers are read from the spec behind it.
    pub fn new(plan: &Plan, spec: &Spec) -> Result<Self, Unsimulable> {
        let mut notes = Vec::new();
        if spec.design.value().is_some_and(|design| !design.switchback.is_absent()) {
            return refuse("switchback designs are not simulated by this version");
        }
        let Some(control) = plan.control() else { return refuse("it has no control variant") };
        if plan.treatments().next().is_none() {
            return refuse("it has no treatment");
        }
        if plan.calendar.days == 0 {
            return refuse("its run has no days; add stages, or a start and an end");
        }
        let tested = |sized: &&Sized| matches!(sized.role, Role::Primary | Role::Guardrail);
        for sized in plan.sizes.iter().filter(tested) {
            sizable(plan, sized)?;
        }
        if !plan.sizes.iter().any(|sized| tested(&sized)) {
            return refuse("it has no primary metric and no guardrail");
        }
        let variants: Vec<_> = std::iter::once(control).chain(plan.treatments()).collect();
        let measures = measures(plan, spec, &mut notes)?;
        not_simulated(plan, &mut notes);
        let place = |name: &str| measures.iter().position(|measure| measure.name == name);
        let wait = |name: &str| plan.metric(name).map_or(0, wait);
        let slowest = measures.iter().map(|measure| wait(&measure.name)).max().unwrap_or(0);
        let last_day = match (&plan.calendar.start, &plan.calendar.decide) {
            (Some(start), Some(decide)) => u32::try_from(start.value.until(decide.value)).unwrap_or(0),
            _ => plan.calendar.days.saturating_add(slowest),
        };
        if MOST_DAYS < last_day.max(plan.calendar.days) {
            return refuse(format!("its run takes more than {MOST_DAYS} days"));
        }
        let timeline = Timeline::new(plan, spec, last_day)?;
        let names: Vec<u32> = measures.iter().map(|measure| wait(&measure.name)).collect();
        let triggers = triggers(plan, spec, &measures, &mut notes);
        let (checks, cuts) = timeline.checks(plan, &names, !triggers.is_empty());
        let (arrivals, first_analysed, members) = arrivals(plan, &cuts)?;
        let rule = match plan.design.method.value {
            Method::Bayesian => posterior(plan, spec, &mut notes)?,
            _ => bounds(&plan.design, &timeline.fractions)?,
        };
        let mut model = Self {
            id: plan.id.to_string(),
            arms: variants.iter().map(|variant| variant.name.clone()).collect(),
            claims: Vec::new(),
            guards: Vec::new(),
            arrivals,
            members,
            first_analysed,
            checks,
            rule,
            alpha: plan.design.alpha.value,
            one_sided: plan.design.sides.value == Sides::One,
            guard_z: normal::upper_quantile(plan.design.alpha.value),
            guard_looks: guard_looks(&plan.design, &timeline.fractions),
            srm: ratio_check(plan),
            triggers,
            table: plan.decision.clone(),
            named: Vec::new(),
            notes,
            expected_errors: None,
            days: last_day,
            measures: Vec::new(),
        };
        let expected = ExpectedPower::new(plan, &timeline.fractions, &model.rule);
        for sized in &plan.sizes {
            let (Some(metric), Some(measure)) =
                (plan.metrics.iter().find(|m| m.name == sized.metric && m.role == sized.role), place(&sized.metric))
            else {
                continue;
            };
            let Some(arm) = model.arms.iter().position(|name| *name == sized.treatment) else { continue };
            let sizing = sized.result.as_ref().ok();
            match sized.role {
                Role::Primary => {
                    let Some(effect) = metric.mde.as_ref().and_then(|mde| mde.absolute) else { continue };
                    let mde = measures[measure].good * effect.abs() * plan.exposure.dilution.value;
                    let power = sizing.and_then(|sizing| expected.of(sizing, model.claims.len()));
                    model.claims.push(Claim { measure, arm, mde, power });
                }
                Role::Secondary | Role::Monitor => {}
                Role::Guardrail => {
                    let Some(margin) = metric.margin.as_ref().and_then(|margin| margin.absolute) else { continue };
                    let margin = margin.abs() * plan.exposure.dilution.value;
                    let power = sizing.filter(|sizing| {
                        metric.true_effect.is_none() && model.guard_looks.is_none() && is_drawn_as_sized(plan, sizing)
                    });
                    model.guards.push(Guard { measure, arm, margin, power: power.map(|sizing| sizing.power) });
                }
            }
        }
        model.expected_errors = expected.errors(model.claims.len());
        model.named = plan.decision.iter().flat_map(|table| &table.named).map(|name| place(name)).collect();
        model.measures = measures;
        if plan.decision.is_none() {
            model.notes.push("No decision table is registered, so every run ends undecided.".to_owned());
        }
        if 2 < model.arms.len() {
            model.notes.push(
                "The table is read for each treatment by itself; the run ships when one of them does.".to_owned(),
            );
        }
        Ok(model)
    }

    /// The law of a metric whose mean moved by `effect`; `None` when a rate would leave (0, 1).
    pub fn law(&self, measure: usize, arm: usize, effect: f64) -> Option<Law> {
        let Measure { kind, baseline, sd, sd_treatment, reduction, design_effect, .. } = self.measures[measure];
        let sd = if arm == 0 { sd } else { sd_treatment };
        let mean = baseline + effect;
        let fits = mean.is_finite() && (!kind.is_binary() || (0.0 < mean && mean < 1.0));
        fits.then(|| Law::new(kind, mean, sd, reduction, design_effect))
    }
}

/// Days from the enrolment of a unit to its complete outcome.
fn wait(metric: &PlannedMetric) -> u32 {
    let window = metric.window.as_ref().map_or(0, |known| known.value.whole_days());
    window.saturating_add(metric.lag.as_ref().map_or(0, |known| known.value.whole_days()))
}

/// Says what is registered and takes no part in the simulation.
fn not_simulated(plan: &Plan, notes: &mut Vec<String>) {
    let design = &plan.design;
    if design.futility.is_some() {
        notes.push("Futility bounds are left out: a run without hope goes on to its end.".to_owned());
    }
    if design.scale.value == EffectScale::Lift {
        notes.push("Lifts are tested as differences, so nothing of them is compared with the plan.".to_owned());
    }
    if plan.exposure.dilution.value != 1.0 {
        notes.push("Effects are those among the analysed units, after dilution.".to_owned());
    }
    if design.bayes.as_ref().is_some_and(|bayes| bayes.rope.is_some()) {
        notes.push("The region of practical equivalence is left out.".to_owned());
    }
    for sized in &plan.sizes {
        let Ok(sizing) = &sized.result else { continue };
        let other = match sizing.comparison.endpoint {
            Endpoint::Proportion { test: ProportionTest::Pooled | ProportionTest::Unpooled, .. } => continue,
            Endpoint::Proportion { .. } => "the pooled test of two rates",
            Endpoint::Count(_) => "the t test of two means",
            _ => continue,
        };
        let note = format!("`{}` is tested by {other} in place of its own.", sized.metric);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let grouped = |sized: &Sized| sized.result.as_ref().is_ok_and(|sizing| sizing.exact != sizing.comparison);
    if plan.sizes.iter().any(grouped) {
        notes.push("Groups are drawn by their design effect, so nothing of them is compared with the plan.".to_owned());
    }
    let looks = matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid);
    let guarded = plan.metrics_of(Role::Guardrail).next().is_some();
    if looks && guarded && design.guardrails_at.value == GuardrailsAt::End {
        notes.push(
            "Guardrails are tested at the end only, so no earlier look finds them passed; \
             `guardrails_at = \"looks\"` tests them at each."
                .to_owned(),
        );
    }
}

fn ratio_check(plan: &Plan) -> Option<RatioCheck> {
    let check = &plan.design.srm;
    let arms = plan.variants.iter().filter(|variant| 0.0 < variant.fraction).count();
    let critical = srm::critical_value(check.alpha.value, arms.saturating_sub(1) as f64).ok()?;
    check.check.value.then_some(RatioCheck { critical, action: check.action.value })
}

/// The rollback triggers that have numbers.
fn triggers(plan: &Plan, spec: &Spec, measures: &[Measure], notes: &mut Vec<String>) -> Vec<Trigger> {
    let list = spec.rollout.value().and_then(|rollout| rollout.rollback.value());
    let mut triggers = Vec::new();
    for rollback in list.into_iter().flat_map(|list| list.iter()) {
        let Some(name) = rollback.metric.value() else { continue };
        let mut skip = |reason: &str| notes.push(format!("The rollback on `{name}` is left out: {reason}."));
        let Some(place) = measures.iter().position(|measure| measure.name == *name) else {
            skip("no metric of this experiment has its numbers");
            continue;
        };
        let measure = &measures[place];
        let harm = rollback.harm.copied().unwrap_or(Harm::Margin);
        let threshold = match harm {
            Harm::Margin => {
                let with_margin = plan.metrics.iter().find(|m| m.name == *name && m.margin.is_some());
                with_margin
                    .and_then(|m| m.margin.as_ref())
                    .and_then(|margin| margin.absolute)
                    .map(f64::abs)
                    .map(|margin| margin * plan.exposure.dilution.value)
            }
            Harm::Difference | Harm::Level => rollback.threshold.value().and_then(|amount| {
                let binary = measure.kind.is_binary();
                let own = in_unit(amount, measure.unit.as_deref(), binary);
                // A per cent of something that is no rate is relative to its baseline.
                let relative = (amount.unit == Unit::Percent).then(|| amount.number / 100.0 * measure.baseline.abs());
                own.or(relative)
            }),
        };
        let Some(threshold) = threshold.filter(|threshold| threshold.is_finite()) else {
            skip("it has no threshold in the metric's unit");
            continue;
        };
        let threshold = if harm == Harm::Difference { threshold.abs() } else { threshold };
        let least_units = rollback.min_units.copied().unwrap_or(1).max(1) as f64;
        triggers.push(Trigger { measure: place, harm, threshold, least_units });
    }
    triggers
}
