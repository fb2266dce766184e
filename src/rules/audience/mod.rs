//! Rules on who takes part, and when it counts.

crate::rules::rule::group! {
    empty_audience,
    unknown_attribute,
    attribute_not_in_version,
    mutable_target,
    no_volume,
    noise_traffic,
    unstable_unit,
    login_switch,
    salt_reused,
    same_users_too_soon,
    orphan_flag,
    exposure_missing,
    same_payload,
    bad_code,
    not_representative,
    unknown_reference,
    broken_audience,
    narrowed_volume,
    neglected_attribute,
}

use crate::catalog::AttributeType;
use crate::diag::{Applicability, Diagnostic, Edit};
use crate::rules::prelude::nearest;
use crate::rules::rule::PlanCx;
use crate::spec::{Comparison, Condition, Field, List, VersionRange};
use crate::syntax::{At, Node, Table, Value};

/// The conditions that the spec and its template hold: those that let in, then those that keep out.
///
/// The conditions of a named audience belong to the catalogue, and are judged there once.
fn own_conditions<'a>(cx: &PlanCx<'a>) -> impl Iterator<Item = &'a At<Condition>> {
    let audience = cx.spec.audience.value();
    let lists = [audience.map(|a| &a.r#where), audience.map(|a| &a.exclude)];
    lists.into_iter().flatten().flat_map(items)
}

/// The lowest version that is let in, as the highest of the lower bounds says; none when there is no bound.
pub(super) fn lowest_version(cx: &PlanCx<'_>) -> Option<At<VersionRange>> {
    let bounds = cx.plan.audience.conditions.iter().filter(|condition| {
        let name = condition.attribute.value();
        name.is_some_and(|name| is_version(cx, name))
    });
    bounds
        .flat_map(|condition| condition.comparisons())
        .filter_map(|comparison| match comparison.value {
            Comparison::Version(range) if matches!(range.comparison, ">=" | ">" | "=") => {
                Some(At { value: range.clone(), span: comparison.span })
            }
            _ => None,
        })
        .max_by_key(|range| range.version)
}

/// True when a condition keeps every version below this one out.
pub(super) fn keeps_older_out(cx: &PlanCx<'_>, version: [u64; 3]) -> bool {
    let exclusions = cx.plan.audience.exclusions.iter();
    let bounds = exclusions.filter(|condition| condition.attribute.value().is_some_and(|name| is_version(cx, name)));
    bounds.flat_map(|condition| condition.comparisons()).any(|comparison| match comparison.value {
        Comparison::Version(range) => matches!(range.comparison, "<" | "<=") && version <= range.version,
        _ => false,
    })
}

/// The catalogue's first attribute that holds a version.
pub(super) fn version_attribute<'a>(cx: &PlanCx<'a>) -> Option<&'a str> {
    cx.catalog.attributes.names().find(|name| is_version(cx, name))
}

fn is_version(cx: &PlanCx<'_>, name: &str) -> bool {
    cx.catalog.attributes.get(name).is_some_and(|known| known.r#type.copied() == Some(AttributeType::Version))
}

fn items<T>(list: &Field<List<T>>) -> &[At<T>] {
    list.value().map_or(&[], |list| &list.items)
}

/// Offers the near name of one that is unknown; `otherwise` speaks where none is near.
fn or_near<'a>(
    found: Diagnostic,
    at: &At<String>,
    known: impl Iterator<Item = &'a str>,
    otherwise: impl FnOnce(Diagnostic) -> Diagnostic,
) -> Diagnostic {
    match nearest(at, known) {
        Some(near) => found.label(format!("did you mean `{near}`?")).fix(
            Applicability::Suggested,
            format!("write \"{near}\""),
            vec![Edit { span: at.span, replacement: format!("\"{near}\"") }],
        ),
        None => otherwise(found),
    }
}

/// The keys and values of a payload; none when it is not a table.
fn table(value: &Value) -> Option<&Table> {
    match value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

/// Equality of meaning of two payloads.
fn same(a: &Value, b: &Value, span: crate::text::Span) -> bool {
    Node { value: a.clone(), span }.same_value(&Node { value: b.clone(), span })
}
