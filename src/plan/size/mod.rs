//! Sample sizes: needed and available, power, detectable effect by week.
//!
//! Each primary metric is a claim against each treatment, and so is each secondary metric that has an effect to
//! show; each guardrail is a claim of non-inferiority. The units that count are those of the smaller side after share,
//! holdout, ramp, exposure rate and maturation of the metric's window. [`question`] says what is asked, [`bounds`] when,
//! [`way`] how power follows from units.

mod bounds;
mod means;
mod posterior;
mod question;
mod way;

use crate::spec::{
    Correction, Duration, GuardrailsAt, HypothesisKind, Method, Role, SecondaryCorrection, SecondaryGate, Sides,
};
use crate::stats::bayes::{Assurance, Decision, Prior};
use crate::stats::comparison::{Caution, Claim, Comparison, Rounding, Size};
use crate::stats::exaggeration::{self, Exaggeration};
use crate::stats::{self, Direction, Refusal, normal};

use super::calendar::Calendar;
use super::types::{Plan, PlannedDesign, PlannedMetric, PlannedVariant};
use bounds::Frame;
pub use bounds::{Look, Memo, looks};
use question::Question;
pub use way::{Expected, Looks, Way};

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
    /// Its size factor holds every factor.
    pub comparison: Comparison,
    /// What is computed with: the same, or where groups or blocks of time were randomised, the comparison of their means.
    pub exact: Comparison,
    pub way: Way,
    /// What a unit of the comparison's effects is in the unit of the metric, as effects are stated.
    pub unit: f64,
    /// A difference among exposed units over the one that is left of it among the analysed; 1 unless effects are diluted.
    pub undiluted: f64,
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
    /// The probability that the claim is tested at all when every planned effect is there: below 1 behind a gate and
    /// in a fixed sequence. Claims are taken as independent, and as certain where they have no size.
    pub reached: f64,
    /// Days of enrolment that mature before the decision.
    pub mature_days: u32,
    /// Days from the enrolment of a unit until its value is complete.
    pub wait_days: u32,
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

impl From<Sides> for stats::Sides {
    fn from(sides: Sides) -> Self {
        match sides {
            Sides::One => Self::One,
            Sides::Two => Self::Two,
        }
    }
}

/// Sizes every tested metric of the plan.
pub(super) fn size_all(plan: &Plan, memo: &Memo) -> Vec<Sized> {
    let Some(control) = plan.control() else { return Vec::new() };
    let mut sizes = Vec::new();
    for metric in plan.metrics.iter().filter(|metric| is_tested(metric)) {
        for treatment in plan.treatments() {
            sizes.push(Sized {
                metric: metric.name.clone(),
                role: metric.role,
                treatment: treatment.name.clone(),
                result: size(plan, metric, control, treatment, memo),
            });
        }
    }
    reach(&plan.design, &mut sizes);
    sizes
}

/// Claims that wait for others: for those before them in a fixed sequence, for the primary ones behind a gate.
fn reach(design: &PlannedDesign, sizes: &mut [Sized]) {
    let in_sequence = |role: Role| match role {
        Role::Primary => design.correction.value == Correction::FixedSequence,
        Role::Secondary => design.secondary.correction.value == SecondaryCorrection::FixedSequence,
        Role::Guardrail | Role::Monitor => false,
    };
    let mut through = 1.0;
    for role in [Role::Primary, Role::Secondary] {
        let gated = role == Role::Secondary && design.secondary.gate.value == SecondaryGate::Primary;
        let mut before = if gated { through } else { 1.0 };
        for sized in sizes.iter_mut().filter(|sized| sized.role == role) {
            let Ok(sizing) = &mut sized.result else { continue };
            sizing.reached = before;
            through *= sizing.power;
            if in_sequence(role) {
                before *= sizing.power;
            }
        }
    }
}

/// Secondary metrics explain: they are sized when somebody says what they should show.
fn is_tested(metric: &PlannedMetric) -> bool {
    match metric.role {
        Role::Primary | Role::Guardrail => true,
        Role::Secondary if metric.hypothesis.value == HypothesisKind::Superiority => metric.mde.is_some(),
        Role::Secondary => metric.margin.is_some(),
        Role::Monitor => false,
    }
}

/// True when the metric is tested at every look of a sequential design.
fn has_looks(design: &PlannedDesign, role: Role) -> bool {
    match role {
        Role::Primary => true,
        Role::Guardrail => design.guardrails_at.value == GuardrailsAt::Looks,
        Role::Secondary | Role::Monitor => false,
    }
}

