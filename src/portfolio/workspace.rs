//! A workspace: its file, its catalogue, its templates, its specs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::custom::CustomRules;
use super::document::{Document, DocumentKind};
use super::entry::SharedConditions;
use super::live::{Export, Live, Print};
use super::output::Output;
use super::registry::{self, Lock, LockFault, Registry};
use crate::catalog::{self, Catalog, CatalogFile, PayloadSchema};
use crate::plan::targets::Capabilities;
use crate::plan::terms::{self, Standing};
use crate::plan::{self, Inputs, Memo, Plan, Terms};
use crate::policy::{InForce, Policy, WorkspaceFile};
use crate::spec::{Amount, Day, Field, MERGED_LISTS, Spec, Status, Template, Unit};
use crate::syntax::{self, At, Entry, FaultKind, Node};
use crate::text::{FileId, Source, Sources, Span};
use crate::world::{Files, ReadFault, ReadFaultKind};

/// Everything but the experiments themselves, which are compiled one by one.
#[derive(Debug)]
pub struct Workspace {
    pub sources: Sources,
    pub file: WorkspaceFile,
    /// What `expc.toml` demands, by path.
    pub in_force: InForce,
    /// The organisation's own rules.
    pub custom: CustomRules,
    pub catalog: Arc<Catalog>,
    /// What payloads of flags must look like, by flag.
    pub payload_schemas: Arc<Vec<PayloadSchema>>,
    pub templates: Arc<BTreeMap<String, TemplateEntry>>,
    /// `expc.toml`, the catalogue and the templates.
    pub documents: Vec<Arc<Document>>,
    /// The files of all these.
    pub(super) shared_files: Vec<FileId>,
    pub specs: Vec<SpecFile>,
    /// The sealed plans.
    pub registry: Registry,
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

/// The file of a workspace itself.
const WORKSPACE_FILE: &str = "expc.toml";

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
#[derive(Debug, Clone)]
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
    /// For a running experiment, with the definitions it was sealed with.
    pub plan: Plan,
    /// The catalogue with the definitions that a running experiment was sealed with, where some have moved since.
    pub sealed_catalog: Option<Box<Catalog>>,
    /// What it says today, where a seal is there to compare with: the catalogue's definitions as they stand.
    pub terms: Option<Terms>,
}

impl Workspace {
    /// Reads everything. What cannot be read is told by the documents; nothing stops.
    pub fn open(files: &dyn Files) -> Self {
        Self::open_among(files, Sources::default(), None)
    }

    /// Reads another state of a workspace; files that are as in `today` keep their numbers.
    pub(super) fn open_beside(files: &dyn Files, today: &Self) -> Self {
        Self::open_among(files, today.sources.continued(), Some(today))
    }

