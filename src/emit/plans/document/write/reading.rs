//! How the data are read: the looks and the check of the split.

use super::{Writer, finite, some_finite, units, value_of};
use crate::emit::plans::dated_looks;
use crate::emit::plans::document::shape::{LeakBlock, Look, Sequential, SrmBlock, VariantShare};
use crate::spec::{Boundary, Method};
use crate::stats::anytime::NormalMixture;
use crate::stats::srm;

impl<'a> Writer<'_, 'a> {
    pub(super) fn sequential(&self) -> Option<Sequential> {
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

    pub(super) fn srm(&self) -> SrmBlock {
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
}
