//! A workspace: its file, its catalogue, its templates, its specs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::document::{Document, DocumentKind};
use super::entry::SharedConditions;
use super::live::{Export, Live, Print};
use super::output::Output;
use crate::catalog::{Catalog, CatalogFile};
use crate::plan::targets::Capabilities;
use crate::plan::{self, Inputs, Memo, Plan};
use crate::policy::{InForce, Policy, WorkspaceFile};
use crate::spec::{Field, MERGED_LISTS, Spec, Template};
use crate::syntax::{self, At, FaultKind, Node};
use crate::text::{FileId, Source, Sources};
use crate::world::{Files, ReadFault, ReadFaultKind};

/// Everything but the experiments themselves, which are compiled one by one.
#[derive(Debug)]
pub struct Workspace {
    pub sources: Sources,
    pub file: WorkspaceFile,
    /// What `expc.toml` demands, by path.
    pub in_force: InForce,
    pub catalog: Catalog,
    pub templates: BTreeMap<String, TemplateEntry>,
    /// `expc.toml`, the catalogue and the templates.
    pub documents: Vec<Document>,
    pub specs: Vec<SpecFile>,
    /// Folders that could not be entered.
    pub faults: Vec<ReadFault>,
    pub memo: Memo,
    /// The flag platforms that can be built; rules on them are skipped while nobody says.
    pub targets: Vec<&'static Capabilities>,
    pub shared: SharedConditions,
    /// What a build left in the output folder; empty while nobody looked.
    pub output: Output,
    /// What platforms serve, where somebody exported it.
    pub live: Vec<Live>,
    /// What would be built, for rules that compare.
    pub print: Option<Print>,
}

/// A template with its own text and what it inherits.
#[derive(Debug)]
pub struct TemplateEntry {
    pub file: FileId,
    /// The template over its own parents.
    pub tree: Node,
    pub typed: Template,
    /// Paths that a spec may not weaken, of this template and its parents.
    pub protected: Vec<At<String>>,
    /// Why the chain of parents ends early.
    pub broken: Option<BrokenChain>,
    /// True when its text, or that of a parent, could not be read to its end.
    pub damaged: bool,
}

/// What is wrong with `extends`.
#[derive(Debug, Clone, PartialEq)]
pub enum BrokenChain {
    Unknown(At<String>),
    /// The names of the cycle in order.
    Cycle(At<String>, Vec<String>),
    TooDeep(At<String>),
}

/// A template may start from a template, but not for ever.
const MOST_PARENTS: usize = 8;

/// A spec that is known by its place only.
#[derive(Debug, Clone)]
pub struct SpecFile {
    pub path: String,
    /// The file name without `.toml`.
    pub stem: String,
    pub file: FileId,
    pub unreadable: Option<ReadFault>,
}

/// One spec from its text to its plan.
#[derive(Debug)]
pub struct Compiled {
    pub document: Document,
    pub stem: String,
    /// The spec over its template.
    pub tree: Node,
    pub spec: Spec,
    pub template: Option<String>,
    pub broken: Option<BrokenChain>,
    /// True when a template of the chain is missing or unreadable: what it would have set is unknown.
    pub is_cut_off: bool,
    pub policy: Arc<Policy>,
    pub plan: Plan,
}

impl Workspace {
    /// Reads everything. What cannot be read is told by the documents; nothing stops.
    pub fn open(files: &dyn Files) -> Self {
        Self::open_among(files, Sources::default())
    }

    /// Reads another state of a workspace; files that are as in `today` keep their numbers.
    pub(super) fn open_beside(files: &dyn Files, today: &Self) -> Self {
        Self::open_among(files, today.sources.continued())
    }

