//! STA031 missing-data-open.

use crate::rules::prelude::*;

rule! {
    /// The spec does not say what happens with units whose outcome is missing.
    ///
    /// ## Why
    /// When a variant makes more people leave, dropping them makes it look better.
    ///
    /// ## Source
    /// SPIRIT, item 20c.
    ///
    /// ```toml,bad
    /// #: without design.missing
    /// ```
    /// ```toml,fixed
    /// design.missing = "no event counts as zero"
    /// ```
    /// ```toml,good
    /// [design]
    /// missing = "no event counts as zero"
    /// ```
    static RULE = {
        code: "STA031", name: "missing-data-open", since: "0.1.0",
        level: Info, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let written = cx.spec.design.value().is_some_and(|design| !design.missing.is_absent());
    if written || cx.unreadable(&cx.spec.design) {
        return;
    }
    let line = "missing = \"no event counts as zero\"";
    let found = RULE
        .at(cx.home("design"), "it is not said what a missing outcome counts as")
        .label("lacks `missing`");
    out.push(
        crate::rules::place::insert(cx, found, Applicability::Suggested, "design", line)
            .help(format!("add `{line}`, or what else is done")),
    );
}
