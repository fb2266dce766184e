//! DEC003 rule-clash.

use crate::plan::{DecisionTable, Row, Verdict};
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A decision rule can never match: rules before it catch every case.
    ///
    /// ## Why
    /// The order of the list decides, not the intent: the rule reads as if it held.
    ///
    /// ## Source
    /// Follows from "first match wins"; proven by trying every combination of outcomes.
    ///
    /// ```toml,bad
    /// [decision]
    /// rules = [
    ///   { quality = "fail", then = "iterate" },
    ///   { primary = "better", then = "ship" },
    ///   { primary = "better", guardrails = "fail", then = "stop" },
    /// ]
    /// ```
    /// ```toml,good
    /// [decision]
    /// rules = [
    ///   { quality = "fail", then = "iterate" },
    ///   { primary = "better", guardrails = "fail", then = "stop" },
    ///   { primary = "better", guardrails = "pass", then = "ship" },
    /// ]
    /// ```
    static RULE = {
        code: "DEC003", name: "rule-clash", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(table) = cx.plan.decision.as_ref().filter(|table| !table.broken) else { return };
    let cells = table.cells();
    let verdicts: Vec<Verdict> = cells.iter().map(|cell| table.verdict(cell)).collect();
    for (index, row) in table.rows.iter().enumerate() {
        let mut earlier: Vec<usize> = Vec::new();
        let mut reached = row.then.is_none();
        let mut matches = false;
        for (_, verdict) in cells.iter().zip(&verdicts).filter(|(cell, _)| table.matches(row, cell)) {
            matches = true;
            match verdict {
                Verdict::Rule(first, _) if *first < index => earlier.push(*first),
                _ => reached = true,
            }
        }
        // A rule on a metric beyond those that are enumerated proves nothing.
        if reached || !matches {
            continue;
        }
        earlier.sort_unstable();
        earlier.dedup();
        out.push(never(cx, table, row, index, &earlier));
    }
}

fn never(cx: &PlanCx<'_>, table: &DecisionTable, row: &Row, index: usize, earlier: &[usize]) -> Diagnostic {
    let before = earlier.iter().map(|rule| (rule + 1).to_string()).collect::<Vec<_>>().join(" and ");
    let s = if earlier.len() == 1 { "" } else { "s" };
    let headline = format!("decision rule {} never matches: rule{s} {before} come{} first", index + 1, if s.is_empty() { "s" } else { "" });
    let action = row.then.map_or("nothing", |then| then.value.word());
    let mut found = place::at_value(cx, &RULE, Some(row.span), "decision", headline)
        .label(format!("rule {}, `{action}`, is never reached", index + 1));
    for rule in earlier.iter().take(4) {
        let other = &table.rows[*rule];
        let action = other.then.map_or("nothing", |then| then.value.word());
        found = found.also(other.span, format!("rule {}, `{action}`, catches it", rule + 1));
    }
    let same = earlier.iter().all(|rule| table.rows[*rule].then.map(|at| at.value) == row.then.map(|at| at.value));
    match same {
        true => found.help("remove it: the rules before it say the same"),
        false => found.help(format!("move it above rule {}, or make that rule narrower", earlier[0] + 1)),
    }
}
