//! What a platform serves beside what the specs build, for `expc drift`.
//!
//! Nobody says which stage a platform serves, so each experiment is compared at every moment that may be served, and the
//! nearest is taken. The whole document, with each experiment at its moment, is then compared field by field: flags,
//! and what stands beside them, such as segments.

use super::served::{self, Flag, Losses, State};
use super::{Print, Request, Target};
use crate::emit::{Experiment, Moment};
use crate::policy::TargetSettings;
use crate::portfolio::{Difference, differences};
use crate::spec::Day;
use crate::syntax::{Node, parse_json};
use crate::text::FileId;

/// What was found.
#[derive(Debug)]
pub struct Drift {
    pub experiments: Vec<Served>,
    /// Field by field, in the order of the document.
    pub differences: Vec<Difference>,
}

/// One experiment on the platform.
#[derive(Debug)]
pub struct Served {
    pub id: String,
    pub flag: String,
    pub moment: ServedMoment,
    /// By the plan, on the day.
    pub planned: ServedMoment,
}

/// What a platform does with an experiment.
#[derive(Debug, Clone, PartialEq)]
pub enum ServedMoment {
    /// It has no such flag.
    Absent,
    /// The flag is there and enrols nobody.
    Waiting,
    Stage(String),
    Schedule,
    Killed,
    Shipped,
}

impl ServedMoment {
    /// As the end of "serves".
    pub fn words(&self) -> String {
        match self {
            ServedMoment::Absent => "nothing: the flag is not there".to_owned(),
            ServedMoment::Waiting => "nobody yet".to_owned(),
            ServedMoment::Stage(name) => format!("stage `{name}`"),
            ServedMoment::Schedule => "the whole schedule".to_owned(),
            ServedMoment::Killed => "nobody: it is killed".to_owned(),
            ServedMoment::Shipped => "the winner".to_owned(),
        }
    }
}

/// Compares an export with what is built on a day. An error is sentences for people, one a line.
pub fn drift<'p>(
    target: &dyn Target,
    experiments: &'p [Experiment<'p>],
    settings: Option<&'p TargetSettings>,
    live: &Node,
    today: Option<Day>,
) -> Result<Drift, String> {
    let able = target.capabilities();
    let mut print = Print { settings, losses: Losses::of(able.name) };
    let live = &differences::whole(live);
    let mut served = Vec::new();
    let mut built: Vec<Flag<'p>> = Vec::new();
    for one in experiments.chunks(1) {
        let Some(experiment) = one.first() else { continue };
        let candidates = candidates(target, one, settings, today)?;
        let Some((planned, _)) = candidates.first() else { continue };
        let mut planned = planned.clone();
        // Beside a whole schedule, one stage is as planned on its own days only.
        let due = candidates.get(1).filter(|_| today.is_some()).map(|(moment, _)| moment.clone());
        let (id, flag) = (experiment.plan.id.to_string(), experiment.plan.flag.value.clone());
        let there = able.flag(live, &flag);
        let documents = candidates
            .iter()
            .map(|(_, candidate)| tree(target, std::slice::from_ref(candidate), &mut print))
            .collect::<Result<Vec<Node>, String>>()?;
        let fullest = documents.iter().map(differences::values).max().unwrap_or(0);
        let mut best: Option<(usize, ServedMoment, Flag<'_>)> = None;
        for ((moment, candidate), document) in candidates.into_iter().zip(&documents) {
            // Enrolment may stand beside the flag, so the flag alone does not tell.
            let apart = differences::of_document(able, live, document).iter().map(Difference::weight).sum::<usize>();
            // What only the platform has is no difference, so that a moment that builds less has fewer: it must explain
            // at least half of what it lacks.
            let lacks = match moment {
                ServedMoment::Waiting | ServedMoment::Killed => (fullest - differences::values(document)) / 2,
                _ => 0,
            };
            // What is not there is compared with what is planned, the first.
            if best.as_ref().is_none_or(|(least, ..)| there.is_some() && apart + lacks < *least) {
                best = Some((apart + lacks, moment, candidate));
            }
        }
        let Some((_, moment, nearest)) = best else { continue };
        let moment = if there.is_none() { ServedMoment::Absent } else { moment };
        if let (ServedMoment::Schedule, ServedMoment::Stage(_), Some(due)) = (&planned, &moment, due) {
            planned = due;
        }
        served.push(Served { id, flag, moment, planned });
        built.push(nearest);
    }
    // Documents list flags by name.
    built.sort_by(|a, b| a.key.cmp(b.key));
    let document = tree(target, &built, &mut print)?;
    Ok(Drift { experiments: served, differences: differences::of_document(able, live, &document) })
}

fn tree(target: &dyn Target, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Node, String> {
    let bytes = target.document(flags, print)?;
    let text = String::from_utf8(bytes).map_err(|fault| fault.to_string())?;
    let tree = parse_json(FileId(0), &text);
    tree.map(|tree| differences::whole(&tree))
        .map_err(|fault| format!("internal error: what is built is no JSON: {}", fault.text))
}

/// Every moment that may be served, the planned one first.
fn candidates<'p>(
    target: &dyn Target,
    experiments: &'p [Experiment<'p>],
    settings: Option<&'p TargetSettings>,
    today: Option<Day>,
) -> Result<Vec<(ServedMoment, Flag<'p>)>, String> {
    let able = target.capabilities();
    // What a build loses is told by the build.
    let at = |moment: Moment| {
        let request = Request { experiments, moment, settings };
        served::flags(&request, able, &mut Losses::of(able.name)).map(|flags| flags.into_iter().next())
    };
    let Some(Experiment { plan, .. }) = experiments.first() else { return Ok(Vec::new()) };
    let calendar = &plan.calendar;
    let begun = |start: Option<Day>| today.is_some_and(|today| start.is_some_and(|start| start <= today));
    let current = calendar.stages.iter().rposition(|stage| begun(stage.start));
    let mut all: Vec<(ServedMoment, Flag<'p>)> = Vec::new();
    if able.holds_schedule
        && let Some(flag) = at(Moment::Schedule)?
    {
        match flag.state {
            State::Shipped(_) => return Ok(vec![(ServedMoment::Shipped, flag)]),
            State::Schedule(_) => all.push((ServedMoment::Schedule, flag)),
            _ => {}
        }
    }
    let mut stages = Vec::new();
    for stage in &calendar.stages {
        if let Some(flag) = at(Moment::Stage(stage.name.clone()))? {
            if let State::Shipped(_) = flag.state {
                return Ok(vec![(ServedMoment::Shipped, flag)]);
            }
            stages.push((ServedMoment::Stage(stage.name.clone()), flag));
        }
    }
    let Some(any) = all.first().or(stages.first()).map(|(_, flag)| flag.clone()) else { return Ok(all) };
    let waiting = (ServedMoment::Waiting, Flag { state: State::Waiting, ..any.clone() });
    let killed = (ServedMoment::Killed, Flag { state: State::Killed, ..any });
    match current.filter(|at| *at < stages.len()) {
        Some(current) => all.push(stages.remove(current)),
        // Without a day any stage may be meant.
        None if today.is_none() && all.is_empty() => {}
        None => all.push(waiting.clone()),
    }
    all.extend(stages);
    if all.iter().all(|(moment, _)| *moment != ServedMoment::Waiting) {
        all.push(waiting);
    }
    all.push(killed);
    Ok(all)
}
