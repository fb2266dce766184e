//! What is pushed to platforms, where the conformance suite has no SDK that reads it.
//!
//! Statsig publishes its Console API as OpenAPI: bodies are held against that. ConfigCat's provider is documented and no
//! more: its resources are read back here, and must say what the config file says, which its SDKs have judged.

use expc::emit::{Artifact, Emitted};
use serde_json::{Map, Value as Json, json};

use crate::flags::*;

/// Every comparison, forced units, a layer and a holdout.
fn built(platform: &str) -> Emitted {
    let force = "force = { treatment-a = [\"qa-a\", \"qa-A\"], treatment-b = [\"qa ${b}\"] }";
    let audience = format!(
        "{}\nlayer = \"checkout\"\nshare = \"40%\"\nholdout = \"global-2027\"\n{force}",
        crate::conditions::CONDITIONS
    );
    let hostile = "where = [{ attribute = \"word\", in = [\"${a}\", \"%{b}\", \"a\\\"b\"] }, { attribute = \"tier\", in = [1, 2] }]";
    let specs = [
        spec("full", "running", &audience, &(stage("at-10", "10%") + &stage("main", "40%")), ""),
        spec("hostile", "running", hostile, &stage("main", "100%"), "").replace("Pay now", "${pay} %{now}"),
    ];
    emit(platform, &workspace(&specs), &at_stage("main")).expect("a clean workspace")
}

fn read(file: &Artifact) -> Json {
    serde_json::from_slice(&file.bytes).expect("JSON")
}

fn file(emitted: &Emitted, path: &str) -> Json {
    read(emitted.artifacts.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path}")))
}

/// OpenAPI 3.0 as a JSON Schema of draft 4, in which unknown fields are faults.
fn schema_of(mut schema: Json) -> Json {
    if let Some(map) = schema.as_object_mut() {
        map.remove("example");
        if map.remove("nullable") == Some(json!(true)) {
            let kind = map["type"].clone();
            map.insert("type".to_owned(), json!([kind, "null"]));
        }
        if map.contains_key("properties") {
            map.entry("additionalProperties").or_insert(json!(false));
        }
    }
    match schema {
        Json::Object(map) => map.into_iter().map(|(key, value)| (key, schema_of(value))).collect::<Map<_, _>>().into(),
        Json::Array(items) => items.into_iter().map(schema_of).collect(),
        other => other,
    }
}

#[test]
fn statsig_publishes_what_its_console_api_takes() {
    let published: Json = serde_json::from_str(include_str!("../vendor/statsig-console-api.json")).expect("JSON");
    let judge = |name: &str| {
        let mut schema = schema_of(published["components"]["schemas"][name].clone());
        // The provider's maps hold text; the API returns and takes payloads with their types.
        if let Some(values) =
            schema.pointer_mut("/properties/groups/items/properties/parameterValues/additionalProperties")
        {
            *values = json!(true);
        }
        jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&schema).expect("a schema")
    };
    let judges = [
        ("gate.json", judge("GateCreateDto")),
        ("experiment.json", judge("ExperimentCreateDto")),
        ("overrides.json", judge("ExperimentOverridesDto")),
    ];
    let emitted = built("statsig");
    let mut judged = 0;
    for artifact in emitted.artifacts.iter().filter(|file| file.path.starts_with("flags/statsig/upload/")) {
        let (_, judge) = judges.iter().find(|(name, _)| artifact.path.ends_with(name)).expect("a known body");
        let faults: Vec<String> = judge.iter_errors(&read(artifact)).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, [""; 0], "{}", artifact.path);
        judged += 1;
    }
    assert_eq!(judged, 2 * 3 + 2 * 2);
    let wrong =
        json!({ "name": "a name", "groups": [{ "name": "a", "size": 101, "parameterValues": {} }], "share": 1 });
    assert_eq!(judges[1].1.iter_errors(&wrong).count(), 2, "the judge judges");
    let experiment = file(&emitted, "flags/statsig/upload/full/experiment.json");
    assert_eq!((&experiment["allocation"], &experiment["layerID"]), (&json!(40.0), &json!("checkout")));
    let killed = file(&emitted, "flags/statsig/upload/full/kill/gate.json");
    assert_eq!(killed["isEnabled"], json!(false));
}

