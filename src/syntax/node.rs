//! The located tree.

use crate::text::Span;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    pub span: Span,
}

/// What TOML can hold. Tables keep the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(toml::value::Datetime),
    Array(Vec<Node>),
    Table(Table),
}

impl Value {
    /// The kind as a reader calls it, with its article.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a decimal number",
            Value::Boolean(_) => "a boolean",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The value in JSON. Dates become their text; numbers that JSON cannot hold become text as well.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::String(text) => Json::String(text.clone()),
            Value::Integer(number) => Json::from(*number),
            Value::Float(number) => {
                serde_json::Number::from_f64(*number).map_or_else(|| Json::String(number.to_string()), Json::Number)
            }
            Value::Boolean(flag) => Json::Bool(*flag),
            Value::Datetime(date) => Json::String(date.to_string()),
            Value::Array(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Table(table) => {
                Json::Object(table.entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect())
            }
        }
    }
}

/// Keys and values in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    pub entries: Vec<Entry>,
}

/// One key of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub node: Node,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Node {
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The node at a dotted path such as `design.alpha`.
    pub fn at_path(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| node.as_table()?.get(key))
    }

    /// The entry whose key or value is at a place, and the table that holds it.
    pub fn entry_at(&self, span: Span) -> Option<(&Node, &Entry)> {
        match &self.value {
            Value::Table(table) => table.entries.iter().find_map(|entry| {
                let is_it = entry.key_span == span || entry.node.span == span;
                if is_it { Some((self, entry)) } else { entry.node.entry_at(span) }
            }),
            Value::Array(items) => items.iter().find_map(|item| item.entry_at(span)),
            _ => None,
        }
    }

    /// The list with an element at a place, its path, and the index of the element.
    pub fn item_at(&self, span: Span) -> Option<(String, &Entry, usize)> {
        let below =
            |entry: &'_ Entry| entry.node.as_array().and_then(|items| items.iter().position(|item| item.span == span));
        self.as_table()?.entries.iter().find_map(|entry| match below(entry) {
            Some(at) => Some((entry.key.clone(), entry, at)),
            None => entry.node.item_at(span).map(|(path, list, at)| (format!("{}.{path}", entry.key), list, at)),
        })
    }

    /// The value in JSON, see [`Value::to_json`].
    pub fn to_json(&self) -> serde_json::Value {
        self.value.to_json()
    }

    /// Equality of meaning: places and the order of keys do not count.
    pub fn same_value(&self, other: &Node) -> bool {
        match (&self.value, &other.value) {
            (Value::Table(a), Value::Table(b)) => {
                a.entries.len() == b.entries.len()
                    && a.entries.iter().all(|entry| b.get(&entry.key).is_some_and(|node| entry.node.same_value(node)))
            }
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_value(b)),
            (a, b) => a == b,
        }
    }
}
