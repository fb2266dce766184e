//! Text to tree, with every syntax error of the file.
//!
//! The parser recovers; this module orders what it says, drops echoes of one mistake, words the frequent
//! ones for people, and gives the keys after an unclosed `[header` back by closing it and reading again.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::node::{Entry, Node, Table, Value};
use crate::text::{FileId, Span};

/// A syntax error: what is wrong, where, and what goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub span: Span,
    pub headline: String,
    pub label: String,
    pub help: String,
    /// The first of two equal keys.
    pub other: Option<(Span, &'static str)>,
}

/// Reads what can be read. The root is always a table; the faults are sorted by place.
pub fn parse(file: FileId, text: &str) -> (Node, Vec<Fault>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let unclosed = errors.iter().find(|error| is_unclosed_header(text, error)).and_then(toml::de::Error::span);
    let Some(at) = unclosed.map(|span| span.start.min(text.len())) else {
        return finish(file, text, &root, errors, None);
    };
    // The keys of a table whose header is not closed are lost to the parser: close it, read again, and move
    // every later place back by the one byte that was put in.
    let mut closed = String::with_capacity(text.len() + 1);
    closed.push_str(&text[..at]);
    closed.push(']');
    closed.push_str(&text[at..]);
    let (again, mut second) = DeTable::parse_recoverable(&closed);
    let header = errors.into_iter().find(|error| is_unclosed_header(text, error));
    second.extend(header);
    finish(file, text, &again, second, Some(at))
}

fn is_unclosed_header(text: &str, error: &toml::de::Error) -> bool {
    let Some(span) = error.span() else { return false };
    if !error.message().contains("unclosed table") {
        return false;
    }
    // Only a plain `[name` line: anything else is not ours to complete.
    let start = text[..span.start.min(text.len())].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or("").trim_end();
    line.starts_with('[') && !line.starts_with("[[") && !line.contains(']') && span.start == start + line.len()
}

fn finish(
    file: FileId,
    text: &str,
    root: &Spanned<DeTable<'_>>,
    errors: Vec<toml::de::Error>,
    inserted: Option<usize>,
) -> (Node, Vec<Fault>) {
    let places = Places { file, inserted };
    let mut faults = Vec::new();
    let tree = Node { value: Value::Table(table(root.get_ref(), places, &mut faults, 0)), span: Span::new(file, 0, 0) };
    let mut found: Vec<(std::ops::Range<usize>, String)> =
        errors.iter().map(|error| (error.span().unwrap_or(0..0), error.message().to_owned())).collect();
    found.sort_by_key(|(range, _)| (range.start, range.end));
    // A place moved by what was put in is none to search the text with.
    let conflicts = if found.is_empty() { Vec::new() } else { conflicts(text) };
    for (open, close) in conflicts.into_iter().filter(|_| inserted.is_none()) {
        let whole = open.start..=close.end;
        // Inside a text of several lines the marks are text.
        if !found.iter().any(|(range, _)| open.contains(&range.start)) {
            continue;
        }
        found.retain(|(range, _)| !whole.contains(&range.start));
        faults.push(Fault {
            span: places.span(open),
            headline: "a merge conflict is not resolved".to_owned(),
            label: "the two sides begin here".to_owned(),
            help: "keep one side, or write what both mean together, and take the marks out".to_owned(),
            other: Some((places.span(close), "and end here")),
        });
    }
    let left_out = found.len().saturating_sub(MOST_FAULTS);
    found.truncate(MOST_FAULTS);
    let mut last_end: Option<usize> = None;
    let mut found = found.into_iter().peekable();
    while let Some((range, message)) = found.next() {
        // Everything from the first surprise inside an unclosed bracket to its end is one mistake.
        if is_inside_bracket(&message) {
            let open = open_bracket(text, range.start);
            let mut end = range.end;
            let mut unclosed = is_unclosed(&message);
            while !unclosed && let Some((next, message)) = found.next_if(|(_, message)| is_inside_bracket(message)) {
                end = end.max(next.end);
                unclosed = is_unclosed(&message);
            }
            if let Some((at, close)) = open {
                last_end = Some(end);
                faults.push(Fault {
                    span: places.span(at..at + 1),
                    headline: format!("missing closing `{close}`"),
                    label: "opened here, never closed".to_owned(),
                    help: format!("add `{close}`"),
                    other: Some((widen(text, places.span(range)), "not expected inside it")),
                });
                continue;
            }
        }
        // One mistake echoes: an error that starts inside or right after the last one is the same.
        if last_end.is_some_and(|end| range.start <= end && !message.contains("duplicate key")) {
            last_end = last_end.max(Some(range.end));
            continue;
        }
        last_end = Some(range.end);
        faults.push(worded(text, &tree, places.span(range), &message));
    }
    if let Some(last) = faults.last_mut().filter(|_| 0 < left_out) {
        last.help = format!("{}; {left_out} more syntax errors follow", last.help);
    }
    faults.sort_by_key(|fault| fault.span);
    faults.dedup_by(|second, first| first.span.file == second.span.file && second.span.start < first.span.end);
    (tree, faults)
}

