//! Conditions of the audience as rules of a Flagsmith segment.
//!
//! The language has one meaning for every platform: a missing attribute never satisfies a condition, negated or not, and
//! values keep their type. Flagsmith casts the value of a condition to the type of the trait, and each engine in its own
//! way: Python reads `"007"` as 7 and an empty text as nothing to list, JavaScript finds no 0 in a list. So
//!
//! - texts are listed, an empty one is a pattern, and texts that look like numbers are refused;
//! - numbers are equal one by one, behind a pattern that booleans do not match;
//! - a bound with decimals stands beside the next whole number, because Python compares a whole number with whole
//!   numbers only;
//! - versions are compared behind the pattern of Semantic Versioning 2.0.0;
//! - negation is a rule of the kind `NONE` beside one that the trait is set.

use serde_json::{Value as Json, json};

use super::super::served::Clause;
use crate::spec::{Comparison, Scalar};

/// Names that every JavaScript object has, so that a missing trait would seem to be there.
const INHERITED: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

const GREATER_OR_EQUAL: &str = "GREATER_THAN_INCLUSIVE";
const LESS_OR_EQUAL: &str = "LESS_THAN_INCLUSIVE";

/// The end of a text: `$` also stands before a last line break in Python.
const END: &str = r"(?![\s\S])";

/// How JavaScript and Python write numbers.
const NUMBER: &str = r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![\s\S])";

/// A version of Semantic Versioning 2.0.0.
const VERSION: &str = concat!(
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)",
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?",
    r"([+][0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?(?![\s\S])"
);

/// One condition, or exclusion, as a rule; the error is why it cannot be said.
pub(super) fn rule(clause: &Clause<'_>) -> Result<Json, String> {
    let x = clause.attribute;
    if x.is_empty() || x.contains('.') || x.starts_with('$') || INHERITED.contains(&x) {
        return Err(format!("Flagsmith's traits are flat, and it gives the name `{x}` a meaning of its own"));
    }
    let holds = condition(x, &clause.comparison)?;
    Ok(if clause.is_exclusion { group("NONE", vec![holds]) } else { holds })
}

fn condition(x: &str, comparison: &Comparison<'_>) -> Result<Json, String> {
    Ok(match comparison {
        Comparison::In(items) => one_of(x, items.iter().map(|item| &item.value))?,
        Comparison::Is(value) => one_of(x, std::iter::once(*value))?,
        Comparison::NotIn(items) => but(x, one_of(x, items.iter().map(|item| &item.value))?),
        Comparison::IsNot(value) => but(x, one_of(x, std::iter::once(*value))?),
        Comparison::Version(range) => {
            let [major, minor, patch] = range.version;
            if range.version.iter().any(|number| 1 << 53 <= *number) {
                return Err("its JavaScript engine reads no numbers of a version beyond 2^53".to_owned());
            }
            let version = format!("{major}.{minor}.{patch}:semver");
            let is = |operator: &str| test(x, operator, &version);
            let holds = match range.comparison {
                ">=" => is(GREATER_OR_EQUAL),
                "<=" => is(LESS_OR_EQUAL),
                ">" => is("GREATER_THAN"),
                "<" => is("LESS_THAN"),
                "=" => is("EQUAL"),
                _ => group("NONE", vec![is("EQUAL")]),
            };
            group("ALL", vec![test(x, "REGEX", VERSION), holds])
        }
        Comparison::AtLeast(bound) => bounded(x, GREATER_OR_EQUAL, *bound, (GREATER_OR_EQUAL, bound.ceil())),
        Comparison::AtMost(bound) => bounded(x, LESS_OR_EQUAL, *bound, (LESS_OR_EQUAL, bound.floor())),
        Comparison::Above(bound) => bounded(x, "GREATER_THAN", *bound, (GREATER_OR_EQUAL, bound.ceil())),
        Comparison::Below(bound) => bounded(x, "LESS_THAN", *bound, (LESS_OR_EQUAL, bound.floor())),
        Comparison::StartsWith(start) => test(x, "REGEX", &format!("^{}", plain(part(start)?))),
        Comparison::EndsWith(end) => test(x, "REGEX", &format!(r"^[\s\S]*{}{END}", plain(part(end)?))),
    })
}

/// Units of these ids.
pub(super) fn identifiers(ids: &[&str]) -> Json {
    group("ALL", vec![test("$.identity.identifier", "IN", &json!(ids).to_string())])
}

/// A rule of one condition.
fn test(x: &str, operator: &str, value: &str) -> Json {
    json!({ "type": "ALL", "rules": [], "conditions": [{ "property_": x, "operator": operator, "value": value }] })
}

fn group(kind: &str, rules: Vec<Json>) -> Json {
    json!({ "type": kind, "rules": rules, "conditions": [] })
}

/// Units that have the trait and do not meet a condition on it.
fn but(x: &str, holds: Json) -> Json {
    group("ALL", vec![test(x, "IS_SET", ""), group("NONE", vec![holds])])
}

