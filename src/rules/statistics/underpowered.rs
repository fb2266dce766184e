//! STA002 underpowered.

use super::shortfall::{self, Judged};
use crate::plan::Way;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The plan gives fewer units than a primary metric needs for its MDE.
    ///
    /// Counted are the units that mature before the decision, after share, holdout, ramp and exposure rate; needed
    /// are those of the smaller side at the alpha that one claim has after the correction.
    ///
    /// ## Why
    /// A small sample misses real effects, and the wins it does find are exaggerated: at a power of 0.2 twofold.
    ///
    /// ## Source
    /// Kohavi, Deng, Vermeer, A/B Testing Intuition Busters, KDD 2022; Gelman, Carlin, Beyond Power Calculations,
    /// 2014; Booking.com 2021. Sizes of rates: Fleiss; of means: the noncentral t.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "2%" }
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-26
    /// rollout.stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "35 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// ```
    ///
    /// Each way out that the finding offers is accepted: more share, more weeks, a larger effect.
    ///
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "2%" }
    /// [audience]
    /// share = "82%"
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "82%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "2%" }
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "35 days" },
    /// ]
    /// [decision]
    /// by = 2027-02-26
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "2.54%" }
    /// ```
    static RULE = {
        code: "STA002", name: "underpowered", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    for metric in cx.plan.metrics_of(Role::Primary).filter(|metric| metric.defined.is_some()) {
        let Some((effect, bar)) = shortfall::bar(metric) else { continue };
        // A margin of the wrong sign is another fault: GRD004.
        if bar == "margin" && effect.absolute.is_none_or(|size| size <= 0.0) {
            continue;
        }
        let name = quoted(&metric.name);
        let at = |headline: String| place::at_value(cx, &RULE, Some(effect.span), "metrics", headline);
        match shortfall::judge(cx, metric) {
            Judged::Enough => {}
            Judged::Lacks(what) => out.skip(Context::Traffic, what),
            Judged::Refused(refusal) => {
                let headline = match bar {
                    "margin" => format!("{name} can never be shown to stay in its margin"),
                    _ => format!("{name} can never show its mde"),
                };
                match shortfall::refused(at(headline), metric, refusal) {
                    Some(found) => out.push(found),
                    None => out.skip(Context::Traffic, refusal.to_string()),
                }
            }
            Judged::Short(sizing, treatment) => {
                let power = match sizing.way {
                    Way::Posterior(_) => "wins with probability",
                    Way::Once | Way::Looks(_) => "has power",
                };
                let (have, goal) = (probability(sizing.power), shortfall::goal(sizing.power_goal));
                let found = at(format!("{name} {power} {have}, not the planned {goal}"))
                    .label(shortfall::need(cx, metric, sizing, treatment));
                let found = shortfall::inputs(cx, found, metric, sizing);
                out.push(shortfall::ways_out(cx, found, metric, sizing, bar, effect.is_relative));
            }
        }
    }
}