/// The first and the last mark of each merge conflict: the places of their lines.
fn conflicts(text: &str) -> Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let (mut at, mut open) = (0, None);
    for line in text.split_inclusive('\n') {
        let place = at..at + line.trim_end().len();
        at += line.len();
        if line.starts_with("<<<<<<<") {
            open = Some(place);
        } else if line.starts_with(">>>>>>>")
            && let Some(open) = open.take()
        {
            found.push((open, place));
        }
    }
    found
}

/// A text with more syntax errors than this is not a spec: the rest is only counted.
const MOST_FAULTS: usize = 100;

/// True for what the parser says of text inside brackets.
fn is_inside_bracket(message: &str) -> bool {
    ["array element", "in array", "key-value pairs", "inline table"].iter().any(|part| message.contains(part))
        || is_unclosed(message)
}

fn is_unclosed(message: &str) -> bool {
    message.contains("unclosed array") || message.contains("unclosed inline table")
}

/// The innermost `[` or `{` of a value that is still open at `offset`, and what would close it.
fn open_bracket(text: &str, offset: usize) -> Option<(usize, char)> {
    use toml_parser::lexer::TokenKind;
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut in_value = false;
    for token in toml_parser::Source::new(text).lex() {
        let at = token.span().start();
        if offset <= at {
            break;
        }
        match token.kind() {
            TokenKind::Equals => in_value = true,
            TokenKind::Newline if open.is_empty() => in_value = false,
            TokenKind::LeftSquareBracket if in_value => open.push((at, ']')),
            TokenKind::LeftCurlyBracket if in_value => open.push((at, '}')),
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// The quote on a line that has no partner.
fn open_quote(line: &str) -> Option<usize> {
    let mut open: Option<(usize, char)> = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match (open, c) {
            (Some((_, '"')), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some((_, quote)), c) if c == quote && !escaped => open = None,
            (None, '"' | '\'') => open = Some((at, c)),
            (None, '#') => break,
            _ => {}
        }
        escaped = false;
    }
    open.map(|(at, _)| at)
}

/// Where a byte of the parsed text lies in the file.
#[derive(Clone, Copy)]
struct Places {
    file: FileId,
    inserted: Option<usize>,
}

impl Places {
    fn span(self, range: std::ops::Range<usize>) -> Span {
        let back = |offset: usize| match self.inserted {
            Some(at) if at < offset => offset - 1,
            _ => offset,
        };
        Span::new(self.file, back(range.start), back(range.end))
    }
}

fn table(from: &DeTable<'_>, places: Places, faults: &mut Vec<Fault>, depth: usize) -> Table {
    let mut entries: Vec<Entry> = from
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: places.span(key.span()),
            node: node(value, places, faults, depth + 1),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span);
    Table { entries }
}

fn array(from: &DeArray<'_>, places: Places, faults: &mut Vec<Fault>, depth: usize) -> Vec<Node> {
    from.iter().map(|item| node(item, places, faults, depth + 1)).collect()
}

fn node(from: &Spanned<DeValue<'_>>, places: Places, faults: &mut Vec<Fault>, depth: usize) -> Node {
    let span = places.span(from.span());
    let value = match from.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => {
                faults.push(Fault {
                    span,
                    headline: "the number does not fit 64 bits".to_owned(),
                    label: "between -9223372036854775808 and 9223372036854775807".to_owned(),
                    help: "write a smaller number, or a string".to_owned(),
                    other: None,
                });
                Value::Integer(0)
            }
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Float(number),
            _ => {
                faults.push(Fault {
                    span,
                    headline: "`nan` and `inf` are not numbers expc can use".to_owned(),
                    label: "not a finite number".to_owned(),
                    help: "write a finite number, or leave the key out".to_owned(),
                    other: None,
                });
                Value::Float(0.0)
            }
        },
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(date) => Value::Datetime(*date),
        DeValue::Array(items) => Value::Array(array(items, places, faults, depth)),
        DeValue::Table(entries) => Value::Table(table(entries, places, faults, depth)),
    };
    Node { value, span }
}

