//! MET006 metric-unowned.

use crate::rules::prelude::*;

rule! {
    /// A metric of the catalogue has no owner, or one that the catalogue does not know.
    ///
    /// ## Why
    /// Nobody answers for its definition when the number looks wrong; in public catalogues 35 % had an owner.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories; Microsoft ExP, STEDII properties of a good metric.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.refund_rate.owner
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// owner = "growth"
    /// ```
    static RULE = {
        code: "MET006", name: "metric-unowned", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for (name, span, metric) in cx.catalog.metrics.iter() {
        match &metric.owner {
            Field::Absent => out.push(
                RULE.at(span, format!("metric {} has no owner", quoted(name)))
                    .label("nobody answers for its definition")
                    .help(format!("add `owner = \"…\"`: {}", one_of(cx.catalog.owners.names(), 6))),
            ),
            Field::Set(owner) if cx.catalog.owners.get(owner).is_none() && !cx.catalog.owners.broken => {
                let found = RULE.at(owner.span, format!("metric {} has an unknown owner", quoted(name)));
                out.push(match nearest(owner, cx.catalog.owners.names()) {
                    Some(near) => found.label(format!("did you mean `{near}`?")).fix(
                        Applicability::Suggested,
                        format!("write \"{near}\""),
                        vec![Edit { span: owner.span, replacement: format!("\"{near}\"") }],
                    ),
                    None => found
                        .label("not in the catalogue")
                        .help(format!("define `[owners.{}]` in the catalogue", crate::text::printable(owner))),
                });
            }
            _ => {}
        }
    }
}
