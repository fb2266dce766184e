//! The terms of an experiment: what a spec says once nothing is left to a default, and the definitions it rests on.
//!
//! [`Terms`] is a tree with the keys of the language, so that people find in a seal, in a difference and in an
//! amendment the names that they wrote. Every value keeps its place. What a compiler computes (sizes, dates, looks)
//! is not in it: a better approximation must not break a promise.
//!
//! A seal holds the terms by this table, [`standing`]:
//!
//! | part | held | not held |
//! | --- | --- | --- |
//! | `experiment` | `flag`, `excludes`, `requires` | `id` (the lock has it), `title`, `status`, `owner`, `objective`, `surface`, `links`, `tags` |
//! | `hypothesis` | all | |
//! | `variants` | names, order, `weight`, `control`, `payload` | `about` |
//! | `audience` | all: unit, conditions, layer, slot, share, holdout, salt, forced units, traffic | |
//! | `exposure`, `metrics` | all | |
//! | `design` | all others | `sides_reason`, `weights_reason` |
//! | `rollout` | all: start, stages, kill switch, rollback | |
//! | `decision` | all others | `decider` |
//! | `feedback` | `survey.share`, `survey.event` | `survey.ask`, `notify` |
//! | `privacy`, `risk`, `emit`, `amendments`, `results`, `schema`, `extends` | | all |
//! | definitions | what is counted, in which unit, by whom: [`DEFINITIONS`] | words, people, dates of review |
//!
//! A seal is the pre-registration of an answer: what is asked, of whom, who sees what, how it is judged and what is done
//! then. `privacy` and `risk` are promises to people and to the house: they are judged anew by every check, may have to
//! change for the law's sake on any day, and no answer turns on them. `emit` says which files are printed: that another
//! platform assigns people otherwise is told by `expc diff` and by EMI005, and the platforms of a workspace change
//! without any experiment meaning it.
//!
//! Measured facts of a definition (baselines, deviations, traffic) are held, so that sizes stay those that were
//! sealed, but may be measured again: the same metric is a little different every quarter. A key of a spec that no row
//! names is held: what nobody has judged harmless is not. A test asks the same question of each key of a definition.

use std::collections::BTreeSet;

use super::Plan;
use crate::spec::{Amount, Duration};
use crate::syntax::{Entry, Node, Table, Value};
use crate::text::Span;

/// What an experiment has agreed to.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The spec over its template, defaults written out.
    pub plan: Node,
    /// Definitions by sort and name, as the catalogue writes them.
    pub catalog: Node,
}

/// How a seal holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does not change without an amendment.
    Held,
    /// Kept, so that the plan can be computed again; measured anew at any time.
    Fact,
    /// No part of the seal.
    Free,
}

/// Keys of the spec that no seal holds. `*` stands for any one name; what lies below a path has its standing.
const FREE: [&str; 21] = [
    "schema",
    "extends",
    "experiment.id",
    "experiment.title",
    "experiment.status",
    "experiment.owner",
    "experiment.objective",
    "experiment.surface",
    "experiment.links",
    "experiment.tags",
    "variants.*.about",
    "design.sides_reason",
    "design.weights_reason",
    "decision.decider",
    "feedback.survey.ask",
    "feedback.notify",
    "privacy",
    "risk",
    "emit",
    "amendments",
    "results",
];

/// What is held of a definition: its sort, what it means, and what was measured of it. All other keys are free.
pub const DEFINITIONS: [(&str, &[&str], &[&str]); 9] = [
    (
        "metrics",
        &[
            "kind",
            "direction",
            "unit",
            "event",
            "value",
            "denominator",
            "denominator_value",
            "filter",
            "window",
            "window_start",
            "quantile",
            "cap",
            "unit_of_analysis",
        ],
        &[
            "baseline",
            "sd",
            "baseline_window",
            "dispersion",
            "parts",
            "density",
            "interval",
            "dropout",
            "pre_correlation",
            "lag",
        ],
    ),
    ("events", &["source"], &["rate"]),
    ("sources", &["table"], &["lag"]),
    ("attributes", &["type"], &[]),
    ("units", &["key", "within"], &["ascii"]),
    ("audiences", &["where", "exclude", "unit"], &["daily_units", "unique_units"]),
    ("layers", &["unit", "salt"], &[]),
    ("holdouts", &["share", "unit", "salt", "from", "to"], &["global"]),
    ("flags", &["default"], &[]),
];

