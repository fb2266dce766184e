//! LIF012 decision-off-plan.

use crate::plan::{DecisionTable, Verdict};
use crate::rules::prelude::*;
use crate::spec::{Action, Direction, Outcome, Results, Unit};

rule! {
    /// The decision is one that the registered rules cannot give for these results, and no reason is told.
    ///
    /// ## Why
    /// It is the one review that matters: a rule that gives way when it hurts was never a rule.
    ///
    /// ## Source
    /// Checks of Statsig; Schultzberg, Ankargren, Frånberg, Risk-aware product decisions, 2024.
    ///
    /// ```toml,bad
    /// #: today 2027-02-20
    /// [experiment]
    /// status = "shipped"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "ship"
    /// decided = 2027-02-15
    /// learned = "returning buyers already have an address"
    /// effects = [{ metric = "order_conversion", relative = "0.4%", low = "-1.2%", high = "2%" }]
    /// ```
    /// ```toml,good
    /// #: today 2027-02-20
    /// [experiment]
    /// status = "shipped"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "ship"
    /// decided = 2027-02-15
    /// learned = "one tap helps new buyers most"
    /// effects = [{ metric = "order_conversion", relative = "3.1%", low = "1.2%", high = "5%" }]
    /// ```
    static RULE = {
        code: "LIF012", name: "decision-off-plan", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(results) = cx.spec.results.value().filter(|results| results.departure.is_absent()) else { return };
    let (Some(decision), Some(table)) = (results.decision.get(), &cx.plan.decision) else { return };
    // A table that is broken or has no rules cannot be departed from.
    if table.broken || cx.is_incomplete() || (table.rows.is_empty() && table.otherwise.is_none()) {
        return;
    }
    let outcome = primary_outcome(cx, results);
    let (possible, by_default) = possible(table, outcome.map(|(outcome, _)| outcome));
    if possible.contains(&decision.value) || possible.is_empty() {
        return;
    }
    let ways = possible.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(" or ");
    let headline = match outcome {
        Some((Outcome::Better, _)) => format!("primaries better: the rules give {ways}, not `{}`", decision.value),
        Some((Outcome::Flat, _)) => format!("primaries flat: the rules give {ways}, not `{}`", decision.value),
        Some((Outcome::Worse, _)) => format!("primaries worse: the rules give {ways}, not `{}`", decision.value),
        None => format!("no registered rule leads to `{}`", decision.value),
    };
    let mut found = RULE.at(decision.span, headline).label("not by the registered rules");
    if let Some((_, span)) = outcome {
        found = found.also(span, "the measured effect");
    }
    if let Some(otherwise) = table.otherwise.filter(|_| by_default) {
        found = found.also(otherwise.span, "what the rules give otherwise");
    }
    out.push(found.help("tell in `results.departure` why the decision departs from the rules"));
}

/// What the rules may give, in the order of the actions, and whether `otherwise` gives some of it.
fn possible(table: &DecisionTable, outcome: Option<Outcome>) -> (Vec<Action>, bool) {
    let mut actions = Vec::new();
    let mut by_default = false;
    for cell in table.cells().iter().filter(|cell| outcome.is_none_or(|outcome| outcome == cell.primary)) {
        match table.verdict(cell) {
            Verdict::Rule(_, action) => actions.push(action),
            Verdict::Otherwise(action) => {
                by_default = true;
                actions.push(action);
            }
            Verdict::Nothing => {}
        }
    }
    actions.sort();
    actions.dedup();
    (actions, by_default)
}

/// What the recorded intervals say of the primaries together; `None` unless one treatment and every primary is there.
fn primary_outcome(cx: &PlanCx<'_>, results: &Results) -> Option<(Outcome, Span)> {
    if cx.plan.treatments().count() != 1 || cx.plan.design.method.value == crate::spec::Method::Bayesian {
        return None;
    }
    let effects = results.effects.value().filter(|list| !list.broken)?;
    let (mut better, mut worse, mut place) = (false, false, None);
    for metric in cx.plan.metrics_of(Role::Primary) {
        let of_metric = |effect: &&At<crate::spec::record::MeasuredEffect>| {
            effect.metric.value().is_some_and(|name| *name == metric.name)
        };
        let mut found = effects.iter().filter(of_metric);
        let (effect, None) = (found.next()?, found.next()) else { return None };
        let percent = |field: &Field<crate::spec::Amount>| {
            field.value().filter(|amount| amount.unit == Unit::Percent).map(|amount| amount.number)
        };
        let (low, high) = (percent(&effect.low)?, percent(&effect.high)?);
        let (gain, loss) = match metric.good.as_ref()?.value {
            Direction::Increase => (0.0 < low, high < 0.0),
            Direction::Decrease => (high < 0.0, 0.0 < low),
        };
        better |= gain;
        worse |= loss;
        place.get_or_insert(effect.low.span()?);
    }
    let outcome = match (better, worse) {
        (_, true) => Outcome::Worse,
        (true, false) => Outcome::Better,
        (false, false) => Outcome::Flat,
    };
    place.map(|place| (outcome, place))
}
