//! Whether conditions can all hold for one unit.
//!
//! [`clash`] finds a proof that they cannot, and names the two places it rests on. It knows lists, numbers,
//! versions and beginnings of texts, one attribute at a time; where it is not certain, conditions can hold.

use std::collections::BTreeMap;

use crate::spec::{Comparison, Condition, Scalar, VersionRange};
use crate::syntax::At;
use crate::text::Span;

/// Two comparisons of one attribute that no value meets.
#[derive(Debug, Clone, PartialEq)]
pub struct Clash {
    pub attribute: String,
    /// The place of the first and what it asks, in words.
    pub first: (Span, String),
    pub second: (Span, String),
    /// True when one of the two is an exclusion.
    pub excluded: bool,
}

/// A comparison, or the opposite of one that keeps units out.
#[derive(Clone, Copy)]
struct Test<'a> {
    comparison: Comparison<'a>,
    span: Span,
    negated: bool,
}

/// More comparisons of values than this are not made: two lists of hundreds are compared, two of thousands are not.
const MOST_STEPS: usize = 1_000_000;

/// A proof that no unit meets all conditions and none of the exclusions; `None` when there is none.
pub fn clash<'a>(
    conditions: impl IntoIterator<Item = &'a At<Condition>>,
    exclusions: impl IntoIterator<Item = &'a At<Condition>>,
) -> Option<Clash> {
    let mut tests: BTreeMap<&'a str, Vec<Test<'a>>> = BTreeMap::new();
    for condition in conditions {
        if let Some((name, test)) = single(condition, false) {
            tests.entry(name).or_default().push(test);
        }
    }
    for condition in exclusions {
        // A missing attribute never satisfies a condition: an exclusion binds only where the attribute is there.
        if let Some((name, test)) = single(condition, true)
            && let Some(tests) = tests.get_mut(name)
        {
            tests.push(test);
        }
    }
    tests.iter().find_map(|(name, tests)| {
        let (first, second) =
            of_lists(tests).or_else(|| of_numbers(tests)).or_else(|| of_versions(tests)).or_else(|| of_texts(tests))?;
        Some(Clash {
            attribute: (*name).to_owned(),
            first: words(first),
            second: words(second),
            excluded: first.negated || second.negated,
        })
    })
}

/// The one comparison of a condition; `None` when it is not whole.
fn single(condition: &At<Condition>, negated: bool) -> Option<(&str, Test<'_>)> {
    let name = condition.attribute.value()?;
    match condition.comparisons().as_slice() {
        [only] if !condition.is_broken() => {
            Some((name, Test { comparison: only.value, span: condition.span, negated }))
        }
        _ => None,
    }
}

fn words(test: &Test<'_>) -> (Span, String) {
    let text = test.comparison.to_string();
    (test.span, if test.negated { format!("keeps out: {text}") } else { text })
}

type Pair<'t, 'a> = Option<(&'t Test<'a>, &'t Test<'a>)>;

/// A list of which the other comparisons leave nothing.
fn of_lists<'t, 'a>(tests: &'t [Test<'a>]) -> Pair<'t, 'a> {
    let width = |test: &Test<'_>| match test.comparison {
        Comparison::In(list) | Comparison::NotIn(list) => list.len(),
        _ => 1,
    };
    for test in tests {
        let values: Vec<&Scalar> = match (test.comparison, test.negated) {
            (Comparison::In(list), false) | (Comparison::NotIn(list), true) if !list.broken && !list.is_empty() => {
                list.iter().map(|item| &item.value).collect()
            }
            (Comparison::Is(value), false) | (Comparison::IsNot(value), true) => vec![value],
            _ => continue,
        };
        let others = || tests.iter().filter(|other| !std::ptr::eq(*other, test));
        if MOST_STEPS < values.len().saturating_mul(others().map(width).sum::<usize>()) {
            continue;
        }
        let refuses = |value: &Scalar| others().find(|other| !may_hold(other, value));
        if let Some(first) = refuses(values[0])
            && values[1..].iter().all(|value| refuses(value).is_some())
        {
            return Some((test, first));
        }
    }
    None
}

