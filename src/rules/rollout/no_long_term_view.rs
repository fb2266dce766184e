//! ROL020 no-long-term-view.

use crate::rules::prelude::*;

rule! {
    /// The change lasts beyond the experiment, and nobody is held back to see what it does in the long run.
    ///
    /// ## Why
    /// Novelty and primacy fade: the effect of the first weeks is not the effect of the first year.
    ///
    /// ## Source
    /// Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020; docs of GrowthBook.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without holdouts
    /// #: file experiments/checkout-one-tap.toml
    /// [risk]
    /// lasting = true
    /// undo = "a job restores the old address book from the daily snapshot"
    /// ```
    /// ```toml,good
    /// [risk]
    /// lasting = true
    /// undo = "a job restores the old address book from the daily snapshot"
    /// ```
    static RULE = {
        code: "ROL020", name: "no-long-term-view", since: "0.1.0",
        level: Info, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(lasting) = cx.spec.risk.value().and_then(|risk| risk.lasting.get()) else { return };
    let unknown = cx.catalog.holdouts.broken || cx.spec.audience.value().is_some_and(|a| a.holdout.get().is_some());
    if !lasting.value || cx.plan.audience.holdout.is_some() || unknown || !super::is_open(cx.plan) {
        return;
    }
    out.push(
        RULE.at(lasting.span, "a lasting change, and no holdout shows what it does in the long run")
            .label("outlives the experiment")
            .help("name a holdout of the catalogue in `audience.holdout`"),
    );
}
