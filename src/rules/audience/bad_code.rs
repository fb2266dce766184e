//! AUD015 bad-code.

use crate::catalog::AttributeType;
use crate::rules::prelude::*;
use crate::spec::{Comparison, Scalar};

rule! {
    /// A country is not written as two capital letters.
    ///
    /// ## Why
    /// Comparisons are exact: `us` never equals `US`, and the filter matches nobody.
    /// Only attributes named `country` without a list of values are judged: elsewhere the catalogue says what is right.
    ///
    /// ## Source
    /// Checks of brave-variations.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without attributes.country.values
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "country", in = ["US", "ca"] }]
    /// ```
    /// ```toml,fixed
    /// audience.where = [{ attribute = "country", in = ["US", "CA"] }]
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [{ attribute = "country", in = ["US", "CA"] }]
    /// ```
    static RULE = {
        code: "AUD015", name: "bad-code", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

const NAMES: [&str; 3] = ["country", "country_code", "country-code"];

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for condition in super::own_conditions(cx) {
        let Some(name) = condition.attribute.value().filter(|name| NAMES.contains(&name.as_str())) else { continue };
        let Some(attribute) = cx.catalog.attributes.get(name) else { continue };
        if !attribute.values.is_absent() || attribute.r#type.copied() != Some(AttributeType::String) {
            continue;
        }
        for comparison in condition.comparisons() {
            let items: Vec<(&Scalar, Span)> = match comparison.value {
                Comparison::In(list) | Comparison::NotIn(list) => {
                    list.iter().map(|item| (&item.value, item.span)).collect()
                }
                Comparison::Is(value) | Comparison::IsNot(value) => vec![(value, comparison.span)],
                _ => continue,
            };
            for (value, span) in items {
                let Scalar::Text(text) = value else { continue };
                if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    continue;
                }
                out.push(bad(text, span));
            }
        }
    }
}

fn bad(text: &str, span: Span) -> Diagnostic {
    let found = RULE.at(span, format!("{} is no ISO 3166-1 country code", quoted(text)));
    let upper = text.to_ascii_uppercase();
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return found.label(format!("did you mean \"{upper}\"?")).fix(
            Applicability::Suggested,
            format!("write \"{upper}\""),
            vec![Edit { span, replacement: format!("\"{upper}\"") }],
        );
    }
    found
        .label("not two capital letters")
        .help("write the two-letter code, like \"US\"")
        .help("or list what the product sends as `values` of the attribute")
}
