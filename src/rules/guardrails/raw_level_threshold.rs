//! GRD011 raw-level-threshold.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::rollout::Harm;

rule! {
    /// A rollback watches the level of a metric, not its difference to control.
    ///
    /// ## Why
    /// A weekend or an outage trips it for both variants alike, and a harm on a good day stays hidden.
    ///
    /// ## Source
    /// github/gh-aw; Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// [rollout]
    /// rollback = [
    ///   { metric = "page_latency", harm = "level", threshold = "500 ms", min_units = 12000 },
    ///   { metric = "refund_rate", harm = "margin", min_units = 40000 },
    /// ]
    /// ```
    /// ```toml,fixed
    /// rollout.rollback = [
    ///   { metric = "page_latency", harm = "margin", min_units = 12000, threshold = "500 ms" },
    ///   { metric = "refund_rate", harm = "margin", min_units = 40000 },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// rollback = [
    ///   { metric = "page_latency", harm = "difference", threshold = "20 ms", min_units = 4000 },
    ///   { metric = "refund_rate", harm = "margin", min_units = 40000 },
    /// ]
    /// ```
    static RULE = {
        code: "GRD011", name: "raw-level-threshold", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for rollback in super::rollbacks(cx) {
        let Some(harm) = rollback.harm.get().filter(|harm| harm.value == Harm::Level) else { continue };
        let name = rollback.metric.value().map_or("?", String::as_str);
        let headline = format!("the rollback on {} ignores what control does", quoted(name));
        let mut found = place::at_value(cx, &RULE, Some(harm.span), "rollout", headline)
            .label("a bad day trips it for both variants");
        if let Some(threshold) = rollback.threshold.get() {
            found = found.also(threshold.span, "a level, not a difference");
        }
        let guardrail = cx.plan.metrics_of(Role::Guardrail).any(|metric| metric.name == name);
        if guardrail {
            found = place::replace(cx, found, Applicability::Suggested, Some(harm.span), "\"margin\"");
            found = found.help("set `harm = \"margin\"` and drop `threshold`: the guardrail's margin is the limit");
        }
        out.push(found.help("or `harm = \"difference\"`, with the difference to control as `threshold`"));
    }
}
