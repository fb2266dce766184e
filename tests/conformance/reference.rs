//! What the language says of a unit, written a second time: it judges the evaluator that judges all platforms.

use expc::plan::Plan;
use expc::spec::{Comparison, Condition, Scalar, VersionRange};
use serde_json::{Map, Value as Json, json};

pub fn is_eligible(plan: &Plan, unit: &Map<String, Json>) -> bool {
    let key = plan.audience.key.as_ref().map_or("", |key| key.value.as_str());
    let known = unit.get(key).and_then(Json::as_str).is_some_and(|id| !id.is_empty());
    known
        && plan.audience.conditions.iter().all(|one| holds(&one.value, unit))
        && !plan.audience.exclusions.iter().any(|one| holds(&one.value, unit))
}

fn holds(condition: &Condition, unit: &Map<String, Json>) -> bool {
    let name = condition.attribute.value().expect("the matrix names attributes");
    let Some(value) = unit.get(name).filter(|value| !value.is_null()) else { return false };
    let comparisons = condition.comparisons();
    let number = |test: &dyn Fn(f64) -> bool| value.as_f64().is_some_and(test);
    match comparisons[0].value {
        Comparison::In(items) => items.iter().any(|item| equal(value, &item.value)),
        Comparison::NotIn(items) => !items.iter().any(|item| equal(value, &item.value)),
        Comparison::Is(item) => equal(value, item),
        Comparison::IsNot(item) => !equal(value, item),
        Comparison::Version(range) => value.as_str().is_some_and(|text| within(text, range)),
        Comparison::AtLeast(bound) => number(&|it| bound <= it),
        Comparison::AtMost(bound) => number(&|it| it <= bound),
        Comparison::Above(bound) => number(&|it| bound < it),
        Comparison::Below(bound) => number(&|it| it < bound),
        Comparison::StartsWith(start) => value.as_str().is_some_and(|text| text.starts_with(start)),
        Comparison::EndsWith(end) => value.as_str().is_some_and(|text| text.ends_with(end)),
    }
}

fn equal(value: &Json, item: &Scalar) -> bool {
    match (value, item) {
        (Json::String(text), Scalar::Text(other)) => text == other,
        (Json::Number(number), Scalar::Number(other)) => number.as_f64() == Some(*other),
        (Json::Bool(flag), Scalar::Flag(other)) => flag == other,
        _ => false,
    }
}

/// Semantic versions 2.0.0: build metadata does not count, a pre-release comes before its release.
fn within(text: &str, range: &VersionRange) -> bool {
    let (text, _) = text.split_once('+').unwrap_or((text, ""));
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let part = |part: &str| match part.starts_with('0') && 1 < part.len() || !part.bytes().all(|b| b.is_ascii_digit()) {
        true => None,
        false => part.parse::<u64>().ok(),
    };
    let Some(parts) = core.split('.').map(part).collect::<Option<Vec<u64>>>() else { return false };
    let Ok(version) = <[u64; 3]>::try_from(parts) else { return false };
    let order = version.cmp(&range.version).then(if pre.is_some() {
        std::cmp::Ordering::Less
    } else {
        std::cmp::Ordering::Equal
    });
    match range.comparison {
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        "=" => order.is_eq(),
        _ => order.is_ne(),
    }
}

/// What the language says of `conditions::CONDITIONS`, without a plan.
pub fn by_hand(unit: &Json) -> bool {
    let text = |name: &str| unit[name].as_str();
    let between = |name: &str, ok: &dyn Fn(f64) -> bool| unit[name].as_f64().is_some_and(ok);
    let present = |name: &str| !unit[name].is_null();
    text("user_id").is_some_and(|id| !id.is_empty())
        && matches!(text("country"), Some("US" | "CA"))
        && present("channel")
        && !matches!(text("channel"), Some("beta" | "USA"))
        && unit["signed_in"] == json!(true)
        && present("plan")
        && text("plan") != Some("free")
        && text("app_version").is_some_and(at_least_5_2_0)
        && between("age", &|age| (18.0..=65.0).contains(&age))
        && between("orders", &|orders| 0.0 < orders && orders < 100.5)
        && text("locale").is_some_and(|locale| locale.starts_with("en-"))
        && text("device").is_some_and(|device| device.ends_with("-phone"))
        && unit["is_staff"] != json!(true)
        && (!present("risk") || matches!(text("risk"), Some("low" | "none")))
}

/// Semantic versions 2.0.0: build metadata does not count, a pre-release comes before its release.
fn at_least_5_2_0(version: &str) -> bool {
    let version = version.split('+').next().unwrap_or(version);
    let (core, pre) = version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)));
    let number = |part: &str| part.parse().ok().filter(|_| part == "0" || !part.starts_with('0'));
    let parts: Option<Vec<u64>> = core.split('.').map(number).collect();
    match parts.as_deref() {
        Some([major, minor, patch]) => match (*major, *minor, *patch).cmp(&(5, 2, 0)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => pre.is_none(),
            std::cmp::Ordering::Greater => true,
        },
        _ => false,
    }
}