/// How far down a row of the table reaches: a definition with the word `catalog`, its sort, its name and a key.
const DEEPEST: usize = 4;

/// How a seal holds the value at a path; paths of definitions begin with `catalog`.
pub fn standing(path: &[&str]) -> Standing {
    if let ["catalog", sort, _, key, ..] = path {
        let Some((_, means, facts)) = DEFINITIONS.iter().find(|(known, ..)| known == sort) else {
            return Standing::Free;
        };
        return match () {
            () if means.contains(key) => Standing::Held,
            () if facts.contains(key) => Standing::Fact,
            () => Standing::Free,
        };
    }
    match FREE.iter().any(|free| lies_in(path, free)) {
        true => Standing::Free,
        false => Standing::Held,
    }
}

/// True when a path is a pattern's, or lies below it.
pub fn lies_in(path: &[&str], pattern: &str) -> bool {
    let mut path = path.iter();
    pattern.split('.').all(|step| path.next().is_some_and(|key| step == "*" || step == *key))
}

/// A default of the language, and where it belongs.
struct Default {
    path: &'static str,
    value: Word,
    /// True when the tables above it are made where nobody wrote them.
    always: bool,
}

#[derive(Clone, Copy)]
enum Word {
    Text(&'static str),
    Number(f64),
    Flag(bool),
}

impl Word {
    fn value(self) -> Value {
        match self {
            Word::Text(text) => Value::String(text.to_owned()),
            Word::Number(number) if number.fract() == 0.0 => Value::Integer(number as i64),
            Word::Number(number) => Value::Float(number),
            Word::Flag(flag) => Value::Boolean(flag),
        }
    }
}

const fn always(path: &'static str, value: Word) -> Default {
    Default { path, value, always: true }
}

const fn within(path: &'static str, value: Word) -> Default {
    Default { path, value, always: false }
}

/// Every default of the language that a seal holds. A test compares it with the schema's.
const DEFAULTS: [Default; 42] = [
    within("hypothesis.harm_test", Word::Flag(false)),
    within("variants.*.weight", Word::Number(1.0)),
    within("variants.*.control", Word::Flag(false)),
    always("audience.share", Word::Text("100%")),
    always("exposure.population", Word::Text("exposed")),
    always("exposure.effect_among", Word::Text("analysed")),
    within("metrics.primary.*.hypothesis", Word::Text("superiority")),
    within("metrics.secondary.*.hypothesis", Word::Text("superiority")),
    within("metrics.monitor.*.hypothesis", Word::Text("superiority")),
    within("metrics.guardrail.*.hypothesis", Word::Text("non-inferiority")),
    always("design.method", Word::Text("fixed")),
    always("design.alpha", Word::Number(0.05)),
    always("design.power", Word::Number(0.8)),
    always("design.sides", Word::Text("two")),
    always("design.scale", Word::Text("difference")),
    always("design.correction", Word::Text("none")),
    always("design.power_of", Word::Text("metric")),
    always("design.secondary.correction", Word::Text("none")),
    always("design.secondary.gate", Word::Text("none")),
    always("design.guardrails_at", Word::Text("end")),
    always("design.srm.check", Word::Flag(true)),
    always("design.srm.alpha", Word::Number(0.001)),
    always("design.srm.action", Word::Text("void")),
    within("design.futility.binding", Word::Flag(false)),
    within("design.always_valid.boundary", Word::Text("asymptotic")),
    within("design.always_valid.tuned_for", Word::Text("100%")),
    within("design.variance_reduction.method", Word::Text("cuped")),
    within("design.variance_reduction.period", Word::Text("before")),
    within("design.cluster.size_cv", Word::Number(0.0)),
    within("design.bayes.prior_mean", Word::Text("0%")),
    within("design.switchback.order", Word::Text("random")),
    within("design.switchback.block", Word::Number(1.0)),
    within("design.switchback.autocorrelation", Word::Number(0.0)),
    within("design.switchback.place_count", Word::Number(1.0)),
    always("rollout.analyse_ramp", Word::Flag(true)),
    within("rollout.stages.*.gate", Word::Text("none")),
    within("rollout.rollback.*.harm", Word::Text("margin")),
    within("catalog.units.*.ascii", Word::Flag(true)),
    within("catalog.holdouts.*.global", Word::Flag(false)),
    within("catalog.metrics.*.interval.confidence", Word::Number(0.95)),
    within("catalog.audiences.*.where", Word::Text("")),
    within("catalog.audiences.*.exclude", Word::Text("")),
];

impl Terms {
    /// The terms of a compiled spec; `tree` is the spec over its template, `definition` finds an entry of the
    /// catalogue by the name of its table and its own.
    pub fn of<'a>(plan: &Plan, tree: &Node, definition: impl Fn(&str, &str) -> Option<&'a Entry>) -> Self {
        let nowhere = Span::file_start(plan.span.file);
        let mut terms = Self { plan: said(tree), catalog: table(nowhere) };
        for default in DEFAULTS.iter().filter(|default| !default.path.starts_with("catalog.")) {
            fill(&mut terms.plan, default.path, default.value.value(), default.always, nowhere);
        }
        terms.names(plan, nowhere);
        terms.define(definition, nowhere);
        terms
    }

