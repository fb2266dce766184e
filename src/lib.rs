//! Experiments as code, compiled.
//!
//! The crate docs are the plan of the house; each floor uses only the floors below it, and
//! `tests/floors.rs` reads the imports and holds that.

pub mod diag;
pub mod report;
pub mod stats;
pub mod text;
