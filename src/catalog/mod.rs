//! The catalogue: what experiments may refer to.
//!
//! Any file under `catalog/` may hold any of these tables; a name is defined once. [`Catalog`] is the typed
//! whole, read from all files together. Whether a definition is good is a matter for rules.

mod definitions;
mod merged;
mod payloads;

pub use definitions::*;
pub use merged::{Catalog, Clash, Entries};
pub use payloads::{PayloadSchema, Ready, SchemaFault, Violation, ViolationSort, read as payload_schemas};
