//! Where a key, an element or a table goes in a text that somebody has laid out.
//!
//! What is added takes the form of what stands beside it: a line after the last line of its table, a pair in an inline
//! table, dotted keys where keys are dotted, `[[list]]` where the list is written so. A table that is absent comes
//! before the first one that reads after it. What is taken away takes no comment with it.

use super::node::{Entry, Node, Value};
use crate::diag::Edit;
use crate::text::{FileId, Span};

/// A text and the tree that was read from it, without its template.
#[derive(Clone, Copy)]
pub struct Layout<'a> {
    pub file: FileId,
    pub text: &'a str,
    pub root: &'a Node,
    /// The tables of the root in the order in which the language reads.
    pub order: &'a [&'a str],
}

impl Layout<'_> {
    /// Writes keys into the table at a path. `lines` holds one `key = value` a line.
    pub fn add(&self, path: &str, lines: &str) -> Option<Edit> {
        let mut node = self.root;
        let mut own = None;
        let keys: Vec<&str> = path.split('.').collect();
        for (depth, key) in keys.iter().enumerate() {
            match node.as_table()?.entry(key) {
                Some(entry) => {
                    own = Some(entry);
                    node = &entry.node;
                }
                // Below a table that is there, what is absent is written in one line.
                None if 0 < depth => {
                    let inside = lines.replace('\n', ", ");
                    let line = keys[depth..].iter().rev().fold(inside, |line, key| format!("{key} = {{ {line} }}"));
                    return self.add_to(own?, &line);
                }
                None => return Some(self.section(key, &format!("[{path}]\n{lines}\n"))),
            }
        }
        self.add_to(own?, lines)
    }

    /// Writes keys into the table of an entry.
    fn add_to(&self, own: &Entry, lines: &str) -> Option<Edit> {
        if let Some(edit) = self.add_inside(&own.node, lines) {
            return Some(edit);
        }
        // Nothing stands in it yet but tables of their own.
        let start = self.line_start(first_place(own));
        let header = self.text.get(start..)?.trim_start().starts_with('[');
        if header && self.text.get(own.key_span.end as usize..)?.trim_start().starts_with(']') {
            return Some(self.put_in(self.line_end(own.key_span.end as usize), lines, ""));
        }
        let path = own.key_span;
        let name = self.text.get(start..path.end as usize)?.trim_start().strip_prefix('[')?;
        let name = name.trim_start_matches('[');
        header.then(|| self.before(start, &format!("[{name}]\n{lines}\n")))
    }

    /// Writes keys beside those of a table, in the form that they have.
    pub fn add_inside(&self, table: &Node, lines: &str) -> Option<Edit> {
        let entries = &table.as_table()?.entries;
        let (from, to) = (table.span.start as usize, table.span.end as usize);
        if self.text.get(from..to)?.starts_with('{') {
            let pairs = lines.replace('\n', ", ");
            return Some(match entries.iter().map(last_place).max() {
                Some(end) => self.edit(end, end, format!(", {pairs}")),
                None => self.edit(from, to, format!("{{ {pairs} }}")),
            });
        }
        let plain = entries.iter().filter(|entry| entry.key_span.file == self.file && !self.is_header(entry));
        let last = plain.max_by_key(|entry| last_place(entry))?;
        let prefix = self.text.get(self.line_start(last.key_span.start as usize)..last.key_span.start as usize)?;
        let prefix = prefix.trim_start_matches('\u{feff}');
        Some(self.put_in(self.line_end(last_place(last)), lines, prefix))
    }

    /// Writes an element at the end of the list at a path. `fields` holds one `key = value` a line.
    ///
    /// Nothing when the list is not there: whether it may be begun is for the caller to say.
    pub fn push(&self, path: &str, fields: &str) -> Option<Vec<Edit>> {
        let (above, key) = path.rsplit_once('.').unwrap_or(("", path));
        let table = if above.is_empty() { Some(self.root) } else { self.root.at_path(above) };
        let entry = table?.as_table()?.entry(key)?;
        let items = entry.node.as_array()?;
        if !self.is_header(entry) {
            return self.push_value(&entry.node, &format!("{{ {} }}", fields.replace('\n', ", ")));
        }
        let end = self.line_end(last_in(items.last()?));
        Some(vec![self.put_in(end, &format!("\n[[{path}]]\n{fields}"), "")])
    }

    /// Writes a value at the end of a list in brackets.
    pub fn push_value(&self, list: &Node, value: &str) -> Option<Vec<Edit>> {
        let items = list.as_array()?;
        let (from, to) = (list.span.start as usize, list.span.end as usize);
        let body = self.text.get(from..to)?;
        if !body.starts_with('[') || !body.ends_with(']') {
            return None;
        }
        let Some(last) = items.last() else {
            // An empty list may hold a comment.
            return (!body.contains('#')).then(|| vec![self.edit(from, to, format!("[{value}]"))]);
        };
        let end = last.span.end as usize;
        let after = self.text.get(end..to)?;
        let rest = after.trim_start_matches([' ', '\t']);
        let (comma, rest) = rest.strip_prefix(',').map_or((false, rest), |rest| (true, rest));
        let rest = rest.trim_start_matches([' ', '\t']);
        // One element a line: the new one gets its own, behind a comment on the last.
        if rest.starts_with(['\n', '\r', '#']) {
            let indent = self.text.get(self.line_start(last.span.start as usize)..last.span.start as usize)?;
            if indent.trim().is_empty() {
                let mut edits = Vec::new();
                if !comma {
                    edits.push(self.edit(end, end, ",".to_owned()));
                }
                edits.push(self.put_in(self.line_end(end), &format!("{value},"), indent));
                return Some(edits);
            }
        }
        Some(vec![self.edit(end, end, format!(", {value}"))])
    }

    /// Takes an entry out, when that takes no comment with it.
    pub fn remove(&self, table: &Node, key: &str) -> Option<Edit> {
        let entries = &table.as_table()?.entries;
        let at = entries.iter().position(|entry| entry.key == key)?;
        let entry = &entries[at];
        if self.is_header(entry) || entry.key_span.file != self.file {
            return None;
        }
        let (start, end) = (entry.key_span.start as usize, last_place(entry));
        // A dotted key may have parts elsewhere.
        if end != entry.node.span.end as usize || end <= start {
            return None;
        }
        let from = table.span.start as usize;
        if self.text.get(from..table.span.end as usize)?.starts_with('{') {
            let places = entries.iter().map(|entry| (entry.key_span.start as usize, last_place(entry)));
            return self.remove_one(&places.collect::<Vec<_>>(), at);
        }
        let line = self.line_start(start);
        let rest = self.text.get(end..self.line_end(end))?;
        if self.text.get(start..end)?.contains('#') {
            return None;
        }
        // A table of the language that would be left empty goes with its last key.
        let tables = self.root.as_table().map_or(&[][..], |root| &root.entries);
        if let ([_], Some(own)) = (&entries[..], tables.iter().find(|own| std::ptr::eq(&own.node, table))) {
            let header = self.line_start(own.key_span.start as usize);
            let is_header = self.text.get(header..own.key_span.start as usize)?.trim() == "[";
            if let Some(edit) = self.remove_lines(header, self.line_end(end)).filter(|_| is_header) {
                return Some(edit);
            }
        }
        match rest.trim() {
            "" => Some(self.edit(line, self.line_end(end), String::new())),
            // A comment behind it keeps the line.
            comment => Some(self.edit(line, self.line_end(end) - rest.len() + rest.find(comment)?, String::new())),
        }
    }

    /// Takes an element out of a list in brackets, when that takes no comment with it.
    pub fn remove_item(&self, list: &Node, at: usize) -> Option<Edit> {
        let items = list.as_array()?;
        let is_list = self.text.get(list.span.range()).is_some_and(|body| body.starts_with('[') && body.ends_with(']'));
        let places = items.iter().map(|item| (item.span.start as usize, item.span.end as usize));
        if is_list { self.remove_one(&places.collect::<Vec<_>>(), at) } else { None }
    }

    /// Takes an element out of a list that an entry holds, in brackets or under headers of its own.
    pub fn remove_element(&self, list: &Entry, at: usize) -> Option<Edit> {
        if !self.is_header(list) {
            return self.remove_item(&list.node, at);
        }
        let item = list.node.as_array()?.get(at)?;
        let first = item.as_table()?.entries.iter().map(first_place).min()?;
        // The header is the last line above its first key that starts with a bracket.
        let above = self.text.get(..first)?;
        let header = above.rfind("\n[[").map_or(0, |newline| newline + 1);
        if !self.text.get(header..first)?.starts_with("[[") {
            return None;
        }
        self.remove_lines(header, self.line_end(last_in(item)))
    }

    /// Takes whole lines out, and one of the empty lines around them.
    fn remove_lines(&self, start: usize, end: usize) -> Option<Edit> {
        if self.text.get(start..end)?.contains('#') {
            return None;
        }
        let above = self.text.get(..start)?.trim_start_matches('\u{feff}');
        let opens = above.is_empty() || above.ends_with("\n\n") || above.ends_with("\n\r\n");
        let gap = self.text.get(end..)?.lines().next().is_some_and(|line| line.trim().is_empty());
        let end = if gap && opens { self.line_end(end) } else { end };
        Some(self.edit(start, end, String::new()))
    }

    /// Takes one of several parts that commas separate, with the comma that is too many then.
    fn remove_one(&self, places: &[(usize, usize)], at: usize) -> Option<Edit> {
        let (mut start, mut end) = *places.get(at)?;
        match (at.checked_sub(1).and_then(|before| places.get(before)), places.get(at + 1)) {
            (_, Some(next)) => end = next.0,
            (Some(before), None) => start = before.1,
            // The last of its kind leaves no comma behind.
            (None, None) => {
                let rest = self.text.get(end..)?;
                end += rest.len() - rest.trim_start().strip_prefix(',').unwrap_or(rest).len();
            }
        }
        (!self.text.get(start..end)?.contains('#')).then(|| self.edit(start, end, String::new()))
    }

    /// A table where the language would have it: before the first that reads after it.
    fn section(&self, key: &str, section: &str) -> Edit {
        let rank = |key: &str| self.order.iter().position(|known| *known == key);
        let own = rank(key);
        let entries = self.root.as_table().map_or(&[][..], |table| &table.entries);
        let later = entries.iter().filter(|entry| own < rank(&entry.key) && self.is_header(entry));
        match later.map(first_place).min() {
            Some(place) => self.before(self.line_start(place), section),
            None => {
                let gap = match self.text {
                    "" => "",
                    text if text.ends_with("\n\n") || text.ends_with("\n\r\n") => "",
                    text if text.ends_with('\n') => "\n",
                    _ => "\n\n",
                };
                self.edit(self.text.len(), self.text.len(), format!("{gap}{section}"))
            }
        }
    }

    /// A table before the header on a line, and before the comments that belong to it.
    fn before(&self, line: usize, section: &str) -> Edit {
        let mut at = line;
        while let Some(above) = at.checked_sub(1).map(|newline| self.line_start(newline)) {
            if !self.text[above..at].trim_start().starts_with('#') {
                break;
            }
            at = above;
        }
        self.edit(at, at, format!("{section}\n"))
    }

    /// Lines at the start of a line, or behind a text whose last line does not end.
    fn put_in(&self, at: usize, lines: &str, prefix: &str) -> Edit {
        let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{prefix}{line}\n") };
        let gap = if at == 0 || self.text[..at].ends_with('\n') { "" } else { "\n" };
        let body: String = lines.split('\n').map(line).collect();
        self.edit(at, at, format!("{gap}{body}"))
    }

    /// True for a key in a `[header]`: what it holds stands in lines of its own.
    fn is_header(&self, entry: &Entry) -> bool {
        let place = first_place(entry);
        let before = self.text.get(self.line_start(place)..place).unwrap_or("");
        before.trim_start_matches('\u{feff}').trim_start().starts_with('[')
    }

    fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
    }

    /// Behind the line end.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).and_then(|rest| rest.find('\n'));
        rest.map_or(self.text.len(), |newline| at + newline + 1)
    }

    fn edit(&self, start: usize, end: usize, replacement: String) -> Edit {
        // A byte order mark is no part of the first line.
        let mark = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let (start, end) = (start.max(mark), end.max(mark));
        Edit { span: Span::new(self.file, start, end), replacement }
    }
}

