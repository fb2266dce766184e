//! Rules on all experiments together.

crate::rules::rule::group! {
    flag_collision,
    layer_full,
    bad_exclusion,
    excluded_and_required,
    same_surface,
    holdout_leak,
    layer_unit,
    slot_starves_power,
    queue,
    catalogue_change_breaks,
    tested_before,
    crowded,
    requires_ended,
    shared_salt,
    contact_fatigue,
}

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::portfolio::{Entry, Portfolio};
use crate::spec::Day;
use crate::text::Span;

/// More earlier experiments than this are not compared with one: a crowd says what its first members say.
const MOST_COMPARED: usize = 200;

/// Experiments that are not over, by a key, each group in the order in which they were there: live ones before drafts,
/// then by start, then by id. Groups of one are left out.
fn groups<'a, K: Ord>(
    portfolio: &'a Portfolio,
    key: impl Fn(&'a Entry) -> Vec<K>,
) -> impl Iterator<Item = (K, Vec<&'a Entry>)> {
    let mut groups: BTreeMap<K, Vec<&'a Entry>> = BTreeMap::new();
    for entry in portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        for key in key(entry) {
            groups.entry(key).or_default().push(entry);
        }
    }
    groups.into_iter().filter(|(_, group)| 1 < group.len()).map(|(key, mut group)| {
        group.sort_by(|a, b| order(a).cmp(&order(b)));
        (key, group)
    })
}

fn order(entry: &Entry) -> (bool, bool, Option<Day>, &str) {
    (!entry.is_live(), entry.start.is_none(), entry.start, &entry.id)
}

/// True when people can be in both at once, so that one flag for both is a collision.
pub(super) fn collide(a: &Entry, b: &Entry) -> bool {
    !same_id(a, b) && a.meets_in_time(b) && !a.excludes(b)
}

/// Two ids that are the same are told as such; nothing else is said of the two.
pub(super) fn same_id(a: &Entry, b: &Entry) -> bool {
    a.id == b.id
}

/// "from 2027-01-18 to 2027-02-07", the days that both run.
fn common_days(a: &Entry, b: &Entry) -> String {
    let start = a.start.max(b.start);
    let end = match (a.end, b.end) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    match (a.start.and(b.start).and(start), end) {
        (Some(start), Some(end)) => format!("both run from {start} to {end}"),
        (Some(start), None) => format!("both run from {start} on"),
        _ => "dates are missing, so both may run at once".to_owned(),
    }
}

/// Where a share of the layer is asked for: `share`, else `layer`, else the id; never a line of a template.
fn asked(entry: &Entry) -> Span {
    let own = |span: &Span| span.file == entry.file;
    let layer = || entry.layer.as_ref().map(|(_, span)| *span).filter(own);
    entry.share_span.filter(own).or_else(layer).unwrap_or(entry.span)
}

/// The share that a template gives, when the spec has none of its own.
fn inherited_share(entry: &Entry) -> Option<Span> {
    entry.share_span.filter(|span| span.file != entry.file)
}

/// The experiments by id.
fn by_id(portfolio: &Portfolio) -> BTreeMap<&str, &Entry> {
    portfolio.entries.iter().rev().map(|entry| (&*entry.id, entry)).collect()
}

/// A finding that is about one experiment.
fn about(mut found: crate::diag::Diagnostic, entry: &Entry) -> crate::diag::Diagnostic {
    found.experiment = Some(Arc::clone(&entry.id));
    // The first way out stands alone when the ones before it did not apply.
    if let Some(first) = found.help.first_mut()
        && let Some(alone) = first.strip_prefix("or ")
    {
        *first = alone.to_owned();
    }
    found
}
