//! Spec, catalogue and policy to plan.

use std::sync::Arc;

use crate::catalog::{Catalog, Entries, Kind};
use crate::policy::{Policy, WorkspaceFile};
use crate::spec::design::{Reduction, SrmAction};
use crate::spec::{
    Boundary, Correction, Day, EffectAmong, EffectScale, Field, Gate, GuardrailsAt, HypothesisKind, Method, Population,
    PowerOf, Probability, Role, SecondaryCorrection, SecondaryGate, Share, Sides, Spec, Status, Unit,
};
use crate::stats::{self, Refusal, traffic};
use crate::syntax::{At, Value};
use crate::text::{FileId, Span};

use super::calendar::Calendar;
use super::decision::Table;
use super::effect;
use super::origin::{Known, Origin};
use super::size::{self, Memo};
use super::types::*;

/// What a spec is compiled with.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub spec: &'a Spec,
    /// The file of the spec itself; values from other files are inherited.
    pub file: FileId,
    /// The stem of the file: the id when the spec has none.
    pub stem: &'a str,
    pub catalog: &'a Catalog,
    pub policy: &'a Policy,
    pub workspace: &'a WorkspaceFile,
    pub memo: &'a Memo,
}

/// Compiles one spec.
pub fn compile(inputs: Inputs<'_>) -> Plan {
    let Inputs { spec, file, catalog, .. } = inputs;
    let experiment = spec.experiment.value();
    let id = spec.id();
    let hypothesis = spec.hypothesis.value();
    let text = |field: Option<&Field<String>>| field.and_then(|field| inputs.known(field, |text| text.clone()));
    let variants = inputs.variants();
    let metrics = inputs.metrics();
    let exposure = inputs.exposure();
    let name = id.map_or(inputs.stem, |id| id.value.as_str());
    let flag = text(experiment.map(|e| &e.flag)).unwrap_or_else(|| match id {
        Some(id) => Known::new(id.value.clone(), Origin::in_spec(id.span, file)),
        None => Known::new(inputs.stem.to_owned(), Origin::BuiltIn),
    });
    let off = catalog
        .flags
        .get(&flag.value)
        .and_then(|entry| entry.default.get())
        .map(|at| Known::new(at.value.clone(), Origin::Catalogue(at.span)));
    let targets = spec.emit.value().and_then(|emit| emit.targets.value());
    let default_targets = inputs.workspace.build.value().and_then(|build| build.targets.value());
    let mut plan = Plan {
        id: Arc::from(name),
        span: id.map_or(Span::file_start(file), |id| id.span),
        title: text(experiment.map(|e| &e.title)),
        status: experiment
            .and_then(|e| inputs.known(&e.status, |status| *status))
            .unwrap_or(Known::built_in(Status::Draft)),
        owner: text(experiment.map(|e| &e.owner)),
        objective: text(experiment.map(|e| &e.objective)),
        surface: text(experiment.map(|e| &e.surface)),
        flag,
        because: text(hypothesis.map(|h| &h.because)),
        change: text(hypothesis.map(|h| &h.change)),
        expectations: Vec::new(),
        design: inputs.design(&variants, &metrics),
        variants,
        off,
        audience: inputs.audience(name),
        exposure,
        metrics,
        calendar: Calendar::default(),
        sizes: Vec::new(),
        decision: None,
        kill_switch: spec.rollout.value().and_then(|rollout| inputs.known(&rollout.kill_switch, |on| *on)),
        winner: spec.results.value().and_then(|results| inputs.known(&results.variant, |name| name.clone())),
        targets: targets.or(default_targets).map(|list| list.items.clone()).unwrap_or_default(),
    };
    let one_sided = plan.design.sides.value == Sides::One;
    plan.decision = spec.decision.value().map(|decision| Table::new(decision, one_sided));
    plan.calendar = inputs.calendar(&plan.audience);
    returning(&mut plan);
    plan.expectations = inputs.expectations(&plan);
    plan.sizes = size::size_all(&plan, inputs.memo);
    plan
}

/// The definition that a name of the spec refers to.
fn definition<'a, T>(entries: &'a Entries<T>, name: Option<&Known<String>>) -> Option<&'a At<T>> {
    entries.get(&name?.value)
}

