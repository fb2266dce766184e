//! What an expression may find: the fields of each table, and the sort of each value.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

/// The shape of a value. Every value may also be null.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Nothing is known.
    Any,
    Null,
    Bool,
    Number,
    Text,
    List(Arc<Shape>),
    /// Exactly these fields.
    Table(Arc<BTreeMap<String, Shape>>),
    /// Keys that authors choose.
    Named(Arc<Shape>),
}

impl Shape {
    /// The kind as a reader calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Shape::Any => "a value",
            Shape::Null => "null",
            Shape::Bool => "a boolean",
            Shape::Number => "a number",
            Shape::Text => "a text",
            Shape::List(_) => "a list",
            Shape::Table(_) | Shape::Named(_) => "a map",
        }
    }

    /// From a table of fields.
    pub fn table(fields: impl IntoIterator<Item = (String, Shape)>) -> Self {
        Shape::Table(Arc::new(fields.into_iter().collect()))
    }

    /// Reads the notation of [`crate::plan`]'s facts: `{ a: text, b: [number], c: { d: bool }, e: <any> }`, where
    /// `<…>` is a table whose keys authors choose.
    pub fn read(text: &str) -> Self {
        let spaced: String =
            text.chars().map(|c| if "{}[]<>:,".contains(c) { format!(" {c} ") } else { c.to_string() }).collect();
        let words: Vec<&str> = spaced.split_whitespace().filter(|word| !matches!(*word, "," | ":")).collect();
        read(&mut words.into_iter().peekable())
    }

    /// The shape that a JSON Schema of ours describes.
    pub fn of_schema(schema: &Json) -> Self {
        let defs = schema.get("$defs").cloned().unwrap_or(Json::Null);
        of_schema(schema, &defs, 0)
    }

    /// This shape with the fields of another over it.
    #[must_use]
    pub fn under(self, over: Shape) -> Self {
        match (self, over) {
            (Shape::Table(below), Shape::Table(above)) => {
                let mut fields = (*below).clone();
                for (key, shape) in above.iter() {
                    let shape = match fields.remove(key) {
                        Some(below) => below.under(shape.clone()),
                        None => shape.clone(),
                    };
                    fields.insert(key.clone(), shape);
                }
                Shape::Table(Arc::new(fields))
            }
            (_, over) => over,
        }
    }

    /// The value with everything that nobody wrote: null for a value, nothing for a list, and tables all the way.
    pub fn fill(&self, written: Option<&Json>) -> Json {
        match (self, written) {
            (Shape::Table(fields), Some(Json::Object(map))) => {
                let known = fields.iter().map(|(key, shape)| (key.clone(), shape.fill(map.get(key))));
                let unknown = map.iter().filter(|(key, _)| !fields.contains_key(*key));
                Json::Object(known.chain(unknown.map(|(key, value)| (key.clone(), value.clone()))).collect())
            }
            (Shape::Table(fields), None) => {
                Json::Object(fields.iter().map(|(key, shape)| (key.clone(), shape.fill(None))).collect())
            }
            (Shape::List(shape), Some(Json::Array(items))) => {
                Json::Array(items.iter().map(|item| shape.fill(Some(item))).collect())
            }
            (Shape::Named(shape), Some(Json::Object(map))) => {
                Json::Object(map.iter().map(|(key, value)| (key.clone(), shape.fill(Some(value)))).collect())
            }
            (_, Some(value)) => value.clone(),
            (Shape::List(_), None) => Json::Array(Vec::new()),
            (Shape::Named(_), None) => Json::Object(serde_json::Map::new()),
            (_, None) => Json::Null,
        }
    }

    /// Why a value does not have this shape; `None` when it has.
    pub fn misfit(&self, value: &Json, path: &str) -> Option<String> {
        match (self, value) {
            (Shape::Any, _) | (_, Json::Null) => None,
            (Shape::Bool, Json::Bool(_)) | (Shape::Number, Json::Number(_)) | (Shape::Text, Json::String(_)) => None,
            (Shape::List(shape), Json::Array(items)) => {
                items.iter().find_map(|item| shape.misfit(item, &format!("{path}[]")))
            }
            (Shape::Named(shape), Json::Object(map)) => {
                map.values().find_map(|item| shape.misfit(item, &format!("{path}.*")))
            }
            (Shape::Table(fields), Json::Object(map)) => map.iter().find_map(|(key, value)| match fields.get(key) {
                Some(shape) => shape.misfit(value, &format!("{path}.{key}")),
                None => Some(format!("{path}.{key} is not in the shape")),
            }),
            _ => Some(format!("{path} is {value}, not {}", self.kind())),
        }
    }
}

fn read<'w>(words: &mut std::iter::Peekable<impl Iterator<Item = &'w str>>) -> Shape {
    let shape = |word: &str| match word {
        "text" => Shape::Text,
        "number" => Shape::Number,
        "bool" => Shape::Bool,
        _ => Shape::Any,
    };
    match words.next() {
        Some("{") => {
            let mut fields = BTreeMap::new();
            while let Some(key) = words.next().filter(|key| *key != "}") {
                fields.insert(key.to_owned(), read(words));
            }
            Shape::Table(Arc::new(fields))
        }
        Some("[") => {
            let item = read(words);
            words.next();
            Shape::List(Arc::new(item))
        }
        Some("<") => {
            let item = read(words);
            words.next();
            Shape::Named(Arc::new(item))
        }
        word => shape(word.unwrap_or("any")),
    }
}

/// Definitions refer to each other only so deep.
const DEEPEST: usize = 16;

fn of_schema(schema: &Json, defs: &Json, depth: usize) -> Shape {
    if DEEPEST < depth {
        return Shape::Any;
    }
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        return of_schema(&defs[name.trim_start_matches("#/$defs/")], defs, depth + 1);
    }
    if let Some(fields) = schema.get("properties").and_then(Json::as_object) {
        return Shape::table(fields.iter().map(|(key, field)| (key.clone(), of_schema(field, defs, depth + 1))));
    }
    match schema.get("type").and_then(Json::as_str) {
        Some("string") => Shape::Text,
        Some("boolean") => Shape::Bool,
        Some("integer" | "number") => Shape::Number,
        Some("array") => {
            Shape::List(Arc::new(schema.get("items").map_or(Shape::Any, |items| of_schema(items, defs, depth + 1))))
        }
        Some("object") => {
            let names = schema.get("additionalProperties").filter(|names| names.is_object());
            Shape::Named(Arc::new(names.map_or(Shape::Any, |names| of_schema(names, defs, depth + 1))))
        }
        _ if schema.get("oneOf").or(schema.get("enum")).is_some_and(words_only) => Shape::Text,
        _ => Shape::Any,
    }
}

/// True for a list of words, plain or with a description each.
fn words_only(choices: &Json) -> bool {
    let word = |choice: &Json| choice.is_string() || choice.get("const").is_some_and(Json::is_string);
    choices.as_array().is_some_and(|choices| choices.iter().all(word))
}
