//! DEC004 rule-unknown-metric.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A decision rule uses a metric that the spec does not register.
    ///
    /// ## Why
    /// The decision would rest on evidence that nobody promised, at no stated error rate.
    ///
    /// ## Source
    /// CONSORT, items 6a and 17a.
    ///
    /// ```toml,bad
    /// [decision]
    /// rules = [
    ///   { quality = "fail", then = "iterate" },
    ///   { guardrails = "fail", then = "stop" },
    ///   { metric = "revenue_per_usr", shows = "worse", then = "stop" },
    ///   { primary = "better", guardrails = "pass", then = "ship" },
    /// ]
    /// ```
    /// ```toml,fixed
    /// decision.rules = [
    ///   { quality = "fail", then = "iterate" },
    ///   { then = "stop", guardrails = "fail" },
    ///   { metric = "revenue_per_user", then = "stop", shows = "worse" },
    ///   { then = "ship", guardrails = "pass", primary = "better" },
    /// ]
    /// ```
    /// ```toml,good
    /// [decision]
    /// rules = [
    ///   { quality = "fail", then = "iterate" },
    ///   { guardrails = "fail", then = "stop" },
    ///   { metric = "revenue_per_user", shows = "worse", then = "stop" },
    ///   { primary = "better", guardrails = "pass", then = "ship" },
    /// ]
    /// ```
    static RULE = {
        code: "DEC004", name: "rule-unknown-metric", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(table) = &cx.plan.decision else { return };
    if Role::ALL.iter().any(|role| place::list_is_broken(cx, *role)) {
        return;
    }
    let known = || cx.plan.metrics.iter().map(|metric| metric.name.as_str());
    for (name, _) in table.rows.iter().filter_map(|row| row.metric.as_ref()) {
        if known().any(|known| known == name.value) {
            continue;
        }
        let headline = format!("a decision rule uses {}, which is not registered", quoted(name));
        let found = place::at_value(cx, &RULE, Some(name.span), "decision", headline);
        out.push(match nearest(name, known()) {
            Some(near) => place::replace(
                cx,
                found.label(format!("did you mean `{near}`?")),
                Applicability::Suggested,
                Some(name.span),
                &format!("\"{near}\""),
            ),
            None => found
                .label("not among the metrics of this spec")
                .help(format!("add {} to `[[metrics.secondary]]`", quoted(name)))
                .help(format!("or use {}", one_of(known(), 6))),
        });
    }
}
