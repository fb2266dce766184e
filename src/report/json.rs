//! `json`: everything a report holds, for programs. The contract is `schema/findings.schema.json`.
//!
//! The structs are the contract's source: [`json_schema`] derives the schema from them. Adding a key is no break;
//! removing one, or changing what one means, raises [`VERSION`]. Texts for people (message, label, help, title) have
//! their acting characters written out; data (paths, facts, replacements) is exact.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::verdict::Counts;
use super::{Format, Look, safe_json};
use crate::diag::{self, Diagnostic, Level};
use crate::text::{self, Sources, Span, printable};

/// Raised when a reader of the JSON would have to change.
const VERSION: u32 = 1;

pub(super) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "everything, for programs; see schema/findings.schema.json"
    }

    fn write(&self, report: &super::Report<'_>, _: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        safe_json::write(&Report::of(report), out)
    }
}

/// The JSON Schema of what `--format json` prints.
pub fn json_schema() -> serde_json::Value {
    // Formats such as `uint32` are Rust's, and some validators refuse what they do not know.
    let plain_numbers = |schema: &mut schemars::Schema| {
        schema.remove("format");
    };
    schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(schemars::transform::RecursiveTransform(plain_numbers))
        .into_generator()
        .into_root_schema_for::<Report>()
        .to_value()
}

/// What `expc check --format json` prints: every finding of one run, with its place and its ways out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Findings")]
struct Report {
    /// The version of this format. It is raised when a key goes away or changes its meaning; keys may be added without.
    #[schemars(example = 1, range(min = 1))]
    version: u32,
    /// The program that wrote this.
    #[schemars(example = json!({ "name": "expc", "version": "0.1.0" }))]
    tool: Tool,
    /// What was read, and how many findings there are of each level.
    #[schemars(example = json!({ "workspace": ".", "today": "2026-12-01", "files": 14, "experiments": 12, "errors": 2, "warnings": 1, "infos": 3, "suppressed": 1, "base": null, "baseline": null }))]
    summary: Summary,
    /// All findings, sorted by file, place and code.
    #[schemars(example = json!([{ "code": "STA002", "name": "underpowered", "level": "error", "error_from": null, "message": "`checkout_conversion` has power 0.57, not the planned 0.80", "experiment": "checkout-one-tap", "place": { "path": "experiments/checkout-one-tap.toml", "start": { "line": 31, "column": 7, "offset": 612 }, "end": { "line": 31, "column": 12, "offset": 617 } }, "label": "needs 62,690 users a variant", "secondary": [], "help": [], "facts": {}, "fixes": [] }]))]
    findings: Vec<Finding>,
    /// Findings that comments hide, sorted in the same way. They fail no run.
    #[schemars(example = json!([{ "finding": { "code": "STA002", "name": "underpowered", "level": "error", "error_from": null, "message": "`checkout_conversion` has power 0.57, not the planned 0.80", "experiment": "checkout-one-tap", "place": { "path": "experiments/checkout-one-tap.toml", "start": { "line": 31, "column": 7, "offset": 612 }, "end": { "line": 31, "column": 12, "offset": 617 } }, "label": "needs 62,690 users a variant", "secondary": [], "help": [], "facts": {}, "fixes": [] }, "reason": "pilot, power judged by hand", "until": "2027-02-20", "comment": { "path": "experiments/checkout-one-tap.toml", "start": { "line": 31, "column": 14, "offset": 619 }, "end": { "line": 31, "column": 84, "offset": 689 } } }]))]
    suppressed: Vec<Suppressed>,
    /// The rules that could not run, and what they lacked. A skipped rule has not passed.
    #[schemars(example = json!([{ "code": "STA002", "experiment": "checkout-one-tap", "context": "traffic", "lacks": "no `daily_units` for audience `buyers`" }]))]
    skipped: Vec<Skipped>,
    /// What the change does to files that experiments share; empty when the run was compared with nothing.
    #[schemars(example = json!([{ "path": "catalog/metrics.toml", "what": "metric `order_conversion`", "fate": "changed", "keys": ["baseline"], "experiments": ["checkout-one-tap"] }]))]
    touched: Vec<Touched>,
}