/// Equal to one of the values. Nothing is in an empty list.
fn one_of<'s>(x: &str, values: impl Iterator<Item = &'s Scalar>) -> Result<Json, String> {
    let mut texts = Vec::new();
    let mut each = Vec::new();
    for value in values {
        match value {
            Scalar::Text(text) if text.is_empty() => each.push(test(x, "REGEX", &format!("^{END}"))),
            Scalar::Text(text) if is_number(text) => {
                return Err(format!("its Python engine takes the text `{text}` for a number"));
            }
            Scalar::Text(text) => texts.push(text),
            Scalar::Number(_) => {
                each.push(group("ALL", vec![test(x, "REGEX", NUMBER), test(x, "EQUAL", &written(value))]));
            }
            Scalar::Flag(flag) => {
                let known = format!("^([tT]rue|[fF]alse){END}");
                each.push(group("ALL", vec![test(x, "REGEX", &known), test(x, "EQUAL", &flag.to_string())]));
            }
        }
    }
    if !texts.is_empty() || each.is_empty() {
        each.insert(0, test(x, "IN", &json!(texts).to_string()));
    }
    Ok(if each.len() == 1 { each.remove(0) } else { group("ANY", each) })
}

/// A number as both languages read it, without a sign of zero.
fn written(value: &Scalar) -> String {
    match value.to_json() {
        Json::Number(number) if number.as_f64() == Some(0.0) => "0".to_owned(),
        number => number.to_string(),
    }
}

/// A comparison of a number. Above 30.5 is at least 31 for whole numbers, which the others that are 31 are as well.
fn bounded(x: &str, operator: &str, bound: f64, (whole_operator, whole): (&str, f64)) -> Json {
    let of = |operator: &str, bound: f64| test(x, operator, &written(&Scalar::Number(bound)));
    let holds = match whole == bound {
        true => of(operator, bound),
        false => group("ANY", vec![of(operator, bound), of(whole_operator, whole)]),
    };
    group("ALL", vec![test(x, "REGEX", NUMBER), holds])
}

/// A part of a text that is no part of a number.
fn part(text: &str) -> Result<&str, String> {
    match text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) {
        true => Err(format!("its Python engine takes texts for numbers, of which `{text}` may be a part")),
        false => Ok(text),
    }
}

/// True for texts that the Python engine reads as numbers.
pub(super) fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, decimals)) => digits(whole) && digits(decimals),
        None => digits(text),
    }
}

/// Text that means itself in the patterns of both engines.
fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Json, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| rule(&clause))
    }

    #[test]
    fn each_comparison_has_its_rule() {
        let is = |operator: &str, value: &str| test("x", operator, value);
        let number = |rule: Json| group("ALL", vec![is("REGEX", NUMBER), rule]);
        for (written, rule) in [
            (r#"in = ["US", "C,A"]"#, is("IN", r#"["US","C,A"]"#)),
            (r#"in = ["US", 1]"#, group("ANY", vec![is("IN", r#"["US"]"#), number(is("EQUAL", "1"))])),
            ("in = []", is("IN", "[]")),
            (r#"is = """#, is("REGEX", r"^(?![\s\S])")),
            (r#"not_in = ["KP"]"#, group("ALL", vec![is("IS_SET", ""), group("NONE", vec![is("IN", r#"["KP"]"#)])])),
            ("is = false", group("ALL", vec![is("REGEX", r"^([tT]rue|[fF]alse)(?![\s\S])"), is("EQUAL", "false")])),
            ("is = -0.0", number(is("EQUAL", "0"))),
            (
                r#"semver = ">=5.2.0""#,
                group("ALL", vec![is("REGEX", VERSION), is("GREATER_THAN_INCLUSIVE", "5.2.0:semver")]),
            ),
            ("at_least = 18", number(is("GREATER_THAN_INCLUSIVE", "18"))),
            ("below = 100.5", number(group("ANY", vec![is("LESS_THAN", "100.5"), is("LESS_THAN_INCLUSIVE", "100")]))),
            (
                "above = 30.5",
                number(group("ANY", vec![is("GREATER_THAN", "30.5"), is("GREATER_THAN_INCLUSIVE", "31")])),
            ),
            (r#"starts_with = "en-(""#, is("REGEX", r"^en-\(")),
            (r#"ends_with = ".com""#, is("REGEX", r"^[\s\S]*\.com(?![\s\S])")),
        ] {
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(rule), "{written}");
        }
    }

    #[test]
    fn what_cannot_be_compiled_is_refused() {
        for toml in [
            r#"{ attribute = "$.identity", is = 1 }"#,
            r#"{ attribute = "constructor", is_not = 1 }"#,
            r#"{ attribute = "a.b", is = 1 }"#,
            r#"{ attribute = "x", in = ["007"] }"#,
            r#"{ attribute = "x", is_not = "1.50" }"#,
            r#"{ attribute = "x", starts_with = "0" }"#,
            r#"{ attribute = "x", ends_with = "" }"#,
        ] {
            assert!(compiled(toml).is_err(), "{toml} gives {:?}", compiled(toml));
        }
    }
}
