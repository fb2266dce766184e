//! `expc rules` and `expc explain`: ours, and those of the workspace that the command stands in.

mod level;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Exit, Failure, place};
use crate::portfolio::{CUSTOM_GROUP, CUSTOM_PREFIX as PREFIX, CustomRule, Expression};
use crate::rules::{self, Rule};
use crate::spec::Day;
use crate::stats::pages::{self, PAGES};
use crate::text::{nearest, printable};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How the list is printed: text, json or markdown
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    /// Only the rules of this group: syntax, hypothesis, metrics, statistics … or custom, the organisation's own
    #[arg(long)]
    group: Option<String>,
    /// Say which line of `expc.toml` sets the level of a rule for a file
    #[arg(long, num_args = 2, value_names = ["CODE", "PATH"])]
    explain_level: Option<Vec<String>>,
    /// The workspace whose custom rules are listed with ours
    #[arg(long, default_value = ".", value_name = "PATH")]
    workspace: PathBuf,
    /// The day that levels are judged against; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Day>,
}

#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The code or the name of a rule, or a statistical design: `STA002`, `underpowered`, `proportions`
    ///
    /// Without it the pages of the designs are listed.
    subject: Option<String>,
    /// The workspace whose custom rules are known beside ours
    #[arg(long, default_value = ".", value_name = "PATH")]
    workspace: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if let Some([code, path]) = arguments.explain_level.as_deref() {
        return level::run(code, path, arguments.today, &arguments.format);
    }
    let group = arguments.group.as_deref();
    let is_group = |name: &str| name == CUSTOM_GROUP || rules::GROUPS.iter().any(|(_, known)| *known == name);
    if let Some(group) = group.filter(|group| !is_group(group)) {
        return Err(Failure::Usage {
            text: format!("unknown group `{group}`"),
            help: format!("one of {}, {CUSTOM_GROUP}", rules::GROUPS.map(|(_, name)| name).join(", ")),
        });
    }
    let listed: Vec<&Rule> = rules::all().filter(|rule| group.is_none_or(|group| rule.group() == group)).collect();
    let opened = place::open(&arguments.workspace).ok();
    let custom = opened.as_ref().map_or(&[][..], |opened| &opened.workspace.custom.rules);
    let custom = if group.is_none_or(|group| group == CUSTOM_GROUP) { custom } else { &[] };
    match arguments.format.as_str() {
        "text" => super::print(&table(&listed, custom)),
        "json" => {
            let pages = listed.iter().map(|rule| page_json(rule)).chain(custom.iter().map(custom_json));
            let pages: Vec<_> = pages.collect();
            let document = json!({ "format": "expc.rules/1", "rules": pages });
            super::print(&(serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"));
        }
        "markdown" => super::print(&super::reference::markdown(&listed)),
        other => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json, markdown".to_owned(),
            });
        }
    }
    Ok(Exit::Clean)
}

fn table(rules: &[&Rule], custom: &[CustomRule]) -> String {
    let names = rules.iter().map(|rule| rule.name.len()).chain(custom.iter().map(|rule| rule.name.len()));
    let width = names.max().unwrap_or(0);
    let mut text = String::new();
    let mut group = "";
    for rule in rules {
        if rule.group() != group {
            if !group.is_empty() {
                text.push('\n');
            }
            group = rule.group();
            text += &format!("{group}\n");
        }
        let fix = if rule.fix.is_some() { "fix" } else { "" };
        let level =
            if rule.level == rule.draft { rule.level.name().to_owned() } else { format!("{}*", rule.level.name()) };
        let needs: Vec<_> = rule.needs.iter().map(|need| need.name()).collect();
        let needs = if needs.is_empty() { String::new() } else { format!("  ({})", needs.join(", ")) };
        text += &format!("  {}  {:width$}  {level:8}  {fix:3}  {}{needs}\n", rule.code, rule.name, rule.summary());
    }
    for (index, rule) in custom.iter().enumerate() {
        if index == 0 {
            text += if rules.is_empty() { "custom\n" } else { "\ncustom\n" };
        }
        let (level, about) = (rule.level.name(), printable(&rule.about));
        text += format!("  {PREFIX}…   {:width$}  {level:8}       {about}", rule.name).trim_end();
        text.push('\n');
    }
    text += &format!(
        "\nA level with * is softer in drafts; in brackets stands what a rule needs beside the spec.\n{} rules. `expc explain CODE` shows why, a bad and a good example.\n",
        rules.len() + custom.len()
    );
    text
}