impl<'a> Inputs<'a> {
    /// A written value with its origin.
    fn known<T, U>(&self, field: &Field<T>, make: impl FnOnce(&T) -> U) -> Option<Known<U>> {
        field.get().map(|at| Known::new(make(&at.value), Origin::in_spec(at.span, self.file)))
    }

    fn catalogued<T, U>(&self, field: &Field<T>, make: impl FnOnce(&T) -> U) -> Option<Known<U>> {
        field.get().map(|at| Known::new(make(&at.value), Origin::Catalogue(at.span)))
    }

    fn variants(&self) -> Vec<PlannedVariant> {
        let Some(named) = self.spec.variants.value() else { return Vec::new() };
        let weight = |field: &Field<crate::spec::Weight>| {
            self.known(field, |weight| weight.get()).unwrap_or(Known::built_in(1.0))
        };
        let total: f64 = named.iter().map(|(_, variant)| weight(&variant.weight).value).sum();
        let marked = named.iter().any(|(_, variant)| variant.control.copied() == Some(true));
        let force = self.spec.audience.value().and_then(|audience| audience.force.value());
        let mut found_control = false;
        named
            .iter()
            .map(|(name, variant)| {
                let weight = weight(&variant.weight);
                let is_control = if marked { variant.control.copied() == Some(true) } else { name.value == "control" };
                let control = is_control && !found_control;
                found_control |= control;
                PlannedVariant {
                    name: name.value.clone(),
                    span: name.span,
                    fraction: if 0.0 < total { weight.value / total } else { 0.0 },
                    weight,
                    control,
                    about: self.known(&variant.about, |text| text.clone()),
                    payload: self
                        .known(&variant.payload, |value| value.clone())
                        .filter(|known| matches!(known.value, Value::Table(_))),
                    force: force
                        .and_then(|force| force.get(&name.value))
                        .map(|list| list.items.clone())
                        .unwrap_or_default(),
                }
            })
            .collect()
    }

