//! Slots in layers, day by day.
//!
//! A slot is a fixed part of a layer for the whole run of its experiment. Experiments get theirs in the order of
//! their start, each the first place that is free for all of its days, so that a later spec never moves an
//! earlier one. An author may fix the place by `audience.slot`.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::entry::Entry;
use super::history::PastIndex;
use crate::spec::Day;

/// A part of a layer: from, to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    pub from: f64,
    pub to: f64,
}

/// Slots by the ids of their experiments.
pub type Slots = HashMap<Arc<str>, Slot>;

/// A day on which a layer has no room for an experiment.
#[derive(Debug, Clone)]
pub struct Overflow {
    pub layer: String,
    /// The experiment that does not fit: its index among the entries.
    pub entry: usize,
    /// The members that are there already.
    pub with: Vec<usize>,
    /// The first day without room; `None` when dates are missing.
    pub day: Option<Day>,
    /// All shares on that day together.
    pub sum: f64,
}

/// All experiments, in the order of their paths.
#[derive(Debug, Default)]
pub struct Portfolio {
    pub entries: Vec<Entry>,
    slots: Slots,
    pub overflows: Vec<Overflow>,
    /// Made when it is first asked for.
    pub(super) past: OnceLock<PastIndex>,
}

/// Shares are compared with this slack: 0.1 + 0.2 + 0.7 must fill a layer.
pub(super) const SLACK: f64 = 1e-9;

impl Portfolio {
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut portfolio = Self { entries, ..Self::default() };
        portfolio.place();
        portfolio
    }

    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.id == id)
    }

    /// The slot of an experiment in its layer; `None` without a layer or without room.
    pub fn slot(&self, id: &str) -> Option<Slot> {
        self.slots.get(id).copied()
    }

    /// The members of each layer that have a slot.
    pub fn layers(&self) -> BTreeMap<&str, Vec<&Entry>> {
        let mut layers: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| self.slots.contains_key(&entry.id)) {
            if let Some((layer, _)) = &entry.layer {
                layers.entry(layer).or_default().push(entry);
            }
        }
        layers
    }

    fn place(&mut self) {
        for (layer, members) in members(&self.entries, |entry| !entry.status.is_over()) {
            let (placed, refused) = fill(&self.entries, members);
            self.slots.extend(named(&self.entries, placed));
            for (index, met) in refused {
                let entry = &self.entries[index];
                let others: Vec<&Entry> = met.iter().map(|&other| &self.entries[other]).collect();
                let (day, there) = worst_day(entry, &others);
                let sum = entry.share + there.iter().map(|other| other.share).sum::<f64>();
                let there: HashSet<&str> = there.iter().map(|member| &*member.id).collect();
                let with = met.into_iter().filter(|&other| there.contains(&*self.entries[other].id)).collect();
                self.overflows.push(Overflow { layer: layer.to_owned(), entry: index, with, day, sum });
            }
        }
    }

    /// The slots of a layer when those that are over had theirs as well: by their dates, as planned. What was never
    /// recorded cannot be known better.
    pub fn past_slots(&self, layer: &str) -> Slots {
        let of_layer = |entry: &Entry| entry.layer.as_ref().is_some_and(|(name, _)| name == layer);
        let members = members(&self.entries, of_layer).remove(layer).unwrap_or_default();
        named(&self.entries, fill(&self.entries, members).0).collect()
    }
}

/// The slots that these experiments get of each other, in the order of their paths; those of a [`Portfolio`] of them.
pub fn slots_of<E: Borrow<Entry>>(entries: &[E]) -> Slots {
    let layers = members(entries, |entry| !entry.status.is_over());
    layers.into_values().flat_map(|members| named(entries, fill(entries, members).0)).collect()
}

fn named<E: Borrow<Entry>>(entries: &[E], placed: Vec<(usize, Slot)>) -> impl Iterator<Item = (Arc<str>, Slot)> {
    placed.into_iter().map(|(index, slot)| (Arc::clone(&entries[index].borrow().id), slot))
}

