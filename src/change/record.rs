//! Which amendments a change adds, which it takes out, and which it rewrites.
//!
//! Amendments are only ever appended: the last one that names a field is the one in force, so that their order is a
//! part of the record too. An amendment without marks may get them later, and with them the full names of its fields.

use super::{Worth, deviations};
use crate::spec::record::DataAccess;
use crate::spec::{Amendment, Day, Spec};
use crate::syntax::{At, Field, List};
use crate::text::Span;

/// An amendment without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub at: Option<Day>,
    pub by: Option<String>,
    pub reason: Option<String>,
    pub access: Option<DataAccess>,
    pub fields: Vec<String>,
    /// The marks of the fields; empty where it keeps none.
    pub marks: Vec<String>,
    /// Those of the fields that were changed in sight of the results.
    pub deviating: Vec<String>,
}

impl Recorded {
    fn of(amendment: &Amendment) -> Self {
        let texts = |list: &Field<List<String>>| -> Vec<String> {
            let items = list.value().map_or(&[][..], |list| &list.items);
            items.iter().map(|text| text.value.clone()).collect()
        };
        Self {
            at: amendment.at.copied(),
            by: amendment.by.value().cloned(),
            reason: amendment.reason.value().cloned(),
            access: amendment.data_access.copied(),
            fields: texts(&amendment.fields),
            marks: texts(&amendment.values),
            deviating: deviations(amendment).into_iter().map(|field| field.value.clone()).collect(),
        }
    }

    /// What the amendment is worth; nothing is known of one that does not say what was known.
    pub fn worth(&self) -> Option<Worth> {
        self.access.map(|_| if self.deviating.is_empty() { Worth::Amendment } else { Worth::Deviation })
    }

    /// The parts that a later text of the amendment has otherwise, in the order in which it is written.
    fn rewritten(&self, later: &Self) -> Vec<Part> {
        let gets_marks = self.marks.is_empty() && !later.marks.is_empty();
        let same_fields = self.fields == later.fields || (gets_marks && names_in_full(&self.fields, &later.fields));
        let all = [
            (Part::At, self.at == later.at),
            (Part::By, self.by == later.by),
            (Part::Reason, self.reason == later.reason),
            (Part::Access, self.access == later.access),
            (Part::Fields, same_fields),
            (Part::Values, gets_marks || self.marks == later.marks),
        ];
        all.into_iter().filter(|(_, same)| !same).map(|(part, _)| part).collect()
    }
}

/// True when the later names are those of the earlier ones or of what lies below them, and none is left out.
fn names_in_full(earlier: &[String], later: &[String]) -> bool {
    let plain = |name: &'_ str| name.trim().trim_start_matches("catalog.").to_owned();
    let is_of = |name: &String, parent: &String| {
        let (name, parent) = (plain(name), plain(parent));
        // `metrics.guardrail[1]` goes by its name in full: `metrics.guardrail.refund_rate`.
        let parent = parent.split('[').next().unwrap_or_default();
        name.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    later.iter().all(|name| earlier.iter().any(|parent| is_of(name, parent)))
        && earlier.iter().all(|parent| later.iter().any(|name| is_of(name, parent)))
}

/// A part of an amendment that does not change once it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    At,
    By,
    Reason,
    Access,
    Fields,
    Values,
}

impl Part {
    /// The key in the spec.
    pub fn key(self) -> &'static str {
        match self {
            Self::At => "at",
            Self::By => "by",
            Self::Reason => "reason",
            Self::Access => "data_access",
            Self::Fields => "fields",
            Self::Values => "values",
        }
    }

    /// Where an amendment has it; `None` where it lacks it.
    pub fn place(self, amendment: &Amendment) -> Option<Span> {
        match self {
            Self::At => amendment.at.span(),
            Self::By => amendment.by.span(),
            Self::Reason => amendment.reason.span(),
            Self::Access => amendment.data_access.span(),
            Self::Fields => amendment.fields.span(),
            Self::Values => amendment.values.span(),
        }
    }

    /// What an amendment says there, in one line; `None` where it says nothing.
    pub fn words(self, amendment: &Recorded) -> Option<String> {
        let list = |texts: &[String]| (!texts.is_empty()).then(|| texts.join(", "));
        match self {
            Self::At => amendment.at.map(|day| day.to_string()),
            Self::By => amendment.by.clone(),
            Self::Reason => amendment.reason.clone(),
            Self::Access => amendment.access.map(|access| access.to_string()),
            Self::Fields => list(&amendment.fields),
            Self::Values => list(&amendment.marks),
        }
    }
}

