//! The mathematics against its own laws: what rises with what, limits, round trips, and what is refused.
//!
//! Reference values are judged by `tests/gold.rs`.

#[path = "support/cases.rs"]
mod cases;

#[path = "stats/anytime.rs"]
mod anytime;
#[path = "stats/arms.rs"]
mod arms;
#[path = "stats/bayes.rs"]
mod bayes;
#[path = "stats/properties.rs"]
mod properties;
#[path = "stats/properties_events.rs"]
mod properties_events;
#[path = "stats/refusals.rs"]
mod refusals;
#[path = "stats/sequential.rs"]
mod sequential;