/// Where the first of an entry's keys is written.
fn first_place(entry: &Entry) -> usize {
    let below = entry.node.as_table().map_or(&[][..], |table| &table.entries);
    below.iter().map(first_place).fold(entry.key_span.start as usize, usize::min)
}

/// Where the last of an entry's values ends.
fn last_place(entry: &Entry) -> usize {
    last_in(&entry.node)
}

fn last_in(node: &Node) -> usize {
    let own = node.span.end as usize;
    match &node.value {
        Value::Table(table) => table.entries.iter().map(last_place).fold(own, usize::max),
        Value::Array(items) => items.iter().map(last_in).fold(own, usize::max),
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    const ORDER: [&str; 5] = ["schema", "metrics", "design", "rollout", "decision"];

    /// The text after the edits that a layout of it gives.
    fn after(text: &str, edits: impl FnOnce(Layout<'_>) -> Option<Vec<Edit>>) -> String {
        let root = parse(FileId(0), text).0;
        let edits = edits(Layout { file: FileId(0), text, root: &root, order: &ORDER });
        let mut new = text.to_owned();
        let mut edits = edits.expect("there is a place for it");
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
        for edit in edits {
            new.replace_range(edit.span.range(), &edit.replacement);
        }
        let (_, faults) = parse(FileId(0), &new);
        assert_eq!(faults, [], "{new}");
        new
    }

    fn add(text: &str, path: &str, lines: &str) -> String {
        after(text, |layout| Some(vec![layout.add(path, lines)?]))
    }

    fn push(text: &str, path: &str, fields: &str) -> String {
        after(text, |layout| layout.push(path, fields))
    }

    fn remove(text: &str, table: &str, key: &str) -> String {
        after(text, |layout| Some(vec![layout.remove(layout.root.at_path(table)?, key)?]))
    }

    #[test]
    fn a_key_takes_the_form_of_its_neighbours() {
        for (text, path, lines, expected) in [
            ("[design]\na = 1 # c\n\n[x]\n", "design", "b = 2", "[design]\na = 1 # c\nb = 2\n\n[x]\n"),
            ("[design]\n  a = 1", "design", "b = 2\nc = 3", "[design]\n  a = 1\n  b = 2\n  c = 3\n"),
            ("design.a = 1\n", "design", "b = 2", "design.a = 1\ndesign.b = 2\n"),
            ("design = { a = 1 }\n", "design", "b = 2\nc = 3", "design = { a = 1, b = 2, c = 3 }\n"),
            ("design = {}\n", "design", "b = 2", "design = { b = 2 }\n"),
            ("[design]\n# c\n", "design", "b = 2", "[design]\nb = 2\n# c\n"),
            ("[design]", "design", "b = 2", "[design]\nb = 2\n"),
            ("[design]\n[design.srm]\na = 1\n", "design", "b = 2", "[design]\nb = 2\n[design.srm]\na = 1\n"),
            ("# c\n[design.srm]\na = 1\n", "design", "b = 2", "[design]\nb = 2\n\n# c\n[design.srm]\na = 1\n"),
            ("[design]\na = [\n 1,\n]\n", "design.srm", "b = 2", "[design]\na = [\n 1,\n]\nsrm = { b = 2 }\n"),
        ] {
            assert_eq!(add(text, path, lines), expected);
        }
    }

    #[test]
    fn an_absent_table_comes_before_the_one_that_reads_after_it() {
        let text = "schema = 1\n\n[[metrics.primary]]\nmetric = \"a\"\n\n# When.\n[rollout]\nstart = 1\n";
        let expected =
            "schema = 1\n\n[[metrics.primary]]\nmetric = \"a\"\n\n[design]\na = 1\n\n# When.\n[rollout]\nstart = 1\n";
        assert_eq!(add(text, "design", "a = 1"), expected);
        assert_eq!(add("schema = 1", "decision", "a = 1"), "schema = 1\n\n[decision]\na = 1\n");
        assert_eq!(add("", "design.srm", "a = 1"), "[design.srm]\na = 1\n");
    }

    #[test]
    fn an_element_takes_the_form_of_the_list() {
        let fields = "m = \"b\"\nn = 1";
        assert_eq!(push("[r]\nl = [{ m = 1 }]\n", "r.l", fields), "[r]\nl = [{ m = 1 }, { m = \"b\", n = 1 }]\n");
        assert_eq!(push("[r]\nl = []\n", "r.l", "m = 1"), "[r]\nl = [{ m = 1 }]\n");
        let lines = "[r]\nl = [\n  { m = 1 }, # c\n]\n";
        assert_eq!(push(lines, "r.l", "m = 2"), "[r]\nl = [\n  { m = 1 }, # c\n  { m = 2 },\n]\n");
        let bare = "[r]\nl = [\n  { m = 1 } # c\n]\n";
        assert_eq!(push(bare, "r.l", "m = 2"), "[r]\nl = [\n  { m = 1 }, # c\n  { m = 2 },\n]\n");
        let headers = "[[r.l]]\nm = 1\n[r.l.x]\na = 1 # c\n\n[z]\n";
        assert_eq!(
            push(headers, "r.l", fields),
            "[[r.l]]\nm = 1\n[r.l.x]\na = 1 # c\n\n[[r.l]]\nm = \"b\"\nn = 1\n\n[z]\n"
        );
    }

    #[test]
    fn an_element_goes_with_its_header() {
        let gone = |text: &str, at: usize| {
            after(text, |layout| {
                let entry = layout.root.at_path("m")?.as_table()?.entry("p")?;
                Some(vec![layout.remove_element(entry, at)?])
            })
        };
        let text = "[[m.p]]\na = 1\n\n[[m.p]]\na = 2\n\n[z]\n";
        assert_eq!(gone(text, 0), "[[m.p]]\na = 2\n\n[z]\n");
        assert_eq!(gone(text, 1), "[[m.p]]\na = 1\n\n[z]\n");
        assert_eq!(gone("[m]\np = [{ a = 1 }, { a = 2 }]\n", 1), "[m]\np = [{ a = 1 }]\n");
    }

    #[test]
    fn what_is_taken_away_takes_no_comment_with_it() {
        for (text, expected) in [
            ("[d]\na = 1\nb = 2\n", "[d]\nb = 2\n"),
            ("[d]\na = 1 # c\nb = 2\n", "[d]\n# c\nb = 2\n"),
            ("x = 1\n\n[d]\na = 1\n\n[e]\n", "x = 1\n\n[e]\n"),
            ("[d]\n# c\na = 1\n", "[d]\n# c\n"),
            ("d = { a = 1, b = 2 }\n", "d = { b = 2 }\n"),
            ("d = { b = 2, a = 1 }\n", "d = { b = 2 }\n"),
            ("d = { a = 1 }\n", "d = {  }\n"),
        ] {
            assert_eq!(remove(text, "d", "a"), expected);
        }
        assert_eq!(remove("[v.d]\na = 1\n", "v.d", "a"), "[v.d]\n");
        let with = |text: &str, edit: &dyn Fn(Layout<'_>) -> Option<Edit>| {
            let root = parse(FileId(0), text).0;
            edit(Layout { file: FileId(0), text, root: &root, order: &ORDER }).map(|edit| edit.span.range())
        };
        assert_eq!(with("[d]\na = [ # c\n 1 ]\n", &|layout| layout.remove(layout.root.at_path("d")?, "a")), None);
        let item = |at: usize| with("l = [1, 2]\n", &|layout| layout.remove_item(layout.root.at_path("l")?, at));
        assert_eq!((item(0), item(1)), (Some(5..8), Some(6..9)));
    }
}
