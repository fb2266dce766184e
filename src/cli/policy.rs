//! `expc policy`.

use std::path::PathBuf;

use serde_json::json;

use super::{Exit, Failure, place};
use crate::check::{Options, Outcome, check};
use crate::diag::Diagnostic;
use crate::portfolio::{CUSTOM_PREFIX, CustomRule, CustomRules, SpecFile, Workspace};
use crate::spec::Day;
use crate::text::{Source, nearest, printable};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Try every custom rule on its bad and its good example
    Test(Test),
}

#[derive(Debug, clap::Args)]
struct Test {
    /// The workspace whose `expc.toml` holds the rules
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The day that rules are told; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Day>,
    /// How the answer is printed: text or json
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Command::Test(arguments) = &arguments.command;
    if !matches!(arguments.format.as_str(), "text" | "json") {
        return Err(Failure::Usage {
            text: format!("unknown format `{}`", arguments.format),
            help: "one of text, json".to_owned(),
        });
    }
    let mut opened = place::open(&arguments.path)?;
    let today = place::day(arguments.today);
    let tried = try_all(&mut opened.workspace, today);
    match arguments.format.as_str() {
        "json" => {
            let rules: Vec<_> = tried
                .iter()
                .map(|rule| json!({ "code": rule.code, "holds": rule.faults.is_empty(), "faults": rule.faults }))
                .collect();
            let document =
                json!({ "format": "expc.policy-test/1", "today": today.map(|day| day.to_string()), "rules": rules });
            super::print(&(serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"));
        }
        _ => super::print(&table(&tried, today)),
    }
    Ok(if tried.iter().all(|rule| rule.faults.is_empty()) { Exit::Clean } else { Exit::Findings })
}

/// A rule and what its examples show of it.
struct Tried {
    code: String,
    faults: Vec<String>,
}

fn table(tried: &[Tried], today: Option<Day>) -> String {
    let as_of = today.map_or_else(String::new, |day| format!(" (as of {day})"));
    let width = tried.iter().map(|rule| rule.code.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in tried {
        if rule.faults.is_empty() {
            text += &format!("holds  {:width$}  the bad example fires, the good one is silent\n", rule.code);
        }
        for fault in &rule.faults {
            text += &format!("fails  {:width$}  {}\n", rule.code, printable(fault));
        }
    }
    let failing = tried.iter().filter(|rule| !rule.faults.is_empty()).count();
    let rules = |number: usize| format!("{number} custom rule{}", if number == 1 { "" } else { "s" });
    text += &match (tried.len(), failing) {
        (0, _) => "no custom rules in expc.toml\n".to_owned(),
        (all, 0) => format!("{}: all hold{as_of}\n", rules(all)),
        (all, failing) => {
            format!("{}: {failing} of them fail{}{as_of}\n", rules(all), if failing == 1 { "s" } else { "" })
        }
    };
    text
}

/// What an example is laid over when the rule names no experiment.
const PLAIN: &str = r#"
schema = 1
[experiment]
id = "example"
title = "An example"
status = "ready"
owner = "example"
surface = "example"
[hypothesis]
because = "people were seen to stop at this step"
change = "remove the step"
[variants.control]
weight = 1
payload = { step = true }
[variants.treatment]
weight = 1
payload = { step = false }
[audience]
unit = "user"
daily_units = 100000
share = "50%"
[[metrics.primary]]
metric = "conversion"
mde = { relative = "2%" }
[design]
method = "fixed"
alpha = 0.05
power = 0.8
[rollout]
start = 2027-01-11
kill_switch = true
stages = [{ name = "main", share = "50%", hold = "14 days" }]
[decision]
by = 2027-02-15
otherwise = "iterate"
[privacy]
data_class = "pseudonymous"
basis = "legitimate-interest"
retention = "180 days"
regions = ["US"]
"#;

/// One example of a rule.
struct Example {
    rule: usize,
    bad: bool,
    /// The spec, and the one that it is laid over.
    specs: Result<(usize, usize), String>,
}

/// Runs every custom rule on every example: a bad one must fire its own rule alone.
fn try_all(workspace: &mut Workspace, today: Option<Day>) -> Vec<Tried> {
    let custom = std::mem::take(&mut workspace.custom);
    let real = std::mem::take(&mut workspace.specs);
    let mut examples = Vec::new();
    for (index, rule) in custom.rules.iter().enumerate() {
        for (bad, text) in [(true, &rule.bad), (false, &rule.good)] {
            let Some(text) = text else { continue };
            let laid = laid_over(workspace, &real, rule, text);
            let below = laid_over(workspace, &real, rule, "");
            let specs = laid.and_then(|laid| Ok((add(workspace, laid), add(workspace, below?))));
            examples.push(Example { rule: index, bad, specs });
        }
    }
    workspace.custom = custom;
    let outcome = check(workspace, Options { today, ..Options::default() });
    let CustomRules { rules, faults, .. } = &workspace.custom;
    let mut tried: Vec<Tried> =
        rules.iter().map(|rule| Tried { code: rule.code.clone(), faults: untested(rule) }).collect();
    for example in examples {
        let sort = if example.bad { "bad" } else { "good" };
        let rule = &rules[example.rule];
        let (spec, below) = match &example.specs {
            Ok((spec, below)) => (&workspace.specs[*spec], &workspace.specs[*below]),
            Err(why) => {
                tried[example.rule].faults.push(format!("the {sort} example {why}"));
                continue;
            }
        };
        let compiled = workspace.compile(spec);
        if let Some(fault) = compiled.document.faults.first() {
            let at = if fault.path.is_empty() { "its root" } else { &fault.path };
            tried[example.rule].faults.push(format!("the {sort} example is no spec: a fault in {at}"));
            continue;
        }
        // What the experiment below is told already is not the example's.
        let before: Vec<&str> = about(&outcome, below).map(|found| &*found.code).collect();
        let found = about(&outcome, spec).filter(|found| found.code == rule.code || !before.contains(&&*found.code));
        let mut own = false;
        for finding in found {
            own |= finding.code == rule.code;
            if finding.code != rule.code {
                tried[example.rule]
                    .faults
                    .push(format!("the {sort} example also fires {}: {}", finding.code, finding.headline));
            } else if !example.bad {
                tried[example.rule].faults.push(format!("the good example fires it: {}", finding.headline));
            }
        }
        if example.bad && !own {
            tried[example.rule].faults.push("the bad example does not fire it".to_owned());
        }
    }
    for fault in faults {
        let code = format!("{CUSTOM_PREFIX}{}", fault.rule);
        let text = format!("it cannot be read: {}", fault.headline);
        match tried.iter_mut().find(|rule| rule.code == code) {
            Some(rule) => rule.faults.push(text),
            None => tried.push(Tried { code, faults: vec![text] }),
        }
    }
    tried.sort_by(|a, b| a.code.cmp(&b.code));
    tried
}

fn add(workspace: &mut Workspace, (path, stem, text): (String, String, String)) -> usize {
    let file = workspace.sources.add(Source::new(path.clone(), text));
    workspace.specs.push(SpecFile { path, stem, file, unreadable: None });
    workspace.specs.len() - 1
}

/// What custom rules found in a spec. One that could not be judged points at its expression, in `expc.toml`.
fn about<'a>(outcome: &'a Outcome, spec: &'a SpecFile) -> impl Iterator<Item = &'a Diagnostic> {
    let of_custom = |found: &&Diagnostic| found.code.starts_with(CUSTOM_PREFIX) || found.code == "POL003";
    let here = |found: &&Diagnostic| {
        let mut labels = std::iter::once(&found.primary).chain(&found.secondary);
        found.code == "POL003" || labels.any(|label| label.span.file == spec.file)
    };
    outcome.findings.iter().filter(of_custom).filter(here)
}

fn untested(rule: &CustomRule) -> Vec<String> {
    let lacks = [(&rule.bad, "bad"), (&rule.good, "good")];
    lacks.iter().filter(|(text, _)| text.is_none()).map(|(_, sort)| format!("it has no {sort} example")).collect()
}

/// The path, the id and the text of a spec with an example laid over it.
fn laid_over(
    workspace: &Workspace,
    real: &[SpecFile],
    rule: &CustomRule,
    example: &str,
) -> Result<(String, String, String), String> {
    let (path, stem, below) = match &rule.over {
        None => ("experiments/example.toml".to_owned(), "example".to_owned(), PLAIN.to_owned()),
        Some(id) => {
            let Some(spec) = real.iter().find(|spec| spec.stem == id.value) else {
                let near = nearest(&id.value, real.iter().map(|spec| spec.stem.as_str()));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(format!("lies over `{}`, which is no experiment{near}", id.value));
            };
            (spec.path.clone(), spec.stem.clone(), workspace.sources.get(spec.file).text.to_string())
        }
    };
    let mut table: toml::Table = below.parse().map_err(|_| format!("lies over `{path}`, which is no TOML"))?;
    let above: toml::Table = example.parse().map_err(|_| "is no TOML".to_owned())?;
    lay(&mut table, above);
    let text = toml::to_string(&table).map_err(|error| format!("cannot be written: {error}"))?;
    Ok((path, stem, text))
}

fn lay(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => lay(old, new),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}
