//! `expc simulate`.

mod text;

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::{Exit, Failure};
use crate::plan::Plan;
use crate::simulate::model::Outcomes;
use crate::simulate::{
    self, Expected, GivenEffect, GivenSize, MOST_REPLICATES, Model, Scenario, ScenarioKind, ScenarioReport, Unsimulable,
};
use crate::spec::{Amount, Unit};
use crate::text::printable;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The spec: its file, or its id
    spec: String,
    /// The workspace, when the spec is named by its id
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    /// What is true instead of the usual scenarios; may be given several times. `+2%` is relative to the baseline,
    /// `0.5pp` or `20 ms` absolute; `METRIC@VARIANT` moves one treatment only
    #[arg(long = "effect", value_name = "METRIC=SIZE")]
    effects: Vec<String>,
    /// Runs of each scenario, at most 10000000
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_REPLICATES))]
    replicates: u64,
    /// The seed of the random draws: the same seed gives the same result
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Threads; all cores when absent. The result does not depend on them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// How it is printed: text, json or csv
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let print = match arguments.format.as_str() {
        "text" => text::text,
        "json" => json,
        "csv" => csv,
        other => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json, csv".to_owned(),
            });
        }
    };
    if let Some(threads) = arguments.threads {
        // Fails only when a pool exists already, which then serves as well.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    }
    let opened = super::place::open_spec(&arguments.spec, &arguments.workspace)?;
    let spec = opened.spec(&arguments.spec)?;
    let compiled = opened.workspace.compile(spec);
    let plan = &compiled.plan;
    let refused = |Unsimulable(reason): Unsimulable| Failure::Usage {
        text: format!("`{}` cannot be simulated: {reason}", plan.id),
        help: format!("`expc check {}` says what the spec lacks", format_args!("{}{}", opened.prefix, spec.path)),
    };
    let model = Model::new(plan, &compiled.spec).map_err(refused)?;
    let scenarios = if arguments.effects.is_empty() {
        Scenario::usual(&model)
    } else {
        let effects = arguments.effects.iter().map(|text| effect(text)).collect::<Result<Vec<_>, _>>()?;
        vec![Scenario::given(&model, &in_own_units(&model, effects)?).map_err(refused)?]
    };
    let bar = progress(arguments.replicates * scenarios.len() as u64);
    let mut reports = Vec::new();
    for scenario in &scenarios {
        let report = simulate::simulate(&model, scenario, arguments.replicates, arguments.seed, &|more| bar.inc(more));
        reports.push(report.map_err(refused)?);
    }
    bar.finish_and_clear();
    super::print(&print(arguments, plan, &model, &reports));
    Ok(Exit::Clean)
}

/// A bar on standard error, where a person sees it.
fn progress(replicates: u64) -> ProgressBar {
    let nobody = ["CI", "NO_PROGRESS"].iter().any(|name| std::env::var_os(name).is_some_and(|set| !set.is_empty()));
    let target = if nobody { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(replicates), target);
    // Without colours: there is nothing for NO_COLOR to switch off.
    match ProgressStyle::with_template("{bar:32} {human_pos} of {human_len} runs, {per_sec:0}, {eta} left") {
        Ok(style) => bar.with_style(style.progress_chars("█▌░")),
        Err(_) => bar,
    }
}

/// An effect as it was given, its amount not yet in the metric's unit.
struct Asked {
    metric: String,
    variant: Option<String>,
    amount: Amount,
}

/// `METRIC=SIZE` or `METRIC@VARIANT=SIZE`.
fn effect(text: &str) -> Result<Asked, Failure> {
    let refused = |reason: String| Failure::Usage {
        text: format!("cannot read the effect `{text}`: {reason}"),
        help: "write it like `--effect order_conversion=+2%`, or `--effect page_latency@one-tap=20ms`".to_owned(),
    };
    let Some((name, size)) = text.rsplit_once('=') else { return Err(refused("it has no `=`".to_owned())) };
    let (metric, variant) = match name.split_once('@') {
        Some((metric, variant)) => (metric, Some(variant.trim().to_owned())),
        None => (name, None),
    };
    let size = size.trim();
    let amount: Amount = size.strip_prefix('+').unwrap_or(size).parse().map_err(refused)?;
    Ok(Asked { metric: metric.trim().to_owned(), variant, amount })
}

