//! Conditions of the audience as matchers of a condition, which hold together.
//!
//! A negated matcher holds where the attribute is missing, and the SDK in JavaScript takes an empty text for missing. So
//! the negation of a text cannot be said, and the negation of a number stands beside a pattern that any text meets.
//! Versions are compared beside a pattern that only versions meet.

use serde_json::{Value as Json, json};

use super::super::served::{Clause, is_inherited, number_texts, pattern};
use crate::spec::{Comparison, Scalar};

/// A version of Semantic Versioning 2.0.0 and nothing else.
const VERSION: &str = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?([+][0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$";

/// One condition as matchers that must all hold; the error is why it cannot be said. The attribute of the unit is the
/// key that is evaluated.
pub(super) fn condition(clause: &Clause<'_>, kind: &str, unit: &str) -> Result<Vec<Json>, String> {
    let name = attribute(clause.attribute)?;
    let name = (name != unit).then_some(name);
    let text = |kind_of: &str, negate: bool, text: String| {
        matcher(kind, name, kind_of, negate, &[("stringMatcherData", json!(text))])
    };
    let list = |kind_of: &str, negate: bool, texts: Vec<String>| {
        matcher(kind, name, kind_of, negate, &[("whitelistMatcherData", json!({ "whitelist": texts }))])
    };
    let number =
        |comparison: &str| Err(format!("Split compares whole numbers only, and `{comparison}` asks for others"));
    let but = |values: &[&Scalar]| match values.iter().all(|value| matches!(value, Scalar::Number(_))) {
        true => Ok(vec![text("MATCHES_STRING", false, ".".to_owned()), list("WHITELIST", true, texts(values)?)]),
        false => Err("Split cannot tell an empty text from a missing one".to_owned()),
    };
    match &clause.comparison {
        Comparison::Is(Scalar::Flag(flag)) => Ok(vec![boolean(kind, name, *flag)]),
        // A boolean that is not one of the two is the other.
        Comparison::IsNot(Scalar::Flag(flag)) => Ok(vec![boolean(kind, name, !flag)]),
        Comparison::In(items) => {
            let values: Vec<&Scalar> = items.iter().map(|item| &item.value).collect();
            Ok(vec![list("WHITELIST", false, texts(&values)?)])
        }
        Comparison::NotIn(items) => but(&items.iter().map(|item| &item.value).collect::<Vec<_>>()),
        Comparison::Is(value) => Ok(vec![list("WHITELIST", false, texts(&[value])?)]),
        Comparison::IsNot(value) => but(&[value]),
        Comparison::Version(range) => {
            let [major, minor, patch] = range.version;
            let bound = format!("{major}.{minor}.{patch}");
            let least = |negate| text("GREATER_THAN_OR_EQUAL_TO_SEMVER", negate, bound.clone());
            let most = |negate| text("LESS_THAN_OR_EQUAL_TO_SEMVER", negate, bound.clone());
            let mut all = vec![text("MATCHES_STRING", false, VERSION.to_owned())];
            match range.comparison {
                ">=" => all.push(least(false)),
                "<=" => all.push(most(false)),
                ">" => all.push(most(true)),
                "<" => all.push(least(true)),
                "=" => all.extend([least(false), most(false)]),
                _ => all.push(text("MATCHES_STRING", true, format!(r"^{}([+]|$)", pattern(&bound)))),
            }
            Ok(all)
        }
        Comparison::AtLeast(_) => number("at_least"),
        Comparison::AtMost(_) => number("at_most"),
        Comparison::Above(_) => number("above"),
        Comparison::Below(_) => number("below"),
        Comparison::StartsWith(start) => Ok(vec![list("STARTS_WITH", false, vec![filled(start)?])]),
        Comparison::EndsWith(end) => Ok(vec![list("ENDS_WITH", false, vec![filled(end)?])]),
    }
}

/// A name of the flat list of attributes.
pub(super) fn attribute(name: &str) -> Result<&str, String> {
    if name.is_empty() || is_inherited(name) {
        return Err(format!("Split gives the attribute name `{name}` a meaning of its own"));
    }
    match name.contains('.') {
        true => Err(format!("Split's attributes are flat, and `{name}` is read from within another")),
        false => Ok(name),
    }
}

fn filled(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("Split takes an empty text for a missing one".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Values as SDKs turn them into text.
fn texts(values: &[&Scalar]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for value in values {
        match value {
            Scalar::Text(text) => all.push(filled(text)?),
            Scalar::Number(number) => all.extend(number_texts(*number)),
            Scalar::Flag(flag) => all.push(flag.to_string()),
        }
    }
    Ok(all)
}

fn boolean(kind: &str, name: Option<&str>, flag: bool) -> Json {
    matcher(kind, name, "EQUAL_TO_BOOLEAN", false, &[("booleanMatcherData", json!(flag))])
}

/// A test of an attribute, or of the key.
pub(super) fn matcher(kind: &str, name: Option<&str>, of: &str, negate: bool, data: &[(&str, Json)]) -> Json {
    let mut made = json!({
        "keySelector": { "trafficType": kind, "attribute": name },
        "matcherType": of,
        "negate": negate,
    });
    for (key, value) in data {
        made[*key] = value.clone();
    }
    made
}
