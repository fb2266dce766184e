//! GOV003 minors.

use crate::catalog::Minors;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Comparison;

rule! {
    /// People under 18 may take part, and nobody who must agree to that has.
    ///
    /// The named audience says so by `minors`, or a condition on an attribute with `age = true` lets them in. A
    /// condition that lets in adults alone settles it. The policy names the roles in `required_sign_offs` under
    /// `minors`; without that it is `legal`.
    ///
    /// ## Why
    /// Children are owed more care, and in many places their parents have to be asked.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 8 and recital 38; Convention on the Rights of the Child, article 1.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [audiences.buyers]
    /// minors = "possible"
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "age", at_least = 16 }]
    /// #: file catalog/base.toml
    /// [attributes.age]
    /// about = "Age in years, from the account"
    /// type = "number"
    /// age = true
    /// data_class = "pseudonymous"
    /// owner = "growth"
    /// ```
    /// ```toml,good
    /// [risk]
    /// sign_offs = [{ role = "legal", by = "Ada Lind", at = 2026-11-20 }]
    /// #: file catalog/base.toml
    /// [audiences.buyers]
    /// minors = "possible"
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [{ attribute = "age", at_least = 18 }]
    /// #: file catalog/base.toml
    /// [audiences.buyers]
    /// minors = "included"
    /// [attributes.age]
    /// about = "Age in years, from the account"
    /// type = "number"
    /// age = true
    /// data_class = "pseudonymous"
    /// owner = "growth"
    /// ```
    static RULE = {
        code: "GOV003", name: "minors", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog, Policy],
        check: Plan(check),
    }
}

/// The age from which a person is no child any more.
const OF_AGE: f64 = 18.0;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() || cx.is_incomplete() {
        return;
    }
    let audience = &cx.plan.audience;
    let ages = audience.conditions.iter().filter(|condition| {
        let attribute = condition.attribute.value().and_then(|name| cx.catalog.attributes.get(name));
        attribute.is_some_and(|attribute| attribute.age.copied() == Some(true))
    });
    let mut condition = None;
    for age in ages {
        // Whoever has no age on record meets no condition on it.
        if age.comparisons().iter().any(|comparison| adults_alone(&comparison.value)) {
            return;
        }
        condition = condition.or(Some(age.span));
    }
    let demanded = cx.policy.required_sign_offs.iter().find(|(risk, _)| risk.value == "minors");
    let base = audience.base.as_ref();
    let declared = base.and_then(|base| cx.catalog.audiences.get(&base.value)).map(|audience| &audience.minors);
    let (fact, label) = match (declared.and_then(Field::get), condition) {
        (_, Some(condition)) => (condition, "lets them in"),
        (Some(minors), None) if minors.value != Minors::Excluded => (minors.span, "says so"),
        (Some(_), None) => return,
        (None, None) if demanded.is_some() && !matches!(declared, Some(Field::Broken(_))) => {
            return out.skip(Context::Catalog, match base {
                Some(base) => format!("no `minors` of audience {}", quoted(&base.value)),
                None => "no named audience that says whether minors take part".to_owned(),
            });
        }
        (None, None) => return,
    };
    let risk = cx.spec.risk.value();
    if risk.is_some_and(super::sign_offs_broken) || cx.unreadable(&cx.spec.risk) {
        return;
    }
    let fallback = ["legal".to_owned()];
    let roles: Vec<(&str, Option<Span>)> = match demanded {
        Some((_, roles)) => roles.iter().map(|role| (role.value.as_str(), Some(role.span))).collect(),
        None => fallback.iter().map(|role| (role.as_str(), None)).collect(),
    };
    let open = |role: &&(&str, Option<Span>)| !risk.is_some_and(|risk| super::is_signed(risk, role.0));
    let Some(&(role, span)) = roles.iter().find(open) else { return };
    let headline = format!("people under 18 may take part, and nobody from {} has agreed", quoted(role));
    let at = if condition.is_some() { Some(fact) } else { base.and_then(Known::span) };
    let mut found = place::at_value(cx, &RULE, at, "audience", headline).label("may hold minors");
    if at != Some(fact) {
        found = found.also(fact, label);
    }
    // The preset has no place that a reader could open.
    if let Some(span) = span.filter(|span| cx.workspace.sources.find(span.file).is_some()) {
        found = found.also(span, "must agree");
    }
    let role = crate::text::printable(role);
    let day = cx.today.map_or("2026-11-20".to_owned(), |today| today.to_string());
    out.push(
        found.help("let in adults alone: a condition `at_least = 18` on an attribute with `age = true`").help(format!(
            "or, once they agree, add `{{ role = \"{role}\", by = \"…\", at = {day} }}` to `sign_offs` in `[risk]`"
        )),
    );
}

fn adults_alone(comparison: &Comparison<'_>) -> bool {
    match comparison {
        Comparison::AtLeast(least) => OF_AGE <= *least,
        // Ages are whole years.
        Comparison::Above(bound) => OF_AGE - 1.0 <= *bound,
        _ => false,
    }
}
