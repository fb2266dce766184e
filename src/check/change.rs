//! What a change brings in: the findings of today that its base does not have.
//!
//! Both sides are judged by the same rules on the same day. A finding of today is old when the base has one with the
//! same name (see [`Identity`]) that weighs no less; paths and ids of moved specs are read as those of today.
//!
//! A spec whose text and shared files are those of the base is judged once: what was found holds for both.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::engine::{self, Judged, Options, Outcome};
use crate::diag::{Diagnostic, Identity, Level, named};
use crate::portfolio::{Base, SpecFile, Workspace};
use crate::rules::{self, Context, Rule};
use crate::text::{FileId, Place};

/// Runs every rule, and sets findings aside that the change does not bring in. Without a base nothing is.
pub fn check_change(workspace: &Workspace, options: &Options) -> Outcome {
    let Some(base) = options.base.clone() else { return engine::check(workspace, options.clone()) };
    let rules: Vec<&'static Rule> = rules::all().collect();
    let judge = |workspace, spec: &SpecFile, options: &Options| engine::guarded(&rules, workspace, spec, options);
    let judged: Vec<Judged> = workspace.specs.par_iter().map(|spec| judge(workspace, spec, options)).collect();
    let then = Options { base: None, ..options.clone() };
    let today: HashMap<FileId, usize> = workspace.specs.iter().enumerate().map(|(at, spec)| (spec.file, at)).collect();
    let of_changes: HashSet<&str> =
        rules.iter().filter(|rule| rule.needs.contains(&Context::Base)).map(|rule| rule.code).collect();
    let before: Vec<Judged> = base
        .workspace
        .specs
        .par_iter()
        .map(|spec| match today.get(&spec.file) {
            // Equal files have equal numbers.
            Some(&at) if !base.is_shared_edited && !base.is_resealed(&spec.stem) && judged[at].stands_alone(spec) => {
                let mut same = judged[at].clone();
                same.findings.retain(|finding| !of_changes.contains(&*finding.code));
                same
            }
            _ => judge(&base.workspace, spec, &then),
        })
        .collect();
    let (before, mut outcome) = rayon::join(
        || engine::conclude(&rules, &base.workspace, &then, before),
        || engine::conclude(&rules, workspace, options, judged),
    );
    set_aside(workspace, &base, &before.findings, &mut outcome);
    outcome
}

impl Judged {
    /// True when what was found rests on no other spec. An id that is not the name of its file may be that of another.
    fn stands_alone(&self, spec: &SpecFile) -> bool {
        self.entry.as_ref().is_some_and(|entry| *entry.id == *spec.stem)
    }
}

/// Moves findings that the base has as well out of the way.
fn set_aside(workspace: &Workspace, base: &Base, before: &[Diagnostic], outcome: &mut Outcome) {
    let moves = Moves::of(base, workspace);
    let names = named(before.iter().map(|finding| moves.digest(finding)));
    let known: HashMap<String, Level> = names.into_iter().zip(before.iter().map(|finding| finding.level)).collect();
    let names = names_of(workspace, &outcome.findings);
    let is_old = |name: &String, level: Level| known.get(name).is_some_and(|before| level <= *before);
    let findings = std::mem::take(&mut outcome.findings);
    for (finding, name) in findings.into_iter().zip(names) {
        let side = if is_old(&name, finding.level) { &mut outcome.older } else { &mut outcome.findings };
        side.push(finding);
    }
}

/// The names of findings, for comparing one run with another.
///
/// A finding in a file that experiments share is about that file, whichever of them met it first.
pub(super) fn names_of(workspace: &Workspace, findings: &[Diagnostic]) -> Vec<String> {
    let specs: HashSet<FileId> = workspace.specs.iter().map(|spec| spec.file).collect();
    let digest = |finding: &Diagnostic| {
        let place = Place::of(&workspace.sources, finding.primary.span);
        identity(finding, &place, specs.contains(&finding.primary.span.file)).digest()
    };
    named(findings.iter().map(digest))
}

fn identity<'a>(finding: &'a Diagnostic, place: &Place<'a>, is_own: bool) -> Identity<'a> {
    Identity {
        code: &finding.code,
        path: place.path,
        experiment: finding.experiment.as_deref().filter(|_| is_own).unwrap_or_default(),
        text: place.text,
        headline: &finding.headline,
    }
}

/// The specs of the base by their files, and what each is called today.
struct Moves<'a> {
    base: &'a Workspace,
    by_file: HashMap<FileId, Move>,
}

/// The path of today; the id then and today where they differ.
struct Move {
    path: String,
    id: Option<(String, Arc<str>)>,
}

impl<'a> Moves<'a> {
    fn of(base: &'a Base, today: &Workspace) -> Self {
        let mut by_file = HashMap::new();
        for (spec, now) in base.specs() {
            let path = now.unwrap_or(&spec.path);
            let id = now.filter(|now| *now != spec.path).and_then(|now| {
                let here = today.specs.iter().find(|here| here.path == now)?;
                let (old, new) = (Arc::clone(&base.before(now)?.plan.id), today.compile(here).plan.id);
                (old != new).then(|| (old.to_string(), new))
            });
            by_file.insert(spec.file, Move { path: path.to_owned(), id });
        }
        Self { base: &base.workspace, by_file }
    }

    fn digest(&self, finding: &Diagnostic) -> [u8; 32] {
        let place = Place::of(&self.base.sources, finding.primary.span);
        let Some(Move { path, id }) = self.by_file.get(&finding.primary.span.file) else {
            return identity(finding, &place, false).digest();
        };
        let own = Identity { path, ..identity(finding, &place, true) };
        let Some((old, new)) = id else { return own.digest() };
        let experiment = if own.experiment == old { new } else { own.experiment };
        let (text, headline) = (own.text.replace(old, new), own.headline.replace(old, new));
        Identity { experiment, text: &text, headline: &headline, ..own }.digest()
    }
}
