//! Good specs of many designs: `tests/good` is a workspace of them, and no finding of theirs is an error.
//!
//! Every warning and info is listed here with the reason why we stand by it; the rest of the findings would be a fault
//! of a rule.

#[path = "support/corpus.rs"]
mod corpus;

use corpus::Corpus;
use expc::diag::Level;
use expc::plan::Sizing;

/// What is rightly said of good specs: the spec, the rule, how often, and why.
const STOOD_BY: &[(&str, &str, usize, &str)] = &[
    ("shop-first-sketch", "HYP010", 1, "the next person would like to know where the number comes from"),
    ("shop-first-sketch", "OWN005", 1, "a sketch has at least a ticket; without one nobody finds its discussion"),
    ("shop-first-sketch", "AUD005", 1, "without a volume no size can be shown while the idea is still cheap to change"),
    ("shop-first-sketch", "AUD006", 2, "two attributes that the policy keeps out; naming a base audience settles both"),
    ("shop-first-sketch", "AUD013", 1, "what counts as exposed decides what has to be logged, so it is said early"),
    ("shop-first-sketch", "DEC001", 1, "nothing says yet what a result would lead to"),
    ("shop-first-sketch", "GOV006", 1, "how long data is kept has no default that would be right everywhere"),
    ("shop-first-sketch", "GOV009", 1, "the questions on risk decide who must review, which takes days"),
    ("shop-first-sketch", "GRD002", 1, "the policy asks for this guardrail, and a draft may still add it"),
    ("shop-first-sketch", "HYP002", 1, "the sketch names a change and no metric that should move"),
    ("shop-first-sketch", "ROL009", 1, "a switch has to be built, so a draft is told"),
    ("shop-first-sketch", "ROL010", 1, "so has a rollback"),
    ("shop-first-sketch", "STA001", 1, "the smallest effect worth shipping is the author's to say"),
    ("shop-first-sketch", "STA030", 1, "exclusions are chosen before the data or not at all"),
    ("shop-first-sketch", "STA031", 1, "an info: most metrics count a missing event as zero, and should say so"),
    ("shop-first-sketch", "SYN008", 2, "the unit and the start are what the rest is computed from"),
];

#[test]
fn no_finding_of_a_good_spec_is_an_error() {
    let corpus = Corpus::open("good");
    let errors: Vec<_> = corpus.outcome.findings.iter().filter(|finding| finding.level == Level::Error).collect();
    assert!(errors.is_empty(), "{}", corpus.print(errors, "text"));
}

#[test]
fn every_warning_is_one_we_stand_by() {
    let corpus = Corpus::open("good");
    let mut found: Vec<(String, String, usize)> = Vec::new();
    for finding in &corpus.outcome.findings {
        let path = corpus.path(finding);
        let name = path.strip_prefix("experiments/").and_then(|path| path.strip_suffix(".toml")).unwrap_or(path);
        match found.iter_mut().find(|(of, code, _)| of == name && *code == finding.code) {
            Some((_, _, times)) => *times += 1,
            None => found.push((name.to_owned(), finding.code.to_string(), 1)),
        }
    }
    let mut stood: Vec<_> =
        STOOD_BY.iter().map(|(name, code, times, _)| ((*name).to_owned(), (*code).to_owned(), *times)).collect();
    found.sort();
    stood.sort();
    assert_eq!(found, stood, "{}", corpus.print(&corpus.outcome.findings, "concise"));
}

#[test]
fn the_specs_are_many_and_every_committed_one_is_sized() {
    let corpus = Corpus::open("good");
    assert!(45 <= corpus.workspace.specs.len(), "{} specs", corpus.workspace.specs.len());
    for spec in &corpus.workspace.specs {
        let plan = corpus.workspace.compile(spec).plan;
        if !plan.status.value.is_committed() {
            continue;
        }
        let sizings: Vec<&Sizing> = plan.sizes.iter().filter_map(|sized| sized.result.as_ref().ok()).collect();
        // A rule that lacks a size says nothing: a corpus without sizes would prove little.
        assert!(!sizings.is_empty() && sizings.len() == plan.sizes.len(), "{}: {:?}", plan.id, plan.sizes);
        assert!(sizings.iter().all(|sizing| sizing.power_goal <= sizing.power + 1e-9), "{} lacks power", plan.id);
    }
}
