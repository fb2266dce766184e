//! Conditions of the audience in GrowthBook's targeting language.
//!
//! The language has one meaning for every platform: a missing attribute never satisfies a condition, negated or
//! not, and values keep their type. GrowthBook takes `null` for less than any number in one SDK and not in the next,
//! finds a list attribute in `$in` when they share an element, and reads anything as a version. So every comparison
//! stands beside a `$type`, which also tells a boolean from the number that Python takes it for.

use serde_json::{Map, Value as Json, json};

use super::super::served::{Clause, is_inherited, pattern};
use crate::spec::{Comparison, Scalar};

/// A strict version whose numbers the SDKs can compare.
pub(super) const VERSION: &str =
    r"^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})(-[0-9A-Za-z.-]+)?([+][0-9A-Za-z.-]+)?$";

/// One condition; the error is why it cannot be said.
pub(super) fn condition(clause: &Clause<'_>) -> Result<Json, String> {
    comparison_on(attribute(clause.attribute)?, &clause.comparison)
}

/// The attribute that is hashed. A dot would be read as a part of its name here, and as a path in conditions.
pub(super) fn hashed(name: &str) -> Result<&str, String> {
    match name.contains('.') {
        true => Err(format!("`{name}` is hashed, and GrowthBook hashes attributes at the top level, without a dot")),
        false => attribute(name),
    }
}

/// A dot reads a nested object. What is read otherwise than as a name is refused.
fn attribute(name: &str) -> Result<&str, String> {
    let odd = |part: &str| part.is_empty() || is_inherited(part);
    match name.starts_with('$') || name.split('.').any(odd) {
        true => Err(format!("GrowthBook gives the attribute name `{name}` a meaning of its own")),
        false => Ok(name),
    }
}

fn comparison_on(name: &str, comparison: &Comparison<'_>) -> Result<Json, String> {
    Ok(match comparison {
        Comparison::In(items) => one_of(name, &values(items)),
        Comparison::NotIn(items) => but(name, one_of(name, &values(items))),
        Comparison::Is(value) => one_of(name, &[value]),
        Comparison::IsNot(value) => but(name, one_of(name, &[value])),
        Comparison::Version(range) => {
            if range.version.iter().any(|number| 99_999 < *number) {
                return Err("GrowthBook compares versions as text of five digits a number".to_owned());
            }
            let [major, minor, patch] = range.version;
            let sign = match range.comparison {
                ">=" => "$vgte",
                "<=" => "$vlte",
                ">" => "$vgt",
                "<" => "$vlt",
                "=" => "$veq",
                _ => "$vne",
            };
            json!({ name: { "$type": "string", "$regex": VERSION, sign: format!("{major}.{minor}.{patch}") } })
        }
        Comparison::AtLeast(bound) => number(name, "$gte", *bound),
        Comparison::AtMost(bound) => number(name, "$lte", *bound),
        Comparison::Above(bound) => number(name, "$gt", *bound),
        Comparison::Below(bound) => number(name, "$lt", *bound),
        Comparison::StartsWith(start) => {
            json!({ name: { "$type": "string", "$regex": format!("^{}", pattern(start)) } })
        }
        Comparison::EndsWith(end) => json!({ name: { "$type": "string", "$regex": format!("{}$", pattern(end)) } }),
    })
}

fn values(items: &crate::spec::List<Scalar>) -> Vec<&Scalar> {
    items.iter().map(|item| &item.value).collect()
}

/// Units that have the attribute and do not meet a condition on it.
fn but(name: &str, condition: Json) -> Json {
    json!({ "$and": [{ name: { "$exists": true } }, { "$not": condition }] })
}

/// Equal to one of the values, and of its type. An empty list holds for nobody.
fn one_of(name: &str, values: &[&Scalar]) -> Json {
    let of = |kind: fn(&Scalar) -> bool| values.iter().filter(move |value| kind(value)).map(|value| value.to_json());
    let kinds: [(&str, fn(&Scalar) -> bool); 3] = [
        ("string", |value| matches!(value, Scalar::Text(_))),
        ("number", |value| matches!(value, Scalar::Number(_))),
        ("boolean", |value| matches!(value, Scalar::Flag(_))),
    ];
    let mut each: Vec<Json> = Vec::new();
    for (kind, is) in kinds {
        let of_kind: Vec<Json> = of(is).collect();
        let mut test = Map::from_iter([("$type".to_owned(), json!(kind))]);
        match of_kind.as_slice() {
            [] => continue,
            [one] => test.insert("$eq".to_owned(), one.clone()),
            many => test.insert("$in".to_owned(), json!(many)),
        };
        each.push(json!({ name: test }));
    }
    match each.len() {
        0 => json!({ name: { "$in": [] } }),
        1 => each.remove(0),
        _ => json!({ "$or": each }),
    }
}

fn number(name: &str, sign: &str, bound: f64) -> Json {
    json!({ name: { "$type": "number", sign: Scalar::Number(bound).to_json() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Json, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| condition(&clause))
    }

    #[test]
    fn each_comparison_has_its_test() {
        for (written, test) in [
            (r#"in = ["US", "CA"]"#, json!({ "x": { "$type": "string", "$in": ["US", "CA"] } })),
            (
                r#"in = ["US", 0, 1]"#,
                json!({ "$or": [{ "x": { "$type": "string", "$eq": "US" } }, { "x": { "$type": "number", "$in": [0, 1] } }] }),
            ),
            ("in = []", json!({ "x": { "$in": [] } })),
            (
                r#"not_in = ["KP"]"#,
                json!({ "$and": [{ "x": { "$exists": true } }, { "$not": { "x": { "$type": "string", "$eq": "KP" } } }] }),
            ),
            ("is = true", json!({ "x": { "$type": "boolean", "$eq": true } })),
            (
                "is_not = 1",
                json!({ "$and": [{ "x": { "$exists": true } }, { "$not": { "x": { "$type": "number", "$eq": 1 } } }] }),
            ),
            (r#"semver = ">=5.2.0""#, json!({ "x": { "$type": "string", "$regex": VERSION, "$vgte": "5.2.0" } })),
            ("at_least = 18", json!({ "x": { "$type": "number", "$gte": 18 } })),
            ("below = -1.5", json!({ "x": { "$type": "number", "$lt": -1.5 } })),
            (r#"starts_with = "en-(""#, json!({ "x": { "$type": "string", "$regex": "^en-\\(" } })),
            (r#"ends_with = ".com/""#, json!({ "x": { "$type": "string", "$regex": "\\.com/$" } })),
        ] {
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(test), "{written}");
        }
    }

    #[test]
    fn what_cannot_be_compiled_is_refused() {
        for toml in [
            r#"{ attribute = "$or", is = 1 }"#,
            r#"{ attribute = "", is = 1 }"#,
            r#"{ attribute = "a.constructor", is_not = 1 }"#,
            r#"{ attribute = "x", semver = ">=100000.0.0" }"#,
        ] {
            assert!(compiled(toml).is_err(), "{toml} gives {:?}", compiled(toml));
        }
        assert!(hashed("a.b").is_err() && hashed("user_id").is_ok());
    }
}
