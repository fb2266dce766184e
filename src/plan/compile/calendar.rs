//! Its days: stages, start and end, and units that return.

use super::Inputs;
use crate::plan::calendar::Calendar;
use crate::plan::origin::{Known, Origin};
use crate::plan::types::{Plan, PlannedAudience, PlannedStage};
use crate::spec::{Day, Gate};
use crate::stats::traffic;
use crate::syntax::At;
use crate::text::Span;

impl Inputs<'_> {
    pub(super) fn calendar(&self, audience: &PlannedAudience) -> Calendar {
        let empty = crate::spec::Rollout::default();
        let rollout = self.spec.rollout.value().unwrap_or(&empty);
        let start = self.known(&rollout.start, |day| *day);
        let end = self.known(&rollout.end, |day| *day);
        let span = self.spec.rollout.span().unwrap_or(Span::file_start(self.file));
        let mut stages: Vec<PlannedStage> = Vec::new();
        for stage in rollout.stages.value().into_iter().flat_map(|list| list.iter()) {
            stages.push(PlannedStage {
                name: stage.name.value().cloned().unwrap_or_else(|| format!("stage-{}", stages.len() + 1)),
                span: stage.span,
                share: self
                    .known(&stage.share, |share| share.fraction())
                    .unwrap_or_else(|| Known::new(audience.share.value.fraction(), audience.share.origin)),
                days: stage.hold.value().map_or(0, |hold| hold.whole_days()),
                start: None,
                end: None,
                gate: self.known(&stage.gate, |gate| *gate).unwrap_or(Known::built_in(Gate::None)),
                weights: stage
                    .weights
                    .value()
                    .map(|named| {
                        named
                            .iter()
                            .map(|(name, weight)| (name.clone(), At { value: weight.get(), span: weight.span }))
                            .collect()
                    })
                    .unwrap_or_default(),
                implied: false,
            });
        }
        let whole_run = match (&start, &end) {
            (Some(start), Some(end)) => u32::try_from(start.value.until(end.value) + 1).unwrap_or(0),
            _ => 0,
        };
        if stages.is_empty() {
            stages.push(PlannedStage {
                name: "main".to_owned(),
                span,
                share: Known::new(audience.share.value.fraction(), audience.share.origin),
                days: whole_run,
                start: None,
                end: None,
                gate: Known::built_in(Gate::None),
                weights: Vec::new(),
                implied: true,
            });
        } else if 0 < whole_run {
            // A last stage without `hold` lasts until the end.
            let before: u32 = stages.iter().rev().skip(1).map(|stage| stage.days).sum();
            if let Some(last) = stages.last_mut().filter(|last| last.days == 0) {
                last.days = whole_run.saturating_sub(before);
            }
        }
        let mut first: Option<Day> = start.as_ref().map(|start| start.value);
        for stage in &mut stages {
            stage.start = first;
            stage.end = first.map(|first| first.plus(stage.days.saturating_sub(1)));
            first = first.map(|first| first.plus(stage.days));
        }
        let days: u32 = stages.iter().map(|stage| stage.days).fold(0, u32::saturating_add);
        let last = stages.last().and_then(|stage| stage.end).filter(|_| 0 < days);
        Calendar {
            stages,
            start,
            end: last.map(|last| Known::new(last, Origin::Computed)),
            decide: self.spec.decision.value().and_then(|decision| self.known(&decision.by, |day| *day)),
            days,
            analyse_ramp: rollout.analyse_ramp.copied().unwrap_or(true),
            arrivals: None,
        }
    }
}

/// Counts of a day may lie this far below a curve that rises ever more slowly.
const SLACK: f64 = 0.05;

/// Puts returning units into the calendar, over those of their first day: the counts give the shape, and
/// `daily_units`, where it is written, the level.
pub(super) fn returning(plan: &mut Plan) {
    let points: Vec<(f64, f64)> =
        plan.audience.unique_units.iter().map(|known| (f64::from(known.value.day), known.value.units)).collect();
    if points.is_empty() {
        return;
    }
    let scaled = traffic::Curve::new(&points, SLACK).and_then(|curve| {
        let first = curve.unique(1.0)?.units;
        let scaled: Vec<(f64, f64)> = points.iter().map(|(day, units)| (*day, units / first)).collect();
        let shares: Vec<f64> = plan.calendar.stages.iter().map(|stage| stage.share.value).collect();
        traffic::Ramp::new(&shares)?;
        Ok((first, traffic::Curve::new(&scaled, SLACK)?))
    });
    match scaled {
        Ok((first, curve)) => {
            plan.audience.daily_units.get_or_insert(Known::new(first, Origin::Computed));
            plan.calendar.arrivals = Some(traffic::Arrivals::Curve(curve));
        }
        Err(refusal) => plan.audience.arrivals_fault = Some(refusal),
    }
}
