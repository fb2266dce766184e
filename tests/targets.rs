//! `expc targets` says what the capability tables say; `EXPC_BLESS=1` writes docs/targets.md.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
#[allow(dead_code, reason = "shared with tests that check")]
mod workspace;

use std::path::Path;

use expc::cli::targets::page;
use expc::emit::flags::TARGETS;
use serde_json::Value as Json;

use workspace::Folder;

fn told(arguments: &[&str]) -> (i32, String, String) {
    let answer = Folder::new().run(&[&["targets"], arguments].concat());
    (answer.code, answer.out, answer.err)
}

#[test]
fn the_committed_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/targets.md");
    if std::env::var_os("EXPC_BLESS").is_some() {
        std::fs::write(&path, page()).expect("docs/targets.md is writable");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page(), "docs/targets.md is stale; run `EXPC_BLESS=1 cargo test --test targets`");
    assert_eq!(told(&["--format", "markdown"]).1, page());
}

#[test]
fn every_line_fits_a_terminal_and_no_field_is_empty() {
    let (code, table, _) = told(&[]);
    assert_eq!(code, 0);
    for target in TARGETS {
        assert!(table.lines().any(|line| line.starts_with(&format!("{} ", target.name()))), "{}", target.name());
        let (code, full, _) = told(&[target.name()]);
        assert_eq!(code, 0);
        for line in full.lines().chain(table.lines()) {
            assert!(line.chars().count() <= 100, "{line}");
            let label: String = line.chars().take(14).collect();
            assert!(label.trim().is_empty() || label.chars().count() < 14 || 14 < line.chars().count(), "{line}");
        }
        let able = target.capabilities();
        assert!(!able.hash.is_empty() && !able.title.is_empty(), "{}", target.name());
        for limit in able.limits {
            assert!(limit.ends_with('.') && !limit.contains('\n'), "{}: {limit}", target.name());
        }
    }
}

#[test]
fn programs_read_every_capability() {
    let (_, out, _) = told(&["--format", "json"]);
    let report: Json = serde_json::from_str(&out).expect("JSON");
    let all = report["targets"].as_array().expect("targets");
    assert_eq!(all.len(), TARGETS.len());
    for (one, target) in all.iter().zip(TARGETS) {
        let able = target.capabilities();
        assert_eq!(one["name"], able.name);
        assert_eq!(one["layers"], able.layers);
        assert_eq!(one["operators"].as_array().map(Vec::len), Some(able.comparisons.len()));
        assert!(0.0 < one["share_step"].as_f64().expect("a step"));
    }
    let (_, out, _) = told(&["flagd", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Json>(&out).expect("JSON")["targets"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_unknown_has_a_way_out() {
    assert_eq!(told(&["flagdd"]).2, "error: unknown target `flagdd`\nhelp: did you mean `flagd`?\n");
    let (code, _, err) = told(&["--format", "csv"]);
    assert_eq!((code, err.as_str()), (2, "error: unknown format `csv`\nhelp: one of text, json, markdown\n"));
}
