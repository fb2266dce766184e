//! Examples of rules as whole workspaces.
//!
//! An example is a fragment over the clean workspace. Directives: `#: without a.b` removes a key first;
//! `#: file PATH` sends what follows to another file; `#: alone` takes the text as the whole file;
//! `#: today YYYY-MM-DD` sets the date.

use std::collections::BTreeMap;

use crate::base::{self, SPEC, TODAY};

/// The base with an example laid over it, and the day it is judged on.
pub fn workspace_of(example: &str) -> (BTreeMap<String, String>, String) {
    let mut files = base::files();
    let mut today = TODAY.to_owned();
    let mut target = SPEC.to_owned();
    let mut parts: Vec<(String, String, Vec<String>, bool)> = vec![(target.clone(), String::new(), Vec::new(), false)];
    for line in example.lines() {
        let Some(directive) = line.trim().strip_prefix("#:").map(str::trim) else {
            let part = parts.last_mut().expect("there is always a part");
            part.1.push_str(line);
            part.1.push('\n');
            continue;
        };
        let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match word {
            "without" => parts.last_mut().expect("a part").2.push(rest.trim().to_owned()),
            "alone" => parts.last_mut().expect("a part").3 = true,
            "today" => today = rest.trim().to_owned(),
            "file" => {
                target = rest.trim().to_owned();
                parts.push((target.clone(), String::new(), Vec::new(), false));
            }
            other => panic!("unknown directive `{other}` in example:\n{example}"),
        }
    }
    for (path, text, without, alone) in parts {
        if alone {
            files.insert(path, text);
            continue;
        }
        if text.trim().is_empty() && without.is_empty() {
            continue;
        }
        let below = files.get(&path).map_or(String::new(), Clone::clone);
        let mut table: toml::Table = below.parse().expect("the base parses");
        for path in &without {
            remove(&mut table, path);
        }
        let fragment: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error} in example:\n{example}"));
        lay_over(&mut table, fragment);
        files.insert(path, toml::to_string(&table).expect("a table prints"));
    }
    (files, today)
}

fn remove(table: &mut toml::Table, path: &str) {
    match path.split_once('.') {
        None => {
            assert!(table.remove(path).is_some(), "the base has no `{path}` to remove");
        }
        Some((head, rest)) => {
            let inner = table.get_mut(head).and_then(toml::Value::as_table_mut);
            remove(inner.unwrap_or_else(|| panic!("the base has no table `{head}`")), rest);
        }
    }
}

fn lay_over(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => lay_over(old, new),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}
