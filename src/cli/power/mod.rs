//! `expc power`: everything about the size of a planned experiment.
//!
//! [`text`] prints it for people, this file as JSON and CSV; [`what_if`] recomputes the plan with other values;
//! [`picture`] draws it.

mod picture;
mod text;
mod what_if;

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::csv::{self, Cell};
use super::looks::Schedule;
use super::{Exit, Failure, place};
use crate::emit::plans::{self, DatedLook};
use crate::plan::{Plan, Sized, Sizing, USUAL_CORRELATION, Way};
use crate::portfolio::{Compiled, Workspace};
use crate::stats::Sides;
use crate::stats::comparison::Claim;
use crate::text::Sources;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The spec: its file, or its id
    spec: String,
    /// The workspace, when the spec is named by its id
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    /// How it is printed: text, json, or csv with a row for each metric, treatment and week
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    /// How many weeks the table shows
    #[arg(long, value_name = "WEEK", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=104))]
    through: u32,
    /// Tables and curves of the guardrails as well
    #[arg(long)]
    all: bool,
    /// Also draw power by week, by the end of the name: an .svg or a .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    what_if: what_if::Lists,
}

const EXAMPLES: &str = "\
Examples:
  expc power experiments/checkout-one-tap.toml
  expc power checkout-one-tap --plot power.svg
  What if? Each value alone or in lists, every combination by the whole plan:
    expc power checkout-one-tap --mde 1%,2%,3% --share 20%,40%,100% --weeks 2,4,6
    expc power checkout-one-tap --mde 0.5pp --format csv";

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let format = match arguments.format.as_str() {
        "text" => Format::Text,
        "json" => Format::Json,
        "csv" => Format::Csv,
        other => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json, csv".to_owned(),
            });
        }
    };
    let opened = place::open_spec(&arguments.spec, &arguments.workspace)?;
    let spec = opened.spec(&arguments.spec)?;
    let compiled = super::resolve::compile_with_slot(&opened.workspace, spec);
    let sources = opened.workspace.sources.under(&opened.prefix);
    let grid = what_if::grid(&opened.workspace, &compiled, &arguments.what_if)?;
    let drawn = arguments.plot.as_ref().map(|path| picture::draw(&compiled.plan, path)).transpose()?;
    let shown = Shown { workspace: &opened.workspace, compiled: &compiled, sources: &sources, arguments };
    let mut out = match (format, &grid) {
        (Format::Text, Some(grid)) => grid.text(&compiled.plan),
        (Format::Text, None) => shown.text(),
        (Format::Json, grid) => serde_json::to_string_pretty(&shown.document(grid.as_ref())).unwrap_or_default() + "\n",
        (Format::Csv, Some(grid)) => grid.table(),
        (Format::Csv, None) => shown.table(),
    };
    if let Some(drawn) = drawn {
        let path = drawn.write()?;
        if format == Format::Text {
            out += &format!("\npower by week drawn in {}\n", crate::text::printable(&path.to_string_lossy()));
        }
    }
    super::print(&out);
    Ok(Exit::Clean)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Csv,
}

/// An experiment with what its output needs.
struct Shown<'a> {
    workspace: &'a Workspace,
    compiled: &'a Compiled,
    sources: &'a Sources,
    arguments: &'a Arguments,
}

