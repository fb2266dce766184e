//! `expc power`.

use std::path::PathBuf;

use serde_json::json;

use super::{Exit, Failure, place};
use crate::emit::plans::{curve, curves};
use crate::plan::{Known, Origin, Plan, PlannedMetric, Sized, Sizing};
use crate::rules::prelude::{count, percent, probability};
use crate::spec::Role;
use crate::spec::quantity::plain;
use crate::stats::comparison::Claim;
use crate::text::{Sources, printable};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The spec: its file, or its id
    spec: String,
    /// The workspace, when the spec is named by its id
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    /// How it is printed: text or json
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    /// How many weeks the table shows
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=104))]
    weeks: u32,
    /// Tables and curves of the guardrails as well
    #[arg(long)]
    all: bool,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = place::open_spec(&arguments.spec, &arguments.workspace)?;
    let spec = opened.spec(&arguments.spec)?;
    let compiled = super::resolve::compile_with_slot(&opened.workspace, spec);
    let sources = opened.workspace.sources.under(&opened.prefix);
    match arguments.format.as_str() {
        "text" => super::print(&text(&compiled.plan, &sources, arguments)),
        "json" => {
            let document = document(&compiled.plan, arguments.weeks);
            super::print(&(serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"));
        }
        other => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json".to_owned(),
            });
        }
    }
    Ok(Exit::Clean)
}

fn document(plan: &Plan, weeks: u32) -> serde_json::Value {
    let sizes: Vec<_> = plan
        .sizes
        .iter()
        .map(|sized| match &sized.result {
            Err(reason) => json!({
                "metric": sized.metric, "role": sized.role, "treatment": sized.treatment, "not_sized": reason.to_string(),
            }),
            Ok(sizing) => json!({
                "metric": sized.metric, "role": sized.role, "treatment": sized.treatment,
                "alpha": sizing.comparison.alpha, "power_goal": sizing.power_goal, "power": sizing.power,
                "needed": { "control": sizing.need.control_units, "treatment": sizing.need.treatment_units },
                "available": { "control": sizing.control.floor(), "treatment": sizing.treatment.floor() },
                "detectable": sizing.detectable(),
                "weeks": sizing.weeks(plan, weeks).iter().map(|week| json!({
                    "week": week.week, "control": week.control.floor(), "treatment": week.treatment.floor(),
                    "power": week.power, "detectable": week.detectable,
                })).collect::<Vec<_>>(),
            }),
        })
        .collect();
    json!({ "format": "expc.power/1", "experiment": &*plan.id, "sizes": sizes })
}

fn text(plan: &Plan, sources: &Sources, arguments: &Arguments) -> String {
    let title = plan.title.as_ref().map_or(String::new(), |title| format!(": {}", printable(&title.value)));
    let mut out = format!("{}{title}\n", printable(&plan.id));
    out += &inputs(plan, sources);
    for sized in &plan.sizes {
        out += &block(plan, sources, sized, arguments);
    }
    if plan.sizes.is_empty() {
        out += "\nNothing to size: it has no control, no treatment, or no primary metric and no guardrail.\n";
        return out;
    }
    let primary = |name: &str| plan.metrics_of(Role::Primary).any(|metric| metric.name == name);
    for shown in curves(plan) {
        if !arguments.all && !primary(&shown.metric) {
            continue;
        }
        out += &format!("\npower of {} by week (goal {})\n", printable(&shown.metric), probability(shown.goal));
        out += &curve::curve(&shown.points, shown.goal, 72, 12);
    }
    if !arguments.all && plan.metrics_of(Role::Guardrail).next().is_some() {
        out += "\nweeks and curves of the guardrails: --all\n";
    }
    out
}

/// The inputs that all sizes share.
fn inputs(plan: &Plan, sources: &Sources) -> String {
    let mut rows: Vec<(String, String, Origin)> = Vec::new();
    let mut row = |name: &str, value: String, origin: Origin| rows.push((name.to_owned(), value, origin));
    let design = &plan.design;
    let audience = &plan.audience;
    if let Some(daily) = &audience.daily_units {
        row("eligible units per day", count(daily.value), daily.origin);
    }
    row("share", audience.share.value.to_string(), audience.share.origin);
    if let Some(holdout) = &audience.holdout {
        row("held out", percent(holdout.share.value), holdout.share.origin);
    }
    row("analysed part", percent(plan.exposure.rate.value), plan.exposure.rate.origin);
    row("alpha", plain(design.alpha.value), design.alpha.origin);
    row("sides", design.sides.value.to_string(), design.sides.origin);
    row("power", plain(design.power.value), design.power.origin);
    row("method", design.method.value.to_string(), design.method.origin);
    row(
        "correction",
        format!(
            "{}, {} claim{}: alpha {}",
            design.correction.value,
            design.claims,
            if design.claims == 1 { "" } else { "s" },
            plain(design.alpha_per_claim)
        ),
        design.correction.origin,
    );
    let weights =
        plan.variants.iter().map(|variant| format!("{} {}", printable(&variant.name), percent(variant.fraction)));
    row(
        "variants",
        weights.collect::<Vec<_>>().join(", "),
        plan.variants.first().map_or(Origin::BuiltIn, |v| v.weight.origin),
    );
    let stages = plan
        .calendar
        .stages
        .iter()
        .map(|stage| format!("{} {} {}d", printable(&stage.name), percent(stage.share.value), stage.days));
    row(
        "stages",
        stages.collect::<Vec<_>>().join(", "),
        plan.calendar.stages.first().map_or(Origin::BuiltIn, |s| s.share.origin),
    );
    if !plan.calendar.analyse_ramp {
        row("analysed stages", "the last one".to_owned(), Origin::Computed);
    }
    let width = rows.iter().map(|(_, value, _)| value.chars().count()).max().unwrap_or(0).min(60);
    let mut out = String::from("\n");
    for (name, value, origin) in rows {
        out += &format!("  {name:24} {value:width$}  {}\n", place(origin, sources));
    }
    out
}

