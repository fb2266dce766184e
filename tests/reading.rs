//! How a half-written file is read: every fault in one run, and nothing silenced by its neighbour.

#[path = "support/base.rs"]
mod base;

use std::collections::BTreeMap;

use expc::check::{Options, check};
use expc::portfolio::Workspace;
use expc::report::{self, Look, Report, Summary};
use expc::world::Memory;

/// What a person sees, one line a finding.
fn seen(changes: &[(&str, &str)]) -> String {
    let mut files: BTreeMap<String, String> = base::files();
    for (path, text) in changes {
        files.insert((*path).to_owned(), (*text).to_owned());
    }
    let memory = files.into_iter().fold(Memory::default(), |memory, (path, text)| memory.with(path, text));
    let workspace = Workspace::open(&memory).with_targets(expc::emit::flags::capabilities());
    let outcome = check(&workspace, Options { today: base::TODAY.parse().ok(), ..Options::default() });
    let report = Report {
        sources: &workspace.sources,
        findings: &outcome.findings,
        suppressed: &outcome.suppressed,
        skipped: &outcome.skipped,
        rules: &[],
        summary: Summary::default(),
    };
    let mut out = Vec::new();
    let format = report::format("concise").expect("a format");
    format.write(&report, &Look::default(), &mut out).expect("memory takes all");
    String::from_utf8(out).expect("text")
}

fn base_with(from: &str, to: &str) -> String {
    let text = base::files()[base::SPEC].clone();
    assert!(text.contains(from), "the base has no `{from}`");
    text.replacen(from, to, 1)
}

#[test]
fn syntax_keys_types_and_meaning_come_in_one_run() {
    let text = base_with("title = \"One-tap checkout\"", "title = \"One-tap checkout")
        .replace("kill_switch", "kil_switch")
        .replace("metric = \"refund_rate\"\nmargin", "metric = \"refund_rat\"\nmargin")
        .replace("share = \"50%\"\n", "share = 0.5\n")
        .replace("population = \"exposed\"", "population = \"expsed\"");
    insta::assert_snapshot!(seen(&[(base::SPEC, &text)]));
}

#[test]
fn an_unclosed_header_keeps_its_keys() {
    let text = base_with("[exposure]", "[exposure").replace("population = \"exposed\"", "population = \"everybody\"");
    insta::assert_snapshot!(seen(&[(base::SPEC, &text)]));
}

#[test]
fn a_broken_table_does_not_silence_the_others() {
    let text = base_with("{ relative = \"3%\" }", "{ relative = \"0.4%\" }");
    let start = text.find("[audience]").expect("a table");
    let end = text.find("[exposure]").expect("the next table");
    let text = format!("{}{}", text[..start].replacen("extends", "audience = 5\nextends", 1), &text[end..])
        .replace("weight = 1\npayload = { layout = \"form\" }", "weight = 0\npayload = { layout = \"form\" }");
    insta::assert_snapshot!(seen(&[(base::SPEC, &text)]));
}

#[test]
fn a_misspelt_table_is_one_finding() {
    let text =
        base_with("[audience]", "[audiance]").replace("kill_switch", "kil_switch").replace("[rollout]", "[rolout]");
    insta::assert_snapshot!(seen(&[(base::SPEC, &text)]));
}

#[test]
fn a_draft_is_told_softly_what_it_lacks() {
    let draft = "schema = 1\nextends = \"conversion-ab\"\n\n[experiment]\nid = \"idea\"\ntitle = \"An idea\"\nowner = \"growth\"\n";
    insta::assert_snapshot!(seen(&[("experiments/idea.toml", draft)]));
}

#[test]
fn a_property_is_a_type_or_a_table_and_each_form_is_told_what_it_lacks() {
    let catalog = &base::files()["catalog/base.toml"];
    let from = "properties = { revenue_usd = \"number\" }";
    assert!(catalog.contains(from));
    let to = "properties = { revenue_usd = \"nummber\", items = 3, iban = { typ = \"string\", data_class = \"private\", unit = \"EUR\" } }";
    insta::assert_snapshot!(seen(&[("catalog/base.toml", &catalog.replacen(from, to, 1))]));
}
