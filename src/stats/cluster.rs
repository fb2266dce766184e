//! Whole clusters are randomised: shops, cities, schools, companies.
//!
//! Start at [`ClusterTest`]: two arms of clusters, tested by Student's t with `K_c + K_t - 2` degrees of freedom, for
//! the cluster is the unit that was drawn. [`Clustering`] says how alike the units of one cluster are and how the
//! clusters are weighted; its design effect alone also serves as a size factor of [`super::comparison`], where
//! clusters are so many that a normal test will do.

use super::comparison::{Claim, Comparison, Endpoint, POWER_SLACK, Scale, Size, round_up};
use super::mean::MeanTest;
use super::root;
use super::{Direction, Refusal, Sides, finite, open_unit, positive, variance};

/// Fewer clusters an arm leave the variance between them unknown.
pub const LEAST_CLUSTERS: f64 = 4.0;

/// How clusters of unequal size are weighted in the analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weighting {
    /// Every unit counts alike: means over units, with a variance robust to clusters.
    #[default]
    Units,
    /// Every cluster counts by the precision of its mean: a mixed model.
    Precision,
    /// Every cluster counts alike: a t test of the cluster means.
    Clusters,
}

/// Clusters of similar units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustering {
    /// Units in a cluster on average.
    pub size: f64,
    /// Coefficient of variation of the sizes.
    pub size_variation: f64,
    /// Correlation of two units of one cluster.
    pub intraclass_correlation: f64,
    pub weighting: Weighting,
}

impl Clustering {
    /// Variance of the estimate over that of as many units drawn one by one. With the mean size m, its coefficient
    /// of variation cv and the intraclass correlation icc:
    ///
    /// - by units `1 + ((cv^2 + 1) m - 1) icc` (Eldridge, Ashby and Kerry 2006);
    /// - by precision `D / (1 - cv^2 L (1 - L))` with `D = 1 + (m - 1) icc` and `L = m icc / D` (van Breukelen,
    ///   Candel and Berger 2007);
    /// - by clusters `m icc + (1 - icc) / (1 - cv^2)`: the mean of `1 / size` where sizes follow a gamma distribution,
    ///   which has one only while cv is below 1.
    ///
    /// ```
    /// use expc::stats::cluster::{Clustering, Weighting};
    ///
    /// let shops = Clustering {
    ///     size: 50.0,
    ///     size_variation: 0.0,
    ///     intraclass_correlation: 0.02,
    ///     weighting: Weighting::Units,
    /// };
    /// assert!((shops.design_effect()? - 1.98).abs() < 1e-12);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn design_effect(&self) -> Result<f64, Refusal> {
        let (m, cv, icc) = (self.size, self.size_variation, self.intraclass_correlation);
        let by_units = variance::design_effect(m, cv, icc)?;
        let square = cv * cv;
        let effect = match self.weighting {
            Weighting::Units => by_units,
            Weighting::Precision => {
                let equal = 1.0 + (m - 1.0) * icc;
                let share = m * icc / equal;
                let left = 1.0 - square * share * (1.0 - share);
                if left <= 0.0 {
                    return Err(Refusal::Outside {
                        what: "variation of cluster sizes",
                        value: cv,
                        range: "what weights by precision allow",
                    });
                }
                equal / left
            }
            Weighting::Clusters if 1.0 <= cv => {
                return Err(Refusal::Outside {
                    what: "variation of cluster sizes",
                    value: cv,
                    range: "[0, 1), where clusters count alike",
                });
            }
            Weighting::Clusters => m * icc + (1.0 - icc) / (1.0 - square),
        };
        positive("design effect", effect)
    }

    /// The design effect of clusters whose sizes are known, without any assumption on their distribution.
    ///
    /// By units `1 + (sum m^2 / sum m - 1) icc`, by precision `sum m / sum(m / (1 + (m - 1) icc))`, by clusters
    /// `sum m / K^2 sum(icc + (1 - icc) / m)`.
    pub fn design_effect_of(sizes: &[f64], intraclass_correlation: f64, weighting: Weighting) -> Result<f64, Refusal> {
        let icc = intraclass_correlation;
        // The checks of the size and the correlation are those of equal clusters.
        for &size in sizes {
            variance::design_effect(size, 0.0, icc)?;
        }
        let total = positive("number of units in the clusters", sizes.iter().sum())?;
        let clusters = sizes.len() as f64;
        let sum = |term: fn(f64, f64) -> f64| sizes.iter().map(|&m| term(m, icc)).sum::<f64>();
        let effect = match weighting {
            Weighting::Units => 1.0 + (sizes.iter().map(|m| m / total * m).sum::<f64>() - 1.0) * icc,
            Weighting::Precision => total / sum(|m, icc| m / (1.0 + (m - 1.0) * icc)),
            Weighting::Clusters => total / clusters * (sum(|m, icc| icc + (1.0 - icc) / m) / clusters),
        };
        positive("design effect", effect)
    }
}