    /// Defaults that depend on a name, and what the portfolio decided.
    fn names(&mut self, plan: &Plan, nowhere: Span) {
        let text = |text: &str| Value::String(text.to_owned());
        fill(&mut self.plan, "experiment.flag", text(&plan.flag.value), true, nowhere);
        fill(&mut self.plan, "audience.salt", text(&plan.audience.salt.value), true, nowhere);
        if let Some(holdout) = &plan.audience.holdout {
            fill(&mut self.plan, "audience.holdout", text(&holdout.name.value), true, nowhere);
        }
        let layer = plan.audience.layer.as_ref();
        let placed = layer.and_then(|layer| layer.slot.as_ref().map(|slot| slot.value.0));
        if let Some(from) = placed.or_else(|| layer.and_then(|layer| layer.wanted.as_ref()).map(|known| known.value)) {
            let slot = format!("{}%", crate::spec::quantity::plain(from * 100.0));
            fill(&mut self.plan, "audience.slot", text(&slot), true, nowhere);
        }
        fill(&mut self.plan, "rollout.stages.*.share", text(&plan.audience.share.value.to_string()), false, nowhere);
        if let Some(control) = plan.control()
            && let Some(variant) = self.at_mut(&["variants", &control.name])
            && let Value::Table(variant) = &mut variant.value
        {
            match variant.entries.iter_mut().find(|entry| entry.key == "control") {
                Some(entry) => entry.node.value = Value::Boolean(true),
                None => variant.entries.push(entry("control", Value::Boolean(true), nowhere)),
            }
        }
    }

