//! Two trees of terms, side by side.

use super::class::{self, Seen};
use super::{FieldChange, What};
use crate::plan::terms::{canonical, lies_in, same};
use crate::spec::{Day, Duration, Share};
use crate::syntax::{Node, Value};

/// Lists of tables whose members have a name, and the key that holds it.
const NAMED: [(&str, &str); 7] = [
    ("metrics.primary", "metric"),
    ("metrics.guardrail", "metric"),
    ("metrics.secondary", "metric"),
    ("metrics.monitor", "metric"),
    ("hypothesis.expect", "metric"),
    ("rollout.rollback", "metric"),
    ("rollout.stages", "name"),
];

/// Lists whose order has no meaning.
const SETS: [&str; 12] = [
    "audience.where",
    "audience.exclude",
    "audience.force.*",
    "audience.unique_units",
    "experiment.excludes",
    "experiment.requires",
    "experiment.tags",
    "design.segments",
    "design.exclusions",
    "catalog.audiences.*.where",
    "catalog.audiences.*.exclude",
    "catalog.metrics.*.filter",
];

/// Tables that are one value: an MDE that turns from relative to absolute is one change.
const WHOLE: [&str; 5] = ["mde", "margin", "by", "true_effect", "mixing"];

pub(super) fn plans(before: &Node, after: &Node) -> Vec<FieldChange> {
    let mut walk = Walk { path: Vec::new(), numbered: String::new(), fields: Vec::new() };
    walk.both(before, after);
    let mut fields = walk.fields;
    foresee(before, after, &mut fields);
    fields
}

pub(super) fn catalogs(before: &Node, after: &Node) -> Vec<FieldChange> {
    let mut walk = Walk { path: vec!["catalog".to_owned()], numbered: "catalog".to_owned(), fields: Vec::new() };
    let (Value::Table(old), Value::Table(new)) = (&before.value, &after.value) else { return Vec::new() };
    for sort in &old.entries {
        let (Some(olds), Some(news)) = (sort.node.as_table(), new.get(&sort.key).and_then(Node::as_table)) else {
            continue;
        };
        for one in &olds.entries {
            if let Some(other) = news.get(&one.key) {
                walk.under(&sort.key, |walk| walk.under(&one.key, |walk| walk.both(&one.node, other)));
            }
        }
    }
    walk.fields
}

/// A text that is the same for values of a field that mean the same; lists without an order are sorted.
pub(super) fn canonical_at(node: &Node, path: &[&str]) -> String {
    match &node.value {
        Value::Array(items) if is_any(path, &SETS) => {
            let mut items: Vec<String> = items.iter().map(|item| canonical(item, path)).collect();
            items.sort();
            items.join(",")
        }
        _ => canonical(node, path),
    }
}

/// The names of the members in their order.
pub(super) fn order(node: &Node) -> String {
    let name = |item: &Node| ["metric", "name"].iter().find_map(|key| item.at_path(key)?.as_str().map(str::to_owned));
    let names: Vec<String> = match &node.value {
        Value::Table(table) => table.entries.iter().map(|entry| entry.key.clone()).collect(),
        Value::Array(items) => items.iter().filter_map(name).collect(),
        _ => Vec::new(),
    };
    format!("{names:?}")
}

/// True for a path that one of the patterns has, no longer and no shorter.
fn is_any(path: &[&str], patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| pattern.split('.').count() == path.len() && lies_in(path, pattern))
}

struct Walk {
    path: Vec<String>,
    numbered: String,
    fields: Vec<FieldChange>,
}

impl Walk {
    fn under(&mut self, key: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.numbered.len();
        if length != 0 {
            self.numbered.push('.');
        }
        self.numbered.push_str(key);
        self.path.push(key.to_owned());
        walk(self);
        self.path.pop();
        self.numbered.truncate(length);
    }

    /// A member of a list: by its name, and by its number.
    fn member(&mut self, name: &str, number: usize, walk: impl FnOnce(&mut Self)) {
        let length = self.numbered.len();
        self.numbered.push_str(&format!("[{number}]"));
        self.path.push(name.to_owned());
        walk(self);
        self.path.pop();
        self.numbered.truncate(length);
    }

