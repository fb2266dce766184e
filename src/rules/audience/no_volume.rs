//! AUD005 no-volume.

use crate::rules::prelude::*;

rule! {
    /// Nobody says how many eligible units come per day.
    ///
    /// ## Why
    /// Power, length and the detectable effect all rest on it; without it nothing is sized.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019; checks of Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without audiences.buyers.daily_units
    /// #: file experiments/checkout-one-tap.toml
    /// #: without audience.daily_units
    /// ```
    /// ```toml,bad
    /// [audience]
    /// unique_units = [{ after = "1 day", units = 64000 }, { after = "7 days", units = 50000 }]
    /// ```
    /// ```toml,good
    /// [audience]
    /// daily_units = 60000
    /// ```
    static RULE = {
        code: "AUD005", name: "no-volume", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if let Some(refusal) = &cx.plan.audience.arrivals_fault {
        out.push(not_returning(cx, refusal));
    }
    if let [only] = &cx.plan.audience.unique_units[..] {
        let headline = "one count of different units does not tell how many return".to_owned();
        let at = crate::rules::place::at_value(cx, &RULE, only.span(), "audience", headline).label("one day");
        out.push(at.help("add the different units after a later day, or leave `unique_units` out"));
    }
    let audience = cx.spec.audience.value();
    let written = audience.is_some_and(|audience| !audience.daily_units.is_absent());
    let over = cx.plan.status.value.is_over();
    if written || over || cx.unreadable(&cx.spec.audience) || cx.plan.audience.daily_units.is_some() {
        return;
    }
    let Some(base) = &cx.plan.audience.base else {
        return out.push(
            RULE.at(cx.home("audience"), "no estimate of the eligible units per day")
                .label("no `daily_units`")
                .help("add `daily_units`: units per day that meet the conditions, from last month's data"),
        );
    };
    let Some(named) = cx.catalog.audiences.get(&base.value) else {
        // An unknown or unreadable audience is told elsewhere.
        return;
    };
    if matches!(named.daily_units, Field::Broken(_)) {
        return;
    }
    let mut found = RULE
        .at(base.span().unwrap_or_else(|| cx.home("audience")), "no estimate of the eligible units per day")
        .label("says nothing of its volume");
    if let Some(span) = cx.catalog.audiences.key(&base.value) {
        found = found.also(span, "no `daily_units`");
    }
    out.push(
        found
            .help("add `daily_units` here: units per day that meet all conditions")
            .help(format!("or measure it once for all, in `[audiences.{}]`", crate::text::printable(&base.value))),
    );
}

/// Counts that no stream of returning units has.
fn not_returning(cx: &PlanCx<'_>, refusal: &crate::stats::Refusal) -> Diagnostic {
    let counts = &cx.plan.audience.unique_units;
    let span = counts.first().and_then(|known| known.span());
    let headline = "the counts in `unique_units` are not those of returning units".to_owned();
    crate::rules::place::at_value(cx, &RULE, span, "audience", headline)
        .label(refusal.to_string())
        .help("give different units after 1 day and at least one later day: they grow, and ever more slowly")
}
