//! Every format, from findings built by hand to the text a person or a program reads.
//!
//! Start with the snapshots in `tests/snapshots/report__*`: they are what this room is for.

#[path = "support/cases.rs"]
mod cases;

use std::sync::Arc;

use expc::diag::{Applicability, Context, Diagnostic, Edit, Level, Skipped, Suppressed};
use expc::report::{FORMATS, Look, Report, RulePage, Summary, format, json_schema};
use expc::text::{FileId, Source, Sources, Span};
use proptest::prelude::*;
use serde_json::Value;

const CHECKOUT: &str = r#"#:schema ../schema/experiment.schema.json
schema = 1

[experiment]
id = "checkout-copy"
title = "Größere Schaltfläche"

[hypothesis]
change = "replace the three-step form by one button"

[audience]
share = 0.10
unit  = "userid"

[expsoure]
event = "checkout_opened"

[design]
alpha = 0.05
power = 0.8

[[metrics.primary]]
metric	= "checkout_conversion"
mde	= 0.005
"#;

const TRAFFIC: &str =
    "# Daily traffic, from the warehouse.\r\n\r\n[traffic]\r\nsource = \"entrepôt\"\r\ndaily_units = 52000\r\n";

const HOSTILE: &str =
    "id = \"\u{1b}[31mred\u{202e}\u{9b}2J\0\"\n::error::owned\ntitle = \"##[add-mask]x %0A ]]> <b>&\"\n";

/// A workspace in memory, and what was found in it.
struct Case {
    sources: Sources,
    findings: Vec<Diagnostic>,
    suppressed: Vec<Suppressed>,
    skipped: Vec<Skipped>,
    rules: Vec<RulePage>,
    summary: Summary,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Self {
        let mut sources = Sources::default();
        for (path, text) in files {
            sources.add(Source::new(*path, *text));
        }
        let summary = Summary {
            files: files.len(),
            experiments: 1,
            today: Some("2026-12-01".to_owned()),
            version: "0.1.0",
            workspace: "shop".to_owned(),
            compared: Default::default(),
        };
        Self { sources, findings: Vec::new(), suppressed: Vec::new(), skipped: Vec::new(), rules: pages(), summary }
    }

    /// The span of a piece of text in a file.
    fn at(&self, file: u32, piece: &str) -> Span {
        let text = &self.sources.get(FileId(file)).text;
        let start = text.find(piece).unwrap_or_else(|| panic!("`{piece}` is not in file {file}"));
        Span::new(FileId(file), start, start + piece.len())
    }

    fn finds(mut self, finding: Diagnostic) -> Self {
        self.findings.push(finding);
        self.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self
    }

    fn render(&self, name: &str, look: Look) -> String {
        let report = Report {
            sources: &self.sources,
            findings: &self.findings,
            suppressed: &self.suppressed,
            skipped: &self.skipped,
            rules: &self.rules,
            summary: self.summary.clone(),
        };
        let mut out = Vec::new();
        let format = format(name).unwrap_or_else(|| panic!("no format `{name}`"));
        format.write(&report, &look, &mut out).expect("writing to memory cannot fail");
        String::from_utf8(out).expect("formats write UTF-8")
    }

    fn show(&self, name: &str) -> String {
        self.render(name, Look::default())
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.show(name)).expect("the format writes JSON")
    }
}

fn pages() -> Vec<RulePage> {
    let page = |code: &str, name: &str, level, summary: &str, why: &str| RulePage {
        code: code.to_owned(),
        name: name.to_owned(),
        level,
        summary: summary.to_owned(),
        why: why.to_owned(),
    };
    vec![
        page(
            "STA002",
            "underpowered",
            Level::Error,
            "The experiment cannot detect the effect it plans for.",
            "An underpowered experiment mostly ends in \"no difference\".\nWhen it does not, it exaggerates the effect.",
        ),
        page("SPC004", "unknown-key", Level::Error, "A key is not part of the language.", "Its value is never read."),
        page("AUD001", "unknown-unit", Level::Warn, "The unit is not in the catalogue.", ""),
    ]
}

