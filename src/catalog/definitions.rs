//! The tables of a catalogue file.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IntoDeserializer, MapAccess, Visitor};

use crate::spec::governance::DataClass;
use crate::spec::{
    Amount, Condition, Day, Direction, Duration, Field, List, Named, Probability, Scalar, Share, UniqueUnits, choice,
};
use crate::syntax::{SHORT, Value};

/// A file under `catalog/`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "expc catalogue", rename = "catalog")]
pub struct CatalogFile {
    /// The version of this language.
    #[schemars(example = 1, range(min = 1, max = 1), required)]
    #[serde(deserialize_with = "crate::spec::limits::version")]
    pub schema: Field<i64>,
    /// What is measured, by name.
    #[schemars(example = &serde_json::json!({ "order_conversion": { "kind": "proportion", "direction": "increase", "event": "order_placed", "baseline": "11%" } }))]
    pub metrics: Field<Named<Metric>>,
    /// What the product logs, by name.
    #[schemars(example = &serde_json::json!({ "order_placed": { "source": "warehouse", "owner": "payments" } }))]
    pub events: Field<Named<Event>>,
    /// Where events and values come from, by name.
    #[schemars(example = &serde_json::json!({ "warehouse": { "table": "analytics.events" } }))]
    pub sources: Field<Named<SourceTable>>,
    /// What is known of a unit when a flag is evaluated, by name.
    #[schemars(example = &serde_json::json!({ "country": { "type": "string", "values": ["US", "CA"] } }))]
    pub attributes: Field<Named<Attribute>>,
    /// What can be randomised, by name.
    #[schemars(example = &serde_json::json!({ "user": { "key": "user_id" } }))]
    pub units: Field<Named<RandomUnit>>,
    /// Named groups of units, by name.
    #[schemars(example = &serde_json::json!({ "mobile_buyers": { "daily_units": 52000 } }))]
    pub audiences: Field<Named<NamedAudience>>,
    /// Layers of mutually exclusive experiments, by name.
    #[schemars(example = &serde_json::json!({ "checkout": { "unit": "user" } }))]
    pub layers: Field<Named<Layer>>,
    /// Units that see no experiment, by name.
    #[schemars(example = &serde_json::json!({ "global-2026": { "share": "5%", "unit": "user" } }))]
    pub holdouts: Field<Named<Holdout>>,
    /// Flags and what they return, by key.
    #[schemars(example = &serde_json::json!({ "checkout-cta": { "default": { "layout": "form" } } }))]
    pub flags: Field<Named<Flag>>,
    /// People and teams, by name.
    #[schemars(example = &serde_json::json!({ "growth": { "product": "Priya Raman", "channel": "slack:#growth-exp" } }))]
    pub owners: Field<Named<Owner>>,
    /// Outcomes the organisation wants, by name.
    #[schemars(example = &serde_json::json!({ "2026-q4/activation": { "about": "More first orders", "metric": "order_conversion" } }))]
    pub objectives: Field<Named<Objective>>,
    /// Parts of the product, by name.
    #[schemars(example = &serde_json::json!({ "checkout": { "about": "From cart to order" } }))]
    pub surfaces: Field<Named<Surface>>,
    /// Days on which nothing should start, or on which data is unlike other days, by name.
    #[schemars(example = &serde_json::json!({ "black-friday": { "from": "2026-11-27", "to": "2026-11-30", "kind": "sale" } }))]
    pub calendar: Field<Named<CalendarEntry>>,
}

choice! {
    /// What kind of number a metric is; it decides the test and the size.
    pub enum Kind {
        /// Yes or no for each unit.
        Proportion = "proportion",
        /// A number for each unit.
        Mean = "mean",
        /// A number of events for each unit.
        Count = "count",
        /// Two sums divided: clicks by sessions.
        Ratio = "ratio",
        /// A value below which a part of the units or events lies.
        Quantile = "quantile",
        /// Yes or no in a window that starts later.
        Retention = "retention",
        /// How long until the event.
        TimeToEvent = "time-to-event",
    }
}

