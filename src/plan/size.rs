//! Sample sizes: needed and available, power, detectable effect by week.
//!
//! Each primary metric is a claim of superiority against each treatment; each guardrail a claim of
//! non-inferiority. The units that count are those of the smaller side after share, holdout, ramp, exposure
//! rate and maturation of the metric's window.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::spec::design::Reduction;
use crate::spec::{Method, Role, Sides, Spending, Test};
use crate::stats::comparison::{Claim, Comparison, Endpoint, Scale, Size};
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;
use crate::stats::sequential::{self, Monitoring};
use crate::stats::{self, Direction, Refusal};

use super::types::{Plan, PlannedDesign, PlannedMetric, PlannedVariant};

/// One metric against one treatment.
#[derive(Debug, Clone)]
pub struct Sized {
    pub metric: String,
    pub role: Role,
    pub treatment: String,
    pub result: Result<Sizing, Unsized>,
}

/// Why there is no size: the inputs that are missing, or a design that this version cannot size.
#[derive(Debug, Clone, PartialEq)]
pub enum Unsized {
    /// An input is absent; another rule asks for it. A noun phrase: "a baseline of `x`".
    Missing(String),
    /// The inputs have no answer.
    Refused(Refusal),
    /// Planned by another way.
    Unsupported(String),
}

/// What a size was computed from and what came out. Units are units of analysis.
#[derive(Debug, Clone)]
pub struct Sizing {
    pub comparison: Comparison,
    /// The power asked of this claim.
    pub power_goal: f64,
    pub factors: Factors,
    /// The whole sample at the end of the plan.
    pub need: Size,
    /// Control units that the plan gives.
    pub control: f64,
    /// Treatment units that the plan gives.
    pub treatment: f64,
    /// Power with what the plan gives.
    pub power: f64,
    /// Days of enrolment that mature before the decision.
    pub mature_days: u32,
}

/// The parts of the factor on the sample size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// `1 - rho^2` of variance reduction; 1 without.
    pub reduction: f64,
    /// Price of interim looks; 1 for a fixed design.
    pub inflation: f64,
    /// Price of assignment by group; 1 for assignment by unit.
    pub design_effect: f64,
}

/// The plan of a metric at the end of a week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Week {
    pub week: u32,
    pub control: f64,
    pub treatment: f64,
    pub power: f64,
    pub detectable: Option<f64>,
}

/// A planned look with its literal bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub information: f64,
    /// Infinite where a look cannot stop.
    pub z: f64,
    pub alpha_spent: f64,
}

/// Sequential plans that were computed before in this run: many specs share one design.
#[derive(Debug, Default)]
pub struct Memo {
    bounds: Mutex<HashMap<Vec<u64>, Bounds>>,
    /// By the place of the shared bounds and the power.
    inflations: Mutex<HashMap<(usize, u64), Result<f64, Refusal>>>,
}

/// Bounds that many experiments may share, or why there are none.
type Bounds = Result<Arc<Monitoring>, Refusal>;

impl Memo {
    /// The inflation of shared bounds, solved once for each power.
    fn inflation(&self, plan: &Arc<Monitoring>, power: f64) -> Result<f64, Refusal> {
        // The memo keeps every plan alive, so its address names it.
        let key = (Arc::as_ptr(plan) as usize, power.to_bits());
        if let Ok(known) = self.inflations.lock()
            && let Some(found) = known.get(&key)
        {
            return found.clone();
        }
        let made = plan.inflation(power);
        if let Ok(mut known) = self.inflations.lock() {
            known.insert(key, made.clone());
        }
        made
    }
}

impl From<Sides> for stats::Sides {
    fn from(sides: Sides) -> Self {
        match sides {
            Sides::One => Self::One,
            Sides::Two => Self::Two,
        }
    }
}

/// The looks of a sequential design at the alpha of one claim; empty for others.
pub fn looks(design: &PlannedDesign, memo: &Memo) -> Vec<Look> {
    let Some(Ok(plan)) = monitoring(design, design.alpha_per_claim, memo) else { return Vec::new() };
    let rows = plan.fractions().iter().zip(plan.bounds()).zip(plan.spent());
    rows.map(|((&information, &z), &alpha_spent)| Look { information, z, alpha_spent }).collect()
}

