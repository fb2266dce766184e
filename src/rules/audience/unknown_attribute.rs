//! AUD002 unknown-attribute.

use crate::catalog::{AttributeType, Catalog};
use crate::rules::prelude::*;
use crate::spec::{Comparison, Condition, Scalar};

rule! {
    /// A condition or segment names an attribute that nobody sends, or compares it with what it can never be.
    ///
    /// ## Why
    /// A condition on an unknown attribute never holds, and one on a value that does not exist never does either:
    /// the experiment enrols nobody, or keeps nobody out.
    ///
    /// ## Source
    /// Checks of Featurevisor and Flipt.
    ///
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "contry", in = ["US", "CA"] }]
    /// ```
    /// ```toml,fixed
    /// audience.where = [{ attribute = "country", in = ["US", "CA"] }]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "country", in = ["US", "UK"] }]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "app_version", at_least = 5 }]
    /// ```
    /// ```toml,bad
    /// [design]
    /// segments = ["plattform"]
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [
    ///   { attribute = "country", in = ["US", "CA"] },
    ///   { attribute = "app_version", semver = ">=5.0.0" },
    /// ]
    /// ```
    static RULE = {
        code: "AUD002", name: "unknown-attribute", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.catalog.attributes.broken {
        return out.skip(Context::Catalog, "no complete list of attributes: a catalogue file could not be read");
    }
    for condition in super::own_conditions(cx) {
        faults(&RULE, cx.catalog, condition).into_iter().for_each(|found| out.push(found));
    }
    for segment in &cx.plan.design.segments {
        if cx.catalog.attributes.get(segment).is_none() {
            out.push(unknown(&RULE, cx.catalog, segment));
        }
    }
}

/// What is wrong with a condition, whoever wrote it.
pub(super) fn faults(rule: &'static Rule, catalog: &Catalog, condition: &Condition) -> Vec<Diagnostic> {
    let Some(name) = condition.attribute.get() else { return Vec::new() };
    let Some(attribute) = catalog.attributes.get(name) else { return vec![unknown(rule, catalog, name)] };
    let mut found = Vec::new();
    for comparison in condition.comparisons() {
        let kind = attribute.r#type.get();
        if let Some(kind) = kind
            && !fits(kind.value, &comparison)
        {
            found.push(
                rule.at(comparison.span, format!("{} holds {}: \"{}\" fits none", quoted(name), plural(kind.value), short(&comparison)))
                    .label("never holds")
                    .also(kind.span, "its type")
                    .help(wanted(kind.value)),
            );
            continue;
        }
        found.extend(unknown_values(rule, name, attribute, &comparison));
    }
    found
}

fn unknown(rule: &'static Rule, catalog: &Catalog, name: &At<String>) -> Diagnostic {
    let found = rule.at(name.span, format!("unknown attribute {}", quoted(name)));
    super::or_near(found, name, catalog.attributes.names(), |found| {
        found
            .label("not in the catalogue")
            .help(format!("choose {}", one_of(catalog.attributes.names(), 8)))
            .help(format!("or define `[attributes.{}]` in the catalogue", crate::text::printable(name)))
    })
}

pub(in crate::rules) fn fits(kind: AttributeType, comparison: &Comparison<'_>) -> bool {
    let value = |scalar: &Scalar| match scalar {
        Scalar::Text(_) => matches!(kind, AttributeType::String | AttributeType::Version),
        Scalar::Number(_) => kind == AttributeType::Number,
        Scalar::Flag(_) => kind == AttributeType::Boolean,
    };
    match comparison {
        Comparison::In(list) | Comparison::NotIn(list) => list.iter().all(|item| value(item)),
        Comparison::Is(scalar) | Comparison::IsNot(scalar) => value(scalar),
        Comparison::Version(_) => kind == AttributeType::Version,
        Comparison::AtLeast(_) | Comparison::AtMost(_) | Comparison::Above(_) | Comparison::Below(_) => {
            kind == AttributeType::Number
        }
        Comparison::StartsWith(_) | Comparison::EndsWith(_) => kind == AttributeType::String,
    }
}

/// The comparison in words, cut before it gets long.
fn short(comparison: &Comparison<'_>) -> String {
    let text = crate::text::printable(&comparison.to_string());
    match text.char_indices().nth(24) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

pub(in crate::rules) fn plural(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String => "text",
        AttributeType::Number => "numbers",
        AttributeType::Boolean => "true or false",
        AttributeType::Version => "versions",
    }
}

pub(in crate::rules) fn wanted(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String => "compare it with `in`, `not_in`, `is`, `is_not`, `starts_with` or `ends_with` and text",
        AttributeType::Number => "compare it with `at_least`, `at_most`, `above`, `below`, `is` or `in` and numbers",
        AttributeType::Boolean => "write `is = true` or `is = false`",
        AttributeType::Version => "write `semver = \">=5.2.0\"`",
    }
}

/// Values that the attribute does not have; ten of them are one mistake.
fn unknown_values(
    rule: &'static Rule,
    name: &At<String>,
    attribute: &At<crate::catalog::Attribute>,
    comparison: &At<Comparison<'_>>,
) -> Option<Diagnostic> {
    let known = attribute.values.get().filter(|list| !list.broken && !list.is_empty())?;
    let items: Vec<At<&Scalar>> = match &comparison.value {
        Comparison::In(list) | Comparison::NotIn(list) => {
            list.iter().map(|item| At { value: &item.value, span: item.span }).collect()
        }
        Comparison::Is(value) | Comparison::IsNot(value) => vec![At { value: *value, span: comparison.span }],
        _ => return None,
    };
    let strange: Vec<_> = items.iter().filter(|item| !known.iter().any(|known| known.value == *item.value)).collect();
    let (first, others) = strange.split_first()?;
    let text = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => text.clone(),
        other => other.to_string(),
    };
    let names: Vec<String> = known.iter().map(|known| text(known)).collect();
    let shown = text(first.value);
    let mut found = rule.at(first.span, format!("{} never has the value {}", quoted(name), quoted(&shown)));
    found = match (first.value, nearest(&shown, names.iter().map(String::as_str))) {
        // Codes of two or three letters are always near each other.
        (Scalar::Text(text), Some(near)) if 3 < text.chars().count() => found.label(format!("did you mean \"{near}\"?")).fix(
            Applicability::Suggested,
            format!("write \"{near}\""),
            vec![Edit { span: first.span, replacement: format!("\"{near}\"") }],
        ),
        _ => found.label("not among its values"),
    };
    for other in others.iter().take(5) {
        found = found.also(other.span, "nor this");
    }
    Some(
        found
            .also(known.span, "its values")
            .help(format!("choose {}; or add it to `[attributes.{}]`", one_of(names.iter().map(String::as_str), 8), crate::text::printable(name))),
    )
}
