//! The plan document `expc.plan/1`: what every other plan format prints from, and what the seal hashes.
//!
//! The structs are the contract's source: [`json_schema`] derives `schema/plan.schema.json` from them. The hash is
//! taken over RFC 8785 canonical JSON of everything but `hash` and `provenance`, so that it moves with the meaning of
//! a plan and not with the line a number stands on. Start at [`document`].

mod shape;
mod write;

use serde_json::{Value as Json, json};

use super::Inputs;
use crate::text::sha256;
use write::Writer;

pub use shape::*;
pub(super) use write::decision::has_unlisted;
pub(super) use write::design::sized_for;
pub(super) use write::measures::statistic;
pub(super) use write::people::payload_text;
pub(super) use write::provenance::origins;

/// The version of this document. It is raised when a key goes away or changes its meaning.
pub const FORMAT: &str = "expc.plan/1";

/// The warehouse contract that plans are written for.
pub const CONTRACT: &str = "expc.warehouse/1";

/// The document of an experiment, hash included.
pub fn document(inputs: &Inputs<'_>) -> Json {
    let mut document = serde_json::to_value(Writer { inputs }.document()).unwrap_or_else(|_| json!({}));
    document["hash"] = Json::from(hash(&document));
    document
}

/// The hash of a document: `sha256:` and 64 hexadecimal digits.
///
/// Keys are sorted and numbers spelled as RFC 8785 says; `hash` and `provenance` are left out.
pub fn hash(document: &Json) -> String {
    let mut hashed = document.clone();
    if let Some(table) = hashed.as_object_mut() {
        table.shift_remove("hash");
        table.shift_remove("provenance");
    }
    format!("sha256:{}", sha256(canonical(&hashed).as_bytes()))
}

/// Checks that a document carries its own hash; the error is a sentence for people.
pub fn verify(document: &Json) -> Result<(), String> {
    let Some(carried) = document.get("hash").and_then(Json::as_str) else {
        return Err("the plan carries no `hash`".to_owned());
    };
    let computed = hash(document);
    if carried == computed {
        return Ok(());
    }
    Err(format!("the plan was changed after it was built: it carries {carried}, its content gives {computed}"))
}

/// RFC 8785. Only values that no `serde_json::Value` holds are refused; serde's own spelling stands in.
fn canonical(value: &Json) -> String {
    serde_json_canonicalizer::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// The JSON Schema of a plan document.
pub fn json_schema() -> Json {
    // Formats such as `uint32` are Rust's, and some validators refuse what they do not know.
    let plain_numbers = |schema: &mut schemars::Schema| {
        if schema.get("format").and_then(Json::as_str).is_some_and(|format| format != "date") {
            schema.remove("format");
        }
    };
    schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(schemars::transform::RecursiveTransform(plain_numbers))
        .into_generator()
        .into_root_schema_for::<Document>()
        .to_value()
}
