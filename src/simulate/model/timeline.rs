//! When units come, and when what is looked at.

use std::collections::BTreeSet;

use crate::plan::{Calendar, Plan};
use crate::spec::{Gate, Method, Role, Spec};
use crate::stats::sequential::MOST_LOOKS;

use super::{Check, Unsimulable, refuse, wait};

/// The days of the looks, and what part of the information each has.
pub(super) struct Timeline {
    last_day: u32,
    /// Days of the looks from the start; the last is the decision.
    looks: Vec<u32>,
    pub fractions: Vec<f64>,
}

impl Timeline {
    pub fn new(plan: &Plan, spec: &Spec, last_day: u32) -> Result<Self, Unsimulable> {
        let calendar = &plan.calendar;
        let slowest = plan.metrics_of(Role::Primary).map(wait).max().unwrap_or(0);
        let mature = last_day.saturating_sub(slowest).min(calendar.days);
        let whole = calendar.share_days(mature);
        if whole <= 0.0 {
            return refuse("no unit is analysed by the day of the decision");
        }
        let method = plan.design.method.value;
        let planned: Vec<f64> = plan.design.looks.iter().map(|look| look.value).collect();
        let mut days: Vec<u32> = match method {
            Method::Fixed => Vec::new(),
            // Looked at whenever one likes: every day.
            Method::AlwaysValid if planned.is_empty() => (1..mature).collect(),
            _ => planned.iter().map(|part| calendar.day_of_part(*part, mature)).filter(|&day| day < mature).collect(),
        };
        days.push(mature);
        days.dedup();
        // Days before the analysed part of the run say nothing.
        days.retain(|&day| 1e-5 * whole < calendar.share_days(day));
        if MOST_LOOKS < days.len() {
            return refuse(format!("it is looked at more than {MOST_LOOKS} times"));
        }
        if spec.design.value().is_some_and(|design| design.looks.is_absent()) && method == Method::GroupSequential {
            return refuse("it lacks the looks of its group-sequential design");
        }
        let mut fractions: Vec<f64> = days.iter().map(|&day| calendar.share_days(day) / whole).collect();
        if let Some(last) = fractions.last_mut() {
            *last = 1.0;
        }
        let mut looks: Vec<u32> = days.iter().map(|day| day + slowest).collect();
        if let Some(last) = looks.last_mut() {
            *last = last_day;
        }
        Ok(Self { last_day, looks, fractions })
    }

    /// Every day on which something is looked at, and the days that cut the enrolment into segments.
    pub fn checks(&self, plan: &Plan, waits: &[u32], watched: bool) -> (Vec<Check>, Vec<u32>) {
        let calendar = &plan.calendar;
        let mut gates: Vec<(u32, String)> = Vec::new();
        let mut ends = Vec::new();
        let mut end = 0;
        for (index, stage) in calendar.stages.iter().enumerate() {
            end += stage.days;
            ends.push(end);
            if stage.gate.value == Gate::Guardrails && index + 1 < calendar.stages.len() && end < self.last_day {
                gates.push((end, stage.name.clone()));
            }
        }
        let mut on: BTreeSet<u32> = self.looks.iter().copied().chain(gates.iter().map(|gate| gate.0)).collect();
        if watched {
            on.extend(1..=self.last_day);
        }
        let enrolled = |day: u32| day.min(calendar.days);
        let mut cuts: BTreeSet<u32> = ends.iter().copied().chain([0, calendar.days]).collect();
        for &day in &on {
            cuts.insert(enrolled(day));
            cuts.extend(waits.iter().map(|&wait| enrolled(day.saturating_sub(wait))));
        }
        let cuts: Vec<u32> = cuts.into_iter().filter(|&cut| cut <= calendar.days).collect();
        let segment = |day: u32| cuts.binary_search(&enrolled(day)).unwrap_or_else(|next| next);
        let checks = on
            .into_iter()
            .map(|day| Check {
                day,
                enrolled: segment(day),
                mature: waits.iter().map(|&wait| segment(day.saturating_sub(wait))).collect(),
                gate: gates.iter().find(|gate| gate.0 == day).map(|gate| gate.1.clone()),
                look: self.looks.iter().position(|&look| look == day),
                watched,
                last: day == self.last_day,
            })
            .collect();
        (checks, cuts)
    }
}

/// Expected units by segment and variant, the first analysed segment, and the units of analysis in each.
pub(super) fn arrivals(plan: &Plan, cuts: &[u32]) -> Result<(Vec<Vec<f64>>, usize, f64), Unsimulable> {
    let Some(daily) = &plan.audience.daily_units else {
        return refuse("it lacks the number of eligible units per day");
    };
    let kept = 1.0 - plan.audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value);
    let analysed = daily.value * kept * plan.exposure.rate.value;
    let whole_run = Calendar { analyse_ramp: true, ..plan.calendar.clone() };
    // Groups that exist in a known number are not used up twice.
    let groups = plan.design.cluster.as_ref().and_then(|cluster| cluster.total.as_ref()).map(|total| total.value);
    let share = plan.calendar.main_stage().map_or(1.0, |stage| stage.share.value);
    let most = groups.map_or(f64::INFINITY, |groups| groups * share * kept * plan.exposure.rate.value);
    let by = |day: u32| (analysed * whole_run.share_days(day)).min(most);
    let control = plan.variants.iter().filter(|variant| variant.control);
    let variants: Vec<_> = control.chain(plan.treatments()).collect();
    let last_stage = plan.calendar.days - plan.calendar.stages.last().map_or(0, |stage| stage.days);
    let mut first_analysed = 0;
    let mut segments = Vec::new();
    for pair in cuts.windows(2) {
        let Some(stage) = plan.calendar.stage_on(pair[0]) else { continue };
        if !plan.calendar.analyse_ramp && pair[0] < last_stage {
            first_analysed += 1;
        }
        let weight = |name: &str, own: f64| {
            let other = stage.weights.iter().find(|(variant, _)| variant.value == name);
            other.map_or(own, |(_, weight)| weight.value)
        };
        let weights: Vec<f64> = variants.iter().map(|v| weight(&v.name, v.weight.value)).collect();
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return refuse(format!("the weights of stage `{}` sum to 0", stage.name));
        }
        let units = (by(pair[1]) - by(pair[0])).max(0.0);
        segments.push(weights.iter().map(|weight| units * weight / total).collect());
    }
    Ok((segments, first_analysed, plan.design.cluster_size.as_ref().map_or(1.0, |known| known.value)))
}

/// The same of a switchback: the periods of all places, by a fair coin.
pub(super) fn periods(plan: &Plan, cuts: &[u32]) -> Result<(Vec<Vec<f64>>, usize, f64), Unsimulable> {
    let Some(switchback) = &plan.design.switchback else { return refuse("it is no switchback") };
    let Some(period) = &switchback.period else { return refuse("it lacks the period of its switchback") };
    if plan.treatments().count() != 1 {
        return refuse("a switchback has one treatment");
    }
    let minutes = f64::from(period.value.in_minutes().max(1));
    let by = |day: u32| (f64::from(day) * 24.0 * 60.0 / minutes).floor() * switchback.places.value;
    let segments = cuts.windows(2).map(|pair| vec![0.5 * (by(pair[1]) - by(pair[0])); 2]).collect();
    Ok((segments, 0, 1.0))
}
