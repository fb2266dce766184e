//! The files of a workspace at a revision.
//!
//! One call lists them with the names of their contents, one process hands out contents. Most files of a change are
//! as they were: [`Files::holds`] tells that from the name of the contents, without asking git at all.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use sha1::Digest;

use super::call::Git;
use super::fault::GitFault;
use super::{HashKind, Repository, Revision};
use crate::world::{Files, MOST_BYTES, ReadFault, ReadFaultKind, decode};

/// A workspace at a revision.
#[derive(Debug)]
pub struct GitTree {
    hash: HashKind,
    /// By path relative to the workspace.
    blobs: BTreeMap<String, Blob>,
    /// The repository itself, then its submodules.
    stores: Vec<Mutex<Store>>,
    /// The first thing that git could not answer.
    fault: Mutex<Option<GitFault>>,
}

#[derive(Debug, Clone)]
struct Blob {
    store: usize,
    name: String,
}

/// Links and folders are followed so far.
const MOST_STEPS: usize = 8;

impl Repository {
    /// The workspace at a revision, with what links and submodules bring in.
    ///
    /// `folders` are those that the workspace may name outside of its own, like `../catalog`.
    pub fn tree(&self, revision: &Revision, folders: &[String]) -> Result<GitTree, GitFault> {
        let mut tree = GitTree {
            hash: self.hash,
            blobs: BTreeMap::new(),
            stores: vec![Mutex::new(Store::new(self.git.clone()))],
            fault: Mutex::new(None),
        };
        let mut entries = list(&self.git, &["ls-tree", "-r", "-z", &revision.commit])?;
        for folder in folders.iter().filter(|folder| folder.starts_with("..")) {
            if let Some(path) = joined(&self.prefix, folder) {
                entries.extend(self.below(revision, &path, folder)?);
            }
        }
        for _ in 0..MOST_STEPS {
            let mut links = Vec::new();
            for entry in entries {
                match entry.mode.as_str() {
                    "120000" => links.push(entry),
                    "160000" => tree.add_submodule(&self.git, &entry)?,
                    _ => {
                        tree.blobs.insert(entry.path, Blob { store: 0, name: entry.name });
                    }
                }
            }
            if links.is_empty() {
                break;
            }
            entries = Vec::new();
            for link in links {
                entries.extend(self.behind(&tree, revision, &link)?);
            }
        }
        Ok(tree)
    }

    /// What a link leads to, under the path of the link; nothing when that is outside the repository.
    fn behind(&self, tree: &GitTree, revision: &Revision, link: &Entry) -> Result<Vec<Entry>, GitFault> {
        let Ok(target) = tree.contents(&link.path, &Blob { store: 0, name: link.name.clone() }) else {
            return Ok(Vec::new());
        };
        let target = String::from_utf8_lossy(&target);
        let parent = link.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let from = joined(&self.prefix, parent).unwrap_or_default();
        match joined(&from, &target) {
            Some(path) if !target.starts_with('/') && !path.is_empty() => self.below(revision, &path, &link.path),
            _ => Ok(Vec::new()),
        }
    }

    /// The files at or below a path of the whole repository, under another name.
    fn below(&self, revision: &Revision, path: &str, shown: &str) -> Result<Vec<Entry>, GitFault> {
        let entries = list(&self.git, &["ls-tree", "-r", "-z", "--full-tree", &revision.commit, "--", path])?;
        let renamed = entries.into_iter().filter_map(|entry| {
            let rest = entry.path.strip_prefix(path)?;
            Some(Entry { path: format!("{shown}{rest}"), ..entry })
        });
        Ok(renamed.collect())
    }
}

