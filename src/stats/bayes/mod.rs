//! Planning a decision by posterior: beliefs, rules, sample sizes and assurance.
//!
//! Start at [`Belief`] for what the data say, at [`Rule`] for when to ship, and at [`Decision`] for how many units the
//! rule needs. Effects are treatment minus control; estimates are normal with known variance, so the posterior is
//! normal too (conjugate: precisions add). [`rates`] compares two rates by their beta posteriors instead.
//! Everything is computed by closed forms and quadrature, never by simulation.

mod assurance;
mod belief;
mod decision;
pub mod rates;
mod rule;

pub use assurance::{Assurance, sequential_assurance};
pub use belief::{Belief, Prior};
pub use decision::{Decision, Measure};
pub use rule::{Rope, Rule};