/// One of each: an error over two files, an error with a fix, a warning, an info.
fn typical() -> Case {
    let case = Case::new(&[("experiments/checkout-copy.toml", CHECKOUT), ("catalog/traffic.toml", TRAFFIC)]);
    let id: Arc<str> = "checkout-copy".into();
    let mut underpowered = Diagnostic::new(
        "STA002",
        "underpowered",
        Level::Error,
        case.at(0, "0.005"),
        "`checkout_conversion` has power 0.57, not the planned 0.80",
    )
    .label("needs 62,690 users a variant (baseline 0.11, alpha 0.05 two-sided, power 0.80)")
    .also(case.at(0, "0.10"), "36,400 users a variant: 10 % of 52,000 a day, 14 days, 2 variants")
    .also(case.at(1, "52000"), "inherited from here")
    .help("set `share` to 0.18, or run 28 days, or accept an mde of 0.0066")
    .fact("power", 0.57)
    .fact("required_units", 62_690.0)
    .fact("baseline_from", "catalog/metrics.toml");
    underpowered.experiment = Some(id.clone());

    let mut misspelt = Diagnostic::new(
        "SPC004",
        "unknown-key",
        Level::Error,
        case.at(0, "expsoure"),
        "unknown table `expsoure`: it is never read",
    )
    .label("did you mean `exposure`?")
    .fix(
        Applicability::Safe,
        "rename `expsoure` to `exposure`",
        vec![Edit { span: case.at(0, "expsoure"), replacement: "exposure".to_owned() }],
    );
    misspelt.experiment = Some(id.clone());

    let mut unit =
        Diagnostic::new("AUD001", "unknown-unit", Level::Warn, case.at(0, "\"userid\""), "unknown unit `userid`")
            .label("did you mean `user_id`?")
            .help("one of `user_id`, `device_id`, `session_id`, `account_id`")
            .fix(
                Applicability::Suggested,
                "use `user_id`",
                vec![Edit { span: case.at(0, "\"userid\""), replacement: "\"user_id\"".to_owned() }],
            );
    unit.experiment = Some(id.clone());

    let mut title = Diagnostic::new(
        "SPC020",
        "title-not-english",
        Level::Info,
        case.at(0, "Schaltfläche"),
        "the title is not in English",
    )
    .label("readers of the catalogue may not understand it");
    title.experiment = Some(id.clone());

    let mut case = case.finds(underpowered).finds(misspelt).finds(unit).finds(title);
    case.skipped = vec![
        Skipped {
            code: "AUD005".into(),
            experiment: id.clone(),
            context: Context::Traffic,
            lacks: "no `daily_units` for audience `buyers`".into(),
        },
        Skipped {
            code: "STA011".into(),
            experiment: id,
            context: Context::Catalog,
            lacks: "no variance of `revenue_per_user`".into(),
        },
    ];
    case
}

fn hostile() -> Case {
    let case = Case::new(&[("experiments/::stop,\u{1b}%.toml", HOSTILE)]);
    let evil = "\u{1b}[2J::error::%0A\r\n::set-output name=x::y ##[add-path]/tmp ]]> \0 \u{202e} [a](b) \u{ffff}";
    let place = case.at(0, "::error::owned");
    let finding = Diagnostic::new("SPC001", "syntax", Level::Error, place, evil)
        .label(evil)
        .also(case.at(0, "red\u{202e}\u{9b}2J\0"), evil)
        .help(evil)
        .fix(Applicability::Suggested, evil, vec![Edit { span: place, replacement: "\u{1b}##[x]".to_owned() }])
        .fact("evil", evil)
        .fact("infinite", f64::INFINITY);
    let mut case = case.finds(finding);
    case.findings[0].experiment = Some(evil.into());
    case.skipped =
        vec![Skipped { code: "AUD005".into(), experiment: evil.into(), context: Context::Traffic, lacks: evil.into() }];
    case.summary.today = Some(evil.to_owned());
    case.summary.workspace = evil.to_owned();
    case
}

fn clean() -> Case {
    let mut case = Case::new(&[("experiments/a.toml", "schema = 1\n"), ("catalog/b.toml", "\n")]);
    case.summary.today = None;
    case
}

#[test]
fn every_format_shows_a_typical_run() {
    for format in FORMATS {
        insta::assert_snapshot!(format!("typical_{}", format.name()), typical().show(format.name()));
    }
}

#[test]
fn every_format_survives_hostile_text() {
    for format in FORMATS {
        insta::assert_snapshot!(format!("hostile_{}", format.name()), hostile().show(format.name()));
    }
}

#[test]
fn every_format_says_that_a_clean_run_is_clean() {
    let all: Vec<_> =
        FORMATS.iter().map(|format| format!("── {}\n{}", format.name(), clean().show(format.name()))).collect();
    insta::assert_snapshot!("clean", all.join("\n"));
}

