//! How it is designed: levels, corrections, bounds.

use super::Inputs;
use crate::plan::origin::{Known, Origin};
use crate::plan::types::{
    PlannedBayes, PlannedBoundary, PlannedCluster, PlannedDesign, PlannedFutility, PlannedMetric, PlannedReduction,
    PlannedSecondary, PlannedSrm, PlannedSwitchback, PlannedVariant,
};
use crate::spec::design::{Reduction, SrmAction};
use crate::spec::{
    Boundary, Correction, EffectScale, Field, GuardrailsAt, HypothesisKind, Method, PowerOf, Probability, Role,
    SecondaryCorrection, SecondaryGate, Sides, Unit,
};
use crate::stats::{self, Refusal};
use crate::syntax::At;

impl Inputs<'_> {
    pub(super) fn design(&self, variants: &[PlannedVariant], metrics: &[PlannedMetric]) -> PlannedDesign {
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
