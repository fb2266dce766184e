//! Groups and blocks of time: what was randomised is coarser than what is analysed.
//!
//! The means of groups, or of blocks, are compared by Student's t with their own degrees of freedom. Sizes stay in units
//! of analysis: a [`Comparison`] whose size factor is the units of a group counts groups.

use crate::plan::types::{PlannedCluster, PlannedMetric, PlannedSwitchback};
use crate::stats::cluster::{Clustering, LEAST_CLUSTERS, Weighting};
use crate::stats::comparison::{Claim, Comparison, Endpoint};
use crate::stats::mean::MeanTest;
use crate::stats::switchback::Blocks;
use crate::stats::{Refusal, variance};

use super::Unsized;

/// The comparison of the means of groups; `None` while nobody says how alike and how large they are.
///
/// A rate takes the variance that its two arms have in common at the planned effect. The variance reduction of the units
/// is taken to hold for the groups.
pub(super) fn of_groups(comparison: &Comparison, cluster: &PlannedCluster) -> Result<Option<Comparison>, Refusal> {
    let (Some(icc), Some(size)) = (&cluster.icc, &cluster.mean_size) else { return Ok(None) };
    let clustering = Clustering {
        size: size.value,
        size_variation: cluster.size_cv.value,
        intraclass_correlation: icc.value,
        weighting: Weighting::Units,
    };
    let effect = clustering.design_effect()?;
    let reduction = comparison.size_factor / variance::design_effect(size.value, cluster.size_cv.value, icc.value)?;
    let (baseline, sd) = match comparison.endpoint {
        Endpoint::Mean { baseline, sd, .. } => (baseline, sd),
        Endpoint::Proportion { baseline, .. } => (baseline, common_deviation(comparison, baseline)),
        // Counts and times keep their own tests on the deflated sample.
        Endpoint::Count(_) | Endpoint::TimeToEvent(_) => return Ok(None),
    };
    Ok(Some(Comparison {
        endpoint: Endpoint::Mean { baseline, sd: sd * libm::sqrt(effect * reduction / size.value), test: MeanTest::T },
        size_factor: size.value,
        ..*comparison
    }))
}

/// The deviation of a unit that both arms would need to give the difference of two rates its variance.
fn common_deviation(comparison: &Comparison, baseline: f64) -> f64 {
    let r = comparison.allocation;
    let effect = match comparison.claim {
        Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } => effect,
        Claim::NonInferiority { true_effect, .. } | Claim::Equivalence { true_effect, .. } => true_effect,
    };
    let treated = match comparison.scale {
        crate::stats::comparison::Scale::Difference => baseline + effect,
        crate::stats::comparison::Scale::Lift => baseline * (1.0 + effect),
    };
    let of = |p: f64| p * (1.0 - p);
    libm::sqrt((of(baseline) * r + of(treated)) / (1.0 + r))
}

/// The comparison of the means of blocks of time, drawn by fair coins; units are periods.
///
/// Whole periods within the washout are dropped; a shorter washout is part of what a period measures.
pub(super) fn of_blocks(
    comparison: &Comparison,
    metric: &PlannedMetric,
    switchback: &PlannedSwitchback,
) -> Result<Comparison, Unsized> {
    let lacks = || Unsized::Missing(format!("a standard deviation of `{}` between periods", metric.name));
    let sd = metric.period_sd.as_ref().ok_or_else(lacks)?.value;
    let baseline = metric.baseline.as_ref().map_or(0.0, |known| known.value);
    let minutes = |known: &Option<crate::plan::Known<crate::spec::Duration>>| {
        known.as_ref().map_or(0, |known| known.value.in_minutes())
    };
    let blocks = Blocks {
        length: switchback.block.value.clamp(1.0, 1e6) as u32,
        washout: minutes(&switchback.washout) / minutes(&switchback.period).max(1),
        autocorrelation: switchback.autocorrelation.value,
        sd,
    };
    // Of four blocks in all the variance of the effect is that of one block's mean.
    let variance = blocks.effect_variance(4.0).map_err(Unsized::Refused)?;
    Ok(Comparison {
        endpoint: Endpoint::Mean { baseline, sd: libm::sqrt(variance * comparison.size_factor), test: MeanTest::T },
        allocation: 1.0,
        size_factor: f64::from(blocks.length),
        ..*comparison
    })
}

/// The control units below which too few groups are left to know how much they differ.
pub(super) fn least_units(exact: &Comparison, inflation: f64) -> f64 {
    LEAST_CLUSTERS / exact.allocation.min(1.0) * (exact.size_factor / inflation) * (1.0 - 1e-12)
}
