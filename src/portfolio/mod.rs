//! All experiments of a repository.
//!
//! [`Workspace::open`] reads `expc.toml`, the catalogue and the templates; [`Workspace::compile`] takes one spec
//! from its text to its plan. [`Entry`] is what the rest of the portfolio needs to know of an experiment, small
//! enough to keep ten thousand of them; [`Portfolio`] answers questions about all of them through time.

mod base;
mod calendar;
mod custom;
pub mod differences;
mod document;
mod edits;
mod entry;
mod history;
mod live;
mod output;
pub mod registry;
mod slots;
mod workspace;

pub use base::{Base, Change};
pub use calendar::{Conflict, ConflictKind, Days, Taken, before, taken};
pub use custom::{
    CustomFault, CustomRule, CustomRules, Expression, GROUP as CUSTOM_GROUP, PREFIX as CUSTOM_PREFIX, Part,
};
pub use differences::Difference;
pub use document::{Document, DocumentKind};
pub use edits::{Fate, KeyEdit, SharedEdit, Subject, touched};
pub use entry::{Entry, IntervalFault, PastEffect, RelativeEffect, SharedConditions, Uses};
pub use history::{ALPHA as HISTORY_ALPHA, Past, Tally, good_direction};
pub use live::{Export, ExportFault, Live, Print};
pub use output::{ChangedFile, FORMAT, FileFate, MANIFEST, Output};
pub use registry::{Lock, LockFault, Moment, Registry, Sealing};
pub use slots::{Overflow, Portfolio, Slot, Slots, find_place, slots_of, worst_day};
pub use workspace::{BrokenChain, Compiled, SpecFile, TemplateEntry, Workspace};
