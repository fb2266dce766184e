//! flagd's own SDK (npm `@openfeature/flagd-core`, generation B) serves what the plan says.
//!
//! Each test builds flag files from a workspace in memory, through the public library, has the SDK validate them
//! strictly and evaluate 20,000 units, and compares with what the test itself knows. Salts are fixed, so every
//! number repeats; `cargo test --test flagd -- --nocapture` prints them.

#[path = "support/flags.rs"]
mod flags;
mod support;

use std::collections::BTreeMap;

use expc::emit::{ArtifactRole, Emitted, Moment};
use expc::stats::srm;
use expc::world::Memory;
use serde_json::{Value as Json, json};

use flags::*;

fn built(specs: &[String], moment: &Moment) -> Emitted {
    emit("flagd", &workspace(specs), moment).expect("a clean workspace")
}

fn flags_json(emitted: &Emitted) -> String {
    let file = emitted.artifacts.iter().find(|artifact| artifact.path == "flags/flagd/flags.json").expect("a file");
    assert_eq!(file.role, ArtifactRole::Evaluator);
    String::from_utf8(file.bytes.clone()).expect("UTF-8")
}

/// A file for the SDK, and when.
struct Job {
    text: String,
    at: Option<i64>,
    values: bool,
}

impl Job {
    fn of(emitted: &Emitted) -> Self {
        Self { text: flags_json(emitted), at: None, values: false }
    }
}

/// Variant by unit, for each flag of each job.
type Served = Vec<BTreeMap<String, Vec<String>>>;

fn answers(contexts: &[Json], jobs: &[Job]) -> Json {
    let jobs: Vec<Json> =
        jobs.iter().map(|job| json!({ "text": job.text, "at": job.at, "values": job.values })).collect();
    support::sdk::run("flagd", "evaluate.mjs", &json!({ "contexts": contexts, "jobs": jobs }))
}

