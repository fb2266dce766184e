//! Mistakes that were seen in public, each in a spec of our own: `tests/realworld` is a workspace of them.
//!
//! The comment at the head of each spec names the incident or the source, states the fact, and lists what is found, the
//! main finding first: `# expect: MET018 error, ROL015 error`. A file without that line is clean.
//! `expc check tests/realworld --today 2026-11-22` shows it.

#[path = "support/corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};

use corpus::Corpus;

/// What each file says of itself, by path.
fn expected(corpus: &Corpus) -> BTreeMap<String, Vec<String>> {
    corpus.workspace.sources.iter().map(|(_, source)| (source.path.clone(), expectations(&source.text))).collect()
}

/// What stands behind `# expect:` in the comment at the head of a file.
fn expectations(text: &str) -> Vec<String> {
    let head = text.lines().take_while(|line| line.starts_with('#'));
    let line = head.filter_map(|line| line.strip_prefix("# expect:")).next();
    line.into_iter()
        .flat_map(|line| line.split(','))
        .map(|part| part.trim().to_owned())
        .filter(|p| !p.is_empty())
        .collect()
}

/// `MET018 error` for every finding, by path.
fn found(corpus: &Corpus) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in &corpus.outcome.findings {
        let said = format!("{} {}", finding.code, finding.level.name());
        found.entry(corpus.path(finding).to_owned()).or_default().push(said);
    }
    found
}

#[test]
fn every_mistake_is_found_and_nothing_else() {
    let corpus = Corpus::open("realworld");
    let mut wrong = String::new();
    let mut found = found(&corpus);
    for (path, mut expected) in expected(&corpus) {
        let mut found = found.remove(&path).unwrap_or_default();
        expected.sort();
        found.sort();
        if expected != found {
            wrong += &format!("{path}\n  expected {expected:?}\n  found    {found:?}\n");
        }
    }
    assert!(found.is_empty(), "in no file of the workspace: {found:?}");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_mistakes_are_many_and_of_many_kinds() {
    let corpus = Corpus::open("realworld");
    let expected = expected(&corpus);
    let faulty = expected.values().filter(|expected| !expected.is_empty()).count();
    let codes: BTreeSet<&str> = expected.values().flatten().filter_map(|said| said.split(' ').next()).collect();
    let groups: BTreeSet<&str> = codes.iter().map(|code| &code[..3]).collect();
    assert!(80 <= faulty && 75 <= codes.len() && 13 <= groups.len(), "{faulty} files, {codes:?}");
    for (_, source) in corpus.workspace.sources.iter() {
        let comment = source.text.lines().take_while(|line| line.starts_with('#')).count();
        let is_faulty = expected.get(&source.path).is_some_and(|expected| !expected.is_empty());
        assert!(!is_faulty || 3 <= comment, "{} does not say where its mistake was seen", source.path);
    }
}

#[test]
fn what_is_said_of_each_mistake() {
    let corpus = Corpus::open("realworld");
    let expected = expected(&corpus);
    insta::assert_snapshot!("concise", corpus.print(&corpus.outcome.findings, "concise"));
    let mut frames = String::new();
    for (path, expected) in &expected {
        let Some(code) = expected.first().and_then(|said| said.split(' ').next()) else { continue };
        let main = corpus.outcome.findings.iter().find(|found| found.code == code && corpus.path(found) == path);
        let main = main.unwrap_or_else(|| panic!("{code} is not found in {path}"));
        frames += &format!("{}\n", corpus.print([main], "text"));
    }
    insta::assert_snapshot!("frames", frames);
}
