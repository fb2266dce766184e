//! LIF016 amendment-open.

use super::sealed::covered;
use crate::change::{Change, Cover, FieldChange};
use crate::rules::place::{layout, offer};
use crate::rules::prelude::*;
use crate::spec::Amendment;

rule! {
    /// An amendment names a field and does not keep what it became, so that it covers every later change of it as well.
    ///
    /// ## Why
    /// One honest change of a threshold would be a licence for all that follow it. `expc amend` writes the marks.
    ///
    /// ## Source
    /// OSF, Updating a Preregistration: each update says what it changes.
    ///
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [design]
    /// power = 0.85
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// ```
    /// ```toml,fixed
    /// [design]
    /// power = 0.85
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// ```
    /// ```toml,good
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [design]
    /// power = 0.85
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// ```
    static RULE = {
        code: "LIF016", name: "amendment-open", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Registry],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    // What is over is not amended any more.
    let Some((lock, terms)) = super::sealed::seal(cx).filter(|_| !cx.plan.status.value.is_over()) else { return };
    let change = Change::between(&lock.terms, terms).held();
    let mut open: Vec<(&At<Amendment>, Vec<&FieldChange>)> = Vec::new();
    for field in change.fields.iter().filter(|field| !field.foreseen) {
        let Cover::Open(amendment) = covered(cx, lock, field) else { continue };
        match open.iter_mut().find(|(known, _)| known.span == amendment.span) {
            Some((_, fields)) => fields.push(field),
            None => open.push((amendment, vec![field])),
        }
    }
    for (amendment, fields) in open {
        out.push(finding(cx, amendment, &fields));
    }
}

fn finding(cx: &PlanCx<'_>, amendment: &At<Amendment>, fields: &[&FieldChange]) -> Diagnostic {
    let place = amendment.fields.span().unwrap_or(amendment.span);
    let headline = match fields {
        [only] => format!("the amendment covers every later change of {}", quoted(&only.dotted())),
        all => format!("the amendment covers every later change of {} fields", all.len()),
    };
    let found = RULE
        .at(place, headline)
        .label("no `values` says what they became")
        .help("add `values`, a mark of each value in the order of `fields`, as `expc amend` writes it");
    let edits = edits(cx, amendment, fields).unwrap_or_default();
    offer(found, Applicability::Suggested, "add `values`, so that it covers what the fields are today", edits)
}

/// Names every field by its own name, and writes the marks.
fn edits(cx: &PlanCx<'_>, amendment: &At<Amendment>, fields: &[&FieldChange]) -> Option<Vec<Edit>> {
    let list = amendment.fields.get()?;
    let layout = layout(cx);
    let (table, _) = layout.root.entry_at(list.span).filter(|_| list.span.file == layout.file)?;
    if !amendment.values.is_absent() {
        return None;
    }
    // A name that stands for nothing that differs has no value to keep.
    let named = list.value.items.iter().map(|name| name.value.trim());
    let others: Vec<&str> = named.filter(|name| !fields.iter().any(|field| field.is_named_by(name))).collect();
    let own = fields.iter().map(|field| field.name());
    let names: Vec<String> = own.chain(others.iter().map(|name| (*name).to_owned())).collect();
    let marks: Vec<String> = fields.iter().map(|field| field.mark()).chain(others.iter().map(|_| String::new())).collect();
    let text = |texts: &[String]| {
        let quoted = texts.iter().map(|text| toml::Value::String(text.clone()).to_string());
        format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
    };
    let mut edits = vec![layout.add_inside(table, &format!("values = {}", text(&marks)))?];
    if !list.value.items.iter().map(|name| name.value.as_str()).eq(names.iter().map(String::as_str)) {
        edits.push(Edit { span: list.span, replacement: text(&names) });
    }
    Some(edits)
}
