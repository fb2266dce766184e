//! Text from specs on its way to a log or a terminal.
//!
//! [`printable`] takes the acting characters out. What is left can still act in a build log: runners obey lines that
//! start with `::` and, anywhere in a line, `##[command]` or `##vso[command]`. Nobody writes those in a message about
//! an experiment, so they are bent until no runner knows them, and stay readable.

use crate::diag::Diagnostic;
use crate::text::printable;

/// Messages are one fragment; what is longer was put there to flood the log.
const LONGEST: usize = 2_000;

/// What log readers obey anywhere in a line: GitHub's first syntax, Azure's and TeamCity's.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// A text from a spec or message, on one line, safe to print anywhere in a line.
pub(super) fn shown(text: &str) -> String {
    let mut out = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", printable(&text[..end])),
        None => printable(text),
    };
    bend(&mut out);
    out
}

/// What follows a headline where there is one line only: the day from which the finding is an error.
pub(super) fn waits(finding: &Diagnostic) -> String {
    finding.error_from.as_ref().map_or_else(String::new, |day| format!(" (an error from {})", shown(day)))
}

/// Takes the edge off commands inside a line; the length in bytes and columns stays.
pub(super) fn bend(text: &mut String) {
    if !text.contains("##") {
        return;
    }
    for command in COMMANDS {
        let blunt = command.replace('[', "(");
        *text = text.replace(command, &blunt);
    }
}

/// The text with no line that a runner would take for a command: `::` at the start of a line becomes `:·`.
pub(super) fn lines_bent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_start();
        match body.strip_prefix("::") {
            Some(rest) => {
                out.push_str(&line[..line.len() - body.len()]);
                out.push_str(":·");
                out.push_str(rest);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// The text in lines of at most `width` characters, broken at spaces; a longer word keeps its own line.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let letters = word.chars().count();
        if 0 < length && width < length + 1 + letters {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if 0 < length {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += letters;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_lose_their_edge_and_nothing_else_changes() {
        assert_eq!(shown("a ##[error]b ##vso[x] # [ok]"), "a ##(error]b ##vso(x] # [ok]");
        assert_eq!(lines_bent("ok\n  ::error::x\n::stop\n"), "ok\n  :·error::x\n:·stop\n");
    }

    #[test]
    fn floods_are_cut() {
        assert_eq!(shown(&"é".repeat(9_999)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn wrapping_breaks_at_spaces_only() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 3), ["unbreakable"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
