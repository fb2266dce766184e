//! The metrics that are drawn, with the numbers that a plan has for them.

use crate::catalog::Kind;
use crate::plan::{Plan, PlannedDesign, PlannedMetric, Sized, Sizing, Unsized};
use crate::spec::design::Reduction;
use crate::spec::{EffectScale, Method, Role, Spec, Test};
use crate::stats;
use crate::stats::comparison::{Claim, Endpoint, Scale};
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;

use super::{Measure, Outcomes, Unsimulable, refuse};

/// A size that is lacking says best what the plan lacks.
pub(super) fn sizable(plan: &Plan, sized: &Sized) -> Result<(), Unsimulable> {
    match &sized.result {
        Ok(sizing) => {
            let is_posterior = plan.design.method.value == Method::Bayesian && sized.role == Role::Primary;
            if is_posterior && !matches!(sizing.comparison.claim, Claim::Superiority { .. }) {
                return refuse(format!("a posterior decides superiority only, and `{}` is to show else", sized.metric));
            }
            Ok(())
        }
        Err(Unsized::Missing(what)) => refuse(format!("it lacks {what}")),
        Err(Unsized::Refused(refusal)) => refuse(refusal.to_string()),
        Err(Unsized::Unsupported(reason)) => refuse(reason.clone()),
    }
}

/// Every metric that a test, a trigger or the table reads.
pub(super) fn measures(plan: &Plan, spec: &Spec, notes: &mut Vec<String>) -> Result<Vec<Measure>, Unsimulable> {
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
    let written = metric.baseline.as_ref().ok_or_else(|| missing("a baseline"))?.value;
    if kind.is_binary() && !(0.0 < written && written < 1.0) {
        return refuse(format!("the baseline {written} of `{name}` is no rate between 0 and 1"));
    }
    // A metric may be primary and a guardrail: the first size says how it is drawn.
    let sized = plan.sizes.iter().find(|sized| sized.metric == *name).and_then(|sized| sized.result.as_ref().ok());
    let (test, outcomes) = match sized {
        Some(sizing) => drawn_as_sized(sizing),
        None => drawn_unsized(plan, metric, kind, written)?,
    };
    // A posterior is of the difference itself.
    let test = match test {
        Endpoint::Proportion { baseline, test } if plan.design.method.value == Method::Bayesian => {
            let unpooled = test == ProportionTest::Unpooled;
            let test = if unpooled { ProportionTest::Unpooled } else { ProportionTest::Pooled };
            Endpoint::Proportion { baseline, test }
        }
        other => other,
    };
    if let Outcomes::OfUnits { sd, sd_treatment, .. } = outcomes
        && !kind.is_binary()
        && let Some(sd) = [sd, sd_treatment].into_iter().find(|sd| !(0.0 < *sd && sd.is_finite()))
    {
        return refuse(format!("the standard deviation {sd} of `{name}` is not above 0"));
    }
    let factor = sized.map_or_else(
        || reduction(&plan.design, metric) * plan.design.design_effect.as_ref().map_or(1.0, |known| known.value),
        |sizing| sizing.factors.reduction * sizing.factors.design_effect,
    );
    let baseline = match test {
        Endpoint::TimeToEvent(hazards) => hazards.control,
        _ => written,
    };
    let scale = match sized {
        Some(sizing) => sizing.comparison.scale,
        None if plan.design.scale.value == EffectScale::Lift => Scale::Lift,
        None => Scale::Difference,
    };
    Ok(Measure {
        name: name.clone(),
        kind,
        baseline,
        unit: metric.unit.as_ref().map(|unit| unit.value.clone()),
        good: match metric.higher_is_better() {
            Some(true) => 1.0,
            Some(false) => -1.0,
            None => return Err(missing("the good direction")),
        },
        outcomes,
        test,
        scale,
        factor: match outcomes {
            Outcomes::OfUnits { .. } => factor,
            // What is drawn is worth one independent unit.
            Outcomes::OfMeans { .. } | Outcomes::Counts | Outcomes::Times => 1.0,
        },
        units_of_draw: match outcomes {
            Outcomes::OfUnits { .. } => 1.0,
            Outcomes::OfMeans { units, .. } => units,
            Outcomes::Counts | Outcomes::Times => factor,
        },
    })
}

/// The test and the law that a size was computed for.
fn drawn_as_sized(sizing: &Sizing) -> (Endpoint, Outcomes) {
    let factors = &sizing.factors;
    let of_units = |sd: f64, sd_treatment: f64| Outcomes::OfUnits {
        sd,
        sd_treatment,
        reduction: factors.reduction,
        design_effect: factors.design_effect,
    };
    if sizing.exact != sizing.comparison
        && let Endpoint::Mean { sd, .. } = sizing.exact.endpoint
    {
        let units = sizing.exact.size_factor / factors.inflation;
        return (sizing.exact.endpoint, Outcomes::OfMeans { sd, units });
    }
    let endpoint = sizing.comparison.endpoint;
    match endpoint {
        Endpoint::Proportion { baseline, test: ProportionTest::FisherExact | ProportionTest::ExactUnconditional } => {
            (Endpoint::Proportion { baseline, test: ProportionTest::ContinuityCorrected }, of_units(0.0, 0.0))
        }
        Endpoint::Proportion { .. } => (endpoint, of_units(0.0, 0.0)),
        Endpoint::Mean { sd, test, .. } => {
            let treated = match test {
                MeanTest::UnequalZ { sd_treatment }
                | MeanTest::Welch { sd_treatment }
                | MeanTest::Satterthwaite { sd_treatment } => sd_treatment,
                MeanTest::Z | MeanTest::T | MeanTest::Adjusted { .. } => sd,
            };
            (endpoint, of_units(sd, treated))
        }
        Endpoint::Count(_) => (endpoint, Outcomes::Counts),
        Endpoint::TimeToEvent(_) => (endpoint, Outcomes::Times),
    }
}

/// Metrics that a trigger or the table reads, and nobody sized.
fn drawn_unsized(
    plan: &Plan,
    metric: &PlannedMetric,
    kind: Kind,
    baseline: f64,
) -> Result<(Endpoint, Outcomes), Unsimulable> {
    let missing = |what: &str| Unsimulable(format!("it lacks {what} of `{}`", metric.name));
    let (reduction, design_effect) =
        (reduction(&plan.design, metric), plan.design.design_effect.as_ref().map_or(1.0, |known| known.value));
    let of_units = |sd, sd_treatment| Outcomes::OfUnits { sd, sd_treatment, reduction, design_effect };
    if kind.is_binary() {
        let unpooled = plan.design.test.as_ref().is_some_and(|test| test.value == Test::ZUnpooled);
        let test = if unpooled { ProportionTest::Unpooled } else { ProportionTest::Pooled };
        return Ok((Endpoint::Proportion { baseline, test }, of_units(0.0, 0.0)));
    }
    if kind == Kind::TimeToEvent {
        return Err(missing("an effect to show"));
    }
    let sd = metric.sd.as_ref().ok_or_else(|| missing("a standard deviation"))?.value;
    let treated = metric.sd_treatment.as_ref().map(|sd| sd.value);
    let test = treated.map_or(MeanTest::T, |sd_treatment| MeanTest::Welch { sd_treatment });
    Ok((Endpoint::Mean { baseline, sd, test }, of_units(sd, treated.unwrap_or(sd))))
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
