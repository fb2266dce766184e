//! MET008 unit-mismatch.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A metric is analysed by another unit than the one that is randomised, and no method accounts for it.
    ///
    /// ## Why
    /// Rows of one unit are not independent: standard errors come out too small, and noise looks like a win.
    ///
    /// ## Source
    /// Deng, Knoblich, Lu, delta method in metric analytics, KDD 2018; Kohavi, Tang, Xu 2020; LaunchDarkly's docs.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.session]
    /// about = "A visit"
    /// key = "user_id"
    /// [metrics.page_latency]
    /// unit_of_analysis = "session"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.page_latency]
    /// unit_of_analysis = "user"
    /// ```
    static RULE = {
        code: "MET008", name: "unit-mismatch", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(unit) = &cx.plan.audience.unit else { return };
    let clustered = cx.spec.design.value().is_some_and(|design| !design.cluster.is_absent());
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let Some(analysed) = defined.unit_of_analysis.get().filter(|analysed| analysed.value != unit.value) else {
            continue;
        };
        let ratio = defined.kind.copied() == Some(Kind::Ratio);
        // Assignment by group with analysis by member is another fault, and another rule: STA019.
        if ratio || clustered || crate::rules::statistics::is_within(cx.catalog, analysed, &unit.value) {
            continue;
        }
        let headline = format!(
            "{} is analysed by {}, assigned by {}",
            quoted(&metric.name),
            quoted(analysed),
            quoted(&unit.value)
        );
        let mut found = place::at_metric(cx, &RULE, metric, headline)
            .label("its standard error would be too small")
            .also(analysed.span, "analysed by this unit");
        if let Some(span) = unit.span() {
            found = found.also(span, "randomised by this one");
        }
        out.push(
            found
                .help(format!("define it by {}: one value for each", quoted(&unit.value)))
                .help("or make it a ratio: `kind = \"ratio\"` with a `denominator` is analysed by the delta method"),
        );
    }
}
