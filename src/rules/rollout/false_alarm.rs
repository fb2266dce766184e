//! ROL022 false-alarm.

use crate::catalog::Kind;
use crate::plan::{Calendar, in_unit, units_by};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Amount, Unit};
use crate::spec::rollout::{Harm, Rollback};
use crate::stats::sequential::{MOST_LOOKS, Monitoring};
use crate::stats::{Sides, normal};

/// More harmless runs than this should not be rolled back by one trigger.
const MOST: f64 = 0.05;
/// Beyond so many standard errors a reading alarms nobody.
const FAR: f64 = 7.0;
/// A threshold of 0, as a bound of the recursion.
const NEAR: f64 = 1e-9;

rule! {
    /// A rollback trigger fires in more than one in twenty runs that harm nobody.
    ///
    /// A trigger reads the estimate every day from its first `min_units` on. The probability that it ever passes the
    /// threshold while the true difference is 0 follows from the recursion over those days; several treatments are
    /// counted as independent.
    ///
    /// ## Why
    /// An estimate from few units wanders further than the margin by chance alone. Each false alarm throws a run away, and
    /// people learn to switch the trigger off.
    ///
    /// ## Source
    /// Armitage, McPherson, Rowe, Repeated significance tests on accumulating data, 1969. `expc simulate` counts the same
    /// alarms.
    ///
    /// ```toml,bad
    /// [rollout]
    /// rollback = [{ metric = "refund_rate", harm = "margin", min_units = 5000 }]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// rollback = [{ metric = "refund_rate", harm = "margin", min_units = 40000 }]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// rollback = [{ metric = "refund_rate", harm = "difference", threshold = "0.8pp", min_units = 5000 }]
    /// ```
    static RULE = {
        code: "ROL022", name: "false-alarm", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    // A switchback is not read unit by unit.
    if !super::is_open(cx.plan) || cx.plan.design.switchback.is_some() {
        return;
    }
    let rollout = super::rollout(cx);
    let triggers = rollout.rollback.value().into_iter().flat_map(|list| list.iter());
    for rollback in triggers {
        // Without `min_units` GRD010 asks for them.
        let Some(least) = rollback.min_units.copied() else { continue };
        let Some(trigger) = Trigger::of(cx, rollback) else { continue };
        let least = least.max(1) as f64;
        let first = trigger.readings.partition_point(|reading| reading.units < least);
        let rate = trigger.alarms(first, 1.0);
        if rate <= MOST {
            continue;
        }
        out.push(found(cx, rollback, &trigger, first, rate));
    }
}

/// Units a variant from which a trigger fires seldom without harm; `None` where the run never has as many, and where
/// nobody knows.
pub(in crate::rules) fn calm_units(cx: &PlanCx<'_>, rollback: &Rollback) -> Option<f64> {
    Trigger::of(cx, rollback)?.calm_units().map(|(units, _)| units)
}

/// The same for a trigger at the margin of a metric.
pub(in crate::rules) fn calm_units_at_margin(cx: &PlanCx<'_>, metric: &str) -> Option<f64> {
    Trigger::new(cx, metric, Harm::Margin, None)?.calm_units().map(|(units, _)| units)
}

/// A day on which the estimate is read.
struct Reading {
    day: u32,
    /// Units of the smallest variant.
    units: f64,
    /// The threshold in standard errors of the estimate.
    distance: f64,
}

struct Trigger {
    readings: Vec<Reading>,
    threshold: f64,
    treatments: i32,
}

impl Trigger {
    /// `None` where the trigger has no numbers, which others tell, or watches a level.
    fn of(cx: &PlanCx<'_>, rollback: &Rollback) -> Option<Self> {
        let harm = rollback.harm.copied().unwrap_or(Harm::Margin);
        Self::new(cx, rollback.metric.value()?, harm, rollback.threshold.value())
    }

    fn new(cx: &PlanCx<'_>, name: &str, harm: Harm, threshold: Option<&Amount>) -> Option<Self> {
        let plan = cx.plan;
        let metric = plan.metric(name)?;
        let baseline = metric.baseline.as_ref().map(|known| known.value);
        let threshold = match harm {
            Harm::Margin => metric.margin.as_ref()?.absolute?,
            Harm::Difference => {
                let amount = threshold?;
                let unit = metric.unit.as_ref().map(|unit| unit.value.as_str());
                // A per cent of something that is no rate is relative to its baseline.
                let relative = (amount.unit == Unit::Percent).then(|| Some(amount.number / 100.0 * baseline?));
                in_unit(amount, unit, place::is_rate(metric)).or(relative.flatten())?.abs()
            }
            Harm::Level => return None,
        };
        let deviation = deviation(plan, metric)?;
        if !(0.0 <= threshold && threshold.is_finite() && 0.0 < deviation && deviation.is_finite()) {
            return None;
        }
        let control = plan.control()?.fraction;
        let treatment = plan.treatments().map(|variant| variant.fraction).reduce(f64::min)?;
        let smallest = control.min(treatment);
        if smallest <= 0.0 {
            return None;
        }
        let parts = 1.0 / control + 1.0 / treatment;
        let calendar = Calendar { analyse_ramp: true, ..plan.calendar.clone() };
        let whole = |span: &Option<Known<crate::spec::Duration>>| span.as_ref().map_or(0.0, |s| s.value.in_days());
        let wait = whole(&metric.window) + whole(&metric.lag);
        let last = (f64::from(calendar.days) + wait).ceil().min(MOST_LOOKS as f64) as u32;
        let mut readings: Vec<Reading> = Vec::new();
        for day in 1..=last {
            let all = units_by(plan, &calendar, (f64::from(day) - wait).min(f64::from(calendar.days)));
            let distance = threshold / (deviation * (parts / all).sqrt());
            if 2.0 <= all * smallest && readings.last().is_none_or(|before| before.units < all * smallest) {
                readings.push(Reading { day, units: all * smallest, distance: distance.max(NEAR) });
            }
        }
        let treatments = i32::try_from(plan.treatments().count()).unwrap_or(1);
        Some(Self { readings, threshold, treatments })
    }

    /// The probability to fire from the reading `first` on without an effect, the threshold times a factor.
    fn alarms(&self, first: usize, factor: f64) -> f64 {
        let near: Vec<(f64, f64)> = self.readings[first.min(self.readings.len())..]
            .iter()
            .map(|reading| (reading.units, reading.distance * factor))
            .take_while(|(_, distance)| *distance < FAR)
            .collect();
        let Some(&(last, _)) = near.last() else { return 0.0 };
        // The sum of the chances bounds the chance of any: clean triggers end here.
        let most: f64 = near.iter().map(|(_, distance)| normal::sf(*distance)).sum();
        let of_all = |one: f64| 1.0 - (1.0 - one).powi(self.treatments);
        if of_all(most.min(1.0)) <= MOST {
            return of_all(most);
        }
        let fractions: Vec<f64> = near.iter().map(|(units, _)| units / last).collect();
        let bounds: Vec<f64> = near.iter().map(|(_, distance)| *distance).collect();
        let one = Monitoring::bounded(&fractions, &bounds, MOST, Sides::One).map(|plan| plan.type_one_error());
        of_all(one.unwrap_or(most.min(1.0)))
    }

    /// The first reading from which the trigger fires seldom.
    fn calm_from(&self) -> Option<&Reading> {
        let (mut low, mut high) = (0, self.readings.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.alarms(middle, 1.0) <= MOST { high = middle } else { low = middle + 1 }
        }
        self.readings.get(low)
    }

    /// Units for `min_units` that make it fire seldom, and the first day on which it is then read.
    fn calm_units(&self) -> Option<(f64, u32)> {
        let calm = self.calm_from()?;
        let least = above(calm.units, self);
        let reached = self.readings.iter().find(|reading| least <= reading.units)?;
        Some((least, reached.day))
    }

    /// The factor on the threshold at which the trigger fires seldom from the reading `first` on.
    fn calm_factor(&self, first: usize) -> f64 {
        let (mut low, mut high) = (1.0, 1e4);
        for _ in 0..12 {
            let middle = f64::sqrt(low * high);
            if self.alarms(first, middle) <= MOST { high = middle } else { low = middle }
        }
        high
    }
}

/// The message, apart from the search.
fn found(cx: &PlanCx<'_>, rollback: &At<Rollback>, trigger: &Trigger, first: usize, rate: f64) -> Diagnostic {
    let metric = rollback.metric.get().expect("a trigger has a metric");
    let span = rollback.min_units.span().unwrap_or(metric.span);
    let headline = format!("{} of runs without harm are rolled back for {}", percent(rate), quoted(metric));
    let reading = trigger.readings.get(first);
    let label = match reading {
        Some(reading) => format!(
            "first read on day {}: the threshold is {} standard errors away",
            reading.day,
            place::significant(reading.distance)
        ),
        None => "read every day".to_owned(),
    };
    let planned = cx.plan.metric(metric);
    let mut found = super::at_value(&RULE, cx, span, headline, label).fact("false_alarms", rate);
    if let Some(margin) = planned.and_then(|metric| metric.margin.as_ref()).filter(|_| rollback.threshold.is_absent()) {
        found = found.also(margin.span, "the threshold");
    }
    if let Some((least, day)) = trigger.calm_units() {
        found = found
            .help(format!("set `min_units = {least:.0}`: below {} then, and first read on day {day}", percent(MOST)))
            .fact("min_units", least);
    }
    let wide = trigger.threshold * trigger.calm_factor(first);
    match planned.filter(|_| 0.0 < wide && wide.is_finite()) {
        Some(metric) => {
            let text = change_up(metric, wide);
            found.help(format!("or watch for more: `harm = \"difference\", threshold = \"{text}\"`"))
        }
        None => found.help("name a difference that would be harm: `harm = \"difference\"` with a `threshold` above 0"),
    }
}

/// A round number of units that is first reached where `units` are: above those of the day before.
fn above(units: f64, trigger: &Trigger) -> f64 {
    let before = trigger.readings.iter().map(|reading| reading.units).take_while(|other| *other < units).last();
    let least = before.unwrap_or(0.0).floor() + 1.0;
    let digits = 10f64.powf(least.log10().floor() - 1.0).max(1.0);
    (least / digits).ceil() * digits
}

/// A change of the metric, rounded up.
fn change_up(metric: &PlannedMetric, size: f64) -> String {
    let rate = place::is_rate(metric);
    let size = place::significant_up(if rate { size * 100.0 } else { size });
    place::change(metric, if rate { size / 100.0 } else { size })
}

/// The deviation of one unit, design effect included, as the plain estimate sees it.
fn deviation(plan: &Plan, metric: &PlannedMetric) -> Option<f64> {
    let kind = metric.kind.as_ref()?.value;
    let baseline = metric.baseline.as_ref().map(|known| known.value);
    let variance = match kind {
        Kind::Proportion | Kind::Retention => baseline? * (1.0 - baseline?),
        // Watched over unequal times: its estimate is no difference of means.
        Kind::TimeToEvent => return None,
        _ => match (&metric.sd, &metric.measured.dispersion) {
            (Some(sd), _) => sd.value * sd.value,
            (None, Some(dispersion)) if kind == Kind::Count => baseline? + dispersion.value * baseline? * baseline?,
            (None, _) => {
                let sizes = plan.sizes.iter().filter(|size| size.metric == metric.name);
                let sized = sizes.filter_map(|size| size.result.as_ref().ok()).next()?;
                let crate::stats::comparison::Endpoint::Mean { sd, .. } = sized.comparison.endpoint else { return None };
                sd * sd
            }
        },
    };
    let groups = plan.design.design_effect.as_ref().map_or(1.0, |known| known.value);
    Some((variance * groups).sqrt())
}
