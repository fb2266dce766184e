//! Examples of rules as whole workspaces.
//!
//! An example is a fragment that is laid over the clean workspace in `tests/rules/base`. Directives:
//! `#: without a.b` removes a key first; `#: file PATH` sends what follows to another file; `#: alone` takes the
//! text as the whole file; `#: copy PATH` lays it over a copy of another file of the base; `#: latin-1` writes it
//! in that encoding; `#: today YYYY-MM-DD` sets the date; `#: twin NAME` starts another experiment, as clean as the
//! first and in the other half of its layer, and what follows is laid over it; `#: repeat N NAME` makes so many of an
//! experiment in all, each under a number of its own.

use std::collections::BTreeMap;

use crate::base::{self, SPEC, TODAY};

/// What an example says of one file.
#[derive(Default)]
struct Part {
    path: String,
    text: String,
    without: Vec<String>,
    /// The file that it is laid over, when that is another.
    below: Option<String>,
    alone: bool,
    latin_1: bool,
}

impl Part {
    fn of(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }
}

/// The base with an example laid over it, bytes by path, and the day it is judged on.
pub fn workspace_of(example: &str) -> (BTreeMap<String, Vec<u8>>, String) {
    let mut files = base::files();
    let mut today = TODAY.to_owned();
    let mut parts = vec![Part::of(SPEC)];
    let mut repeats: Vec<(usize, String)> = Vec::new();
    for line in example.lines() {
        let part = parts.last_mut().expect("there is always a part");
        let Some(directive) = line.trim().strip_prefix("#:").map(str::trim) else {
            part.text.push_str(line);
            part.text.push('\n');
            continue;
        };
        let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match word {
            "without" => part.without.push(rest.trim().to_owned()),
            "copy" => part.below = Some(rest.trim().to_owned()),
            "alone" => part.alone = true,
            "latin-1" => part.latin_1 = true,
            "today" => today = rest.trim().to_owned(),
            "repeat" => {
                let (times, name) = rest.split_once(' ').expect("how often, and what");
                repeats.push((times.parse::<usize>().expect("a number"), name.trim().to_owned()));
            }
            "file" => parts.push(Part::of(rest.trim())),
            "twin" => {
                add_twin(&mut files, rest.trim());
                parts.push(Part::of(&format!("experiments/{}.toml", rest.trim())));
            }
            other => panic!("unknown directive `{other}` in example:\n{example}"),
        }
    }
    let mut odd: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for Part { path, text, without, below, alone, latin_1 } in parts {
        if latin_1 {
            let latin = |c: char| u8::try_from(c).expect("latin-1 has only the first 256 characters");
            odd.insert(path.clone(), text.chars().map(latin).collect());
            continue;
        }
        if alone {
            files.insert(path, text);
            continue;
        }
        if text.trim().is_empty() && without.is_empty() && below.is_none() {
            continue;
        }
        let below = files.get(below.as_ref().unwrap_or(&path)).map_or(String::new(), Clone::clone);
        let mut table: toml::Table = below.parse().expect("the base parses");
        for path in &without {
            remove(&mut table, path);
        }
        let fragment: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error} in example:\n{example}"));
        lay_over(&mut table, fragment);
        files.insert(path, toml::to_string(&table).expect("a table prints"));
    }
    for (times, name) in repeats {
        let first = files[&format!("experiments/{name}.toml")].clone();
        for number in 2..=times {
            let again = format!("{name}-{number}");
            files.insert(
                format!("experiments/{again}.toml"),
                first.replace(&format!("\"{name}\""), &format!("\"{again}\"")),
            );
        }
    }
    let bytes = files.into_iter().map(|(path, text)| (path, text.into_bytes())).chain(odd);
    (bytes.collect(), today)
}

/// A second experiment that differs from the first in its name, its flag and what it claims.
fn add_twin(files: &mut BTreeMap<String, String>, name: &str) {
    let mut spec: toml::Table = files[SPEC].parse().expect("the base parses");
    let differences = format!(
        r#"
        [experiment]
        id = "{name}"
        title = "Another idea for the {name}"
        [hypothesis]
        because = "most typing errors of {name} happen after the second field"
        change = "ask for the postal code of {name} first and fill in the rest"
        "#
    );
    lay_over(&mut spec, differences.parse().expect("the differences parse"));
    files.insert(format!("experiments/{name}.toml"), toml::to_string(&spec).expect("a table prints"));
    let catalog = files.get_mut("catalog/base.toml").expect("the base has a catalogue");
    *catalog += &format!("\n[flags.{name}]\nabout = \"Twin\"\nowner = \"growth\"\ndefault = {{ layout = \"form\" }}\n");
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
