//! Mistakes that were seen in public, each in a spec of our own: `tests/realworld` is a workspace of them.
//!
//! The comment at the head of each spec names the incident or the source, states the fact, and lists what is found.
//! `expc check tests/realworld --today 2026-11-22` shows it.

#[path = "support/corpus.rs"]
mod corpus;

use std::collections::BTreeSet;

use corpus::Corpus;

#[test]
fn every_mistake_is_found_and_nothing_else() {
    let corpus = Corpus::open("realworld");
    let mut wrong = String::new();
    for (path, found) in corpus.found() {
        let mut expected = corpus.expected.get(&path).cloned().unwrap_or_default();
        let mut sorted = found;
        expected.sort();
        sorted.sort();
        if expected != sorted {
            wrong += &format!("{path}\n  expected {expected:?}\n  found    {sorted:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_mistakes_are_many_and_of_many_kinds() {
    let corpus = Corpus::open("realworld");
    let faulty = corpus.expected.values().filter(|expected| !expected.is_empty()).count();
    let codes: BTreeSet<&str> = corpus.expected.values().flatten().filter_map(|said| said.split(' ').next()).collect();
    let groups: BTreeSet<&str> = codes.iter().map(|code| &code[..3]).collect();
    assert!(80 <= faulty && 75 <= codes.len() && 13 <= groups.len(), "{faulty} files, {codes:?}");
    for (_, source) in corpus.workspace.sources.iter() {
        let comment = source.text.lines().take_while(|line| line.starts_with('#')).count();
        let is_faulty = corpus.expected.get(&source.path).is_some_and(|expected| !expected.is_empty());
        assert!(!is_faulty || 3 <= comment, "{} does not say where its mistake was seen", source.path);
    }
}

#[test]
fn what_is_said_of_each_mistake() {
    let corpus = Corpus::open("realworld");
    insta::assert_snapshot!("concise", corpus.print(&corpus.outcome.findings, "concise"));
    let mut frames = String::new();
    for (path, expected) in &corpus.expected {
        let Some(code) = expected.first().and_then(|said| said.split(' ').next()) else { continue };
        let main = corpus.outcome.findings.iter().find(|found| found.code == code && corpus.path(found) == path);
        let main = main.unwrap_or_else(|| panic!("{code} is not found in {path}"));
        frames += &format!("{}\n", corpus.print([main], "text"));
    }
    insta::assert_snapshot!("frames", frames);
}
