//! What will be done with each outcome.

use super::Writer;
use crate::emit::plans::document::shape::{Combination, DecisionBlock, RuleRow, States, When};
use crate::plan::{Cell, DecisionTable, Verdict};
use crate::spec::Outcome;
use crate::spec::decision::{GuardState, Quality};

impl<'a> Writer<'_, 'a> {
    pub(super) fn decision(&self, table: &DecisionTable) -> DecisionBlock {
        let decision = self.inputs.spec.decision.value();
        let combinations: Vec<Combination> = table.cells().iter().map(|cell| combination(table, cell)).collect();
        let holes = combinations.iter().filter(|combination| combination.then.is_none()).count();
        let unreadable = table.broken || has_unlisted(table);
        DecisionBlock {
            decider: decision.and_then(|decision| decision.decider.value().cloned()),
            states: States {
                quality: Quality::ALL.to_vec(),
                guardrails: GuardState::ALL.to_vec(),
                primary: Outcome::ALL
                    .iter()
                    .copied()
                    // On one side the primaries can never be shown to be worse.
                    .filter(|outcome| !(table.one_sided && *outcome == Outcome::Worse))
                    .collect(),
                named: table.named.clone(),
            },
            rows: table
                .rows
                .iter()
                .enumerate()
                .map(|(index, row)| RuleRow {
                    rule: index + 1,
                    when: When {
                        quality: row.quality.unwrap_or(Quality::Pass),
                        guardrails: row.guardrails,
                        primary: row.primary,
                        metric: row.metric.as_ref().map(|(name, _)| name.value.clone()),
                        shows: row.metric.as_ref().map(|(_, outcome)| *outcome),
                    },
                    then: row.then.map(|then| then.value),
                })
                .collect(),
            otherwise: table.otherwise.map(|action| action.value),
            table: combinations,
            total: holes == 0 && !unreadable,
            holes,
            unreadable,
        }
    }
}

/// True when a rule names a metric that the enumeration leaves out.
pub(in crate::emit::plans) fn has_unlisted(table: &DecisionTable) -> bool {
    table.rows.iter().filter_map(|row| row.metric.as_ref()).any(|(name, _)| !table.named.contains(&name.value))
}

fn combination(table: &DecisionTable, cell: &Cell) -> Combination {
    let (then, rule) = match table.verdict(cell) {
        Verdict::Rule(index, action) => (Some(action), Some(index + 1)),
        Verdict::Otherwise(action) => (Some(action), None),
        Verdict::Nothing => (None, None),
    };
    Combination {
        quality: cell.quality,
        guardrails: cell.guardrails,
        primary: cell.primary,
        named: cell.named.clone(),
        then,
        rule,
    }
}
