//! AUD020 narrowed-volume.

use crate::rules::prelude::*;

rule! {
    /// The spec narrows a named audience, and counts the units of the whole.
    ///
    /// ## Why
    /// The volume of the audience is that of everybody in it: an experiment for one of its countries gets a part, and
    /// every size rests on that number.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019, on the population of an experiment.
    ///
    /// ```toml,bad
    /// #: without audience.daily_units
    /// ```
    /// ```toml,good
    /// [audience]
    /// daily_units = 64000
    /// ```
    static RULE = {
        code: "AUD020", name: "narrowed-volume", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(audience) = cx.spec.audience.value() else { return };
    let own = !audience.daily_units.is_absent() || !audience.unique_units.is_absent();
    if own || cx.plan.status.value.is_over() || cx.unreadable(&cx.spec.audience) {
        return;
    }
    let Some(base) = &cx.plan.audience.base else { return };
    let Some(named) = cx.catalog.audiences.get(&base.value) else { return };
    let Some(volume) = named.daily_units.get() else { return };
    let known: Vec<String> = named.r#where.value().into_iter().flat_map(|list| list.iter()).map(|c| cx.written(c.span).to_owned()).collect();
    let narrows = |condition: &&At<crate::spec::Condition>| !known.iter().any(|text| text == cx.written(condition.span));
    let Some(first) = audience.r#where.value().into_iter().flat_map(|list| list.iter()).find(narrows) else { return };
    let daily = count(volume.value as f64);
    let headline = format!("narrowed {} still counts all {daily} units a day", quoted(&base.value));
    out.push(
        crate::rules::place::at_value(cx, &RULE, Some(first.span), "audience", headline)
            .label("keeps some of them out")
            .also(volume.span, "units of the whole audience")
            .help("add `daily_units` here: units per day that meet all conditions, from last month's data"),
    );
}
