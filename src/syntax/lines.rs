//! What stands on which line: the statements, elements and headers of a text, and its comments.
//!
//! [`Lines`] answers one question: which text does a comment stand for? It reads tokens, never the tree, so that
//! comments of half-finished files have an answer too, and what is inside a string is never taken for a comment.
//!
//! The rule, whole:
//!
//! 1. *Beside*: a comment at the end of a line stands for every value that begins or ends on that line, each to its
//!    end. Beside `looks = [` or beside its `]` it stands for all of `looks`; beside an element, for that element.
//! 2. *Above*: a comment on a line of its own stands for every value that begins on the next line, each to its end.
//!    Comment lines that follow one another stand above the same line. An empty line or a closing bracket ends it:
//!    then the comment stands for nothing.
//! 3. *Headers*: beside or above `[table]` or `[[table]]` it stands for the table, up to the next header that is not
//!    below it.
//! 4. *The head*: in comment lines before the first key or header, with an empty line (or nothing) after them, it
//!    stands for the file.
//!
//! A value is meant with its key. A span is found by its first and last byte.

use std::ops::Range;

use toml_parser::lexer::TokenKind;

/// What a comment stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandsFor {
    File,
    /// Values with their keys, or a table with what is below it.
    Text(Range<usize>),
    /// It stands on a line of its own and nothing begins on the next.
    Nothing,
}

/// A comment and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From its `#` to the end of the line.
    pub range: Range<usize>,
    /// Counted from 0.
    line: usize,
    /// Nothing but blanks stands before it.
    pub alone: bool,
    /// Before the first key or header.
    pub in_head: bool,
}

/// The values that begin, or those that end, on one line.
#[derive(Debug, Clone)]
struct Group {
    line: usize,
    range: Range<usize>,
}

#[derive(Debug)]
struct Header {
    line: usize,
    start: usize,
    /// Where its table ends.
    end: usize,
    path: Vec<String>,
}

/// The lines of a text and what stands on them.
#[derive(Debug, Default)]
pub struct Lines {
    comments: Vec<Comment>,
    /// For each own-line comment, the line that follows its block; in the order of `comments`.
    below: Vec<usize>,
    /// Values by the line on which they begin, one group a line.
    begins: Vec<Group>,
    /// Values by the line on which they end.
    ends: Vec<Group>,
    headers: Vec<Header>,
    /// Lines whose end is inside a string.
    inside_strings: Vec<Range<usize>>,
    line_starts: Vec<usize>,
    /// The first line with a key or header.
    first: Option<usize>,
    /// For each line: nothing but blanks.
    empty: Vec<bool>,
}

/// An open bracket, or the file itself at the bottom.
#[derive(Default)]
struct Open {
    /// The first byte and line of the value being read.
    value: Option<(usize, usize)>,
}

impl Lines {
    pub fn new(text: &str) -> Self {
        Reading::new(text).whole()
    }

    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// What the comment of that index stands for.
    pub fn stands_for(&self, index: usize) -> StandsFor {
        let comment = &self.comments[index];
        if !comment.alone {
            return self.beside(comment.line).map_or(StandsFor::Nothing, StandsFor::Text);
        }
        let below = self.below[index];
        match self.above(below) {
            Some(range) => StandsFor::Text(range),
            None if comment.in_head && self.is_empty(below) => StandsFor::File,
            None => StandsFor::Nothing,
        }
    }

    /// The text that a comment at the end of a line stands for. Lines count from 0.
    pub fn beside(&self, line: usize) -> Option<Range<usize>> {
        if let Some(table) = self.table_at(line) {
            return Some(table);
        }
        let [begun, ended] = [group(&self.begins, line), group(&self.ends, line)];
        match (begun, ended) {
            (Some(a), Some(b)) => Some(a.start.min(b.start)..a.end.max(b.end)),
            (one, other) => one.or(other).cloned(),
        }
    }

    /// The text that a comment on a line of its own stands for, when `line` is the next below it.
    pub fn above(&self, line: usize) -> Option<Range<usize>> {
        self.table_at(line).or_else(|| group(&self.begins, line).cloned())
    }