    fn note(&mut self, what: What) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let seen = match &what {
            What::Added(after) => Seen { before: None, after: Some(after) },
            What::Removed(before) => Seen { before: Some(before), after: None },
            What::Changed(before, after) | What::Reordered(before, after) => {
                Seen { before: Some(before), after: Some(after) }
            }
        };
        let class = class::of(&path, seen);
        let numbered = self.numbered.clone();
        self.fields.push(FieldChange { path: self.path.clone(), numbered, what, class, foreseen: false });
    }

    fn is(&self, patterns: &[&str]) -> bool {
        is_any(&self.path.iter().map(String::as_str).collect::<Vec<_>>(), patterns)
    }

    fn both(&mut self, before: &Node, after: &Node) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let is_variants = path == ["variants"];
        // The order of variants has a meaning that equality does not see.
        if same(before, after, &path) && !is_variants && !path.is_empty() {
            return;
        }
        let whole = path.last().is_some_and(|key| WHOLE.contains(key));
        match (&before.value, &after.value) {
            (Value::Table(old), Value::Table(new)) if !whole => {
                for one in &old.entries {
                    match new.get(&one.key) {
                        Some(other) => self.under(&one.key, |walk| walk.both(&one.node, other)),
                        None => self.under(&one.key, |walk| walk.note(What::Removed(one.node.clone()))),
                    }
                }
                for one in new.entries.iter().filter(|one| old.get(&one.key).is_none()) {
                    self.under(&one.key, |walk| walk.note(What::Added(one.node.clone())));
                }
                // The order of variants is that of the buckets.
                let names = |table: &crate::syntax::Table, other: &crate::syntax::Table| -> Vec<String> {
                    let kept = table.entries.iter().filter(|entry| other.get(&entry.key).is_some());
                    kept.map(|entry| entry.key.clone()).collect()
                };
                if is_variants && names(old, new) != names(new, old) {
                    self.note(What::Reordered(before.clone(), after.clone()));
                }
            }
            (Value::Array(old), Value::Array(new)) => self.lists(before, after, old, new),
            _ => self.note(What::Changed(before.clone(), after.clone())),
        }
    }

    fn lists(&mut self, before: &Node, after: &Node, old: &[Node], new: &[Node]) {
        let path = self.path.join(".");
        if let Some((_, key)) = NAMED.iter().find(|(list, _)| *list == path)
            && let (Some(olds), Some(news)) = (names(old, key), names(new, key))
        {
            return self.members(before, after, (old, &olds), (new, &news));
        }
        let steps: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let has = |list: &[Node], one: &Node| list.iter().filter(|other| same(one, other, &steps)).count();
        let as_sets = old.len() == new.len() && old.iter().all(|one| has(old, one) == has(new, one));
        if !(as_sets && self.is(&SETS)) {
            self.note(What::Changed(before.clone(), after.clone()));
        }
    }

    fn members(&mut self, before: &Node, after: &Node, old: (&[Node], &[&str]), new: (&[Node], &[&str])) {
        let (olds, old_names) = old;
        let (news, new_names) = new;
        for (number, (one, name)) in olds.iter().zip(old_names).enumerate() {
            match new_names.iter().position(|other| other == name) {
                Some(at) => self.member(name, at, |walk| walk.both(one, &news[at])),
                None => self.member(name, number, |walk| walk.note(What::Removed(one.clone()))),
            }
        }
        for (number, (one, name)) in news.iter().zip(new_names).enumerate() {
            if !old_names.contains(name) {
                self.member(name, number, |walk| walk.note(What::Added(one.clone())));
            }
        }
        // Claims that are tested one after the other, and stages, have an order.
        let ordered = self.is(&["metrics.primary", "metrics.secondary", "rollout.stages"]);
        let kept = old_names.iter().filter(|name| new_names.contains(name));
        let still = new_names.iter().filter(|name| old_names.contains(name));
        if ordered && !kept.eq(still) {
            self.note(What::Reordered(before.clone(), after.clone()));
        }
    }
}

/// The names of the members; `None` when one has none, or two have the same.
fn names<'a>(list: &'a [Node], key: &str) -> Option<Vec<&'a str>> {
    let mut names = Vec::with_capacity(list.len());
    for item in list {
        let name = item.at_path(key)?.as_str()?;
        if names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

/// Marks stages that were appended as the earlier plan allows it: behind all of its own, with no more people than its
/// share, in its own weights, and over before the day of the decision.
///
/// The share bounds who may see it and the day of the decision bounds how long: neither can be stretched by a stage.
fn foresee(before: &Node, after: &Node, fields: &mut [FieldChange]) {
    let stages = |plan: &Node| plan.at_path("rollout.stages").and_then(Node::as_array).map(<[Node]>::to_vec);
    let (Some(old), Some(new)) = (stages(before), stages(after)) else { return };
    let name = |stage: &Node| stage.at_path("name").and_then(Node::as_str).map(str::to_owned);
    let appended = old.len() < new.len() && old.iter().zip(&new).all(|(old, new)| name(old) == name(new));
    let text = |node: &Node, path: &str| node.at_path(path).and_then(Node::as_str).map(str::to_owned);
    let share = |text: Option<String>| text.and_then(|text| text.parse::<Share>().ok()).map(Share::fraction);
    let day = |text: Option<String>| text.and_then(|text| text.parse::<Day>().ok());
    let (Some(most), Some(start), Some(decide)) =
        (share(text(before, "audience.share")), day(text(before, "rollout.start")), day(text(before, "decision.by")))
    else {
        return;
    };
    let holds = new.iter().map(|stage| text(stage, "hold")?.parse::<Duration>().ok().map(Duration::whole_days));
    let Some(days) = holds.sum::<Option<u32>>() else { return };
    let in_time = start.plus(days) <= decide;
    let narrow = |stage: &Node| {
        share(text(stage, "share")).is_some_and(|share| share <= most) && stage.at_path("weights").is_none()
    };
    if !(appended && in_time && new[old.len()..].iter().all(narrow)) {
        return;
    }
    for field in fields {
        let is_stage = matches!(field.path.as_slice(), [table, list, _] if table == "rollout" && list == "stages");
        field.foreseen |= is_stage && matches!(field.what, What::Added(_));
    }
}