    fn open_among(files: &dyn Files, mut sources: Sources) -> Self {
        let mut documents = Vec::new();
        let (file, document) = load::<WorkspaceFile>(files, &mut sources, "expc.toml", DocumentKind::Workspace);
        documents.push(document);
        let folders = file.workspace.value();
        let folder = |pick: fn(&crate::policy::Folders) -> &Field<String>, default: &str| {
            let written = folders.and_then(|folders| pick(folders).value().cloned());
            written.map_or_else(|| default.to_owned(), |folder| clean(&folder))
        };
        let mut faults = Vec::new();
        let mut list = |folder: String, needed: bool| {
            let (paths, problems) = files.list(&folder);
            let absent = |fault: &ReadFault| fault.kind == ReadFaultKind::NotFound && fault.path == folder;
            faults.extend(problems.into_iter().filter(|fault| needed || !absent(fault)));
            paths
        };
        let mut catalog = Catalog::default();
        for path in list(folder(|f| &f.catalog, "catalog"), false) {
            let (part, document) = load::<CatalogFile>(files, &mut sources, &path, DocumentKind::Catalogue);
            // A file with syntax errors may define more than could be read.
            catalog.add(part);
            if document.is_damaged() {
                catalog.damage();
            }
            documents.push(document);
        }
        let mut raw = BTreeMap::new();
        for path in list(folder(|f| &f.templates, "templates"), false) {
            let (typed, document) = load::<Template>(files, &mut sources, &path, DocumentKind::Template);
            let own =
                RawTemplate { tree: document.tree.clone(), file: document.file, damaged: document.is_damaged(), typed };
            raw.insert(stem(&path), own);
            documents.push(document);
        }
        let templates = raw.keys().map(|name| (name.clone(), template(&raw, name))).collect();
        let paths = list(folder(|f| &f.experiments, "experiments"), true);
        let texts = read_many(files, &paths);
        let specs = paths
            .into_iter()
            .zip(texts)
            .map(|(path, (text, unreadable))| {
                let file = sources.add(Source::new(path.clone(), text));
                SpecFile { stem: stem(&path), path, file, unreadable }
            })
            .collect();
        let in_force = InForce::new(&file);
        Self {
            sources,
            file,
            in_force,
            catalog,
            templates,
            documents,
            specs,
            faults,
            memo: Memo::default(),
            targets: Vec::new(),
            shared: SharedConditions::default(),
            output: Output::default(),
            live: Vec::new(),
            print: None,
        }
    }

    /// The same workspace with the flag platforms that can be built from it.
    #[must_use]
    pub fn with_targets(mut self, targets: Vec<&'static Capabilities>) -> Self {
        self.targets = targets;
        self
    }

    /// The same workspace with what a build left in its output folder.
    #[must_use]
    pub fn with_output(mut self, files: &dyn Files) -> Self {
        let folder = clean(self.out().unwrap_or("dist"));
        self.output = Output::read(files, &folder, &mut self.sources);
        self
    }

    /// The same workspace with exports of what platforms serve, and what would be built instead.
    #[must_use]
    pub fn with_live(mut self, exports: &[Export], print: Print) -> Self {
        self.live = exports.iter().filter_map(|export| export.located(&mut self.sources)).collect();
        self.print = Some(print);
        self
    }

    /// The output folder, when `expc.toml` names one.
    pub fn out(&self) -> Option<&str> {
        self.file.build.value().and_then(|build| build.out.value()).map(String::as_str)
    }

