//! The committed rule reference is what the rules say; `EXPC_BLESS=1` writes it.

use std::path::Path;

use expc::cli::reference::markdown;
use expc::rules::{self, Rule};

#[test]
fn the_committed_reference_is_current() {
    let listed: Vec<&Rule> = rules::all().collect();
    let wanted = markdown(&listed);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("EXPC_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("it lies in docs/")).expect("docs/ is writable");
        std::fs::write(&path, &wanted).expect("docs/rules.md is writable");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == wanted, "docs/rules.md is stale; run `EXPC_BLESS=1 cargo test --test reference`");
}

/// Every link of a table meets the heading it names, by the code host's way of making anchors.
#[test]
fn every_link_meets_its_heading() {
    let listed: Vec<&Rule> = rules::all().collect();
    let text = markdown(&listed);
    let anchors: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    let mut links = 0;
    for (_, rest) in text.match_indices("](#").map(|(at, _)| text[at..].split_at(3)) {
        let link = rest.split(')').next().expect("a link ends");
        assert!(anchors.iter().any(|anchor| anchor == link), "no heading for #{link}");
        links += 1;
    }
    assert_eq!(links, listed.len());
}
