//! One run over a workspace.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rayon::prelude::*;

use super::timing::{Spent, Timing};
use super::{custom, leveled, suppress};
use crate::diag::{Diagnostic, Level, Skipped, Suppressed};
use crate::policy::{Levels, PresetName};
use crate::portfolio::{Base, Compiled, Entry, Portfolio, SharedConditions, SpecFile, Workspace};
use crate::rules::{self, Check, Context, FileCx, Known, PlanCx, PortfolioCx, Rule, Sink};
use crate::spec::{Day, Status};
use crate::text::{FileId, Span, printable};
use crate::world::Stopwatch;

/// What a run is told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The day that dates are judged against; without it rules that need one are skipped.
    pub today: Option<Day>,
    /// The workspace where a change starts; without it rules on changes are skipped.
    pub base: Option<Arc<Base>>,
    /// Measure what each rule takes.
    pub timing: bool,
}

impl Options {
    /// What a rule cannot do without and does not get, with a noun phrase for it.
    fn lacks(&self, rule: &Rule) -> Option<(Context, &'static str)> {
        let lacks = rule.needs.contains(&Context::Base) && self.base.is_none();
        lacks.then_some((Context::Base, "no revision to compare with; `--against REF` names one"))
    }
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In the order of their places.
    pub findings: Vec<Diagnostic>,
    /// What comments hide, in the same order.
    pub suppressed: Vec<Suppressed>,
    pub skipped: Vec<Skipped>,
    pub portfolio: Portfolio,
    /// Findings that are set aside because they are no news: see [`super::check_change`] and [`super::Baseline`].
    pub older: Vec<Diagnostic>,
    /// True when a fault of expc itself kept a file from being judged.
    pub crashed: bool,
    /// Where the time went, when that was asked for.
    pub timing: Option<Timing>,
}

impl Outcome {
    /// The gravest level among the findings.
    pub fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Allow)
    }
}

/// What came of one spec.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) findings: Vec<Diagnostic>,
    skipped: Vec<Skipped>,
    pub(super) entry: Option<Entry>,
    crashed: bool,
    spent: Option<(Arc<str>, Spent)>,
}

/// Runs every rule.
pub fn check(workspace: &Workspace, options: Options) -> Outcome {
    let rules: Vec<&Rule> = rules::all().collect();
    check_with(&rules, workspace, &options)
}

/// Runs every rule but one: what is found without a rule, another one finds.
pub fn check_without(rule: &Rule, workspace: &Workspace, options: Options) -> Outcome {
    let rules: Vec<&Rule> = rules::all().filter(|other| other.code != rule.code).collect();
    check_with(&rules, workspace, &options)
}

