//! OWN002 one-owner.

use std::collections::BTreeSet;

use crate::rules::prelude::*;

rule! {
    /// The owner of a live experiment has no deputy.
    ///
    /// ## Why
    /// People go on holiday; experiments do not stop for that.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without owners.growth.deputy
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [owners.growth]
    /// deputy = "Jonas Weber"
    /// ```
    static RULE = {
        code: "OWN002", name: "one-owner", since: "0.1.0",
        level: Info, needs: [Catalog, Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let live = cx.portfolio.entries.iter().filter(|entry| entry.is_live());
    let owners: BTreeSet<&str> = live.clone().filter_map(|entry| entry.owner.as_deref()).collect();
    for name in owners {
        let (Some(owner), Some(span)) = (cx.catalog.owners.get(name), cx.catalog.owners.key(name)) else { continue };
        if !owner.deputy.is_absent() {
            continue;
        }
        let number = live.clone().filter(|entry| entry.owner.as_deref() == Some(name)).count();
        let plural = if number == 1 { "" } else { "s" };
        out.push(
            RULE.at(span, format!("owner {} of {number} live experiment{plural} has no deputy", quoted(name)))
                .help("add `deputy`: who stands in"),
        );
    }
}