/// The bounds of the design; `None` when it has one look at the end.
fn monitoring(design: &PlannedDesign, alpha: f64, memo: &Memo) -> Option<Bounds> {
    let sides = stats::Sides::from(design.sides.value);
    let fractions: Vec<f64> = design.looks.iter().map(|look| look.value).collect();
    let parameter = design.spending_parameter.as_ref().map_or(0.0, |known| known.value);
    let (kind, spending) = match design.method.value {
        Method::Fixed | Method::Bayesian => return None,
        Method::GroupSequential => match design.spending.as_ref()?.value {
            Spending::ObrienFleming => (0, Some(sequential::Spending::ObrienFleming)),
            Spending::Pocock => (1, Some(sequential::Spending::Pocock)),
            Spending::HwangShihDecani => (2, Some(sequential::Spending::HwangShihDeCani { gamma: parameter })),
            Spending::KimDemets => (3, Some(sequential::Spending::KimDeMets { rho: parameter })),
        },
        Method::AlwaysValid => (4, None),
    };
    let fractions = match (fractions.is_empty(), design.method.value) {
        // Looked at whenever one likes: a look a day over four weeks stands for it.
        (true, Method::AlwaysValid) => sequential::equal_fractions(28),
        (true, _) => return None,
        (false, _) => fractions,
    };
    let mut key: Vec<u64> = vec![kind, sides as u64, alpha.to_bits(), parameter.to_bits()];
    key.extend(fractions.iter().map(|fraction| fraction.to_bits()));
    if let Ok(known) = memo.bounds.lock()
        && let Some(found) = known.get(&key)
    {
        return Some(found.clone());
    }
    let made = match spending {
        Some(spending) => Monitoring::spending(&fractions, alpha, sides, spending),
        None => sequential::tuned_precision(alpha, 1.0)
            .and_then(|precision| Monitoring::always_valid(&fractions, alpha, sides, precision)),
    }
    .map(Arc::new);
    if let Ok(mut known) = memo.bounds.lock() {
        // Two threads may have made it: the first stays, so that its address does.
        return Some(known.entry(key).or_insert(made).clone());
    }
    Some(made)
}

/// Sizes every tested metric of the plan.
pub(super) fn size_all(plan: &Plan, memo: &Memo) -> Vec<Sized> {
    let Some(control) = plan.control() else { return Vec::new() };
    let mut sizes = Vec::new();
    for metric in plan.metrics.iter().filter(|metric| matches!(metric.role, Role::Primary | Role::Guardrail)) {
        for treatment in plan.treatments() {
            sizes.push(Sized {
                metric: metric.name.clone(),
                role: metric.role,
                treatment: treatment.name.clone(),
                result: size(plan, metric, control, treatment, memo),
            });
        }
    }
    sizes
}

fn missing(what: String) -> Unsized {
    Unsized::Missing(what)
}

fn size(
    plan: &Plan,
    metric: &PlannedMetric,
    control: &PlannedVariant,
    treatment: &PlannedVariant,
    memo: &Memo,
) -> Result<Sizing, Unsized> {
    let design = &plan.design;
    // The guardrails of a Bayesian design are non-inferiority tests like all others.
    if design.method.value == Method::Bayesian && metric.role == Role::Primary {
        return Err(Unsized::Unsupported("bayesian designs are not sized by this version".to_owned()));
    }
    let (comparison, factors, power_goal) = comparison(plan, metric, control, treatment, memo)?;
    let need = comparison.required(power_goal).map_err(Unsized::Refused)?;
    let (window, lag) = (metric.window.as_ref().map(|w| w.value), metric.lag.as_ref().map(|l| l.value));
    let mature_days = plan.calendar.mature_days(window, lag);
    let total =
        enrolled(plan, mature_days).ok_or_else(|| missing("the number of eligible units per day".to_owned()))?;
    let units = total * control.fraction;
    if units < 2.0 {
        return Ok(Sizing {
            comparison,
            power_goal,
            factors,
            need,
            control: units,
            treatment: total * treatment.fraction,
            power: 0.0,
            mature_days,
        });
    }
    let power = comparison.power(units).map_err(Unsized::Refused)?;
    Ok(Sizing {
        comparison,
        power_goal,
        factors,
        need,
        control: units,
        treatment: total * treatment.fraction,
        power,
        mature_days,
    })
}

