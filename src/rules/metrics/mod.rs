//! Rules on the metrics.

crate::rules::rule::group! {
    unknown_metric,
    no_primary,
    many_primaries,
    two_roles,
    direction_missing,
    metric_unowned,
    metric_not_certified,
    unit_mismatch,
    ratio_denominator,
    heavy_tail,
    insensitive,
    window_immature,
    data_latency,
    proxy_alone,
    easy_to_game,
    post_treatment_filter,
    dangling_source,
    not_observed,
    event_never_seen,
    test_does_not_fit,
    option_does_not_fit,
    same_metric_twice,
    long_list,
    neglected_event,
    miscounted_event,
    event_without_unit,
    property_misfit,
    more_units_than_events,
    deleted_too_early,
}

use crate::catalog::Metric;
use crate::plan::{Plan, PlannedMetric};
use crate::spec::{Day, Duration};
use crate::syntax::At;

/// The events that a definition rests on.
fn events_of(metric: &Metric) -> impl Iterator<Item = &At<String>> {
    [metric.event.get(), metric.denominator.get()].into_iter().flatten()
}

/// Whole days of a field of a metric.
fn days_of(known: Option<&crate::plan::Known<Duration>>) -> u32 {
    known.map_or(0, |known| known.value.whole_days())
}

/// The first day on which the last enrolled unit is complete, `lag` days of waiting for data included.
///
/// A unit that enrols on the last day completes a window of `n` days at the end of the `n`th day after it.
fn complete_on(plan: &Plan, metric: &PlannedMetric, lag: u32) -> Option<Day> {
    let end = plan.calendar.end.as_ref()?.value;
    Some(end.plus(days_of(metric.window.as_ref()) + lag + 1))
}
