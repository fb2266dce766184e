//! What a run is made of: the one file here that reads a plan.
//!
//! A [`Model`] is the plan in numbers: units by segment of enrolment, laws of the metrics, days on which something
//! is checked, critical values, triggers and the decision table. New designs of the language are read here.

use std::collections::BTreeSet;

use crate::catalog::Kind;
use crate::plan::{DecisionTable, Memo, Plan, PlannedDesign, PlannedMetric, Sized, Unsized, in_unit, looks};
use crate::spec::design::{Reduction, SrmAction};
use crate::spec::rollout::Harm;
use crate::spec::{Correction, Gate, Method, Role, Sides, Spec, Test, Unit};
use crate::stats::normal;
use crate::stats::proportion::ProportionTest;
use crate::stats::sequential::{MOST_LOOKS, Monitoring};
use crate::stats::{self, srm};
use crate::syntax::At;

use super::law::Law;
use super::report::Expected;

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
    /// Critical value of a one-sided test at the whole alpha: guardrails.
    pub guard_z: f64,
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
    /// Two means; the variance is known or, for Student's test, pooled from the data.
    Mean {
        known: bool,
    },
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
    /// Critical values by step of the correction, then by look. Step 0 is the first; without a stepping correction
    /// it is the only one.
    Bounds { steps: Vec<Vec<f64>> },
    /// Posterior probabilities of the relative effect.
    Posterior { prior_mean: f64, prior_precision: f64, win: f64, most_loss: Option<f64> },
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
    /// Reads a plan. Triggers and the Bayesian rule are read from the spec behind it.
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
        for sized in &plan.sizes {
            sizable(plan, sized)?;
        }
        if plan.sizes.is_empty() {
            return refuse("it has no primary metric and no guardrail");
        }
        let variants: Vec<_> = std::iter::once(control).chain(plan.treatments()).collect();
        let measures = measures(plan, spec, &mut notes)?;
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
            _ => Rule::Bounds { steps: bounds(&plan.design, &timeline.fractions)? },
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
                    let mde = measures[measure].good * effect.abs();
                    model.claims.push(Claim { measure, arm, mde, power: sizing.and_then(|s| expected.of(s)) });
                }
                _ => {
                    let Some(margin) = metric.margin.as_ref().and_then(|margin| margin.absolute) else { continue };
                    let margin = margin.abs();
                    model.guards.push(Guard { measure, arm, margin, power: sizing.map(|sizing| sizing.power) });
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
    pub fn law(&self, measure: usize, effect: f64) -> Option<Law> {
        let Measure { kind, baseline, sd, reduction, design_effect, .. } = self.measures[measure];
        let mean = baseline + effect;
        let fits = mean.is_finite() && (!kind.is_binary() || (0.0 < mean && mean < 1.0));
        fits.then(|| Law::new(kind, mean, sd, reduction, design_effect))
    }
}

/// A size that is lacking says best what the plan lacks.
fn sizable(plan: &Plan, sized: &Sized) -> Result<(), Unsimulable> {
    match &sized.result {
        Ok(_) => Ok(()),
        Err(Unsized::Missing(what)) => refuse(format!("it lacks {what}")),
        Err(Unsized::Refused(refusal)) => refuse(refusal.to_string()),
        // Posterior rules have no size here, and run all the same.
        Err(Unsized::Unsupported(_)) if plan.design.method.value == Method::Bayesian => {
            let metric = plan.metrics.iter().find(|m| m.name == sized.metric && m.role == sized.role);
            match metric.and_then(|metric| metric.mde.as_ref()).and_then(|mde| mde.absolute) {
                Some(_) => Ok(()),
                None => refuse(format!("it lacks an MDE for `{}`", sized.metric)),
            }
        }
        Err(Unsized::Unsupported(reason)) => refuse(reason.clone()),
    }
}

/// Days from the enrolment of a unit to its complete outcome.
fn wait(metric: &PlannedMetric) -> u32 {
    let window = metric.window.as_ref().map_or(0, |known| known.value.whole_days());
    window.saturating_add(metric.lag.as_ref().map_or(0, |known| known.value.whole_days()))
}

