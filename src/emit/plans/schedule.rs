//! When something is measured: metric windows in microseconds, looks on days.

use crate::plan::{Plan, PlannedMetric, looks};
use crate::spec::{Day, Duration, Role};

use super::Inputs;

/// The window `[start, end)` of a metric, in microseconds after the first exposure.
///
/// It starts at the window start of the catalogue (retention) or at the end of the burn-in, whichever is later,
/// and ends the metric's `window` after exposure. `None` without a window, or when nothing is left of it.
pub fn window_us(inputs: &Inputs<'_>, metric: &PlannedMetric) -> Option<(i64, i64)> {
    let defined = inputs.catalog.metrics.get(&metric.name);
    let own = defined.and_then(|metric| metric.window_start.copied()).map_or(0, us);
    let start = own.max(burn_in(inputs).map_or(0, us));
    let end = us(metric.window.as_ref()?.value);
    (start < end).then_some((start, end))
}

/// The time after the first exposure that is not analysed.
pub(super) fn burn_in(inputs: &Inputs<'_>) -> Option<Duration> {
    let burn_in = inputs.spec.rollout.value().and_then(|rollout| rollout.burn_in.copied());
    burn_in.filter(|burn_in| 0 < burn_in.in_minutes())
}

pub(super) fn us(duration: Duration) -> i64 {
    i64::from(duration.in_minutes()) * 60_000_000
}

/// A look with its day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatedLook {
    /// From 1.
    pub k: usize,
    pub information: f64,
    /// Infinite where the look cannot stop.
    pub z: f64,
    /// Below this the run is hopeless; `None` where futility does not stop.
    pub futility: Option<f64>,
    pub alpha_spent: f64,
    /// The day on which the units of this look have complete windows.
    pub date: Option<Day>,
    /// Days of enrolment behind it.
    pub days: u32,
}

/// The looks of a sequential design on their days; empty for others.
pub fn dated_looks(inputs: &Inputs<'_>) -> Vec<DatedLook> {
    let plan = inputs.plan;
    let wait = slowest_wait(plan);
    let whole = plan.calendar.share_days(mature_days(plan));
    looks(&plan.design, inputs.memo)
        .iter()
        .enumerate()
        .map(|(index, look)| {
            let days = days_until(plan, look.information * whole);
            let start = plan.calendar.start.as_ref().filter(|_| 0.0 < whole);
            DatedLook {
                k: index + 1,
                information: look.information,
                z: look.z,
                futility: look.futility,
                alpha_spent: look.alpha_spent,
                date: start.map(|start| start.value.plus(days.saturating_add(wait))),
                days,
            }
        })
        .collect()
}

/// Days between the enrolment of a unit and the day on which its primary metrics are complete.
pub(super) fn slowest_wait(plan: &Plan) -> u32 {
    let wait = |metric: &PlannedMetric| {
        let days = |known: Option<Duration>| known.map_or(0, Duration::whole_days);
        days(metric.window.as_ref().map(|known| known.value)) + days(metric.lag.as_ref().map(|known| known.value))
    };
    plan.metrics_of(Role::Primary).map(wait).max().unwrap_or(0)
}

/// Days of enrolment that are complete for every primary metric when the decision is due.
pub(super) fn mature_days(plan: &Plan) -> u32 {
    let days = |metric: &PlannedMetric| {
        plan.calendar
            .mature_days(metric.window.as_ref().map(|known| known.value), metric.lag.as_ref().map(|known| known.value))
    };
    plan.metrics_of(Role::Primary).map(days).min().unwrap_or(plan.calendar.days)
}

/// The first day whose sum of shares reaches `share_days`.
fn days_until(plan: &Plan, share_days: f64) -> u32 {
    // Shares are decimals in binary: a day is not waited for because of their rounding.
    let enough = share_days * (1.0 - 1e-9);
    let last = plan.calendar.days;
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        if enough <= plan.calendar.share_days(middle) { high = middle } else { low = middle + 1 }
    }
    low
}
