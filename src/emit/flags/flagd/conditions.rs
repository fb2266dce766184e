//! Conditions of the audience as JSON Logic.
//!
//! The language has one meaning for every platform: a missing attribute never satisfies a condition, negated or
//! not, and values keep their type. JSON Logic has another: `null <= 65` holds, `0 != null` does not, `"18" >= 18`
//! holds, and a string against a number may end the evaluation. So comparisons are the strict ones, and what has
//! no strict form stands behind a guard on presence or type; `and` stops at the first that fails.
//!
//! Strings of the spec appear only as JSON strings, in places where JSON Logic reads strings as themselves.

use serde_json::{Value as Json, json};

use super::super::served::Clause;
use crate::spec::{Comparison, Scalar};

/// One condition; the error is why it cannot be said.
pub(super) fn condition(clause: &Clause<'_>) -> Result<Json, String> {
    Ok(comparison_on(&attribute(clause.attribute)?, &clause.comparison))
}

/// The attribute's value in the context.
///
/// A dot reads a nested object, as JSON Logic has it. What it reads otherwise than as a name is refused.
pub(super) fn attribute(name: &str) -> Result<Json, String> {
    let odd = |part: &str| part.is_empty() || part == "__proto__";
    if name.starts_with('$') || name.contains('\\') || name.split('.').any(odd) {
        return Err(format!("flagd gives the attribute name `{name}` a meaning of its own"));
    }
    Ok(json!({ "var": name }))
}

/// True for units that have the attribute. `!=` would call 0 and `false` missing.
pub(super) fn present(attribute: &Json) -> Json {
    json!({ "!==": [attribute, null] })
}

/// Joins what must all hold.
pub(super) fn all(mut clauses: Vec<Json>) -> Json {
    if clauses.len() == 1 {
        return clauses.remove(0);
    }
    json!({ "and": clauses })
}

fn comparison_on(attribute: &Json, comparison: &Comparison<'_>) -> Json {
    match comparison {
        Comparison::In(items) => one_of(attribute, items),
        Comparison::NotIn(items) => all(vec![present(attribute), json!({ "!": [one_of(attribute, items)] })]),
        Comparison::Is(value) => equal(attribute, value),
        Comparison::IsNot(value) => all(vec![present(attribute), json!({ "!": [equal(attribute, value)] })]),
        Comparison::Version(range) => {
            let [major, minor, patch] = range.version;
            let version = format!("{major}.{minor}.{patch}");
            let mut clauses = text(attribute);
            // Some evaluators read `v5.3.0`, others do not.
            clauses.extend(["v", "V"].map(|sign| json!({ "!": [{ "starts_with": [attribute, sign] }] })));
            clauses.push(json!({ "sem_ver": [attribute, range.comparison, version] }));
            all(clauses)
        }
        Comparison::AtLeast(bound) => number(attribute, ">=", *bound),
        Comparison::AtMost(bound) => number(attribute, "<=", *bound),
        Comparison::Above(bound) => number(attribute, ">", *bound),
        Comparison::Below(bound) => number(attribute, "<", *bound),
        Comparison::StartsWith(start) => with_text(attribute, "starts_with", start),
        Comparison::EndsWith(end) => with_text(attribute, "ends_with", end),
    }
}

fn one_of(attribute: &Json, items: &crate::spec::List<Scalar>) -> Json {
    if items.iter().any(|item| twin(&item.value).is_some()) {
        return json!({ "or": items.iter().map(|item| equal(attribute, &item.value)).collect::<Vec<Json>>() });
    }
    let list: Vec<Json> = items.iter().map(|item| item.value.to_json()).collect();
    // An array on the right: on a string, `in` searches for a part of it.
    json!({ "in": [attribute, list] })
}

/// Strict equality. Where the Python evaluator takes 1 for `true`, the text tells them apart.
fn equal(attribute: &Json, value: &Scalar) -> Json {
    let same = json!({ "===": [attribute, value.to_json()] });
    match twin(value) {
        Some(twin) => all(vec![same, json!({ "!==": [{ "cat": [attribute] }, twin] })]),
        None => same,
    }
}

/// The text of the value of another type that equals this one in Python.
fn twin(value: &Scalar) -> Option<&'static str> {
    match value {
        Scalar::Flag(true) => Some("1"),
        Scalar::Flag(false) => Some("0"),
        Scalar::Number(number) if *number == 1.0 => Some("true"),
        Scalar::Number(number) if *number == 0.0 => Some("false"),
        Scalar::Number(_) | Scalar::Text(_) => None,
    }
}

