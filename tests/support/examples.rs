//! Examples of rules as whole workspaces.
//!
//! An example is a fragment that is laid over the clean workspace in `tests/rules/base`. Directives:
//! `#: without a.b` removes a key first; `#: file PATH` sends what follows to another file; `#: alone` takes the
//! text as the whole file; `#: copy PATH` lays it over a copy of another file of the base; `#: latin-1` writes it
//! in that encoding; `#: today YYYY-MM-DD` sets the date; `#: twin NAME` starts another experiment, as clean as the
//! first and in the other half of its layer, and what follows is laid over it; `#: remove PATH` takes a file away;
//! `#: repeat N NAME` makes so many of an experiment in all, each under a number of its own. `#: locked ID [at TIME
//! [from TIME]]` seals an experiment as it stands there, before the lines that follow change it, at a commit that was made
//! at the second time; `#: tampered ID` changes its lock by
//! a byte. An experiment that runs is sealed as the example leaves it, long ago, unless the example says `#: unlocked`.
//! Of comments only those that speak to expc are kept, above or beside the key or header at which they stand.
//!
//! `#: built PATH` puts what follows into the output folder and names it in the manifest; `#: edited PATH` writes it
//! there behind the manifest's back, `#: deleted PATH` takes it away. `#: live TARGET STAGE` exports what the example
//! builds for a stage as what the platform serves; what follows edits its one flag there, a line for each edit: a JSON
//! pointer, then `= VALUE` to write or `+ VALUE` to put in before.
//!
//! A `fixed` block is laid over the workspace of the `bad` one before it: it holds what the fix changes. `#: leaves
//! CODE reason` says which finding the fix leaves behind, and why that is right.
//!
//! A rule on changes is shown the workspace where the change starts: what stands under `#: base` is laid over the
//! example, so that it says only what was otherwise there. `#: base same` starts from the example as it is, `#: base clean`
//! lays it over the clean workspace instead. `#: author NAME` above it says who made the commit of the change.
//! Without `#: base` there is no such workspace.

use std::collections::BTreeMap;
use std::sync::Arc;

use expc::check::Options;
use expc::emit::flags;
use expc::portfolio::{Base, Change, Export, Portfolio, Workspace};
use expc::world::{Commit, Files, Memory};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::base::{self, SPEC, TODAY};

/// What an example says of one file.
#[derive(Default)]
struct Part {
    path: String,
    text: String,
    without: Vec<String>,
    /// The file that it is laid over, when that is another.
    below: Option<String>,
    alone: bool,
    latin_1: bool,
    /// The platform and the stage of an export.
    live: Option<(String, String)>,
    /// What is done to a file of the output folder.
    output: Option<String>,
}

impl Part {
    fn of(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }
}

/// The base with an example laid over it, bytes by path, and the day it is judged on.
pub fn workspace_of(example: &str) -> (BTreeMap<String, Vec<u8>>, String) {
    let mut today = TODAY.to_owned();
    let bytes = laid_over(base::files(), halves(example).0, &mut today);
    (bytes, today)
}

/// A workspace with all that an example can put beside it.
pub fn open(files: &dyn Files) -> Workspace {
    let export = |target: &&'static _| {
        let path = live_path(target);
        Some(Export { target, text: files.read(&path).ok()?, path })
    };
    let exports: Vec<Export> = flags::capabilities().iter().filter_map(export).collect();
    let workspace = Workspace::open(files).with_targets(flags::capabilities());
    workspace.with_output(files).with_live(&exports, flags::print)
}

fn live_path(target: &expc::plan::targets::Capabilities) -> String {
    format!("live/{}.json", target.name)
}

