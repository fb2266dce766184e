//! DEC005 inconclusive-open.

use crate::plan::Verdict;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::decision::Quality;
use crate::spec::{Action, Outcome};

rule! {
    /// A result without evidence is shipped although no rule for it says so.
    ///
    /// Named are a flat primary and data that failed its quality check.
    ///
    /// ## Why
    /// Most experiments are flat: what happens then is the decision that is taken most often.
    ///
    /// ## Source
    /// Kohavi, Deng, Vermeer, A/B Testing Intuition Busters, KDD 2022.
    ///
    /// ```toml,bad
    /// [decision]
    /// otherwise = "ship"
    /// ```
    /// ```toml,good
    /// [decision]
    /// otherwise = "stop"
    /// ```
    static RULE = {
        code: "DEC005", name: "inconclusive-open", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(table) = cx.plan.decision.as_ref().filter(|table| !table.broken && !table.rows.is_empty()) else {
        return;
    };
    for cell in table.cells() {
        let flat = cell.primary == Outcome::Flat || cell.quality == Quality::Fail;
        let (span, by) = match table.verdict(&cell) {
            Verdict::Otherwise(Action::Ship) => (table.otherwise.map(|at| at.span), "this is what happens then"),
            // A rule that says "flat" was meant.
            Verdict::Rule(index, Action::Ship)
                if table.rows[index].primary.is_none() && table.rows[index].metric.is_none() =>
            {
                (table.rows[index].then.map(|at| at.span), "this rule asks for no gain")
            }
            _ => continue,
        };
        if !flat {
            continue;
        }
        let headline = format!("the change ships when {}", super::in_words(table, &cell));
        out.push(
            place::at_value(cx, &RULE, span, "decision", headline)
                .label(by)
                .help("set `otherwise = \"iterate\"` or `\"stop\"`, and ship by a rule that asks for `primary = \"better\"`")
                .help("or say it: `{ primary = \"flat\", guardrails = \"pass\", then = \"ship\" }`"),
        );
        return;
    }
}
