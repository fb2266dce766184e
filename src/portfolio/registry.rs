//! Sealed plans: `registry/<id>.lock.json`.
//!
//! A [`Lock`] holds the terms that an experiment had when it was sealed, with who sealed it, when, and from which
//! commit. Its hash is the SHA-256 of the file itself, line ends as LF and without the line of the hash, so that every
//! other byte counts and `grep -v '^  "hash"' FILE | tr -d '\r' | sha256sum` says the same. Texts are read with the
//! workspace; a lock is parsed and verified when somebody asks for it. Nothing here judges what a difference means.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::civil::DateTime;
use sha2::{Digest, Sha256};

use crate::plan::Terms;
use crate::plan::terms::DEFINITIONS;
use crate::spec::Day;
use crate::syntax::{At, JsonFault, Node, Table, Value, parse_json};
use crate::text::{FileId, Span};
use crate::world::ReadFault;

/// The version of a lock that this program writes and reads.
pub const FORMAT: &str = "expc.lock/1";

/// How the name of a lock ends; before it stands the id.
pub const ENDING: &str = ".lock.json";

/// A point in time to the second, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    time: DateTime,
}

impl Moment {
    pub fn day(&self) -> Day {
        Day(self.time.date())
    }

    /// True at the first second of a day: also the time of what was given as a day.
    pub fn is_midnight(&self) -> bool {
        self.time.time() == jiff::civil::Time::midnight()
    }

    /// From here to there; negative when that was before.
    pub fn seconds_until(&self, other: &Self) -> i64 {
        self.time.duration_until(other.time).as_secs()
    }

    /// Seconds since 1970.
    pub fn unix(&self) -> i64 {
        jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).duration_until(self.time).as_secs()
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.time.strftime("%Y-%m-%dT%H:%M:%SZ").fmt(f)
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    /// `2026-12-01T09:00:00Z`, or a day, whose first second it is.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a time; write it like 2026-12-01T09:00:00Z, in UTC");
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let plain = whole.strip_suffix('Z').filter(|plain| plain.len() == 19 && plain.as_bytes()[10] == b'T');
        let time = plain.ok_or_else(refused)?.parse().map_err(|_| refused())?;
        Ok(Self { time })
    }
}

/// A sealed plan.
#[derive(Debug, Clone)]
pub struct Lock {
    pub path: String,
    pub file: FileId,
    pub id: At<String>,
    pub at: At<Moment>,
    pub by: At<String>,
    pub commit: Option<At<String>>,
    pub hash: At<String>,
    pub terms: Terms,
}

/// Why a lock cannot be relied on.
#[derive(Debug, Clone, PartialEq)]
pub enum LockFault {
    Unreadable(ReadFault),
    /// The text is not JSON.
    Json(JsonFault),
    /// Another program wrote it, or a later version of this one.
    Format {
        span: Span,
        found: String,
    },
    /// A part is missing, or is not what it should be.
    Shape {
        span: Span,
        text: String,
    },
    /// The content is not what was hashed.
    Digest {
        span: Span,
        carried: String,
        computed: String,
    },
    /// The file has the name of another experiment.
    Name {
        span: Span,
        id: String,
    },
}

/// The locks of a workspace by the ids in their file names.
#[derive(Debug, Default)]
pub struct Registry {
    files: BTreeMap<String, LockFile>,
}

#[derive(Debug)]
struct LockFile {
    path: String,
    file: FileId,
    unreadable: Option<ReadFault>,
    lock: OnceLock<Result<Lock, LockFault>>,
}

impl Registry {
    /// Adds a file that was read. Its name without the ending is the id.
    pub(super) fn add(&mut self, path: String, file: FileId, unreadable: Option<ReadFault>) {
        let name = path.rsplit('/').next().unwrap_or(&path);
        let id = name.strip_suffix(ENDING).unwrap_or(name).to_owned();
        self.files.entry(id).or_insert(LockFile { path, file, unreadable, lock: OnceLock::new() });
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The ids of all locks, sorted, each with its file.
    pub fn files(&self) -> impl Iterator<Item = (&str, FileId)> {
        self.files.iter().map(|(id, file)| (id.as_str(), file.file))
    }

    /// The lock of an id, verified; `text` gives the text of its file.
    pub(super) fn get<'a>(
        &'a self,
        id: &str,
        text: impl FnOnce(FileId) -> &'a str,
    ) -> Option<&'a Result<Lock, LockFault>> {
        let found = self.files.get(id)?;
        Some(found.lock.get_or_init(|| match &found.unreadable {
            Some(fault) => Err(LockFault::Unreadable(fault.clone())),
            None => Lock::read(&found.path, found.file, id, text(found.file)),
        }))
    }
}

