//! What is measured, estimated and tested.

use super::people::condition;
use super::{Writer, effect, finite, some_finite, value_of};
use crate::catalog::{Kind, Metric};
use crate::emit::plans::document::shape::{
    Alternative, ClaimKind, Covariate, ErrorRate, Estimand, EventBlock, Family, Hypothesis, IntercurrentEvent,
    MetricBlock, Procedure, Statistic, Strategy, Summary, Window,
};
use crate::emit::plans::schedule::us;
use crate::emit::plans::window_us;
use crate::plan::{Known, Plan, PlannedMetric, PlannedVariant, Sized};
use crate::spec::design::Reduction;
use crate::spec::{Correction, HypothesisKind, Population, Role, SecondaryCorrection, SecondaryGate, Sides, Test};

/// A hypothesis before it is printed.
pub(super) struct Tested<'a> {
    pub(super) id: String,
    pub(super) metric: &'a PlannedMetric,
    metric_id: String,
    treatment: &'a PlannedVariant,
    control: &'a PlannedVariant,
    pub(super) size: Option<&'a Sized>,
}

impl<'a> Writer<'_, 'a> {
    /// The name of each metric, made unique.
    pub(super) fn metric_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for metric in &self.plan().metrics {
            ids.push(unique(&metric.name, &ids));
        }
        ids
    }

    pub(super) fn metric(&self, metric: &PlannedMetric, id: &str) -> MetricBlock {
        let defined = self.inputs.catalog.metrics.get(&metric.name).map(|at| &at.value);
        let rate = metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary());
        let unit = metric.unit.as_ref().map(|unit| unit.value.as_str());
        let event = |name: Option<&String>, value: Option<&String>| {
            Some(EventBlock { event: name?.clone(), value: value.cloned() })
        };
        MetricBlock {
            id: id.to_owned(),
            name: metric.name.clone(),
            role: metric.role,
            about: defined.and_then(|metric| metric.about.value().cloned()),
            kind: value_of(metric.kind.as_ref()),
            direction: value_of(metric.good.as_ref()),
            unit: value_of(metric.unit.as_ref()),
            event: defined.and_then(|metric| event(metric.event.value(), metric.value.value())),
            denominator: defined.and_then(|metric| event(metric.denominator.value(), metric.denominator_value.value())),
            filter: defined
                .and_then(|metric| metric.filter.value())
                .into_iter()
                .flat_map(|list| list.iter())
                .map(condition)
                .collect(),
            window: window_us(self.inputs, metric).map(|(start, end)| elapsed(start, end)),
            lag_us: metric.lag.as_ref().map_or(0, |lag| us(lag.value)),
            covariate: self.covariate(metric, defined),
            cap: defined
                .and_then(|metric| metric.cap.value())
                .and_then(|cap| crate::plan::in_unit(cap, unit, rate))
                .and_then(some_finite),
            quantile: defined.and_then(|metric| metric.quantile.copied()).map(|quantile| quantile.fraction()),
            baseline: value_of(metric.baseline.as_ref()).and_then(some_finite),
            sd: value_of(metric.sd.as_ref()).and_then(some_finite),
            baseline_window_us: metric.baseline_window.as_ref().map(|window| us(window.value)),
            dispersion: value_of(metric.measured.dispersion.as_ref()).and_then(some_finite),
            dropout: value_of(metric.measured.dropout.as_ref()).and_then(some_finite),
        }
    }

    fn covariate(&self, metric: &PlannedMetric, defined: Option<&Metric>) -> Option<Covariate> {
        let reduction = self.plan().design.reduction.as_ref()?;
        if reduction.method.value == Reduction::None || metric.role == Role::Monitor {
            return None;
        }
        // Variance is only reduced where somebody says how well the past predicts.
        if reduction.correlation.is_none() && defined.is_none_or(|metric| metric.pre_correlation.is_absent()) {
            return None;
        }
        let written = self.inputs.spec.design.value().and_then(|design| design.variance_reduction.value());
        let named = written.and_then(|reduction| reduction.covariate.value());
        Some(Covariate {
            metric: named.unwrap_or(&metric.name).clone(),
            window: reduction.window.as_ref().map(|window| elapsed(-us(window.value), 0)),
        })
    }

    /// Every comparison of a treatment with control, in the order of the metrics.
    pub(super) fn tested(&self, ids: &[String]) -> Vec<Tested<'a>> {
        let plan = self.plan();
        let Some(control) = plan.control() else { return Vec::new() };
        // Sizes come in the same order: metrics that decide, then treatments.
        let mut sizes = plan.sizes.iter().peekable();
        let mut tested: Vec<Tested<'a>> = Vec::new();
        let mut taken: Vec<String> = Vec::new();
        for (metric, metric_id) in plan.metrics.iter().zip(ids) {
            if metric.role == Role::Monitor {
                continue;
            }
            for treatment in plan.treatments() {
                let id = unique(&format!("{}.{}.{}", metric.role, metric.name, treatment.name), &taken);
                taken.push(id.clone());
                let size = sizes.next_if(|size| {
                    size.role == metric.role && size.metric == metric.name && size.treatment == treatment.name
                });
                tested.push(Tested { id, metric, metric_id: metric_id.clone(), treatment, control, size });
            }
        }
        tested
    }

    pub(super) fn estimand(&self, tested: &Tested<'_>) -> Estimand {
        let plan = self.plan();
        let mut events = vec![
            intercurrent("the unit is seen in a second variant", Strategy::Exclude),
            intercurrent("the window of the metric is not complete at the cut-off", Strategy::Exclude),
            intercurrent("the unit does not use what its variant offers", Strategy::TreatmentPolicy),
        ];
        if plan.variants.iter().any(|variant| !variant.force.is_empty()) {
            events.push(intercurrent("the unit was given its variant for testing", Strategy::Exclude));
        }
        if plan.kill_switch.as_ref().is_some_and(|on| on.value) {
            events.push(intercurrent("the kill switch takes the unit back to the default", Strategy::TreatmentPolicy));
        }
        Estimand {
            id: format!("estimand.{}", tested.id),
            population: population(plan),
            treatment: tested.treatment.name.clone(),
            comparator: tested.control.name.clone(),
            variable: tested.metric_id.clone(),
            intercurrent_events: events,
            summary: tested.metric.kind.as_ref().map(|kind| summary(kind.value)),
        }
    }

    pub(super) fn hypothesis(&self, tested: &Tested<'_>) -> Hypothesis {
        let design = &self.plan().design;
        let metric = tested.metric;
        let hypothesis = metric.hypothesis.value;
        let against_margin = hypothesis != HypothesisKind::Superiority;
        let sided = if against_margin { Sides::One } else { design.sides.value };
        let alternative = match (sided, metric.higher_is_better()) {
            _ if hypothesis == HypothesisKind::Equivalence => Some(Alternative::Within),
            (Sides::Two, _) => Some(Alternative::TwoSided),
            (Sides::One, Some(true)) => Some(Alternative::Greater),
            (Sides::One, Some(false)) => Some(Alternative::Less),
            (Sides::One, None) => None,
        };
        let alpha = match metric.role {
            Role::Primary => design.alpha_per_claim,
            Role::Secondary => design.secondary.alpha_per_claim,
            Role::Guardrail | Role::Monitor => design.alpha.value,
        };
        Hypothesis {
            id: tested.id.clone(),
            estimand: format!("estimand.{}", tested.id),
            claim: match hypothesis {
                HypothesisKind::Superiority => ClaimKind::Superiority,
                HypothesisKind::SuperiorityByMargin => ClaimKind::SuperiorityByMargin,
                HypothesisKind::NonInferiority => ClaimKind::NonInferiority,
                HypothesisKind::Equivalence => ClaimKind::Equivalence,
            },
            margin: metric.margin.as_ref().filter(|_| against_margin).map(effect),
            true_effect: metric.true_effect.as_ref().filter(|_| against_margin).map(effect),
            sided,
            alternative,
            test: metric.kind.as_ref().map(|kind| statistic(kind.value, design.test.as_ref(), against_margin)),
            alpha: finite(alpha),
            role: metric.role,
        }
    }

    pub(super) fn families(&self, tested: &[Tested<'_>]) -> Vec<Family> {
        let design = &self.plan().design;
        let members = |role: Role| -> Vec<String> {
            tested.iter().filter(|tested| tested.metric.role == role).map(|tested| tested.id.clone()).collect()
        };
        let procedure = match design.correction.value {
            Correction::None => Procedure::None,
            Correction::Bonferroni => Procedure::Bonferroni,
            Correction::Sidak => Procedure::Sidak,
            Correction::Holm => Procedure::Holm,
            Correction::Hochberg => Procedure::Hochberg,
            Correction::Hommel => Procedure::Hommel,
            Correction::Dunnett => Procedure::Dunnett,
            Correction::FixedSequence => Procedure::FixedSequence,
        };
        let (secondary, secondary_error) = match design.secondary.correction.value {
            SecondaryCorrection::None => (Procedure::None, ErrorRate::Descriptive),
            SecondaryCorrection::Bonferroni => (Procedure::Bonferroni, ErrorRate::FamilyWise),
            SecondaryCorrection::Sidak => (Procedure::Sidak, ErrorRate::FamilyWise),
            SecondaryCorrection::Holm => (Procedure::Holm, ErrorRate::FamilyWise),
            SecondaryCorrection::Hochberg => (Procedure::Hochberg, ErrorRate::FamilyWise),
            SecondaryCorrection::Hommel => (Procedure::Hommel, ErrorRate::FamilyWise),
            SecondaryCorrection::FixedSequence => (Procedure::FixedSequence, ErrorRate::FamilyWise),
            SecondaryCorrection::BenjaminiHochberg => (Procedure::BenjaminiHochberg, ErrorRate::FalseDiscovery),
        };
        let gated = design.secondary.gate.value == SecondaryGate::Primary;
        let error = match procedure {
            Procedure::None if 1 < design.claims => ErrorRate::PerComparison,
            _ => ErrorRate::FamilyWise,
        };
        let family = |name: &str, role: Role, procedure, error| Family {
            family: name.to_owned(),
            members: members(role),
            procedure,
            error,
            alpha: finite(design.alpha.value),
            after: (role == Role::Secondary && gated).then(|| "primary".to_owned()),
        };
        let mut families = vec![
            family("primary", Role::Primary, procedure, error),
            family("guardrail", Role::Guardrail, Procedure::None, ErrorRate::IntersectionUnion),
            family("secondary", Role::Secondary, secondary, secondary_error),
        ];
        families.retain(|family| !family.members.is_empty());
        families
    }
}