/// Every metric that a test, a trigger or the table reads.
fn measures(plan: &Plan, spec: &Spec, notes: &mut Vec<String>) -> Result<Vec<Measure>, Unsimulable> {
    let rollbacks = spec.rollout.value().and_then(|rollout| rollout.rollback.value());
    let watched = |name: &str| {
        let mut list = rollbacks.into_iter().flat_map(|list| list.iter());
        list.any(|rollback| rollback.metric.value().is_some_and(|metric| metric == name))
    };
    let named = |name: &String| plan.decision.as_ref().is_some_and(|table| table.named.contains(name));
    let mut measures: Vec<Measure> = Vec::new();
    for metric in &plan.metrics {
        if measures.iter().any(|measure| measure.name == metric.name) {
            continue;
        }
        let tested = matches!(metric.role, Role::Primary | Role::Guardrail);
        if !tested && !watched(&metric.name) && !named(&metric.name) {
            continue;
        }
        match measure(plan, metric) {
            Ok(measure) => measures.push(measure),
            Err(Unsimulable(reason)) if tested => return refuse(reason),
            Err(Unsimulable(reason)) => {
                notes.push(format!("`{}` is not drawn: {reason}; nothing is shown of it.", metric.name));
            }
        }
    }
    Ok(measures)
}

fn measure(plan: &Plan, metric: &PlannedMetric) -> Result<Measure, Unsimulable> {
    let name = &metric.name;
    let missing = |what: &str| Unsimulable(format!("it lacks {what} of `{name}`"));
    let kind = metric.kind.as_ref().ok_or_else(|| missing("the kind"))?.value;
    let baseline = metric.baseline.as_ref().ok_or_else(|| missing("a baseline"))?.value;
    let binary = kind.is_binary();
    if binary && !(0.0 < baseline && baseline < 1.0) {
        return refuse(format!("the baseline {baseline} of `{name}` is no rate between 0 and 1"));
    }
    let sd = match &metric.sd {
        Some(sd) => sd.value,
        None if binary => 0.0,
        None => return Err(missing("a standard deviation")),
    };
    let sd_fits = binary || (0.0 < sd && sd.is_finite());
    if !sd_fits {
        return refuse(format!("the standard deviation {sd} of `{name}` is not above 0"));
    }
    let test = plan.design.test.as_ref().map(|test| test.value);
    Ok(Measure {
        name: name.clone(),
        kind,
        baseline,
        sd,
        unit: metric.unit.as_ref().map(|unit| unit.value.clone()),
        good: match metric.higher_is_better() {
            Some(true) => 1.0,
            Some(false) => -1.0,
            None => return Err(missing("the good direction")),
        },
        reduction: reduction(&plan.design, metric),
        design_effect: plan.design.design_effect.as_ref().map_or(1.0, |known| known.value),
        test: match (binary, test) {
            (true, Some(Test::ZUnpooled)) => MeasureTest::Rate(ProportionTest::Unpooled),
            (true, _) => MeasureTest::Rate(ProportionTest::Pooled),
            (false, test) => MeasureTest::Mean { known: test == Some(Test::Z) },
        },
    })
}

/// What variance reduction leaves of the variance: as sizes have it, metrics without a size included.
fn reduction(design: &PlannedDesign, metric: &PlannedMetric) -> f64 {
    let Some(reduction) = design.reduction.as_ref().filter(|reduction| reduction.method.value != Reduction::None)
    else {
        return 1.0;
    };
    let rho = reduction.correlation.as_ref().or(metric.pre_correlation.as_ref()).map_or(0.0, |known| known.value);
    stats::variance::adjusted(rho, 1.0).unwrap_or(0.0).max(0.01)
}

/// The days of the looks, and what part of the information each has.
struct Timeline {
    last_day: u32,
    /// Days of the looks from the start; the last is the decision.
    looks: Vec<u32>,
    fractions: Vec<f64>,
}

impl Timeline {
    fn new(plan: &Plan, spec: &Spec, last_day: u32) -> Result<Self, Unsimulable> {
        let calendar = &plan.calendar;
        let slowest = plan.metrics_of(Role::Primary).map(wait).max().unwrap_or(0);
        let mature = last_day.saturating_sub(slowest).min(calendar.days);
        let whole = calendar.share_days(mature);
        if whole <= 0.0 {
            return refuse("no unit is analysed by the day of the decision");
        }
        let method = plan.design.method.value;
        let planned: Vec<f64> = plan.design.looks.iter().map(|look| look.value).collect();
        let mut days: Vec<u32> = match method {
            Method::Fixed => Vec::new(),
            // Looked at whenever one likes: every day.
            Method::AlwaysValid if planned.is_empty() => (1..mature).collect(),
            _ => planned.iter().map(|part| days_until(plan, part * whole)).filter(|&day| day < mature).collect(),
        };
        days.push(mature);
        days.dedup();
        // Days before the analysed part of the run say nothing.
        days.retain(|&day| 1e-5 * whole < calendar.share_days(day));
        if MOST_LOOKS < days.len() {
            return refuse(format!("it is looked at more than {MOST_LOOKS} times"));
        }
        if spec.design.value().is_some_and(|design| design.looks.is_absent()) && method == Method::GroupSequential {
            return refuse("it lacks the looks of its group-sequential design");
        }
        let mut fractions: Vec<f64> = days.iter().map(|&day| calendar.share_days(day) / whole).collect();
        if let Some(last) = fractions.last_mut() {
            *last = 1.0;
        }
        let mut looks: Vec<u32> = days.iter().map(|day| day + slowest).collect();
        if let Some(last) = looks.last_mut() {
            *last = last_day;
        }
        Ok(Self { last_day, looks, fractions })
    }

