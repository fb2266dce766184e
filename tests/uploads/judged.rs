//! What is pushed to a platform has the form that the platform publishes: its own schemas, or the models of its own
//! client, judge every file.

use std::collections::BTreeMap;

use expc::emit::{Artifact, ArtifactRole, Moment};
use serde_json::{Value as Json, json};

use crate::conditions::CONDITIONS;
use crate::flags::*;
use crate::sdk::{Evaluator, Job};

const RAMP: [&str; 4] = ["1%", "20%", "50%", "100%"];

/// Specs that together ask for everything that can be pushed.
fn specs() -> Vec<String> {
    let force = "force = { treatment-a = [\"qa \\\"1\\\" ${x}\"], treatment-b = [\"qa-2\", \"%{ y }\"] }";
    let hostile = r#"payload = { text = "${a} %{b} {{ c }} \" \\ \n 日本", deep = { list = [1, -0.5, true, {}] } }"#;
    let layered = "layer = \"checkout\"\nshare = \"50%\"\nholdout = \"global-2027\"";
    let exclude = "exclude = [{ attribute = \"risk\", not_in = [\"low\"] }, { attribute = \"is_staff\", is = true }]";
    vec![
        spec("all-conditions", "ready", CONDITIONS, &ramp(&RAMP), ""),
        spec("a-first", "ready", "layer = \"checkout\"\nshare = \"30%\"\nslot = \"0%\"", &ramp(&["30%"]), ""),
        spec("in-slot", "ready", layered, &ramp(&["1%", "20%", "50%"]), ""),
        spec("forced", "ready", &format!("{exclude}\n{force}"), &ramp(&["20%"]), ""),
        spec("mixed", "ready", "where = [{ attribute = \"x\", in = [\"a\", 1, true] }]", &ramp(&["20%"]), ""),
        spec(
            "shipped",
            "shipped",
            "holdout = \"global-2027\"",
            &ramp(&["100%"]),
            "[results]\nvariant = \"treatment-a\"",
        ),
        spec("hostile", "ready", "", &ramp(&["100%"]), "").replace("payload = { cta = \"Buy it\" }", hostile),
    ]
}

/// The files of a platform by path, at a stage and as a whole schedule.
fn files(platform: &str) -> BTreeMap<String, Artifact> {
    let files = workspace(&specs());
    let moments = [at_stage("at-20"), at_stage("at-30"), Moment::Schedule];
    let emitted = moments.iter().map(|moment| emit(platform, &files, moment).expect("a clean workspace"));
    let of = |(n, artifacts): (usize, Vec<Artifact>)| {
        artifacts.into_iter().map(move |artifact| (format!("{n}/{}", artifact.path), artifact)).collect::<Vec<_>>()
    };
    emitted.map(|emitted| emitted.artifacts).enumerate().flat_map(of).collect()
}

/// Every file is accepted, and a spoilt one is not.
fn accepted(judge: &Evaluator, files: &BTreeMap<String, Artifact>, spoilt: &str) {
    let text = |artifact: &Artifact| String::from_utf8(artifact.bytes.clone()).expect("UTF-8");
    let named: Vec<(&String, String)> = files.iter().map(|(path, artifact)| (path, text(artifact))).collect();
    let mut jobs: Vec<Job<'_>> =
        named.iter().map(|(_, document)| Job { document, flags: Vec::new(), at: None }).collect();
    jobs.push(Job { document: spoilt, flags: Vec::new(), at: None });
    let verdicts = judge.run(&[], &jobs).expect("the judge sits");
    let verdicts = verdicts.as_array().expect("a verdict for each file");
    assert_eq!(verdicts.len(), jobs.len());
    let (last, others) = verdicts.split_last().expect("a verdict");
    for ((path, _), verdict) in named.iter().zip(others) {
        assert_eq!(*verdict, json!([]), "{path}");
    }
    assert_ne!(*last, json!([]), "the judge accepts anything");
    println!("{}: {} files accepted", judge.name(), named.len());
}

