//! One platform: what it builds of the matrix, served by each of its SDKs, judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use expc::emit::{ArtifactRole, Emitted, Loss, Moment};
use expc::spec::Day;
use rayon::prelude::*;
use serde_json::Value as Json;

use crate::asked::{Asked, Experiment, at_stage, document, workspace};
use crate::contexts::{ODD, UNITS, Unit};
use crate::judge::{self, ALPHA, Expected, Served, Verdict, View};
use crate::matrix::{Kind, RAMP};
use crate::platforms::{Difference, Platform};
use crate::proof::{Cell, Proof};
use crate::refusal::{self, Answer};
use crate::sdk::{Evaluator, Job};

/// What one platform showed.
pub struct Shown {
    pub proof: Proof,
    pub faults: Vec<String>,
    pub tests: usize,
    pub summary: String,
}

/// A document with what is evaluated in it.
struct Planned<'a> {
    document: String,
    at: Option<i64>,
    /// The stage that it serves, or `killed`.
    stage: String,
    of: Vec<(&'a Asked, &'a Experiment)>,
    /// True when a schedule says what `at` gets.
    by_schedule: bool,
}

pub fn run(platform: &Platform, asked: &[Asked], units: &[Unit], contexts: &[Json]) -> Shown {
    let mut faults = Vec::new();
    let answers: Vec<(&Asked, Answer)> = asked
        .par_iter()
        .map(|asked| (asked, refusal::answer(platform, asked)))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(asked, answer)| match answer {
            Ok(answer) => (asked, answer),
            Err(fault) => {
                faults.push(format!("{}: {fault}", asked.case.name));
                (asked, Answer { refused: BTreeSet::from(["?".to_owned()]), ..Answer::default() })
            }
        })
        .collect();
    let built: Vec<(&Asked, &Answer)> = answers
        .iter()
        .filter(|(_, answer)| answer.refused.is_empty())
        .map(|(asked, answer)| (*asked, answer))
        .collect();
    let planned = match plan(platform, &built) {
        Ok(planned) => planned,
        Err(fault) => {
            faults.push(fault);
            Vec::new()
        }
    };
    let judged: Vec<(Verdict, Duration, Vec<BTreeMap<String, Served>>)> = platform
        .evaluators
        .par_iter()
        .map(|evaluator| {
            let mut verdict = Verdict::new();
            let began = Instant::now();
            let served = serve(evaluator, contexts, &planned).unwrap_or_else(|fault| {
                verdict.fault(fault);
                Vec::new()
            });
            let took = began.elapsed();
            if !served.is_empty() {
                judge_all(platform, evaluator, &built, &planned, &served, &mut verdict);
            }
            (verdict, took, served)
        })
        .collect();
    let mut tests = 0;
    let mut summary = String::new();
    let _ = writeln!(
        summary,
        "{}: {} of {} cases built, {} with a loss, {} documents",
        platform.name,
        built.len(),
        asked.len(),
        built.iter().filter(|(_, answer)| !answer.lost.is_empty()).count(),
        planned.len(),
    );
    for (evaluator, (verdict, took, _)) in platform.evaluators.iter().zip(&judged) {
        tests += verdict.tests;
        let _ = writeln!(
            summary,
            "  {}: {} outcomes, {} tests, least p {:.1e} of {ALPHA:.0e} ({}), {:.1} s",
            evaluator.name(),
            verdict.units,
            verdict.tests,
            verdict.least,
            verdict.least_at,
            took.as_secs_f64()
        );
        faults.extend(verdict.faults.iter().map(|fault| format!("{}: {fault}", evaluator.name())));
    }
    let mut verdict = Verdict::new();
    let agreed = agreement(platform, &built, &planned, &judged, &mut verdict);
    let _ = writeln!(summary, "  {agreed} flags compared between SDKs");
    faults.append(&mut verdict.faults);
    faults.extend(stale(platform, &judged, units));
    let cells = answers.iter().map(|(asked, answer)| (asked.case.name.to_owned(), Cell::of(answer))).collect();
    Shown { proof: Proof::of(platform, cells), faults, tests, summary }
}

