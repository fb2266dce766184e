//! Simulations for a person: the usual scenarios side by side, harm at each margin in a line, and what is unusual.

use super::Arguments;
use crate::plan::Plan;
use crate::rules::prelude::count;
use crate::simulate::{Expected, Figure, Model, Quantity, ScenarioKind, ScenarioReport, remarks};
use crate::text::printable;

pub(super) fn text(arguments: &Arguments, plan: &Plan, model: &Model, reports: &[ScenarioReport]) -> String {
    let decimals = match arguments.replicates {
        ..100_000 => 1,
        100_000..5_000_000 => 2,
        _ => 3,
    };
    let title = plan.title.as_ref().map_or(String::new(), |title| format!(": {}", printable(&title.value)));
    let mut out = format!("{}{title}\n\n", printable(&plan.id));
    out += &format!(
        "  {} runs of each scenario, seed {}; shares in % ± one Monte Carlo standard error\n",
        count(arguments.replicates as f64),
        arguments.seed
    );
    let looks: Vec<String> =
        model.checks.iter().filter(|check| check.look.is_some()).map(|check| check.day.to_string()).collect();
    out += &match looks.len() {
        1 => format!("  {} days from the start to the decision\n", model.days),
        2..=12 => format!("  looks on days {}\n", looks.join(", ")),
        many => format!("  {many} looks, the first on day {}, the last on day {}\n", looks[0], looks[many - 1]),
    };
    for line in drawn(model) {
        out += &format!("  {line}\n");
    }
    for note in &model.notes {
        out += &format!("  note: {}\n", printable(note));
    }
    let (at_margin, usual): (Vec<&ScenarioReport>, Vec<&ScenarioReport>) =
        reports.iter().partition(|report| matches!(report.scenario.kind, ScenarioKind::AtMargin { .. }));
    out += "\n";
    out += &side_by_side(model, &usual, at_margin.is_empty(), decimals);
    if !at_margin.is_empty() {
        out += "\n";
        out += &margins(model, &usual, &at_margin, decimals);
    }
    let remarks = remarks(model, reports);
    if !remarks.is_empty() {
        out += "\n";
    }
    for remark in remarks {
        out += &format!("  ! {}\n", printable(&remark));
    }
    out
}

/// Which law each metric has, the metrics of one law together.
fn drawn(model: &Model) -> Vec<String> {
    let mut laws: Vec<(&str, Vec<&str>)> = Vec::new();
    for (place, measure) in model.measures.iter().enumerate() {
        let word = model.law(place, 0, 0.0).map_or("", |law| law.family.word());
        match laws.iter_mut().find(|(known, _)| *known == word) {
            Some((_, names)) => names.push(&measure.name),
            None => laws.push((word, vec![&measure.name])),
        }
    }
    laws.iter().map(|(word, names)| format!("{word}: {}", printable(&names.join(", ")))).collect()
}

/// A table whose first column is words and whose others are numbers.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out += &format!("  {}\n", cells.join("   ").trim_end());
    }
    out
}

/// A row is there when any scenario has something to say in it.
fn side_by_side(model: &Model, reports: &[&ScenarioReport], with_guards: bool, decimals: usize) -> String {
    let mut keys: Vec<(Quantity, String)> = Vec::new();
    for figure in reports.iter().flat_map(|report| &report.figures) {
        let key = (figure.quantity, figure.of.clone());
        if !keys.contains(&key) && is_told(model, reports, figure, with_guards) {
            keys.push(key);
        }
    }
    let mut header = vec![String::new()];
    header.extend(reports.iter().map(|report| printable(&report.scenario.kind.title())));
    let mut rows = vec![header];
    for (quantity, of) in &keys {
        let mut row = vec![label(model, *quantity, of)];
        row.extend(reports.iter().map(|report| {
            let figure = report.figure(*quantity, of);
            figure.map_or(String::new(), |figure| cell(figure, decimals))
        }));
        rows.push(row);
    }
    table(&rows)
}

/// What a person is told of the usual scenarios; programs get every figure.
fn is_told(model: &Model, reports: &[&ScenarioReport], figure: &Figure, with_guards: bool) -> bool {
    if figure.differs {
        return true;
    }
    let one_claim = model.claims.len() == 1;
    let some = reports.iter().any(|report| report.share(figure.quantity, &figure.of).is_some_and(|share| 0.0 < share));
    match figure.quantity {
        Quantity::Decision => {
            let rows = model.table.iter().flat_map(|table| table.rows.iter().filter_map(|row| row.then));
            let otherwise = model.table.iter().filter_map(|table| table.otherwise);
            some || rows.chain(otherwise).any(|action| action.value.word() == figure.of) || figure.of.contains(' ')
        }
        Quantity::GuardrailPasses => with_guards,
        Quantity::GuardrailFails | Quantity::Worse | Quantity::WrongDirection => {
            some && (with_guards || figure.quantity != Quantity::GuardrailFails)
        }
        Quantity::Better => !one_claim,
        Quantity::FutileByTests | Quantity::UnitsByTests | Quantity::DaysByTests | Quantity::ExaggerationByTests => {
            figure.expected.is_some()
        }
        Quantity::RolledBack
        | Quantity::RatioAlarm
        | Quantity::AnyClaim
        | Quantity::AnyClaimByTests
        | Quantity::BetterByTests
        | Quantity::Futile
        | Quantity::Exaggeration
        | Quantity::Units
        | Quantity::Days => true,
    }
}