fn ends_with(path: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| path.ends_with(end))
}

#[test]
fn unleash_accepts_what_its_server_serves_and_imports() {
    let judge = Evaluator { script: "uploads.mjs", ..Evaluator::node("unleash-client", "unleash") };
    let all = files("unleash");
    let uploads = all.keys().filter(|path| ends_with(path, &["/import.json"])).count();
    let kills = all.keys().filter(|path| path.contains("/kill/") && !path.contains("/upload/")).count();
    assert!(20 < uploads && 10 < kills, "{uploads} uploads, {kills} kill files");
    accepted(&judge, &all, r#"{ "version": 2, "features": [{ "name": "x", "enabled": "yes" }] }"#);
}

#[test]
fn launchdarkly_s_client_takes_every_request_body() {
    let judge = Evaluator { script: "uploads.py", ..Evaluator::python("launchdarkly-api", "launchdarkly") };
    let mut all = files("launchdarkly");
    all.retain(|path, artifact| artifact.role == ArtifactRole::Upload && path.contains("/upload/"));
    let terraform: BTreeMap<String, Artifact> = all
        .iter()
        .filter(|(path, _)| path.ends_with(".tf.json"))
        .map(|(path, one)| (path.clone(), one.clone()))
        .collect();
    all.retain(|path, _| !path.ends_with(".tf.json"));
    let kinds = ["flag.json", "segments.json", "targeting.json", "kill/patch.json"];
    for kind in kinds {
        assert!(all.keys().any(|path| path.ends_with(kind)), "no {kind}");
    }
    assert!(all.keys().all(|path| ends_with(path, &kinds)), "{:?}", all.keys());
    accepted(&judge, &all, r#"{ "key": "x", "name": 1 }"#);
    // Terraform reads templates in strings: what is data in them is doubled, and nothing else is an expression.
    let path = |id: &str| format!("0/flags/launchdarkly/upload/{id}/experiment.tf.json");
    assert!(terraform.contains_key(&path("forced")));
    assert!(!terraform.contains_key(&path("mixed")), "values of several types have no form");
    for (path, artifact) in &terraform {
        let document: Json = serde_json::from_slice(&artifact.bytes).expect("JSON");
        for text in texts(&document) {
            let plain = text.replace("$${", "").replace("%%{", "");
            let ours = ["${var.project}", "${var.environment}"].contains(&text)
                || (text.starts_with("${launchdarkly_feature_flag.") && text.ends_with(".id}"));
            assert!(ours || !(plain.contains("${") || plain.contains("%{")), "{path}: {text}");
        }
    }
}

#[test]
fn datadog_s_client_takes_every_request_body() {
    let judge = Evaluator { script: "uploads.py", ..Evaluator::python("datadog-api-client", "eppo") };
    let mut all = files("eppo");
    all.retain(|path, artifact| artifact.role == ArtifactRole::Upload && path.contains("/upload/"));
    let kinds = ["datadog-flag.json", "datadog-allocations.json"];
    assert!(all.keys().all(|path| ends_with(path, &kinds)), "{:?}", all.keys());
    let of = |id: &str| all.keys().filter(|path| path.contains(&format!("/upload/{id}/"))).count();
    // At a stage, killed, and each stage of a schedule.
    assert!(10 < of("all-conditions") && 4 < of("forced"), "{:?}", all.keys());
    assert_eq!([of("a-first"), of("in-slot"), of("shipped")], [0, 0, 0], "what needs a salt has no form");
    let spoilt = r#"{ "data": [{ "type": "allocations", "attributes": { "key": "x", "name": "x", "type": "FEATURE_GATE",
        "targeting_rules": [{ "conditions": [{ "attribute": "a", "operator": "BEFORE", "value": ["1"] }] }] } }] }"#;
    accepted(&judge, &all, spoilt);
}

/// Every text in a document, keys included.
fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) => vec![text],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::Object(map) => map.iter().flat_map(|(key, value)| [vec![key.as_str()], texts(value)].concat()).collect(),
        _ => Vec::new(),
    }
}
