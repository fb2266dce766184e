//! JSON Schemas of flags: read from beside the catalogue, bounded, and never from elsewhere.

#[path = "support/base.rs"]
mod base;

use std::time::{Duration, Instant};

use base::{SPEC, TODAY};
use expc::check::{Options, check};
use expc::portfolio::Workspace;
use expc::world::Memory;
use serde_json::json;

/// Generous: what is tested is that nothing takes minutes, on a slow machine, without optimisation.
const QUICK: Duration = Duration::from_secs(20);

/// The findings on schemas of the base whose flag has this schema file, with this payload for the treatment.
fn found(schema: &str, payload: &str) -> Vec<String> {
    let mut files = base::files();
    let catalog = files.get_mut("catalog/base.toml").expect("the catalogue");
    *catalog = catalog.replace("default = { layout = \"form\" }", "payload_schema = \"schemas/a.json\"");
    let spec = files.get_mut(SPEC).expect("the spec");
    *spec = spec.replace("payload = { layout = \"one-tap\" }", &format!("payload = {payload}"));
    files.insert("catalog/schemas/a.json".to_owned(), schema.to_owned());
    let memory = files.into_iter().fold(Memory::default(), |memory, (path, text)| memory.with(path, text));
    let workspace = Workspace::open(&memory).with_targets(expc::emit::flags::capabilities());
    let outcome = check(&workspace, Options { today: TODAY.parse().ok(), ..Options::default() });
    assert!(!outcome.crashed);
    let about = |code: &str| matches!(code, "EMI007" | "EMI018");
    let told = outcome.findings.iter().filter(|finding| about(&finding.code));
    told.map(|finding| format!("{} {}", finding.code, finding.headline)).collect()
}

#[test]
fn a_good_payload_is_silent_and_a_bad_one_is_told_where_it_is() {
    let schema = json!({ "properties": { "layout": { "enum": ["form", "one-tap"] } }, "additionalProperties": false });
    assert_eq!(found(&schema.to_string(), "{ layout = \"one-tap\" }"), [""; 0]);
    let bad = found(&schema.to_string(), "{ layout = \"one-tpa\", colour = 1 }");
    assert_eq!(bad.len(), 2, "{bad:?}");
    assert!(bad.iter().all(|text| text.starts_with("EMI007")), "{bad:?}");
}

/// Each level refers twice to the next: 2^40 steps for who takes them.
fn forks() -> String {
    let mut defs = serde_json::Map::new();
    for at in 0..40 {
        let next = format!("#/$defs/a{}", at + 1);
        defs.insert(format!("a{at}"), json!({ "allOf": [{ "$ref": next }, { "$ref": next }] }));
    }
    defs.insert("a40".to_owned(), json!({ "type": "object" }));
    json!({ "$ref": "#/$defs/a0", "$defs": defs }).to_string()
}

#[test]
fn no_schema_hangs_or_reaches_out() {
    let nested = format!("{}{}", "{ layout = \"x\", n = ".repeat(60), "1".to_owned() + &" }".repeat(60));
    let twice =
        json!({ "allOf": [{ "properties": { "n": { "$ref": "#" } } }, { "properties": { "n": { "$ref": "#" } } }] });
    let deep = format!("{}true{}", "{\"not\":".repeat(100), "}".repeat(100));
    let cases: Vec<(&str, String, String, Option<&str>)> = vec![
        ("forks", forks(), "{ layout = \"x\" }".to_owned(), Some("EMI007")),
        ("itself", json!({ "$ref": "#" }).to_string(), "{ layout = \"x\" }".to_owned(), Some("EMI")),
        ("a chain", chain(), "{ layout = \"x\" }".to_owned(), Some("EMI007")),
        ("twice at every level", twice.to_string(), nested, None),
        ("deep", deep, "{ layout = \"x\" }".to_owned(), Some("EMI018")),
        ("brackets", "[".repeat(100_000), "{ layout = \"x\" }".to_owned(), Some("EMI018")),
        (
            "a large pattern",
            json!({ "properties": { "layout": { "pattern": "(a{1000}){1000}" } } }).to_string(),
            "{ layout = \"x\" }".to_owned(),
            Some("EMI018"),
        ),
        (
            "a slow pattern",
            json!({ "properties": { "layout": { "pattern": "^(a+)+$" } } }).to_string(),
            format!("{{ layout = \"{}b\" }}", "a".repeat(5_000)),
            Some("EMI007"),
        ),
        (
            "the network",
            json!({ "$ref": "https://schemas.example/a.json" }).to_string(),
            "{ layout = \"x\" }".to_owned(),
            Some("EMI018"),
        ),
        (
            "a file",
            json!({ "$ref": "file:///etc/passwd" }).to_string(),
            "{ layout = \"x\" }".to_owned(),
            Some("EMI018"),
        ),
        ("a neighbour", json!({ "$ref": "b.json" }).to_string(), "{ layout = \"x\" }".to_owned(), Some("EMI018")),
        (
            "an unknown draft",
            json!({ "$schema": "https://drafts.example/x" }).to_string(),
            "{ layout = \"x\" }".to_owned(),
            Some("EMI018"),
        ),
        ("no JSON", "{".to_owned(), "{ layout = \"x\" }".to_owned(), Some("EMI018")),
        ("a number", "7".to_owned(), "{ layout = \"x\" }".to_owned(), Some("EMI018")),
        ("long", format!("\"{}\"", "x".repeat(300_000)), "{ layout = \"x\" }".to_owned(), Some("EMI018")),
    ];
    let mut wrong = String::new();
    for (name, schema, payload, code) in cases {
        let begin = Instant::now();
        let told = found(&schema, &payload);
        if QUICK < begin.elapsed() {
            wrong += &format!("{name} took {:?}\n", begin.elapsed());
        }
        if let Some(code) = code
            && !told.iter().any(|text| text.starts_with(code))
        {
            wrong += &format!("{name}: {told:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A thousand references in a row.
fn chain() -> String {
    let mut defs = serde_json::Map::new();
    for at in 0..1_000 {
        defs.insert(format!("a{at}"), json!({ "$ref": format!("#/$defs/a{}", at + 1) }));
    }
    defs.insert("a1000".to_owned(), json!({ "type": "object" }));
    json!({ "$ref": "#/$defs/a0", "$defs": defs }).to_string()
}