#[test]
fn text_has_four_looks() {
    let look = Look { verbose: true, ..Look::default() };
    insta::assert_snapshot!("typical_text_verbose", typical().render("text", look));
    let look = Look { narrated: true, ..Look::default() };
    insta::assert_snapshot!("typical_text_narrated", typical().render("text", look));
    let look = Look { width: 0, ..Look::default() };
    insta::assert_snapshot!("typical_text_narrow", typical().render("text", look));
    let look = Look { color: true, ..Look::default() };
    insta::assert_snapshot!("typical_text_color", typical().render("text", look).replace('\u{1b}', "␛"));
}

#[test]
fn a_run_over_nothing_is_not_called_clean() {
    let mut case = Case::new(&[]);
    case.summary.experiments = 0;
    case.summary.today = None;
    assert_eq!(case.show("concise"), "0 experiments in 0 files: nothing to check\n");
}

/// Many experiments lack the same few things: one line says it, `--verbose` says which.
#[test]
fn skipped_rules_are_rolled_up() {
    let mut case = clean();
    let skip = |rule: usize, experiment: usize| Skipped {
        code: format!("STA{rule:03}").into(),
        experiment: format!("exp-{experiment}").into(),
        context: Context::Traffic,
        lacks: format!("no baseline of `metric_{rule}`"),
    };
    case.skipped = (1..=3).flat_map(|experiment| (1..=5).map(move |rule| skip(rule, experiment))).collect();
    let rolled = case.show("text");
    assert_eq!(
        rolled.lines().last(),
        Some(
            "skipped 5 rules in 3 experiments: no baseline of `metric_1`; no baseline of `metric_2`; \
             no baseline of `metric_3`; 2 more; --verbose lists them"
        )
    );
    let verbose = case.render("text", Look { verbose: true, ..Look::default() });
    assert_eq!(verbose.lines().filter(|line| line.starts_with("skipped STA")).count(), 15);
}

#[test]
fn labels_on_the_same_text_share_a_mark() {
    let case = clean();
    let span = case.at(0, "1");
    let finding = Diagnostic::new("X1", "x", Level::Error, span, "twice").label("once").also(span, "and again");
    let shown = case.finds(finding).show("text");
    assert!(shown.contains("╰─┤ once\n   ·            │ and again\n"), "{shown}");
}

#[test]
fn infos_alone_leave_a_run_clean() {
    let case = clean();
    let span = case.at(0, "1");
    let case = case.finds(Diagnostic::new("X1", "x", Level::Info, span, "look")).finds(Diagnostic::new(
        "X2",
        "allowed",
        Level::Allow,
        span,
        "never said",
    ));
    assert_eq!(
        case.show("text"),
        "info[X1]: look (experiments/a.toml:1:10)\n\n1 experiment in 2 files: clean, 1 info\n"
    );
    for format in FORMATS {
        assert!(!case.show(format.name()).contains("never said"), "{}", format.name());
    }
}

/// Labels where drawing goes wrong: between characters, over lines, at the end, outside.
#[test]
fn odd_places_are_drawn() {
    let text = "a = [\r\n  1,\r\n  2,\r\n]\r\nb = \"日本語\" # ü\r\nc =\r\n";
    let odd = |headline: &str, start: usize, end: usize| {
        let case = Case::new(&[("odd.toml", text)]);
        let span = Span::new(FileId(0), start, end);
        let shown = case.finds(Diagnostic::new("ODD", "odd", Level::Error, span, headline).label("here")).show("text");
        shown.split("\n\n").next().unwrap_or_default().to_owned()
    };
    let at = |piece: &str| text.find(piece).unwrap_or_else(|| panic!("`{piece}`"));
    let shown = [
        odd("a missing value: an empty span at the end of a line", at("c =") + 3, at("c =") + 3),
        odd("an array over four lines", at("["), at("]") + 1),
        odd("wide characters", at("\"日"), at(" # ü")),
        odd("half a character", at("日") + 1, at("日") + 2),
        odd("the end of the file", text.len(), text.len()),
        odd("outside the text", 4_000, 5_000),
        odd("a line end", at("\r\nc"), at("c =")),
        odd("the whole file", 0, text.len()),
    ];
    insta::assert_snapshot!("odd_places", shown.join("\n\n"));

    let empty = Case::new(&[("empty.toml", "")]);
    let empty = empty.finds(Diagnostic::new("ODD", "odd", Level::Error, Span::file_start(FileId(0)), "an empty file"));
    insta::assert_snapshot!("empty_file", empty.show("text"));
    let nowhere = Case::new(&[]);
    let nowhere = nowhere.finds(Diagnostic::new("ODD", "odd", Level::Error, Span::file_start(FileId(9)), "no file"));
    insta::assert_snapshot!("no_file", nowhere.show("text"));
}