impl Kind {
    /// True when each unit's value is 0 or 1, so that the baseline gives the variance.
    pub fn is_binary(self) -> bool {
        matches!(self, Kind::Proportion | Kind::Retention)
    }
}

choice! {
    /// How far a definition can be trusted.
    pub enum Standing {
        /// Reviewed; its definition does not move.
        Certified = "certified",
        /// Its definition may move.
        Experimental = "experimental",
        /// On its way out.
        Deprecated = "deprecated",
    }
}

/// What is measured.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metric {
    /// What it is, for people.
    #[schemars(example = &"Units with at least one order")]
    pub about: Field<String>,
    /// What kind of number it is.
    #[schemars(example = &"proportion")]
    pub kind: Field<Kind>,
    /// The good direction.
    #[schemars(example = &"increase")]
    pub direction: Field<Direction>,
    /// What its values are counted in: `ms`, `USD`, `orders`; `%` for rates.
    #[schemars(example = &"ms")]
    pub unit: Field<String>,
    /// The event it counts or sums; for a ratio the event of the numerator.
    #[schemars(example = &"order_placed")]
    pub event: Field<String>,
    /// The property of the event that is summed; the number of events when absent.
    #[schemars(example = &"revenue_minor")]
    pub value: Field<String>,
    /// The event of a ratio's denominator.
    #[schemars(example = &"session_started")]
    pub denominator: Field<String>,
    /// The property of the denominator's event that is summed.
    #[schemars(example = &"duration_s")]
    pub denominator_value: Field<String>,
    /// Conditions on the properties of the event.
    #[schemars(example = &serde_json::json!([{ "attribute": "currency", "is": "USD" }]))]
    pub filter: Field<List<Condition>>,
    /// How long after exposure it is counted.
    #[schemars(example = &"7 days")]
    pub window: Field<Duration>,
    /// How long after exposure the window of a retention metric starts.
    #[schemars(example = &"7 days")]
    pub window_start: Field<Duration>,
    /// Its usual value over the window, in its unit. For time to event, the part of units with the event by its end.
    #[schemars(example = &"11%")]
    pub baseline: Field<Amount>,
    /// Its standard deviation between units, in its unit, after the cap. For a ratio or a quantile, of the linearised
    /// unit value.
    #[schemars(example = &"38 USD")]
    pub sd: Field<Amount>,
    /// The window over which baseline and deviation were measured, when it is not the metric's own.
    #[schemars(example = &"28 days")]
    pub baseline_window: Field<Duration>,
    /// How far counts vary beyond chance: the variance of a unit's count is mean + dispersion x mean squared.
    #[schemars(example = 0.8, range(min = 0.0, max = 1e12))]
    #[serde(deserialize_with = "crate::spec::limits::positive")]
    pub dispersion: Field<f64>,
    /// The two sums of a ratio by unit; they give its deviation by the delta method, instead of `sd`.
    #[schemars(example = &serde_json::json!({ "numerator_sd": "1.9 clicks", "denominator_mean": "3.4 sessions", "denominator_sd": "2.8 sessions", "correlation": 0.7 }))]
    pub parts: Field<RatioParts>,
    /// The density of the values at the quantile, by one of the metric's unit; it gives the deviation, instead of `sd`.
    #[schemars(example = 0.0008, range(min = 0.0, max = 1e12))]
    #[serde(deserialize_with = "crate::spec::limits::positive")]
    pub density: Field<f64>,
    /// A past confidence interval of the quantile; it gives the deviation, instead of `sd`.
    #[schemars(example = &serde_json::json!({ "low": "1180 ms", "high": "1230 ms", "units": 40000 }))]
    pub interval: Field<PastInterval>,
    /// The part of units that is lost from sight before the end of the window, for time to event.
    #[schemars(example = &"5%")]
    pub dropout: Field<Share>,
    /// When baseline and deviation were measured.
    #[schemars(example = &"2026-10-01")]
    pub measured: Field<Day>,
    /// On whom they were measured: an audience of the catalogue.
    #[schemars(example = &"mobile_buyers")]
    pub measured_on: Field<String>,
    /// The quantile of a quantile metric.
    #[schemars(example = &"95%")]
    pub quantile: Field<Share>,
    /// Values above are counted as this much.
    #[schemars(example = &"500 USD")]
    pub cap: Field<Amount>,
    /// True when few units carry most of the sum.
    #[schemars(example = false, extend("default" = false))]
    pub heavy_tail: Field<bool>,
    /// The correlation with its own value before the experiment, for CUPED.
    #[schemars(example = 0.5, range(min = -1.0, max = 1.0))]
    #[serde(deserialize_with = "crate::spec::limits::correlation")]
    pub pre_correlation: Field<f64>,
    /// How late its data is complete.
    #[schemars(example = &"1 day")]
    pub lag: Field<Duration>,
    /// The unit it is analysed by; the unit of randomisation when absent.
    #[schemars(example = &"user")]
    pub unit_of_analysis: Field<String>,
    /// How far it can be trusted.
    #[schemars(example = &"certified", extend("default" = "experimental"))]
    pub standing: Field<Standing>,
    /// The day on which an A/A run last found no difference in it.
    #[schemars(example = &"2026-09-14")]
    pub aa_passed: Field<Day>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"payments")]
    pub owner: Field<String>,
    /// How near its data is to a person.
    #[schemars(example = &"pseudonymous")]
    pub data_class: Field<DataClass>,
    /// The goal it stands for, when it is a surrogate.
    #[schemars(example = &"revenue_per_user")]
    pub stands_for: Field<String>,
    /// Where it was shown that the surrogate follows its goal.
    #[schemars(example = &"https://research.example/surrogates")]
    pub validation: Field<String>,
    /// True when it watches the health of the service: errors, latency, crashes.
    #[schemars(example = false, extend("default" = false))]
    pub health: Field<bool>,
}

