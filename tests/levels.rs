//! Levels: who sets them, for which files, and from which day.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

use base::{SPEC, TODAY};
use expc::check::{Options, check};
use expc::diag::{Context, Level};
use expc::portfolio::Workspace;
use expc::world::Memory;
use workspace::Folder;

/// The base with an unknown key, which is SYN001, and these lines at the end of `expc.toml`.
fn with(policy: &str) -> Folder {
    let folder = Folder::base();
    folder.write(
        "expc.toml",
        folder.read("expc.toml").replace("[rules]\n", "").replace("unused-definition = \"allow\"", "") + policy,
    );
    folder.write(SPEC, folder.read(SPEC).replace("[exposure]", "[exposure]\nwhenever = 1"));
    folder
}

const WAITS: &str =
    "[rules]\nunused-definition = \"allow\"\nSYN001 = { level = \"future-error\", from = 2026-12-01 }\n";

#[test]
fn a_future_error_is_a_warning_until_its_day() {
    let folder = with(WAITS);
    let on = |day: &str| folder.run(&["check", "--format", "concise", "--today", day]);
    let before = on("2026-11-30");
    assert_eq!(before.code, 0, "{before:?}");
    assert!(
        before.out.contains("warning[SYN001]") && before.out.contains("(an error from 2026-12-01)"),
        "{}",
        before.out
    );
    let after = on("2026-12-01");
    assert_eq!(after.code, 1);
    assert!(after.out.contains("error[SYN001]") && !after.out.contains("an error from"), "{}", after.out);
}

#[test]
fn every_format_names_the_day() {
    let folder = with(WAITS);
    for format in ["text", "concise", "json", "sarif", "github", "gitlab", "junit"] {
        let out = folder.check(&["--format", format]).out;
        assert!(out.contains("2026-12-01"), "{format}: {out}");
    }
    let json: serde_json::Value = serde_json::from_str(&folder.check(&["--format", "json"]).out).expect("JSON");
    let finding =
        json["findings"].as_array().and_then(|found| found.iter().find(|finding| finding["code"] == "SYN001"));
    assert_eq!(
        finding.map(|finding| (&finding["error_from"], &finding["level"])),
        Some((&"2026-12-01".into(), &"warning".into()))
    );
    let text = folder.check(&[]).out;
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("future_error", text) });
}

#[test]
fn without_a_date_it_is_a_warning_and_says_what_it_lacks() {
    let mut files = base::files();
    files.insert("expc.toml".to_owned(), files["expc.toml"].replace("[rules]\nunused-definition = \"allow\"\n", WAITS));
    files.insert(SPEC.to_owned(), files[SPEC].replace("[exposure]", "[exposure]\nwhenever = 1"));
    let memory = files.into_iter().fold(Memory::default(), |memory, (path, text)| memory.with(path, text));
    let workspace = Workspace::open(&memory).with_targets(expc::emit::flags::capabilities());
    let outcome = check(&workspace, Options::default());
    let found = outcome.findings.iter().find(|finding| finding.code == "SYN001").expect("the finding");
    assert_eq!(found.level, Level::Warn);
    let told = outcome.skipped.iter().any(|skipped| skipped.code == "SYN001" && skipped.context == Context::Clock);
    assert!(told, "{:?}", outcome.skipped);
}

#[test]
fn what_is_no_level_says_how_to_write_one() {
    for (written, wanted) in [
        ("\"future-error\"", "needs its day"),
        ("{ level = \"future-error\" }", "needs its day"),
        ("{ level = \"warn\", from = 2026-12-01 }", "only \"future-error\" has a day"),
        ("{ from = 2026-12-01 }", "needs `level = \"future-error\"`"),
        ("{ level = \"future-error\", from = 2027-13-01 }", "2027-13-01"),
        ("{ level = \"future-error\", form = 2026-12-01 }", "no key `form`"),
        ("\"wrn\"", "did you mean \"warn\"?"),
        ("7", "a level"),
    ] {
        let folder = with(&format!("[rules]\nunused-definition = \"allow\"\nSYN001 = {written}\n"));
        let answer = folder.check(&[]);
        assert!(answer.code == 1 && answer.out.contains(wanted), "{written}: {}", answer.out);
    }
}

/// Overrides by path, the later of two that match wins, thresholds too.
#[test]
fn overrides_hold_for_their_paths_and_the_later_wins() {
    let rules = "[rules]\nunused-definition = \"allow\"\nSYN001 = \"info\"\n\
        [[overrides]]\npaths = [\"experiments/**\"]\nrules = { SYN001 = \"error\" }\npolicy = { max_alpha = 0.01 }\n\
        [[overrides]]\npaths = [\"experiments/checkout-*\", \"catalog/\"]\nrules = { syntax = \"warn\" }\npolicy = { max_alpha = 0.001 }\n";
    let folder = with(rules);
    folder.write("catalog/more.toml", "schema = 1\nnope = 1\n");
    folder.write("templates/more.toml", "schema = 1\nnope = 1\n");
    folder.write("experiments/other.toml", "schema = 1\nnope = 1\n");
    let out = folder.check(&["--format", "concise"]).out;
    let level = |path: &str| {
        let line = out.lines().find(|line| line.starts_with(path) && line.contains("[SYN001]"));
        line.and_then(|line| line.split(": ").nth(1)).unwrap_or_else(|| panic!("{path}: {out}")).to_owned()
    };
    assert!(level(SPEC).starts_with("warning["), "{out}");
    assert!(level("catalog/more.toml").starts_with("warning["), "{out}");
    assert!(level("experiments/other.toml").starts_with("error["), "{out}");
    assert!(level("templates/more.toml").starts_with("info["), "{out}");
    let workspace = Workspace::open(&expc::world::Disk::new(folder.path()));
    let alpha = |path: &str| workspace.in_force.policy(path).max_alpha.value.to_string();
    let alphas = [SPEC, "experiments/other.toml", "templates/x.toml"].map(alpha);
    assert_eq!(alphas, ["0.001", "0.01", "0.05"]);
}

#[test]
fn the_line_that_sets_a_level_is_named() {
    let folder = with(
        "[rules]\nunused-definition = \"allow\"\nSYN001 = { level = \"future-error\", from = 2026-12-01 }\nhypothesis = \"info\"\n\
        [[overrides]]\npaths = [\"experiments/**\"]\nrules = { unknown-key = \"info\" }\n",
    );
    folder.write("notes.md", "x");
    let ask = |code: &str, path: &str| {
        let answer = folder.run(&["rules", "--explain-level", code, path, "--today", TODAY]);
        format!("$ expc rules --explain-level {code} {path}\n{}{}\n", answer.out, answer.err)
    };
    let mut text = String::new();
    for (code, path) in [
        ("SYN001", SPEC),
        ("SYN001", "catalog/base.toml"),
        ("HYP001", "checkout-one-tap"),
        ("STA002", SPEC),
        ("undrpowered", SPEC),
        ("STA002", "notes.md"),
        ("STA002", "experiments"),
        ("STA002", "chekout-one-tap"),
    ] {
        text += &ask(code, path);
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("explain_level", text) });
    assert_eq!(folder.run(&["rules", "--explain-level", "STA002", "/"]).code, 2);
    let answer = folder.run(&["rules", "--explain-level", "SYN001", SPEC, "--today", TODAY, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!(
        (&json["level"], &json["steps"][2]["from"], &json["steps"][2]["file"]),
        (&"info".into(), &"override".into(), &"expc.toml".into())
    );
}
