//! STA025 no-aa-plan.

use crate::catalog::Standing;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The unit, or a primary metric that is not certified, has never passed an A/A run, though others have.
    ///
    /// Told where the catalogue records A/A runs at all: some unit or metric has `aa_passed`.
    ///
    /// ## Why
    /// An A/A run finds a broken assignment or a double-counted event for the price of waiting; the first real experiment
    /// finds it, too, as a result that nobody can explain.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019; Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments,
    /// 2020, chapter 19.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// aa_passed = 2026-09-14
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [units.user]
    /// aa_passed = 2026-09-14
    /// ```
    static RULE = {
        code: "STA025", name: "no-aa-plan", since: "0.1.0",
        level: Info, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let units = || cx.catalog.units.iter().map(|(.., unit)| &unit.aa_passed);
    let metrics = || cx.catalog.metrics.iter().map(|(.., metric)| &metric.aa_passed);
    let recorded = units().chain(metrics()).any(|passed| passed.get().is_some());
    if !recorded || cx.plan.status.value.is_over() {
        return;
    }
    if let Some(unit) = &cx.plan.audience.unit
        && let Some(known) = cx.catalog.units.get(&unit.value)
        && known.aa_passed.is_absent()
    {
        let headline = format!("no A/A run has shown that {} is assigned evenly", quoted(&unit.value));
        let found = place::at_value(cx, &RULE, unit.span(), "audience", headline).label("never tested against itself");
        out.push(help(found, &format!("units.{}", crate::text::printable(&unit.value))));
    }
    for metric in cx.plan.metrics_of(Role::Primary) {
        let Some(known) = place::definition(cx, metric) else { continue };
        if known.standing.copied() == Some(Standing::Certified) || !known.aa_passed.is_absent() {
            continue;
        }
        let headline = format!("no A/A run has shown that {} stays level", quoted(&metric.name));
        let found = place::at_metric(cx, &RULE, metric, headline).label("decides, and was never tested against itself");
        out.push(help(found, &format!("metrics.{}", crate::text::printable(&metric.name))));
    }
}

fn help(found: Diagnostic, table: &str) -> Diagnostic {
    found
        .help("run the same payload in both variants for a week, and look for a difference")
        .help(format!("then add `aa_passed` with the day to `[{table}]`"))
}
