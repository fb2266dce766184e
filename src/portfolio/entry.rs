//! What the rest of the portfolio needs to know of an experiment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::plan::{Plan, PlannedMetric};
use crate::spec::{Action, Amount, Condition, Day, Field, Role, Spec, Status, Unit};
use crate::stats;
use crate::syntax::At;
use crate::text::{FileId, Span};

/// The size of a relative effect that is planned for or expected.
#[derive(Debug, Clone, PartialEq)]
pub struct RelativeEffect {
    pub metric: String,
    /// As a fraction, without its sign.
    pub size: f64,
    /// Where it is written.
    pub span: Span,
}

/// A relative effect that was measured. What comes from a file may be nonsense: the interval says so.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEffect {
    pub metric: String,
    pub variant: Option<String>,
    /// As a fraction of the control, with its sign.
    pub estimate: f64,
    /// Its interval, lower end first.
    pub interval: Result<(f64, f64), IntervalFault>,
    /// Where the estimate is written.
    pub span: Span,
}

impl PastEffect {
    pub fn size(&self) -> f64 {
        self.estimate.abs()
    }

    /// Which way the effect was shown to go; `None` when it was not, or nobody can tell.
    pub fn moved(&self) -> Option<stats::Direction> {
        let (low, high) = self.interval.ok()?;
        if 0.0 < low { stats::Direction::of(low) } else { stats::Direction::of(high.min(0.0)) }
    }
}

/// Why an interval says nothing of the certainty of its estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalFault {
    /// One of its ends is not written, or could not be read.
    Absent,
    /// An end is not a percentage, as the estimate is.
    OtherUnit,
    /// The lower end is above the upper one.
    Reversed,
    /// Both ends are one.
    NoWidth,
    /// The estimate is not inside.
    Outside,
}

impl IntervalFault {
    /// The end of a sentence: "its interval …".
    pub fn text(self) -> &'static str {
        match self {
            Self::Absent => "is not written",
            Self::OtherUnit => "is not in per cent",
            Self::Reversed => "is written from high to low",
            Self::NoWidth => "has no width",
            Self::Outside => "does not hold the estimate",
        }
    }
}

/// An experiment among the others.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: Arc<str>,
    pub title: Option<String>,
    /// Where the id is written.
    pub span: Span,
    pub path: String,
    pub file: FileId,
    pub status: Status,
    pub owner: Option<String>,
    pub surface: Option<(String, Span)>,
    pub flag: String,
    pub flag_span: Span,
    /// The flag platforms that are built.
    pub targets: Vec<String>,
    pub unit: Option<String>,
    pub layer: Option<(String, Span)>,
    /// The width of the slot.
    pub share: f64,
    pub share_span: Option<Span>,
    /// The share that would give its primary metrics their power, when this one does not.
    pub share_needed: Option<f64>,
    /// The part of units that its holdout keeps out.
    pub held_out: f64,
    /// The part of enrolled units that is asked a question, and where that is written.
    pub survey: Option<(f64, Span)>,
    /// Where the slot shall begin, when the author says.
    pub wanted_slot: Option<f64>,
    pub salt: String,
    pub salt_span: Option<Span>,
    pub start: Option<Day>,
    pub start_span: Option<Span>,
    pub end: Option<Day>,
    /// Where the end is written, when it is not that of the stages.
    pub end_span: Option<Span>,
    /// The day of the decision.
    pub decide: Option<Day>,
    pub decide_span: Option<Span>,
    /// Share and days of each stage, in their order.
    pub stages: Box<[(f64, u32)]>,
    /// Eligible units that come on a day.
    pub daily_units: Option<f64>,
    /// The named audience that it starts from.
    pub base: Option<String>,
    pub holdout: Option<String>,
    /// For comparing audiences: their places may be those of another experiment with the same conditions.
    pub conditions: Arc<[At<Condition>]>,
    pub exclusions: Arc<[At<Condition>]>,
    /// How many of the conditions the spec itself writes.
    pub own_conditions: usize,
    pub excludes: Vec<At<String>>,
    pub requires: Vec<At<String>>,
    /// Names of the primary metrics.
    pub primaries: Vec<At<String>>,
    /// Relative MDEs of the primary metrics.
    pub mdes: Vec<RelativeEffect>,
    /// Relative effects that the hypothesis expects.
    pub expects: Vec<RelativeEffect>,
    /// Relative effects that were measured, once it is over.
    pub effects: Vec<PastEffect>,
    /// The last day with data, once it is over: as recorded, else as planned.
    pub ended: Option<Day>,
    /// What was decided, once it is over.
    pub decision: Option<Action>,
    /// The hypothesis in lower case without punctuation.
    pub statement: String,
    pub statement_span: Option<Span>,
    /// Definitions of the catalogue that it uses: sort and name.
    pub uses: Uses,
    /// Earlier experiments that it links to.
    pub previous: Vec<String>,
    /// False when a part of the spec could not be read, so that what it does not name proves nothing.
    pub complete: bool,
}

