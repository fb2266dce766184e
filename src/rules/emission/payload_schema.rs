//! EMI007 payload-schema.

use serde_json::Value as Json;

use crate::catalog::{Ready, Violation, ViolationSort};
use crate::rules::prelude::*;
use crate::syntax::Value;
use crate::text::printable;

rule! {
    /// A payload breaks the schema of its flag, or a key has one type in a variant and another elsewhere.
    ///
    /// ## Why
    /// Clients read a typed value: they throw, or fall back without a word, for one of the variants only.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus and Flipt.
    ///
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layout = true }
    /// ```
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layout = "one-tpa" }
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap.schema]
    /// properties = { layout = { enum = ["form", "one-tap"] } }
    /// ```
    /// ```toml,fixed
    /// [variants.one-tap]
    /// payload = { layout = "one-tap" }
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap.schema]
    /// properties = { layout = { enum = ["form", "one-tap"] } }
    /// ```
    /// ```toml,good
    /// [variants.one-tap]
    /// payload = { layout = "one-tap" }
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap.schema]
    /// properties = { layout = { enum = ["form", "one-tap"] } }
    /// required = ["layout"]
    /// additionalProperties = false
    /// ```
    static RULE = {
        code: "EMI007", name: "payload-schema", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check), Workspace(defaults),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    if let Some(schema) = cx.workspace.payload_schema(&cx.plan.flag.value) {
        // A broken schema is told by its own rule.
        if let Ok(ready) = &schema.ready {
            for variant in &cx.plan.variants {
                let Some(payload) = &variant.payload else { continue };
                let place = payload.span().filter(|span| span.file == cx.document.file);
                let place = place.unwrap_or_else(|| cx.home(&format!("variants.{}.payload", variant.name)));
                let whose = format!("variant {}", quoted(&variant.name));
                judge(ready, &Payload { value: &payload.value, place, whose, schema: schema.place }, out);
            }
        }
        return;
    }
    one_type(cx, out);
}

/// The defaults of the flags, where the catalogue writes them.
fn defaults(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for schema in cx.workspace.payload_schemas.iter() {
        let (Ok(ready), Some(flag)) = (&schema.ready, cx.catalog.flags.get(&schema.flag)) else { continue };
        if let Some(default) = flag.default.get() {
            let whose = format!("the default of flag {}", quoted(&schema.flag));
            judge(ready, &Payload { value: &default.value, place: default.span, whose, schema: schema.place }, out);
        }
    }
}

/// A payload and who returns it.
struct Payload<'a> {
    value: &'a Value,
    place: Span,
    whose: String,
    /// Where the schema is given.
    schema: Span,
}

/// Violations of one payload that are told apart; the rest is counted.
const MOST: usize = 20;

fn judge(ready: &Ready, payload: &Payload<'_>, out: &mut Sink) {
    let Some(violations) = ready.judge(&payload.value.to_json()) else {
        let headline = format!("the payload of {} cannot be judged in time", payload.whose);
        out.push(
            RULE.at(payload.place, headline)
                .label("too many steps under its schema")
                .also(payload.schema, "references fork too often")
                .help("simplify the schema: say each part once"),
        );
        return;
    };
    let left = violations.len().saturating_sub(MOST);
    for (index, violation) in violations.iter().take(MOST).enumerate() {
        let found = violated(violation, payload);
        let last = 0 < left && index + 1 == MOST;
        out.push(if last { found.help(format!("{left} more faults follow in this payload")) } else { found });
    }
}

fn violated(violation: &Violation, payload: &Payload<'_>) -> Diagnostic {
    let (span, value) = part(payload.value, &violation.path).unwrap_or((payload.place, None));
    let span = if violation.path.is_empty() { payload.place } else { span };
    let path = dotted(&violation.path);
    let whose = &payload.whose;
    let named = if path.is_empty() { format!("the payload of {whose}") } else { quoted(&path) };
    let found = match &violation.sort {
        ViolationSort::Type => {
            let wants = types(&violation.wants);
            RULE.at(span, format!("{named} in {whose} is not {wants}"))
                .label(value.map_or_else(String::new, |value| value.kind().to_owned()))
                .help(format!("write {wants}"))
        }
        ViolationSort::Missing(key) => RULE
            .at(span, format!("{} is missing in {whose}", quoted(&joined(&path, key))))
            .label(format!("no {}", quoted(key)))
            .help(format!("add {}", quoted(key))),
        ViolationSort::Unknown { key, known } => {
            let at = payload_key(payload.value, &violation.path, key).unwrap_or(span);
            let found = RULE.at(at, format!("{} in {whose} is not in the schema of the flag", quoted(&joined(&path, key))));
            let written = |name: &&String| match part(payload.value, &violation.path) {
                Some((_, Some(Value::Table(table)))) => table.get(name).is_none(),
                _ => !matches!(payload.value, Value::Table(table) if violation.path.is_empty() && table.get(name).is_some()),
            };
            match nearest(key, known.iter().filter(written).map(String::as_str)) {
                Some(near) => rename(found.label(format!("did you mean `{}`?", printable(near))), at, near),
                None if known.is_empty() => found.label("the schema has no other keys").help("remove it"),
                None => {
                    let known = listed(known.iter().map(String::as_str), 8);
                    found.label("unknown key").help(format!("known keys are {known}"))
                }
            }
        }
        ViolationSort::NotAmong(options) => {
            let found = RULE.at(span, format!("{named} in {whose} has none of the allowed values"));
            let words: Vec<&str> = options.iter().filter_map(Json::as_str).collect();
            let near = match value {
                Some(Value::String(text)) => nearest(text, words.iter().copied()),
                _ => None,
            };
            let shown: Vec<String> = options.iter().take(8).map(short).collect();
            let more = if 8 < options.len() { format!(" and {} more", options.len() - 8) } else { String::new() };
            let found = found.help(format!("one of {}{more}", shown.join(", ")));
            match near {
                Some(near) => {
                    let found = found.label(format!("did you mean `{}`?", printable(near)));
                    let text = Json::String(near.to_owned()).to_string();
                    found.fix(Applicability::Suggested, format!("write `{}`", printable(near)), vec![Edit { span, replacement: text }])
                }
                None => found.label("not allowed"),
            }
        }
        ViolationSort::Other => RULE
            .at(span, format!("{named} in {whose} does not meet `{}`", printable(&violation.keyword)))
            .label(format!("the schema wants `{}`: {}", printable(&violation.keyword), short(&violation.wants)))
            .help("change the value, or what the schema allows"),
    };
    match violation.said {
        Some(said) => found.also(said, "the schema says so"),
        None => found.also(payload.schema, "the schema of the flag"),
    }
}

