//! What a rule is, and what it is given.

use std::sync::Arc;

use super::ignores::Ignore;
use crate::catalog::Catalog;
pub use crate::diag::Context;
use crate::diag::{Applicability, Diagnostic, Level, Skipped};
use crate::plan::Plan;
use crate::policy::Policy;
use crate::portfolio::{Base, Compiled, Document, Portfolio, Workspace};
use crate::spec::{Day, Field, Spec};
use crate::syntax::Node;
use crate::text::Span;

/// What a rule looks at, and the function that looks.
#[derive(Clone, Copy)]
pub enum Check {
    /// Each file by itself, whatever it is for.
    File(fn(&FileCx<'_>, &mut Sink)),
    /// Each experiment.
    Plan(fn(&PlanCx<'_>, &mut Sink)),
    /// `expc.toml`, the catalogue and the templates, once.
    Workspace(fn(&PortfolioCx<'_>, &mut Sink)),
    /// All experiments together, once.
    Portfolio(fn(&PortfolioCx<'_>, &mut Sink)),
    /// The comments of each file that ask to hide findings, after every other rule.
    Comments(fn(&CommentsCx<'_>, &mut Sink)),
}

/// A rule: everything that `expc rules`, `expc explain`, SARIF and the tests say of it.
pub struct Rule {
    pub code: &'static str,
    pub name: &'static str,
    pub since: &'static str,
    pub level: Level,
    /// The level in drafts: "missing" is a warning while a spec is being written.
    pub draft: Level,
    pub fix: Option<Applicability>,
    pub needs: &'static [Context],
    /// The doc comment: a sentence, `## Why`, examples.
    pub docs: &'static str,
    /// Most rules look at one thing; a few judge the same fault in the spec and in the catalogue.
    pub checks: &'static [Check],
}

impl Rule {
    /// A finding of this rule; the engine sets the level that is in force.
    pub fn at(&self, span: Span, headline: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, self.level, span, headline)
    }
}

/// Declares a rule from its doc comment and its facts.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])+
        static $name:ident = {
            code: $code:literal, name: $rule:literal, since: $since:literal,
            level: $level:ident $(in drafts $draft:ident)?,
            $(fix: $fix:ident,)? needs: [$($need:ident),*],
            check: $($kind:ident($check:path)),+ $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        pub static $name: $crate::rules::rule::Rule = $crate::rules::rule::Rule {
            code: $code,
            name: $rule,
            since: $since,
            level: $crate::diag::Level::$level,
            draft: rule!(@draft $level $($draft)?),
            fix: rule!(@fix $($fix)?),
            needs: &[$($crate::rules::rule::Context::$need),*],
            docs: concat!($($doc, "\n"),+),
            checks: &[$($crate::rules::rule::Check::$kind($check)),+],
        };
    };
    (@draft $level:ident) => { $crate::diag::Level::$level };
    (@draft $level:ident $draft:ident) => { $crate::diag::Level::$draft };
    (@fix) => { None };
    (@fix $fix:ident) => { Some($crate::diag::Applicability::$fix) };
}

pub(crate) use rule;

/// Declares the rules of a group, one line each, in the order of their codes: the module and its place in the registry.
macro_rules! group {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// The rules of this group.
        pub static RULES: &[&$crate::rules::rule::Rule] = &[$(&$name::RULE),*];
    };
}

pub(crate) use group;

/// One file.
pub struct FileCx<'a> {
    pub workspace: &'a Workspace,
    pub document: &'a Document,
}

/// One experiment with all that it rests on.
pub struct PlanCx<'a> {
    pub workspace: &'a Workspace,
    pub compiled: &'a Compiled,
    pub plan: &'a Plan,
    /// The spec over its template.
    pub spec: &'a Spec,
    pub document: &'a Document,
    /// The tree of the spec over its template.
    pub tree: &'a Node,
    pub catalog: &'a Catalog,
    pub policy: &'a Policy,
    pub today: Option<Day>,
    /// Where the change starts; always there for a rule that needs it.
    pub base: Option<&'a Base>,
}

/// Everything together.
pub struct PortfolioCx<'a> {
    pub workspace: &'a Workspace,
    pub portfolio: &'a Portfolio,
    pub catalog: &'a Catalog,
    pub today: Option<Day>,
    /// Where the change starts; always there for a rule that needs it.
    pub base: Option<&'a Base>,
}

/// The comments of one file that ask to hide findings, and what each did.
pub struct CommentsCx<'a> {
    pub workspace: &'a Workspace,
    pub ignores: &'a [Ignore],
    pub today: Option<Day>,
}

impl PlanCx<'_> {
    /// Where a key that is absent would belong: the name of its table, of the nearest table above it, or the id.
    ///
    /// `path` names the table: `"metrics"`, `"design.srm"`.
    pub fn home(&self, path: &str) -> Span {
        let mut node = self.tree;
        let mut best = None;
        for key in path.split('.') {
            let Some(entry) = node.as_table().and_then(|table| table.entry(key)) else { break };
            if entry.key_span.file == self.document.file {
                best = Some(entry.key_span);
            }
            node = &entry.node;
        }
        best.unwrap_or(self.plan.span)
    }

    /// True when nothing can be said of an absent key: its table, the text around it, or the template that may
    /// hold it could not be read.
    pub fn unreadable<T>(&self, table: &Field<T>) -> bool {
        matches!(table, Field::Broken(_)) || self.is_incomplete()
    }

    /// True when a part of the spec or of its template could not be read, so that "there is none" proves nothing.
    pub fn is_incomplete(&self) -> bool {
        self.document.is_damaged() || self.compiled.is_cut_off
    }

    /// The text of a span as it was written.
    pub fn written(&self, span: Span) -> &str {
        self.workspace.sources.slice(span)
    }
}

/// Where a rule puts what it finds.
pub struct Sink {
    pub findings: Vec<Diagnostic>,
    pub skipped: Vec<Skipped>,
    pub(crate) rule: &'static Rule,
    pub(crate) experiment: Option<Arc<str>>,
}

impl Sink {
    /// An empty one for what is found on a plan beside its rules.
    pub(crate) fn of(rule: &'static Rule, plan: &Plan) -> Self {
        Self { findings: Vec::new(), skipped: Vec::new(), rule, experiment: Some(Arc::clone(&plan.id)) }
    }

    pub fn push(&mut self, finding: Diagnostic) {
        let mut finding = finding;
        if finding.experiment.is_none() {
            finding.experiment.clone_from(&self.experiment);
        }
        self.findings.push(finding);
    }

    /// The rule cannot run here: which context is missing, and a noun phrase for what it lacks of it.
    pub fn skip(&mut self, context: Context, lacks: impl Into<String>) {
        let experiment = self.experiment.clone().unwrap_or_else(|| Arc::from(""));
        self.skip_in(&experiment, context, lacks);
    }

    /// The same for one experiment, in a rule that looks at all of them.
    pub fn skip_in(&mut self, experiment: &Arc<str>, context: Context, lacks: impl Into<String>) {
        let experiment = Arc::clone(experiment);
        self.skipped.push(Skipped { code: self.rule.code.into(), experiment, context, lacks: lacks.into() });
    }
}

impl Rule {
    /// `hypothesis` for `HYP001`: the group as policies and folders name it.
    pub fn group(&self) -> &'static str {
        GROUPS.iter().find(|(prefix, _)| self.code.starts_with(prefix)).map_or("internal", |(_, group)| group)
    }

    /// The first sentence of the docs.
    pub fn summary(&self) -> String {
        let lines = self.docs.lines().map(str::trim).skip_while(|line| line.is_empty());
        lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The text under `## Why`.
    pub fn why(&self) -> String {
        self.section("## Why")
    }

    /// What an author has to know to use it: the text under `## How`. Few rules have it.
    pub fn how(&self) -> String {
        self.section("## How")
    }

    /// Where the numbers or the claim come from: the text under `## Source`.
    pub fn source(&self) -> String {
        self.section("## Source")
    }

    fn section(&self, heading: &str) -> String {
        let lines = self.docs.lines().map(str::trim).skip_while(|line| *line != heading).skip(1);
        let body = lines.take_while(|line| !line.starts_with("```") && !line.starts_with("## "));
        body.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Every example of a sort: `bad`, `fixed` or `good`.
    pub fn examples(&self, sort: &str) -> Vec<String> {
        self.blocks().into_iter().filter(|(found, _)| *found == sort).map(|(_, text)| text).collect()
    }

    /// Every example with its sort, in the order of the page. A `fixed` one belongs to the `bad` one before it: it
    /// says what the fix changes there.
    pub fn blocks(&self) -> Vec<(&'static str, String)> {
        let mut blocks = Vec::new();
        let mut lines = self.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        while let Some(line) = lines.next() {
            if let Some(sort) = line.trim().strip_prefix("```toml,") {
                let body = lines.by_ref().take_while(|line| line.trim() != "```");
                blocks.push((sort, body.fold(String::new(), |text, line| text + line + "\n")));
            }
        }
        blocks
    }
}

/// Prefixes of codes and the groups they stand for.
pub const GROUPS: [(&str, &str); 14] = [
    ("SYN", "syntax"),
    ("HYP", "hypothesis"),
    ("MET", "metrics"),
    ("STA", "statistics"),
    ("GRD", "guardrails"),
    ("DEC", "decision"),
    ("ROL", "rollout"),
    ("AUD", "audience"),
    ("GOV", "governance"),
    ("OWN", "ownership"),
    ("PRT", "portfolio"),
    ("LIF", "lifecycle"),
    ("EMI", "emission"),
    ("POL", "policy"),
];