fn size(
    plan: &Plan,
    metric: &PlannedMetric,
    control: &PlannedVariant,
    treatment: &PlannedVariant,
    memo: &Memo,
) -> Result<Sizing, Unsized> {
    let design = &plan.design;
    let question = Question::new(plan, metric, control, treatment)?;
    let Comparison { alpha, sides, .. } = question.comparison;
    let frame = Frame { alpha: alpha.min(0.499), sides, power: question.goal, mixing: question.mixing };
    let looks = bounds::monitoring(design, &frame, memo).filter(|_| has_looks(design, metric.role));
    let (mut way, inflation) = match looks {
        None => (Way::Once, 1.0),
        Some(looks) => {
            let (looks, inflation) =
                looks.and_then(|looks| Looks::new(looks, &question, memo)).map_err(Unsized::Refused)?;
            (Way::Looks(looks), inflation)
        }
    };
    let factors = Factors { reduction: question.reduction, inflation, design_effect: question.design_effect };
    let priced = |comparison: Comparison| Comparison { size_factor: comparison.size_factor * inflation, ..comparison };
    let comparison = priced(question.comparison);
    let exact = question.of_means.map_or(comparison, priced);
    let mut need = memo.required(&exact, question.goal, way::is_closed(&exact)).map_err(Unsized::Refused)?;
    // The guardrails of a Bayesian design are non-inferiority tests like all others.
    if design.method.value == Method::Bayesian && metric.role == Role::Primary {
        let decision = posterior::decision(design, metric, &question, plan.exposure.dilution.value)?;
        need = decision.required(question.goal).map_err(Unsized::Refused)?;
        way = Way::Posterior(decision);
    } else if question.of_means.is_some() {
        need = at_least(need, &exact, inflation).map_err(Unsized::Refused)?;
    }
    let (window, lag) = (metric.window.as_ref().map(|w| w.value), metric.lag.as_ref().map(|l| l.value));
    let mature_days = plan.calendar.mature_days(window, lag);
    let total = enrolled(plan, mature_days)?;
    let (control_part, treatment_part) = parts(plan, control, treatment);
    let mut sizing = Sizing {
        comparison,
        exact,
        way,
        unit: question.unit,
        undiluted: 1.0 / plan.exposure.dilution.value,
        power_goal: question.goal,
        factors,
        need,
        control: total * control_part,
        treatment: total * treatment_part,
        power: 0.0,
        reached: 1.0,
        mature_days,
        wait_days: window.map_or(0, Duration::whole_days) + lag.map_or(0, Duration::whole_days),
    };
    if 2.0 <= sizing.control {
        sizing.power = sizing.power_with(sizing.control).map_err(Unsized::Refused)?;
    }
    Ok(sizing)
}

/// Which way the claim looks.
fn toward(comparison: &Comparison) -> Direction {
    match comparison.claim {
        Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } if effect < 0.0 => Direction::Down,
        _ => Direction::Up,
    }
}

/// The whole sample, raised to the least number of groups that a comparison of groups makes sense with.
fn at_least(need: Size, exact: &Comparison, inflation: f64) -> Result<Size, Refusal> {
    let least = means::least_units(exact, inflation);
    if least <= need.control {
        return Ok(need);
    }
    let treatment = least * exact.allocation;
    Ok(Size {
        control: least,
        treatment,
        control_units: least.ceil() as u64,
        treatment_units: treatment.ceil() as u64,
        power: exact.power(least)?,
        rounding: Rounding::Up,
    })
}

/// The parts of all units that the two sides get. A switchback gives every place both, by a fair coin.
fn parts(plan: &Plan, control: &PlannedVariant, treatment: &PlannedVariant) -> (f64, f64) {
    match &plan.design.switchback {
        Some(switchback) if switchback.period.is_some() => (0.5, 0.5),
        _ => (control.fraction, treatment.fraction),
    }
}

/// Units of analysis over all variants after the first `days` days; periods of all places for a switchback.
fn enrolled(plan: &Plan, days: u32) -> Result<f64, Unsized> {
    enrolled_on(plan, &plan.calendar, days)
}