    /// Every day on which something is looked at, and the days that cut the enrolment into segments.
    fn checks(&self, plan: &Plan, waits: &[u32], watched: bool) -> (Vec<Check>, Vec<u32>) {
        let calendar = &plan.calendar;
        let mut gates: Vec<(u32, String)> = Vec::new();
        let mut ends = Vec::new();
        let mut end = 0;
        for (index, stage) in calendar.stages.iter().enumerate() {
            end += stage.days;
            ends.push(end);
            if stage.gate.value == Gate::Guardrails && index + 1 < calendar.stages.len() && end < self.last_day {
                gates.push((end, stage.name.clone()));
            }
        }
        let mut on: BTreeSet<u32> = self.looks.iter().copied().chain(gates.iter().map(|gate| gate.0)).collect();
        if watched {
            on.extend(1..=self.last_day);
        }
        let enrolled = |day: u32| day.min(calendar.days);
        let mut cuts: BTreeSet<u32> = ends.iter().copied().chain([0, calendar.days]).collect();
        for &day in &on {
            cuts.insert(enrolled(day));
            cuts.extend(waits.iter().map(|&wait| enrolled(day.saturating_sub(wait))));
        }
        let cuts: Vec<u32> = cuts.into_iter().filter(|&cut| cut <= calendar.days).collect();
        let segment = |day: u32| cuts.binary_search(&enrolled(day)).unwrap_or_else(|next| next);
        let checks = on
            .into_iter()
            .map(|day| Check {
                day,
                enrolled: segment(day),
                mature: waits.iter().map(|&wait| segment(day.saturating_sub(wait))).collect(),
                gate: gates.iter().find(|gate| gate.0 == day).map(|gate| gate.1.clone()),
                look: self.looks.iter().position(|&look| look == day),
                watched,
                last: day == self.last_day,
            })
            .collect();
        (checks, cuts)
    }
}

/// The first day whose sum of shares reaches `share_days`.
fn days_until(plan: &Plan, share_days: f64) -> u32 {
    // Shares are decimals in binary: a day is not waited for because of their rounding.
    let enough = share_days * (1.0 - 1e-9);
    (0..plan.calendar.days).find(|&day| enough <= plan.calendar.share_days(day)).unwrap_or(plan.calendar.days)
}

/// Expected units by segment and variant, the first analysed segment, and the units of analysis in each.
fn arrivals(plan: &Plan, cuts: &[u32]) -> Result<(Vec<Vec<f64>>, usize, f64), Unsimulable> {
    let Some(daily) = &plan.audience.daily_units else {
        return refuse("it lacks the number of eligible units per day");
    };
    let kept = 1.0 - plan.audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value);
    let analysed = daily.value * kept * plan.exposure.rate.value;
    let control = plan.variants.iter().filter(|variant| variant.control);
    let variants: Vec<_> = control.chain(plan.treatments()).collect();
    let last_stage = plan.calendar.days - plan.calendar.stages.last().map_or(0, |stage| stage.days);
    let mut first_analysed = 0;
    let mut segments = Vec::new();
    for pair in cuts.windows(2) {
        let Some(stage) = plan.calendar.stage_on(pair[0]) else { continue };
        if !plan.calendar.analyse_ramp && pair[0] < last_stage {
            first_analysed += 1;
        }
        let weight = |name: &str, own: f64| {
            let other = stage.weights.iter().find(|(variant, _)| variant.value == name);
            other.map_or(own, |(_, weight)| weight.value)
        };
        let weights: Vec<f64> = variants.iter().map(|v| weight(&v.name, v.weight.value)).collect();
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return refuse(format!("the weights of stage `{}` sum to 0", stage.name));
        }
        let units = analysed * stage.share.value * f64::from(pair[1] - pair[0]);
        segments.push(weights.iter().map(|weight| units * weight / total).collect());
    }
    Ok((segments, first_analysed, plan.design.cluster_size.as_ref().map_or(1.0, |known| known.value)))
}

fn ratio_check(plan: &Plan) -> Option<RatioCheck> {
    let check = &plan.design.srm;
    let arms = plan.variants.iter().filter(|variant| 0.0 < variant.fraction).count();
    let critical = srm::critical_value(check.alpha.value, arms.saturating_sub(1) as f64).ok()?;
    check.check.value.then_some(RatioCheck { critical, action: check.action.value })
}

