//! GOV014 outlives-source.

use crate::rules::metrics::deleted_too_early::first_deleted;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The experiment keeps unit-level data longer than the source it was copied from.
    ///
    /// ## Why
    /// A copy that lives longer than its original defeats the promise that the original was deleted.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 5 (1) (e), storage limitation, and article 17, erasure.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// retention = "90 days"
    /// ```
    /// ```toml,fixed
    /// privacy.retention = "90 days"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [sources.warehouse]
    /// retention = "120 days"
    /// ```
    /// ```toml,good
    /// [privacy]
    /// retention = "60 days"
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// retention = "90 days"
    /// ```
    static RULE = {
        code: "GOV014", name: "outlives-source", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(own) = cx.spec.privacy.value().and_then(|privacy| privacy.retention.get()) else { return };
    if cx.plan.status.value.is_over() {
        return;
    }
    let Some((event, kept)) = first_deleted(cx).filter(|(_, kept)| kept.value < own.value) else { return };
    let (long, short) = (place::span_text(own.value), place::span_text(kept.value));
    let headline = format!("data is kept {long}, that of {} {short}", quoted(event));
    let found = place::at_value(cx, &RULE, Some(own.span), "privacy", headline)
        .label("longer than its source")
        .also(kept.span, "deleted then")
        .fact("have", own.value.in_days())
        .fact("most", kept.value.in_days())
        .help(format!("set `retention = \"{}\"` in `[privacy]`, and keep sums for longer", kept.value));
    out.push(place::replace(cx, found, Applicability::Suggested, Some(own.span), &format!("\"{}\"", kept.value)));
}
