//! Evaluates configurations with the core that Eppo's SDKs in Rust, Python, Ruby and Elixir wrap.

mod protocol;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use eppo_core::eval::{get_assignment, get_assignment_details};
use eppo_core::ufc::UniversalFlagConfig;
use eppo_core::{AttributeValue, Attributes, Configuration, SdkMetadata, Str};
use serde_json::{Map, Value};

use protocol::{Driver, Fault, Flag};

struct Client {
    configuration: Configuration,
    now: DateTime<Utc>,
    context: Map<String, Value>,
    attributes: Arc<Attributes>,
    /// By flag and id, the variant that a unit is forced into: the SDK logs no assignment then.
    forced: Map<String, Value>,
    /// Flags that log nothing: nobody takes part, and only the details name a variation.
    /// To a unit without an id, whom the SDK in JavaScript refuses, an application serves its default: `off`.
    silent: BTreeMap<String, Value>,
}

impl Driver for Client {
    fn open(document: &str, at: Option<i64>) -> Result<Self, Fault> {
        let sdk = SdkMetadata { name: "expc-proof", version: "0" };
        let configuration = UniversalFlagConfig::from_json(sdk, document.as_bytes().to_vec())?;
        let now = at.map_or_else(Utc::now, |at| DateTime::from_timestamp(at, 0).unwrap_or_default());
        let document: Value = serde_json::from_str(document)?;
        let flags = document["flags"].as_object().ok_or("no flags")?;
        let forced = flags.iter().map(|(key, flag)| (key.clone(), Value::Object(forced(flag)))).collect();
        let logs = |flag: &Value| flag["allocations"].as_array().into_iter().flatten().any(|one| one["doLog"] == true);
        let silent = flags.iter().filter(|(_, flag)| !logs(flag)).map(|(key, flag)| (key.clone(), off(flag))).collect();
        let configuration = Configuration::from_server_response(configuration, None);
        Ok(Self { configuration, now, context: Map::new(), attributes: Arc::default(), forced, silent })
    }

    fn unit(&mut self, context: &Map<String, Value>) {
        let attributes = context.iter().filter_map(|(name, value)| Some((Str::from(name.as_str()), attribute(value)?)));
        self.attributes = Arc::new(attributes.collect());
        self.context = context.clone();
    }

    fn evaluate(&mut self, flag: &Flag) -> (String, Value) {
        let id = self.context.get(&flag.unit).and_then(Value::as_str).unwrap_or_default();
        if let (true, Some(off)) = (id.is_empty(), self.silent.get(&flag.key)) {
            return ("off".to_owned(), off.clone());
        }
        let (subject, attributes) = (Str::from(id), &self.attributes);
        match get_assignment(Some(&self.configuration), &flag.key, &subject, attributes, None, self.now) {
            Ok(Some(answer)) => {
                let value = answer.value.as_json().cloned().unwrap_or(Value::Null);
                let name = match (answer.event, self.forced[&flag.key].get(id).and_then(Value::as_str)) {
                    (_, Some(forced)) => format!("force:{forced}"),
                    (Some(event), None) => event.base.variation.to_string(),
                    (None, None) if self.silent.contains_key(&flag.key) => {
                        let configuration = Some(&self.configuration);
                        let told =
                            get_assignment_details(configuration, &flag.key, &subject, attributes, None, self.now);
                        told.0.evaluation_details.variation_key.as_deref().unwrap_or("!no name").to_owned()
                    }
                    (None, None) => "off".to_owned(),
                };
                (name, value)
            }
            Ok(None) => ("!nothing".to_owned(), Value::Null),
            Err(error) => (format!("!{error}"), Value::Null),
        }
    }
}

/// The ids in allocations that force, with their variants.
fn forced(flag: &Value) -> Map<String, Value> {
    let allocations = flag["allocations"].as_array().into_iter().flatten();
    let forcing = allocations.filter(|one| one["key"].as_str().is_some_and(|key| key.contains("/force/")));
    forcing
        .flat_map(|one| {
            let ids = one["rules"][0]["conditions"][0]["value"].as_array().into_iter().flatten();
            ids.filter_map(|id| Some((id.as_str()?.to_owned(), one["splits"][0]["variationKey"].clone())))
        })
        .collect()
}

/// What `off` returns.
fn off(flag: &Value) -> Value {
    let text = flag["variations"]["off"]["value"].as_str().unwrap_or_default();
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// The SDK holds text, numbers and booleans: other values are left out.
fn attribute(value: &Value) -> Option<AttributeValue> {
    Some(match value {
        Value::Null => AttributeValue::null(),
        Value::Bool(flag) => AttributeValue::from(*flag),
        Value::Number(number) => AttributeValue::from(number.as_f64()?),
        Value::String(text) => AttributeValue::from(text.as_str()),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

fn main() -> Result<(), Fault> {
    protocol::serve::<Client>()
}
