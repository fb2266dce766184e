//! What an export of a platform says of an experiment, and how that is written as a draft spec.
//!
//! A platform reads its own words into [`Draft`]s and does nothing else. What its export has and a spec cannot hold is
//! told by [`Draft::lose`], what a spec needs and the export has not by [`Draft::lack`], each with its place. Nothing is
//! made up: hypothesis, metrics and dates that no export has stay absent, and `expc check` lists them.

use serde_json::{Map, Value as Json};

use crate::catalog::Catalog;
use crate::spec::quantity::{VersionRange, plain};
use crate::spec::{Day, Scalar};
use crate::syntax::{JsonFault, Node, Value, parse_json};
use crate::text::{FileId, Span, acts};

/// An export with the places of all its values.
#[derive(Debug)]
pub struct Export<'t> {
    pub text: &'t str,
    pub root: Node,
}

/// Something that could not be carried over, or is not there, with its place in the export.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    pub place: Option<Span>,
    pub text: String,
}

/// What an export says of one experiment.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// As the platform calls it; the flag's name when it has none. It is made an id when it is written.
    pub id: String,
    pub flag: String,
    /// The attribute that is hashed.
    pub unit: Option<String>,
    /// The unit by its name, where the platform knows units so.
    pub unit_name: Option<String>,
    pub variants: Vec<DraftVariant>,
    /// What people outside get, where the export says it.
    pub off: Option<Map<String, Json>>,
    /// All must hold.
    pub conditions: Vec<DraftCondition>,
    /// One that holds is enough to be out.
    pub exclusions: Vec<DraftCondition>,
    /// The part of eligible units that takes part; in a layer the width of the slot.
    pub share: Option<f64>,
    /// First to last.
    pub stages: Vec<DraftStage>,
    pub start: Option<Day>,
    /// Only where the platform hashes with it as expc's build does; otherwise say by [`Draft::lose`] that units are
    /// assigned anew.
    pub salt: Option<String>,
    pub layer: Option<DraftLayer>,
    pub holdout: Option<DraftHoldout>,
    /// What a spec needs and the export has not.
    pub missing: Vec<Remark>,
    /// What the export has and a spec cannot hold.
    pub lost: Vec<Remark>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DraftVariant {
    pub name: String,
    /// In any unit: only proportions count.
    pub weight: Option<f64>,
    /// See [`Draft::payload`].
    pub payload: Map<String, Json>,
    /// Ids that always get it.
    pub force: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DraftCondition {
    pub attribute: String,
    pub test: Test,
}

/// The comparison of a condition, in the words of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    In(Vec<Scalar>),
    NotIn(Vec<Scalar>),
    Is(Scalar),
    IsNot(Scalar),
    Semver(VersionRange),
    AtLeast(f64),
    AtMost(f64),
    Above(f64),
    Below(f64),
    StartsWith(String),
    EndsWith(String),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DraftStage {
    pub name: String,
    /// Of the eligible units.
    pub share: Option<f64>,
    /// How long it stays, in days.
    pub days: Option<i64>,
    /// By variant, where they are not the variants' own.
    pub weights: Option<Vec<f64>>,
}

/// A part of a layer: known to the export by its salt.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftLayer {
    pub salt: String,
    pub from: f64,
    pub to: f64,
    pub place: Option<Span>,
}

/// A holdout: known to the export by its salt.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftHoldout {
    pub salt: String,
    pub share: f64,
    pub place: Option<Span>,
}

impl<'t> Export<'t> {
    /// The export, or where it stops being JSON.
    pub fn read(text: &'t str) -> Result<Self, JsonFault> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Ok(Self { text, root: parse_json(FileId(0), text)? })
    }

    /// The way to a place: `features.cta.rules[1]`.
    pub fn path(&self, place: Span) -> String {
        let mut path = String::new();
        let mut node = &self.root;
        loop {
            // Children stand in the order of the file.
            let (step, next) = match &node.value {
                Value::Table(table) => {
                    let after = table.entries.partition_point(|entry| entry.key_span.start <= place.start);
                    let Some(entry) = table.entries.get(after.wrapping_sub(1)) else { return path };
                    let dot = if path.is_empty() { "" } else { "." };
                    if entry.key_span == place {
                        return format!("{path}{dot}{}", entry.key);
                    }
                    (format!("{dot}{}", entry.key), &entry.node)
                }
                Value::Array(items) => {
                    let after = items.partition_point(|item| item.span.start <= place.start);
                    let Some(item) = items.get(after.wrapping_sub(1)) else { return path };
                    (format!("[{}]", after - 1), item)
                }
                _ => return path,
            };
            if node.span == place || !next.span.contains(place) {
                return path;
            }
            path += &step;
            node = next;
        }
    }

