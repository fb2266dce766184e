//! Evaluates documents with the engine that Unleash's SDK in Rust wraps.

mod protocol;

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use unleash_yggdrasil::{Context, EngineState, UpdateMessage};

use protocol::{Driver, Fault, Flag};

struct Client {
    engine: EngineState,
    now: Option<String>,
    context: Option<Context>,
    /// Payloads are text: each is read once.
    payloads: HashMap<String, Value>,
}

/// What a context has beside properties.
const FIELDS: [&str; 3] = ["userId", "sessionId", "remoteAddress"];

impl Driver for Client {
    fn open(document: &str, at: Option<i64>) -> Result<Self, Fault> {
        let message: UpdateMessage = serde_json::from_str(document)?;
        let engine = EngineState::default();
        if let Some(warnings) = engine.take_state(message) {
            return Err(format!("the engine complains: {warnings:?}").into());
        }
        let now = at.and_then(|at| chrono::DateTime::from_timestamp(at, 0)).map(|now| now.to_rfc3339());
        Ok(Self { engine, now, context: None, payloads: HashMap::new() })
    }

    fn unit(&mut self, context: &Map<String, Value>) {
        let is_field = |name: &String| FIELDS.contains(&name.as_str());
        let (mut known, properties): (Map<String, Value>, Map<String, Value>) =
            context.clone().into_iter().partition(|(name, _)| is_field(name));
        known.insert("properties".to_owned(), Value::Object(properties));
        if let Some(now) = &self.now {
            known.insert("currentTime".to_owned(), json!(now));
        }
        self.context = serde_json::from_value(Value::Object(known)).ok();
    }

    fn evaluate(&mut self, flag: &Flag) -> (String, Value) {
        let Some(context) = &self.context else { return ("!context".to_owned(), Value::Null) };
        let answer = self.engine.get_variant(&flag.key, context, &None);
        let name = if answer.enabled { answer.name } else { format!("!{}", answer.name) };
        let value = match answer.payload {
            None => Value::Null,
            Some(payload) if payload.payload_type != "json" => Value::String(payload.value),
            Some(payload) => match self.payloads.get(&payload.value) {
                Some(value) => value.clone(),
                None => {
                    let value: Value = serde_json::from_str(&payload.value).unwrap_or(Value::Null);
                    self.payloads.entry(payload.value).or_insert(value).clone()
                }
            },
        };
        (name, value)
    }
}

fn main() -> Result<(), Fault> {
    protocol::serve::<Client>()
}