    fn open_among(files: &dyn Files, mut sources: Sources, today: Option<&Self>) -> Self {
        let mut documents = Vec::new();
        let (file, document) = load::<WorkspaceFile>(files, &mut sources, WORKSPACE_FILE, DocumentKind::Workspace);
        documents.push(Arc::new(document));
        let folders = file.workspace.value();
        let folder = |pick: fn(&crate::policy::Folders) -> &Field<String>, default: &str| {
            let written = folders.and_then(|folders| pick(folders).value().cloned());
            written.map_or_else(|| default.to_owned(), |folder| clean(&folder))
        };
        let experiments = folder(|f| &f.experiments, "experiments");
        let found = |folder: &str, ending: &str| {
            let (paths, mut faults) = files.find(folder, ending);
            let absent = |fault: &ReadFault| fault.kind == ReadFaultKind::NotFound && fault.path == folder;
            faults.retain(|fault| !absent(fault));
            (paths, faults)
        };
        // A large catalogue is parsed while the specs are read.
        let ((paths, texts, unread), (shared, mut faults)) = rayon::join(
            || {
                let (paths, faults) = files.find(&experiments, ".toml");
                let texts = read_many(files, &paths);
                (paths, texts, faults)
            },
            || {
                let (catalogue, mut faults) = found(&folder(|f| &f.catalog, "catalog"), ".toml");
                let (templates, more) = found(&folder(|f| &f.templates, "templates"), ".toml");
                faults.extend(more);
                let paths = (catalogue.as_slice(), templates.as_slice());
                let known = today.and_then(|today| Shared::known(files, paths, &mut sources, today));
                (known.unwrap_or_else(|| Shared::read(files, paths, &mut sources)), faults)
            },
        );
        let Shared { catalog, payload_schemas, templates, documents: shared } = shared;
        documents.extend(shared);
        let shared_files = sources.added().collect();
        faults.extend(unread);
        let specs = paths
            .into_iter()
            .zip(texts)
            .map(|(path, (text, unreadable))| {
                let file = sources.add(Source::new(path.clone(), text));
                SpecFile { stem: stem(&path), path, file, unreadable }
            })
            .collect();
        let mut registry = Registry::default();
        let (locks, unread) = found(&folder(|f| &f.registry, "registry"), registry::ENDING);
        faults.extend(unread);
        for (path, (text, unreadable)) in locks.iter().zip(read_many(files, &locks)) {
            let file = sources.add(Source::new(path.clone(), text));
            registry.add(path.clone(), file, unreadable);
        }
        let in_force = InForce::new(&file);
        let custom = CustomRules::compile(&file, &sources, &documents);
        Self {
            sources,
            file,
            in_force,
            custom,
            catalog,
            payload_schemas,
            templates,
            documents,
            shared_files,
            specs,
            registry,
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

    /// What payloads of a flag must look like. The schemas are in the order of the flags' names.
    pub fn payload_schema(&self, flag: &str) -> Option<&PayloadSchema> {
        let found = self.payload_schemas.binary_search_by(|schema| schema.flag.as_str().cmp(flag));
        found.ok().map(|at| &self.payload_schemas[at])
    }

    /// The name of the workspace, for reports.
    pub fn name(&self) -> &str {
        let folders = self.file.workspace.value();
        folders.and_then(|folders| folders.name.value()).map_or("workspace", String::as_str)
    }

    /// The sealed plan of an id, verified.
    pub fn lock(&self, id: &str) -> Option<&Result<Lock, LockFault>> {
        self.registry.get(id, |file| &self.sources.get(file).text)
    }

    /// Where the sealed plan of an id lies, from the root of the workspace.
    pub fn lock_path(&self, id: &str) -> String {
        let folder = self.file.workspace.value().and_then(|folders| folders.registry.value());
        let folder = folder.map_or_else(|| "registry".to_owned(), |folder| clean(folder));
        format!("{folder}/{id}{}", registry::ENDING)
    }

    /// A definition as a catalogue file has it: the table is named as there, `metrics`.
    pub fn definition(&self, table: &str, name: &str) -> Option<&Entry> {
        let files = self.documents.iter().filter(|document| document.kind == DocumentKind::Catalogue);
        let mut tables = files.filter_map(|document| document.tree.as_table()?.get(table)?.as_table());
        tables.find_map(|table| table.entry(name))
    }

    /// The terms of an experiment: what it says and what it rests on.
    pub fn terms(&self, plan: &Plan, tree: &Node) -> Terms {
        Terms::of(plan, tree, |table, name| self.definition(table, name))
    }

    /// The catalogue with those definitions that have moved since the seal as they were sealed; `None` when none has.
    ///
    /// What no seal holds of them, such as their owner, is as it is today; so is one that an amendment names.
    fn sealed_definitions(&self, spec: &Spec, sealed: &Node, present: &Node) -> Option<Catalog> {
        let amendments = spec.amendments.value().into_iter().flat_map(|list| list.iter());
        let adopted: Vec<&str> = amendments
            .flat_map(|amendment| amendment.fields.value().into_iter().flat_map(|list| list.iter()))
            .map(|field| field.value.strip_prefix("catalog.").unwrap_or(&field.value))
            .collect();
        let mut moved = syntax::Table::default();
        for sort in &sealed.as_table()?.entries {
            let (Some(olds), Some(news)) = (sort.node.as_table(), present.at_path(&sort.key).and_then(Node::as_table))
            else {
                continue;
            };
            let has_moved = |old: &&Entry| {
                let named = format!("{}.{}", sort.key, old.key);
                let is_adopted = adopted.iter().any(|field| {
                    field.strip_prefix(named.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                !is_adopted && news.get(&old.key).is_some_and(|new| !same_definition(&sort.key, old, new))
            };
            let as_sealed = |old: &Entry| self.as_sealed(&sort.key, old);
            let entries: Vec<Entry> = olds.entries.iter().filter(has_moved).map(as_sealed).collect();
            if !entries.is_empty() {
                let node = Node { value: syntax::Value::Table(syntax::Table { entries }), span: sort.node.span };
                moved.entries.push(Entry { key: sort.key.clone(), key_span: sort.key_span, node });
            }
        }
        if moved.entries.is_empty() {
            return None;
        }
        let tree = Node { value: syntax::Value::Table(moved), span: sealed.span };
        let mut catalog = Catalog::clone(&self.catalog);
        catalog.replace(syntax::read::<CatalogFile>(&tree).0);
        Some(catalog)
    }

    /// A definition of today with the keys that were sealed as they were sealed.
    fn as_sealed(&self, sort: &str, sealed: &Entry) -> Entry {
        let mut entry = sealed.clone();
        let today = self.definition(sort, &sealed.key).and_then(|today| today.node.as_table());
        if let syntax::Value::Table(table) = &mut entry.node.value {
            let free = |one: &&Entry| terms::standing(&["catalog", sort, &sealed.key, &one.key]) == Standing::Free;
            table.entries.extend(today.into_iter().flat_map(|today| today.entries.iter()).filter(free).cloned());
        }
        entry
    }

    /// The plan that a spec would have if it started on another day. Its end and the day of its decision move along;
    /// what holds on some days only, such as a holdout, is that of the new ones.
    pub fn plan_from(&self, compiled: &Compiled, start: Day) -> Plan {
        fn put(field: &mut Field<Day>, day: Day, home: Span) {
            *field = Field::Set(At { value: day, span: field.span().unwrap_or(home) });
        }
        let mut spec = compiled.spec.clone();
        let home = compiled.plan.span;
        let moved = compiled.plan.calendar.start.as_ref().map(|planned| planned.value.until(start));
        let later = |day: Day| {
            let days = jiff::Span::new().days(moved?);
            Some(Day(day.0.saturating_add(days)))
        };
        if let Field::Set(rollout) = &mut spec.rollout {
            put(&mut rollout.value.start, start, home);
            if let Some(end) = rollout.value.end.copied().and_then(later) {
                put(&mut rollout.value.end, end, home);
            }
        }
        if let Field::Set(decision) = &mut spec.decision
            && let Some(by) = decision.value.by.copied().and_then(later)
        {
            put(&mut decision.value.by, by, home);
        }
        plan::compile(Inputs {
            spec: &spec,
            file: compiled.document.file,
            stem: &compiled.stem,
            catalog: compiled.catalog(self),
            policy: &compiled.policy,
            workspace: &self.file,
            memo: &self.memo,
        })
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
        let inputs = Inputs {
            spec: &typed,
            file: spec.file,
            stem: &spec.stem,
            catalog: &self.catalog,
            policy: &policy,
            workspace: &self.file,
            memo: &self.memo,
        };
        let mut plan = plan::compile(inputs);
        let lock = self.lock(&spec.stem).and_then(|lock| lock.as_ref().ok());
        let terms = lock.map(|lock| {
            keep_slot(&mut plan, lock);
            self.terms(&plan, &tree).sealed()
        });
        let mut sealed_catalog = None;
        if let (Some(lock), Some(terms)) = (lock, &terms)
            && plan.status.value == Status::Running
        {
            sealed_catalog = self.sealed_definitions(&typed, &lock.terms.catalog, &terms.catalog).map(Box::new);
        }
        if let (Some(lock), Some(sealed)) = (lock, &sealed_catalog) {
            plan = plan::compile(Inputs { catalog: sealed, ..inputs });
            keep_slot(&mut plan, lock);
        }
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
            sealed_catalog,
            terms,
        }
    }
}

impl Compiled {
    /// The catalogue that the plan was compiled with.
    pub fn catalog<'a>(&'a self, workspace: &'a Workspace) -> &'a Catalog {
        self.sealed_catalog.as_deref().unwrap_or(&workspace.catalog)
    }
}

/// Keeps an experiment in the slot of its layer in which it was sealed, unless the spec names one.
fn keep_slot(plan: &mut Plan, lock: &Lock) {
    let Some(layer) = plan.audience.layer.as_mut().filter(|layer| layer.wanted.is_none()) else { return };
    let same_layer = lock.terms.plan.at_path("audience.layer").and_then(Node::as_str) == Some(&layer.name.value);
    let Some(node) = lock.terms.plan.at_path("audience.slot").filter(|_| same_layer) else { return };
    let from = node.as_str().and_then(|text| text.parse::<Amount>().ok()).filter(|from| from.unit == Unit::Percent);
    layer.wanted = from.filter(|from| (0.0..100.0).contains(&from.number)).map(|from| {
        let part = from.number / 100.0;
        plan::Known::new(part, plan::Origin::Catalogue(node.span))
    });
}

/// True when all that a seal keeps of a definition is the same.
fn same_definition(sort: &str, old: &Entry, new: &Node) -> bool {
    let path = ["catalog", sort, &old.key];
    let kept = |key: &str| terms::standing(&[&path[..], &[key]].concat()) != Standing::Free;
    let (Some(olds), Some(news)) = (old.node.as_table(), new.as_table()) else { return true };
    let count = |table: &syntax::Table| table.entries.iter().filter(|entry| kept(&entry.key)).count();
    count(olds) == count(news)
        && olds.entries.iter().filter(|entry| kept(&entry.key)).all(|one| {
            let path = [&path[..], &[one.key.as_str()]].concat();
            news.get(&one.key).is_some_and(|other| terms::same(&one.node, other, &path))
        })
}

/// What experiments share, beside `expc.toml`.
struct Shared {
    catalog: Arc<Catalog>,
    payload_schemas: Arc<Vec<PayloadSchema>>,
    templates: Arc<BTreeMap<String, TemplateEntry>>,
    documents: Vec<Arc<Document>>,
}

impl Shared {
    /// Those of another state of the workspace, when each of their files is as it was there: nothing is parsed twice.
    fn known(
        files: &dyn Files,
        (catalogue, templates): (&[String], &[String]),
        sources: &mut Sources,
        today: &Workspace,
    ) -> Option<Self> {
        let own = |document: &&Arc<Document>| document.kind != DocumentKind::Workspace;
        let documents: Vec<Arc<Document>> = today.documents.iter().filter(own).cloned().collect();
        let same_paths = documents.iter().map(|document| &document.path).eq(catalogue.iter().chain(templates));
        // A file that could not be read may be another one now.
        let legible = documents.iter().all(|document| document.unreadable.is_none())
            && today.payload_schemas.iter().all(|schema| schema.ready.is_ok());
        if !same_paths || !legible {
            return None;
        }
        let texts = today.shared_files.iter().map(|&file| today.sources.get(file));
        let texts: Vec<_> = texts.filter(|source| source.path != WORKSPACE_FILE).collect();
        if !texts.iter().all(|source| files.text(&source.path).is_ok_and(|text| text == source.text)) {
            return None;
        }
        for source in texts {
            sources.add(Source::new(source.path.clone(), Arc::clone(&source.text)));
        }
        Some(Self {
            catalog: Arc::clone(&today.catalog),
            payload_schemas: Arc::clone(&today.payload_schemas),
            templates: Arc::clone(&today.templates),
            documents,
        })
    }

    fn read(files: &dyn Files, (catalogue, templates): (&[String], &[String]), sources: &mut Sources) -> Self {
        let mut documents = Vec::new();
        let mut catalog = Catalog::default();
        for path in catalogue {
            let (part, document) = load::<CatalogFile>(files, sources, path, DocumentKind::Catalogue);
            // A file with syntax errors may define more than could be read.
            catalog.add(part);
            if document.is_damaged() {
                catalog.damage();
            }
            documents.push(Arc::new(document));
        }
        let payload_schemas = catalog::payload_schemas(&catalog, files, sources);
        let mut raw = BTreeMap::new();
        for path in templates {
            let (typed, document) = load::<Template>(files, sources, path, DocumentKind::Template);
            let own =
                RawTemplate { tree: document.tree.clone(), file: document.file, damaged: document.is_damaged(), typed };
            raw.insert(stem(path), own);
            documents.push(Arc::new(document));
        }
        let templates = raw.keys().map(|name| (name.clone(), template(&raw, name))).collect();
        Self {
            catalog: Arc::new(catalog),
            payload_schemas: Arc::new(payload_schemas),
            templates: Arc::new(templates),
            documents,
        }
    }
}

/// Reads many files at once; the answers come in the order of the paths.
///
/// Each text takes its last form on the thread that read it, so that ten thousand are never held twice.
fn read_many(files: &dyn Files, paths: &[String]) -> Vec<(Arc<str>, Option<ReadFault>)> {
    use rayon::prelude::*;
    paths.par_iter().with_min_len(32).map(|path| text_or_fault(files.text(path))).collect()
}

fn text_or_fault(text: Result<Arc<str>, ReadFault>) -> (Arc<str>, Option<ReadFault>) {
    match text {
        Ok(text) => (text, None),
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
    let (text, unreadable) = text_or_fault(files.text(path));
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
