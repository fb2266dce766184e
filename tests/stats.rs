//! The mathematics against reference values and against its own laws.
//!
//! The rows in `tests/gold/rows` come from other tools and from high-precision computations; each carries its
//! tolerance. Start at `gold::check`, through which every comparison goes, and `coverage`, which accounts
//! for every row.

#[path = "support/cases.rs"]
mod cases;

#[path = "stats/anytime.rs"]
mod anytime;
#[path = "stats/bayes.rs"]
mod bayes;
#[path = "stats/gold.rs"]
mod gold;
#[path = "stats/multiple.rs"]
mod multiple;
#[path = "stats/primitives.rs"]
mod primitives;
#[path = "stats/properties.rs"]
mod properties;
#[path = "stats/properties_events.rs"]
mod properties_events;
#[path = "stats/refusals.rs"]
mod refusals;
#[path = "stats/sequential.rs"]
mod sequential;
