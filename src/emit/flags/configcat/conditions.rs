//! Conditions of the audience in ConfigCat's words.
//!
//! A rule is conditions that must all hold, and the first rule that does decides. So a setting first rejects and then
//! accepts by one rule. A missing attribute, and empty text, meet no condition, negated or not.
//!
//! SDKs read text as versions in ways of their own (`v5.3.0`, blanks around): tests of the first and the last character
//! stand before them.

use serde_json::{Value as Json, json};

use super::super::served::{Clause, Flag};
use super::attribute;
use crate::spec::{Comparison, Scalar};

/// One condition on an attribute of the user object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) attribute: String,
    pub(super) comparator: Comparator,
    pub(super) value: Json,
}

/// The numbers that stand for comparisons in a config; the negation of an equality is the next number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    IsOneOf = 0,
    IsNotOneOf = 1,
    VersionIsOneOf = 4,
    VersionIsNotOneOf = 5,
    VersionLess = 6,
    VersionLessOrEqual = 7,
    VersionGreater = 8,
    VersionGreaterOrEqual = 9,
    NumberEquals = 10,
    NumberNotEquals = 11,
    NumberLess = 12,
    NumberLessOrEqual = 13,
    NumberGreater = 14,
    NumberGreaterOrEqual = 15,
    NotEquals = 29,
    StartsWith = 30,
    EndsWith = 32,
    EndsNotWith = 33,
}

use Comparator::*;

/// A clause: all of these hold, and one of the others does.
#[derive(Debug, PartialEq)]
pub(super) struct Compiled {
    all: Vec<Test>,
    /// None when empty.
    one_of: Vec<Test>,
}

/// Who takes part.
#[derive(Debug, Default)]
pub(super) struct Audience {
    /// Units that meet all tests of one of these are out.
    pub(super) rejects: Vec<Vec<Test>>,
    /// Of the others, those who meet all of these are in.
    pub(super) accepts: Vec<Test>,
}

impl Audience {
    pub(super) fn of(flag: &Flag<'_>) -> Result<Self, String> {
        let mut audience = Self::default();
        for clause in &flag.clauses {
            let Compiled { all, one_of } = compiled(clause)?;
            if !clause.is_exclusion {
                audience.accepts.extend(all);
                // One of several holds: whoever meets none of them is out.
                if !one_of.is_empty() {
                    audience.rejects.push(one_of.iter().map(Test::negated).collect());
                }
            } else if one_of.is_empty() {
                audience.rejects.push(all);
            } else {
                let each = one_of.into_iter().map(|one| all.iter().cloned().chain([one]).collect());
                audience.rejects.extend(each);
            }
        }
        Ok(audience)
    }
}

impl Test {
    pub(super) fn is_one_of(attribute: &str, ids: &[&str]) -> Self {
        Self { attribute: attribute.to_owned(), comparator: IsOneOf, value: json!(ids) }
    }

    pub(super) fn is_there(attribute: &str) -> Self {
        Self { attribute: attribute.to_owned(), comparator: NotEquals, value: json!("") }
    }

    /// Only tests of equality are negated.
    fn negated(&self) -> Self {
        let comparator = match self.comparator {
            IsOneOf => IsNotOneOf,
            NumberEquals => NumberNotEquals,
            other => other,
        };
        Self { comparator, ..self.clone() }
    }

    pub(super) fn document(&self) -> Json {
        let kind = match self.value {
            Json::Array(_) => "l",
            Json::String(_) => "s",
            _ => "d",
        };
        json!({ "a": self.attribute, "c": self.comparator as u8, kind: self.value })
    }
}

/// The error is why it cannot be said.
pub(super) fn compiled(clause: &Clause<'_>) -> Result<Compiled, String> {
    if clause.attribute.is_empty() || clause.attribute.contains('.') {
        return Err(format!(
            "ConfigCat reads attributes at the top level, and `{}` has a dot or no name",
            clause.attribute
        ));
    }
    let name = attribute(clause.attribute);
    let test = |comparator, value| Test { attribute: name.to_owned(), comparator, value };
    let all = |all: Vec<Test>| Compiled { all, one_of: Vec::new() };
    let number = |comparator, bound: f64| all(vec![test(comparator, json!(bound))]);
    let equal = |values: &[&Scalar], is_none: bool| equal(name, values, is_none);
    let list = |items: &crate::spec::List<Scalar>, is_none| {
        equal(&items.iter().map(|item| &item.value).collect::<Vec<_>>(), is_none)
    };
    Ok(match clause.comparison {
        Comparison::In(items) => list(items, false)?,
        Comparison::NotIn(items) => list(items, true)?,
        Comparison::Is(value) => equal(&[value], false)?,
        Comparison::IsNot(value) => equal(&[value], true)?,
        Comparison::Version(range) => {
            let [major, minor, patch] = range.version;
            let bound = format!("{major}.{minor}.{patch}");
            let comparator = match range.comparison {
                ">=" => VersionGreaterOrEqual,
                "<=" => VersionLessOrEqual,
                ">" => VersionGreater,
                "<" => VersionLess,
                "=" => VersionIsOneOf,
                _ => VersionIsNotOneOf,
            };
            let bound = match comparator {
                VersionIsOneOf | VersionIsNotOneOf => json!([bound]),
                _ => json!(bound),
            };
            let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
            all(vec![
                test(StartsWith, json!(digits)),
                test(EndsNotWith, json!([" ", "\t", "\n", "\r"])),
                test(comparator, bound),
            ])
        }
        Comparison::AtLeast(bound) => number(NumberGreaterOrEqual, bound),
        Comparison::AtMost(bound) => number(NumberLessOrEqual, bound),
        Comparison::Above(bound) => number(NumberGreater, bound),
        Comparison::Below(bound) => number(NumberLess, bound),
        Comparison::StartsWith(start) => all(vec![test(StartsWith, json!([start]))]),
        Comparison::EndsWith(end) => all(vec![test(EndsWith, json!([end]))]),
    })
}

