//! Text to located tree to typed values.
//!
//! [`parse`] turns a text into a [`Node`] tree in which every key and value knows its place, and never
//! fails: syntax errors are returned beside what could be read. [`merge`] lays a spec over its template.
//! [`read`] turns a tree into typed structs made of [`Field`]s and collects every fault on the way.
//! [`directives`] reads the comments that speak to expc, and what each stands for. [`Layout`] says where something new
//! goes in a text. [`parse_json`] reads JSON into the same tree, for files that expc wrote itself.
//! This room knows TOML, JSON and serde; it knows no key of the language.

mod at;
mod directive;
mod inside;
mod json;
mod layout;
mod lines;
mod merge;
mod node;
mod parse;
mod payload;
mod read;

pub use at::{At, Field, List, Named};
pub use directive::{Directive, Reach, Slip, SlipKind, directives, head};
pub use inside::Inside;
pub use json::{JsonFault, parse_json};
pub use layout::Layout;
pub use lines::{Comment, Lines, StandsFor};
pub use merge::{Layers, merge};
pub use node::{Entry, Node, Table, Value};
pub use parse::{Fault as SyntaxFault, parse};
pub use payload::table_of_values;
pub(crate) use read::SHORT;
pub use read::{Fault, FaultKind, keys_of, read};
