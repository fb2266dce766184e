//! Findings in the words of whoever reads them: a person, a pipeline, a code host.
//!
//! One file a format, one line in [`FORMATS`]. A format prints what a [`Report`] holds; it never judges, drops or
//! reorders a finding, and never asks for the time, the terminal or the environment. Everything that came from a
//! spec passes `shown` on its way out. Start at [`Format`], then read `concise.rs`, the smallest.

mod concise;
mod text;

mod json;
mod sarif;

mod github;
mod gitlab;
mod junit;

mod diff;
mod review;

mod frames;
mod safe_json;
pub mod shown;
mod verdict;

use std::io;

use crate::diag::{Diagnostic, Level, Skipped, Suppressed};
use crate::text::Sources;

pub use diff::unified;
pub use json::json_schema;
pub use review::{REVIEW_FORMATS, Reading, ReviewFormat};

/// Everything a format may print.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    pub sources: &'a Sources,
    /// Sorted by [`Diagnostic::sort_key`]. A finding of level `allow` is not printed by any format.
    pub findings: &'a [Diagnostic],
    /// What comments hide: counted by every format for people, listed by those for programs.
    pub suppressed: &'a [Suppressed],
    pub skipped: &'a [Skipped],
    /// Every rule of this run, for the formats that list them.
    pub rules: &'a [RulePage],
    pub summary: Summary,
}

impl<'a> Report<'a> {
    /// The findings that somebody wants to hear of.
    fn findings(&self) -> impl Iterator<Item = &'a Diagnostic> + use<'a> {
        self.findings.iter().filter(|finding| Level::Allow < finding.level)
    }
}

/// What a rule says about itself, for formats that list rules beside findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePage {
    /// `STA002`.
    pub code: String,
    /// `underpowered`.
    pub name: String,
    /// The level in this workspace, unless a finding says otherwise.
    pub level: Level,
    /// One sentence: what is wrong when the rule speaks.
    pub summary: String,
    /// Why it matters; may have several lines.
    pub why: String,
}

/// What was read, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub files: usize,
    pub experiments: usize,
    /// The date that dates were judged against, as `2026-12-01`.
    pub today: Option<String>,
    /// The version of expc.
    pub version: &'static str,
    /// What the user calls the workspace: a path as given, or a name.
    pub workspace: String,
    pub compared: Compared,
}

/// What a run was compared with, and what that set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// The revision as it was named, and the commit that the change starts from.
    pub base: Option<(String, String)>,
    /// Findings that the base has as well.
    pub older: usize,
    pub baseline: Option<Accepted>,
    /// True when what is set aside is printed all the same.
    pub shown: bool,
    /// What the change does to files that experiments share.
    pub touched: Vec<Touched>,
}

/// A file of accepted findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub path: String,
    /// Findings that it sets aside.
    pub hidden: usize,
    /// Findings in it that are no longer found.
    pub gone: usize,
}

/// A definition, template or setting that the change edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    pub path: String,
    /// "metric `order_conversion`".
    pub what: String,
    /// `added`, `removed` or `changed`.
    pub fate: &'static str,
    /// The keys that differ.
    pub keys: Vec<String>,
    /// Ids of the experiments that rest on it.
    pub experiments: Vec<String>,
}

/// How a person wants to see it. Formats for machines ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub color: bool,
    /// Columns of the terminal; below 40 is treated as 40.
    pub width: usize,
    /// Sentences instead of drawings: for screen readers.
    pub narrated: bool,
    /// Frames for infos too, every skipped rule, and the facts behind each finding.
    pub verbose: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { color: false, width: 100, narrated: false, verbose: false }
    }
}

/// One way to print a report.
pub trait Format: Sync {
    /// The word after `--format`.
    fn name(&self) -> &'static str;
    /// Who reads it, in one line.
    fn about(&self) -> &'static str;
    fn write(&self, report: &Report<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Every format, in the order in which help lists them.
pub static FORMATS: &[&dyn Format] =
    &[&text::Text, &concise::Concise, &json::Json, &sarif::Sarif, &github::Github, &gitlab::Gitlab, &junit::Junit];

/// The format of a name.
pub fn format(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}
