//! The fields in which what a platform serves differs from what is built.
//!
//! Values are compared, not text: the order of keys, layout and what a platform keeps beside the values do not count.
//! Flags that only the platform has are none of ours; below a flag of ours every field counts.

use crate::plan::targets::{Capabilities, named};
use crate::syntax::{Entry, Node, Table, Value};
use crate::text::Span;

/// A field that differs.
#[derive(Debug, Clone)]
pub struct Difference {
    pub path: String,
    /// In the export: the value, or the key that should hold it.
    pub place: Span,
    pub live: Option<Node>,
    pub built: Option<Node>,
}

/// What a platform keeps beside the values that it serves, at the top of a flag.
const BESIDE_FLAG: &[&str] = &["metadata", "description", "$schema"];

/// The same at the top of a document. Shared rules are compared in the flags that refer to them.
const BESIDE_FLAGS: &[&str] =
    &["$evaluators", "$schema", "createdAt", "environment", "expc", "generatedAt", "metadata", "time", "updatedAt"];

/// The differences of one flag, by paths within it.
pub fn of_flag(live: (&Node, &Node), built: (&Node, &Node)) -> Vec<Difference> {
    let mut found = Vec::new();
    let (flag, wanted) = (expanded(live.0, live.1, 0), expanded(built.0, built.1, 0));
    compare(&flag, &wanted, "", flag.span, BESIDE_FLAG, &mut found);
    found
}

/// The differences of all that is built, by paths within the document. What only the export has beside it, other flags
/// and other segments among them, does not count. Both are [`whole`].
pub fn of_document(able: &Capabilities, live: &Node, built: &Node) -> Vec<Difference> {
    let mut found = Vec::new();
    match able.flags_key {
        "" => items(live, built, "", live.span, &mut found),
        key => open(live, built, "", key, live.span, &mut found),
    }
    found
}

/// A document with its shared rules in the places that refer to them, as [`of_document`] compares it.
pub fn whole(document: &Node) -> Node {
    expanded(document, document, 0)
}

/// A table on the way to the flags, and the lists beside them.
fn open(live: &Node, built: &Node, path: &str, key: &str, place: Span, found: &mut Vec<Difference>) {
    let (Some(here), Some(wanted)) = (live.as_table(), built.as_table()) else {
        return compare(live, built, path, place, &[], found);
    };
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    for entry in wanted.entries.iter().filter(|entry| !BESIDE_FLAGS.contains(&entry.key.as_str())) {
        let path = join(path, &entry.key);
        match (here.entry(&entry.key), rest.filter(|_| entry.key == first)) {
            (None, _) => found.push(absent(path, live.span, place, &entry.node)),
            (Some(live), Some(rest)) => open(&live.node, &entry.node, &path, rest, live.key_span, found),
            (Some(live), None) => items(&live.node, &entry.node, &path, live.key_span, found),
        }
    }
}

/// Flags, or what stands beside them, by name.
fn items(live: &Node, built: &Node, path: &str, place: Span, found: &mut Vec<Difference>) {
    match (&live.value, &built.value) {
        (Value::Table(here), Value::Table(wanted)) => {
            for entry in &wanted.entries {
                let path = join(path, &entry.key);
                match here.entry(&entry.key) {
                    Some(live) => compare(&live.node, &entry.node, &path, live.key_span, BESIDE_FLAG, found),
                    None => found.push(absent(path, live.span, place, &entry.node)),
                }
            }
        }
        (Value::Array(here), Value::Array(wanted)) if wanted.iter().all(|item| named(item).is_some()) => {
            for item in wanted {
                let name = named(item).unwrap_or_default();
                let path = format!("{path}[{name}]");
                match here.iter().find(|other| named(other) == Some(name)) {
                    Some(other) => compare(other, item, &path, other.span, BESIDE_FLAG, found),
                    None => found.push(absent(path, live.span, place, item)),
                }
            }
        }
        _ => compare(live, built, path, place, &[], found),
    }
}

fn absent(path: String, live: Span, place: Span, built: &Node) -> Difference {
    Difference { path, place: short(live, place), live: None, built: Some(built.clone()) }
}

/// References to shared rules are replaced by the rules; nobody nests them deeply.
fn expanded(node: &Node, document: &Node, depth: usize) -> Node {
    let value = match &node.value {
        Value::Table(table) => {
            let name = table.get("$ref").and_then(Node::as_str).filter(|_| table.entries.len() == 1 && depth < 64);
            let shared = document.at_path("$evaluators").and_then(Node::as_table);
            if let Some(rule) = name.and_then(|name| shared?.get(name)) {
                let rule = expanded(rule, document, depth + 8);
                return Node { span: node.span, ..rule };
            }
            let entries = table
                .entries
                .iter()
                .map(|entry| Entry { node: expanded(&entry.node, document, depth + 1), ..entry.clone() });
            Value::Table(Table { entries: entries.collect() })
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| expanded(item, document, depth + 1)).collect()),
        other => other.clone(),
    };
    Node { value, span: node.span }
}

fn compare(live: &Node, built: &Node, path: &str, place: Span, beside: &[&str], found: &mut Vec<Difference>) {
    match (&live.value, &built.value) {
        (Value::Table(here), Value::Table(wanted)) => {
            let counts = |key: &str| !beside.contains(&key);
            for entry in here.entries.iter().filter(|entry| counts(&entry.key)) {
                let path = join(path, &entry.key);
                match wanted.get(&entry.key) {
                    Some(node) => compare(&entry.node, node, &path, entry.key_span, &[], found),
                    None => found.push(Difference {
                        path,
                        place: entry.key_span,
                        live: Some(entry.node.clone()),
                        built: None,
                    }),
                }
            }
            for entry in wanted.entries.iter().filter(|entry| counts(&entry.key) && here.get(&entry.key).is_none()) {
                found.push(absent(join(path, &entry.key), live.span, place, &entry.node));
            }
        }
        (Value::Array(here), Value::Array(wanted)) if here.len() == wanted.len() => {
            for (index, (here, wanted)) in here.iter().zip(wanted).enumerate() {
                compare(here, wanted, &format!("{path}[{index}]"), place, &[], found);
            }
        }
        (here, wanted) if same(here, wanted) => {}
        _ => found.push(Difference {
            path: path.to_owned(),
            place: short(live.span, place),
            live: Some(live.clone()),
            built: Some(built.clone()),
        }),
    }
}

/// The value when it is short; else the key before it.
fn short(value: Span, key: Span) -> Span {
    if value.len() <= 80 { value } else { key }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn same(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    match (number(a), number(b)) {
        // JSON has one sort of number, and exporters print the last digits differently.
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => a == b,
    }
}

/// A value on one short line.
pub fn shown(node: &Node) -> String {
    use crate::spec::quantity::plain;
    match &node.value {
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => plain(*number),
        Value::Boolean(flag) => flag.to_string(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Table(table) => match table.entries.as_slice() {
            [] => "an empty table".to_owned(),
            [one] => format!("a table with `{}`", one.key),
            many => format!("a table with {} keys", many.len()),
        },
        Value::Datetime(date) => date.to_string(),
    }
}
