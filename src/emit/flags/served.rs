//! What every platform asks of a plan before it prints: which experiment has a flag, which stage is served, what
//! people outside get. Losses are collected beside it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::emit::{Experiment, Loss, Moment};
use crate::plan::targets::FEATURES;
use crate::plan::{Plan, PlannedStage, PlannedVariant};
use crate::spec::Status;
use crate::syntax::{Node, Value};
use crate::text::{FileId, Span};

/// What a platform cannot express, each thing once.
#[derive(Debug)]
pub(super) struct Losses {
    pub(super) target: &'static str,
    pub(super) all: Vec<Loss>,
}

impl Losses {
    pub(super) fn of(target: &'static str) -> Self {
        Self { target, all: Vec::new() }
    }

    /// What is said once need not be said for each stage.
    pub(super) fn lose(&mut self, plan: &Plan, feature: &'static str, reason: String, done: &str) {
        debug_assert!(FEATURES.iter().any(|(known, _)| *known == feature), "`{feature}` is no word of `emit.strict`");
        let loss =
            Loss { experiment: plan.id.to_string(), target: self.target, feature, reason, done: done.to_owned() };
        if !self.all.contains(&loss) {
            self.all.push(loss);
        }
    }
}

/// The experiments to print by flag key: live ones, and shipped ones where no live one sets the flag.
pub(super) fn one_per_flag<'a>(
    experiments: &[Experiment<'a>],
    losses: &mut Losses,
) -> Result<BTreeMap<&'a str, Experiment<'a>>, String> {
    let mut sorted: Vec<Experiment<'a>> = experiments.to_vec();
    sorted.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
    let mut chosen: BTreeMap<&str, Experiment<'a>> = BTreeMap::new();
    let mut faults = Vec::new();
    for experiment in sorted.iter().copied().filter(|experiment| experiment.plan.status.value.is_live()) {
        let key = experiment.plan.flag.value.as_str();
        if let Some(first) = chosen.insert(key, experiment) {
            faults.push(format!(
                "experiments `{}` and `{}` both set the flag `{key}`: give one of them a flag of its own",
                first.plan.id, experiment.plan.id
            ));
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    // The later of two winners is the one to serve.
    let mut shipped: Vec<Experiment<'a>> =
        sorted.into_iter().filter(|experiment| experiment.plan.status.value == Status::Shipped).collect();
    let end = |experiment: &Experiment<'_>| experiment.plan.calendar.end.as_ref().map(|end| end.value);
    shipped.sort_by(|a, b| end(b).cmp(&end(a)).then_with(|| a.plan.id.cmp(&b.plan.id)));
    for experiment in shipped {
        let plan = experiment.plan;
        let key = plan.flag.value.as_str();
        let mut lose = |reason: String| losses.lose(plan, "shipped", reason, "left out");
        let winner = plan.winner.as_ref().map(|winner| winner.value.as_str());
        match winner {
            None => lose("it is shipped, and `results.variant` does not say what".to_owned()),
            Some(name) if plan.variants.iter().all(|variant| variant.name != name) => {
                lose(format!("`results.variant` is `{name}`, which is no variant"));
            }
            Some(_) => match chosen.get(key) {
                Some(other) => lose(format!("`{}` sets the same flag `{key}`", other.plan.id)),
                None => {
                    chosen.insert(key, experiment);
                }
            },
        }
    }
    Ok(chosen)
}

/// What is served when nobody is enrolled, in the words of a loss.
pub(super) const NOBODY: &str = "nobody is enrolled; forced units get their variant";

/// The stage that a stage or a date asks for; `None` when the experiment has none there, or for a whole schedule.
pub(super) fn stage<'p>(moment: &Moment, plan: &'p Plan, losses: &mut Losses) -> Option<&'p PlannedStage> {
    let calendar = &plan.calendar;
    match moment {
        Moment::Stage(name) => {
            let stage = calendar.stages.iter().find(|stage| stage.name == *name);
            if stage.is_none() {
                losses.lose(plan, "stage", format!("it has no stage `{name}`"), NOBODY);
            }
            stage
        }
        Moment::Date(day) => match &calendar.start {
            None => {
                losses.lose(plan, "schedule", "it has no first day".to_owned(), NOBODY);
                None
            }
            Some(start) if *day < start.value => {
                losses.lose(plan, "stage", format!("it starts on {}, after {day}", start.value), NOBODY);
                None
            }
            Some(_) => calendar.stage_at(*day).or(calendar.main_stage()),
        },
        Moment::Schedule => None,
    }
}

/// The weights that a stage gives the variants, in their order.
pub(super) fn weights(plan: &Plan, stage: &PlannedStage) -> Result<Vec<f64>, String> {
    let weight = |variant: &PlannedVariant| match stage.weights.as_slice() {
        [] => variant.weight.value,
        own => own.iter().find(|(name, _)| name.value == variant.name).map_or(0.0, |(_, weight)| weight.value),
    };
    let written: Vec<f64> = plan.variants.iter().map(weight).collect();
    let total: f64 = written.iter().sum();
    match 0.0 < total && total.is_finite() {
        true => Ok(written),
        false => Err(format!("has no weights in stage `{}`", stage.name)),
    }
}

/// Whole parts by largest remainder: they sum to `parts`, and equal weights differ by one at most.
pub(super) fn parts_of(weights: &[f64], parts: u32) -> Vec<u64> {
    let total: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| weight / total * f64::from(parts)).collect();
    let mut whole: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let missing = u64::from(parts).saturating_sub(whole.iter().sum());
    let mut order: Vec<usize> = (0..weights.len()).filter(|&index| 0.0 < weights[index]).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    for &index in order.iter().take(usize::try_from(missing).unwrap_or(0)) {
        whole[index] += 1;
    }
    whole
}

/// What people outside get: what the catalogue says, or what control gets.
pub(super) fn off(plan: &Plan) -> Result<Map<String, Json>, String> {
    Ok(match (&plan.off, plan.control().and_then(|control| control.payload.as_ref())) {
        (Some(off), _) => object(&off.value).ok_or("has a flag whose default is not a table")?,
        (None, Some(payload)) => object(&payload.value).unwrap_or_default(),
        (None, None) => Map::new(),
    })
}

/// What a variant returns; nothing in it when the spec does not say.
pub(super) fn payload(variant: &PlannedVariant) -> Map<String, Json> {
    variant.payload.as_ref().and_then(|payload| object(&payload.value)).unwrap_or_default()
}

/// A table of the spec as a JSON object.
fn object(value: &Value) -> Option<Map<String, Json>> {
    let node = Node { value: value.clone(), span: Span::new(FileId(0), 0, 0) };
    match node.to_json() {
        Json::Object(map) => Some(map),
        _ => None,
    }
}

/// The id, once it can name a file.
pub(super) fn file_name(plan: &Plan) -> Result<&str, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !plan.id.is_empty() && plan.id.chars().all(plain) {
        true => Ok(&plan.id),
        false => Err("has an id that is no plain file name: use letters, digits and dashes".to_owned()),
    }
}

/// The attribute that is hashed.
pub(super) fn unit_key(plan: &Plan) -> Result<&str, String> {
    let key = plan.audience.key.as_ref().map(|key| key.value.as_str());
    key.ok_or_else(|| "has no unit with a `key`: the catalogue must say which attribute is hashed".to_owned())
}

/// The stage that a moment names, for the list of files.
pub(super) fn named(moment: &Moment) -> Option<String> {
    match moment {
        Moment::Schedule => None,
        Moment::Stage(name) => Some(name.clone()),
        Moment::Date(day) => Some(day.to_string()),
    }
}
