//! Rules on what is built: the flag platforms, and what they can hold.

crate::rules::rule::group! {
    unknown_target,
    not_expressible,
    weight_rounding,
    name_illegal,
    hash_differs,
    no_off_value,
    payload_schema,
    payload_size,
    two_writers,
    drift,
    generated_edited,
    undecidable_here,
    unit_not_in_context,
    unreachable_rule,
    generation_unset,
    broken_payload_schema,
}

mod live;

use crate::plan::Plan;
use crate::plan::targets::Capabilities;
use crate::rules::rule::PlanCx;
use crate::spec::Status;
use crate::syntax::{Table, Value};

/// The known platforms that are built from an experiment that is still built.
fn targets(cx: &PlanCx<'_>) -> Vec<&'static Capabilities> {
    if cx.plan.status.value.is_over() {
        return Vec::new();
    }
    cx.plan.targets.iter().filter_map(|target| cx.workspace.target(target)).collect()
}

/// The same, and those that serve a winner.
fn served(cx: &PlanCx<'_>) -> Vec<&'static Capabilities> {
    match cx.plan.status.value {
        Status::Shipped => cx.plan.targets.iter().filter_map(|target| cx.workspace.target(target)).collect(),
        _ => targets(cx),
    }
}

/// True when the spec demands a feature, so that losing it is an error and not a note.
fn is_strict(cx: &PlanCx<'_>, feature: &str) -> bool {
    let strict = cx.spec.emit.value().and_then(|emit| emit.strict.value());
    strict.is_some_and(|strict| strict.iter().any(|word| word.value == feature))
}

/// What each variant returns, with its name; then the flag's default.
fn payloads(plan: &Plan) -> impl Iterator<Item = (Option<&str>, &Table)> {
    let variants = plan.variants.iter().filter_map(|variant| {
        let payload = variant.payload.as_ref()?;
        Some((Some(variant.name.as_str()), table(&payload.value)?))
    });
    variants.chain(plan.off.as_ref().and_then(|off| Some((None, table(&off.value)?))))
}

fn table(value: &Value) -> Option<&Table> {
    match value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}
