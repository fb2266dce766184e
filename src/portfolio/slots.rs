//! Slots in layers, day by day.
//!
//! A slot is a fixed part of a layer for the whole run of its experiment. Experiments get theirs in the order of
//! their start, each the first place that is free for all of its days, so that a later spec never moves an
//! earlier one. An author may fix the place by `audience.slot`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entry::Entry;
use crate::spec::Day;

/// A part of a layer: from, to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    pub from: f64,
    pub to: f64,
}

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
    slots: BTreeMap<Arc<str>, Slot>,
    pub overflows: Vec<Overflow>,
}

/// Shares are compared with this slack: 0.1 + 0.2 + 0.7 must fill a layer.
const SLACK: f64 = 1e-9;

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
        let mut layers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some((layer, _)) = entry.layer.as_ref().filter(|_| !entry.status.is_over()) {
                layers.entry(layer.clone()).or_default().push(index);
            }
        }
        for (layer, mut members) in layers {
            // Fixed places first, then by start, then by id: a later spec never moves an earlier one.
            members.sort_by(|&a, &b| {
                let (a, b) = (&self.entries[a], &self.entries[b]);
                let key = |entry: &Entry| (entry.wanted_slot.is_none(), entry.start.is_none(), entry.start);
                key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
            });
            let mut placed: Vec<(usize, Slot)> = Vec::new();
            for &index in &members {
                let entry = &self.entries[index];
                let met: Vec<(usize, Slot)> =
                    placed.iter().copied().filter(|(other, _)| entry.meets_in_time(&self.entries[*other])).collect();
                match free_place(entry, &met) {
                    Some(slot) => {
                        placed.push((index, slot));
                        self.slots.insert(Arc::clone(&entry.id), slot);
                    }
                    None => {
                        let others: Vec<&Entry> = met.iter().map(|&(other, _)| &self.entries[other]).collect();
                        let (day, there) = worst_day(entry, &others);
                        let sum = entry.share + there.iter().map(|other| other.share).sum::<f64>();
                        let is_there = |other: &usize| there.iter().any(|member| member.id == self.entries[*other].id);
                        let with = met.iter().map(|&(other, _)| other).filter(is_there).collect();
                        self.overflows.push(Overflow { layer: layer.clone(), entry: index, with, day, sum });
                    }
                }
            }
        }
    }
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

/// The first place of the entry's width that none of the others touches.
fn free_place(entry: &Entry, others: &[(usize, Slot)]) -> Option<Slot> {
    let fits = |from: f64| {
        let to = from + entry.share;
        to <= 1.0 + SLACK && others.iter().all(|(_, slot)| to <= slot.from + SLACK || slot.to <= from + SLACK)
    };
    let place = |from: f64| Slot { from, to: (from + entry.share).min(1.0) };
    if let Some(from) = entry.wanted_slot {
        return fits(from).then(|| place(from));
    }
    let mut starts: Vec<f64> = std::iter::once(0.0).chain(others.iter().map(|(_, slot)| slot.to)).collect();
    starts.sort_by(f64::total_cmp);
    starts.into_iter().find(|&from| fits(from)).map(place)
}
