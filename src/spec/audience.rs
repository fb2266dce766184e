//! `[audience]` and `[exposure]`: for whom, how many, and when it counts.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::quantity::{Duration, Share, VersionRange};
use super::{At, Field, List, Named, choice};

/// Who takes part.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "audience_table")]
pub struct Audience {
    /// The unit of randomisation: a unit of the catalogue.
    #[schemars(example = &"user")]
    pub unit: Field<String>,
    /// A named audience of the catalogue; the conditions below narrow it.
    #[schemars(example = &"mobile_buyers")]
    pub base: Field<String>,
    /// Conditions that must all hold. A missing attribute never satisfies a condition.
    #[schemars(example = &serde_json::json!([{ "attribute": "country", "in": ["US", "CA"] }]))]
    pub r#where: Field<List<Condition>>,
    /// Conditions that keep a unit out: one that holds is enough.
    #[schemars(example = &serde_json::json!([{ "attribute": "is_staff", "is": true }]))]
    pub exclude: Field<List<Condition>>,
    /// The layer whose slots never overlap: a layer of the catalogue.
    #[schemars(example = &"checkout")]
    pub layer: Field<String>,
    /// The part of eligible units that takes part at the end of the ramp; in a layer, the width of the slot.
    #[schemars(example = &"40%", extend("default" = "100%"))]
    pub share: Field<Share>,
    /// Where the slot in the layer begins, from 0% on; the first place that is free for the whole run when absent.
    #[schemars(example = &"0%")]
    pub slot: Field<super::Amount>,
    /// Units per day that meet the conditions, when the catalogue does not know.
    #[schemars(example = 52000, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub daily_units: Field<i64>,
    /// Different units that have come by some days, when units return and the catalogue does not know.
    #[schemars(example = &serde_json::json!([{ "after": "1 day", "units": 52000 }, { "after": "7 days", "units": 170000 }]))]
    pub unique_units: Field<List<UniqueUnits>>,
    /// The holdout to respect; the workspace's global one when absent, `"none"` to opt out.
    #[schemars(example = &"global-2026")]
    pub holdout: Field<String>,
    /// Unit ids that always get a variant, for testing; they are not analysed.
    #[schemars(example = &serde_json::json!({ "one-tap": ["qa-1", "qa-2"] }))]
    pub force: Field<Named<List<String>>>,
    /// What the hashes are salted with; the id when absent. A new salt shuffles everybody.
    #[schemars(example = &"checkout-one-tap-2")]
    pub salt: Field<String>,
}

/// How many different units have come by a day. Units that return count once.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "unique_units_entry")]
pub struct UniqueUnits {
    /// How long the count runs, in whole days.
    #[schemars(example = &"7 days")]
    pub after: Field<Duration>,
    /// Different units that meet the conditions and come in that time.
    #[schemars(example = 170000, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub units: Field<i64>,
}

/// One test of one attribute. Exactly one comparison.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// An attribute of the catalogue.
    #[schemars(example = &"country")]
    pub attribute: Field<String>,
    /// Equal to one of these.
    #[schemars(example = &["US", "CA"])]
    pub r#in: Field<List<Scalar>>,
    /// Present, and equal to none of these.
    #[schemars(example = &["KP"])]
    pub not_in: Field<List<Scalar>>,
    /// Equal to this.
    #[schemars(example = true)]
    pub is: Field<Scalar>,
    /// Present, and not equal to this.
    #[schemars(example = &"beta")]
    pub is_not: Field<Scalar>,
    /// A strict version comparison.
    #[schemars(example = &">=5.2.0")]
    pub semver: Field<VersionRange>,
    /// At least this number.
    #[schemars(example = 18)]
    pub at_least: Field<f64>,
    /// At most this number.
    #[schemars(example = 65)]
    pub at_most: Field<f64>,
    /// More than this number.
    #[schemars(example = 0)]
    pub above: Field<f64>,
    /// Less than this number.
    #[schemars(example = 100)]
    pub below: Field<f64>,
    /// Begins with this text.
    #[schemars(example = &"en-")]
    pub starts_with: Field<String>,
    /// Ends with this text.
    #[schemars(example = &"-beta")]
    pub ends_with: Field<String>,
}

