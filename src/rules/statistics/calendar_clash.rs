//! STA033 calendar-clash.

use crate::catalog::CalendarKind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The run overlaps a holiday, a sale or a freeze of the catalogue's calendar.
    ///
    /// ## Why
    /// People behave unlike other days, and the result does not carry over to those.
    ///
    /// ## Source
    /// Microsoft ExP, Patterns of Trustworthy Experimentation: pre-experiment stage.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [calendar.winter-sale]
    /// kind = "sale"
    /// from = 2027-01-20
    /// to = 2027-01-24
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-03-01
    /// rollout.start = 2027-01-25
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [calendar.spring-sale]
    /// kind = "sale"
    /// from = 2027-03-20
    /// to = 2027-03-24
    /// ```
    static RULE = {
        code: "STA033", name: "calendar-clash", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let calendar = &cx.plan.calendar;
    let (Some(start), Some(end)) = (&calendar.start, &calendar.end) else { return };
    if cx.plan.status.value.is_over() || !place::length_is_known(cx) {
        return;
    }
    for (name, span, days_of) in cx.catalog.calendar.iter() {
        let (Some(from), Some(to)) = (days_of.from.copied(), days_of.to.copied()) else { continue };
        if end.value < from || to < start.value || to < from {
            continue;
        }
        let (first, last) = (from.max(start.value), to.min(end.value));
        let shared = u32::try_from(first.until(last) + 1).unwrap_or(0);
        let kind = days_of.kind.copied();
        let word = kind.map_or("special days", CalendarKind::word);
        let headline = format!("{} of the run fall in {} ({word})", days(shared), quoted(name));
        let why = match kind {
            Some(CalendarKind::Freeze) => "nothing can be released or taken back by a release",
            _ => "people behave unlike other days",
        };
        let after = to.plus(1);
        let found =
            place::at_value(cx, &RULE, start.span(), "rollout", headline)
                .label(format!("runs from {} to {}", start.value, end.value))
                .also(span, format!("{from} to {to}: {why}"))
                .fact("shared_days", f64::from(shared))
                .help(format!("start on {after} or later"))
                .help("or keep the dates, and report the effect without those days too");
        out.push(place::start_on(cx, found, after));
    }
}
