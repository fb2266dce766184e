//! `power.svg`: how the power of every tested metric grows week by week.

use super::{Curve, Format, Request, curves, show};
use crate::emit::plot::{Axis, Line, Mark, Plot};
use crate::emit::{Artifact, ArtifactRole};
use crate::plan::Plan;

/// The picture of power by week.
pub(super) struct PowerSvg;

impl Format for PowerSvg {
    fn name(&self) -> &'static str {
        "power.svg"
    }

    fn about(&self) -> &'static str {
        "power by week of enrolment, for plan.md"
    }

    /// Nothing without a metric that can be sized.
    fn emit(&self, request: &Request<'_>) -> Vec<Artifact> {
        let Some(picture) = power_picture(request.plan) else { return Vec::new() };
        let svg = picture.svg();
        vec![request.artifact("power.svg", "power.svg", ArtifactRole::Doc, svg.into_bytes())]
    }
}

/// The picture of power by week; none without a metric that can be sized.
pub fn power_picture(plan: &Plan) -> Option<Plot> {
    let curves = curves(plan);
    (!curves.is_empty()).then(|| picture(plan, &curves))
}

/// Ticks of weeks that have room on the axis.
fn week_ticks(last: f64) -> Vec<(f64, String)> {
    let step = [1, 2, 4, 8, 13].into_iter().find(|step| last / f64::from(*step) <= 13.0).unwrap_or(13);
    (0..=60)
        .map(|index| index * step)
        .take_while(|week| f64::from(*week) <= last)
        .map(|week| (f64::from(week), week.to_string()))
        .collect()
}

fn picture(plan: &Plan, curves: &[Curve]) -> Plot {
    let last = curves.iter().filter_map(|curve| curve.points.last()).map(|&(x, _)| x).fold(1.0, f64::max);
    let mut goals: Vec<f64> = curves.iter().map(|curve| curve.goal).collect();
    goals.sort_by(|a, b| b.total_cmp(a));
    goals.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    let end = f64::from(plan.calendar.days) / 7.0;
    let title = plan.title.as_ref().map_or(&*plan.id, |title| &title.value);
    Plot {
        title: format!("Power by week: {title}"),
        description: description(curves),
        x: Axis { label: "weeks of enrolment".to_owned(), low: 0.0, high: last, ticks: week_ticks(last) },
        y: Axis {
            label: "power".to_owned(),
            low: 0.0,
            high: 1.0,
            ticks: (0..=5).map(|index| (f64::from(index) / 5.0, format!("{} %", index * 20))).collect(),
        },
        lines: curves.iter().map(line).collect(),
        levels: goals.iter().map(|&at| Mark { at, label: format!("goal {}", show::percent(at)) }).collect(),
        moments: if end <= last {
            vec![Mark { at: end, label: format!("planned end, {}", weeks(end)) }]
        } else {
            Vec::new()
        },
    }
}

fn line(curve: &Curve) -> Line {
    let dots = curve.reached.map(|week| (week, curve.goal)).into_iter().collect();
    let note = match curve.reached {
        Some(week) => format!("{}, goal in {}", show::power(curve.power), weeks(week)),
        None => format!("{} at the planned end", show::power(curve.power)),
    };
    Line { name: curve.metric.clone(), note, points: curve.points.clone(), dots }
}

/// `week 4`, `week 2.6`.
fn weeks(weeks: f64) -> String {
    let tenths = (weeks * 10.0).round() / 10.0;
    if tenths.fract() == 0.0 { format!("week {tenths:.0}") } else { format!("week {tenths:.1}") }
}

fn description(curves: &[Curve]) -> String {
    let parts: Vec<String> = curves
        .iter()
        .map(|curve| {
            let reached = match curve.reached {
                Some(week) => format!("reaches its goal of {} in {}", show::percent(curve.goal), weeks(week)),
                None => format!("does not reach its goal of {}", show::percent(curve.goal)),
            };
            format!("{} has power {} as planned and {reached}", curve.metric, show::power(curve.power))
        })
        .collect();
    format!("{}.", parts.join("; "))
}