/// Everything that SDKs are given.
fn plan<'a>(platform: &Platform, built: &[(&'a Asked, &Answer)]) -> Result<Vec<Planned<'a>>, String> {
    let emit = |some: &[&'a Asked], moment: &Moment| -> Result<Emitted, String> {
        let files = workspace(some.iter().flat_map(|asked| &asked.case.specs), platform.settings);
        crate::flags::emit(platform.name, &files, moment)
    };
    let of = |some: &[&'a Asked]| -> Vec<(&'a Asked, &'a Experiment)> {
        some.iter().flat_map(|asked| asked.experiments.iter().map(|experiment| (*asked, experiment))).collect()
    };
    let planned =
        |document, stage: &str, of| Planned { document, at: None, stage: stage.to_owned(), of, by_schedule: false };
    let all: Vec<&'a Asked> = built.iter().map(|(asked, _)| *asked).collect();
    let together: Vec<&'a Asked> = all.iter().filter(|asked| !asked.case.apart).copied().collect();
    let mut plan = Vec::new();
    let emitted = emit(&together, &at_stage("main"))?;
    plan.push(planned(document(&emitted)?, "main", of(&together)));
    for asked in together.iter().filter(|asked| asked.case.kill) {
        for experiment in &asked.experiments {
            let path = format!("flags/{}/kill/{}.", platform.name, experiment.id);
            let file = emitted.artifacts.iter().find(|file| file.path.starts_with(&path));
            let file = file.ok_or_else(|| format!("{} has a kill switch, and there is no {path}", experiment.id))?;
            let text = String::from_utf8(file.bytes.clone()).map_err(|fault| fault.to_string())?;
            plan.push(planned(text, "killed", vec![(*asked, experiment)]));
        }
    }
    let apart: Vec<&'a Asked> = all.iter().filter(|asked| asked.case.apart).copied().collect();
    plan.push(planned(document(&emit(&apart, &at_stage("main"))?)?, "main", of(&apart)));
    for stage in RAMP {
        let in_stage: Vec<&'a Asked> =
            together.iter().filter(|asked| asked.case.ramp.contains(stage)).copied().collect();
        if !in_stage.is_empty() {
            plan.push(planned(document(&emit(&in_stage, &at_stage(stage))?)?, stage, of(&in_stage)));
        }
    }
    let steps: Vec<&'a Asked> = together.iter().filter(|asked| asked.case.ramp == RAMP).copied().collect();
    let schedule = emit(&steps, &Moment::Schedule)?;
    let files = schedule.artifacts.iter().filter(|file| file.role == ArtifactRole::Evaluator).count();
    let is_native = files == 1 && !schedule.losses.iter().any(|loss| loss.feature == "schedule");
    if let (true, Some(experiment)) = (is_native && !steps.is_empty(), steps.first().map(|asked| &asked.experiments[0]))
    {
        let text = document(&schedule)?;
        for stage in RAMP.iter().copied().chain(["main"]) {
            let first = experiment.stage(stage).and_then(|stage| stage.start).ok_or("a stage without a day")?;
            let last = experiment.stage(stage).and_then(|stage| stage.end).ok_or("a stage without an end")?;
            for at in [midnight(first), midnight(last) + 86_399] {
                let of = of(&steps);
                plan.push(Planned {
                    document: text.clone(),
                    at: Some(at),
                    stage: stage.to_owned(),
                    of,
                    by_schedule: true,
                });
            }
        }
    }
    Ok(plan)
}

/// The second at which a day begins in UTC.
fn midnight(day: Day) -> i64 {
    Day(jiff::civil::date(1970, 1, 1)).until(day) * 86_400
}

