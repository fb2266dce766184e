//! Every rule's page is a test: each bad example fires exactly its code, each good one nothing.
//!
//! An example is laid over the clean workspace in `tests/rules/base`; `support/examples.rs` says how.

#[path = "support/base.rs"]
mod base;

#[path = "support/examples.rs"]
mod examples;

#[path = "support/fixed.rs"]
mod fixed;

use std::collections::BTreeMap;

use expc::check::fixes::{Request, converge};
use expc::check::{Options, check, check_without};
use expc::diag::Applicability;
use expc::rules::{self, Rule};
use expc::world::{Files, Memory};

/// The codes that a workspace made of the base and a fragment gives, each once, with the findings in text.
fn codes_of(example: &str) -> (Vec<String>, String) {
    let (workspace, options) = examples::opened(example);
    let outcome = check(&workspace, options);
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

/// Each finding comes from the check of its own rule: with that check off, nothing is found. POL003 is told where the
/// organisation's rules are run, because only there it is known that one fails.
#[test]
fn without_its_check_a_bad_example_is_silent() {
    let mut wrong = String::new();
    for rule in rules::all().filter(|rule| rule.code != "POL003") {
        for example in rule.examples("bad") {
            let (workspace, options) = examples::opened(&example);
            let found = check_without(rule, &workspace, options);
            for finding in found.findings {
                wrong += &format!("--- {} off, still {}: {}\n", rule.code, finding.code, finding.headline);
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

/// A bad example as the fixes of its rule leave it.
struct Mended {
    /// What the first finding offered.
    offered: Vec<Applicability>,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    /// Fixes that could not be applied.
    left: String,
    codes: Vec<String>,
    text: String,
}

/// Applies every fix of a rule to an example; nothing when none is offered.
fn mended(rule: &Rule, example: &str) -> Option<Mended> {
    let (files, today) = examples::workspace_of(example);
    let today = today.parse().ok();
    let before: BTreeMap<String, String> =
        files.iter().filter_map(|(path, bytes)| Some((path.clone(), String::from_utf8(bytes.clone()).ok()?))).collect();
    let memory = files.into_iter().fold(Memory::default(), |memory, (path, bytes)| memory.with(path, bytes));
    let offered = std::cell::RefCell::new(None);
    let judge = |files: &dyn Files| {
        let workspace = examples::open(files);
        let mut outcome = check(&workspace, Options { today, ..Options::default() });
        let fixes = outcome.findings.iter().filter(|finding| finding.code == rule.code).flat_map(|found| &found.fixes);
        offered.borrow_mut().get_or_insert(fixes.map(|fix| fix.applicability).collect::<Vec<_>>());
        for finding in outcome.findings.iter_mut().filter(|finding| finding.code != rule.code) {
            finding.fixes.clear();
        }
        (workspace, outcome)
    };
    let request = Request { applicability: Applicability::Suggested, covers: &|_| true };
    let fixed = converge(&memory, &judge, &request);
    let offered = offered.into_inner().unwrap_or_default();
    if offered.is_empty() {
        return None;
    }
    let mut after = before.clone();
    after.extend(fixed.changes.into_iter().map(|(path, change)| (path, change.after)));
    let left = fixed.left.iter().map(|left| format!("{}: {}\n", left.title, left.why)).collect();
    let mut codes: Vec<String> = fixed.outcome.findings.iter().map(|finding| finding.code.to_string()).collect();
    codes.sort();
    codes.dedup();
    let text =
        fixed.outcome.findings.iter().map(|finding| format!("{} {}\n", finding.code, finding.headline)).collect();
    Some(Mended { offered, before, after, left, codes, text })
}

#[test]
fn fixes_leave_what_their_rule_accepts_and_the_pages_show_it() {
    let mut wrong = String::new();
    for rule in rules::all() {
        let mut offered: Vec<Applicability> = Vec::new();
        let mut blocks = rule.blocks().into_iter().filter(|(sort, _)| *sort != "good").peekable();
        let mut shown = 0;
        while let Some((sort, bad)) = blocks.next() {
            let mut fault = |text: String| wrong += &format!("--- {}: {text}\nexample:\n{bad}\n", rule.code);
            if sort != "bad" {
                fault("a fixed block follows a bad one".to_owned());
                continue;
            }
            let block = blocks.next_if(|(sort, _)| *sort == "fixed").map(|(_, text)| text);
            shown += usize::from(block.is_some());
            let Some(mended) = mended(rule, &bad) else {
                if block.is_some() {
                    fault("a fixed block, but no finding offers a fix".to_owned());
                }
                continue;
            };
            offered.extend(&mended.offered);
            if !mended.left.is_empty() {
                fault(format!("a fix could not be applied\n{}", mended.left));
            }
            let block = block.unwrap_or_default();
            let leaves: Vec<&str> = block.lines().filter_map(|line| line.trim().strip_prefix("#: leaves ")).collect();
            let leaves: Vec<&str> =
                leaves.iter().map(|line| line.split_once(' ').map_or(*line, |(code, _)| code)).collect();
            if mended.codes != leaves {
                fault(format!("fixed, it gives\n{}and the page says {leaves:?}", mended.text));
            }
            if !block.is_empty() {
                let expected = examples::laid_over(mended.before.clone(), &block, &mut String::new());
                for (path, after) in &mended.after {
                    let expected = String::from_utf8_lossy(&expected[path]);
                    let before = mended.before.get(path).map_or("", |text| text.as_str());
                    let read = |text: &str| text.parse::<toml::Table>().ok();
                    // Where the layout alone changes, every character counts.
                    let same = match (read(before), read(after), read(&expected)) {
                        (Some(before), Some(after), Some(expected)) if before != after => after == expected,
                        // A comment is no value to lay over another: the lines of the page stand in the file.
                        (Some(_), Some(_), Some(_)) if block.contains("# expc:") => {
                            before == after
                                || block.lines().filter(|line| !line.starts_with("#:")).all(|line| after.contains(line))
                        }
                        _ => *after == *expected,
                    };
                    if !same {
                        let block = fixed::changed(&mended.before, &mended.after);
                        fault(format!("the fixed block is not what the fix does to {path}; that is\n{block}"));
                    }
                }
            } else if shown == 0 && rule.fix.is_some() {
                let block = fixed::changed(&mended.before, &mended.after);
                fault(format!("the page shows no fixed block; it would be\n{block}"));
                shown += 1;
            }
        }
        let most = offered.iter().copied().min_by_key(|sort| *sort == Applicability::Suggested);
        if rule.fix != most {
            wrong += &format!("--- {} declares {:?}, its examples offer {most:?}\n", rule.code, rule.fix);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
