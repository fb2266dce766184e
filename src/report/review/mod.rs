//! What a change means, in the words of whoever reads it: one file a format, one line in [`REVIEW_FORMATS`].
//!
//! The sentences are here, so that all formats tell one story; a format gives the quotes in which names stand.

mod json;
mod markdown;
mod text;

use crate::change::{Fate, Impact, Movement, Outline, Recorded, Review, Reviewed, TargetChange, TargetFate, Worth};
use crate::rules::prelude::{count, days, percent, probability};
use crate::spec::Status;
use crate::spec::record::DataAccess;
use crate::text::printable;

/// A review with what names it.
#[derive(Debug)]
pub struct Reading<'a> {
    pub review: &'a Review,
    pub workspace: &'a str,
    /// The base as it was asked for, and its commit in short.
    pub base: (&'a str, &'a str),
    /// What turns a path of the workspace into one that the reader can open.
    pub prefix: &'a str,
}

/// A format: its name, and how it prints.
pub type ReviewFormat = (&'static str, fn(&Reading<'_>) -> String);

/// Every format by its name; the first is for terminals.
pub static REVIEW_FORMATS: [ReviewFormat; 3] =
    [("text", text::print), ("markdown", markdown::print), ("json", json::print)];

/// How a format quotes a name that a stranger chose.
type Quote = fn(&str) -> String;

/// A text that is cut where it floods the page.
fn cut(text: &str, most: usize) -> String {
    let shown = printable(text);
    match shown.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number as f64), if number == 1 { "" } else { "s" })
}

/// "2 changed, 1 removed of 24 experiments".
fn tally(review: &Review) -> String {
    let fates = [Fate::Added, Fate::Changed, Fate::Renamed, Fate::Touched, Fate::Removed];
    let parts: Vec<String> = fates
        .into_iter()
        .filter(|fate| review.count(*fate) != 0)
        .map(|fate| format!("{} {}", count(review.count(fate) as f64), fate.word()))
        .collect();
    let total = counted(review.total, "experiment");
    if parts.is_empty() {
        format!("no change of meaning in {total}")
    } else {
        format!("{}; {total} today", parts.join(", "))
    }
}

/// "was `old` in experiments/old.toml".
fn origin(one: &Reviewed, quote: Quote) -> Option<String> {
    match (&one.old_id, &one.old_path) {
        (None, None) => None,
        (Some(id), None) => Some(format!("was {}", quote(id))),
        (None, Some(path)) => Some(format!("was in {}", quote(path))),
        (Some(id), Some(path)) => Some(format!("was {} in {}", quote(id), quote(path))),
    }
}

fn status(one: &Reviewed) -> Option<String> {
    let (old, new) = one.status;
    let word = |status: Option<Status>| status.map(|status| status.to_string());
    arrow(word(old), word(new)).filter(|_| old != new)
}

/// "28 → 42"; one side alone when there is only one.
fn arrow(old: Option<String>, new: Option<String>) -> Option<String> {
    match (old, new) {
        (Some(old), Some(new)) if old == new => Some(new),
        (Some(old), Some(new)) => Some(format!("{old} → {new}")),
        (old, new) => new.or(old),
    }
}

/// What size and time were and are: a word for each, and both sides. With two plans only what differs.
fn measures(one: &Reviewed) -> Vec<(&'static str, Option<String>, Option<String>)> {
    type Read = fn(&Outline) -> Option<String>;
    let all: [(&'static str, Read); 7] = [
        ("units needed", |plan| plan.needed.map(count)),
        ("units available", |plan| plan.available.map(count)),
        ("power", |plan| plan.power.map(probability)),
        ("duration", |plan| (0 < plan.days).then(|| days(plan.days))),
        ("start", |plan| plan.start.map(|day| day.to_string())),
        ("end", |plan| plan.end.map(|day| day.to_string())),
        ("decision", |plan| plan.decide.map(|day| day.to_string())),
    ];
    let both = one.outline.0.is_some() && one.outline.1.is_some();
    let side = |plan: &Option<Outline>, read: Read| plan.as_ref().and_then(read);
    let read = all.into_iter().map(|(word, read)| (word, side(&one.outline.0, read), side(&one.outline.1, read)));
    read.filter(|(_, old, new)| if both { old != new } else { old.is_some() || new.is_some() }).collect()
}

/// Both sides of a measure in one cell; a dash where there is none.
fn sides(old: Option<&str>, new: Option<&str>, both: bool) -> String {
    match (old, new) {
        (old, new) if both => format!("{} → {}", old.unwrap_or("unknown"), new.unwrap_or("unknown")),
        (old, new) => new.or(old).unwrap_or_default().to_owned(),
    }
}

/// What a reader has to know of the comparison itself.
fn notes(one: &Reviewed) -> Vec<&'static str> {
    let partial = "a part cannot be read, so something may be missing here: `expc check` says what";
    let same = "the text differs, what it means does not";
    let all = [(one.is_partial, partial), (one.means_the_same() && !one.is_partial, same)];
    all.into_iter().filter(|(applies, _)| *applies).map(|(_, note)| note).collect()
}

/// Amendments that came and went, a sentence each.
fn amendments(one: &Reviewed, quote: Quote) -> Vec<String> {
    let told = |word: &str, amendment: &Recorded| {
        let kind = amendment.worth().map_or("amendment", Worth::name);
        let at = amendment.at.map_or(String::new(), |at| format!(" of {at}"));
        let by = amendment.by.as_ref().map_or(String::new(), |by| format!(" by {}", quote(by)));
        let known = amendment.access.map_or("it does not say what was known", |access| match access {
            DataAccess::NothingRun => "nothing had run",
            DataAccess::NotOpened => "no data was opened",
            DataAccess::Opened => "data was opened, no result by variant",
            DataAccess::Seen => "results by variant were seen",
        });
        format!("{word} {kind}{at}{by}, {known}: {}", named(&amendment.fields, 4, quote))
    };
    let (gone, added) = (&one.amendments.gone, &one.amendments.added);
    let gone = gone.iter().map(|amendment| told("takes out or rewrites the", amendment));
    gone.chain(added.iter().map(|amendment| told("new", amendment))).collect()
}

