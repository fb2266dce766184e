//! ConfigCat: one `flags/configcat/config_v6.json`, the config that its SDKs download.
//!
//! A setting hashes sha1 of its key and the unit, modulo 100: one hash a setting, in whole per cents. So an experiment is
//! several settings, each with a hash of its own, and the first asks the others (prerequisites):
//!
//! | setting | type | says |
//! | --- | --- | --- |
//! | `<flag>` | text | the variant of enrolled units, by weight; what forced units get; `off` |
//! | `<flag>-enrolled` | on/off | eligible, not held out, inside the slot, and enrolled at the share of the stage |
//! | `slot-of-<layer>` | text | the slot that the unit is in: `0-40` |
//! | `held-out-<holdout>` | on/off | held out in every experiment |
//!
//! Enrolled units come first in the hash, so a larger share keeps all of them; the assignment never sees the share. In a
//! layer the share is a part of the slot. There is no JSON: a value is text, `{"variant": …, "payload": …}`; everybody
//! else gets the variant `off`.
//!
//! The attributes `user_id`, `userId`, `userID` and `Identifier` are the identifier of the user object; any other is a
//! custom attribute under its name.
//!
//! **Moments.** A config holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** ConfigCat has none: a killed flag is a setting without rules, which serves `off` to everybody, forced
//! units included.
//!
//! **Shipped** experiments serve the winner to everybody but the units of a holdout that the plan still names.

mod conditions;
mod upload;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::Plan;
use crate::plan::targets::{Capabilities, Gap, Salts};
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{Audience, Test};

pub(super) struct ConfigCat;

const CONFIGCAT: Capabilities = Capabilities {
    name: "configcat",
    title: "ConfigCat",
    file: "config_v6.json",
    weight_parts: Some(100),
    share_parts: 100.0,
    salts: Salts::Key,
    reserved: &["off"],
    hash: "sha1 of ConfigCat",
    flag_signs: Some("-_"),
    // The documentation says 100,000 characters for a text; the variant's name stands in it too.
    most_payload_bytes: Some(99_000),
    flags_key: "f",
    caught,
    refuses,
    limits: &[
        "Shares, weights and slots are whole per cents.",
        "An attribute that is empty text is read as missing.",
        "Attributes have no types: a number that is given as text is read as a number, and `true` as the text of it.",
        "The attributes `user_id`, `userId`, `userID` and `Identifier` are the identifier of the user object; any other is a custom attribute under its name.",
        "A payload is text: `{\"variant\": …, \"payload\": …}`.",
    ],
    upload: "Terraform (`configcat_setting`, `configcat_setting_value_v2`) with the variables `configcat_config_id`, \
             `configcat_environment_id` and, for the settings of layers and holdouts, the map `configcat_setting_ids`. \
             No judge: it follows the provider's published documentation.",
    ..Capabilities::PLAIN
};

/// The version of what is printed here.
const FORMAT: &str = "configcat/1";

/// Conditions that the SDKs read otherwise, and slots that whole per cents cannot hold.
fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| conditions::compiled(clause).map(drop));
    gaps.extend(served::coarse_slot(plan, &CONFIGCAT));
    // Their names are in the keys of settings.
    let layer = plan.audience.layer.as_ref().map(|layer| ("layer", &layer.name));
    let holdout = plan.audience.holdout.as_ref().map(|holdout| ("holdout", &holdout.name));
    for (what, name) in layer.into_iter().chain(holdout).filter(|(_, name)| !CONFIGCAT.allows_flag(&name.value)) {
        gaps.push(Gap {
            what: format!("the {what} `{}`", name.value),
            place: name.span(),
            reason: "the key of its setting cannot have that name".to_owned(),
            help: CONFIGCAT.flag_names(),
        });
    }
    gaps
}

/// The rule for everybody that stands before the enrolled ones.
fn caught(flag: &Node, _id: &str, _salt: &str) -> Option<Span> {
    let rules = flag.at_path("r")?.as_array()?;
    let ours = rules.iter().position(|rule| rule.at_path("p").is_some())?;
    rules[..ours].iter().filter_map(Node::as_table).find_map(|rule| {
        let is_empty = |node: &Node| matches!(&node.value, Value::Array(items) if items.is_empty());
        rule.get("c").is_none_or(is_empty).then(|| rule.entry("s").map(|entry| entry.key_span))?
    })
}

