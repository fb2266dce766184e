//! Conditions of the audience in the properties of PostHog's groups.
//!
//! The language has one meaning for every platform; PostHog minds no case in lists, leaves a flag undecided for a missing
//! property, takes null for the text `null`, has no list of numbers in JavaScript, and drops what follows the third
//! number of a version. So a comparison becomes tests that must hold, and groups before the experiment's own that keep
//! units out: there a test may name what is *not* wanted. A pattern stands where case matters, after a test that only
//! the listed values pass; patterns keep to what every SDK evaluates itself (no nested repetition).

use serde_json::{Value as Json, json};

use super::super::served::{self, Clause};
use crate::spec::{Comparison, List, Scalar, VersionRange};

/// What a number looks like to every SDK.
pub(super) const NUMBER: &str = "^-?[0-9][0-9.e+-]*$";

/// Three numbers without leading zeros, and what may follow.
pub(super) const VERSION: &str = r"^(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:$|[-+][0-9A-Za-z.+-]+$)";

/// The largest integer of a version that JavaScript holds.
const MOST: u64 = (1 << 53) - 1;

type Group = Vec<Json>;

/// Who may take part: units that pass all of the first, and not all of any of the second.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tests {
    pub(super) must: Group,
    pub(super) never: Vec<Group>,
}

impl Tests {
    pub(super) fn add(&mut self, other: Self) {
        self.must.extend(other.must);
        self.never.extend(other.never);
    }
}

/// What must hold of a unit; the error is why it cannot be said.
pub(super) fn tests(clause: &Clause<'_>, unit: &str) -> Result<Tests, String> {
    let name = attribute(clause.attribute, unit)?;
    let holds = comparison(name, &clause.comparison)?;
    if clause.is_exclusion {
        return Ok(Tests { must: Vec::new(), never: holds });
    }
    if let [one] = holds.as_slice() {
        return Ok(Tests { must: one.clone(), never: Vec::new() });
    }
    // Several ways to hold: then one must not fail.
    let (present, fails) = match &clause.comparison {
        Comparison::In(items) => (within(name, &numbers(items)?), between(name, &numbers(items)?)),
        Comparison::NotIn(items) => otherwise(name, &values(items))?,
        Comparison::IsNot(value) => otherwise(name, &[value])?,
        _ => return Err("has no form that PostHog knows".to_owned()),
    };
    Ok(Tests { must: present, never: fails })
}

/// Who has the attribute, and who of them is not meant by a negation of these values.
fn otherwise(name: &str, values: &[&Scalar]) -> Result<(Group, Vec<Group>), String> {
    Ok(match kind(values)? {
        Kind::Numbers(numbers) => {
            (vec![test(name, "regex", NUMBER)], numbers.iter().map(|number| exactly(name, *number)).collect())
        }
        Kind::Texts(texts) => (vec![test(name, "is_not", "null")], vec![listed(name, &texts)?]),
        Kind::Flags(..) => return Err("has no form that PostHog knows".to_owned()),
    })
}

/// The ways in which a comparison holds: one of the groups, all tests of it.
fn comparison(name: &str, comparison: &Comparison<'_>) -> Result<Vec<Group>, String> {
    let number = |operator: &str, bound: f64| vec![vec![test(name, "regex", NUMBER), at(name, operator, bound)]];
    let anchored = |pattern: String, text: &str, operator: &str| {
        let mut group = vec![test(name, operator, text)];
        if text.chars().any(|c| c.is_alphabetic()) {
            group.push(test(name, "regex", &pattern));
        }
        let looks_null = match operator {
            "starts_with" => "null".starts_with(&text.to_lowercase()),
            _ => "null".ends_with(&text.to_lowercase()),
        };
        if looks_null {
            group.push(test(name, "is_not", "null"));
        }
        ascii(text).map(|()| vec![group])
    };
    match comparison {
        Comparison::In(items) => one_of(name, &values(items)),
        Comparison::Is(value) => one_of(name, &[value]),
        Comparison::NotIn(items) => none_of(name, &values(items)),
        Comparison::IsNot(value) => none_of(name, &[value]),
        Comparison::Version(range) => version(name, range),
        Comparison::AtLeast(bound) => Ok(number("gte", *bound)),
        Comparison::AtMost(bound) => Ok(number("lte", *bound)),
        Comparison::Above(bound) => Ok(number("gt", *bound)),
        Comparison::Below(bound) => Ok(number("lt", *bound)),
        Comparison::StartsWith(start) => anchored(format!("^{}", served::pattern(start)), start, "starts_with"),
        Comparison::EndsWith(end) => anchored(format!("{}$", served::pattern(end)), end, "ends_with"),
    }
}

