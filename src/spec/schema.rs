//! JSON Schemas from the types of the language.
//!
//! What schemars derives is finished here: TOML has no null, every key without a default says so, and a schema
//! names the version of the language it describes.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The schema of a file of the language.
pub fn schema_of<T: JsonSchema>(name: &str) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    let mut value = schema.to_value();
    finish(&mut value);
    if let Value::Object(root) = &mut value {
        root.insert("required".to_owned(), json!(["schema"]));
        root.insert("$id".to_owned(), json!(format!("https://expc.dev/schema/1/{name}.schema.json")));
    }
    value
}

/// Walks the schema and mends what only TOML needs.
fn finish(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // Sizes of machine numbers say nothing to an author, and no validator asserts them.
            if map.get("format").is_some_and(|format| format == "int64" || format == "double") {
                map.remove("format");
            }
            if let Some(Value::Object(properties)) = map.get_mut("properties") {
                for property in properties.values_mut() {
                    finish_property(property);
                }
            }
            map.values_mut().for_each(finish);
        }
        Value::Array(items) => items.iter_mut().for_each(finish),
        _ => {}
    }
}

/// A key says what it is when nobody writes it.
fn finish_property(property: &mut Value) {
    let Value::Object(map) = property else { return };
    if map.contains_key("default") {
        return;
    }
    if let Some(Value::String(description)) = map.get_mut("description")
        && !description.ends_with(NO_DEFAULT)
    {
        description.push_str(NO_DEFAULT);
    }
}

/// What the description of a key without a default ends with.
pub const NO_DEFAULT: &str = " No default.";

/// Every key of a schema with its dotted path, for tests and documentation.
pub fn keys(schema: &Value) -> Vec<(String, Map<String, Value>)> {
    let mut found = Vec::new();
    let tables = schema.get("$defs").and_then(Value::as_object);
    let roots =
        std::iter::once(("", schema)).chain(tables.into_iter().flatten().map(|(name, table)| (name.as_str(), table)));
    for (name, table) in roots {
        let properties = table.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            if let Value::Object(map) = property {
                found.push((format!("{name}.{key}"), map.clone()));
            }
        }
    }
    found
}
