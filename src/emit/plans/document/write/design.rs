//! How large it is, and why.

use super::measures::Tested;
use super::{Writer, effect, finite, some_finite, units, value_of};
use crate::emit::plans::document::shape::{
    AssuranceBlock, DesignBlock, ExaggerationBlock, ExpectedBlock, ReductionBlock, ShipBlock, Size, SizingBlock,
    UniqueUnitsBlock,
};
use crate::emit::plans::schedule::us;
use crate::plan::{Expected, Plan, Ship, USUAL_CORRELATION};
use crate::spec::HypothesisKind;
use crate::stats::comparison::Claim;

impl<'a> Writer<'_, 'a> {
    pub(super) fn design(&self, tested: &[Tested<'_>]) -> DesignBlock {
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

/// The effect that a claim is sized for, in the unit of the metric.
pub(in crate::emit::plans) fn sized_for(claim: Claim) -> f64 {
    match claim {
        Claim::NonInferiority { margin, .. } => margin,
        Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } => effect.abs(),
        Claim::Equivalence { lower, upper, .. } => lower.abs().max(upper.abs()),
    }
}