/// The program that wrote a report.
#[derive(Serialize, JsonSchema)]
struct Tool {
    /// Always `expc`.
    #[schemars(example = &"expc")]
    name: String,
    /// The version of the program, as `expc --version` prints it.
    #[schemars(example = &"0.1.0")]
    version: String,
}

/// What was read and how it came out.
#[derive(Serialize, JsonSchema)]
struct Summary {
    /// The workspace, as it was named when the run began.
    #[schemars(example = &".")]
    workspace: String,
    /// The date that dates were judged against; null when the run had none.
    #[schemars(example = &"2026-12-01")]
    today: Option<String>,
    /// Files read.
    #[schemars(example = 14)]
    files: usize,
    /// Experiments checked.
    #[schemars(example = 12)]
    experiments: usize,
    /// Findings of level `error`.
    #[schemars(example = 2)]
    errors: usize,
    /// Findings of level `warning`.
    #[schemars(example = 1)]
    warnings: usize,
    /// Findings of level `info`.
    #[schemars(example = 3)]
    infos: usize,
    /// Findings that comments hide; they are not among the others.
    #[schemars(example = 1)]
    suppressed: usize,
    /// The revision that the run was compared with; null without one.
    #[schemars(example = json!({ "reference": "origin/main", "commit": "1a2b3c4d5e", "older": 41 }))]
    base: Option<Base>,
    /// The file of accepted findings; null without one.
    #[schemars(example = json!({ "path": ".expc-baseline.jsonl", "hidden": 12, "gone": 1 }))]
    baseline: Option<Baseline>,
}

/// The revision that a run was compared with.
#[derive(Serialize, JsonSchema)]
struct Base {
    /// As it was named.
    #[schemars(example = &"origin/main")]
    reference: String,
    /// The commit that the change starts from: the last one that both share.
    #[schemars(example = &"1a2b3c4d5e")]
    commit: String,
    /// Findings that the base has as well. They are listed only when all were asked for, and never fail the run.
    #[schemars(example = 41)]
    older: usize,
}

/// A file of accepted findings.
#[derive(Serialize, JsonSchema)]
struct Baseline {
    /// Where it is.
    #[schemars(example = &".expc-baseline.jsonl")]
    path: String,
    /// Findings that it sets aside. They are listed only when all were asked for, and never fail the run.
    #[schemars(example = 12)]
    hidden: usize,
    /// Findings in it that are no longer found.
    #[schemars(example = 1)]
    gone: usize,
}

/// A definition, template or setting that the change edits, and the experiments that rest on it.
#[derive(Serialize, JsonSchema)]
struct Touched {
    /// The file.
    #[schemars(example = &"catalog/metrics.toml")]
    path: String,
    /// What is edited there.
    #[schemars(example = &"metric `order_conversion`")]
    what: String,
    /// `added`, `removed` or `changed`.
    #[schemars(example = &"changed")]
    fate: String,
    /// The keys that differ.
    #[schemars(example = json!(["baseline", "measured"]))]
    keys: Vec<String>,
    /// Ids of the experiments that rest on it, directly or through other definitions.
    #[schemars(example = json!(["checkout-one-tap"]))]
    experiments: Vec<String>,
}

