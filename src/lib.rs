//! Experiments as code, compiled.
//!
//! The crate docs are the plan of the house; each floor uses only the floors below it, and
//! `tests/floors.rs` reads the imports and holds that.

// Floor 0, ground.
pub mod diag;
pub mod stats;
pub mod text;

// Floor 1, reading.
pub mod syntax;
pub mod world;

// Floor 2, meaning.
pub mod spec;

pub mod catalog;
pub mod policy;

pub mod plan;
pub mod portfolio;

// Floor 3, judges.
pub mod rules;

pub mod check;

// Floor 4, voices.
pub mod emit;
pub mod report;

// Floor 5, doors.
pub mod cli;
