//! What if: other MDEs, shares and weeks, every combination computed by the whole plan.
//!
//! A value is written over the spec, and the spec is compiled again: ramp, maturation, looks and corrections all
//! hold. The ramp never exceeds the share; a longer or shorter run moves the decision day with its end.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value as Json, json};

use super::text::{difference, heading, weeks_of};
use super::{MOST_DAYS, csv, csv::Cell};
use crate::cli::Failure;
use crate::cli::size::Change;
use crate::plan::{self, Inputs, Plan, PlannedMetric, Sized, Sizing, in_unit};
use crate::portfolio::{Compiled, Workspace};
use crate::rules::prelude::{count, percent, probability};
use crate::spec::quantity::{Amount, plain};
use crate::spec::{Audience, Decision, Duration, Effect, Field, Role, Share, Spec, Unit};
use crate::stats::Direction;
use crate::syntax::At;
use crate::text::{Span, printable};

#[derive(Debug, clap::Args)]
pub struct Lists {
    /// Other MDEs of the primary metrics: 1%,2%,3% of the baseline, or 0.5pp, "20 ms" where the unit fits
    #[arg(long, value_name = "LIST", help_heading = "What if", allow_hyphen_values = true)]
    mde: Option<String>,
    /// Other shares of the main stage; earlier stages never exceed it: 20%,40%,100%
    #[arg(long, value_name = "LIST", help_heading = "What if")]
    share: Option<String>,
    /// Other lengths of the whole run, the last stage longer or shorter: 2,4,6
    #[arg(long, value_name = "LIST", help_heading = "What if")]
    weeks: Option<String>,
}

/// More combinations than anyone reads.
const MOST_CELLS: usize = 1000;
/// Ten years.
const MOST_WEEKS: u32 = 520;

/// The combinations with what came out.
pub struct Grid {
    cells: Vec<Combination>,
}

/// One combination.
struct Combination {
    mde: Option<String>,
    /// Of the main stage.
    share: f64,
    /// Of the whole run.
    days: u32,
    is_planned: bool,
    plan: Plan,
}

fn usage(text: String, help: &str) -> Failure {
    Failure::Usage { text, help: help.to_owned() }
}

/// The values of a list, none twice; `None` where nothing is asked.
fn list<T: FromStr<Err: Display>>(
    option: &str,
    written: Option<&String>,
    example: &str,
    same: impl Fn(&T, &T) -> bool,
) -> Result<Option<Vec<T>>, Failure> {
    let Some(written) = written else { return Ok(None) };
    let help = format!("write it like --{option} {example}");
    let mut values: Vec<T> = Vec::new();
    for part in written.split(',').map(str::trim) {
        if part.is_empty() {
            return Err(usage(format!("`--{option} {written}` has an empty place"), &help));
        }
        let value: T = part.parse().map_err(|fault| usage(format!("--{option}: {fault}"), &help))?;
        if values.iter().any(|known| same(known, &value)) {
            return Err(usage(format!("`--{option} {written}` has {part} twice"), "name each value once"));
        }
        values.push(value);
        if MOST_CELLS < values.len() {
            return Err(usage(format!("--{option} has more than {MOST_CELLS} values"), "ask for fewer"));
        }
    }
    Ok(Some(values))
}

/// A number of whole weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Weeks(u32);

impl FromStr for Weeks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix("weeks").or_else(|| text.strip_suffix('w')).unwrap_or(text).trim_end();
        match number.parse() {
            Ok(weeks) if (1..=MOST_WEEKS).contains(&weeks) => Ok(Self(weeks)),
            _ => Err(format!("`{text}` is no number of weeks from 1 to {MOST_WEEKS}")),
        }
    }
}

