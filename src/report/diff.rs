//! What would change, as a unified diff.
//!
//! The text of a spec is shown as every format shows it: characters that act are written out, so a patch tool takes
//! the diff of any file that has none.

use similar::{ChangeTag, TextDiff};

use super::shown::bend;
use crate::text::printable;

/// The lines that differ, each with three lines around it. `path` is what the user would type.
pub fn unified(path: &str, before: &str, after: &str, color: bool) -> String {
    let painted =
        |style: &str, text: &str| if color { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() };
    let path = safe(path);
    let mut out = painted(BOLD, &format!("--- {path}")) + "\n";
    out += &painted(BOLD, &format!("+++ {path}"));
    out.push('\n');
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        out += &painted(CYAN, &hunk.header().to_string());
        out.push('\n');
        for change in hunk.iter_changes() {
            let (mark, style) = match change.tag() {
                ChangeTag::Delete => ('-', RED),
                ChangeTag::Insert => ('+', GREEN),
                ChangeTag::Equal => (' ', ""),
            };
            let (body, end) = ended(change.value());
            let line = format!("{mark}{}", safe(body));
            out += &if style.is_empty() { line } else { painted(style, &line) };
            out += end;
            if change.missing_newline() {
                out += "\n\\ No newline at end of file\n";
            }
        }
    }
    out
}

const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const CYAN: &str = "36";

/// A line and its end.
fn ended(line: &str) -> (&str, &str) {
    let body = line.strip_suffix('\n').unwrap_or(line);
    let body = body.strip_suffix('\r').unwrap_or(body);
    line.split_at(body.len())
}

/// A line with nothing in it that a terminal or a build log would obey; tabs stay.
fn safe(line: &str) -> String {
    let mut line = line.split('\t').map(printable).collect::<Vec<_>>().join("\t");
    bend(&mut line);
    // Log readers pass over the mark of an unchanged line.
    if line.trim_start().starts_with("::") { line.replacen("::", ":·", 1) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_keeps_line_ends_and_shows_what_acts() {
        let text = unified(
            "a\u{1b}.toml",
            "a = 1\r\n\tb = 2\n::stop\nc",
            "a = 2\r\n\tb = 2\n::stop\nc = \"\u{1b}[2J\"",
            false,
        );
        assert_eq!(
            text,
            "--- a\\u{1b}.toml\n+++ a\\u{1b}.toml\n@@ -1,4 +1,4 @@\n-a = 1\r\n+a = 2\r\n \tb = 2\n :·stop\n-c\n\
             \\ No newline at end of file\n+c = \"\\u{1b}[2J\"\n\\ No newline at end of file\n"
        );
    }
}
