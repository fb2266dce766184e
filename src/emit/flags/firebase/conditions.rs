//! Conditions of the audience as conditions on custom signals.
//!
//! Signals are text, and no condition on a missing one holds. `STRING_EXACTLY_MATCHES` ignores blanks around, there is no
//! exact not-in, and the operators of versions read `5.2` and refuse `5.3.0-rc.1`: patterns say all three. They end in a
//! look-ahead, because `$` stands before a last line break in Python.

use serde_json::{Value as Json, json};

use super::super::patterns;
use super::super::served::Clause;
use crate::spec::{Comparison, Scalar};

/// The end of the text.
const END: &str = r"(?![\s\S])";

/// The longest pattern.
const MOST_PATTERN: usize = 20_000;

/// All of these hold.
pub(super) fn all(conditions: Vec<Json>) -> Json {
    json!({ "andCondition": { "conditions": conditions } })
}

/// One of these holds.
pub(super) fn any(conditions: Vec<Json>) -> Json {
    let each: Vec<Json> = conditions
        .into_iter()
        .map(|one| if one.get("andCondition").is_some() { one } else { all(vec![one]) })
        .collect();
    json!({ "orCondition": { "conditions": each } })
}

/// A dot reads a nested object in the language, and signals are flat. One name is the SDKs' own.
pub(super) fn attribute(name: &str) -> Result<&str, String> {
    if matches!(name, "randomizationId" | "randomization_id") {
        return Err(format!("`{name}` is the name of the unit in the SDKs' contexts"));
    }
    match name.is_empty() || name.contains('.') {
        true => Err(format!("custom signals are flat, and `{name}` has a dot or no name")),
        false => Ok(name),
    }
}

/// The signal is one of these texts.
pub(super) fn exactly(name: &str, texts: &[&str]) -> Json {
    pattern(name, format!("^{}{END}", one_of(texts)))
}

/// A part of a pattern that is one of the texts; nothing when there are none.
fn one_of(texts: &[&str]) -> String {
    match texts {
        [] => "(?!)".to_owned(),
        texts => format!("(?:{})", texts.iter().map(|text| patterns::plain(text)).collect::<Vec<_>>().join("|")),
    }
}

fn signal(name: &str, operator: &str, value: String) -> Json {
    json!({ "customSignal": {
        "customSignalOperator": operator, "customSignalKey": name, "targetCustomSignalValues": [value],
    } })
}

fn pattern(name: &str, pattern: String) -> Json {
    signal(name, "STRING_CONTAINS_REGEX", pattern)
}

/// One condition; the error is why it cannot be said.
pub(super) fn clause(clause: &Clause<'_>) -> Result<Json, String> {
    let name = attribute(clause.attribute)?;
    let number = |operator: &str, bound: f64| signal(name, operator, bound.to_string());
    let matches = |text: String| match text.len() <= MOST_PATTERN {
        true => Ok(pattern(name, text)),
        false => Err(format!("Firebase may refuse a pattern of {} bytes", text.len())),
    };
    let list = |items: &crate::spec::List<Scalar>| items.iter().map(|item| item.value.clone()).collect::<Vec<_>>();
    let equal = |values: &[Scalar], is_none: bool| equal(values, is_none, &number, &matches);
    Ok(match clause.comparison {
        Comparison::In(items) => equal(&list(items), false)?,
        Comparison::NotIn(items) => equal(&list(items), true)?,
        Comparison::Is(value) => equal(std::slice::from_ref(value), false)?,
        Comparison::IsNot(value) => equal(std::slice::from_ref(value), true)?,
        Comparison::Version(range) => {
            let versions = patterns::version(range);
            matches(format!("{}{END}", versions.trim_end_matches('$')))?
        }
        Comparison::AtLeast(bound) => number("NUMERIC_GREATER_EQUAL", bound),
        Comparison::AtMost(bound) => number("NUMERIC_LESS_EQUAL", bound),
        Comparison::Above(bound) => number("NUMERIC_GREATER_THAN", bound),
        Comparison::Below(bound) => number("NUMERIC_LESS_THAN", bound),
        Comparison::StartsWith(start) => matches(format!("^{}", patterns::plain(start)))?,
        Comparison::EndsWith(end) => matches(format!("{}{END}", patterns::plain(end)))?,
    })
}

fn equal(
    values: &[Scalar],
    is_none: bool,
    number: &impl Fn(&str, f64) -> Json,
    matches: &impl Fn(String) -> Result<Json, String>,
) -> Result<Json, String> {
    let numbers: Vec<f64> = values
        .iter()
        .filter_map(|value| match value {
            Scalar::Number(number) => Some(*number),
            _ => None,
        })
        .collect();
    if !numbers.is_empty() && numbers.len() == values.len() {
        return Ok(match is_none {
            true => all(numbers.iter().map(|value| number("NUMERIC_NOT_EQUAL", *value)).collect()),
            false => any(numbers.iter().map(|value| number("NUMERIC_EQUAL", *value)).collect()),
        });
    }
    let mut texts = Vec::new();
    for value in values {
        texts.push(match value {
            Scalar::Text(text) if text.is_empty() => {
                return Err("Python's SDK reads empty text as a missing signal".to_owned());
            }
            Scalar::Text(text) => text.clone(),
            Scalar::Flag(flag) => flag.to_string(),
            // Among texts, a number is compared as it is written.
            Scalar::Number(number) => number.to_string(),
        });
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let one = one_of(&texts);
    matches(if is_none { format!("^(?!{one}{END})") } else { format!("^{one}{END}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(toml: &str) -> Result<Json, String> {
        crate::emit::flags::served::tests::clause(toml, |one| clause(&one))
    }

    #[test]
    fn each_comparison_has_its_condition() {
        let pattern = |text: &str| pattern("x", text.to_owned());
        for (written, made) in [
            (r#"in = ["US", "C.A"]"#, pattern(r"^(?:US|C\.A)(?![\s\S])")),
            (r#"not_in = ["KP"]"#, pattern(r"^(?!(?:KP)(?![\s\S]))")),
            ("in = []", pattern(r"^(?!)(?![\s\S])")),
            ("is = true", pattern(r"^(?:true)(?![\s\S])")),
            ("is_not = 1", all(vec![signal("x", "NUMERIC_NOT_EQUAL", "1".to_owned())])),
            ("at_least = 30.5", signal("x", "NUMERIC_GREATER_EQUAL", "30.5".to_owned())),
            (r#"ends_with = ".com""#, pattern(r"\.com(?![\s\S])")),
        ] {
            assert_eq!(of(&format!("{{ attribute = \"x\", {written} }}")), Ok(made), "{written}");
        }
    }

    #[test]
    fn what_is_read_otherwise_is_refused() {
        for toml in [
            r#"{ attribute = "a.b", is = 1 }"#,
            r#"{ attribute = "x", is = "" }"#,
            r#"{ attribute = "randomizationId", is = "a" }"#,
        ] {
            assert!(of(toml).is_err(), "{toml}");
        }
    }
}
