//! GrowthBook's own SDK (npm `@growthbook/growthbook`) serves what the plan says.
//!
//! Each test builds a payload from a workspace, through the public library, has the SDK load it and evaluate 20,000
//! units, and compares with what the test itself knows. Salts are fixed, so every number repeats;
//! `cargo test --test growthbook -- --nocapture` prints them.

#[path = "support/flags.rs"]
mod flags;
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use expc::emit::{ArtifactRole, Emitted, Moment};
use expc::stats::srm;
use expc::world::{Disk, Memory};
use serde_json::{Value as Json, json};

use flags::*;

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

/// Variant by unit, for each flag of each payload.
type Served = Vec<BTreeMap<String, Vec<String>>>;

fn answers(contexts: &[Json], payloads: &[String], values: bool) -> Json {
    let jobs: Vec<Json> = payloads.iter().map(|text| json!({ "text": text, "values": values })).collect();
    support::sdk::run("growthbook", "evaluate.mjs", &json!({ "contexts": contexts, "jobs": jobs }))
}

fn served(contexts: &[Json], payloads: &[String]) -> Served {
    let answers = answers(contexts, payloads, false);
    let variants = |flag: &Json| -> Vec<String> {
        let names: Vec<&str> = flag["names"].as_array().expect("names").iter().filter_map(Json::as_str).collect();
        let served = flag["served"].as_array().expect("served").iter().filter_map(Json::as_u64);
        served.map(|index| names[index as usize].to_owned()).collect()
    };
    let flags = |answer: &Json| {
        let flags = answer["flags"].as_object().expect("flags");
        flags.iter().map(|(key, flag)| (key.clone(), variants(flag))).collect()
    };
    answers.as_array().expect("a list").iter().map(flags).collect()
}

/// No test of a table of counts by chance: the p of independence.
fn independent(what: &str, one: &[String], two: &[String]) {
    let mut cells: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for (one, two) in one.iter().zip(two) {
        *cells.entry((one, two)).or_default() += 1.0;
    }
    let all = one.len() as f64;
    let expected: Vec<f64> = cells.keys().map(|(a, b)| count(one, a) * count(two, b) / (all * all)).collect();
    let seen: Vec<f64> = cells.values().copied().collect();
    let p = srm::test(&seen, &expected).expect("cells").p_value;
    println!("{what}: {} cells, p {p:.3}", seen.len());
    assert!(0.001 < p, "{what}");
}

#[test]
fn eligible_units_take_part_and_nobody_else() {
    let contexts = mixed();
    let specs = [spec("all-conditions", "ready", CONDITIONS, &ramp(&RAMP), "")];
    let payloads = ["at-100", "at-20"].map(|stage| features(&built(&specs, &at_stage(stage))));
    let served = served(&contexts, &payloads);
    let expected: Vec<bool> = contexts.iter().map(is_eligible).collect();
    for (n, (yes, got)) in expected.iter().zip(&served[0]["all-conditions"]).enumerate() {
        assert_eq!(*yes, got != "off", "{got} for {}", contexts[n]);
    }
    let eligible = expected.iter().filter(|yes| **yes).count();
    println!("mixed: {eligible} of {UNITS} eligible");
    assert!(2_000 < eligible && eligible < 18_000);
    let (inside, outside): (Vec<_>, Vec<_>) =
        served[1]["all-conditions"].iter().cloned().zip(&expected).partition(|(_, yes)| **yes);
    assert!(outside.iter().all(|(got, _)| got == "off"));
    let inside: Vec<String> = inside.into_iter().map(|(got, _)| got).collect();
    shares_fit("20 % of the eligible", &inside, 0.2);
}