/// The comparison of a condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Comparison<'a> {
    In(&'a List<Scalar>),
    NotIn(&'a List<Scalar>),
    Is(&'a Scalar),
    IsNot(&'a Scalar),
    Version(&'a VersionRange),
    AtLeast(f64),
    AtMost(f64),
    Above(f64),
    Below(f64),
    StartsWith(&'a str),
    EndsWith(&'a str),
}

impl Comparison<'_> {
    /// Its key in the language.
    pub fn word(&self) -> &'static str {
        match self {
            Comparison::In(_) => "in",
            Comparison::NotIn(_) => "not_in",
            Comparison::Is(_) => "is",
            Comparison::IsNot(_) => "is_not",
            Comparison::Version(_) => "semver",
            Comparison::AtLeast(_) => "at_least",
            Comparison::AtMost(_) => "at_most",
            Comparison::Above(_) => "above",
            Comparison::Below(_) => "below",
            Comparison::StartsWith(_) => "starts_with",
            Comparison::EndsWith(_) => "ends_with",
        }
    }
}

impl Condition {
    /// Every comparison that is written, with its place. One is right; none and several are faults.
    pub fn comparisons(&self) -> Vec<At<Comparison<'_>>> {
        fn at<'a, T, F: Fn(&'a T) -> Comparison<'a>>(field: &'a Field<T>, make: F) -> Option<At<Comparison<'a>>> {
            field.get().map(|at| At { value: make(&at.value), span: at.span })
        }
        [
            at(&self.r#in, Comparison::In),
            at(&self.not_in, Comparison::NotIn),
            at(&self.is, Comparison::Is),
            at(&self.is_not, Comparison::IsNot),
            at(&self.semver, Comparison::Version),
            at(&self.at_least, |number| Comparison::AtLeast(*number)),
            at(&self.at_most, |number| Comparison::AtMost(*number)),
            at(&self.above, |number| Comparison::Above(*number)),
            at(&self.below, |number| Comparison::Below(*number)),
            at(&self.starts_with, |text| Comparison::StartsWith(text)),
            at(&self.ends_with, |text| Comparison::EndsWith(text)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// True when a comparison was written but could not be read.
    pub fn is_broken(&self) -> bool {
        fn broken<T>(field: &Field<T>) -> bool {
            matches!(field, Field::Broken(_))
        }
        broken(&self.r#in)
            || broken(&self.not_in)
            || broken(&self.is)
            || broken(&self.is_not)
            || broken(&self.semver)
            || broken(&self.at_least)
            || broken(&self.at_most)
            || broken(&self.above)
            || broken(&self.below)
            || broken(&self.starts_with)
            || broken(&self.ends_with)
    }
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |list: &List<Scalar>| list.iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ");
        match self {
            Comparison::In(list) => write!(f, "in [{}]", join(list)),
            Comparison::NotIn(list) => write!(f, "not in [{}]", join(list)),
            Comparison::Is(value) => write!(f, "is {value}"),
            Comparison::IsNot(value) => write!(f, "is not {value}"),
            Comparison::Version(range) => write!(f, "{range}"),
            Comparison::AtLeast(number) => write!(f, "at least {}", super::quantity::plain(*number)),
            Comparison::AtMost(number) => write!(f, "at most {}", super::quantity::plain(*number)),
            Comparison::Above(number) => write!(f, "above {}", super::quantity::plain(*number)),
            Comparison::Below(number) => write!(f, "below {}", super::quantity::plain(*number)),
            Comparison::StartsWith(text) => write!(f, "starts with {text:?}"),
            Comparison::EndsWith(text) => write!(f, "ends with {text:?}"),
        }
    }
}

/// The condition in words: `country in ["US", "CA"]`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.attribute.value().map_or("?", |name| name))?;
        for comparison in self.comparisons() {
            write!(f, " {}", comparison.value)?;
        }
        Ok(())
    }
}

/// One comparable value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Text(String),
    Number(f64),
    Flag(bool),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Text(text) => write!(f, "{text:?}"),
            Scalar::Number(number) => f.write_str(&super::quantity::plain(*number)),
            Scalar::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

impl Scalar {
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Scalar::Text(text) => serde_json::Value::from(text.as_str()),
            // Whole numbers stay whole: `18`, not `18.0`.
            Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                serde_json::Value::from(*number as i64)
            }
            Scalar::Number(number) => serde_json::Value::from(*number),
            Scalar::Flag(flag) => serde_json::Value::from(*flag),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or a boolean")
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number as f64))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number))
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Scalar, E> {
                Ok(Scalar::Flag(flag))
            }
        }
        from.deserialize_any(Any)
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

choice! {
    /// Who is analysed.
    pub enum Population {
        /// Units that met the change: the exposure event counts.
        Exposed = "exposed",
        /// All units that were assigned, whether they met the change or not.
        Assigned = "assigned",
    }
}

choice! {
    /// Among whom an effect is stated.
    pub enum EffectAmong {
        /// The units that are analysed.
        Analysed = "analysed",
        /// The units that meet the change: all others dilute it.
        Exposed = "exposed",
    }
}

/// When a unit counts as having met the change.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "exposure_table")]
pub struct Exposure {
    /// The event that both variants log at the moment they differ: an event of the catalogue.
    #[schemars(example = &"checkout_opened")]
    pub event: Field<String>,
    /// Who is analysed.
    #[schemars(example = &"exposed", extend("default" = "exposed"))]
    pub population: Field<Population>,
    /// The part of assigned units that meets the change; the catalogue's rate of the event when absent.
    #[schemars(example = &"35%")]
    pub rate: Field<Share>,
    /// Among whom MDEs and margins are stated; `exposed` matters when all assigned units are analysed.
    #[schemars(example = &"exposed", extend("default" = "analysed"))]
    pub effect_among: Field<EffectAmong>,
    /// How long after assignment the event may come.
    #[schemars(example = &"7 days")]
    pub window: Field<Duration>,
}
