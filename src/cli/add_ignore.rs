//! `expc check --add-ignore`: comments for the findings that are to stay, written before the check that follows.

use super::{Failure, fix, place};
use crate::check::{Additions, Options, add_ignores, check};
use crate::diag::{Diagnostic, Level};
use crate::rules;
use crate::rules::ignores::{NEVER_IGNORED, is_reason};
use crate::spec::Day;
use crate::text::{nearest, printable};
use crate::world::Disk;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// Write a comment `# expc: ignore[CODE]: …` for each error and warning, then check what is left
    #[arg(long)]
    add_ignore: bool,
    /// Why they are to stay, in two words or more: the end of each comment
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The last day on which the comments count
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<Day>,
    /// Only findings of this rule, infos too; may be given several times
    #[arg(long, value_name = "CODE")]
    code: Vec<String>,
}

/// The workspace to report on: with the comments on disk, or as it was when they are only shown.
pub fn run(
    request: &Request<'_>,
    fixes: &fix::Arguments,
    opened: place::Opened,
    options: Options,
    color: clap::ColorChoice,
) -> Result<place::Opened, Failure> {
    let outcome = check(&opened.workspace, options);
    let wanted = |finding: &Diagnostic| {
        let path = opened.workspace.sources.path(finding.primary.span);
        opened.covers(path) && request.wants(finding)
    };
    let until = request.until.map(|day| day.to_string());
    let additions = add_ignores(&opened.workspace, &outcome, wanted, until.as_deref(), request.reason);
    let said = |verb: &str| said(verb, &opened, &outcome.findings, &additions);
    if fixes.diff {
        super::print_in(color, &fix::diff(&opened.prefix, &additions.changes));
        super::complain(&said("would write"));
        return Ok(opened);
    }
    if additions.changes.is_empty() {
        super::complain(&said("wrote"));
        return Ok(opened);
    }
    fix::write(&opened, "write a comment to", &additions.changes)?;
    super::complain(&said("wrote"));
    // What is reported is what the disk holds, not what was meant to be there.
    let workspace = opened.again(&Disk::new(&opened.root));
    Ok(place::Opened { workspace, ..opened })
}

/// What was asked for, understood.
pub struct Request<'a> {
    reason: &'a str,
    until: Option<Day>,
    /// Codes of rules, and names that only a finding may know; empty for all.
    codes: Vec<&'a str>,
}

impl<'a> Request<'a> {
    /// `None` when no comments are to be written.
    pub fn of(arguments: &'a Arguments, fixes: &fix::Arguments, today: Option<Day>) -> Result<Option<Self>, Failure> {
        let refused = |text: String, help: String| Err(Failure::Usage { text, help });
        if !arguments.add_ignore {
            let given = [
                ("--reason", arguments.reason.is_some()),
                ("--until", arguments.until.is_some()),
                ("--code", !arguments.code.is_empty()),
            ];
            return match given.into_iter().find(|(_, given)| *given) {
                Some((name, _)) => refused(
                    format!("`{name}` says what a comment holds, not to write one"),
                    "add `--add-ignore`".to_owned(),
                ),
                None => Ok(None),
            };
        }
        if fixes.writes() {
            let help = "run `--fix` first and `--add-ignore` on what is left".to_owned();
            return refused("`--fix` and `--add-ignore` would both write".to_owned(), help);
        }
        let example = "say why: `--reason \"pilot, power judged by hand\"`".to_owned();
        let Some(reason) = arguments.reason.as_deref().map(str::trim) else {
            return refused("`--add-ignore` needs a reason".to_owned(), example);
        };
        if reason.contains(char::is_control) {
            return refused("a reason is one line of text".to_owned(), example);
        }
        if !is_reason(reason) {
            return refused(format!("`{reason}` is no reason: it takes two words or more"), example);
        }
        if let Some((until, today)) = arguments.until.zip(today).filter(|(until, today)| until < today) {
            let help = format!("name a day from {today} on, or leave `--until` out");
            return refused(format!("{until} is over: the comments would hide nothing"), help);
        }
        let codes = arguments.code.iter().map(|name| known(name)).collect::<Result<_, _>>()?;
        Ok(Some(Self { reason, until: arguments.until, codes }))
    }

    fn wants(&self, finding: &Diagnostic) -> bool {
        match self.codes.is_empty() {
            true => Level::Warn <= finding.level,
            false => self.codes.iter().any(|code| finding.code == *code),
        }
    }
}

/// The code of a rule that a comment may name.
fn known(name: &str) -> Result<&str, Failure> {
    let rule = rules::find(name);
    if let Some(rule) = rule.filter(|rule| NEVER_IGNORED.contains(&rule.code)) {
        return Err(Failure::Usage {
            text: format!("{} cannot be ignored", rule.code),
            help: format!("mend what it finds; `expc explain {}` says how", rule.code),
        });
    }
    rule.map(|rule| rule.code).ok_or_else(|| {
        let near = nearest(name, rules::all().flat_map(|rule| [rule.code, rule.name]));
        Failure::Usage {
            text: format!("no rule is called `{name}`"),
            help: near
                .map_or("`expc rules` lists codes and names".to_owned(), |near| format!("did you mean `{near}`?")),
        }
    })
}

/// How many of the findings that no comment hides are named.
const MOST_LEFT: usize = 10;

fn said(verb: &str, opened: &place::Opened, findings: &[Diagnostic], additions: &Additions) -> String {
    let counted = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let mut text = match additions.comments {
        0 => "no comment to write\n".to_owned(),
        comments => format!(
            "{verb} {} in {}, for {}\n",
            counted(comments, "comment"),
            counted(additions.changes.len(), "file"),
            counted(additions.hidden, "finding")
        ),
    };
    for (index, why) in additions.left.iter().take(MOST_LEFT) {
        let span = findings[*index].primary.span;
        let sources = &opened.workspace.sources;
        let place = format!("{}{}:{}", opened.prefix, sources.path(span), sources.start(span).line);
        text += &format!("not ignored: {} {}: {why}\n", printable(&place), findings[*index].code);
    }
    if let more @ 1.. = additions.left.len().saturating_sub(MOST_LEFT) {
        text += &format!("not ignored: {more} more\n");
    }
    text
}
