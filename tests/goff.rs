//! What is particular to GO Feature Flag: the schema that its makers publish, and ids that are its own key.
//!
//! What every platform must do is in `tests/conformance`.

#[path = "support/flags.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod flags;
#[path = "support/sdk.rs"]
#[allow(dead_code, reason = "the conformance suite uses the rest")]
mod sdk;

use expc::emit::{Emitted, Moment};
use serde_json::{Value as Json, json};

use flags::*;
use sdk::Evaluator;

const SDK: Evaluator = Evaluator::python("gofeatureflag-python-provider", "goff");

fn built(specs: &[String], moment: &Moment) -> Emitted {
    emit("goff", &workspace(specs), moment).expect("a clean workspace")
}

/// Everything of the language that it holds.
fn specs() -> Vec<String> {
    let winner = "[results]\nvariant = \"treatment-b\"";
    let forced = "force = { treatment-a = [\"qa-a\"], treatment-b = [\"qa-b\"] }\n";
    vec![
        spec("all", "ready", &format!("{forced}{}", conditions::CONDITIONS), &ramp(&["1%", "5%", "20%", "100%"]), ""),
        spec("plain", "running", "", &stage("main", "12.34%"), ""),
        spec("done", "shipped", "", &stage("main", "50%"), winner),
    ]
}

#[path = "support/conditions.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod conditions;

#[test]
fn the_makers_schema_accepts_every_file() {
    let schema = include_str!("../schema/vendor/goff/flag-schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).expect("JSON")).expect("a schema");
    let mut files = 0;
    for moment in [at_stage("at-20"), at_stage("main"), Moment::Schedule] {
        for file in built(&specs(), &moment).artifacts {
            let document: Json = serde_json::from_slice(&file.bytes).expect("JSON");
            if let Err(fault) = schema.validate(&document) {
                panic!("{} at {}: {fault}", file.path, fault.instance_path());
            }
            files += 1;
            for (key, flag) in document.as_object().expect("flags") {
                names_exist(key, flag);
            }
        }
    }
    assert!(9 <= files, "{files} files");
    for wrong in
        [json!({ "x": { "variations": {} } }), json!({ "x": { "variations": {}, "defaultRule": { "rule": 1 } } })]
    {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}

/// What the schema lets pass: rules and variations that are named and not there, a total that moves.
fn names_exist(key: &str, flag: &Json) {
    let rules = |at: &Json| at["targeting"].as_array().cloned().unwrap_or_default();
    let names: Vec<Json> = rules(flag).iter().map(|rule| rule["name"].clone()).collect();
    let total = |rule: &Json| -> f64 {
        let parts = rule["percentage"].as_object().expect("percentages");
        assert!(parts.keys().all(|name| flag["variations"].get(name).is_some()), "{key}: {rule}");
        parts.values().filter_map(Json::as_f64).sum()
    };
    let enrols = rules(flag).into_iter().filter(|rule| rule.get("percentage").is_some());
    let steps = flag["scheduledRollout"].as_array().into_iter().flatten().flat_map(rules);
    let steps: Vec<Json> = steps.inspect(|rule| assert!(names.contains(&rule["name"]), "{key}: {rule}")).collect();
    let totals: Vec<f64> = enrols.chain(steps).map(|rule| total(&rule)).collect();
    assert!(totals.windows(2).all(|pair| pair[0] == pair[1]), "{key}: {totals:?}");
    assert!(flag["variations"].get(flag["defaultRule"]["variation"].as_str().expect("a name")).is_some());
}

#[test]
fn units_without_a_targeting_key_get_off() {
    let catalogue = CATALOGUE.replace("key = \"user_id\"", "key = \"targetingKey\"");
    let specs = [spec("x", "ready", "", &stage("main", "100%"), "")];
    let files = workspace(&specs).with("catalog/all.toml", catalogue);
    let emitted = emit("goff", &files, &at_stage("main")).expect("a clean workspace");
    let document = String::from_utf8(emitted.artifacts[0].bytes.clone()).expect("UTF-8");
    let contexts =
        [json!({ "targetingKey": "u" }), json!({ "targetingKey": "" }), json!({}), json!({ "targetingKey": 7 })];
    let served = &served(&SDK, &contexts, &[(&document, None)], &["x"])[0]["x"];
    assert_ne!(served[0], "off");
    // An evaluation that fails would be told by its code.
    assert_eq!(served[1..], ["off", "off", "off"]);
    assert!(document.contains("\"bucketingKey\": \"\""), "{document}");
}

#[test]
fn what_cannot_be_built_is_said() {
    let fault = |spec: String| emit("goff", &workspace(&[spec]), &at_stage("main")).expect_err("a fault");
    let one = |audience: &str| spec("x", "ready", audience, &stage("main", "50%"), "");
    let torn = one("").replace("[variants.treatment-b]", "[variants.\"control \"]");
    for (spec, said) in [
        (one("layer = \"checkout\"\nshare = \"50%\""), "a layer"),
        (one("holdout = \"global-2027\""), "a holdout"),
        (one("salt = \"mine\""), "a salt of its own"),
        (one("where = [{ attribute = \"key\", is = \"a\" }]"), "meaning of its own"),
        (one("where = [{ attribute = \"app.version\", semver = \">=1.0.0\" }]"), "versions are compared in attributes"),
        (torn, "goes on from it"),
        (one("").replace("cta = \"Buy it\"", "n = 9007199254740993"), "beyond 2^53"),
    ] {
        let told = fault(spec);
        assert!(told.starts_with("experiment `x` has ") && told.contains(said), "{told}");
    }
}
