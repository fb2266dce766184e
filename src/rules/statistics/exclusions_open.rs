//! STA030 exclusions-open.

use crate::rules::prelude::*;

rule! {
    /// The spec does not say which units are left out of the analysis.
    ///
    /// ## Why
    /// Outliers, duplicates and units in two variants are then dropped with the result in sight.
    ///
    /// ## Source
    /// Simmons, Nelson, Simonsohn, False-Positive Psychology, 2011; AsPredicted, question 6.
    ///
    /// ```toml,bad
    /// #: without design.exclusions
    /// ```
    /// ```toml,fixed
    /// design.exclusions = ["units seen in two variants"]
    /// ```
    /// ```toml,good
    /// [design]
    /// exclusions = []
    /// ```
    static RULE = {
        code: "STA030", name: "exclusions-open", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let written = cx.spec.design.value().is_some_and(|design| !design.exclusions.is_absent());
    if written || cx.unreadable(&cx.spec.design) {
        return;
    }
    let line = "exclusions = [\"units seen in two variants\"]";
    let found = RULE
        .at(cx.home("design"), "it is not said which units are left out of the analysis")
        .label("lacks `exclusions`");
    out.push(
        crate::rules::place::insert(cx, found, Applicability::Suggested, "design", line)
            .help(format!("add `{line}`"))
            .help("or `exclusions = []` to analyse everybody"),
    );
}
