//! Rules on privacy, risk and consent.

crate::rules::rule::group! {
    personal_data_target,
    sensitive_attribute,
    minors,
    data_class,
    basis_missing,
    retention,
    small_cells,
    secret_in_spec,
    risk_undeclared,
    sign_off_missing,
    ethics_review,
    residency,
    model_unguarded,
    outlives_source,
}

use crate::rules::rule::PlanCx;
use crate::spec::Risk;
use crate::syntax::At;

/// Every attribute that the spec targets or segments by: conditions, exclusions, segments.
fn attributes<'a>(cx: &PlanCx<'a>) -> impl Iterator<Item = &'a At<String>> {
    let audience = &cx.plan.audience;
    let conditions = audience.conditions.iter().chain(&audience.exclusions);
    conditions.filter_map(|condition| condition.attribute.get()).chain(&cx.plan.design.segments)
}

/// Where a finding about an attribute points: its name, or the named audience that brings it in.
fn place(cx: &PlanCx<'_>, name: &At<String>) -> crate::text::Span {
    let base = cx.plan.audience.base.as_ref().and_then(|base| base.span());
    let own = cx.catalog.audiences.iter().all(|(_, span, _)| span.file != name.span.file);
    if own { name.span } else { base.unwrap_or(name.span) }
}

/// The questions of `[risk]` that take yes or no, in the order of the table.
pub(in crate::rules) fn questions(risk: &Risk) -> [(&'static str, &crate::spec::Field<bool>); 6] {
    [
        ("brand", &risk.brand),
        ("revenue", &risk.revenue),
        ("legal", &risk.legal),
        ("safety", &risk.safety),
        ("model", &risk.model),
        ("ethics", &risk.ethics),
    ]
}

/// True when somebody has agreed in the role.
pub(in crate::rules) fn is_signed(risk: &Risk, role: &str) -> bool {
    let offs = risk.sign_offs.value().map(|list| &list.items[..]).unwrap_or_default();
    offs.iter().any(|off| {
        let named = off.by.as_deref().is_some_and(|by| !by.trim().is_empty());
        named && off.role.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(role))
    })
}

/// True when a sign-off could not be read, so that "nobody has agreed" proves nothing.
pub(in crate::rules) fn sign_offs_broken(risk: &Risk) -> bool {
    match &risk.sign_offs {
        crate::spec::Field::Set(list) => list.broken,
        crate::spec::Field::Broken(_) => true,
        crate::spec::Field::Absent => false,
    }
}