impl Entry {
    pub fn new(plan: &Plan, spec: &Spec, path: &str, file: FileId) -> Self {
        let experiment = spec.experiment.value();
        let names = |list: Option<&crate::spec::List<String>>| list.map(|list| list.items.clone()).unwrap_or_default();
        let audience = &plan.audience;
        let layer = audience.layer.as_ref();
        let named = |metric: &PlannedMetric| At { value: metric.name.clone(), span: metric.span };
        let over = spec.results.value().filter(|_| plan.status.value.is_over());
        let ended = plan.calendar.end.as_ref().map(|end| end.value).filter(|_| plan.status.value.is_over());
        Self {
            id: Arc::clone(&plan.id),
            title: plan.title.as_ref().map(|title| title.value.clone()),
            span: plan.span,
            path: path.to_owned(),
            file,
            status: plan.status.value,
            owner: plan.owner.as_ref().map(|owner| owner.value.clone()),
            surface: plan.surface.as_ref().and_then(|s| Some((s.value.clone(), s.span()?))),
            flag: plan.flag.value.clone(),
            flag_span: plan.flag.span().unwrap_or(plan.span),
            targets: plan.targets.iter().map(|target| target.value.clone()).collect(),
            unit: audience.unit.as_ref().map(|unit| unit.value.clone()),
            layer: layer.and_then(|layer| Some((layer.name.value.clone(), layer.name.span()?))),
            share: audience.share.value.fraction(),
            share_span: audience.share.span(),
            share_needed: share_needed(plan),
            held_out: audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value),
            survey: survey(spec),
            wanted_slot: layer.and_then(|layer| layer.wanted.as_ref()).map(|wanted| wanted.value),
            salt: audience.salt.value.clone(),
            salt_span: audience.salt.span(),
            start: plan.calendar.start.as_ref().map(|start| start.value),
            start_span: plan.calendar.start.as_ref().and_then(|start| start.span()),
            end: plan.calendar.end.as_ref().map(|end| end.value),
            end_span: spec.rollout.value().and_then(|rollout| rollout.end.span()),
            decide: plan.calendar.decide.as_ref().map(|day| day.value),
            decide_span: plan.calendar.decide.as_ref().and_then(|day| day.span()),
            stages: plan.calendar.stages.iter().map(|stage| (stage.share.value, stage.days)).collect(),
            daily_units: audience.daily_units.as_ref().map(|units| units.value),
            base: audience.base.as_ref().map(|base| base.value.clone()),
            holdout: audience.holdout.as_ref().map(|holdout| holdout.name.value.clone()),
            conditions: audience.conditions.as_slice().into(),
            exclusions: audience.exclusions.as_slice().into(),
            own_conditions: audience.conditions.iter().filter(|condition| condition.span.file == file).count(),
            excludes: names(experiment.and_then(|e| e.excludes.value())),
            requires: names(experiment.and_then(|e| e.requires.value())),
            primaries: plan.metrics_of(Role::Primary).map(named).collect(),
            mdes: planned_effects(plan),
            expects: expected_effects(plan),
            effects: measured_effects(spec, plan.status.value),
            ended: over.and_then(|results| results.ended.copied()).or(ended),
            decision: over.and_then(|results| results.decision.copied()),
            statement: statement(plan),
            statement_span: plan.because.as_ref().and_then(|because| because.span()),
            uses: uses(plan, spec),
            previous: names(experiment.and_then(|e| e.links.value()).and_then(|links| links.previous.value()))
                .into_iter()
                .map(|name| name.value)
                .collect(),
            complete: true,
        }
    }

    /// The same entry, its conditions held in common with others.
    #[must_use]
    pub fn sharing(self, shared: &SharedConditions) -> Self {
        Self { conditions: shared.get(self.conditions), exclusions: shared.get(self.exclusions), ..self }
    }

    /// True when it takes traffic on some day: ready or running.
    pub fn is_live(&self) -> bool {
        self.status.is_live()
    }

    /// True when both take traffic on a common day. A run without dates may be at any time.
    pub fn meets_in_time(&self, other: &Entry) -> bool {
        let before =
            |end: Option<Day>, start: Option<Day>| matches!((end, start), (Some(end), Some(start)) if end < start);
        !before(self.end, other.start) && !before(other.end, self.start)
    }
}

