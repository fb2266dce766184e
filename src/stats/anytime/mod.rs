//! Always-valid inference: tests and intervals that hold at every moment, whoever looks whenever.
//!
//! Start at [`NormalMixture`], the boundary behind asymptotic confidence sequences, the mixture sequential
//! probability ratio test and generalised always-valid inference; they differ only in what sets its precision.
//! [`planning`] turns a boundary into a sample size and an expected duration by first passage: exactly for planned
//! looks, and for looks at every moment. [`sums`] has the boundaries of Howard et al. for bounded, counted and skewed
//! observations, [`stitching`] those in closed form, also for quantiles.
//! Nothing here chooses the looks; bounds that spend alpha over planned looks are in [`super::sequential`].

pub mod planning;
pub mod stitching;
pub mod sums;

mod continuous;
mod normal_mixture;

pub use normal_mixture::{NormalMixture, ln_evidence, mixture_ln_likelihood_ratio, p_value, regression_ln_evidence};