/// Guards that let only strings pass: joined to text, everything else changes its type.
fn text(attribute: &Json) -> Vec<Json> {
    vec![present(attribute), json!({ "===": [attribute, { "cat": [attribute] }] })]
}

fn with_text(attribute: &Json, operation: &str, part: &str) -> Json {
    let mut clauses = text(attribute);
    clauses.push(json!({ operation: [attribute, part] }));
    all(clauses)
}

/// A comparison behind guards that keep out what is missing, text and booleans, which would be coerced.
///
/// Booleans are told by their text: to the Python evaluator `1 !== true` does not hold.
fn number(attribute: &Json, sign: &str, bound: f64) -> Json {
    let written = json!({ "cat": [attribute] });
    all(vec![
        present(attribute),
        json!({ "!==": [attribute, written] }),
        json!({ "!==": [written, "true"] }),
        json!({ "!==": [written, "false"] }),
        json!({ sign: [attribute, Scalar::Number(bound).to_json()] }),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Json, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| condition(&clause))
    }

    #[test]
    fn each_comparison_has_its_rule() {
        let x = json!({ "var": "x" });
        let present = json!({ "!==": [x, null] });
        let text = json!({ "===": [x, { "cat": [x] }] });
        let cat = json!({ "cat": [x] });
        let number = |sign: &str, bound: Json| json!({ "and": [present, { "!==": [x, cat] }, { "!==": [cat, "true"] }, { "!==": [cat, "false"] }, { sign: [x, bound] }] });
        for (written, rule) in [
            (r#"in = ["US", 7]"#, json!({ "in": [x, ["US", 7]] })),
            (
                r#"in = ["US", 0]"#,
                json!({ "or": [{ "===": [x, "US"] }, { "and": [{ "===": [x, 0] }, { "!==": [cat, "false"] }] }] }),
            ),
            (r#"not_in = ["KP"]"#, json!({ "and": [present, { "!": [{ "in": [x, ["KP"]] }] }] })),
            ("is = true", json!({ "and": [{ "===": [x, true] }, { "!==": [cat, "1"] }] })),
            (r#"is = "true""#, json!({ "===": [x, "true"] })),
            (r#"is_not = "beta""#, json!({ "and": [present, { "!": [{ "===": [x, "beta"] }] }] })),
            (
                "is_not = 1",
                json!({ "and": [present, { "!": [{ "and": [{ "===": [x, 1] }, { "!==": [cat, "true"] }] }] }] }),
            ),
            (
                r#"semver = ">=5.2.0""#,
                json!({ "and": [
                    present, text,
                    { "!": [{ "starts_with": [x, "v"] }] }, { "!": [{ "starts_with": [x, "V"] }] },
                    { "sem_ver": [x, ">=", "5.2.0"] },
                ] }),
            ),
            ("at_least = 18", number(">=", json!(18))),
            ("at_most = 65.5", number("<=", json!(65.5))),
            ("above = 0", number(">", json!(0))),
            ("below = -1", number("<", json!(-1))),
            (r#"starts_with = "en-""#, json!({ "and": [present, text, { "starts_with": [x, "en-"] }] })),
            (r#"ends_with = "-beta""#, json!({ "and": [present, text, { "ends_with": [x, "-beta"] }] })),
        ] {
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(rule), "{written}");
        }
    }

    #[test]
    fn hostile_strings_stay_strings() {
        let hostile =
            [r#"{"var":"y"}"#, r#"{"$ref":"holdout-x"}"#, "\"],{\"==\":[1,1]},[\"", "$flagd.timestamp", "a\nb"];
        for text in hostile {
            let toml = format!("{{ attribute = \"x\", is = {} }}", toml::Value::from(text));
            assert_eq!(compiled(&toml), Ok(json!({ "===": [{ "var": "x" }, text] })));
        }
    }

    #[test]
    fn what_cannot_be_compiled_is_refused() {
        for toml in [
            r#"{ attribute = "$flagd.timestamp", above = 1 }"#,
            r#"{ attribute = "", is = 1 }"#,
            r#"{ attribute = "a.__proto__", is_not = 1 }"#,
        ] {
            assert!(compiled(toml).is_err(), "{toml} gives {:?}", compiled(toml));
        }
    }
}
