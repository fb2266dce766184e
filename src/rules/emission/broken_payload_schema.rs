//! EMI018 broken-payload-schema.

use crate::rules::prelude::*;

rule! {
    /// The JSON Schema of a flag cannot be used: it is missing, no JSON Schema, or refers to another document.
    ///
    /// ## Why
    /// Payloads of the flag are not judged until it is mended, and nobody would notice.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap.schema]
    /// properties = { layout = { type = "strng" } }
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// payload_schema = "schemas/checkout.schema.json"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// schema = { "$ref" = "https://schemas.example/checkout.json" }
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap.schema]
    /// properties = { layout = { type = "string" } }
    /// ```
    static RULE = {
        code: "EMI018", name: "broken-payload-schema", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for schema in cx.workspace.payload_schemas.iter() {
        let Err(fault) = &schema.ready else { continue };
        let headline = format!("{}: {}", quoted(&schema.flag), fault.headline);
        let mut found = RULE.at(fault.span, headline).label(fault.label.clone()).help(fault.help.clone());
        if let Some((span, text)) = fault.inside.as_deref() {
            found = found.also(*span, text.clone());
        }
        out.push(found);
    }
}