    fn audience(&self, name: &str) -> PlannedAudience {
        let audience = self.spec.audience.value();
        let text = |field: fn(&crate::spec::Audience) -> &Field<String>| {
            audience.and_then(|audience| self.known(field(audience), |text| text.clone()))
        };
        let unit = text(|a| &a.unit);
        let key = definition(&self.catalog.units, unit.as_ref())
            .and_then(|unit| self.catalogued(&unit.key, |key| key.clone()));
        let unit_ascii = definition(&self.catalog.units, unit.as_ref())
            .and_then(|unit| self.catalogued(&unit.ascii, |ascii| *ascii));
        let base = text(|a| &a.base);
        let named = definition(&self.catalog.audiences, base.as_ref());
        let list = |field: Option<&Field<crate::spec::List<crate::spec::Condition>>>| {
            field.and_then(|field| field.value()).map(|list| list.items.clone()).unwrap_or_default()
        };
        let mut conditions = list(named.map(|named| &named.r#where));
        conditions.extend(list(audience.map(|audience| &audience.r#where)));
        let mut exclusions = list(named.map(|named| &named.exclude));
        exclusions.extend(list(audience.map(|audience| &audience.exclude)));
        let daily_units = audience
            .and_then(|audience| self.known(&audience.daily_units, |units| *units as f64))
            .or_else(|| named.and_then(|named| self.catalogued(&named.daily_units, |units| *units as f64)));
        let unique_units = audience
            .and_then(|audience| audience.unique_units.value())
            .map(|list| self.unique_units(list, Origin::in_spec))
            .filter(|list| !list.is_empty())
            .or_else(|| {
                let list = named.and_then(|named| named.unique_units.value())?;
                Some(self.unique_units(list, |span, _| Origin::Catalogue(span)))
            })
            .unwrap_or_default();
        let layer = text(|a| &a.layer).map(|layer| {
            let salt = definition(&self.catalog.layers, Some(&layer))
                .and_then(|entry| self.catalogued(&entry.salt, |salt| salt.clone()))
                .unwrap_or_else(|| Known::new(layer.value.clone(), Origin::BuiltIn));
            let wanted = audience.and_then(|audience| audience.slot.get()).and_then(|at| {
                let inside = at.unit == Unit::Percent && (0.0..100.0).contains(&at.number);
                inside.then(|| Known::new(at.number / 100.0, Origin::in_spec(at.span, self.file)))
            });
            PlannedLayer { name: layer, salt, wanted, slot: None }
        });
        let holdout = self.holdout(text(|a| &a.holdout), unit.as_ref());
        PlannedAudience {
            unit,
            key,
            unit_ascii,
            conditions,
            exclusions,
            base,
            daily_units,
            unique_units,
            arrivals_fault: None,
            share: audience
                .and_then(|audience| self.known(&audience.share, |share| *share))
                .unwrap_or(Known::built_in(Share::ALL)),
            layer,
            holdout,
            salt: text(|a| &a.salt).unwrap_or_else(|| Known::built_in(name.to_owned())),
        }
    }

    /// The counts that are whole, in the order of their days; a day that is given twice counts once.
    fn unique_units(
        &self,
        list: &crate::spec::List<crate::spec::UniqueUnits>,
        origin: fn(Span, FileId) -> Origin,
    ) -> Vec<Known<UniqueUnits>> {
        let mut counts: Vec<Known<UniqueUnits>> = list
            .iter()
            .filter_map(|entry| {
                let (after, units) = (entry.after.copied()?, entry.units.copied()?);
                let day = after.whole_days().max(1);
                Some(Known::new(UniqueUnits { day, units: units as f64 }, origin(entry.span, self.file)))
            })
            .collect();
        counts.sort_by_key(|known| known.value.day);
        counts.dedup_by_key(|known| known.value.day);
        counts
    }

    /// The holdout that is named, or else the first global one of the same unit that is in force.
    fn holdout(&self, named: Option<Known<String>>, unit: Option<&Known<String>>) -> Option<PlannedHoldout> {
        let start = self.spec.rollout.value().and_then(|rollout| rollout.start.copied());
        let name = match named {
            Some(name) if name.value == "none" => return None,
            Some(name) => name,
            None => self
                .catalog
                .holdouts
                .iter()
                .find(|(_, _, holdout)| {
                    let held = holdout.unit.value();
                    let same_unit = held.is_none_or(|held| unit.is_none_or(|unit| unit.value == *held));
                    holdout.global.copied() == Some(true) && same_unit && in_force(holdout, start)
                })
                .map(|(name, span, _)| Known::new(name.to_owned(), Origin::Catalogue(span)))?,
        };
        let entry = self.catalog.holdouts.get(&name.value)?;
        let share = self.catalogued(&entry.share, |share| share.fraction())?;
        let salt = self
            .catalogued(&entry.salt, |salt| salt.clone())
            .unwrap_or_else(|| Known::new(name.value.clone(), Origin::BuiltIn));
        Some(PlannedHoldout { name, share, salt })
    }

    fn exposure(&self) -> PlannedExposure {
        let exposure = self.spec.exposure.value();
        let event = exposure.and_then(|exposure| self.known(&exposure.event, |event| event.clone()));
        let population = exposure
            .and_then(|exposure| self.known(&exposure.population, |population| *population))
            .unwrap_or(Known::built_in(Population::Exposed));
        let met = || {
            exposure
                .and_then(|exposure| self.known(&exposure.rate, |rate| rate.fraction()))
                .or_else(|| {
                    let entry = definition(&self.catalog.events, event.as_ref())?;
                    self.catalogued(&entry.rate, |rate| rate.fraction())
                })
                .unwrap_or(Known::built_in(1.0))
        };
        let effect_among = exposure
            .and_then(|exposure| self.known(&exposure.effect_among, |among| *among))
            .unwrap_or(Known::built_in(EffectAmong::Analysed));
        let whole = Known::new(1.0, Origin::Computed);
        let (rate, dilution) = match (population.value, effect_among.value) {
            (Population::Exposed, _) => (met(), whole),
            (Population::Assigned, EffectAmong::Analysed) => (whole.clone(), whole),
            (Population::Assigned, EffectAmong::Exposed) => (whole, met()),
        };
        PlannedExposure { event, population, rate, effect_among, dilution }
    }

    fn metrics(&self) -> Vec<PlannedMetric> {
        let Some(metrics) = self.spec.metrics.value() else { return Vec::new() };
        metrics.all().filter_map(|(role, entry)| self.metric(role, entry)).collect()
    }

    fn metric(&self, role: Role, entry: &At<crate::spec::MetricUse>) -> Option<PlannedMetric> {
        let name = entry.metric.get()?;
        let defined = self.catalog.metrics.get(&name.value);
        let from = |field: fn(&crate::catalog::Metric) -> &Field<crate::spec::Duration>| {
            defined.and_then(|metric| self.catalogued(field(metric), |span| *span))
        };
        let kind = defined.and_then(|metric| self.catalogued(&metric.kind, |kind| *kind));
        let unit = defined.and_then(|metric| self.catalogued(&metric.unit, |unit| unit.clone()));
        // The baseline of a time to an event is the part of units that have it by the end of the window.
        let binary = kind.as_ref().is_some_and(|kind| kind.value.is_binary() || kind.value == Kind::TimeToEvent);
        let word = unit.as_ref().map(|unit| unit.value.as_str());
        let amount = |field: &Field<crate::spec::Amount>, origin: fn(Span, FileId) -> Origin| {
            let at = field.get()?;
            in_unit(&at.value, word, binary).map(|number| Known::new(number, origin(at.span, self.file)))
        };
        let catalogue = |span: Span, _: FileId| Origin::Catalogue(span);
        let baseline = amount(&entry.baseline, Origin::in_spec)
            .or_else(|| defined.and_then(|metric| amount(&metric.baseline, catalogue)));
        let sd =
            amount(&entry.sd, Origin::in_spec).or_else(|| defined.and_then(|metric| amount(&metric.sd, catalogue)));
        let level = baseline.as_ref().map(|known| known.value);
        // What an unknown metric is counted in nobody can say.
        let size = |field: &Field<crate::spec::Effect>| {
            effect::planned(field, level, word, binary).map(|effect| effect.of_known(defined.is_some()))
        };
        let by_role = match role {
            Role::Guardrail => HypothesisKind::NonInferiority,
            Role::Primary | Role::Secondary | Role::Monitor => HypothesisKind::Superiority,
        };
        Some(PlannedMetric {
            name: name.value.clone(),
            role,
            span: name.span,
            entry: entry.span,
            defined: self.catalog.metrics.key(&name.value),
            good: self
                .known(&entry.direction, |direction| *direction)
                .or_else(|| defined.and_then(|metric| self.catalogued(&metric.direction, |direction| *direction))),
            window: self.known(&entry.window, |window| *window).or_else(|| from(|metric| &metric.window)),
            lag: from(|metric| &metric.lag),
            pre_correlation: defined.and_then(|metric| self.catalogued(&metric.pre_correlation, |rho| *rho)),
            mde: size(&entry.mde),
            margin: size(&entry.margin),
            true_effect: size(&entry.true_effect),
            hypothesis: self.known(&entry.hypothesis, |kind| *kind).unwrap_or(Known::built_in(by_role)),
            sd_treatment: amount(&entry.sd_treatment, Origin::in_spec),
            period_sd: amount(&entry.period_sd, Origin::in_spec),
            baseline_window: from(|metric| &metric.baseline_window),
            measured: defined.map(|metric| self.measured(metric, word, binary)).unwrap_or_default(),
            kind,
            unit,
            baseline,
            sd,
        })
    }

    /// What only one kind of metric has. Tables that are not whole give nothing.
    fn measured(&self, metric: &crate::catalog::Metric, unit: Option<&str>, binary: bool) -> Measured {
        let parts = metric.parts.get().and_then(|at| {
            let (top, mean, spread) =
                (at.numerator_sd.value()?, at.denominator_mean.value()?, at.denominator_sd.value()?);
            // Mean and deviation of one thing are counted in one unit.
            let parts = Parts {
                numerator_sd: top.number,
                denominator_mean: mean.number,
                denominator_sd: spread.number,
                correlation: at.correlation.copied()?,
            };
            (mean.unit == spread.unit).then(|| Known::new(parts, Origin::Catalogue(at.span)))
        });
        let interval = metric.interval.get().and_then(|at| {
            let end = |field: &Field<crate::spec::Amount>| in_unit(field.value()?, unit, binary);
            let interval = Interval {
                low: end(&at.low)?,
                high: end(&at.high)?,
                units: at.units.copied()? as f64,
                confidence: at.confidence.copied().map_or(0.95, Probability::get),
            };
            Some(Known::new(interval, Origin::Catalogue(at.span)))
        });
        Measured {
            dispersion: self.catalogued(&metric.dispersion, |dispersion| *dispersion),
            parts,
            quantile: self.catalogued(&metric.quantile, |quantile| quantile.fraction()),
            density: self.catalogued(&metric.density, |density| *density),
            interval,
            dropout: self.catalogued(&metric.dropout, |dropout| dropout.fraction()),
        }
    }

    fn design(&self, variants: &[PlannedVariant], metrics: &[PlannedMetric]) -> PlannedDesign {
        let empty = crate::spec::Design::default();
        let design = self.spec.design.value().unwrap_or(&empty);
        let number = |field: &Field<Probability>, default: f64| {
            self.known(field, |probability| probability.get()).unwrap_or(Known::built_in(default))
        };
        let alpha = number(&design.alpha, 0.05);
        let power = number(&design.power, 0.8);
        let correction = self.known(&design.correction, |c| *c).unwrap_or(Known::built_in(Correction::None));
        let count = |role: Role| metrics.iter().filter(|metric| metric.role == role).count();
        // Without a control one of the variants will have to be it.
        let treatments = variants.len().saturating_sub(1);
        let claims = treatments.max(1) * count(Role::Primary).max(1);
        let sides = self.known(&design.sides, |s| *s).unwrap_or(Known::built_in(Sides::Two));
        let method = self.known(&design.method, |m| *m).unwrap_or(Known::built_in(Method::Fixed));
        let alpha_per_claim = match (correction.value, ratios(variants)) {
            (Correction::Dunnett, Some(ratios)) => {
                let against_margin = |metric: &PlannedMetric| metric.hypothesis.value != HypothesisKind::Superiority;
                let of_primary = |metric: &&PlannedMetric| metric.role == Role::Primary;
                let one_sided = sides.value == Sides::One || metrics.iter().filter(of_primary).all(against_margin);
                let sides = if one_sided { stats::Sides::One } else { stats::Sides::Two };
                let key = format!("{:?} {sides:?} {ratios:?} {claims} {:?}", alpha.value, method.value);
                let made = || many_to_one(alpha.value, sides, &ratios, claims, method.value);
                let shared = self.memo.level(key, made);
                shared.unwrap_or_else(|_| share_of_alpha(Correction::Bonferroni, alpha.value, claims))
            }
            _ => share_of_alpha(correction.value, alpha.value, claims),
        };
        let power_of = self.known(&design.power_of, |of| *of).unwrap_or(Known::built_in(PowerOf::Metric));
        let guardrails = count(Role::Guardrail);
        let rule = stats::decision::ShipRule {
            success: count(Role::Primary),
            guardrails,
            ..stats::decision::ShipRule::new(alpha.value, power.value)
        };
        let guardrail_power = rule.power_per_claim().unwrap_or(power.value);
        let srm = design.srm.value();
        PlannedDesign {
            method,
            sides,
            test: self.known(&design.test, |t| *t),
            scale: self.known(&design.scale, |scale| *scale).unwrap_or(Known::built_in(EffectScale::Difference)),
            secondary: self.secondary(design, alpha.value, treatments.max(1) * count(Role::Secondary)),
            primary_power: match power_of.value {
                PowerOf::Metric => power.value,
                PowerOf::Decision => guardrail_power,
            },
            power_of,
            correction,
            claims,
            alpha_per_claim,
            guardrail_power,
            alpha,
            power,
            spending: self.known(&design.spending, |s| *s),
            spending_parameter: self.known(&design.spending_parameter, |p| *p),
            looks: design
                .looks
                .value()
                .map(|list| list.iter().map(|look| At { value: look.value.fraction(), span: look.span }).collect())
                .unwrap_or_default(),
            guardrails_at: self.known(&design.guardrails_at, |at| *at).unwrap_or(Known::built_in(GuardrailsAt::End)),
            futility: design.futility.get().map(|at| PlannedFutility {
                span: at.span,
                spending: self.known(&at.spending, |spending| *spending),
                parameter: self.known(&at.parameter, |parameter| *parameter),
                binding: self.known(&at.binding, |binding| *binding).unwrap_or(Known::built_in(false)),
            }),
            boundary: self.boundary(design),
            bayes: design.bayes.value().map(|bayes| self.bayes(bayes)),
            switchback: design.switchback.value().map(|switchback| PlannedSwitchback {
                period: self.known(&switchback.period, |period| *period),
                washout: self.known(&switchback.washout, |washout| *washout),
                block: self.known(&switchback.block, |block| *block as f64).unwrap_or(Known::built_in(1.0)),
                autocorrelation: self.known(&switchback.autocorrelation, |phi| *phi).unwrap_or(Known::built_in(0.0)),
                places: self.known(&switchback.place_count, |places| *places as f64).unwrap_or(Known::built_in(1.0)),
            }),
            cluster: design.cluster.value().map(|cluster| PlannedCluster {
                icc: self.known(&cluster.icc, |icc| *icc),
                mean_size: self.known(&cluster.mean_size, |size| *size),
                size_cv: self.known(&cluster.size_cv, |cv| *cv).unwrap_or(Known::built_in(0.0)),
                total: self.known(&cluster.total, |total| *total as f64),
            }),
            reduction: design.variance_reduction.get().map(|at| PlannedReduction {
                method: self.known(&at.method, |method| *method).unwrap_or(Known::built_in(Reduction::Cuped)),
                window: self.known(&at.window, |window| *window),
                correlation: self.known(&at.correlation, |rho| *rho),
            }),
            design_effect: design.cluster.value().and_then(|cluster| {
                let (icc, size) = (cluster.icc.copied()?, cluster.mean_size.copied()?);
                let cv = cluster.size_cv.copied().unwrap_or(0.0);
                let factor = stats::variance::design_effect(size, cv, icc).ok()?;
                Some(Known::new(factor, Origin::Computed))
            }),
            cluster_size: design.cluster.value().and_then(|cluster| {
                // Members are counted only where the groups are what is enrolled.
                let unit = self.spec.audience.value().and_then(|audience| audience.unit.value());
                self.known(&cluster.mean_size, |size| *size).filter(|_| unit == cluster.unit.value())
            }),
            srm: PlannedSrm {
                check: srm.and_then(|srm| self.known(&srm.check, |on| *on)).unwrap_or(Known::built_in(true)),
                alpha: srm.map_or(Known::built_in(0.001), |srm| number(&srm.alpha, 0.001)),
                action: srm
                    .and_then(|srm| self.known(&srm.action, |action| *action))
                    .unwrap_or(Known::built_in(SrmAction::Void)),
            },
            segments: design.segments.value().map(|list| list.items.clone()).unwrap_or_default(),
        }
    }

    fn secondary(&self, design: &crate::spec::Design, alpha: f64, claims: usize) -> PlannedSecondary {
        let table = design.secondary.value();
        let correction = table
            .and_then(|table| self.known(&table.correction, |correction| *correction))
            .unwrap_or(Known::built_in(SecondaryCorrection::None));
        let of_claims = match correction.value {
            SecondaryCorrection::None => Correction::None,
            SecondaryCorrection::Sidak => Correction::Sidak,
            SecondaryCorrection::FixedSequence => Correction::FixedSequence,
            // The step-wise corrections begin with the share of Bonferroni, which bounds them.
            SecondaryCorrection::Bonferroni
            | SecondaryCorrection::Holm
            | SecondaryCorrection::Hochberg
            | SecondaryCorrection::Hommel
            | SecondaryCorrection::BenjaminiHochberg => Correction::Bonferroni,
        };
        PlannedSecondary {
            alpha_per_claim: share_of_alpha(of_claims, alpha, claims.max(1)),
            correction,
            gate: table
                .and_then(|table| self.known(&table.gate, |gate| *gate))
                .unwrap_or(Known::built_in(SecondaryGate::None)),
            claims,
        }
    }

    fn boundary(&self, design: &crate::spec::Design) -> PlannedBoundary {
        let table = design.always_valid.value();
        PlannedBoundary {
            boundary: table
                .and_then(|table| self.known(&table.boundary, |boundary| *boundary))
                .unwrap_or(Known::built_in(Boundary::Asymptotic)),
            tuned_for: table
                .and_then(|table| self.known(&table.tuned_for, |share| share.fraction()))
                .unwrap_or(Known::built_in(1.0)),
            mixing: table.and_then(|table| table.mixing.get().cloned()),
        }
    }

    fn bayes(&self, bayes: &crate::spec::design::Bayes) -> PlannedBayes {
        // All amounts of the table are relative to the baseline: other units mean nothing here.
        let part = |field: &Field<crate::spec::Amount>| {
            let at = field.get().filter(|at| at.unit == Unit::Percent)?;
            Some(Known::new(at.number / 100.0, Origin::in_spec(at.span, self.file)))
        };
        PlannedBayes {
            prior_mean: part(&bayes.prior_mean).unwrap_or(Known::built_in(0.0)),
            prior_sd: part(&bayes.prior_sd),
            win_probability: self.known(&bayes.win_probability, |probability| probability.get()),
            max_expected_loss: part(&bayes.max_expected_loss),
            rope: part(&bayes.rope),
        }
    }

    fn calendar(&self, audience: &PlannedAudience) -> Calendar {
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

    fn expectations(&self, plan: &Plan) -> Vec<PlannedExpectation> {
        let list = self.spec.hypothesis.value().and_then(|hypothesis| hypothesis.expect.value());
        let mut expectations = Vec::new();
        for entry in list.into_iter().flat_map(|list| list.iter()) {
            let Some(name) = entry.metric.get() else { continue };
            let metric = plan.metric(&name.value);
            let level = metric.and_then(|metric| metric.baseline.as_ref()).map(|known| known.value);
            let unit = metric.and_then(|metric| metric.unit.as_ref()).map(|known| known.value.as_str());
            let binary = metric.and_then(|metric| metric.kind.as_ref()).is_some_and(|kind| kind.value.is_binary());
            expectations.push(PlannedExpectation {
                metric: name.clone(),
                direction: self.known(&entry.direction, |direction| *direction),
                by: effect::planned(&entry.by, level, unit, binary),
            });
        }
        expectations
    }
}

/// Counts of a day may lie this far below a curve that rises ever more slowly.
const SLACK: f64 = 0.05;

/// Puts returning units into the calendar, over those of their first day: the counts give the shape, and
/// `daily_units`, where it is written, the level.
fn returning(plan: &mut Plan) {
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

/// The alpha that each of several claims is sized at.
///
/// The step-wise corrections have no closed marginal power: Bonferroni's share, their first step, bounds it. So it does
/// Dunnett's where no variant is control, or one has no units.
fn share_of_alpha(correction: Correction, alpha: f64, claims: usize) -> f64 {
    let shared = match correction {
        Correction::None | Correction::FixedSequence => stats::multiplicity::Correction::None,
        Correction::Sidak => stats::multiplicity::Correction::Sidak,
        Correction::Bonferroni | Correction::Holm | Correction::Hochberg | Correction::Hommel | Correction::Dunnett => {
            stats::multiplicity::Correction::Bonferroni
        }
    };
    stats::multiplicity::alpha_per_test(shared, alpha, claims).unwrap_or(alpha)
}

/// The level of each treatment against the one control, after alpha is split over the metrics.
///
/// Dunnett's level is that of one look. Over several looks the statistics of two treatments hang together less than at
/// one, so that bounds are made at Sidak's level, which holds there: one side by Slepian 1962, two by Royen 2014.
fn many_to_one(alpha: f64, sides: stats::Sides, ratios: &[f64], claims: usize, method: Method) -> Result<f64, Refusal> {
    use stats::multiplicity::{Correction as Shared, alpha_per_test};
    match method {
        Method::Fixed | Method::Bayesian => alpha_per_test(Shared::Dunnett { sides, ratios }, alpha, claims),
        Method::GroupSequential | Method::AlwaysValid => {
            let metrics = (claims / ratios.len()).max(1);
            alpha_per_test(Shared::Bonferroni, alpha, metrics)
                .and_then(|alpha| alpha_per_test(Shared::Sidak, alpha, ratios.len()))
        }
    }
}

/// Units of each treatment over those of control; `None` without a control, or where a variant gets none.
fn ratios(variants: &[PlannedVariant]) -> Option<Vec<f64>> {
    let control = variants.iter().find(|variant| variant.control)?.fraction;
    let treatments = variants.iter().filter(|variant| !variant.control);
    let ratios: Vec<f64> = treatments.map(|variant| variant.fraction / control).collect();
    (!ratios.is_empty() && ratios.iter().all(|ratio| 0.0 < *ratio && ratio.is_finite())).then_some(ratios)
}

/// True when a holdout holds on a day; without a day it does.
fn in_force(holdout: &crate::catalog::Holdout, day: Option<Day>) -> bool {
    let Some(day) = day else { return true };
    holdout.from.copied().is_none_or(|from| from <= day) && holdout.to.copied().is_none_or(|to| day <= to)
}