/// The name, or the name with the first free number behind it.
fn unique(name: &str, taken: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{name}#{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|id| !taken.contains(id)).unwrap_or_else(|| name.to_owned())
}

fn elapsed(start_us: i64, end_us: i64) -> Window {
    Window { start_us, end_us, basis: "elapsed".to_owned() }
}

fn intercurrent(event: &str, strategy: Strategy) -> IntercurrentEvent {
    IntercurrentEvent { event: event.to_owned(), strategy }
}

pub(in crate::emit::plans) fn population(plan: &Plan) -> String {
    let exposed = plan.exposure.population.value == Population::Exposed;
    match plan.exposure.event.as_ref().filter(|_| exposed) {
        Some(event) => format!("units that meet the conditions of the audience and log `{}`", event.value),
        None => "all units that meet the conditions of the audience and are assigned".to_owned(),
    }
}

fn summary(kind: Kind) -> Summary {
    match kind {
        Kind::Proportion | Kind::Retention => Summary::DifferenceOfRates,
        Kind::Mean | Kind::Count => Summary::DifferenceOfMeans,
        Kind::Ratio => Summary::DifferenceOfRatios,
        Kind::Quantile => Summary::DifferenceOfQuantiles,
        Kind::TimeToEvent => Summary::HazardRatio,
    }
}