/// What the workspace builds for a stage, edited.
fn export(files: &BTreeMap<String, String>, target: &str, stage: &str, edits: &str) -> (String, String) {
    let memory = files.iter().fold(Memory::default(), |memory, (path, text)| memory.with(path.clone(), text.as_str()));
    let workspace = open(&memory);
    let target = workspace.target(target).expect("a platform");
    let compiled: Vec<_> = workspace.specs.iter().map(|spec| workspace.compile(spec)).collect();
    let entries = workspace.specs.iter().zip(&compiled);
    let entries = entries.map(|(spec, one)| expc::portfolio::Entry::new(&one.plan, &one.spec, &spec.path, spec.file));
    let portfolio = Portfolio::new(entries.collect());
    let mut compiled = compiled;
    for one in &mut compiled {
        let slot = portfolio.slot(&one.plan.id).map(|slot| (slot.from, slot.to));
        one.plan.place(slot);
    }
    let text = flags::print(&workspace, target, &compiled, Some(stage)).expect("the example can be built");
    let mut document: Json = serde_json::from_str(&text).expect("JSON");
    let all = document[target.flags_key].as_object_mut().expect("flags");
    let flag = all.values_mut().next().expect("one flag");
    for line in edits.lines().filter(|line| !line.trim().is_empty()) {
        let (pointer, edit) = line.trim().split_once(' ').expect("a pointer and an edit");
        let (sign, value) = edit.split_once(' ').expect("a sign and a value");
        let value: Json = serde_json::from_str(value).expect("a value in JSON");
        match sign {
            "=" => *flag.pointer_mut(pointer).unwrap_or_else(|| panic!("no `{pointer}` in {text}")) = value,
            "+" => {
                let (list, at) = pointer.rsplit_once('/').expect("a place in a list");
                let list = flag.pointer_mut(list).and_then(Json::as_array_mut).expect("a list");
                list.insert(at.parse().expect("a number"), value);
            }
            other => panic!("unknown edit `{other}`"),
        }
    }
    (live_path(target), serde_json::to_string_pretty(&document).expect("JSON prints"))
}

/// The output folder of the workspace: what was built, and what became of it.
fn build_output(files: &mut BTreeMap<String, String>, word: &str, path: &str, text: String) {
    let full = format!("dist/{path}");
    match word {
        "built" => {
            let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            let manifest = json!({ "format": "expc.build/1", "files": [{ "path": path, "sha256": hash }] });
            files.insert("dist/build.json".to_owned(), serde_json::to_string_pretty(&manifest).expect("JSON prints"));
            files.insert(full, text);
        }
        "edited" => drop(files.insert(full, text)),
        _ => drop(files.remove(&full)),
    }
}

/// The workspace of an example, and what a run over it is told: its day and, where it has one, its base.
#[allow(dead_code, reason = "not every test asks for it")]
pub fn opened(example: &str) -> (Workspace, Options) {
    opened_with(example, &|path, bytes| (path, bytes))
}

/// The same with other names: `rename` is given the path and the bytes of each file, then and today.
#[allow(dead_code, reason = "not every test asks for it")]
pub fn opened_with(example: &str, rename: &dyn Fn(String, Vec<u8>) -> (String, Vec<u8>)) -> (Workspace, Options) {
    let in_memory = |files: BTreeMap<String, Vec<u8>>| {
        let renamed = files.into_iter().map(|(path, bytes)| rename(path, bytes));
        renamed.fold(Memory::default(), |memory, (path, bytes)| memory.with(path, bytes))
    };
    let (files, today) = workspace_of(example);
    let now = in_memory(files);
    let workspace = open(&now);
    let base = base_of(example).map(|(files, authors)| {
        let paths = workspace.specs.iter().map(|spec| spec.path.clone()).collect();
        let commits = if authors.is_empty() { Vec::new() } else { vec![Commit { authors, paths }] };
        let committed = committed(example);
        let change = Change { reference: "main".to_owned(), commits, committed, ..Change::default() };
        Arc::new(Base::new(&workspace, &now, &in_memory(files), change))
    });
    (workspace, Options { today: today.parse().ok(), base, ..Options::default() })
}

/// Where the change starts that an example shows, and who made its commit.
#[allow(dead_code, reason = "not every test asks for it")]
pub fn base_of(example: &str) -> Option<(BTreeMap<String, Vec<u8>>, Vec<String>)> {
    let (head, below) = halves(example);
    let (mode, text) = below?;
    // It is judged on the day of the example.
    let mut today = String::new();
    let ground = match mode {
        "clean" => base::files(),
        "" | "same" => {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("an example with a base is text");
            laid_over(base::files(), head, &mut today).into_iter().map(|(path, bytes)| (path, text(bytes))).collect()
        }
        other => panic!("unknown base `{other}` in example:\n{example}"),
    };
    let authors = head.lines().filter_map(|line| line.trim().strip_prefix("#: author ").map(str::to_owned));
    Some((laid_over(ground, text, &mut today), authors.collect()))
}

/// What stands above `#: base`, and what stands under it with the word behind it.
fn halves(example: &str) -> (&str, Option<(&str, &str)>) {
    let Some((head, below)) = example.split_once("#: base") else { return (example, None) };
    let (mode, text) = below.split_once('\n').unwrap_or((below, ""));
    (head, Some((mode.trim(), text)))
}