impl Lock {
    /// Reads and verifies the lock of an experiment.
    pub fn read(path: &str, file: FileId, id: &str, text: &str) -> Result<Self, LockFault> {
        let root = parse_json(file, text).map_err(LockFault::Json)?;
        let start = Span::file_start(file);
        let missing = |text: &str| LockFault::Shape { span: start, text: text.to_owned() };
        let Some(table) = root.as_table() else { return Err(missing("is not a table")) };
        let word = |key: &str| -> Result<At<String>, LockFault> {
            let node = table.get(key).ok_or_else(|| missing(&format!("has no `{key}`")))?;
            match node.as_str() {
                Some(text) => Ok(At { value: text.to_owned(), span: node.span }),
                None => Err(LockFault::Shape { span: node.span, text: format!("has a `{key}` that is no text") }),
            }
        };
        let format = word("format")?;
        if format.value != FORMAT {
            return Err(LockFault::Format { span: format.span, found: format.value });
        }
        let hash = word("hash")?;
        let (computed, line) = digest(text);
        if line != Some(hash_line(&computed).as_str()) {
            return Err(LockFault::Digest { span: hash.span, carried: hash.value, computed });
        }
        let own = word("id")?;
        if own.value != id {
            return Err(LockFault::Name { span: own.span, id: own.value });
        }
        let at = word("at")?;
        let moment = at.value.parse::<Moment>().map_err(|text| LockFault::Shape { span: at.span, text })?;
        let (by, commit) = (word("by")?, table.get("commit").is_some().then(|| word("commit")).transpose()?);
        let (mut plan, mut catalog) = (None, None);
        if let Value::Table(table) = root.value {
            for entry in table.entries {
                match entry.key.as_str() {
                    "plan" => plan = Some(entry.node),
                    "catalog" => catalog = Some(entry.node),
                    _ => {}
                }
            }
        }
        let part = |node: Option<Node>, key: &str| {
            node.filter(|node| node.as_table().is_some()).ok_or_else(|| missing(&format!("has no table `{key}`")))
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            id: own,
            at: At { value: moment, span: at.span },
            by,
            commit,
            terms: Terms { plan: part(plan, "plan")?, catalog: part(catalog, "catalog")? },
            hash,
        })
    }
}

/// What a new lock says beside the terms.
#[derive(Debug, Clone)]
pub struct Sealing<'a> {
    pub id: &'a str,
    pub at: &'a Moment,
    pub by: &'a str,
    /// The commit that was checked out, when there was one.
    pub commit: Option<&'a str>,
}

impl Sealing<'_> {
    /// The text of the lock: keys in a stable order, one on a line.
    pub fn text(&self, terms: &Terms) -> String {
        let sealed = terms.clone().sealed();
        let lock = serde_json::json!({
            "format": FORMAT,
            "id": self.id,
            "at": self.at.to_string(),
            "by": self.by,
            "commit": self.commit,
            "compiler": concat!("expc ", env!("CARGO_PKG_VERSION")),
            "language": 1,
            "hash": "",
            "plan": in_order(&sealed.plan, &mut Vec::new()).to_json(),
            "catalog": in_order(&sealed.catalog, &mut vec!["catalog".to_owned()]).to_json(),
        });
        let mut text = serde_json::to_string_pretty(&lock).unwrap_or_default();
        text.push('\n');
        let (hash, line) = digest(&text);
        let empty = line.unwrap_or_default().to_owned();
        text.replacen(&empty, &hash_line(&hash), 1)
    }
}

