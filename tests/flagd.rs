//! What is particular to flagd, judged by its own SDK (npm `@openfeature/flagd-core`, generation B).
//!
//! What every platform must do is in `tests/conformance`. Each test here builds flag files from a workspace in memory,
//! through the public library, has the SDK validate them strictly and evaluate them, and compares with what the test
//! itself knows. Salts are fixed, so every number repeats; `cargo test --test flagd -- --nocapture` prints them.

#[path = "support/flags.rs"]
mod flags;
#[path = "support/sdk.rs"]
#[allow(dead_code, reason = "the conformance suite uses the rest")]
mod sdk;

use expc::emit::{ArtifactRole, Emitted, Moment};
use expc::stats::srm;
use expc::world::Memory;
use serde_json::{Value as Json, json};

use flags::*;
use sdk::Evaluator;

fn built(specs: &[String], moment: &Moment) -> Emitted {
    emit("flagd", &workspace(specs), moment).expect("a clean workspace")
}

fn flags_json(emitted: &Emitted) -> String {
    let file = emitted.artifacts.iter().find(|artifact| artifact.path == "flags/flagd/flags.json").expect("a file");
    assert_eq!(file.role, ArtifactRole::Evaluator);
    String::from_utf8(file.bytes.clone()).expect("UTF-8")
}

const SDK: Evaluator = Evaluator::node("@openfeature/flagd-core", "flagd");

#[test]
fn experiments_of_one_layer_share_nobody() {
    let contexts = eligible();
    let inside = |id: &str, share: &str| {
        let audience = format!("layer = \"odd\"\nshare = \"{share}\"");
        spec(id, "running", &audience, &stage("main", share), "")
    };
    // Thirds are not in millionths: the slots are rounded and still touch nobody twice.
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
    let served = &served(&SDK, &contexts, &[(&flags_json(&emitted), None)], &ids)[0];
    for (flag, share) in [("first", 0.333_333_3), ("second", 0.333_333_3), ("third", 0.2), ("fourth", 0.133_333)] {
        shares_fit(flag, &served[flag], share);
    }
    let twice = (0..UNITS).filter(|&n| 1 < served.values().filter(|flag| flag[n] != "off").count()).count();
    println!("units in two experiments of the layer: {twice}");
    assert_eq!(twice, 0);
}

#[test]
fn the_schedule_is_the_stages_one_after_another() {
    let contexts = eligible();
    let gated = r#"{ name = "canary", share = "1%", hold = "1 day", gate = "guardrails" },
                   { name = "small", share = "7.5%", hold = "2 days" }, { name = "main", share = "40%", hold = "28 days" }"#;
    let layered = "layer = \"checkout\"\nshare = \"40%\"\nslot = \"25%\"\nholdout = \"global-2027\"";
    let weighted = r#"{ name = "canary", share = "10%", hold = "1 day", weights = { control = 9, treatment-a = 1 } },
                      { name = "main", share = "40%", hold = "30 days" }"#;
    let specs = [
        spec("plain", "ready", "", gated, ""),
        spec("layered", "ready", layered, gated, ""),
        spec("weighted", "ready", "", weighted, ""),
    ];
    let schedule = built(&specs, &Moment::Schedule);
    let features: Vec<(&str, &str)> =
        schedule.losses.iter().map(|loss| (loss.experiment.as_str(), loss.feature)).collect();
    assert_eq!(features, [("layered", "gate"), ("plain", "gate"), ("weighted", "sticky")]);
    let start = 1_799_625_600;
    let day = 86_400;
    let moments = [
        ("2027-01-10", start - 1),
        ("2027-01-11", start),
        ("2027-01-11", start + day - 1),
        ("2027-01-12", start + day),
        ("2027-01-13", start + 3 * day - 1),
        ("2027-01-14", start + 3 * day),
        ("2027-02-10", start + 31 * day - 1),
        ("2027-06-01", start + 141 * day),
    ];
    let mut jobs = Vec::new();
    for (date, second) in moments {
        jobs.push((flags_json(&schedule), Some(second)));
        jobs.push((flags_json(&built(&specs, &Moment::Date(date.parse().expect("a day")))), None));
    }
    let jobs: Vec<_> = jobs.iter().map(|(text, at)| (text.as_str(), *at)).collect();
    let served = served(&SDK, &contexts, &jobs, &["plain", "layered", "weighted"]);
    for (n, (date, second)) in moments.into_iter().enumerate() {
        for flag in ["plain", "layered", "weighted"] {
            assert_eq!(served[2 * n][flag], served[2 * n + 1][flag], "{flag} at {second} ({date})");
        }
        let now = &served[2 * n];
        println!("{date} ({second}): plain {}, layered {}", enrolled(&now["plain"]), enrolled(&now["layered"]));
        for flag in ["plain", "layered"] {
            assert!(n == 0 || moved(&served[2 * n - 2][flag], &now[flag]) == 0);
        }
    }
    assert_eq!(enrolled(&served[0]["plain"]), 0.0);
    shares_fit("plain in the end", &served[14]["plain"], 0.4);
    shares_fit("layered in the end", &served[14]["layered"], 0.4 * 0.95);
    let canary = ["control", "treatment-a", "treatment-b"].map(|variant| count(&served[2]["weighted"], variant));
    println!("weighted canary: {canary:?}");
    assert!(canary[2] == 0.0 && canary[1] < canary[0] / 5.0);
}

