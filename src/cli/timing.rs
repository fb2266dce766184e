//! `expc check --timing`: where the time went, beside the report, on standard error.
//!
//! The report itself stays what it is without the flag. With `--format json` this is JSON too, in one object.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use crate::check::Timing;
use crate::rules::prelude::count;

/// Rules that a person is shown; the rest is summed up.
const SHOWN: usize = 25;

/// The stages of a run, as the door saw them.
pub struct Stages {
    pub reading: Duration,
    pub checking: Duration,
    pub printing: Duration,
    pub threads: usize,
}

/// A table for people: the stages, then the costliest rules.
pub fn text(stages: &Stages, timing: &Timing, all: bool) -> String {
    let whole = stages.reading + stages.checking + stages.printing;
    let mut text = format!("timing: {} in all, {} threads\n", shown(whole), stages.threads);
    let rows = [
        ("reading", stages.reading, ""),
        ("checking", stages.checking, ""),
        ("  compiling", timing.compiling, "  summed over threads"),
        ("  rules", timing.judging, "  summed over threads"),
        ("  portfolio", timing.portfolio, ""),
        ("printing", stages.printing, ""),
    ];
    for (name, took, note) in rows {
        let _ = writeln!(text, "  {name:<12} {:>10}{note}", shown(took));
    }
    let most = if all { timing.rules.len() } else { SHOWN };
    let _ = writeln!(
        text,
        "\n  {:<34} {:>10} {:>10} {:>10} {:>9}  slowest on",
        "rule", "total", "mean", "longest", "findings"
    );
    for rule in timing.rules.iter().take(most) {
        let slowest = rule.slowest.as_deref().map_or_else(|| "all together".to_owned(), crate::text::printable);
        let _ = writeln!(
            text,
            "  {:<34} {:>10} {:>10} {:>10} {:>9}  {slowest}",
            format!("{} {}", rule.code, rule.name),
            shown(rule.total),
            shown(rule.mean()),
            shown(rule.longest),
            count(rule.findings as f64),
        );
    }
    let rest: Duration = timing.rules.iter().skip(most).map(|rule| rule.total).sum();
    if let Some(left) = timing.rules.len().checked_sub(most).filter(|left| 0 < *left) {
        let _ = writeln!(text, "  {left} more rules took {} together; --verbose lists them", shown(rest));
    }
    text
}

/// The same for programs: milliseconds, every rule.
pub fn json(stages: &Stages, timing: &Timing) -> String {
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    let rules: Vec<_> = timing
        .rules
        .iter()
        .map(|rule| {
            json!({
                "code": rule.code, "name": rule.name, "runs": rule.runs, "findings": rule.findings,
                "total_ms": ms(rule.total), "mean_ms": ms(rule.mean()), "longest_ms": ms(rule.longest),
                "slowest": rule.slowest.as_deref(),
            })
        })
        .collect();
    let whole = json!({
        "timing": {
            "threads": stages.threads,
            "reading_ms": ms(stages.reading), "checking_ms": ms(stages.checking), "printing_ms": ms(stages.printing),
            "compiling_ms_over_threads": ms(timing.compiling), "rules_ms_over_threads": ms(timing.judging),
            "portfolio_ms": ms(timing.portfolio),
            "rules": rules,
        }
    });
    format!("{whole}\n")
}

/// `1.2 s`, `41.2 ms`, `3.1 µs`.
fn shown(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        s if 1.0 <= s => format!("{s:.2} s"),
        s if 1e-3 <= s => format!("{:.1} ms", s * 1e3),
        s => format!("{:.1} µs", s * 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits_or_so() {
        let shown = |nanoseconds| shown(Duration::from_nanos(nanoseconds));
        assert_eq!(
            [shown(0), shown(3_140), shown(41_200_000), shown(1_234_000_000)],
            ["0.0 µs", "3.1 µs", "41.2 ms", "1.23 s"]
        );
    }
}
