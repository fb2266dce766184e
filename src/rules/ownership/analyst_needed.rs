//! OWN009 analyst-needed.

use crate::rules::prelude::*;
use crate::spec::Method;

rule! {
    /// A design beyond the plain A/B test is planned, and the owner names no analyst.
    ///
    /// ## Why
    /// Switchbacks, clusters and priors need judgement that no check replaces.
    ///
    /// ## Source
    /// Booking.com, Experimentation quality as the main KPI, 2021; DoorDash, Meet Dash-AB, 2022.
    ///
    /// ```toml,bad
    /// [design]
    /// cluster = { unit = "user", icc = 0.02, mean_size = 1.0 }
    /// #: file catalog/base.toml
    /// #: without owners.growth.analyst
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// #: without owners.growth.analyst
    /// ```
    static RULE = {
        code: "OWN009", name: "analyst-needed", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(design) = cx.spec.design.value() else { return };
    let bayesian = design.method.get().filter(|method| method.value == Method::Bayesian).map(|method| method.span);
    let unusual = design
        .switchback
        .get()
        .map(|at| (at.span, "a switchback"))
        .or_else(|| design.cluster.get().map(|at| (at.span, "assignment by group")))
        .or_else(|| bayesian.map(|span| (span, "a Bayesian design")));
    let Some((span, what)) = unusual else { return };
    // An owner that is missing or unknown has a rule of its own.
    let Some(owner) = &cx.plan.owner else { return };
    let Some(entry) = cx.catalog.owners.get(&owner.value).filter(|entry| entry.analyst.is_absent()) else { return };
    let inside = span.file == cx.document.file;
    let place = if inside { span } else { cx.home("design") };
    let mut found = RULE
        .at(place, format!("{what} is planned, and {} names no analyst", quoted(&owner.value)))
        .label("needs judgement");
    found = found.also(cx.catalog.owners.key(&owner.value).unwrap_or(entry.span), "no `analyst` here");
    out.push(found.help("add `analyst` to the owner in the catalogue: who stands for the design"));
}
