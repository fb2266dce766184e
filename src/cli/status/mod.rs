//! `expc status`: what is due on a day.

mod due;
mod seals;
mod slack;

use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::json;

use super::{Exit, Failure, place};
use crate::portfolio::SpecFile;
use crate::rules::prelude::days;
use crate::spec::Day;
use crate::text::printable;
use due::Due;
use seals::Seal;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace, or a part of it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The day; today when absent
    #[arg(long, value_name = "YYYY-MM-DD", visible_alias = "today")]
    date: Option<Day>,
    /// How many days ahead are shown
    #[arg(long, default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=3660))]
    within: u32,
    /// Experiments of one owner only
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// How it is printed: text, json or slack (Block Kit)
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

/// What is due, in the order in which it should be done.
struct Status<'a> {
    day: Day,
    within: u32,
    workspace: &'a str,
    overdue: Vec<Due>,
    today: Vec<Due>,
    to_come: Vec<Due>,
    /// The first thing after what is shown.
    next: Option<Due>,
    /// Seals that are missing, broken or departed from.
    seals: Vec<Seal>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let print = match arguments.format.as_str() {
        "text" => text,
        "json" => as_json,
        "slack" => as_slack,
        other => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json, slack".to_owned(),
            });
        }
    };
    let opened = place::open(&arguments.path)?;
    let workspace = &opened.workspace;
    let Some(day) = place::day(arguments.date) else {
        return Err(Failure::Usage {
            text: "the clock of this machine has no usable date".to_owned(),
            help: "name the day: `--date 2026-12-07`".to_owned(),
        });
    };
    let covered: Vec<_> = workspace.specs.iter().filter(|spec| opened.covers(&spec.path)).collect();
    let read = |spec: &&SpecFile| {
        let compiled = workspace.compile(spec);
        (due::of(workspace, &compiled, day), seals::of(workspace, &compiled))
    };
    let (all, seals): (Vec<Vec<Due>>, Vec<Vec<Seal>>) = covered.par_iter().map(read).unzip();
    let wanted = |owner: &Option<String>| arguments.owner.is_none() || *owner == arguments.owner;
    let mut all: Vec<Due> = all.into_iter().flatten().filter(|due| wanted(&due.owner)).collect();
    let seals: Vec<Seal> = seals.into_iter().flatten().filter(|seal| wanted(&seal.owner)).collect();
    if let Some(owner) = arguments.owner.as_ref().filter(|_| all.is_empty() && seals.is_empty()) {
        super::history::named("owner", owner, workspace.catalog.owners.names())?;
    }
    all.sort_by(|a, b| (a.day, a.kind, &a.experiment).cmp(&(b.day, b.kind, &b.experiment)));
    let last = day.plus(arguments.within);
    let mut status = Status {
        day,
        within: arguments.within,
        workspace: workspace.name(),
        overdue: Vec::new(),
        today: Vec::new(),
        to_come: Vec::new(),
        next: None,
        seals,
    };
    for mut due in all {
        due.path = format!("{}{}", opened.prefix, due.path);
        match due.day {
            past if past < day && due.stays_open => status.overdue.push(due),
            past if past < day => {}
            now if now == day => status.today.push(due),
            soon if soon <= last => status.to_come.push(due),
            _ => status.next = status.next.or(Some(due)),
        }
    }
    super::print(&print(&status));
    Ok(Exit::Clean)
}

