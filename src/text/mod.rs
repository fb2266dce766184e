//! Files, spans and lines.
//!
//! A [`Span`] names a file and a byte range in it, so a value keeps its place when it is inherited
//! from a template or resolved from the catalogue. Nothing here reads the disk. Start at [`Sources`].

mod digest;
pub mod markdown;
mod near;
mod place;
mod printable;
pub mod similar;

pub use digest::sha256;
pub use near::nearest;
pub use place::Place;
pub use printable::{acts, printable, printable_lines, printable_same_length};

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// The number of a file within one run, in the order of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A byte range in one file: `start` is inside, `end` is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The range `start..end` of `file`. Texts are capped far below 4 GiB when they are read.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |x: usize| u32::try_from(x).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The very start of a file: where a finding about the file as a whole points.
    pub fn file_start(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }

    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// A line and a column, both counted from 1; columns count Unicode characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// One file as it was read.
#[derive(Debug)]
pub struct Source {
    /// Relative to the workspace, with `/` on every system.
    pub path: String,
    pub text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
}

impl Source {
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into(), line_starts: OnceLock::new() }
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let after_newline =
                self.text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at as u32 + 1);
            std::iter::once(0).chain(after_newline).collect()
        })
    }

    /// The nearest character border at or before `offset`, never behind the end of the text.
    pub fn floor(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    pub fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let line = self.line_starts().partition_point(|&start| start as usize <= offset) - 1;
        let start = self.line_starts()[line] as usize;
        // A byte order mark is no character of the first line: no editor shows it.
        let before = &self.text[start..offset];
        let before = if line == 0 { before.strip_prefix('\u{feff}').unwrap_or(before) } else { before };
        Position { line: line + 1, column: before.chars().count() + 1 }
    }

    /// The text of a line (counted from 1) without its line end; empty when there is no such line.
    pub fn line(&self, line: usize) -> &str {
        let starts = self.line_starts();
        let Some(&start) = line.checked_sub(1).and_then(|index| starts.get(index)) else {
            return "";
        };
        let end = starts.get(line).map_or(self.text.len(), |&next| next as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r'])
    }

    /// The text under a span, cut to what the file holds.
    pub fn slice(&self, span: Span) -> &str {
        let start = self.floor(span.start as usize);
        let end = self.floor(span.end as usize).max(start);
        &self.text[start..end]
    }
}

/// All files of a run.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    files: Vec<Arc<Source>>,
    /// Files that were there before, by path: see [`Sources::continued`].
    before: HashMap<String, FileId>,
    /// Those that came again, and how many there were before.
    again: Vec<FileId>,
    first: usize,
}

impl Sources {
    /// The same files, to be added to: a file that comes again with the same path and text keeps its number.
    #[must_use]
    pub fn continued(&self) -> Self {
        let before = self.iter().map(|(id, source)| (source.path.clone(), id)).collect();
        Self { files: self.files.clone(), before, again: Vec::new(), first: self.files.len() }
    }

    pub fn add(&mut self, source: Source) -> FileId {
        let is_same = |known: &Arc<str>| Arc::ptr_eq(known, &source.text) || *known == source.text;
        if let Some(&known) = self.before.get(&source.path).filter(|&&known| is_same(&self.get(known).text)) {
            self.again.push(known);
            return known;
        }
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Arc::new(source));
        id
    }

    /// The files that were added, but not those of the run before that did not come again.
    pub fn added(&self) -> impl Iterator<Item = FileId> {
        let fresh = (self.first..self.files.len()).map(|index| FileId(u32::try_from(index).unwrap_or(u32::MAX)));
        self.again.iter().copied().chain(fresh)
    }

    /// The file of an id that [`Sources::add`] gave.
    pub fn get(&self, id: FileId) -> &Arc<Source> {
        &self.files[id.0 as usize]
    }

    /// The file of any id, also of one that this run never gave out.
    pub fn find(&self, id: FileId) -> Option<&Arc<Source>> {
        self.files.get(id.0 as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Arc<Source>)> {
        self.files.iter().enumerate().map(|(index, source)| (FileId(index as u32), source))
    }

    /// The same files with their paths under a prefix, for readers who stand elsewhere.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Self {
        let moved =
            |source: &Arc<Source>| Arc::new(Source::new(format!("{prefix}{}", source.path), Arc::clone(&source.text)));
        if prefix.is_empty() {
            self.clone()
        } else {
            Self { files: self.files.iter().map(moved).collect(), ..Self::default() }
        }
    }

    pub fn path(&self, span: Span) -> &str {
        &self.get(span.file).path
    }

    pub fn start(&self, span: Span) -> Position {
        self.get(span.file).position(span.start as usize)
    }

    pub fn end(&self, span: Span) -> Position {
        self.get(span.file).position(span.end as usize)
    }

    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).slice(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_survive_offsets_outside() {
        let source = Source::new("a.toml", "é = 1\r\nb = 2\n");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(1), Position { line: 1, column: 1 });
        assert_eq!(source.position(2), Position { line: 1, column: 2 });
        assert_eq!(source.position(999).line, 3);
        assert_eq!(source.line(1), "é = 1");
        assert_eq!(source.line(9), "");
        assert_eq!(Source::new("a.toml", "\u{feff}a = 1").position(3), Position { line: 1, column: 1 });
    }
}
