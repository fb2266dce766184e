//! Reference values: every row of every `*.jsonl` of a folder, judged by its own tolerance.
//!
//! `cargo test --release --test gold` reads `tests/gold/rows`, or the folder that `EXPC_GOLD_DIR` names. A kind of
//! calculation is one function in the file of its group under `tests/gold/` and one line in that file's `KINDS`.
//! `tests/gold/exceptions.jsonl` lists rows that are wrong or out of scope, each with its reason and evidence.
//! A row passes when every number it gives that the library computes lies within the row's tolerance; a row of which
//! nothing is compared fails, and so does an exception that would pass.

#[path = "gold/anytime.rs"]
mod anytime;
#[path = "gold/arms.rs"]
mod arms;
#[path = "gold/bayes.rs"]
mod bayes;
#[path = "gold/clusters.rs"]
mod clusters;
#[path = "gold/counts.rs"]
mod counts;
#[path = "gold/equivalence.rs"]
mod equivalence;
#[path = "gold/lift.rs"]
mod lift;
#[path = "gold/means.rs"]
mod means;
#[path = "gold/primitives.rs"]
mod primitives;
#[path = "gold/proportions.rs"]
mod proportions;
#[path = "gold/row.rs"]
mod row;
#[path = "gold/sequential.rs"]
mod sequential;
#[path = "gold/survival.rs"]
mod survival;
#[path = "gold/traffic.rs"]
mod traffic;
#[path = "gold/variance.rs"]
mod variance;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rayon::prelude::*;
use row::{Exception, Judged, Kinds, Row};

/// Every group of calculations.
const GROUPS: [Kinds; 14] = [
    anytime::KINDS,
    arms::KINDS,
    bayes::KINDS,
    clusters::KINDS,
    counts::KINDS,
    equivalence::KINDS,
    lift::KINDS,
    means::KINDS,
    primitives::KINDS,
    proportions::KINDS,
    sequential::KINDS,
    survival::KINDS,
    traffic::KINDS,
    variance::KINDS,
];

/// What became of the rows of one kind.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    excepted: usize,
    skipped: usize,
    values: usize,
    worst: (f64, String),
    /// Numbers that the rows give and the library does not compute, by name.
    left: BTreeMap<String, usize>,
}

fn main() -> ExitCode {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gold");
    let folder = std::env::var_os("EXPC_GOLD_DIR").map_or_else(|| own.join("rows"), PathBuf::from);
    let (rows, exceptions) = match (row::read(&folder), row::exceptions(&own.join("exceptions.jsonl"))) {
        (Ok(rows), Ok(exceptions)) => (rows, exceptions),
        (rows, exceptions) => {
            for error in [rows.err(), exceptions.err()].into_iter().flatten() {
                eprintln!("{error}");
            }
            return ExitCode::from(2);
        }
    };
    // A name on the command line keeps the rows whose kind or id holds it, as with any test.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let chosen: Vec<&Row> = rows
        .iter()
        .filter(|row| wanted.as_ref().is_none_or(|name| row.kind.contains(name) || row.id.contains(name)))
        .collect();
    // A row that panics is one failure with its message; the hook would print it a second time.
    std::panic::set_hook(Box::new(|_| {}));
    let judged: Vec<Option<Judged>> = chosen.par_iter().map(|row| judge(row)).collect();
    let _ = std::panic::take_hook();

    let mut kinds: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut failures = Vec::new();
    for (row, judged) in chosen.iter().zip(&judged) {
        let tally = kinds.entry(&row.kind).or_default();
        let exception = exceptions.iter().find(|exception| exception.id == row.id);
        count(row, judged.as_ref(), exception, tally, &mut failures);
    }
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let own_rows = std::env::var_os("EXPC_GOLD_DIR").is_none();
    for stale in exceptions.iter().filter(|exception| own_rows && !ids.contains(&exception.id.as_str())) {
        failures.push(format!("{}: an exception without a row", stale.id));
    }
    println!("{:48} {:>5} {:>6}  worst relative error", "design", "rows", "values");
    for (kind, tally) in &kinds {
        let worst =
            if tally.worst.1.is_empty() { String::new() } else { format!("{:.1e} {}", tally.worst.0, tally.worst.1) };
        let rows = tally.passed + tally.failed + tally.excepted + tally.skipped;
        println!("{kind:48} {rows:>5} {:>6}  {worst}", tally.values);
        if !tally.left.is_empty() {
            let left: Vec<String> = tally.left.iter().map(|(name, count)| format!("{name} ({count})")).collect();
            println!("{:48} given, not compared: {}", "", left.join(", "));
        }
    }
    for exception in exceptions.iter().filter(|exception| chosen.iter().any(|row| row.id == exception.id)) {
        println!("excepted {}: {}", exception.id, exception.reason);
    }
    for failure in &failures {
        println!("failed {failure}");
    }
    let sum = |part: fn(&Tally) -> usize| kinds.values().map(part).sum::<usize>();
    let (passed, excepted, skipped) = (sum(|t| t.passed), sum(|t| t.excepted), sum(|t| t.skipped));
    println!("{} values of {} kinds compared, {excepted} rows excepted", sum(|t| t.values), kinds.len());
    println!("{passed} passed, {} failed, {skipped} skipped", failures.len());
    if failures.is_empty() && skipped == 0 && 0 < passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the function of the row's kind; `None` when there is none.
fn judge(row: &Row) -> Option<Judged> {
    let (_, judge) = GROUPS.iter().flat_map(|kinds| kinds.iter()).find(|(kind, _)| *kind == row.kind)?;
    let mut judged = Judged::default();
    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| judge(row, &mut judged)));
    if let Err(payload) = caught {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        judged.failures.push(format!("panicked: {}", text.unwrap_or_default()));
    }
    Some(judged)
}

fn count(
    row: &Row,
    judged: Option<&Judged>,
    exception: Option<&Exception>,
    tally: &mut Tally,
    failures: &mut Vec<String>,
) {
    let Some(judged) = judged else {
        match exception {
            Some(_) => tally.excepted += 1,
            None => tally.skipped += 1,
        }
        return;
    };
    let mut wrong = judged.failures.clone();
    if judged.compared.is_empty() {
        wrong.push("nothing was compared".to_owned());
    }
    match (exception, wrong.is_empty()) {
        (Some(_), false) => tally.excepted += 1,
        (Some(_), true) => {
            tally.failed += 1;
            failures.push(format!("{}: listed as an exception, and passes", row.id));
        }
        (None, false) => {
            tally.failed += 1;
            failures.push(format!("{} ({}): {}", row.id, row.kind, wrong.join("; ")));
        }
        (None, true) => {
            tally.passed += 1;
            tally.values += judged.values;
            if tally.worst.0 < judged.worst.0 {
                tally.worst = (judged.worst.0, format!("{} {}", row.id, judged.worst.1));
            }
            for name in row.numbers_given().filter(|name| !judged.compared.contains(*name)) {
                *tally.left.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
}
