//! The workspace as it was where a change starts, beside the workspace of today.
//!
//! A [`Base`] knows which spec of today was which then, by path, by id and by what git says of moves, and which shared
//! files differ. Files that are as they were have the same number on both sides, so that a place or a finding of one
//! holds for the other. Specs are compiled when a rule asks, each once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::edits::{self, SharedEdit};
use super::registry::Moment;
use super::workspace::{Compiled, SpecFile, Workspace};
use crate::world::{Commit, Files, ReadFault};

/// What git knows of a change beside the files.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The revision as it was asked for: `origin/main`.
    pub reference: String,
    /// The commit that the change starts from, in short.
    pub commit: String,
    /// Files that were moved: from, to.
    pub moved: Vec<(String, String)>,
    /// The commits of the change; what is not committed has none.
    pub commits: Vec<Commit>,
    /// When the commits were made that the seals of the change name; those that the repository has.
    pub committed: BTreeMap<String, Moment>,
}

/// The workspace where a change starts.
#[derive(Debug)]
pub struct Base {
    pub workspace: Workspace,
    pub change: Change,
    /// What the change does to the catalogue, the templates and `expc.toml`.
    pub edits: Vec<SharedEdit>,
    /// True when a file that all specs may rest on differs.
    pub is_shared_edited: bool,
    /// The index of a spec of the base, by its path of today.
    was: HashMap<String, usize>,
    /// Paths of today of specs whose text differs, or that were moved.
    edited: HashSet<String>,
    /// Indices of specs that are no longer there.
    gone: Vec<usize>,
    /// Ids whose seal differs.
    resealed: HashSet<String>,
    /// Templates that differ, by name, with all that inherit from them.
    templates: HashSet<String>,
    /// Boxed: most are never asked for.
    compiled: Vec<OnceLock<Box<Compiled>>>,
}

impl Base {
    /// The base of a workspace: `then` gives the files of the base, `now` those of today.
    pub fn new(today: &Workspace, now: &dyn Files, then: &dyn Files, change: Change) -> Self {
        let both = Both { then, by_path: by_path(today) };
        let workspace = Workspace::open_beside(&both, today).with_targets(today.targets.clone());
        let mut was = HashMap::with_capacity(today.specs.len());
        let mut edited = HashSet::new();
        let mut gone = Vec::new();
        let mut arrived: HashMap<&str, &SpecFile> = today.specs.iter().map(|spec| (spec.path.as_str(), spec)).collect();
        for (index, spec) in workspace.specs.iter().enumerate() {
            match arrived.remove(spec.path.as_str()) {
                Some(here) => {
                    if here.file != spec.file {
                        edited.insert(spec.path.clone());
                    }
                    was.insert(spec.path.clone(), index);
                }
                // A file that git has and that the workspace passes over is as little there then as today.
                None if now.read(&spec.path).is_ok() => {}
                None => gone.push(index),
            }
        }
        let is_shared_edited = shared_differ(&workspace, today);
        let differ = is_shared_edited.then_some((&workspace, today));
        let mut base = Self {
            edits: differ.map(|(then, today)| edits::between(then, today)).unwrap_or_default(),
            templates: differ.map(|(then, today)| edits::edited_templates(then, today)).unwrap_or_default(),
            is_shared_edited,
            resealed: resealed(&workspace, today),
            compiled: std::iter::repeat_with(OnceLock::new).take(workspace.specs.len()).collect(),
            workspace,
            change,
            was,
            edited,
            gone,
        };
        let mut arrived: Vec<&SpecFile> = arrived.into_values().collect();
        arrived.sort_by(|a, b| a.path.cmp(&b.path));
        base.follow_moves(today, arrived);
        base
    }

