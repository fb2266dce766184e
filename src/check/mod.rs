//! The engine: which rules run where, on how many threads, at which level, in which order.
//!
//! [`check`] runs every rule over a workspace. Each spec is compiled and judged on its own, in parallel; what the
//! portfolio needs of it is kept, the rest is dropped, so that ten thousand specs fit in little memory. The
//! answer is the same for any number of threads. The organisation's own rules run after ours, on the same plan.
//! [`check_change`] and [`Baseline`] set findings aside that are no news; [`fixes`] turns findings into new texts.

mod add_ignores;
mod baseline;
mod change;
mod custom;
mod engine;
mod leveled;
mod suppress;
mod timing;

pub use baseline::{Baseline, BaselineFault, BaselineUse};
pub use change::check_change;
pub mod fixes;

pub use add_ignores::{Additions, add_ignores};
pub use engine::{Options, Outcome, check, check_without};
pub use leveled::{Step, in_force, level_of, steps};
pub use timing::{RuleTime, Timing};
