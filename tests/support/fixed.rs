//! What a fix changes, in the form of the `fixed` blocks of the rules' pages.

use std::collections::BTreeMap;

use crate::base::{self, SPEC};

/// What changed between two workspaces, as the block that lays it over the first.
pub fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let mut block = String::new();
    for (path, after) in after {
        let before = before.get(path).map_or("", |text| text);
        if before == after {
            continue;
        }
        if path != SPEC {
            block += &format!("#: file {path}\n");
        }
        match (before.parse::<toml::Table>(), after.parse::<toml::Table>()) {
            (Ok(before), Ok(after)) if before != after => block += &difference(&before, &after, ""),
            // What no key says lies in the layout.
            _ => block += &format!("#: alone\n{after}"),
        }
    }
    block
}

fn difference(before: &toml::Table, after: &toml::Table, path: &str) -> String {
    let mut text = String::new();
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        text += &format!("#: without {path}{key}\n");
    }
    for (key, value) in after {
        let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let key = if plain { key.clone() } else { format!("{key:?}") };
        text += &match (before.get(key.trim_matches('"')), value) {
            (Some(old), value) if old == value => String::new(),
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => difference(old, new, &format!("{path}{key}.")),
            (_, value) => written(&format!("{path}{key}"), value),
        };
    }
    text
}

/// A key and its value on one line, or a list with a line for each of its tables.
fn written(key: &str, value: &toml::Value) -> String {
    let line = format!("{key} = {}\n", inline(value));
    match value {
        toml::Value::Array(items) if 100 < line.len() => {
            let items: String = items.iter().map(|item| format!("  {},\n", inline(item))).collect();
            format!("{key} = [\n{items}]\n")
        }
        _ => line,
    }
}

fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        toml::Value::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| place_in_base(key));
            let entries = entries.into_iter().map(|(key, value)| written(key, value).replace('\n', ""));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}

/// Keys in the order in which the base writes them; others come last.
fn place_in_base(key: &str) -> usize {
    let spec = base::files().remove(SPEC).expect("the base has a spec");
    spec.find(&format!(" {key} = ")).unwrap_or(usize::MAX)
}
