//! All experiments through time: where they get in each other's way, and what room is left.
//!
//! Everything here is a sweep over the days on which something changes: a run starts, a stage begins, a run ends. Between
//! two such days nothing moves, so no day is looked at twice, and ten thousand experiments cost about n log n.
//! Start at [`Portfolio::conflicts`] and [`Portfolio::room`].

use std::collections::{BTreeMap, HashMap};

use super::entry::Entry;
use super::slots::{Portfolio, SLACK};
use crate::spec::Day;

/// Days from the first to the last, both inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days {
    pub first: Day,
    pub last: Day,
}

impl Days {
    /// How many there are.
    pub fn count(self) -> u32 {
        u32::try_from(self.first.until(self.last) + 1).unwrap_or(0)
    }

    /// The days in both.
    pub fn and(self, other: Days) -> Option<Days> {
        let both = Days { first: self.first.max(other.first), last: self.last.min(other.last) };
        (both.first <= both.last).then_some(both)
    }
}

/// How two or more experiments get in each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictKind {
    /// The shares of a layer exceed it.
    Full,
    /// The layer has room, but not in one place, or not in the place that is asked for.
    Scattered,
    /// Both set one flag for the same people.
    Flag,
    /// Both judge one metric on one surface, with the same people.
    Metric,
    /// What it requires does not run.
    Requires,
}

/// Experiments that get in each other's way, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    pub kind: ConflictKind,
    /// Who comes later: its index among the entries.
    pub entry: usize,
    /// Whom it meets.
    pub with: Vec<usize>,
    /// The layer, flag, metric or experiment that it is about.
    pub about: String,
    /// The days, in order and apart from each other; empty when dates are missing.
    pub days: Vec<Days>,
    /// Units that are in both, or for whom there is no room; `None` when nobody knows how many come.
    pub units: Option<f64>,
}

/// The part of a layer that is taken, over days on which it stays the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    pub days: Days,
    /// The slots of all that run.
    pub share: f64,
    pub experiments: usize,
}

impl Entry {
    /// The days of its run, when they are known.
    pub fn run(&self) -> Option<Days> {
        let days = Days { first: self.start?, last: self.end? };
        (days.first <= days.last).then_some(days)
    }

    /// Its stages on days, each with the part of the eligible units that takes part. The last one lasts to the end.
    pub fn staged(&self) -> Vec<(Days, f64)> {
        let Some(run) = self.run() else { return Vec::new() };
        let mut first = run.first;
        let mut staged = Vec::with_capacity(self.stages.len());
        for (index, &(share, days)) in self.stages.iter().enumerate() {
            let is_last = index + 1 == self.stages.len();
            let last = if is_last { run.last } else { first.plus(days.max(1) - 1).min(run.last) };
            if first <= last && 0 < days.max(u32::from(is_last)) {
                staged.push((Days { first, last }, share));
                first = last.plus(1);
            }
        }
        if self.stages.is_empty() {
            staged.push((run, self.share));
        }
        staged
    }

    /// The part of the eligible units that takes part on a day.
    pub fn share_on(&self, day: Day) -> f64 {
        let on = self.staged().into_iter().find(|(days, _)| days.first <= day && day <= days.last);
        on.map_or(0.0, |(_, share)| share)
    }

    /// True when no unit can be in both: one layer, a declared exclusion, or audiences that cannot meet.
    pub fn excludes(&self, other: &Entry) -> bool {
        let names = |from: &Entry, to: &Entry| from.excludes.iter().any(|id| *id.value == *to.id);
        let one_layer = matches!((&self.layer, &other.layer), (Some((own, _)), Some((theirs, _))) if own == theirs);
        one_layer || names(self, other) || names(other, self) || self.is_apart_from(other)
    }

    /// True when no unit meets the conditions of both.
    pub fn is_apart_from(&self, other: &Entry) -> bool {
        let conditions = self.conditions.iter().chain(other.conditions.iter());
        crate::plan::clash(conditions, self.exclusions.iter().chain(other.exclusions.iter())).is_some()
    }

    /// Units that come on the days that both run and are in both, when two hashes that know nothing of each other pick
    /// them; `None` when nobody knows how many come.
    fn units_with(&self, other: &Entry) -> Option<f64> {
        let daily = self.daily_units?.min(other.daily_units?);
        let (own, theirs) = (self.staged(), other.staged());
        let mut sum = 0.0;
        for (days, share) in &own {
            for (others, with) in &theirs {
                if let Some(both) = days.and(*others) {
                    sum += share * with * f64::from(both.count());
                }
            }
        }
        Some(sum * daily)
    }
}