/// What is compared between the arms, and how its variance between clusters comes about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// A mean, with the standard deviation of all units whatever their cluster.
    Mean { sd: f64, clustering: Clustering },
    /// A proportion of the units. `pooled` puts the mean proportion into both variances.
    Proportion { baseline: f64, pooled: bool, clustering: Clustering },
    /// Events over the `exposure` of a cluster, whose rates vary between clusters by the coefficient of variation
    /// `variation`: variance `rate / exposure + variation^2 rate^2` a cluster (Hayes and Bennett 1999).
    Rate { baseline: f64, exposure: f64, variation: f64 },
}

/// The distribution that the critical value is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reference {
    /// Student's t, its degrees of freedom those of the clusters.
    #[default]
    Student,
    /// The normal distribution: rejects far too often below fifteen clusters an arm.
    Normal,
}

/// Treatment clusters against control clusters.
///
/// ```
/// use expc::stats::cluster::{ClusterTest, Clustering, Outcome, Reference, Weighting};
/// use expc::stats::{Direction, Sides};
///
/// let shops = ClusterTest {
///     outcome: Outcome::Mean {
///         sd: 1.0,
///         clustering: Clustering {
///             size: 20.0,
///             size_variation: 0.0,
///             intraclass_correlation: 0.02,
///             weighting: Weighting::Units,
///         },
///     },
///     effect: 0.1,
///     alpha: 0.05,
///     sides: Sides::Two,
///     allocation: 1.0,
///     reference: Reference::Student,
/// };
/// let clusters = shops.required(0.8)?;
/// assert_eq!((clusters.control_units, clusters.treatment_units), (110, 110));
/// assert!((shops.detectable(clusters.control, 0.8, Direction::Up)? - 0.1).abs() < 1e-12);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterTest {
    pub outcome: Outcome,
    /// Treatment minus control.
    pub effect: f64,
    /// The size of the whole test; two sides share it.
    pub alpha: f64,
    pub sides: Sides,
    /// Treatment clusters over control clusters.
    pub allocation: f64,
    pub reference: Reference,
}

impl ClusterTest {
    /// The clusters that reach `power`: the units of the [`Size`] are clusters, four or more an arm.
    pub fn required(&self, power: f64) -> Result<Size, Refusal> {
        let size = self.comparison(self.effect)?.required(power)?;
        let control = size.control.max(LEAST_CLUSTERS / self.allocation.min(1.0));
        let (mut in_control, mut in_treatment) = (round_up(control), round_up(control * self.allocation));
        // Whole clusters are not quite in the planned ratio, which moves the variance as well.
        for _ in 0..64 {
            let whole = Self { allocation: in_treatment / in_control, ..*self };
            let reached = whole.power(in_control)?;
            if power - POWER_SLACK <= reached {
                return Ok(Size {
                    control,
                    treatment: control * self.allocation,
                    control_units: in_control as u64,
                    treatment_units: in_treatment as u64,
                    power: reached,
                    rounding: size.rounding,
                });
            }
            if in_treatment < in_control * self.allocation {
                in_treatment += 1.0;
            } else {
                in_control += 1.0;
            }
        }
        Err(Refusal::Unsettled { what: "whole clusters" })
    }

    /// The probability to reject in the right direction with so many control clusters.
    pub fn power(&self, control_clusters: f64) -> Result<f64, Refusal> {
        self.enough(control_clusters)?;
        self.comparison(self.effect)?.power(control_clusters)
    }