/// The same under another calendar.
fn enrolled_on(plan: &Plan, calendar: &Calendar, days: u32) -> Result<f64, Unsized> {
    let design = &plan.design;
    if let Some(switchback) = &design.switchback
        && let Some(period) = &switchback.period
    {
        let minutes = f64::from(period.value.in_minutes().max(1));
        return Ok((f64::from(days) * 24.0 * 60.0 / minutes).floor() * switchback.places.value);
    }
    if let Some(refusal) = &plan.audience.arrivals_fault {
        return Err(Unsized::Refused(refusal.clone()));
    }
    let daily = plan.audience.daily_units.as_ref();
    let daily = daily.ok_or_else(|| Unsized::Missing("the number of eligible units per day".to_owned()))?.value;
    let kept = 1.0 - plan.audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value);
    let members = design.cluster_size.as_ref().map_or(1.0, |known| known.value);
    let come = daily * calendar.share_days(days) * kept * plan.exposure.rate.value * members;
    // Groups that exist in a known number are not used up twice.
    let all = design.cluster.as_ref().and_then(|cluster| {
        let share = calendar.main_stage().map_or(1.0, |stage| stage.share.value);
        let members = cluster.total.as_ref()?.value * cluster.mean_size.as_ref()?.value;
        Some(members * share * kept * plan.exposure.rate.value)
    });
    Ok(come.min(all.unwrap_or(f64::INFINITY)))
}

/// Units of analysis of all variants that have come within the first `days` days under a calendar; 0 where nobody
/// knows. Between two days they come evenly.
pub fn units_by(plan: &Plan, calendar: &Calendar, days: f64) -> f64 {
    let whole = days.max(0.0).floor();
    let by = |day: f64| enrolled_on(plan, calendar, day as u32).unwrap_or(0.0);
    let (before, after) = (by(whole), by(whole + 1.0));
    before + (after - before) * (days.max(0.0) - whole)
}

impl Sizing {
    /// The smallest effect (for guardrails: margin) that the plan detects with the power goal, in the metric's unit.
    ///
    /// Solved when it is asked for: a clean check never asks.
    pub fn detectable(&self) -> Option<f64> {
        self.detectable_with(self.control)
    }

    fn detectable_with(&self, control: f64) -> Option<f64> {
        if control < 2.0 {
            return None;
        }
        let found = match &self.way {
            Way::Posterior(decision) => {
                // Differences, whatever the scale of the tests.
                let found = decision.detectable(control, self.power_goal).ok()?;
                return Some(found * self.undiluted);
            }
            Way::Once | Way::Looks(_) => self.exact.detectable(control, self.power_goal, toward(&self.exact)).ok()?,
        };
        Some(found * self.unit)
    }

    /// The probability that the claim is made with so many control units.
    pub fn power_with(&self, control: f64) -> Result<f64, Refusal> {
        // Too few groups do not tell how much they differ: nothing is shown.
        if self.exact != self.comparison && control < means::least_units(&self.exact, self.factors.inflation) {
            return Ok(0.0);
        }
        match &self.way {
            Way::Once => self.exact.power(control),
            Way::Looks(looks) => looks.power(control / self.need.control, 1.0),
            Way::Posterior(decision) => decision.power(control),
        }
    }

    /// How likely success is before anybody knows the effect, when it is drawn from the prior; `None` where there is
    /// no prior. The MDE is not read.
    pub fn assurance(&self) -> Option<Assurance> {
        let Way::Posterior(decision) = &self.way else { return None };
        let Prior::Normal(effects) = decision.prior else { return None };
        decision.assurance(self.control, effects).ok()
    }

    /// What a significant result will be worth when the planned effect is there: how often it points the wrong way, and how
    /// much larger than the truth it is on average. `None` where nothing can be significant.
    ///
    /// Of a design with looks the power is that of all looks and the estimate that of one; stopping early exaggerates more.
    pub fn exaggeration(&self) -> Option<Exaggeration> {
        let Comparison { alpha, sides, .. } = self.comparison;
        // A posterior has no significance.
        let is_posterior = matches!(self.way, Way::Posterior(_));
        if is_posterior || self.power <= 0.0 || 1.0 <= self.power {
            return None;
        }
        let distance = normal::upper_quantile(sides.tail(alpha)) + normal::quantile(self.power);
        exaggeration::normal(distance, alpha, sides).ok()
    }

    /// Where the numbers lie outside what the test's formula is good for, with the units that the plan gives.
    pub fn cautions(&self) -> Vec<Caution> {
        if self.control < 2.0 { Vec::new() } else { self.exact.cautions(self.control).unwrap_or_default() }
    }