/// One fault, or one thing worth knowing.
#[derive(Serialize, JsonSchema)]
struct Finding {
    /// The code of the rule; it never changes and is never used again. `expc explain` takes it.
    #[schemars(example = &"STA002")]
    code: String,
    /// The name of the rule.
    #[schemars(example = &"underpowered")]
    name: String,
    /// How much the finding weighs in this workspace.
    #[schemars(example = &"error")]
    level: Weight,
    /// The day from which the finding is an error; null when its level waits for no day.
    #[schemars(example = &"2027-03-01")]
    error_from: Option<String>,
    /// What is wrong, in one fragment that is true without the rest.
    #[schemars(example = &"`checkout_conversion` has power 0.57, not the planned 0.80")]
    message: String,
    /// The id of the experiment the finding is about; null when it is about a shared file.
    #[schemars(example = &"checkout-one-tap")]
    experiment: Option<String>,
    /// The smallest piece of text a person would edit.
    #[schemars(example = json!({ "path": "experiments/checkout-one-tap.toml", "start": { "line": 31, "column": 7, "offset": 612 }, "end": { "line": 31, "column": 12, "offset": 617 } }))]
    place: Place,
    /// What that piece of text has to do with it; may be empty.
    #[schemars(example = &"needs 62,690 users a variant")]
    label: String,
    /// Other places that matter, in this file and in others.
    #[schemars(example = json!([{ "place": { "path": "catalog/traffic.toml", "start": { "line": 8, "column": 15, "offset": 120 }, "end": { "line": 8, "column": 20, "offset": 125 } }, "label": "inherited from here" }]))]
    secondary: Vec<Secondary>,
    /// Ways out, cheapest first.
    #[schemars(example = json!(["set `share` to 0.18, or run 28 days, or accept an mde of 0.0066"]))]
    help: Vec<String>,
    /// The numbers and names the message rests on, by name.
    #[schemars(with = "std::collections::BTreeMap<String, Fact>", example = json!({ "power": 0.57, "planned_power": 0.8 }))]
    facts: serde_json::Map<String, serde_json::Value>,
    /// Edits that mend it. Apply all edits of one fix, or none.
    #[schemars(example = json!([{ "title": "rename `expsoure` to `exposure`", "applicability": "safe", "edits": [{ "place": { "path": "experiments/checkout-one-tap.toml", "start": { "line": 4, "column": 2, "offset": 40 }, "end": { "line": 4, "column": 10, "offset": 48 } }, "replacement": "exposure" }] }]))]
    fixes: Vec<Fix>,
}

/// How much a finding weighs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Weight {
    /// The experiment cannot answer its question, or is not safe to run.
    Error,
    /// It may not answer its question; somebody has to look.
    Warning,
    /// Worth knowing.
    Info,
}

/// A piece of text in a file.
#[derive(Serialize, JsonSchema)]
struct Place {
    /// The file, relative to the workspace, with `/` on every system.
    #[schemars(example = &"experiments/checkout-one-tap.toml")]
    path: String,
    /// The first character.
    #[schemars(example = json!({ "line": 31, "column": 7, "offset": 612 }))]
    start: Position,
    /// Behind the last character; the same as `start` for a place between two characters.
    #[schemars(example = json!({ "line": 31, "column": 12, "offset": 617 }))]
    end: Position,
}

/// A point in a file.
#[derive(Serialize, JsonSchema)]
struct Position {
    /// Lines count from 1.
    #[schemars(example = 31, range(min = 1))]
    line: usize,
    /// Columns count Unicode characters from 1.
    #[schemars(example = 7, range(min = 1))]
    column: usize,
    /// Bytes from the start of the file, from 0.
    #[schemars(example = 612)]
    offset: usize,
}

/// Another place that matters, and why.
#[derive(Serialize, JsonSchema)]
struct Secondary {
    /// Where it is.
    #[schemars(example = json!({ "path": "catalog/traffic.toml", "start": { "line": 8, "column": 15, "offset": 120 }, "end": { "line": 8, "column": 20, "offset": 125 } }))]
    place: Place,
    /// What it has to do with the finding.
    #[schemars(example = &"inherited from here")]
    label: String,
}

