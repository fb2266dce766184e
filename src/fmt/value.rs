//! Values in canonical layout: what stands in one line stays there, what has lines keeps them.

use toml_parser::parser::{Event, EventKind};

/// A step inward.
const STEP: usize = 2;

/// The events of a text, and what is read from them.
pub(super) struct Values<'a> {
    pub text: &'a str,
    pub events: &'a [Event],
    pub newline: &'static str,
}

/// What stands on one line of an array or an inline table.
#[derive(Default)]
struct Row<'a> {
    /// The events at which its members begin.
    members: Vec<usize>,
    comment: Option<&'a str>,
}

impl<'a> Values<'a> {
    pub fn slice(&self, event: Event) -> &'a str {
        let span = event.span();
        &self.text[span.start()..span.end()]
    }

    pub fn skip_space(&self, mut at: usize) -> usize {
        while self.events.get(at).is_some_and(|event| event.kind() == EventKind::Whitespace) {
            at += 1;
        }
        at
    }

    /// The key that begins at an event, and the event after it.
    pub fn key(&self, mut at: usize) -> Option<(String, usize)> {
        let mut name = String::new();
        loop {
            let event = *self.events.get(at)?;
            match event.kind() {
                EventKind::SimpleKey => name.push_str(self.slice(event)),
                EventKind::KeySep => name.push('.'),
                EventKind::Whitespace => {}
                _ => return Some((name, at)),
            }
            at += 1;
        }
    }

    /// The event after the value that begins at one.
    pub fn end(&self, mut at: usize) -> usize {
        let mut depth = 0usize;
        while let Some(event) = self.events.get(at) {
            at += 1;
            match event.kind() {
                EventKind::ArrayOpen | EventKind::InlineTableOpen => depth += 1,
                EventKind::ArrayClose | EventKind::InlineTableClose => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        at
    }

    /// Prints the value that begins at an event; `room` is what is left of the line.
    pub fn print(&self, at: usize, indent: usize, room: usize, out: &mut String) {
        let Some(event) = self.events.get(at) else { return };
        match event.kind() {
            EventKind::ArrayOpen => self.group(at, ["[", "]"], indent, room, out),
            EventKind::InlineTableOpen => self.group(at, ["{", "}"], indent, room, out),
            _ => out.push_str(self.slice(*event)),
        }
    }

    /// A member: a value of an array, or a key with its value.
    fn member(&self, at: usize, indent: usize, room: usize, out: &mut String) {
        match self.key(at).filter(|(name, _)| !name.is_empty()) {
            Some((name, after)) => {
                out.push_str(&name);
                out.push_str(" = ");
                self.print(self.skip_space(after + 1), indent, room.saturating_sub(name.len() + 3), out);
            }
            None => self.print(at, indent, room, out),
        }
    }

    fn group(&self, at: usize, [open, close]: [&str; 2], indent: usize, room: usize, out: &mut String) {
        let rows = self.rows(at);
        let is_table = open == "{";
        let is_bare = rows.iter().all(|row| row.comment.is_none());
        if is_bare && (rows.len() <= 1 || is_table) {
            let line = self.in_one_line(&rows, [open, close], indent);
            let fits = line.chars().count() <= room || line.contains('\n');
            // A table in one line is TOML 1.0, which more programs read.
            if fits || rows.len() <= 1 && (is_table || !self.is_list_of_groups(&rows)) {
                return out.push_str(&line);
            }
        }
        out.push_str(open);
        let inner = indent + STEP;
        let alone = |row: Row<'a>| row.members.into_iter().map(|member| Row { members: vec![member], comment: None });
        let rows = if rows.len() == 1 { rows.into_iter().flat_map(alone).collect() } else { rows };
        let shown = rows.iter().skip_while(|row| row.is_blank());
        let mut blank = false;
        for row in shown {
            if row.is_blank() {
                blank = true;
                continue;
            }
            if std::mem::take(&mut blank) {
                out.push_str(self.newline);
            }
            out.push_str(self.newline);
            out.extend(std::iter::repeat_n(' ', inner));
            for (index, member) in row.members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { " " });
                self.member(*member, inner, super::WIDTH.saturating_sub(inner), out);
                out.push(',');
            }
            if let Some(comment) = row.comment {
                out.push_str(if row.members.is_empty() { "" } else { " " });
                out.push_str(comment);
            }
        }
        out.push_str(self.newline);
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(close);
    }

    /// True for several tables or lists: each reads well on a line of its own, words do not.
    fn is_list_of_groups(&self, rows: &[Row<'_>]) -> bool {
        let mut members = rows.iter().flat_map(|row| &row.members);
        let is_group =
            |at: &usize| matches!(self.events[*at].kind(), EventKind::ArrayOpen | EventKind::InlineTableOpen);
        1 < members.clone().count() && members.any(is_group)
    }

    fn in_one_line(&self, rows: &[Row<'_>], [open, close]: [&str; 2], indent: usize) -> String {
        let mut line = String::from(open);
        let members = rows.iter().flat_map(|row| &row.members);
        let mut is_first = true;
        for member in members {
            line.push_str(match (is_first, open) {
                (true, "{") => " ",
                (true, _) => "",
                _ => ", ",
            });
            is_first = false;
            self.member(*member, indent, usize::MAX, &mut line);
        }
        if !is_first && open == "{" {
            line.push(' ');
        }
        line + close
    }

    /// The lines between the brackets, as the author broke them. One row when nothing is broken.
    fn rows(&self, at: usize) -> Vec<Row<'a>> {
        let end = self.end(at) - 1;
        let mut rows = vec![Row::default()];
        let mut at = at + 1;
        while at < end {
            let event = self.events[at];
            let row = rows.last_mut().expect("there is always a row");
            match event.kind() {
                EventKind::Newline => rows.push(Row::default()),
                EventKind::Comment => row.comment = Some(self.slice(event).trim_end()),
                EventKind::SimpleKey => {
                    row.members.push(at);
                    let after = self.key(at).map_or(end, |(_, after)| after);
                    at = self.end(self.skip_space(after + 1));
                    continue;
                }
                EventKind::Scalar | EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                    row.members.push(at);
                    at = self.end(at);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        // The line of the closing bracket, and blank ones before it, are no lines of the list.
        while 1 < rows.len() && rows.last().is_some_and(Row::is_blank) {
            rows.pop();
        }
        rows
    }
}

impl Row<'_> {
    fn is_blank(&self) -> bool {
        self.members.is_empty() && self.comment.is_none()
    }
}