/// A bare key can only be replaced by one that needs no quotes.
fn rename(found: Diagnostic, at: Span, near: &str) -> Diagnostic {
    let plain = near.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain || near.is_empty() {
        return found;
    }
    found.fix(Applicability::Suggested, format!("write `{near}`"), vec![Edit { span: at, replacement: near.to_owned() }])
}

/// The value at the end of a way, and its place.
fn part<'v>(value: &'v Value, path: &[String]) -> Option<(Span, Option<&'v Value>)> {
    let (first, rest) = path.split_first()?;
    let node = match value {
        Value::Table(table) => table.get(first)?,
        Value::Array(items) => items.get(first.parse::<usize>().ok()?)?,
        _ => return None,
    };
    if rest.is_empty() { Some((node.span, Some(&node.value))) } else { part(&node.value, rest) }
}

/// The place of a key in the table at the end of a way.
fn payload_key(value: &Value, path: &[String], key: &str) -> Option<Span> {
    let table = match part(value, path) {
        Some((_, Some(table))) => table,
        _ if path.is_empty() => value,
        _ => return None,
    };
    match table {
        Value::Table(table) => table.entry(key).map(|entry| entry.key_span),
        _ => None,
    }
}

/// `a.b[0]`.
fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        match step.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text += &format!("[{step}]"),
            false if text.is_empty() => text += step,
            false => text += &format!(".{step}"),
        }
    }
    text
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What a schema calls types, in our words.
fn types(wants: &Json) -> String {
    let word = |word: &str| match word {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "a boolean",
        "array" => "a list",
        "object" => "a table",
        _ => "null, which TOML lacks",
    };
    match wants {
        Json::String(one) => word(one).to_owned(),
        Json::Array(many) => many.iter().filter_map(Json::as_str).map(word).collect::<Vec<_>>().join(" or "),
        _ => "what its schema wants".to_owned(),
    }
}

/// A part of a schema for people.
fn short(json: &Json) -> String {
    let text = printable(&json.to_string());
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Without a schema a key has at least one type.
fn one_type(cx: &PlanCx<'_>, out: &mut Sink) {
    let all: Vec<_> = super::payloads(cx.plan).collect();
    // The default decides, or else the control, or else whoever comes first.
    let control = cx.plan.control().map(|control| control.name.as_str());
    let measure = all.iter().find(|(name, _)| name.is_none()).or_else(|| all.iter().find(|(name, _)| *name == control));
    let Some((whose, measure)) = measure.or(all.first()) else { return };
    for (name, table) in &all {
        let Some(name) = name.filter(|_| name != whose) else { continue };
        for entry in &table.entries {
            let Some(wanted) = measure.get(&entry.key) else { continue };
            let (have, want) = (kind(&entry.node.value), kind(&wanted.value));
            if have == want {
                continue;
            }
            let place = whose.map_or("in the flag's default".to_owned(), |whose| format!("in {}", quoted(whose)));
            out.push(
                RULE.at(entry.node.span, format!("{} is {have} in {}, elsewhere {want}", quoted(&entry.key), quoted(name)))
                    .label(have)
                    .also(wanted.span, format!("{want} {place}"))
                    .help(format!("write {want}, or give the new type a key of its own")),
            );
        }
    }
}

/// The type as a client sees it: JSON has one sort of number.
fn kind(value: &crate::syntax::Value) -> &'static str {
    match value.kind() {
        "an integer" | "a decimal number" => "a number",
        "a date" => "a string",
        other => other,
    }
}