impl Portfolio {
    /// Every conflict among the experiments that are not over, by kind, then by the later of the two.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = self.without_room();
        self.pairs(&mut conflicts, ConflictKind::Flag, |entry| vec![entry.flag.clone()]);
        self.pairs(&mut conflicts, ConflictKind::Metric, |entry| {
            let surface = entry.surface.as_ref().map(|(name, _)| name);
            let named =
                |metric: &crate::syntax::At<String>| surface.map(|surface| format!("{} on {surface}", metric.value));
            entry.primaries.iter().filter_map(named).collect()
        });
        self.unmet_requirements(&mut conflicts);
        conflicts.sort_by(|a, b| (a.kind, a.entry, &a.about, &a.with).cmp(&(b.kind, b.entry, &b.about, &b.with)));
        conflicts
    }

    /// Members of layers that have no slot.
    fn without_room(&self) -> Vec<Conflict> {
        let mut places: HashMap<&str, Members> = HashMap::new();
        if !self.overflows.is_empty() {
            for (index, entry) in self.entries.iter().enumerate() {
                if let (Some((layer, _)), Some(_)) = (&entry.layer, self.slot(&entry.id)) {
                    places.entry(layer).or_default().push(index, entry.run());
                }
            }
        }
        places.values_mut().for_each(|members| members.dated.sort());
        let conflict = |overflow: &super::Overflow| {
            let entry = &self.entries[overflow.entry];
            let near = places.get(overflow.layer.as_str()).map(|members| members.near(entry.run())).unwrap_or_default();
            let met: Vec<usize> = near.into_iter().filter(|&other| entry.meets_in_time(&self.entries[other])).collect();
            let mut days = Vec::new();
            let mut units = entry.daily_units.map(|_| 0.0);
            let taken = entry.run().map(|run| taken(met.iter().map(|&other| &self.entries[other]), run));
            for part in taken.iter().flatten() {
                let missing = entry.share + part.share - 1.0;
                if SLACK < missing {
                    join(&mut days, part.days);
                    let lost = missing.min(entry.share) * f64::from(part.days.count());
                    units = units.zip(entry.daily_units).map(|(sum, daily)| sum + lost * daily);
                }
            }
            // Those that came later took room as well.
            let is_full = if taken.is_some() { !days.is_empty() } else { 1.0 + SLACK < overflow.sum };
            let wanted = |other: &usize| {
                let Some(from) = entry.wanted_slot else { return true };
                let slot = self.slot(&self.entries[*other].id);
                slot.is_some_and(|slot| slot.from + SLACK < from + entry.share && from + SLACK < slot.to)
            };
            let mut with: Vec<usize> = met;
            if is_full && !days.is_empty() {
                let there = |other: &usize| {
                    let run = self.entries[*other].run();
                    run.is_none_or(|run| days.iter().any(|days| days.and(run).is_some()))
                };
                with.retain(there);
            } else if !is_full {
                with.retain(wanted);
                units = None;
                let run = entry.run();
                let mut both: Vec<Days> =
                    with.iter().filter_map(|&other| run?.and(self.entries[other].run()?)).collect();
                both.sort();
                days = both.into_iter().fold(Vec::new(), |mut joined, next| {
                    join(&mut joined, next);
                    joined
                });
            }
            let kind = if is_full { ConflictKind::Full } else { ConflictKind::Scattered };
            Conflict { kind, entry: overflow.entry, with, about: overflow.layer.clone(), days, units }
        };
        self.overflows.iter().map(conflict).collect()
    }

    /// Two that share a key, run on a common day, and do not exclude each other.
    fn pairs(&self, conflicts: &mut Vec<Conflict>, kind: ConflictKind, keys: impl Fn(&Entry) -> Vec<String>) {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate().filter(|(_, entry)| !entry.status.is_over()) {
            let mut own = keys(entry);
            own.sort();
            own.dedup();
            for key in own {
                groups.entry(key).or_default().push(index);
            }
        }
        for (about, mut group) in groups.into_iter().filter(|(_, group)| 1 < group.len()) {
            // By their start; those without one meet everybody, and come last.
            group.sort_by_key(|&index| (self.entries[index].start.is_none(), self.entries[index].start, index));
            let mut there: Vec<usize> = Vec::new();
            let mut all: Vec<usize> = Vec::new();
            for index in group {
                let entry = &self.entries[index];
                match entry.start {
                    Some(start) => there.retain(|&other| self.entries[other].end.is_none_or(|end| start <= end)),
                    None => there.clone_from(&all),
                }
                for &other in &there {
                    let earlier = &self.entries[other];
                    // One flag for both is the graver matter.
                    let told = kind == ConflictKind::Metric && earlier.flag == entry.flag;
                    if told || earlier.id == entry.id || !earlier.meets_in_time(entry) || earlier.excludes(entry) {
                        continue;
                    }
                    let both = entry.run().and_then(|run| run.and(earlier.run()?));
                    conflicts.push(Conflict {
                        kind,
                        entry: index,
                        with: vec![other],
                        about: about.clone(),
                        days: both.into_iter().collect(),
                        units: both.and_then(|_| entry.units_with(earlier)),
                    });
                }
                there.push(index);
                all.push(index);
            }
        }
    }

    fn unmet_requirements(&self, conflicts: &mut Vec<Conflict>) {
        let by_id: HashMap<&str, usize> =
            self.entries.iter().enumerate().rev().map(|(index, entry)| (&*entry.id, index)).collect();
        for (index, entry) in self.entries.iter().enumerate().filter(|(_, entry)| !entry.status.is_over()) {
            for required in &entry.requires {
                let Some(&other) = by_id.get(required.value.as_str()).filter(|other| **other != index) else {
                    continue;
                };
                let gone = self.entries[other].status.is_over();
                let (Some(run), theirs) = (entry.run(), self.entries[other].run()) else { continue };
                if theirs.is_none() && !gone {
                    continue;
                }
                let mut days = Vec::new();
                match theirs.filter(|_| !gone) {
                    Some(theirs) => {
                        if run.first < theirs.first {
                            days.push(Days { first: run.first, last: run.last.min(before(theirs.first)) });
                        }
                        if theirs.last < run.last {
                            join(&mut days, Days { first: run.first.max(theirs.last.plus(1)), last: run.last });
                        }
                    }
                    None => days.push(run),
                }
                if days.is_empty() {
                    continue;
                }
                let lost: f64 = entry
                    .staged()
                    .iter()
                    .flat_map(|(stage, share)| days.iter().filter_map(move |days| Some((days.and(*stage)?, share))))
                    .map(|(days, share)| share * f64::from(days.count()))
                    .sum();
                conflicts.push(Conflict {
                    kind: ConflictKind::Requires,
                    entry: index,
                    with: vec![other],
                    about: required.value.clone(),
                    days,
                    units: entry.daily_units.map(|daily| lost * daily),
                });
            }
        }
    }

    /// How much of each layer is taken on each of these days, by slots that were given.
    pub fn room(&self, during: Days) -> BTreeMap<&str, Vec<Taken>> {
        self.layers().into_iter().map(|(layer, members)| (layer, taken(members.into_iter(), during))).collect()
    }
}

