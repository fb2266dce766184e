//! What a build left in the output folder, and what has become of it since.

use rayon::prelude::*;

use crate::syntax::{Node, parse_json};
use crate::text::{FileId, Source, Sources, Span, sha256};
use crate::world::{Files, ReadFault, ReadFaultKind};

/// The name of the manifest in the output folder.
pub const MANIFEST: &str = "build.json";

/// The first words of a manifest.
pub const FORMAT: &str = "expc.build/1";

/// The output folder as a manifest describes it, and every file that is otherwise.
#[derive(Debug, Clone, Default)]
pub struct Output {
    pub changed: Vec<ChangedFile>,
    /// Files that could not be read, so that nothing is known of them.
    pub unread: Vec<ReadFault>,
}

/// A generated file that is not as it was written.
#[derive(Debug, Clone)]
pub struct ChangedFile {
    /// Relative to the workspace.
    pub path: String,
    /// The start of the file, or its entry in the manifest when it is gone.
    pub span: Span,
    /// Its entry in the manifest.
    pub listed: Span,
    pub fate: FileFate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFate {
    Edited,
    Missing,
    /// The manifest itself is no JSON any more.
    Broken,
}

impl Output {
    /// Reads the manifest in a folder, and every file that it names.
    pub(super) fn read(files: &dyn Files, folder: &str, sources: &mut Sources) -> Self {
        let path = format!("{folder}/{MANIFEST}");
        let text = match files.read(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind == ReadFaultKind::NotFound => return Self::default(),
            Err(fault) => return Self { changed: Vec::new(), unread: vec![fault] },
        };
        // A file of that name may be another tool's.
        if !text.contains(FORMAT) {
            return Self::default();
        }
        let file = sources.add(Source::new(path.clone(), text.as_str()));
        let manifest = match parse_json(file, &text) {
            Ok(manifest) => manifest,
            Err(fault) => {
                let broken = ChangedFile { path, span: fault.span, listed: fault.span, fate: FileFate::Broken };
                return Self { changed: vec![broken], unread: Vec::new() };
            }
        };
        let listed = manifest.at_path("files").and_then(Node::as_array).unwrap_or_default();
        let states: Vec<_> = listed.par_iter().filter_map(|entry| state(files, folder, entry)).collect();
        let mut output = Self::default();
        for (path, listed, state) in states {
            let (span, fate) = match state {
                State::Missing => (listed, FileFate::Missing),
                State::Edited(text) => (Span::file_start(add(sources, &path, &text)), FileFate::Edited),
                State::Unread(fault) => {
                    output.unread.push(fault);
                    continue;
                }
            };
            output.changed.push(ChangedFile { path, span, listed, fate });
        }
        output
    }
}

enum State {
    Edited(String),
    Missing,
    Unread(ReadFault),
}

/// What is to be said of a file of the manifest; nothing when it is as it was written.
fn state(files: &dyn Files, folder: &str, entry: &Node) -> Option<(String, Span, State)> {
    let path = entry.at_path("path")?;
    let (name, hash) = (path.as_str()?, entry.at_path("sha256")?.as_str()?);
    // A manifest is a file like others: it cannot make expc read outside the folder.
    if name.starts_with('/')
        || name.contains(['\\', ':'])
        || name.split('/').any(|part| matches!(part, "" | "." | ".."))
    {
        return None;
    }
    let full = format!("{folder}/{name}");
    let state = match files.read(&full) {
        Ok(text) if sha256(text.as_bytes()) == hash => return None,
        Ok(text) => State::Edited(text),
        Err(fault) => match fault.kind {
            ReadFaultKind::NotFound => State::Missing,
            // What expc writes is text.
            ReadFaultKind::NotUtf8 { lossy, .. } => State::Edited(lossy),
            ReadFaultKind::TooLarge { .. } | ReadFaultKind::Refused(_) => State::Unread(fault),
        },
    };
    Some((full, path.span, state))
}

fn add(sources: &mut Sources, path: &str, text: &str) -> FileId {
    sources.add(Source::new(path, text))
}