#[test]
fn versions_are_strict() {
    let versions =
        ["5.2", "6", "v5.3.0", "nightly", "5.3.0", "5.2.0+7", "5.2.0-rc.1", "99999.0.0", "100000.0.0", "05.3.0"];
    let contexts = versions.map(|text| json!({ "user_id": "u", "app_version": text }));
    let audience = "where = [{ attribute = \"app_version\", semver = \">=5.2.0\" }]";
    let specs = [spec("x", "ready", audience, &stage("main", "100%"), "")];
    let served = &served(&contexts, &[features(&built(&specs, &at_stage("main")))])[0]["x"];
    let takes_part: Vec<&str> =
        versions.iter().zip(served).filter(|(_, got)| *got != "off").map(|(version, _)| *version).collect();
    assert_eq!(takes_part, ["5.3.0", "5.2.0+7", "99999.0.0"]);
}

#[test]
fn a_ramp_keeps_every_enrolled_unit() {
    let contexts = eligible();
    let layered = "layer = \"checkout\"\nshare = \"50%\"\nholdout = \"global-2027\"";
    let specs = [
        spec("plain", "ready", "", &ramp(&RAMP), ""),
        spec("a-first", "ready", "layer = \"checkout\"\nshare = \"30%\"\nslot = \"0%\"", &ramp(&["30%"]), ""),
        spec("in-slot", "ready", layered, &ramp(&["1%", "5%", "20%", "50%"]), ""),
    ];
    let names = ["at-1", "at-5", "at-20", "at-50", "at-100"];
    let payloads: Vec<String> = names.iter().map(|name| features(&built(&specs, &at_stage(name)))).collect();
    let served = served(&contexts, &payloads);
    for (flag, steps, free) in [("plain", 5, 1.0), ("in-slot", 4, 0.95)] {
        for (n, share) in [0.01, 0.05, 0.2, 0.5, 1.0].into_iter().enumerate().take(steps) {
            shares_fit(&format!("{flag} {}", names[n]), &served[n][flag], share * free);
        }
        for n in 1..steps {
            let count = moved(&served[n - 1][flag], &served[n][flag]);
            println!("{flag}: {} to {} moved {count} of {}", names[n - 1], names[n], enrolled(&served[n - 1][flag]));
            assert_eq!(count, 0);
        }
    }
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
    let served = &served(&contexts, &[features(&emitted)])[0];
    for (flag, share) in [("first", 0.3333), ("second", 0.3333), ("third", 0.2), ("fourth", 0.1333)] {
        shares_fit(flag, &served[flag], share);
    }
    let twice = (0..UNITS).filter(|&n| 1 < served.values().filter(|flag| flag[n] != "off").count()).count();
    println!("units in two experiments of the layer: {twice}");
    assert_eq!(twice, 0);
}

#[test]
fn experiments_and_steps_are_independent() {
    let contexts = eligible();
    let all = |id: &str| spec(id, "running", "", &ramp(&["50%", "100%"]), "");
    let held = |id: &str| spec(id, "running", "holdout = \"global-2027\"", &ramp(&["50%", "100%"]), "");
    let specs = [all("one"), all("two"), held("three"), held("four")];
    let payloads = ["at-50", "at-100"].map(|stage| features(&built(&specs, &at_stage(stage))));
    let served = served(&contexts, &payloads);
    independent("two experiments", &served[0]["one"], &served[0]["two"]);
    // Whether a unit is enrolled says nothing of its variant: at 100 % all have one.
    let is_in: Vec<String> = served[0]["one"].iter().map(|got| (got != "off").to_string()).collect();
    independent("enrolment and variant", &is_in, &served[1]["one"]);
    let outside = |flag: &str| -> Vec<bool> { served[1][flag].iter().map(|got| got == "off").collect() };
    assert_eq!(outside("three"), outside("four"), "one holdout for all");
    let held = outside("three").iter().filter(|out| **out).count() as f64;
    println!("held out: {held} of {UNITS}");
    assert!(0.001 < srm::test(&[held, UNITS as f64 - held], &[0.05, 0.95]).expect("two parts").p_value);
}