fn one_of(name: &str, values: &[&Scalar]) -> Result<Vec<Group>, String> {
    Ok(match kind(values)? {
        Kind::Texts(texts) => vec![listed(name, &texts)?],
        Kind::Numbers(numbers) => numbers.iter().map(|number| exactly(name, *number)).collect(),
        Kind::Flags(yes, no) => vec![flag(name, yes, no)],
    })
}

fn none_of(name: &str, values: &[&Scalar]) -> Result<Vec<Group>, String> {
    Ok(match kind(values)? {
        Kind::Texts(texts) => {
            let mut cased = listed(name, &texts)?;
            let mut ways = vec![vec![test(name, "is_not", "null"), many(name, "is_not", &texts)]];
            if let Some(pattern) = cased.get_mut(1) {
                pattern["operator"] = json!("not_regex");
                ways.push(cased);
            }
            ways
        }
        Kind::Numbers(numbers) => {
            let (low, high) = (numbers[0], numbers[numbers.len() - 1]);
            let mut ways = vec![
                vec![test(name, "regex", NUMBER), at(name, "lt", low)],
                vec![test(name, "regex", NUMBER), at(name, "gt", high)],
            ];
            ways.extend(between(name, &numbers));
            ways
        }
        Kind::Flags(yes, no) => vec![flag(name, !yes, !no)],
    })
}

/// Text that is one of these, case included.
pub(super) fn listed(name: &str, texts: &[&str]) -> Result<Group, String> {
    let mut group = vec![many(name, "exact", texts)];
    for text in texts {
        let lower = text.to_lowercase();
        if ["true", "false", "null"].contains(&lower.as_str()) {
            return Err(format!("PostHog takes the text `{text}` for a value of another kind"));
        }
    }
    if texts.iter().any(|text| text.to_lowercase() != text.to_uppercase()) {
        for text in texts {
            ascii(text)?;
        }
        let patterns: Vec<String> = texts.iter().map(|text| served::pattern(text)).collect();
        group.push(test(name, "regex", &format!("^(?:{})$", patterns.join("|"))));
    }
    Ok(group)
}

/// JavaScript reads no pattern beyond ASCII, and leaves a line break of old to the server.
fn ascii(text: &str) -> Result<(), String> {
    match text.is_ascii() && !text.contains('\r') {
        true => Ok(()),
        false => {
            Err("PostHog's SDK for JavaScript leaves letters beyond ASCII to the server, where case matters".to_owned())
        }
    }
}

fn exactly(name: &str, number: f64) -> Group {
    vec![test(name, "regex", NUMBER), at(name, "gte", number), at(name, "lte", number)]
}

fn flag(name: &str, yes: bool, no: bool) -> Group {
    let pattern = match (yes, no) {
        (true, true) => "^(?:true|false)$",
        (true, false) => "^true$",
        (false, true) => "^false$",
        (false, false) => "^(?:neither)$",
    };
    vec![test(name, "regex", pattern)]
}

/// Numbers from the least to the largest.
fn within(name: &str, numbers: &[f64]) -> Group {
    vec![test(name, "regex", NUMBER), at(name, "gte", numbers[0]), at(name, "lte", numbers[numbers.len() - 1])]
}

/// The gaps between numbers.
fn between(name: &str, numbers: &[f64]) -> Vec<Group> {
    let gap = |pair: &[f64]| vec![test(name, "regex", NUMBER), at(name, "gt", pair[0]), at(name, "lt", pair[1])];
    numbers.windows(2).map(gap).collect()
}

fn version(name: &str, range: &VersionRange) -> Result<Vec<Group>, String> {
    if range.version.iter().any(|number| MOST < *number) {
        return Err("PostHog compares no number of a version beyond 2^53".to_owned());
    }
    let [major, minor, patch] = range.version;
    let release = format!("{major}.{minor}.{patch}");
    let plain = served::pattern(&release);
    let before = format!("^{plain}-");
    let same = format!("^{plain}(?:$|[+])");
    let mut group = vec![test(name, "regex", VERSION)];
    group.extend(match range.comparison {
        ">=" => vec![test(name, "semver_gte", &release), test(name, "not_regex", &before)],
        "<" => vec![test(name, "semver_lte", &release), test(name, "not_regex", &same)],
        ">" => vec![test(name, "semver_gt", &release)],
        "<=" => vec![test(name, "semver_lte", &release)],
        "=" => vec![test(name, "regex", &same)],
        _ => vec![test(name, "not_regex", &same)],
    });
    Ok(vec![group])
}

/// What a list holds.
enum Kind<'a> {
    Texts(Vec<&'a str>),
    /// In their order, each once.
    Numbers(Vec<f64>),
    Flags(bool, bool),
}

