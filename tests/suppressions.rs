//! Comments that hide findings: what they stand for, what they hide, what is told of them, and who writes them.

#[path = "support/base.rs"]
mod base;
#[path = "support/cases.rs"]
mod cases;
#[path = "support/workspace.rs"]
mod workspace;

use std::collections::BTreeMap;

use base::{SPEC, TODAY};
use cases::cases;
use expc::check::{Options, Outcome, add_ignores, check};
use expc::diag::{Diagnostic, Edit, Level};
use expc::portfolio::Workspace;
use expc::report::{Look, Report, Summary, format};
use expc::syntax::{Reach, SlipKind, directives};
use expc::text::{FileId, Span};
use expc::world::Memory;
use proptest::prelude::*;
use workspace::Folder;

/// What each directive of a text stands for, in words.
fn reaches(text: &str) -> Vec<String> {
    let word = |reach: Reach| match reach {
        Reach::File => "the file".to_owned(),
        Reach::Text(span) => text[span.range()].to_owned(),
        Reach::Nothing { .. } => "nothing".to_owned(),
        Reach::BelowHead { .. } => "below the head".to_owned(),
    };
    directives(FileId(0), text).iter().map(|directive| word(directive.stands_for)).collect()
}

const C: &str = "# expc: ignore[STA002]: pilot, judged by hand";

#[test]
fn beside_a_value_is_that_value_with_its_key() {
    assert_eq!(reaches(&format!("a = 1\nb.c = \"x\" {C}\nd = 2\n")), ["b.c = \"x\""]);
    assert_eq!(reaches(&format!("a = 1\nb = 2 {C}")), ["b = 2"]);
    assert_eq!(reaches(&format!("a = 1\r\nb = 2 {C}\r\nd = 2\r\n")), ["b = 2"]);
    assert_eq!(reaches(&format!("\u{feff}a = 1 {C}\n")), ["a = 1"]);
}

#[test]
fn above_a_value_is_that_value() {
    assert_eq!(reaches(&format!("a = 1\n{C}\nb = [\n  2,\n]\nc = 3\n")), ["b = [\n  2,\n]"]);
    assert_eq!(reaches(&format!("a = 1\r\n  {C}\r\nb = 2\r\n")), ["b = 2"]);
    // Directly above the first key, also in the head.
    assert_eq!(reaches(&format!("# the team's spec\n{C}\na = 1\n")), ["a = 1"]);
    // Comments below one another stand above the same line, other comments between them or not.
    assert_eq!(reaches(&format!("a = 1\n{C}\n# because of the pilot\n{C}\nb = 2\n")), ["b = 2", "b = 2"]);
}

#[test]
fn beside_either_end_of_a_long_value_is_all_of_it() {
    let list = "a = [\n  1,\n  2,\n]";
    assert_eq!(reaches(&format!("a = [ {C}\n  1,\n  2,\n]\nb = 1\n")), [format!("a = [ {C}\n  1,\n  2,\n]")]);
    assert_eq!(reaches(&format!("{list} {C}\nb = 1\n")), [list]);
    let text = "a = \"\"\"\none # expc: ignore[STA002]: not a comment\n\"\"\"";
    assert_eq!(reaches(&format!("{text} {C}\nb = 1\n")), [text]);
}

#[test]
fn inside_an_array_it_is_the_element_beside_or_below() {
    assert_eq!(reaches(&format!("a = [\n  {{ b = 1 }}, {C}\n  {{ b = 2 }},\n]\n")), ["{ b = 1 }"]);
    assert_eq!(reaches(&format!("a = [\n  {{ b = 1 }},\n  {C}\n  {{ b = 2 }},\n]\n")), ["{ b = 2 }"]);
    assert_eq!(reaches(&format!("a = [\n  1, 2, {C}\n  3,\n]\n")), ["1, 2"]);
    // Without a comma behind the last.
    assert_eq!(reaches(&format!("a = [\n  1,\n  2 {C}\n]\n")), ["2"]);
    assert_eq!(reaches(&format!("a = [\n  [\n    1, {C}\n  ], {C}\n  2,\n]\n")), ["1", &format!("[\n    1, {C}\n  ]")]);
    // Where the bracket closes on the line of the last element, the whole list ends there.
    assert_eq!(reaches(&format!("a = [ 1,\n  2, {C}\n  3 ] {C}\n")), ["2", &format!("a = [ 1,\n  2, {C}\n  3 ]")]);
    assert_eq!(reaches(&format!("a = [ 1,\n  2,\n  {C}\n  3 ]\n")), ["3"]);
    // In an inline table of several lines.
    assert_eq!(reaches(&format!("a = {{\n  b = 1, {C}\n  c = 2,\n}}\n")), ["b = 1"]);
}

