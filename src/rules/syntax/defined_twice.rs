//! SYN021 defined-twice.

use crate::rules::prelude::*;

rule! {
    /// The catalogue defines one name twice.
    ///
    /// ## Why
    /// Only the first definition counts, by the order of the file names: an edit of the second changes nothing.
    ///
    /// ## Source
    /// mozilla/metric-hub#354.
    ///
    /// ```toml,bad
    /// #: file catalog/more.toml
    /// #: alone
    /// schema = 1
    /// [surfaces.checkout]
    /// about = "The last three pages"
    /// owner = "growth"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [surfaces.checkout]
    /// about = "The last three pages"
    /// ```
    static RULE = {
        code: "SYN021", name: "defined-twice", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for clash in &cx.catalog.clashes {
        let name = quoted(&clash.name);
        out.push(
            RULE.at(clash.second, format!("{} {name} is defined twice", clash.sort))
                .label("never read")
                .also(clash.first, "the definition that counts")
                .help("merge the two, and remove the one that is not read"),
        );
    }
}