/// Which way the claim looks.
fn toward(comparison: &Comparison) -> Direction {
    match comparison.claim {
        Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } if effect < 0.0 => Direction::Down,
        _ => Direction::Up,
    }
}

/// Units of analysis over all variants after the first `days` days.
pub(super) fn enrolled(plan: &Plan, days: u32) -> Option<f64> {
    let daily = plan.audience.daily_units.as_ref()?.value;
    let kept = 1.0 - plan.audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value);
    let members = plan.design.cluster_size.as_ref().map_or(1.0, |known| known.value);
    Some(daily * plan.calendar.share_days(days) * kept * plan.exposure.rate.value * members)
}

fn comparison(
    plan: &Plan,
    metric: &PlannedMetric,
    control: &PlannedVariant,
    treatment: &PlannedVariant,
    memo: &Memo,
) -> Result<(Comparison, Factors, f64), Unsized> {
    let design = &plan.design;
    let name = &metric.name;
    let kind = metric.kind.as_ref().ok_or_else(|| missing(format!("the kind of `{name}`")))?.value;
    let baseline = metric.baseline.as_ref().ok_or_else(|| missing(format!("a baseline of `{name}`")))?.value;
    let endpoint = if kind.is_binary() {
        let test = match design.test.as_ref().map(|test| test.value) {
            Some(Test::ZUnpooled) => ProportionTest::Unpooled,
            _ => ProportionTest::Pooled,
        };
        Endpoint::Proportion { baseline, test }
    } else {
        let sd = metric.sd.as_ref().ok_or_else(|| missing(format!("a standard deviation of `{name}`")))?.value;
        let test = match design.test.as_ref().map(|test| test.value) {
            Some(Test::Z) => MeanTest::Z,
            _ => MeanTest::T,
        };
        Endpoint::Mean { baseline, sd, test }
    };
    let higher = metric.higher_is_better().ok_or_else(|| missing(format!("the good direction of `{name}`")))?;
    let good = if higher { 1.0 } else { -1.0 };
    let (claim, alpha, sides, power_goal) = if metric.role == Role::Guardrail {
        let margin = metric
            .margin
            .as_ref()
            .and_then(|margin| margin.absolute)
            .ok_or_else(|| missing(format!("a margin for `{name}`")))?;
        let claim = Claim::NonInferiority { margin: margin.abs(), higher_is_better: higher, true_effect: 0.0 };
        (claim, design.alpha.value, stats::Sides::One, design.guardrail_power)
    } else {
        let effect =
            metric.mde.as_ref().and_then(|mde| mde.absolute).ok_or_else(|| missing(format!("an MDE for `{name}`")))?;
        let claim = Claim::Superiority { effect: good * effect.abs() };
        (claim, design.alpha_per_claim, design.sides.value.into(), design.primary_power)
    };
    let inflation = match monitoring(design, alpha.min(0.499), memo).filter(|_| metric.role == Role::Primary) {
        None => 1.0,
        Some(plan) => plan.and_then(|plan| memo.inflation(&plan, power_goal)).map_err(Unsized::Refused)?,
    };
    let factors = Factors {
        reduction: reduction(design, metric),
        inflation,
        design_effect: design.design_effect.as_ref().map_or(1.0, |known| known.value),
    };
    if control.fraction <= 0.0 || treatment.fraction <= 0.0 {
        return Err(missing(format!("a weight above 0 for `{}` and `{}`", control.name, treatment.name)));
    }
    let comparison = Comparison {
        endpoint,
        claim,
        scale: Scale::Difference,
        alpha,
        sides,
        allocation: treatment.fraction / control.fraction,
        size_factor: factors.reduction * factors.inflation * factors.design_effect,
    };
    Ok((comparison, factors, power_goal))
}