/// The two sums of a ratio, by unit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RatioParts {
    /// The standard deviation of the numerator between units.
    #[schemars(example = &"1.9 clicks")]
    pub numerator_sd: Field<Amount>,
    /// The mean of the denominator by unit.
    #[schemars(example = &"3.4 sessions")]
    pub denominator_mean: Field<Amount>,
    /// The standard deviation of the denominator between units, in the unit of its mean.
    #[schemars(example = &"2.8 sessions")]
    pub denominator_sd: Field<Amount>,
    /// The correlation of the two between units.
    #[schemars(example = 0.7, range(min = -1.0, max = 1.0))]
    #[serde(deserialize_with = "crate::spec::limits::correlation")]
    pub correlation: Field<f64>,
}

/// A confidence interval that was computed from past data.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PastInterval {
    /// Its lower end.
    #[schemars(example = &"1180 ms")]
    pub low: Field<Amount>,
    /// Its upper end.
    #[schemars(example = &"1230 ms")]
    pub high: Field<Amount>,
    /// The units it rests on.
    #[schemars(example = 40000, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub units: Field<i64>,
    /// Its confidence.
    #[schemars(example = 0.95, extend("default" = 0.95))]
    pub confidence: Field<Probability>,
}

/// What the product logs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Event {
    /// What it means, for people.
    #[schemars(example = &"An order was paid")]
    pub about: Field<String>,
    /// Where it arrives: a source of the catalogue.
    #[schemars(example = &"warehouse")]
    pub source: Field<String>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"payments")]
    pub owner: Field<String>,
    /// The part of assigned units that log it, for sizes of triggered analyses.
    #[schemars(example = &"35%")]
    pub rate: Field<Share>,
    /// Its properties: the type of each, or a table with type and data class.
    #[schemars(example = &serde_json::json!({ "revenue_minor": "number", "iban": { "type": "string", "data_class": "personal" } }))]
    pub properties: Field<Named<Property>>,
    /// How near its data is to a person.
    #[schemars(example = &"pseudonymous")]
    pub data_class: Field<DataClass>,
    /// True while nothing logs it yet.
    #[schemars(example = false, extend("default" = false))]
    pub planned: Field<bool>,
    /// The day it stops, or stopped, being logged.
    #[schemars(example = &"2027-03-01")]
    pub ends: Field<Day>,
    /// What it tells of a person: an interaction that the page itself invites, or an outcome that the person came for.
    #[schemars(example = &"outcome")]
    pub kind: Field<EventKind>,
    /// The units whose ids it carries: units of the catalogue. An analysis joins it to the assignment by one of them.
    #[schemars(example = &["user"])]
    pub identified_by: Field<List<String>>,
    /// How often it is logged on a usual day.
    #[schemars(example = 61000, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub daily_events: Field<i64>,
    /// The part of it that never arrives.
    #[schemars(example = &"2%")]
    pub loss: Field<Share>,
    /// The part of it that arrives more than once.
    #[schemars(example = &"0.5%")]
    pub duplicates: Field<Share>,
    /// How long its rows are kept by unit, when that is not as long as its source's.
    #[schemars(example = &"400 days")]
    pub retention: Field<Duration>,
    /// When its owner last looked at what it means and what arrives.
    #[schemars(example = &"2026-09-01")]
    pub reviewed: Field<Day>,
}