    /// Pairs specs that left with specs that arrived: an id that stays, then what git takes for a move between commits,
    /// then texts that are mostly the same, for moves that are not committed.
    fn follow_moves(&mut self, today: &Workspace, arrived: Vec<&SpecFile>) {
        if self.gone.is_empty() || arrived.is_empty() {
            return;
        }
        let ids: HashMap<String, &SpecFile> =
            arrived.iter().filter_map(|spec| Some((today.compile(spec).spec.id()?.value.clone(), *spec))).collect();
        let by_id = |index: usize| self.at(index).spec.id().and_then(|id| ids.get(&id.value).copied());
        let mut pairs = Pairs::default();
        for &index in &self.gone {
            pairs.add(index, by_id(index));
        }
        let moved: HashMap<&str, &str> = self.change.moved.iter().map(|(from, to)| (&**from, &**to)).collect();
        let by_move = |index: usize| {
            let to = moved.get(self.workspace.specs[index].path.as_str())?;
            arrived.iter().copied().find(|spec| spec.path == *to)
        };
        for &index in &self.gone {
            pairs.add(index, by_move(index));
        }
        let left: Vec<usize> = self.gone.iter().copied().filter(|index| !pairs.by_index.contains_key(index)).collect();
        let open: Vec<&SpecFile> = arrived.into_iter().filter(|spec| !pairs.taken.contains(&*spec.path)).collect();
        if left.len().saturating_mul(open.len()) <= MOST_COMPARED {
            for index in left {
                let text = &self.workspace.sources.get(self.workspace.specs[index].file).text;
                let alike = |spec: &&&SpecFile| likeness(text, &today.sources.get(spec.file).text);
                let near = open.iter().filter(|spec| !pairs.taken.contains(&*spec.path) && LIKE <= alike(spec));
                let best = near.max_by(|a, b| alike(a).total_cmp(&alike(b))).copied();
                pairs.add(index, best);
            }
        }
        self.gone.retain(|index| !pairs.by_index.contains_key(index));
        for (index, path) in pairs.by_index {
            self.edited.insert(path.clone());
            self.was.insert(path, index);
        }
    }

    /// What a spec was; `None` when the change adds it.
    pub fn was(&self, path: &str) -> Option<&SpecFile> {
        self.was.get(path).map(|&index| &self.workspace.specs[index])
    }

    /// True when the change adds the spec, moves it, or edits its text.
    pub fn is_edited(&self, path: &str) -> bool {
        self.edited.contains(path) || !self.was.contains_key(path)
    }

    /// True when the change adds, edits or takes away the seal of an id.
    pub fn is_resealed(&self, id: &str) -> bool {
        self.resealed.contains(id)
    }

    /// The commits that the seals of the change name, each once.
    pub fn sealed_at(&self, today: &Workspace) -> BTreeSet<String> {
        let locks = self.resealed.iter().filter_map(|id| today.lock(id)?.as_ref().ok()?.commit.as_ref());
        locks.map(|commit| commit.value.clone()).collect()
    }

    /// The compiled spec of the base; `None` when the change adds it.
    pub fn before(&self, path: &str) -> Option<&Compiled> {
        self.was.get(path).map(|&index| self.at(index))
    }

    /// The same, where it may differ from the spec of today: its text, its template or something shared does.
    pub fn before_edit(&self, path: &str) -> Option<&Compiled> {
        (self.is_shared_edited || self.is_edited(path)).then(|| self.before(path))?
    }

    /// The same, where the text or the template differs.
    pub fn before_own_edit(&self, compiled: &Compiled) -> Option<&Compiled> {
        let path = &compiled.document.path;
        let template = compiled.template.as_ref().is_some_and(|name| self.templates.contains(name));
        (template || self.is_edited(path)).then(|| self.before(path))?
    }

    /// The specs that the change takes away.
    pub fn gone(&self) -> impl Iterator<Item = &Compiled> {
        self.gone.iter().map(|&index| self.at(index))
    }

    /// Specs of the base, with the path that each has today; `None` when it is gone.
    pub fn specs(&self) -> impl Iterator<Item = (&SpecFile, Option<&str>)> {
        let mut now: Vec<Option<&str>> = vec![None; self.workspace.specs.len()];
        for (path, &index) in &self.was {
            now[index] = Some(path);
        }
        self.workspace.specs.iter().zip(now)
    }