impl Target for ConfigCat {
    fn capabilities(&self) -> &'static Capabilities {
        &CONFIGCAT
    }

    fn about(&self) -> &'static str {
        "ConfigCat's SDKs, as a config file"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let settings = settings(flags, &mut print.losses)?;
        let built: Map<String, Json> = flags
            .iter()
            .map(|flag| (flag.id().to_owned(), json!({ "plan": flag.hash, "stage": flag.stage_name() })))
            .collect();
        let settings: Map<String, Json> =
            settings.into_iter().map(|(key, setting)| (key, setting.document())).collect();
        served::json_bytes(&json!({
            "p": { "u": "https://cdn-global.configcat.com", "r": 0, "s": "expc" },
            "s": [],
            "f": settings,
            "expc": { "format": FORMAT, "experiments": built },
        }))
    }

    fn uploads(&self, flag: &Flag<'_>, print: &mut Print<'_>) -> Result<Vec<(String, Vec<u8>)>, String> {
        upload::of(flag, &mut print.losses)
    }
}

/// A value of a setting. Its id tells the variant to those who log it.
#[derive(Debug, Clone, PartialEq)]
enum Served {
    Switch(bool),
    Text { id: String, text: String },
}

/// What must hold for a rule.
#[derive(Debug, Clone, PartialEq)]
enum Condition {
    User(Test),
    /// The setting of that key gives the value, or gives another.
    Setting {
        key: String,
        is: bool,
        value: Served,
    },
}

/// The first rule whose conditions all hold decides. Parts of a hundred; one part of 100 is served without a hash.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    conditions: Vec<Condition>,
    parts: Vec<(u64, Served)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Setting {
    /// The attribute that is hashed.
    unit: String,
    rules: Vec<Rule>,
    otherwise: Served,
}

impl Served {
    /// A variant with its payload.
    fn variant(name: &str, payload: &Map<String, Json>) -> Self {
        Self::Text { id: name.to_owned(), text: json!({ "variant": name, "payload": payload }).to_string() }
    }

    fn word(text: &str) -> Self {
        Self::Text { id: text.to_owned(), text: text.to_owned() }
    }

    fn value(&self) -> Json {
        match self {
            Self::Switch(on) => json!({ "b": on }),
            Self::Text { text, .. } => json!({ "s": text }),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Switch(true) => "on",
            Self::Switch(false) => "off",
            Self::Text { id, .. } => id,
        }
    }
}

impl Rule {
    fn of(conditions: Vec<Condition>, value: Served) -> Self {
        Self { conditions, parts: vec![(100, value)] }
    }

    fn document(&self) -> Json {
        let conditions: Vec<Json> = self.conditions.iter().map(Condition::document).collect();
        match self.parts.as_slice() {
            [(100, one)] => json!({ "c": conditions, "s": { "v": one.value(), "i": one.id() } }),
            parts => json!({ "c": conditions, "p": options(parts) }),
        }
    }
}

fn options(parts: &[(u64, Served)]) -> Vec<Json> {
    let parts = parts.iter().filter(|(part, _)| 0 < *part);
    parts.map(|(part, value)| json!({ "p": part, "v": value.value(), "i": value.id() })).collect()
}

impl Condition {
    fn document(&self) -> Json {
        match self {
            Self::User(test) => json!({ "u": test.document() }),
            Self::Setting { key, is, value } => {
                json!({ "p": { "f": key, "c": u8::from(!is), "v": value.value() } })
            }
        }
    }
}

impl Setting {
    fn document(&self) -> Json {
        let kind = u8::from(matches!(self.otherwise, Served::Text { .. }));
        let mut setting = json!({ "t": kind });
        if self.unit != IDENTIFIER {
            setting["a"] = json!(self.unit);
        }
        // A rule for everybody has no conditions, and its parts stand in the setting itself.
        let (rules, last) = match self.rules.split_last() {
            Some((last, rules)) if last.conditions.is_empty() => (rules, options(&last.parts)),
            _ => (self.rules.as_slice(), Vec::new()),
        };
        setting["r"] = rules.iter().map(Rule::document).collect();
        setting["p"] = json!(last);
        setting["v"] = self.otherwise.value();
        setting["i"] = json!(self.otherwise.id());
        setting
    }
}

