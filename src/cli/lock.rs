//! `expc lock`.

mod proof;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::place::Opened;
use super::{Exit, Failure, check as check_door, place};
use crate::change::{Change, FieldChange, cover};
use crate::check::{Options, Outcome, check};
use crate::diag::Level;
use crate::portfolio::{Compiled, Lock, Moment, Sealing, SpecFile};
use crate::report::Compared;
use crate::spec::Status;
use crate::text::printable;
use crate::world::{Repository, now, user_name, write_all};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The experiments: files or ids
    #[arg(value_name = "ID", required_unless_present_any = ["ready", "check"], conflicts_with = "ready")]
    experiments: Vec<String>,
    /// Every experiment that is ready
    #[arg(long)]
    ready: bool,
    /// Write nothing: say whether the named plans, or all that are sealed, are as they were sealed
    #[arg(long)]
    check: bool,
    /// Attach the response of a time stamping authority (RFC 3161) to the seal of one experiment
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ready", "check"])]
    timestamp: Option<PathBuf>,
    /// With --check: demand a timestamp of each seal, and judge it by these certificates in PEM; needs `openssl`
    #[arg(long, value_name = "FILE", requires = "check")]
    ca: Option<PathBuf>,
    /// The workspace, when experiments are named by their ids
    #[arg(long, default_value = ".", value_name = "DIR")]
    workspace: PathBuf,
    /// The time of the seal in UTC, like 2026-12-01T09:00:00Z; now when absent
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// Who seals; the `user.name` of git when absent
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = match arguments.experiments.first() {
        Some(first) => place::open_spec(first, &arguments.workspace)?,
        None => place::open_named(&arguments.workspace)?,
    };
    let specs = chosen(arguments, &opened)?;
    if let Some(file) = &arguments.timestamp {
        let [spec] = specs.as_slice() else {
            return Err(Failure::Usage {
                text: "a timestamp is of one seal".to_owned(),
                help: "name one experiment: `expc lock ID --timestamp FILE`".to_owned(),
            });
        };
        return proof::attach(&opened, spec, file);
    }
    if arguments.check {
        let authority = arguments.ca.as_deref().map(proof::Authority::of).transpose()?;
        return verify(&opened, &specs, authority.as_ref());
    }
    if specs.is_empty() {
        super::complain("no experiment is `ready`: nothing was sealed\n");
        return Ok(Exit::Nothing);
    }
    let at = match &arguments.at {
        Some(at) => at.clone(),
        None => now().parse().map_err(|text| Failure::Usage { text, help: "pass the time as --at".to_owned() })?,
    };
    let root = PathBuf::from(if opened.prefix.is_empty() { "." } else { &opened.prefix });
    let by = who(arguments.by.as_deref(), &root)?;
    let outcome = check(&opened.workspace, Options { today: Some(at.day()), ..Options::default() });
    let compiled: Vec<Compiled> = specs.iter().map(|spec| in_its_slot(&opened, &outcome, spec)).collect();
    if let Some(exit) = refused(&opened, outcome, &compiled, &at) {
        return Ok(exit);
    }
    let commit = Repository::around(&root).ok().and_then(|repository| repository.head().ok()?);
    let mut files = BTreeMap::new();
    let mut text = String::new();
    for one in &compiled {
        let id = &one.stem;
        let path = format!("{}{}", opened.prefix, opened.workspace.lock_path(id));
        if let Some(Ok(lock)) = opened.workspace.lock(id) {
            text += &format!(
                "{} is sealed as it stands, since {} by {}\n",
                printable(id),
                lock.at.value,
                printable(&lock.by)
            );
            continue;
        }
        let sealing = Sealing { id, at: &at, by: &by, commit: commit.as_deref() };
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        files.insert(name, sealing.text(&opened.workspace.terms(&one.plan, &one.tree)).into_bytes());
        text += &format!("{} is sealed at {at} by {}: {}\n", printable(id), printable(&by), printable(&path));
        if one.plan.calendar.start.as_ref().is_some_and(|start| start.value < at.day()) {
            text += "note: after its start; LIF006 will say so for ever\n";
        }
    }
    let folder = format!("{}{}", opened.prefix, opened.workspace.lock_path("x"));
    let folder = Path::new(&folder).parent().unwrap_or(Path::new("."));
    if !files.is_empty() {
        write_all(folder, &files, &[]).map_err(|fault| Failure::Io {
            action: fault.action,
            path: fault.path,
            cause: fault.cause,
        })?;
        text += "commit the lock with the spec: from now on a change of the plan needs an amendment\n";
    }
    super::print(&text);
    Ok(Exit::Clean)
}

/// The specs that were asked for.
fn chosen<'a>(arguments: &Arguments, opened: &'a Opened) -> Result<Vec<&'a SpecFile>, Failure> {
    if arguments.ready {
        let ready = |spec: &&SpecFile| opened.workspace.compile(spec).plan.status.value == Status::Ready;
        return Ok(opened.workspace.specs.iter().filter(ready).collect());
    }
    if arguments.experiments.is_empty() {
        let sealed = |spec: &&SpecFile| opened.workspace.lock(&spec.stem).is_some();
        return Ok(opened.workspace.specs.iter().filter(sealed).collect());
    }
    let mut specs: Vec<&SpecFile> = Vec::new();
    for name in &arguments.experiments {
        let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
        let id = if name.ends_with(".toml") { stem } else { name };
        let spec = opened.spec_by_id(id)?;
        if specs.iter().all(|known| known.file != spec.file) {
            specs.push(spec);
        }
    }
    Ok(specs)
}