/// False only when the value certainly fails the test.
fn may_hold(test: &Test<'_>, value: &Scalar) -> bool {
    outcome(test, value) != Some(false)
}

/// Whether a value passes the test, where that is certain.
fn outcome(test: &Test<'_>, value: &Scalar) -> Option<bool> {
    let holds = match (test.comparison, value) {
        (Comparison::In(list), _) if !list.broken => Some(list.iter().any(|item| item.value == *value)),
        (Comparison::NotIn(list), _) if !list.broken => Some(list.iter().all(|item| item.value != *value)),
        (Comparison::Is(wanted), _) => Some(wanted == value),
        (Comparison::IsNot(other), _) => Some(other != value),
        (Comparison::AtLeast(least), Scalar::Number(number)) => Some(least <= *number),
        (Comparison::AtMost(most), Scalar::Number(number)) => Some(*number <= most),
        (Comparison::Above(bound), Scalar::Number(number)) => Some(bound < *number),
        (Comparison::Below(bound), Scalar::Number(number)) => Some(*number < bound),
        (Comparison::StartsWith(start), Scalar::Text(text)) => Some(text.starts_with(start)),
        (Comparison::EndsWith(end), Scalar::Text(text)) => Some(text.ends_with(end)),
        _ => None,
    };
    holds.map(|holds| holds != test.negated)
}

/// The part of all units that may meet the first audience and not the second, at the most; `None` when the shares do
/// not say. An audience is its conditions and its exclusions; `shares` gives the values of an attribute with the part
/// of units that has each.
///
/// A unit that is lost fails a test that only the second audience makes. Each such test is bounded by its own
/// attribute: parts of several attributes are added, as if no unit had two of them.
pub fn apart<'a>(
    first: [&'a [At<Condition>]; 2],
    second: [&'a [At<Condition>]; 2],
    shares: impl Fn(&str) -> Option<Vec<(Scalar, f64)>>,
) -> Option<f64> {
    let (first, second) = (tests(first)?, tests(second)?);
    let same =
        |a: &Test<'_>, b: &Test<'_>| a.negated == b.negated && a.comparison.to_string() == b.comparison.to_string();
    let mut lost = 0.0;
    for (name, tests) in &second {
        let known = first.get(name).map_or(&[][..], Vec::as_slice);
        let other: Vec<&Test<'_>> = tests.iter().filter(|test| !known.iter().any(|known| same(known, test))).collect();
        if other.is_empty() {
            continue;
        }
        let shares = shares(name)?;
        let leaves = |value: &Scalar| {
            known.iter().all(|test| may_hold(test, value))
                && other.iter().any(|test| outcome(test, value) != Some(true))
        };
        lost += shares.iter().filter(|(value, _)| leaves(value)).map(|(_, share)| share).sum::<f64>();
        let listed: f64 = shares.iter().map(|(_, share)| share).sum();
        // Those with another value, or with none.
        let is_listed = |test: &Test<'_>| match test.comparison {
            Comparison::In(list) => {
                !list.broken && list.iter().all(|item| shares.iter().any(|(value, _)| *value == item.value))
            }
            Comparison::Is(wanted) => shares.iter().any(|(value, _)| value == wanted),
            _ => false,
        };
        let kept_out = known.iter().any(|test| !test.negated && is_listed(test));
        let still_in = other.iter().all(|test| test.negated && is_listed(test));
        if !kept_out && !still_in && LEAST_REST < 1.0 - listed {
            lost += 1.0 - listed;
        }
    }
    Some(lost.min(1.0))
}

/// Shares are rounded when they are written: what they leave over below this is nobody.
const LEAST_REST: f64 = 1e-3;

/// The tests of an audience by their attributes; `None` when one of its conditions is not whole.
fn tests<'a>([conditions, exclusions]: [&'a [At<Condition>]; 2]) -> Option<BTreeMap<&'a str, Vec<Test<'a>>>> {
    let mut tests: BTreeMap<&'a str, Vec<Test<'a>>> = BTreeMap::new();
    for (list, negated) in [(conditions, false), (exclusions, true)] {
        for condition in list {
            let (name, test) = single(condition, negated)?;
            tests.entry(name).or_default().push(test);
        }
    }
    Some(tests)
}

