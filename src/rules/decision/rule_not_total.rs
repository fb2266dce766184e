//! DEC002 rule-not-total.

use crate::plan::Verdict;
use crate::rules::prelude::*;
use crate::spec::decision::Quality;

rule! {
    /// Some combination of outcomes leads to no decision.
    ///
    /// Every combination of data quality, guardrails, primary and named metrics is tried; the first without a
    /// decision is the counter-example.
    ///
    /// ## Why
    /// The awkward case is the common one: most results are flat, and guardrails stay open.
    ///
    /// ## Source
    /// Schultzberg, Ankargren, Frånberg (Spotify), Risk-aware product decisions, 2024; Eppo's decision criteria.
    ///
    /// ```toml,bad
    /// #: without decision.otherwise
    /// ```
    /// ```toml,fixed
    /// decision.otherwise = "iterate"
    /// ```
    /// ```toml,good
    /// [decision]
    /// otherwise = "iterate"
    /// ```
    static RULE = {
        code: "DEC002", name: "rule-not-total", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(table) = &cx.plan.decision else { return };
    if table.broken || table.rows.is_empty() || cx.unreadable(&cx.spec.decision) {
        return;
    }
    if let Some(row) = table.rows.iter().find(|row| row.then.is_none()) {
        let place = crate::rules::place::at_value(
            cx,
            &RULE,
            Some(row.span),
            "decision",
            "a decision rule matches, but says not what is done".to_owned(),
        );
        out.push(place.label("lacks `then`").help("add `then`: one of `ship`, `stop`, `iterate`, `extend`"));
        return;
    }
    let cells = table.cells();
    let open: Vec<_> = cells.iter().filter(|cell| table.verdict(cell) == Verdict::Nothing).collect();
    // Sound data first: it is the case a reader thinks of.
    let Some(cell) = open.iter().find(|cell| cell.quality == Quality::Pass).or(open.first()) else { return };
    let words = super::in_words(table, cell);
    let mut found = RULE
        .at(cx.home("decision"), format!("no decision when {words}"))
        .label(format!("{} of {} outcomes lead nowhere", open.len(), cells.len()))
        .fact("open", open.len() as f64)
        .fact("outcomes", cells.len() as f64);
    if let Some(span) = cx.spec.decision.value().and_then(|decision| decision.rules.span()) {
        found = found.also(span, "no rule matches it");
    }
    let others: Vec<String> = open.iter().skip(1).map(|cell| super::in_words(table, cell)).collect();
    found = crate::rules::place::insert(cx, found, Applicability::Suggested, "decision", "otherwise = \"iterate\"");
    found = found.help("add `otherwise = \"iterate\"`: what is done when no rule matches");
    if let Some(next) = others.iter().find(|other| **other != words) {
        found = found.help(format!("or add rules: it is open, too, when {next}"));
    }
    out.push(found);
}
