//! Rules on what will be done with each outcome.

crate::rules::rule::group! {
    no_decision_rule,
    rule_not_total,
    rule_clash,
    rule_unknown_metric,
    inconclusive_open,
    extend_fixed,
    no_decider,
}

use crate::plan::{Cell, DecisionTable};
use crate::spec::Outcome;
use crate::spec::decision::{GuardState, Quality};

/// A combination of outcomes as a person says it: "a primary is better, a guardrail is still open".
fn in_words(table: &DecisionTable, cell: &Cell) -> String {
    if cell.quality == Quality::Fail {
        let rest = format!("{}, {}", primary(cell.primary), guardrails(cell.guardrails));
        return format!("a data-quality check fails ({rest})");
    }
    let mut words = format!("{} and {}", primary(cell.primary), guardrails(cell.guardrails));
    for (name, outcome) in table.named.iter().zip(&cell.named) {
        words += &format!(", {} is {outcome}", crate::rules::prelude::quoted(name));
    }
    words
}

fn primary(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Better => "the primary is better",
        Outcome::Flat => "the primary is flat",
        Outcome::Worse => "the primary is worse",
    }
}

fn guardrails(state: GuardState) -> &'static str {
    match state {
        GuardState::Pass => "the guardrails pass",
        GuardState::Open => "a guardrail is open",
        GuardState::Fail => "a guardrail fails",
    }
}