/// What the SDK says of everything, by job and flag.
fn serve(
    evaluator: &Evaluator,
    contexts: &[Json],
    planned: &[Planned<'_>],
) -> Result<Vec<BTreeMap<String, Served>>, String> {
    let jobs: Vec<Job<'_>> = planned
        .iter()
        .filter(|one| one.at.is_none() || evaluator.clock)
        .map(|one| Job {
            document: &one.document,
            flags: one.of.iter().map(|(_, e)| (e.flag().to_owned(), e.unit().to_owned())).collect(),
            at: one.at,
        })
        .collect();
    let answers = evaluator.run(contexts, &jobs)?;
    let mut answers = answers.as_array().ok_or("no list of answers")?.iter();
    let mut served = Vec::new();
    for one in planned {
        let mut flags = BTreeMap::new();
        if one.at.is_some() && !evaluator.clock {
            served.push(flags);
            continue;
        }
        let answer = answers.next().ok_or("too few answers")?;
        for (_, experiment) in &one.of {
            let flag =
                answer["flags"].get(experiment.flag()).ok_or_else(|| format!("nothing of `{}`", experiment.flag()))?;
            flags.insert(experiment.id.clone(), Served::read(flag)?);
        }
        served.push(flags);
    }
    Ok(served)
}

fn bits<'d>(differences: impl Iterator<Item = &'d Difference>) -> u32 {
    let bit = |difference: &Difference| ODD.iter().position(|kind| *kind == difference.kind).map_or(0, |n| 1 << n);
    differences.map(bit).fold(0, |all, bit| all | bit)
}

fn named(platform: &Platform, evaluator: &Evaluator) -> u32 {
    bits(platform.differences.iter().filter(|difference| difference.is_of(evaluator)))
}

fn judge_all(
    platform: &Platform,
    evaluator: &Evaluator,
    built: &[(&Asked, &Answer)],
    planned: &[Planned<'_>],
    served: &[BTreeMap<String, Served>],
    verdict: &mut Verdict,
) {
    let named = named(platform, evaluator);
    let answer_of = |asked: &Asked| {
        built.iter().find(|(one, _)| one.case.name == asked.case.name).map(|(_, answer)| *answer).expect("it is built")
    };
    let changed = |case: &str| platform.differences.iter().any(|one| one.kind == case && one.is_of(evaluator));
    for (one, flags) in planned.iter().zip(served) {
        for (asked, experiment) in &one.of {
            let Some(served) = flags.get(&experiment.id) else { continue };
            if one.stage == "killed" {
                judge::killed(experiment, served, verdict);
                continue;
            }
            let answer = answer_of(asked);
            let judges_payload = !changed(asked.case.name);
            if !judges_payload && payloads_are_right(experiment, served) {
                verdict.fault(format!(
                    "`{}` is named as a difference, and its payload arrives unchanged",
                    asked.case.name
                ));
            }
            let held = experiment.plan.audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value);
            let held = percents(answer.lost(&experiment.id, "holdout")).first().copied().unwrap_or(held);
            if asked.case.kind == Kind::Shipped {
                judge::shipped(experiment, held, judges_payload, served, verdict);
                continue;
            }
            let Some(stage) = experiment.stage(&one.stage) else { continue };
            let share = percents(answer.lost(&experiment.id, "share")).first().copied().unwrap_or(stage.share.value);
            let weights = weights(experiment, &one.stage, answer);
            let share = share * (1.0 - held);
            let expected = Expected { experiment, stage: &one.stage, share, weights, named, judges_payload };
            judge::experiment(&expected, served, verdict);
        }
    }
    together(built, planned, served, verdict);
    verdict.tell_unnamed();
}

fn payloads_are_right(experiment: &Experiment, served: &Served) -> bool {
    served.outcomes.iter().all(|(name, value)| {
        let name = name.strip_prefix("force:").unwrap_or(name);
        experiment.payload(name).is_none_or(|payload| judge::same(&payload, value))
    })
}

