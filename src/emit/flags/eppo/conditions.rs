//! Conditions of the audience in Eppo's rules.
//!
//! The language has one meaning for every platform: a missing attribute never satisfies a condition, negated or not.
//! Eppo agrees. It compares listed values as text, spelled as each SDK spells numbers, so a number is listed in every
//! spelling. Where it compares numbers, one SDK takes `true` for 1 and an empty text for 0, so a pattern stands beside
//! the comparison; so does one beside versions, where an SDK reads `v5.3.0`, and build metadata counts in another:
//! nothing is compared with the release itself from above, but with the first pre-release after it.

use serde_json::{Value as Json, json};

use super::super::served::{self, Clause};
use crate::spec::{Comparison, Scalar};

/// What an SDK in JavaScript can compare as a number of a version, with room for the next one.
const MOST: u64 = (1 << 53) - 2;

/// How every SDK spells a number.
const NUMBER: &str = r"^-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?$";

/// What a version consists of.
const VERSION: &str = "^[0-9][0-9A-Za-z.+-]*$";

/// Before every other version.
const LEAST: &str = "0.0.0-0";

/// A condition on one attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    attribute: String,
    operator: &'static str,
    value: Operand,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    List(Vec<String>),
    Text(String),
    Number(f64),
}

impl Condition {
    fn new(attribute: &str, operator: &'static str, value: Operand) -> Self {
        Self { attribute: attribute.to_owned(), operator, value }
    }

    pub(super) fn one_of(attribute: &str, values: Vec<String>) -> Self {
        Self::new(attribute, "ONE_OF", Operand::List(values))
    }

    pub(super) fn not_one_of(attribute: &str, values: Vec<String>) -> Self {
        Self::new(attribute, "NOT_ONE_OF", Operand::List(values))
    }

    /// As Eppo's SDKs read it.
    pub(super) fn to_json(&self) -> Json {
        let value = match &self.value {
            Operand::List(values) => json!(values),
            Operand::Text(text) => json!(text),
            Operand::Number(number) => Scalar::Number(*number).to_json(),
        };
        json!({ "attribute": self.attribute, "operator": self.operator, "value": value })
    }

    /// As Datadog takes it: every value is a list of texts.
    pub(super) fn to_list(&self) -> Json {
        let value = match &self.value {
            Operand::List(values) => json!(values),
            Operand::Text(text) => json!([text]),
            Operand::Number(number) => json!([Scalar::Number(*number).to_json().to_string()]),
        };
        json!({ "attribute": self.attribute, "operator": self.operator, "value": value })
    }
}

/// What must hold of a unit; the error is why it cannot be said.
pub(super) fn conditions(clause: &Clause<'_>, unit: &str) -> Result<Vec<Condition>, String> {
    let name = attribute(clause.attribute, unit)?;
    let test = |operator: &'static str, text: String| Condition::new(name, operator, Operand::Text(text));
    let number = |operator: &'static str, bound: f64| {
        vec![test("MATCHES", NUMBER.to_owned()), Condition::new(name, operator, Operand::Number(bound))]
    };
    Ok(match &clause.comparison {
        Comparison::In(items) => {
            vec![Condition::one_of(name, items.iter().flat_map(|item| spelled(&item.value)).collect())]
        }
        Comparison::NotIn(items) => {
            vec![Condition::not_one_of(name, items.iter().flat_map(|item| spelled(&item.value)).collect())]
        }
        Comparison::Is(value) => vec![Condition::one_of(name, spelled(value))],
        Comparison::IsNot(value) => vec![Condition::not_one_of(name, spelled(value))],
        Comparison::Version(range) => {
            if range.version.iter().any(|number| MOST < *number) {
                return Err("Eppo compares no number of a version beyond 2^53".to_owned());
            }
            let [major, minor, patch] = range.version;
            let release = format!("{major}.{minor}.{patch}");
            let after = format!("{major}.{minor}.{}-0", patch + 1);
            let mut all = vec![test("MATCHES", VERSION.to_owned())];
            match range.comparison {
                ">=" => all.push(test("GTE", release)),
                "<" => all.push(test("LT", release)),
                ">" => all.push(test("GTE", after)),
                "<=" => all.push(test("LT", after)),
                "=" => all.extend([test("GTE", release), test("LT", after)]),
                _ => {
                    let same = format!("^{}([+].*)?$", served::pattern(&release));
                    all.extend([test("GTE", LEAST.to_owned()), test("NOT_MATCHES", same)]);
                }
            }
            all
        }
        Comparison::AtLeast(bound) => number("GTE", *bound),
        Comparison::AtMost(bound) => number("LTE", *bound),
        Comparison::Above(bound) => number("GT", *bound),
        Comparison::Below(bound) => number("LT", *bound),
        Comparison::StartsWith(start) => vec![test("MATCHES", format!("^{}", served::pattern(start)))],
        Comparison::EndsWith(end) => vec![test("MATCHES", format!("{}$", served::pattern(end)))],
    })
}

