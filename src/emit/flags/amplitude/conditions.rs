//! Conditions of the audience in Amplitude's segments.
//!
//! The language has one meaning for every platform: a missing attribute never satisfies a condition. Amplitude agrees for
//! the operators used here, but its SDK in Python takes 0, `false` and the empty text for missing, so nothing is said
//! that one of them satisfies. A value that is no number, or no version, is compared as text: a pattern stands beside
//! every such comparison. Patterns end in a form that both languages read alike, where `$` would pass a line break.

use serde_json::{Value as Json, json};

use super::super::served::{self, Clause};
use crate::spec::{Comparison, Scalar};

/// Fields of a user that are no user properties.
const FIELDS: &[&str] = &[
    "carrier",
    "city",
    "country",
    "device_brand",
    "device_id",
    "device_manufacturer",
    "device_model",
    "dma",
    "ip_address",
    "language",
    "library",
    "os",
    "platform",
    "region",
    "user_id",
    "version",
];

/// The end of a text.
const END: &str = r"(?![\s\S])";

/// What a number looks like to both languages.
const NUMBER: &str = r"^-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?(?![\s\S])";

/// A version that both languages read.
const VERSION: &str = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(?![\s\S])";

/// The largest integer of a version that JavaScript holds.
const MOST: u64 = (1 << 53) - 1;

/// Where an attribute stands in what is evaluated.
pub(super) fn selector(name: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.iter().any(|part| part.is_empty() || served::is_inherited(part)) {
        return Err(format!("Amplitude's SDKs give the attribute name `{name}` a meaning of its own"));
    }
    let base: &[&str] =
        if FIELDS.contains(&parts[0]) { &["context", "user"] } else { &["context", "user", "user_properties"] };
    Ok(base.iter().chain(&parts).map(|part| (*part).to_owned()).collect())
}

pub(super) fn condition(selector: &[String], operator: &str, values: Json) -> Json {
    json!({ "selector": selector, "op": operator, "values": values })
}

/// What must hold of a unit; the error is why it cannot be said.
pub(super) fn conditions(clause: &Clause<'_>) -> Result<Vec<Json>, String> {
    let selector = selector(clause.attribute)?;
    let test = |operator: &str, value: String| condition(&selector, operator, json!([value]));
    let number = |operator: &str, bound: f64, holds_for_zero: bool| match holds_for_zero {
        true => Err("it holds for 0, which Amplitude's SDK for Python takes for a missing value".to_owned()),
        false => {
            let bound = Scalar::Number(bound).to_json().to_string();
            Ok(vec![test("regex match", NUMBER.to_owned()), test(operator, bound)])
        }
    };
    let one_of = |values: &[&Scalar]| {
        let mut spelled = Vec::new();
        for value in values {
            spelled.extend(spellings(value)?);
        }
        Ok::<_, String>(vec![condition(&selector, "is", json!(spelled))])
    };
    let filled = |text: &str| match text.is_empty() {
        true => {
            Err("it holds for the empty text, which Amplitude's SDK for Python takes for a missing value".to_owned())
        }
        false => Ok(served::pattern(text)),
    };
    match &clause.comparison {
        Comparison::In(items) => one_of(&items.iter().map(|item| &item.value).collect::<Vec<_>>()),
        Comparison::Is(value) => one_of(&[value]),
        Comparison::NotIn(_) | Comparison::IsNot(_) => {
            Err("it holds for the empty text or 0, which Amplitude's SDK for Python takes for a missing value"
                .to_owned())
        }
        Comparison::Version(range) => {
            if range.version.iter().any(|number| MOST < *number) {
                return Err("Amplitude compares no number of a version beyond 2^53".to_owned());
            }
            let [major, minor, patch] = range.version;
            let release = format!("{major}.{minor}.{patch}");
            let same = format!("^{}{END}", served::pattern(&release));
            let mut all = vec![test("regex match", VERSION.to_owned())];
            all.push(match range.comparison {
                ">=" => test("version greater or equal", release),
                "<=" => test("version less or equal", release),
                ">" => test("version greater", release),
                "<" => test("version less", release),
                "=" => test("regex match", same),
                _ => test("regex does not match", same),
            });
            Ok(all)
        }
        Comparison::AtLeast(bound) => number("greater or equal", *bound, *bound <= 0.0),
        Comparison::AtMost(bound) => number("less or equal", *bound, 0.0 <= *bound),
        Comparison::Above(bound) => number("greater", *bound, *bound < 0.0),
        Comparison::Below(bound) => number("less", *bound, 0.0 < *bound),
        Comparison::StartsWith(start) => Ok(vec![test("regex match", format!("^{}", filled(start)?))]),
        Comparison::EndsWith(end) => Ok(vec![test("regex match", format!("{}{END}", filled(end)?))]),
    }
}

