//! Rules on the statistics: sizes, errors, looks, duration.

crate::rules::rule::group! {
    mde_missing,
    underpowered,
    mde_fantasy,
    baseline_missing_or_stale,
    variance_missing,
    baseline_other_population,
    alpha_power_policy,
    no_multiplicity_plan,
    peeking,
    sequential_incomplete,
    look_schedule,
    one_sided,
    not_whole_weeks,
    too_short,
    too_long,
    uneven_variants,
    cluster_ignored,
    switchback_incomplete,
    covariate_after_exposure,
    covariate_empty,
    bayes_incomplete,
    srm_off,
    no_aa_plan,
    population_unstated,
    dilution,
    subgroups_open,
    interference,
    exclusions_open,
    missing_data_open,
    exaggeration,
    calendar_clash,
    few_groups,
}

pub(in crate::rules) mod shortfall;

use crate::catalog::Catalog;
use crate::rules::rule::PlanCx;
use crate::text::Span;

/// True when the unit belongs to the group, over any number of steps.
pub(in crate::rules) fn is_within(catalog: &Catalog, unit: &str, group: &str) -> bool {
    let mut at = unit;
    // Units nest a few levels deep; a cycle ends here too.
    for _ in 0..8 {
        let Some(above) = catalog.units.get(at).and_then(|unit| unit.within.value()) else { return false };
        if above == group {
            return true;
        }
        at = above;
    }
    false
}

/// Where the length of the run is written: the `hold` of the last stage, or the `end`.
fn length(cx: &PlanCx<'_>) -> Option<Span> {
    let rollout = cx.spec.rollout.value()?;
    match rollout.stages.value().and_then(|stages| stages.last()) {
        Some(stage) => stage.hold.span().or(rollout.end.span()),
        None => rollout.end.span(),
    }
}
