//! Conditions of the audience in the two languages of GO Feature Flag.
//!
//! The language has one meaning for every platform: a missing attribute never satisfies a condition, negated or not, and
//! values keep their type. JSON Logic as this engine runs it holds `null <= 65`, `true >= 1` and `"30" >= 18`, and stops
//! with a fault, which ends the evaluation, where text is expected and something else is there. So equality is the strict
//! one and everything else stands behind a guard; `and` stops at the first that fails. Only text has `""` in it.
//!
//! Versions are compared in the engine's other language, in which they are strict, and what is missing or no version
//! meets no comparison. Its strings are case-insensitive and keep their backslashes, so nothing else is said in it.

use serde_json::{Value as Json, json};

use super::super::served::Clause;
use super::{Of, TARGETING_KEY};
use crate::spec::{Comparison, Scalar};

/// What the engine puts among the attributes, or takes out of them, itself.
const OWN: &[&str] = &["anonymous", "gofeatureflag", "key", TARGETING_KEY];

/// Words that the language of versions reads as something else than an attribute.
const WORDS: &[&str] = &[
    "CO", "EQ", "EW", "GE", "GT", "IN", "LE", "LT", "NE", "NOT", "SW", "and", "co", "eq", "ew", "false", "ge", "gt",
    "in", "le", "lt", "ne", "not", "null", "or", "pr", "sw", "true",
];

/// The items of one list: the evaluator refuses queries with longer ones.
const MOST_ITEMS: usize = 1_000;

/// An attribute in JSON Logic. A dot reads a nested object.
pub(super) fn attribute(name: &str, of: Of) -> Result<Json, String> {
    let first = name.split('.').next().unwrap_or_default();
    if of == Of::Unit && name == TARGETING_KEY {
        return Ok(json!({ "var": name }));
    }
    match OWN.contains(&first) || name.split('.').any(str::is_empty) {
        true => Err(format!("GO Feature Flag gives the attribute name `{name}` a meaning of its own")),
        false => Ok(json!({ "var": name })),
    }
}

/// A comparison of a version.
pub(super) fn version(clause: &Clause<'_>) -> Result<String, String> {
    let name = clause.attribute;
    attribute(name, Of::Condition)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(plain) || WORDS.contains(&name) {
        return Err(format!(
            "versions are compared in attributes named by a letter, then letters, digits, `-`, `_` and `:`, which `{name}` is not"
        ));
    }
    let Comparison::Version(range) = clause.comparison else { return Err("compares no version".to_owned()) };
    let [major, minor, patch] = range.version;
    let word = match range.comparison {
        ">=" => "ge",
        "<=" => "le",
        ">" => "gt",
        "<" => "lt",
        "=" => "eq",
        _ => "ne",
    };
    Ok(format!("{name} {word} {major}.{minor}.{patch}"))
}

/// One condition that is not on a version; the error is why it cannot be said.
pub(super) fn condition(clause: &Clause<'_>) -> Result<Json, String> {
    let x = attribute(clause.attribute, Of::Condition)?;
    Ok(match &clause.comparison {
        Comparison::In(items) => one_of(&x, items.iter().map(|item| &item.value)),
        Comparison::NotIn(items) => but(&x, one_of(&x, items.iter().map(|item| &item.value))),
        Comparison::Is(value) => one_of(&x, std::iter::once(*value)),
        Comparison::IsNot(value) => but(&x, one_of(&x, std::iter::once(*value))),
        Comparison::Version(_) => return Err("compares a version".to_owned()),
        Comparison::AtLeast(bound) => number(&x, ">=", *bound),
        Comparison::AtMost(bound) => number(&x, "<=", *bound),
        Comparison::Above(bound) => number(&x, ">", *bound),
        Comparison::Below(bound) => number(&x, "<", *bound),
        Comparison::StartsWith(start) => part(&x, start, |length| json!([x, 0, length])),
        Comparison::EndsWith(end) => part(&x, end, |length| json!([x, -length])),
    })
}

/// Units that have the attribute and do not meet a condition on it.
fn but(x: &Json, condition: Json) -> Json {
    json!({ "and": [{ "!==": [x, null] }, { "!": [condition] }] })
}

fn is_text(x: &Json) -> Json {
    json!({ "in": ["", x] })
}

/// Text that is one of these; nothing is in an empty list.
pub(super) fn text_among(x: &Json, texts: &[Json]) -> Json {
    let mut lists: Vec<Json> = texts.chunks(MOST_ITEMS).map(|texts| json!({ "in": [x, texts] })).collect();
    let among = match lists.len() {
        0 => json!({ "in": [x, []] }),
        1 => lists.remove(0),
        _ => json!({ "or": lists }),
    };
    json!({ "and": [is_text(x), among] })
}

