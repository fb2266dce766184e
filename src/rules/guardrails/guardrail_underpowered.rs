//! GRD005 guardrail-underpowered.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::rules::statistics::shortfall::{self, Judged};

rule! {
    /// The plan gives too few units to rule out a harm of a guardrail's margin.
    ///
    /// A guardrail is a non-inferiority test at the whole alpha. Its power is raised so that all of them pass
    /// together with the planned power: false negatives are split over the guardrails and the success metrics.
    ///
    /// ## Why
    /// Silence of such a guardrail is no evidence of safety, and shipping waits for a proof that cannot come.
    ///
    /// ## Source
    /// Airbnb, Designing Experimentation Guardrails, 2021; Schultzberg, Ankargren, Frånberg (Spotify), Risk-aware
    /// product decisions, 2024; Farrington, Manning, 1990, for rates.
    ///
    /// ```toml,bad
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.08pp" }
    /// [rollout]
    /// rollback = [{ metric = "page_latency", harm = "margin", min_units = 12000 }]
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-03-05
    /// rollout.stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "42 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// ```
    static RULE = {
        code: "GRD005", name: "guardrail-underpowered", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    for metric in cx.plan.metrics_of(Role::Guardrail).filter(|metric| metric.defined.is_some()) {
        let Some((margin, bar)) = shortfall::bar(metric) else { continue };
        // A margin of the wrong sign is another fault: GRD004.
        if margin.absolute.is_none_or(|size| size <= 0.0) {
            continue;
        }
        match shortfall::judge(cx, metric) {
            Judged::Enough => {}
            Judged::Lacks(what) => out.skip(Context::Traffic, what),
            Judged::Refused(refusal) => {
                let headline = format!("{} can never be shown to stay in its margin", quoted(&metric.name));
                let found = place::at_value(cx, &RULE, Some(margin.span), "metrics", headline);
                match shortfall::refused(found, metric, refusal) {
                    Some(found) => out.push(found),
                    None => out.skip(Context::Traffic, refusal.to_string()),
                }
            }
            Judged::Short(sizing, treatment) => {
                let headline = format!(
                    "guardrail {} has power {}, not {}",
                    quoted(&metric.name),
                    probability(sizing.power),
                    shortfall::goal(sizing.power_goal)
                );
                let mut found = place::at_value(cx, &RULE, Some(margin.span), "metrics", headline)
                    .label(shortfall::need(cx, metric, sizing, treatment));
                let goal = sizing.power_goal;
                if cx.plan.design.power.value + 1e-9 < goal
                    && let Some(span) = cx.plan.design.power.span()
                {
                    let text = format!("each guardrail needs {} for all to pass with this", shortfall::goal(goal));
                    found = found.also(span, text);
                }
                let found = shortfall::inputs(cx, found, metric, sizing);
                out.push(shortfall::ways_out(cx, found, metric, sizing, bar, margin.is_relative));
            }
        }
    }
}
