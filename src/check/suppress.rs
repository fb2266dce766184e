//! Comments that hide findings: `# expc: ignore[STA002] until 2027-02-20: why`.
//!
//! Runs when every rule has spoken: what a comment names and covers moves from the findings to the suppressed ones;
//! then the rules on comments judge the comments. A comment that cannot be read, gives no reason or is over hides
//! nothing. Where a comment counts is said in `syntax`; files without one cost a search for `expc:`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use super::engine::{Outcome, internal_error};
use super::leveled;
use crate::diag::{Diagnostic, Level, Suppressed};
use crate::policy::{Levels, Policy};
use crate::portfolio::{Entry, Workspace};
use crate::rules::ignores::{Ignore, NEVER_IGNORED, Named, Presence, What, protected_by};
use crate::rules::{Check, CommentsCx, GROUPS, Known, Rule, Sink, find_known};
use crate::spec::Day;
use crate::syntax::{At, Directive, Reach, directives};
use crate::text::{FileId, Span};

/// Hides what comments hide, and judges the comments. The findings come sorted and leave sorted.
pub(super) fn apply(rules: &[&'static Rule], workspace: &Workspace, today: Option<Day>, outcome: &mut Outcome) {
    let files = commented(workspace);
    if files.is_empty() {
        return;
    }
    let run = Run::new(rules, workspace, outcome);
    let mut hidden: HashMap<usize, (Span, String, Option<String>)> = HashMap::new();
    let mut found = Vec::new();
    let mut skipped = Vec::new();
    let mut crashed = false;
    for (file, directives) in files {
        let judged = catch_unwind(AssertUnwindSafe(|| run.judge(file, directives, today, &outcome.findings)));
        match judged {
            Ok(judged) => {
                hidden.extend(judged.hidden);
                found.extend(judged.findings);
                skipped.extend(judged.skipped);
            }
            Err(panic) => {
                crashed = true;
                let headline = "expc itself failed on the comments of this file";
                found.push(internal_error(Span::file_start(file), headline, &*panic));
            }
        }
    }
    for (index, finding) in std::mem::take(&mut outcome.findings).into_iter().enumerate() {
        match hidden.remove(&index) {
            Some((comment, reason, until)) => outcome.suppressed.push(Suppressed { finding, comment, reason, until }),
            None => outcome.findings.push(finding),
        }
    }
    if !found.is_empty() {
        super::fixes::fit(&workspace.sources, &mut found);
        outcome.findings.extend(found);
        outcome.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    }
    outcome.skipped.extend(skipped);
    outcome.crashed |= crashed;
}

/// Every file that speaks to expc in comments, with what it says.
fn commented(workspace: &Workspace) -> Vec<(FileId, Vec<Directive>)> {
    let read = |file: FileId| {
        let text = &workspace.sources.get(file).text;
        // A panic here comes again, and is told, when the file is judged; no text is known that makes one.
        Some((file, directives(file, text))).filter(|(_, directives)| !directives.is_empty())
    };
    let shared = workspace.documents.iter().filter(|document| document.unreadable.is_none());
    let mut files: Vec<_> = shared.filter_map(|document| read(document.file)).collect();
    let specs = workspace.specs.par_iter().with_min_len(32).filter(|spec| spec.unreadable.is_none());
    files.par_extend(specs.filter_map(|spec| read(spec.file)));
    files
}

/// What is known of the whole run.
struct Run<'a> {
    rules: &'a [&'static Rule],
    workspace: &'a Workspace,
    entries: HashMap<FileId, FileFacts>,
    /// Rules that were skipped, with the experiment; the empty name stands for all.
    skipped: HashSet<(String, String)>,
    skipped_somewhere: HashSet<String>,
    /// Every file could be read to its end, and no rule failed.
    complete: bool,
    /// The same for what all specs rest on.
    shared_complete: bool,
}

/// What the portfolio knows of a spec.
struct FileFacts {
    experiment: std::sync::Arc<str>,
    status: crate::spec::Status,
    complete: bool,
}

/// What came of the comments of one file.
struct Judged {
    /// Findings by index, with the comment that hides each.
    hidden: Vec<(usize, (Span, String, Option<String>))>,
    findings: Vec<Diagnostic>,
    skipped: Vec<crate::diag::Skipped>,
}

/// One file with its levels.
struct InFile<'a> {
    workspace: &'a Workspace,
    findings: &'a [Diagnostic],
    facts: Option<&'a FileFacts>,
    policy: std::sync::Arc<Policy>,
    levels: Levels<'a>,
    /// An error in it may keep other rules from running.
    disturbed: bool,
}