    /// What the design takes on average with the units that the plan gives, when the effect is `truth` times the
    /// planned one: 0 for none.
    pub fn expected(&self, plan: &Plan, truth: f64) -> Option<Expected> {
        let Way::Looks(looks) = &self.way else { return None };
        if self.control < 2.0 {
            return None;
        }
        let part = self.control / self.need.control;
        let stops = looks.stops(part, truth).ok()?;
        let mut fraction = 1.0;
        let mut saved_days = 0.0;
        for (stop, at) in stops.iter().zip(looks.fractions()) {
            fraction -= stop * (1.0 - at);
            let day = plan.calendar.day_of_part(*at, self.mature_days);
            saved_days += stop * f64::from(self.mature_days.saturating_sub(day));
        }
        let whole = f64::from(self.mature_days.saturating_add(self.wait_days));
        Some(Expected {
            truth,
            control: self.control * fraction,
            treatment: self.treatment * fraction,
            days: (0 < self.mature_days).then_some(whole - saved_days),
            success: looks.power(part, truth).ok()?,
        })
    }

    /// [`Self::expected`] under no effect, half of the planned one, and the planned one; empty for one look.
    pub fn expectations(&self, plan: &Plan) -> Vec<Expected> {
        [0.0, 0.5, 1.0].iter().filter_map(|&truth| self.expected(plan, truth)).collect()
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
                    power: if control < 2.0 { 0.0 } else { self.power_with(control).unwrap_or(0.0) },
                    detectable: self.detectable_with(control),
                }
            })
            .collect()
    }

    /// The part of all units that is in control.
    fn control_part(&self, plan: &Plan) -> f64 {
        let at_end = enrolled(plan, self.mature_days).unwrap_or(0.0);
        match plan.control() {
            _ if 0.0 < at_end => self.control / at_end,
            Some(control) => control.fraction,
            None => 0.0,
        }
    }

    /// True when the plan gives fewer units than needed, beyond the rounding of a unit.
    pub fn is_short(&self) -> bool {
        self.power + 5e-4 < self.power_goal
    }

    /// The share of the last stage that gives the whole sample by the planned end; above 1 when no share does.
    ///
    /// `None` when units of the last stage do not count, or nothing comes at all.
    pub fn share_needed(&self, plan: &Plan) -> Option<f64> {
        // Periods of time do not grow with a share.
        if plan.design.switchback.is_some() {
            return None;
        }
        let fraction = plan.control()?.fraction;
        let with_share = |share: f64| {
            let mut calendar = plan.calendar.clone();
            calendar.stages.last_mut()?.share.value = share;
            enrolled_on(plan, &calendar, self.mature_days).ok().map(|total| total * fraction)
        };
        // Units are linear in the share of a stage, as long as shares rise.
        let before = plan.calendar.stages.iter().rev().nth(1).map_or(0.0, |stage| stage.share.value.min(0.5));
        let (low, high) = (with_share(before)?, with_share(1.0)?);
        let gain = (high - low) / (1.0 - before);
        (0.0 < gain).then(|| before + (self.need.control - low) / gain)
    }

    /// Control units that have come within the first `days` days under a calendar, be it the plan's or another one.
    ///
    /// Between two days they come evenly.
    pub fn control_by(&self, plan: &Plan, calendar: &Calendar, days: f64) -> f64 {
        let Some(control) = plan.control() else { return 0.0 };
        let part = parts(plan, control, control).0;
        units_by(plan, calendar, days) * part
    }

    /// Days of the whole run that give the sample, the last stage going on; the run keeps whole weeks.
    ///
    /// `None` when more than `most` days are needed.
    pub fn days_needed(&self, plan: &Plan, most: u32) -> Option<u32> {
        let fraction = self.control_part(plan);
        (1..=most / 7)
            .map(|week| week * 7)
            .find(|&days| enrolled(plan, days).is_ok_and(|total| self.need.control <= total * fraction))
    }

    /// Power if every day of the run counted, as it does once the decision waits for the last units.
    pub fn power_of_whole_run(&self, plan: &Plan) -> f64 {
        let control = enrolled(plan, plan.calendar.days).map_or(0.0, |total| total * self.control_part(plan));
        if control < 2.0 { 0.0 } else { self.power_with(control).unwrap_or(0.0) }
    }

    /// Power of the same number of units in all, split evenly over all variants.
    pub fn power_if_even(&self, plan: &Plan) -> f64 {
        let even = Comparison { allocation: 1.0, ..self.exact };
        let control = plan.control().map_or(0.0, |control| control.fraction);
        let each = if 0.0 < control { self.control / control / plan.variants.len() as f64 } else { 0.0 };
        let power = || match &self.way {
            Way::Once => even.power(each),
            Way::Looks(looks) => looks.power(each / even.required(self.power_goal)?.control, 1.0),
            Way::Posterior(decision) => Decision { allocation: 1.0, ..*decision }.power(each),
        };
        if each < 2.0 { 0.0 } else { power().unwrap_or(0.0) }
    }
}