/// Computes every combination; `None` when none is asked.
pub fn grid(workspace: &Workspace, compiled: &Compiled, lists: &Lists) -> Result<Option<Grid>, Failure> {
    let same_change = |a: &Change, b: &Change| a.number == b.number && a.unit == b.unit;
    let mdes = list::<Change>("mde", lists.mde.as_ref(), "1%,2%,3%", same_change)?;
    let shares = list::<Share>("share", lists.share.as_ref(), "20%,40%,100%", |a, b| a == b)?;
    let weeks = list::<Weeks>("weeks", lists.weeks.as_ref(), "2,4,6", |a, b| a == b)?;
    if mdes.is_none() && shares.is_none() && weeks.is_none() {
        return Ok(None);
    }
    for change in mdes.iter().flatten() {
        fits(&compiled.plan, change)?;
    }
    let cells = [mdes.as_ref().map(Vec::len), shares.as_ref().map(Vec::len), weeks.as_ref().map(Vec::len)];
    let number = cells.into_iter().flatten().fold(1_usize, usize::saturating_mul);
    if MOST_CELLS < number {
        return Err(usage(
            format!("{} combinations are more than {}", count(number as f64), count(MOST_CELLS as f64)),
            "give shorter lists",
        ));
    }
    let asked = |spec: &mut Spec, change: Option<&Change>, share: Option<Share>, weeks: Option<Weeks>| {
        let plan = &compiled.plan;
        if let Some(change) = change {
            set_mde(spec, plan, change);
        }
        if let Some(share) = share {
            set_share(spec, plan, share);
        }
        weeks.map_or(Ok(()), |weeks| set_weeks(spec, plan, weeks.0))
    };
    let mut grid = Grid { cells: Vec::new() };
    for change in optional(mdes.as_deref()) {
        for share in optional(shares.as_deref()) {
            for weeks in optional(weeks.as_deref()) {
                let mut spec = compiled.spec.clone();
                asked(&mut spec, change, share.copied(), weeks.copied())?;
                let plan = compile(workspace, compiled, &spec);
                grid.cells.push(Combination::new(&compiled.plan, plan, change.map(|change| change.text.clone())));
            }
        }
    }
    if !grid.cells.iter().any(|cell| cell.is_planned) {
        let planned = compiled.plan.clone();
        grid.cells.insert(0, Combination::new(&compiled.plan, planned, None));
    }
    Ok(Some(grid))
}

/// The values of a list, or one place without a value.
fn optional<T>(values: Option<&[T]>) -> Vec<Option<&T>> {
    values.map_or_else(|| vec![None], |values| values.iter().map(Some).collect())
}

fn compile(workspace: &Workspace, compiled: &Compiled, spec: &Spec) -> Plan {
    plan::compile(Inputs {
        spec,
        file: compiled.document.file,
        stem: &compiled.stem,
        catalog: &workspace.catalog,
        policy: &compiled.policy,
        workspace: &workspace.file,
        memo: &workspace.memo,
    })
}

/// An MDE in the words of specs, for a metric whose unit it fits.
fn effect(metric: &PlannedMetric, change: &Change) -> Option<(bool, Amount)> {
    let amount = Amount { number: change.number, unit: change.unit.clone()? };
    if amount.unit == Unit::Percent {
        return Some((true, amount));
    }
    let binary = metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary());
    let unit = metric.unit.as_ref().map(|unit| unit.value.as_str());
    in_unit(&amount, unit, binary).map(|_| (false, amount))
}

/// Refuses an MDE that no primary metric can have.
fn fits(plan: &Plan, change: &Change) -> Result<(), Failure> {
    if change.toward == Some(Direction::Down) {
        return Err(usage(
            format!("`--mde {}` has a sign", change.text),
            "leave it out: the good direction of the metric says where the effect goes",
        ));
    }
    if change.unit == Some(Unit::Percent) && 100.0 < change.number {
        return Err(usage(
            format!("`--mde {}` is more than the whole baseline", change.text),
            "write relative effects like 2%",
        ));
    }
    let primaries: Vec<&PlannedMetric> = plan.metrics_of(Role::Primary).collect();
    if primaries.is_empty() {
        return Err(usage(format!("`{}` has no primary metric", plan.id), "name one under [[metrics.primary]]"));
    }
    if primaries.iter().any(|metric| effect(metric, change).is_some()) {
        return Ok(());
    }
    Err(usage(
        format!("`--mde {}` is in the unit of no primary metric", change.text),
        &format!("write {0}% of the baseline, or an absolute change in the unit of the metric", plain(change.number)),
    ))
}

