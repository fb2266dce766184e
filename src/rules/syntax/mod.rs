//! Rules on the text and its keys.

crate::rules::rule::group! {
    unknown_key,
    misplaced_key,
    wrong_type,
}

use crate::portfolio::DocumentKind;
use crate::rules::rule::FileCx;
use crate::syntax::Value;

/// "the file" for the root, "`design`" for a table.
fn table_name(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{}`", crate::text::printable(path)) }
}

/// The keys that are written in the table at a path such as `metrics.primary[0]`.
fn keys_beside(cx: &FileCx<'_>, path: &str) -> Vec<String> {
    let mut node = &cx.document.tree;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (key, index) = match step.split_once('[') {
            Some((key, rest)) => (key, rest.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        let Some(next) = node.as_table().and_then(|table| table.get(key)) else { return Vec::new() };
        node = next;
        if let (Some(index), Value::Array(items)) = (index, &node.value) {
            let Some(item) = items.get(index) else { return Vec::new() };
            node = item;
        }
    }
    let table = node.as_table();
    table.map(|table| table.entries.iter().map(|entry| entry.key.clone()).collect()).unwrap_or_default()
}

/// Keys that belong to one table of a spec and are often written in another, with the table.
///
/// Only tables at the root: a key that is known in many places is more likely misspelt than misplaced.
fn home_of(cx: &FileCx<'_>, path: &str, key: &str) -> Option<&'static str> {
    if !matches!(cx.document.kind, DocumentKind::Experiment | DocumentKind::Template) {
        return None;
    }
    let homes = crate::spec::homes_of(key);
    match homes.as_slice() {
        [home] if *home != path => Some(home),
        _ => None,
    }
}
