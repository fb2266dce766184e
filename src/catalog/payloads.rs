//! The JSON Schemas of flags: what a flag's payloads must look like.
//!
//! A schema comes from a stranger: it reads no file and no network, its patterns run in linear time, its size and
//! depth are limited, and before a payload is judged the work is counted, because references that fork can take
//! twice as long at every level.

use std::collections::HashMap;

use jsonschema::PatternOptions;
use serde_json::Value as Json;

use super::definitions::Flag;
use super::merged::Catalog;
use crate::spec::At;
use crate::syntax::Value;
use crate::text::{FileId, Source, Sources, Span};
use crate::world::{Files, ReadFaultKind};

/// A schema file is at most so long.
const MOST_BYTES: usize = 256 * 1024;

/// Tables inside each other.
const DEEPEST: usize = 64;

/// Steps of one payload under its schema.
const MOST_WORK: u64 = 200_000;

/// The size of a compiled pattern, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// The schema of a flag, or why it cannot be used.
#[derive(Debug)]
pub struct PayloadSchema {
    pub flag: String,
    /// Where the catalogue gives it.
    pub place: Span,
    pub ready: Result<Ready, SchemaFault>,
}

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaFault {
    pub span: Span,
    pub headline: String,
    pub label: String,
    pub help: String,
    /// Where in the schema's own file.
    pub inside: Option<Box<(Span, String)>>,
}

/// A schema that can judge.
#[derive(Debug)]
pub struct Ready {
    json: Json,
    /// The value it was written as, when that is TOML: its parts have places.
    written: Option<Value>,
    validator: jsonschema::Validator,
}

/// What a schema wants and a payload does not give.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The keys and numbers that lead to the value.
    pub path: Vec<String>,
    pub sort: ViolationSort,
    /// The keyword and what it asks, as JSON.
    pub keyword: String,
    pub wants: Json,
    /// Where the schema says so, when that has a place.
    pub said: Option<Span>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ViolationSort {
    Type,
    Missing(String),
    /// A key that is not among the known ones.
    Unknown {
        key: String,
        known: Vec<String>,
    },
    NotAmong(Vec<Json>),
    Other,
}

/// Reads the schemas of all flags; nothing is built when no flag has one.
pub fn read(catalog: &Catalog, files: &dyn Files, sources: &mut Sources) -> Vec<PayloadSchema> {
    use rayon::prelude::*;
    let wanted: Vec<(&str, &At<Flag>)> = catalog
        .flags
        .iter()
        .filter(|(_, _, flag)| flag.schema.get().is_some() || flag.payload_schema.get().is_some())
        .map(|(name, _, flag)| (name, flag))
        .collect();
    let texts: Vec<(&str, Span, Result<Written, SchemaFault>)> = wanted
        .into_iter()
        .map(|(name, flag)| {
            let (place, written) = written(flag, files, sources);
            (name, place, written)
        })
        .collect();
    let built = |(flag, place, written): (&str, Span, Result<Written, SchemaFault>)| {
        let ready = written.and_then(|written| build(written, place));
        PayloadSchema { flag: flag.to_owned(), place, ready }
    };
    texts.into_par_iter().map(built).collect()
}

/// A schema as it was written.
struct Written {
    json: Json,
    value: Option<Value>,
    file: Option<FileId>,
}