/// The comparators of the Public Management API, by their numbers in a config.
const COMPARATORS: [(&str, u64); 18] = [
    ("isOneOf", 0),
    ("isNotOneOf", 1),
    ("semVerIsOneOf", 4),
    ("semVerIsNotOneOf", 5),
    ("semVerLess", 6),
    ("semVerLessOrEquals", 7),
    ("semVerGreater", 8),
    ("semVerGreaterOrEquals", 9),
    ("numberEquals", 10),
    ("numberDoesNotEqual", 11),
    ("numberLess", 12),
    ("numberLessOrEquals", 13),
    ("numberGreater", 14),
    ("numberGreaterOrEquals", 15),
    ("textDoesNotEqual", 29),
    ("textStartsWithAnyOf", 30),
    ("textEndsWithAnyOf", 32),
    ("textNotEndsWithAnyOf", 33),
];

/// A string of Terraform as it is read.
fn literal(value: &Json) -> Json {
    json!(value.as_str().expect("text").replace("$${", "${").replace("%%{", "%{"))
}

fn value_of(value: &Json) -> Json {
    match value.get("bool_value") {
        Some(on) => json!({ "b": on }),
        None => json!({ "s": literal(&value["string_value"]) }),
    }
}

fn condition_of(condition: &Json) -> Json {
    if let Some(of) = condition.get("prerequisite_flag_condition") {
        let id = of["prerequisite_setting_id"].as_str().expect("an expression");
        let own = id.strip_prefix("${configcat_setting.").and_then(|id| id.strip_suffix(".id}"));
        let shared = id.strip_prefix("${var.configcat_setting_ids[\"").and_then(|id| id.strip_suffix("\"]}"));
        let comparator = u8::from(of["comparator"] == json!("doesNotEqual"));
        let value = value_of(&of["comparison_value"]);
        return json!({ "p": { "f": own.or(shared).expect("a setting"), "c": comparator, "v": value } });
    }
    let user = &condition["user_condition"];
    let (_, comparator) = COMPARATORS.iter().find(|(name, _)| user["comparator"] == json!(name)).expect("a comparator");
    let wanted = user["comparison_value"].as_object().expect("a value");
    let (key, value) = match wanted.iter().next().expect("one value") {
        (key, list) if key == "list_values" => {
            ("l", list.as_array().expect("a list").iter().map(|one| literal(&one["value"])).collect())
        }
        (key, text) if key == "string_value" => ("s", literal(text)),
        (_, number) => ("d", number.clone()),
    };
    json!({ "u": { "a": literal(&user["comparison_attribute"]), "c": comparator, key: value } })
}

/// A resource as a setting of a config, without the ids of values.
fn setting_of(resource: &Json) -> Json {
    let rule = |rule: &Json| {
        let conditions: Vec<Json> = rule["conditions"].as_array().into_iter().flatten().map(condition_of).collect();
        match rule.get("value") {
            Some(value) => json!({ "c": conditions, "s": { "v": value_of(value) } }),
            None => {
                let parts = rule["percentage_options"].as_array().expect("options").iter();
                let parts: Vec<Json> =
                    parts.map(|one| json!({ "p": one["percentage"], "v": value_of(&one["value"]) })).collect();
                json!({ "c": conditions, "p": parts })
            }
        }
    };
    let rules: Vec<Json> = resource["targeting_rules"].as_array().expect("rules").iter().map(rule).collect();
    json!({ "r": rules, "v": value_of(&resource["value"]) })
}

