//! What a plan says and the simulation reads otherwise.

use crate::plan::Plan;
use crate::spec::{Correction, GuardrailsAt, Method, Role};
use crate::stats::comparison::Endpoint;
use crate::stats::proportion::ProportionTest;

/// Says what is registered and takes no part in the simulation.
pub(super) fn not_simulated(plan: &Plan, notes: &mut Vec<String>) {
    let design = &plan.design;
    let by_looks = matches!(design.correction.value, Correction::Hochberg | Correction::Hommel);
    if by_looks && 1 < design.claims && matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid) {
        let own = design.correction.value;
        notes.push(format!("With looks `{own}` is simulated as `holm`, which makes no claim that it would not make."));
    }
    if plan.exposure.dilution.value != 1.0 {
        notes.push("Effects are those among the analysed units, after dilution.".to_owned());
    }
    for sized in &plan.sizes {
        let Ok(sizing) = &sized.result else { continue };
        if let Endpoint::Proportion { test: ProportionTest::FisherExact | ProportionTest::ExactUnconditional, .. } =
            sizing.comparison.endpoint
        {
            notes.push(format!(
                "`{}` is tested by the score test with continuity correction, close to its exact test.",
                sized.metric
            ));
        }
    }
    notes.dedup();
    let looks = matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid);
    let guarded = plan.metrics_of(Role::Guardrail).next().is_some();
    if looks && guarded && design.guardrails_at.value == GuardrailsAt::End {
        notes.push(
            "Guardrails are tested at the end only, so no earlier look finds them passed; \
             `guardrails_at = \"looks\"` tests them at each."
                .to_owned(),
        );
    }
}