fn kind<'a>(values: &[&'a Scalar]) -> Result<Kind<'a>, String> {
    let texts: Vec<&str> = values
        .iter()
        .filter_map(|value| if let Scalar::Text(text) = value { Some(text.as_str()) } else { None })
        .collect();
    let mut numbers: Vec<f64> = values
        .iter()
        .filter_map(|value| if let Scalar::Number(number) = value { Some(*number) } else { None })
        .collect();
    let has = |wanted: bool| values.iter().any(|value| matches!(value, Scalar::Flag(flag) if *flag == wanted));
    if values.is_empty() {
        return Err("PostHog gives an empty list a meaning of its own".to_owned());
    }
    if texts.len() == values.len() {
        return Ok(Kind::Texts(texts));
    }
    if numbers.len() == values.len() {
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
        return Ok(Kind::Numbers(numbers));
    }
    match texts.is_empty() && numbers.is_empty() {
        true => Ok(Kind::Flags(has(true), has(false))),
        false => Err("PostHog compares values of one kind: text, numbers or booleans".to_owned()),
    }
}

fn numbers(items: &List<Scalar>) -> Result<Vec<f64>, String> {
    match kind(&values(items))? {
        Kind::Numbers(numbers) => Ok(numbers),
        _ => Err("has no form that PostHog knows".to_owned()),
    }
}

fn values(items: &List<Scalar>) -> Vec<&Scalar> {
    items.iter().map(|item| &item.value).collect()
}

/// The attribute as a group reads it. The one that names the unit is the distinct id.
fn attribute<'a>(name: &'a str, unit: &str) -> Result<&'a str, String> {
    if name == unit {
        return Ok("distinct_id");
    }
    if name == "distinct_id" {
        return Err("PostHog reads the unit's id as `distinct_id`".to_owned());
    }
    match name.contains('.') {
        true => Err(format!("`{name}` is part of an object, and PostHog's properties are plain values")),
        false => Ok(name),
    }
}

fn test(name: &str, operator: &str, value: &str) -> Json {
    json!({ "key": name, "type": "person", "operator": operator, "value": value })
}

fn many(name: &str, operator: &str, values: &[&str]) -> Json {
    json!({ "key": name, "type": "person", "operator": operator, "value": values })
}

/// The API takes the bound as text.
fn at(name: &str, operator: &str, bound: f64) -> Json {
    test(name, operator, &Scalar::Number(bound).to_json().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Tests, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| super::tests(&clause, "user_id"))
    }

    #[test]
    fn each_comparison_has_its_tests() {
        let x = |operator: &str, value: &str| test("x", operator, value);
        let must = |must: Group| Tests { must, never: Vec::new() };
        let number = || x("regex", NUMBER);
        for (written, tests) in [
            (r#"in = ["US", "5"]"#, must(vec![many("x", "exact", &["US", "5"]), x("regex", "^(?:US|5)$")])),
            (r#"in = ["日本"]"#, must(vec![many("x", "exact", &["日本"])])),
            (
                "in = [2, 1]",
                Tests {
                    must: vec![number(), x("gte", "1"), x("lte", "2")],
                    never: vec![vec![number(), x("gt", "1"), x("lt", "2")]],
                },
            ),
            (
                r#"not_in = ["beta"]"#,
                Tests {
                    must: vec![x("is_not", "null")],
                    never: vec![vec![many("x", "exact", &["beta"]), x("regex", "^(?:beta)$")]],
                },
            ),
            ("is = 1.5", must(vec![number(), x("gte", "1.5"), x("lte", "1.5")])),
            ("is_not = true", must(vec![x("regex", "^false$")])),
            (
                r#"semver = ">=5.2.0""#,
                must(vec![x("regex", VERSION), x("semver_gte", "5.2.0"), x("not_regex", r"^5\.2\.0-")]),
            ),
            ("at_least = 18", must(vec![number(), x("gte", "18")])),
            (r#"starts_with = "en-""#, must(vec![x("starts_with", "en-"), x("regex", "^en-")])),
            (r#"ends_with = "ll""#, must(vec![x("ends_with", "ll"), x("regex", "ll$"), x("is_not", "null")])),
        ] {
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(tests), "{written}");
        }
        assert_eq!(compiled(r#"{ attribute = "user_id", is = "1" }"#).expect("tests").must[0]["key"], "distinct_id");
    }

    #[test]
    fn what_cannot_be_compiled_is_refused() {
        for toml in [
            r#"{ attribute = "x", in = [] }"#,
            r#"{ attribute = "x", in = ["US", 1] }"#,
            r#"{ attribute = "x", in = ["München"] }"#,
            r#"{ attribute = "x", in = ["日本", "US"] }"#,
            r#"{ attribute = "x", is = "NULL" }"#,
            r#"{ attribute = "x", is = "true" }"#,
            r#"{ attribute = "distinct_id", is = "a" }"#,
            r#"{ attribute = "a.b", is = "a" }"#,
            r#"{ attribute = "x", semver = ">=9007199254740992.0.0" }"#,
        ] {
            assert!(compiled(toml).is_err(), "{toml} gives {:?}", compiled(toml));
        }
    }
}