/// A setting of a config without the ids of values, and its type.
fn plain(mut setting: Json) -> Json {
    fn strip(value: &mut Json) {
        match value {
            Json::Object(map) => {
                map.remove("i");
                map.values_mut().for_each(strip);
            }
            Json::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut setting);
    assert_eq!(setting["p"], json!([]), "a flag's parts stand in rules");
    json!({ "r": setting["r"], "v": setting["v"] })
}

#[test]
fn configcat_resources_say_what_its_config_says() {
    let emitted = built("configcat");
    let config = file(&emitted, "flags/configcat/config_v6.json");
    let mut read = 0;
    for flag in ["full", "hostile"] {
        let terraform = file(&emitted, &format!("flags/configcat/upload/{flag}/configcat.tf.json"));
        let resources = terraform["resource"]["configcat_setting_value_v2"].as_object().expect("values");
        for (label, resource) in resources {
            assert_eq!(resource["init_only"], json!(false), "a later stage must change something");
            assert_eq!(resource["setting_id"], json!(format!("${{configcat_setting.{label}.id}}")));
            assert_eq!(setting_of(resource), plain(config["f"][label].clone()), "{label}");
            read += 1;
        }
    }
    assert_eq!(read, 4);
    let killed = file(&emitted, "flags/configcat/upload/full/kill/configcat.tf.json");
    let resource = &killed["resource"]["configcat_setting_value_v2"];
    assert_eq!(resource.as_object().map(Map::len), Some(1));
    assert_eq!(resource["full"]["targeting_rules"], json!([]));
}

#[test]
fn two_flags_of_one_name_at_firebase_are_refused() {
    let specs = ["a-b", "a_b"].map(|id| spec(id, "running", "", &stage("main", "100%"), ""));
    let refused = emit("firebase", &workspace(&specs), &at_stage("main")).expect_err("one parameter for two");
    assert!(refused.contains("`a-b`") && refused.contains("`a_b`"), "{refused}");
}

/// PostHog's API takes the filters that its SDKs evaluate: those have judged them in the document.
#[test]
fn posthog_is_pushed_what_its_sdks_evaluate() {
    let force = format!("{}\nforce = {{ treatment-a = [\"qa-a\", \"qa-A\"] }}", crate::conditions::CONDITIONS);
    let odd = "weight = 33.333";
    let specs = [
        spec("full", "running", &force, &(stage("at-10", "10%") + &stage("main", "40%")), ""),
        spec("odd", "running", "", &stage("main", "12.3456%"), "").replace("weight = 25", odd),
        spec("in-layer", "running", "layer = \"checkout\"\nshare = \"40%\"", &stage("main", "40%"), ""),
    ];
    let emitted = emit("posthog", &workspace(&specs), &at_stage("main")).expect("a clean workspace");
    let document = file(&emitted, "flags/posthog/flags.json");
    let flags = document["flags"].as_array().expect("flags");
    for id in ["full", "odd"] {
        let body = file(&emitted, &format!("flags/posthog/upload/{id}/feature-flag.json"));
        let evaluated = flags.iter().find(|flag| flag["key"] == body["key"]).expect("the flag");
        assert_eq!(body["filters"], evaluated["filters"], "{id}");
        assert_eq!(body["active"], json!(true));
    }
    let in_layer = |path: &str| path.contains("/upload/in-layer/");
    assert!(
        !emitted.artifacts.iter().any(|file| in_layer(&file.path)),
        "the server's number of the layer is not known"
    );
    // The API refuses variants whose per cents do not sum to 100.
    for flag in flags.iter().filter(|flag| flag["filters"]["multivariate"].is_object()) {
        let variants = flag["filters"]["multivariate"]["variants"].as_array().expect("variants");
        let sum = variants.iter().filter_map(|variant| variant["rollout_percentage"].as_f64()).fold(0.0, |a, b| a + b);
        assert_eq!(sum, 100.0, "{}", flag["key"]);
    }
}
