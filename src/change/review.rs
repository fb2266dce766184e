//! What a change means, experiment by experiment: from the base to the workspace of today.
//!
//! [`Review::of`] compiles both sides of the specs that differ and of those that an edit of the catalogue, a template
//! or `expc.toml` touches; the others are as they were. What a flag platform makes of it is for those who print flag
//! files: they fill [`Reviewed::targets`].

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use super::{Change, FieldChange, Movement, Records};
use crate::plan::Plan;
use crate::portfolio::{
    Base, Compiled, Entry, Portfolio, SharedEdit, Slot, Slots, SpecFile, Workspace, slots_of, touched,
};
use crate::spec::{Day, Role, Status};

/// A change, from the base to today.
#[derive(Debug)]
pub struct Review {
    /// By their paths of today; those that are gone come last.
    pub experiments: Vec<Reviewed>,
    /// Edits of what experiments share, each with the ids of all that it touches.
    pub shared: Vec<Impact>,
    /// How many experiments there are today.
    pub total: usize,
}

/// One experiment that is not what it was.
#[derive(Debug)]
pub struct Reviewed {
    pub id: String,
    /// The path of today; of the base when it is gone.
    pub path: String,
    pub fate: Fate,
    /// The id of the base, where it is another.
    pub old_id: Option<String>,
    /// The path of the base, where it is another.
    pub old_path: Option<String>,
    pub status: (Option<Status>, Option<Status>),
    /// What differs in the plan, in the order in which a spec reads.
    pub change: Change,
    pub outline: (Option<Outline>, Option<Outline>),
    pub people: Movement,
    /// Amendments that came or went; none where a side is missing.
    pub amendments: Records,
    pub targets: Vec<TargetChange>,
    /// True when a part of one side could not be read, so that what is said here may lack something.
    pub is_partial: bool,
    /// Both sides, each in its slot.
    pub sides: (Option<Box<Compiled>>, Option<Box<Compiled>>),
}

/// What happened to a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Added,
    Changed,
    /// Another id or another file; it may be changed as well.
    Renamed,
    /// Its own text is as it was; something that it shares with others is not.
    Touched,
    Removed,
}

impl Fate {
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Renamed => "renamed",
            Self::Touched => "touched",
            Self::Removed => "removed",
        }
    }
}

/// Size and time of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Units of all variants that the most demanding primary claim needs; `None` without a size.
    pub needed: Option<f64>,
    /// Units of all variants that the plan gives that claim.
    pub available: Option<f64>,
    /// The power of that claim.
    pub power: Option<f64>,
    pub days: u32,
    pub start: Option<Day>,
    pub end: Option<Day>,
    pub decide: Option<Day>,
}

impl Outline {
    pub fn of(plan: &Plan) -> Self {
        let control = plan.control().map_or(0.0, |control| control.fraction);
        let whole = |units: f64| (0.0 < control).then(|| units / control).filter(|units| units.is_finite());
        let primaries = plan.sizes.iter().filter(|sized| sized.role == Role::Primary);
        let sized = primaries.filter_map(|sized| sized.result.as_ref().ok());
        let hardest = sized.max_by(|a, b| a.need.control.total_cmp(&b.need.control));
        let day = |known: &Option<crate::plan::Known<Day>>| known.as_ref().map(|day| day.value);
        Self {
            needed: hardest.and_then(|sizing| whole(sizing.need.control)).map(f64::ceil),
            available: hardest.and_then(|sizing| whole(sizing.control)).map(f64::floor),
            power: hardest.map(|sizing| sizing.power),
            days: plan.calendar.days,
            start: day(&plan.calendar.start),
            end: day(&plan.calendar.end),
            decide: day(&plan.calendar.decide),
        }
    }
}

/// What a flag platform gets for an experiment that is not what it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetChange {
    pub target: &'static str,
    /// The key of the flag, today where there is one.
    pub flag: String,
    pub fate: TargetFate,
    /// The parts of the flag that differ, each with the number of values.
    pub parts: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetFate {
    Added,
    Removed,
    Changed,
    /// One of the two sides cannot be printed: why.
    Unknown(String),
}

