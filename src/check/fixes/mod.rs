//! Fixes, applied: findings and their edits to new texts. Nothing here reads or writes the disk.
//!
//! [`converge`] goes in rounds. A round takes for each finding its first fix that may be applied (`choice.rs`), puts
//! all edits in at once (`edits.rs`) and has the result judged again; it ends when nothing is left to do. What a user
//! may rely on:
//!
//! - A fix is applied whole or not at all, also when it edits several files. Of two fixes that want the same text the
//!   first by place wins; the other is looked at again in the next round.
//! - A finding in a spec changes that spec. A template or a catalogue is shared: it is edited only by a finding that
//!   stands in it, or by a fix that says so ([`Fix::elsewhere`](crate::diag::Fix)).
//! - Text that was not read to its end is not edited.
//! - A fix that breaks the text, brings back a text seen before, or leaves more errors than it found is undone, and
//!   said to be.
//! - The answer depends on the texts alone, not on threads.

mod choice;
mod edits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Outcome;
use crate::diag::{Applicability, Diagnostic, Fix, Level};
use crate::portfolio::Workspace;
use crate::syntax;
use crate::text::FileId;
use crate::world::{Files, Overlay};
use choice::{Chosen, choose};
pub(super) use edits::{applied, fit};

/// Which fixes are wanted, and where.
pub struct Request<'a> {
    /// `Suggested` takes the safe ones as well.
    pub applicability: Applicability,
    /// True for a path that may be edited.
    pub covers: &'a dyn Fn(&str) -> bool,
}

/// What came of fixing.
pub struct Fixed {
    /// The files that changed, by their paths in the workspace.
    pub changes: BTreeMap<String, Change>,
    pub applied: Vec<Applied>,
    /// Wanted, and not done.
    pub left: Vec<Left>,
    /// Findings whose only fixes are of a sort that was not asked for.
    pub offered: usize,
    /// The workspace and its findings as the changes leave them.
    pub workspace: Workspace,
    pub outcome: Outcome,
}

/// A file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub before: Arc<str>,
    pub after: String,
}

/// A fix that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub code: String,
    /// Where the finding stood.
    pub path: String,
    pub title: String,
}

/// A fix that was wanted and not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub code: String,
    pub path: String,
    /// The line of the finding, counted from 1, in the text as it was left.
    pub line: usize,
    pub title: String,
    pub why: Why,
}

impl Left {
    fn new(workspace: &Workspace, finding: &Diagnostic, fix: &Fix, why: Why) -> Self {
        let sources = &workspace.sources;
        Self {
            code: finding.code.to_string(),
            path: sources.path(finding.primary.span).to_owned(),
            line: sources.start(finding.primary.span).line,
            title: fix.title.clone(),
            why,
        }
    }
}

/// Why a fix was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It edits a file outside the part that was named.
    Outside(String),
    /// It edits a shared file, and the finding stands in another.
    Elsewhere(String),
    /// The file has syntax errors, or is no text.
    Damaged(String),
    /// Other fixes of the same text took every round.
    Rounds,
    /// Its edits are outside the text, meet each other or change nothing.
    Unsound,
    /// The text would no longer be TOML.
    Breaks,
    /// The text would be one that was left behind before.
    Repeats,
    /// These errors would come up.
    Brings(Vec<String>),
}

impl Why {
    /// True when a rule of expc is at fault.
    pub fn is_bug(&self) -> bool {
        matches!(self, Why::Unsound | Why::Breaks | Why::Repeats | Why::Brings(_))
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Outside(path) => write!(f, "it edits `{path}`, outside the part that was named"),
            Why::Elsewhere(path) => write!(f, "it edits `{path}`, which others share"),
            Why::Damaged(path) => write!(f, "`{path}` has syntax errors: mend them first"),
            Why::Rounds => write!(f, "other fixes of the same text came first: run it again"),
            Why::Unsound => write!(f, "its edit does not fit the text"),
            Why::Breaks => write!(f, "undone: the text could no longer be read"),
            Why::Repeats => write!(f, "undone: it brings back what another fix changed"),
            Why::Brings(codes) => write!(f, "undone: it brings up {}", codes.join(", ")),
        }
    }
}

/// Insertions at one place take a round each; no table lacks so many keys.
const ROUNDS: usize = 24;

/// Opens and checks a workspace: the door knows how.
pub type Judge<'a> = &'a dyn Fn(&dyn Files) -> (Workspace, Outcome);

