//! Rules on the text and its keys.

crate::rules::rule::group! {
    unknown_key,
    misplaced_key,
    wrong_type,
    duplicate_id,
    id_shape,
    bad_date,
    percent_or_fraction,
    required_missing,
    extends_broken,
    redundant_override,
    protected_default_weakened,
    unused_definition,
    placeholder_left,
    schema_version,
    not_canonical,
    copied_block,
    syntax_error,
    unreadable_file,
    condition_shape,
    defined_twice,
}

use crate::portfolio::DocumentKind;
use crate::rules::rule::FileCx;
use crate::syntax::{Node, Value};

/// "the file" for the root, "`design`" for a table.
fn table_name(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{}`", crate::text::printable(path)) }
}

/// The value at a path such as `metrics.primary[0]`.
fn node_at<'a>(cx: &FileCx<'a>, path: &str) -> Option<&'a Node> {
    let mut node = &cx.document.tree;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (key, index) = match step.split_once('[') {
            Some((key, rest)) => (key, rest.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        node = node.as_table()?.get(key)?;
        if let (Some(index), Value::Array(items)) = (index, &node.value) {
            node = items.get(index)?;
        }
    }
    Some(node)
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