/// A lower and an upper bound that leave no number between them.
fn of_numbers<'t, 'a>(tests: &'t [Test<'a>]) -> Pair<'t, 'a> {
    // The bound, and whether it is itself left out.
    let mut lows: Vec<(f64, bool, &Test<'_>)> = Vec::new();
    let mut highs = Vec::new();
    for test in tests {
        match (test.comparison, test.negated) {
            (Comparison::AtLeast(bound), false) | (Comparison::Below(bound), true) => lows.push((bound, false, test)),
            (Comparison::Above(bound), false) | (Comparison::AtMost(bound), true) => lows.push((bound, true, test)),
            (Comparison::AtMost(bound), false) | (Comparison::Above(bound), true) => highs.push((bound, false, test)),
            (Comparison::Below(bound), false) | (Comparison::AtLeast(bound), true) => highs.push((bound, true, test)),
            _ => {}
        }
    }
    let low = lows.iter().max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
    let high = highs.iter().min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
    let empty = high.0 < low.0 || (high.0 == low.0 && (low.1 || high.1));
    empty.then_some((low.2, high.2))
}

/// A lower and an upper version that leave none between them.
fn of_versions<'t, 'a>(tests: &'t [Test<'a>]) -> Pair<'t, 'a> {
    let mut lows: Vec<([u64; 3], bool, &Test<'_>)> = Vec::new();
    let mut highs = Vec::new();
    for test in tests {
        let Comparison::Version(VersionRange { comparison, version }) = test.comparison else { continue };
        match (*comparison, test.negated) {
            (">=", false) | ("<", true) => lows.push((*version, false, test)),
            (">", false) | ("<=", true) => lows.push((*version, true, test)),
            ("<=", false) | (">", true) => highs.push((*version, false, test)),
            ("<", false) | (">=", true) => highs.push((*version, true, test)),
            ("=", false) | ("!=", true) => {
                lows.push((*version, false, test));
                highs.push((*version, false, test));
            }
            _ => {}
        }
    }
    let low = lows.iter().max_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)))?;
    let high = highs.iter().min_by(|a, b| (a.0, !a.1).cmp(&(b.0, !b.1)))?;
    let empty = high.0 < low.0 || (high.0 == low.0 && (low.1 || high.1));
    empty.then_some((low.2, high.2))
}