#[test]
fn forced_units_get_their_variant_and_a_killed_feature_serves_off() {
    let mut contexts = eligible();
    contexts[0] = json!({ "user_id": "qa-a", "country": "FR" });
    contexts[1] = json!({ "user_id": "qa-b" });
    contexts[2] = json!({ "user_id": "qa-", "country": "US" });
    contexts[3] = json!({ "country": "US" });
    contexts[4] = json!({ "user_id": "", "country": "US" });
    let audience = "where = [{ attribute = \"country\", in = [\"US\"] }]\n\
                    force = { treatment-a = [\"qa-a\"], treatment-b = [\"qa-b\", \"qa-b2\"] }";
    let specs = [spec("forced", "ready", audience, &stage("main", "100%"), "")];
    let running = built(&specs, &at_stage("main"));
    let early = built(&specs, &Moment::Date("2027-01-10".parse().expect("a day")));
    let schedule = built(&specs, &Moment::Schedule);
    let kill = text(&running, "flags/growthbook/kill/forced.json");
    let role = running.artifacts.iter().find(|artifact| artifact.path.contains("/kill/")).map(|artifact| artifact.role);
    assert_eq!(role, Some(ArtifactRole::Upload));
    let features_of = [&early, &schedule].map(|emitted| emitted.losses[0].feature);
    assert_eq!(features_of, ["stage", "schedule"]);
    let payloads = [features(&running), features(&early), features(&schedule)];
    let moments = served(&contexts, &payloads);
    for moment in &moments {
        assert_eq!(moment["forced"][..2], ["force:treatment-a", "force:treatment-b"]);
    }
    assert_ne!(moments[0]["forced"][2], "off", "only the whole id counts");
    assert_eq!(moments[0]["forced"][3..5], ["off", "off"], "without an id nobody takes part");
    for moment in &moments[1..] {
        assert_eq!(enrolled(&moment["forced"]), 2.0);
    }
    let answer = &answers(&contexts, &[kill], true)[0]["flags"]["forced"];
    assert_eq!(answer["names"], json!(["off"]));
    let values = answer["values"].as_array().expect("values");
    assert!(values.iter().all(|value| *value == json!({ "cta": "Pay now" })) && values.len() == UNITS);
}

#[test]
fn a_shipped_winner_is_served_to_all_but_the_holdout() {
    let more = "[results]\nvariant = \"treatment-b\"";
    let shipped = spec("done", "shipped", "holdout = \"global-2027\"", &stage("main", "50%"), more);
    let payload = features(&built(&[shipped], &at_stage("main")));
    let answer = &answers(&eligible(), &[payload], true)[0]["flags"]["done"];
    let values = answer["values"].as_array().expect("values");
    let winner = values.iter().filter(|value| **value == json!({ "cta": "Get it", "color": "green" })).count() as f64;
    let off = values.iter().filter(|value| **value == json!({ "cta": "Pay now" })).count() as f64;
    println!("shipped: {winner} get the winner, {off} are held out");
    assert_eq!(winner + off, UNITS as f64);
    assert!(0.001 < srm::test(&[off, winner], &[0.05, 0.95]).expect("two parts").p_value);
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
    let answer = &answers(&contexts, &[features(&built(&specs, &at_stage("main")))], true)[0]["flags"];
    for (n, text) in hostile.iter().enumerate() {
        let flag = &answer[format!("e{n}")];
        let names = flag["names"].as_array().expect("names");
        let who: Vec<usize> = flag["served"]
            .as_array()
            .expect("served")
            .iter()
            .enumerate()
            .filter(|(_, index)| names[index.as_u64().expect("an index") as usize] == "control")
            .map(|(unit, _)| unit)
            .collect();
        assert_eq!(who, [n], "{text}");
        assert_eq!(flag["values"][n], json!({ "word": text, "$or": [1] }));
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
    let served = &served(&contexts, &[features(&emitted)])[0];
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
