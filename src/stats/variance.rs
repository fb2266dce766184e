//! Variances a comparison is planned with: ratio metrics, covariate adjustment, clusters.
//!
//! The factors go into [`super::comparison::Comparison::size_factor`], where they multiply.

use super::{Refusal, finite, inside, positive};

/// Variance of a ratio metric per randomisation unit, `mean(Y) / mean(S)` over units, by the delta method
/// (Deng, Knoblich and Lu 2018): `(s_Y^2 - 2 R s_YS + R^2 s_S^2) / m_S^2`.
///
/// Its root is the standard deviation to plan a mean with.
pub fn ratio(
    (mean_numerator, variance_numerator): (f64, f64),
    (mean_denominator, variance_denominator): (f64, f64),
    covariance: f64,
) -> Result<f64, Refusal> {
    finite("mean of the numerator", mean_numerator)?;
    finite("covariance", covariance)?;
    positive("mean of the denominator", mean_denominator)?;
    for value in [variance_numerator, variance_denominator] {
        if !(0.0..f64::INFINITY).contains(&value) {
            return Err(Refusal::Outside { what: "variance", value, range: "[0, inf)" });
        }
    }
    let r = mean_numerator / mean_denominator;
    let spread = variance_numerator - 2.0 * r * covariance + r * r * variance_denominator;
    positive("variance of the ratio", spread / (mean_denominator * mean_denominator))
}

/// What is left of the variance after adjusting for a covariate of this correlation, known for a share of
/// the units and imputed by a constant for the rest: `1 - c rho^2` (Deng et al. 2013).
pub fn adjusted(correlation: f64, covered_share: f64) -> Result<f64, Refusal> {
    inside("correlation", correlation, -1.0, 1.0, "(-1, 1)")?;
    if !(0.0..=1.0).contains(&covered_share) {
        return Err(Refusal::Outside { what: "covered share", value: covered_share, range: "[0, 1]" });
    }
    Ok(1.0 - covered_share * correlation * correlation)
}

/// Factor on the sample size when clusters are randomised: `1 + ((cv^2 + 1) m - 1) icc` for clusters of
/// mean size `m` with coefficient of variation `cv` (Eldridge, Ashby and Kerry 2006).
pub fn design_effect(cluster_size: f64, size_variation: f64, intraclass_correlation: f64) -> Result<f64, Refusal> {
    let one_or_more = (1.0..f64::INFINITY).contains(&cluster_size);
    let proper = (0.0..f64::INFINITY).contains(&size_variation);
    let share = (0.0..=1.0).contains(&intraclass_correlation);
    for (holds, what, value, range) in [
        (one_or_more, "cluster size", cluster_size, "[1, inf)"),
        (proper, "variation of cluster sizes", size_variation, "[0, inf)"),
        (share, "intraclass correlation", intraclass_correlation, "[0, 1]"),
    ] {
        if !holds {
            return Err(Refusal::Outside { what, value, range });
        }
    }
    let spread = size_variation * size_variation + 1.0;
    Ok(1.0 + (spread * cluster_size - 1.0) * intraclass_correlation)
}
