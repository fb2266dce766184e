//! Evaluates payloads with GrowthBook's own SDK in Rust.

mod protocol;

use growthbook_rust::growthbook::GrowthBook;
use growthbook_rust::model_public::GrowthBookAttribute;
use serde_json::{Map, Value};

use protocol::{Driver, Fault, Flag};

struct Client {
    sdk: GrowthBook,
    attributes: Option<Vec<GrowthBookAttribute>>,
    /// By feature, the forced variants with what they return: the SDK does not say which rule it took.
    forced: Map<String, Value>,
}

impl Driver for Client {
    fn open(document: &str, at: Option<i64>) -> Result<Self, Fault> {
        if at.is_some() {
            return Err("the clock of this SDK cannot be set".into());
        }
        let mut document: Value = serde_json::from_str(document)?;
        let features = document["features"].take();
        let forced = features.as_object().ok_or("no features")?.iter().map(|(key, feature)| {
            let rules = feature["rules"].as_array().into_iter().flatten();
            let forced = rules.filter_map(|rule| {
                let (_, name) = rule["id"].as_str()?.rsplit_once("/force/")?;
                Some((name.to_owned(), rule["force"].clone()))
            });
            (key.clone(), Value::Object(forced.collect()))
        });
        let forced = forced.collect();
        let sdk = GrowthBook {
            forced_variations: None,
            features: serde_json::from_value(features)?,
            attributes: None,
            sticky_bucket_service: None,
            saved_groups: Default::default(),
        };
        Ok(Self { sdk, attributes: None, forced })
    }

    fn unit(&mut self, context: &Map<String, Value>) {
        self.attributes = GrowthBookAttribute::from(Value::Object(context.clone())).ok();
    }

    fn evaluate(&mut self, flag: &Flag) -> (String, Value) {
        let answer = self.sdk.check(&flag.key, &self.attributes);
        let name = match answer.source.as_str() {
            "experiment" => answer.experiment_result.map_or_else(|| "!no result".to_owned(), |result| result.key),
            "force" => {
                let forced = self.forced.get(&flag.key).and_then(Value::as_object).into_iter().flatten();
                let name = forced.filter(|(_, value)| **value == answer.value).map(|(name, _)| name).next();
                name.map_or_else(|| "off".to_owned(), |name| format!("force:{name}"))
            }
            "defaultValue" => "off".to_owned(),
            other => format!("!{other}"),
        };
        (name, answer.value)
    }
}

fn main() -> Result<(), Fault> {
    protocol::serve::<Client>()
}
