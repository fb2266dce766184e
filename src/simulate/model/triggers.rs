//! Rollback triggers by their numbers.

use crate::plan::{Plan, in_unit};
use crate::spec::rollout::Harm;
use crate::spec::{Spec, Unit};

use super::{Measure, Outcomes, Trigger};

/// The rollback triggers that have numbers.
pub(super) fn triggers(plan: &Plan, spec: &Spec, measures: &[Measure], notes: &mut Vec<String>) -> Vec<Trigger> {
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
        if measure.outcomes == Outcomes::Times && harm != Harm::Margin {
            skip("thresholds on times to an event are read by their margin only");
            continue;
        }
        let threshold = match harm {
            Harm::Margin => {
                let with_margin = plan.metrics.iter().find(|m| m.name == *name && m.margin.is_some());
                let of = with_margin.and_then(|m| m.margin.as_ref());
                // Of times to an event a margin is relative, and the model has hazards.
                let size = match measure.outcomes {
                    Outcomes::Times => of.and_then(|margin| margin.relative).map(|part| part * measure.baseline),
                    _ => of.and_then(|margin| margin.absolute),
                };
                size.map(|margin| margin.abs() * plan.exposure.dilution.value)
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
