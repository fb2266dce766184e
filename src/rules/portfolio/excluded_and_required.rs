//! PRT004 excluded-and-required.

use crate::rules::prelude::*;

rule! {
    /// The same experiment is excluded and required.
    ///
    /// ## Why
    /// Nobody is in it and not in it: the audience is empty.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// [experiment]
    /// excludes = ["checkout-form"]
    /// requires = ["checkout-form"]
    /// #: twin checkout-form
    /// [experiment]
    /// excludes = ["checkout-one-tap"]
    /// ```
    /// ```toml,good
    /// [experiment]
    /// requires = ["checkout-form"]
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT004", name: "excluded-and-required", since: "0.1.0",
        level: Error, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        for required in &entry.requires {
            let Some(excluded) = entry.excludes.iter().find(|id| id.value == required.value) else { continue };
            let found = RULE
                .at(required.span, format!("{} is excluded and required", quoted(required)))
                .label("required")
                .also(excluded.span, "excluded")
                .help("take it out of one of the two lists");
            out.push(super::about(found, entry));
        }
    }
}