impl Status<'_> {
    fn parts(&self) -> [(&'static str, &[Due]); 3] {
        [("overdue", &self.overdue), ("today", &self.today), ("to come", &self.to_come)]
    }

    fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, list)| list.is_empty())
    }

    fn headline(&self) -> String {
        let workspace = printable(self.workspace);
        if self.is_empty() {
            return format!("{workspace} on {}: nothing is due within {}", self.day, days(self.within));
        }
        let (overdue, today, to_come) = (self.overdue.len(), self.today.len(), self.to_come.len());
        format!("{workspace} on {}: {overdue} overdue, {today} today, {to_come} within {}", self.day, days(self.within))
    }

    /// `2 days late`, `in 3 days`; nothing on the day itself.
    fn away(&self, due: &Due) -> String {
        let away = self.day.until(due.day);
        let number = u32::try_from(away.unsigned_abs()).unwrap_or(u32::MAX);
        match away {
            0 => String::new(),
            1.. => format!("in {}", days(number)),
            _ => format!("{} late", days(number)),
        }
    }

    fn next_text(&self) -> Option<String> {
        let next = self.next.as_ref()?;
        Some(format!("next: {} {}, {}", next.day, printable(&next.experiment), next.text))
    }
}

fn text(status: &Status<'_>) -> String {
    let mut out = status.headline() + "\n";
    for (heading, list) in status.parts() {
        if list.is_empty() {
            continue;
        }
        out += &format!("\n{heading}\n");
        for due in list {
            let away = status.away(due);
            let owner = due.owner.as_ref().map_or(String::new(), |owner| format!(", {}", printable(owner)));
            out += &format!("  {}  {away:13}  {:9}  {}{owner}\n", due.day, due.kind.name(), printable(&due.experiment));
            out += &format!("  {:38}{}\n", "", due.text);
        }
    }
    if !status.seals.is_empty() {
        out += "\nsealed plans\n";
    }
    for seal in &status.seals {
        out += &format!("  {}: {}\n", printable(&seal.experiment), seal.text);
    }
    if let Some(next) = status.next_text() {
        out += &format!("\n{next}\n");
    }
    out
}

fn as_json(status: &Status<'_>) -> String {
    let one = |due: &Due| {
        json!({
            "day": due.day.to_string(),
            "days": status.day.until(due.day),
            "kind": due.kind.name(),
            "experiment": due.experiment,
            "owner": due.owner,
            "path": due.path,
            "text": due.text,
        })
    };
    let list = |list: &[Due]| list.iter().map(one).collect::<Vec<_>>();
    let value = json!({
        "version": 1,
        "workspace": status.workspace,
        "date": status.day.to_string(),
        "within_days": status.within,
        "overdue": list(&status.overdue),
        "today": list(&status.today),
        "to_come": list(&status.to_come),
        "next": status.next.as_ref().map(one),
        "seals": status.seals.iter().map(|seal| json!({
            "experiment": seal.experiment,
            "owner": seal.owner,
            "state": seal.state,
            "text": seal.text,
        })).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

fn as_slack(status: &Status<'_>) -> String {
    let line = |due: &Due| {
        let away = status.away(due);
        let away = if away.is_empty() { String::new() } else { format!(" ({away})") };
        let owner = due.owner.as_ref().map_or(String::new(), |owner| format!(", {}", slack::escaped(owner)));
        let (experiment, text) = (slack::escaped(&due.experiment), slack::escaped(&due.text));
        format!("• {}{away}: {experiment}{owner}: {text}", due.day)
    };
    let filled = status.parts().into_iter().filter(|(_, list)| !list.is_empty());
    let mut parts: Vec<slack::Part> = filled
        .map(|(heading, list)| {
            let heading = heading[..1].to_uppercase() + &heading[1..];
            slack::Part { heading, lines: list.iter().map(line).collect() }
        })
        .collect();
    if !status.seals.is_empty() {
        let line = |seal: &Seal| format!("• {}: {}", slack::escaped(&seal.experiment), slack::escaped(&seal.text));
        parts.push(slack::Part { heading: "Sealed plans".to_owned(), lines: status.seals.iter().map(line).collect() });
    }
    if let Some(next) = status.next_text().filter(|_| status.is_empty()) {
        parts.push(slack::Part { heading: "Nothing is due".to_owned(), lines: vec![slack::escaped(&next)] });
    }
    let message = slack::message(&status.headline(), &parts, "`expc status` lists all of it.");
    serde_json::to_string_pretty(&message).unwrap_or_default() + "\n"
}
