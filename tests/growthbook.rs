//! What is particular to GrowthBook, judged by its own SDK (npm `@growthbook/growthbook`).
//!
//! What every platform must do is in `tests/conformance`. Each test here builds a payload from a workspace, through the
//! public library, has the SDK load and evaluate it, and compares with what the test itself knows. Salts are fixed, so
//! every number repeats; `cargo test --test growthbook -- --nocapture` prints them.

#[path = "support/flags.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod flags;
#[path = "support/sdk.rs"]
#[allow(dead_code, reason = "the conformance suite uses the rest")]
mod sdk;

use std::path::Path;

use expc::emit::{Emitted, Moment};
use expc::stats::srm;
use expc::world::{Disk, Memory};
use serde_json::{Value as Json, json};

use flags::*;
use sdk::Evaluator;

fn built(specs: &[String], moment: &Moment) -> Emitted {
    emit("growthbook", &workspace(specs), moment).expect("a clean workspace")
}

fn text(emitted: &Emitted, path: &str) -> String {
    let file = emitted.artifacts.iter().find(|artifact| artifact.path == path).expect("a file");
    String::from_utf8(file.bytes.clone()).expect("UTF-8")
}

fn features(emitted: &Emitted) -> String {
    text(emitted, "flags/growthbook/features.json")
}

const SDK: Evaluator = Evaluator::node("@growthbook/growthbook", "growthbook");

#[test]
fn versions_are_strict() {
    let versions =
        ["5.2", "6", "v5.3.0", "nightly", "5.3.0", "5.2.0+7", "5.2.0-rc.1", "99999.0.0", "100000.0.0", "05.3.0"];
    let contexts = versions.map(|text| json!({ "user_id": "u", "app_version": text }));
    let audience = "where = [{ attribute = \"app_version\", semver = \">=5.2.0\" }]";
    let specs = [spec("x", "ready", audience, &stage("main", "100%"), "")];
    let document = features(&built(&specs, &at_stage("main")));
    let served = &served(&SDK, &contexts, &[(&document, None)], &["x"])[0]["x"];
    let takes_part: Vec<&str> =
        versions.iter().zip(served).filter(|(_, got)| *got != "off").map(|(version, _)| *version).collect();
    assert_eq!(takes_part, ["5.3.0", "5.2.0+7", "99999.0.0"]);
}

#[test]
fn experiments_of_one_layer_share_nobody() {
    let contexts = eligible();
    let inside = |id: &str, share: &str| {
        let audience = format!("layer = \"odd\"\nshare = \"{share}\"");
        spec(id, "running", &audience, &stage("main", share), "")
    };
    // Thirds are not in hundredths of a per cent: the slots are rounded and still touch nobody twice.
    let specs = [
        inside("first", "33.33333%"),
        inside("second", "33.33333%"),
        inside("third", "20%"),
        inside("fourth", "13.3333%"),
    ];
    let emitted = built(&specs, &at_stage("main"));
    let losses: Vec<&str> = emitted.losses.iter().map(|loss| loss.experiment.as_str()).collect();
    println!("rounded slots: {losses:?}");
    assert!(losses.contains(&"first") && losses.contains(&"second"));
    let ids = ["first", "second", "third", "fourth"];
    let served = &served(&SDK, &contexts, &[(&features(&emitted), None)], &ids)[0];
    for (flag, share) in [("first", 0.3333), ("second", 0.3333), ("third", 0.2), ("fourth", 0.1333)] {
        shares_fit(flag, &served[flag], share);
    }
    let twice = (0..UNITS).filter(|&n| 1 < served.values().filter(|flag| flag[n] != "off").count()).count();
    println!("units in two experiments of the layer: {twice}");
    assert_eq!(twice, 0);
}

