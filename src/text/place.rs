//! Where a span is, for people and for tools. Any span has an answer, also one outside its text.

use std::ops::Range;

use super::{Position, Sources, Span};

/// A span as path, lines, columns and bytes, all inside the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    pub path: &'a str,
    pub start: Position,
    /// Behind the last character.
    pub end: Position,
    pub bytes: Range<usize>,
    /// The text there.
    pub text: &'a str,
}

/// A finding about a file that is not among the sources still has to be printed.
const UNKNOWN: &str = "(unknown file)";

impl<'a> Place<'a> {
    pub fn of(sources: &'a Sources, span: Span) -> Self {
        let Some(source) = sources.find(span.file) else {
            let origin = Position { line: 1, column: 1 };
            return Self { path: UNKNOWN, start: origin, end: origin, bytes: 0..0, text: "" };
        };
        let start = source.floor(span.start as usize);
        let end = source.floor(span.end as usize).max(start);
        Self {
            path: &source.path,
            start: source.position(start),
            end: source.position(end),
            bytes: start..end,
            text: &source.text[start..end],
        }
    }
}