/// Who seals or amends.
pub fn who(given: Option<&str>, root: &Path) -> Result<String, Failure> {
    let name = given.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    name.or_else(|| user_name(root)).ok_or_else(|| Failure::Usage {
        text: "nobody is named".to_owned(),
        help: "pass --by \"Your Name\", or set `git config user.name`".to_owned(),
    })
}

fn in_its_slot(opened: &Opened, outcome: &Outcome, spec: &SpecFile) -> Compiled {
    let mut compiled = opened.workspace.compile(spec);
    let slot = outcome.portfolio.slot(&compiled.plan.id);
    compiled.plan.place(slot.map(|slot| (slot.from, slot.to)));
    compiled
}

/// Says why nothing is sealed, when one of the experiments cannot be.
fn refused(opened: &Opened, mut outcome: Outcome, compiled: &[Compiled], at: &Moment) -> Option<Exit> {
    let mut reasons = String::new();
    for one in compiled {
        let id = printable(&one.stem);
        let status = one.plan.status.value;
        reasons += &match opened.workspace.lock(&one.stem) {
            _ if status == Status::Draft => {
                format!("{id} is a draft: set `status = \"ready\"` once its plan is whole\n")
            }
            Some(Ok(lock)) => match difference(lock, one) {
                (change, _) if change.is_empty() => String::new(),
                (change, _) => format!(
                    "{id} was sealed on {} and is another plan now ({}): `expc amend {id}` drafts the amendment\n",
                    lock.at.day(),
                    named(&change)
                ),
            },
            None if status.is_over() => format!("{id} is {status}: a plan is sealed before its data\n"),
            Some(Err(_)) | None => String::new(),
        };
    }
    let is_chosen = |file| compiled.iter().any(|one| one.document.file == file);
    let is_named = |id: &str| compiled.iter().any(|one| *one.plan.id == *id || one.stem == id);
    outcome.findings.retain(|finding| {
        let concerns = is_chosen(finding.primary.span.file) || finding.experiment.as_deref().is_some_and(is_named);
        // What sealing puts right, and what is told above.
        let own = matches!(&*finding.code, "LIF001" | "LIF002" | "LIF007");
        finding.level == Level::Error && concerns && !own
    });
    if reasons.is_empty() && outcome.findings.is_empty() && !outcome.crashed {
        return None;
    }
    if !outcome.findings.is_empty() || outcome.crashed {
        let look = check_door::look(clap::ColorChoice::Auto, false, false);
        let Ok(format) = check_door::format("text") else { return Some(Exit::Bug) };
        check_door::print(opened, &outcome, Some(at.day()), Compared::default(), format, &look);
        reasons += "a plan with errors is not sealed: put right what stands above\n";
    }
    super::complain(&format!("{reasons}nothing was sealed\n"));
    Some(if outcome.crashed { Exit::Bug } else { Exit::Findings })
}

/// What a seal holds and the spec says otherwise: without an amendment that says so, and with one.
fn difference(lock: &Lock, compiled: &Compiled) -> (Change, Change) {
    let Some(terms) = &compiled.terms else { return Default::default() };
    let change = Change::between(&lock.terms, terms).held();
    let of_note = change.fields.into_iter().filter(|field| !field.foreseen);
    let is_covered = |field: &FieldChange| cover(field, lock.at.day(), &compiled.spec).is_enough();
    let (amended, silent) = of_note.partition(is_covered);
    (Change { fields: silent }, Change { fields: amended })
}

/// The first fields of a change, for one line.
fn named(change: &Change) -> String {
    let shown: Vec<String> = change.fields.iter().take(3).map(|field| printable(&field.dotted()).to_string()).collect();
    let more = change.fields.len().saturating_sub(shown.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

/// Says of each experiment whether it is as it was sealed and, with certificates, since when that is proven.
fn verify(opened: &Opened, specs: &[&SpecFile], authority: Option<&proof::Authority<'_>>) -> Result<Exit, Failure> {
    let mut text = String::new();
    let mut exit = if specs.is_empty() { Exit::Nothing } else { Exit::Clean };
    for spec in specs {
        let id = printable(&spec.stem);
        text += &match opened.workspace.lock(&spec.stem) {
            None => {
                exit = Exit::Findings;
                format!("{id}: not sealed\n")
            }
            Some(Err(_)) => {
                exit = Exit::Findings;
                format!("{id}: the lock is broken; `expc check` says how\n")
            }
            Some(Ok(lock)) => {
                let sealed = format!("sealed at {} by {}", lock.at.value, printable(&lock.by));
                let compiled = opened.workspace.compile(spec);
                let mut line = match difference(lock, &compiled) {
                    (silent, _) if !silent.is_empty() => {
                        exit = Exit::Findings;
                        format!("{id}: {sealed}, but {} changed since\n", named(&silent))
                    }
                    (_, amended) if !amended.is_empty() => {
                        format!("{id}: as it was {sealed}, but for {}, amended\n", named(&amended))
                    }
                    _ => format!("{id}: as it was {sealed}\n"),
                };
                if let Some(authority) = authority {
                    let start = lock.terms.plan.at_path("rollout.start").and_then(|node| node.as_str()?.parse().ok());
                    line += &match authority.judge(opened, lock, start)? {
                        Ok(proven) => format!("{id}: {proven}"),
                        Err(fault) => {
                            exit = Exit::Findings;
                            format!("{id}: {fault}")
                        }
                    };
                }
                line
            }
        };
    }
    if specs.is_empty() {
        super::complain("no experiment is sealed\n");
    }
    super::print(&text);
    Ok(exit)
}