fn served(contexts: &[Json], jobs: &[Job]) -> Served {
    let answers = answers(contexts, jobs);
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

#[test]
fn eligible_units_take_part_and_nobody_else() {
    let contexts = mixed();
    let specs = [spec("all-conditions", "ready", CONDITIONS, &ramp(&RAMP), "")];
    let jobs = [Job::of(&built(&specs, &at_stage("at-100"))), Job::of(&built(&specs, &at_stage("at-20")))];
    let served = served(&contexts, &jobs);
    let expected: Vec<bool> = contexts.iter().map(is_eligible).collect();
    let everybody = &served[0]["all-conditions"];
    let wrong = |served: &[String]| expected.iter().zip(served).filter(|(yes, got)| !**yes && *got != "off").count();
    let missed = expected.iter().zip(everybody).filter(|(yes, got)| **yes && *got == "off").count();
    let eligible = expected.iter().filter(|yes| **yes).count();
    println!("mixed: {eligible} of {UNITS} eligible; ineligible served {}, eligible missed {missed}", wrong(everybody));
    for (n, (yes, got)) in expected.iter().zip(everybody).enumerate() {
        assert_eq!(*yes, got != "off", "{got} for {}", contexts[n]);
    }
    assert!(2_000 < eligible && eligible < 18_000);
    assert_eq!(wrong(&served[1]["all-conditions"]), 0);
    let inside: Vec<String> = served[1]["all-conditions"]
        .iter()
        .zip(&expected)
        .filter(|(_, yes)| **yes)
        .map(|(one, _)| one.clone())
        .collect();
    shares_fit("20 % of the eligible", &inside, 0.2);
}

#[test]
fn short_versions_are_filled_up() {
    // `5.2` is no version in the language and should be ineligible; flagd's JavaScript reads it as 5.2.0.
    let contexts = ["5.2", "6", "5.1", "5"].map(|text| json!({ "user_id": "u", "app_version": text }));
    let audience = "where = [{ attribute = \"app_version\", semver = \">=5.2.0\" }]";
    let specs = [spec("x", "ready", audience, &stage("main", "100%"), "")];
    let served = &served(&contexts, &[Job::of(&built(&specs, &at_stage("main")))])[0]["x"];
    let takes_part: Vec<bool> = served.iter().map(|one| one != "off").collect();
    assert_eq!(takes_part, [true, true, false, false]);
}

#[test]
fn a_ramp_keeps_every_enrolled_unit() {
    let contexts = eligible();
    let layered = "layer = \"checkout\"\nshare = \"50%\"";
    // Slots that do not begin at 0: the first experiment of the layer takes the first 30 %.
    let specs = [
        spec("plain", "ready", "", &ramp(&RAMP), ""),
        spec("a-first", "ready", "layer = \"checkout\"\nshare = \"30%\"\nslot = \"0%\"", &ramp(&["30%"]), ""),
        spec("in-slot", "ready", layered, &ramp(&["1%", "5%", "20%", "50%"]), ""),
    ];
    let names = ["at-1", "at-5", "at-20", "at-50", "at-100"];
    let jobs: Vec<Job> = names.iter().map(|name| Job::of(&built(&specs, &at_stage(name)))).collect();
    let served = served(&contexts, &jobs);
    for (flag, steps) in [("plain", 5), ("in-slot", 4)] {
        for (n, share) in [0.01, 0.05, 0.2, 0.5, 1.0].into_iter().enumerate().take(steps) {
            shares_fit(&format!("{flag} {}", names[n]), &served[n][flag], share);
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
    let served = &served(&contexts, &[Job::of(&emitted)])[0];
    for (flag, share) in [("first", 0.333_333_3), ("second", 0.333_333_3), ("third", 0.2), ("fourth", 0.133_333)] {
        shares_fit(flag, &served[flag], share);
    }
    let twice = (0..UNITS).filter(|&n| 1 < served.values().filter(|flag| flag[n] != "off").count()).count();
    println!("units in two experiments of the layer: {twice}");
    assert_eq!(twice, 0);
}

#[test]
fn experiments_without_a_layer_are_independent() {
    let contexts = eligible();
    let specs =
        [spec("one", "running", "", &stage("main", "50%"), ""), spec("two", "running", "", &stage("main", "50%"), "")];
    let served = &served(&contexts, &[Job::of(&built(&specs, &at_stage("main")))])[0];
    let mut cells = BTreeMap::new();
    for pair in served["one"].iter().zip(&served["two"]) {
        *cells.entry(pair).or_insert(0.0) += 1.0;
    }
    let share = |variant: &str| match variant {
        "off" => 0.5,
        "control" => 0.25,
        _ => 0.125,
    };
    let planned: Vec<f64> = cells.keys().map(|(one, two)| share(one) * share(two)).collect();
    let observed: Vec<f64> = cells.values().copied().collect();
    let p = srm::test(&observed, &planned).expect("16 cells").p_value;
    println!("one x two: {} cells, p {p:.3}", cells.len());
    assert!(cells.len() == 16 && 0.001 < p);
}

#[test]
fn held_out_units_get_off_everywhere() {
    let contexts = eligible();
    let holdout = "holdout = \"global-2027\"";
    let shipped = "[results]\nvariant = \"treatment-a\"";
    let specs = [
        spec("one", "running", holdout, &stage("main", "100%"), ""),
        spec("two", "running", holdout, &stage("main", "100%"), ""),
        spec("winner", "shipped", holdout, &stage("main", "100%"), shipped),
        spec("winner-for-all", "shipped", "holdout = \"none\"", &stage("main", "100%"), shipped),
        spec("nobody-knows", "shipped", "", &stage("main", "100%"), ""),
    ];
    let emitted = built(&specs, &at_stage("main"));
    let text = flags_json(&emitted);
    assert_eq!(text.matches(r#""$ref": "holdout-global-2027""#).count(), 3);
    let served = &served(&contexts, &[Job { text, at: None, values: false }])[0];
    let held: Vec<usize> = (0..UNITS).filter(|&n| served["one"][n] == "off").collect();
    let counts = [held.len() as f64, (UNITS - held.len()) as f64];
    let p = srm::test(&counts, &[0.05, 0.95]).expect("two parts").p_value;
    println!("held out: {} of {UNITS} (p {p:.3})", held.len());
    assert!(0.001 < p);
    for (n, variant) in served["one"].iter().enumerate() {
        let is_held = variant == "off";
        assert_eq!(is_held, served["two"][n] == "off");
        assert_eq!(served["winner"][n], if is_held { "off" } else { "treatment-a" });
        assert_eq!(served["winner-for-all"][n], "treatment-a");
    }
    // The split of those who are left is the planned one.
    let free: Vec<String> = (0..UNITS).filter(|n| !held.contains(n)).map(|n| served["two"][n].clone()).collect();
    shares_fit("not held out", &free, 1.0);
    assert!(!served.contains_key("nobody-knows"));
    assert!(emitted.losses.iter().any(|loss| loss.experiment == "nobody-knows" && loss.feature == "shipped"));
}

#[test]
fn forced_units_get_their_variant_and_a_killed_flag_serves_off() {
    let mut contexts = eligible();
    contexts[0] = json!({ "user_id": "qa-a", "country": "FR" });
    contexts[1] = json!({ "user_id": "qa-b" });
    contexts[2] = json!({ "user_id": "qa-b2", "country": "US" });
    contexts[3] = json!({ "user_id": "qa-", "country": "US" });
    let audience = "where = [{ attribute = \"country\", in = [\"US\"] }]\n\
                    force = { treatment-a = [\"qa-a\"], treatment-b = [\"qa-b\", \"qa-b2\"] }";
    let specs = [
        spec("forced", "ready", audience, &stage("main", "100%"), ""),
        spec("killed", "ready", "force = { treatment-a = [\"qa-a\"] }", &stage("main", "100%"), ""),
    ];
    let running = built(&specs, &at_stage("main"));
    let early = built(&specs, &Moment::Date("2027-01-10".parse().expect("a day")));
    let other = built(&specs, &at_stage("canary"));
    for emitted in [&early, &other] {
        let losses: Vec<&str> = emitted.losses.iter().map(|loss| loss.feature).collect();
        assert_eq!(losses, ["stage", "stage"]);
    }
    let kill = running.artifacts.iter().find(|artifact| artifact.path == "flags/flagd/kill/killed.json").expect("one");
    assert_eq!(kill.role, ArtifactRole::Upload);
    let kill = Job { text: String::from_utf8(kill.bytes.clone()).expect("UTF-8"), at: None, values: true };
    let jobs = [Job::of(&running), Job::of(&early), Job::of(&other)];
    let served = served(&contexts, &jobs);
    for moment in &served {
        assert_eq!(moment["forced"][..3], ["treatment-a", "treatment-b", "treatment-b"]);
    }
    assert_ne!(served[0]["forced"][3], "off", "only the whole id counts");
    for moment in &served[1..] {
        assert_eq!(enrolled(&moment["forced"]), 3.0);
    }
    assert_eq!(enrolled(&served[0]["killed"]), UNITS as f64);
    let answer = &answers(&contexts, &[kill])[0]["flags"];
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1));
    let answer = &answer["killed"];
    assert_eq!(answer["names"], json!(["off"]));
    let values = answer["values"].as_array().expect("values");
    let off = values.iter().filter(|value| **value == json!({ "cta": "Pay now" })).count();
    println!("killed: `off` and its payload to {off} of {UNITS}");
    assert_eq!(off, UNITS);
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
        jobs.push(Job { text: flags_json(&schedule), at: Some(second), values: false });
        jobs.push(Job::of(&built(&specs, &Moment::Date(date.parse().expect("a day")))));
    }
    let served = served(&contexts, &jobs);
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
    let answer = &answers(&contexts, &[Job { text, at: None, values: true }])[0]["flags"];
    for name in names {
        let name: String = serde_json::from_str(name).expect("JSON as well");
        let flag = &answer[&name];
        // The unit is not held out under this salt, so every listed word gets the payload, and nothing else does.
        assert_eq!(flag["names"], json!([name, "off"]), "{name}");
        let values = flag["values"].as_array().expect("values");
        for value in &values[..hostile.len()] {
            assert_eq!(value["words"], json!(hostile));
            assert_eq!(value["nested"], json!({ "$ref": "holdout-global-2027" }));
            assert_eq!(value["in"], json!([{ "var": "user_id" }]));
            assert_eq!(value["__proto__"], json!({ "polluted": true }));
            assert_eq!(
                (&value["n"], &value["day"], &value["flag"]),
                (&json!(0.1), &json!("2027-01-11"), &json!(false))
            );
        }
        for value in &values[hostile.len()..] {
            assert_eq!(*value, json!({ "control": true }));
        }
    }
    println!("hostile: {} flags, {} payloads came through", names.len(), names.len() * hostile.len());
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
    let served = served(&eligible(), &[Job::of(&odd)]);
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
