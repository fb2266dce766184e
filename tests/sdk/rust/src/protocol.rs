//! What every driver of an SDK in Rust shares: reading jobs, counting outcomes, writing answers.
//!
//! input:  `{ contexts: [...], jobs: [{ document: "<text>", flags: [{ key, unit }], at: <seconds or null> }] }`
//! output: `[{ flags: { <key>: { outcomes: [{ variant, value }], served: [<index into outcomes> per context] } } }]`
//!
//! A driver calls [`serve`] with a [`Driver`]. What an SDK complains of a document is its error; an evaluation that
//! ends in an error is the variant `!<code>`. The clock of a program cannot be set: an SDK that is not told the time is
//! `without_clock` in the registry, and gets no jobs with a moment.

use std::collections::HashMap;
use std::io::{Read, Write};

use serde_json::{Map, Value, json};

pub type Fault = Box<dyn std::error::Error>;

/// A flag, and the attribute that names the unit.
pub struct Flag {
    pub key: String,
    #[allow(dead_code, reason = "some SDKs take the unit from the attributes")]
    pub unit: String,
}

/// A client with a document.
pub trait Driver: Sized {
    fn open(document: &str, at: Option<i64>) -> Result<Self, Fault>;
    /// Makes a unit known.
    fn unit(&mut self, context: &Map<String, Value>);
    /// The variant's name, `force:<name>` where a forced unit can be told apart, `off` for everybody else; and what the
    /// SDK returned as payload.
    fn evaluate(&mut self, flag: &Flag) -> (String, Value);
}

/// The different outcomes of a flag.
#[derive(Default)]
struct Outcomes {
    list: Vec<(String, Value)>,
    by_name: HashMap<String, Vec<usize>>,
    served: Vec<usize>,
}

impl Outcomes {
    fn add(&mut self, variant: String, value: Value) {
        let known = self.by_name.entry(variant.clone()).or_default();
        let index = known.iter().copied().find(|index| same(&self.list[*index].1, &value)).unwrap_or_else(|| {
            self.list.push((variant, value));
            known.push(self.list.len() - 1);
            self.list.len() - 1
        });
        self.served.push(index);
    }
}

/// Equal also in the sign of zero.
fn same(one: &Value, two: &Value) -> bool {
    one == two && (!one.is_f64() || one.to_string() == two.to_string())
}

pub fn serve<D: Driver>() -> Result<(), Fault> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let input: Value = serde_json::from_str(&text)?;
    let contexts: Vec<&Map<String, Value>> =
        input["contexts"].as_array().ok_or("no contexts")?.iter().filter_map(Value::as_object).collect();
    let mut answers = Vec::new();
    for job in input["jobs"].as_array().ok_or("no jobs")? {
        let mut driver = D::open(job["document"].as_str().ok_or("no document")?, job["at"].as_i64())?;
        let word = |flag: &Value, name: &str| flag[name].as_str().unwrap_or_default().to_owned();
        let flags = job["flags"].as_array().ok_or("no flags")?.iter();
        let mut flags: Vec<(Flag, Outcomes)> = flags
            .map(|flag| (Flag { key: word(flag, "key"), unit: word(flag, "unit") }, Outcomes::default()))
            .collect();
        for context in &contexts {
            driver.unit(context);
            for (flag, outcomes) in &mut flags {
                let (variant, value) = driver.evaluate(flag);
                outcomes.add(variant, value);
            }
        }
        let flags: Map<String, Value> = flags
            .into_iter()
            .map(|(flag, Outcomes { list, served, .. })| {
                let list: Vec<Value> =
                    list.into_iter().map(|(variant, value)| json!({ "variant": variant, "value": value })).collect();
                (flag.key, json!({ "outcomes": list, "served": served }))
            })
            .collect();
        answers.push(json!({ "flags": flags }));
    }
    std::io::stdout().write_all(Value::Array(answers).to_string().as_bytes())?;
    Ok(())
}