    /// The effect of least size `toward` a direction that these control clusters show with `power`; the effect of
    /// the test itself is not read.
    pub fn detectable(&self, control_clusters: f64, power: f64, toward: Direction) -> Result<f64, Refusal> {
        self.enough(control_clusters)?;
        let sign = toward.sign();
        let most = match self.outcome {
            Outcome::Mean { .. } => {
                return self.comparison(sign)?.detectable(control_clusters, power, toward);
            }
            Outcome::Proportion { baseline, .. } if 0.0 < sign => 1.0 - open_unit("baseline", baseline)?,
            Outcome::Proportion { baseline, .. } => open_unit("baseline", baseline)?,
            Outcome::Rate { baseline, .. } if 0.0 < sign => 1e9 * positive("baseline", baseline)?,
            Outcome::Rate { baseline, .. } => positive("baseline", baseline)?,
        };
        // The variance moves with the effect: what is detectable at the variance of an effect, less that effect.
        // Scaled by their sum, which keeps it finite over the whole range.
        let mut refusal = None;
        let surplus = |ln_size: f64| {
            let size = libm::exp(ln_size);
            let found = self
                .comparison(sign * size)
                .and_then(|comparison| comparison.detectable(control_clusters, power, toward));
            match found {
                Ok(found) => (size - found.abs()) / (size + found.abs()),
                Err(found) => {
                    refusal.get_or_insert(found);
                    f64::NAN
                }
            }
        };
        let (low, high) = (libm::log(most) - 60.0, libm::log(most) - 1e-12);
        let found = root::brent(surplus, low, high, 1e-15);
        match (found, refusal) {
            (_, Some(refusal)) => Err(refusal),
            (Some(ln_size), None) => Ok(sign * libm::exp(ln_size)),
            (None, None) => Err(Refusal::OutOfReach { power, units: control_clusters }),
        }
    }

    fn enough(&self, control: f64) -> Result<(), Refusal> {
        positive("allocation", self.allocation)?;
        for value in [control, control * self.allocation] {
            if !((LEAST_CLUSTERS * (1.0 - 1e-12)..f64::INFINITY).contains(&value)) {
                return Err(Refusal::Outside { what: "number of clusters in an arm", value, range: "[4, inf)" });
            }
        }
        Ok(())
    }

    /// The same question about the means of clusters.
    fn comparison(&self, effect: f64) -> Result<Comparison, Refusal> {
        finite("effect", effect)?;
        positive("allocation", self.allocation)?;
        let (control, treatment) = self.variances(effect)?;
        // The statistic carries one variance; this one gives the difference its own.
        let r = self.allocation;
        let common = (control * r + treatment) / (1.0 + r);
        let test = match self.reference {
            Reference::Student => MeanTest::T,
            Reference::Normal => MeanTest::Z,
        };
        Ok(Comparison {
            endpoint: Endpoint::Mean { baseline: 0.0, sd: libm::sqrt(common), test },
            claim: Claim::Superiority { effect },
            scale: Scale::Difference,
            alpha: self.alpha,
            sides: self.sides,
            allocation: self.allocation,
            size_factor: 1.0,
        })
    }

    /// Variance of one cluster's part in the estimate, in control and in treatment.
    fn variances(&self, effect: f64) -> Result<(f64, f64), Refusal> {
        match self.outcome {
            Outcome::Mean { sd, clustering } => {
                positive("standard deviation", sd)?;
                let of_mean = sd * sd * (clustering.design_effect()? / clustering.size);
                Ok((of_mean, of_mean))
            }
            Outcome::Proportion { baseline, pooled, clustering } => {
                open_unit("baseline", baseline)?;
                let treatment = baseline + effect;
                if !(0.0 < treatment && treatment < 1.0) {
                    return Err(Refusal::NoRoom { baseline, change: effect });
                }
                let inflated = clustering.design_effect()? / clustering.size;
                let of = |p: f64| p * (1.0 - p) * inflated;
                if pooled {
                    let mean = (baseline + self.allocation * treatment) / (1.0 + self.allocation);
                    return Ok((of(mean), of(mean)));
                }
                Ok((of(baseline), of(treatment)))
            }
            Outcome::Rate { baseline, exposure, variation } => {
                positive("baseline", baseline)?;
                positive("exposure of a cluster", exposure)?;
                if !(0.0..f64::INFINITY).contains(&variation) {
                    return Err(Refusal::Outside {
                        what: "variation between clusters",
                        value: variation,
                        range: "[0, inf)",
                    });
                }
                let treatment = baseline + effect;
                if treatment <= 0.0 {
                    return Err(Refusal::NoRoom { baseline, change: effect });
                }
                let of = |rate: f64| rate / exposure + variation * variation * rate * rate;
                Ok((of(baseline), of(treatment)))
            }
        }
    }
}
