//! EMI006 no-off-value.

use crate::rules::prelude::*;

rule! {
    /// Nobody says what units outside the experiment get: no default of the flag, no payload of the control.
    ///
    /// ## Why
    /// The kill switch and every unit that is not enrolled serve this value; without one they get an empty table.
    ///
    /// ## Source
    /// Docs of GO Feature Flag.
    ///
    /// ```toml,bad
    /// #: without variants.control.payload
    /// #: without variants.one-tap.payload
    /// #: file catalog/base.toml
    /// #: without flags.checkout-one-tap.default
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// #: without flags.checkout-one-tap.default
    /// ```
    static RULE = {
        code: "EMI006", name: "no-off-value", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let plan = cx.plan;
    let Some(control) = plan.control().filter(|_| !plan.status.value.is_over()) else { return };
    let known = cx.catalog.flags.get(&plan.flag.value);
    let unread = cx.catalog.flags.broken
        || known.is_some_and(|flag| matches!(flag.default, Field::Broken(_)))
        || cx.spec.variants.value().is_none_or(|named| {
            named.broken || named.iter().any(|(_, variant)| matches!(variant.payload, Field::Broken(_)))
        });
    if plan.off.is_some() || control.payload.is_some() || unread || cx.document.is_damaged() {
        return;
    }
    let mut found = RULE
        .at(control.span, format!("flag {} has no value for units outside", quoted(&plan.flag.value)))
        .label("the control has no `payload`");
    if let Some(span) = cx.catalog.flags.key(&plan.flag.value) {
        found = found.also(span, "and the flag no `default`");
    }
    out.push(
        found
            .help("add `payload` to the control: what people have today")
            .help("or a `default` to the flag in the catalogue"),
    );
}
