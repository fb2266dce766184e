//! STA001 mde-missing.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A primary metric has no minimum detectable effect.
    ///
    /// ## Why
    /// Without it nobody can say how many units are needed, nor what "no effect" would mean.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019; Booking.com, Experimentation quality as the main KPI, 2021.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// ```
    static RULE = {
        code: "STA001", name: "mde-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in cx.plan.metrics_of(Role::Primary) {
        if !place::entry(cx, metric).is_some_and(|entry| entry.mde.is_absent()) {
            continue;
        }
        let name = quoted(&metric.name);
        let found = place::at_metric(cx, &RULE, metric, format!("primary metric {name} has no `mde`"))
            .label("the smallest change worth shipping is missing");
        out.push(found.help("add `mde = { relative = \"3%\" }`: the smallest change that would be worth shipping"));
    }
}
