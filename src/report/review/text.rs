//! A review for terminals.

use super::{
    Reading, amendments, cut, edit_name, measures, notes, origin, people, reach, sides, status, tally, target,
};
use crate::change::{Reviewed, words};
use crate::report::shown::{lines_bent, shown};

/// Fields of one experiment that are shown.
const MOST: usize = 40;

fn quote(name: &str) -> String {
    format!("`{}`", shown(&cut(name, 60)))
}

pub(super) fn print(reading: &Reading<'_>) -> String {
    let review = reading.review;
    let (reference, commit) = reading.base;
    let mut out =
        format!("{} since {} ({}): {}\n", shown(reading.workspace), quote(reference), shown(commit), tally(review));
    for one in &review.experiments {
        out += &experiment(one, reading.prefix);
    }
    if !review.shared.is_empty() {
        out += "\nshared by experiments\n";
    }
    for impact in &review.shared {
        let path = shown(&format!("{}{}", reading.prefix, impact.edit.path));
        out += &format!("  {} in {path}: {}\n", edit_name(impact, quote), reach(impact, quote));
        for key in impact.edit.keys.iter().take(MOST) {
            let side = |value: &Option<String>| value.as_deref().map_or("nothing".to_owned(), |text| cut(text, 60));
            let line = format!("{} {} → {}", cut(&key.key, 80), side(&key.before), side(&key.after));
            out += &format!("    {}\n", shown(&line));
        }
    }
    lines_bent(&out)
}

fn experiment(one: &Reviewed, prefix: &str) -> String {
    let path = shown(&format!("{prefix}{}", one.path));
    let mut out = format!("\n{} {}  {path}\n", one.fate.word(), quote(&one.id));
    let mut line = |label: &str, text: &str| out += &format!("  {label:10} {text}\n");
    if let Some(origin) = origin(one, quote) {
        line("name", &origin);
    }
    if let Some(status) = status(one) {
        line("status", &status);
    }
    let both = one.outline.0.is_some() && one.outline.1.is_some();
    for (word, old, new) in measures(one) {
        let words = format!("{word} {}", sides(old.as_deref(), new.as_deref(), both));
        line("plan", &words);
    }
    for sentence in people(one, quote) {
        line("people", &sentence);
    }
    for change in &one.targets {
        line("target", &target(change, quote));
    }
    for sentence in amendments(one, quote) {
        line("record", &sentence);
    }
    for note in notes(one) {
        line("note", note);
    }
    let fields: Vec<_> = one.fields().collect();
    for field in fields.iter().take(MOST) {
        let side = |node: Option<&crate::syntax::Node>| node.map_or_else(|| "nothing".to_owned(), words);
        let values = match field.what {
            crate::change::What::Reordered(..) => "another order".to_owned(),
            _ => format!("{} → {}", side(field.before()), side(field.after())),
        };
        let values = if field.foreseen { format!("{values}, as the plan foresees") } else { values };
        line(field.class.name(), &shown(&format!("{} {values}", cut(&field.dotted(), 120))));
    }
    if let Some(left) = fields.len().checked_sub(MOST).filter(|left| 0 < *left) {
        line("", &format!("and {left} more fields"));
    }
    out
}
