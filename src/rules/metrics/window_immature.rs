//! MET012 window-immature.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The decision comes before the last enrolled units have completed a metric's window.
    ///
    /// ## Why
    /// Units that enrolled late are counted too early: they had less time to convert, and the effect is diluted.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020; Eppo's protocol checks.
    ///
    /// ```toml,bad
    /// [decision]
    /// by = 2027-02-09
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-12
    /// ```
    /// ```toml,good
    /// [decision]
    /// by = 2027-02-12
    /// ```
    static RULE = {
        code: "MET012", name: "window-immature", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let (Some(decide), Some(end)) = (&cx.plan.calendar.decide, &cx.plan.calendar.end) else { return };
    if !place::length_is_known(cx) {
        return;
    }
    let late = |metric: &&PlannedMetric| {
        metric.role != Role::Monitor
            && super::complete_on(cx.plan, metric, 0).is_some_and(|complete| decide.value < complete)
    };
    let mut late: Vec<_> = cx.plan.metrics.iter().filter(late).collect();
    late.sort_by_key(|metric| std::cmp::Reverse(super::days_of(metric.window.as_ref())));
    let Some(longest) = late.first() else { return };
    let window = super::days_of(longest.window.as_ref());
    let Some(complete) = super::complete_on(cx.plan, longest, super::days_of(longest.lag.as_ref())) else { return };
    let left = end.value.until(decide.value).max(0);
    let headline = match left {
        0 => format!("{} needs {} after the last day of the run", quoted(&longest.name), days(window + 1)),
        left => {
            let left = days(u32::try_from(left - 1).unwrap_or(u32::MAX));
            format!("{} needs {}; the last units get {left}", quoted(&longest.name), days(window))
        }
    };
    let mut found = place::at_value(cx, &RULE, decide.span(), "decision", headline)
        .label(format!("enrolment ends on {}; its window on {}", end.value, end.value.plus(window)))
        .fact("window_days", f64::from(window));
    for metric in late.iter().take(4) {
        let span = metric.window.as_ref().and_then(|window| window.span()).unwrap_or(metric.span);
        found = found.also(span, format!("window of {}", quoted(&metric.name)));
    }
    found = place::replace(cx, found, Applicability::Suggested, decide.span(), &complete.to_string());
    let found = found.help(format!("decide on {complete} or later: `by = {complete}`"));
    let shorter = decide.value.until(complete);
    out.push(found.help(format!("or end enrolment {} earlier", days(u32::try_from(shorter).unwrap_or(0)))));
}