/// A number or a text that a message rests on.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it only names the two types for the schema; facts are written as JSON values")]
enum Fact {
    /// A number, in the unit that its name says.
    Number(f64),
    /// A text; also a number that JSON cannot write, such as `inf`.
    Text(String),
}

/// One way to mend a finding.
#[derive(Serialize, JsonSchema)]
struct Fix {
    /// What it does, in the imperative.
    #[schemars(example = &"rename `expsoure` to `exposure`")]
    title: String,
    /// Whether it may be applied without asking.
    #[schemars(example = &"safe")]
    applicability: Applicability,
    /// The edits, in order; they do not overlap.
    #[schemars(example = json!([{ "place": { "path": "experiments/checkout-one-tap.toml", "start": { "line": 4, "column": 2, "offset": 40 }, "end": { "line": 4, "column": 10, "offset": 48 } }, "replacement": "exposure" }]))]
    edits: Vec<Edit>,
}

/// Whether a fix may be applied without asking.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Applicability {
    /// It keeps the meaning, or is what the author surely meant.
    Safe,
    /// It is offered; a person chooses.
    Suggested,
}

/// Replaces a piece of text.
#[derive(Serialize, JsonSchema)]
struct Edit {
    /// The text to take out.
    #[schemars(example = json!({ "path": "experiments/checkout-one-tap.toml", "start": { "line": 4, "column": 2, "offset": 40 }, "end": { "line": 4, "column": 10, "offset": 48 } }))]
    place: Place,
    /// The text to put there instead, exactly.
    #[schemars(example = &"exposure")]
    replacement: String,
}

/// A finding that a comment hides.
#[derive(Serialize, JsonSchema)]
struct Suppressed {
    /// What it would say.
    #[schemars(example = json!({ "code": "STA002", "name": "underpowered", "level": "error", "error_from": null, "message": "`checkout_conversion` has power 0.57, not the planned 0.80", "experiment": "checkout-one-tap", "place": { "path": "experiments/checkout-one-tap.toml", "start": { "line": 31, "column": 7, "offset": 612 }, "end": { "line": 31, "column": 12, "offset": 617 } }, "label": "needs 62,690 users a variant", "secondary": [], "help": [], "facts": {}, "fixes": [] }))]
    finding: Finding,
    /// Why it is hidden, in the words of the comment.
    #[schemars(example = &"pilot, power judged by hand")]
    reason: String,
    /// The last day on which it is hidden; null when the comment names none.
    #[schemars(example = &"2027-02-20")]
    until: Option<String>,
    /// The comment.
    #[schemars(example = json!({ "path": "experiments/checkout-one-tap.toml", "start": { "line": 31, "column": 14, "offset": 619 }, "end": { "line": 31, "column": 84, "offset": 689 } }))]
    comment: Place,
}

/// A rule that could not run for an experiment.
#[derive(Serialize, JsonSchema)]
struct Skipped {
    /// The code of the rule.
    #[schemars(example = &"STA002")]
    code: String,
    /// The id of the experiment; empty when the rule could run for none.
    #[schemars(example = &"checkout-one-tap")]
    experiment: String,
    /// What is missing: catalogue, policy, portfolio, date, traffic, base, registry, history, live or targets.
    #[schemars(example = &"traffic")]
    context: String,
    /// What the rule lacked of it.
    #[schemars(example = &"no `daily_units` for audience `buyers`")]
    lacks: String,
}

