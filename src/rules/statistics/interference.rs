//! STA029 interference.

use crate::rules::prelude::*;

rule! {
    /// Units of a surface that they share are assigned one by one.
    ///
    /// ## Why
    /// On a marketplace, in a feed or under one budget, what treatment takes control loses: the difference between the
    /// variants is then up to twice the effect of shipping, or hides it.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020, chapter 22; Bojinov, Simchi-Levi, Zhao,
    /// Management Science 2023.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [surfaces.checkout]
    /// shared = true
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [surfaces.checkout]
    /// shared = false
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [surfaces.checkout]
    /// shared = true
    /// [units.visit]
    /// about = "A visit of an account"
    /// key = "user_id"
    /// within = "user"
    /// ```
    static RULE = {
        code: "STA029", name: "interference", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = cx.spec.design.value();
    if cx.plan.status.value.is_over() || design.is_some_and(|d| !d.cluster.is_absent() || !d.switchback.is_absent()) {
        return;
    }
    let Some(surface) = &cx.plan.surface else { return };
    let Some(shared) = cx.catalog.surfaces.get(&surface.value).and_then(|surface| surface.shared.get()) else { return };
    if !shared.value {
        return;
    }
    let Some(unit) = cx.plan.audience.unit.as_ref() else { return out.skip(Context::Catalog, "no unit") };
    // Whole markets are what this rule asks for: a unit that others belong to.
    if cx.catalog.units.names().any(|member| super::is_within(cx.catalog, member, &unit.value)) {
        return;
    }
    let headline = format!("variants share {}, and each {} is assigned alone", quoted(&surface.value), quoted(&unit.value));
    // The template says how units are assigned, this spec where: the spec is what has to change.
    let own = |span: &Span| span.file == cx.document.file;
    let place = unit.span().filter(own).or(surface.span().filter(own)).unwrap_or_else(|| cx.home("audience"));
    let mut found = RULE
        .at(place, headline)
        .label("what one variant takes, the other lacks")
        .also(shared.span, "what one unit sees changes what others get");
    let inputs = [(surface.span(), "changed here"), (unit.span(), "assigned by this unit")];
    for (span, text) in inputs.into_iter().filter_map(|(span, text)| Some((span?, text))) {
        if span != place {
            found = found.also(span, text);
        }
    }
    out.push(
        found
            .help("assign whole markets or groups: `[design.cluster]`")
            .help("or switch everything back and forth in time: `[design.switchback]`")
            .help("or show with an earlier experiment that the effect on others is small, and allow the rule here"),
    );
}
