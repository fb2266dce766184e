//! Terraform in its JSON syntax, `*.tf.json`: every JSON printer writes it, and no quoting is ours.
//!
//! Strings in it are templates. `${` and `%{` begin an expression in values and in keys alike, and are doubled so that
//! they mean themselves.

use serde_json::{Map, Value as Json, json};

/// A value that Terraform reads as it stands.
pub(super) fn literal(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(plain(text)),
        Json::Array(items) => items.iter().map(literal).collect(),
        Json::Object(map) => Json::Object(map.iter().map(|(key, value)| (plain(key), literal(value))).collect()),
        other => other.clone(),
    }
}

fn plain(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// What other resources call a thing of that name: letters, digits, dashes and `_`, no digit first.
pub(super) fn label(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let label: String = name.chars().map(plain).collect();
    match label.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        true => label,
        false => format!("_{label}"),
    }
}

/// A document of resources: type, label, arguments. Arguments may hold expressions: what is data in them has gone
/// through [`literal`].
pub(super) fn document(resources: &[(&str, String, Json)]) -> Json {
    let mut kinds: Map<String, Json> = Map::new();
    for (kind, label, arguments) in resources {
        kinds.entry(*kind).or_insert_with(|| json!({}))[label] = arguments.clone();
    }
    json!({ "resource": kinds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_data() {
        let hostile = json!({ "a ${b}": ["%{ if true }", "$${x}", "$", "{}", 1, null] });
        assert_eq!(literal(&hostile), json!({ "a $${b}": ["%%{ if true }", "$$${x}", "$", "{}", 1, null] }));
    }

    #[test]
    fn labels_are_identifiers() {
        assert_eq!(["checkout-cta", "1st", "a b.c", ""].map(label), ["checkout-cta", "_1st", "a_b_c", "_"]);
    }
}