#[test]
fn far_labels_get_their_own_frames_and_many_are_counted() {
    let mut text = String::new();
    for line in 1..=200 {
        text.push_str(&format!("key_{line:03} = {line}\n"));
    }
    let case = Case::new(&[("long.toml", &text)]);
    let mut finding =
        Diagnostic::new("MET009", "same-twice", Level::Warn, case.at(0, "key_100"), "`key` is set 40 times")
            .label("the last one counts");
    for line in (2..=80).step_by(2) {
        finding = finding.also(case.at(0, &format!("key_{line:03}")), format!("set here, {line}"));
    }
    insta::assert_snapshot!("many_labels", case.finds(finding).show("text"));
}

#[test]
fn a_label_over_many_lines_is_drawn_on_its_first() {
    let text = format!("a = [\n{}]\n", "  1,\n".repeat(500));
    let case = Case::new(&[("tall.toml", &text)]);
    let span = Span::new(FileId(0), 4, text.len() - 1);
    let case = case.finds(Diagnostic::new("X1", "tall", Level::Warn, span, "500 values").label("at most 100"));
    insta::assert_snapshot!("tall_label", case.show("text"));
}

/// 50 MB on one line: only what is near the labels may cost anything.
#[test]
fn a_huge_line_is_cut_and_quick() {
    let text = format!("k = \"{}\" # needle {}\nz = 1\n", "é".repeat(12_500_000), "x".repeat(25_000_000));
    let case = Case::new(&[("huge.toml", &text)]);
    let finding = Diagnostic::new("SPC040", "huge-value", Level::Error, case.at(0, "needle"), "a line of 50 MB")
        .label("here")
        .also(case.at(0, "k ="), "the key");
    let case = case.finds(finding);
    let started = std::time::Instant::now();
    let shown = case.show("text");
    // 0.4 s without optimisation, most of it for making the text; the margin is for busy machines.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    insta::assert_snapshot!("huge_line", shown);
}

#[test]
fn nothing_that_acts_is_ever_printed() {
    let looks = [
        Look::default(),
        Look { narrated: true, verbose: true, ..Look::default() },
        Look { verbose: true, width: 41, ..Look::default() },
    ];
    for format in FORMATS {
        for look in looks {
            let shown = hostile().render(format.name(), look);
            harmless(format.name(), &shown);
        }
    }
}

/// No acting character, and no line that a build log would obey.
fn harmless(name: &str, shown: &str) {
    let acts = |c: char| expc::text::acts(c) || c == '\t';
    assert_eq!(shown.chars().find(|&c| acts(c)), None, "{name}: {shown:?}");
    for command in ["##[", "##vso["] {
        assert!(!shown.contains(command), "{name}: {shown}");
    }
    let commands = shown.lines().filter(|line| line.trim_start().starts_with("::"));
    for line in commands {
        let ours = ["::error file=", "::warning file=", "::notice file="];
        assert!(name == "github" && ours.iter().any(|start| line.starts_with(start)), "{name}: {line}");
    }
}

#[test]
fn github_writes_one_line_a_finding() {
    let commands = hostile().show("github").lines().filter(|line| line.starts_with("::")).count();
    assert_eq!(commands, 1);
}

#[test]
fn every_property_of_the_findings_schema_explains_itself() {
    let root = json_schema();
    let definitions = root["$defs"].as_object().expect("definitions");
    let tables = definitions.iter().map(|(name, table)| (name.as_str(), table)).chain([("findings", &root)]);
    for (table, schema) in tables {
        assert!(schema.get("description").is_some(), "{table} has no description");
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            assert!(property.get("description").is_some(), "{table}.{name} has no description");
            let mut alone = property.clone();
            alone["$defs"] = root["$defs"].clone();
            let validator = jsonschema::validator_for(&alone).expect("a property is a schema");
            let examples = property["examples"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(!examples.is_empty(), "{table}.{name} has no example");
            for example in examples {
                assert!(validator.is_valid(example), "{table}.{name}: {example} is not one");
            }
        }
    }
}