/// A value as both languages spell it.
fn spellings(value: &Scalar) -> Result<Vec<String>, String> {
    match value {
        Scalar::Text(text) if text.is_empty() => {
            Err("Amplitude's SDK for Python takes the empty text for a missing value".to_owned())
        }
        Scalar::Text(text) if text == "(none)" => {
            Err("Amplitude takes the text `(none)` for a missing value".to_owned())
        }
        Scalar::Text(text) if text.starts_with('[') => Err(format!("Amplitude may read the text `{text}` as a list")),
        Scalar::Text(text) if ["true", "false"].contains(&text.to_lowercase().as_str()) => {
            Err(format!("Amplitude minds no case in the text `{text}`"))
        }
        Scalar::Text(text) => Ok(vec![text.clone()]),
        Scalar::Flag(false) => Err("Amplitude's SDK for Python takes `false` for a missing value".to_owned()),
        Scalar::Flag(true) => Ok(vec!["true".to_owned()]),
        Scalar::Number(number) if *number == 0.0 => {
            Err("Amplitude's SDK for Python takes 0 for a missing value".to_owned())
        }
        Scalar::Number(number) => {
            let size = number.abs();
            let plain = number.to_string();
            if !(1e-4..1e16).contains(&size) {
                return Err(format!("the number {number} is spelled otherwise in each language"));
            }
            // Python keeps the point of a whole number that was a decimal.
            Ok(if plain.contains('.') { vec![plain] } else { vec![format!("{plain}.0"), plain] })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Vec<Json>, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| conditions(&clause))
    }

    #[test]
    fn each_comparison_has_its_conditions() {
        let at = |name: &str| selector(name).expect("a selector");
        let test = |operator: &str, value: &str| condition(&at("x"), operator, json!([value]));
        for (written, tests) in [
            (r#"in = ["US", 1, true]"#, vec![condition(&at("x"), "is", json!(["US", "1.0", "1", "true"]))]),
            ("in = []", vec![condition(&at("x"), "is", json!([]))]),
            ("at_least = 18", vec![test("regex match", NUMBER), test("greater or equal", "18")]),
            ("below = -1.5", vec![test("regex match", NUMBER), test("less", "-1.5")]),
            (r#"semver = ">=5.2.0""#, vec![test("regex match", VERSION), test("version greater or equal", "5.2.0")]),
            (
                r#"semver = "!=5.2.0""#,
                vec![test("regex match", VERSION), test("regex does not match", r"^5\.2\.0(?![\s\S])")],
            ),
            (r#"starts_with = "en-(""#, vec![test("regex match", r"^en-\(")]),
            (r#"ends_with = ".com/""#, vec![test("regex match", r"\.com/(?![\s\S])")]),
        ] {
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(tests), "{written}");
        }
        assert_eq!(at("country"), ["context", "user", "country"]);
        assert_eq!(at("device.os"), ["context", "user", "user_properties", "device", "os"]);
    }

    #[test]
    fn what_python_takes_for_missing_is_refused() {
        for written in [
            "is = false",
            "is = 0",
            r#"in = ["US", ""]"#,
            r#"in = ["(none)"]"#,
            r#"is = "TRUE""#,
            r#"not_in = ["a"]"#,
            "is_not = true",
            "at_most = 18",
            "below = 0.5",
            "at_least = 0",
            "above = -1",
            r#"starts_with = """#,
        ] {
            let made = compiled(&format!("{{ attribute = \"x\", {written} }}"));
            assert!(made.is_err(), "{written} gives {made:?}");
        }
    }
}
