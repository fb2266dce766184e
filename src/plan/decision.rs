//! The decision table, enumerated: every combination of outcomes and what it leads to.

use crate::spec::decision::{Action, Decision, GuardState, Outcome, Quality};
use crate::syntax::{At, Field};
use crate::text::Span;

/// One combination of outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub quality: Quality,
    pub guardrails: GuardState,
    pub primary: Outcome,
    /// Outcomes of the metrics that rules name alone, in the order of [`Table::named`].
    pub named: Vec<Outcome>,
}

/// What a cell leads to, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The rule with that index matches first.
    Rule(usize, Action),
    Otherwise(Action),
    /// No rule matches and there is no `otherwise`.
    Nothing,
}

/// A rule with every field read.
#[derive(Debug, Clone)]
pub struct Row {
    pub span: Span,
    pub primary: Option<Outcome>,
    pub guardrails: Option<GuardState>,
    pub quality: Option<Quality>,
    pub metric: Option<(At<String>, Outcome)>,
    pub then: Option<At<Action>>,
}

/// The whole table.
#[derive(Debug, Clone)]
pub struct Table {
    pub rows: Vec<Row>,
    pub otherwise: Option<At<Action>>,
    /// Metrics that rules name alone.
    pub named: Vec<String>,
    /// True when the primaries are tested on one side: they can never be shown to be worse.
    pub one_sided: bool,
    /// True when a part could not be read, so that a hole proves nothing.
    pub broken: bool,
}

/// More named metrics than this are not enumerated: 18 base cells times 3 for each.
const MOST_NAMED: usize = 6;

impl Table {
    pub(super) fn new(decision: &Decision, one_sided: bool) -> Self {
        let list = decision.rules.value();
        let mut broken = matches!(decision.rules, Field::Broken(_)) || list.is_some_and(|list| list.broken);
        broken |= matches!(decision.otherwise, Field::Broken(_));
        let mut named: Vec<String> = Vec::new();
        let mut rows = Vec::new();
        for rule in list.into_iter().flat_map(|list| list.iter()) {
            let fields = [rule.primary.span(), rule.guardrails.span(), rule.quality.span(), rule.then.span()];
            let read = [
                rule.primary.get().map(|at| at.span),
                rule.guardrails.get().map(|at| at.span),
                rule.quality.get().map(|at| at.span),
                rule.then.get().map(|at| at.span),
            ];
            broken |= fields != read;
            let metric = match (rule.metric.get(), rule.shows.copied()) {
                (Some(name), Some(outcome)) => {
                    if !named.contains(&name.value) && named.len() < MOST_NAMED {
                        named.push(name.value.clone());
                    }
                    Some((name.clone(), outcome))
                }
                (None, None) => None,
                _ => {
                    broken = true;
                    None
                }
            };
            rows.push(Row {
                span: rule.span,
                primary: rule.primary.copied(),
                guardrails: rule.guardrails.copied(),
                quality: rule.quality.copied(),
                metric,
                then: rule.then.get().copied(),
            });
        }
        Self { rows, otherwise: decision.otherwise.get().copied(), named, one_sided, broken }
    }

    /// Every combination of outcomes, in a fixed order.
    pub fn cells(&self) -> Vec<Cell> {
        let mut named: Vec<Vec<Outcome>> = vec![Vec::new()];
        for _ in &self.named {
            named = named
                .iter()
                .flat_map(|head| {
                    Outcome::ALL.iter().map(move |&outcome| head.iter().copied().chain([outcome]).collect::<Vec<_>>())
                })
                .collect();
        }
        let mut cells = Vec::new();
        for &quality in Quality::ALL {
            for &guardrails in GuardState::ALL {
                let possible = |outcome: &&Outcome| !(self.one_sided && **outcome == Outcome::Worse);
                for &primary in Outcome::ALL.iter().filter(possible) {
                    for tail in &named {
                        cells.push(Cell { quality, guardrails, primary, named: tail.clone() });
                    }
                }
            }
        }
        cells
    }

    /// The first rule that matches.
    pub fn verdict(&self, cell: &Cell) -> Verdict {
        // A failed quality check voids the result: only a rule that names it may act on it.
        let found = self.rows.iter().enumerate().find(|(_, row)| self.matches(row, cell));
        match found {
            Some((index, row)) => match row.then {
                Some(action) => Verdict::Rule(index, action.value),
                None => Verdict::Nothing,
            },
            None => self.otherwise.map_or(Verdict::Nothing, |action| Verdict::Otherwise(action.value)),
        }
    }

    /// True when the row holds for the cell. A row that says nothing of quality holds only for good data.
    pub fn matches(&self, row: &Row, cell: &Cell) -> bool {
        let named = row.metric.as_ref().is_none_or(|(name, outcome)| {
            self.named.iter().position(|known| known == &name.value).is_some_and(|index| cell.named[index] == *outcome)
        });
        row.quality.unwrap_or(Quality::Pass) == cell.quality
            && row.primary.is_none_or(|primary| primary == cell.primary)
            && row.guardrails.is_none_or(|state| state == cell.guardrails)
            && named
    }
}
