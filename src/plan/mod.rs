//! The compiled experiment: references resolved, defaults filled, everything sized, scheduled, allocated.
//!
//! [`compile`] turns a typed spec, the catalogue and the policy into a [`Plan`]. It never fails: what cannot be
//! known is `None` or says why in words, and rules report it. Every value keeps its [`Origin`]. Rules read the
//! plan, emitters print it, `expc resolve` shows it.

pub mod analysers;
mod calendar;
mod compile;
mod decision;
mod effect;
pub mod eligible;
mod facts;
mod json;
mod origin;
mod reach;
mod size;
pub mod targets;
pub mod terms;
mod types;
mod whole;

pub use calendar::Calendar;
pub use compile::{Inputs, compile};
pub use decision::{Cell, Row, Table as DecisionTable, Verdict};
pub use effect::{EffectFault, PlannedEffect};
pub use facts::{Shapes, facts};
pub use json::to_json;
pub use origin::{Known, Origin};
pub use reach::{Clash, apart, clash};
pub use size::{Expected, Factors, Look, Looks, Memo, Sized, Sizing, Unsized, Way, Week, looks, units_by};
pub use terms::Terms;
pub use types::*;
pub use whole::{Leak, Ship, USUAL_CORRELATION};