/// The place of what is written over: that of the value, or the beginning of the file.
fn place<T>(field: &Field<T>, plan: &Plan) -> Span {
    field.span().unwrap_or(Span::file_start(plan.span.file))
}

fn set<T>(field: &mut Field<T>, value: T, plan: &Plan) {
    let span = place(field, plan);
    *field = Field::Set(At { value, span });
}

fn set_mde(spec: &mut Spec, plan: &Plan, change: &Change) {
    let Field::Set(metrics) = &mut spec.metrics else { return };
    let Field::Set(primary) = &mut metrics.value.primary else { return };
    for entry in &mut primary.value.items {
        let metric =
            entry.value.metric.value().and_then(|name| plan.metrics_of(Role::Primary).find(|m| m.name == *name));
        let Some((relative, amount)) = metric.and_then(|metric| effect(metric, change)) else { continue };
        let mut made = Effect::default();
        set(if relative { &mut made.relative } else { &mut made.absolute }, amount, plan);
        set(&mut entry.value.mde, made, plan);
    }
}

fn set_share(spec: &mut Spec, plan: &Plan, share: Share) {
    if !matches!(spec.audience, Field::Set(_)) {
        set(&mut spec.audience, Audience::default(), plan);
    }
    if let Field::Set(audience) = &mut spec.audience {
        set(&mut audience.value.share, share, plan);
    }
    let Field::Set(rollout) = &mut spec.rollout else { return };
    let Field::Set(stages) = &mut rollout.value.stages else { return };
    let last = stages.value.items.len().saturating_sub(1);
    for (index, stage) in stages.value.items.iter_mut().enumerate() {
        let exceeds = stage.value.share.value().is_none_or(|own| share < *own);
        if index == last || exceeds {
            set(&mut stage.value.share, share, plan);
        }
    }
}

fn set_weeks(spec: &mut Spec, plan: &Plan, weeks: u32) -> Result<(), Failure> {
    let days = weeks * 7;
    let stages = &plan.calendar.stages;
    let ramp: u32 = stages.iter().rev().skip(1).map(|stage| stage.days).sum();
    if days <= ramp {
        return Err(usage(
            format!(
                "a run of {} leaves no day for the last stage: those before it take {}",
                weeks_of(days),
                weeks_of(ramp)
            ),
            "ask for more weeks, or shorten the ramp in the spec",
        ));
    }
    let unknown = || {
        usage(
            "the run has no length that could change".to_owned(),
            "give [rollout] stages with `hold`, or `start` and `end`",
        )
    };
    let Field::Set(rollout) = &mut spec.rollout else { return Err(unknown()) };
    let start = rollout.value.start.copied();
    if let Some(start) = start
        && rollout.value.end.copied().is_some()
    {
        set(&mut rollout.value.end, start.plus(days - 1), plan);
    }
    match &mut rollout.value.stages {
        Field::Set(list) if !list.value.items.is_empty() => {
            if let Some(last) = list.value.items.last_mut() {
                set(&mut last.value.hold, Duration::days(days - ramp), plan);
            }
        }
        _ if rollout.value.end.copied().is_some() && start.is_some() => {}
        _ => return Err(unknown()),
    }
    // The decision waits for the last units as long as it did.
    if let (Field::Set(decision), Some(by)) = (&mut spec.decision, plan.calendar.decide.as_ref()) {
        let decision: &mut Decision = &mut decision.value;
        let before = plan.calendar.start.as_ref().map_or(0, |start| start.value.until(by.value));
        let moved = before + i64::from(days) - i64::from(plan.calendar.days);
        if let (Some(start), Ok(moved)) = (plan.calendar.start.as_ref(), u32::try_from(moved)) {
            set(&mut decision.by, start.value.plus(moved), plan);
        }
    }
    Ok(())
}

