//! GOV001 personal-data-target.

use crate::rules::prelude::*;
use crate::spec::governance::DataClass;
use crate::syntax::{Node, Value};

rule! {
    /// Targeting, segments or a payload use a direct identifier of a person.
    ///
    /// ## Why
    /// Flag files travel to every client and server; an experiment can nearly always use a pseudonymous id instead.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 5 (1) (c), data minimisation; docs of GrowthBook.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.email]
    /// about = "Address of the account"
    /// type = "string"
    /// data_class = "personal"
    /// owner = "growth"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "email", ends_with = "@example.com" }]
    /// ```
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layout = "ask maria.rossi@example.com" }
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [{ attribute = "platform", in = ["ios"] }]
    /// ```
    static RULE = {
        code: "GOV001", name: "personal-data-target", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Plan(check),
    }
}

/// Names, or last words of names, that stand for a direct identifier.
const IDENTIFIERS: [&str; 18] = [
    "email", "e_mail", "mail", "email_address", "phone", "phone_number", "telephone", "mobile_number", "full_name",
    "first_name", "last_name", "surname", "postal_address", "street_address", "passport_number", "ssn",
    "social_security_number", "date_of_birth",
];

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    for name in super::attributes(cx) {
        let class = cx.catalog.attributes.get(name).and_then(|known| known.data_class.get());
        let declared = class.filter(|class| class.value == DataClass::Personal);
        let cleared = class.is_some_and(|class| class.value < DataClass::Personal);
        // `has_email` is yes or no: it identifies nobody.
        let kind = cx.catalog.attributes.get(name).and_then(|known| known.r#type.copied());
        let cleared = cleared || kind == Some(crate::catalog::AttributeType::Boolean);
        if declared.is_none() && (cleared || !is_identifier(name)) {
            continue;
        }
        let mut found = RULE
            .at(super::place(cx, name), format!("{} identifies a person", quoted(name)))
            .label("a direct identifier");
        if let Some(class) = declared {
            found = found.also(class.span, "declared personal");
        }
        out.push(found.help("target a group or a pseudonymous id that the product resolves on its side"));
    }
    for variant in &cx.plan.variants {
        let Some(payload) = &variant.payload else { continue };
        let Value::Table(table) = &payload.value else { continue };
        for entry in &table.entries {
            look(&variant.name, Some((&entry.key, entry.key_span)), &entry.node, out);
        }
    }
}

/// True for `email` and `buyer_email`, not for `email_verified`.
fn is_identifier(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    IDENTIFIERS.iter().any(|known| name == *known || name.strip_suffix(known).is_some_and(|head| head.ends_with('_')))
}

fn look(variant: &str, key: Option<(&str, Span)>, node: &Node, out: &mut Sink) {
    match &node.value {
        Value::Table(table) => {
            for entry in &table.entries {
                look(variant, Some((&entry.key, entry.key_span)), &entry.node, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| look(variant, None, item, out)),
        Value::String(text) if super::secret_in_spec::has_mail_address(text) => out.push(
            RULE.at(node.span, format!("variant {} returns a mail address", quoted(variant)))
                .label("goes to every client")
                .help("return a key that the product turns into the address"),
        ),
        // A switch such as `email = true` says what is shown, not who somebody is.
        Value::String(_) => {
            if let Some((key, span)) = key.filter(|(key, _)| is_identifier(key) && !matches!(*key, "email" | "mail" | "phone")) {
                out.push(
                    RULE.at(span, format!("variant {} returns {}, which identifies a person", quoted(variant), quoted(key)))
                        .label("goes to every client")
                        .help("return a key that the product turns into it"),
                );
            }
        }
        _ => {}
    }
}
