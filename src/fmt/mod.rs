//! The canonical layout of a file of the language.
//!
//! [`formatted`] moves nothing and drops nothing: keys, tables and comments stay in the author's order, values are
//! copied as they are written, and an array keeps the author's line breaks. It settles spaces, blank lines, the
//! column of `=`, commas and the end of the file, so that a diff shows what was meant and nothing else. The layout
//! of a layout is itself. Start at [`formatted`]; `value.rs` prints arrays and inline tables.

mod value;

use toml_parser::parser::{Event, EventKind, EventReceiver, RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

use value::Values;

/// A line that would be longer breaks its list of tables.
const WIDTH: usize = 120;

/// The reader of specs goes no deeper either.
const DEEPEST: u32 = 80;

/// The text in canonical layout; nothing when it has no TOML structure, which is told elsewhere.
///
/// A word that TOML does not know as a value is copied: it is the reader of specs who judges values.
/// Line ends stay what they are at the first line, so that a checkout with CRLF is canonical as well.
///
/// ```
/// use expc::fmt::formatted;
///
/// assert_eq!(formatted("a=1\nlonger =[1,2 ]").as_deref(), Some("a      = 1\nlonger = [1, 2]\n"));
/// assert_eq!(formatted("a = "), None);
/// ```
pub fn formatted(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut events: Vec<Event> = Vec::with_capacity(tokens.len());
    let mut faults: Vec<ParseError> = Vec::new();
    let mut receiver = |event: Event| events.push(event);
    let mut guarded = RecursionGuard::new(&mut receiver as &mut dyn EventReceiver, DEEPEST);
    parse_document(&tokens, &mut guarded, &mut faults);
    if !faults.is_empty() {
        return None;
    }
    let newline = match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    };
    let values = Values { text, events: &events, newline };
    Some(printed(&lines(&values)?, &values))
}

/// One line of the file, or several when its value has several.
#[derive(Debug)]
struct Line<'a> {
    sort: Sort<'a>,
    /// What is said behind it.
    comment: Option<&'a str>,
}

#[derive(Debug)]
enum Sort<'a> {
    Blank,
    /// A comment with a line of its own.
    Comment(&'a str),
    /// `[a.b]` or `[[a.b]]`.
    Header(String),
    /// A key, and the event at which its value begins.
    Pair(String, usize),
}

fn lines<'a>(values: &Values<'a>) -> Option<Vec<Line<'a>>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    // False at the start of a line.
    let mut written = false;
    let mut at = 0;
    while let Some(event) = values.events.get(at) {
        at += 1;
        let sort = match event.kind() {
            EventKind::Newline => {
                if !std::mem::take(&mut written) {
                    lines.push(Line { sort: Sort::Blank, comment: None });
                }
                continue;
            }
            EventKind::Comment => {
                let comment = values.slice(*event).trim_end();
                match lines.last_mut() {
                    Some(line) if written => {
                        line.comment = Some(comment);
                        continue;
                    }
                    _ => Sort::Comment(comment),
                }
            }
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                let (name, after) = values.key(at)?;
                // The event after the name closes the header.
                at = after + 1;
                match event.kind() {
                    EventKind::StdTableOpen => Sort::Header(format!("[{name}]")),
                    _ => Sort::Header(format!("[[{name}]]")),
                }
            }
            EventKind::SimpleKey => {
                let (name, after) = values.key(at - 1)?;
                let value = values.skip_space(after + 1);
                // The parser gives a key or a value that is absent as an empty one.
                values.events.get(value).filter(|value| !value.span().is_empty() && !event.span().is_empty())?;
                at = values.end(value);
                Sort::Pair(name, value)
            }
            EventKind::Whitespace => continue,
            _ => return None,
        };
        lines.push(Line { sort, comment: None });
        written = true;
    }
    Some(lines)
}

fn printed(lines: &[Line<'_>], values: &Values<'_>) -> String {
    let mut out = String::with_capacity(values.text.len() + values.text.len() / 8);
    let columns = columns(lines);
    // A line that asks for a blank line before it gets one; nothing else does.
    let mut gap = false;
    let mut first = true;
    for (index, line) in lines.iter().enumerate() {
        match &line.sort {
            Sort::Blank => {
                gap = true;
                continue;
            }
            Sort::Header(_) => gap |= !is_comment(lines, index.wrapping_sub(1)),
            Sort::Comment(_) => gap |= leads_to_header(lines, index),
            // A table begins right below its name.
            Sort::Pair(..) => gap &= !is_header(lines, index),
        }
        if std::mem::take(&mut gap) && !first {
            out.push_str(values.newline);
        }
        first = false;
        match &line.sort {
            Sort::Blank => {}
            Sort::Comment(text) => out.push_str(text),
            Sort::Header(text) => out.push_str(text),
            Sort::Pair(key, value) => {
                let column = columns[index];
                out.push_str(key);
                out.extend(std::iter::repeat_n(' ', column - key.chars().count()));
                out.push_str(" = ");
                let room = WIDTH.saturating_sub(column + 3);
                values.print(*value, 0, room, &mut out);
            }
        }
        if let Some(comment) = line.comment {
            out.push(' ');
            out.push_str(comment);
        }
        out.push_str(values.newline);
    }
    out
}

fn is_comment(lines: &[Line<'_>], index: usize) -> bool {
    lines.get(index).is_some_and(|line| matches!(line.sort, Sort::Comment(_)))
}

/// True for the first of the comment lines right above a header.
fn leads_to_header(lines: &[Line<'_>], index: usize) -> bool {
    if is_comment(lines, index.wrapping_sub(1)) {
        return false;
    }
    let next = lines[index..].iter().find(|line| !matches!(line.sort, Sort::Comment(_)));
    matches!(next, Some(Line { sort: Sort::Header(_), .. }))
}

/// True when the line before, blank ones aside, is a header.
fn is_header(lines: &[Line<'_>], index: usize) -> bool {
    let before = lines[..index].iter().rev().find(|line| !matches!(line.sort, Sort::Blank));
    matches!(before, Some(Line { sort: Sort::Header(_), .. }))
}

/// The width of the keys around each line: pairs that stand together have their `=` in one column.
fn columns(lines: &[Line<'_>]) -> Vec<usize> {
    let mut columns = vec![0; lines.len()];
    let mut start = 0;
    while start < lines.len() {
        let end = lines[start..].iter().position(|line| !matches!(line.sort, Sort::Pair(..)));
        let end = end.map_or(lines.len(), |length| start + length);
        let width = |line: &Line<'_>| match &line.sort {
            Sort::Pair(key, _) => key.chars().count(),
            _ => 0,
        };
        let widest = lines[start..end].iter().map(width).max().unwrap_or(0);
        columns[start..end].fill(widest);
        start = end + 1;
    }
    columns
}
