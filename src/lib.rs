//! Experiments as code, compiled.
//!
//! One way through the house, no way back. Bytes become a located tree ([`syntax`]), the tree a typed spec
//! ([`spec`]), the spec a compiled plan ([`plan`]); rules read the plan ([`rules`], run by [`check`]), voices print
//! it ([`report`], [`emit`]), doors talk to people ([`cli`]).
//!
//! | floor | rooms | invariant |
//! | --- | --- | --- |
//! | 5, doors | [`cli`] | only here is anything printed, and only here does a run get the date |
//! | 4, voices | [`report`], [`emit`] | they decide nothing; text from specs is quoted for its reader |
//! | 3, judges | [`change`], [`rules`], [`check`], [`simulate`] | a rule is a pure function: it never parses, never asks the clock |
//! | 2, meaning | [`spec`], [`catalog`], [`policy`], [`plan`], [`portfolio`] | every value keeps its place or its origin |
//! | 1, reading | [`syntax`], [`fmt`], [`world`], [`cel`] | reading never fails; only `world` touches disk, clock and environment; an expression cannot hang |
//! | 0, ground | [`diag`], [`text`], [`stats`] | mathematics knows no experiment; a span is always inside its text |
//!
//! A floor uses only the floors below it; `tests/floors.rs` reads the imports and holds that.
//!
//! A new rule is one file in its group under `rules/` and one line in the group's `mod.rs`. A new platform is one
//! file under `emit/flags/` and one line in `TARGETS`; a plan format, a report format and a command likewise.
//!
//! # The library is what the program uses
//!
//! ```
//! use expc::check::{Options, check};
//! use expc::portfolio::Workspace;
//! use expc::world::Memory;
//!
//! let files = Memory::default()
//!     .with("expc.toml", "schema = 1\n")
//!     .with("experiments/banner.toml", "schema = 1\n[experiment]\nid = \"banner\"\nowner = \"growth\"\n");
//! let workspace = Workspace::open(&files);
//! let outcome = check(&workspace, Options { today: "2026-11-22".parse().ok(), ..Options::default() });
//! assert!(outcome.findings.iter().any(|finding| finding.code == "HYP001"));
//! ```

// Floor 0, ground.
pub mod diag;
pub mod stats;
pub mod text;

// Floor 1, reading.
pub mod cel;
pub mod fmt;
pub mod syntax;
pub mod world;

// Floor 2, meaning.
pub mod spec;

pub mod catalog;
pub mod policy;

pub mod plan;
pub mod portfolio;

// Floor 3, judges.
pub mod change;

pub mod rules;

pub mod check;
pub mod simulate;

// Floor 4, voices.
pub mod emit;
pub mod report;

// Floor 5, doors.
pub mod cli;