/// Texts with an example laid over them.
pub fn laid_over(mut files: BTreeMap<String, String>, example: &str, today: &mut String) -> BTreeMap<String, Vec<u8>> {
    let mut parts = vec![Part::of(SPEC)];
    let mut odd: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut unlocked = false;
    let mut repeats: Vec<(usize, String)> = Vec::new();
    for line in example.lines() {
        let part = parts.last_mut().expect("there is always a part");
        let Some(directive) = line.trim().strip_prefix("#:").map(str::trim) else {
            part.text.push_str(line);
            part.text.push('\n');
            continue;
        };
        let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match word {
            "without" => part.without.push(rest.trim().to_owned()),
            "copy" => part.below = Some(rest.trim().to_owned()),
            "alone" => part.alone = true,
            "latin-1" => part.latin_1 = true,
            "author" => {}
            "remove" => {
                assert!(files.remove(rest.trim()).is_some(), "there is no `{rest}` to remove");
            }
            "today" => rest.trim().clone_into(today),
            "leaves" => {}
            "repeat" => {
                let (times, name) = rest.split_once(' ').expect("how often, and what");
                repeats.push((times.parse::<usize>().expect("a number"), name.trim().to_owned()));
            }
            "file" => parts.push(Part::of(rest.trim())),
            "built" | "edited" | "deleted" => {
                parts.push(Part { output: Some(word.to_owned()), ..Part::of(rest.trim()) });
            }
            "live" => {
                let (target, stage) = rest.trim().split_once(' ').expect("a platform and a stage");
                parts.push(Part { live: Some((target.to_owned(), stage.to_owned())), ..Part::default() });
            }
            "twin" => {
                add_twin(&mut files, rest.trim());
                parts.push(Part::of(&format!("experiments/{}.toml", rest.trim())));
            }
            "locked" => {
                let (id, at) = rest.split_once(" at ").unwrap_or((rest, LONG_AGO));
                let (at, commit) = at.split_once(" from ").map_or((at, None), |(at, made)| (at, Some(commit_of(made))));
                lay(&mut files, &mut odd, std::mem::replace(&mut parts, vec![Part::of(SPEC)]), example);
                lock(&mut files, id.trim(), at.trim(), commit.as_deref());
            }
            "tampered" => {
                let text = files.get_mut(&format!("registry/{}.lock.json", rest.trim())).expect("a lock to change");
                *text = text.replacen("0.8", "0.9", 1);
            }
            "unlocked" => unlocked = true,
            other => panic!("unknown directive `{other}` in example:\n{example}"),
        }
    }
    let exports = lay(&mut files, &mut odd, parts, example);
    for (times, name) in repeats {
        let first = files[&format!("experiments/{name}.toml")].clone();
        for number in 2..=times {
            let again = format!("{name}-{number}");
            files.insert(
                format!("experiments/{again}.toml"),
                first.replace(&format!("\"{name}\""), &format!("\"{again}\"")),
            );
        }
    }
    let runs = |text: &&String| {
        let spec = text.parse::<toml::Table>().ok();
        let status = spec.as_ref().and_then(|spec| spec.get("experiment")?.get("status")?.as_str());
        status == Some("running")
    };
    let running: Vec<String> = files
        .iter()
        .filter(|(path, text)| path.starts_with("experiments/") && runs(text))
        .filter_map(|(path, _)| Some(path.rsplit('/').next()?.strip_suffix(".toml")?.to_owned()))
        .filter(|id| !files.contains_key(&format!("registry/{id}.lock.json")))
        .collect();
    for id in running.iter().filter(|_| !unlocked) {
        lock(&mut files, id, LONG_AGO, None);
    }
    for (target, stage, edits) in exports {
        let (path, text) = export(&files, &target, &stage, &edits);
        files.insert(path, text);
    }
    files.into_iter().map(|(path, text)| (path, text.into_bytes())).chain(odd).collect()
}

/// When an experiment was sealed whose example does not say.
const LONG_AGO: &str = "2020-01-01T09:00:00Z";

/// A commit that was made at a time: the name of one that no repository has.
fn commit_of(made: &str) -> String {
    let digits: String = made.chars().filter(char::is_ascii_digit).collect();
    format!("{digits:0>40}")
}

/// The commits that the seals of an example are made from, and when each was made.
fn committed(example: &str) -> BTreeMap<String, expc::portfolio::Moment> {
    let seals = halves(example).0.lines().filter(|line| line.trim().starts_with("#: locked "));
    let times = seals.filter_map(|line| Some(line.split_once(" from ")?.1.trim()));
    times.map(|made| (commit_of(made), made.parse().expect("a time"))).collect()
}

