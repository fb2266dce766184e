//! What a change does to what experiments share, and whom that touches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::document::DocumentKind;
use super::slots::Portfolio;
use super::workspace::Workspace;
use crate::policy::Pattern;
use crate::syntax::{Entry, Node, Value};
use crate::text::{Sources, Span, printable};

/// One definition, template or table of `expc.toml` that a change edits.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedEdit {
    /// The file, of today where it is still there.
    pub path: String,
    pub subject: Subject,
    pub fate: Fate,
    /// The values that differ, in the order of their keys.
    pub keys: Vec<KeyEdit>,
    /// Where it is named today.
    pub span: Option<Span>,
}

/// What is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A definition of the catalogue: its sort and its name.
    Definition {
        sort: &'static str,
        name: String,
    },
    Template {
        name: String,
    },
    /// A table of `expc.toml`.
    Setting {
        table: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Added,
    Removed,
    Changed,
}

impl Fate {
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyEdit {
    /// A dotted path.
    pub key: String,
    /// As it was written, in short.
    pub before: Option<String>,
    pub after: Option<String>,
    /// Where it stands today: the value, or the name above it when it is gone.
    pub span: Option<Span>,
}

/// The tables of a catalogue file and the word for one of their members.
const SORTS: [(&str, &str); 13] = [
    ("metrics", "metric"),
    ("events", "event"),
    ("sources", "source"),
    ("attributes", "attribute"),
    ("units", "unit"),
    ("audiences", "audience"),
    ("layers", "layer"),
    ("holdouts", "holdout"),
    ("flags", "flag"),
    ("owners", "owner"),
    ("objectives", "objective"),
    ("surfaces", "surface"),
    ("calendar", "calendar entry"),
];

/// Keys by which a definition rests on another: its sort, the key, the sort that the key names.
///
/// Who owns a definition is no part of what it means.
const RESTS_ON: [(&str, &str, &str); 12] = [
    ("metric", "event", "event"),
    ("metric", "denominator", "event"),
    ("metric", "stands_for", "metric"),
    ("metric", "unit_of_analysis", "unit"),
    ("metric", "filter", "attribute"),
    ("event", "source", "source"),
    ("audience", "unit", "unit"),
    ("audience", "where", "attribute"),
    ("audience", "exclude", "attribute"),
    ("layer", "unit", "unit"),
    ("holdout", "unit", "unit"),
    ("unit", "within", "unit"),
];

impl SharedEdit {
    /// "metric `order_conversion`", for messages and summaries.
    pub fn name(&self) -> String {
        match &self.subject {
            Subject::Definition { sort, name } => format!("{sort} `{}`", printable(name)),
            Subject::Template { name } => format!("template `{}`", printable(name)),
            Subject::Setting { table } => format!("`[{}]`", printable(table)),
        }
    }
}

/// The definitions of a workspace by sort and name; the first of two equal names counts.
type Definitions<'a> = BTreeMap<(&'static str, &'a str), &'a Entry>;

fn definitions(workspace: &Workspace) -> Definitions<'_> {
    let mut all = Definitions::new();
    for document in workspace.documents.iter().filter(|document| document.kind == DocumentKind::Catalogue) {
        for (table, sort) in SORTS {
            let entries = document.tree.as_table().and_then(|root| root.get(table)?.as_table());
            for entry in entries.into_iter().flat_map(|table| &table.entries) {
                all.entry((sort, entry.key.as_str())).or_insert(entry);
            }
        }
    }
    all
}

/// What differs between two states of a workspace. Order and comments count for nothing.
pub(super) fn between(then: &Workspace, today: &Workspace) -> Vec<SharedEdit> {
    let mut edits = Vec::new();
    let sides = Sides { then: &then.sources, today: &today.sources };
    let (old, new) = (definitions(then), definitions(today));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    for (sort, name) in names {
        let subject = Subject::Definition { sort, name: name.to_owned() };
        edits.extend(sides.edit(subject, old.get(&(sort, name)).copied(), new.get(&(sort, name)).copied()));
    }
    let (old, new) = (templates(then), templates(today));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    for name in names {
        let subject = Subject::Template { name: name.to_owned() };
        edits.extend(sides.edit(subject, old.get(name), new.get(name)));
    }
    let (old, new) = (settings(then), settings(today));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    for name in names {
        let subject = Subject::Setting { table: name.to_owned() };
        edits.extend(sides.edit(subject, old.get(name).copied(), new.get(name).copied()));
    }
    edits
}