/// Equal to one of the values, and of its type.
fn one_of<'s>(x: &Json, values: impl Iterator<Item = &'s Scalar>) -> Json {
    let (texts, others): (Vec<&Scalar>, Vec<&Scalar>) = values.partition(|value| matches!(value, Scalar::Text(_)));
    let texts: Vec<Json> = texts.into_iter().map(Scalar::to_json).collect();
    let mut each: Vec<Json> = match texts.as_slice() {
        [] => Vec::new(),
        [one] => vec![json!({ "===": [x, one] })],
        many => vec![text_among(x, many)],
    };
    each.extend(others.into_iter().map(|value| json!({ "===": [x, value.to_json()] })));
    match each.len() {
        0 => text_among(x, &[]),
        1 => each.remove(0),
        _ => any(each),
    }
}

/// Joins what may hold, in lists that are short enough.
fn any(mut each: Vec<Json>) -> Json {
    while MOST_ITEMS < each.len() {
        each = each.chunks(MOST_ITEMS).map(|some| json!({ "or": some })).collect();
    }
    json!({ "or": each })
}

/// A comparison behind guards that keep out text, booleans and what is missing. Lists and objects meet none.
fn number(x: &Json, sign: &str, bound: f64) -> Json {
    json!({ "and": [
        { "!": [is_text(x)] },
        { "!==": [x, null] },
        { "!==": [x, true] },
        { "!==": [x, false] },
        { sign: [x, Scalar::Number(bound).to_json()] },
    ] })
}

/// A part of a text, cut out by its number of characters.
fn part(x: &Json, text: &str, cut: impl Fn(i64) -> Json) -> Json {
    match i64::try_from(text.chars().count()).unwrap_or(i64::MAX) {
        0 => is_text(x),
        length => json!({ "and": [is_text(x), { "===": [{ "substr": cut(length) }, text] }] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Json, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| condition(&clause))
    }

    fn versioned(toml: &str) -> Result<String, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| version(&clause))
    }

    #[test]
    fn each_comparison_has_its_rule() {
        let x = json!({ "var": "x" });
        let text = json!({ "in": ["", x] });
        let number = |sign: &str, bound: Json| json!({ "and": [{ "!": [text] }, { "!==": [x, null] }, { "!==": [x, true] }, { "!==": [x, false] }, { sign: [x, bound] }] });
        for (written, rule) in [
            (r#"in = ["US", "CA"]"#, json!({ "and": [text, { "in": [x, ["US", "CA"]] }] })),
            (
                r#"in = ["US", 0, true]"#,
                json!({ "or": [{ "===": [x, "US"] }, { "===": [x, 0] }, { "===": [x, true] }] }),
            ),
            ("in = []", json!({ "and": [text, { "in": [x, []] }] })),
            (r#"not_in = ["KP"]"#, json!({ "and": [{ "!==": [x, null] }, { "!": [{ "===": [x, "KP"] }] }] })),
            ("is = true", json!({ "===": [x, true] })),
            ("is_not = 1", json!({ "and": [{ "!==": [x, null] }, { "!": [{ "===": [x, 1] }] }] })),
            ("at_least = 18", number(">=", json!(18))),
            ("below = -1.5", number("<", json!(-1.5))),
            (r#"starts_with = "日本""#, json!({ "and": [text, { "===": [{ "substr": [x, 0, 2] }, "日本"] }] })),
            (r#"ends_with = ".com""#, json!({ "and": [text, { "===": [{ "substr": [x, -4] }, ".com"] }] })),
            (r#"starts_with = """#, text.clone()),
        ] {
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(rule), "{written}");
        }
        assert_eq!(versioned(r#"{ attribute = "v", semver = "!=5.2.0" }"#), Ok("v ne 5.2.0".to_owned()));
    }

    #[test]
    fn lists_stay_short_enough() {
        let items: Vec<String> = (0..2_500).map(|n| format!("\"{n}\"")).collect();
        let made = compiled(&format!("{{ attribute = \"x\", in = [{}] }}", items.join(", "))).expect("a condition");
        let lists = made["and"][1]["or"].as_array().expect("lists");
        assert_eq!(lists.iter().map(|list| list["in"][1].as_array().map_or(0, Vec::len)).sum::<usize>(), 2_500);
        assert!(lists.iter().all(|list| list["in"][1].as_array().is_some_and(|list| list.len() <= MOST_ITEMS)));
        let items: Vec<String> = (0..2_500).map(|n| n.to_string()).collect();
        let made = compiled(&format!("{{ attribute = \"x\", in = [{}] }}", items.join(", "))).expect("a condition");
        assert_eq!(made["or"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn what_cannot_be_compiled_is_refused() {
        for toml in [
            r#"{ attribute = "targetingKey", is = "a" }"#,
            r#"{ attribute = "key", is_not = 1 }"#,
            r#"{ attribute = "a..b", is = 1 }"#,
        ] {
            assert!(compiled(toml).is_err(), "{toml} gives {:?}", compiled(toml));
        }
        for name in ["a.b", "in", "1v", "日本", "a b"] {
            let toml = format!("{{ attribute = \"{name}\", semver = \">=1.0.0\" }}");
            assert!(versioned(&toml).is_err(), "{toml} gives {:?}", versioned(&toml));
        }
    }
}