/// An edit of what experiments share.
#[derive(Debug)]
pub struct Impact {
    pub edit: SharedEdit,
    /// Ids of the experiments of today that it touches, in order.
    pub touches: Vec<String>,
    /// Those of them whose plan, size, people or slot is another by this change.
    pub alters: Vec<String>,
}

impl Review {
    pub fn of(today: &Workspace, base: &Base) -> Self {
        let now = portfolio_of(today);
        let touches = touched(&base.edits, today, &now);
        let specs: HashMap<&str, &SpecFile> = today.specs.iter().map(|spec| (spec.path.as_str(), spec)).collect();
        let mut wanted: BTreeSet<&str> =
            touches.iter().flatten().map(|&entry| now.entries[entry].path.as_str()).collect();
        wanted.extend(specs.keys().copied().filter(|path| base.is_edited(path)));
        let then = slots_then(base, &now, &wanted);
        let slot_then = |id: &str| then.get(id).copied();
        // A slot may move because of others.
        let moved = now.entries.iter().filter(|entry| now.slot(&entry.id) != slot_then(&entry.id));
        wanted.extend(moved.map(|entry| entry.path.as_str()));
        let one = |path: &&str| {
            let after = specs.get(*path).map(|spec| placed(today.compile(spec), |id| now.slot(id)));
            let before = base.before(path).map(|before| placed(before.clone(), slot_then));
            reviewed((&base.workspace, before), (today, after), base.is_edited(path))
        };
        let paths: Vec<&str> = wanted.into_iter().collect();
        let mut experiments: Vec<Reviewed> = paths.par_iter().filter_map(one).collect();
        let gone = base.gone().filter(|gone| gone.document.unreadable.is_none());
        let gone: Vec<Compiled> = gone.map(|gone| placed(gone.clone(), slot_then)).collect();
        experiments
            .extend(gone.into_iter().filter_map(|gone| reviewed((&base.workspace, Some(gone)), (today, None), true)));
        let altered: HashSet<&str> = experiments.iter().map(|one| one.id.as_str()).collect();
        let shared = std::iter::zip(&base.edits, touches).map(|(edit, entries)| {
            let ids: Vec<String> = entries.into_iter().map(|at| now.entries[at].id.to_string()).collect();
            let alters = ids.iter().filter(|id| altered.contains(id.as_str())).cloned().collect();
            Impact { edit: edit.clone(), touches: ids, alters }
        });
        Self { shared: shared.collect(), total: today.specs.len(), experiments }
    }

    pub fn is_empty(&self) -> bool {
        self.experiments.is_empty() && self.shared.is_empty()
    }

    /// How many experiments have a fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.experiments.iter().filter(|one| one.fate == fate).count()
    }
}

impl Reviewed {
    /// True when only the text of the file is another: layout, comments, defaults that are written out.
    pub fn means_the_same(&self) -> bool {
        let still = self.change.is_empty() && self.outline.0 == self.outline.1 && self.people.is_still();
        still && self.targets.is_empty() && self.fate == Fate::Changed
    }

    /// The fields that people read: an id that is renamed is told by its name, an amendment in words.
    pub fn fields(&self) -> impl Iterator<Item = &FieldChange> {
        let renamed = self.old_id.is_some();
        self.change.fields.iter().filter(move |field| {
            !(renamed && field.path == ["experiment", "id"]) && field.path.first().is_none_or(|key| key != "amendments")
        })
    }
}

fn entry(compiled: &Compiled, spec: &SpecFile) -> Entry {
    Entry::new(&compiled.plan, &compiled.spec, &spec.path, spec.file)
}

fn portfolio_of(today: &Workspace) -> Portfolio {
    let legible = today.specs.par_iter().filter(|spec| spec.unreadable.is_none());
    Portfolio::new(legible.map(|spec| entry(&today.compile(spec), spec).sharing(&today.shared)).collect())
}

