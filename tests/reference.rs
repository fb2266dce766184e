//! The rule reference, as Markdown.

use expc::cli::reference::markdown;
use expc::rules::{self, Rule};

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
