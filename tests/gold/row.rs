//! One reference row, and what the library says to it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// Kinds of calculation, each with the function that compares a row of it.
pub type Kinds = &'static [(&'static str, fn(&Row, &mut Judged))];

/// A row of a table.
pub struct Row {
    pub id: String,
    pub kind: String,
    pub tool: String,
    pub design: Value,
    pub expect: Value,
    tolerance: Value,
    note: String,
}

/// A row that is not compared, or compared and known to be wrong.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub id: String,
    pub reason: String,
    /// How one can see it: what disagrees with what, by how much.
    #[allow(dead_code, reason = "for the reader of the file; reading it demands that it is there")]
    pub evidence: String,
}

/// All rows of the `*.jsonl` files of a folder, by file name and line.
pub fn read(folder: &Path) -> Result<Vec<Row>, String> {
    let within = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| within(folder, &error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    let mut rows = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(|error| within(&path, &error))?;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut row: Value =
                serde_json::from_str(line).map_err(|error| format!("{}:{}: {error}", path.display(), index + 1))?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            rows.push(Row {
                id: text(&row["id"]),
                kind: text(&row["design"]["kind"]),
                tool: text(&row["tool"]),
                note: text(&row["tolerance_note"]),
                design: row["design"].take(),
                expect: row["expect"].take(),
                tolerance: row["tolerance"].take(),
            });
        }
    }
    if rows.is_empty() {
        return Err(format!("{}: no rows", folder.display()));
    }
    Ok(rows)
}

/// The list of rows that are not compared; no file is an empty list.
pub fn exceptions(path: &Path) -> Result<Vec<Exception>, String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(Vec::new()) };
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display())))
        .collect()
}

/// A number; infinities are strings in the files.
pub fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap_or_else(|| panic!("{value} is no number")),
    }
}

fn is_number(value: &Value) -> bool {
    value.is_number() || matches!(value.as_str(), Some("inf" | "-inf"))
}

/// The numbers of a list, or of lists in a list; a single number is a list of one.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(list) => list.iter().flat_map(numbers).collect(),
        None => vec![number(value)],
    }
}

impl Row {
    /// An input; the row fails when it is absent.
    pub fn given(&self, key: &str) -> f64 {
        match self.design.get(key) {
            Some(value) => number(value),
            None => panic!("no `{key}` in the design"),
        }
    }

    pub fn given_or(&self, key: &str, default: f64) -> f64 {
        self.design.get(key).filter(|value| !value.is_null()).map_or(default, number)
    }

    pub fn list(&self, key: &str) -> Vec<f64> {
        numbers(&self.design[key])
    }

    /// An input that is a word; empty when absent.
    pub fn word(&self, key: &str) -> &str {
        self.design.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn has(&self, key: &str) -> bool {
        self.design.get(key).is_some_and(|value| !value.is_null())
    }

    pub fn flag(&self, key: &str) -> bool {
        self.design.get(key).and_then(Value::as_bool) == Some(true)
    }

    /// True when the row gives this output.
    pub fn expects(&self, key: &str) -> bool {
        self.expect.get(key).is_some_and(|value| !value.is_null())
    }

    /// An output that other outputs are computed from.
    pub fn expected(&self, key: &str) -> f64 {
        number(&self.expect[key])
    }

    /// A group of outputs as a row of its own.
    pub fn part(&self, key: &str) -> Self {
        Self {
            id: self.id.clone(),
            kind: self.kind.clone(),
            tool: self.tool.clone(),
            design: self.design.clone(),
            expect: self.expect[key].clone(),
            tolerance: self.tolerance.clone(),
            note: self.note.clone(),
        }
    }

    /// Names of the outputs that are numbers, lists of numbers, or simulated numbers.
    pub fn numbers_given(&self) -> impl Iterator<Item = &str> {
        let fields = self.expect.as_object().into_iter().flatten();
        fields
            .filter(|(_, value)| {
                is_number(value)
                    || value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_number))
                    || value.get("estimate").is_some()
            })
            .map(|(name, _)| name.as_str())
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
                Some(decimals) => {
                    let scale = 10_f64.powi(decimals);
                    ((got * scale).round() - (want * scale).round()).abs() < 0.5
                }
                None => got.ceil() == want,
            };
        }
        let (rel, abs) = self.tolerance();
        got == want || (got - want).abs() <= (rel * want.abs()).max(abs)
    }
}

/// What was compared on one row.
#[derive(Default)]
pub struct Judged {
    pub failures: Vec<String>,
    pub compared: BTreeSet<String>,
    pub values: usize,
    pub worst: (f64, String),
}

impl Judged {
    /// Compares one output of the row; nothing when the row does not give it.
    ///
    /// A simulated output (`estimate`, `mc_standard_error`) allows its own errors besides `rel`.
    pub fn check(&mut self, row: &Row, name: &str, got: f64) {
        let Some(want) = row.expect.get(name).filter(|value| !value.is_null()) else { return };
        self.compared.insert(name.to_owned());
        if let Some(estimate) = want.get("estimate") {
            let estimate = number(estimate);
            let sigmas = row.tolerance["mc_sigmas"].as_f64().unwrap_or(0.0);
            let error = number(&want["mc_standard_error"]);
            let allowed = sigmas * error + row.tolerance().0 * estimate.abs();
            self.values += 1;
            if (got - estimate).abs() <= allowed {
                return;
            }
            self.failures.push(format!("{name}: {got:?}, simulated {estimate:?} with error {error:?}"));
            return;
        }
        self.compare(row, name, got, number(want));
    }

    /// Compares a list of outputs, one by one.
    pub fn check_all(&mut self, row: &Row, name: &str, got: &[f64]) {
        let Some(want) = row.expect.get(name).filter(|value| !value.is_null()) else { return };
        self.compared.insert(name.to_owned());
        let want = numbers(want);
        if got.len() != want.len() {
            self.failures.push(format!("{name}: {} values, not {}", got.len(), want.len()));
            return;
        }
        for (k, (&got, &want)) in got.iter().zip(&want).enumerate() {
            self.compare(row, &format!("{name}[{k}]"), got, want);
        }
    }

    /// States what must hold beside the numbers.
    pub fn holds(&mut self, what: &str, holds: bool) {
        if !holds {
            self.failures.push(what.to_owned());
        }
    }

    fn compare(&mut self, row: &Row, what: &str, got: f64, want: f64) {
        self.values += 1;
        if want.is_finite() && want != 0.0 {
            let relative = ((got - want) / want).abs();
            if self.worst.0 < relative {
                self.worst = (relative, what.to_owned());
            }
        }
        if !row.allows(got, want) {
            self.failures.push(format!("{what}: {got:?}, not {want:?}"));
        }
    }
}