impl<'a> Run<'a> {
    fn new(rules: &'a [&'static Rule], workspace: &'a Workspace, outcome: &Outcome) -> Self {
        let facts =
            |entry: &Entry| FileFacts { experiment: entry.id.clone(), status: entry.status, complete: entry.complete };
        let entries: HashMap<_, _> = outcome.portfolio.entries.iter().map(|entry| (entry.file, facts(entry))).collect();
        let shared_complete = !outcome.crashed
            && workspace.documents.iter().all(|document| !document.is_damaged() && document.faults.is_empty());
        Self {
            rules,
            workspace,
            skipped: outcome.skipped.iter().map(|skip| (skip.code.to_string(), skip.experiment.to_string())).collect(),
            skipped_somewhere: outcome.skipped.iter().map(|skip| skip.code.to_string()).collect(),
            complete: shared_complete
                && entries.len() == workspace.specs.len()
                && entries.values().all(|facts| facts.complete),
            shared_complete,
            entries,
        }
    }

    fn judge(&self, file: FileId, directives: Vec<Directive>, today: Option<Day>, all: &[Diagnostic]) -> Judged {
        let range = of_file(all, file);
        let path = self.workspace.sources.get(file).path.as_str();
        let mut cx = InFile {
            workspace: self.workspace,
            findings: &all[range.clone()],
            facts: self.entries.get(&file),
            policy: self.workspace.in_force.policy(path),
            levels: self.workspace.in_force.levels(path),
            disturbed: false,
        };
        let mut ignores: Vec<Ignore> = directives.into_iter().map(|directive| resolved(&cx, directive)).collect();
        let by = hiders(&cx, &ignores, today);
        cx.disturbed = cx.findings.iter().zip(&by).any(|(finding, by)| disturbs(finding, by.is_some()));
        for ignore in &mut ignores {
            self.look(&cx, ignore);
        }
        let hidden = by.iter().enumerate().filter_map(|(at, by)| {
            let Ignore { directive, until, .. } = &ignores[(*by)?];
            let until = until.map(|day| day.to_string());
            Some((range.start + at, (directive.comment, directive.reason.value.clone(), until)))
        });
        let hidden = hidden.collect();
        let comments = CommentsCx { workspace: self.workspace, ignores: &ignores, today };
        let mut judged = Judged { hidden, findings: Vec::new(), skipped: Vec::new() };
        for &rule in self.rules {
            let experiment = cx.facts.map(|facts| facts.experiment.clone());
            let mut sink = Sink { findings: Vec::new(), skipped: Vec::new(), rule, experiment };
            for check in rule.checks {
                if let Check::Comments(check) = check {
                    check(&comments, &mut sink);
                }
            }
            let (status, preset) = (cx.facts.map(|facts| facts.status), cx.policy.preset.value);
            leveled::apply(&mut sink.findings, &mut sink.skipped, Known::of(rule), status, preset, &cx.levels);
            judged.findings.append(&mut sink.findings);
            judged.skipped.append(&mut sink.skipped);
        }
        judged
    }

    /// Says of each rule that a comment names whether it found something.
    fn look(&self, cx: &InFile<'_>, ignore: &mut Ignore) {
        let reach = ignore.directive.stands_for;
        for named in &mut ignore.named {
            let What::Rule(presence) = &mut named.what else { continue };
            *presence = match code_of(cx, &named.written) {
                Some(code) if cx.findings.iter().any(|finding| hit(finding, &code, reach)) => Presence::Found,
                Some(code) if self.was_judged(cx, &code) => Presence::NotFound,
                _ => Presence::NotJudged,
            };
        }
    }

    /// True when a rule that found nothing in a file has looked at all of it.
    fn was_judged(&self, cx: &InFile<'_>, code: &str) -> bool {
        let Some(known) = find_known(cx.workspace, code) else { return false };
        let ours = self.rules.iter().find(|rule| rule.code == code);
        let skipped = |experiment: &str| self.skipped.contains(&(code.to_owned(), experiment.to_owned()));
        let ran = match cx.facts {
            Some(facts) => facts.complete && !skipped(&facts.experiment) && !skipped(""),
            // A rule on experiments may point at the catalogue, from any of them.
            None => self.complete && !self.skipped_somewhere.contains(code),
        };
        let mut checks = ours.into_iter().flat_map(|rule| rule.checks);
        let together = checks.any(|check| matches!(check, Check::Portfolio(_) | Check::Workspace(_)));
        let (status, preset) = (cx.facts.map(|facts| facts.status), cx.policy.preset.value);
        let level = leveled::in_force(known, status, preset, &cx.levels).level;
        ran && !cx.disturbed && Level::Allow < level && if together { self.complete } else { self.shared_complete }
    }
}