/// Applies what is wanted until nothing is left to do.
pub fn converge(files: &dyn Files, judge: Judge<'_>, request: &Request<'_>) -> Fixed {
    let overlay = Overlay::over(files);
    let (workspace, outcome) = judge(&overlay);
    let mut run = Run { judge, overlay, changes: BTreeMap::new(), seen: BTreeMap::new(), undone: BTreeMap::new() };
    let mut state = State { workspace, outcome };
    let mut applied = Vec::new();
    for _ in 0..ROUNDS {
        let choice = choose(&state.workspace, &state.outcome, request, &run.undone);
        if choice.taken.is_empty() {
            break;
        }
        let round = run.settle(&state, &choice.taken);
        let Some(next) = round.state else { continue };
        applied.extend(round.kept.iter().map(|&at| {
            let Chosen { finding, fix, .. } = &choice.taken[at];
            Applied {
                code: finding.code.to_string(),
                path: state.workspace.sources.path(finding.primary.span).to_owned(),
                title: fix.title.clone(),
            }
        }));
        run.keep(&state, round.texts);
        state = next;
    }
    let choice = choose(&state.workspace, &state.outcome, request, &run.undone);
    let mut left = choice.left;
    let over = choice.taken.iter().map(|one| Left::new(&state.workspace, one.finding, one.fix, Why::Rounds));
    left.extend(over);
    let offered = choice.offered;
    // Fixes may take back each other's edits of a file without harm: then it did not change.
    run.changes.retain(|_, change| *change.before != *change.after);
    Fixed { changes: run.changes, applied, left, offered, workspace: state.workspace, outcome: state.outcome }
}

/// A workspace as it was judged.
struct State {
    workspace: Workspace,
    outcome: Outcome,
}

impl State {
    /// Errors by path, with their codes.
    fn errors(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut errors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for finding in self.outcome.findings.iter().filter(|finding| finding.level == Level::Error) {
            errors.entry(self.workspace.sources.path(finding.primary.span)).or_default().push(&finding.code);
        }
        errors
    }
}

/// What outlives a round.
struct Run<'a> {
    judge: Judge<'a>,
    overlay: Overlay<'a>,
    changes: BTreeMap<String, Change>,
    /// Texts that were left behind, by path.
    seen: BTreeMap<String, BTreeSet<String>>,
    undone: BTreeMap<String, Why>,
}

/// What a round keeps.
#[derive(Default)]
struct Round {
    kept: Vec<usize>,
    texts: BTreeMap<FileId, String>,
    state: Option<State>,
}

impl Run<'_> {
    /// Judges the fixes together; when that goes wrong, halves of them, until the ones to blame are alone.
    fn settle(&mut self, base: &State, taken: &[Chosen<'_>]) -> Round {
        let mut round = Round::default();
        let mut waiting = vec![(0..taken.len()).collect::<Vec<usize>>()];
        while let Some(batch) = waiting.pop() {
            let edits = round.kept.iter().chain(&batch).flat_map(|&at| &taken[at].fix.edits);
            let texts = edits::applied(&base.workspace.sources, edits);
            match (self.trial(base, round.state.as_ref().unwrap_or(base), &texts, batch.len() == 1), &batch[..]) {
                (Ok(state), _) => {
                    round.kept.extend(batch);
                    round.texts = texts;
                    round.state = Some(state);
                }
                (Err(why), &[one]) => {
                    self.undone.insert(taken[one].key.clone(), why);
                }
                (Err(_), _) => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    waiting.extend([second.to_vec(), first.to_vec()]);
                }
            }
        }
        round.kept.sort_unstable();
        round
    }

    /// The workspace with new texts, or what is wrong with it.
    fn trial(&self, base: &State, best: &State, texts: &BTreeMap<FileId, String>, alone: bool) -> Result<State, Why> {
        let mut overlay = self.overlay.clone();
        for (&file, text) in texts {
            let path = &base.workspace.sources.get(file).path;
            if self.seen.get(path).is_some_and(|seen| seen.contains(text)) {
                return Err(Why::Repeats);
            }
            if !syntax::parse(file, text).1.is_empty() {
                return Err(Why::Breaks);
            }
            overlay.lay(path, text.clone());
        }
        let (workspace, outcome) = (self.judge)(&overlay);
        let state = State { workspace, outcome };
        let (before, after) = (best.errors(), state.errors());
        let count = |errors: &BTreeMap<&str, Vec<&str>>| errors.values().map(Vec::len).sum::<usize>();
        let more = |(path, codes): (&&str, &Vec<&str>)| before.get(path).map_or(0, Vec::len) < codes.len();
        // Together, a fix may hide what another brings: then each is looked at alone.
        let worse = if alone { count(&before) < count(&after) } else { after.iter().any(more) };
        if worse { Err(Why::Brings(brought(&before, &after))) } else { Ok(state) }
    }

    /// Takes over the texts of a round.
    fn keep(&mut self, state: &State, texts: BTreeMap<FileId, String>) {
        for (file, text) in texts {
            let source = state.workspace.sources.get(file);
            self.seen.entry(source.path.clone()).or_default().insert(source.text.to_string());
            self.overlay.lay(&source.path, text.clone());
            match self.changes.get_mut(&source.path) {
                Some(change) => change.after = text,
                None => {
                    let change = Change { before: Arc::clone(&source.text), after: text };
                    self.changes.insert(source.path.clone(), change);
                }
            }
        }
    }
}

/// The codes of which there are more than before.
fn brought(before: &BTreeMap<&str, Vec<&str>>, after: &BTreeMap<&str, Vec<&str>>) -> Vec<String> {
    let mut surplus: BTreeMap<&str, i64> = BTreeMap::new();
    for code in after.values().flatten() {
        *surplus.entry(code).or_default() += 1;
    }
    for code in before.values().flatten() {
        *surplus.entry(code).or_default() -= 1;
    }
    surplus.into_iter().filter(|(_, more)| 0 < *more).map(|(code, _)| code.to_owned()).collect()
}