fn page_json(rule: &Rule) -> serde_json::Value {
    json!({
        "code": rule.code, "name": rule.name, "group": rule.group(), "since": rule.since,
        "level": rule.level, "level_in_drafts": rule.draft, "fix": rule.fix,
        "needs": rule.needs.iter().map(|need| need.name()).collect::<Vec<_>>(),
        "summary": rule.summary(), "why": rule.why(), "how": rule.how(), "source": rule.source(),
        "bad": rule.examples("bad"), "fixed": rule.examples("fixed"), "good": rule.examples("good"),
    })
}

fn custom_json(rule: &CustomRule) -> serde_json::Value {
    let example = |text: &Option<crate::spec::At<String>>| text.iter().map(|at| at.value.clone()).collect::<Vec<_>>();
    json!({
        "code": rule.code, "name": rule.name, "group": CUSTOM_GROUP, "since": null,
        "level": rule.level, "level_in_drafts": rule.level, "fix": null, "needs": ["policy"],
        "summary": rule.about, "why": "", "source": "expc.toml",
        "bad": example(&rule.bad), "good": example(&rule.good),
    })
}

pub fn explain(arguments: &Explain) -> Result<Exit, Failure> {
    let Some(subject) = &arguments.subject else {
        let width = PAGES.iter().map(|page| page.name.len()).max().unwrap_or(0);
        let lines = PAGES.iter().map(|page| format!("  {:width$}  {}\n", page.name, page.title()));
        let lines: String = lines.collect();
        super::print(&format!("designs\n{lines}\n`expc explain NAME` shows one; `expc rules` lists the rules.\n"));
        return Ok(Exit::Clean);
    };
    if let Some(rule) = rules::find(subject) {
        super::print(&page(rule));
    } else if let Some(design) = pages::find(subject) {
        super::print(&plain(design.text));
    } else if let Some(page) = custom_page(subject, &arguments.workspace) {
        super::print(&page);
    } else {
        let designs = PAGES.iter().map(|page| page.name);
        let near = nearest(subject, rules::all().flat_map(|rule| [rule.code, rule.name]).chain(designs));
        return Err(Failure::Usage {
            text: format!("no rule and no design `{subject}`"),
            help: near.map_or("`expc rules` and `expc explain` list them".to_owned(), |near| {
                format!("did you mean `{near}`?")
            }),
        });
    }
    Ok(Exit::Clean)
}

/// The page of a rule of the workspace's own.
fn custom_page(subject: &str, workspace: &Path) -> Option<String> {
    let opened = place::open(workspace).ok()?;
    let rule = opened.workspace.custom.find(subject)?;
    let sources = opened.workspace.sources.under(&opened.prefix);
    let (path, line) = (sources.path(rule.key), sources.start(rule.key).line);
    let mut text = format!("{} {}\n\n", rule.code, rule.name);
    if !rule.about.is_empty() {
        text += &format!("{}\n\n", wrapped(&printable(&rule.about)));
    }
    let written = |expression: &Expression| {
        let source = sources.slice(expression.inside.whole());
        source.lines().map(|line| format!("    {}\n", printable(line))).collect::<String>()
    };
    if let Some(when) = &rule.when {
        text += &format!("Where\n{}\n", written(when));
    }
    text += &format!("Requires\n{}", written(&rule.require));
    for (title, example) in [("Bad", &rule.bad), ("Good", &rule.good)] {
        if let Some(example) = example {
            let lines = example.value.trim().lines().map(|line| format!("    {}\n", printable(line)));
            text += &format!("\n{title}\n{}", lines.collect::<String>());
        }
    }
    text += &format!("\nLevel {}; written in {}:{line}.\n", rule.level.name(), printable(path));
    Some(text)
}

