//! `expc drift`.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use super::{Exit, Failure, live, place};
use crate::emit::Experiment;
use crate::emit::build::is_served;
use crate::emit::flags::{self, drift::Drift, drift::Served, drift::ServedMoment, drift::drift};
use crate::portfolio::{Compiled, Difference, Entry, Portfolio, differences::shown};
use crate::spec::{Day, Status};
use crate::text::{FileId, Source, printable_lines};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What the platform serves, as JSON
    export: String,
    /// The platform
    #[arg(long, value_name = "NAME")]
    target: String,
    /// The workspace
    #[arg(long, default_value = ".", value_name = "DIR")]
    workspace: PathBuf,
    /// The day that says which stage should be served; today when absent
    #[arg(long, value_name = "YYYY-MM-DD", visible_alias = "today")]
    date: Option<Day>,
    /// How it is printed: text or json
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let print = match arguments.format.as_str() {
        "text" => text,
        "json" => as_json,
        other => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json".to_owned(),
            });
        }
    };
    let opened = place::open(&arguments.workspace)?;
    let workspace = &opened.workspace;
    let export = live::export("--target", &arguments.target, &arguments.export, &opened)?;
    let target = flags::target(export.target.name).expect("the door knows it");
    let tree = export.read(FileId(0)).expect("the door has read it");
    let compiled = {
        use rayon::prelude::*;
        let mut all: Vec<Compiled> = workspace.specs.par_iter().map(|spec| workspace.compile(spec)).collect();
        let entries = workspace.specs.iter().zip(&all);
        let entries = entries.map(|(spec, one)| Entry::new(&one.plan, &one.spec, &spec.path, spec.file)).collect();
        let portfolio = Portfolio::new(entries);
        for one in &mut all {
            let slot = portfolio.slot(&one.plan.id);
            one.plan.place(slot.map(|slot| (slot.from, slot.to)));
        }
        all.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
        all
    };
    let served: Vec<&Compiled> = compiled.iter().filter(|one| is_served(one, target)).collect();
    let experiments: Vec<Experiment<'_>> = served.iter().map(|one| Experiment { plan: &one.plan, hash: "" }).collect();
    let settings = workspace.file.targets.value().and_then(|targets| targets.get(target.name()));
    let day = place::day(arguments.date);
    let found = drift(target, &experiments, settings.map(|at| &at.value), &tree, day).map_err(|fault| {
        Failure::Usage { text: fault, help: "`expc check` says what to change in the spec".to_owned() }
    })?;
    // What should not be served any more.
    let ours = |key: &str| served.iter().any(|one| one.plan.flag.value == key);
    let over = compiled.iter().filter(|one| {
        let names = one.plan.targets.iter().any(|name| name.value == target.name());
        let live = export.target.flag(&tree, &one.plan.flag.value).is_some();
        names && live && !ours(&one.plan.flag.value) && one.plan.status.value.is_over()
    });
    let report = Report {
        title: target.capabilities().title,
        name: target.name(),
        day,
        source: Source::new(arguments.export.as_str(), export.text.as_str()),
        over: over.map(|one| (one.plan.id.to_string(), one.plan.flag.value.clone(), one.plan.status.value)).collect(),
        sealed: served.iter().filter(|one| workspace.lock(&one.stem).is_some()).map(|one| one.stem.clone()).collect(),
        found,
    };
    super::print(&printable_lines(&print(&report)));
    Ok(match () {
        () if !report.is_clean() => Exit::Findings,
        () if report.found.experiments.is_empty() => Exit::Nothing,
        () => Exit::Clean,
    })
}

struct Report {
    title: &'static str,
    name: &'static str,
    day: Option<Day>,
    source: Source,
    found: Drift,
    /// Id, flag and status of experiments that have ended and are live.
    over: Vec<(String, String, Status)>,
    sealed: Vec<String>,
}

impl Report {
    fn is_clean(&self) -> bool {
        self.found.differences.is_empty() && self.over.is_empty() && self.found.experiments.iter().all(as_planned)
    }

    /// The differences of an experiment: those whose path holds the name of its flag; the rest is shared.
    fn of<'a>(&'a self, served: &'a Served) -> impl Iterator<Item = &'a Difference> {
        self.found.differences.iter().filter(|one| belongs(&one.path, &served.flag))
    }