/// Two beginnings, or two ends, of which neither contains the other.
fn of_texts<'t, 'a>(tests: &'t [Test<'a>]) -> Pair<'t, 'a> {
    let plain = || tests.iter().filter(|test| !test.negated);
    let apart = |a: &Test<'_>, b: &Test<'_>| match (a.comparison, b.comparison) {
        (Comparison::StartsWith(a), Comparison::StartsWith(b)) => !a.starts_with(b) && !b.starts_with(a),
        (Comparison::EndsWith(a), Comparison::EndsWith(b)) => !a.ends_with(b) && !b.ends_with(a),
        _ => false,
    };
    plain().find_map(|a| plain().find(|b| apart(a, b)).map(|b| (a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Audience;

    /// Conditions and exclusions.
    fn audience(text: &str) -> [Vec<At<Condition>>; 2] {
        let (tree, faults) = crate::syntax::parse(crate::text::FileId(0), text);
        assert!(faults.is_empty(), "{text}");
        let (audience, faults) = crate::syntax::read::<Audience>(&tree);
        assert!(faults.is_empty(), "{text}");
        let list = |field: &crate::syntax::Field<crate::syntax::List<Condition>>| {
            field.value().map(|list| list.items.clone()).unwrap_or_default()
        };
        [list(&audience.r#where), list(&audience.exclude)]
    }

    fn clashes(text: &str) -> bool {
        let [conditions, exclusions] = audience(text);
        clash(&conditions, &exclusions).is_some()
    }

    #[test]
    fn who_meets_one_audience_only_is_bounded_by_shares() {
        let shares = |name: &str| {
            let text = |value: &str, share: f64| (Scalar::Text(value.to_owned()), share);
            match name {
                "land" => Some(vec![text("US", 0.6), text("CA", 0.1), text("FR", 0.2)]),
                "os" => Some(vec![text("ios", 0.5), text("web", 0.5)]),
                _ => None,
            }
        };
        let of = |first: &str, second: &str| {
            let (first, second) = (audience(first), audience(second));
            let bound = apart([&first[0], &first[1]], [&second[0], &second[1]], shares);
            bound.map(|bound| (bound * 1e6).round() / 1e6)
        };
        let both = r#"where = [{ attribute = "land", in = ["US", "CA"] }]"#;
        let one = r#"where = [{ attribute = "land", in = ["US"] }]"#;
        assert_eq!((of(both, one), of(one, both)), (Some(0.1), Some(0.0)));
        // Nobody says which land the last tenth has.
        assert_eq!((of("", one), of(one, "")), (Some(0.4), Some(0.0)));
        let others = r#"where = [{ attribute = "land", not_in = ["US"] }]"#;
        assert_eq!((of(one, others), of(others, one)), (Some(0.6), Some(0.4)));
        let without = r#"exclude = [{ attribute = "land", is = "CA" }]"#;
        assert_eq!((of("", without), of(without, "")), (Some(0.1), Some(0.0)));
        // What both ask counts for nothing, whatever is known of it; what one asks has to be known.
        let old = r#"where = [{ attribute = "age", above = 18 }]"#;
        let young = r#"where = [{ attribute = "age", above = 16 }]"#;
        assert_eq!(of(both, young), None);
        assert_eq!(of(old, old), Some(0.0));
        let phones = r#"where = [{ attribute = "os", is = "ios" }, { attribute = "land", in = ["US"] }]"#;
        assert_eq!(of(both, phones), Some(0.6));
    }

    #[test]
    fn what_cannot_hold_is_found_and_what_can_is_not() {
        for (conditions, empty) in [
            (r#"where = [{ attribute = "a", in = ["x"] }, { attribute = "a", in = ["y"] }]"#, true),
            (r#"where = [{ attribute = "a", in = ["x", "z"] }, { attribute = "a", in = ["y", "z"] }]"#, false),
            (r#"where = [{ attribute = "a", in = ["x"] }, { attribute = "b", in = ["y"] }]"#, false),
            (r#"where = [{ attribute = "a", in = ["x", "y"] }, { attribute = "a", not_in = ["y", "x"] }]"#, true),
            (
                r#"where = [{ attribute = "a", is = true }]
                exclude = [{ attribute = "a", is = true }]"#,
                true,
            ),
            (r#"exclude = [{ attribute = "a", is = true }, { attribute = "a", is = false }]"#, false),
            (r#"where = [{ attribute = "a", at_least = 5 }, { attribute = "a", below = 5 }]"#, true),
            (r#"where = [{ attribute = "a", at_least = 5 }, { attribute = "a", at_most = 5 }]"#, false),
            (
                r#"where = [{ attribute = "a", at_least = 5 }]
                exclude = [{ attribute = "a", above = 4 }]"#,
                true,
            ),
            (r#"where = [{ attribute = "a", semver = ">=5.2.0" }, { attribute = "a", semver = "<5.2.0" }]"#, true),
            (r#"where = [{ attribute = "a", semver = ">=5.2.0" }, { attribute = "a", semver = "<5.10.0" }]"#, false),
            (r#"where = [{ attribute = "a", starts_with = "en-" }, { attribute = "a", starts_with = "fr-" }]"#, true),
            (r#"where = [{ attribute = "a", starts_with = "en" }, { attribute = "a", starts_with = "en-GB" }]"#, false),
            (r#"where = [{ attribute = "a", is = "fr-FR" }, { attribute = "a", starts_with = "en" }]"#, true),
        ] {
            assert_eq!(clashes(conditions), empty, "{conditions}");
        }
    }
}