/// The critical values of each step of the correction at each look.
fn bounds(design: &PlannedDesign, fractions: &[f64]) -> Result<Vec<Vec<f64>>, Unsimulable> {
    let claims = design.claims.max(1);
    let alphas: Vec<f64> = match design.correction.value {
        // After each claim the next has one fewer beside it (Holm 1979; with looks Maurer and Bretz 2013).
        Correction::Holm => (1..=claims).rev().map(|left| design.alpha.value / left as f64).collect(),
        _ => vec![design.alpha_per_claim],
    };
    let of = |alpha: f64| {
        if design.method.value == Method::Fixed {
            let tail = stats::Sides::from(design.sides.value).tail(alpha);
            return Ok(vec![normal::upper_quantile(tail); fractions.len()]);
        }
        let bounds: Vec<f64> = at_fractions(design, alpha, fractions).iter().map(|look| look.z).collect();
        if bounds.len() == fractions.len() { Ok(bounds) } else { refuse("its looks have no bounds") }
    };
    alphas.into_iter().map(of).collect()
}

/// The plan's own bounds, at the information that the calendar gives the looks.
fn at_fractions(design: &PlannedDesign, alpha: f64, fractions: &[f64]) -> Vec<crate::plan::Look> {
    let span = design.looks.first().map_or(crate::text::Span::file_start(crate::text::FileId(0)), |look| look.span);
    let on_days = fractions.iter().map(|&value| At { value, span }).collect();
    looks(&PlannedDesign { looks: on_days, alpha_per_claim: alpha, ..design.clone() }, &Memo::default())
}

/// What the plan's mathematics says of the tests alone.
struct ExpectedPower<'a> {
    design: &'a PlannedDesign,
    /// The bounds at the calendar's looks, for a sequential design.
    monitoring: Option<Monitoring>,
    bayesian: bool,
}

impl<'a> ExpectedPower<'a> {
    fn new(plan: &'a Plan, fractions: &[f64], rule: &Rule) -> Self {
        let design = &plan.design;
        let monitoring = match rule {
            Rule::Bounds { steps } if design.method.value != Method::Fixed => {
                let sides = design.sides.value.into();
                steps
                    .first()
                    .and_then(|first| Monitoring::bounded(fractions, first, design.alpha_per_claim, sides).ok())
            }
            _ => None,
        };
        Self { design, monitoring, bayesian: matches!(rule, Rule::Posterior { .. }) }
    }

    /// Power of one claim: the plan's own for one look; by the recursion at the calendar's looks for more.
    fn of(&self, sizing: &crate::plan::Sizing) -> Option<Expected> {
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
            Correction::Holm if 1 < self.design.claims => Expected::AtLeast(power),
            _ => Expected::Value(power),
        })
    }

    /// The probability of any claim without an effect.
    fn errors(&self, claims: usize) -> Option<Expected> {
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
                with_margin.and_then(|m| m.margin.as_ref()).and_then(|margin| margin.absolute).map(f64::abs)
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

/// The Bayesian rule.
fn posterior(plan: &Plan, spec: &Spec, notes: &mut Vec<String>) -> Result<Rule, Unsimulable> {
    let bayes = spec.design.value().and_then(|design| design.bayes.value());
    let Some(bayes) = bayes else { return refuse("it lacks the `bayes` table of its Bayesian design") };
    let percent = |what: &str, amount: Option<&crate::spec::Amount>| match amount {
        None => Ok(None),
        Some(amount) if amount.unit == Unit::Percent => Ok(Some(amount.number / 100.0)),
        Some(amount) => refuse(format!("`{what}` is `{amount}`, and not a percentage of the baseline")),
    };
    let Some(win) = bayes.win_probability.copied() else { return refuse("it lacks `bayes.win_probability`") };
    let prior_mean = percent("bayes.prior_mean", bayes.prior_mean.value())?.unwrap_or(0.0);
    let prior_precision = match percent("bayes.prior_sd", bayes.prior_sd.value())? {
        Some(sd) if 0.0 < sd => 1.0 / (sd * sd),
        Some(sd) => return refuse(format!("`bayes.prior_sd` is {sd}, and not above 0")),
        None => {
            notes.push("No prior is registered: a flat one is taken.".to_owned());
            0.0
        }
    };
    if let Some(zero) = plan.metrics_of(Role::Primary).find(|m| m.baseline.as_ref().is_none_or(|b| b.value == 0.0)) {
        return refuse(format!("the prior is relative, and the baseline of `{}` is 0 or not known", zero.name));
    }
    let most_loss = percent("bayes.max_expected_loss", bayes.max_expected_loss.value())?;
    Ok(Rule::Posterior { prior_mean, prior_precision, win: win.get(), most_loss })
}
