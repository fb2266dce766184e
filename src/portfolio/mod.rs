//! All experiments of a repository.
//!
//! [`Workspace::open`] reads `expc.toml`, the catalogue and the templates; [`Workspace::compile`] takes one spec
//! from its text to its plan. [`Entry`] is what the rest of the portfolio needs to know of an experiment, small
//! enough to keep ten thousand of them; [`Portfolio`] answers questions about all of them through time.

mod document;
mod entry;
pub mod registry;
mod slots;
mod workspace;

pub use document::{Document, DocumentKind};
pub use entry::{Entry, RelativeEffect, SharedConditions, Uses};
pub use registry::{Lock, LockFault, Moment, Registry, Sealing};
pub use slots::{Overflow, Portfolio, Slot, worst_day};
pub use workspace::{BrokenChain, Compiled, SpecFile, TemplateEntry, Workspace};
