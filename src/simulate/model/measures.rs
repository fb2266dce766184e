//! The metrics that are drawn, with the numbers that a plan has for them.

use crate::plan::{Plan, PlannedDesign, PlannedMetric, Sized, Unsized};
use crate::spec::design::Reduction;
use crate::spec::{HypothesisKind, Method, Role, Spec, Test};
use crate::stats;
use crate::stats::comparison::Endpoint;
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;

use super::{Measure, MeasureTest, Unsimulable, refuse};

/// A size that is lacking says best what the plan lacks.
pub(super) fn sizable(plan: &Plan, sized: &Sized) -> Result<(), Unsimulable> {
    let metric = plan.metrics.iter().find(|m| m.name == sized.metric && m.role == sized.role);
    let usual = match sized.role {
        Role::Primary => HypothesisKind::Superiority,
        _ => HypothesisKind::NonInferiority,
    };
    if let Some(metric) = metric.filter(|metric| metric.hypothesis.value != usual) {
        let other = metric.hypothesis.value;
        return refuse(format!("the hypothesis `{other}` of `{}` is not simulated by this version", metric.name));
    }
    match &sized.result {
        Ok(sizing) if matches!(sizing.comparison.endpoint, Endpoint::TimeToEvent(_)) => {
            refuse(format!("times to an event, like `{}`, are not simulated by this version", sized.metric))
        }
        Ok(_) => Ok(()),
        Err(Unsized::Missing(what)) => refuse(format!("it lacks {what}")),
        Err(Unsized::Refused(refusal)) => refuse(refusal.to_string()),
        // Posterior rules have no size here, and run all the same.
        Err(Unsized::Unsupported(_)) if plan.design.method.value == Method::Bayesian => {
            match metric.and_then(|metric| metric.mde.as_ref()).and_then(|mde| mde.absolute) {
                Some(_) => Ok(()),
                None => refuse(format!("it lacks an MDE for `{}`", sized.metric)),
            }
        }
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
    let baseline = metric.baseline.as_ref().ok_or_else(|| missing("a baseline"))?.value;
    let binary = kind.is_binary();
    if binary && !(0.0 < baseline && baseline < 1.0) {
        return refuse(format!("the baseline {baseline} of `{name}` is no rate between 0 and 1"));
    }
    let sized = plan.sizes.iter().find(|sized| sized.metric == *name).and_then(|sized| sized.result.as_ref().ok());
    let written = metric.sd.as_ref().map(|sd| sd.value);
    let treated = metric.sd_treatment.as_ref().map(|sd| sd.value);
    let (sd, sd_treatment, test) = match sized.map(|sizing| sizing.comparison.endpoint) {
        Some(Endpoint::Proportion { test: ProportionTest::Unpooled, .. }) => {
            (Some(0.0), None, MeasureTest::Rate(ProportionTest::Unpooled))
        }
        Some(Endpoint::Mean { sd, test, .. }) => match test {
            MeanTest::Z => (Some(sd), None, MeasureTest::Known),
            MeanTest::UnequalZ { sd_treatment } => (Some(sd), Some(sd_treatment), MeasureTest::Known),
            MeanTest::Welch { sd_treatment } | MeanTest::Satterthwaite { sd_treatment } => {
                (Some(sd), Some(sd_treatment), MeasureTest::Welch)
            }
            _ => (Some(sd), None, MeasureTest::Pooled),
        },
        Some(Endpoint::Count(rates)) => {
            // Var = m + k m^2, at the mean of the whole window.
            let mean = rates.control * rates.exposure;
            (Some(libm::sqrt(mean + rates.overdispersion * mean * mean)), None, MeasureTest::Pooled)
        }
        _ if binary && plan.design.test.as_ref().is_some_and(|test| test.value == Test::ZUnpooled) => {
            (Some(0.0), None, MeasureTest::Rate(ProportionTest::Unpooled))
        }
        _ if binary => (Some(0.0), None, MeasureTest::Rate(ProportionTest::Pooled)),
        _ if treated.is_some() => (written, treated, MeasureTest::Welch),
        _ => (written, None, MeasureTest::Pooled),
    };
    let sd = sd.ok_or_else(|| missing("a standard deviation"))?;
    let sd_treatment = sd_treatment.unwrap_or(sd);
    for sd in [sd, sd_treatment] {
        let fits = binary || (0.0 < sd && sd.is_finite());
        if !fits {
            return refuse(format!("the standard deviation {sd} of `{name}` is not above 0"));
        }
    }
    let baseline = match sized.map(|sizing| sizing.comparison.endpoint) {
        Some(Endpoint::Count(rates)) => rates.control * rates.exposure,
        _ => baseline,
    };
    Ok(Measure {
        name: name.clone(),
        kind,
        baseline,
        sd,
        sd_treatment,
        unit: metric.unit.as_ref().map(|unit| unit.value.clone()),
        good: match metric.higher_is_better() {
            Some(true) => 1.0,
            Some(false) => -1.0,
            None => return Err(missing("the good direction")),
        },
        reduction: reduction(&plan.design, metric),
        design_effect: plan.design.design_effect.as_ref().map_or(1.0, |known| known.value),
        test,
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
