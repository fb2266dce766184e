//! The engine: which rules run where, on how many threads, at which level, in which order.
//!
//! [`check`] runs every rule over a workspace. Each spec is compiled and judged on its own, in parallel; what the
//! portfolio needs of it is kept, the rest is dropped, so that ten thousand specs fit in little memory. The
//! answer is the same for any number of threads. [`fixes`] turns findings into new texts.

mod change;
mod engine;
mod leveled;
mod timing;

pub use change::check_change;
pub mod fixes;

pub use engine::{Options, Outcome, check};
pub use leveled::level_of;
pub use timing::{RuleTime, Timing};
