//! Plan to document.

use crate::catalog::{Kind, Metric};
use crate::change::deviations;
use crate::plan::{
    Cell, DecisionTable, Expected, Interval, Known, Origin, Parts, Plan, PlannedEffect, PlannedMetric, PlannedVariant,
    Ship, Sized, USUAL_CORRELATION, Verdict,
};
use crate::spec::audience::Comparison;
use crate::spec::decision::{GuardState, Quality};
use crate::spec::design::Reduction;
use crate::spec::rollout::Harm;
use crate::spec::{
    Boundary, Condition, Correction, HypothesisKind, Method, Outcome, Population, Role, SecondaryCorrection,
    SecondaryGate, Sides, Test,
};
use crate::stats::anytime::NormalMixture;
use crate::stats::comparison::Claim;
use crate::stats::srm;
use crate::syntax::{At, Node, Value};
use crate::text::{Span, sha256};

use super::shape::*;
use super::{CONTRACT, FORMAT, canonical};
use crate::emit::plans::schedule::{burn_in, us};
use crate::emit::plans::{Inputs, dated_looks, show, window_us};

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

/// A hypothesis before it is printed.
struct Tested<'a> {
    id: String,
    metric: &'a PlannedMetric,
    metric_id: String,
    treatment: &'a PlannedVariant,
    control: &'a PlannedVariant,
    size: Option<&'a Sized>,
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

    fn experiment(&self) -> ExperimentBlock {
        let plan = self.plan();
        let day = |day: &Option<Known<crate::spec::Day>>| day.as_ref().map(|day| day.value.to_string());
        ExperimentBlock {
            id: plan.id.to_string(),
            title: value_of(plan.title.as_ref()),
            owner: value_of(plan.owner.as_ref()),
            objective: value_of(plan.objective.as_ref()),
            surface: value_of(plan.surface.as_ref()),
            flag: plan.flag.value.clone(),
            unit: value_of(plan.audience.unit.as_ref()),
            unit_key: value_of(plan.audience.key.as_ref()),
            variants: plan
                .variants
                .iter()
                .map(|variant| VariantBlock {
                    name: variant.name.clone(),
                    role: if variant.control { VariantRole::Control } else { VariantRole::Treatment },
                    weight: finite(variant.weight.value),
                    fraction: finite(variant.fraction),
                    about: value_of(variant.about.as_ref()),
                    payload: variant.payload.as_ref().map(|payload| payload_text(&payload.value)),
                })
                .collect(),
            enrolment: Enrolment {
                start: day(&plan.calendar.start),
                end: day(&plan.calendar.end),
                days: plan.calendar.days,
            },
            decide: day(&plan.calendar.decide),
        }
    }

    fn audience(&self) -> AudienceBlock {
        let audience = &self.plan().audience;
        AudienceBlock {
            base: value_of(audience.base.as_ref()),
            conditions: audience.conditions.iter().map(condition).collect(),
            exclusions: audience.exclusions.iter().map(condition).collect(),
            share: audience.share.value.fraction(),
            layer: audience.layer.as_ref().map(|layer| {
                let slot = layer.slot.as_ref().map(|slot| slot.value);
                LayerBlock {
                    name: layer.name.value.clone(),
                    from: slot.map(|slot| finite(slot.0)),
                    to: slot.map(|slot| finite(slot.1)),
                }
            }),
            holdout: audience
                .holdout
                .as_ref()
                .map(|holdout| HoldoutBlock { name: holdout.name.value.clone(), share: finite(holdout.share.value) }),
        }
    }

    fn rollout(&self) -> RolloutBlock {
        let plan = self.plan();
        let rollback = self.inputs.spec.rollout.value().and_then(|rollout| rollout.rollback.value());
        RolloutBlock {
            stages: plan
                .calendar
                .stages
                .iter()
                .map(|stage| StageBlock {
                    name: stage.name.clone(),
                    share: finite(stage.share.value),
                    days: stage.days,
                    start: stage.start.map(|day| day.to_string()),
                    end: stage.end.map(|day| day.to_string()),
                    gate: stage.gate.value,
                    variants: stage
                        .variant_shares(plan)
                        .map(|(variant, share)| VariantShare { variant: variant.to_owned(), share: finite(share) })
                        .collect(),
                })
                .collect(),
            analyse_ramp: plan.calendar.analyse_ramp,
            burn_in_us: burn_in(self.inputs).map_or(0, us),
            kill_switch: value_of(plan.kill_switch.as_ref()),
            rollback: rollback
                .into_iter()
                .flat_map(|list| list.iter())
                .map(|rollback| RollbackBlock {
                    metric: rollback.metric.value().cloned(),
                    harm: rollback.harm.copied().unwrap_or(Harm::Margin),
                    threshold: rollback.threshold.value().map(ToString::to_string),
                    // Beyond 2^53 a count is no longer exact in every reader of JSON.
                    min_units: rollback.min_units.copied().map(|units| units.clamp(0, 1 << 53)),
                })
                .collect(),
        }
    }

    /// The name of each metric, made unique.
    fn metric_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for metric in &self.plan().metrics {
            ids.push(unique(&metric.name, &ids));
        }
        ids
    }

    fn metric(&self, metric: &PlannedMetric, id: &str) -> MetricBlock {
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
    fn tested(&self, ids: &[String]) -> Vec<Tested<'a>> {
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

    fn estimand(&self, tested: &Tested<'_>) -> Estimand {
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

    fn hypothesis(&self, tested: &Tested<'_>) -> Hypothesis {
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

    fn families(&self, tested: &[Tested<'_>]) -> Vec<Family> {
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

    fn design(&self, tested: &[Tested<'_>]) -> DesignBlock {
        let plan = self.plan();
        let design = &plan.design;
        DesignBlock {
            method: design.method.value,
            alpha: finite(design.alpha.value),
            alpha_per_claim: finite(design.alpha_per_claim),
            claims: design.claims,
            power: finite(design.power.value),
            guardrail_power: finite(design.guardrail_power),
            sides: design.sides.value,
            scale: design.scale.value,
            correction: design.correction.value,
            variance_reduction: design.reduction.as_ref().map(|reduction| ReductionBlock {
                method: reduction.method.value,
                window_us: reduction.window.as_ref().map(|window| us(window.value)),
                correlation: value_of(reduction.correlation.as_ref()).and_then(some_finite),
            }),
            design_effect: finite(design.design_effect.as_ref().map_or(1.0, |known| known.value)),
            cluster_size: value_of(design.cluster_size.as_ref()).and_then(some_finite),
            units_per_day: value_of(plan.audience.daily_units.as_ref()).and_then(some_finite),
            exposure_rate: finite(plan.exposure.rate.value),
            dilution: finite(plan.exposure.dilution.value),
            unique_units: plan
                .audience
                .unique_units
                .iter()
                .map(|known| UniqueUnitsBlock { day: known.value.day, units: finite(known.value.units) })
                .collect(),
            days: plan.calendar.days,
            sizes: tested.iter().filter_map(|tested| size(plan, tested)).collect(),
            ships: plan.ships().into_iter().map(ship).collect(),
        }
    }

    fn sequential(&self) -> Option<Sequential> {
        let design = &self.plan().design;
        if !matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid) {
            return None;
        }
        let always = design.method.value == Method::AlwaysValid;
        // A mixture over effects has a precision for each metric.
        let is_tuned = always && design.boundary.boundary.value != Boundary::Mixture;
        let tuned = || {
            let sequence = NormalMixture::new(design.alpha_per_claim, design.sides.value.into()).ok()?;
            Some(sequence.nearly_tightest() / design.boundary.tuned_for.value)
        };
        let tuned = if is_tuned { tuned() } else { None };
        let futility = design.futility.as_ref().filter(|_| !always).and_then(|futility| {
            let binding = if futility.binding.value { "binding" } else { "non-binding" };
            Some(format!("{}, {binding}", futility.spending.as_ref()?.value))
        });
        Some(Sequential {
            method: design.method.value,
            spending: value_of(design.spending.as_ref()).filter(|_| !always),
            spending_parameter: value_of(design.spending_parameter.as_ref()).and_then(some_finite),
            boundary: always.then_some(design.boundary.boundary.value),
            precision: tuned.and_then(some_finite),
            sides: design.sides.value,
            any_time: always && design.looks.is_empty(),
            futility: futility.unwrap_or_else(|| "none".to_owned()),
            looks: dated_looks(self.inputs)
                .iter()
                .map(|look| Look {
                    k: look.k,
                    information: finite(look.information),
                    date: look.date.map(|day| day.to_string()),
                    z: some_finite(look.z),
                    futility_z: look.futility.and_then(some_finite),
                    can_stop: look.z.is_finite(),
                    alpha_spent: some_finite(look.alpha_spent),
                })
                .collect(),
        })
    }

    fn srm(&self) -> SrmBlock {
        let plan = self.plan();
        let srm = &plan.design.srm;
        let variants = plan.variants.iter().filter(|variant| 0.0 < variant.fraction).count();
        let degrees_of_freedom = variants.saturating_sub(1);
        SrmBlock {
            check: srm.check.value,
            alpha: finite(srm.alpha.value),
            degrees_of_freedom,
            critical_value: srm::critical_value(srm.alpha.value, degrees_of_freedom as f64).ok().and_then(some_finite),
            action: srm.action.value,
            expected: plan
                .variants
                .iter()
                .map(|variant| VariantShare { variant: variant.name.clone(), share: finite(variant.fraction) })
                .collect(),
            smallest_leak: plan.smallest_leak().and_then(Result::ok).map(|leak| LeakBlock {
                variant: leak.variant,
                part: finite(leak.part),
                units: units(leak.units),
            }),
        }
    }

    fn decision(&self, table: &DecisionTable) -> DecisionBlock {
        let decision = self.inputs.spec.decision.value();
        let combinations: Vec<Combination> = table.cells().iter().map(|cell| combination(table, cell)).collect();
        let holes = combinations.iter().filter(|combination| combination.then.is_none()).count();
        let unreadable = table.broken || has_unlisted(table);
        DecisionBlock {
            decider: decision.and_then(|decision| decision.decider.value().cloned()),
            states: States {
                quality: Quality::ALL.to_vec(),
                guardrails: GuardState::ALL.to_vec(),
                primary: Outcome::ALL
                    .iter()
                    .copied()
                    // On one side the primaries can never be shown to be worse.
                    .filter(|outcome| !(table.one_sided && *outcome == Outcome::Worse))
                    .collect(),
                named: table.named.clone(),
            },
            rows: table
                .rows
                .iter()
                .enumerate()
                .map(|(index, row)| RuleRow {
                    rule: index + 1,
                    when: When {
                        quality: row.quality.unwrap_or(Quality::Pass),
                        guardrails: row.guardrails,
                        primary: row.primary,
                        metric: row.metric.as_ref().map(|(name, _)| name.value.clone()),
                        shows: row.metric.as_ref().map(|(_, outcome)| *outcome),
                    },
                    then: row.then.map(|then| then.value),
                })
                .collect(),
            otherwise: table.otherwise.map(|action| action.value),
            table: combinations,
            total: holes == 0 && !unreadable,
            holes,
            unreadable,
        }
    }

    fn deviations(&self) -> Vec<Deviation> {
        let amendments = self.inputs.spec.amendments.value().into_iter().flat_map(|list| list.iter());
        let of = |amendment: &crate::syntax::At<crate::spec::Amendment>| {
            let fields: Vec<String> = deviations(amendment).iter().map(|field| field.value.clone()).collect();
            (!fields.is_empty()).then(|| Deviation {
                at: amendment.at.copied().map(|day| day.to_string()),
                by: amendment.by.value().cloned(),
                reason: amendment.reason.value().cloned(),
                fields,
            })
        };
        amendments.filter_map(of).collect()
    }

    fn provenance(&self) -> Provenance {
        let source = self.inputs.sources.find(self.inputs.file);
        Provenance {
            status: self.plan().status.value,
            spec: SpecFile {
                path: source.map_or_else(String::new, |source| source.path.clone()),
                sha256: sha256(source.map_or("", |source| &source.text).as_bytes()),
            },
            compiler: Compiler { name: "expc".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            commit: self.inputs.commit.map(str::to_owned),
            origins: origins(self.inputs),
        }
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

fn effect(planned: &PlannedEffect) -> Effect {
    Effect {
        written: planned.text.clone(),
        scale: if planned.is_relative { Scale::Relative } else { Scale::Absolute },
        relative: planned.relative.and_then(some_finite),
        absolute: planned.absolute.and_then(some_finite),
    }
}

fn intercurrent(event: &str, strategy: Strategy) -> IntercurrentEvent {
    IntercurrentEvent { event: event.to_owned(), strategy }
}

/// The payload as canonical JSON.
pub(in crate::emit::plans) fn payload_text(value: &Value) -> String {
    canonical(&Node { value: value.clone(), span: Span::file_start(crate::text::FileId(0)) }.to_json())
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

fn ship(ship: Ship) -> ShipBlock {
    ShipBlock {
        treatment: ship.treatment,
        independent: finite(ship.independent),
        correlated: finite(ship.correlated),
        correlation: USUAL_CORRELATION,
    }
}

fn expected(expected: Expected) -> ExpectedBlock {
    ExpectedBlock {
        truth: finite(expected.truth),
        control: finite(expected.control),
        treatment: finite(expected.treatment),
        days: expected.days.and_then(some_finite),
        success: finite(expected.success),
    }
}

fn size(plan: &Plan, tested: &Tested<'_>) -> Option<Size> {
    let sized = tested.size?;
    let metric = tested.metric;
    let planned = match metric.hypothesis.value {
        HypothesisKind::Superiority | HypothesisKind::SuperiorityByMargin => metric.mde.as_ref(),
        HypothesisKind::NonInferiority | HypothesisKind::Equivalence => metric.margin.as_ref(),
    };
    let (sizing, not_sized) = match &sized.result {
        Err(reason) => (None, Some(reason.to_string())),
        Ok(sizing) => {
            let block = SizingBlock {
                alpha: finite(sizing.comparison.alpha),
                unit: finite(sizing.unit),
                power_goal: finite(sizing.power_goal),
                needed_control: sizing.need.control_units,
                needed_treatment: sizing.need.treatment_units,
                available_control: units(sizing.control),
                available_treatment: units(sizing.treatment),
                power: finite(sizing.power),
                reached: finite(sizing.reached),
                detectable: sizing.detectable().and_then(some_finite),
                mature_days: sizing.mature_days,
                factor_variance_reduction: finite(sizing.factors.reduction),
                factor_sequential: finite(sizing.factors.inflation),
                factor_design_effect: finite(sizing.factors.design_effect),
                expected: sizing.expectations(plan).into_iter().map(expected).collect(),
                exaggeration: sizing.exaggeration().map(|worth| ExaggerationBlock {
                    magnitude: finite(worth.magnitude),
                    wrong_sign: finite(worth.wrong_sign),
                }),
                assurance: sizing.assurance().map(|assurance| AssuranceBlock {
                    success: finite(assurance.success),
                    success_and_better: finite(assurance.success_and_better),
                    better: finite(assurance.better),
                    limit: finite(assurance.limit),
                }),
                cautions: sizing.cautions().iter().map(ToString::to_string).collect(),
            };
            (Some(block), None)
        }
    };
    Some(Size { hypothesis: tested.id.clone(), effect: planned.map(effect), sizing, not_sized })
}

fn condition(condition: &At<Condition>) -> ConditionBlock {
    use crate::spec::Scalar;
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => ScalarValue::Text(text.clone()),
        Scalar::Number(number) => ScalarValue::Number(finite(*number)),
        Scalar::Flag(flag) => ScalarValue::Flag(*flag),
    };
    let list = |list: &crate::spec::List<Scalar>| list.iter().map(|item| scalar(&item.value)).collect::<Vec<_>>();
    let number = |number: f64| vec![ScalarValue::Number(finite(number))];
    let text = |text: &str| vec![ScalarValue::Text(text.to_owned())];
    let comparisons = condition.comparisons();
    let (operator, values) = match comparisons.as_slice() {
        [one] => {
            let (operator, values) = match one.value {
                Comparison::In(items) => (Operator::In, list(items)),
                Comparison::NotIn(items) => (Operator::NotIn, list(items)),
                Comparison::Is(value) => (Operator::Is, vec![scalar(value)]),
                Comparison::IsNot(value) => (Operator::IsNot, vec![scalar(value)]),
                Comparison::Version(range) => (Operator::Semver, text(&range.to_string())),
                Comparison::AtLeast(value) => (Operator::AtLeast, number(value)),
                Comparison::AtMost(value) => (Operator::AtMost, number(value)),
                Comparison::Above(value) => (Operator::Above, number(value)),
                Comparison::Below(value) => (Operator::Below, number(value)),
                Comparison::StartsWith(value) => (Operator::StartsWith, text(value)),
                Comparison::EndsWith(value) => (Operator::EndsWith, text(value)),
            };
            (Some(operator), values)
        }
        _ => (None, Vec::new()),
    };
    ConditionBlock {
        attribute: condition.attribute.value().cloned(),
        operator,
        values,
        text: condition.value.to_string(),
    }
}

/// True when a rule names a metric that the enumeration leaves out.
pub(in crate::emit::plans) fn has_unlisted(table: &DecisionTable) -> bool {
    table.rows.iter().filter_map(|row| row.metric.as_ref()).any(|(name, _)| !table.named.contains(&name.value))
}

fn combination(table: &DecisionTable, cell: &Cell) -> Combination {
    let (then, rule) = match table.verdict(cell) {
        Verdict::Rule(index, action) => (Some(action), Some(index + 1)),
        Verdict::Otherwise(action) => (Some(action), None),
        Verdict::Nothing => (None, None),
    };
    Combination {
        quality: cell.quality,
        guardrails: cell.guardrails,
        primary: cell.primary,
        named: cell.named.clone(),
        then,
        rule,
    }
}

/// Every number that a size or a bound rests on, with its place.
pub(in crate::emit::plans) fn origins(inputs: &Inputs<'_>) -> Vec<OriginLine> {
    let plan = inputs.plan;
    let mut lines = Vec::new();
    let mut add = |number: String, value: String, origin: Origin| {
        lines.push(OriginLine {
            number,
            value,
            from: origin.word().to_owned(),
            at: origin.span().map(|span| show::place(inputs.sources, span)),
        });
    };
    let plain = crate::spec::quantity::plain;
    let audience = &plan.audience;
    if let Some(daily) = &audience.daily_units {
        add("audience.daily_units".to_owned(), show::count(daily.value), daily.origin);
    }
    for known in &audience.unique_units {
        let number = format!("audience.unique_units.{}", known.value.day);
        add(number, show::count(known.value.units), known.origin);
    }
    add("audience.share".to_owned(), show::exact_percent(audience.share.value.fraction()), audience.share.origin);
    if let Some(holdout) = &audience.holdout {
        add(format!("holdout.{}", holdout.name.value), show::exact_percent(holdout.share.value), holdout.share.origin);
    }
    add("exposure.rate".to_owned(), show::exact_percent(plan.exposure.rate.value), plan.exposure.rate.origin);
    for variant in &plan.variants {
        add(format!("variants.{}.weight", variant.name), plain(variant.weight.value), variant.weight.origin);
    }
    for stage in &plan.calendar.stages {
        let value = format!(
            "{} for {} day{}",
            show::exact_percent(stage.share.value),
            stage.days,
            if stage.days == 1 { "" } else { "s" }
        );
        add(format!("rollout.{}", stage.name), value, stage.share.origin);
    }
    let design = &plan.design;
    add("design.alpha".to_owned(), plain(design.alpha.value), design.alpha.origin);
    add("design.power".to_owned(), plain(design.power.value), design.power.origin);
    add("design.sides".to_owned(), design.sides.value.to_string(), design.sides.origin);
    add("design.correction".to_owned(), design.correction.value.to_string(), design.correction.origin);
    if let Some(effect) = &design.design_effect {
        add("design.design_effect".to_owned(), show::short(effect.value), effect.origin);
    }
    if let Some(size) = &design.cluster_size {
        add("design.cluster.mean_size".to_owned(), plain(size.value), size.origin);
    }
    if let Some(rho) = design.reduction.as_ref().and_then(|reduction| reduction.correlation.as_ref()) {
        add("design.variance_reduction.correlation".to_owned(), plain(rho.value), rho.origin);
    }
    add("design.srm.alpha".to_owned(), plain(design.srm.alpha.value), design.srm.alpha.origin);
    for metric in &plan.metrics {
        let name = |part: &str| format!("metrics.{}.{part}", metric.name);
        if let Some(known) = &metric.baseline {
            add(name("baseline"), show::level(Some(metric), known.value), known.origin);
        }
        if let Some(known) = &metric.sd {
            add(name("sd"), show::level(Some(metric), known.value), known.origin);
        }
        if let Some(known) = &metric.window {
            add(name("window"), known.value.to_string(), known.origin);
        }
        if let Some(known) = &metric.lag {
            add(name("lag"), known.value.to_string(), known.origin);
        }
        if let Some(known) = &metric.pre_correlation
            && design.reduction.is_some()
        {
            add(name("pre_correlation"), plain(known.value), known.origin);
        }
        for (part, known) in [
            ("sd_treatment", &metric.sd_treatment),
            ("period_sd", &metric.period_sd),
            ("dispersion", &metric.measured.dispersion),
            ("density", &metric.measured.density),
            ("dropout", &metric.measured.dropout),
        ] {
            if let Some(known) = known {
                add(name(part), plain(known.value), known.origin);
            }
        }
        if let Some(known) = &metric.baseline_window {
            add(name("baseline_window"), known.value.to_string(), known.origin);
        }
        if let Some(known) = &metric.measured.parts {
            let Parts { numerator_sd, denominator_mean, denominator_sd, correlation } = known.value;
            let numbers = [numerator_sd, denominator_mean, denominator_sd, correlation].map(plain).join(", ");
            add(name("parts"), numbers, known.origin);
        }
        if let Some(known) = &metric.measured.interval {
            let Interval { low, high, units, confidence } = known.value;
            let text =
                format!("{} to {}, {} units, {}", plain(low), plain(high), show::count(units), plain(confidence));
            add(name("interval"), text, known.origin);
        }
        for (part, effect) in [("mde", &metric.mde), ("margin", &metric.margin), ("true_effect", &metric.true_effect)] {
            if let Some(effect) = effect {
                let value = match effect.text.as_str() {
                    "" => "unreadable".to_owned(),
                    text if effect.is_relative => format!("{} relative", show::spaced(text)),
                    text => show::spaced(text),
                };
                add(name(part), value, Origin::in_spec(effect.span, inputs.file));
            }
        }
    }
    lines
}

/// The effect that a claim is sized for, in the unit of the metric.
pub(in crate::emit::plans) fn sized_for(claim: Claim) -> f64 {
    match claim {
        Claim::NonInferiority { margin, .. } => margin,
        Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } => effect.abs(),
        Claim::Equivalence { lower, upper, .. } => lower.abs().max(upper.abs()),
    }
}
