//! MET013 data-latency.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The decision comes before the data of the last days is complete.
    ///
    /// ## Why
    /// Partial last days bias the comparison whenever the variants differ in how late their events arrive.
    ///
    /// ## Source
    /// Dmitriev et al., A Dirty Dozen: metric interpretation pitfalls, KDD 2017.
    ///
    /// ```toml,bad
    /// [decision]
    /// by = 2027-02-11
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-12
    /// ```
    /// ```toml,good
    /// [decision]
    /// by = 2027-02-12
    /// ```
    static RULE = {
        code: "MET013", name: "data-latency", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(decide) = cx.plan.calendar.decide.as_ref().filter(|_| place::length_is_known(cx)) else { return };
    let mut worst: Option<(&PlannedMetric, crate::spec::Day)> = None;
    for metric in cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor) {
        let Some(complete) = super::complete_on(cx.plan, metric, 0) else { return };
        // A window that is not even over is another fault: MET012.
        if decide.value < complete {
            return;
        }
        let arrived = complete.plus(super::days_of(metric.lag.as_ref()));
        if decide.value < arrived && worst.is_none_or(|(_, day)| day < arrived) {
            worst = Some((metric, arrived));
        }
    }
    let Some((metric, arrived)) = worst else { return };
    let lag = super::days_of(metric.lag.as_ref());
    let name = quoted(&metric.name);
    let headline = format!("the decision comes before the last data of {name}");
    let mut found = place::at_value(cx, &RULE, decide.span(), "decision", headline)
        .label(format!("{} too early", days(u32::try_from(decide.value.until(arrived)).unwrap_or(0))))
        .fact("lag_days", f64::from(lag));
    if let Some(span) = metric.lag.as_ref().and_then(|lag| lag.span()) {
        found = found.also(span, "its data comes this late");
    }
    found = place::replace(cx, found, Applicability::Suggested, decide.span(), &arrived.to_string());
    out.push(found.help(format!("decide on {arrived} or later: `by = {arrived}`")));
}