#[test]
fn what_a_spec_says_stays_data() {
    let hostile = [
        "quote \" backslash \\ slash /",
        r#"{"$or":[]}"#,
        "line\nbreak\ttab \u{0} \u{7f}",
        "$& $` ^.*$ [a](b){c}|d+?",
        "日本語 🎉 \u{202e}",
        "__proto__",
    ];
    let toml = |text: &str| toml::Value::from(text).to_string();
    let mut specs = Vec::new();
    for (n, text) in hostile.iter().enumerate() {
        let audience = format!(
            "salt = {}\nwhere = [{{ attribute = \"word\", in = [{}] }}, {{ attribute = \"word\", starts_with = {} }}, \
             {{ attribute = \"word\", ends_with = {} }}]",
            toml(text),
            toml(text),
            toml(text),
            toml(text)
        );
        let payload = format!("payload = {{ word = {}, \"$or\" = [1] }}", toml(text));
        let spec = spec(&format!("e{n}"), "ready", &audience, &stage("main", "100%"), "");
        specs.push(spec.replace("payload = { cta = \"Pay now\" }", &payload).replace("weight = 25", "weight = 0"));
    }
    let mut contexts: Vec<Json> = hostile.iter().map(|text| json!({ "user_id": "u", "word": text })).collect();
    contexts.push(json!({ "user_id": "u", "word": "u" }));
    contexts.push(json!({ "user_id": "u", "word": { "$exists": true } }));
    contexts.push(json!({ "user_id": "u" }));
    let ids: Vec<String> = (0..hostile.len()).map(|n| format!("e{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let answer = &answers(&SDK, &contexts, &[(&features(&built(&specs, &at_stage("main"))), None)], &ids)[0];
    for (n, text) in hostile.iter().enumerate() {
        let who: Vec<usize> =
            (0..contexts.len()).filter(|unit| outcome(answer, ids[n], *unit).0 == "control").collect();
        assert_eq!(who, [n], "{text}");
        assert_eq!(outcome(answer, ids[n], n).1, &json!({ "word": text, "$or": [1] }));
    }
}

#[test]
fn the_example_shop_is_served_stage_by_stage() {
    let shop = Disk::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop"));
    let emitted = emit("growthbook", &shop, &at_stage("main")).expect("the shop is expressible");
    let document: Json = serde_json::from_str(&features(&emitted)).expect("JSON");
    // Units that meet every condition of every audience.
    let contexts: Vec<Json> = (0..UNITS)
        .map(|n| {
            json!({
                "user_id": format!("user-{n:06}"), "account_id": format!("a-{n:06}"), "visitor_id": format!("v-{n:06}"),
                "platform": "ios", "app_version": "9.0.0", "newsletter": true, "lifecycle": "active",
                "locale": "de-DE", "country": "DE", "is_staff": false, "is_bot": false,
            })
        })
        .collect();
    let flags: Vec<&str> = document["features"].as_object().expect("features").keys().map(String::as_str).collect();
    let served = &served(&SDK, &contexts, &[(&features(&emitted), None)], &flags)[0];
    let mut judged = 0;
    for (flag, feature) in document["features"].as_object().expect("features") {
        let Some(rule) = feature["rules"].as_array().expect("rules").iter().find(|rule| rule["key"].is_string()) else {
            continue;
        };
        let inside =
            enrolled(&served[flag]) - served[flag].iter().filter(|got| got.starts_with("force:")).count() as f64;
        if inside == 0.0 {
            continue;
        }
        judged += 1;
        let free: f64 = rule["filters"]
            .as_array()
            .expect("filters")
            .iter()
            .map(|filter| filter["ranges"][0][1].as_f64().expect("to") - filter["ranges"][0][0].as_f64().expect("from"))
            .product();
        let names: Vec<&str> =
            rule["meta"].as_array().expect("meta").iter().filter_map(|meta| meta["key"].as_str()).collect();
        let weights: Vec<f64> = rule["weights"].as_array().expect("weights").iter().filter_map(Json::as_f64).collect();
        let split: Vec<f64> = names.iter().map(|name| count(&served[flag], name)).collect();
        let p_split = srm::test(&split, &weights).expect("parts").p_value;
        println!("{flag}: {inside} of {UNITS}, {free:.4} expected; {names:?} {split:?} p {p_split:.3}");
        assert!(0.001 < p_split, "{flag}");
        if free < 1.0 {
            let p = srm::test(&[inside, UNITS as f64 - inside], &[free, 1.0 - free]).expect("two parts").p_value;
            assert!(0.001 < p, "{flag}: p {p}");
        }
    }
    println!("{judged} experiments of the shop, {} losses", emitted.losses.len());
    assert!(4 <= judged);
}

#[test]
fn what_cannot_be_built_is_said() {
    let one = |audience: &str| spec("x", "ready", audience, &stage("main", "50%"), "");
    let fault = |files: &Memory| emit("growthbook", files, &at_stage("main")).expect_err("a fault");
    for (audience, said) in [
        ("layer = \"checkout\"\nshare = \"60%\"\nslot = \"50%\"", "has no slot in the layer `checkout`"),
        ("where = [{ attribute = \"a\", is = 1, is_not = 2 }]", "2 comparisons"),
        ("where = [{ attribute = \"$or\", above = 1 }]", "meaning of its own"),
    ] {
        let told = fault(&workspace(&[one(audience)]));
        assert!(told.starts_with("experiment `x` ") && told.contains(said), "{told}");
    }
    let twice = [one(""), one("").replace("id = \"x\"", "id = \"y\"\nflag = \"x\"")];
    assert!(fault(&workspace(&twice)).contains("both set the flag `x`"));
    let odd = one("").replace("id = \"x\"", "id = \"x\"\nflag = \"the flag\"");
    assert!(fault(&workspace(&[odd])).contains("whose name GrowthBook refuses"));
    let dotted = workspace(&[one("")]).with("catalog/all.toml", "schema = 1\n[units.user]\nkey = \"user.id\"\n");
    assert!(fault(&dotted).contains("without a dot"));
    let nameless = workspace(&[one("")]).with("catalog/all.toml", "schema = 1\n");
    assert!(fault(&nameless).contains("no unit with a `key`"));
}

#[test]
fn rounding_is_said_with_the_rounded_value() {
    let text = spec("x", "ready", "", &stage("main", "12.345%"), "").replace("weight = 25", "weight = 0.123456789");
    let emitted = built(&[text], &at_stage("main"));
    let losses: Vec<(&str, &str)> = emitted.losses.iter().map(|loss| (loss.feature, loss.done.as_str())).collect();
    assert_eq!(losses, [("share", "rounded to 12.35 %"), ("weights", "rounded to 99.51 %, 0.25 %, 0.24 %")]);
    let exact = spec("x", "ready", "", &stage("main", "12.34%"), "").replace("weight = 25", "weight = 50");
    assert_eq!(built(&[exact], &at_stage("main")).losses, [], "thirds are near enough");
    let mixed = spec(
        "x",
        "ready",
        "",
        &(stage("a", "10%").replace("}", ", weights = { control = 9, treatment-a = 1 } }") + &stage("main", "50%")),
        "",
    );
    let losses: Vec<&str> = built(&[mixed], &at_stage("main")).losses.iter().map(|loss| loss.feature).collect();
    assert_eq!(losses, ["sticky"]);
}
