//! Tree to typed structs: a serde deserializer that collects faults instead of stopping at the first.
//!
//! Unknown keys are noted and passed over; a broken value is noted once, and the [`Field`](super::Field) that
//! holds it says *broken*. Values know their place through [`super::At`].

use std::cell::RefCell;
use std::fmt;

use serde::de::value::{StrDeserializer, U128Deserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

use super::at::{PLACE, pack};
use super::node::{Entry, Node, Table, Value};
use crate::text::{Span, nearest};

/// The text of an error whose fault is in the list already.
pub(super) const REPORTED: &str = "$expc::reported";

/// The name of a struct that may also be written as one word: its visitor gets the text instead of the table.
pub(crate) const SHORT: &str = "$expc::short";

/// A key or type fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub span: Span,
    /// The dotted path of the value or, for keys, of the table that holds them: `metrics.primary[0]`.
    pub path: String,
    pub kind: FaultKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// A key that its table does not know, and the one that was surely meant.
    UnknownKey { key: String, known: &'static [&'static str], meant: Option<&'static str> },
    /// A word that is not among the choices.
    UnknownWord { found: String, known: &'static [&'static str] },
    /// A value of another type.
    WrongType { found: String, expected: String },
    /// A value of the right type that its unit or range refuses; the text is for people.
    BadValue { text: String },
    /// A key without which the table means nothing.
    MissingKey { key: &'static str },
}

/// Reads a whole tree. The value is there even when faults are: what was broken is marked.
pub fn read<T: de::DeserializeOwned + Default>(root: &Node) -> (T, Vec<Fault>) {
    let faults = RefCell::new(Vec::new());
    let reader = Reader { node: root, path: &Path::Root, faults: &faults };
    let value = match T::deserialize(reader) {
        Ok(value) => value,
        Err(error) => {
            note(&faults, error, root.span, &Path::Root);
            T::default()
        }
    };
    let mut faults = faults.into_inner();
    faults.sort_by(|a, b| (a.span, &a.path).cmp(&(b.span, &b.path)));
    (value, faults)
}

/// Where the reader is, as a list of steps that ends at the root; costs nothing until a fault prints it.
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Key(Path::Root, key) => f.write_str(key),
            Path::Key(parent, key) => write!(f, "{parent}.{key}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[derive(Debug)]
enum Error {
    Reported,
    Kind(FaultKind),
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Self {
        let text = text.to_string();
        if text == REPORTED { Error::Reported } else { Error::Kind(FaultKind::BadValue { text }) }
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Str(_) => "a string".to_owned(),
            de::Unexpected::Signed(_) | de::Unexpected::Unsigned(_) => "an integer".to_owned(),
            de::Unexpected::Float(_) => "a decimal number".to_owned(),
            de::Unexpected::Bool(_) => "a boolean".to_owned(),
            de::Unexpected::Seq => "a list".to_owned(),
            de::Unexpected::Map => "a table".to_owned(),
            // Only dates pass as one, see `deserialize_any`.
            de::Unexpected::NewtypeStruct => "a date".to_owned(),
            other => other.to_string(),
        };
        Error::Kind(FaultKind::WrongType { found, expected: expected.to_string() })
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Signed(number) => number.to_string(),
            de::Unexpected::Unsigned(number) => number.to_string(),
            de::Unexpected::Float(number) => number.to_string(),
            other => other.to_string(),
        };
        Error::Kind(FaultKind::WrongType { found, expected: expected.to_string() })
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Error::Kind(FaultKind::UnknownWord { found: found.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Error::Kind(FaultKind::MissingKey { key })
    }
}

type Faults = RefCell<Vec<Fault>>;

fn note(faults: &Faults, error: Error, span: Span, path: &Path<'_>) {
    if let Error::Kind(kind) = error {
        faults.borrow_mut().push(Fault { span, path: path.to_string(), kind });
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    node: &'a Node,
    path: &'a Path<'a>,
    faults: &'a Faults,
}

impl Reader<'_> {
    /// The error of a visitor, noted with the place of this value.
    fn noted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| {
            note(self.faults, error, self.node.span, self.path);
            Error::Reported
        })
    }

    fn wrong<T>(&self, expected: &str) -> Result<T, Error> {
        let found = self.node.value.kind().to_owned();
        self.noted(Err(Error::Kind(FaultKind::WrongType { found, expected: expected.to_owned() })))
    }
}

