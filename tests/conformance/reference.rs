//! What the language says of a unit, from the compiled plan.

use expc::plan::Plan;
use expc::spec::{Comparison, Condition, Scalar, VersionRange};
use serde_json::{Map, Value as Json};

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
    let order = version.cmp(&range.version).then(if pre.is_some() { std::cmp::Ordering::Less } else { std::cmp::Ordering::Equal });
    match range.comparison {
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        "=" => order.is_eq(),
        _ => order.is_ne(),
    }
}
