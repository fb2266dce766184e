//! AUD004 mutable-target.

use crate::rules::prelude::*;

rule! {
    /// The audience depends on an attribute that the change itself can alter.
    ///
    /// ## Why
    /// Users move in and out of the audience by the effect of the treatment, and the variants stop being comparable.
    ///
    /// ## Source
    /// Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.orders]
    /// about = "Orders so far"
    /// type = "number"
    /// mutable = true
    /// data_class = "pseudonymous"
    /// owner = "growth"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "orders", at_most = 0 }]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [attributes.orders_before]
    /// about = "Orders before the first of the month"
    /// type = "number"
    /// mutable = false
    /// data_class = "pseudonymous"
    /// owner = "growth"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "orders_before", at_most = 0 }]
    /// ```
    static RULE = {
        code: "AUD004", name: "mutable-target", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let audience = &cx.plan.audience;
    for condition in audience.conditions.iter().chain(&audience.exclusions) {
        let Some(name) = condition.attribute.get() else { continue };
        let mutable = cx.catalog.attributes.get(name).and_then(|known| known.mutable.get());
        let Some(mutable) = mutable.filter(|mutable| mutable.value) else { continue };
        // What a named audience does is told where it is named.
        let base = audience.base.as_ref().and_then(|base| base.span());
        let span = if name.span.file == cx.document.file { name.span } else { base.unwrap_or(name.span) };
        let mut found = RULE
            .at(span, format!("the audience depends on {}, which the change can alter", quoted(name)))
            .label("units move in and out by treatment")
            .also(mutable.span, "declared mutable");
        if span != name.span {
            found = found.also(name.span, "the condition");
        }
        out.push(
            found.help("target its value from before the start, as an attribute of its own").help(
                "or take the condition out and report the group as a segment from before exposure",
            ),
        );
    }
}