/// The members of a layer, by the first day of their run.
#[derive(Default)]
struct Members {
    dated: Vec<(Day, usize)>,
    undated: Vec<usize>,
    /// Days of the longest run: whoever began earlier than that before a day is over on it.
    longest: u32,
}

impl Members {
    fn push(&mut self, index: usize, run: Option<Days>) {
        match run {
            Some(run) => {
                self.dated.push((run.first, index));
                self.longest = self.longest.max(run.count());
            }
            None => self.undated.push(index),
        }
    }

    /// All that may run on one of the days, in the order of the entries.
    fn near(&self, run: Option<Days>) -> Vec<usize> {
        let dated = match run {
            Some(run) => {
                let earliest = Day(run.first.0.saturating_sub(jiff::Span::new().days(i64::from(self.longest))));
                let from = self.dated.partition_point(|(day, _)| *day < earliest);
                let to = self.dated.partition_point(|(day, _)| *day <= run.last);
                &self.dated[from..to]
            }
            None => &self.dated[..],
        };
        let mut near: Vec<usize> = dated.iter().map(|(_, index)| *index).chain(self.undated.iter().copied()).collect();
        near.sort_unstable();
        near
    }
}

/// The sum of shares over days, cut where it changes. Whoever has no start or no end is there before or behind.
pub fn taken<'a>(members: impl Iterator<Item = &'a Entry>, during: Days) -> Vec<Taken> {
    let mut changes: Vec<(Day, bool, f64)> = Vec::new();
    for member in members {
        let first = member.start.unwrap_or(during.first).max(during.first);
        let last = member.end.unwrap_or(during.last).min(during.last);
        if first <= last {
            changes.push((first, true, member.share));
            changes.push((last.plus(1), false, member.share));
        }
    }
    changes.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)));
    let mut parts = Vec::new();
    let (mut from, mut sum, mut experiments) = (during.first, 0.0, 0_usize);
    let mut changes = changes.into_iter().peekable();
    while from <= during.last {
        while let Some((_, comes, share)) = changes.next_if(|(day, _, _)| *day <= from) {
            (sum, experiments) = if comes { (sum + share, experiments + 1) } else { (sum - share, experiments - 1) };
        }
        // An empty layer is empty, whatever the rounding of those who left.
        if experiments == 0 {
            sum = 0.0;
        }
        let next = changes.peek().map_or(during.last.plus(1), |(day, _, _)| *day);
        let last = before(next).min(during.last);
        parts.push(Taken { days: Days { first: from, last }, share: sum, experiments });
        if last == during.last {
            break;
        }
        from = next;
    }
    parts
}

/// Adds days behind those that are there already; touching ones become one.
fn join(days: &mut Vec<Days>, next: Days) {
    match days.last_mut() {
        Some(last) if next.first <= last.last.plus(1) => last.last = last.last.max(next.last),
        _ => days.push(next),
    }
}

/// The day before.
pub fn before(day: Day) -> Day {
    Day(day.0.yesterday().unwrap_or(jiff::civil::Date::MIN))
}