/// The own text of each template, as if its name were a key.
fn templates(workspace: &Workspace) -> BTreeMap<&str, Entry> {
    let own = |(name, template): (&'_ String, &super::TemplateEntry)| {
        let document = workspace.documents.iter().find(|document| document.file == template.file)?;
        let node = document.tree.clone();
        Some(Entry { key: name.clone(), key_span: Span::file_start(template.file), node })
    };
    let named = workspace.templates.iter().filter_map(|(name, template)| Some((name.as_str(), own((name, template))?)));
    named.collect()
}

/// The tables of `expc.toml`.
fn settings(workspace: &Workspace) -> BTreeMap<&str, &Entry> {
    let file = workspace.documents.iter().find(|document| document.kind == DocumentKind::Workspace);
    let root = file.and_then(|file| file.tree.as_table());
    root.into_iter().flat_map(|root| &root.entries).map(|entry| (entry.key.as_str(), entry)).collect()
}

/// Names of templates that mean something else than before, by their own text or that of a parent.
pub(super) fn edited_templates(then: &Workspace, today: &Workspace) -> HashSet<String> {
    let names = then.templates.keys().chain(today.templates.keys());
    let same = |name: &str| match (then.templates.get(name), today.templates.get(name)) {
        (Some(old), Some(new)) => {
            old.tree.same_value(&new.tree)
                && old.protected.iter().map(|at| &at.value).eq(new.protected.iter().map(|at| &at.value))
        }
        _ => false,
    };
    names.filter(|name| !same(name)).cloned().collect()
}

struct Sides<'a> {
    then: &'a Sources,
    today: &'a Sources,
}

impl Sides<'_> {
    fn edit(&self, subject: Subject, old: Option<&Entry>, new: Option<&Entry>) -> Option<SharedEdit> {
        let path = |entry: &Entry, sources: &Sources| sources.path(entry.key_span).to_owned();
        let (fate, path) = match (old, new) {
            (Some(old), Some(new)) if old.node.same_value(&new.node) => return None,
            (Some(_), Some(new)) => (Fate::Changed, path(new, self.today)),
            (Some(old), None) => (Fate::Removed, path(old, self.then)),
            (None, Some(new)) => (Fate::Added, path(new, self.today)),
            (None, None) => return None,
        };
        let mut keys = Vec::new();
        if let (Some(old), Some(new)) = (old, new) {
            self.keys(&old.node, &new.node, new.key_span, "", &mut keys);
        }
        Some(SharedEdit { path, subject, fate, keys, span: new.map(|entry| entry.key_span) })
    }

    /// The values that differ below two tables.
    fn keys(&self, old: &Node, new: &Node, home: Span, path: &str, keys: &mut Vec<KeyEdit>) {
        let (Value::Table(before), Value::Table(after)) = (&old.value, &new.value) else {
            keys.push(KeyEdit {
                key: path.to_owned(),
                before: Some(short(self.then, old)),
                after: Some(short(self.today, new)),
                span: Some(new.span),
            });
            return;
        };
        let names: BTreeSet<&str> =
            before.entries.iter().chain(&after.entries).map(|entry| entry.key.as_str()).collect();
        for name in names {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            match (before.get(name), after.entry(name)) {
                (Some(old), Some(new)) if old.same_value(&new.node) => {}
                (Some(old), Some(new)) => self.keys(old, &new.node, new.key_span, &path, keys),
                (Some(old), None) => {
                    keys.push(KeyEdit {
                        key: path,
                        before: Some(short(self.then, old)),
                        after: None,
                        span: Some(home),
                    });
                }
                (None, Some(new)) => keys.push(KeyEdit {
                    key: path,
                    before: None,
                    after: Some(short(self.today, &new.node)),
                    span: Some(new.node.span),
                }),
                (None, None) => {}
            }
        }
    }
}

