//! What every rule says, as people and programs get it: the line in a log, the frame in a terminal, the JSON.
//!
//! Each rule's first bad example is laid over the clean workspace and printed. The snapshots hold one group a file:
//! `rule_output__text_<group>.snap` for lines and frames, `rule_output__json_<group>.snap` for programs. They are read
//! before they are accepted; what every message owes is asserted here over all bad examples.

#[path = "support/base.rs"]
mod base;

#[path = "support/examples.rs"]
mod examples;

use expc::check::{Options, Outcome, check};
use expc::diag::{Diagnostic, Level};
use expc::portfolio::Workspace;
use expc::report::{Look, Report, Summary, format};
use expc::rules::{self, GROUPS, Rule};
use sha2::{Digest, Sha256};

/// A workspace and what was found in it.
struct Checked {
    workspace: Workspace,
    outcome: Outcome,
}

impl Checked {
    fn of(workspace: Workspace, options: Options) -> Self {
        let outcome = check(&workspace, options);
        Self { workspace, outcome }
    }

    fn example(example: &str) -> Self {
        let (workspace, options) = examples::opened(example);
        Self::of(workspace, options)
    }

    /// One finding in one format.
    fn print(&self, finding: &Diagnostic, name: &str) -> String {
        let report = Report {
            sources: &self.workspace.sources,
            findings: std::slice::from_ref(finding),
            suppressed: &[],
            skipped: &[],
            rules: &[],
            summary: Summary::default(),
        };
        // An info takes one line unless more is asked for.
        let look = Look { verbose: finding.level < Level::Warn, ..Look::default() };
        let mut out = Vec::new();
        let format = format(name).unwrap_or_else(|| panic!("no format `{name}`"));
        format.write(&report, &look, &mut out).expect("writing to memory cannot fail");
        String::from_utf8(out).expect("formats write UTF-8")
    }

    /// The finding of a rule that stands first.
    fn first(&self, rule: &Rule) -> &Diagnostic {
        let mut found = self.outcome.findings.iter().filter(|finding| finding.code == rule.code);
        found.next().unwrap_or_else(|| panic!("{} is silent on its own example", rule.code))
    }
}

/// Every bad example of every rule.
fn bad_examples() -> impl Iterator<Item = (&'static Rule, String)> {
    rules::all().flat_map(|rule| rule.examples("bad").into_iter().map(move |example| (rule, example)))
}

/// A JSON object with one key a line, so that a change of one key is a change of one line.
fn by_key(value: &serde_json::Value) -> String {
    let object = value.as_object().expect("a finding is an object");
    object.iter().map(|(key, value)| format!("  {key}: {value}\n")).collect()
}

/// The text without the verdict that closes a report.
fn without_verdict(text: &str) -> &str {
    text.trim_end().rsplit_once('\n').map_or("", |(body, _)| body)
}

#[test]
fn every_rule_as_line_frame_and_json() {
    for (prefix, group) in GROUPS {
        let (mut text, mut json) = (String::new(), String::new());
        for rule in rules::all().filter(|rule| rule.code.starts_with(prefix)) {
            let example = rule.examples("bad").into_iter().next().expect("every rule has a bad example");
            let checked = Checked::example(&example);
            let finding = checked.first(rule);
            text += &format!("{}\n\n", without_verdict(&checked.print(finding, "concise")));
            text += &format!("{}\n", without_verdict(&checked.print(finding, "text")));
            let whole: serde_json::Value =
                serde_json::from_str(&checked.print(finding, "json")).expect("the format writes JSON");
            json += &format!("{} {}\n{}\n", rule.code, rule.name, by_key(&whole["findings"][0]));
        }
        insta::assert_snapshot!(format!("text_{group}"), text);
        insta::assert_snapshot!(format!("json_{group}"), json);
    }
}