fn check_with(rules: &[&'static Rule], workspace: &Workspace, options: &Options) -> Outcome {
    let judged = workspace.specs.par_iter().map(|spec| guarded(rules, workspace, spec, options)).collect();
    conclude(rules, workspace, options, judged)
}

/// All specs together, once each was judged, and everything in order.
pub(super) fn conclude(
    rules: &[&'static Rule],
    workspace: &Workspace,
    options: &Options,
    judged: Vec<Judged>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut entries = Vec::with_capacity(judged.len());
    let mut timing = options.timing.then(|| Timing::of(rules));
    for one in judged {
        if let (Some(timing), Some((experiment, spent))) = (&mut timing, &one.spent) {
            timing.add(spent, experiment);
        }
        outcome.findings.extend(one.findings);
        outcome.skipped.extend(one.skipped);
        entries.extend(one.entry);
        outcome.crashed |= one.crashed;
    }
    let watch = options.timing.then(Stopwatch::start);
    outcome.portfolio = Portfolio::new(entries);
    outcome.timing = timing;
    together(rules, workspace, options, &mut outcome);
    outcome.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    outcome.findings.dedup();
    outcome.findings = shared_once(std::mem::take(&mut outcome.findings));
    super::fixes::fit(&workspace.sources, &mut outcome.findings);
    suppress::apply(rules, workspace, options.today, &mut outcome);
    outcome.skipped.sort();
    outcome.skipped.dedup();
    if let (Some(timing), Some(watch)) = (&mut outcome.timing, watch) {
        timing.close(outcome.findings.iter().map(|finding| &*finding.code));
        timing.portfolio = watch.elapsed();
    }
    outcome
}

/// A fault in a template or the catalogue that many experiments inherit is one finding that names them.
///
/// The findings are sorted, so equal ones stand side by side.
fn shared_once(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let same = |a: &Diagnostic, b: &Diagnostic| {
        a.primary == b.primary && a.code == b.code && a.headline == b.headline && a.level == b.level
    };
    let mut once: Vec<Diagnostic> = Vec::with_capacity(findings.len());
    let mut others: Vec<Arc<str>> = Vec::new();
    let mut findings = findings.into_iter().peekable();
    while let Some(mut finding) = findings.next() {
        others.clear();
        while let Some(next) = findings.next_if(|next| same(&finding, next)) {
            others.extend(next.experiment);
        }
        if !others.is_empty() {
            const SHOWN: usize = 3;
            let names: Vec<String> = others.iter().take(SHOWN).map(|name| format!("`{}`", printable(name))).collect();
            let more = others.len().saturating_sub(SHOWN);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            finding.help.push(format!("the same holds for {}{more}", names.join(", ")));
        }
        once.push(finding);
    }
    once
}

/// Judges a spec; a panic is our fault and becomes a finding, so that the other files still get their answers.
pub(super) fn guarded(rules: &[&'static Rule], workspace: &Workspace, spec: &SpecFile, options: &Options) -> Judged {
    match catch_unwind(AssertUnwindSafe(|| judge(rules, workspace, spec, options))) {
        Ok(judged) => judged,
        Err(panic) => {
            let found = internal_error(Span::file_start(spec.file), "expc itself failed on this file", &*panic);
            Judged { findings: vec![found], skipped: Vec::new(), entry: None, crashed: true, spent: None }
        }
    }
}

/// A fault of expc itself, as a finding.
pub(super) fn internal_error(span: Span, headline: impl Into<String>, panic: &(dyn Any + Send)) -> Diagnostic {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no more is known");
    Diagnostic::new("INT001", "internal-error", Level::Error, span, headline)
        .help("this is a bug of expc: please report it with this file and the text below")
        .help(format!("the failure says: {text}"))
}

fn judge(rules: &[&'static Rule], workspace: &Workspace, spec: &SpecFile, options: &Options) -> Judged {
    let watch = options.timing.then(Stopwatch::start);
    let compiled = workspace.compile(spec);
    let mut spent = watch.map(|watch| Spent { compiling: watch.elapsed(), rules: vec![Duration::ZERO; rules.len()] });
    let levels = workspace.in_force.levels(&spec.path).on(options.today);
    let preset = compiled.policy.preset.value;
    let status = Some(compiled.plan.status.value);
    let mut judged = Judged { findings: Vec::new(), skipped: Vec::new(), entry: None, crashed: false, spent: None };
    let experiment = Some(Arc::clone(&compiled.plan.id));
    let file_cx = FileCx { workspace, document: &compiled.document };
    let plan_cx = PlanCx {
        workspace,
        compiled: &compiled,
        plan: &compiled.plan,
        spec: &compiled.spec,
        document: &compiled.document,
        tree: &compiled.tree,
        catalog: compiled.catalog(workspace),
        policy: &compiled.policy,
        today: options.today,
        base: options.base.as_deref(),
    };
    // Bytes that are not text say nothing of an experiment.
    let legible = compiled.document.unreadable.is_none();
    for (at, &rule) in rules.iter().enumerate() {
        // What is allowed is not looked for, and lacks nothing.
        if leveled::level_of(rule, status, preset, &levels).0 == Level::Allow || options.lacks(rule).is_some() {
            continue;
        }
        let mut sink = Sink { findings: Vec::new(), skipped: Vec::new(), rule, experiment: experiment.clone() };
        let watch = options.timing.then(Stopwatch::start);
        for check in rule.checks {
            match check {
                Check::File(check) => check(&file_cx, &mut sink),
                Check::Plan(check) if legible => check(&plan_cx, &mut sink),
                _ => {}
            }
        }
        if let (Some(spent), Some(watch)) = (&mut spent, watch) {
            spent.rules[at] = watch.elapsed();
        }
        take(&mut judged, sink, rule, status, preset, &levels);
    }
    if legible && !workspace.custom.rules.is_empty() {
        for (rule, sink) in custom::judge(&plan_cx) {
            let Sink { mut findings, mut skipped, .. } = sink;
            leveled::apply(&mut findings, &mut skipped, rule, status, preset, &levels);
            judged.findings.extend(findings);
            judged.skipped.extend(skipped);
        }
    }
    judged.spent = spent.map(|spent| (Arc::clone(&compiled.plan.id), spent));
    judged.entry = legible.then(|| entry(&compiled, spec, &workspace.shared));
    judged
}

fn entry(compiled: &Compiled, spec: &SpecFile, shared: &SharedConditions) -> Entry {
    let entry = Entry::new(&compiled.plan, &compiled.spec, &spec.path, spec.file).sharing(shared);
    Entry { complete: !compiled.document.is_damaged() && !compiled.is_cut_off, ..entry }
}

fn take(
    judged: &mut Judged,
    sink: Sink,
    rule: &'static Rule,
    status: Option<Status>,
    preset: PresetName,
    levels: &Levels<'_>,
) {
    if sink.findings.is_empty() && sink.skipped.is_empty() {
        return;
    }
    let Sink { mut findings, mut skipped, .. } = sink;
    leveled::apply(&mut findings, &mut skipped, Known::of(rule), status, preset, levels);
    judged.findings.extend(findings);
    judged.skipped.extend(skipped);
}

/// The rules on the workspace's own files and on all experiments together.
fn together(rules: &[&'static Rule], workspace: &Workspace, options: &Options, outcome: &mut Outcome) {
    let cx = PortfolioCx {
        workspace,
        portfolio: &outcome.portfolio,
        catalog: &workspace.catalog,
        today: options.today,
        base: options.base.as_deref(),
    };
    let levels = workspace.in_force.levels("");
    let preset = workspace.in_force.policy("").preset.value;
    let mut findings = Vec::new();
    let mut skipped = Vec::new();
    let mut crashed = false;
    let mut took = Vec::new();
    for (at, &rule) in rules.iter().enumerate() {
        let watch = options.timing.then(Stopwatch::start);
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let mut sink = Sink { findings: Vec::new(), skipped: Vec::new(), rule, experiment: None };
            if let Some((context, lacks)) = options.lacks(rule) {
                // Once, not for each experiment.
                let allowed = leveled::level_of(rule, None, preset, &levels).0 == Level::Allow;
                if !allowed {
                    sink.skip(context, lacks);
                }
                return sink;
            }
            for check in rule.checks {
                match check {
                    Check::File(check) => {
                        // A rule that is off unless somebody turns it on is not run where nobody does.
                        let wanted = |path: &str| {
                            let levels = workspace.in_force.levels(path).on(options.today);
                            rule.level != Level::Allow
                                || leveled::level_of(rule, None, preset, &levels).0 != Level::Allow
                        };
                        for document in workspace.documents.iter().filter(|document| wanted(&document.path)) {
                            check(&FileCx { workspace, document }, &mut sink);
                        }
                    }
                    Check::Workspace(check) | Check::Portfolio(check) => check(&cx, &mut sink),
                    Check::Plan(_) | Check::Comments(_) => {}
                }
            }
            sink
        }));
        let together = |check: &Check| !matches!(check, Check::Plan(_));
        if let Some(watch) = watch.filter(|_| rule.checks.iter().any(together)) {
            took.push((at, watch.elapsed()));
        }
        match judged {
            Ok(sink) => {
                skipped.extend(sink.skipped);
                for finding in sink.findings {
                    let place = (workspace, &outcome.portfolio, options);
                    findings.extend(leveled_by_place(place, rule, finding, &mut skipped));
                }
            }
            Err(panic) => {
                crashed = true;
                let place =
                    workspace.documents.first().map_or(Span::file_start(FileId(0)), |document| document.start());
                let headline = format!("expc itself failed on rule {}; the other rules were run", rule.code);
                findings.push(internal_error(place, headline, &*panic));
            }
        }
    }
    outcome.findings.extend(findings);
    outcome.skipped.extend(skipped);
    outcome.crashed |= crashed;
    for (at, took) in took {
        if let Some(timing) = &mut outcome.timing {
            timing.ran(at, took, None);
        }
    }
}

/// A finding about several files takes the level of the file it points at.
fn leveled_by_place(
    (workspace, portfolio, options): (&Workspace, &Portfolio, &Options),
    rule: &Rule,
    finding: Diagnostic,
    skipped: &mut Vec<Skipped>,
) -> Option<Diagnostic> {
    let path = workspace.sources.path(finding.primary.span);
    let levels = workspace.in_force.levels(path).on(options.today);
    let status =
        portfolio.entries.iter().find(|entry| entry.file == finding.primary.span.file).map(|entry| entry.status);
    let preset = workspace.in_force.policy(path).preset.value;
    let mut findings = vec![finding];
    leveled::apply(&mut findings, skipped, Known::of(rule), status, preset, &levels);
    findings.pop()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    static WORKING: Rule = Rule {
        code: "TST001",
        name: "working",
        since: "0.0.0",
        level: Level::Warn,
        draft: Level::Warn,
        fix: None,
        needs: &[Context::Portfolio],
        docs: "",
        checks: &[Check::Plan(|cx, out| out.push(WORKING.at(cx.plan.span, "seen"))), Check::Workspace(|_, _| {})],
    };

    static FAILING: Rule = Rule {
        code: "TST002",
        name: "failing",
        checks: &[Check::Plan(|cx, _| assert!(&*cx.plan.id != "b", "rule failed on {}", cx.plan.id))],
        ..WORKING
    };

    static FAILING_TOGETHER: Rule = Rule {
        code: "TST003",
        name: "failing-together",
        checks: &[Check::Portfolio(|_, _| panic!("together"))],
        ..WORKING
    };

    fn codes(rules: &[&'static Rule]) -> (Vec<String>, bool) {
        let files = Memory::default().with("expc.toml", "schema = 1");
        let files = ["a", "b", "c"]
            .iter()
            .fold(files, |files, name| files.with(format!("experiments/{name}.toml"), "schema = 1"));
        let workspace = Workspace::open(&files);
        let outcome = check_with(rules, &workspace, &Options::default());
        let shown = outcome
            .findings
            .iter()
            .map(|found| format!("{} {}", workspace.sources.path(found.primary.span), found.code));
        (shown.collect(), outcome.crashed)
    }

    #[test]
    fn a_rule_that_panics_costs_one_file_its_answer_and_no_other() {
        let (found, crashed) = codes(&[&WORKING, &FAILING]);
        assert!(crashed);
        assert_eq!(found, ["experiments/a.toml TST001", "experiments/b.toml INT001", "experiments/c.toml TST001"]);
    }

    #[test]
    fn a_rule_on_the_portfolio_that_panics_costs_no_other_rule_its_findings() {
        let (found, crashed) = codes(&[&FAILING_TOGETHER, &WORKING]);
        assert!(crashed);
        assert_eq!(found[0], "expc.toml INT001");
        assert_eq!(found.len(), 4);
    }
}
