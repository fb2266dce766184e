//! Many estimates of like effects: what they have in common, and what is left of each once luck is taken out.
//!
//! The model is normal-normal: a true effect is drawn from `N(mean, spread^2)`, its estimate from
//! `N(truth, standard error^2)`. Estimates that were picked because they are large exaggerate (the winner's curse); the mean
//! of the truth behind an estimate, given all of them, does not (Efron 2011). Start at [`Pool::new`].

use super::{Refusal, Sides, finite, open_unit, positive, root, student};

/// An estimate with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    pub effect: f64,
    pub standard_error: f64,
}

/// What estimates have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    pub estimates: usize,
    /// The mean of the true effects.
    pub mean: f64,
    /// Of the mean, by Hartung and Knapp.
    pub standard_error: f64,
    /// The standard deviation of the true effects; 0 when chance alone explains how the estimates differ.
    pub spread: f64,
}

/// What is known of the truth behind one estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrunken {
    pub effect: f64,
    pub standard_error: f64,
}

impl Pool {
    /// The mean and the spread of the truth behind at least two estimates.
    ///
    /// The spread is that of Paule and Mandel (1982): with it, the weighted squares of the residuals sum to their degrees of
    /// freedom. Veroniki et al. (2016) advise it for few estimates of any distribution. The standard error of the mean is
    /// that of Hartung and Knapp (2001), never below the usual one (Roever, Knapp and Friede 2015).
    ///
    /// ```
    /// use expc::stats::pooled::{Measured, Pool};
    /// let schools = [(28.0, 15.0), (8.0, 10.0), (-3.0, 16.0), (7.0, 11.0), (-1.0, 9.0), (1.0, 11.0), (18.0, 10.0), (12.0, 18.0)];
    /// let schools = schools.map(|(effect, standard_error)| Measured { effect, standard_error });
    /// // Eight schools (Gelman et al., Bayesian Data Analysis, table 5.2): chance alone explains how they differ.
    /// let pool = Pool::new(&schools)?;
    /// assert_eq!((pool.spread, (pool.mean * 100.0).round()), (0.0, 769.0));
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn new(estimates: &[Measured]) -> Result<Self, Refusal> {
        if estimates.len() < 2 {
            return Err(Refusal::Outside {
                what: "number of estimates",
                value: estimates.len() as f64,
                range: "[2, inf)",
            });
        }
        for Measured { effect, standard_error } in estimates {
            finite("effect", *effect)?;
            positive("standard error", *standard_error)?;
        }
        // In units of the least error, so that no square of a small one underflows.
        let unit = estimates.iter().map(|one| one.standard_error).fold(f64::INFINITY, f64::min);
        let scaled: Vec<(f64, f64)> =
            estimates.iter().map(|one| (one.effect / unit, (one.standard_error / unit).powi(2))).collect();
        let freedom = (scaled.len() - 1) as f64;
        let excess = |variance: f64| residual_squares(&scaled, variance).1 - freedom;
        let variance = if excess(0.0) <= 0.0 {
            0.0
        } else {
            // The sum falls towards 0 as the spread grows: it has one root.
            let (low, high) = root::bracket_upwards(|variance| -excess(variance), 0.0, 1.0)
                .ok_or(Refusal::Unsettled { what: "spread of true effects" })?;
            root::brent_from(|variance| -excess(variance), low, high, 1e-14)
                .ok_or(Refusal::Unsettled { what: "spread of true effects" })?
        };
        let (mean, squares) = residual_squares(&scaled, variance);
        let weights: f64 = scaled.iter().map(|(_, square)| 1.0 / (square + variance)).sum();
        let inflation = (squares / freedom).max(1.0);
        Ok(Self {
            estimates: estimates.len(),
            mean: finite("mean", mean * unit)?,
            standard_error: positive("standard error", libm::sqrt(inflation / weights) * unit)?,
            spread: libm::sqrt(variance) * unit,
        })
    }

    /// The interval of the mean: Student's t with one degree of freedom less than there are estimates.
    pub fn interval(&self, alpha: f64) -> Result<(f64, f64), Refusal> {
        open_unit("alpha", alpha)?;
        let half = student::upper_quantile(Sides::Two.tail(alpha), (self.estimates - 1) as f64) * self.standard_error;
        Ok((self.mean - half, self.mean + half))
    }

    /// What is left of an estimate: drawn towards the mean by as much as it is uncertain, beside how much the truth differs
    /// (James and Stein 1961; Efron 2011, equation 2.8). Mean and spread are taken as known, so its standard error is a
    /// little small where there are few estimates.
    #[must_use]
    pub fn shrink(&self, one: Measured) -> Shrunken {
        let ratio = self.spread / one.standard_error;
        // Beyond the largest double the estimate speaks for itself.
        let own = if ratio.is_finite() { 1.0 / (1.0 + 1.0 / (ratio * ratio)) } else { 1.0 };
        Shrunken {
            effect: self.mean + own * (one.effect - self.mean),
            standard_error: libm::sqrt(own) * one.standard_error,
        }
    }
}

/// The weighted mean, and the weighted squares around it.
fn residual_squares(estimates: &[(f64, f64)], variance: f64) -> (f64, f64) {
    let weight = |square: f64| 1.0 / (square + variance);
    let all: f64 = estimates.iter().map(|(_, square)| weight(*square)).sum();
    let mean = estimates.iter().map(|(effect, square)| weight(*square) * effect).sum::<f64>() / all;
    (mean, estimates.iter().map(|(effect, square)| weight(*square) * (effect - mean).powi(2)).sum())
}