/// The members of each layer that are wanted, in the order in which they are given their slots: fixed places first, then
/// by start, then by id, so that a later spec never moves an earlier one.
fn members<E: Borrow<Entry>>(entries: &[E], wanted: impl Fn(&Entry) -> bool) -> BTreeMap<&str, Vec<usize>> {
    let mut layers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let all = entries.iter().map(Borrow::borrow).enumerate();
    for (index, entry) in all.filter(|(_, entry)| wanted(entry)) {
        if let Some((layer, _)) = &entry.layer {
            layers.entry(layer).or_default().push(index);
        }
    }
    for members in layers.values_mut() {
        let key = |entry: &Entry| (entry.wanted_slot.is_none(), entry.start.is_none(), entry.start);
        members.sort_by(|&a, &b| {
            let (a, b) = (entries[a].borrow(), entries[b].borrow());
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
    }
    layers
}

/// Gives each member, in order, the first place that is free for all of its days. Those without one come with the
/// members that they meet.
fn fill<E: Borrow<Entry>>(entries: &[E], members: Vec<usize>) -> (Vec<(usize, Slot)>, Vec<(usize, Vec<usize>)>) {
    let at = |index: usize| -> &Entry { entries[index].borrow() };
    let mut placed: Vec<(usize, Slot)> = Vec::with_capacity(members.len());
    let mut refused = Vec::new();
    // Members come by their start, so whoever ended before one of them meets none of the later ones. Only the fixed
    // ones, which come first, start anew: they are few.
    let mut there: Vec<(usize, Slot)> = Vec::new();
    let mut fixed = true;
    for index in members {
        let entry = at(index);
        if fixed && entry.wanted_slot.is_none() {
            fixed = false;
            there.clone_from(&placed);
        }
        match entry.start {
            Some(start) => there.retain(|&(other, _)| at(other).end.is_none_or(|end| start <= end)),
            // Whoever has no start may meet anybody: they come last, and all of them are looked at.
            None if there.len() < placed.len() => there.clone_from(&placed),
            None => {}
        }
        let met = || there.iter().filter(|(other, _)| entry.meets_in_time(at(*other)));
        match find_place(entry.wanted_slot, entry.share, met().map(|(_, slot)| *slot)) {
            Some(slot) => {
                placed.push((index, slot));
                there.push((index, slot));
            }
            None => refused.push((index, met().map(|&(other, _)| other).collect())),
        }
    }
    (placed, refused)
}

/// The day with the largest sum of shares while the experiment runs, and who is there.
pub fn worst_day<'a>(entry: &Entry, met: &[&'a Entry]) -> (Option<Day>, Vec<&'a Entry>) {
    // Sums change only where a run starts.
    let mut days: Vec<Option<Day>> = met.iter().map(|other| other.start).collect();
    days.push(entry.start);
    days.retain(|day| match (day, entry.start, entry.end) {
        (Some(day), Some(start), Some(end)) => start <= *day && *day <= end,
        _ => true,
    });
    days.sort();
    let mut worst = (entry.start, Vec::new(), 0.0);
    for day in days {
        let is_there = |other: &&&Entry| {
            day.is_none_or(|day| other.start.is_none_or(|start| start <= day) && other.end.is_none_or(|end| day <= end))
        };
        let there: Vec<&Entry> = met.iter().filter(is_there).copied().collect();
        let sum: f64 = there.iter().map(|other| other.share).sum();
        if worst.2 < sum {
            worst = (day, there, sum);
        }
    }
    (worst.0, worst.1)
}

/// The first place of a width that none of the others touches; the wanted one alone, when there is one.
pub fn find_place(wanted: Option<f64>, share: f64, others: impl Iterator<Item = Slot>) -> Option<Slot> {
    let mut others: Vec<Slot> = others.collect();
    others.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.to.total_cmp(&b.to)));
    let place = |from: f64| Slot { from, to: (from + share).min(1.0) };
    if let Some(from) = wanted {
        let to = from + share;
        let fits = to <= 1.0 + SLACK && others.iter().all(|slot| to <= slot.from + SLACK || slot.to <= from + SLACK);
        return fits.then(|| place(from));
    }
    // The end of all that begins before here: the first gap behind it that is wide enough.
    let mut from = 0.0;
    for slot in &others {
        if from + share <= slot.from + SLACK {
            break;
        }
        from = slot.to.max(from);
    }
    (from + share <= 1.0 + SLACK).then(|| place(from))
}
