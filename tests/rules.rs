//! Every rule's page is a test: each bad example fires exactly its code, each good one nothing.
//!
//! An example is laid over the clean workspace in `tests/rules/base`; `support/examples.rs` says how.

#[path = "support/base.rs"]
mod base;

#[path = "support/examples.rs"]
mod examples;

use expc::check::{Options, check};
use expc::portfolio::Workspace;
use expc::rules;
use expc::world::Memory;

/// The codes that a workspace made of the base and a fragment gives, each once, with the findings in text.
fn codes_of(example: &str) -> (Vec<String>, String) {
    let (files, today) = examples::workspace_of(example);
    let memory = files.into_iter().fold(Memory::default(), |memory, (path, bytes)| memory.with(path, bytes));
    let workspace = Workspace::open(&memory).with_targets(expc::emit::flags::capabilities());
    let outcome = check(&workspace, Options { today: today.parse().ok(), ..Options::default() });
    let mut codes: Vec<String> = outcome.findings.iter().map(|finding| finding.code.to_string()).collect();
    codes.sort();
    codes.dedup();
    let mut text = String::new();
    for finding in &outcome.findings {
        let at = workspace.sources.start(finding.primary.span);
        let path = workspace.sources.path(finding.primary.span);
        text += &format!("{path}:{}:{} {} {}\n", at.line, at.column, finding.code, finding.headline);
    }
    for skipped in &outcome.skipped {
        text += &format!("skipped {} in {}: {}\n", skipped.code, skipped.experiment, skipped.lacks);
    }
    (codes, text)
}

#[test]
fn the_base_is_clean() {
    let (codes, text) = codes_of("");
    assert!(codes.is_empty(), "{text}");
}

#[test]
fn a_twin_is_clean() {
    let (codes, text) = codes_of("#: twin checkout-form");
    assert!(codes.is_empty(), "{text}");
}

#[test]
fn bad_examples_fire_exactly_their_code() {
    let mut wrong = String::new();
    for rule in rules::all() {
        let examples = rule.examples("bad");
        if examples.is_empty() {
            wrong += &format!("{} has no bad example\n", rule.code);
        }
        for example in examples {
            let (codes, text) = codes_of(&example);
            if codes != [rule.code] {
                wrong += &format!("--- {} expected alone, found:\n{text}example:\n{example}\n", rule.code);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn good_examples_are_silent() {
    let mut wrong = String::new();
    for rule in rules::all() {
        let examples = rule.examples("good");
        if examples.is_empty() {
            wrong += &format!("{} has no good example\n", rule.code);
        }
        for example in examples {
            let (codes, text) = codes_of(&example);
            if !codes.is_empty() {
                wrong += &format!("--- {}'s good example gives:\n{text}example:\n{example}\n", rule.code);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn pages_are_complete_and_codes_unique() {
    let mut seen = std::collections::BTreeSet::new();
    for rule in rules::all() {
        assert!(seen.insert(rule.code), "{} is used twice", rule.code);
        assert!(seen.insert(rule.name), "{} is used twice", rule.name);
        assert!(!rule.summary().is_empty() && !rule.why().is_empty(), "{} lacks its page", rule.code);
        assert_ne!(rule.group(), "internal", "{} belongs to no group", rule.code);
        assert!(rule.summary().ends_with('.'), "{}: a sentence ends with a full stop", rule.code);
    }
}
