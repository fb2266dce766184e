//! An export of a platform beside what would be built, flag by flag.

use std::collections::{BTreeMap, BTreeSet};

use crate::portfolio::{Compiled, Difference, Entry, Live, differences};
use crate::rules::prelude::*;
use crate::spec::Day;
use crate::syntax::{Node, parse_json};
use crate::text::FileId;

/// One running experiment on one platform.
pub(super) struct Compared<'a> {
    pub(super) entry: &'a Entry,
    pub(super) live: &'a Live,
    /// The flag in the export.
    pub(super) flag: Option<&'a Node>,
    /// Against the moment that it is nearest to.
    pub(super) differences: Vec<Difference>,
    /// That moment: a stage, or the whole schedule.
    pub(super) stage: Option<String>,
    /// The rule before ours that everybody meets.
    pub(super) caught: Option<Span>,
}

/// Every running experiment on every platform of which there is an export.
pub(super) fn compared<'a>(cx: &PortfolioCx<'a>, out: &mut Sink) -> Vec<Compared<'a>> {
    let running: Vec<&Entry> = cx.portfolio.entries.iter().filter(|entry| entry.status == Status::Running).collect();
    let known: BTreeSet<&str> = cx.workspace.targets.iter().map(|target| target.name).collect();
    let exported: BTreeSet<&str> = cx.workspace.live.iter().map(|live| live.target.name).collect();
    let served = running.iter().flat_map(|entry| entry.targets.iter().map(String::as_str));
    let missing: BTreeSet<&str> = served.filter(|name| known.contains(name) && !exported.contains(name)).collect();
    for target in missing {
        out.skip(Context::Live, format!("no export of what {target} serves; `--live {target}=FILE` names one"));
    }
    let mut all = Vec::new();
    for live in &cx.workspace.live {
        let here: Vec<&Entry> =
            running.iter().copied().filter(|entry| entry.targets.iter().any(|name| name == live.target.name)).collect();
        if here.is_empty() {
            continue;
        }
        match built(cx, live, &here) {
            Ok(built) => all.extend(here.into_iter().map(|entry| one(live, entry, &built))),
            Err(fault) => {
                let fault = fault.lines().next().unwrap_or_default().to_owned();
                out.skip(Context::Targets, format!("no build for {} to compare with: {fault}", live.target.name));
            }
        }
    }
    all
}

/// What would be built: for each moment, the flags, and for each experiment the moments that may be served.
struct Built {
    moments: BTreeMap<Option<String>, Node>,
    of: BTreeMap<String, Vec<Option<String>>>,
}

fn built(cx: &PortfolioCx<'_>, live: &Live, entries: &[&Entry]) -> Result<Built, String> {
    let print = cx.workspace.print.ok_or("nothing prints it")?;
    let mut compiled: Vec<Compiled> = Vec::new();
    let mut of = BTreeMap::new();
    for entry in entries {
        let Some(spec) = cx.workspace.specs.iter().find(|spec| spec.file == entry.file) else { continue };
        let mut one = cx.workspace.compile(spec);
        one.plan.place(cx.portfolio.slot(&entry.id).map(|slot| (slot.from, slot.to)));
        let stages = &one.plan.calendar.stages;
        let begun = |start: Option<Day>| cx.today.is_none_or(|today| start.is_none_or(|start| start <= today));
        let mut moments: Vec<Option<String>> =
            stages.iter().filter(|stage| begun(stage.start)).map(|stage| Some(stage.name.clone())).collect();
        if moments.is_empty() {
            moments.extend(stages.first().map(|stage| Some(stage.name.clone())));
        }
        if live.target.holds_schedule {
            moments.push(None);
        }
        of.insert(entry.id.to_string(), moments);
        compiled.push(one);
    }
    let wanted: BTreeSet<&Option<String>> = of.values().flatten().collect();
    let mut moments = BTreeMap::new();
    for moment in wanted {
        let text = print(cx.workspace, live.target, &compiled, moment.as_deref())?;
        let tree = parse_json(FileId(0), &text).map_err(|fault| fault.text)?;
        moments.insert(moment.clone(), tree);
    }
    Ok(Built { moments, of })
}

fn one<'a>(live: &'a Live, entry: &'a Entry, built: &Built) -> Compared<'a> {
    let flag = live.target.flag(&live.tree, &entry.flag);
    let caught = flag.and_then(|flag| (live.target.caught)(flag, &entry.id, &entry.salt));
    let moments = built.of.get(&*entry.id).into_iter().flatten();
    let differences = moments.filter_map(|moment| {
        let document = built.moments.get(moment)?;
        let wanted = live.target.flag(document, &entry.flag)?;
        let found = flag.map(|flag| differences::of_flag((flag, &live.tree), (wanted, document)));
        Some((found.unwrap_or_default(), moment.clone()))
    });
    let (differences, stage) = differences.min_by_key(|(found, _)| found.len()).unwrap_or_default();
    Compared { entry, live, flag, differences, stage, caught }
}
