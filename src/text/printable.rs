//! Text from strangers, made safe to show.
//!
//! Specs may hold escape codes, bells and direction overrides; none of them may reach a terminal,
//! a workflow command or a page as they are.

/// True for characters that act instead of being seen: controls, and the marks that reorder, break or hide text.
pub fn acts(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{180e}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => true,
        '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

/// The text with every acting character written out (`\u{1b}`), newlines and tabs as spaces.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            '\r' => {}
            c if acts(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Like [`printable`], with its line ends kept.
pub fn printable_lines(text: &str) -> String {
    text.lines().map(|line| printable(line) + "\n").collect()
}

/// The text with every acting character replaced by a visible one of as many bytes, so that spans still fit.
pub fn printable_same_length(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\r' => ' ',
            c if !acts(c) => c,
            c => match c.len_utf8() {
                1 => '?',
                2 => '\u{b7}',
                3 => '\u{fffd}',
                _ => '\u{1f6ab}',
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acting_characters_never_pass() {
        let hostile = "a\u{1b}[31m\u{202e}\u{61c}\u{e0041}\u{9b}\0b\r\n";
        assert_eq!(printable(hostile), "a\\u{1b}[31m\\u{202e}\\u{61c}\\u{e0041}\\u{9b}\\u{0}b ");
        let same = printable_same_length(hostile);
        assert_eq!(same.len(), hostile.len());
        assert!(!same.chars().any(|c| c.is_control() && c != '\n'));
    }
}