/// The JSON Schema of a lock. The tables of the plan are those of an experiment with the defaults written out; of a
/// definition there is what a seal keeps of it.
pub fn json_schema() -> serde_json::Value {
    use serde_json::json;
    let table = |about: &str| json!({ "type": "object", "description": about });
    let plan: serde_json::Map<String, serde_json::Value> = READING_ORDER
        .iter()
        .chain(&["feedback"])
        .map(|key| ((*key).to_owned(), table(&format!("`[{key}]` of the experiment, as far as a seal holds it."))))
        .collect();
    let definitions = DEFINITIONS.iter().map(|(sort, means, facts)| {
        let keys = |keys: &[&'static str], about: &str| -> Vec<(String, serde_json::Value)> {
            keys.iter().map(|key| ((*key).to_owned(), json!({ "description": about }))).collect()
        };
        let mut known = keys(means, "Held: another value is another definition.");
        known.extend(keys(facts, "A measured fact: kept for the sizes, and measured anew at any time."));
        let known: serde_json::Map<String, serde_json::Value> = known.into_iter().collect();
        let one = json!({ "type": "object", "properties": known, "additionalProperties": false });
        let about = format!("Definitions of `{sort}` that the plan rests on, by name.");
        ((*sort).to_owned(), json!({ "type": "object", "description": about, "additionalProperties": one }))
    });
    let definitions: serde_json::Map<String, serde_json::Value> = definitions.collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://expc.dev/schema/1/lock.schema.json",
        "title": "expc lock",
        "description": "A sealed plan, `registry/<id>.lock.json`: written by `expc lock`, never by hand.",
        "type": "object",
        "required": ["format", "id", "at", "by", "compiler", "language", "hash", "plan", "catalog"],
        "properties": {
            "format": { "const": FORMAT, "description": "The version of this format." },
            "id": { "type": "string", "minLength": 1, "description": "The experiment: the stem of its file and of this one." },
            "at": {
                "type": "string",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
                "description": "When it was sealed, in UTC.",
            },
            "by": { "type": "string", "description": "Who sealed it." },
            "commit": {
                "type": ["string", "null"],
                "pattern": "^[0-9a-f]{40,64}$",
                "description": "The commit that was checked out; null outside a repository.",
            },
            "compiler": { "type": "string", "description": "The program that sealed it, with its version." },
            "language": { "type": "integer", "minimum": 1, "description": "The version of the language of the spec." },
            "hash": {
                "type": "string",
                "pattern": "^sha256:[0-9a-f]{64}$",
                "description": "The SHA-256 of this file without this line, line ends as LF.",
            },
            "plan": {
                "type": "object",
                "properties": plan,
                "description": "What the experiment promises: the spec over its template, defaults written out.",
            },
            "catalog": {
                "type": "object",
                "properties": definitions,
                "additionalProperties": false,
                "description": "The definitions that the plan rests on.",
            },
        },
    })
}

fn hash_line(hash: &str) -> String {
    format!("  \"hash\": \"{hash}\",")
}

/// The hash over a lock, and the line that carries it, without its line end.
fn digest(text: &str) -> (String, Option<&str>) {
    let mut digest = Sha256::new();
    let mut carried = None;
    for line in text.split_inclusive('\n') {
        let plain = line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        // Only the first is left out: a second one is a key that stands twice.
        match plain {
            Some(plain) if carried.is_none() && plain.starts_with("  \"hash\"") => carried = Some(plain),
            Some(plain) => {
                digest.update(plain.as_bytes());
                digest.update(b"\n");
            }
            None => digest.update(line.as_bytes()),
        }
    }
    let hash: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    (format!("sha256:{hash}"), carried)
}

/// The tables of a spec in the order in which it reads.
const READING_ORDER: [&str; 9] =
    ["experiment", "hypothesis", "variants", "audience", "exposure", "metrics", "design", "rollout", "decision"];

/// The tree with its keys in an order that does not depend on how a spec is laid out.
///
/// Variants keep theirs: it is the order of their buckets.
fn in_order(node: &Node, path: &mut Vec<String>) -> Node {
    let value = match &node.value {
        Value::Table(table) => {
            let mut entries = table.entries.clone();
            match path.as_slice() {
                [] => entries.sort_by_key(|entry| {
                    let place = READING_ORDER.iter().position(|known| *known == entry.key);
                    (place.unwrap_or(READING_ORDER.len()), entry.key.clone())
                }),
                [only] if only == "variants" => {}
                _ => entries.sort_by(|a, b| a.key.cmp(&b.key)),
            }
            for entry in &mut entries {
                path.push(entry.key.clone());
                entry.node = in_order(&entry.node, path);
                path.pop();
            }
            Value::Table(Table { entries })
        }
        Value::Array(items) => {
            path.push(String::new());
            let items = items.iter().map(|item| in_order(item, path)).collect();
            path.pop();
            Value::Array(items)
        }
        plain => plain.clone(),
    };
    Node { value, span: node.span }
}
