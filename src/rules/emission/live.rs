//! An export of a platform beside what would be built, flag by flag.

use std::collections::{BTreeMap, BTreeSet};

use crate::portfolio::{Compiled, Entry, Live};
use crate::rules::prelude::*;
use crate::spec::Day;
use crate::syntax::{Node, Table, Value, parse_json};
use crate::text::FileId;

/// One running experiment on one platform.
pub(super) struct Compared<'a> {
    pub(super) entry: &'a Entry,
    pub(super) live: &'a Live,
    /// The flag in the export.
    pub(super) flag: Option<&'a Node>,
    /// Against the moment that it is nearest to.
    pub(super) differences: Vec<Difference>,
    /// That moment: a stage, or the whole schedule.
    pub(super) stage: Option<String>,
    /// The rule before ours that everybody meets.
    pub(super) caught: Option<Span>,
}

/// A field that differs.
pub(super) struct Difference {
    pub(super) path: String,
    /// In the export: the value, or the key that should hold it.
    pub(super) place: Span,
    pub(super) live: Option<Node>,
    pub(super) built: Option<Node>,
}

/// Every running experiment on every platform of which there is an export.
pub(super) fn compared<'a>(cx: &PortfolioCx<'a>, out: &mut Sink) -> Vec<Compared<'a>> {
    let running: Vec<&Entry> = cx.portfolio.entries.iter().filter(|entry| entry.status == Status::Running).collect();
    let known: BTreeSet<&str> = cx.workspace.targets.iter().map(|target| target.name).collect();
    let exported: BTreeSet<&str> = cx.workspace.live.iter().map(|live| live.target.name).collect();
    let served = running.iter().flat_map(|entry| entry.targets.iter().map(String::as_str));
    let missing: BTreeSet<&str> = served.filter(|name| known.contains(name) && !exported.contains(name)).collect();
    for target in missing {
        out.skip(Context::Live, format!("no export of what {target} serves; `--live {target}=FILE` names one"));
    }
    let mut all = Vec::new();
    for live in &cx.workspace.live {
        let here: Vec<&Entry> =
            running.iter().copied().filter(|entry| entry.targets.iter().any(|name| name == live.target.name)).collect();
        if here.is_empty() {
            continue;
        }
        match built(cx, live, &here) {
            Ok(built) => all.extend(here.into_iter().map(|entry| one(live, entry, &built))),
            Err(fault) => {
                let fault = fault.lines().next().unwrap_or_default().to_owned();
                out.skip(Context::Targets, format!("no build for {} to compare with: {fault}", live.target.name));
            }
        }
    }
    all
}

/// What would be built: for each moment, the flags, and for each experiment the moments that may be served.
struct Built {
    moments: BTreeMap<Option<String>, Node>,
    of: BTreeMap<String, Vec<Option<String>>>,
}

fn built(cx: &PortfolioCx<'_>, live: &Live, entries: &[&Entry]) -> Result<Built, String> {
    let print = cx.workspace.print.ok_or("nothing prints it")?;
    let mut compiled: Vec<Compiled> = Vec::new();
    let mut of = BTreeMap::new();
    for entry in entries {
        let Some(spec) = cx.workspace.specs.iter().find(|spec| spec.file == entry.file) else { continue };
        let mut one = cx.workspace.compile(spec);
        one.plan.place(cx.portfolio.slot(&entry.id).map(|slot| (slot.from, slot.to)));
        let stages = &one.plan.calendar.stages;
        let begun = |start: Option<Day>| cx.today.is_none_or(|today| start.is_none_or(|start| start <= today));
        let mut moments: Vec<Option<String>> =
            stages.iter().filter(|stage| begun(stage.start)).map(|stage| Some(stage.name.clone())).collect();
        if moments.is_empty() {
            moments.extend(stages.first().map(|stage| Some(stage.name.clone())));
        }
        if live.target.holds_schedule {
            moments.push(None);
        }
        of.insert(entry.id.to_string(), moments);
        compiled.push(one);
    }
    let wanted: BTreeSet<&Option<String>> = of.values().flatten().collect();
    let mut moments = BTreeMap::new();
    for moment in wanted {
        let text = print(cx.workspace, live.target, &compiled, moment.as_deref())?;
        let tree = parse_json(FileId(0), &text).map_err(|fault| fault.text)?;
        moments.insert(moment.clone(), tree);
    }
    Ok(Built { moments, of })
}

fn one<'a>(live: &'a Live, entry: &'a Entry, built: &Built) -> Compared<'a> {
    let flag = flag_of(&live.tree, live, &entry.flag);
    let caught = flag.and_then(|flag| (live.target.caught)(flag, &entry.id, &entry.salt));
    let moments = built.of.get(&*entry.id).into_iter().flatten();
    let differences = moments.filter_map(|moment| {
        let document = built.moments.get(moment)?;
        let wanted = flag_of(document, live, &entry.flag)?;
        let mut found = Vec::new();
        if let Some(flag) = flag {
            let flag = expanded(flag, &live.tree, 0);
            compare(&flag, &expanded(wanted, document, 0), "", flag.span, &mut found);
        }
        Some((found, moment.clone()))
    });
    let (differences, stage) = differences.min_by_key(|(found, _)| found.len()).unwrap_or_default();
    Compared { entry, live, flag, differences, stage, caught }
}

fn flag_of<'t>(document: &'t Node, live: &Live, flag: &str) -> Option<&'t Node> {
    live.target.flags(document)?.as_table()?.get(flag)
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
            let entries = table.entries.iter().map(|entry| crate::syntax::Entry {
                node: expanded(&entry.node, document, depth + 1),
                ..entry.clone()
            });
            Value::Table(Table { entries: entries.collect() })
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| expanded(item, document, depth + 1)).collect()),
        other => other.clone(),
    };
    Node { value, span: node.span }
}

/// What a platform keeps beside the values that it serves.
const BESIDE: [&str; 3] = ["metadata", "description", "$schema"];

fn compare(live: &Node, built: &Node, path: &str, place: Span, found: &mut Vec<Difference>) {
    match (&live.value, &built.value) {
        (Value::Table(here), Value::Table(wanted)) => {
            let counts = |key: &str| !path.is_empty() || !BESIDE.contains(&key);
            for entry in here.entries.iter().filter(|entry| counts(&entry.key)) {
                let path = join(path, &entry.key);
                match wanted.get(&entry.key) {
                    Some(node) => compare(&entry.node, node, &path, entry.key_span, found),
                    None => found.push(Difference {
                        path,
                        place: entry.key_span,
                        live: Some(entry.node.clone()),
                        built: None,
                    }),
                }
            }
            for entry in wanted.entries.iter().filter(|entry| counts(&entry.key) && here.get(&entry.key).is_none()) {
                let path = join(path, &entry.key);
                found.push(Difference {
                    path,
                    place: short(live.span, place),
                    live: None,
                    built: Some(entry.node.clone()),
                });
            }
        }
        (Value::Array(here), Value::Array(wanted)) if here.len() == wanted.len() => {
            for (index, (here, wanted)) in here.iter().zip(wanted).enumerate() {
                compare(here, wanted, &format!("{path}[{index}]"), place, found);
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
