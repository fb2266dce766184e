//! Reads the reference rows and compares with them.

use serde_json::Value;
use std::path::Path;

pub struct Row {
    pub id: String,
    pub kind: String,
    pub design: Value,
    pub expect: Value,
    tolerance: Value,
    note: String,
}

pub fn file(name: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gold/rows").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    text.lines()
        .map(|line| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            Row {
                id: text(&row["id"]),
                kind: text(&row["design"]["kind"]),
                note: text(&row["tolerance_note"]),
                design: row["design"].take(),
                expect: row["expect"].take(),
                tolerance: row["tolerance"].take(),
            }
        })
        .collect()
}

pub fn rows(name: &str, kinds: &[&str]) -> Vec<Row> {
    file(name).into_iter().filter(|row| kinds.contains(&row.kind.as_str())).collect()
}

/// A number; infinities are strings in the files.
pub fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap_or_else(|| panic!("{value} is no number")),
    }
}

pub fn numbers(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(list) => list.iter().map(number).collect(),
        None => vec![number(value)],
    }
}

impl Row {
    pub fn given(&self, key: &str) -> f64 {
        number(&self.design[key])
    }

    pub fn has(&self, key: &str) -> bool {
        self.design.get(key).is_some_and(|v| !v.is_null())
    }

    pub fn expected(&self, key: &str) -> f64 {
        number(&self.expect[key])
    }

    /// Relative and absolute tolerance.
    pub fn tolerance(&self) -> (f64, f64) {
        let part = |key: &str| self.tolerance[key].as_f64().unwrap_or(0.0);
        (part("rel"), part("abs"))
    }

    fn allows(&self, got: f64, want: f64) -> bool {
        if self.tolerance["as_printed"] == true {
            // "match when rounded to 3 decimals", or up to an integer.
            let decimals = self.note.split_whitespace().find_map(|word| word.parse::<i32>().ok());
            return match decimals {
                Some(n) => {
                    let scale = 10_f64.powi(n);
                    ((got * scale).round() - (want * scale).round()).abs() < 0.5
                }
                None => got.ceil() == want,
            };
        }
        let (rel, abs) = self.tolerance();
        got == want || (got - want).abs() <= (rel * want.abs()).max(abs)
    }
}

/// What a test has compared: numbers, rows, and the worst of them.
#[derive(Default)]
pub struct Tally {
    name: String,
    rows: usize,
    values: usize,
    worst: (f64, String),
    failures: Vec<String>,
}

impl Tally {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub fn row(&mut self) {
        self.rows += 1;
    }

    pub fn check(&mut self, row: &Row, what: &str, got: f64, want: f64) {
        self.values += 1;
        if want.is_finite() && want != 0.0 {
            let relative = ((got - want) / want).abs();
            if self.worst.0 < relative {
                self.worst = (relative, format!("{} {what}", row.id));
            }
        }
        if !row.allows(got, want) {
            self.failures.push(format!("{} {what}: {got:?}, not {want:?}", row.id));
        }
    }

    pub fn check_all(&mut self, row: &Row, what: &str, got: &[f64], want: &[f64]) {
        if got.len() != want.len() {
            self.failures.push(format!("{} {what}: {} values, not {}", row.id, got.len(), want.len()));
        }
        for (k, (&got, &want)) in got.iter().zip(want).enumerate() {
            self.check(row, &format!("{what}[{k}]"), got, want);
        }
    }

    pub fn holds(&mut self, row: &Row, what: &str, holds: bool) {
        self.values += 1;
        if !holds {
            self.failures.push(format!("{} {what}", row.id));
        }
    }

    /// Fails on any mismatch, and when fewer rows were compared than there are.
    pub fn finish(self, at_least: usize) {
        println!(
            "{}: {} rows, {} values, worst relative difference {:.1e} at {}",
            self.name, self.rows, self.values, self.worst.0, self.worst.1
        );
        assert!(
            self.failures.is_empty(),
            "{} of {} values differ:\n{}",
            self.failures.len(),
            self.values,
            self.failures[..self.failures.len().min(25)].join("\n")
        );
        assert!(at_least <= self.rows, "{} rows checked, not {at_least}", self.rows);
    }
}