/// The attribute as a rule reads it. The one that names the unit is the subject key, which rules call `id`.
fn attribute<'a>(name: &'a str, unit: &str) -> Result<&'a str, String> {
    if name == unit {
        return Ok("id");
    }
    if name == "id" {
        return Err("Eppo reads the subject key as `id` where a unit has no such attribute".to_owned());
    }
    if name.contains('.') {
        return Err(format!("`{name}` is part of an object, and Eppo's attributes are plain values"));
    }
    match served::is_inherited(name) {
        true => Err(format!("every unit seems to have an attribute `{name}` in JavaScript")),
        false => Ok(name),
    }
}

/// A value as SDKs spell it before they compare.
fn spelled(value: &Scalar) -> Vec<String> {
    match value {
        Scalar::Text(text) => vec![text.clone()],
        Scalar::Flag(flag) => vec![flag.to_string()],
        Scalar::Number(number) if *number == 0.0 => vec!["0".to_owned(), "-0".to_owned()],
        Scalar::Number(number) => {
            let plain = number.to_string();
            // JavaScript changes to exponents here.
            match number.abs() < 1e-6 || 1e21 <= number.abs() {
                true => {
                    let short = format!("{number:e}");
                    let short = if short.contains("e-") { short } else { short.replace('e', "e+") };
                    vec![short, plain]
                }
                false => vec![plain],
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Vec<Json>, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| {
            Ok(conditions(&clause, "user_id")?.iter().map(Condition::to_json).collect())
        })
    }

    #[test]
    fn each_comparison_has_its_conditions() {
        let test = |operator: &str, value: Json| json!({ "attribute": "x", "operator": operator, "value": value });
        let version = || test("MATCHES", json!(VERSION));
        let number = || test("MATCHES", json!(NUMBER));
        for (written, tests) in [
            (r#"in = ["US", 1, true]"#, vec![test("ONE_OF", json!(["US", "1", "true"]))]),
            ("in = []", vec![test("ONE_OF", json!([]))]),
            (
                "not_in = [0, 1e21, 1e-7]",
                vec![test("NOT_ONE_OF", json!(["0", "-0", "1e+21", "1000000000000000000000", "1e-7", "0.0000001"]))],
            ),
            ("is = 1.5", vec![test("ONE_OF", json!(["1.5"]))]),
            ("is_not = false", vec![test("NOT_ONE_OF", json!(["false"]))]),
            (r#"semver = ">=5.2.0""#, vec![version(), test("GTE", json!("5.2.0"))]),
            (r#"semver = ">5.2.0""#, vec![version(), test("GTE", json!("5.2.1-0"))]),
            (r#"semver = "<=5.2.0""#, vec![version(), test("LT", json!("5.2.1-0"))]),
            (r#"semver = "=5.2.0""#, vec![version(), test("GTE", json!("5.2.0")), test("LT", json!("5.2.1-0"))]),
            (
                r#"semver = "!=5.2.0""#,
                vec![version(), test("GTE", json!("0.0.0-0")), test("NOT_MATCHES", json!(r"^5\.2\.0([+].*)?$"))],
            ),
            ("at_least = 18", vec![number(), test("GTE", json!(18))]),
            ("below = -1.5", vec![number(), test("LT", json!(-1.5))]),
            (r#"starts_with = "en-(""#, vec![test("MATCHES", json!("^en-\\("))]),
            (r#"ends_with = ".com/""#, vec![test("MATCHES", json!("\\.com/$"))]),
        ] {
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(tests), "{written}");
        }
        let unit = compiled(r#"{ attribute = "user_id", is = "u" }"#).expect("conditions");
        assert_eq!(unit[0]["attribute"], "id");
    }

    #[test]
    fn what_cannot_be_compiled_is_refused() {
        for toml in [
            r#"{ attribute = "id", is = "a" }"#,
            r#"{ attribute = "device.os", is = "a" }"#,
            r#"{ attribute = "constructor", is_not = 1 }"#,
            r#"{ attribute = "x", semver = ">=9007199254740991.0.0" }"#,
        ] {
            assert!(compiled(toml).is_err(), "{toml} gives {:?}", compiled(toml));
        }
    }
}
