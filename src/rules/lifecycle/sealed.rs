//! What the rules on sealed plans have in common.

use crate::change::{Cover, FieldChange, cover};
use crate::plan::Terms;
use crate::portfolio::Lock;
use crate::rules::prelude::*;

/// The seal of an experiment and what the experiment says today; `None` without a seal that can be relied on, or
/// where a part of the spec could not be read.
pub fn seal<'a>(cx: &PlanCx<'a>) -> Option<(&'a Lock, &'a Terms)> {
    let workspace: &'a crate::portfolio::Workspace = cx.workspace;
    let compiled: &'a crate::portfolio::Compiled = cx.compiled;
    let lock = workspace.lock(&compiled.stem)?.as_ref().ok()?;
    Some((lock, compiled.terms.as_ref().filter(|_| !cx.is_incomplete())?))
}

/// Where a field stands today; `None` when nobody wrote it.
pub fn place_of(cx: &PlanCx<'_>, field: &FieldChange) -> Option<Span> {
    let span = field.after()?.span;
    let written = |span: &Span| !span.is_empty();
    if written(&span) {
        return Some(span);
    }
    // A table has the place of its name.
    let mut node = cx.tree;
    let mut place = None;
    for key in &field.path {
        let Some(entry) = node.as_table().and_then(|table| table.entry(key)) else { break };
        place = Some(entry.key_span);
        node = &entry.node;
    }
    place.filter(written)
}

/// What the amendments of the spec say of a field. What an amendment lacks has rules of its own.
pub fn covered<'a>(cx: &PlanCx<'a>, lock: &Lock, field: &FieldChange) -> Cover<'a> {
    cover(field, lock.at.day(), cx.spec)
}

/// Shows the amendment whose field was changed again.
pub fn beside_amendment(found: Diagnostic, cover: Cover<'_>) -> Diagnostic {
    match cover {
        Cover::Outdated(name) => found.also(name.span, "amended to another value"),
        _ => found,
    }
}

/// `sealed on 2026-11-20 by Priya Raman`.
pub fn sealed_on(lock: &Lock) -> String {
    format!("sealed on {} by {}", lock.at.day(), crate::text::printable(&lock.by))
}