    /// A value as it is written: with `null`, and with integers of any size as far as JSON readers go.
    pub fn json(&self, node: &Node) -> Json {
        serde_json::from_str(&self.text[node.span.range()]).unwrap_or_else(|_| node.to_json())
    }
}

/// One comparable value; nothing for lists and tables, and for integers that a decimal number cannot hold.
pub fn scalar(node: &Node) -> Option<Scalar> {
    Some(match &node.value {
        Value::String(text) => Scalar::Text(text.clone()),
        Value::Boolean(flag) => Scalar::Flag(*flag),
        Value::Integer(number) if number.unsigned_abs() <= 1 << 53 => Scalar::Number(*number as f64),
        Value::Float(number) => Scalar::Number(*number),
        _ => return None,
    })
}

/// A list of comparable values.
pub fn scalars(node: &Node) -> Option<Vec<Scalar>> {
    node.as_array()?.iter().map(scalar).collect()
}

/// A number, whole or not.
pub fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Integer(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        _ => None,
    }
}

impl Test {
    /// A strict version comparison; nothing when the version is not `MAJOR.MINOR.PATCH`.
    pub fn semver(sign: &str, version: &str) -> Option<Self> {
        format!("{sign}{version}").parse().ok().map(Test::Semver)
    }

    fn toml(&self) -> String {
        let one = |value: &Scalar| match value {
            Scalar::Text(text) => quoted(text),
            other => other.to_json().to_string(),
        };
        let list = |values: &[Scalar]| format!("[{}]", values.iter().map(one).collect::<Vec<_>>().join(", "));
        let number = |number: &f64| Scalar::Number(*number).to_json().to_string();
        match self {
            Test::In(values) => format!("in = {}", list(values)),
            Test::NotIn(values) => format!("not_in = {}", list(values)),
            Test::Is(value) => format!("is = {}", one(value)),
            Test::IsNot(value) => format!("is_not = {}", one(value)),
            Test::Semver(range) => format!("semver = {}", quoted(&range.to_string())),
            Test::AtLeast(bound) => format!("at_least = {}", number(bound)),
            Test::AtMost(bound) => format!("at_most = {}", number(bound)),
            Test::Above(bound) => format!("above = {}", number(bound)),
            Test::Below(bound) => format!("below = {}", number(bound)),
            Test::StartsWith(start) => format!("starts_with = {}", quoted(start)),
            Test::EndsWith(end) => format!("ends_with = {}", quoted(end)),
        }
    }
}

impl Draft {
    pub fn of(flag: &str) -> Self {
        Self { id: flag.to_owned(), flag: flag.to_owned(), ..Self::default() }
    }

    /// The export has it, a spec cannot hold it. A sentence without a full stop.
    pub fn lose(&mut self, place: Span, text: impl Into<String>) {
        self.lost.push(Remark { place: Some(place), text: text.into() });
    }

    /// A spec needs it, the export has it not: the place is where it would be.
    pub fn lack(&mut self, place: Span, text: impl Into<String>) {
        self.missing.push(Remark { place: Some(place), text: text.into() });
    }

    /// Every key of a table that is not among the known ones is lost.
    pub fn lose_unknown(&mut self, node: &Node, known: &[&str]) {
        for entry in node.as_table().into_iter().flat_map(|table| &table.entries) {
            if !known.contains(&entry.key.as_str()) {
                self.lose(entry.key_span, format!("a spec has nothing like `{}`", entry.key));
            }
        }
    }

    /// What a variant returns. A payload of a spec is a table: any other value becomes its `value`, which is told.
    pub fn payload(&mut self, export: &Export<'_>, node: &Node) -> Map<String, Json> {
        match export.json(node) {
            Json::Object(map) => {
                let mut map = map;
                self.prune(node.span, &mut map);
                map
            }
            Json::Null => Map::new(),
            other => {
                self.lose(node.span, "a payload is a table: the value stands under `value`, which callers must read");
                let mut map = Map::from_iter([("value".to_owned(), other)]);
                self.prune(node.span, &mut map);
                map
            }
        }
    }

    /// Takes out what TOML cannot say, and tells it.
    fn prune(&mut self, place: Span, map: &mut Map<String, Json>) {
        let mut gone: Vec<String> = Vec::new();
        prune(map, "", &mut gone);
        for path in gone {
            self.lose(place, format!("TOML cannot say `{path}` of the payload: it is `null`, or larger than 64 bits"));
        }
    }

