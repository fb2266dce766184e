//! MET002 no-primary.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The experiment has no primary metric.
    ///
    /// ## Why
    /// Nothing was promised, so any of the numbers can be called a success afterwards.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019; CONSORT; Eppo's protocol checks.
    ///
    /// ```toml,bad
    /// [metrics]
    /// primary = []
    /// [hypothesis]
    /// expect = [{ metric = "revenue_per_user", direction = "increase" }]
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// ```
    static RULE = {
        code: "MET002", name: "no-primary", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let written = cx.spec.metrics.value().and_then(|metrics| metrics.primary.value());
    if written.is_some_and(|list| !list.is_empty()) || place::list_is_broken(cx, Role::Primary) {
        return;
    }
    // The metric that the hypothesis speaks of is the one to promise.
    let expected = cx.plan.expectations.first().map(|expected| expected.metric.value.as_str());
    let name = crate::text::printable(expected.unwrap_or("order_conversion"));
    out.push(
        RULE.at(cx.home("metrics"), "no primary metric: no outcome would count as a success")
            .label("lacks `primary`")
            .help(format!("add `primary = [{{ metric = \"{name}\", mde = {{ relative = \"3%\" }} }}]` to `[metrics]`")),
    );
}
