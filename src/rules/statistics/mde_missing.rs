//! STA001 mde-missing.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::HypothesisKind;

rule! {
    /// A metric that is to show an effect has no minimum detectable effect.
    ///
    /// Asked of primary metrics and of every claim that an effect beats a margin; non-inferiority and equivalence are
    /// sized by their margin.
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
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// hypothesis = "non-inferiority"
    /// margin = { relative = "3.5%" }
    /// ```
    static RULE = {
        code: "STA001", name: "mde-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in &cx.plan.metrics {
        let wanted = matches!(
            (metric.role, metric.hypothesis.value),
            (Role::Primary, HypothesisKind::Superiority)
                | (Role::Primary | Role::Secondary, HypothesisKind::SuperiorityByMargin)
        );
        if !wanted || !place::entry(cx, metric).is_some_and(|entry| entry.mde.is_absent()) {
            continue;
        }
        let name = quoted(&metric.name);
        let found = place::at_metric(cx, &RULE, metric, format!("{} metric {name} has no `mde`", metric.role))
            .label("the smallest change worth shipping is missing");
        out.push(found.help("add `mde = { relative = \"3%\" }`: the smallest change that would be worth shipping"));
    }
}