/// A page of Markdown for a terminal: headings without marks, blocks set in.
fn plain(markdown: &str) -> String {
    let (mut inside, mut rust) = (false, false);
    let mut text = String::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = !inside;
            rust = line == "```rust";
        } else if rust && line.starts_with("# ") {
            // Only the test of the example needs it.
        } else if inside {
            text += format!("    {line}").trim_end();
            text.push('\n');
        } else {
            text += line.trim_start_matches('#').trim_start();
            text.push('\n');
        }
    }
    text
}

/// The page of a rule, in plain text.
pub fn page(rule: &Rule) -> String {
    let mut text = format!("{} {}\n\n{}\n\n", rule.code, rule.name, wrapped(&rule.summary()));
    text += &format!("Why\n{}\n", wrapped(&rule.why()));
    if !rule.how().is_empty() {
        text += &format!("\nHow\n{}\n", wrapped(&rule.how()));
    }
    if !rule.source().is_empty() {
        text += &format!("\nSource\n{}\n", wrapped(&rule.source()));
    }
    for (title, example) in in_order(rule) {
        text += &format!("\n{title}\n{}", indented(&readable(&example)));
    }
    let level = rule.level.name();
    let draft = if rule.draft == rule.level { String::new() } else { format!(", {} in drafts", rule.draft.name()) };
    let needs: Vec<_> = rule.needs.iter().map(|need| need.name()).collect();
    let needs = if needs.is_empty() {
        "the spec alone".to_owned()
    } else {
        format!("the spec and the {}", needs.join(", the "))
    };
    text += &format!("\nLevel {level}{draft}; reads {needs}; group {}; since {}.\n", rule.group(), rule.since);
    text += &format!(
        "\nConfigure it in expc.toml\n    [rules]\n    {} = \"warn\"    # allow, info, warn, error\n",
        rule.code
    );
    text
}

/// The examples of a rule as its pages show them: each bad one with what its fix changes, then the good ones.
pub(super) fn in_order(rule: &Rule) -> impl Iterator<Item = (&'static str, String)> {
    let titled = |(sort, text)| match sort {
        "bad" => Some(("Bad", text)),
        "fixed" => Some(("Fixed", text)),
        _ => Some(("Good", text)).filter(|_| sort == "good"),
    };
    let mut blocks: Vec<_> = rule.blocks().into_iter().filter_map(titled).collect();
    blocks.sort_by_key(|(title, _)| *title == "Good");
    blocks.into_iter()
}

/// Test directives in the words of a reader.
pub(super) fn readable(example: &str) -> String {
    let line = |line: &str| match line.trim().strip_prefix("#: ") {
        Some(rest) => match rest.split_once(' ') {
            Some(("without", key)) => format!("# … without `{key}`\n"),
            Some(("file", path)) => format!("# {path}\n"),
            Some(("copy", path)) => format!("# … a copy of {path}, and\n"),
            Some(("leaves", rest)) => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                format!("# … and {code} is left: {reason}\n")
            }
            Some(("today", day)) => format!("# on {day}\n"),
            Some(("remove", path)) => format!("# … without {path}\n"),
            Some(("author", name)) => format!("# in a commit of {name}\n"),
            Some(("base", "same")) => "# … and the change touches nothing of this\n".to_owned(),
            _ if rest.split(' ').next() == Some("base") => "# where the change starts:\n".to_owned(),
            _ => String::new(),
        },
        None => format!("{line}\n"),
    };
    example.lines().map(line).collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// Lines of at most 100 characters, two spaces in.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut length = usize::MAX;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if 98 < length.saturating_add(width) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str("    ");
            length = 4;
        } else {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += width;
    }
    out
}
