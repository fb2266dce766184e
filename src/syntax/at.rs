//! Values with their place: [`At`], [`Field`], [`List`], [`Named`].
//!
//! These types ask the reader for the place of a value through a struct name that no one else uses, and go on
//! when a part is broken: a [`Field`] tells *absent* from *broken*, so that no rule complains about a key that
//! is there but misspelt.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::text::Span;

/// The name under which the reader hands out a value with its place.
pub(super) const PLACE: &str = "$expc::place";

/// A value and where it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A key that may be absent, broken, or set.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Field<T> {
    #[default]
    Absent,
    /// Written, but not readable: the fault is reported already.
    Broken(Span),
    Set(At<T>),
}

impl<T> Field<T> {
    pub fn get(&self) -> Option<&At<T>> {
        match self {
            Field::Set(at) => Some(at),
            _ => None,
        }
    }

    /// The value without its place.
    pub fn value(&self) -> Option<&T> {
        self.get().map(|at| &at.value)
    }

    pub fn span(&self) -> Option<Span> {
        match self {
            Field::Absent => None,
            Field::Broken(span) => Some(*span),
            Field::Set(at) => Some(at.span),
        }
    }

    /// True when nobody wrote the key; a broken value is not absent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }
}

impl<T: Copy> Field<T> {
    pub fn copied(&self) -> Option<T> {
        self.value().copied()
    }
}

impl<T: Deref> Field<T> {
    pub fn as_deref(&self) -> Option<&T::Target> {
        self.value().map(Deref::deref)
    }
}

/// A list that keeps its readable elements when one of them is broken.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T> {
    pub items: Vec<At<T>>,
    /// True when an element could not be read, so that "there are none" proves nothing.
    pub broken: bool,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), broken: false }
    }
}

impl<T> Deref for List<T> {
    type Target = [At<T>];

    fn deref(&self) -> &[At<T>] {
        &self.items
    }
}

/// A table whose keys are names that the author chose, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T> {
    pub items: Vec<(At<String>, At<T>)>,
    pub broken: bool,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { items: Vec::new(), broken: false }
    }
}

impl<T> Named<T> {
    pub fn get(&self, name: &str) -> Option<&At<T>> {
        self.items.iter().find(|(key, _)| key.value == name).map(|(_, value)| value)
    }

    /// The place of the key.
    pub fn key(&self, name: &str) -> Option<Span> {
        self.items.iter().find(|(key, _)| key.value == name).map(|(key, _)| key.span)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&At<String>, &At<T>)> {
        self.items.iter().map(|(key, value)| (key, value))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|(key, _)| key.value.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }
}

/// What the reader hands to [`PlaceVisitor`]: the place, then either the value or its (already reported) fault.
enum Placed<T> {
    Good(T, Span),
    Bad(Span),
}

struct PlaceVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PlaceVisitor<T> {
    type Value = Placed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its place")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Placed<T>, A::Error> {
        let packed: u128 = access.next_value()?;
        let span = unpack(packed);
        // The reader notes the fault before it returns the error, so nothing is lost by going on.
        Ok(access.next_value::<T>().map_or(Placed::Bad(span), |value| Placed::Good(value, span)))
    }
}

pub(super) fn pack(span: Span) -> u128 {
    (u128::from(span.file.0) << 64) | (u128::from(span.start) << 32) | u128::from(span.end)
}

fn unpack(packed: u128) -> Span {
    Span { file: crate::text::FileId((packed >> 64) as u32), start: (packed >> 32) as u32, end: packed as u32 }
}

fn placed<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Placed<T>, D::Error> {
    from.deserialize_struct(PLACE, &[], PlaceVisitor(PhantomData))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match placed(from)? {
            Placed::Good(value, span) => Ok(At { value, span }),
            Placed::Bad(_) => Err(serde::de::Error::custom(super::read::REPORTED)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match placed(from)? {
            Placed::Good(value, span) => Field::Set(At { value, span }),
            Placed::Bad(span) => Field::Broken(span),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<List<T>, A::Error> {
                let mut list = List::default();
                while let Some(item) = access.next_element::<Field<T>>()? {
                    match item {
                        Field::Set(at) => list.items.push(at),
                        _ => list.broken = true,
                    }
                }
                Ok(list)
            }
        }
        from.deserialize_seq(Items(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Named<T>, A::Error> {
                let mut named = Named::default();
                while let Some(key) = access.next_key::<At<String>>()? {
                    match access.next_value::<Field<T>>()? {
                        Field::Set(at) => named.items.push((key, at)),
                        _ => named.broken = true,
                    }
                }
                Ok(named)
            }
        }
        from.deserialize_map(Items(PhantomData))
    }
}

/// The schema of a value with its place is the schema of the value.
macro_rules! transparent {
    ($($wrapper:ident),*) => {$(
        impl<T: JsonSchema> JsonSchema for $wrapper<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }
            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }
            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )*};
}

transparent!(At, Field);

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("List_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "array", "items": items })
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Named_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "object", "additionalProperties": items })
    }
}