/// The slots of the base. Who is not among `differ` was there as today.
fn slots_then(base: &Base, now: &Portfolio, differ: &BTreeSet<&str>) -> Slots {
    let known: HashMap<&str, &Entry> = now.entries.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    let specs: Vec<(&SpecFile, Option<&str>)> = base.specs().filter(|(spec, _)| spec.unreadable.is_none()).collect();
    let gone: HashMap<&str, &Compiled> = base.gone().map(|gone| (gone.document.path.as_str(), gone)).collect();
    let one = |(spec, path): &(&SpecFile, Option<&str>)| match path {
        Some(path) if !differ.contains(path) => known.get(path).map(|entry| Cow::Borrowed(*entry)),
        Some(path) => base.before(path).map(|before| Cow::Owned(entry(before, spec))),
        None => gone.get(spec.path.as_str()).map(|before| Cow::Owned(entry(before, spec))),
    };
    let entries: Vec<Cow<'_, Entry>> = specs.par_iter().filter_map(one).collect();
    slots_of(&entries)
}

fn placed(mut compiled: Compiled, slot: impl Fn(&str) -> Option<Slot>) -> Compiled {
    let slot = slot(&compiled.plan.id);
    compiled.plan.place(slot.map(|slot| (slot.from, slot.to)));
    compiled
}

/// `None` when both sides mean the same and nobody touched the spec itself.
fn reviewed(
    before: (&Workspace, Option<Compiled>),
    after: (&Workspace, Option<Compiled>),
    is_edited: bool,
) -> Option<Reviewed> {
    let (old, new) = (before.1, after.1);
    let terms = |workspace: &Workspace, one: &Compiled| workspace.terms(&one.plan, &one.tree);
    let change = match (&old, &new) {
        (Some(old), Some(new)) => Change::between(&terms(before.0, old), &terms(after.0, new)),
        _ => Change::default(),
    };
    let shown = new.as_ref().or(old.as_ref())?;
    let id = |one: &Option<Compiled>| one.as_ref().map(|one| one.plan.id.to_string());
    let path = |one: &Option<Compiled>| one.as_ref().map(|one| one.document.path.clone());
    let other = |old: Option<String>, new: &str| old.filter(|old| new != old);
    let (shown_id, shown_path) = (shown.plan.id.to_string(), shown.document.path.clone());
    let (old_id, old_path) = (other(id(&old), &shown_id), other(path(&old), &shown_path));
    let outline = |one: &Option<Compiled>| one.as_ref().map(|one| Outline::of(&one.plan));
    let outline = (outline(&old), outline(&new));
    let people =
        Movement::between(old.as_ref().map(|one| &one.plan), new.as_ref().map(|one| &one.plan), &after.0.catalog);
    let amendments = match (&old, &new) {
        (Some(old), Some(new)) => Records::between(&old.spec, &new.spec),
        _ => Records::default(),
    };
    let fate = match (&old, &new) {
        (None, _) => Fate::Added,
        (_, None) => Fate::Removed,
        _ if old_id.is_some() || old_path.is_some() => Fate::Renamed,
        _ if is_edited => Fate::Changed,
        _ => Fate::Touched,
    };
    let still = change.is_empty() && outline.0 == outline.1 && people.is_still();
    if fate == Fate::Touched && still {
        return None;
    }
    let damaged = |one: &Option<Compiled>| {
        one.as_ref().is_some_and(|one| one.document.is_damaged() || !one.document.faults.is_empty() || one.is_cut_off)
    };
    Some(Reviewed {
        id: shown_id,
        path: shown_path,
        fate,
        old_id,
        old_path,
        status: (old.as_ref().map(|one| one.plan.status.value), new.as_ref().map(|one| one.plan.status.value)),
        change,
        outline,
        people,
        amendments,
        targets: Vec::new(),
        is_partial: damaged(&old) || damaged(&new),
        sides: (old.map(Box::new), new.map(Box::new)),
    })
}
