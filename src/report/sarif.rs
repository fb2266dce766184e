//! `sarif`: SARIF 2.1.0, for code scanning and for every viewer that reads it.
//!
//! The structs are the part of the standard that expc uses; a test holds their output against the official schema.
//! `serde-sarif` has them all, but its last release is from May 2025 and its manifest needs us to switch on features
//! that it forgets. Paths are relative to `%SRCROOT%`, so that no machine's folders are printed.

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde::Serialize;

use super::shown::{shown, waits};
use super::{Format, Look, Report, safe_json};
use crate::diag::fingerprints;
use crate::diag::{self, Applicability, Diagnostic, Level, Suppressed};
use crate::text::Place;
use crate::text::{Sources, Span};

pub(super) struct Sarif;

impl Format for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn about(&self) -> &'static str {
        "SARIF 2.1.0 for code scanning"
    }

    fn write(&self, report: &Report<'_>, _: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        safe_json::write(&log(report), out)
    }
}

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The base that relative paths count from; code hosts know this name.
const ROOT: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    column_kind: &'static str,
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Base {
    description: Message,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: String,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    name: String,
    short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Message>,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    enabled: bool,
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    level: &'static str,
    message: Message,
    associated_rule: RuleReference,
}

#[derive(Serialize)]
struct RuleReference {
    id: String,
    index: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix>,
    /// Present on all results of a run or on none (§3.27.23); empty for a result that is not suppressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression>>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
    location: Location,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct LogicalLocation {
    name: String,
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    description: Message,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Message,
}

fn log(report: &Report<'_>) -> Log {
    let (rules, index) = rules(report);
    let told = report.findings().map(|finding| (finding, None));
    let hidden = report.suppressed.iter().map(|one| (&one.finding, Some(one)));
    let both: Vec<(&Diagnostic, Option<&Suppressed>)> = told.chain(hidden).collect();
    let names = fingerprints(report.sources, both.iter().map(|(finding, _)| *finding));
    let results = both
        .iter()
        .zip(names)
        .map(|((finding, hidden), fingerprint)| {
            let suppressions = match hidden {
                Some(one) => Some(vec![Suppression::of(report.sources, one)]),
                None if report.suppressed.is_empty() => None,
                None => Some(Vec::new()),
            };
            let result = result(report, finding, index_of(&index, &finding.code), fingerprint);
            Finding { suppressions, ..result }
        })
        .collect();
    let notifications = report.skipped.iter().map(|skip| Notification {
        level: "note",
        message: message(&match &*skip.experiment {
            "" => format!("skipped: {}", skip.lacks),
            id => format!("skipped for {id}: {}", skip.lacks),
        }),
        associated_rule: RuleReference { id: shown(&skip.code), index: index_of(&index, &skip.code) },
    });
    let invocation = Invocation { execution_successful: true, tool_execution_notifications: notifications.collect() };
    let run = Run {
        tool: Tool { driver: Driver { name: "expc", version: report.summary.version.to_owned(), rules } },
        invocations: [invocation],
        original_uri_base_ids: BTreeMap::from([(ROOT, Base { description: message("The root of the workspace.") })]),
        column_kind: "unicodeCodePoints",
        results,
    };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

/// Every rule of the run, then those that only a finding or a skip knows, so that each code has an index.
fn rules(report: &Report<'_>) -> (Vec<Rule>, HashMap<String, usize>) {
    let mut rules = Vec::new();
    let mut index = HashMap::new();
    let mut add = |code: &str, rule: &dyn Fn() -> Rule| {
        if !index.contains_key(code) {
            index.insert(code.to_owned(), rules.len());
            rules.push(rule());
        }
    };
    for page in report.rules {
        add(&page.code, &|| rule(&page.code, &page.name, page.level, &page.summary, &page.why));
    }
    for finding in report.findings().chain(report.suppressed.iter().map(|one| &one.finding)) {
        add(&finding.code, &|| rule(&finding.code, &finding.name, finding.level, "", ""));
    }
    for skip in report.skipped {
        add(&skip.code, &|| rule(&skip.code, "", Level::Warn, "", ""));
    }
    (rules, index)
}

/// The index that [`rules`] gave a code; it gives one to every code of a report.
fn index_of(index: &HashMap<String, usize>, code: &str) -> usize {
    index.get(code).copied().unwrap_or_default()
}

fn rule(code: &str, name: &str, level: Level, summary: &str, why: &str) -> Rule {
    let more = format!("more: expc explain {code}");
    let paragraph = |text: &str| Message { text: text.lines().map(shown).collect::<Vec<_>>().join("\n") };
    let name = if name.is_empty() { code } else { name };
    Rule {
        id: shown(code),
        name: shown(name),
        short_description: message(if summary.is_empty() { name } else { summary }),
        full_description: (!why.is_empty()).then(|| paragraph(why)),
        help: if why.is_empty() { message(&more) } else { paragraph(&format!("{why}\n\n{more}")) },
        default_configuration: Configuration { enabled: Level::Allow < level, level: weight(level) },
    }
}

fn weight(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "note",
        Level::Allow => "none",
    }
}

fn result(report: &Report<'_>, finding: &Diagnostic, rule_index: usize, fingerprint: String) -> Finding {
    let sources = report.sources;
    let headline = std::iter::once(format!("{}{}", shown(&finding.headline), waits(finding)));
    let label = Some(shown(&finding.primary.text)).filter(|text| !text.is_empty());
    let help = finding.help.iter().map(|help| format!("help: {}", shown(help)));
    let text = headline.chain(label.clone()).chain(help).map(|line| unlinked(&line)).collect::<Vec<_>>().join("\n");

    let experiment = finding.experiment.as_deref().map(|id| LogicalLocation { name: shown(id), kind: "experiment" });
    let primary = Location {
        id: None,
        physical_location: PhysicalLocation::of(sources, finding.primary.span),
        logical_locations: experiment.into_iter().collect(),
        message: label.as_deref().map(message),
    };
    let related = finding.secondary.iter().enumerate().map(|(at, label)| Location {
        id: Some(at + 1),
        physical_location: PhysicalLocation::of(sources, label.span),
        logical_locations: Vec::new(),
        message: Some(message(&label.text)),
    });
    Finding {
        rule_id: shown(&finding.code),
        rule_index,
        level: weight(finding.level),
        message: Message { text },
        locations: [primary],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([("expcFinding/v1", fingerprint)]),
        fixes: finding.fixes.iter().filter(|fix| !fix.edits.is_empty()).map(|fix| Fix::of(sources, fix)).collect(),
        suppressions: None,
    }
}

impl Suppression {
    fn of(sources: &Sources, one: &Suppressed) -> Self {
        let until = one.until.as_ref().map_or_else(String::new, |day| format!(" (until {day})"));
        let location = Location {
            id: None,
            physical_location: PhysicalLocation::of(sources, one.comment),
            logical_locations: Vec::new(),
            message: None,
        };
        let justification = unlinked(&shown(&format!("{}{until}", one.reason)));
        Self { kind: "inSource", status: "accepted", justification, location }
    }
}

/// A text for people, on one line.
fn message(text: &str) -> Message {
    Message { text: unlinked(&shown(text)) }
}

/// In SARIF `[text](target)` is a link, also in plain text (§3.11.6); a spec has no business placing one.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

impl PhysicalLocation {
    fn of(sources: &Sources, span: Span) -> Self {
        let place = Place::of(sources, span);
        Self { artifact_location: ArtifactLocation::of(place.path), region: Region::of(&place) }
    }
}

impl Region {
    fn of(place: &Place<'_>) -> Self {
        let Place { start, end, .. } = place;
        Self { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
    }
}

impl ArtifactLocation {
    /// A path as a relative reference: everything but letters, digits, `-._~` and `/` is percent-encoded.
    fn of(path: &str) -> Self {
        let mut uri = String::with_capacity(path.len());
        for byte in path.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte as char),
                _ => uri.push_str(&format!("%{byte:02X}")),
            }
        }
        Self { uri, uri_base_id: ROOT }
    }
}

impl Fix {
    fn of(sources: &Sources, fix: &diag::Fix) -> Self {
        let mut changes: BTreeMap<ArtifactLocation, Vec<Replacement>> = BTreeMap::new();
        for edit in &fix.edits {
            let place = Place::of(sources, edit.span);
            changes.entry(ArtifactLocation::of(place.path)).or_default().push(Replacement {
                deleted_region: Region::of(&place),
                // Exact: this one is put into a file, not shown.
                inserted_content: Message { text: edit.replacement.clone() },
            });
        }
        let changes = changes
            .into_iter()
            .map(|(artifact_location, replacements)| ArtifactChange { artifact_location, replacements });
        // The standard has no word for how sure a fix is.
        let title = match fix.applicability {
            Applicability::Safe => message(&fix.title),
            Applicability::Suggested => message(&format!("{} (suggested)", fix.title)),
        };
        Self { description: title, artifact_changes: changes.collect() }
    }
}