    fn at_mut(&mut self, path: &[&str]) -> Option<&mut Node> {
        path.iter().try_fold(&mut self.plan, |node, key| match &mut node.value {
            Value::Table(table) => {
                table.entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.node)
            }
            _ => None,
        })
    }

    /// Adds every definition that the plan names, and those that they name.
    fn define<'a>(&mut self, definition: impl Fn(&str, &str) -> Option<&'a Entry>, nowhere: Span) {
        let mut open: Vec<(&'static str, String)> = Vec::new();
        named_by_plan(&self.plan, &mut open);
        let mut known: BTreeSet<(&'static str, String)> = BTreeSet::new();
        while let Some((sort, name)) = open.pop() {
            if !known.insert((sort, name.clone())) {
                continue;
            }
            if let Some(found) = definition(sort, &name) {
                named_by_definition(sort, &found.node, &mut open);
            }
        }
        for (sort, _, _) in DEFINITIONS {
            let mut of_sort = Table::default();
            for (_, name) in known.iter().filter(|(known, _)| *known == sort) {
                let Some(found) = definition(sort, name) else { continue };
                of_sort.entries.push(Entry { key: name.clone(), key_span: found.key_span, node: said(&found.node) });
            }
            if !of_sort.entries.is_empty()
                && let Value::Table(all) = &mut self.catalog.value
            {
                all.entries.push(entry(sort, Value::Table(of_sort), nowhere));
            }
        }
        for default in &DEFAULTS {
            if let Some(path) = default.path.strip_prefix("catalog.") {
                // An audience without conditions says so by an empty list.
                let value = match default.value {
                    Word::Text("") => Value::Array(Vec::new()),
                    word => word.value(),
                };
                fill(&mut self.catalog, path, value, false, nowhere);
            }
        }
        for sort in ["layers", "holdouts"] {
            let Value::Table(all) = &mut self.catalog.value else { continue };
            let Some(of_sort) = all.entries.iter_mut().find(|entry| entry.key == sort) else { continue };
            let Value::Table(of_sort) = &mut of_sort.node.value else { continue };
            for one in &mut of_sort.entries {
                let name = Value::String(one.key.clone());
                fill(&mut one.node, "salt", name, false, nowhere);
            }
        }
    }

    /// The part that a seal keeps.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        let mut path = Vec::new();
        keep(&mut self.plan, &mut path);
        path.push("catalog");
        keep(&mut self.catalog, &mut path);
        self
    }
}

/// Takes out what a seal does not keep, and the tables that this empties.
fn keep(node: &mut Node, path: &mut Vec<&str>) {
    match &mut node.value {
        Value::Table(table) => table.entries.retain_mut(|one| {
            let mut path: Vec<&str> = path.iter().copied().chain([one.key.as_str()]).collect();
            if standing(&path) == Standing::Free {
                return false;
            }
            // Deeper than any row of the table nothing is told apart.
            if DEEPEST <= path.len() {
                return true;
            }
            let was_filled = one.node.as_table().is_some_and(|table| !table.entries.is_empty());
            keep(&mut one.node, &mut path);
            let is_empty = one.node.as_table().is_some_and(|table| table.entries.is_empty());
            !(was_filled && is_empty)
        }),
        Value::Array(items) => {
            path.push("*");
            for item in items {
                keep(item, path);
            }
            path.pop();
        }
        _ => {}
    }
}

/// The tree in what JSON has words for: dates become text.
fn said(node: &Node) -> Node {
    let one = |entry: &Entry| Entry { key: entry.key.clone(), key_span: entry.key_span, node: said(&entry.node) };
    let value = match &node.value {
        Value::Datetime(date) => Value::String(date.to_string()),
        Value::Float(number) if !number.is_finite() => Value::String(number.to_string()),
        Value::Array(items) => Value::Array(items.iter().map(said).collect()),
        Value::Table(table) => Value::Table(Table { entries: table.entries.iter().map(one).collect() }),
        plain => plain.clone(),
    };
    Node { value, span: node.span }
}

fn table(span: Span) -> Node {
    Node { value: Value::Table(Table::default()), span }
}

fn entry(key: &str, value: Value, span: Span) -> Entry {
    Entry { key: key.to_owned(), key_span: span, node: Node { value, span } }
}

/// Writes a value where the path has none.
fn fill(node: &mut Node, path: &str, value: Value, always: bool, nowhere: Span) {
    let (step, rest) = match path.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (path, None),
    };
    match (&mut node.value, rest) {
        (Value::Table(table), Some(rest)) if step == "*" => {
            for one in &mut table.entries {
                fill(&mut one.node, rest, value.clone(), always, nowhere);
            }
        }
        (Value::Array(items), Some(rest)) if step == "*" => {
            for item in items {
                fill(item, rest, value.clone(), always, nowhere);
            }
        }
        (Value::Table(table), rest) => {
            let at = table.entries.iter().position(|entry| entry.key == step);
            match (at, rest) {
                (Some(at), Some(rest)) => fill(&mut table.entries[at].node, rest, value, always, nowhere),
                (None, Some(rest)) if always => {
                    let mut made = entry(step, Value::Table(Table::default()), nowhere);
                    fill(&mut made.node, rest, value, always, nowhere);
                    table.entries.push(made);
                }
                (None, None) => table.entries.push(entry(step, value, nowhere)),
                _ => {}
            }
        }
        _ => {}
    }
}