/// The part of enrolled units that is asked, with the place of the number.
fn survey(spec: &Spec) -> Option<(f64, Span)> {
    let share = spec.feedback.value()?.survey.value()?.share.get()?;
    Some((share.fraction(), share.span))
}

/// The largest share that one of the primary metrics asks for; `None` when all have their power, or no share gives it.
fn share_needed(plan: &Plan) -> Option<f64> {
    let sizes = plan.sizes.iter().filter(|sized| sized.role == Role::Primary);
    let short = sizes.filter_map(|sized| sized.result.as_ref().ok()).filter(|sizing| sizing.is_short());
    short.filter_map(|sizing| sizing.share_needed(plan)).reduce(f64::max)
}

fn planned_effects(plan: &Plan) -> Vec<RelativeEffect> {
    let planned = plan.metrics_of(Role::Primary).filter_map(|metric| {
        let mde = metric.mde.as_ref().filter(|mde| mde.fault.is_none())?;
        let size = mde.relative?.abs();
        Some(RelativeEffect { metric: metric.name.clone(), size, span: mde.span })
    });
    planned.collect()
}

fn expected_effects(plan: &Plan) -> Vec<RelativeEffect> {
    let expected = plan.expectations.iter().filter_map(|expected| {
        let by = expected.by.as_ref().filter(|by| by.fault.is_none())?;
        Some(RelativeEffect { metric: expected.metric.value.clone(), size: by.relative?.abs(), span: by.span })
    });
    expected.collect()
}

fn measured_effects(spec: &Spec, status: Status) -> Vec<PastEffect> {
    let results = spec.results.value().filter(|_| status.is_over());
    let effects = results.and_then(|results| results.effects.value()).into_iter().flat_map(|list| list.iter());
    let measured = effects.filter_map(|effect| {
        let relative = effect.value.relative.get().filter(|relative| relative.value.unit == Unit::Percent)?;
        Some(PastEffect {
            metric: effect.value.metric.value()?.clone(),
            variant: effect.value.variant.value().cloned(),
            estimate: relative.value.number / 100.0,
            interval: interval(relative.value.number, &effect.value.low, &effect.value.high),
            span: relative.span,
        })
    });
    measured.collect()
}

/// The ends of an interval around an estimate in per cent, as fractions.
fn interval(estimate: f64, low: &Field<Amount>, high: &Field<Amount>) -> Result<(f64, f64), IntervalFault> {
    let (Some(low), Some(high)) = (low.value(), high.value()) else { return Err(IntervalFault::Absent) };
    if low.unit != Unit::Percent || high.unit != Unit::Percent {
        return Err(IntervalFault::OtherUnit);
    }
    let (low, high) = (low.number, high.number);
    if high < low {
        Err(IntervalFault::Reversed)
    } else if low == high {
        Err(IntervalFault::NoWidth)
    } else if estimate < low || high < estimate {
        Err(IntervalFault::Outside)
    } else {
        Ok((low / 100.0, high / 100.0))
    }
}

