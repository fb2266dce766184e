//! One file, read as far as it could be.

use crate::syntax::{Fault, Node, SyntaxFault};
use crate::text::{FileId, Span};
use crate::world::ReadFault;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Workspace,
    Catalogue,
    Template,
    Experiment,
}

/// A file and every fault of its text, keys and types.
#[derive(Debug, Clone)]
pub struct Document {
    pub path: String,
    pub file: FileId,
    pub kind: DocumentKind,
    /// What the file alone holds, without its template.
    pub tree: Node,
    pub unreadable: Option<ReadFault>,
    pub syntax: Vec<SyntaxFault>,
    pub faults: Vec<Fault>,
}

impl Document {
    /// True when the text has syntax errors: what is absent may only be unread.
    pub fn is_damaged(&self) -> bool {
        self.unreadable.is_some() || !self.syntax.is_empty()
    }

    pub fn start(&self) -> Span {
        Span::file_start(self.file)
    }
}