impl Combination {
    fn new(planned: &Plan, plan: Plan, mde: Option<String>) -> Self {
        let share = |plan: &Plan| plan.calendar.main_stage().map_or(0.0, |stage| stage.share.value);
        let effects = |plan: &Plan| -> Vec<Option<f64>> {
            plan.metrics_of(Role::Primary).map(|metric| metric.mde.as_ref().and_then(|mde| mde.absolute)).collect()
        };
        let close = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.abs(),
            (a, b) => a == b,
        };
        let same_effects = effects(&plan).iter().zip(&effects(planned)).all(close);
        let shares: Vec<(f64, f64)> = plan
            .calendar
            .stages
            .iter()
            .zip(&planned.calendar.stages)
            .map(|(a, b)| (a.share.value, b.share.value))
            .collect();
        let same_stages = shares.iter().all(|(a, b)| (a - b).abs() < 1e-12);
        Self {
            mde,
            share: share(&plan),
            days: plan.calendar.days,
            is_planned: same_effects && same_stages && plan.calendar.days == planned.calendar.days,
            plan,
        }
    }

    /// The weakest treatment of each primary metric, and metrics that have no size.
    fn sizes(&self) -> Vec<&Sized> {
        let mut found: Vec<&Sized> = Vec::new();
        for sized in self.plan.sizes.iter().filter(|sized| sized.role == Role::Primary) {
            let power = |sized: &Sized| sized.result.as_ref().map_or(-1.0, |sizing| sizing.power);
            match found.iter_mut().find(|known| known.metric == sized.metric) {
                Some(known) if power(sized) < power(known) => *known = sized,
                Some(_) => {}
                None => found.push(sized),
            }
        }
        found
    }

    fn metric(&self, name: &str) -> Option<&PlannedMetric> {
        self.plan.metrics_of(Role::Primary).find(|metric| metric.name == name)
    }

    /// The MDE of a metric: as it is written, and what it comes to.
    fn mde(&self, name: &str) -> String {
        let Some(metric) = self.metric(name) else { return "–".to_owned() };
        let Some(mde) = &metric.mde else { return "–".to_owned() };
        let absolute = mde.absolute.filter(|_| mde.is_relative).map(|size| format!(" = {}", difference(metric, size)));
        format!("{}{}", printable(&mde.text), absolute.unwrap_or_default())
    }
}

/// Units of both arms, or of the smaller where they differ.
fn arms(control: f64, treatment: f64) -> String {
    if (control - treatment).abs() < 1.0 {
        count(control)
    } else {
        format!("{} + {}", count(control), count(treatment))
    }
}

fn weeks_needed(sizing: &Sizing, plan: &Plan) -> String {
    match sizing.days_needed(plan, MOST_DAYS) {
        Some(days) => plain(f64::from(days) / 7.0),
        None => format!(">{}", MOST_DAYS / 7),
    }
}

impl Grid {
    /// A table for each primary metric.
    pub fn text(&self, plan: &Plan) -> String {
        let mut out = heading(plan);
        let names: Vec<&str> = self
            .cells
            .first()
            .map_or_else(Vec::new, |cell| cell.sizes().iter().map(|sized| sized.metric.as_str()).collect());
        if names.is_empty() {
            out += "\nNothing to size: it has no control, no treatment, or no primary metric.\n";
        }
        for name in names {
            out += &self.metric_text(name);
        }
        out +=
            "\nunits are those of each variant, weeks those of the whole run; ramp, looks and maturation as planned\n";
        out
    }