fn written(flag: &At<Flag>, files: &dyn Files, sources: &mut Sources) -> (Span, Result<Written, SchemaFault>) {
    let (inline, path) = match (flag.schema.get(), flag.payload_schema.get()) {
        (Some(inline), Some(path)) => {
            let fault =
                fault(path.span, "two schemas for one flag", "`schema` stands beside it", "keep one of the two");
            return (
                path.span,
                Err(SchemaFault { inside: Some(Box::new((inline.span, "the other".to_owned()))), ..fault }),
            );
        }
        (Some(inline), None) => {
            let json = inline.value.to_json();
            return (inline.span, Ok(Written { json, value: Some(inline.value.clone()), file: None }));
        }
        (None, Some(path)) => (flag, path),
        (None, None) => return (flag.span, Err(fault(flag.span, "it has no schema", "", ""))),
    };
    let _ = inline;
    let span = path.span;
    let beside = sources.path(span).rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let Some(found) = joined(&beside, &path.value) else {
        let fault = fault(
            span,
            "its schema lies outside the workspace",
            "leads out of the workspace",
            "keep it beside the catalogue, and name it from there, like \"schemas/checkout.schema.json\"",
        );
        return (span, Err(fault));
    };
    let shown = crate::text::printable(&found);
    let text = match files.read(&found) {
        Ok(text) => text,
        Err(error) => {
            let label = match &error.kind {
                ReadFaultKind::NotFound => format!("no file `{shown}`"),
                ReadFaultKind::NotUtf8 { .. } => format!("`{shown}` is not UTF-8"),
                ReadFaultKind::TooLarge { bytes } => format!("`{shown}` has {bytes} bytes"),
                ReadFaultKind::Refused(why) => format!("`{shown}`: {}", crate::text::printable(why)),
            };
            let help = "the path counts from the folder of the catalogue file";
            return (span, Err(fault(span, "its schema cannot be read", &label, help)));
        }
    };
    if MOST_BYTES < text.len() {
        let label = format!("{} bytes; at most {MOST_BYTES} are read", text.len());
        return (span, Err(fault(span, "its schema is too large", &label, "split it, or allow more freely")));
    }
    // Several flags may name one file.
    let known = sources.added().find(|&file| sources.get(file).path == found);
    let parsed = serde_json::from_str::<Json>(text.strip_prefix('\u{feff}').unwrap_or(&text));
    let file = known.unwrap_or_else(|| sources.add(Source::new(found, text.clone())));
    match parsed {
        Ok(json) => (span, Ok(Written { json, value: None, file: Some(file) })),
        Err(error) => {
            let line: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            let at = (line + error.column().saturating_sub(1)).min(text.len());
            let reason = error.to_string();
            let reason = reason.split(" at line").next().unwrap_or("").to_owned();
            let fault = fault(span, "its schema is no JSON", "read from here", "mend the file");
            let place = Span::new(file, at, (at + 1).min(text.len()));
            (span, Err(SchemaFault { inside: Some(Box::new((place, crate::text::printable(&reason)))), ..fault }))
        }
    }
}

/// A path from a folder, without `.` and `..`; `None` when it leaves the workspace.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.contains(['\\', ':', '\0']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn fault(span: Span, headline: &str, label: &str, help: &str) -> SchemaFault {
    SchemaFault { span, headline: headline.to_owned(), label: label.to_owned(), help: help.to_owned(), inside: None }
}

fn build(written: Written, place: Span) -> Result<Ready, SchemaFault> {
    let Written { json, value, file } = written;
    // A file has no places for its parts; the way to them is told.
    let at = |path: &[String]| match &value {
        Some(value) => (find(value, path).unwrap_or(place), String::new()),
        None => (place, format!(" at `/{}`", path.join("/"))),
    };
    let told = |path: &[String], headline: &str, label: &str, help: &str| {
        let (span, way) = at(path);
        let inside = file.map(|file| Box::new((Span::file_start(file), "the schema".to_owned())));
        SchemaFault { inside, ..fault(span, headline, &format!("{label}{way}"), help) }
    };
    if let Some(path) = too_deep(&json, &mut Vec::new()) {
        return Err(told(
            &path[..4.min(path.len())],
            "its schema is nested too deeply",
            "too deep",
            "name parts under `$defs`",
        ));
    }
    if let Some((path, reference)) = remote(&json, &mut Vec::new()) {
        let label = format!("`{}` is another document", crate::text::printable(&reference));
        return Err(told(
            &path,
            "its schema refers to another document",
            &label,
            "copy that part under `$defs`, and refer to it as `#/$defs/…`: nothing is fetched",
        ));
    }
    let options = jsonschema::options().offline().should_validate_formats(true);
    let patterns = PatternOptions::regex().size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN);
    match options.with_pattern_options(patterns).build(&json) {
        Ok(validator) => Ok(Ready { json, written: value, validator }),
        Err(error) => {
            let path = steps(error.instance_path().as_str());
            let reason = crate::text::printable(&error.to_string());
            let reason: String = reason.chars().take(160).collect();
            Err(told(
                &path,
                "its schema is no JSON Schema",
                &reason,
                "see https://json-schema.org/understanding-json-schema",
            ))
        }
    }
}

