//! Who may take part: the one meaning of an audience, which every platform is held to.
//!
//! - A condition speaks of one attribute. An attribute that is missing, or null, meets no condition, negated or not.
//! - Values keep their type: `"1"` is not 1, and 1 is not `true`. Text is compared by its characters, case included.
//! - A version is three numbers without leading zeros, then a pre-release and build metadata as Semantic Versioning
//!   2.0.0 has them; anything else is no version and meets no comparison. A pre-release comes before its release, and
//!   build metadata counts for nothing.
//! - A dot in the name of an attribute reads a nested object.
//! - A unit takes part when it has an id that is text and not empty, meets every condition and no exclusion.
//!
//! Layers, holdouts and shares are not asked here: they are cut by hashes, which platforms do not share.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json};

use super::Plan;
use crate::spec::{Comparison, Condition, Scalar, VersionRange};

/// True when a unit with these attributes may take part.
pub fn is_eligible(plan: &Plan, attributes: &Map<String, Json>) -> bool {
    let audience = &plan.audience;
    id(plan, attributes).is_some()
        && audience.conditions.iter().all(|one| meets(&one.value, attributes))
        && !audience.exclusions.iter().any(|one| meets(&one.value, attributes))
}

/// The variant that a unit is forced into, eligible or not.
pub fn forced<'p>(plan: &'p Plan, attributes: &Map<String, Json>) -> Option<&'p str> {
    let id = id(plan, attributes)?;
    let holds = |variant: &&super::PlannedVariant| variant.force.iter().any(|forced| forced.value == id);
    plan.variants.iter().find(holds).map(|variant| variant.name.as_str())
}

fn id<'a>(plan: &Plan, attributes: &'a Map<String, Json>) -> Option<&'a str> {
    let key = plan.audience.key.as_ref()?;
    value(&key.value, attributes)?.as_str().filter(|id| !id.is_empty())
}

/// The value of an attribute; `None` for null.
fn value<'a>(name: &str, attributes: &'a Map<String, Json>) -> Option<&'a Json> {
    let mut parts = name.split('.');
    let mut value = attributes.get(parts.next()?)?;
    for part in parts {
        value = value.as_object()?.get(part)?;
    }
    Some(value).filter(|value| !value.is_null())
}

/// True when a unit meets a condition. One that could not be read is met by nobody.
fn meets(condition: &Condition, attributes: &Map<String, Json>) -> bool {
    let Some(value) = condition.attribute.value().and_then(|name| value(name, attributes)) else { return false };
    let comparisons = condition.comparisons();
    let [comparison] = comparisons.as_slice() else { return false };
    if condition.is_broken() {
        return false;
    }
    let number = |holds: fn(f64, f64) -> bool, bound: f64| value.as_f64().is_some_and(|number| holds(number, bound));
    match comparison.value {
        Comparison::In(items) => items.iter().any(|item| same(&item.value, value)),
        Comparison::NotIn(items) => !items.iter().any(|item| same(&item.value, value)),
        Comparison::Is(wanted) => same(wanted, value),
        Comparison::IsNot(wanted) => !same(wanted, value),
        Comparison::Version(range) => value.as_str().is_some_and(|text| within(range, text)),
        Comparison::AtLeast(bound) => number(|a, b| a >= b, bound),
        Comparison::AtMost(bound) => number(|a, b| a <= b, bound),
        Comparison::Above(bound) => number(|a, b| a > b, bound),
        Comparison::Below(bound) => number(|a, b| a < b, bound),
        Comparison::StartsWith(start) => value.as_str().is_some_and(|text| text.starts_with(start)),
        Comparison::EndsWith(end) => value.as_str().is_some_and(|text| text.ends_with(end)),
    }
}

fn same(wanted: &Scalar, value: &Json) -> bool {
    match (wanted, value) {
        (Scalar::Text(wanted), Json::String(text)) => wanted == text,
        (Scalar::Number(wanted), Json::Number(number)) => number.as_f64() == Some(*wanted),
        (Scalar::Flag(wanted), Json::Bool(flag)) => wanted == flag,
        _ => false,
    }
}

pub(crate) fn within(range: &VersionRange, text: &str) -> bool {
    let Some((numbers, is_release)) = version(text) else { return false };
    let bound = range.version.map(|number| number.to_string());
    // Without leading zeros the longer number is the larger.
    let by_size = |(a, b): (&&str, &String)| a.len().cmp(&b.len()).then_with(|| (**a).cmp(b.as_str()));
    let core = numbers.iter().zip(&bound).map(by_size).find(|order| order.is_ne()).unwrap_or(Ordering::Equal);
    let order = if core.is_eq() && !is_release { Ordering::Less } else { core };
    match range.comparison {
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        "=" => order.is_eq(),
        _ => order.is_ne(),
    }
}

/// The three numbers, and whether it is no pre-release.
fn version(text: &str) -> Option<([&str; 3], bool)> {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, before) = text.split_once('-').map_or((text, None), |(core, before)| (core, Some(before)));
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let leads = |part: &str| 1 < part.len() && part.starts_with('0');
    let named = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let fits = |part: &str| named(part) && !(numeric(part) && leads(part));
    if build.is_some_and(|build| !build.split('.').all(named))
        || before.is_some_and(|before| !before.split('.').all(fits))
    {
        return None;
    }
    let mut parts = core.split('.');
    let numbers = [parts.next()?, parts.next()?, parts.next()?];
    let whole = parts.next().is_none() && numbers.iter().all(|part| numeric(part) && !leads(part));
    whole.then_some((numbers, before.is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_semantic_versioning_has_them() {
        let holds = |range: &str, text: &str| within(&range.parse().expect("a range"), text);
        for text in
            ["5.2.0", "5.2.1", "5.10.0", "10.0.0", "5.3.0-rc.1", "5.2.0+7", "5.2.0+rc-1.a", "99999999999999999999.0.0"]
        {
            assert!(holds(">=5.2.0", text), "{text}");
        }
        for text in [
            "5.1.9",
            "5.2.0-rc.1",
            "5.2",
            "6",
            "v5.3.0",
            "5.2.0.1",
            "05.2.0",
            "5.3.0-",
            "5.3.0-01",
            "5.3.0+",
            "5.3.0-a..b",
            " 5.3.0",
            "nightly",
            "",
        ] {
            assert!(!holds(">=5.2.0", text), "{text}");
        }
        assert!(holds("=5.2.0", "5.2.0+7") && !holds("=5.2.0", "5.2.0-a"));
        assert!(holds("<5.2.0", "5.2.0-a") && holds("<=5.2.0", "5.2.0") && !holds(">5.2.0", "5.2.0"));
        assert!(holds("!=5.2.0", "5.2.0-a") && !holds("!=5.2.0", "5.2.0") && !holds("!=5.2.0", "nightly"));
    }
}