    fn metric_text(&self, name: &str) -> String {
        let found = |cell: &Combination| cell.sizes().into_iter().find(|sized| sized.metric == name).cloned();
        let first = self.cells.first().and_then(found);
        let treatment = first.as_ref().map_or(String::new(), |sized| printable(&sized.treatment));
        let goal = first.and_then(|sized| sized.result.ok()).map(|sizing| sizing.power_goal);
        let goal = goal.map_or(String::new(), |goal| format!(" (goal {})", probability(goal)));
        let mut out = format!("\n{}, {treatment} against control{goal}\n\n", printable(name));
        let heads = ["MDE", "share", "weeks", "needed", "available", "power", "weeks needed"].map(str::to_owned);
        let mut rows: Vec<(Vec<String>, String)> = vec![(heads.to_vec(), String::new())];
        for cell in &self.cells {
            let mut row = vec![cell.mde(name), percent(cell.share), plain(rounded(f64::from(cell.days) / 7.0))];
            let mut note = if cell.is_planned { "  ← planned".to_owned() } else { String::new() };
            match found(cell).map(|sized| sized.result) {
                Some(Ok(sizing)) => {
                    row.push(arms(sizing.need.control_units as f64, sizing.need.treatment_units as f64));
                    row.push(arms(sizing.control, sizing.treatment));
                    row.push(probability(sizing.power));
                    row.push(weeks_needed(&sizing, &cell.plan));
                    if sizing.is_short() {
                        note = format!("  short{note}");
                    }
                }
                Some(Err(reason)) => note = format!("  not sized: {}{note}", printable(&reason.to_string())),
                None => {}
            }
            row.resize(heads.len(), "–".to_owned());
            rows.push((row, note));
        }
        let width = |column: usize| rows.iter().map(|(row, _)| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        for (row, note) in &rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(text, &width)| format!("{text:>width$}")).collect();
            out += &format!("  {}{note}\n", cells.join("  "));
        }
        out
    }

    /// Every combination with the size of each primary metric against each treatment.
    pub fn json(&self) -> Json {
        let one = |cell: &Combination, sized: &Sized| {
            let absolute = cell.metric(&sized.metric).and_then(|metric| metric.mde.as_ref()?.absolute);
            match &sized.result {
                Err(reason) => json!({
                    "metric": sized.metric, "treatment": sized.treatment, "mde_absolute": absolute,
                    "not_sized": reason.to_string(),
                }),
                Ok(sizing) => json!({
                    "metric": sized.metric, "treatment": sized.treatment, "mde_absolute": absolute,
                    "needed": { "control": sizing.need.control_units, "treatment": sizing.need.treatment_units },
                    "available": { "control": sizing.control.floor(), "treatment": sizing.treatment.floor() },
                    "power_goal": sizing.power_goal, "power": sizing.power, "enough": !sizing.is_short(),
                    "days_needed": sizing.days_needed(&cell.plan, MOST_DAYS),
                }),
            }
        };
        let cells = self.cells.iter().map(|cell| {
            json!({
                "mde": cell.mde, "share": cell.share, "days": cell.days, "weeks": f64::from(cell.days) / 7.0,
                "planned": cell.is_planned,
                "sizes": cell.primaries().map(|sized| one(cell, sized)).collect::<Vec<_>>(),
            })
        });
        cells.collect()
    }

    /// The same as one tidy table.
    pub fn table(&self) -> String {
        let heads = [
            "metric",
            "treatment",
            "mde",
            "mde_absolute",
            "share",
            "weeks",
            "planned",
            "needed_control",
            "needed_treatment",
            "available_control",
            "available_treatment",
            "power",
            "days_needed",
            "not_sized",
        ];
        let rows = self.cells.iter().flat_map(|cell| {
            cell.primaries().map(move |sized| {
                let metric = cell.metric(&sized.metric);
                let mde = metric.and_then(|metric| metric.mde.as_ref());
                let mut row: Vec<Cell> = vec![
                    sized.metric.as_str().into(),
                    sized.treatment.as_str().into(),
                    mde.map(|mde| mde.text.as_str()).into(),
                    mde.and_then(|mde| mde.absolute).into(),
                    cell.share.into(),
                    (f64::from(cell.days) / 7.0).into(),
                    if cell.is_planned { "yes" } else { "no" }.into(),
                ];
                match &sized.result {
                    Ok(sizing) => row.extend([
                        (sizing.need.control_units as f64).into(),
                        (sizing.need.treatment_units as f64).into(),
                        sizing.control.floor().into(),
                        sizing.treatment.floor().into(),
                        sizing.power.into(),
                        sizing.days_needed(&cell.plan, MOST_DAYS).map(f64::from).into(),
                        Cell::Empty,
                    ]),
                    Err(reason) => {
                        row.extend(vec![Cell::Empty; 6]);
                        row.push(reason.to_string().as_str().into());
                    }
                }
                row
            })
        });
        csv::table(&heads, rows)
    }
}

impl Combination {
    fn primaries(&self) -> impl Iterator<Item = &Sized> {
        self.plan.sizes.iter().filter(|sized| sized.role == Role::Primary)
    }
}

/// To a tenth.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