/// The steps of a JSON pointer.
fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// The place of a part of a value: of what is there as far as the path leads.
fn find(value: &Value, path: &[String]) -> Option<Span> {
    let (first, rest) = path.split_first()?;
    let (span, below) = match value {
        Value::Table(table) => {
            let entry = table.entry(first)?;
            let whole = matches!(entry.node.value, Value::Table(_) | Value::Array(_));
            (if whole { entry.key_span } else { entry.node.span }, &entry.node.value)
        }
        Value::Array(items) => {
            let item = items.get(first.parse::<usize>().ok()?)?;
            (item.span, &item.value)
        }
        _ => return None,
    };
    Some(find(below, rest).unwrap_or(span))
}

fn too_deep(json: &Json, path: &mut Vec<String>) -> Option<Vec<String>> {
    if DEEPEST < path.len() {
        return Some(path.clone());
    }
    each(json, path, too_deep)
}

/// The first reference that leaves the document.
fn remote(json: &Json, path: &mut Vec<String>) -> Option<(Vec<String>, String)> {
    for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
        if let Some(Json::String(to)) = json.get(key).filter(|_| path.last().is_none_or(|last| last != "properties"))
            && !to.starts_with('#')
        {
            path.push(key.to_owned());
            return Some((path.clone(), to.clone()));
        }
    }
    each(json, path, remote)
}

fn each<T>(json: &Json, path: &mut Vec<String>, look: fn(&Json, &mut Vec<String>) -> Option<T>) -> Option<T> {
    let mut below = |step: String, json: &Json| {
        path.push(step);
        let found = look(json, path);
        path.pop();
        found
    };
    match json {
        Json::Object(map) => map.iter().find_map(|(key, value)| below(key.clone(), value)),
        Json::Array(items) => items.iter().enumerate().find_map(|(at, value)| below(at.to_string(), value)),
        _ => None,
    }
}

impl Ready {
    /// What a payload does not meet, in the order of its places; `None` when judging it would take too long.
    pub fn judge(&self, payload: &Json) -> Option<Vec<Violation>> {
        let mut work = Work { root: &self.json, known: HashMap::new() };
        if MOST_WORK < work.of(&self.json, payload, 0) {
            return None;
        }
        let mut violations: Vec<Violation> =
            self.validator.iter_errors(payload).flat_map(|error| self.violations(&error)).collect();
        violations.sort_by(|a, b| (&a.path, &a.keyword).cmp(&(&b.path, &b.keyword)));
        violations.dedup();
        Some(violations)
    }

    fn violations(&self, error: &jsonschema::ValidationError<'_>) -> Vec<Violation> {
        use jsonschema::error::ValidationErrorKind as Sort;
        let schema_path = steps(error.schema_path().as_str());
        let said = self.written.as_ref().and_then(|value| find(value, &schema_path));
        let pointer = |path: &[String]| {
            path.iter().try_fold(&self.json, |at, step| match at {
                Json::Array(items) => items.get(step.parse::<usize>().ok()?),
                at => at.get(step),
            })
        };
        let wants = pointer(&schema_path).cloned().unwrap_or(Json::Null);
        let keyword = error.kind().keyword().to_owned();
        let path = steps(error.instance_path().as_str());
        let make = |sort| Violation { path: path.clone(), sort, keyword: keyword.clone(), wants: wants.clone(), said };
        match error.kind() {
            Sort::Type { .. } => vec![make(ViolationSort::Type)],
            Sort::Required { property } => {
                vec![make(ViolationSort::Missing(property.as_str().unwrap_or_default().to_owned()))]
            }
            Sort::AdditionalProperties { unexpected } | Sort::UnevaluatedProperties { unexpected } => {
                let parent = schema_path.split_last().and_then(|(_, parent)| pointer(parent));
                let known = parent.and_then(|parent| parent.get("properties")).and_then(Json::as_object);
                let known: Vec<String> = known.into_iter().flat_map(|known| known.keys().cloned()).collect();
                unexpected
                    .iter()
                    .map(|key| make(ViolationSort::Unknown { key: key.clone(), known: known.clone() }))
                    .collect()
            }
            Sort::Enum { options } => {
                vec![make(ViolationSort::NotAmong(options.as_array().cloned().unwrap_or_default()))]
            }
            Sort::Constant { expected_value } => vec![make(ViolationSort::NotAmong(vec![(**expected_value).clone()]))],
            _ => vec![make(ViolationSort::Other)],
        }
    }
}

