//! A spec laid over its template.
//!
//! Tables merge key by key and the spec wins; a list replaces the template's list, except lists of tables
//! that the caller names, which merge by one of their keys so that a template's guardrails stay. Every node
//! keeps the file it was written in, so origin needs no bookkeeping.

use super::node::{Entry, Node, Table, Value};

/// Which lists of tables merge, and by which key: `("metrics.guardrail", "metric")`.
pub type Layers = [(&'static str, &'static str)];

/// `child` over `parent`.
pub fn merge(parent: &Node, child: &Node, lists: &Layers) -> Node {
    merge_at(parent, child, lists, &mut String::new())
}

fn merge_at(parent: &Node, child: &Node, lists: &Layers, path: &mut String) -> Node {
    match (&parent.value, &child.value) {
        (Value::Table(old), Value::Table(new)) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(old.entries.len() + new.entries.len());
            for entry in &new.entries {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&entry.key);
                let node = match old.get(&entry.key) {
                    Some(inherited) => merge_at(inherited, &entry.node, lists, path),
                    None => entry.node.clone(),
                };
                path.truncate(length);
                entries.push(Entry { node, ..entry.clone_key() });
            }
            entries.extend(old.entries.iter().filter(|entry| new.get(&entry.key).is_none()).cloned());
            Node { value: Value::Table(Table { entries }), span: child.span }
        }
        (Value::Array(old), Value::Array(new)) => {
            let Some(&(_, key)) = lists.iter().find(|(list, _)| list == path) else { return child.clone() };
            let name = |node: &Node| node.as_table().and_then(|table| table.get(key)?.as_str().map(str::to_owned));
            let mut items: Vec<Node> = old
                .iter()
                .map(|inherited| {
                    let wanted = name(inherited);
                    match new.iter().find(|item| wanted.is_some() && name(item) == wanted) {
                        Some(item) => merge_at(inherited, item, lists, &mut String::new()),
                        None => inherited.clone(),
                    }
                })
                .collect();
            let known: Vec<_> = old.iter().filter_map(name).collect();
            items.extend(new.iter().filter(|item| name(item).is_none_or(|name| !known.contains(&name))).cloned());
            Node { value: Value::Array(items), span: child.span }
        }
        _ => child.clone(),
    }
}

impl Entry {
    /// The key alone, with a value to be replaced.
    fn clone_key(&self) -> Entry {
        Entry {
            key: self.key.clone(),
            key_span: self.key_span,
            node: Node { value: Value::Boolean(false), span: self.node.span },
        }
    }
}