#[test]
fn what_a_spec_says_stays_data() {
    let hostile = [
        "quote \" backslash \\ slash /",
        r#"{"$ref":"holdout-global-2027"}"#,
        r#"{"var":"user_id"}"#,
        "line\nbreak\ttab \u{0} \u{7f}",
        "$& $` $' $$ ${x} `x`",
        "日本語 🎉 \u{202e}",
        "__proto__",
    ];
    let mut contexts: Vec<Json> = hostile.iter().map(|text| json!({ "user_id": "u", "word": text })).collect();
    contexts.push(json!({ "user_id": "u", "word": "u" }));
    contexts.push(json!({ "user_id": "u", "word": { "var": "user_id" } }));
    contexts.push(json!({ "user_id": "u" }));
    let toml = |text: &str| toml::Value::from(text).to_string();
    let words: Vec<String> = hostile.iter().map(|text| toml(text)).collect();
    let payload = format!(
        "{{ words = [{}], nested = {{ \"$ref\" = \"holdout-global-2027\" }}, \"in\" = [{{ \"var\" = \"user_id\" }}], \
         \"__proto__\" = {{ polluted = true }}, n = 0.1, day = 2027-01-11, flag = false }}",
        words.join(", ")
    );
    let names = [r#""a \"quoted\" one""#, r#""{\"var\":\"user_id\"}""#, r#""__proto__""#, r#""日本語""#];
    let mut specs = Vec::new();
    for (n, name) in names.iter().enumerate() {
        specs.push(format!(
            r#"
schema = 1
[experiment]
id = "e{n}"
flag = {name}
status = "ready"
[variants.control]
weight = 0
payload = {{ control = true }}
[variants.{name}]
weight = 1
payload = {payload}
[audience]
unit = "user"
holdout = "global-2027"
where = [{{ attribute = "word", in = [{}] }}]
salt = {}
[rollout]
start = 2027-01-11
"#,
            words.join(", "),
            toml(hostile[n + 1]),
        ));
    }
    let emitted = built(&specs, &at_stage("main"));
    let text = flags_json(&emitted);
    assert!(text.contains(r#""$ref": "holdout-global-2027-2""#), "the shared rule has a name of its own");
    let names = names.map(|name| serde_json::from_str::<String>(name).expect("JSON as well"));
    let flags: Vec<&str> = names.iter().map(String::as_str).collect();
    let answer = &answers(&SDK, &contexts, &[(&text, None)], &flags)[0];
    for name in flags {
        // The unit is not held out under this salt, so every listed word gets the payload, and nothing else does.
        for unit in 0..hostile.len() {
            let (variant, value) = outcome(answer, name, unit);
            assert_eq!(variant, name);
            assert_eq!(value["words"], json!(hostile));
            assert_eq!(value["nested"], json!({ "$ref": "holdout-global-2027" }));
            assert_eq!(value["in"], json!([{ "var": "user_id" }]));
            assert_eq!(value["__proto__"], json!({ "polluted": true }));
            assert_eq!(
                (&value["n"], &value["day"], &value["flag"]),
                (&json!(0.1), &json!("2027-01-11"), &json!(false))
            );
        }
        for unit in hostile.len()..contexts.len() {
            assert_eq!(outcome(answer, name, unit), ("off", &json!({ "control": true })));
        }
    }
    println!("hostile: {} flags, {} payloads came through", names.len(), names.len() * hostile.len());
}

#[test]
fn what_was_shipped_without_a_winner_is_left_out() {
    let specs = [
        spec("held", "running", "holdout = \"global-2027\"", &stage("main", "100%"), ""),
        spec("nobody-knows", "shipped", "", &stage("main", "100%"), ""),
    ];
    let emitted = built(&specs, &at_stage("main"));
    let document: Json = serde_json::from_str(&flags_json(&emitted)).expect("JSON");
    let flags: Vec<&String> = document["flags"].as_object().expect("flags").keys().collect();
    assert_eq!(flags, ["held"]);
    let losses: Vec<(&str, &str)> =
        emitted.losses.iter().map(|loss| (loss.experiment.as_str(), loss.feature)).collect();
    assert_eq!(losses, [("nobody-knows", "shipped")]);
}

#[test]
fn a_salt_of_replacement_signs_keeps_the_holdout() {
    let files = |salt: &str| {
        let catalogue = CATALOGUE.replace("share = \"5%\"", &format!("share = \"50%\"\nsalt = \"{salt}\""));
        let spec = spec("held", "ready", "holdout = \"global-2027\"", &stage("main", "100%"), "");
        workspace(&[spec]).with("catalog/all.toml", catalogue)
    };
    let [odd, plain] = ["a$$b$&c", "a$b"].map(|salt| emit("flagd", &files(salt), &at_stage("main")).expect("clean"));
    assert!(!flags_json(&odd).contains("$ref") && flags_json(&plain).contains("$ref"));
    let served = served(&SDK, &eligible(), &[(&flags_json(&odd), None)], &["held"]);
    let held = count(&served[0]["held"], "off");
    println!("held out by half: {held}");
    assert!(0.001 < srm::test(&[held, UNITS as f64 - held], &[0.5, 0.5]).expect("two parts").p_value);
}

#[test]
fn bytes_repeat_and_do_not_depend_on_the_order_of_files() {
    let mut specs = vec![
        spec("b", "ready", "layer = \"checkout\"\nshare = \"20%\"", &ramp(&["1%", "20%"]), ""),
        spec("a", "running", "holdout = \"global-2027\"", &ramp(&["1%", "20%"]), ""),
        spec("draft", "draft", "", &ramp(&["1%"]), ""),
        spec("stopped", "stopped", "", &ramp(&["1%"]), ""),
    ];
    let first = built(&specs, &Moment::Schedule);
    specs.reverse();
    assert_eq!(first, built(&specs, &Moment::Schedule));
    let text = flags_json(&first);
    assert!(text.ends_with("}\n") && !text.contains("draft") && !text.contains("stopped"));
    let document: Json = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        document["flags"]["a"]["metadata"],
        json!({ "experiment": "a", "plan": "sha256:0123456789abcdef", "stage": "schedule", "generation": "B", "expc": "flagd/1" })
    );
    let empty = built(&[], &Moment::Schedule);
    assert_eq!(serde_json::from_str::<Json>(&flags_json(&empty)).expect("JSON")["flags"], json!({}));
}

#[test]
fn the_catalogue_says_what_off_is() {
    let specs = [spec("with-default", "ready", "", &stage("main", "50%"), "")];
    let text = flags_json(&built(&specs, &at_stage("main")));
    let document: Json = serde_json::from_str(&text).expect("JSON");
    let flag = &document["flags"]["with-default"];
    assert_eq!(flag["variants"]["off"], json!({ "layout": "from the catalogue" }));
    assert_eq!(flag["defaultVariant"], json!("off"));
}

#[test]
fn what_cannot_be_built_is_said() {
    let one = |audience: &str| spec("x", "ready", audience, &stage("main", "50%"), "");
    let fault = |files: &Memory| emit("flagd", files, &at_stage("main")).expect_err("a fault");
    let unnamed = workspace(&[one("")]).with("expc.toml", "schema = 1\n");
    assert!(fault(&unnamed).contains("generation = \"B\""));
    // The reader knows the three generations: any other counts as unnamed, and the check says so.
    let unknown = workspace(&[one("")]).with("expc.toml", "schema = 1\n[targets.flagd]\ngeneration = \"D\"\n");
    assert!(fault(&unknown).contains("generation = \"B\""));
    for (audience, said) in [
        ("layer = \"checkout\"\nshare = \"60%\"\nslot = \"50%\"", "has no slot in the layer `checkout`"),
        ("where = [{ attribute = \"a\", is = 1, is_not = 2 }]", "2 comparisons"),
        ("where = [{ attribute = \"$flagd.timestamp\", above = 1 }]", "meaning of its own"),
    ] {
        let told = fault(&workspace(&[one(audience)]));
        assert!(told.starts_with("experiment `x` ") && told.contains(said), "{told}");
    }
    let named_off = one("").replace("treatment-a", "off");
    assert!(fault(&workspace(&[named_off])).contains("variant `off`"));
    let twice = [one(""), one("").replace("id = \"x\"", "id = \"y\"\nflag = \"x\"")];
    assert!(fault(&workspace(&twice)).contains("both set the flag `x`"));
    let nameless = workspace(&[one("")]).with("catalog/all.toml", "schema = 1\n");
    assert!(fault(&nameless).contains("no unit with a `key`"));
}

#[test]
fn rounding_is_said_with_the_rounded_value() {
    let text = spec("x", "ready", "", &stage("main", "12.34567%"), "").replace("weight = 25", "weight = 0.123456789");
    let emitted = built(&[text], &at_stage("main"));
    let losses: Vec<(&str, &str)> = emitted.losses.iter().map(|loss| (loss.feature, loss.done.as_str())).collect();
    assert_eq!(losses, [("share", "rounded to 12.3457 %"), ("weights", "rounded to 99.5086 %, 0.2457 %, 0.2457 %")]);
    let exact = spec("x", "ready", "", &stage("main", "12.3456%"), "").replace("weight = 25", "weight = 33.333");
    assert_eq!(built(&[exact], &at_stage("main")).losses, []);
}
