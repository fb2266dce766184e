//! What the amendments of a spec say of a sealed field, and whether they still say it.
//!
//! An amendment names fields, and beside each name it keeps a mark of the value that the field has from then on
//! ([`FieldChange::mark`]). So it covers the change that it was written for and no later one of the same field. An
//! amendment without marks covers its fields for good; a rule says so.

use super::compare::{canonical_at, order};
use super::{FieldChange, What, class};
use crate::spec::{Amendment, Day, Spec};
use crate::syntax::At;
use crate::text::sha256;

/// Stands for a field that is again what was sealed.
pub const AS_SEALED: &str = "as sealed";

/// What the last amendment that names a field says of it.
#[derive(Debug, Clone, Copy)]
pub enum Cover<'a> {
    /// None names it.
    Nothing,
    /// It keeps no mark of the field: it covers whatever the field becomes.
    Open(&'a At<Amendment>),
    /// It keeps the mark of the value that the field has.
    Kept(&'a At<Amendment>),
    /// It keeps the mark of another value: the field was changed again. The name of the field in the amendment.
    Outdated(&'a At<String>),
}

impl Cover<'_> {
    /// True when no further amendment is needed.
    pub fn is_enough(self) -> bool {
        matches!(self, Cover::Open(_) | Cover::Kept(_))
    }
}

/// A field as an amendment names it, with its mark.
#[derive(Clone, Copy)]
struct Named<'a> {
    amendment: &'a At<Amendment>,
    name: &'a At<String>,
    mark: Option<&'a str>,
}

/// Every field that an amendment made on the day of the seal or later names, in the order of the spec.
///
/// What an amendment lacks is for a rule to say: one without a day counts.
fn named(sealed: Day, spec: &Spec) -> impl DoubleEndedIterator<Item = Named<'_>> {
    let all: Vec<&At<Amendment>> = spec.amendments.value().into_iter().flat_map(|list| list.iter()).collect();
    let counts = move |amendment: &&At<Amendment>| amendment.at.copied().is_none_or(|at| sealed <= at);
    let names: Vec<Named<'_>> = all
        .into_iter()
        .filter(counts)
        .flat_map(|amendment| {
            let marks = amendment.values.value().map_or(&[][..], |list| &list.items);
            let names = amendment.fields.value().map_or(&[][..], |list| &list.items);
            names.iter().enumerate().map(move |(at, name)| {
                let mark = marks.get(at).map(|mark| mark.value.trim()).filter(|mark| !mark.is_empty());
                Named { amendment, name, mark }
            })
        })
        .collect();
    names.into_iter()
}

/// What the amendments say of a field that is not what was sealed.
pub fn cover<'a>(field: &FieldChange, sealed: Day, spec: &'a Spec) -> Cover<'a> {
    let Some(last) = named(sealed, spec).rfind(|named| field.is_named_by(&named.name.value)) else {
        return Cover::Nothing;
    };
    match last.mark {
        None => Cover::Open(last.amendment),
        Some(mark) if field.is_called(&last.name.value) && mark == field.mark() => Cover::Kept(last.amendment),
        Some(_) => Cover::Outdated(last.name),
    }
}

/// Fields of the plan that an amendment changed and that are what was sealed again, which no amendment says: their
/// names in the last amendment. `change` is all that differs from the seal.
///
/// Definitions of the catalogue are not among them: one that is as it was sealed is as the seal promises.
pub fn taken_back<'a>(change: &[FieldChange], sealed: Day, spec: &'a Spec) -> Vec<&'a At<String>> {
    let all: Vec<Named<'a>> = named(sealed, spec).collect();
    let is_last = |at: usize| {
        let name = all[at].name.value.trim();
        !all[at + 1..].iter().any(|later| is_at_or_below(name, later.name.value.trim()))
    };
    let gone = all.iter().enumerate().filter(|(at, one)| {
        one.mark.is_some_and(|mark| mark != AS_SEALED)
            && !class::names_definition(&one.name.value)
            && !change.iter().any(|field| field.is_named_by(&one.name.value))
            && is_last(*at)
    });
    gone.map(|(_, one)| one.name).collect()
}

fn is_at_or_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl FieldChange {
    /// A mark of the value that the field has: the first 16 digits of the SHA-256 of its meaning. Spellings of one
    /// value have one mark.
    pub fn mark(&self) -> String {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let text = match &self.what {
            What::Removed(_) => "gone".to_owned(),
            What::Added(node) | What::Changed(_, node) => format!("is {}", canonical_at(node, &path)),
            What::Reordered(_, node) => format!("order {}", order(node)),
        };
        let mut mark = sha256(text.as_bytes());
        mark.truncate(16);
        mark
    }

    /// True when a name is the field's own, not that of a table above it.
    fn is_called(&self, name: &str) -> bool {
        let (name, dotted) = (name.trim(), self.dotted());
        name == dotted || dotted.strip_prefix("catalog.") == Some(name) || name == self.numbered
    }
}