    /// The platform of a name.
    pub fn target(&self, name: &str) -> Option<&'static Capabilities> {
        self.targets.iter().copied().find(|target| target.name == name)
    }

    /// The name of the workspace, for reports.
    pub fn name(&self) -> &str {
        let folders = self.file.workspace.value();
        folders.and_then(|folders| folders.name.value()).map_or("workspace", String::as_str)
    }

    /// Takes one spec from its text to its plan.
    pub fn compile(&self, spec: &SpecFile) -> Compiled {
        let text = &self.sources.get(spec.file).text;
        let (own, syntax) = syntax::parse(spec.file, text);
        let (alone, faults) = syntax::read::<Spec>(&own);
        let faults = beside(self.sources.get(spec.file), &syntax, faults);
        let extends = own.as_table().and_then(|table| table.get("extends"));
        let name = extends.and_then(|node| node.as_str().map(|name| At { value: name.to_owned(), span: node.span }));
        let parent = name.as_ref().and_then(|name| self.templates.get(&name.value));
        let broken = match (&name, parent) {
            (Some(name), None) => Some(BrokenChain::Unknown(name.clone())),
            _ => None,
        };
        let (tree, typed) = match parent {
            Some(parent) => {
                let tree = syntax::merge(&parent.tree, &as_meant(&own, &faults), &MERGED_LISTS);
                let typed = syntax::read::<Spec>(&tree).0;
                (tree, typed)
            }
            None => (own.clone(), alone),
        };
        // Bytes that are no text were replaced; what follows from that is not the author's.
        let (syntax, faults) = if spec.unreadable.is_some() { (Vec::new(), Vec::new()) } else { (syntax, faults) };
        let policy = self.in_force.policy(&spec.path);
        let plan = plan::compile(Inputs {
            spec: &typed,
            file: spec.file,
            stem: &spec.stem,
            catalog: &self.catalog,
            policy: &policy,
            workspace: &self.file,
            memo: &self.memo,
        });
        Compiled {
            document: Document {
                path: spec.path.clone(),
                file: spec.file,
                kind: DocumentKind::Experiment,
                tree: own,
                unreadable: spec.unreadable.clone(),
                syntax,
                faults,
            },
            stem: spec.stem.clone(),
            tree,
            spec: typed,
            is_cut_off: broken.is_some() || parent.is_some_and(|parent| parent.broken.is_some() || parent.damaged),
            template: parent.and(name).map(|name| name.value),
            broken,
            policy,
            plan,
        }
    }
}

/// Reads many files at once; the answers come in the order of the paths.
///
/// Each text takes its last form on the thread that read it, so that ten thousand are never held twice.
fn read_many(files: &dyn Files, paths: &[String]) -> Vec<(Arc<str>, Option<ReadFault>)> {
    use rayon::prelude::*;
    paths.par_iter().with_min_len(32).map(|path| text_or_fault(files.read(path))).collect()
}

fn text_or_fault(text: Result<String, ReadFault>) -> (Arc<str>, Option<ReadFault>) {
    match text {
        Ok(text) => (Arc::from(text), None),
        Err(fault) => match &fault.kind {
            ReadFaultKind::NotUtf8 { lossy, .. } => (Arc::from(lossy.as_str()), Some(fault)),
            _ => (Arc::from(""), Some(fault)),
        },
    }
}

fn load<T: DeserializeOwned + Default>(
    files: &dyn Files,
    sources: &mut Sources,
    path: &str,
    kind: DocumentKind,
) -> (T, Document) {
    let (text, unreadable) = text_or_fault(files.read(path));
    let file = sources.add(Source::new(path, text));
    let (tree, syntax) = syntax::parse(file, &sources.get(file).text);
    let (typed, faults) = syntax::read::<T>(&tree);
    // Bytes that are no text were replaced; what follows from that is not the author's.
    let faults = beside(sources.get(file), &syntax, faults);
    let (syntax, faults) = if unreadable.is_some() { (Vec::new(), Vec::new()) } else { (syntax, faults) };
    (typed, Document { path: path.to_owned(), file, kind, tree, unreadable, syntax, faults })
}

