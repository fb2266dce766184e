//! What a run is made of: the one room here that reads a plan.
//!
//! A [`Model`] is the plan in numbers: units by segment of enrolment, laws of the metrics, days on which something
//! is checked, critical values, triggers and the decision table. New designs of the language are read here.

mod measures;
mod notes;
mod rules;
mod timeline;
mod triggers;

use crate::catalog::Kind;
use crate::plan::{DecisionTable, Plan, PlannedMetric, Sized, Sizing};
use crate::spec::design::SrmAction;
use crate::spec::rollout::Harm;
use crate::spec::{Method, Role, Sides, Spec};
use crate::stats::comparison::{Claim as Claimed, Endpoint, Scale};
use crate::stats::{normal, srm};

use super::law::Law;
use super::report::Expected;
use measures::{measures, sizable};
use notes::not_simulated;
use rules::{ExpectedPower, bounds, guard_looks, is_drawn_as_sized, posterior};
use timeline::{Timeline, arrivals, periods};
use triggers::triggers;

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
    pub futility: FutilityKind,
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
    /// What a single claim of superiority takes on average by its test alone, with looks: without an effect, and at
    /// the MDE.
    pub expected_courses: [Option<ExpectedCourse>; 2],
    /// Units are the periods of places, and are split by a fair coin: their number is known.
    pub is_switchback: bool,
    pub days: u32,
}

/// A metric that is drawn. Effects and margins of the model are differences in its unit: of times to an event, hazards.
#[derive(Debug, Clone)]
pub struct Measure {
    pub name: String,
    pub kind: Kind,
    pub baseline: f64,
    pub unit: Option<String>,
    /// 1 when more is better, -1 when less is.
    pub good: f64,
    pub outcomes: Outcomes,
    /// The test; what it holds of the true values is not read, but a known deviation is.
    pub test: Endpoint,
    pub scale: Scale,
    /// Factor on the variance of what is drawn: variance reduction and design effect.
    pub factor: f64,
    /// Units of analysis in one that is drawn: those of a group or a block, or what is worth one independent unit.
    pub units_of_draw: f64,
}

/// What the outcomes of a metric are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcomes {
    /// Of units, with their deviations; those of rates are not read.
    OfUnits { sd: f64, sd_treatment: f64, reduction: f64, design_effect: f64 },
    /// The means of groups or of blocks of time, of so many units.
    OfMeans { sd: f64, units: f64 },
    /// Counts with the mean and the dispersion of the test.
    Counts,
    /// Times with the hazards and the window of the test.
    Times,
}

impl Measure {
    /// A difference as one on the scale of the test.
    pub fn on_scale(&self, difference: f64) -> f64 {
        match self.scale {
            Scale::Difference => difference,
            Scale::Lift => difference / self.baseline,
        }
    }

    /// The mean of a unit by its sum, or the hazard by the events and the time at risk.
    pub fn level(&self, sum: f64, units: f64) -> f64 {
        match self.test {
            Endpoint::Count(rates) => sum / (units * rates.exposure),
            _ => sum / units,
        }
    }
}

/// A primary metric against a treatment.
#[derive(Debug, Clone)]
pub struct Claim {
    pub measure: usize,
    pub arm: usize,
    /// The effect that the size was computed for: the MDE, or the true effect of a claim about a margin. Signed.
    pub mde: f64,
    pub aim: Aim,
    /// True when the test finds harm as well as gain.
    pub looks_both_ways: bool,
    /// Power at the MDE by the test alone.
    pub power: Option<Expected>,
    /// The probability to make the claim where it just does not hold.
    pub error: Option<Expected>,
    /// What a significant estimate is worth, of a fixed test.
    pub exaggeration: Option<f64>,
}

/// What a claim is to show, on the scale of its test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// The effect is better than this.
    Beyond { null: f64 },
    /// The effect lies between these.
    Between { lower: f64, upper: f64 },
}

/// A guardrail against a treatment.
#[derive(Debug, Clone)]
pub struct Guard {
    pub measure: usize,
    pub arm: usize,
    pub aim: Aim,
    /// The margin as a difference, signed: where the guardrail just does not hold.
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
    /// Bounds by step of the correction, then by look. Step 0 is the first; without steps it is the only one.
    Bounds { steps: Vec<Vec<Bound>>, stepping: Stepping },
    /// Posterior probabilities of the relative effect.
    Posterior { prior_mean: f64, prior_precision: f64, win: Option<f64>, most_loss: Option<f64>, rope: Option<f64> },
}

