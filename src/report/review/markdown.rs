//! A review as a comment on a pull request: a table of experiments, details folded.
//!
//! A host refuses a comment of more than 65,536 characters, so what does not fit is counted instead.

use super::{
    Reading, amendments, cut, edit_name, measures, notes, origin, people, reach, sides, status, tally, target,
};
use crate::change::{Fate, Reviewed, What, Worth, words};
use crate::text::markdown::{Table, code, html, text};

/// Characters of a whole comment; the last lines fit behind them.
const MOST: usize = 64_000;
/// Characters of the tables; the rest is for details.
const MOST_TABLES: usize = 30_000;
/// Fields of one experiment that are shown.
const MOST_FIELDS: usize = 30;

fn quote(name: &str) -> String {
    code(&cut(name, 60))
}

pub(super) fn print(reading: &Reading<'_>) -> String {
    let review = reading.review;
    let (reference, commit) = reading.base;
    let mut out = format!(
        "### What this change means for experiments\n\n{} since {} ({}): {}.\n\n",
        text(&cut(reading.workspace, 60)),
        quote(reference),
        code(commit),
        tally(review)
    );
    let rows: Vec<Vec<String>> = review.experiments.iter().map(row).collect();
    let head = ["experiment", "change", "class", "units needed", "duration", "people"];
    let left = table(&mut out, &head, rows, MOST_TABLES);
    out += &left_out(left, "experiment");
    let rows: Vec<Vec<String>> =
        review.shared.iter().map(|impact| vec![edit_name(impact, quote), reach(impact, quote)]).collect();
    let left = table(&mut out, &["shared", "reach"], rows, MOST_TABLES + MOST_TABLES / 3);
    out += &left_out(left, "shared edit");
    let mut size = out.chars().count();
    let mut left = 0;
    for one in &review.experiments {
        let block = details(one, reading.prefix);
        let length = block.chars().count();
        if MOST < size + length {
            left += 1;
            continue;
        }
        size += length;
        out += &block;
    }
    if 0 < left {
        out += &format!("The details of {left} more are left out: `expc diff` prints them.\n");
    }
    out
}

/// The rows that fit; how many do not.
fn table(out: &mut String, head: &[&str], rows: Vec<Vec<String>>, most: usize) -> usize {
    if rows.is_empty() {
        return 0;
    }
    let total = rows.len();
    let mut size = out.chars().count();
    let mut table = Table::new(head);
    let mut shown = 0;
    for row in rows {
        size += row.iter().map(|cell| cell.chars().count() + 3).sum::<usize>() + 2;
        if most < size {
            break;
        }
        table.row(row);
        shown += 1;
    }
    *out += &table.print();
    total - shown
}

fn left_out(left: usize, noun: &str) -> String {
    match left {
        0 => String::new(),
        1 => format!("1 more {noun} is left out: `expc diff` lists it.\n\n"),
        left => format!("{left} more {noun}s are left out: `expc diff` lists them.\n\n"),
    }
}

fn row(one: &Reviewed) -> Vec<String> {
    let both = one.outline.0.is_some() && one.outline.1.is_some();
    let measures = measures(one);
    let measure = |word: &str| {
        let found = measures.iter().find(|(name, _, _)| *name == word);
        found.map_or(String::new(), |(_, old, new)| sides(old.as_deref(), new.as_deref(), both))
    };
    let what = match status(one).filter(|_| one.fate != Fate::Added && one.fate != Fate::Removed) {
        Some(status) => format!("{}, {status}", one.fate.word()),
        None => one.fate.word().to_owned(),
    };
    let deviates = one.amendments.added.iter().any(|amendment| amendment.worth() == Some(Worth::Deviation));
    let what = if deviates { format!("{what}, a deviation") } else { what };
    let class = if one.change.is_empty() { String::new() } else { one.change.class().name().to_owned() };
    let people = people(one, quote).join("; ");
    vec![quote(&one.id), what, class, measure("units needed"), measure("duration"), people]
}

fn details(one: &Reviewed, prefix: &str) -> String {
    let mut lines = Vec::new();
    lines.extend(origin(one, quote));
    let both = one.outline.0.is_some() && one.outline.1.is_some();
    for (word, old, new) in measures(one) {
        lines.push(format!("{word}: {}", sides(old.as_deref(), new.as_deref(), both)));
    }
    lines.extend(people(one, quote));
    lines.extend(one.targets.iter().map(|change| target(change, quote)));
    lines.extend(amendments(one, quote));
    lines.extend(notes(one).into_iter().map(str::to_owned));
    let fields: Vec<_> = one.fields().collect();
    let mut table = Table::new(&["field", "class", "before", "after"]);
    for field in fields.iter().take(MOST_FIELDS) {
        let side = |node: Option<&crate::syntax::Node>| node.map_or_else(String::new, |node| quote(&words(node)));
        let (old, new) = match field.what {
            What::Reordered(..) => (String::new(), "another order".to_owned()),
            _ => (side(field.before()), side(field.after())),
        };
        let class = if field.foreseen { ", foreseen" } else { "" };
        table.row(vec![quote(&field.dotted()), format!("{}{class}", field.class.name()), old, new]);
    }
    let path = html(&cut(&format!("{prefix}{}", one.path), 120));
    let mut out = format!("<details><summary>{} <code>{path}</code></summary>\n\n", one.fate.word());
    for line in &lines {
        out += &format!("- {line}\n");
    }
    out.push('\n');
    if !table.is_empty() {
        out += &table.print();
    }
    if let Some(left) = fields.len().checked_sub(MOST_FIELDS).filter(|left| 0 < *left) {
        out += &format!("{left} more fields are left out.\n\n");
    }
    out + "</details>\n\n"
}