#[test]
fn at_a_header_it_is_the_table_with_what_is_below_it() {
    let table = "[a]\nb = 1\n\n[a.c]\nd = 2\n\n[[a.e]]\nf = 3";
    assert_eq!(reaches(&format!("x = 1\n{C}\n{table}\n\n[g]\nh = 4\n")), [table]);
    assert_eq!(reaches(&format!("[a] {C}\nb = 1\n[ab]\nc = 2\n")), [format!("[a] {C}\nb = 1")]);
    assert_eq!(reaches(&format!("{C}\n[[a]]\nb = 1\n[[a]]\nb = 2\n")), ["[[a]]\nb = 1"]);
    assert_eq!(reaches(&format!("[[a]]\nb = 1\n{C}\n[[a]]\nb = 2\n[a.c]\nd = 1\n")), ["[[a]]\nb = 2\n[a.c]\nd = 1"]);
    assert_eq!(
        reaches(&format!("{C}\n[\"a\".b]\nc = 1\n[a.b.\"d\"]\ne = 1\n[a.f]\n")),
        ["[\"a\".b]\nc = 1\n[a.b.\"d\"]\ne = 1"]
    );
    assert_eq!(reaches(&format!("[a] {C}")), ["[a]"]);
}

#[test]
fn in_the_head_it_is_the_file() {
    assert_eq!(reaches(&format!("{C}\n\na = 1\n")), ["the file"]);
    assert_eq!(reaches(&format!("\u{feff}#:schema x\r\n{C}\r\n\r\na = 1\r\n")), ["the file"]);
    assert_eq!(reaches(&format!("\n\n# one\n\n{C}\n# two\n  \n[a]\n")), ["the file"]);
    assert_eq!(reaches(C), ["the file"]);
    let file = "# expc: ignore-file[STA002]: pilot, judged by hand";
    assert_eq!(reaches(&format!("{file}\na = 1\n")), ["the file"]);
    assert_eq!(reaches(&format!("a = 1\n{file}\n\nb = 2 {file}\n")), ["below the head", "below the head"]);
}

#[test]
fn above_nothing_it_is_nothing() {
    assert_eq!(reaches(&format!("a = 1\n{C}\n\nb = 2\n")), ["nothing"]);
    assert_eq!(reaches(&format!("a = 1\n{C}\n")), ["nothing"]);
    assert_eq!(reaches(&format!("a = 1\n{C}")), ["nothing"]);
    assert_eq!(reaches(&format!("a = [\n  1,\n  {C}\n]\n")), ["nothing"]);
    assert_eq!(reaches(&format!("a = [\n  1,\n  {C}\n\n  2,\n]\n")), ["nothing"]);
}

#[test]
fn a_string_is_never_read_and_a_comment_only_from_its_first_word() {
    for text in [
        format!("a = \"{C}\"\n"),
        format!("a = '{C}'\n"),
        format!("a = \"\"\"\n{C}\n\"\"\"\n"),
        format!("a = '''\n{C}\n'''\n"),
        "a = 1 # see `# expc: ignore[STA002]: why`\n".to_owned(),
        "a = 1 # expc is a compiler\n".to_owned(),
        "a = 1 # the tool expc: ignore[STA002]\n".to_owned(),
    ] {
        assert_eq!(reaches(&text), Vec::<String>::new(), "{text}");
    }
    for text in ["a = 1 #expc:ignore[STA002]: a pilot\n", "a = 1 ##  expc:  ignore [ STA002 ] : a pilot\n"] {
        let found = directives(FileId(0), text);
        assert_eq!((found[0].rules[0].value.as_str(), found[0].reason.value.as_str()), ("STA002", "a pilot"), "{text}");
        assert_eq!(found[0].slip, None, "{text}");
    }
}

#[test]
fn what_it_says_is_read_with_places() {
    let text = "a = 1 # expc: ignore[STA002, met010,retention] until 2027-02-20: pilot: judged [by] hand  \n";
    let found = &directives(FileId(0), text)[0];
    let rules: Vec<&str> = found.rules.iter().map(|rule| &text[rule.span.range()]).collect();
    assert_eq!(rules, ["STA002", "met010", "retention"]);
    assert_eq!(&text[found.until.as_ref().expect("a date").span.range()], "2027-02-20");
    assert_eq!(&text[found.reason.span.range()], "pilot: judged [by] hand");
    assert_eq!(found.reason.value, "pilot: judged [by] hand");
}

