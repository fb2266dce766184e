//! AUD006 noise-traffic.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Comparison, Condition, Scalar};

rule! {
    /// Traffic that every experiment must leave out is not left out.
    ///
    /// ## Why
    /// Bots, staff and test accounts skew the tails of every mean, and bots alone can break the sample ratio.
    ///
    /// ## Source
    /// Crook et al., Seven Pitfalls to Avoid, KDD 2009; Fabijan et al., Diagnosing Sample Ratio Mismatch, KDD 2019.
    ///
    /// ```toml,bad
    /// #: without audience.base
    /// ```
    /// ```toml,fixed
    /// audience.exclude = [{ attribute = "is_staff", is = true }]
    /// ```
    /// ```toml,good
    /// #: without audience.base
    /// [audience]
    /// exclude = [{ attribute = "is_staff", is = true }]
    /// ```
    static RULE = {
        code: "AUD006", name: "noise-traffic", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let audience = &cx.plan.audience;
    let read = cx.spec.audience.value().is_none_or(|audience| {
        let whole = |list: &Field<crate::spec::List<Condition>>| match list {
            Field::Set(list) => !list.broken,
            Field::Absent => true,
            Field::Broken(_) => false,
        };
        whole(&audience.r#where) && whole(&audience.exclude)
    });
    let base_unknown = audience.base.as_ref().is_some_and(|base| cx.catalog.audiences.get(&base.value).is_none());
    if !read || base_unknown || cx.unreadable(&cx.spec.audience) || cx.plan.status.value.is_over() {
        return;
    }
    let names = |condition: &Condition, name: &str| condition.attribute.value().is_some_and(|known| known == name);
    for attribute in &cx.policy.excluded_attributes {
        let kept_out = audience.exclusions.iter().any(|condition| names(condition, attribute))
            || audience.conditions.iter().any(|condition| names(condition, attribute) && asks_for_false(condition));
        if kept_out {
            continue;
        }
        let exclude = cx.spec.audience.value().and_then(|audience| audience.exclude.get());
        let name = crate::text::printable(attribute);
        let condition = format!("{{ attribute = \"{name}\", is = true }}");
        let found = RULE
            .at(exclude.map_or_else(|| cx.home("audience"), |list| list.span), format!("{} is not kept out", quoted(attribute)))
            .label(if exclude.is_some() { "without it" } else { "no `exclude`" })
            .also(attribute.span, "every audience leaves it out");
        let layout = place::layout(cx);
        let (found, edits) = match exclude {
            Some(_) => (
                found.help(format!("add `{condition}` to `exclude`")),
                layout.push("audience.exclude", &format!("attribute = \"{name}\"\nis = true")),
            ),
            None => (
                found.help(format!("add `exclude = [{condition}]`")),
                layout.add("audience", &format!("exclude = [{condition}]")).map(|edit| vec![edit]),
            ),
        };
        out.push(place::offer(found, Applicability::Suggested, format!("exclude {}", quoted(attribute)), edits.unwrap_or_default()));
    }
}

fn asks_for_false(condition: &Condition) -> bool {
    condition.comparisons().iter().any(|comparison| {
        matches!(comparison.value, Comparison::Is(Scalar::Flag(false)) | Comparison::IsNot(Scalar::Flag(true)))
    })
}
