//! DEC001 no-decision-rule.

use crate::rules::prelude::*;

rule! {
    /// No rule says which outcome leads to which decision.
    ///
    /// ## Why
    /// The decision is then argued with the result in sight, and the result rarely loses.
    ///
    /// ## Source
    /// Schultzberg, Ankargren, Frånberg (Spotify), Risk-aware product decisions, 2024; GrowthBook and Eppo decision criteria.
    ///
    /// ```toml,bad
    /// #: without decision.rules
    /// ```
    /// ```toml,good
    /// [decision]
    /// rules = [
    ///   { quality = "fail", then = "iterate" },
    ///   { guardrails = "fail", then = "stop" },
    ///   { primary = "worse", then = "stop" },
    ///   { primary = "better", guardrails = "pass", then = "ship" },
    /// ]
    /// ```
    static RULE = {
        code: "DEC001", name: "no-decision-rule", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.unreadable(&cx.spec.decision) {
        return;
    }
    if cx.plan.decision.as_ref().is_some_and(|table| table.broken || !table.rows.is_empty()) {
        return;
    }
    out.push(
        RULE.at(cx.home("decision"), "no rule says what will be done with the result")
            .label("lacks `rules`")
            .help("add `rules`, first match wins: `{ guardrails = \"fail\", then = \"stop\" }`")
            .help("then `{ primary = \"better\", guardrails = \"pass\", then = \"ship\" }`")
            .help("and `otherwise = \"iterate\"`"),
    );
}