/// A value as it is written, on one line and not too long.
fn short(sources: &Sources, node: &Node) -> String {
    const LONGEST: usize = 40;
    let text = sources.slice(node.span).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The experiments of today that each edit touches: indices of entries, in order.
///
/// An edit reaches what uses a definition, and what uses a definition that rests on it. An entry of the calendar and a
/// table of `expc.toml` reach everybody; overrides reach the paths that they name.
pub fn touched(edits: &[SharedEdit], today: &Workspace, portfolio: &Portfolio) -> Vec<Vec<usize>> {
    if edits.is_empty() {
        return Vec::new();
    }
    let mut users: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, entry) in portfolio.entries.iter().enumerate() {
        for key in entry.uses.iter() {
            users.entry(key).or_default().push(index);
        }
    }
    let above = rest_on(today);
    edits
        .iter()
        .map(|edit| match &edit.subject {
            Subject::Definition { sort: "calendar entry", .. } => (0..portfolio.entries.len()).collect(),
            Subject::Definition { sort, name } => reached((sort, name), &above, &users),
            Subject::Template { name } => {
                let heirs = today.templates.iter().filter(|(heir, _)| inherits(today, heir, name));
                let names = heirs.map(|(heir, _)| heir.as_str()).chain([name.as_str()]);
                let all: BTreeSet<usize> =
                    names.filter_map(|name| users.get(&("template", name))).flatten().copied().collect();
                all.into_iter().collect()
            }
            Subject::Setting { table } if table == "overrides" => {
                let patterns: Vec<Pattern> = override_patterns(today).filter_map(Pattern::new).collect();
                let matches = |path: &str| patterns.iter().any(|pattern| pattern.matches(path));
                (0..portfolio.entries.len()).filter(|&index| matches(&portfolio.entries[index].path)).collect()
            }
            Subject::Setting { .. } => (0..portfolio.entries.len()).collect(),
        })
        .collect()
}

/// The definitions that rest on each definition.
fn rest_on(today: &Workspace) -> HashMap<(&'static str, String), Vec<(&'static str, String)>> {
    let mut above: HashMap<(&'static str, String), Vec<(&'static str, String)>> = HashMap::new();
    for ((sort, name), entry) in definitions(today) {
        let Some(table) = entry.node.as_table() else { continue };
        for (_, key, below) in RESTS_ON.iter().filter(|(of, _, _)| *of == sort) {
            let conditions = table.get(key).and_then(Node::as_array).unwrap_or_default();
            let attributes = conditions.iter().filter_map(|condition| condition.as_table()?.get("attribute")?.as_str());
            for used in table.get(key).and_then(Node::as_str).into_iter().chain(attributes) {
                above.entry((below, used.to_owned())).or_default().push((sort, name.to_owned()));
            }
        }
    }
    above
}

fn reached(
    from: (&'static str, &str),
    above: &HashMap<(&'static str, String), Vec<(&'static str, String)>>,
    users: &HashMap<(&str, &str), Vec<usize>>,
) -> Vec<usize> {
    let mut seen = HashSet::new();
    let mut left = vec![(from.0, from.1.to_owned())];
    let mut found = BTreeSet::new();
    while let Some(at) = left.pop() {
        found.extend(users.get(&(at.0, at.1.as_str())).into_iter().flatten());
        left.extend(above.get(&at).into_iter().flatten().filter(|next| !seen.contains(*next)).cloned());
        seen.insert(at);
    }
    found.into_iter().collect()
}

/// True when a template inherits from another, over any number of steps.
fn inherits(today: &Workspace, heir: &str, from: &str) -> bool {
    let mut at = heir;
    // Chains are short; one that goes in a circle ends here too.
    for _ in 0..16 {
        let Some(parent) = today.templates.get(at).and_then(|template| template.typed.extends.value()) else {
            return false;
        };
        if parent == from {
            return true;
        }
        at = parent;
    }
    false
}

fn override_patterns(workspace: &Workspace) -> impl Iterator<Item = &str> {
    let overrides = workspace.file.overrides.value().into_iter().flat_map(|list| list.iter());
    overrides.filter_map(|entry| entry.paths.value()).flat_map(|paths| paths.iter()).map(|path| path.value.as_str())
}