#[test]
fn what_cannot_be_read_is_a_slip_with_what_to_write() {
    let cases = [
        ("", SlipKind::Empty, None),
        ("ingore[STA002]: a pilot", SlipKind::Word, Some("ignore")),
        ("disable[STA002]: a pilot", SlipKind::Word, Some("ignore")),
        ("ignorefile[STA002]: a pilot", SlipKind::Word, Some("ignore-file")),
        ("see the handbook", SlipKind::Word, None),
        ("ignore", SlipKind::Bare, None),
        ("ignore: a pilot", SlipKind::Bare, None),
        ("ignore STA002: a pilot", SlipKind::Bare, Some("[STA002]")),
        ("ignore: STA002, MET010", SlipKind::Bare, Some("[STA002, MET010]")),
        ("ignore(STA002): a pilot", SlipKind::Bare, Some("[STA002]")),
        ("ignore[]: a pilot", SlipKind::NoRules, None),
        ("ignore[STA002: a pilot", SlipKind::Unclosed, Some("[STA002]")),
        ("ignore[STA002, MET010 until 2027-02-20: a pilot", SlipKind::Unclosed, Some("[STA002, MET010]")),
        ("ignore[STA002: see [1]", SlipKind::Unclosed, Some("[STA002]")),
        ("ignore[STA002] 2027-02-20: a pilot", SlipKind::Until, Some("until 2027-02-20")),
        ("ignore[STA002] untill 2027-02-20: a pilot", SlipKind::Until, Some("until")),
        ("ignore[STA002] until: 2027-02-20: a pilot", SlipKind::Until, Some("until")),
        ("ignore[STA002] expires 2027-02-20: a pilot", SlipKind::Until, Some("until")),
        ("ignore[STA002] until: a pilot", SlipKind::NoDate, None),
        ("ignore[STA002] a pilot", SlipKind::NoColon, Some(": ")),
        ("ignore[STA002] -- a pilot", SlipKind::NoColon, Some(":")),
        ("ignore[STA002] until 2027-02-20 a pilot", SlipKind::NoColon, Some(": ")),
    ];
    for (body, kind, instead) in cases {
        let text = format!("a = 1 # expc: {body}\n");
        let found = directives(FileId(0), &text);
        let slip = found[0].slip.as_ref().unwrap_or_else(|| panic!("`{body}` is read"));
        assert_eq!((slip.kind, slip.instead.as_deref()), (kind, instead), "{body}");
        // What is to be written mends this slip.
        if let Some(instead) = instead {
            let mut mended = text.clone();
            mended.replace_range(slip.span.range(), instead);
            let again = directives(FileId(0), &mended);
            assert_ne!(again[0].slip.as_ref().map(|slip| slip.kind), Some(kind), "{body}: {mended}");
        }
    }
}

// What comments hide.

struct Run {
    workspace: Workspace,
    outcome: Outcome,
}

fn files() -> BTreeMap<String, String> {
    base::files()
}

fn run_on(files: &BTreeMap<String, String>, today: Option<&str>) -> Run {
    let memory = files.iter().fold(Memory::default(), |memory, (path, text)| memory.with(path.clone(), text.as_str()));
    let workspace = Workspace::open(&memory).with_targets(expc::emit::flags::capabilities());
    let outcome = check(&workspace, Options { today: today.and_then(|day| day.parse().ok()), ..Options::default() });
    Run { workspace, outcome }
}

/// The base with a line of the spec replaced.
fn with(from: &str, to: &str) -> Run {
    run_on(&edited(from, to), Some(TODAY))
}

fn edited(from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = files();
    let spec = files.get_mut(SPEC).expect("the base has a spec");
    assert!(spec.contains(from), "the base has no `{from}`");
    *spec = spec.replace(from, to);
    files
}

impl Run {
    fn codes(&self) -> Vec<&str> {
        self.outcome.findings.iter().map(|finding| &*finding.code).collect()
    }

    fn hidden(&self) -> Vec<&str> {
        self.outcome.suppressed.iter().map(|one| &*one.finding.code).collect()
    }

    fn show(&self, name: &str, verbose: bool) -> String {
        let report = Report {
            sources: &self.workspace.sources,
            findings: &self.outcome.findings,
            suppressed: &self.outcome.suppressed,
            skipped: &self.outcome.skipped,
            rules: &[],
            summary: Summary {
                files: 4,
                experiments: 1,
                today: Some(TODAY.to_owned()),
                version: "0.1.0",
                workspace: "shop".to_owned(),
                compared: Default::default(),
            },
        };
        let mut out = Vec::new();
        let look = Look { verbose, ..Look::default() };
        format(name).expect("a format").write(&report, &look, &mut out).expect("memory takes text");
        String::from_utf8(out).expect("formats write UTF-8")
    }
}