/// Sizes by the units of their metrics. A per cent is relative, as it is for an MDE.
fn in_own_units(model: &Model, effects: Vec<Asked>) -> Result<Vec<GivenEffect>, Failure> {
    let mut given = Vec::new();
    for Asked { metric, variant, amount } in effects {
        let measure = model.measures.iter().find(|measure| measure.name == metric);
        let size = match (measure, &amount.unit) {
            // That there is no such metric is said by the scenario.
            (None, _) => GivenSize::Relative(0.0),
            (Some(_), Unit::Percent) => GivenSize::Relative(amount.number / 100.0),
            (Some(measure), _) if measure.outcomes == Outcomes::Times => {
                return Err(Failure::Usage {
                    text: format!("`{amount}` is no effect on the time to `{}`", measure.name),
                    help: "write a percentage of its hazard, like \"-10%\"".to_owned(),
                });
            }
            (Some(measure), _) => {
                match crate::plan::in_unit(&amount, measure.unit.as_deref(), measure.kind.is_binary()) {
                    Some(size) => GivenSize::Absolute(size),
                    None => {
                        let unit = if measure.kind.is_binary() { "pp" } else { measure.unit.as_deref().unwrap_or("%") };
                        return Err(Failure::Usage {
                            text: format!("`{amount}` is not in the unit of `{metric}`"),
                            help: format!("write a percentage of the baseline, like \"2%\", or an amount in {unit}"),
                        });
                    }
                }
            }
        };
        given.push(GivenEffect { metric, variant, size });
    }
    Ok(given)
}

/// The relation and the share, for programs.
fn bound(expected: Expected) -> (&'static str, f64) {
    match expected {
        Expected::Value(share) => ("equal", share),
        Expected::AtMost(share) => ("at-most", share),
        Expected::AtLeast(share) => ("at-least", share),
    }
}

fn json(arguments: &Arguments, plan: &Plan, model: &Model, reports: &[ScenarioReport]) -> String {
    let scenarios: Vec<_> = reports
        .iter()
        .map(|report| {
            let figures: Vec<_> = report
                .figures
                .iter()
                .map(|figure| {
                    let expected = figure.expected.map(|expected| {
                        let (relation, value) = bound(expected);
                        json!({ "relation": relation, "value": value, "differs": figure.differs })
                    });
                    json!({
                        "quantity": figure.quantity.key(), "of": figure.of, "value": figure.value,
                        "error": figure.error, "expected": expected,
                    })
                })
                .collect();
            let effects: Vec<_> = (0..model.measures.len())
                .flat_map(|measure| (1..model.arms.len()).map(move |arm| (measure, arm)))
                .filter(|&(measure, arm)| report.scenario.effect(measure, arm) != 0.0)
                .map(|(measure, arm)| {
                    json!({
                        "metric": model.measures[measure].name, "variant": model.arms[arm],
                        "effect": report.scenario.effect(measure, arm),
                    })
                })
                .collect();
            json!({
                "scenario": report.scenario.kind.key(), "title": report.scenario.kind.title(),
                "effects": effects, "figures": figures,
            })
        })
        .collect();
    let laws: Vec<_> = model
        .measures
        .iter()
        .enumerate()
        .map(|(place, measure)| {
            json!({ "metric": measure.name, "law": model.law(place, 0, 0.0).map(|law| law.family.word()) })
        })
        .collect();
    let document = json!({
        "format": "expc.simulate/1", "experiment": &*plan.id, "replicates": arguments.replicates,
        "seed": arguments.seed, "days": model.days, "drawn": laws, "notes": model.notes,
        "remarks": simulate::remarks(model, reports), "scenarios": scenarios,
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn csv(_: &Arguments, _: &Plan, _: &Model, reports: &[ScenarioReport]) -> String {
    let mut out = String::from("scenario,harmed,quantity,of,value,error,relation,expected,differs\n");
    for report in reports {
        let harmed = match &report.scenario.kind {
            ScenarioKind::AtMargin { metric: guardrail } => quoted(guardrail),
            _ => String::new(),
        };
        for figure in &report.figures {
            let (relation, expected) = figure.expected.map_or((String::new(), String::new()), |expected| {
                let (relation, value) = bound(expected);
                (relation.to_owned(), value.to_string())
            });
            out += &format!(
                "{},{harmed},{},{},{},{},{relation},{expected},{}\n",
                report.scenario.kind.key(),
                figure.quantity.key(),
                quoted(&figure.of),
                figure.value,
                figure.error,
                figure.differs
            );
        }
    }
    out
}

/// A field of RFC 4180. Names come from specs: what acts on a terminal or starts a formula is made harmless.
fn quoted(text: &str) -> String {
    let text = printable(text);
    let formula = text.starts_with(['=', '+', '-', '@']);
    if formula || text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""));
    }
    text.to_string()
}
