//! Variances a comparison is planned with: ratio metrics, covariate adjustment, clusters.
//!
//! The factors go into [`super::comparison::Comparison::size_factor`], where they multiply. Quantiles have a module of
//! their own, [`super::quantile`].
//!
//! A winsorised mean needs no formula: it is a mean of capped outcomes. Plan it with the baseline and the deviation of
//! the outcome after capping, both from past data with the cap that the analysis will use, fixed before it starts;
//! and with the effect on the capped outcome, which is smaller than on the raw one where the change is in the tail.

use super::{Refusal, finite, inside, positive};

/// Sample mean and variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    pub mean: f64,
    /// With the divisor `n - 1`.
    pub variance: f64,
}

/// Two outcomes of the same units and how they vary together: a numerator with its denominator, or an outcome with its
/// covariate from before the experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Joint {
    pub units: f64,
    pub outcome: Moments,
    pub covariate: Moments,
    /// With the divisor `n - 1`.
    pub covariance: f64,
}

impl Joint {
    /// From sums and sums of squares over the units, as a warehouse gives them.
    ///
    /// Sums of squares lose digits where the mean is large beside the deviation; centre such outcomes first.
    pub fn from_sums(
        units: f64,
        (sum, squares): (f64, f64),
        (covariate_sum, covariate_squares): (f64, f64),
        products: f64,
    ) -> Result<Self, Refusal> {
        inside("number of units", units, 1.0, f64::INFINITY, "(1, inf)")?;
        for value in [sum, squares, covariate_sum, covariate_squares, products] {
            finite("sum", value)?;
        }
        let moments = |sum: f64, squares: f64| Moments {
            mean: sum / units,
            variance: ((squares - sum * sum / units) / (units - 1.0)).max(0.0),
        };
        Ok(Self {
            units,
            outcome: moments(sum, squares),
            covariate: moments(covariate_sum, covariate_squares),
            covariance: (products - sum * covariate_sum / units) / (units - 1.0),
        })
    }

    /// The moments of two samples taken as one.
    #[must_use]
    pub fn pooled(&self, other: &Self) -> Self {
        let units = self.units + other.units;
        let apart = self.units * other.units / units;
        let joined = |one: f64, two: f64, product: f64| {
            ((self.units - 1.0) * one + (other.units - 1.0) * two + apart * product) / (units - 1.0)
        };
        let moved = other.outcome.mean - self.outcome.mean;
        let covariate_moved = other.covariate.mean - self.covariate.mean;
        let moments = |one: Moments, two: Moments, moved: f64| Moments {
            mean: one.mean + moved * other.units / units,
            variance: joined(one.variance, two.variance, moved * moved),
        };
        Self {
            units,
            outcome: moments(self.outcome, other.outcome, moved),
            covariate: moments(self.covariate, other.covariate, covariate_moved),
            covariance: joined(self.covariance, other.covariance, moved * covariate_moved),
        }
    }

    /// The ratio of the means: a ratio metric, with the covariate as its denominator.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.outcome.mean / self.covariate.mean
    }

    /// Variance of that ratio per unit: [`ratio`].
    pub fn ratio_variance(&self) -> Result<f64, Refusal> {
        let moments = |part: Moments| (part.mean, part.variance);
        ratio(moments(self.outcome), moments(self.covariate), self.covariance)
    }

    /// The slope of the outcome on the covariate: the theta of CUPED (Deng et al. 2013). Take it from both arms
    /// [`pooled`](Self::pooled), so that it cannot favour one; 0 for a constant covariate.
    #[must_use]
    pub fn slope(&self) -> f64 {
        if self.covariate.variance == 0.0 { 0.0 } else { self.covariance / self.covariate.variance }
    }

    /// Mean and variance of the outcome less `slope` times the covariate.
    ///
    /// ```
    /// use expc::stats::variance::Joint;
    /// // Outcomes 1, 2, 3 with covariates 1, 2, 2.
    /// let seen = Joint::from_sums(3.0, (6.0, 14.0), (5.0, 9.0), 11.0)?;
    /// let left = seen.adjusted(seen.slope());
    /// assert!((left.variance - 0.25).abs() < 1e-15);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    #[must_use]
    pub fn adjusted(&self, slope: f64) -> Moments {
        Moments {
            mean: self.outcome.mean - slope * self.covariate.mean,
            variance: self.outcome.variance - 2.0 * slope * self.covariance + slope * slope * self.covariate.variance,
        }
    }
}

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
    unexplained(correlation * correlation, covered_share)
}

/// [`adjusted`] for several covariates that together explain `r_squared` of the variance: `1 - c R^2` (Lin 2013).
///
/// The degrees of freedom that each covariate takes are those of [`super::mean::MeanTest::Adjusted`].
///
/// ```
/// let left = expc::stats::variance::unexplained(0.36, 0.5)?;
/// assert!((left - 0.82).abs() < 1e-15);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn unexplained(r_squared: f64, covered_share: f64) -> Result<f64, Refusal> {
    if !(0.0..1.0).contains(&r_squared) {
        return Err(Refusal::Outside { what: "R squared", value: r_squared, range: "[0, 1)" });
    }
    if !(0.0..=1.0).contains(&covered_share) {
        return Err(Refusal::Outside { what: "covered share", value: covered_share, range: "[0, 1]" });
    }
    Ok(1.0 - covered_share * r_squared)
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
