//! What is pushed to ConfigCat: Terraform resources of its provider, `configcat_setting` and
//! `configcat_setting_value_v2`, for the settings that are the flag's own.
//!
//! A layer and a holdout belong to several flags, so their settings are made once, from the config file; a flag finds
//! them by the variable `configcat_setting_ids`. It names its slot as a whole: where slots overlap in the config file, that
//! names the parts. Comparators have the names of the Public Management API. `init_only` is
//! false: with its default a later stage would change nothing.

use serde_json::{Value as Json, json};

use super::super::served::{Flag, Losses};
use super::super::{served, terraform};
use super::conditions::{Comparator, Test};
use super::{Condition, IDENTIFIER, Rule, Served, Setting, of_flag};

pub(super) fn of(flag: &Flag<'_>, losses: &mut Losses) -> Result<Vec<(String, Vec<u8>)>, String> {
    let slot = flag.layer.map(|layer| layer.parts(flag.plan, &super::CONFIGCAT, losses)).transpose()?;
    let cells: Vec<(u64, u64)> = slot.into_iter().collect();
    let all = of_flag(flag, slot, &cells, losses)?;
    let gate = format!("{}-enrolled", flag.key);
    let is_own = |key: &str| key == flag.key || key == gate;
    let mut resources = Vec::new();
    for (key, setting) in all.iter().filter(|(key, _)| is_own(key)) {
        let label = terraform::label(key);
        let kind = if matches!(setting.otherwise, Served::Text { .. }) { "string" } else { "boolean" };
        let made = json!({
            "config_id": "${var.configcat_config_id}", "key": terraform::literal(&json!(key)),
            "name": terraform::literal(&json!(key)), "setting_type": kind, "order": 0,
        });
        resources.push(("configcat_setting", label.clone(), made));
        resources.push(("configcat_setting_value_v2", label.clone(), value_of(setting, &label, &is_own)));
    }
    Ok(vec![("configcat.tf.json".to_owned(), served::json_bytes(&terraform::document(&resources))?)])
}

fn value_of(setting: &Setting, label: &str, is_own: &impl Fn(&str) -> bool) -> Json {
    let rules: Vec<Json> = setting.rules.iter().map(|rule| rule_of(rule, is_own)).collect();
    let mut value = json!({
        "environment_id": "${var.configcat_environment_id}", "setting_id": format!("${{configcat_setting.{label}.id}}"),
        "init_only": false, "value": value(&setting.otherwise), "targeting_rules": rules,
    });
    if setting.unit != IDENTIFIER {
        value["percentage_evaluation_attribute"] = terraform::literal(&json!(setting.unit));
    }
    value
}

fn rule_of(rule: &Rule, is_own: &impl Fn(&str) -> bool) -> Json {
    let conditions: Vec<Json> = rule.conditions.iter().map(|condition| condition_of(condition, is_own)).collect();
    let mut made = json!({});
    if !conditions.is_empty() {
        made["conditions"] = json!(conditions);
    }
    match rule.parts.as_slice() {
        [(100, one)] => made["value"] = value(one),
        parts => {
            let option = |(part, one): &(u64, Served)| json!({ "percentage": part, "value": value(one) });
            made["percentage_options"] = parts.iter().map(option).collect();
        }
    }
    made
}

fn condition_of(condition: &Condition, is_own: &impl Fn(&str) -> bool) -> Json {
    match condition {
        Condition::User(test) => json!({ "user_condition": test_of(test) }),
        Condition::Setting { key, is, value: wanted } => {
            let id = match is_own(key) {
                true => format!("${{configcat_setting.{}.id}}", terraform::label(key)),
                false => format!("${{var.configcat_setting_ids[{}]}}", json!(terraform::literal(&json!(key)))),
            };
            json!({ "prerequisite_flag_condition": {
                "prerequisite_setting_id": id,
                "comparator": if *is { "equals" } else { "doesNotEqual" },
                "comparison_value": value(wanted),
            } })
        }
    }
}

fn test_of(test: &Test) -> Json {
    let (kind, value) = match &test.value {
        Json::Array(items) => {
            ("list_values", items.iter().map(|item| json!({ "value": terraform::literal(item) })).collect())
        }
        Json::String(_) => ("string_value", terraform::literal(&test.value)),
        number => ("double_value", number.clone()),
    };
    json!({
        "comparison_attribute": terraform::literal(&json!(test.attribute)), "comparator": name(test.comparator),
        "comparison_value": { kind: value },
    })
}

fn value(served: &Served) -> Json {
    match served {
        Served::Switch(on) => json!({ "bool_value": on }),
        Served::Text { text, .. } => json!({ "string_value": terraform::literal(&json!(text)) }),
    }
}

/// As the Public Management API writes it.
fn name(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::IsOneOf => "isOneOf",
        Comparator::IsNotOneOf => "isNotOneOf",
        Comparator::VersionIsOneOf => "semVerIsOneOf",
        Comparator::VersionIsNotOneOf => "semVerIsNotOneOf",
        Comparator::VersionLess => "semVerLess",
        Comparator::VersionLessOrEqual => "semVerLessOrEquals",
        Comparator::VersionGreater => "semVerGreater",
        Comparator::VersionGreaterOrEqual => "semVerGreaterOrEquals",
        Comparator::NumberEquals => "numberEquals",
        Comparator::NumberNotEquals => "numberDoesNotEqual",
        Comparator::NumberLess => "numberLess",
        Comparator::NumberLessOrEqual => "numberLessOrEquals",
        Comparator::NumberGreater => "numberGreater",
        Comparator::NumberGreaterOrEqual => "numberGreaterOrEquals",
        Comparator::NotEquals => "textDoesNotEqual",
        Comparator::StartsWith => "textStartsWithAnyOf",
        Comparator::EndsWith => "textEndsWithAnyOf",
        Comparator::EndsNotWith => "textNotEndsWithAnyOf",
    }
}