/// The tree with misspelt keys under the names that were meant, so that they meet the template's.
fn as_meant<'a>(tree: &'a Node, faults: &[syntax::Fault]) -> Cow<'a, Node> {
    let slips: Vec<(crate::text::Span, &str)> = faults
        .iter()
        .filter_map(|fault| match fault.kind {
            FaultKind::UnknownKey { meant: Some(name), .. } => Some((fault.span, name)),
            _ => None,
        })
        .collect();
    if slips.is_empty() {
        return Cow::Borrowed(tree);
    }
    fn rename(node: &mut Node, slips: &[(crate::text::Span, &str)]) {
        match &mut node.value {
            syntax::Value::Table(table) => {
                for entry in &mut table.entries {
                    // Faults are sorted by place.
                    if let Ok(at) = slips.binary_search_by(|(span, _)| span.cmp(&entry.key_span)) {
                        slips[at].1.clone_into(&mut entry.key);
                    }
                    rename(&mut entry.node, slips);
                }
            }
            syntax::Value::Array(items) => items.iter_mut().for_each(|item| rename(item, slips)),
            _ => {}
        }
    }
    let mut tree = tree.clone();
    rename(&mut tree, &slips);
    Cow::Owned(tree)
}

/// Faults that do not follow from a syntax error on the same line: a value that could not be read is not also of the
/// wrong type.
fn beside(source: &Source, syntax: &[syntax::SyntaxFault], mut faults: Vec<syntax::Fault>) -> Vec<syntax::Fault> {
    if !syntax.is_empty() && !faults.is_empty() {
        let line = |span: crate::text::Span| source.position(span.start as usize).line;
        let torn: Vec<usize> = syntax.iter().map(|fault| line(fault.span)).collect();
        faults.retain(|fault| !torn.contains(&line(fault.span)));
    }
    faults
}

/// A folder as written, without `./` and a slash at the end.
fn clean(folder: &str) -> String {
    folder.trim_start_matches("./").trim_end_matches('/').to_owned()
}

fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name).to_owned()
}

/// A template as its file alone has it.
struct RawTemplate {
    typed: Template,
    tree: Node,
    file: FileId,
    damaged: bool,
}

type RawTemplates = BTreeMap<String, RawTemplate>;

/// A template over its parents.
fn template(raw: &RawTemplates, name: &str) -> TemplateEntry {
    let mut chain = vec![name.to_owned()];
    let mut broken = None;
    let mut at = &raw[name].typed;
    while let Some(parent) = at.extends.get() {
        let Some(RawTemplate { typed, .. }) = raw.get(&parent.value) else {
            broken = Some(BrokenChain::Unknown(parent.clone()));
            break;
        };
        if let Some(first) = chain.iter().position(|known| known == &parent.value) {
            let mut cycle = chain[first..].to_vec();
            cycle.push(parent.value.clone());
            broken = Some(BrokenChain::Cycle(parent.clone(), cycle));
            break;
        }
        if MOST_PARENTS <= chain.len() {
            broken = Some(BrokenChain::TooDeep(parent.clone()));
            break;
        }
        chain.push(parent.value.clone());
        at = typed;
    }
    let mut tree: Option<Node> = None;
    let mut protected = Vec::new();
    for step in chain.iter().rev() {
        let RawTemplate { typed, tree: own, .. } = &raw[step];
        let table = typed.template.value();
        protected
            .extend(table.and_then(|table| table.protected.value()).into_iter().flat_map(|list| list.items.clone()));
        let own = without(own, &["template", "extends", "schema"]);
        tree = Some(match tree {
            Some(parent) => syntax::merge(&parent, &own, &MERGED_LISTS),
            None => own,
        });
    }
    let damaged = chain.iter().any(|step| raw[step].damaged);
    let RawTemplate { typed, tree: own, file, .. } = &raw[name];
    TemplateEntry {
        file: *file,
        tree: tree.unwrap_or_else(|| own.clone()),
        typed: typed.clone(),
        protected,
        broken,
        damaged,
    }
}

/// The tree without some keys of its root.
fn without(tree: &Node, keys: &[&str]) -> Node {
    let mut tree = tree.clone();
    if let syntax::Value::Table(table) = &mut tree.value {
        table.entries.retain(|entry| !keys.contains(&entry.key.as_str()));
    }
    tree
}