    /// The id as a spec writes it.
    pub fn slug(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let slug: String = self.id.chars().map(plain).collect();
        let slug = slug.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        if slug.is_empty() { "imported".to_owned() } else { slug }
    }

    /// The draft spec, and what the catalogue lacks for it.
    pub fn spec(&self, id: &str, platform: &str, catalog: &Catalog) -> (String, Vec<Remark>) {
        let mut lacks = Vec::new();
        let mut lack = |place: Option<Span>, text: String| lacks.push(Remark { place, text });
        let mut toml = format!("schema = 1\n\n[experiment]\nid = {}\nstatus = \"draft\"\n", quoted(id));
        if self.flag != id {
            toml += &format!("flag = {}\n", quoted(&self.flag));
        }
        for variant in &self.variants {
            toml += &format!("\n[variants.{}]\n", key(&variant.name));
            if let Some(weight) = variant.weight {
                toml += &format!("weight = {}\n", amount(weight));
            }
            if !variant.payload.is_empty() {
                toml += &format!("payload = {}\n", inline(&Json::Object(variant.payload.clone())));
            }
        }
        toml += "\n[audience]\n";
        if let Some(name) = &self.unit_name {
            toml += &format!("unit = {}\n", quoted(name));
            if catalog.units.get(name).is_none() {
                lack(None, format!("the catalogue has no unit `{name}`"));
            }
        } else if let Some(attribute) = &self.unit {
            let mut known = catalog.units.iter();
            let unit = known.find(|(_, _, unit)| unit.value.key.value().is_some_and(|key| key == attribute));
            match unit {
                Some((name, ..)) => toml += &format!("unit = {}\n", quoted(name)),
                None => {
                    toml += &format!("unit = {}\n", quoted(attribute));
                    let text =
                        format!("no unit of the catalogue has the key `{attribute}`, so the draft names the key");
                    lack(None, text);
                }
            }
        }
        for (word, conditions) in [("where", &self.conditions), ("exclude", &self.exclusions)] {
            if !conditions.is_empty() {
                let one =
                    |one: &DraftCondition| format!("{{ attribute = {}, {} }}", quoted(&one.attribute), one.test.toml());
                toml += &format!("{word} = [{}]\n", conditions.iter().map(one).collect::<Vec<_>>().join(", "));
            }
        }
        if let Some(layer) = &self.layer {
            let salted = |salt: Option<&String>, name: &str| salt.map_or(name, String::as_str) == layer.salt;
            let name = catalog.layers.iter().find(|(name, _, entry)| salted(entry.value.salt.value(), name));
            let name = name.map_or(layer.salt.as_str(), |(name, ..)| name);
            toml += &format!("layer = {}\nslot = {}\n", quoted(name), percent(layer.from));
            if catalog.layers.get(name).is_none() {
                lack(layer.place, format!("the catalogue has no layer that hashes with `{}`", layer.salt));
            }
        }
        if let Some(share) = self.share.or(self.layer.as_ref().map(|layer| layer.to - layer.from)) {
            toml += &format!("share = {}\n", percent(share));
        }
        if let Some(holdout) = &self.holdout {
            let salted = |salt: Option<&String>, name: &str| salt.map_or(name, String::as_str) == holdout.salt;
            let found = catalog.holdouts.iter().find(|(name, _, entry)| salted(entry.value.salt.value(), name));
            let name = found.map_or(holdout.salt.as_str(), |(name, ..)| name);
            toml += &format!("holdout = {}\n", quoted(name));
            let held = percent(holdout.share);
            match found.map(|(_, _, entry)| entry.value.share.value().map(|share| share.fraction())) {
                None => {
                    let text =
                        format!("the catalogue has no holdout that hashes with `{}`: it holds {held}", holdout.salt);
                    lack(holdout.place, text);
                }
                Some(Some(share)) if 1e-9 < (share - holdout.share).abs() => {
                    let text = format!("the holdout `{name}` holds {} in the catalogue, {held} here", percent(share));
                    lack(holdout.place, text);
                }
                Some(_) => {}
            }
        }
        if let Some(salt) = self.salt.as_ref().filter(|salt| *salt != id) {
            toml += &format!("salt = {}\n", quoted(salt));
        }
        let forced: Vec<&DraftVariant> = self.variants.iter().filter(|variant| !variant.force.is_empty()).collect();
        if !forced.is_empty() {
            toml += "\n[audience.force]\n";
            for variant in forced {
                let ids: Vec<String> = variant.force.iter().map(|id| quoted(id)).collect();
                toml += &format!("{} = [{}]\n", key(&variant.name), ids.join(", "));
            }
        }
        if self.start.is_some() || !self.stages.is_empty() {
            toml += "\n[rollout]\n";
        }
        if let Some(start) = self.start {
            toml += &format!("start = {start}\n");
        }
        if !self.stages.is_empty() {
            let stages: Vec<String> = self.stages.iter().map(|stage| self.stage(stage)).collect();
            toml += &format!("stages = [\n{}]\n", stages.concat());
        }
        toml += &format!("\n[emit]\ntargets = [{}]\n", quoted(platform));
        if let Some(off) = self.off.as_ref().filter(|off| **off != self.default_off(catalog)) {
            let told = match off.is_empty() {
                true => "people outside get nothing".to_owned(),
                false => format!("people outside get `{}`", inline(&Json::Object(off.clone()))),
            };
            let name = key(&self.flag);
            lack(None, format!("{told}: say so by `default` below `[flags.{name}]` of the catalogue"));
        }
        (crate::fmt::formatted(&toml).unwrap_or(toml), lacks)
    }

