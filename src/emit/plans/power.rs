//! Power over time: one curve for each tested metric, that of its weakest treatment.

use crate::plan::{Plan, Sized, Sizing};

/// The power of a metric by day of enrolment.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub metric: String,
    /// The treatment with the least power.
    pub treatment: String,
    pub goal: f64,
    /// Weeks of enrolment and power.
    pub points: Vec<(f64, f64)>,
    /// Weeks until the goal is reached, when it is within the curve.
    pub reached: Option<f64>,
    /// Weeks of enrolment that count at the decision.
    pub end: f64,
    /// Power there.
    pub power: f64,
}

/// No curve goes on for longer.
const MOST_WEEKS: u32 = 52;

/// The weakest treatment of each tested metric, in the order of the plan.
pub(super) fn weakest(plan: &Plan) -> Vec<(&Sized, &Sizing)> {
    let mut weakest: Vec<(&Sized, &Sizing)> = Vec::new();
    // A run without days has no weeks to show.
    if plan.calendar.days == 0 {
        return weakest;
    }
    for sized in &plan.sizes {
        let Ok(sizing) = &sized.result else { continue };
        match weakest.iter_mut().find(|(known, _)| known.metric == sized.metric && known.role == sized.role) {
            Some(known) if sizing.power < known.1.power => *known = (sized, sizing),
            Some(_) => {}
            None => weakest.push((sized, sizing)),
        }
    }
    weakest
}

/// The weeks that a picture of power shows: the plan, and on until every goal is reached, twice the plan at most.
pub(super) fn horizon(plan: &Plan) -> u32 {
    let planned = plan.calendar.days.div_ceil(7).clamp(1, MOST_WEEKS);
    let most = planned.saturating_mul(2).clamp(4, MOST_WEEKS);
    let reached = |sizing: &Sizing| {
        let weeks = sizing.weeks(plan, most);
        weeks.iter().find(|week| sizing.power_goal <= week.power).map_or(most, |week| week.week)
    };
    weakest(plan).iter().map(|(_, sizing)| reached(sizing)).fold(planned.max(2), u32::max)
}

/// A curve for each tested metric that could be sized.
pub fn curves(plan: &Plan) -> Vec<Curve> {
    let days = horizon(plan) * 7;
    weakest(plan).into_iter().map(|(sized, sizing)| curve(plan, sized, sizing, days)).collect()
}

fn curve(plan: &Plan, sized: &Sized, sizing: &Sizing, days: u32) -> Curve {
    let whole = plan.calendar.share_days(sizing.mature_days);
    // Within a day units arrive at an even rate; a short run gets points in between, so that its curve is smooth.
    let steps = if days <= 84 { 4 } else { 1 };
    let power_at = |step: u32| {
        let (day, part) = (step / steps, f64::from(step % steps) / f64::from(steps));
        let sum = plan.calendar.share_days(day);
        let sum = if 0.0 < part { sum + part * (plan.calendar.share_days(day + 1) - sum) } else { sum };
        let control = if 0.0 < whole { sizing.control * sum / whole } else { 0.0 };
        let power = if control < 2.0 { 0.0 } else { sizing.power_with(control).unwrap_or(0.0) };
        (f64::from(step) / f64::from(steps) / 7.0, power)
    };
    let points: Vec<(f64, f64)> = (0..=days * steps).map(power_at).collect();
    Curve {
        metric: sized.metric.clone(),
        treatment: sized.treatment.clone(),
        goal: sizing.power_goal,
        reached: crossing(&points, sizing.power_goal),
        points,
        end: f64::from(sizing.mature_days) / 7.0,
        power: sizing.power,
    }
}

/// Where a rising curve first meets a level, between its points.
fn crossing(points: &[(f64, f64)], level: f64) -> Option<f64> {
    let index = points.iter().position(|&(_, y)| level <= y)?;
    let (x, y) = points[index];
    let Some(&(x0, y0)) = index.checked_sub(1).and_then(|before| points.get(before)) else { return Some(x) };
    Some(if y0 < y { x0 + (x - x0) * (level - y0) / (y - y0) } else { x })
}