/// One metric against one treatment.
fn block(plan: &Plan, sources: &Sources, sized: &Sized, arguments: &Arguments) -> String {
    let name = printable(&sized.metric);
    let against = printable(&sized.treatment);
    let mut out = format!("\n{name} ({}), {against} against control\n", sized.role);
    let Some(metric) = plan.metrics.iter().find(|metric| metric.name == sized.metric && metric.role == sized.role)
    else {
        return out;
    };
    let number = |known: &Known<f64>| amount(metric, known.value);
    if let Some(baseline) = &metric.baseline {
        out += &format!("  {:24} {:20}  {}\n", "baseline", number(baseline), place(baseline.origin, sources));
    }
    if let Some(sd) = &metric.sd {
        out += &format!("  {:24} {:20}  {}\n", "standard deviation", number(sd), place(sd.origin, sources));
    }
    for (title, effect) in [("MDE", &metric.mde), ("margin", &metric.margin)] {
        if let Some(effect) = effect {
            let absolute = effect
                .absolute
                .filter(|_| effect.is_relative)
                .map_or(String::new(), |size| format!(" = {}", difference(metric, size)));
            let origin = Origin::in_spec(effect.span, plan.span.file);
            out += &format!(
                "  {title:24} {:20}  {}\n",
                format!("{}{absolute}", printable(&effect.text)),
                place(origin, sources)
            );
        }
    }
    match &sized.result {
        Err(reason) => out + &format!("  not sized: {}\n", printable(&reason.to_string())),
        Ok(sizing) => {
            out += &numbers(metric, sizing);
            if arguments.all || sized.role == Role::Primary {
                out += &weeks(plan, metric, sizing, arguments.weeks);
            }
            out
        }
    }
}

fn numbers(metric: &PlannedMetric, sizing: &Sizing) -> String {
    let factors = sizing.factors;
    let mut out = String::new();
    for (name, factor) in [
        ("variance reduction", factors.reduction),
        ("interim looks", factors.inflation),
        ("design effect", factors.design_effect),
    ] {
        if factor != 1.0 {
            out += &format!("  {name:24} sample × {factor:.3}\n");
        }
    }
    let side = |control: f64, treatment: f64| format!("{} control, {} treatment", count(control), count(treatment));
    out += &format!(
        "  {:24} {}  (alpha {}, power {})\n",
        "needed",
        side(sizing.need.control_units as f64, sizing.need.treatment_units as f64),
        plain(sizing.comparison.alpha),
        probability(sizing.power_goal)
    );
    out += &format!(
        "  {:24} {}  ({} days mature)\n",
        "available",
        side(sizing.control, sizing.treatment),
        sizing.mature_days
    );
    let enough = if sizing.is_short() { "short of the goal" } else { "enough" };
    out += &format!("  {:24} {}  {enough}\n", "power", probability(sizing.power));
    out += &format!("  {:24} {}\n", what(sizing), effect(metric, sizing.detectable()));
    out
}

/// What a plan can detect, by the kind of its claim.
fn what(sizing: &Sizing) -> &'static str {
    match sizing.comparison.claim {
        Claim::NonInferiority { .. } | Claim::Equivalence { .. } => "smallest margin",
        _ => "detectable effect",
    }
}

fn effect(metric: &PlannedMetric, size: Option<f64>) -> String {
    size.map_or("–".to_owned(), |size| relative(metric, size))
}

/// Units, power and detectable effect at the end of each week.
fn weeks(plan: &Plan, metric: &PlannedMetric, sizing: &Sizing, weeks: u32) -> String {
    let mut out = format!("\n  {:>5} {:>12} {:>12} {:>7}  {}\n", "week", "control", "treatment", "power", what(sizing));
    for week in sizing.weeks(plan, weeks) {
        let planned = if week.week == plan.calendar.days.div_ceil(7) { "  ← planned end" } else { "" };
        out += &format!(
            "  {:>5} {:>12} {:>12} {:>7}  {}{planned}\n",
            week.week,
            count(week.control),
            count(week.treatment),
            probability(week.power),
            effect(metric, week.detectable)
        );
    }
    out
}

/// A number in the unit of its metric.
fn amount(metric: &PlannedMetric, number: f64) -> String {
    if metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary()) {
        return percent(number);
    }
    match &metric.unit {
        Some(unit) => format!("{} {}", significant(number), printable(&unit.value)),
        None => significant(number),
    }
}

/// A difference in the metric's unit: percentage points for rates.
fn difference(metric: &PlannedMetric, size: f64) -> String {
    let binary = metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary());
    if binary { format!("{}pp", significant(size * 100.0)) } else { amount(metric, size) }
}

/// An effect in the metric's unit and relative to the baseline.
fn relative(metric: &PlannedMetric, size: f64) -> String {
    let size = size.abs();
    let own = difference(metric, size);
    match metric.baseline.as_ref().map(|known| known.value.abs()).filter(|level| 0.0 < *level) {
        Some(level) => format!("{own} ({} of the baseline)", percent(size / level)),
        None => own,
    }
}

/// Four significant digits.
fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let digits = (3 - number.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Where a value comes from, for people.
fn place(origin: Origin, sources: &Sources) -> String {
    match origin.span() {
        Some(span) => format!("{} {}:{}", origin.word(), printable(sources.path(span)), sources.start(span).line),
        None => origin.word().to_owned(),
    }
}
