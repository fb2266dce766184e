//! Experiments as code, compiled.
//!
//! The crate docs are the plan of the house; each floor uses only the floors below it, and
//! `tests/floors.rs` reads the imports and holds that.

pub mod catalog;
pub mod diag;
pub mod plan;
pub mod policy;
pub mod portfolio;
pub mod spec;
pub mod stats;
pub mod syntax;
pub mod text;
pub mod world;