/// Seals an experiment as it stands.
fn lock(files: &mut BTreeMap<String, String>, id: &str, at: &str, commit: Option<&str>) {
    use expc::portfolio::{Sealing, Workspace};
    let memory = files
        .iter()
        .fold(expc::world::Memory::default(), |memory, (path, text)| memory.with(path.as_str(), text.as_str()));
    let workspace = Workspace::open(&memory);
    let spec = workspace.specs.iter().find(|spec| spec.stem == id).unwrap_or_else(|| panic!("no experiment `{id}`"));
    let compiled = workspace.compile(spec);
    let at = at.parse().expect("a time");
    let sealing = Sealing { id, at: &at, by: "Priya Raman", commit };
    let text = sealing.text(&workspace.terms(&compiled.plan, &compiled.tree));
    files.insert(format!("registry/{id}.lock.json"), text);
}

/// Lays the parts of an example over the files; exports are left for when everything else is there.
fn lay(
    files: &mut BTreeMap<String, String>,
    odd: &mut BTreeMap<String, Vec<u8>>,
    parts: Vec<Part>,
    example: &str,
) -> Vec<(String, String, String)> {
    let mut exports = Vec::new();
    for Part { path, text, without, below, alone, latin_1, live, output } in parts {
        if let Some((target, stage)) = live {
            exports.push((target, stage, text));
            continue;
        }
        if let Some(word) = output {
            build_output(files, &word, &path, text);
            continue;
        }
        if latin_1 {
            let latin = |c: char| u8::try_from(c).expect("latin-1 has only the first 256 characters");
            odd.insert(path.clone(), text.chars().map(latin).collect());
            continue;
        }
        if alone {
            files.insert(path, text);
            continue;
        }
        if text.trim().is_empty() && without.is_empty() && below.is_none() {
            continue;
        }
        let below = files.get(below.as_ref().unwrap_or(&path)).map_or(String::new(), Clone::clone);
        let mut table: toml::Table = below.parse().expect("the base parses");
        for path in &without {
            remove(&mut table, path);
        }
        let fragment: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error} in example:\n{example}"));
        lay_over(&mut table, fragment);
        let printed = toml::to_string(&table).expect("a table prints");
        files.insert(path, with_comments(printed, &text));
    }
    exports
}

/// A second experiment that differs from the first in its name, its flag and what it claims.
fn add_twin(files: &mut BTreeMap<String, String>, name: &str) {
    let mut spec: toml::Table = files[SPEC].parse().expect("the base parses");
    let differences = format!(
        r#"
        [experiment]
        id = "{name}"
        title = "Another idea for the {name}"
        [hypothesis]
        because = "most typing errors of {name} happen after the second field"
        change = "ask for the postal code of {name} first and fill in the rest"
        "#
    );
    lay_over(&mut spec, differences.parse().expect("the differences parse"));
    files.insert(format!("experiments/{name}.toml"), toml::to_string(&spec).expect("a table prints"));
    let catalog = files.get_mut("catalog/base.toml").expect("the base has a catalogue");
    *catalog += &format!("\n[flags.{name}]\nabout = \"Twin\"\nowner = \"growth\"\ndefault = {{ layout = \"form\" }}\n");
}

/// Puts the comments of a fragment that speak to expc where they stood: above or beside the same key or header.
fn with_comments(printed: String, fragment: &str) -> String {
    if !fragment.contains("# expc:") {
        return printed;
    }
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    let mut above: Vec<&str> = Vec::new();
    let mut header = 0;
    for line in fragment.lines().map(str::trim) {
        let (code, comment) = line.find("# expc:").map_or((line, ""), |at| line.split_at(at));
        if code.is_empty() && !comment.is_empty() {
            above.push(comment);
            continue;
        }
        let key = code.split('=').next().unwrap_or_default().trim();
        let is_header = code.starts_with('[');
        if is_header {
            let found = lines.iter().position(|line| line == code.trim());
            header = found.unwrap_or_else(|| panic!("`{code}` is not printed:\n{printed}"));
        }
        if !above.is_empty() || !comment.is_empty() {
            let of_key = |line: &String| line.split('=').next().is_some_and(|name| name.trim() == key);
            let at = lines[header..].iter().position(of_key).filter(|_| !is_header).map_or(header, |at| header + at);
            lines[at] = format!("{}  {comment}", lines[at]).trim_end().to_owned();
            for comment in above.drain(..) {
                lines.insert(at, comment.to_owned());
            }
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn remove(table: &mut toml::Table, path: &str) {
    match path.split_once('.') {
        None => {
            assert!(table.remove(path).is_some(), "the base has no `{path}` to remove");
        }
        Some((head, rest)) => {
            let inner = table.get_mut(head).and_then(toml::Value::as_table_mut);
            remove(inner.unwrap_or_else(|| panic!("the base has no table `{head}`")), rest);
        }
    }
}

fn lay_over(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => lay_over(old, new),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}