/// The bounds of a look on the scale of z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Of claims of superiority.
    pub z: f64,
    /// Of claims about a margin, which look one way.
    pub one_sided: f64,
    /// Below this a run is hopeless, in the order above; minus infinity without futility.
    pub futility: [f64; 2],
}

/// What futility bounds do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FutilityKind {
    None,
    /// A claim is not made after its bound.
    Binding,
    /// The error is kept for those who go on.
    NonBinding,
}

/// How claims that were made bear on the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepping {
    /// Not at all.
    Single,
    /// After each claim the next has one fewer beside it (Holm 1979; with looks Maurer and Bretz 2013).
    Down,
    /// By adjusted p-values, at one look (Hommel 1988).
    Closed,
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

/// Where a test with looks ends on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedCourse {
    /// Analysed units of the two variants.
    pub units: f64,
    pub days: f64,
    /// The probability to end at a futility bound before the last look.
    pub futile: f64,
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, Unsimulable> {
    Err(Unsimulable(reason.into()))
}

impl Model {
    /// Reads a plan. Rollback triggers are read from the spec behind it.
    pub fn new(plan: &Plan, spec: &Spec) -> Result<Self, Unsimulable> {
        let mut notes = Vec::new();
        let is_switchback = plan.design.switchback.is_some();
        if is_switchback && plan.design.switchback.as_ref().is_some_and(|blocks| blocks.period.is_none()) {
            return refuse("it lacks the period of its switchback");
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
        let known: Vec<String> = measures.iter().map(|measure| measure.name.clone()).collect();
        let place = |name: &str| known.iter().position(|known| known == name);
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
        let (arrivals, first_analysed, members) =
            if is_switchback { periods(plan, &cuts)? } else { arrivals(plan, &cuts)? };
        let rule = match plan.design.method.value {
            Method::Bayesian => posterior(plan, spec)?,
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
            futility: match &plan.design.futility {
                Some(futility)
                    if futility.spending.is_some() && plan.design.method.value == Method::GroupSequential =>
                {
                    if futility.binding.value { FutilityKind::Binding } else { FutilityKind::NonBinding }
                }
                _ => FutilityKind::None,
            },
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
            expected_courses: [None, None],
            is_switchback,
            days: last_day,
            measures: Vec::new(),
        };
        let expected = ExpectedPower::new(plan, &timeline.fractions, &model.rule);
        let has_futility = model.futility != FutilityKind::None;
        for sized in &plan.sizes {
            let (Some(metric), Some(place)) =
                (plan.metrics.iter().find(|m| m.name == sized.metric && m.role == sized.role), place(&sized.metric))
            else {
                continue;
            };
            let Some(arm) = model.arms.iter().position(|name| *name == sized.treatment) else { continue };
            let Ok(sizing) = &sized.result else { continue };
            let measure = &measures[place];
            let (effect, aim) = aim(sizing, measure.good);
            // Lifts are of the baseline.
            let unit = if measure.scale == Scale::Lift { measure.baseline } else { 1.0 };
            match sized.role {
                Role::Primary => {
                    let superiority = matches!(sizing.comparison.claim, Claimed::Superiority { .. });
                    let first = model.claims.len();
                    model.claims.push(Claim {
                        measure: place,
                        arm,
                        mde: effect * unit,
                        aim,
                        looks_both_ways: superiority && !model.one_sided && !has_futility,
                        power: expected.of(sizing, first),
                        error: expected.error(sizing, first),
                        exaggeration: expected.exaggeration(sizing),
                    });
                }
                Role::Secondary | Role::Monitor => {}
                Role::Guardrail => {
                    let null = match aim {
                        Aim::Beyond { null } => null,
                        Aim::Between { lower, upper } => {
                            if 0.0 < measure.good {
                                lower
                            } else {
                                upper
                            }
                        }
                    };
                    let known =
                        metric.true_effect.is_none() && model.guard_looks.is_none() && is_drawn_as_sized(sizing);
                    let power = known.then_some(sizing.power);
                    model.guards.push(Guard { measure: place, arm, aim, margin: null * unit, power });
                }
            }
        }
        model.measures = measures;
        model.expected_errors = expected.errors(&model.claims);
        if let ([claim], Some(Ok(sizing))) =
            (&model.claims[..], plan.sizes.iter().find(|sized| sized.role == Role::Primary).map(|sized| &sized.result))
        {
            let looks = model.looks_of(claim);
            model.expected_courses = [0.0, 1.0].map(|truth| expected.course(sizing, truth, &looks));
        }
        model.named = plan.decision.iter().flat_map(|table| &table.named).map(|name| place(name)).collect();
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

    /// The law of a metric that moved by `effect`; `None` when it would leave its range.
    pub fn law(&self, measure: usize, arm: usize, effect: f64) -> Option<Law> {
        let own = &self.measures[measure];
        let level = own.baseline + effect;
        let above_0 = matches!(own.outcomes, Outcomes::Counts | Outcomes::Times)
            || (own.scale == Scale::Lift && !own.kind.is_binary());
        let fits =
            level.is_finite() && (!own.kind.is_binary() || (0.0 < level && level < 1.0)) && (!above_0 || 0.0 < level);
        if !fits {
            return None;
        }
        Some(match (own.outcomes, own.test) {
            (Outcomes::Times, Endpoint::TimeToEvent(hazards)) => {
                Law::of_times(level, hazards.watched.dropout_hazard, hazards.watched.follow_up)
            }
            (Outcomes::Counts, Endpoint::Count(rates)) => {
                // Var = m + k m^2, at the mean of the whole window.
                let mean = level * rates.exposure;
                Law::new(own.kind, mean, libm::sqrt(mean + rates.overdispersion * mean * mean), 1.0, 1.0)
            }
            (Outcomes::OfMeans { sd, .. }, _) => Law::of_means(level, sd),
            (Outcomes::OfUnits { sd, sd_treatment, reduction, design_effect }, _) => {
                let sd = if arm == 0 { sd } else { sd_treatment };
                Law::new(own.kind, level, sd, reduction, design_effect)
            }
            (Outcomes::Counts | Outcomes::Times, _) => return None,
        })
    }

    /// The difference at which a claim just does not hold; of two, the harmful one.
    pub fn null_of(&self, claim: &Claim) -> Option<f64> {
        let measure = &self.measures[claim.measure];
        let null = match claim.aim {
            Aim::Beyond { null } => null,
            Aim::Between { lower, upper } => {
                if 0.0 < measure.good {
                    lower
                } else {
                    upper
                }
            }
        };
        let unit = if measure.scale == Scale::Lift { measure.baseline } else { 1.0 };
        let null = null * unit;
        null.is_finite().then_some(null)
    }

    /// The expected units of a claim at each look, both variants, and the day of the look.
    fn looks_of(&self, claim: &Claim) -> Vec<(f64, f64)> {
        let units = |until: usize| {
            let segments = self.arrivals.get(self.first_analysed..until).unwrap_or_default();
            segments.iter().map(|arms| arms[0] + arms[claim.arm]).sum::<f64>() * self.members
        };
        let looks = self.checks.iter().filter(|check| check.look.is_some());
        looks.map(|check| (units(check.mature[claim.measure]), f64::from(check.day))).collect()
    }
}

/// What a size was computed for: its effect, and what the test is to show.
fn aim(sizing: &Sizing, good: f64) -> (f64, Aim) {
    match sizing.comparison.claim {
        Claimed::Superiority { effect } => (effect, Aim::Beyond { null: 0.0 }),
        Claimed::SuperiorityByMargin { effect, margin } => {
            (effect, Aim::Beyond { null: margin.abs().copysign(effect) })
        }
        Claimed::NonInferiority { margin, true_effect, .. } => (true_effect, Aim::Beyond { null: -good * margin }),
        Claimed::Equivalence { lower, upper, true_effect } => (true_effect, Aim::Between { lower, upper }),
    }
}

/// Days from the enrolment of a unit to its complete outcome.
fn wait(metric: &PlannedMetric) -> u32 {
    let window = metric.window.as_ref().map_or(0, |known| known.value.whole_days());
    window.saturating_add(metric.lag.as_ref().map_or(0, |known| known.value.whole_days()))
}

fn ratio_check(plan: &Plan) -> Option<RatioCheck> {
    let check = &plan.design.srm;
    let arms = plan.variants.iter().filter(|variant| 0.0 < variant.fraction).count();
    let critical = srm::critical_value(check.alpha.value, arms.saturating_sub(1) as f64).ok()?;
    check.check.value.then_some(RatioCheck { critical, action: check.action.value })
}