const RETENTION: &str = "retention = \"180 days\"";
const LONG: &str = "retention = \"900 days\"";

#[test]
fn a_comment_hides_what_it_names_and_nothing_else() {
    assert_eq!(with(RETENTION, LONG).codes(), ["GOV006"]);
    for comment in ["ignore[GOV006]", "ignore[retention]", "ignore[gov006]", "ignore[GOV006] until 2026-11-22"] {
        let run = with(RETENTION, &format!("{LONG} # expc: {comment}: a court order asks for it"));
        assert_eq!((run.codes(), run.hidden()), (vec![], vec!["GOV006"]), "{comment}");
    }
    let run = with("[privacy]", "# expc: ignore[GOV006]: a court order asks for it\n[privacy]");
    assert_eq!(run.codes(), ["OWN010"]);
    let header = edited("[privacy]", "[privacy] # expc: ignore[GOV006]: a court order asks for it");
    let spec = header[SPEC].replace(RETENTION, LONG);
    assert_eq!(
        run_on(&header.into_iter().chain([(SPEC.to_owned(), spec)]).collect(), Some(TODAY)).hidden(),
        ["GOV006"]
    );
    // At another value it hides nothing.
    let mut files = edited(RETENTION, LONG);
    let spec = files[SPEC].replace("basis = ", "# expc: ignore[GOV006]: a court order asks for it\nbasis = ");
    files.insert(SPEC.to_owned(), spec);
    assert_eq!(run_on(&files, Some(TODAY)).codes(), ["OWN010", "GOV006"]);
}

#[test]
fn a_table_and_the_head_of_the_file_hide_what_is_below() {
    let mut files = edited(RETENTION, LONG);
    let spec = format!("# expc: ignore[GOV006]: a court order asks for it\r\n\r\n{}", files[SPEC]);
    files.insert(SPEC.to_owned(), spec.clone());
    assert_eq!(run_on(&files, Some(TODAY)).hidden(), ["GOV006"]);
    files.insert(SPEC.to_owned(), spec.replacen("ignore[", "ignore-file[", 1).replacen("\r\n\r\n", "\r\n", 1));
    assert_eq!(run_on(&files, Some(TODAY)).hidden(), ["GOV006"]);
}

#[test]
fn what_is_found_in_the_catalogue_is_hidden_there() {
    let mut files = files();
    let policy = files["expc.toml"].replace("unused-definition = \"allow\"", "unused-definition = \"error\"");
    files.insert("expc.toml".to_owned(), policy);
    let layer = "schema = 1\n[layers.search]\nabout = \"From query to result\"\nunit = \"user\"\nowner = \"growth\"\n";
    files.insert("catalog/more.toml".to_owned(), layer.to_owned());
    assert_eq!(run_on(&files, Some(TODAY)).codes(), ["SYN013"]);
    let header = "[layers.search] # expc: ignore[SYN013]: it comes with the next app";
    files.insert("catalog/more.toml".to_owned(), layer.replace("[layers.search]", header));
    let run = run_on(&files, Some(TODAY));
    assert_eq!((run.codes(), run.hidden()), (vec![], vec!["SYN013"]));
}

#[test]
fn the_day_itself_is_the_last() {
    let files =
        edited(RETENTION, &format!("{LONG} # expc: ignore[GOV006] until 2026-11-22: a court order asks for it"));
    assert_eq!(run_on(&files, Some("2026-11-22")).codes(), Vec::<&str>::new());
    assert_eq!(run_on(&files, Some("2026-11-23")).codes(), ["GOV006", "OWN008"]);
    // Without a day it counts, and the rule says that it could not judge the date.
    let run = run_on(&files, None);
    assert_eq!(run.hidden(), ["GOV006"]);
    assert!(run.outcome.skipped.iter().any(|skip| skip.code == "OWN008"), "{:?}", run.outcome.skipped);
}