/// A path from a folder of the repository; `None` when it leads out of it.
fn joined(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// One line of `ls-tree`.
struct Entry {
    mode: String,
    name: String,
    path: String,
}

fn list(git: &Git, arguments: &[&str]) -> Result<Vec<Entry>, GitFault> {
    let text = git.output(arguments)?;
    // A path that is not text is shown as the disk shows it.
    let entries = text.split(|&byte| byte == 0).filter(|line| !line.is_empty()).filter_map(|line| {
        let line = String::from_utf8_lossy(line);
        let (head, path) = line.split_once('\t')?;
        let mut head = head.split(' ');
        let (mode, _, name) = (head.next()?, head.next()?, head.next()?);
        Some(Entry { mode: mode.to_owned(), name: name.to_owned(), path: path.to_owned() })
    });
    Ok(entries.collect())
}

impl GitTree {
    /// The files of a submodule that is checked out. One that is not gives no files today either.
    fn add_submodule(&mut self, git: &Git, entry: &Entry) -> Result<(), GitFault> {
        let folder = git.folder().join(&entry.path);
        if !folder.join(".git").exists() {
            return Ok(());
        }
        let inner = Git::new(folder);
        let behind = || GitFault::SubmoduleBehind { path: entry.path.clone(), commit: entry.name.clone() };
        let entries = match list(&inner, &["ls-tree", "-r", "-z", "--full-tree", &entry.name]) {
            Err(GitFault::Failed { .. }) => return Err(behind()),
            entries => entries?,
        };
        let store = self.stores.len();
        self.stores.push(Mutex::new(Store::new(inner)));
        for inner in entries.into_iter().filter(|inner| inner.mode.starts_with("100")) {
            self.blobs.insert(format!("{}/{}", entry.path, inner.path), Blob { store, name: inner.name });
        }
        Ok(())
    }

    /// The first thing that git could not answer while files were read.
    pub fn fault(&self) -> Option<GitFault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn contents(&self, path: &str, blob: &Blob) -> Result<Vec<u8>, ReadFault> {
        let mut store = self.stores[blob.store].lock().unwrap_or_else(PoisonError::into_inner);
        let fault = match store.read(&blob.name) {
            Ok(Contents::Bytes(bytes)) => return Ok(bytes),
            Ok(Contents::TooLarge(bytes)) => {
                return Err(ReadFault { path: path.to_owned(), kind: ReadFaultKind::TooLarge { bytes } });
            }
            Ok(Contents::Missing) => GitFault::Partial { path: path.to_owned() },
            Err(fault) => fault,
        };
        let text = fault.to_string();
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        Err(ReadFault { path: path.to_owned(), kind: ReadFaultKind::Refused(text) })
    }
}

impl Files for GitTree {
    fn read(&self, path: &str) -> Result<String, ReadFault> {
        let missing = || ReadFault { path: path.to_owned(), kind: ReadFaultKind::NotFound };
        decode(path, self.contents(path, self.blobs.get(path).ok_or_else(missing)?)?)
    }

    fn find(&self, folder: &str, ending: &str) -> (Vec<String>, Vec<ReadFault>) {
        let below = match folder {
            "" | "." => String::new(),
            folder => format!("{folder}/"),
        };
        let inside =
            || self.blobs.range(below.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&below));
        if inside().next().is_none() {
            return (Vec::new(), vec![ReadFault { path: folder.to_owned(), kind: ReadFaultKind::NotFound }]);
        }
        // As on disk, what begins with a dot is passed over.
        let seen = |path: &&String| {
            path.ends_with(ending) && !path[below.len()..].split('/').any(|part| part.starts_with('.'))
        };
        (inside().filter(seen).cloned().collect(), Vec::new())
    }

    fn holds(&self, path: &str, text: &str) -> bool {
        let Some(blob) = self.blobs.get(path) else { return false };
        // A work tree may have the line ends of its system.
        self.hash.of(text.as_bytes()) == blob.name
            || (text.contains("\r\n") && self.hash.of(text.replace("\r\n", "\n").as_bytes()) == blob.name)
    }
}

impl HashKind {
    /// The name of contents.
    fn of(self, bytes: &[u8]) -> String {
        let head = format!("blob {}\0", bytes.len());
        let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Sha1 => hex(&sha1::Sha1::new().chain_update(head).chain_update(bytes).finalize()),
            Self::Sha256 => hex(&sha2::Sha256::new().chain_update(head).chain_update(bytes).finalize()),
        }
    }
}

/// The process that hands out contents; it starts with the first question.
#[derive(Debug)]
struct Store {
    git: Git,
    running: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

enum Contents {
    Bytes(Vec<u8>),
    TooLarge(u64),
    Missing,
}

impl Store {
    fn new(git: Git) -> Self {
        Self { git, running: None }
    }

    fn read(&mut self, name: &str) -> Result<Contents, GitFault> {
        if self.running.is_none() {
            let mut command = self.git.command(&["cat-file", "--batch"]);
            let started = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
            let mut child = started.map_err(|error| self.git.not_started(&error))?;
            let input = child.stdin.take().expect("the input is a pipe");
            let output = child.stdout.take().expect("the output is a pipe");
            self.running = Some((child, input, BufReader::new(output)));
        }
        let (_, input, output) = self.running.as_mut().expect("it was started above");
        asked(name, input, output)
            .map_err(|error| GitFault::Failed { asked: "cat-file --batch".to_owned(), says: error.to_string() })
    }
}

/// One question and its answer: `<name> blob <bytes>`, the contents and a line end.
fn asked(name: &str, input: &mut ChildStdin, output: &mut impl BufRead) -> io::Result<Contents> {
    writeln!(input, "{name}")?;
    input.flush()?;
    let mut head = String::new();
    output.read_line(&mut head)?;
    let mut words = head.trim_end().split(' ').skip(1);
    let (kind, bytes) = (words.next(), words.next().and_then(|bytes| bytes.parse::<u64>().ok()));
    match (kind, bytes) {
        (Some("blob"), Some(bytes)) if bytes <= MOST_BYTES => {
            let mut contents = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0) + 1);
            output.take(bytes + 1).read_to_end(&mut contents)?;
            contents.pop();
            Ok(Contents::Bytes(contents))
        }
        (Some(_), Some(bytes)) => {
            io::copy(&mut output.take(bytes + 1), &mut io::sink())?;
            Ok(Contents::TooLarge(bytes))
        }
        // Also the end of the answers: a clone that may not fetch what it lacks gives up.
        _ => Ok(Contents::Missing),
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some((mut child, input, output)) = self.running.take() {
            // Without questions it ends by itself.
            drop((input, output));
            let _ = child.wait();
        }
    }
}