/// The amendments that only one side has: those that went, and those that came. An amendment that is rewritten is both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    pub gone: Vec<Recorded>,
    pub added: Vec<Recorded>,
}

impl Records {
    pub(super) fn between(before: &Spec, after: &Spec) -> Self {
        let all = |spec: &Spec| -> Vec<Recorded> { amendments(spec).map(|one| Recorded::of(one)).collect() };
        let (before, after) = (all(before), all(after));
        let kept = kept(&before, &after);
        let gone = std::iter::zip(before, &kept).filter(|(_, kept)| kept.is_none()).map(|(one, _)| one);
        let added = after.into_iter().enumerate().filter(|(at, _)| !kept.contains(&Some(*at))).map(|(_, one)| one);
        Self { gone: gone.collect(), added: added.collect() }
    }
}

/// What became of an amendment that was there, where that is more than to be followed by others.
#[derive(Debug)]
pub enum Rewriting<'a> {
    /// It is no more; with its number, from 1.
    Gone(usize, Recorded),
    /// It says something else; with what it said, and what of it is another.
    Rewritten(&'a At<Amendment>, Recorded, Vec<Part>),
    /// It has another place among those that were there, or one that came stands before it.
    Moved(&'a At<Amendment>),
}

/// The amendments of an earlier text of a spec that the later one does not keep as they were. What only changes places
/// is told once, and only where nothing else is wrong.
pub fn rewritings<'a>(before: &Spec, after: &'a Spec) -> Vec<Rewriting<'a>> {
    let then: Vec<Recorded> = amendments(before).map(|one| Recorded::of(one)).collect();
    let today: Vec<&At<Amendment>> = amendments(after).collect();
    let now: Vec<Recorded> = today.iter().map(|one| Recorded::of(one)).collect();
    let kept = kept(&then, &now);
    let mut open: Vec<usize> = (0..now.len()).filter(|at| !kept.contains(&Some(*at))).collect();
    let mut found = Vec::new();
    for (number, (one, kept)) in (1..).zip(std::iter::zip(&then, &kept)) {
        if kept.is_some() {
            continue;
        }
        // Of its six parts most are as they were.
        let near = open.iter().copied().map(|at| (at, one.rewritten(&now[at]))).min_by_key(|(_, parts)| parts.len());
        found.push(match near.filter(|(_, parts)| parts.len() <= 3) {
            Some((at, parts)) => {
                open.retain(|other| *other != at);
                Rewriting::Rewritten(today[at], one.clone(), parts)
            }
            None => Rewriting::Gone(number, one.clone()),
        });
    }
    if found.is_empty() {
        let misplaced = kept.iter().enumerate().find_map(|(at, kept)| kept.filter(|kept| *kept != at));
        found.extend(misplaced.map(|at| Rewriting::Moved(today[at])));
    }
    found
}

/// Where each amendment stands later, for those that say the same.
fn kept(before: &[Recorded], after: &[Recorded]) -> Vec<Option<usize>> {
    let mut taken = vec![false; after.len()];
    let place = |one: &Recorded| {
        let at = (0..after.len()).find(|&at| !taken[at] && one.rewritten(&after[at]).is_empty())?;
        taken[at] = true;
        Some(at)
    };
    before.iter().map(place).collect()
}

fn amendments(spec: &Spec) -> impl Iterator<Item = &At<Amendment>> {
    spec.amendments.value().into_iter().flat_map(|list| list.iter())
}