/// What variance reduction leaves, with the correlation of the spec or of the catalogue.
fn reduction(design: &PlannedDesign, metric: &PlannedMetric) -> f64 {
    let Some(reduction) = design.reduction.as_ref().filter(|reduction| reduction.method.value != Reduction::None)
    else {
        return 1.0;
    };
    let rho = reduction.correlation.as_ref().or(metric.pre_correlation.as_ref()).map_or(0.0, |known| known.value);
    // A correlation of 1 would need no units at all: a hundredth of the sample always stays.
    stats::variance::adjusted(rho, 1.0).unwrap_or(0.0).max(0.01)
}

impl Sizing {
    /// The smallest effect (for guardrails: margin) that the plan detects with the power goal, in the metric's unit.
    ///
    /// Solved when it is asked for: a clean check never asks.
    pub fn detectable(&self) -> Option<f64> {
        self.detectable_with(self.control)
    }

    fn detectable_with(&self, control: f64) -> Option<f64> {
        (2.0 <= control)
            .then(|| self.comparison.detectable(control, self.power_goal, toward(&self.comparison)).ok())
            .flatten()
    }

    /// Power and detectable effect at the end of each week, up to `weeks`; the last stage goes on past the plan.
    pub fn weeks(&self, plan: &Plan, weeks: u32) -> Vec<Week> {
        let mature = self.control + self.treatment;
        let at_end = enrolled(plan, self.mature_days).unwrap_or(0.0);
        let (control_part, treatment_part) =
            if 0.0 < at_end && 0.0 < mature { (self.control / at_end, self.treatment / at_end) } else { (0.0, 0.0) };
        (1..=weeks)
            .map(|week| {
                let total = enrolled(plan, week * 7).unwrap_or(0.0);
                let control = total * control_part;
                Week {
                    week,
                    control,
                    treatment: total * treatment_part,
                    power: if control < 2.0 { 0.0 } else { self.comparison.power(control).unwrap_or(0.0) },
                    detectable: self.detectable_with(control),
                }
            })
            .collect()
    }

    /// True when the plan gives fewer units than needed, beyond the rounding of a unit.
    pub fn is_short(&self) -> bool {
        self.power + 5e-4 < self.power_goal
    }

    /// The share of the last stage that gives the whole sample by the planned end; above 1 when no share does.
    ///
    /// `None` when units of the last stage do not count, or nothing comes at all.
    pub fn share_needed(&self, plan: &Plan) -> Option<f64> {
        let fraction = plan.control()?.fraction;
        let with_share = |share: f64| {
            let mut plan = Plan { sizes: Vec::new(), ..plan.clone() };
            plan.calendar.stages.last_mut()?.share.value = share;
            enrolled(&plan, self.mature_days).map(|total| total * fraction)
        };
        // Units are linear in the share of a stage.
        let (without, gain) = (with_share(0.0)?, with_share(1.0)? - with_share(0.0)?);
        (0.0 < gain).then(|| (self.need.control - without) / gain)
    }

    /// Days of the whole run that give the sample, the last stage going on; the run keeps whole weeks.
    ///
    /// `None` when more than `most` days are needed.
    pub fn days_needed(&self, plan: &Plan, most: u32) -> Option<u32> {
        let fraction = plan.control()?.fraction;
        (1..=most / 7)
            .map(|week| week * 7)
            .find(|&days| enrolled(plan, days).is_some_and(|total| self.need.control <= total * fraction))
    }

    /// Power if every day of the run counted, as it does once the decision waits for the last units.
    pub fn power_of_whole_run(&self, plan: &Plan) -> f64 {
        let fraction = plan.control().map_or(0.0, |control| control.fraction);
        let control = enrolled(plan, plan.calendar.days).map_or(0.0, |total| total * fraction);
        if control < 2.0 { 0.0 } else { self.comparison.power(control).unwrap_or(0.0) }
    }

    /// Power of the same number of units in all, split evenly between the two variants.
    pub fn power_if_even(&self) -> f64 {
        let even = Comparison { allocation: 1.0, ..self.comparison };
        let each = (self.control + self.treatment) / 2.0;
        if each < 2.0 { 0.0 } else { even.power(each).unwrap_or(0.0) }
    }
}
