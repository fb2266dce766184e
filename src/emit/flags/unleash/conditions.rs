//! Conditions of the audience as constraints of a strategy, which hold together.
//!
//! The language has one meaning for every platform: a missing attribute never satisfies a condition, negated or not,
//! and values keep their type. An inverted constraint holds where the attribute is missing, so a `REGEX` that any text
//! meets stands beside it. `IN` and `STR_…` trim their values and drop empty ones; what they would change is said by
//! `REGEX` as well. Versions are compared by `SEMVER_LT` alone, beside a pattern that only versions meet: SDKs that do
//! not know the other comparisons, or that order build metadata, then agree.

use serde_json::{Value as Json, json};

use super::super::served::{Clause, is_inherited, number_texts, pattern};
use crate::spec::{Comparison, Scalar};

/// Fields that an SDK fills in where the application does not, and what the context itself is made of.
const FILLED: &[&str] = &["appName", CURRENT_TIME, "environment", "properties"];

/// A version of Semantic Versioning 2.0.0 and nothing else.
pub(super) const VERSION: &str = r"\A(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?\z";

/// What any text meets, but no attribute that is missing.
pub(super) const PRESENT: &str = r"\A";

/// What any text but an empty one meets.
pub(super) const NOT_EMPTY: &str = "(?s).";

/// The field that dates are compared with.
pub(super) const CURRENT_TIME: &str = "currentTime";

/// The largest number of a version that JavaScript counts exactly, less one.
const MOST: u64 = (1 << 53) - 2;

/// One condition as constraints that must all hold; the error is why it cannot be said.
pub(super) fn condition(clause: &Clause<'_>) -> Result<Vec<Json>, String> {
    let name = attribute(clause.attribute)?;
    Ok(match &clause.comparison {
        Comparison::In(items) => vec![one_of(name, &items.iter().map(|item| &item.value).collect::<Vec<_>>())],
        Comparison::Is(value) => vec![one_of(name, &[value])],
        Comparison::NotIn(items) => but(name, one_of(name, &items.iter().map(|item| &item.value).collect::<Vec<_>>())),
        Comparison::IsNot(value) => but(name, one_of(name, &[value])),
        Comparison::Version(range) => version(name, range.comparison, range.version)?,
        Comparison::AtLeast(bound) => number(name, "NUM_GTE", *bound, *bound <= 0.0),
        Comparison::AtMost(bound) => number(name, "NUM_LTE", *bound, 0.0 <= *bound),
        Comparison::Above(bound) => number(name, "NUM_GT", *bound, *bound < 0.0),
        Comparison::Below(bound) => number(name, "NUM_LT", *bound, 0.0 < *bound),
        Comparison::StartsWith(start) if is_kept(start) => vec![list(name, "STR_STARTS_WITH", &[start])],
        Comparison::EndsWith(end) if is_kept(end) => vec![list(name, "STR_ENDS_WITH", &[end])],
        Comparison::StartsWith(start) => vec![regex(name, &format!(r"\A{}", pattern(start)))],
        Comparison::EndsWith(end) => vec![regex(name, &format!(r"{}\z", pattern(end)))],
    })
}

/// A name that the context holds as it stands.
pub(super) fn attribute(name: &str) -> Result<&str, String> {
    if name.is_empty() || FILLED.contains(&name) || is_inherited(name) {
        return Err(format!("Unleash gives the attribute name `{name}` a meaning of its own"));
    }
    if name.contains('.') {
        return Err(format!("Unleash's context is flat, and `{name}` is read from within another attribute"));
    }
    match name.chars().all(|c| c.is_ascii_alphanumeric() || "_-~".contains(c)) {
        true => Ok(name),
        false => Err(format!("Unleash's names of context fields are letters, digits and `_-~`, unlike `{name}`")),
    }
}

/// The attribute is one of these texts.
pub(super) fn one_of_texts(name: &str, texts: &[&str]) -> Json {
    match texts.iter().all(|text| is_kept(text)) {
        true => list(name, "IN", texts),
        false => {
            let all: Vec<String> = texts.iter().map(|text| pattern(text)).collect();
            regex(name, &format!(r"\A(?:{})\z", all.join("|")))
        }
    }
}

fn one_of(name: &str, values: &[&Scalar]) -> Json {
    if let [Scalar::Number(number)] = values {
        // No text but a number is equal to one, but an empty one is 0 in JavaScript.
        return match *number == 0.0 {
            true => one_of_texts(name, &number_texts(0.0).iter().map(String::as_str).collect::<Vec<_>>()),
            false => constraint(name, "NUM_EQ", json_number(*number)),
        };
    }
    let texts: Vec<String> = values
        .iter()
        .flat_map(|value| match value {
            Scalar::Text(text) => vec![text.clone()],
            Scalar::Number(number) => number_texts(*number),
            Scalar::Flag(flag) => vec![flag.to_string()],
        })
        .collect();
    one_of_texts(name, &texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn json_number(number: f64) -> String {
    Scalar::Number(number).to_json().to_string()
}

/// Units that have the attribute and do not meet a constraint on it.
fn but(name: &str, mut test: Json) -> Vec<Json> {
    switched(&mut test);
    vec![regex(name, PRESENT), test]
}

/// `is_zero_in`: an empty text is 0 in JavaScript, and must not count as a number.
fn number(name: &str, operator: &str, bound: f64, is_zero_in: bool) -> Vec<Json> {
    let mut all = vec![constraint(name, operator, json_number(bound))];
    if is_zero_in {
        all.push(regex(name, "[0-9]"));
    }
    all
}

fn version(name: &str, comparison: &str, version: [u64; 3]) -> Result<Vec<Json>, String> {
    let [major, minor, patch] = version;
    if version.iter().any(|number| MOST < *number) {
        return Err("SDKs of Unleash count the numbers of a version up to 2^53".to_owned());
    }
    let bound = format!("{major}.{minor}.{patch}");
    // What follows the version and all its build metadata.
    let next = format!("{major}.{minor}.{}-0", patch + 1);
    let below = |bound: String| constraint(name, "SEMVER_LT", bound);
    let from = |bound: String| {
        let mut test = below(bound);
        switched(&mut test);
        test
    };
    let mut all = vec![regex(name, VERSION)];
    match comparison {
        ">=" => all.push(from(bound)),
        ">" => all.push(from(next)),
        "<" => all.push(below(bound)),
        "<=" => all.push(below(next)),
        "=" => all.extend([from(bound), below(next)]),
        _ => {
            let mut same = regex(name, &format!(r"\A{}(\+|\z)", pattern(&bound)));
            switched(&mut same);
            all.push(same);
        }
    }
    Ok(all)
}

/// True when Unleash leaves a value of a list as it is.
fn is_kept(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(is_blank) && !text.ends_with(is_blank)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn list(name: &str, operator: &str, values: &[&str]) -> Json {
    json!({
        "contextName": name, "operator": operator, "values": values, "inverted": false, "caseInsensitive": false,
    })
}

/// A constraint with one value.
pub(super) fn constraint(name: &str, operator: &str, value: String) -> Json {
    json!({
        "contextName": name, "operator": operator, "values": [], "value": value,
        "inverted": false, "caseInsensitive": false,
    })
}

/// Text that holds the pattern somewhere.
pub(super) fn regex(name: &str, pattern: &str) -> Json {
    constraint(name, "REGEX", pattern.to_owned())
}

/// Turns a constraint round.
pub(super) fn switched(constraint: &mut Json) {
    let is_inverted = constraint["inverted"] == json!(true);
    constraint["inverted"] = json!(!is_inverted);
}