    /// Which side to change.
    fn advice(&self, served: &Served) -> String {
        let id = &served.id;
        let build = match &served.planned {
            ServedMoment::Stage(name) => format!("deploy what `expc build --stage {name}` writes"),
            _ => "deploy what `expc build` writes".to_owned(),
        };
        match (&served.moment, &served.planned) {
            (ServedMoment::Absent, ServedMoment::Waiting) => "nothing to change: it has not begun".to_owned(),
            (ServedMoment::Absent, _) => format!("change the platform: {build}"),
            (ServedMoment::Killed, _) => {
                format!("change the spec of `{id}` to `stopped` and record why, or change the platform: {build}")
            }
            (ServedMoment::Stage(name), planned) if served.moment != *planned && !self.differs(served) => {
                format!("change the platform: {build}; or, when `{name}` is meant, change the dates of the spec")
            }
            _ if self.sealed.contains(id) => {
                format!(
                    "change the platform: the plan is sealed, {build}; a change that is meant needs `expc amend {id}`"
                )
            }
            _ => format!("change the platform: {build}; or, when the edit is meant, write it into the spec"),
        }
    }

    fn differs(&self, served: &Served) -> bool {
        self.of(served).next().is_some()
    }
}

fn belongs(path: &str, flag: &str) -> bool {
    path == flag
        || path.strip_prefix(flag).is_some_and(|rest| rest.starts_with(['.', '[', '/']))
        || [format!(".{flag}"), format!("[{flag}]")].iter().any(|step| {
            path.find(step.as_str()).is_some_and(|at| {
                let rest = &path[at + step.len()..];
                rest.is_empty() || rest.starts_with(['.', '[', '/'])
            })
        })
}

fn as_planned(served: &Served) -> bool {
    served.moment == served.planned
        // A file of the whole schedule serves the stage of the day.
        || served.moment == ServedMoment::Schedule
        || matches!(served.planned, ServedMoment::Schedule) && matches!(served.moment, ServedMoment::Stage(_))
        || served.moment == ServedMoment::Absent && served.planned == ServedMoment::Waiting
}

fn line(report: &Report, one: &Difference) -> String {
    let at = report.source.position(one.place.start as usize);
    let told = match (&one.live, &one.built) {
        (Some(live), Some(built)) => format!("live {}, built {}", shown(live), shown(built)),
        (Some(live), None) => format!("live {}, not built", shown(live)),
        (None, built) => format!("not live, built {}", built.as_ref().map_or("something".to_owned(), shown)),
    };
    format!("  {}:{}:{}: {}: {told}\n", report.source.path, at.line, at.column, one.path)
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    let mut told = 0;
    for served in &report.found.experiments {
        if !report.differs(served) && as_planned(served) {
            continue;
        }
        let _ = writeln!(out, "{}: {} serves {}", served.id, report.title, served.moment.words());
        if !as_planned(served) {
            let day = report.day.map_or(String::new(), |day| format!(" on {day}"));
            let _ = writeln!(out, "  by its spec{day}: {}", served.planned.words());
        }
        for one in report.of(served) {
            told += 1;
            out += &line(report, one);
        }
        let _ = writeln!(out, "  {}", report.advice(served));
    }
    let shared = || {
        let own = |one: &&Difference| !report.found.experiments.iter().any(|served| belongs(&one.path, &served.flag));
        report.found.differences.iter().filter(own)
    };
    if told < report.found.differences.len() {
        let _ = writeln!(out, "shared by experiments:");
        shared().for_each(|one| out += &line(report, one));
        let _ = writeln!(out, "  change the platform: deploy what `expc build` writes");
    }
    for (id, flag, status) in &report.over {
        let _ = writeln!(out, "{id}: {} has its flag `{flag}`, and the spec is {status}", report.title);
        let _ = writeln!(out, "  change the platform: take the flag out; or the spec, when it runs on");
    }
    let count = report.found.experiments.len();
    let _ = writeln!(
        out,
        "{count} experiment{} on {}, {} difference{}",
        if count == 1 { "" } else { "s" },
        report.name,
        report.found.differences.len(),
        if report.found.differences.len() == 1 { "" } else { "s" },
    );
    out
}

fn as_json(report: &Report) -> String {
    let difference = |one: &Difference| {
        let at = report.source.position(one.place.start as usize);
        json!({
            "path": one.path, "line": at.line, "column": at.column,
            "live": one.live.as_ref().map(|node| node.to_json()), "built": one.built.as_ref().map(|node| node.to_json()),
        })
    };
    let served = |one: &Served| {
        json!({
            "id": one.id, "flag": one.flag, "serves": one.moment.words(), "planned": one.planned.words(),
            "as_planned": as_planned(one),
            "differences": report.of(one).map(|one| one.path.clone()).collect::<Vec<_>>(),
            "advice": (report.differs(one) || !as_planned(one)).then(|| report.advice(one)),
        })
    };
    let document = json!({
        "format": "expc.drift/1",
        "target": report.name,
        "day": report.day.map(|day| day.to_string()),
        "experiments": report.found.experiments.iter().map(served).collect::<Vec<_>>(),
        "differences": report.found.differences.iter().map(difference).collect::<Vec<_>>(),
        "ended": report.over.iter().map(|(id, flag, status)| json!({ "id": id, "flag": flag, "status": status.to_string() })).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}
