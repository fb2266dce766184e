//! Conditions of the audience as clauses of a segment, which hold together.
//!
//! The language has one meaning for every platform, and LaunchDarkly is close to it: a missing attribute meets no
//! clause, negated or not, and values keep their type. Versions are read generously (`5.2` is 5.2.0), so each comparison
//! stands beside a pattern that only versions meet; then there is no need of an operator for "at least".

use serde_json::{Value as Json, json};

use super::super::served::{Clause, is_inherited};
use crate::plan::Plan;
use crate::spec::{Comparison, Scalar};

/// The kind of contexts that are not said to be of another.
pub(super) const USER: &str = "user";

/// Attributes that a context has of its own, beside `name`, which is text as any other.
const OWN: &[&str] = &["_meta", "anonymous", "key", "kind"];

/// A version of Semantic Versioning 2.0.0 and nothing else.
pub(super) const VERSION: &str = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?([+][0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$";

/// The kind of context that is the unit.
pub(super) struct Kind<'p> {
    pub(super) name: &'p str,
    /// The attribute that is the key of the context.
    unit: &'p str,
}

impl<'p> Kind<'p> {
    pub(super) fn of(plan: &'p Plan) -> Result<Self, String> {
        let name = plan.audience.unit.as_ref().map_or(USER, |unit| unit.value.as_str());
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || !name.chars().all(legal) || matches!(name, "kind" | "multi") {
            return Err(format!("`{name}` cannot be a kind of context"));
        }
        Ok(Self { name, unit: plan.audience.key.as_ref().map_or("", |key| key.value.as_str()) })
    }

    pub(super) fn new(name: &'p str) -> Self {
        Self { name, unit: "" }
    }

    pub(super) fn is_in(&self, segment: &str) -> Json {
        clause(self.name, "segmentMatch", "segmentMatch", vec![json!(segment)], false)
    }

    pub(super) fn not_in(&self, segment: &str) -> Json {
        clause(self.name, "segmentMatch", "segmentMatch", vec![json!(segment)], true)
    }
}

/// A clause that every context of the kind meets: servers take no rule without one.
pub(super) fn anybody(kind: &str) -> Json {
    clause(kind, "kind", "in", vec![json!(kind)], false)
}

/// One condition as clauses that must all hold; the error is why it cannot be said.
pub(super) fn condition(one: &Clause<'_>, kind: &Kind<'_>) -> Result<Vec<Json>, String> {
    let attribute = attribute(one.attribute, kind)?;
    let is = |op: &str, values: Vec<Json>, negate: bool| clause(kind.name, &attribute, op, values, negate);
    let number = |op: &str, bound: f64| vec![is(op, vec![Scalar::Number(bound).to_json()], false)];
    Ok(match &one.comparison {
        Comparison::In(items) => vec![is("in", items.iter().map(|item| item.value.to_json()).collect(), false)],
        Comparison::NotIn(items) => vec![is("in", items.iter().map(|item| item.value.to_json()).collect(), true)],
        Comparison::Is(value) => vec![is("in", vec![value.to_json()], false)],
        Comparison::IsNot(value) => vec![is("in", vec![value.to_json()], true)],
        Comparison::Version(range) => {
            let [major, minor, patch] = range.version;
            let bound = vec![json!(format!("{major}.{minor}.{patch}"))];
            let (op, negate) = match range.comparison {
                ">=" => ("semVerLessThan", true),
                "<=" => ("semVerGreaterThan", true),
                ">" => ("semVerGreaterThan", false),
                "<" => ("semVerLessThan", false),
                "=" => ("semVerEqual", false),
                _ => ("semVerEqual", true),
            };
            vec![is("matches", vec![json!(VERSION)], false), is(op, bound, negate)]
        }
        Comparison::AtLeast(bound) => number("greaterThanOrEqual", *bound),
        Comparison::AtMost(bound) => number("lessThanOrEqual", *bound),
        Comparison::Above(bound) => number("greaterThan", *bound),
        Comparison::Below(bound) => number("lessThan", *bound),
        Comparison::StartsWith(start) => vec![is("startsWith", vec![json!(start)], false)],
        Comparison::EndsWith(end) => vec![is("endsWith", vec![json!(end)], false)],
    })
}

/// A reference to an attribute. The one that carries the unit's id is the key of its context.
fn attribute(name: &str, kind: &Kind<'_>) -> Result<String, String> {
    if name == kind.unit {
        return Ok("key".to_owned());
    }
    let parts: Vec<&str> = name.split('.').collect();
    if OWN.contains(&parts[0]) || parts.iter().any(|part| part.is_empty() || is_inherited(part)) {
        return Err(format!("LaunchDarkly gives the attribute name `{name}` a meaning of its own"));
    }
    if parts.len() == 1 && !name.starts_with('/') {
        return Ok(name.to_owned());
    }
    // A path, as JSON Pointer writes it.
    Ok(parts.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect())
}

fn clause(kind: &str, attribute: &str, op: &str, values: Vec<Json>, negate: bool) -> Json {
    json!({ "contextKind": kind, "attribute": attribute, "op": op, "values": values, "negate": negate })
}