#[test]
fn json_keeps_its_contract() {
    let validator = jsonschema::validator_for(&json_schema()).expect("the schema is a schema");
    for case in [typical(), hostile(), clean()] {
        let report = case.json("json");
        let faults: Vec<_> = validator.iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

/// Data comes back exactly, however it had to be written.
#[test]
fn json_keeps_data_exact() {
    let case = hostile();
    let report = case.json("json");
    assert_eq!(report["findings"][0]["place"]["path"], "experiments/::stop,\u{1b}%.toml");
    assert_eq!(report["findings"][0]["fixes"][0]["edits"][0]["replacement"], "\u{1b}##[x]");
    assert_eq!(report["findings"][0]["facts"]["infinite"], "inf");
}

fn sarif_faults(case: &Case) -> Vec<String> {
    let schema = include_str!("vendor/sarif-2.1.0.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the vendored schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the vendored schema is a schema");
    let log = case.json("sarif");
    validator.iter_errors(&log).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

#[test]
fn sarif_is_valid_by_the_official_schema() {
    for case in [typical(), hostile(), clean()] {
        let faults = sarif_faults(&case);
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

/// Where the schema cannot look: indexes point to their rules, codes that no page knows get a rule.
#[test]
fn sarif_indexes_agree() {
    let log = typical().json("sarif");
    let run = &log["runs"][0];
    let rule = |index: &Value| &run["tool"]["driver"]["rules"][index.as_u64().expect("an index") as usize]["id"];
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 4);
    for result in results {
        assert_eq!(rule(&result["ruleIndex"]), &result["ruleId"]);
    }
    for note in run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications") {
        assert_eq!(rule(&note["associatedRule"]["index"]), &note["associatedRule"]["id"]);
    }
}

fn fingerprints(case: &Case) -> Vec<String> {
    let issues = case.json("gitlab");
    let names = issues.as_array().expect("an array").iter().map(|issue| issue["fingerprint"].to_string());
    names.collect()
}

#[test]
fn fingerprints_stay_when_lines_move_and_differ_for_each_finding() {
    let once = |text: &str, power: f64| {
        let case = Case::new(&[("a.toml", text)]);
        let span = case.at(0, "0.005");
        let finding = || Diagnostic::new("STA002", "underpowered", Level::Error, span, format!("power is {power}"));
        fingerprints(&case.finds(finding()).finds(finding()))
    };
    let before = once("mde = 0.005\n", 0.57);
    assert_eq!(before, once("# A comment above.\n\nmde   =   0.005\n", 0.58));
    assert_ne!(before[0], before[1]);
}

#[test]
fn formats_are_found_by_name() {
    let names: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
    assert_eq!(names, ["text", "concise", "json", "sarif", "github", "gitlab", "junit"]);
    assert!(format("xml").is_none());
    for format in FORMATS {
        assert!(!format.about().is_empty());
    }
}

/// Text as it comes: words, tabs, line ends of all kinds, wide and acting characters.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,12}".prop_map(|text| text),
        2 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\t".to_owned()),
        1 => Just("日本\u{301}ü🎈".to_owned()),
        1 => Just("\u{1b}\u{202e}\r\0\u{9b}\u{e0041}\u{2028}::##[".to_owned()),
        1 => Just("long ".repeat(60)),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn any_span() -> impl Strategy<Value = Span> {
    (0_u32..4, 0_u32..400, -20_i64..80).prop_map(|(file, start, length)| Span {
        file: FileId(file),
        start,
        // Also spans that end before they start.
        end: u32::try_from(i64::from(start) + length).unwrap_or(u32::MAX),
    })
}

proptest! {
    #![proptest_config(cases::cases(300))]

    #[test]
    fn no_format_ever_panics_or_prints_what_acts(
        files in prop::collection::vec(any_text(), 1..3),
        spans in prop::collection::vec((any_span(), any_text()), 1..16),
        level in prop_oneof![Just(Level::Info), Just(Level::Warn), Just(Level::Error)],
        width in 0_usize..160,
    ) {
        let named: Vec<_> = files.iter().enumerate().map(|(at, text)| (format!("{at}.toml"), text)).collect();
        let files: Vec<_> = named.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut finding = Diagnostic::new("X1", "x", level, spans[0].0, spans[0].1.as_str()).help(spans[0].1.as_str());
        for (span, text) in &spans {
            finding = finding.also(*span, text.as_str());
        }
        let edits = vec![Edit { span: spans[0].0, replacement: spans[0].1.clone() }];
        let case = Case::new(&files).finds(finding.fix(Applicability::Safe, "fix", edits));
        for format in FORMATS {
            for narrated in [false, true] {
                let look = Look { color: false, width, narrated, verbose: true };
                harmless(format.name(), &case.render(format.name(), look));
            }
        }
        let faults = sarif_faults(&case);
        prop_assert!(faults.is_empty(), "{faults:#?}");
    }
}