/// The weights of a stage, as rounded where a loss says so.
fn weights(experiment: &Experiment, stage: &str, answer: &Answer) -> Vec<f64> {
    let own = experiment.stage(stage).map(|stage| stage.weights.as_slice()).unwrap_or_default();
    let written: Vec<f64> = experiment
        .plan
        .variants
        .iter()
        .map(|variant| match own {
            [] => variant.weight.value,
            own => own.iter().find(|(name, _)| name.value == variant.name).map_or(0.0, |(_, weight)| weight.value),
        })
        .collect();
    let rounded = percents(answer.lost(&experiment.id, "weights"));
    if rounded.len() == written.len() { rounded } else { written }
}

/// The per cents in what a loss says is done instead, as parts.
fn percents(loss: Option<&Loss>) -> Vec<f64> {
    let Some(loss) = loss.filter(|loss| loss.done.starts_with("rounded to ")) else { return Vec::new() };
    let numbers = loss.done["rounded to ".len()..].split([',', ' ', '%']).filter_map(|text| text.parse::<f64>().ok());
    numbers.map(|number| number / 100.0).collect()
}

/// What experiments, and stages, show together.
fn together(
    built: &[(&Asked, &Answer)],
    planned: &[Planned<'_>],
    served: &[BTreeMap<String, Served>],
    verdict: &mut Verdict,
) {
    let of = |id: &str, stage: &str| -> Option<&Served> {
        let at = planned
            .iter()
            .position(|one| one.stage == stage && !one.by_schedule && one.of.iter().any(|(_, e)| e.id == id));
        at.and_then(|at| served[at].get(id))
    };
    let experiment =
        |id: &str| built.iter().flat_map(|(asked, _)| &asked.experiments).find(|experiment| experiment.id == id);
    for (asked, answer) in built {
        let case = &asked.case;
        for experiment in &asked.experiments {
            if answer.lost(&experiment.id, "sticky").is_some() {
                continue;
            }
            let stages: Vec<&str> = case.ramp.iter().copied().chain(["main"]).collect();
            for pair in stages.windows(2) {
                let what = format!("{}, `{}` to `{}`", experiment.id, pair[0], pair[1]);
                match (of(&experiment.id, pair[0]), of(&experiment.id, pair[1])) {
                    (Some(before), Some(after)) => judge::ramp(&what, before, after, verdict),
                    _ => verdict.fault(format!("{what}: not served")),
                }
            }
        }
        match case.kind {
            Kind::Layer => {
                let members: Vec<&Served> = asked.experiments.iter().filter_map(|e| of(&e.id, "main")).collect();
                judge::layer(case.name, &members, verdict);
            }
            Kind::Holdout => {
                // All who are not held out are enrolled in the first: the second takes nobody else.
                let [first, second] = ["holdout-a", "holdout-b"].map(|id| of(id, "main"));
                let (Some(first), Some(second)) = (first, second) else { continue };
                let others = (0..UNITS).filter(|unit| second.is_in(*unit) && !first.is_in(*unit)).count();
                if 0 < others {
                    verdict.fault(format!("holdout: {others} units are held out of one experiment and in the other"));
                }
            }
            Kind::Plain | Kind::Shipped => {}
        }
    }
    // A schedule serves what the document of its stage serves.
    for (one, flags) in planned.iter().zip(served).filter(|(one, _)| one.by_schedule) {
        for (id, now) in flags {
            let Some(fixed) = of(id, &one.stage) else { continue };
            let differ = (0..UNITS).filter(|unit| now.variant(*unit) != fixed.variant(*unit)).count();
            if 0 < differ {
                verdict.fault(format!("{id}: {differ} units differ between the schedule and stage `{}`", one.stage));
            }
        }
    }
    for (first, first_stage, first_view, second, second_stage, second_view) in [
        ("share-50", "main", View::Enrolment, "own-salt", "main", View::Enrolment),
        ("share-50", "main", View::Variant, "own-salt", "main", View::Variant),
        ("share-50", "main", View::Enrolment, "holdout-b", "main", View::Variant),
        ("two-variants", "main", View::Variant, "three-variants", "main", View::Variant),
        ("three-variants", "main", View::Variant, "four-variants", "main", View::Variant),
        ("four-variants", "main", View::Variant, "five-variants", "main", View::Variant),
        ("uneven", "main", View::Variant, "two-variants", "main", View::Variant),
        ("share-25", "main", View::Enrolment, "share-50", "main", View::Enrolment),
        ("layer-a", "main", View::Enrolment, "layer-odd-a", "main", View::Enrolment),
        ("layer-a", "main", View::Enrolment, "ramp", "at-50", View::Enrolment),
        ("holdout-b", "main", View::Variant, "ramp", "at-50", View::Variant),
        // Whether a unit is enrolled says nothing of its variant: at 100 % all have one.
        ("ramp", "at-20", View::Enrolment, "ramp", "main", View::Variant),
        ("ramp", "at-50", View::Enrolment, "ramp", "main", View::Variant),
        ("ramp-uneven", "at-50", View::Enrolment, "ramp-uneven", "main", View::Variant),
    ] {
        let (Some(one), Some(two)) = (experiment(first), experiment(second)) else { continue };
        let (Some(before), Some(after)) = (of(first, first_stage), of(second, second_stage)) else { continue };
        let word = |view: &View| match view {
            View::Enrolment => "enrolment",
            View::Variant => "variant",
        };
        let what = format!(
            "{} in {first} at `{first_stage}` and {} in {second} at `{second_stage}`",
            word(&first_view),
            word(&second_view)
        );
        judge::independent(&what, (one, before, first_view), (two, after, second_view), verdict);
    }
}

/// SDKs of one generation give every unit the same; how many flags were compared.
fn agreement(
    platform: &Platform,
    built: &[(&Asked, &Answer)],
    planned: &[Planned<'_>],
    judged: &[(Verdict, Duration, Vec<BTreeMap<String, Served>>)],
    verdict: &mut Verdict,
) -> usize {
    let mut compared = 0;
    for (n, first) in platform.evaluators.iter().enumerate() {
        let same = |other: &Evaluator| other.generation == first.generation;
        let Some((m, second)) = platform.evaluators.iter().enumerate().skip(n + 1).find(|(_, other)| same(other))
        else {
            continue;
        };
        let either = named(platform, first) | named(platform, second);
        for ((one, before), after) in planned.iter().zip(&judged[n].2).zip(&judged[m].2) {
            for (asked, experiment) in &one.of {
                let answer = built.iter().find(|(one, _)| one.case.name == asked.case.name).map(|(_, answer)| answer);
                if answer.is_some_and(|answer| answer.lost(&experiment.id, "ids").is_some()) {
                    continue;
                }
                let what = format!("{} at `{}`, {} and {}", experiment.id, one.stage, first.name(), second.name());
                let (Some(before), Some(after)) = (before.get(&experiment.id), after.get(&experiment.id)) else {
                    continue;
                };
                judge::agree(&what, experiment, either, before, after, verdict);
                compared += 1;
            }
        }
    }
    compared
}

/// Differences that the registry names and that do not occur, and kinds that no unit has.
fn stale(
    platform: &Platform,
    judged: &[(Verdict, Duration, Vec<BTreeMap<String, Served>>)],
    units: &[Unit],
) -> Vec<String> {
    let unseen = ODD.iter().filter(|kind| !units.iter().any(|unit| unit.odd.iter().any(|(_, odd)| odd == *kind)));
    let mut faults: Vec<String> = unseen.map(|kind| format!("no unit has a `{kind}`")).collect();
    for difference in platform.differences {
        let bit = bits(std::iter::once(difference));
        if bit == 0 && !crate::matrix::cases().iter().any(|case| case.name == difference.kind) {
            faults.push(format!("`{}` is neither a kind of odd values nor a case", difference.kind));
        }
        for (evaluator, (verdict, _, served)) in platform.evaluators.iter().zip(judged) {
            let occurs = bit == 0 || verdict.differs & bit != 0;
            if difference.is_of(evaluator) && !occurs && !served.is_empty() {
                let package = evaluator.package;
                faults.push(format!("`{}` is named for {package} and does not occur there", difference.kind));
            }
        }
    }
    faults
}