/// How many steps a validator takes at most, counted without taking them.
struct Work<'a> {
    root: &'a Json,
    /// By the addresses of a schema and a value; a pair that is being counted is endless.
    known: HashMap<(usize, usize), u64>,
}

/// References in a row; more are not followed.
const LONGEST_CHAIN: usize = 200;

impl<'a> Work<'a> {
    fn of(&mut self, schema: &'a Json, value: &Json, depth: usize) -> u64 {
        let Json::Object(rules) = schema else { return 1 };
        if LONGEST_CHAIN < depth {
            return u64::MAX;
        }
        let pair = (std::ptr::from_ref(schema) as usize, std::ptr::from_ref(value) as usize);
        if let Some(known) = self.known.get(&pair) {
            return *known;
        }
        self.known.insert(pair, u64::MAX);
        let mut sum: u64 = 1 + rules.len() as u64;
        // Judged on the same value.
        for (keyword, rule) in rules {
            let parts: Vec<&Json> = match (keyword.as_str(), rule) {
                ("allOf" | "anyOf" | "oneOf", Json::Array(parts)) => parts.iter().collect(),
                ("not" | "if" | "then" | "else", part) => vec![part],
                ("dependentSchemas" | "dependencies", Json::Object(parts)) => parts.values().collect(),
                ("$ref" | "$dynamicRef" | "$recursiveRef", Json::String(to)) => self.target(to).into_iter().collect(),
                _ => Vec::new(),
            };
            for part in parts {
                sum = sum.saturating_add(self.of(part, value, depth + 1));
            }
        }
        // What is left over is found by judging all of it again.
        if rules.contains_key("unevaluatedProperties") || rules.contains_key("unevaluatedItems") {
            sum = sum.saturating_mul(2);
        }
        let children: Vec<(Option<&str>, &Json)> = match value {
            Json::Object(map) => map.iter().map(|(key, value)| (Some(key.as_str()), value)).collect(),
            Json::Array(items) => items.iter().map(|item| (None, item)).collect(),
            _ => Vec::new(),
        };
        for (key, child) in children {
            for (keyword, rule) in rules {
                let parts: Vec<&Json> = match (keyword.as_str(), rule, key) {
                    ("properties", Json::Object(parts), Some(key)) => parts.get(key).into_iter().collect(),
                    ("patternProperties", Json::Object(parts), Some(_)) => parts.values().collect(),
                    ("additionalProperties" | "unevaluatedProperties" | "propertyNames", part, Some(_)) => vec![part],
                    ("items" | "prefixItems", Json::Array(parts), None) => parts.iter().collect(),
                    ("items" | "additionalItems" | "unevaluatedItems" | "contains", part, None) => vec![part],
                    _ => Vec::new(),
                };
                for part in parts {
                    sum = sum.saturating_add(self.of(part, child, depth + 1));
                }
            }
        }
        self.known.insert(pair, sum);
        sum
    }

    /// What a reference inside the document means; anchors are looked for everywhere.
    fn target(&self, to: &str) -> Option<&'a Json> {
        let to = to.strip_prefix('#')?;
        if to.is_empty() || to.starts_with('/') {
            return self.root.pointer(to);
        }
        fn anchored<'j>(json: &'j Json, name: &str) -> Option<&'j Json> {
            let here =
                ["$anchor", "$dynamicAnchor"].iter().any(|key| json.get(key).and_then(Json::as_str) == Some(name));
            match json {
                _ if here => Some(json),
                Json::Object(map) => map.values().find_map(|json| anchored(json, name)),
                Json::Array(items) => items.iter().find_map(|json| anchored(json, name)),
                _ => None,
            }
        }
        anchored(self.root, to)
    }
}
