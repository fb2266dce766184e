//! `expc rules --explain-level CODE PATH`: which line sets the level of a rule for a file.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::super::{Exit, Failure, place};
use crate::check::{Step, in_force, steps};
use crate::policy::PresetName;
use crate::rules::{self, Known};
use crate::spec::{Day, Status};
use crate::text::{Sources, nearest, printable};

pub fn run(code: &str, path: &str, today: Option<Day>, format: &str) -> Result<Exit, Failure> {
    if !matches!(format, "text" | "json") {
        return Err(Failure::Usage {
            text: format!("unknown format `{format}`"),
            help: "one of text, json".to_owned(),
        });
    }
    let opened = place::open_spec(path, Path::new("."))?;
    let workspace = &opened.workspace;
    let (file, status) = subject(&opened, path)?;
    let Some(rule) = rules::find_known(workspace, code) else {
        let known: Vec<Known<'_>> = rules::known(workspace).collect();
        let near = nearest(code, known.iter().flat_map(|rule| [rule.code, rule.name]));
        return Err(Failure::Usage {
            text: format!("no rule is called `{code}`"),
            help: near.map_or("`expc rules` lists them".to_owned(), |near| format!("did you mean `{near}`?")),
        });
    };
    let today = place::day(today);
    let levels = workspace.in_force.levels(&file).on(today);
    let preset = workspace.in_force.policy(&file).preset.value;
    let answer = Answer {
        rule,
        shown: format!("{}{file}", opened.prefix),
        today,
        preset,
        level: in_force(rule, status, preset, &levels),
        steps: steps(rule, status, preset, &levels),
        sources: &workspace.sources.under(&opened.prefix),
    };
    super::super::print(&match format {
        "json" => serde_json::to_string_pretty(&answer.json()).unwrap_or_default() + "\n",
        _ => answer.text(),
    });
    Ok(Exit::Clean)
}

/// The file that is meant, and the status of its experiment when it holds one.
fn subject(opened: &place::Opened, path: &str) -> Result<(String, Option<Status>), Failure> {
    let workspace = &opened.workspace;
    let spec = |spec: &crate::portfolio::SpecFile| (spec.path.clone(), Some(workspace.compile(spec).plan.status.value));
    if Path::new(path).exists() {
        if let Some(found) = workspace.specs.iter().find(|spec| spec.path == opened.part) {
            return Ok(spec(found));
        }
        if workspace.documents.iter().any(|document| document.path == opened.part) {
            return Ok((opened.part.clone(), None));
        }
        let what = if Path::new(path).is_dir() { "is a folder" } else { "is no file that expc reads" };
        return Err(Failure::Usage {
            text: format!("`{path}` {what}"),
            help: "name an experiment, or a file of the catalogue or the templates".to_owned(),
        });
    }
    opened.spec(path).map(spec)
}

struct Answer<'a> {
    rule: Known<'a>,
    shown: String,
    today: Option<Day>,
    preset: PresetName,
    level: crate::policy::InForceLevel,
    steps: Vec<Step<'a>>,
    sources: &'a Sources,
}

impl Answer<'_> {
    fn place(&self, step: &Step<'_>) -> Option<(String, usize)> {
        match step {
            Step::Written(entry, _) => {
                Some((self.sources.path(entry.span).to_owned(), self.sources.start(entry.span).line))
            }
            _ => None,
        }
    }

    /// What a step is, in words.
    fn said(&self, step: &Step<'_>) -> String {
        match step {
            Step::BuiltIn(_) => "the rule's own level".to_owned(),
            Step::Draft(_) => "softer while the experiment is a draft".to_owned(),
            Step::Strict(_) => format!("the preset `{}`, once a spec is ready", self.preset),
            Step::Written(entry, _) => {
                let table = if entry.overrides { "[[overrides]]" } else { "[rules]" };
                let key = printable(entry.key);
                let group = if entry.key == self.rule.group { ", its group" } else { "" };
                format!("{table} {key} = {}{group}", entry.setting)
            }
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{} is {} in {}",
            match self.rule.code.ends_with(self.rule.name) {
                true => self.rule.code.to_owned(),
                false => format!("{} {}", self.rule.code, self.rule.name),
            },
            match self.level.level {
                crate::diag::Level::Allow => "allowed".to_owned(),
                crate::diag::Level::Error => "an error".to_owned(),
                crate::diag::Level::Info => "an info".to_owned(),
                crate::diag::Level::Warn => "a warning".to_owned(),
            },
            printable(&self.shown)
        );
        if let Some(day) = self.level.error_from {
            text += &format!(", an error from {day}");
        }
        if let Some(today) = self.today {
            text += &format!(" (as of {today})");
        }
        text += "\n\n";
        let places: Vec<String> = self
            .steps
            .iter()
            .map(|step| {
                self.place(step).map_or("built in".to_owned(), |(path, line)| format!("{}:{line}", printable(&path)))
            })
            .collect();
        let width = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
        let last = self.steps.len().saturating_sub(1);
        for (index, (step, place)) in self.steps.iter().zip(&places).enumerate() {
            let counts = if index == last { "  <- counts" } else { "" };
            text += &format!("  {place:width$}  {:7}  {}{counts}\n", step.level().name(), self.said(step));
        }
        text
    }

    fn json(&self) -> Json {
        let steps = self.steps.iter().map(|step| {
            let place = self.place(step);
            json!({
                "level": step.level().name(),
                "from": match step {
                    Step::BuiltIn(_) => "rule",
                    Step::Draft(_) => "draft",
                    Step::Strict(_) => "preset",
                    Step::Written(entry, _) if entry.overrides => "override",
                    Step::Written(..) => "rules",
                },
                "file": place.as_ref().map(|(path, _)| path),
                "line": place.as_ref().map(|(_, line)| line),
                "about": self.said(step),
            })
        });
        json!({
            "format": "expc.level/1",
            "code": self.rule.code, "name": self.rule.name, "path": self.shown,
            "today": self.today.map(|day| day.to_string()),
            "level": self.level.level.name(),
            "error_from": self.level.error_from.map(|day| day.to_string()),
            "steps": steps.collect::<Vec<_>>(),
        })
    }
}