choice! {
    /// What an event tells of a person.
    pub enum EventKind {
        /// A click, a tap, an opening: what a louder page gets more of by itself.
        Interaction = "interaction",
        /// What the person came for, or what it cost: an order, an answer found, a refund.
        Outcome = "outcome",
    }
}

/// A property of an event.
#[derive(Debug, Clone, Default)]
pub struct Property {
    /// What it holds.
    pub r#type: Option<AttributeType>,
    /// How near it is to a person.
    pub data_class: Field<DataClass>,
}

/// A property of an event that says more than its type.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Property")]
struct PropertyTable {
    /// What it holds.
    #[schemars(example = &"string")]
    r#type: Field<AttributeType>,
    /// How near it is to a person; as near as its event when absent.
    #[schemars(example = &"personal")]
    data_class: Field<DataClass>,
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TypeOrTable;
        impl<'de> Visitor<'de> for TypeOrTable {
            type Value = Property;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type or a table")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Property, E> {
                let of_type = AttributeType::deserialize(IntoDeserializer::<E>::into_deserializer(word))?;
                Ok(Property { r#type: Some(of_type), data_class: Field::Absent })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Property, A::Error> {
                let table = PropertyTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Property { r#type: table.r#type.copied(), data_class: table.data_class })
            }
        }
        from.deserialize_struct(SHORT, crate::syntax::keys_of::<PropertyTable>(), TypeOrTable)
    }
}

impl JsonSchema for Property {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "TypeOrProperty".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = generator.subschema_for::<AttributeType>();
        let long = generator.subschema_for::<PropertyTable>();
        json_schema!({ "anyOf": [short, long] })
    }
}

/// Where events and values come from.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SourceTable {
    /// What it is, for people.
    #[schemars(example = &"The event stream, loaded every hour")]
    pub about: Field<String>,
    /// The table or stream.
    #[schemars(example = &"analytics.events")]
    pub table: Field<String>,
    /// How late it is complete.
    #[schemars(example = &"2 hours")]
    pub lag: Field<Duration>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"data")]
    pub owner: Field<String>,
    /// The day it ends, or ended.
    #[schemars(example = &"2027-03-01")]
    pub ends: Field<Day>,
    /// Where its data lies: `EU`, a country code.
    #[schemars(example = &"EU")]
    pub region: Field<String>,
    /// How long its rows are kept by unit.
    #[schemars(example = &"400 days")]
    pub retention: Field<Duration>,
}

choice! {
    /// What an attribute holds.
    pub enum AttributeType {
        /// Text.
        String = "string",
        /// A number.
        Number = "number",
        /// Yes or no.
        Boolean = "boolean",
        /// A strict MAJOR.MINOR.PATCH version.
        Version = "version",
    }
}