fn label(model: &Model, quantity: Quantity, of: &str) -> String {
    // With one treatment its name says nothing.
    let one = model.arms.get(1).filter(|_| model.arms.len() == 2);
    let of = one.and_then(|arm| of.strip_suffix(&format!(" of {arm}"))).unwrap_or(of);
    let of = printable(of);
    match quantity {
        Quantity::Decision => of,
        Quantity::RolledBack => format!("  by {of}"),
        Quantity::RatioAlarm => "sample-ratio alarm".to_owned(),
        Quantity::AnyClaim => "any claim".to_owned(),
        Quantity::AnyClaimByTests => "  by the tests alone".to_owned(),
        Quantity::Better => format!("{of}: better"),
        Quantity::BetterByTests => format!("{of}: better by its test"),
        Quantity::Worse => format!("{of}: worse"),
        Quantity::WrongDirection => format!("{of}: wrong way, of its claims"),
        Quantity::Futile => "ended for futility".to_owned(),
        Quantity::FutileByTests => format!("{of}: futile by its test"),
        Quantity::Exaggeration => format!("{of}: estimate over truth"),
        Quantity::ExaggerationByTests => "  by its test alone".to_owned(),
        Quantity::GuardrailPasses => format!("{of}: passes at the end"),
        Quantity::GuardrailFails => format!("{of}: fails at the end"),
        Quantity::Units => "units until it ends".to_owned(),
        Quantity::UnitsByTests => "  analysed, by the test alone".to_owned(),
        Quantity::Days => "days until it ends".to_owned(),
        Quantity::DaysByTests => "  by the test alone".to_owned(),
    }
}

/// One guardrail, or one primary metric with a margin, a line.
fn margins(model: &Model, usual: &[&ScenarioReport], reports: &[&ScenarioReport], decimals: usize) -> String {
    let mut header: Vec<String> =
        ["at its margin", "ships", "rolled back", "held", "test passes", "days"].map(str::to_owned).into();
    let still = usual.iter().find(|report| report.scenario.kind == ScenarioKind::NoEffect);
    header.push("test passes without harm".to_owned());
    let mut rows = vec![header];
    for report in reports {
        let ScenarioKind::AtMargin { metric } = &report.scenario.kind else { continue };
        // Of several treatments the one that passes most, and least, is shown.
        let passes = |report: &ScenarioReport, most: bool| {
            let figures = report.figures.iter().filter(|figure| {
                let of_metric = figure.of.strip_prefix(metric.as_str()).is_some_and(|rest| rest.starts_with(" of "));
                let is_guard = model.guards.iter().any(|guard| model.measures[guard.measure].name == *metric);
                let quantity = if is_guard { Quantity::GuardrailPasses } else { Quantity::BetterByTests };
                of_metric && figure.quantity == quantity
            });
            let better = |a: &Figure, b: &Figure| if most { b.value < a.value } else { a.value < b.value };
            let best = figures.cloned().reduce(|a, b| if better(&a, &b) { a } else { b });
            best.map_or(String::new(), |figure| cell(&figure, decimals))
        };
        let decision = |of: &str| {
            report.figure(Quantity::Decision, of).map_or_else(|| "-".to_owned(), |figure| cell(figure, decimals))
        };
        let days = report.figure(Quantity::Days, "").map_or(String::new(), |figure| cell(figure, decimals));
        rows.push(vec![
            printable(metric),
            decision("ship"),
            decision("rolled back"),
            decision("held at a gate"),
            passes(report, true),
            days,
            still.map_or(String::new(), |still| passes(still, false)),
        ]);
    }
    table(&rows)
}

/// A value with its error, what the plan has for it, and a mark where the two differ.
fn cell(figure: &Figure, decimals: usize) -> String {
    let scale = if figure.quantity.is_share() { 100.0 } else { 1.0 };
    let written = |value: f64| match figure.quantity {
        Quantity::Units | Quantity::UnitsByTests => count(value.round()),
        Quantity::Days | Quantity::DaysByTests => format!("{value:.decimals$}"),
        Quantity::Exaggeration | Quantity::ExaggerationByTests => format!("{value:.0$}", decimals + 1),
        _ => format!("{:.decimals$}", scale * value),
    };
    let plan = match figure.expected {
        None => String::new(),
        Some(Expected::Value(plan)) => format!(" (plan {})", written(plan)),
        Some(Expected::AtMost(plan)) => format!(" (plan ≤ {})", written(plan)),
        Some(Expected::AtLeast(plan)) => format!(" (plan ≥ {})", written(plan)),
    };
    let mark = if figure.differs { " ← differs" } else { "" };
    format!("{} ± {}{plan}{mark}", written(figure.value), written(figure.error))
}