/// The name of the user object's own id.
const IDENTIFIER: &str = "Identifier";

/// The attribute of the user object.
fn attribute(name: &str) -> &str {
    if matches!(name, "user_id" | "userId" | "userID") { IDENTIFIER } else { name }
}

/// Every setting that the flags need, by key.
fn settings(flags: &[Flag<'_>], losses: &mut Losses) -> Result<BTreeMap<String, Setting>, String> {
    let mut layers: BTreeMap<&str, Layer> = BTreeMap::new();
    let slots = served::each(flags, |flag| {
        let slot = flag.layer.map(|layer| layer.parts(flag.plan, &CONFIGCAT, losses)).transpose()?;
        if let (Some(layer), Some((from, to))) = (flag.layer, slot) {
            let unit = attribute(flag.unit).to_owned();
            let layer = layers.entry(layer.name).or_insert_with(|| Layer { unit, slots: Vec::new() });
            layer.slots.push((from, to));
        }
        Ok(slot)
    })?;
    for layer in layers.values_mut() {
        layer.cut();
    }
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    let mut slots = slots.into_iter();
    served::each(flags, |flag| {
        let slot = slots.next().flatten();
        let cells = match (flag.layer, slot) {
            (Some(layer), Some((from, to))) => {
                let all = layers.get(layer.name).map(|layer| layer.slots.as_slice()).unwrap_or_default();
                all.iter().copied().filter(|cell| from <= cell.0 && cell.1 <= to).collect()
            }
            _ => Vec::new(),
        };
        for (key, setting) in of_flag(flag, slot, &cells, losses)? {
            if settings.insert(key.clone(), setting.clone()).is_some_and(|other| other != setting) {
                return Err(format!("needs a setting `{key}`, and another flag, layer or holdout has it"));
            }
        }
        Ok(())
    })?;
    for (name, layer) in layers {
        let key = layer_key(name);
        if settings.insert(key.clone(), layer.setting()).is_some() {
            return Err(format!("layer `{name}` needs a setting `{key}`, and a flag has it"));
        }
    }
    Ok(settings)
}

/// A layer, and the slots of its flags. Those of flags that follow each other may overlap, until they are cut.
struct Layer {
    unit: String,
    slots: Vec<(u64, u64)>,
}

impl Layer {
    /// Cuts its slots where another one begins or ends.
    fn cut(&mut self) {
        let mut cuts: Vec<u64> = self.slots.iter().flat_map(|(from, to)| [*from, *to]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let is_taken = |cell: &(u64, u64)| self.slots.iter().any(|slot| slot.0 <= cell.0 && cell.1 <= slot.1);
        self.slots = cuts.windows(2).map(|cut| (cut[0], cut[1])).filter(is_taken).collect();
    }

    fn setting(self) -> Setting {
        let mut parts = Vec::new();
        let mut at = 0;
        for cell in self.slots {
            parts.push((cell.0 - at, Served::word(FREE)));
            parts.push((cell.1 - cell.0, named(cell)));
            at = cell.1;
        }
        parts.push((100 - at, Served::word(FREE)));
        let rules = vec![Rule { conditions: Vec::new(), parts }];
        Setting { unit: self.unit, rules, otherwise: Served::word(FREE) }
    }
}

/// Units of a layer that no slot has.
const FREE: &str = "free";

/// Units of a layer from one per cent to before another.
fn named((from, to): (u64, u64)) -> Served {
    Served::word(&format!("{from}-{to}"))
}

fn layer_key(layer: &str) -> String {
    format!("slot-of-{layer}")
}

/// The settings of one flag; its layer is made for all of its flags together.
fn of_flag(
    flag: &Flag<'_>,
    slot: Option<(u64, u64)>,
    cells: &[(u64, u64)],
    losses: &mut Losses,
) -> Result<Vec<(String, Setting)>, String> {
    let unit = attribute(flag.unit).to_owned();
    let off = Served::variant("off", &flag.off);
    let variants: Vec<Served> =
        flag.variants.iter().map(|variant| Served::variant(variant.name, &variant.payload)).collect();
    let alone = |rules: Vec<Rule>, otherwise: Served| Setting { unit: unit.clone(), rules, otherwise };
    // Conditions are judged in every state: a fault must not wait for the first stage.
    let audience = Audience::of(flag)?;
    let mut settings = Vec::new();
    let holdout = flag.holdout.map(|holdout| {
        let key = format!("held-out-{}", holdout.name);
        let held = holdout.parts(flag.plan, &CONFIGCAT, losses);
        let parts = vec![(held, Served::Switch(true)), (100 - held, Served::Switch(false))];
        let rules = vec![Rule { conditions: Vec::new(), parts }];
        settings.push((key.clone(), alone(rules, Served::Switch(false))));
        Condition::Setting { key, is: true, value: Served::Switch(true) }
    });
    let mut rules = Vec::new();
    match flag.state {
        State::Killed => return Ok(vec![(flag.key.to_owned(), alone(rules, off))]),
        State::Shipped(winner) => {
            rules.extend(holdout.map(|held| Rule::of(vec![held], off)));
            settings.push((flag.key.to_owned(), alone(rules, variants[winner].clone())));
            return Ok(settings);
        }
        State::Waiting | State::Stage(_) | State::Schedule(_) => {}
    }
    for (variant, served) in flag.variants.iter().zip(&variants) {
        let ids: Vec<&str> = variant.force.iter().copied().filter(|id| !id.is_empty()).collect();
        if !ids.is_empty() {
            rules.push(Rule::of(vec![Condition::User(Test::is_one_of(&unit, &ids))], served.clone()));
        }
    }
    if let Some(stage) = flag.stage() {
        let reach = slot.map_or(1.0, |(from, to)| (to - from) as f64 / 100.0);
        let enrolled = served::enrolled(flag.plan, stage, reach, &CONFIGCAT, losses);
        let split = served::split(flag, stage, &CONFIGCAT, losses);
        let key = format!("{}-enrolled", flag.key);
        let mut gate: Vec<Rule> = Vec::new();
        let mut out = |conditions| gate.push(Rule::of(conditions, Served::Switch(false)));
        for rejected in audience.rejects {
            out(rejected.into_iter().map(Condition::User).collect());
        }
        holdout.into_iter().for_each(|held| out(vec![held]));
        if let Some(layer) = flag.layer {
            let outside =
                |cell: &(u64, u64)| Condition::Setting { key: layer_key(layer.name), is: false, value: named(*cell) };
            out(cells.iter().map(outside).collect());
        }
        let mut conditions = vec![Condition::User(Test::is_there(&unit))];
        conditions.extend(audience.accepts.into_iter().map(Condition::User));
        let parts = match enrolled {
            0 => vec![(100, Served::Switch(false))],
            100 => vec![(100, Served::Switch(true))],
            some => vec![(some, Served::Switch(true)), (100 - some, Served::Switch(false))],
        };
        gate.push(Rule { conditions, parts });
        settings.push((key.clone(), alone(gate, Served::Switch(false))));
        let parts = split.into_iter().zip(variants).filter(|(part, _)| 0 < *part).collect();
        let is_in = Condition::Setting { key, is: true, value: Served::Switch(true) };
        rules.push(Rule { conditions: vec![is_in], parts });
    }
    settings.push((flag.key.to_owned(), alone(rules, off)));
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_that_overlap_in_time_are_cut_and_cover_the_layer_once() {
        let mut layer = Layer { unit: IDENTIFIER.to_owned(), slots: vec![(20, 60), (0, 40), (80, 90), (0, 40)] };
        layer.cut();
        assert_eq!(layer.slots, [(0, 20), (20, 40), (40, 60), (80, 90)]);
        let setting = layer.setting();
        let parts = &setting.rules[0].parts;
        assert_eq!(parts.iter().map(|(part, _)| part).sum::<u64>(), 100);
        let named: Vec<(u64, &str)> =
            parts.iter().filter(|(part, _)| 0 < *part).map(|(part, value)| (*part, value.id())).collect();
        assert_eq!(named, [(20, "0-20"), (20, "20-40"), (20, "40-60"), (20, "free"), (10, "80-90"), (10, "free")]);
    }
}
