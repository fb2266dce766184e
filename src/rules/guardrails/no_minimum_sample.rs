//! GRD010 no-minimum-sample.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::rules::rollout::false_alarm::calm_units;

rule! {
    /// A rollback may fire before it has seen a minimum of units.
    ///
    /// ## Why
    /// One error among the first few requests takes everybody back, and people learn to ignore the trigger.
    ///
    /// ## Source
    /// LaunchDarkly's guarded rollouts; Argo Rollouts and Flagger practice.
    ///
    /// ```toml,bad
    /// [rollout]
    /// rollback = [
    ///   { metric = "page_latency", harm = "margin" },
    ///   { metric = "refund_rate", harm = "margin", min_units = 40000 },
    /// ]
    /// ```
    /// ```toml,fixed
    /// rollout.rollback = [
    ///   { metric = "page_latency", harm = "margin", min_units = 4600 },
    ///   { metric = "refund_rate", harm = "margin", min_units = 40000 },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// rollback = [
    ///   { metric = "page_latency", harm = "margin", min_units = 12000 },
    ///   { metric = "refund_rate", harm = "margin", min_units = 40000 },
    /// ]
    /// ```
    static RULE = {
        code: "GRD010", name: "no-minimum-sample", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for rollback in super::rollbacks(cx) {
        let Some(metric) = rollback.metric.get().filter(|_| rollback.min_units.is_absent()) else { continue };
        let headline = format!("rollback on {} may fire on a handful of units", quoted(metric));
        let units = calm_units(cx, rollback).unwrap_or(1000.0);
        let found = place::at_value(cx, &RULE, Some(metric.span), "rollout", headline)
                .label("lacks `min_units`")
                .help(format!("add `min_units = {units:.0}`: units a variant before it may fire"));
        let line = format!("min_units = {units:.0}");
        let layout = place::layout(cx);
        let item = layout.root.entry_at(metric.span).filter(|_| metric.span.file == layout.file);
        let edit = item.and_then(|(item, _)| layout.add_inside(item, &line));
        out.push(place::offer(found, Applicability::Suggested, format!("add `{line}`"), edit));
    }
}
