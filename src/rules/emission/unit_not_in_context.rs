//! EMI014 unit-not-in-context.

use std::collections::BTreeSet;

use crate::rules::prelude::*;

rule! {
    /// The unit of an experiment has no attribute that carries its id to the platform.
    ///
    /// ## Why
    /// A platform that finds no id puts everybody into one bucket, or nobody into any.
    ///
    /// ## Source
    /// Docs of LaunchDarkly.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without units.user.key
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.user]
    /// key = "userid"
    /// ```
    /// ```toml,fixed
    /// #: file catalog/base.toml
    /// units.user.key = "user_id"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [units.user]
    /// key = "user_id"
    /// ```
    static RULE = {
        code: "EMI014", name: "unit-not-in-context", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog, Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let built = cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over());
    let used: BTreeSet<&str> = built.filter_map(|entry| entry.unit.as_deref()).collect();
    for (name, span, unit) in cx.catalog.units.iter().filter(|(name, ..)| used.contains(name)) {
        let attributes = &cx.catalog.attributes;
        match &unit.key {
            Field::Absent => out.push(
                RULE.at(span, format!("unit {} has no attribute that carries its id", quoted(name)))
                    .label("no `key`")
                    .help("add `key`: the attribute that a flag evaluation is given, such as `\"user_id\"`"),
            ),
            Field::Set(key) if attributes.get(key).is_none() && !attributes.broken => {
                let found = RULE.at(key.span, format!("the id of unit {} is in {}, an unknown attribute", quoted(name), quoted(key)));
                out.push(match nearest(key, attributes.names()) {
                    Some(near) => found.label(format!("did you mean `{near}`?")).fix(
                        Applicability::Suggested,
                        format!("write \"{near}\""),
                        vec![Edit { span: key.span, replacement: format!("\"{near}\"") }],
                    ),
                    None => found
                        .label("not in the catalogue")
                        .help(format!("define `[attributes.{}]` in the catalogue", crate::text::printable(key))),
                });
            }
            _ => {}
        }
    }
}
