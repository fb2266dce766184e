//! Several looks at one experiment: bounds that keep alpha, and what they cost.
//!
//! Start at [`Monitoring`]. At look k the statistic `Z_k` is normal with mean `drift * sqrt(t_k)`, variance 1 and
//! covariance `sqrt(t_j / t_k)` (Jennison and Turnbull 2000, chapter 3), with `t_k` the information fraction;
//! means, rates, adjusted means and counts all come down to this. The drift is the effect times the root of the
//! information at the last look. The experiment stops at `Z_k >= u_k`, and at `Z_k <= l_k` where there is a lower
//! bound: the mirrored one with two sides, or one for futility ([`Futility`]).
//!
//! Bounds, stop probabilities and drifts come from one recursion over the looks (`passage`), good to about 1e-13;
//! the recursion of Armitage, McPherson and Rowe (1969) is run under one drift, and every other follows from
//! its nodes by a likelihood ratio. What to do while the experiment runs is in [`Remaining`], [`interim_bound`],
//! [`final_bound`], [`Stagewise`] and [`repeated_p`].

mod analysis;
mod bounds;
mod course;
mod futility;
mod layer;
mod looks;
mod monitoring;
mod operating;
mod passage;
mod shape;
mod spending;

pub use analysis::{Interval, Prior, Remaining, Stagewise, final_bound, interim_bound, repeated_estimate, repeated_p};
pub use bounds::Efficacy;
pub use course::Crossing;
pub use futility::{Futility, FutilityRule};
pub use looks::{Looks, MOST_LOOKS, equal_fractions};
pub use monitoring::Monitoring;
pub use shape::Shape;
pub use spending::Spending;
