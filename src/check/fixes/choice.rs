//! Which fixes one round applies.

use std::collections::{BTreeMap, BTreeSet};

use super::edits::{are_sound, meet};
use super::{Left, Request, Why};
use crate::check::Outcome;
use crate::diag::{Applicability, Diagnostic, Fix};
use crate::portfolio::Workspace;
use crate::syntax;
use crate::text::{FileId, Span};

/// A finding and the fix that is taken for it.
pub(super) struct Chosen<'a> {
    pub finding: &'a Diagnostic,
    pub fix: &'a Fix,
    pub key: String,
}

/// What a round is made of.
#[derive(Default)]
pub(super) struct Choice<'a> {
    pub taken: Vec<Chosen<'a>>,
    /// Fixes that are wanted and not taken in this round.
    pub left: Vec<Left>,
    /// Findings with a fix that nobody asked for.
    pub offered: usize,
}

/// Chooses for each finding, in the order of their places, the first fix that may be applied.
///
/// Of two that meet the first wins; the other is looked at again in the next round, when it may be gone.
pub(super) fn choose<'a>(
    workspace: &Workspace,
    outcome: &'a Outcome,
    request: &Request<'_>,
    undone: &BTreeMap<String, Why>,
) -> Choice<'a> {
    let mut choice = Choice::default();
    let mut files = Readable::new(workspace);
    let mut busy = Busy::default();
    for finding in &outcome.findings {
        let mut wanted = finding.fixes.iter().filter(|fix| !fix.edits.is_empty());
        if wanted.clone().next().is_none() {
            continue;
        }
        let own = (request.covers)(workspace.sources.path(finding.primary.span));
        let is_wanted = |fix: &&Fix| match request.applicability {
            Applicability::Safe => fix.applicability == Applicability::Safe,
            Applicability::Suggested => true,
        };
        let mut refusal = None;
        let picked = wanted.by_ref().filter(is_wanted).find(|fix| match files.refusal(finding, fix, request) {
            Some(why) => {
                refusal.get_or_insert((*fix, why));
                false
            }
            None => true,
        });
        let left = |fix: &Fix, why: Why| Left::new(workspace, finding, fix, why);
        match (picked, refusal) {
            (None, None) => choice.offered += usize::from(own),
            (None, Some((fix, why))) => choice.left.extend(own.then(|| left(fix, why))),
            (Some(fix), _) => {
                let key = key(workspace, finding, fix);
                if let Some(why) = undone.get(&key) {
                    choice.left.push(left(fix, why.clone()));
                } else if fix.edits.iter().any(|edit| busy.meets(edit.span)) {
                    choice.left.push(left(fix, Why::Rounds));
                } else {
                    busy.0.extend(fix.edits.iter().map(|edit| edit.span));
                    choice.taken.push(Chosen { finding, fix, key });
                }
            }
        }
    }
    choice
}

/// What tells a fix from others when places have moved.
fn key(workspace: &Workspace, finding: &Diagnostic, fix: &Fix) -> String {
    let mut key = format!("{}\0{}\0{}", finding.code, workspace.sources.path(finding.primary.span), fix.title);
    for edit in &fix.edits {
        key += &format!("\0{}\0{}", workspace.sources.slice(edit.span), edit.replacement);
    }
    key
}

/// Places that are taken; no two of them meet.
#[derive(Default)]
struct Busy(BTreeSet<Span>);

impl Busy {
    fn meets(&self, span: Span) -> bool {
        let up_to_its_end = Span { start: span.end, end: u32::MAX, ..span };
        // The last one may start where this one ends; none but the one before it can then reach into it.
        self.0.range(..=up_to_its_end).rev().take(2).any(|taken| meet(*taken, span))
    }
}

/// Which files were read to their end, asked once a file.
struct Readable<'a> {
    workspace: &'a Workspace,
    known: BTreeMap<FileId, bool>,
}

impl<'a> Readable<'a> {
    fn new(workspace: &'a Workspace) -> Self {
        let specs = workspace.specs.iter().filter(|spec| spec.unreadable.is_some()).map(|spec| spec.file);
        let documents = workspace.documents.iter().filter(|document| document.unreadable.is_some());
        let no_text = specs.chain(documents.map(|document| document.file));
        Self { workspace, known: no_text.map(|file| (file, false)).collect() }
    }

    fn refusal(&mut self, finding: &Diagnostic, fix: &Fix, request: &Request<'_>) -> Option<Why> {
        let sources = &self.workspace.sources;
        if !are_sound(sources, &fix.edits) {
            return Some(Why::Unsound);
        }
        for edit in &fix.edits {
            let path = sources.path(edit.span);
            if !(request.covers)(path) {
                return Some(Why::Outside(path.to_owned()));
            }
            if edit.span.file != finding.primary.span.file && !fix.elsewhere {
                return Some(Why::Elsewhere(path.to_owned()));
            }
            if !self.is_whole(edit.span.file) {
                return Some(Why::Damaged(path.to_owned()));
            }
        }
        None
    }

    /// True when the text was read to its end: nothing edits what it did not parse.
    fn is_whole(&mut self, file: FileId) -> bool {
        let workspace = self.workspace;
        let is_whole = || syntax::parse(file, &workspace.sources.get(file).text).1.is_empty();
        *self.known.entry(file).or_insert_with(is_whole)
    }
}
