//! AUD019 broken-audience.

use crate::rules::prelude::*;

rule! {
    /// A named audience of the catalogue has conditions that cannot work, or counts an unknown unit.
    ///
    /// ## Why
    /// Every experiment on it inherits the fault: one misspelt attribute empties them all.
    ///
    /// ## Source
    /// Checks of Featurevisor and Flipt.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [audiences.testers]
    /// about = "People who test"
    /// where = [{ attribute = "platfrom", in = ["ios"] }]
    /// unit = "user"
    /// daily_units = 900
    /// measured = 2026-10-01
    /// ```
    /// ```toml,fixed
    /// #: file catalog/base.toml
    /// audiences.testers.where = [{ attribute = "platform", in = ["ios"] }]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [audiences.testers]
    /// about = "People who test"
    /// where = [{ attribute = "platform", in = ["ios"] }]
    /// unit = "user"
    /// daily_units = 900
    /// measured = 2026-10-01
    /// ```
    static RULE = {
        code: "AUD019", name: "broken-audience", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let catalog = cx.catalog;
    for (_, _, audience) in catalog.audiences.iter() {
        for condition in super::items(&audience.r#where).iter().chain(super::items(&audience.exclude)) {
            if !catalog.attributes.broken {
                super::unknown_attribute::faults(&RULE, catalog, condition).into_iter().for_each(|found| out.push(found));
            }
        }
        if let Some(unit) = audience.unit.get().filter(|unit| catalog.units.get(unit).is_none() && !catalog.units.broken) {
            let found = RULE.at(unit.span, format!("unknown unit {}", quoted(unit)));
            out.push(
                super::or_near(found, unit, catalog.units.names(), |found| found.label("not in the catalogue").help(format!("choose {}", one_of(catalog.units.names(), 8)))),
            );
        }
    }
}