/// What is wrong with how a finding is told.
fn faults(checked: &Checked, finding: &Diagnostic) -> Vec<&'static str> {
    let headline = &finding.headline;
    let mut faults = Vec::new();
    let mut fault = |is: bool, what| {
        if is {
            faults.push(what);
        }
    };
    fault(80 <= headline.chars().count(), "the headline has 80 characters or more");
    fault(headline.ends_with(['.', '!', ':', ';', ',']), "the headline ends with a mark");
    fault(headline.trim() != headline || headline.contains("  ") || headline.contains('\n'), "spaces in the headline");
    fault(finding.help.is_empty() && finding.fixes.is_empty(), "no way out");
    fault(3 < finding.help.len(), "more than three ways out");
    fault(finding.help.iter().any(|help| help.ends_with('.')), "a way out ends with a full stop");
    fault(finding.help.iter().any(|help| help.starts_with(char::is_uppercase)), "a way out starts with a capital");
    fault(!finding.secondary.is_empty() && finding.primary.text.is_empty(), "several labels, and the first is empty");
    fault(finding.secondary.iter().any(|label| label.text.is_empty()), "several labels, and one is empty");
    fault(finding.primary.text == *headline, "the label repeats the headline");
    fault(
        finding.secondary.iter().any(|label| label.text == finding.primary.text && label.span == finding.primary.span),
        "one label twice",
    );
    fault(
        finding.fixes.iter().any(|fix| fix.edits.is_empty() || fix.title.trim().is_empty()),
        "a fix without edits or title",
    );
    let texts = std::iter::once(&finding.primary).chain(&finding.secondary).map(|label| label.text.as_str());
    let texts = texts.chain(finding.help.iter().map(String::as_str)).chain([headline.as_str()]);
    let texts: Vec<&str> = texts.collect();
    let odd = ["NaN", "inf ", "{}", "please", "simply", "obviously", "must be valid", " 1 days", " 1 units"];
    fault(texts.iter().any(|text| odd.iter().any(|word| text.contains(word))), "an odd word");
    fault(texts.iter().any(|text| text.matches('`').count() % 2 == 1), "a backtick without its other");
    // The place: inside its text, a value or a name rather than a table.
    let span = finding.primary.span;
    let source = checked.workspace.sources.get(span.file);
    fault(source.text.get(span.start as usize..span.end as usize).is_none(), "a place outside of the text");
    let lines = checked.workspace.sources.slice(span).matches('\n').count();
    fault(0 < lines, "a place of several lines");
    faults
}

#[test]
fn every_message_is_whole() {
    let mut wrong = String::new();
    for (rule, example) in bad_examples() {
        let checked = Checked::example(&example);
        for finding in &checked.outcome.findings {
            for fault in faults(&checked, finding) {
                wrong += &format!("{} {fault}:\n{}\n", rule.code, checked.print(finding, "text"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Names as long as the ones that teams really write, for those of the base.
const REALISTIC: &[(&str, &str)] = &[
    ("order_conversion", "new_customer_order_conversion_rate"),
    ("revenue_per_user", "net_revenue_per_active_user_28d"),
    ("page_latency", "largest_contentful_paint_p75_ms"),
    ("refund_rate", "refund_requested_rate_14d"),
    ("checkout-one-tap", "2026-12-checkout-one-tap-payment-v2"),
    ("checkout_one_tap", "2026_12_checkout_one_tap_payment_v2"),
    ("checkout-form", "2026-11-checkout-address-form-short"),
    ("one-tap", "one-tap-with-saved-card"),
    ("checkout_opened", "checkout_payment_step_opened"),
    ("order_placed", "order_payment_captured_server"),
    ("buyers", "signed_in_buyers_with_a_cart"),
    ("growth", "growth-and-retention"),
    ("warehouse", "warehouse_event_stream_v2"),
    ("checkout", "checkout-and-payments"),
    ("is_staff", "is_staff_or_contractor"),
    ("platform", "client_platform"),
    ("conversion-ab", "house-conversion-ab-two-variants"),
    ("global-2026", "company-wide-holdout-2026-h2"),
];

/// The text with names of the base made as long as real ones.
fn realistic(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        out += before;
        out += REALISTIC.iter().find(|(short, _)| *short == word).map_or(word, |(_, long)| long);
        rest = after;
    }
    out + rest
}

/// A lock with the hash that its text has.
fn resealed(lock: &str) -> String {
    let is_hash = |line: &&str| line.starts_with("  \"hash\"");
    let rest: String = lock.split_inclusive('\n').filter(|line| !is_hash(line)).collect();
    let hash: String = Sha256::digest(rest.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let line = format!("  \"hash\": \"sha256:{hash}\",\n");
    lock.split_inclusive('\n').map(|old| if is_hash(&old) { line.as_str() } else { old }).collect()
}

#[test]
fn headlines_stay_short_with_names_that_teams_write() {
    let mut wrong = String::new();
    for (rule, example) in bad_examples() {
        let (workspace, options) = examples::opened_with(&example, &|path, bytes| match String::from_utf8(bytes) {
            // A lock that held its plan holds it under the longer names as well.
            Ok(text) if path.ends_with(".lock.json") && text == resealed(&text) => {
                (realistic(&path), resealed(&realistic(&text)).into_bytes())
            }
            Ok(text) => (realistic(&path), realistic(&text).into_bytes()),
            Err(odd) => (path, odd.into_bytes()),
        });
        let checked = Checked::of(workspace, options);
        let told: Vec<_> = checked.outcome.findings.iter().filter(|finding| finding.code == rule.code).collect();
        // A seal holds the names that it was made with.
        let sealed = example.contains("#: locked");
        assert!(sealed || !told.is_empty(), "{} is silent when names are long:\n{example}", rule.code);
        for finding in told {
            let length = finding.headline.chars().count();
            if 80 <= length {
                wrong += &format!("{} {length}: {}\n", rule.code, finding.headline);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