/// What is known of a unit when a flag is evaluated.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Attribute {
    /// What it is, for people.
    #[schemars(example = &"Country of the account, ISO 3166-1 alpha-2")]
    pub about: Field<String>,
    /// What it holds.
    #[schemars(example = &"string")]
    pub r#type: Field<AttributeType>,
    /// The values it can have, when they are few.
    #[schemars(example = &["US", "CA"])]
    pub values: Field<List<Scalar>>,
    /// True when what the product shows can change it.
    #[schemars(example = false, extend("default" = false))]
    pub mutable: Field<bool>,
    /// The first version of the product that sends it.
    #[schemars(example = &">=5.0.0")]
    pub since: Field<crate::spec::VersionRange>,
    /// How near it is to a person.
    #[schemars(example = &"pseudonymous")]
    pub data_class: Field<DataClass>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"identity")]
    pub owner: Field<String>,
    /// When its owner last looked at what it means and what is sent.
    #[schemars(example = &"2026-09-01")]
    pub reviewed: Field<Day>,
    /// The part of units that has each value.
    #[schemars(example = &serde_json::json!({ "US": "62%", "CA": "4%" }))]
    pub shares: Field<Named<Share>>,
    /// The protected trait that it gives away, when it stands in for one.
    #[schemars(example = &"origin")]
    pub reveals: Field<String>,
    /// True when it is the age of the person in years.
    #[schemars(example = false, extend("default" = false))]
    pub age: Field<bool>,
}

/// What can be randomised.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomUnit {
    /// What it is, for people.
    #[schemars(example = &"A signed-in account")]
    pub about: Field<String>,
    /// The attribute that carries its id in a flag evaluation.
    #[schemars(example = &"user_id")]
    pub key: Field<String>,
    /// How long the id lives on one person.
    #[schemars(example = &"365 days")]
    pub lifetime: Field<Duration>,
    /// True when the id changes as a person signs in.
    #[schemars(example = false, extend("default" = false))]
    pub changes_at_login: Field<bool>,
    /// True when ids are ASCII: some platforms hash others differently by language.
    #[schemars(example = true, extend("default" = true))]
    pub ascii: Field<bool>,
    /// The larger unit it belongs to.
    #[schemars(example = &"account")]
    pub within: Field<String>,
    /// The day on which an A/A run last found assignment and logging by it in order.
    #[schemars(example = &"2026-09-14")]
    pub aa_passed: Field<Day>,
}

/// A named group of units.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NamedAudience {
    /// Who they are, for people.
    #[schemars(example = &"Buyers in the app, United States and Canada")]
    pub about: Field<String>,
    /// Conditions that must all hold.
    #[schemars(example = &serde_json::json!([{ "attribute": "platform", "in": ["ios", "android"] }]))]
    pub r#where: Field<List<Condition>>,
    /// Conditions that keep a unit out.
    #[schemars(example = &serde_json::json!([{ "attribute": "is_staff", "is": true }]))]
    pub exclude: Field<List<Condition>>,
    /// New units per day that meet the conditions.
    #[schemars(example = 52000, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub daily_units: Field<i64>,
    /// Different units that have come by some days, when units return: at least two days, the first of them 1.
    #[schemars(example = &serde_json::json!([{ "after": "1 day", "units": 52000 }, { "after": "7 days", "units": 170000 }]))]
    pub unique_units: Field<List<UniqueUnits>>,
    /// When that was measured.
    #[schemars(example = &"2026-10-01")]
    pub measured: Field<Day>,
    /// The unit that is counted: a unit of the catalogue.
    #[schemars(example = &"user")]
    pub unit: Field<String>,
    /// Whether people under 18 are among them.
    #[schemars(example = &"excluded")]
    pub minors: Field<Minors>,
}

choice! {
    /// Whether people under 18 are in an audience.
    pub enum Minors {
        /// Every one of them is known to be of age.
        Excluded = "excluded",
        /// Nobody knows.
        Possible = "possible",
        /// Some of them are.
        Included = "included",
    }
}

/// A layer: experiments in it never share a unit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// What it is for.
    #[schemars(example = &"Everything between cart and order")]
    pub about: Field<String>,
    /// The unit that its members randomise by: a unit of the catalogue.
    #[schemars(example = &"user")]
    pub unit: Field<String>,
    /// What its slots are hashed with; its name when absent.
    #[schemars(example = &"checkout-2026")]
    pub salt: Field<String>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"growth")]
    pub owner: Field<String>,
}