impl<'de, 'a> Deserializer<'de> for Reader<'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let result = match &self.node.value {
            Value::String(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(flag) => visitor.visit_bool(*flag),
            // Dates pass as the text that the visitor of a date understands; plain strings refuse it below.
            Value::Datetime(date) => visitor.visit_newtype_struct(date.to_string().into_deserializer()),
            Value::Array(items) => visitor.visit_seq(Items { reader: self, items, next: 0 }),
            Value::Table(table) => visitor.visit_map(Entries::new(self, table, None)),
        };
        self.noted(result)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::String(_) => self.deserialize_any(visitor),
            _ => self.wrong("a string"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Array(_) => self.deserialize_any(visitor),
            _ => self.wrong("a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Table(_) => self.deserialize_any(visitor),
            _ => self.wrong("a table"),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == PLACE {
            return visitor.visit_map(Place { reader: self, given: false });
        }
        match &self.node.value {
            Value::Table(table) => self.noted(visitor.visit_map(Entries::new(self, table, Some(known)))),
            Value::String(text) if name == SHORT => self.noted(visitor.visit_str(text)),
            _ if name == SHORT => self.wrong("a string or a table"),
            _ => self.wrong("a table"),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::String(text) => {
                let word: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
                self.noted(visitor.visit_enum(word))
            }
            _ => self.wrong("a string"),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char
        bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// Hands out the place of a value, then the value.
struct Place<'a> {
    reader: Reader<'a>,
    given: bool,
}

impl<'de> de::MapAccess<'de> for Place<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, Error> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        if self.given {
            let result = seed.deserialize(self.reader);
            return self.reader.noted(result);
        }
        self.given = true;
        seed.deserialize(U128Deserializer::<Error>::new(pack(self.reader.node.span)))
    }
}

struct Items<'a> {
    reader: Reader<'a>,
    items: &'a [Node],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.items.get(self.next) else { return Ok(None) };
        let path = Path::Index(self.reader.path, self.next);
        self.next += 1;
        let reader = Reader { node, path: &path, faults: self.reader.faults };
        reader.noted(seed.deserialize(reader)).map(Some)
    }
}

struct Entries<'a> {
    reader: Reader<'a>,
    table: &'a Table,
    next: usize,
    /// The keys of a struct; `None` for tables whose keys are names.
    known: Option<&'static [&'static str]>,
    /// What misspelt keys were surely meant to be: read under their right name, so that one slip has one finding.
    meant: Vec<&'static str>,
}

impl<'a> Entries<'a> {
    fn new(reader: Reader<'a>, table: &'a Table, known: Option<&'static [&'static str]>) -> Self {
        Self { reader, table, next: 0, known, meant: Vec::new() }
    }

    /// The known key that an unknown one was surely meant to be: near, and not written beside it.
    fn meant_by(&self, key: &str, known: &'static [&'static str]) -> Option<&'static str> {
        let free = known.iter().copied().filter(|name| self.table.get(name).is_none() && !self.meant.contains(name));
        nearest(key, free)
    }

    fn current(&self) -> Option<&'a Entry> {
        self.table.entries.get(self.next)
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some(entry) = self.current() {
            if let Some(known) = self.known.filter(|known| !known.contains(&entry.key.as_str())) {
                let meant = self.meant_by(&entry.key, known);
                let kind = FaultKind::UnknownKey { key: entry.key.clone(), known, meant };
                note(self.reader.faults, Error::Kind(kind), entry.key_span, self.reader.path);
                if let Some(name) = meant {
                    self.meant.push(name);
                    return seed.deserialize(name.into_deserializer()).map(Some);
                }
                self.next += 1;
                continue;
            }
            return seed.deserialize(Key { entry }).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some(entry) = self.current() else { return Err(de::Error::custom("a value was asked for before its key")) };
        self.next += 1;
        let path = Path::Key(self.reader.path, &entry.key);
        let reader = Reader { node: &entry.node, path: &path, faults: self.reader.faults };
        reader.noted(seed.deserialize(reader))
    }
}

/// A key: text, or text with its place.
struct Key<'a> {
    entry: &'a Entry,
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&self.entry.key)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(KeyPlace { entry: self.entry, given: false })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string option newtype_struct seq map enum
        bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct KeyPlace<'a> {
    entry: &'a Entry,
    given: bool,
}

impl<'de> de::MapAccess<'de> for KeyPlace<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, Error> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        if self.given {
            return seed.deserialize(Key { entry: self.entry });
        }
        self.given = true;
        seed.deserialize(U128Deserializer::<Error>::new(pack(self.entry.key_span)))
    }
}

/// The keys that a struct knows, as serde sees them.
pub fn keys_of<T: de::DeserializeOwned>() -> &'static [&'static str] {
    /// Catches the list that a struct hands to its deserializer.
    struct Catch<'a>(&'a std::cell::Cell<&'static [&'static str]>);

    impl<'de> Deserializer<'de> for Catch<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::Reported)
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            known: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Error> {
            self.0.set(known);
            Err(Error::Reported)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string option newtype_struct seq map enum
            bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
        }
    }

    let caught: std::cell::Cell<&'static [&'static str]> = std::cell::Cell::new(&[]);
    // The error is the way out; the keys are caught by then.
    let _ = T::deserialize(Catch(&caught));
    caught.get()
}
