//! HYP010 no-prior-link.

use crate::rules::prelude::*;

rule! {
    /// The spec links to no earlier experiment and no evidence.
    ///
    /// ## Why
    /// The same idea is tested again and again when nobody has to look for its last test.
    ///
    /// ## Source
    /// Microsoft ExP, Patterns of Trustworthy Experimentation: pre-experiment stage; Booking.com, Democratizing
    /// online controlled experiments, 2017.
    ///
    /// ```toml,bad
    /// #: without experiment.links.evidence
    /// ```
    /// ```toml,good
    /// #: without experiment.links.evidence
    /// [experiment.links]
    /// previous = ["checkout-address-form"]
    /// ```
    static RULE = {
        code: "HYP010", name: "no-prior-link", since: "0.1.0",
        level: Info, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(experiment) = cx.spec.experiment.value().filter(|_| !cx.is_incomplete()) else { return };
    if matches!(experiment.links, Field::Broken(_)) {
        return;
    }
    let links = experiment.links.value();
    let some = |field: &Field<crate::spec::List<String>>| match field {
        Field::Absent => false,
        Field::Broken(_) => true,
        Field::Set(list) => !list.is_empty() || list.broken,
    };
    if links.is_some_and(|links| some(&links.previous) || some(&links.evidence)) {
        return;
    }
    out.push(
        RULE.at(cx.home("experiment.links"), "no earlier experiment and no evidence is linked")
            .help("add `links.evidence` or `links.previous`; search the catalogue for the metric or the surface"),
    );
}