fn statement(plan: &Plan) -> String {
    let texts = [plan.because.as_ref(), plan.change.as_ref()];
    let words = texts.into_iter().flatten().flat_map(|text| text.value.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Names of definitions, each with its sort, in two allocations: there are some twenty for each experiment.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    names: String,
    /// Where each name ends.
    ends: Vec<(&'static str, u32)>,
}

impl Uses {
    fn add(&mut self, sort: &'static str, name: Option<&str>) {
        let Some(name) = name else { return };
        if self.iter().any(|known| known == (sort, name)) {
            return;
        }
        self.names.push_str(name);
        self.ends.push((sort, u32::try_from(self.names.len()).expect("files are far below 4 GiB")));
    }

    /// Sort and name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |&(sort, end)| {
            let name = &self.names[start..end as usize];
            start = end as usize;
            (sort, name)
        })
    }
}

/// Conditions that several experiments have in common, once each. Most audiences of a portfolio are alike.
#[derive(Debug, Default)]
pub struct SharedConditions(Mutex<HashMap<String, Arc<[At<Condition>]>>>);

impl SharedConditions {
    /// The first conditions that read the same, or these.
    fn get(&self, conditions: Arc<[At<Condition>]>) -> Arc<[At<Condition>]> {
        // What could not be read is not in the text.
        if conditions.iter().any(|condition| condition.is_broken()) {
            return conditions;
        }
        // The name once more in quotes: a name may hold anything, also the words of a comparison.
        let line = |condition: &At<Condition>| format!("{:?} {}\n", condition.attribute.value(), condition.value);
        let text: String = conditions.iter().map(line).collect();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(text).or_insert(conditions))
    }
}

fn uses(plan: &Plan, spec: &Spec) -> Uses {
    let mut uses = Uses::default();
    let mut one = |sort: &'static str, name: Option<&str>| uses.add(sort, name);
    let audience = &plan.audience;
    for metric in &plan.metrics {
        one("metric", Some(&metric.name));
    }
    for condition in audience.conditions.iter().chain(&audience.exclusions) {
        one("attribute", condition.attribute.value().map(String::as_str));
    }
    for segment in &plan.design.segments {
        one("attribute", Some(&segment.value));
    }
    one("unit", audience.unit.as_ref().map(|unit| unit.value.as_str()));
    one("audience", audience.base.as_ref().map(|base| base.value.as_str()));
    one("layer", audience.layer.as_ref().map(|layer| layer.name.value.as_str()));
    one("holdout", audience.holdout.as_ref().map(|holdout| holdout.name.value.as_str()));
    one("flag", Some(&plan.flag.value));
    one("owner", plan.owner.as_ref().map(|owner| owner.value.as_str()));
    one("objective", plan.objective.as_ref().map(|objective| objective.value.as_str()));
    one("surface", plan.surface.as_ref().map(|surface| surface.value.as_str()));
    one("event", plan.exposure.event.as_ref().map(|event| event.value.as_str()));
    let design = spec.design.value();
    one("unit", design.and_then(|d| d.cluster.value()).and_then(|c| c.unit.value()).map(String::as_str));
    let reduction = design.and_then(|design| design.variance_reduction.value());
    one("metric", reduction.and_then(|reduction| reduction.covariate.value()).map(String::as_str));
    one("template", spec.extends.value().map(String::as_str));
    let survey = spec.feedback.value().and_then(|feedback| feedback.survey.value());
    one("event", survey.and_then(|survey| survey.event.value()).map(String::as_str));
    one("audience", spec.decision.value().and_then(|decision| decision.ships_to.as_deref()).filter(|to| *to != "all"));
    uses.names.shrink_to_fit();
    uses.ends.shrink_to_fit();
    uses
}