/// The parser's words, or better ones where its words mislead.
fn worded(text: &str, tree: &Node, span: Span, message: &str) -> Fault {
    let fault = |span: Span, headline: &str, label: &str, help: &str| Fault {
        span,
        headline: headline.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        other: None,
    };
    let widened = widen(text, span);
    let start = span.start as usize;
    let line_start = text[..floor(text, start)].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or("");
    let before = text[line_start..floor(text, start)].trim_end();
    if message.contains("duplicate key") {
        let key = &text[floor(text, span.start as usize)..floor(text, span.end as usize)];
        let name = key.trim_matches(['"', '\'']);
        let first = first_key(tree, name, span).or_else(|| {
            // The tree keeps the place of the last of two equal headers.
            let header = text[..line_start].find(&format!("[{name}]"))?;
            Some(Span::new(span.file, header + 1, header + 1 + name.len()))
        });
        return Fault {
            span,
            headline: format!("key `{}` is given twice", crate::text::printable(key)),
            label: "the second time".to_owned(),
            help: "keep one of the two".to_owned(),
            other: first.map(|first| (first, "the first time")),
        };
    }
    if message.contains("unclosed table") {
        return fault(widened, "missing closing `]`", "the table header ends here", "close the header: `[name]`");
    }
    if before.ends_with('=') && line.trim_end().ends_with('=') && text[floor(text, start)..].starts_with(['\n', '\r'])
        || (before.ends_with('=') && floor(text, start) == text.len())
    {
        let key = before.trim_end_matches('=').trim().trim_start_matches('\u{feff}');
        let end = Span::new(span.file, line_start + before.len() - 1, line_start + before.len());
        return fault(
            end,
            &format!("`{}` has no value", crate::text::printable(key)),
            "nothing follows",
            "write a value after `=`, or remove the key",
        );
    }
    let bare = message.contains("invalid boolean") || message.contains("invalid literal, ");
    if message.contains("string values must be quoted") || bare {
        return fault(widened, "text without quotes", "strings need quotes", "put it in double quotes");
    }
    if message.contains("key with no value") || message.contains("missing assignment") {
        if let Some(colon) = line.find(':').filter(|_| !line.contains('=')) {
            let at = Span::new(span.file, line_start + colon, line_start + colon + 1);
            return fault(at, "`:` where TOML wants `=`", "write `=`", "write `key = value`");
        }
        return fault(widened, "a key without `=`", "no value follows", "write `key = value`");
    }
    if let Some(open) = open_quote(line).filter(|_| message.contains("string") && !message.contains("quoted")) {
        let end = line_start + line.trim_end().len();
        return Fault {
            span: Span::new(span.file, line_start + open, line_start + open + 1),
            headline: "missing closing quote".to_owned(),
            label: "opened here".to_owned(),
            help: "close the string on its line, or use three quotes for several lines".to_owned(),
            other: Some((
                Span::new(span.file, floor(text, end.saturating_sub(1)).max(line_start), end),
                "the line ends here",
            )),
        };
    }
    if message.contains("multi-line") && message.contains("string") {
        let open = text[..floor(text, start)].rfind("\"\"\"").or_else(|| text[..floor(text, start)].rfind("'''"));
        let at = open.map_or(widened, |open| Span::new(span.file, open, open + 3));
        return fault(at, "missing closing quotes", "opened here, never closed", "close the text with three quotes");
    }
    let written = &text[floor(text, span.start as usize)..floor(text, span.end as usize)];
    if message.contains("invalid date") || message.contains("invalid time") {
        let headline = format!("`{}` is not a real date", crate::text::printable(written));
        let detail = message.lines().next().unwrap_or("").split(", ").nth(1).unwrap_or("no such day").to_owned();
        return fault(widened, &headline, &detail, "write a day of the calendar, like 2026-12-07");
    }
    let message = crate::text::printable(message);
    let message = message.lines().next().unwrap_or("unreadable TOML").trim_end_matches('.').to_owned();
    fault(widened, &message, "here", "see https://toml.io for the syntax")
}

/// The place of the first key with that name that lies before `span`.
fn first_key(tree: &Node, name: &str, span: Span) -> Option<Span> {
    let mut best = None;
    let mut stack = vec![tree];
    while let Some(node) = stack.pop() {
        match &node.value {
            Value::Table(table) => {
                for entry in &table.entries {
                    if entry.key == name && entry.key_span < span {
                        best = best.max(Some(entry.key_span));
                    }
                    stack.push(&entry.node);
                }
            }
            Value::Array(items) => stack.extend(items),
            _ => {}
        }
    }
    best
}

fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// An empty place becomes one character, so that there is something to underline.
fn widen(text: &str, span: Span) -> Span {
    if !span.is_empty() {
        return span;
    }
    let start = floor(text, span.start as usize);
    match text[start..].chars().next() {
        Some(c) if c != '\n' && c != '\r' => Span::new(span.file, start, start + c.len_utf8()),
        _ => {
            let before = text[..start].chars().next_back().filter(|&c| c != '\n');
            Span::new(span.file, start - before.map_or(0, char::len_utf8), start)
        }
    }
}
