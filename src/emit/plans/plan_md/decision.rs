//! What is done with each outcome.

use super::joined;
use crate::emit::plans::Request;
use crate::emit::plans::document::has_unlisted;
use crate::emit::plans::markdown::{code, text};
use crate::plan::{Cell, Row, Verdict};
use crate::spec::decision::{GuardState, Quality};
use crate::spec::{Action, Outcome};

fn action_word(action: Action) -> &'static str {
    match action {
        Action::Ship => "**ship**",
        Action::Stop => "**stop**",
        Action::Iterate => "**iterate**",
        Action::Extend => "**extend**",
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Better => "better",
        Outcome::Flat => "neither better nor worse",
        Outcome::Worse => "worse",
    }
}

fn guard_words(state: GuardState) -> &'static str {
    match state {
        GuardState::Pass => "every guardrail passes",
        GuardState::Open => "a guardrail is still open and none fails",
        GuardState::Fail => "a guardrail fails",
    }
}

fn primary_words(outcome: Outcome) -> String {
    format!("the primary result is {}", outcome_word(outcome))
}

fn rule_words(row: &Row) -> String {
    let mut parts = Vec::new();
    if row.quality == Some(Quality::Fail) {
        parts.push("a quality check fails".to_owned());
    } else if row.quality == Some(Quality::Pass) {
        parts.push("every quality check passes".to_owned());
    }
    parts.extend(row.primary.map(primary_words));
    parts.extend(row.guardrails.map(|state| guard_words(state).to_owned()));
    if let Some((name, outcome)) = &row.metric {
        parts.push(format!("{} is {}", code(&name.value), outcome_word(*outcome)));
    }
    let then = row.then.map_or("*(no action is set)*", |then| action_word(then.value));
    if parts.is_empty() { format!("Whatever the outcome: {then}.") } else { format!("If {}: {then}.", joined(&parts)) }
}

pub(super) fn decision(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## What will be decided\n\n".to_owned();
    let Some(table) = &plan.decision else { return out + "No decision is registered yet.\n\n" };
    for (index, row) in table.rows.iter().enumerate() {
        out += &format!("{}. {}\n", index + 1, rule_words(row));
    }
    match table.otherwise {
        Some(action) => out += &format!("{}. Otherwise: {}.\n", table.rows.len() + 1, action_word(action.value)),
        None if table.rows.is_empty() => out += "No rule is registered yet.\n",
        None => {}
    }
    out += "\nThe first rule that matches decides.\n";
    match request.spec.decision.value().and_then(|decision| decision.ships_to.as_deref()) {
        Some("all") => out += "What ships goes to everybody.\n",
        Some(audience) => out += &format!("What ships goes to the audience {}.\n", text(audience)),
        None => {}
    }
    out += "A rule that is silent about data quality holds only when every quality check passes.\n";
    let cells = table.cells();
    let holes: Vec<&Cell> = cells.iter().filter(|cell| table.verdict(cell) == Verdict::Nothing).collect();
    out += &if table.broken || has_unlisted(table) {
        "A part of the table could not be read, so it is not proven that every outcome leads to a decision.\n"
            .to_owned()
    } else if let Some(cell) = holes.first() {
        format!(
            "**The table has a hole**: {} of {} combinations of outcomes lead to no decision.\nOne of them: {}.\n",
            holes.len(),
            cells.len(),
            cell_words(&table.named, cell)
        )
    } else {
        format!("All {} combinations of outcomes lead to exactly one decision.\n", cells.len())
    };
    out.push('\n');
    out
}

fn cell_words(named: &[String], cell: &Cell) -> String {
    let quality = match cell.quality {
        Quality::Pass => "every quality check passes",
        Quality::Fail => "a quality check fails",
    };
    let mut parts = vec![quality.to_owned(), guard_words(cell.guardrails).to_owned(), primary_words(cell.primary)];
    for (name, outcome) in named.iter().zip(&cell.named) {
        parts.push(format!("{} is {}", code(name), outcome_word(*outcome)));
    }
    joined(&parts)
}