/// The statistic of a test. Against a margin, rates keep their own variances: they are not equal under that null.
pub(in crate::emit::plans) fn statistic(kind: Kind, written: Option<&Known<Test>>, against_margin: bool) -> Statistic {
    let written = written.map(|test| test.value);
    match kind {
        Kind::Proportion | Kind::Retention => match written {
            Some(Test::Arcsine) => Statistic::Arcsine,
            Some(Test::ZContinuity) => Statistic::ZContinuity,
            Some(Test::LogOdds) => Statistic::LogOdds,
            Some(Test::FisherExact) => Statistic::FisherExact,
            Some(Test::ExactUnconditional) => Statistic::ExactUnconditional,
            Some(Test::ZUnpooled) => Statistic::ZUnpooled,
            _ if against_margin => Statistic::ZUnpooled,
            _ => Statistic::ZPooled,
        },
        Kind::Count if written == Some(Test::Wald) => Statistic::RateWald,
        Kind::Count if written == Some(Test::Score) => Statistic::RateScore,
        Kind::Mean | Kind::Count if written == Some(Test::Z) => Statistic::Z,
        Kind::Mean | Kind::Count => Statistic::WelchT,
        Kind::Ratio => Statistic::ZDelta,
        Kind::Quantile => Statistic::Quantile,
        Kind::TimeToEvent => Statistic::LogRank,
    }
}