/// Who sees something else, a sentence each.
fn people(one: &Reviewed, quote: Quote) -> Vec<String> {
    let moved: &Movement = &one.people;
    let about = |units: Option<f64>| match units {
        Some(units) => format!("about {} units", rough(units)),
        None => "an unknown number of units".to_owned(),
    };
    match moved.served {
        (false, false) => return winner(one, quote).into_iter().collect(),
        (false, true) => return vec![format!("{} take part by the end of the plan", about(moved.planned.1))],
        (true, false) => {
            let leave = format!("{} that the plan enrols take part no more", about(moved.planned.0));
            return std::iter::once(leave).chain(winner(one, quote)).collect();
        }
        (true, true) => {}
    }
    let mut told = Vec::new();
    let by = if moved.why.is_empty() { String::new() } else { format!(", by {}", moved.why.join(" and ")) };
    let of_before = |part: f64, what: &str| {
        let whole = moved.planned.0.map_or(String::new(), |whole| format!(" of about {}", rough(whole)));
        format!("{}{whole} ({}) {what}{by}", about(moved.of_before(part)), percent(part))
    };
    if 0.0 < moved.leaves {
        told.push(of_before(moved.leaves, "drop out"));
    }
    if 0.0 < moved.switches {
        told.push(of_before(moved.switches, "move to another variant"));
    }
    if 0.0 < moved.joins {
        told.push(format!(
            "{} ({} of the new plan) join{by}",
            about(moved.of_after(moved.joins)),
            percent(moved.joins)
        ));
    }
    for (variant, part) in &moved.shows {
        told.push(format!("{} in variant {} see another payload", about(moved.of_after(*part)), quote(variant)));
    }
    let apart = moved.apart.into_iter().flat_map(|(before, after)| [(before, "earlier"), (after, "later")]);
    for (part, plan) in apart.filter_map(|(part, plan)| Some((part?, plan))) {
        let whom = match part {
            0.0 => "nobody meets".to_owned(),
            part => format!("at most {} of all units meet", percent(part)),
        };
        told.push(format!("{whom} the {plan} conditions only, by the catalogue's shares"));
    }
    told.extend(moved.unknown.iter().map(|what| format!("not counted: {what}")));
    told
}

/// What everybody gets once a winner is shipped.
fn winner(one: &Reviewed, quote: Quote) -> Option<String> {
    let plan = &one.sides.1.as_ref()?.plan;
    let shipped = plan.status.value == Status::Shipped && one.status.0 != one.status.1;
    let winner = plan.winner.as_ref().filter(|_| shipped)?;
    Some(format!("everybody who is not held out gets {}", quote(&winner.value)))
}

/// Three digits are enough for "about".
fn rough(units: f64) -> String {
    let scale = (units.abs().max(1.0).log10().floor() - 2.0).max(0.0);
    let step = 10_f64.powf(scale);
    count((units / step).round() * step)
}

/// "flagd: `checkout-one-tap` differs in targeting, 2 values".
fn target(change: &TargetChange, quote: Quote) -> String {
    let flag = quote(&change.flag);
    let what = match &change.fate {
        TargetFate::Added => format!("{flag} is served from now on"),
        TargetFate::Removed => format!("{flag} is served no more: callers get their own default"),
        TargetFate::Unknown(_) => format!("{flag} cannot be compared: `expc build` says why"),
        TargetFate::Changed => {
            let values: usize = change.parts.values().sum();
            let parts: Vec<&str> = change.parts.keys().map(String::as_str).collect();
            format!("{flag} differs in {}, {}", parts.join(" and "), counted(values, "value"))
        }
    };
    format!("{}: {what}", change.target)
}

/// "changed metric `order_conversion`", with names quoted; the word for the sort is ours.
fn edit_name(impact: &Impact, quote: Quote) -> String {
    use crate::portfolio::Subject;
    let named = match &impact.edit.subject {
        Subject::Definition { sort, name } => format!("{sort} {}", quote(name)),
        Subject::Template { name } => format!("template {}", quote(name)),
        Subject::Setting { table } => quote(&format!("[{table}]")),
    };
    format!("{named} {}", impact.edit.fate.word())
}

/// Ids, at most `most`: "`a`, `b` and 3 more".
fn named(ids: &[String], most: usize, quote: Quote) -> String {
    let shown: Vec<String> = ids.iter().take(most).map(|id| quote(id)).collect();
    match ids.len().saturating_sub(most) {
        0 => shown.join(", "),
        left => format!("{} and {} more", shown.join(", "), count(left as f64)),
    }
}

/// Whom an edit touches, and for whom that alters something.
fn reach(impact: &Impact, quote: Quote) -> String {
    const MOST: usize = 10;
    let touches = counted(impact.touches.len(), "experiment");
    match (impact.touches.is_empty(), impact.alters.is_empty()) {
        (true, _) => "touches no experiment".to_owned(),
        (_, true) => format!("touches {touches} and alters none: {}", named(&impact.touches, MOST, quote)),
        _ if impact.alters.len() == impact.touches.len() => {
            format!("touches {touches} and alters all: {}", named(&impact.alters, MOST, quote))
        }
        _ => format!(
            "touches {touches} and alters {}: {}",
            count(impact.alters.len() as f64),
            named(&impact.alters, MOST, quote)
        ),
    }
}
