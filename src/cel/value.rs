//! Values: borrowed from the JSON they are read from, or made by the expression.

use std::rc::Rc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::text::printable;

/// A value of an expression.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Text<'a>),
    List(List<'a>),
    Map(Map<'a>),
}

#[derive(Debug, Clone)]
pub enum Text<'a> {
    Given(&'a str),
    Made(Rc<str>),
}

#[derive(Debug, Clone)]
pub enum List<'a> {
    Given(&'a [Json]),
    Made(Rc<Vec<Value<'a>>>),
}

#[derive(Debug, Clone)]
pub enum Map<'a> {
    Given(&'a JsonMap<String, Json>),
    /// Few entries: looked through from the start.
    Made(Rc<Vec<(Value<'a>, Value<'a>)>>),
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Given(text) => text,
            Text::Made(text) => text,
        }
    }
}

impl<'a> List<'a> {
    pub fn len(&self) -> usize {
        match self {
            List::Given(items) => items.len(),
            List::Made(items) => items.len(),
        }
    }

    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            List::Given(items) => items.get(index).map(Value::of),
            List::Made(items) => items.get(index).cloned(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'a> Map<'a> {
    pub fn len(&self) -> usize {
        match self {
            Map::Given(map) => map.len(),
            Map::Made(entries) => entries.len(),
        }
    }

    pub fn text_key(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Map::Given(map) => map.get(key).map(Value::of),
            Map::Made(entries) => {
                let is_it = |found: &Value<'_>| matches!(found, Value::Text(text) if &**text == key);
                entries.iter().find(|(found, _)| is_it(found)).map(|(_, value)| value.clone())
            }
        }
    }

    pub fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Map::Given(map) => map.keys().map(|key| Value::Text(Text::Given(key))).collect(),
            Map::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        }
    }
}

impl<'a> Value<'a> {
    /// A value of JSON. Whole numbers beyond 64 bits are decimal.
    pub fn of(json: &'a Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(Text::Given(text)),
            Json::Array(items) => Value::List(List::Given(items)),
            Json::Object(map) => Value::Map(Map::Given(map)),
        }
    }

    /// The kind as a reader calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "a whole number",
            Value::Double(_) => "a decimal number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The value for people, short and without acting characters.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        self.show(&mut text, 0);
        cut(&printable(&text), LONGEST_SHOWN)
    }

    /// As it stands in a sentence: a text without quotes.
    pub fn said(&self) -> String {
        match self {
            Value::Text(text) => cut(&printable(&cut(text, LONGEST_SHOWN)), LONGEST_SHOWN),
            other => other.shown(),
        }
    }

    fn show(&self, out: &mut String, depth: usize) {
        if LONGEST_SHOWN * 2 < out.len() || 3 < depth {
            out.push('…');
            return;
        }
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) => out.push_str(&number.to_string()),
            Value::Double(number) => out.push_str(&format!("{number:?}")),
            Value::Text(text) => {
                out.push('\'');
                out.push_str(&cut(text, LONGEST_SHOWN));
                out.push('\'');
            }
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index != 0 {
                        out.push_str(", ");
                    }
                    if LONGEST_SHOWN < out.len() {
                        out.push('…');
                        break;
                    }
                    item.show(out, depth + 1);
                }
                out.push(']');
            }
            Value::Map(map) => {
                out.push('{');
                for (index, key) in map.keys().iter().enumerate() {
                    if index != 0 {
                        out.push_str(", ");
                    }
                    if LONGEST_SHOWN < out.len() {
                        out.push('…');
                        break;
                    }
                    key.show(out, depth + 1);
                    if let Value::Text(name) = key
                        && let Some(value) = map.text_key(name)
                    {
                        out.push_str(": ");
                        value.show(out, depth + 1);
                    }
                }
                out.push('}');
            }
        }
    }
}

/// Characters of a value that a person reads.
const LONGEST_SHOWN: usize = 60;

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