impl Shown<'_> {
    fn plan(&self) -> &Plan {
        &self.compiled.plan
    }

    /// The looks of a claim that is tested at them; empty for one look at the end.
    fn schedule(&self, sizing: &Sizing) -> Schedule {
        let Way::Looks(looks) = &sizing.way else { return Schedule::default() };
        let plan = self.plan();
        let dated: Vec<DatedLook> = plans::dated_looks(&plans::Inputs::of(self.workspace, self.compiled, None));
        let start = plan.calendar.start.as_ref().map(|start| start.value);
        let part = sizing.control / sizing.need.control;
        let drift = (2.0 <= sizing.control).then(|| (looks.drift * libm::sqrt(part)).min(900.0));
        let units = sizing.control + sizing.treatment;
        Schedule::new(&looks.plan, sizing.comparison.sides, units, drift, |index, _| {
            let Some(look) = dated.get(index) else { return (None, None) };
            let until = start.zip(look.date).and_then(|(start, date)| u32::try_from(start.until(date)).ok());
            (until.or((0 < look.days).then_some(look.days)), look.date)
        })
    }

    fn document(&self, grid: Option<&what_if::Grid>) -> Json {
        let plan = self.plan();
        let mut document = json!({
            "format": "expc.power/1",
            "experiment": &*plan.id,
            "inputs": self.inputs().into_iter().map(|row| json!({
                "name": row.name, "value": row.value, "origin": row.origin.word(), "place": text::written(row.origin, self.sources),
            })).collect::<Vec<_>>(),
            "sizes": plan.sizes.iter().map(|sized| self.size(sized)).collect::<Vec<_>>(),
            "ships": plan.ships().iter().map(|ship| json!({
                "treatment": ship.treatment, "independent": ship.independent,
                "correlated": ship.correlated, "correlation": USUAL_CORRELATION,
            })).collect::<Vec<_>>(),
            "smallest_leak": plan.smallest_leak().and_then(Result::ok).map(|leak| json!({
                "variant": leak.variant, "part": leak.part, "units": leak.units.floor(),
            })),
        });
        if let (Some(grid), Some(map)) = (grid, document.as_object_mut()) {
            map.insert("what_if".to_owned(), grid.json());
        }
        document
    }

    fn size(&self, sized: &Sized) -> Json {
        let plan = self.plan();
        let sizing = match &sized.result {
            Ok(sizing) => sizing,
            Err(reason) => {
                return json!({
                    "metric": sized.metric, "role": sized.role, "treatment": sized.treatment,
                    "not_sized": reason.to_string(),
                });
            }
        };
        let schedule = self.schedule(sizing);
        let mut expected = schedule.expected_json();
        expected["under_half"] = sizing
            .expected(plan, 0.5)
            .map_or(Json::Null, |half| json!({ "units": half.control + half.treatment, "days": half.days }));
        let (effect, margin) = match sizing.comparison.claim {
            Claim::Superiority { effect } => (Some(effect), None),
            Claim::SuperiorityByMargin { effect, margin } => (Some(effect), Some(margin)),
            Claim::NonInferiority { margin, true_effect, .. } => (Some(true_effect), Some(margin)),
            Claim::Equivalence { upper, true_effect, .. } => (Some(true_effect), Some(upper)),
        };
        let in_unit = |size: Option<f64>| size.map(|size| size * sizing.unit);
        json!({
            "metric": sized.metric, "role": sized.role, "treatment": sized.treatment,
            "alpha": sizing.comparison.alpha,
            "sides": if sizing.comparison.sides == Sides::One { 1 } else { 2 },
            "effect": in_unit(effect), "margin": in_unit(margin),
            "power_goal": sizing.power_goal, "power": sizing.power, "reached": sizing.reached,
            "enough": !sizing.is_short(),
            "needed": { "control": sizing.need.control_units, "treatment": sizing.need.treatment_units },
            "available": { "control": sizing.control.floor(), "treatment": sizing.treatment.floor() },
            "days": { "available": sizing.mature_days, "needed": sizing.days_needed(plan, MOST_DAYS) },
            "factors": {
                "variance_reduction": sizing.factors.reduction, "looks": sizing.factors.inflation,
                "design_effect": sizing.factors.design_effect,
            },
            "detectable": sizing.detectable(),
            "looks": schedule.json(),
            "expected": expected,
            "exaggeration": sizing.exaggeration().map(|worth| json!({
                "magnitude": worth.magnitude, "wrong_sign": worth.wrong_sign,
            })),
            "assurance": sizing.assurance().map(|assurance| json!({
                "success": assurance.success, "success_and_better": assurance.success_and_better,
                "better": assurance.better, "limit": assurance.limit,
            })),
            "cautions": sizing.cautions().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "weeks": sizing.weeks(plan, self.arguments.through).iter().map(|week| json!({
                "week": week.week, "control": week.control.floor(), "treatment": week.treatment.floor(),
                "power": week.power, "detectable": week.detectable,
            })).collect::<Vec<_>>(),
        })
    }

    /// A row for each metric, treatment and week; one row with the reason where there is no size.
    fn table(&self) -> String {
        let plan = self.plan();
        let mut rows = Vec::new();
        for sized in &plan.sizes {
            let name = || -> Vec<Cell> {
                vec![
                    sized.metric.as_str().into(),
                    sized.role.to_string().as_str().into(),
                    sized.treatment.as_str().into(),
                ]
            };
            match &sized.result {
                Err(reason) => {
                    let empty = vec![Cell::Empty; 5];
                    rows.push([name(), empty, vec![reason.to_string().as_str().into()]].concat());
                }
                Ok(sizing) => {
                    for week in sizing.weeks(plan, self.arguments.through) {
                        let numbers = vec![
                            f64::from(week.week).into(),
                            week.control.floor().into(),
                            week.treatment.floor().into(),
                            week.power.into(),
                            week.detectable.into(),
                            Cell::Empty,
                        ];
                        rows.push([name(), numbers].concat());
                    }
                }
            }
        }
        let heads = [
            "metric",
            "role",
            "treatment",
            "week",
            "control_units",
            "treatment_units",
            "power",
            "detectable",
            "not_sized",
        ];
        csv::table(&heads, rows)
    }
}

/// Two years: nobody plans for longer.
const MOST_DAYS: u32 = 728;
