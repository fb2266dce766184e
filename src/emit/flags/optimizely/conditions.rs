//! Conditions of the audience in Optimizely's typed audiences.
//!
//! A test has three outcomes: it holds, it does not, or it is unknown, for an attribute that is missing or of another
//! type. `not` of unknown is unknown, and unknown keeps a unit out: that is what the language says of a missing
//! attribute. An exclusion must let such a unit in, so it stands beside a test that the attribute is there.

use serde_json::{Value as Json, json};

use super::super::served::{self, Clause, Flag};
use crate::spec::{Comparison, Scalar};

/// What an eligible unit meets; nothing when everybody is.
pub(super) fn audience(flag: &Flag<'_>) -> Result<Option<Json>, String> {
    let mut all = vec![json!("and")];
    for one in &flag.clauses {
        let holds = clause(one)?;
        all.push(match one.is_exclusion {
            true => {
                let there =
                    json!({ "type": "custom_attribute", "name": one.attribute, "match": "exists", "value": null });
                json!(["or", ["not", there], ["not", holds]])
            }
            false => holds,
        });
    }
    Ok((1 < all.len()).then_some(Json::Array(all)))
}

/// A name that means an attribute and nothing else.
pub(super) fn attribute(name: &str) -> Result<&str, String> {
    match name.starts_with("$opt_") || served::is_inherited(name) {
        true => Err(format!("Optimizely gives the attribute name `{name}` a meaning of its own")),
        false => Ok(name),
    }
}

/// One condition; the error is why it cannot be said.
pub(super) fn clause(clause: &Clause<'_>) -> Result<Json, String> {
    let name = attribute(clause.attribute)?;
    let test =
        |kind: &str, value: Json| json!({ "type": "custom_attribute", "name": name, "match": kind, "value": value });
    let exact = |value: &Scalar| test("exact", value.to_json());
    let one_of = |values: &[&Scalar]| {
        let tests = values.iter().map(|value| exact(value));
        Json::Array(std::iter::once(json!("or")).chain(tests).collect())
    };
    let number = |kind: &str, bound: f64| match bound.abs() <= MOST {
        true => Ok(test(kind, Scalar::Number(bound).to_json())),
        false => Err("Optimizely compares no numbers beyond 2^53".to_owned()),
    };
    Ok(match &clause.comparison {
        Comparison::In(items) => {
            let values = scalars(items)?;
            if clause.is_exclusion {
                one_type(&values)?;
            }
            nobody(name, &values).unwrap_or_else(|| one_of(&values))
        }
        Comparison::NotIn(items) => {
            let values = scalars(items)?;
            one_type(&values)?;
            match values.is_empty() {
                true => json!({ "type": "custom_attribute", "name": name, "match": "exists", "value": null }),
                false => json!(["not", one_of(&values)]),
            }
        }
        Comparison::Is(value) => {
            known(value)?;
            exact(value)
        }
        Comparison::IsNot(value) => {
            known(value)?;
            json!(["not", exact(value)])
        }
        Comparison::Version(range) => {
            let [major, minor, patch] = range.version;
            let version = json!(format!("{major}.{minor}.{patch}"));
            match range.comparison {
                ">=" => test("semver_ge", version),
                "<=" => test("semver_le", version),
                ">" => test("semver_gt", version),
                "<" => test("semver_lt", version),
                "=" => test("semver_eq", version),
                _ => json!(["not", test("semver_eq", version)]),
            }
        }
        Comparison::AtLeast(bound) => number("ge", *bound)?,
        Comparison::AtMost(bound) => number("le", *bound)?,
        Comparison::Above(bound) => number("gt", *bound)?,
        Comparison::Below(bound) => number("lt", *bound)?,
        Comparison::StartsWith(_) | Comparison::EndsWith(_) => {
            return Err("Optimizely has no test of beginnings and endings".to_owned());
        }
    })
}

/// Larger numbers are no numbers to the SDKs.
const MOST: f64 = 9_007_199_254_740_992.0;

fn known(value: &Scalar) -> Result<(), String> {
    match value {
        Scalar::Number(number) if MOST < number.abs() => Err("Optimizely compares no numbers beyond 2^53".to_owned()),
        _ => Ok(()),
    }
}

fn scalars(items: &crate::spec::List<Scalar>) -> Result<Vec<&Scalar>, String> {
    items.iter().map(|item| known(&item.value).map(|()| &item.value)).collect()
}

/// A test that holds for nobody, for an empty list: the attribute is there and is not.
fn nobody(name: &str, values: &[&Scalar]) -> Option<Json> {
    let there = json!({ "type": "custom_attribute", "name": name, "match": "exists", "value": null });
    values.is_empty().then(|| json!(["and", there, ["not", there]]))
}

/// A value of another type makes a test unknown, and its opposite as well.
fn one_type(values: &[&Scalar]) -> Result<(), String> {
    let kind = |value: &Scalar| std::mem::discriminant(value);
    match values.windows(2).all(|pair| kind(pair[0]) == kind(pair[1])) {
        true => Ok(()),
        false => Err("Optimizely cannot negate a list of several types".to_owned()),
    }
}