/// The definitions that a plan names.
fn named_by_plan(plan: &Node, out: &mut Vec<(&'static str, String)>) {
    let mut one = |sort: &'static str, path: &str| {
        out.extend(plan.at_path(path).and_then(Node::as_str).map(|name| (sort, name.to_owned())));
    };
    one("flags", "experiment.flag");
    one("units", "audience.unit");
    one("units", "design.cluster.unit");
    one("audiences", "audience.base");
    one("layers", "audience.layer");
    one("holdouts", "audience.holdout");
    one("events", "exposure.event");
    one("metrics", "design.variance_reduction.covariate");
    for role in ["metrics.primary", "metrics.guardrail", "metrics.secondary", "metrics.monitor", "rollout.rollback"] {
        names_in(plan.at_path(role), "metric", "metrics", out);
    }
    names_in(plan.at_path("hypothesis.expect"), "metric", "metrics", out);
    names_in(plan.at_path("audience.where"), "attribute", "attributes", out);
    names_in(plan.at_path("audience.exclude"), "attribute", "attributes", out);
    let segments = plan.at_path("design.segments").and_then(Node::as_array).unwrap_or_default();
    out.extend(segments.iter().filter_map(Node::as_str).map(|name| ("attributes", name.to_owned())));
}

/// The definitions that a definition names.
fn named_by_definition(sort: &str, node: &Node, out: &mut Vec<(&'static str, String)>) {
    let mut one = |sort: &'static str, key: &str| {
        out.extend(node.at_path(key).and_then(Node::as_str).map(|name| (sort, name.to_owned())));
    };
    match sort {
        "metrics" => {
            one("events", "event");
            one("events", "denominator");
        }
        "events" => one("sources", "source"),
        "units" => one("units", "within"),
        "audiences" => {
            names_in(node.at_path("where"), "attribute", "attributes", out);
            names_in(node.at_path("exclude"), "attribute", "attributes", out);
        }
        _ => {}
    }
}

fn names_in(list: Option<&Node>, key: &str, sort: &'static str, out: &mut Vec<(&'static str, String)>) {
    for item in list.and_then(Node::as_array).unwrap_or_default() {
        out.extend(item.at_path(key).and_then(Node::as_str).map(|name| (sort, name.to_owned())));
    }
}

/// True when two values mean the same: `14 days` is `2 weeks`, `0.50` is `0.5`, keys have no order.
///
/// `path` decides whether texts may be quantities at all; what a product reads is compared to the letter.
pub fn same(before: &Node, after: &Node, path: &[&str]) -> bool {
    same_value(before, after, is_literal(path))
}

fn is_literal(path: &[&str]) -> bool {
    path.iter().any(|key| matches!(*key, "payload" | "default" | "force" | "where" | "exclude" | "filter"))
}

/// True for a key whose table a product reads to the letter.
fn begins_literal(key: &str) -> bool {
    matches!(key, "payload" | "force")
}

fn same_value(before: &Node, after: &Node, literal: bool) -> bool {
    match (&before.value, &after.value) {
        (Value::Table(a), Value::Table(b)) => {
            a.entries.len() == b.entries.len()
                && a.entries.iter().all(|one| {
                    let literal = literal || begins_literal(&one.key);
                    b.get(&one.key).is_some_and(|other| same_value(&one.node, other, literal))
                })
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b, literal))
        }
        (Value::Integer(a), Value::Float(b)) | (Value::Float(b), Value::Integer(a)) => *a as f64 == *b,
        (Value::String(a), Value::String(b)) => a == b || (!literal && same_quantity(a, b)),
        (a, b) => a == b,
    }
}