/// Units that see no experiment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Holdout {
    /// What it is for.
    #[schemars(example = &"What all experiments of the year did together")]
    pub about: Field<String>,
    /// The part of all units that is held out.
    #[schemars(example = &"5%")]
    pub share: Field<Share>,
    /// The unit: a unit of the catalogue.
    #[schemars(example = &"user")]
    pub unit: Field<String>,
    /// What it is hashed with; its name when absent.
    #[schemars(example = &"holdout-2026")]
    pub salt: Field<String>,
    /// True when every experiment respects it without saying so.
    #[schemars(example = true, extend("default" = false))]
    pub global: Field<bool>,
    /// The first day.
    #[schemars(example = &"2026-01-01")]
    pub from: Field<Day>,
    /// The last day.
    #[schemars(example = &"2026-12-31")]
    pub to: Field<Day>,
}

/// A flag and what it returns.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Flag {
    /// What it switches.
    #[schemars(example = &"The button on the last page of checkout")]
    pub about: Field<String>,
    /// What it returns to units outside every experiment; the control's payload when absent.
    #[schemars(example = &serde_json::json!({ "layout": "form" }), with = "std::collections::BTreeMap<String, Value>")]
    #[serde(deserialize_with = "crate::syntax::table_of_values")]
    pub default: Field<Value>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"growth")]
    pub owner: Field<String>,
    /// The first version of the product that reads it.
    #[schemars(example = &">=5.2.0")]
    pub since: Field<crate::spec::VersionRange>,
    /// What its payloads must look like: a JSON Schema as a table.
    #[schemars(example = &serde_json::json!({ "required": ["layout"], "properties": { "layout": { "type": "string" } } }), with = "std::collections::BTreeMap<String, Value>")]
    #[serde(deserialize_with = "crate::syntax::table_of_values")]
    pub schema: Field<Value>,
    /// The same as a file of JSON, from the folder of this catalogue file.
    #[schemars(example = &"schemas/checkout.schema.json")]
    pub payload_schema: Field<String>,
}

/// People and teams.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Owner {
    /// Who answers for the product.
    #[schemars(example = &"Priya Raman")]
    pub product: Field<String>,
    /// Who stands in.
    #[schemars(example = &"Jonas Weber")]
    pub deputy: Field<String>,
    /// Who designs.
    #[schemars(example = &"Mina Sato")]
    pub design: Field<String>,
    /// Who builds.
    #[schemars(example = &"Luis Ortega")]
    pub engineering: Field<String>,
    /// Who analyses.
    #[schemars(example = &"Ada Lind")]
    pub analyst: Field<String>,
    /// Where they are reached.
    #[schemars(example = &"slack:#growth-exp")]
    pub channel: Field<String>,
    /// The folders their specs live in.
    #[schemars(example = &["experiments/growth/"])]
    pub paths: Field<List<String>>,
}

/// An outcome the organisation wants.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// The outcome, for people.
    #[schemars(example = &"More visitors place a first order")]
    pub about: Field<String>,
    /// The metric that tells whether it came.
    #[schemars(example = &"order_conversion")]
    pub metric: Field<String>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"growth")]
    pub owner: Field<String>,
    /// The day by which it is wanted.
    #[schemars(example = &"2026-12-31")]
    pub by: Field<Day>,
}

/// A part of the product.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Surface {
    /// What it is, for people.
    #[schemars(example = &"From cart to order")]
    pub about: Field<String>,
    /// True when what one unit sees changes what others get: marketplaces, feeds, shared budgets.
    #[schemars(example = false, extend("default" = false))]
    pub shared: Field<bool>,
    /// Who answers for it: an owner of the catalogue.
    #[schemars(example = &"growth")]
    pub owner: Field<String>,
}

choice! {
    /// Why days are special.
    pub enum CalendarKind {
        /// Nothing is released.
        Freeze = "freeze",
        /// Few people work.
        Holiday = "holiday",
        /// People behave unlike other days.
        Sale = "sale",
    }
}

/// Special days.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CalendarEntry {
    /// Why they are special.
    #[schemars(example = &"sale")]
    pub kind: Field<CalendarKind>,
    /// The first day.
    #[schemars(example = &"2026-11-27")]
    pub from: Field<Day>,
    /// The last day.
    #[schemars(example = &"2026-11-30")]
    pub to: Field<Day>,
}