/// Equal to one of the values, or to none of them.
fn equal(name: &str, values: &[&Scalar], is_none: bool) -> Result<Compiled, String> {
    let test = |comparator, value| Test { attribute: name.to_owned(), comparator, value };
    let mut numbers: Vec<f64> = Vec::new();
    for value in values {
        match value {
            Scalar::Number(number) => numbers.push(*number),
            Scalar::Text(text) if text.is_empty() => {
                return Err("ConfigCat reads empty text as a missing attribute".to_owned());
            }
            _ => {}
        }
    }
    // Numbers alone are compared as numbers; among others they are compared as text, which every SDK prints alike.
    if !numbers.is_empty() && numbers.len() == values.len() {
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let equals =
            |comparator: Comparator| numbers.iter().map(move |number| test(comparator, json!(number))).collect();
        return Ok(match (is_none, numbers.len()) {
            (true, _) => Compiled { all: equals(NumberNotEquals), one_of: Vec::new() },
            (false, 1) => Compiled { all: equals(NumberEquals), one_of: Vec::new() },
            // Whoever lacks the attribute meets no negation, and is kept out by the bound.
            (false, _) => {
                Compiled { all: vec![test(NumberGreaterOrEqual, json!(least))], one_of: equals(NumberEquals) }
            }
        });
    }
    let mut texts: Vec<String> = Vec::new();
    for value in values {
        match value {
            Scalar::Text(text) => texts.push(text.clone()),
            // JavaScript and Python write them so.
            Scalar::Flag(true) => texts.extend(["true".to_owned(), "True".to_owned()]),
            Scalar::Flag(false) => texts.extend(["false".to_owned(), "False".to_owned()]),
            Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                texts.push((*number as i64).to_string());
            }
            Scalar::Number(number) if (1e-3..1e15).contains(&number.abs()) => texts.push(number.to_string()),
            Scalar::Number(number) => return Err(format!("SDKs of ConfigCat write `{number}` in different ways")),
        }
    }
    let comparator = if is_none { IsNotOneOf } else { IsOneOf };
    Ok(Compiled { all: vec![test(comparator, json!(texts))], one_of: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(toml: &str) -> Result<Vec<Json>, String> {
        let made = crate::emit::flags::served::tests::clause(toml, |clause| compiled(&clause))?;
        Ok(made.all.iter().chain(&made.one_of).map(Test::document).collect())
    }

    #[test]
    fn each_comparison_has_its_test() {
        for (written, tests) in [
            (r#"in = ["US", "CA"]"#, json!([{ "a": "x", "c": 0, "l": ["US", "CA"] }])),
            (r#"in = ["US", 1, true]"#, json!([{ "a": "x", "c": 0, "l": ["US", "1", "true", "True"] }])),
            (
                "in = [1, 2.5]",
                json!([{ "a": "x", "c": 15, "d": 1.0 }, { "a": "x", "c": 10, "d": 1.0 }, { "a": "x", "c": 10, "d": 2.5 }]),
            ),
            ("not_in = [1]", json!([{ "a": "x", "c": 11, "d": 1.0 }])),
            ("in = []", json!([{ "a": "x", "c": 0, "l": [] }])),
            ("is_not = true", json!([{ "a": "x", "c": 1, "l": ["true", "True"] }])),
            ("below = 3", json!([{ "a": "x", "c": 12, "d": 3.0 }])),
            (r#"starts_with = "en-""#, json!([{ "a": "x", "c": 30, "l": ["en-"] }])),
        ] {
            let made = of(&format!("{{ attribute = \"x\", {written} }}")).map(Json::from);
            assert_eq!(made, Ok(tests), "{written}");
        }
        let version = of(r#"{ attribute = "x", semver = "!=5.2.0" }"#).expect("a range");
        assert_eq!(version.last(), Some(&json!({ "a": "x", "c": 5, "l": ["5.2.0"] })));
    }

    #[test]
    fn what_is_read_otherwise_is_refused() {
        for toml in [
            r#"{ attribute = "a.b", is = 1 }"#,
            r#"{ attribute = "x", is = "" }"#,
            r#"{ attribute = "x", in = ["a", 1e-7] }"#,
        ] {
            assert!(of(toml).is_err(), "{toml}");
        }
    }
}
