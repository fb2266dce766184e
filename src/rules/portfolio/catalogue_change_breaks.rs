//! PRT010 catalogue-change-breaks.

use rayon::prelude::*;

use crate::portfolio::{Base, Entry, Fate, KeyEdit, SharedEdit, Subject, touched};
use crate::rules::prelude::*;

rule! {
    /// An edit of the catalogue or of a template changes the plan of experiments that are under way.
    ///
    /// ## Why
    /// Nobody looks at the specs that the change does not touch, and yet their metric is another one from this day on:
    /// the data before and after do not fit together. While an experiment runs, its definitions stand still.
    ///
    /// A measured value, such as a baseline, changes no more than the size that was planned; that is told for running
    /// experiments only.
    ///
    /// ```toml,bad
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// window = "2 days"
    /// #: base
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// window = "3 days"
    /// ```
    /// ```toml,bad
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: file templates/conversion-ab.toml
    /// [design]
    /// power = 0.81
    /// #: base
    /// #: file templates/conversion-ab.toml
    /// [design]
    /// power = 0.8
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// baseline = "1.1%"
    /// #: base
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// baseline = "1.2%"
    /// ```
    /// ```toml,good
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// about = "Units that sent an order back"
    /// #: base
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// about = "Refunds"
    /// ```
    static RULE = {
        code: "PRT010", name: "catalogue-change-breaks", since: "0.1.0",
        level: Error, needs: [Base, Portfolio],
        check: Portfolio(check),
    }
}

/// Keys of a definition that say what it is: another value makes it another thing.
const MEANING: [(&str, &[&str]); 8] = [
    (
        "metric",
        &[
            "kind", "direction", "unit", "event", "value", "denominator", "denominator_value", "filter", "window",
            "window_start", "quantile", "cap", "unit_of_analysis",
        ],
    ),
    ("event", &["source"]),
    ("source", &["table"]),
    ("unit", &["key", "within"]),
    ("audience", &["where", "exclude", "unit"]),
    ("layer", &["unit", "salt"]),
    ("holdout", &["share", "unit", "salt", "from", "to"]),
    ("flag", &["default"]),
];

/// Keys that say what was measured of it: another value makes another size.
const MEASURED: [(&str, &[&str]); 3] = [
    (
        "metric",
        &["baseline", "sd", "baseline_window", "dispersion", "parts", "density", "interval", "dropout", "pre_correlation", "lag"],
    ),
    ("event", &["rate"]),
    ("audience", &["daily_units", "unique_units"]),
];

/// The tables of a template that make a plan.
const PLANNED: [&str; 7] = ["variants", "audience", "exposure", "metrics", "design", "rollout", "decision"];

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let Some(base) = cx.base else { return };
    let reached = touched(&base.edits, cx.workspace, cx.portfolio);
    for (edit, entries) in base.edits.iter().zip(reached).filter(|(edit, _)| edit.fate == Fate::Changed) {
        // Who edits the spec itself has seen it.
        let entries = entries.into_iter().map(|at| &cx.portfolio.entries[at]);
        let live: Vec<&Entry> = entries.filter(|entry| entry.is_live() && !base.is_edited(&entry.path)).collect();
        let running: Vec<&Entry> = live.iter().copied().filter(|entry| entry.status == Status::Running).collect();
        let (keys, whom) = match &edit.subject {
            Subject::Definition { sort, .. } => {
                let (meaning, measured) = (among(edit, sort, &MEANING), among(edit, sort, &MEASURED));
                if meaning.is_empty() { (measured, running) } else { (meaning, live) }
            }
            Subject::Template { .. } => {
                let keys: Vec<&KeyEdit> = edit.keys.iter().filter(|key| PLANNED.contains(&root(key))).collect();
                let inherits = |entry: &&Entry| keys.iter().any(|key| is_inherited(cx, base, entry, &key.key));
                let live = live.into_par_iter().filter(inherits).collect();
                (keys, live)
            }
            Subject::Setting { .. } => continue,
        };
        if let ([first, others @ ..], false) = (keys.as_slice(), whom.is_empty()) {
            out.push(found(edit, first, others, &whom));
        }
    }
}

fn root(key: &KeyEdit) -> &str {
    key.key.split('.').next().unwrap_or_default()
}

fn among<'a>(edit: &'a SharedEdit, sort: &str, keys: &[(&str, &[&str])]) -> Vec<&'a KeyEdit> {
    let known = keys.iter().find(|(of, _)| *of == sort).map(|(_, keys)| *keys).unwrap_or_default();
    edit.keys.iter().filter(|key| known.contains(&root(key))).collect()
}

/// True when a value of the template is the spec's own as well, so that an edit of it changes the spec.
fn is_inherited(cx: &PortfolioCx<'_>, base: &Base, entry: &Entry, key: &str) -> bool {
    // Specs stand in the order of their paths.
    let Ok(at) = cx.workspace.specs.binary_search_by(|spec| spec.path.cmp(&entry.path)) else { return false };
    let Some(before) = base.before(&entry.path) else { return false };
    let now = cx.workspace.compile(&cx.workspace.specs[at]);
    match (before.tree.at_path(key), now.tree.at_path(key)) {
        (Some(before), Some(now)) => !before.same_value(now),
        (before, now) => before.is_some() != now.is_some(),
    }
}

fn found(edit: &SharedEdit, first: &KeyEdit, others: &[&KeyEdit], whom: &[&Entry]) -> Diagnostic {
    let was = |key: &KeyEdit| match &key.before {
        Some(value) => format!("`{}` was {value}", key.key),
        None => format!("there was no `{}`", key.key),
    };
    let now = |key: &KeyEdit| if key.after.is_some() { was(key) } else { format!("{}, and is gone", was(key)) };
    let place = first.span.or(edit.span).expect("what is changed is still there");
    let running = whom.iter().all(|entry| entry.status == Status::Running);
    let whose = match (whom.len(), running) {
        (1, true) => "a running experiment".to_owned(),
        (1, false) => "an experiment that is ready".to_owned(),
        (many, true) => format!("{} running experiments", count(many as f64)),
        (many, false) => format!("{} experiments under way", count(many as f64)),
    };
    let name = match edit.name().char_indices().nth(40) {
        Some((cut, _)) => format!("{}…`", &edit.name()[..cut]),
        None => edit.name(),
    };
    let mut found = RULE.at(place, format!("{name} changes under {whose}")).label(now(first));
    for key in others.iter().take(3) {
        found = found.also(key.span.unwrap_or(place), now(key));
    }
    for entry in whom.iter().take(3) {
        found = found.also(entry.span, format!("{}, planned with the old one", entry.status.word()));
    }
    if 3 < whom.len() {
        found = found.help(format!("it reaches {}", listed(whom.iter().map(|entry| &*entry.id), 8)));
    }
    let way = match &edit.subject {
        Subject::Template { .. } => "write the old value into those specs, or make a template of another name",
        _ => "define it under another name, and leave this one until they are over",
    };
    found.help(way)
}