    fn table_at(&self, line: usize) -> Option<Range<usize>> {
        let at = self.headers.binary_search_by_key(&line, |header| header.line).ok()?;
        Some(self.headers[at].start..self.headers[at].end)
    }

    /// True when the line has nothing on it, or there is no such line.
    fn is_empty(&self, line: usize) -> bool {
        self.empty.get(line).copied().unwrap_or(true)
    }

    /// The line of a byte.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The first byte of a line.
    pub fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line).copied().unwrap_or_default()
    }

    /// The line of the first key or header.
    pub fn first_line(&self) -> Option<usize> {
        self.first
    }

    /// True when the end of the line is text of a string, where no comment can be.
    pub fn ends_in_string(&self, line: usize) -> bool {
        let at = self.inside_strings.partition_point(|lines| lines.end <= line);
        self.inside_strings.get(at).is_some_and(|lines| lines.contains(&line))
    }

    /// True when the line has a comment.
    pub fn has_comment(&self, line: usize) -> bool {
        self.comments.binary_search_by_key(&line, |comment| comment.line).is_ok()
    }
}

fn group(groups: &[Group], line: usize) -> Option<&Range<usize>> {
    groups.binary_search_by_key(&line, |group| group.line).ok().map(|at| &groups[at].range)
}

/// One pass over the tokens.
struct Reading<'a> {
    text: &'a str,
    lines: Lines,
    line: usize,
    /// The file, then the brackets that are open.
    open: Vec<Open>,
    /// True behind the `=` of a statement.
    in_value: bool,
    /// The header being read: its first byte and its dotted keys so far.
    header: Option<(usize, Vec<String>)>,
    /// Values that ended, in the order of their ends: first line, last line, range.
    ended: Vec<(usize, usize, Range<usize>)>,
    /// Behind the last byte of code.
    last: usize,
    last_line: usize,
    has_code: bool,
    /// Headers whose tables go on, by index.
    going_on: Vec<usize>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str) -> Self {
        let line_starts: Vec<usize> = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(at, _)| at + 1))
            .collect();
        let empty = vec![true; line_starts.len()];
        Self {
            text,
            lines: Lines { line_starts, empty, ..Lines::default() },
            line: 0,
            open: vec![Open::default()],
            in_value: false,
            header: None,
            ended: Vec::new(),
            last: 0,
            last_line: 0,
            has_code: false,
            going_on: Vec::new(),
        }
    }

    fn whole(mut self) -> Lines {
        for token in toml_parser::Source::new(self.text).lex() {
            let range = token.span().start()..token.span().end();
            match token.kind() {
                TokenKind::Whitespace | TokenKind::Eof => {}
                TokenKind::Newline => self.newline(&range),
                TokenKind::Comment => self.comment(range),
                kind => self.code(kind, range),
            }
        }
        self.end_statement();
        while 1 < self.open.len() {
            self.end_value();
            self.open.pop();
        }
        self.end_value();
        for index in std::mem::take(&mut self.going_on) {
            self.lines.headers[index].end = self.last;
        }
        self.finish()
    }

    fn newline(&mut self, range: &Range<usize>) {
        self.end_statement();
        // A lone carriage return ends a statement for the parser, but no line.
        self.line += self.text[range.clone()].matches('\n').count();
    }

    /// At the end of a line outside brackets.
    fn end_statement(&mut self) {
        if 1 < self.open.len() {
            return;
        }
        if let Some((start, path)) = self.header.take() {
            self.begin_table(start, path);
        }
        self.end_value();
        self.in_value = false;
    }

    fn comment(&mut self, range: Range<usize>) {
        let alone = !self.has_code || self.last_line < self.line;
        self.lines.empty[self.line] = false;
        self.lines.comments.push(Comment { range, line: self.line, alone, in_head: !self.has_code });
    }

    fn code(&mut self, kind: TokenKind, range: Range<usize>) {
        let (first_line, text) = (self.line, &self.text[range.clone()]);
        let lines = text.matches('\n').count();
        if 0 < lines {
            self.lines.inside_strings.push(first_line..first_line + lines);
            self.line += lines;
        }
        self.lines.empty[first_line..=self.line].fill(false);
        self.lines.first.get_or_insert(first_line);
        let at_start = self.open.len() == 1 && self.header.is_none() && self.value().is_none();
        let before = self.last;
        self.has_code = true;
        (self.last, self.last_line) = (range.end, self.line);
        use TokenKind as Is;
        match kind {
            Is::LeftSquareBracket if at_start => {
                self.end_tables(before);
                self.header = Some((range.start, vec![String::new()]));
            }
            _ if self.header.is_some() => self.in_header(kind, text),
            Is::LeftSquareBracket | Is::LeftCurlyBracket if self.in_value || 1 < self.open.len() => {
                self.begin_value(range.start, first_line);
                self.open.push(Open::default());
            }
            Is::RightSquareBracket | Is::RightCurlyBracket if 1 < self.open.len() => {
                // The bracket belongs to the value that it closes, not to the last one inside.
                self.end_value_at(before);
                self.open.pop();
            }
            Is::Comma if 1 < self.open.len() => self.end_value_at(before),
            Is::Equals if self.open.len() == 1 => {
                self.begin_value(range.start, first_line);
                self.in_value = true;
            }
            _ => self.begin_value(range.start, first_line),
        }
    }

    fn in_header(&mut self, kind: TokenKind, text: &str) {
        let Some((_, path)) = &mut self.header else { return };
        match kind {
            TokenKind::LeftSquareBracket | TokenKind::RightSquareBracket => {}
            TokenKind::Dot => path.push(String::new()),
            _ => {
                if let Some(key) = path.last_mut() {
                    key.push_str(text.trim_matches(['"', '\'']));
                }
            }
        }
    }

    fn value(&mut self) -> &mut Option<(usize, usize)> {
        // The file is never popped.
        let last = self.open.len() - 1;
        &mut self.open[last].value
    }

    fn begin_value(&mut self, start: usize, line: usize) {
        self.value().get_or_insert((start, line));
    }

    fn end_value(&mut self) {
        self.end_value_at(self.last);
    }

    /// Ends the value being read where the code before ended.
    fn end_value_at(&mut self, end: usize) {
        if let Some((start, first_line)) = self.value().take() {
            let last_line = self.lines.line_of(end.saturating_sub(1).max(start));
            self.ended.push((first_line, last_line, start..end.max(start)));
        }
    }

    /// Tables end where a header begins that is not below them; `before` is where the code ended.
    fn end_tables(&mut self, before: usize) {
        // Which ones end is known when the path is read; the place is known now.
        for &index in &self.going_on {
            self.lines.headers[index].end = before;
        }
    }

    fn begin_table(&mut self, start: usize, path: Vec<String>) {
        let headers = &mut self.lines.headers;
        while let Some(&last) = self.going_on.last() {
            let above = &headers[last].path;
            if above.len() < path.len() && path.starts_with(above) {
                break;
            }
            self.going_on.pop();
        }
        self.going_on.push(headers.len());
        headers.push(Header { line: self.line, start, end: self.last, path });
    }

    fn finish(self) -> Lines {
        let Self { mut lines, mut ended, .. } = self;
        ended.sort_by_key(|(first, ..)| *first);
        lines.begins = grouped(ended.iter().map(|(first, _, range)| (*first, range)));
        ended.sort_by_key(|(_, last, _)| *last);
        lines.ends = grouped(ended.iter().map(|(_, last, range)| (*last, range)));
        let mut below = vec![0; lines.comments.len()];
        for (index, comment) in lines.comments.iter().enumerate().rev() {
            let next = lines.comments.get(index + 1).filter(|next| next.alone && next.line == comment.line + 1);
            below[index] = next.map_or(comment.line + 1, |_| below[index + 1]);
        }
        lines.below = below;
        lines
    }
}

/// Values of one line as one range; they come sorted by line.
fn grouped<'a>(values: impl Iterator<Item = (usize, &'a Range<usize>)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (line, range) in values {
        match groups.last_mut().filter(|group| group.line == line) {
            Some(group) => group.range = group.range.start.min(range.start)..group.range.end.max(range.end),
            None => groups.push(Group { line, range: range.clone() }),
        }
    }
    groups
}
