//! Conditions of the audience as Flipt's constraints.
//!
//! Values are texts: a number or a boolean is compared as JSON writes it. A text that is empty counts as missing, and
//! missing meets no constraint, negated or not, which is what the language says of missing. So negation on texts, which
//! an empty text meets, cannot be said, and neither can an empty text.

use serde_json::{Value as Json, json};

use super::super::served::Clause;
use crate::spec::{Comparison, List, Scalar};

/// The constraints of one condition, of which one must hold; the error is why it cannot be said.
pub(super) fn constraints(clause: &Clause<'_>) -> Result<Vec<Json>, String> {
    let name = clause.attribute;
    if name.is_empty() || name.contains(['.', '\n', '\r']) {
        return Err(format!("Flipt's contexts are flat, and `{name}` is no name of one line without a dot"));
    }
    let text = |operator: &str, value: String| json!({ "type": "STRING_COMPARISON_TYPE", "property": name, "operator": operator, "value": value });
    Ok(match &clause.comparison {
        Comparison::In(items) => among(&texts(items)?).into_iter().map(|(sign, value)| text(sign, value)).collect(),
        Comparison::Is(value) => vec![text("eq", written(value)?)],
        Comparison::NotIn(items) => {
            let values: Result<Vec<String>, String> = items.iter().map(|item| negated(&item.value)).collect();
            match values?.as_slice() {
                [] => return Err(EMPTY.to_owned()),
                values => vec![text("isnotoneof", json!(values).to_string())],
            }
        }
        Comparison::IsNot(value) => vec![text("neq", negated(value)?)],
        Comparison::StartsWith(start) => vec![text("prefix", part(start)?)],
        Comparison::EndsWith(end) => vec![text("suffix", part(end)?)],
        _ => return Err("it has no such operator".to_owned()),
    })
}

/// Units that are forced, by their ids.
pub(super) fn ids(ids: &[&str]) -> Vec<Json> {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let constraint = |(operator, value)| json!({ "type": "ENTITY_ID_COMPARISON_TYPE", "property": "entityId", "operator": operator, "value": value });
    among(&ids).into_iter().map(constraint).collect()
}

/// One of these. The clients read no list in which a text is escaped, so such texts stand alone.
fn among(texts: &[String]) -> Vec<(&'static str, String)> {
    let escaped = |text: &String| text.contains(|c: char| c == '"' || c == '\\' || c < ' ');
    let (alone, together): (Vec<&String>, Vec<&String>) = texts.iter().partition(|text| escaped(text));
    let list = match together.as_slice() {
        // An empty list holds for nobody; without any constraint everybody would be in.
        [] if !alone.is_empty() => None,
        [one] => Some(("eq", (*one).clone())),
        many => Some(("isoneof", json!(many).to_string())),
    };
    list.into_iter().chain(alone.into_iter().map(|text| ("eq", text.clone()))).collect()
}

fn texts(items: &List<Scalar>) -> Result<Vec<String>, String> {
    items.iter().map(|item| written(&item.value)).collect()
}

fn part(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("an empty text is none to Flipt".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// A value as an application writes it into a context.
fn written(value: &Scalar) -> Result<String, String> {
    match value {
        Scalar::Text(text) => part(text),
        Scalar::Flag(flag) => Ok(flag.to_string()),
        // Beyond these, languages write one number in several ways.
        Scalar::Number(number) if *number == 0.0 || (1e-4..1e15).contains(&number.abs()) => {
            Ok(format!("{}", number + 0.0))
        }
        Scalar::Number(number) => {
            Err(format!("numbers are compared as texts, and languages write {number} in several ways"))
        }
    }
}

const EMPTY: &str = "an empty text is none to Flipt, and a unit that has it would be lost";

fn negated(value: &Scalar) -> Result<String, String> {
    match value {
        Scalar::Text(_) => Err(EMPTY.to_owned()),
        other => written(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(toml: &str) -> Result<Vec<Json>, String> {
        crate::emit::flags::served::tests::clause(toml, |clause| constraints(&clause))
    }

    #[test]
    fn each_comparison_has_its_constraint() {
        for (written, each) in [
            (r#"in = ["US", "CA"]"#, vec![("isoneof", r#"["US","CA"]"#)]),
            (r#"in = ["US", "a\"b", 1, 0.5, true]"#, vec![("isoneof", r#"["US","1","0.5","true"]"#), ("eq", "a\"b")]),
            ("in = []", vec![("isoneof", "[]")]),
            ("not_in = [1, -2]", vec![("isnotoneof", r#"["1","-2"]"#)]),
            ("is = false", vec![("eq", "false")]),
            ("is = -0.0", vec![("eq", "0")]),
            ("is_not = true", vec![("neq", "true")]),
            (r#"starts_with = "en-""#, vec![("prefix", "en-")]),
            (r#"ends_with = "-x""#, vec![("suffix", "-x")]),
        ] {
            let wanted: Vec<Json> = each
                .iter()
                .map(|(operator, value)| {
                    json!({ "type": "STRING_COMPARISON_TYPE", "property": "x", "operator": operator, "value": value })
                })
                .collect();
            assert_eq!(compiled(&format!("{{ attribute = \"x\", {written} }}")), Ok(wanted), "{written}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for toml in [
            r#"{ attribute = "x", not_in = ["US"] }"#,
            r#"{ attribute = "x", is_not = "US" }"#,
            r#"{ attribute = "x", is = "" }"#,
            r#"{ attribute = "x", starts_with = "" }"#,
            r#"{ attribute = "x", is = 1e300 }"#,
            r#"{ attribute = "a.b", is = 1 }"#,
            r#"{ attribute = "x", above = 1 }"#,
        ] {
            assert!(compiled(toml).is_err(), "{toml} gives {:?}", compiled(toml));
        }
    }
}
