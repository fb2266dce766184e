//! Markdown from texts that strangers wrote: nothing from a spec makes a heading, a link, a table or HTML.
//!
//! A line never begins with such a text, so marks that act only there (`-`, `1.`, `>`) need no care.

use super::printable;

/// A text in a heading, in prose or in a table cell, every mark of Markdown taken from it.
pub fn text(raw: &str) -> String {
    let shown = printable(raw);
    let shown = shown.trim();
    let mut out = String::with_capacity(shown.len());
    for (at, c) in shown.char_indices() {
        let (before, after) = (&shown[..at], &shown[at + c.len_utf8()..]);
        match c {
            // GitHub makes links of bare addresses too. Of an escaped `@` it still does, so a tag stands around it.
            '@' => out.push_str("<span>@</span>"),
            ':' if after.starts_with("//") => out.push_str("\\:"),
            '.' if ends_in_www(before) => out.push_str("\\."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '&' | '$' | '!' | '^' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn ends_in_www(text: &str) -> bool {
    text.len().checked_sub(3).and_then(|from| text.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// A name or a condition in the type of code; a text that would break out of it is printed as prose.
pub fn code(raw: &str) -> String {
    let shown = printable(raw);
    let breaks = shown.contains(['`', '|']) || shown.trim() != shown || shown.is_empty();
    if breaks { text(&shown) } else { format!("`{shown}`") }
}

/// A text inside a tag of HTML, where Markdown has no meaning.
pub fn html(raw: &str) -> String {
    printable(raw).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A fragment of a sentence: no full stop at its end, no capital at its start unless it is a name.
pub fn fragment(raw: &str) -> String {
    let trimmed = raw.trim().trim_end_matches(['.', ';', ',']).trim_end();
    let mut letters = trimmed.chars();
    let lowered = match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && (second.is_lowercase() || trimmed.starts_with("A ")) => {
            first.to_lowercase().chain(trimmed.chars().skip(1)).collect()
        }
        _ => trimmed.to_owned(),
    };
    text(&lowered)
}

/// A table; cells are Markdown already.
pub struct Table {
    head: Vec<String>,
    /// True for columns of numbers.
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A heading that starts with `>` aligns its column to the right.
    pub fn new<T: AsRef<str>>(head: &[T]) -> Self {
        let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
        Self {
            right: head.iter().map(|name| name.starts_with('>')).collect(),
            head: head.iter().map(|name| name.trim_start_matches('>').to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table with an empty line behind it.
    pub fn print(&self) -> String {
        let mut out = line(self.head.iter().map(String::as_str));
        out += &line(self.right.iter().map(|right| if *right { "---:" } else { "---" }));
        for row in &self.rows {
            out += &line(row.iter().map(|cell| if cell.is_empty() { "–" } else { cell.as_str() }));
        }
        out.push('\n');
        out
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::from("|");
    for cell in cells {
        line.push(' ');
        line.push_str(cell);
        line.push_str(" |");
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_from_texts() {
        assert_eq!(text("a | b\n# c `d` <e> [f](g)"), "a \\| b \\# c \\`d\\` \\<e\\> \\[f\\](g)");
        assert_eq!(
            text("https://x.example www.y.example a@b.example"),
            "https\\://x.example www\\.y.example a<span>@</span>b.example"
        );
        assert_eq!(text("é.www.ü"), "é.www\\.ü");
        assert_eq!(code("order_conversion"), "`order_conversion`");
        assert_eq!(code("a`b"), "a\\`b");
        assert_eq!(html("</summary>&\n\n# a"), "&lt;/summary&gt;&amp;  # a");
        assert_eq!(fragment("Replace the form."), "replace the form");
        assert_eq!(fragment("USA first"), "USA first");
    }
}
