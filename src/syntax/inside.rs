//! Places inside a string: where a byte of its value was written, through quotes, escapes and line ends.

use crate::text::{Source, Span};

/// A string value and the place of each of its bytes.
#[derive(Debug, Clone)]
pub struct Inside {
    whole: Span,
    /// For each byte of the value, and for its end, the offset in the file; empty when they could not be told.
    offsets: Vec<u32>,
}

impl Inside {
    /// The places inside the string that stands at `span`.
    pub fn of(source: &Source, span: Span, value: &str) -> Self {
        let raw = source.slice(span);
        let offsets = offsets(raw, value).unwrap_or_default();
        Self { whole: span, offsets: offsets.into_iter().map(|at| span.start + at).collect() }
    }

    /// The place of a range of bytes of the value; the whole string when that cannot be told.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        let at = |byte: usize| self.offsets.get(byte).or(self.offsets.last()).copied();
        match (at(range.start), at(range.end.max(range.start))) {
            (Some(start), Some(end)) => Span { start, end: end.max(start), ..self.whole },
            _ => self.whole,
        }
    }

    pub fn whole(&self) -> Span {
        self.whole
    }
}

/// Reads a TOML string again, this time noting where each byte comes from.
fn offsets(raw: &str, value: &str) -> Option<Vec<u32>> {
    let (open, escapes) = [("\"\"\"", true), ("'''", false), ("\"", true), ("'", false)]
        .into_iter()
        .find(|(quote, _)| raw.starts_with(quote) && raw.ends_with(quote) && 2 * quote.len() <= raw.len())?;
    let (mut at, end) = (open.len(), raw.len() - open.len());
    if open.len() == 3 {
        at += ["\r\n", "\n"].into_iter().find(|line_end| raw[at..].starts_with(line_end)).map_or(0, str::len);
    }
    let mut offsets = Vec::with_capacity(value.len() + 1);
    let mut seen = String::with_capacity(value.len());
    while at < end {
        let from = u32::try_from(at).ok()?;
        let c = raw[at..].chars().next()?;
        at += c.len_utf8();
        let mut decoded = Some(c);
        if c == '\\' && escapes {
            let kind = raw[at..end].chars().next()?;
            at += kind.len_utf8();
            let mut hex = |digits: usize| {
                let number = u32::from_str_radix(raw.get(at..at + digits)?, 16).ok()?;
                at += digits;
                char::from_u32(number)
            };
            decoded = match kind {
                'b' => Some('\u{8}'),
                't' => Some('\t'),
                'n' => Some('\n'),
                'f' => Some('\u{c}'),
                'r' => Some('\r'),
                'e' => Some('\u{1b}'),
                'x' => Some(hex(2)?),
                'u' => Some(hex(4)?),
                'U' => Some(hex(8)?),
                '"' | '\\' => Some(kind),
                // A backslash at the end of a line takes the line end and all white space after it.
                _ if kind.is_ascii_whitespace() => {
                    at += raw[at..end].len() - raw[at..end].trim_start_matches([' ', '\t', '\n', '\r']).len();
                    None
                }
                _ => return None,
            };
        } else if c == '\r' && raw[at..].starts_with('\n') && value.as_bytes().get(seen.len()) == Some(&b'\n') {
            // Some readers give one line end for two bytes.
            decoded = None;
        }
        if let Some(c) = decoded {
            seen.push(c);
            offsets.resize(seen.len(), from);
        }
    }
    offsets.push(u32::try_from(end).ok()?);
    (seen == value).then_some(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use crate::text::FileId;

    /// What stands in the file where the value says `needle`.
    fn written(text: &str, needle: &str) -> String {
        let source = Source::new("a.toml", text);
        let (tree, faults) = parse(FileId(0), text);
        assert!(faults.is_empty(), "{faults:?}");
        let node = tree.at_path("a").expect("the key");
        let value = node.as_str().expect("a string");
        let at = value.find(needle).expect("the needle");
        source.slice(Inside::of(&source, node.span, value).span(at..at + needle.len())).to_owned()
    }

    #[test]
    fn every_sort_of_string_keeps_its_places() {
        assert_eq!(written("a = \"x + é + y\"", "y"), "y");
        assert_eq!(written("a = 'x + y'", "x + y"), "x + y");
        assert_eq!(written("a = \"\\u00e9 + \\\"y\\\"\"", "\"y\""), "\\\"y\\\"");
        assert_eq!(written("a = \"\\t\\x41 + y\"", "A"), "\\x41");
        assert_eq!(written("a = '''\nx\n  && y'''", "y"), "y");
        assert_eq!(written("a = \"\"\"\r\nx\r\n&& y\"\"\"", "&& y"), "&& y");
        assert_eq!(written("a = \"\"\"x \\\n     && y\"\"\"", "y"), "y");
        assert_eq!(written("a = \"\"\"x ''''' \"\"y\"\"\"", "y"), "y");
    }
}