/// An error that stands, or a name or text that could not be understood: other rules may be silent because of it.
fn disturbs(finding: &Diagnostic, is_hidden: bool) -> bool {
    let blinds = finding.name.starts_with("unknown-") || finding.code.starts_with("SYN");
    finding.level == Level::Error && (!is_hidden || blinds)
}

/// The findings of a file among all, which are sorted.
fn of_file(all: &[Diagnostic], file: FileId) -> Range<usize> {
    let start = all.partition_point(|finding| finding.primary.span.file < file);
    start..start + all[start..].partition_point(|finding| finding.primary.span.file == file)
}

fn hit(finding: &Diagnostic, code: &str, reach: Reach) -> bool {
    finding.code == code && reach.covers(finding.primary.span)
}

/// For each finding of a file the comment that hides it: of several the one that stands for least.
fn hiders(cx: &InFile<'_>, ignores: &[Ignore], today: Option<Day>) -> Vec<Option<usize>> {
    let length = |index: usize| match ignores[index].directive.stands_for {
        Reach::Text(span) => span.len(),
        _ => usize::MAX,
    };
    let mut by: Vec<Option<usize>> = vec![None; cx.findings.len()];
    for (index, ignore) in ignores.iter().enumerate().filter(|(_, ignore)| ignore.counts(today)) {
        for (name, _) in ignore.rules() {
            let Some(code) = code_of(cx, name) else { continue };
            for (finding, by) in cx.findings.iter().zip(&mut by) {
                if hit(finding, &code, ignore.directive.stands_for)
                    && by.is_none_or(|other| length(index) < length(other))
                {
                    *by = Some(index);
                }
            }
        }
    }
    by
}

/// A directive with what its names are.
fn resolved(cx: &InFile<'_>, directive: Directive) -> Ignore {
    let until = directive.until.as_ref().and_then(|date| date.value.parse().ok());
    let named = directive.rules.iter().map(|name| named(cx, name, directive.stands_for)).collect();
    Ignore { directive, until, named }
}

/// The code of a rule, ours or the organisation's, by its code or name.
fn code_of(cx: &InFile<'_>, name: &str) -> Option<String> {
    find_known(cx.workspace, name).map(|rule| rule.code.to_owned())
}

fn named(cx: &InFile<'_>, written: &At<String>, reach: Reach) -> Named {
    let here = |wanted: &dyn Fn(&Diagnostic) -> bool| {
        let found = cx.findings.iter().filter(|finding| reach.covers(finding.primary.span) && wanted(finding));
        let mut codes: Vec<String> = found.map(|finding| finding.code.to_string()).collect();
        codes.sort();
        codes.dedup();
        codes
    };
    let name = written.value.as_str();
    let rule = find_known(cx.workspace, name);
    let by_nature = NEVER_IGNORED.iter().any(|code| code.eq_ignore_ascii_case(name)) || name == "internal-error";
    let protected = rule.and_then(|rule| protected_by(&cx.policy, rule));
    let (what, here) = if by_nature || rule.is_some_and(|rule| NEVER_IGNORED.contains(&rule.code)) {
        (What::Protected(None), Vec::new())
    } else if protected.is_some() {
        (What::Protected(protected), Vec::new())
    } else if let Some(group) = group_of(name) {
        let prefix = GROUPS.iter().find(|(_, known)| Some(*known) == group).map(|(prefix, _)| *prefix);
        (What::Group(group), here(&|finding| prefix.is_none_or(|prefix| finding.code.starts_with(prefix))))
    } else if code_of(cx, name).is_some() {
        (What::Rule(Presence::NotJudged), Vec::new())
    } else {
        (What::Unknown, here(&|_| true))
    };
    Named { written: written.clone(), what, here }
}

/// The group that a name stands for, as a group, its prefix or a pattern; `Some(None)` for all rules.
fn group_of(name: &str) -> Option<Option<&'static str>> {
    if matches!(name, "*" | "all" | "ALL") {
        return Some(None);
    }
    let prefix = name.trim_end_matches('*').to_uppercase();
    let known = |(code, group): &&(&str, &str)| *group == name || *code == prefix;
    GROUPS.iter().find(known).map(|(_, group)| Some(*group))
}
