//! Plan to document: one file writes one part, as [`shape`](super::shape) has them.

pub(super) mod decision;
pub(super) mod design;
pub(super) mod measures;
pub(super) mod people;
pub(super) mod provenance;
mod reading;

use super::shape::{DataBlock, DataQuality, Document, Effect, Expectation, Rationale, Scale, Segment};
use super::{CONTRACT, FORMAT};
use crate::emit::plans::Inputs;
use crate::plan::{Known, Plan, PlannedEffect};

/// A number that JSON can hold; 0 stands for one that it cannot, which no plan computes.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

/// Whole units; at 2^53 counts stop being exact in every reader of JSON.
fn units(number: f64) -> u64 {
    number.clamp(0.0, 9_007_199_254_740_992.0) as u64
}

fn some_finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn value_of<T: Clone>(known: Option<&Known<T>>) -> Option<T> {
    known.map(|known| known.value.clone())
}

fn effect(planned: &PlannedEffect) -> Effect {
    Effect {
        written: planned.text.clone(),
        scale: if planned.is_relative { Scale::Relative } else { Scale::Absolute },
        relative: planned.relative.and_then(some_finite),
        absolute: planned.absolute.and_then(some_finite),
    }
}

pub(super) struct Writer<'i, 'a> {
    pub(super) inputs: &'i Inputs<'a>,
}

impl<'a> Writer<'_, 'a> {
    fn plan(&self) -> &'a Plan {
        self.inputs.plan
    }

    pub(super) fn document(&self) -> Document {
        let plan = self.plan();
        let ids = self.metric_ids();
        let tested = self.tested(&ids);
        let design = self.inputs.spec.design.value();
        let texts = |list: Option<&crate::spec::List<String>>| {
            list.into_iter().flat_map(|list| list.iter()).map(|text| text.value.clone()).collect::<Vec<_>>()
        };
        Document {
            format: FORMAT.to_owned(),
            experiment: self.experiment(),
            provenance: self.provenance(),
            rationale: Rationale {
                because: value_of(plan.because.as_ref()),
                change: value_of(plan.change.as_ref()),
                expect: plan
                    .expectations
                    .iter()
                    .map(|expectation| Expectation {
                        metric: expectation.metric.value.clone(),
                        direction: value_of(expectation.direction.as_ref()),
                        by: expectation.by.as_ref().map(effect),
                    })
                    .collect(),
            },
            audience: self.audience(),
            rollout: self.rollout(),
            data: DataBlock {
                contract: CONTRACT.to_owned(),
                zone: "UTC".to_owned(),
                exposure_rule: "first-exposure-wins".to_owned(),
                crossover_rule: "exclude-and-count".to_owned(),
                population: plan.exposure.population.value,
                exposure_event: value_of(plan.exposure.event.as_ref()),
                missing: design.and_then(|design| design.missing.value().cloned()),
            },
            metrics: plan.metrics.iter().zip(&ids).map(|(metric, id)| self.metric(metric, id)).collect(),
            estimands: tested.iter().map(|tested| self.estimand(tested)).collect(),
            hypotheses: tested.iter().map(|tested| self.hypothesis(tested)).collect(),
            multiplicity: self.families(&tested),
            design: self.design(&tested),
            sequential: self.sequential(),
            data_quality: DataQuality { srm: self.srm() },
            segments: plan
                .design
                .segments
                .iter()
                .map(|segment| Segment {
                    attribute: segment.value.clone(),
                    as_of: "exposure".to_owned(),
                    status: "pre-declared".to_owned(),
                })
                .collect(),
            exclusions: texts(design.and_then(|design| design.exclusions.value())),
            decision: plan.decision.as_ref().map(|table| self.decision(table)),
            deviations: self.deviations(),
            hash: String::new(),
        }
    }
}