#[test]
fn unused_is_told_only_when_the_rule_could_speak() {
    let comment = format!("{RETENTION} # expc: ignore[GOV006, STA002]: a court order asks for it");
    assert_eq!(with(RETENTION, &comment).codes(), ["OWN010"]);
    // Not with a rule of level allow.
    let mut files = edited(RETENTION, &comment);
    let policy = files["expc.toml"].clone() + "GOV006 = \"allow\"\nSTA002 = \"allow\"\n";
    files.insert("expc.toml".to_owned(), policy);
    assert_eq!(run_on(&files, Some(TODAY)).codes(), Vec::<&str>::new());
    // Not in a file with an error, nor with one in the catalogue.
    let mut files = edited(RETENTION, &comment);
    files.insert(SPEC.to_owned(), files[SPEC].clone() + "[privacy\n");
    assert!(!run_on(&files, Some(TODAY)).codes().contains(&"OWN010"));
    let mut files = edited(RETENTION, &comment);
    files.insert("catalog/base.toml".to_owned(), files["catalog/base.toml"].clone() + "\nunheard_of = \n");
    assert!(!run_on(&files, Some(TODAY)).codes().contains(&"OWN010"));
    // Not when the rule was skipped for this experiment.
    let start = "start = 2027-01-11";
    let files = edited(start, &format!("{start} # expc: ignore[ROL016]: the analyst is on leave"));
    assert_eq!(run_on(&files, Some(TODAY)).codes(), ["OWN010"]);
    assert_eq!(run_on(&files, None).codes(), Vec::<&str>::new());
}

#[test]
fn the_policy_protects_rules() {
    let comment = format!("{LONG} # expc: ignore[GOV006]: a court order asks for it");
    for entry in ["GOV006", "retention", "governance"] {
        let mut files = edited(RETENTION, &comment);
        let policy = files["expc.toml"].replace("[policy]\n", &format!("[policy]\nnever_ignore = [\"{entry}\"]\n"));
        files.insert("expc.toml".to_owned(), policy);
        let run = run_on(&files, Some(TODAY));
        assert_eq!((run.codes(), run.hidden().len()), (vec!["GOV006", "OWN008"], 0), "{entry}");
    }
}

#[test]
fn faulty_comments_are_told() {
    let mut spec = String::new();
    for body in [
        "",
        "ingore[GOV006]: a court order asks for it",
        "see the handbook of experiments",
        "ignore GOV006: a court order asks for it",
        "ignore: a court order asks for it",
        "ignore[]: a court order asks for it",
        "ignore[GOV006: a court order asks for it",
        "ignore[GOV006] 2027-02-20: a court order asks for it",
        "ignore[GOV006] till 2027-02-20: a court order asks for it",
        "ignore[GOV006] until: a court order asks for it",
        "ignore[GOV006] a court order asks for it",
        "ignore[GOV006] until 2027/2/20: a court order asks for it",
        "ignore[GOV006] until 2027-02-30: a court order asks for it",
        "ignore[GOV006]",
        "ignore[GOV006]: TODO",
        "ignore[GOV006] until 2026-09-01: a court order asks for it",
        "ignore[retentoin]: a court order asks for it",
        "ignore[nothing-like-it]: a court order asks for it",
        "ignore[governance]: a court order asks for it",
        "ignore[STA*]: a court order asks for it",
        "ignore[*]: a court order asks for it",
        "ignore[GOV006, SYN018]: a court order asks for it",
        "ignore-file[GOV006]: a court order asks for it",
    ] {
        spec += &format!("# expc: {body}\n");
    }
    let mut files = edited(RETENTION, &format!("{spec}{LONG}"));
    let lonely = "# expc: ignore[STA002]: pilot, judged by hand\n\n[exposure]";
    files.insert(SPEC.to_owned(), files[SPEC].replace("[exposure]", lonely));
    let policy = files["expc.toml"].replace("[policy]\n", "[policy]\nnever_ignore = [\"audience\"]\n");
    files.insert("expc.toml".to_owned(), policy);
    let spec = files[SPEC].replace("unit = \"user\"", "unit = \"user\" # expc: ignore[AUD001]: we know it");
    files.insert(SPEC.to_owned(), spec);
    let run = run_on(&files, Some(TODAY));
    for finding in &run.outcome.findings {
        assert!(finding.headline.chars().count() <= 80, "{}", finding.headline);
        assert!(!finding.help.is_empty() || !finding.fixes.is_empty(), "{}", finding.headline);
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("faulty", run.show("text", true));
    });
}