    /// The names and addresses of those whose commits touch one of the paths.
    pub fn authors<'a>(&'a self, paths: &[&str]) -> Vec<&'a str> {
        let touches = |commit: &&Commit| commit.paths.iter().any(|path| paths.contains(&path.as_str()));
        let mut names: Vec<&str> =
            self.change.commits.iter().filter(touches).flat_map(|commit| &commit.authors).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// "`origin/main` (1a2b3c4d5e)", for messages.
    pub fn name(&self) -> String {
        match (self.change.reference.as_str(), self.change.commit.as_str()) {
            ("", _) => "the base".to_owned(),
            (reference, "") => format!("`{}`", crate::text::printable(reference)),
            (reference, commit) => format!("`{}` ({commit})", crate::text::printable(reference)),
        }
    }

    fn at(&self, index: usize) -> &Compiled {
        self.compiled[index].get_or_init(|| Box::new(self.workspace.compile(&self.workspace.specs[index])))
    }
}

/// More pairs of texts than this are not compared: a whole repository that moves at once.
const MOST_COMPARED: usize = 10_000;

/// The part of lines that two texts have in common when one is the other, moved and edited. Git asks for half;
/// specs of one template are alike before any of them moves.
const LIKE: f64 = 0.7;

/// Specs of the base with their paths of today.
#[derive(Default)]
struct Pairs {
    by_index: HashMap<usize, String>,
    taken: HashSet<String>,
}

impl Pairs {
    /// Each spec has one partner; the first that is found counts.
    fn add(&mut self, index: usize, spec: Option<&SpecFile>) {
        let Some(spec) = spec.filter(|spec| !self.taken.contains(&spec.path)) else { return };
        if !self.by_index.contains_key(&index) {
            self.taken.insert(spec.path.clone());
            self.by_index.insert(index, spec.path.clone());
        }
    }
}

/// The part of the lines of both texts that both have.
fn likeness(a: &str, b: &str) -> f64 {
    let lines = |text: &'_ str| {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    let (a, b) = (lines(a), lines(b));
    let mut left: HashMap<&str, usize> = HashMap::new();
    for line in &a {
        *left.entry(line).or_default() += 1;
    }
    let mut common = 0_u32;
    for line in &b {
        if let Some(count) = left.get_mut(line.as_str()).filter(|count| 0 < **count) {
            *count -= 1;
            common += 1;
        }
    }
    f64::from(common) / (a.len().max(b.len()).max(1) as f64)
}

/// True when a file that is no spec was added, removed or edited.
fn shared_differ(then: &Workspace, today: &Workspace) -> bool {
    // Whether anything is sealed at all says something of those that are not.
    let sealed = |workspace: &Workspace| !workspace.registry.is_empty();
    // Equal files have equal numbers.
    let files = |workspace: &Workspace| workspace.shared_files.iter().copied().collect::<HashSet<_>>();
    sealed(then) != sealed(today) || files(then) != files(today)
}

/// The ids whose seal was added, removed or edited.
fn resealed(then: &Workspace, today: &Workspace) -> HashSet<String> {
    let seals = |workspace: &'_ Workspace| {
        workspace.registry.files().map(|(id, file)| (id.to_owned(), file)).collect::<HashSet<_>>()
    };
    // Equal files have equal numbers.
    seals(then).symmetric_difference(&seals(today)).map(|(id, _)| id.clone()).collect()
}

fn by_path(workspace: &Workspace) -> HashMap<&str, &Arc<str>> {
    workspace.sources.iter().map(|(_, source)| (source.path.as_str(), &source.text)).collect()
}

/// The files of the base; those that are as they were are not read again.
struct Both<'a> {
    then: &'a dyn Files,
    by_path: HashMap<&'a str, &'a Arc<str>>,
}

impl Files for Both<'_> {
    fn read(&self, path: &str) -> Result<String, ReadFault> {
        self.text(path).map(|text| (*text).to_owned())
    }

    fn text(&self, path: &str) -> Result<Arc<str>, ReadFault> {
        match self.by_path.get(path) {
            Some(text) if self.then.holds(path, text) => Ok(Arc::clone(text)),
            _ => self.then.text(path),
        }
    }

    fn find(&self, folder: &str, ending: &str) -> (Vec<String>, Vec<ReadFault>) {
        self.then.find(folder, ending)
    }

    fn holds(&self, path: &str, text: &str) -> bool {
        self.then.holds(path, text)
    }
}
