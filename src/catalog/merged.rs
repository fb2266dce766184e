//! All catalogue files as one.

use std::collections::BTreeMap;

use super::definitions::*;
use crate::spec::{At, Field, Named};
use crate::text::Span;

/// Definitions of one sort by name, each with the place of its name.
#[derive(Debug, Clone)]
pub struct Entries<T> {
    items: BTreeMap<String, (Span, At<T>)>,
    /// True when one could not be read, so that "there is none" proves nothing.
    pub broken: bool,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), broken: false }
    }
}

impl<T> Entries<T> {
    pub fn get(&self, name: &str) -> Option<&At<T>> {
        self.items.get(name).map(|(_, entry)| entry)
    }

    /// The place of the name.
    pub fn key(&self, name: &str) -> Option<Span> {
        self.items.get(name).map(|(span, _)| *span)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.items.keys().map(String::as_str)
    }

    /// Name, place of the name, definition; by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Span, &At<T>)> {
        self.items.iter().map(|(name, (span, entry))| (name.as_str(), *span, entry))
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }
}

/// A name that is defined twice.
#[derive(Debug, Clone)]
pub struct Clash {
    /// "metric", "layer" …
    pub sort: &'static str,
    pub name: String,
    pub first: Span,
    pub second: Span,
}

macro_rules! catalog {
    ($($field:ident: $type:ty, $sort:literal;)*) => {
        /// Everything that experiments may refer to.
        #[derive(Debug, Clone, Default)]
        pub struct Catalog {
            $(pub $field: Entries<$type>,)*
            pub clashes: Vec<Clash>,
        }

        impl Catalog {
            /// Marks every sort as incomplete: a file could not be read to its end.
            pub fn damage(&mut self) {
                $(self.$field.broken = true;)*
            }

            /// Puts definitions in the place of those with their names.
            pub fn replace(&mut self, other: CatalogFile) {
                $(
                    if let Field::Set(At { value: Named { items, .. }, .. }) = other.$field {
                        for (name, entry) in items {
                            self.$field.items.insert(name.value, (name.span, entry));
                        }
                    }
                )*
            }

            /// Adds the definitions of a file; the first of two equal names stays.
            pub fn add(&mut self, file: CatalogFile) {
                $(
                    match file.$field {
                        Field::Set(At { value: Named { items, broken }, .. }) => {
                            self.$field.broken |= broken;
                            for (name, entry) in items {
                                if let Some((first, _)) = self.$field.items.get(&name.value) {
                                    self.clashes.push(Clash {
                                        sort: $sort,
                                        name: name.value,
                                        first: *first,
                                        second: name.span,
                                    });
                                    continue;
                                }
                                self.$field.items.insert(name.value, (name.span, entry));
                            }
                        }
                        Field::Broken(_) => self.$field.broken = true,
                        Field::Absent => {}
                    }
                )*
            }
        }
    };
}

catalog! {
    metrics: Metric, "metric";
    events: Event, "event";
    sources: SourceTable, "source";
    attributes: Attribute, "attribute";
    units: RandomUnit, "unit";
    audiences: NamedAudience, "audience";
    layers: Layer, "layer";
    holdouts: Holdout, "holdout";
    flags: Flag, "flag";
    owners: Owner, "owner";
    objectives: Objective, "objective";
    surfaces: Surface, "surface";
    calendar: CalendarEntry, "calendar entry";
}
