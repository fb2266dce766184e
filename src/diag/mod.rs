//! What expc says: findings with their places, the numbers used, and ways out.
//!
//! A [`Diagnostic`] is data; rooms above render it. It knows nothing of rules or specs. Levels are
//! ordered, so that `Level::Warn <= level` reads as it should.

mod fingerprint;

pub use fingerprint::{Identity, fingerprints, named};

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use crate::text::Span;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Allow,
    Info,
    Warn,
    Error,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Info => "info",
            Level::Warn => "warning",
            Level::Error => "error",
        }
    }
}

/// A place and what it has to do with the finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// Whether a fix may be applied without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Keeps the meaning, or is what the author surely meant.
    Safe,
    /// Offered; a person chooses.
    Suggested,
}

/// Replaces the text under a span.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    pub span: Span,
    pub replacement: String,
}

/// One way to mend a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Imperative: "rename `expsoure` to `exposure`".
    pub title: String,
    pub applicability: Applicability,
    pub edits: Vec<Edit>,
    /// True when it is meant to edit files other than the one in which the finding stands.
    pub elsewhere: bool,
}

/// A number or text that the message rests on, for tools: have, need and their inputs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    Number(f64),
    Text(String),
}

impl From<f64> for Fact {
    fn from(number: f64) -> Self {
        Fact::Number(number)
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Fact::Text(text.to_owned())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Fact::Text(text)
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// `STA002`; stable for ever.
    pub code: Cow<'static, str>,
    /// `underpowered`.
    pub name: Cow<'static, str>,
    pub level: Level,
    /// One fragment, under 80 characters, true without the frame.
    pub headline: String,
    /// The smallest span a person would edit.
    pub primary: Label,
    /// Every other fact the reader needs, also in other files.
    pub secondary: Vec<Label>,
    /// Imperative ways out, cheapest first, at most three.
    pub help: Vec<String>,
    pub facts: Vec<(&'static str, Fact)>,
    pub fixes: Vec<Fix>,
    /// The id of the experiment it is about, when it is about one.
    pub experiment: Option<Arc<str>>,
    /// The day from which it is an error, as `2027-03-01`, when that is still to come.
    pub error_from: Option<Arc<str>>,
}

impl Diagnostic {
    /// A finding with its one primary place; the builder methods add the rest.
    pub fn new(code: &'static str, name: &'static str, level: Level, span: Span, headline: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            name: Cow::Borrowed(name),
            level,
            headline: headline.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            help: Vec::new(),
            facts: Vec::new(),
            fixes: Vec::new(),
            experiment: None,
            error_from: None,
        }
    }

    /// The text under the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Another place, in this file or another.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    #[must_use]
    pub fn fact(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.facts.push((name, fact.into()));
        self
    }

    #[must_use]
    pub fn fix(mut self, applicability: Applicability, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fixes.push(Fix { title: title.into(), applicability, edits, elsewhere: false });
        self
    }

    /// The last fix is meant to edit other files as well: a catalogue, another experiment.
    #[must_use]
    pub fn elsewhere(mut self) -> Self {
        if let Some(fix) = self.fixes.last_mut() {
            fix.elsewhere = true;
        }
        self
    }

    /// The order of output: file, place, code, text; the same for any number of threads.
    pub fn sort_key(&self) -> (Span, &str, &str) {
        (self.primary.span, &self.code, &self.headline)
    }
}

/// A finding that a comment hides.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppressed {
    pub finding: Diagnostic,
    pub comment: Span,
    pub reason: String,
    /// The last day on which it is hidden, as `2027-02-20`.
    pub until: Option<String>,
}

/// What a rule needs beyond the spec. Shown by `expc rules`; a rule whose need is absent reports itself skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// What experiments may refer to.
    Catalog,
    /// What the organisation demands.
    Policy,
    /// All other experiments.
    Portfolio,
    /// The day that dates are judged against.
    Clock,
    /// How many units come, and which facts of them were measured.
    Traffic,
    /// The revision that a change starts from.
    Base,
    /// The sealed plans.
    Registry,
    /// Results of past experiments.
    History,
    /// What a platform serves, exported.
    Live,
    /// What can be built: flag platforms and warehouses.
    Targets,
}

impl Context {
    /// Every context, in the order of help.
    pub const ALL: [Self; 10] = [
        Self::Catalog,
        Self::Policy,
        Self::Portfolio,
        Self::Clock,
        Self::Traffic,
        Self::Base,
        Self::Registry,
        Self::History,
        Self::Live,
        Self::Targets,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalogue",
            Self::Policy => "policy",
            Self::Portfolio => "portfolio",
            Self::Clock => "date",
            Self::Traffic => "traffic",
            Self::Base => "base",
            Self::Registry => "registry",
            Self::History => "history",
            Self::Live => "live",
            Self::Targets => "targets",
        }
    }
}

/// A rule that could not run for an experiment, and what it lacked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    pub code: Cow<'static, str>,
    pub experiment: Arc<str>,
    /// What is missing.
    pub context: Context,
    /// A noun phrase: "no `daily_units` for audience `buyers`".
    pub lacks: String,
}