impl Report {
    fn of(report: &super::Report<'_>) -> Self {
        let Counts { errors, warnings, infos } = Counts::of(report);
        let super::Summary { files, experiments, today, version, workspace, compared } = &report.summary;
        Self {
            version: VERSION,
            tool: Tool { name: "expc".to_owned(), version: (*version).to_owned() },
            summary: Summary {
                workspace: workspace.clone(),
                today: today.clone(),
                files: *files,
                experiments: *experiments,
                errors,
                warnings,
                infos,
                suppressed: report.suppressed.len(),
                base: compared.base.as_ref().map(|(reference, commit)| Base {
                    reference: reference.clone(),
                    commit: commit.clone(),
                    older: compared.older,
                }),
                baseline: compared.baseline.as_ref().map(|accepted| Baseline {
                    path: accepted.path.clone(),
                    hidden: accepted.hidden,
                    gone: accepted.gone,
                }),
            },
            findings: report.findings().map(|finding| Finding::of(report.sources, finding)).collect(),
            suppressed: report.suppressed.iter().map(|one| Suppressed::of(report.sources, one)).collect(),
            skipped: report.skipped.iter().map(Skipped::of).collect(),
            touched: compared.touched.iter().map(Touched::of).collect(),
        }
    }
}

impl Finding {
    fn of(sources: &Sources, finding: &Diagnostic) -> Self {
        let secondary =
            |label: &diag::Label| Secondary { place: Place::of(sources, label.span), label: printable(&label.text) };
        Self {
            code: finding.code.to_string(),
            name: finding.name.to_string(),
            level: match finding.level {
                Level::Error => Weight::Error,
                Level::Warn => Weight::Warning,
                Level::Info | Level::Allow => Weight::Info,
            },
            error_from: finding.error_from.as_deref().map(str::to_owned),
            message: printable(&finding.headline),
            experiment: finding.experiment.as_deref().map(str::to_owned),
            place: Place::of(sources, finding.primary.span),
            label: printable(&finding.primary.text),
            secondary: finding.secondary.iter().map(secondary).collect(),
            help: finding.help.iter().map(|help| printable(help)).collect(),
            facts: finding.facts.iter().map(|(name, fact)| ((*name).to_owned(), value(fact))).collect(),
            fixes: finding.fixes.iter().map(|fix| Fix::of(sources, fix)).collect(),
        }
    }
}

/// A fact as JSON; infinities and NaN, which JSON lacks, become texts.
fn value(fact: &diag::Fact) -> serde_json::Value {
    match fact {
        diag::Fact::Number(number) if number.is_finite() => json!(number),
        diag::Fact::Number(number) => json!(number.to_string()),
        diag::Fact::Text(text) => json!(text),
    }
}

impl Place {
    fn of(sources: &Sources, span: Span) -> Self {
        let text::Place { path, start, end, bytes, .. } = text::Place::of(sources, span);
        let position = |at: text::Position, offset| Position { line: at.line, column: at.column, offset };
        Self { path: path.to_owned(), start: position(start, bytes.start), end: position(end, bytes.end) }
    }
}

impl Fix {
    fn of(sources: &Sources, fix: &diag::Fix) -> Self {
        let edit =
            |edit: &diag::Edit| Edit { place: Place::of(sources, edit.span), replacement: edit.replacement.clone() };
        Self {
            title: printable(&fix.title),
            applicability: match fix.applicability {
                diag::Applicability::Safe => Applicability::Safe,
                diag::Applicability::Suggested => Applicability::Suggested,
            },
            edits: fix.edits.iter().map(edit).collect(),
        }
    }
}

impl Touched {
    fn of(touched: &super::Touched) -> Self {
        Self {
            path: touched.path.clone(),
            what: printable(&touched.what),
            fate: touched.fate.to_owned(),
            keys: touched.keys.clone(),
            experiments: touched.experiments.clone(),
        }
    }
}

impl Suppressed {
    fn of(sources: &Sources, one: &diag::Suppressed) -> Self {
        Self {
            finding: Finding::of(sources, &one.finding),
            reason: printable(&one.reason),
            until: one.until.clone(),
            comment: Place::of(sources, one.comment),
        }
    }
}

impl Skipped {
    fn of(skipped: &diag::Skipped) -> Self {
        Self {
            code: skipped.code.to_string(),
            experiment: skipped.experiment.to_string(),
            context: skipped.context.name().to_owned(),
            lacks: printable(&skipped.lacks),
        }
    }
}