/// A text that is the same for values that mean the same, and for no others.
pub fn canonical(node: &Node, path: &[&str]) -> String {
    let mut out = String::new();
    write_canonical(node, is_literal(path), &mut out);
    out
}

fn write_canonical(node: &Node, literal: bool, out: &mut String) {
    match &node.value {
        Value::Table(table) => {
            let mut entries: Vec<&Entry> = table.entries.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            out.push('{');
            for entry in entries {
                out.push_str(&format!("{:?}:", entry.key));
                write_canonical(&entry.node, literal || begins_literal(&entry.key), out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, literal, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Integer(number) => out.push_str(&number.to_string()),
        // Where a double is a whole number, it is written like one.
        Value::Float(number) => out.push_str(&format!("{number}")),
        Value::Boolean(flag) => out.push_str(&flag.to_string()),
        Value::String(text) => match quantity(text).filter(|_| !literal) {
            Some(quantity) => out.push_str(&quantity),
            None => out.push_str(&format!("{text:?}")),
        },
        Value::Datetime(date) => out.push_str(&format!("{:?}", date.to_string())),
    }
}

/// The one spelling of a quantity; `None` for other texts.
fn quantity(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let span = text.parse::<Duration>().ok().map(|span| format!("{} minutes", span.in_minutes()));
    span.or_else(|| text.parse::<Amount>().ok().map(|amount| format!("{} {:?}", amount.number, amount.unit)))
}

/// True when two texts are one quantity: `2 %` and `2.0%`.
fn same_quantity(a: &str, b: &str) -> bool {
    let digit = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
    if !digit(a) || !digit(b) {
        return false;
    }
    let amounts = a.parse::<Amount>().ok().zip(b.parse::<Amount>().ok());
    if amounts.is_some_and(|(a, b)| a.number == b.number && a.unit == b.unit) {
        return true;
    }
    let spans = a.parse::<Duration>().ok().zip(b.parse::<Duration>().ok());
    spans.is_some_and(|(a, b)| a.in_minutes() == b.in_minutes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value as Json;

    use super::*;
    use crate::catalog;
    use crate::syntax::keys_of;
    use crate::text::FileId;

    /// Keys of definitions that no seal holds. A new key belongs here, or to [`DEFINITIONS`].
    const WORDS: [(&str, &[&str]); 9] = [
        (
            "metrics",
            &[
                "about",
                "measured",
                "measured_on",
                "heavy_tail",
                "standing",
                "aa_passed",
                "owner",
                "data_class",
                "stands_for",
                "validation",
                "health",
            ],
        ),
        (
            "events",
            &[
                "about",
                "owner",
                "properties",
                "data_class",
                "planned",
                "ends",
                "kind",
                "identified_by",
                "daily_events",
                "loss",
                "duplicates",
                "retention",
                "reviewed",
            ],
        ),
        ("sources", &["about", "owner", "ends", "region", "retention"]),
        (
            "attributes",
            &["about", "values", "mutable", "since", "data_class", "owner", "reviewed", "shares", "reveals", "age"],
        ),
        ("units", &["about", "lifetime", "changes_at_login", "aa_passed"]),
        ("audiences", &["about", "measured", "minors"]),
        ("layers", &["about", "owner"]),
        ("holdouts", &["about"]),
        ("flags", &["about", "owner", "since", "schema", "payload_schema"]),
    ];

    #[test]
    fn every_key_of_a_definition_has_its_standing() {
        let keys: [(&str, &[&str]); 9] = [
            ("metrics", keys_of::<catalog::Metric>()),
            ("events", keys_of::<catalog::Event>()),
            ("sources", keys_of::<catalog::SourceTable>()),
            ("attributes", keys_of::<catalog::Attribute>()),
            ("units", keys_of::<catalog::RandomUnit>()),
            ("audiences", keys_of::<catalog::NamedAudience>()),
            ("layers", keys_of::<catalog::Layer>()),
            ("holdouts", keys_of::<catalog::Holdout>()),
            ("flags", keys_of::<catalog::Flag>()),
        ];
        for (sort, keys) in keys {
            let (_, means, facts) = DEFINITIONS.iter().find(|(known, ..)| *known == sort).unwrap();
            let (_, words) = WORDS.iter().find(|(known, _)| *known == sort).unwrap();
            for key in keys {
                let times = [means, facts, words].iter().filter(|list| list.contains(key)).count();
                assert_eq!(times, 1, "`{key}` of {sort}: decide whether a seal holds it, here and in DEFINITIONS");
            }
            for key in means.iter().chain(*facts).chain(*words) {
                assert!(keys.contains(key), "{sort} have no key `{key}`");
            }
        }
    }

    /// Defaults of a schema by their paths, `*` for the name of a member.
    fn defaults_of(at: &Json, defs: &Json, path: &str, out: &mut BTreeMap<String, Json>) {
        if let Some(name) = at["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            defaults_of(&defs[name], defs, path, out);
        }
        if let Some(value) = at.get("default") {
            out.insert(path.to_owned(), value.clone());
        }
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        for (key, property) in at["properties"].as_object().into_iter().flatten() {
            defaults_of(property, defs, &below(key), out);
        }
        for members in [&at["items"], &at["additionalProperties"]].into_iter().filter(|members| members.is_object()) {
            defaults_of(members, defs, &below("*"), out);
        }
    }

    #[test]
    fn a_seal_has_the_defaults_of_the_schema() {
        let of = |schema: Json, above: &str| {
            let mut found = BTreeMap::new();
            defaults_of(&schema, &schema["$defs"], above, &mut found);
            found
        };
        let mut published = of(crate::spec::schema::schema_of::<crate::spec::Spec>("experiment"), "");
        published.extend(of(crate::spec::schema::schema_of::<catalog::CatalogFile>("catalog"), "catalog"));
        let is_held = |path: &String| standing(&path.split('.').collect::<Vec<_>>()) != Standing::Free;
        let published: BTreeMap<String, Json> = published.into_iter().filter(|(path, _)| is_held(path)).collect();
        // What depends on the role of a metric, and a list that is empty, no schema can say.
        let unsaid = |path: &str| path.ends_with(".hypothesis") || path.starts_with("catalog.audiences");
        let of_seal = DEFAULTS.iter().filter(|default| !unsaid(default.path));
        let of_seal: BTreeMap<String, Json> = of_seal
            .map(|default| {
                let node = Node { value: default.value.value(), span: Span::file_start(FileId(0)) };
                (default.path.to_owned(), node.to_json())
            })
            .collect();
        // 1 is 1.0.
        let plain = |all: &BTreeMap<String, Json>| -> BTreeMap<String, String> {
            let text = |value: &Json| value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string());
            all.iter().map(|(path, value)| (path.clone(), text(value))).collect()
        };
        assert!(30 < published.len());
        assert_eq!(plain(&of_seal), plain(&published));
    }

    #[test]
    fn no_row_reaches_deeper_than_the_seal_looks() {
        assert!(FREE.iter().all(|path| path.split('.').count() <= DEEPEST));
    }

    #[test]
    fn the_same_quantity_has_many_spellings() {
        let node = |text: &str| Node { value: Value::String(text.to_owned()), span: Span::file_start(FileId(0)) };
        let text = |text: &str, key: &str| canonical(&node(text), &[key]);
        for (a, b) in [("2%", "2.0 %"), ("14 days", "2 weeks"), ("48 hours", "2 days"), ("$0.40", "$0.4")] {
            assert!(same_quantity(a, b), "{a} {b}");
            assert_eq!(text(a, "hold"), text(b, "hold"));
            assert_ne!(text(a, "payload"), text(b, "payload"));
        }
        for (a, b) in [("2%", "2pp"), ("1 day", "1 week"), ("2%", "3%"), ("v2", "v2.0"), ("", "x")] {
            assert!(!same_quantity(a, b), "{a} {b}");
            assert_ne!(text(a, "hold"), text(b, "hold"));
        }
    }
}
