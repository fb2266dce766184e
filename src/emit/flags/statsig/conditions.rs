//! Conditions of the audience in Statsig's words.
//!
//! A rule is conditions that must all hold, and a gate takes the first rule that does. So a gate first rejects, by rules
//! that nobody passes, and then accepts by one rule.
//!
//! A missing attribute is read as empty text by the operators of text, so `neq null` stands beside those that empty
//! text would meet. `any` and `none` ignore case: their case-sensitive twins are used. Those keep one value of several
//! that differ in case only, so such values go apart. `str_starts_with_any` ignores case and the operators of versions
//! ignore what follows a dash: a pattern says both.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::super::patterns;
use super::super::served::{Clause, Flag};
use crate::spec::{Comparison, Scalar};

/// One condition on an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) field: String,
    pub(super) operator: &'static str,
    pub(super) target: Json,
    /// What a pattern stands for, in the words of a spec.
    pub(super) semver: Option<String>,
}

/// A clause: the attribute is there, if that is asked, and one of the tests holds, or none of them does.
#[derive(Debug, PartialEq)]
pub(super) struct Compiled {
    present: Option<Test>,
    tests: Vec<Test>,
    is_none: bool,
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
            let Compiled { present, tests, is_none } = compiled(clause)?;
            let negated = || tests.iter().map(Test::negated);
            match (clause.is_exclusion, is_none) {
                (true, false) => {
                    for test in &tests {
                        audience.rejects.push(present.iter().cloned().chain([test.clone()]).collect());
                    }
                }
                (true, true) => audience.rejects.push(present.iter().cloned().chain(negated()).collect()),
                (false, true) => audience.accepts.extend(present.iter().cloned().chain(negated())),
                (false, false) => {
                    audience.accepts.extend(present);
                    match tests.as_slice() {
                        [one] => audience.accepts.push(one.clone()),
                        // One of several holds: whoever meets none of them is out.
                        several => audience.rejects.push(several.iter().map(Test::negated).collect()),
                    }
                }
            }
        }
        Ok(audience)
    }
}

impl Test {
    /// Only tests of equality are negated.
    fn negated(&self) -> Self {
        let operator = match self.operator {
            "any_case_sensitive" => "none_case_sensitive",
            "eq" => "neq",
            other => other,
        };
        Self { operator, ..self.clone() }
    }
}

/// Values in as few lists as hold no two that differ in case only.
pub(super) fn apart<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut lists: Vec<(BTreeSet<String>, Vec<&str>)> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for value in values.filter(|value| seen.insert(value)) {
        let small = value.to_lowercase();
        match lists.iter_mut().find(|(all, _)| !all.contains(&small)) {
            Some((all, list)) => {
                all.insert(small);
                list.push(value);
            }
            None => lists.push((BTreeSet::from([small]), vec![value])),
        }
    }
    lists.into_iter().map(|(_, list)| list).collect()
}

/// A dot reads a nested object in the language; Statsig reads attributes at the top level.
pub(super) fn attribute(name: &str) -> Result<&str, String> {
    match name.is_empty() || name.contains('.') {
        true => Err(format!("Statsig reads attributes at the top level, and `{name}` has a dot or no name")),
        false => Ok(name),
    }
}

/// The longest text that patterns are made of.
const MOST_PATTERN: usize = 1_000;

/// The error is why it cannot be said.
pub(super) fn compiled(clause: &Clause<'_>) -> Result<Compiled, String> {
    let name = attribute(clause.attribute)?;
    let test = |operator: &'static str, target: Json| Test { field: name.to_owned(), operator, target, semver: None };
    let one = |operator, target| Compiled { present: None, tests: vec![test(operator, target)], is_none: false };
    let equal = |values: &[&Scalar], is_none: bool| {
        let mut tests = Vec::new();
        let texts = values.iter().filter_map(|value| match value {
            Scalar::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let mut has_empty = false;
        for list in apart(texts.inspect(|text| has_empty |= text.is_empty())) {
            tests.push(test("any_case_sensitive", json!(list)));
        }
        let of_other_types = values.iter().filter(|value| !matches!(value, Scalar::Text(_)));
        tests.extend(of_other_types.map(|value| test("eq", value.to_json())));
        if tests.is_empty() {
            tests.push(test("any_case_sensitive", json!([])));
        }
        let present = (is_none || has_empty).then(|| test("neq", Json::Null));
        Compiled { present, tests, is_none }
    };
    let pattern = |text: &str, pattern: String| match text.len() <= MOST_PATTERN {
        true => Ok(one("str_matches", json!(pattern))),
        false => Err(format!("Statsig's SDKs may not read a pattern of {} bytes", text.len())),
    };
    let list = |items: &crate::spec::List<Scalar>, is_none| {
        equal(&items.iter().map(|item| &item.value).collect::<Vec<_>>(), is_none)
    };
    Ok(match clause.comparison {
        Comparison::In(items) => list(items, false),
        Comparison::NotIn(items) => list(items, true),
        Comparison::Is(value) => equal(&[value], false),
        Comparison::IsNot(value) => equal(&[value], true),
        Comparison::Version(range) => {
            let mut compiled = one("str_matches", json!(patterns::version(range)));
            compiled.tests[0].semver = Some(range.to_string());
            compiled
        }
        Comparison::AtLeast(bound) => one("gte", json!(bound)),
        Comparison::AtMost(bound) => one("lte", json!(bound)),
        Comparison::Above(bound) => one("gt", json!(bound)),
        Comparison::Below(bound) => one("lt", json!(bound)),
        Comparison::StartsWith(start) => pattern(start, format!("^{}", patterns::plain(start)))?,
        Comparison::EndsWith(end) => pattern(end, format!("{}$", patterns::plain(end)))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(toml: &str) -> Result<Compiled, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| compiled(&clause))
    }

    #[test]
    fn each_comparison_has_its_test() {
        let test = |operator, target: Json| Test { field: "x".to_owned(), operator, target, semver: None };
        let present = || Some(test("neq", Json::Null));
        for (written, is_none, present, tests) in [
            (r#"in = ["US", "CA"]"#, false, None, vec![test("any_case_sensitive", json!(["US", "CA"]))]),
            (
                r#"in = ["US", "us", "US", 1, true]"#,
                false,
                None,
                vec![
                    test("any_case_sensitive", json!(["US"])),
                    test("any_case_sensitive", json!(["us"])),
                    test("eq", json!(1)),
                    test("eq", json!(true)),
                ],
            ),
            (r#"in = [""]"#, false, present(), vec![test("any_case_sensitive", json!([""]))]),
            ("in = []", false, None, vec![test("any_case_sensitive", json!([]))]),
            (r#"not_in = ["KP"]"#, true, present(), vec![test("any_case_sensitive", json!(["KP"]))]),
            ("is_not = 1", true, present(), vec![test("eq", json!(1))]),
            ("at_least = 18", false, None, vec![test("gte", json!(18.0))]),
            (r#"starts_with = "en-(""#, false, None, vec![test("str_matches", json!("^en-\\("))]),
        ] {
            let made = of(&format!("{{ attribute = \"x\", {written} }}"));
            assert_eq!(made, Ok(Compiled { present, tests, is_none }), "{written}");
        }
    }

    #[test]
    fn what_is_read_otherwise_is_refused() {
        for toml in [
            r#"{ attribute = "a.b", is = 1 }"#.to_owned(),
            r#"{ attribute = "", is = 1 }"#.to_owned(),
            format!(r#"{{ attribute = "x", ends_with = "{}" }}"#, "x".repeat(1_001)),
        ] {
            assert!(of(&toml).is_err(), "{toml}");
        }
    }
}
