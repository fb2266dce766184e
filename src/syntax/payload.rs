//! Free-form values inside typed specs: read back into located nodes.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::at::{At, Field};
use super::node::{Entry, Node, Table, Value};

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Boolean(flag))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Value::Datetime).map_err(serde::de::Error::custom)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<At<Value>>()? {
            items.push(Node { value: item.value, span: item.span });
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<At<String>>()? {
            let item = access.next_value::<At<Value>>()?;
            entries.push(Entry {
                key: key.value,
                key_span: key.span,
                node: Node { value: item.value, span: item.span },
            });
        }
        Ok(Value::Table(Table { entries }))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any)
    }
}

/// Reads a field that holds a table of free values, for `deserialize_with`: anything else is a fault.
pub fn table_of_values<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Value>, D::Error> {
    struct Only(Value);
    impl<'de> Deserialize<'de> for Only {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_map(Any).map(Only)
        }
    }
    Ok(match Field::<Only>::deserialize(from)? {
        Field::Absent => Field::Absent,
        Field::Broken(span) => Field::Broken(span),
        Field::Set(At { value: Only(value), span }) => Field::Set(At { value, span }),
    })
}

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}
