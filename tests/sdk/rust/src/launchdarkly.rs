//! Evaluates flag files with the evaluation engine of LaunchDarkly's SDK in Rust.
//!
//! The engine is what the SDK calls with the flags and segments of its store, which is a file's here.

mod protocol;

use std::collections::HashMap;

use launchdarkly_server_sdk_evaluation::{Context, Flag as Entry, FlagValue, Reason, Segment, Store, evaluate};
use serde_json::{Map, Value, json};

use protocol::{Driver, Fault, Flag};

struct File {
    flags: HashMap<String, Entry>,
    segments: HashMap<String, Segment>,
}

impl Store for File {
    fn flag(&self, key: &str) -> Option<Entry> {
        self.flags.get(key).cloned()
    }

    fn segment(&self, key: &str) -> Option<Segment> {
        self.segments.get(key).cloned()
    }
}

struct Client {
    file: File,
    /// By flag, the kind of its unit, and what an application serves to units without an id, who have no context.
    known: HashMap<String, (String, Value)>,
    attributes: Map<String, Value>,
    /// By kind and attribute of the id.
    contexts: HashMap<(String, String), Result<Context, String>>,
}

impl Driver for Client {
    fn open(document: &str, at: Option<i64>) -> Result<Self, Fault> {
        if at.is_some() {
            return Err("the clock of this SDK cannot be set".into());
        }
        let mut document: Value = serde_json::from_str(document)?;
        let mut known = HashMap::new();
        for (key, flag) in document["flags"].as_object().ok_or("no flags")? {
            let (clause, target) = (&flag["rules"][0]["clauses"][0], &flag["contextTargets"][0]);
            let kind = clause["contextKind"].as_str().or(target["contextKind"].as_str()).unwrap_or("user");
            known.insert(key.clone(), (kind.to_owned(), flag["variations"][0]["payload"].clone()));
        }
        let segments = match document["segments"].take() {
            Value::Null => HashMap::new(),
            segments => serde_json::from_value(segments)?,
        };
        let file = File { flags: serde_json::from_value(document["flags"].take())?, segments };
        Ok(Self { file, known, attributes: Map::new(), contexts: HashMap::new() })
    }

    fn unit(&mut self, context: &Map<String, Value>) {
        self.attributes = context.clone();
        self.contexts.clear();
    }

    fn evaluate(&mut self, flag: &Flag) -> (String, Value) {
        let Some((kind, off)) = self.known.get(&flag.key) else { return ("!unknown flag".to_owned(), Value::Null) };
        let Some(id) = self.attributes.get(&flag.unit).and_then(Value::as_str).filter(|id| !id.is_empty()) else {
            return ("off".to_owned(), off.clone());
        };
        let context = self.contexts.entry((kind.clone(), flag.unit.clone())).or_insert_with(|| {
            let mut attributes = self.attributes.clone();
            attributes.remove(&flag.unit);
            attributes.insert("kind".to_owned(), json!(kind));
            attributes.insert("key".to_owned(), json!(id));
            serde_json::from_value(Value::Object(attributes)).map_err(|error| error.to_string())
        });
        let context = match context {
            Ok(context) => context,
            Err(error) => return (format!("!{error}"), Value::Null),
        };
        let answer = evaluate(&self.file, &self.file.flags[&flag.key], context, None);
        let Some(FlagValue::Json(value)) = answer.value else { return (format!("!{:?}", answer.reason), Value::Null) };
        let name = value["variant"].as_str().unwrap_or("!no name");
        let forced = if answer.reason == Reason::TargetMatch { "force:" } else { "" };
        (format!("{forced}{name}"), value["payload"].clone())
    }
}

fn main() -> Result<(), Fault> {
    protocol::serve::<Client>()
}
