//! Evaluates flag files with flagd's own engine in Rust, generation C.
//!
//! The engine gives the name of a variant; the provider around it looks the payload up, as is done here.

mod protocol;

use flagd_evaluation_engine::model::feature_flag::{FeatureFlag, ParsingResult};
use flagd_evaluation_engine::model::flag_parser::FlagParser;
use flagd_evaluation_engine::targeting::Operator;
use open_feature::{EvaluationContext, EvaluationContextFieldValue};
use serde_json::{Map, Value};

use protocol::{Driver, Fault, Flag};

struct Client {
    engine: Operator,
    file: ParsingResult,
    context: EvaluationContext,
}

impl Client {
    fn variant(&self, key: &str, flag: &FeatureFlag) -> Result<String, String> {
        if flag.state != "ENABLED" {
            return Err("DISABLED".to_owned());
        }
        match &flag.targeting {
            Some(Value::Object(rules)) if !rules.is_empty() => {
                let chosen = self.engine.apply(key, &flag.get_targeting(), &self.context);
                chosen
                    .map(|name| name.unwrap_or_else(|| flag.default_variant.clone()))
                    .map_err(|_| "PARSE_ERROR".to_owned())
            }
            _ => Ok(flag.default_variant.clone()),
        }
    }
}

impl Driver for Client {
    fn open(document: &str, at: Option<i64>) -> Result<Self, Fault> {
        if at.is_some() {
            return Err("the clock of this SDK cannot be set".into());
        }
        let file = FlagParser::parse_string(document)?;
        Ok(Self { engine: Operator::new(), file, context: EvaluationContext::default() })
    }

    fn unit(&mut self, context: &Map<String, Value>) {
        self.context = EvaluationContext::default();
        for (name, value) in context {
            if let Some(value) = field(value) {
                self.context.custom_fields.insert(name.clone(), value);
            }
        }
    }

    fn evaluate(&mut self, flag: &Flag) -> (String, Value) {
        let Some(entry) = self.file.flags.get(&flag.key) else { return ("!FLAG_NOT_FOUND".to_owned(), Value::Null) };
        match self.variant(&flag.key, entry) {
            Ok(name) => match entry.variants.get(&name) {
                Some(value) => (name, value.clone()),
                None => ("!GENERAL".to_owned(), Value::Null),
            },
            Err(code) => (format!("!{code}"), Value::Null),
        }
    }
}

/// OpenFeature's contexts hold no null: such an attribute is left out. Lists and objects travel as structures.
fn field(value: &Value) -> Option<EvaluationContextFieldValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => EvaluationContextFieldValue::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => EvaluationContextFieldValue::Int(whole),
            None => EvaluationContextFieldValue::Float(number.as_f64()?),
        },
        Value::String(text) => EvaluationContextFieldValue::String(text.clone()),
        Value::Array(_) | Value::Object(_) => EvaluationContextFieldValue::new_struct(structure(value)?),
    })
}

fn structure(value: &Value) -> Option<open_feature::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => open_feature::Value::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => open_feature::Value::Int(whole),
            None => open_feature::Value::Float(number.as_f64()?),
        },
        Value::String(text) => open_feature::Value::String(text.clone()),
        Value::Array(items) => open_feature::Value::Array(items.iter().filter_map(structure).collect()),
        Value::Object(entries) => {
            let mut fields = open_feature::StructValue::default();
            for (name, value) in entries {
                fields.fields.insert(name.clone(), structure(value)?);
            }
            open_feature::Value::Struct(fields)
        }
    })
}

fn main() -> Result<(), Fault> {
    protocol::serve::<Client>()
}
