//! PRT006 holdout-leak.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// An experiment does not respect a global holdout that is in force.
    ///
    /// ## Why
    /// One experiment that reaches into the holdout destroys the long-run baseline of all the others.
    ///
    /// ## Source
    /// Docs of GrowthBook.
    ///
    /// ```toml,bad
    /// [audience]
    /// holdout = "none"
    /// ```
    /// ```toml,fixed
    /// #: without audience.holdout
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.device]
    /// about = "A device"
    /// key = "user_id"
    /// lifetime = "365 days"
    /// [holdouts.devices]
    /// about = "Devices of the long-run baseline"
    /// share = "5%"
    /// unit = "device"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// holdout = "devices"
    /// ```
    /// ```toml,good
    /// [audience]
    /// holdout = "global-2026"
    /// ```
    static RULE = {
        code: "PRT006", name: "holdout-leak", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let audience = &cx.plan.audience;
    let named = cx.spec.audience.value().and_then(|audience| audience.holdout.get());
    let global = cx
        .catalog
        .holdouts
        .iter()
        .find(|(_, _, holdout)| holdout.global.copied() == Some(true) && covers(cx.plan, holdout));
    // A holdout of users cannot hold out accounts: opting out of it is honest.
    let other_unit = |holdout: &crate::catalog::Holdout| match (holdout.unit.value(), &audience.unit) {
        (Some(held), Some(own)) => *held != own.value,
        _ => false,
    };
    let global = global.filter(|(_, _, holdout)| !other_unit(holdout));
    if let (Some((name, span, holdout)), Some(named)) = (global, named) {
        // Another name that is not defined is told as unknown.
        let other = named.value != name && (named.value == "none" || cx.catalog.holdouts.get(named).is_some());
        let also_global = cx.catalog.holdouts.get(named).is_some_and(|own| own.global.copied() == Some(true));
        if other && !also_global {
            let share = holdout.share.value().map_or_else(String::new, |share| format!("{share} of all units, "));
            let shown = quoted(name);
            let found = RULE
                .at(named.span, format!("the experiment enrols units of holdout {shown}"))
                    .label(if named.value == "none" { "opts out" } else { "respects another one only" })
                    .also(span, format!("{share}for every experiment"))
                    .help("take `holdout` out: the global one is then respected");
            out.push(place::remove(cx, found, Applicability::Suggested, named.span));
            return;
        }
    }
    let Some(respected) = &audience.holdout else { return };
    let unit = cx.catalog.holdouts.get(&respected.name.value).and_then(|holdout| holdout.unit.get());
    if let (Some(held), Some(own)) = (unit, &audience.unit)
        && held.value != own.value
        && let Some(span) = own.span()
    {
        out.push(
            RULE.at(span, format!("{} holds out by {}, not by {}", quoted(&respected.name.value), quoted(held), quoted(&own.value)))
                .label("hashed by another id: units of the holdout get in")
                .also(held.span, "the unit of the holdout")
                .help(format!("randomise by {}", quoted(held)))
                .help("or define a holdout for this unit, and name it in `audience.holdout`"),
        );
    }
}

/// True when the holdout is in force on a day of the run, or dates are missing.
fn covers(plan: &Plan, holdout: &crate::catalog::Holdout) -> bool {
    let (start, end) = (plan.calendar.start.as_ref(), plan.calendar.end.as_ref());
    let before = |a: Option<crate::spec::Day>, b: Option<crate::spec::Day>| matches!((a, b), (Some(a), Some(b)) if a < b);
    !before(end.map(|end| end.value), holdout.from.copied()) && !before(holdout.to.copied(), start.map(|s| s.value))
}
