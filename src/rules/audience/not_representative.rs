//! AUD016 not-representative.

use crate::plan::clash;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Comparison, Condition, Scalar};

rule! {
    /// The decision ships to more people than the audience lets in.
    ///
    /// `ships_to` says who gets the change; what the policy excludes everywhere, staff and bots, does not count.
    ///
    /// ## Why
    /// An effect in one country or on one platform need not be there in the others: a pilot speaks for its pilots.
    ///
    /// ## Source
    /// Microsoft ExP, Patterns of Trustworthy Experimentation: pre-experiment stage.
    ///
    /// ```toml,bad
    /// [decision]
    /// ships_to = "all"
    /// ```
    /// ```toml,bad
    /// [decision]
    /// ships_to = "buyers"
    /// ```
    /// ```toml,good
    /// [decision]
    /// ships_to = "north_americans"
    /// #: file catalog/base.toml
    /// [audiences.north_americans]
    /// about = "Buyers in the United States and Canada"
    /// where = [{ attribute = "country", in = ["CA", "US"] }]
    /// daily_units = 64000
    /// measured = 2026-10-01
    /// unit = "user"
    /// ```
    static RULE = {
        code: "AUD016", name: "not-representative", since: "0.1.0",
        level: Info, needs: [Catalog, Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(target) = cx.spec.decision.value().and_then(|decision| decision.ships_to.get()) else { return };
    if cx.plan.status.value.is_over() {
        return;
    }
    let everybody = crate::catalog::NamedAudience::default();
    let claimed = match target.value.as_str() {
        "all" => &everybody,
        // An unknown audience is told as such.
        name => match cx.catalog.audiences.get(name) {
            Some(audience) => &audience.value,
            None => return,
        },
    };
    let (lets_in, keeps_out) = (super::items(&claimed.r#where), super::items(&claimed.exclude));
    let audience = &cx.plan.audience;
    let narrowed = audience.conditions.iter().find(|condition| {
        // The claimed audience implies a condition when none of its people fails it.
        is_whole(condition)
            && !is_about_nobody(cx, condition)
            && !holds_always(cx, condition)
            && clash(lets_in, keeps_out.iter().chain([*condition])).is_none()
    });
    let kept_out = || {
        audience.exclusions.iter().find(|condition| {
            is_whole(condition)
                && !is_about_nobody(cx, condition)
                && clash(lets_in.iter().chain([*condition]), keeps_out).is_none()
        })
    };
    let label = if narrowed.is_some() { "only these take part" } else { "these do not" };
    let Some(condition) = narrowed.or_else(kept_out) else { return };
    let who = if target.value == "all" { "everybody".to_owned() } else { quoted(target) };
    let mut found = place::at_value(cx, &RULE, Some(target.span), "decision", format!("ships to {who}, and only some of them take part"))
        .label("the result speaks for fewer people")
        .also(condition.span, label);
    if let Some(base) = audience.base.as_ref().and_then(Known::span).filter(|_| condition.span.file != cx.document.file) {
        found = found.also(base, "by this audience");
    }
    out.push(
        found
            .help("name in `ships_to` the audience that takes part, or leave the key out")
            .help("or widen the audience, so that the people who get it are the people who tried it"),
    );
}

/// True when a condition could be read, so that it says who takes part.
fn is_whole(condition: &Condition) -> bool {
    !condition.is_broken() && condition.attribute.value().is_some() && condition.comparisons().len() == 1
}

/// True when the policy demands of every audience what the condition says.
fn is_about_nobody(cx: &PlanCx<'_>, condition: &Condition) -> bool {
    let excluded = &cx.policy.excluded_attributes;
    condition.attribute.value().is_some_and(|name| excluded.iter().any(|known| known.value == *name))
}

/// True when every value that the attribute can have meets the condition.
fn holds_always(cx: &PlanCx<'_>, condition: &Condition) -> bool {
    let attribute = condition.attribute.value().and_then(|name| cx.catalog.attributes.get(name));
    let Some(values) = attribute.and_then(|known| known.values.value()).filter(|values| !values.broken) else {
        return false;
    };
    let holds = |value: &Scalar| {
        condition.comparisons().iter().all(|comparison| match &comparison.value {
            Comparison::In(list) => list.iter().any(|item| item.value == *value),
            Comparison::NotIn(list) => !list.broken && list.iter().all(|item| item.value != *value),
            Comparison::Is(wanted) => *wanted == value,
            Comparison::IsNot(other) => *other != value,
            _ => false,
        })
    };
    !values.is_empty() && values.iter().all(|value| holds(value))
}
