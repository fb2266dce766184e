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
    orphan_flag,
    exposure_missing,
    same_payload,
    bad_code,
    unknown_reference,
    broken_audience,
}

use crate::diag::{Applicability, Diagnostic, Edit};
use crate::rules::prelude::nearest;
use crate::rules::rule::PlanCx;
use crate::spec::{Condition, Field, List};
use crate::syntax::{At, Node, Table, Value};

/// The conditions that the spec and its template hold: those that let in, then those that keep out.
///
/// The conditions of a named audience belong to the catalogue, and are judged there once.
fn own_conditions<'a>(cx: &PlanCx<'a>) -> impl Iterator<Item = &'a At<Condition>> {
    let audience = cx.spec.audience.value();
    let lists = [audience.map(|a| &a.r#where), audience.map(|a| &a.exclude)];
    lists.into_iter().flatten().flat_map(items)
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