#[test]
fn what_is_hidden_is_counted_and_listed() {
    let comment = format!("{LONG} # expc: ignore[GOV006] until 2027-02-20: a court order\u{202e} asks [for](it)");
    let run = with(RETENTION, &comment);
    insta::with_settings!({ omit_expression => true }, {
        for name in ["text", "concise", "json", "sarif"] {
            insta::assert_snapshot!(format!("hidden_{name}"), run.show(name, name == "text"));
        }
    });
    let schema = serde_json::from_str(include_str!("vendor/sarif-2.1.0.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("the vendored schema is a schema");
    let log = serde_json::from_str(&run.show("sarif", false)).expect("JSON");
    assert!(validator.is_valid(&log));
    assert!(run.show("text", false).starts_with("1 experiment in 4 files: clean, 1 suppressed"));
}

// Fixes.

/// The text with the first fix of every finding applied, last first.
fn fixed(run: &Run) -> String {
    let mut edits: Vec<&Edit> =
        run.outcome.findings.iter().filter_map(|f| f.fixes.first()).flat_map(|f| &f.edits).collect();
    edits.sort_by_key(|edit| std::cmp::Reverse((edit.span.start, edit.span.end)));
    let spec = run.workspace.specs.iter().find(|spec| spec.path == SPEC).expect("the spec");
    let mut text = run.workspace.sources.get(spec.file).text.to_string();
    for edit in edits {
        text.replace_range(edit.span.range(), &edit.replacement);
    }
    text
}

#[test]
fn fixes_leave_a_file_that_is_clean() {
    let good = "ignore[GOV006] until 2027-02-20: a court order asks for it";
    for body in [
        "ingore[GOV006] until 2027-02-20: a court order asks for it",
        "ignore[GOV006 until 2027-02-20: a court order asks for it",
        "ignore GOV006 until 2027-02-20: a court order asks for it",
        "ignore[GOV006] 2027-02-20: a court order asks for it",
        "ignore[GOV006] until 2027/2/20: a court order asks for it",
        "ignore[GOV006] until 2027-02-20 a court order asks for it",
        "ignore[governance] until 2027-02-20: a court order asks for it",
        "ignore[GOV066] until 2027-02-20: a court order asks for it",
        "ignore[GOV006, SYN018] until 2027-02-20: a court order asks for it",
    ] {
        let mut files = edited(RETENTION, &format!("{LONG} # expc: {body}"));
        let first = run_on(&files, Some(TODAY));
        // Some of these hide GOV006 already; where not, its own fix is no matter here.
        let comments: Vec<Diagnostic> =
            first.outcome.findings.iter().filter(|finding| finding.code == "OWN008").cloned().collect();
        assert_eq!(comments.len(), 1, "{body}");
        let only = Run { workspace: first.workspace, outcome: Outcome { findings: comments, ..Outcome::default() } };
        let text = fixed(&only);
        assert!(text.contains(&format!("{LONG} # expc: {good}\n")), "{body}:\n{text}");
        files.insert(SPEC.to_owned(), text);
        let run = run_on(&files, Some(TODAY));
        assert_eq!((run.codes(), run.hidden()), (vec![], vec!["GOV006"]), "{body}");
    }
    // Removed, the layout stays.
    let base = files()[SPEC].clone();
    for (from, to) in [
        (RETENTION, format!("{RETENTION}  # expc: ignore[GOV006]: a court order asks for it")),
        (RETENTION, format!("  # expc: ignore[GOV006]: a court order asks for it\n{RETENTION}")),
    ] {
        assert_eq!(fixed(&with(from, &to)), base);
    }
}

// Comments that are written.

#[test]
fn add_ignore_writes_once_and_leaves_a_clean_check() {
    let folder = Folder::base();
    let spec = folder
        .read(SPEC)
        .replace(RETENTION, LONG)
        .replace("mde = { relative = \"3%\" }", "mde = { relative = \"1%\" }");
    let spec = spec.replace("[exposure]", "[exposure]\nwhenever = 1").replace('\n', "\r\n");
    folder.write(SPEC, &spec);
    let before = folder.check(&[]);
    assert_eq!(before.code, 1);
    let answer = folder.check(&["--add-ignore", "--reason", "pilot, judged by hand", "--until", "2027-02-20"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let written = folder.read(SPEC);
    assert_eq!(written.replace("\r\n", "").matches('\n').count(), 0, "line ends stay");
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("added", format!("{}\n{}\n{}", answer.err, answer.out, written.replace("\r\n", "\n")));
    });
    let again = folder.check(&["--add-ignore", "--reason", "another reason"]);
    assert_eq!((again.code, folder.read(SPEC)), (0, written));
    assert_eq!(again.err, "no comment to write\n");
    // Taken out again, the text is as it was.
    let unwritten: String = folder
        .read(SPEC)
        .split_inclusive("\r\n")
        .filter(|line| !line.trim_start().starts_with("# expc:"))
        .map(|line| line.split("  # expc:").next().unwrap_or_default().trim_end().to_owned() + "\r\n")
        .collect();
    assert_eq!(unwritten, spec);
}

#[test]
fn add_ignore_can_be_shown_and_narrowed() {
    let folder = Folder::base();
    let spec = folder.read(SPEC).replace(RETENTION, LONG).replace("[exposure]", "[exposure]\nwhenever = 1");
    folder.write(SPEC, &spec);
    let shown = folder.check(&["--add-ignore", "--diff", "--reason", "pilot, judged by hand"]);
    assert_eq!(folder.read(SPEC), spec);
    assert!(
        shown.out.contains("+retention = \"900 days\"  # expc: ignore[GOV006]: pilot, judged by hand"),
        "{}",
        shown.out
    );
    let answer =
        folder.check(&["--add-ignore", "--code", "retention", "--reason", "pilot, judged by hand", "--format", "json"]);
    assert_eq!(answer.codes(), ["SYN001"]);
    let text = folder.read(SPEC);
    assert_eq!(text.matches("# expc:").count(), 1);
    assert!(text.contains("retention = \"900 days\"  # expc: ignore[GOV006]: pilot, judged by hand\n"));
    // What cannot be hidden is said, and stays.
    folder.write(SPEC, text + "[broken\n");
    let answer = folder.check(&["--add-ignore", "--reason", "pilot, judged by hand"]);
    assert_eq!(answer.code, 1);
    assert!(
        answer.err.contains("not ignored:") && answer.err.contains("SYN018: it cannot be ignored"),
        "{}",
        answer.err
    );
}

#[test]
fn add_ignore_is_refused_without_a_reason() {
    let folder = Folder::base();
    let spec = folder.read(SPEC).replace(RETENTION, LONG);
    folder.write(SPEC, &spec);
    for (arguments, words) in [
        (&["--add-ignore"][..], &["needs a reason", "--reason"][..]),
        (&["--add-ignore", "--reason", "TODO"], &["no reason", "two words"]),
        (&["--add-ignore", "--reason", "two\nlines of it"], &["one line"]),
        (&["--add-ignore", "--reason", "a pilot", "--until", "2026-01-01"], &["is over", "2026-11-22"]),
        (&["--add-ignore", "--reason", "a pilot", "--until", "soon"], &["soon"]),
        (&["--add-ignore", "--reason", "a pilot", "--code", "retentoin"], &["did you mean `retention`"]),
        (&["--add-ignore", "--reason", "a pilot", "--code", "SYN018"], &["SYN018 cannot be ignored"]),
        (&["--add-ignore", "--reason", "a pilot", "--fix"], &["both write"]),
        (&["--reason", "a pilot"], &["add `--add-ignore`"]),
    ] {
        let answer = folder.check(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{arguments:?}: {answer:?}");
        for word in words {
            assert!(answer.err.contains(word), "{arguments:?}: no `{word}` in {}", answer.err);
        }
    }
    assert_eq!(folder.read(SPEC), spec);
}

// Properties.

/// Faults to lay into the spec: each a replacement of its text.
const FAULTS: [(&str, &str); 12] = [
    (RETENTION, LONG),
    ("mde = { relative = \"3%\" }", "mde = { relative = \"1%\" }"),
    ("[exposure]", "[exposure]\nwhenever = 1"),
    ("  { name = \"small\", share = \"10%\"", "  { name = \"small\", wher = 1, share = \"1%\""),
    ("  { guardrails = \"fail\", then = \"stop\" },", "  { guardrails = \"fail\", then = \"stop\" , odd = 1 },"),
    ("weight = 1\npayload = { layout = \"form\" }", "weight = 3\npayload = { layout = \"form\" }"),
    ("title = \"One-tap checkout\"", "title = '''\nTODO\n'''"),
    ("because = \"41 %", "because = \"TODO 41 %"),
    ("decider = \"Priya Raman\"", "dcider = 1"),
    ("[risk]", "[rsk]"),
    ("metric = \"refund_rate\"\nmargin", "metric = \"refund_rat\"\nmargin"),
    ("by = 2027-02-15", "by = 2027-01-15"),
];

fn faulty(picked: &[bool], crlf: bool) -> BTreeMap<String, String> {
    let mut files = files();
    let mut spec = files[SPEC].clone();
    for ((from, to), _) in FAULTS.iter().zip(picked).filter(|(_, picked)| **picked) {
        assert!(spec.contains(from), "the base has no `{from}`");
        spec = spec.replacen(from, to, 1);
    }
    if crlf {
        spec = spec.replace('\n', "\r\n");
    }
    files.insert(SPEC.to_owned(), spec);
    files
}

/// A finding without its place.
fn told(finding: &Diagnostic) -> (String, String, Level) {
    (finding.code.to_string(), finding.headline.clone(), finding.level)
}

proptest! {
    #![proptest_config(cases(96))]

    /// A comment for one finding hides that one, and of others only equal codes in the same values.
    #[test]
    fn a_comment_for_a_finding_hides_it_and_changes_no_other(
        picked in proptest::collection::vec(any::<bool>(), FAULTS.len()), at in any::<prop::sample::Index>(), crlf: bool,
    ) {
        let mut files = faulty(&picked, crlf);
        let before = run_on(&files, Some(TODAY));
        prop_assume!(!before.outcome.findings.is_empty());
        let chosen = at.get(&before.outcome.findings).clone();
        let only = |finding: &Diagnostic| *finding == chosen;
        let additions = add_ignores(&before.workspace, &before.outcome, only, None, "pilot, judged by hand");
        prop_assert_eq!((additions.hidden, additions.comments, additions.left.len()), (1, 1, 0));
        for (path, change) in additions.changes {
            files.insert(path, change.after);
        }
        let after = run_on(&files, Some(TODAY));
        prop_assert!(after.outcome.suppressed.iter().any(|one| told(&one.finding) == told(&chosen)), "{}", files[SPEC]);
        prop_assert!(after.outcome.suppressed.iter().all(|one| one.finding.code == chosen.code));
        let shown = after.outcome.findings.iter();
        let mut all: Vec<_> = shown.chain(after.outcome.suppressed.iter().map(|one| &one.finding)).map(told).collect();
        let mut old: Vec<_> = before.outcome.findings.iter().map(told).collect();
        all.sort();
        old.sort();
        prop_assert_eq!(all, old);
    }

    /// Comments for everything leave nothing, and a second round writes nothing.
    #[test]
    fn comments_for_all_findings_leave_none(
        picked in proptest::collection::vec(any::<bool>(), FAULTS.len()), crlf: bool,
    ) {
        let mut files = faulty(&picked, crlf);
        let before = run_on(&files, Some(TODAY));
        let additions = add_ignores(&before.workspace, &before.outcome, |_| true, Some("2027-02-20"), "pilot, judged by hand");
        for (path, change) in additions.changes {
            files.insert(path, change.after);
        }
        let after = run_on(&files, Some(TODAY));
        prop_assert_eq!(after.codes(), Vec::<&str>::new(), "{}", files[SPEC]);
        prop_assert_eq!(after.outcome.suppressed.len(), before.outcome.findings.len());
    }

    /// Anywhere in any text: no panic, every place inside the text, and only told where it stands.
    #[test]
    fn comments_anywhere_never_panic(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..8usize), 1..6),
        picked in proptest::collection::vec(any::<bool>(), FAULTS.len()), crlf: bool,
    ) {
        let pieces = [
            C, "\n# expc: ignore[STA002, GOV006]: pilot, judged by hand\n", "# expc: ignore-file[*", "\"\"\"", "[",
            "\n# expc:\u{2028}ignore[é] until ü: ", "]\r\n\r\n", "# expc: ignore[a,,b]until 2027-01-01:x",
        ];
        let mut files = faulty(&picked, crlf);
        let spec = files.get_mut(SPEC).expect("the spec");
        for (at, piece) in cuts {
            let borders: Vec<usize> = spec.char_indices().map(|(at, _)| at).collect();
            spec.insert_str(*at.get(&borders), pieces[piece]);
        }
        for directive in directives(FileId(0), spec) {
            let inside = |span: Span| spec.get(span.range()).is_some();
            prop_assert!(inside(directive.comment) && inside(directive.removal) && inside(directive.reason.span));
            prop_assert!(directive.rules.iter().all(|rule| inside(rule.span)));
            prop_assert!(directive.slip.is_none_or(|slip| inside(slip.span)));
            if let Reach::Text(span) = directive.stands_for {
                prop_assert!(inside(span));
            }
        }
        let run = run_on(&files, Some(TODAY));
        prop_assert!(!run.outcome.crashed, "{}", run.show("concise", false));
        let additions = add_ignores(&run.workspace, &run.outcome, |_| true, None, "pilot, judged by hand");
        for change in additions.changes.values() {
            prop_assert!(change.before.len() < change.after.len());
        }
        run.show("text", true);
    }
}