    fn stage(&self, stage: &DraftStage) -> String {
        let mut parts = vec![format!("name = {}", quoted(&stage.name))];
        parts.extend(stage.share.map(|share| format!("share = {}", percent(share))));
        parts.extend(stage.days.map(|days| format!("hold = \"{days} day{}\"", if days == 1 { "" } else { "s" })));
        parts.extend(stage.weights.as_ref().map(|weights| {
            let named = self.variants.iter().zip(weights);
            let each: Vec<String> =
                named.map(|(variant, weight)| format!("{} = {}", key(&variant.name), amount(*weight))).collect();
            format!("weights = {{ {} }}", each.join(", "))
        }));
        format!("{{ {} }},\n", parts.join(", "))
    }

    /// What the build serves to people outside unless something else is said: the catalogue's default, or control's
    /// payload.
    fn default_off(&self, catalog: &Catalog) -> Map<String, Json> {
        let default = catalog.flags.get(&self.flag).and_then(|flag| flag.value.default.value()).map(Value::to_json);
        match default {
            Some(Json::Object(map)) => map,
            _ => self
                .variants
                .iter()
                .find(|variant| variant.name == "control")
                .map(|variant| variant.payload.clone())
                .unwrap_or_default(),
        }
    }
}

fn prune(map: &mut Map<String, Json>, path: &str, gone: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let keys: Vec<String> = map.keys().cloned().collect();
    for key in keys {
        if let Some(value) = map.get_mut(&key)
            && !sayable(value, &below(&key), gone)
        {
            gone.push(below(&key));
            map.shift_remove(&key);
        }
    }
}

/// True when TOML can say a value, once what it cannot say below it is taken out.
fn sayable(value: &mut Json, path: &str, gone: &mut Vec<String>) -> bool {
    match value {
        Json::Null => false,
        Json::Number(number) => number.as_i64().is_some() || !number.is_u64(),
        Json::Array(items) => {
            let mut at = 0;
            items.retain_mut(|item| {
                let path = format!("{path}[{at}]");
                at += 1;
                let keep = sayable(item, &path, gone);
                if !keep {
                    gone.push(path);
                }
                keep
            });
            true
        }
        Json::Object(map) => {
            prune(map, path, gone);
            true
        }
        Json::Bool(_) | Json::String(_) => true,
    }
}

/// A text of TOML: the escapes of JSON are among its own. What acts instead of being seen is written out.
fn quoted(text: &str) -> String {
    Json::from(text).to_string().chars().fold(String::new(), |mut out, c| {
        match acts(c) {
            true => out += &format!("\\U{:08x}", u32::from(c)),
            false => out.push(c),
        }
        out
    })
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_owned() } else { quoted(name) }
}

fn inline(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Json::Object(map) if map.is_empty() => "{}".to_owned(),
        Json::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(name, value)| format!("{} = {}", key(name), inline(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

fn percent(share: f64) -> String {
    format!("\"{}%\"", plain(share * 100.0))
}

/// A weight: whole where it is whole.
fn amount(weight: f64) -> String {
    Scalar::Number(weight).to_json().to_string()
}

/// The day that begins at a second; nothing within a day.
pub fn day_of(second: i64) -> Option<Day> {
    if second % 86_400 != 0 {
        return None;
    }
    let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(second / 86_400).ok()?);
    day.ok().map(Day)
}

/// Whole parts in their smallest form: 5000, 2500, 2500 become 2, 1, 1.
pub fn smallest(parts: &[u64]) -> Vec<f64> {
    fn gcd(a: u64, b: u64) -> u64 {
        if b == 0 { a } else { gcd(b, a % b) }
    }
    let by = parts.iter().copied().fold(0, gcd).max(1);
    parts.iter().map(|part| (part / by) as f64).collect()
}
