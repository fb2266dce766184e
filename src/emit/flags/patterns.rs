//! Regular expressions that mean the same to every engine: no look-around, no classes by name.

use crate::spec::VersionRange;

/// A number without leading zeros.
const NUMBER: &str = "(?:0|[1-9][0-9]*)";

/// A pre-release, as Semantic Versioning 2.0.0 has it.
const BEFORE: &str =
    "-(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:[.](?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*";

/// Build metadata.
const BUILD: &str = "(?:[+][0-9A-Za-z-]+(?:[.][0-9A-Za-z-]+)*)?";

/// Every version in a range, and no other text. Platforms that compare versions in a way of their own let pre-releases,
/// short versions or text slip through; a pattern does not.
pub(super) fn version(range: &VersionRange) -> String {
    let [major, minor, patch] = range.version;
    let before = format!("(?:{BEFORE})?");
    let equal = format!("{major}[.]{minor}[.]{patch}");
    let beside = |of: fn(u64) -> Option<String>| -> Vec<String> {
        let mut cores = Vec::new();
        cores.extend(of(major).map(|major| format!("{major}[.]{NUMBER}[.]{NUMBER}{before}")));
        cores.extend(of(minor).map(|minor| format!("{major}[.]{minor}[.]{NUMBER}{before}")));
        cores.extend(of(patch).map(|patch| format!("{major}[.]{minor}[.]{patch}{before}")));
        cores
    };
    let above = || beside(|number| Some(more(number)));
    let below = || beside(less);
    let cores: Vec<String> = match range.comparison {
        ">=" => [above(), vec![equal]].concat(),
        ">" => above(),
        "<=" => [below(), vec![format!("{equal}{before}")]].concat(),
        "<" => [below(), vec![format!("{equal}{BEFORE}")]].concat(),
        "=" => vec![equal],
        _ => [above(), below(), vec![format!("{equal}{BEFORE}")]].concat(),
    };
    format!("^(?:{}){BUILD}$", cores.join("|"))
}

/// Every number above one.
fn more(number: u64) -> String {
    let digits = number.to_string();
    let mut all = Vec::new();
    for (at, digit) in digits.bytes().enumerate().filter(|(_, digit)| *digit < b'9') {
        all.push(format!("{}{}{}", &digits[..at], class(digit + 1, b'9'), rest(digits.len() - at - 1)));
    }
    all.push(format!("[1-9][0-9]{{{},}}", digits.len()));
    format!("(?:{})", all.join("|"))
}

/// Every number below one; none is below 0.
fn less(number: u64) -> Option<String> {
    let digits = number.to_string();
    let mut all = Vec::new();
    for (at, digit) in digits.bytes().enumerate() {
        let least = if at == 0 && 1 < digits.len() { b'1' } else { b'0' };
        if least < digit {
            all.push(format!("{}{}{}", &digits[..at], class(least, digit - 1), rest(digits.len() - at - 1)));
        }
    }
    match digits.len() {
        1 => {}
        2 => all.push("[0-9]".to_owned()),
        many => all.push(format!("0|[1-9][0-9]{{0,{}}}", many - 2)),
    }
    (!all.is_empty()).then(|| format!("(?:{})", all.join("|")))
}

fn class(from: u8, to: u8) -> String {
    match from == to {
        true => char::from(from).to_string(),
        false => format!("[{}-{}]", char::from(from), char::from(to)),
    }
}

fn rest(digits: usize) -> String {
    match digits {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        many => format!("[0-9]{{{many}}}"),
    }
}

/// Signs that mean something in patterns.
const SIGNS: &str = r"\.+*?()|[]{}^$";

/// Text that means itself.
pub(super) fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if SIGNS.contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// The text of a pattern that means itself; nothing when it means more.
pub(super) fn meant(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match SIGNS.contains(sign) {
            true if sign == '\\' => text.push(signs.next().filter(|sign| SIGNS.contains(*sign))?),
            true => return None,
            false => text.push(sign),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_from_its_pattern() {
        for text in ["", "en-(", r"a\b.c$^", "日本 🎉\n"] {
            assert_eq!(meant(&plain(text)).as_deref(), Some(text));
        }
        assert_eq!([meant("a.b"), meant(r"\d"), meant(r"a\")], [None, None, None]);
    }

    #[test]
    fn a_pattern_holds_what_the_language_holds() {
        let versions = [
            "0.0.0",
            "0.0.1",
            "5.1.9",
            "5.2.0",
            "5.2.1",
            "5.2.9",
            "5.2.10",
            "5.10.0",
            "6.0.0",
            "10.0.0",
            "50.20.0",
            "4.99.99",
            "5.2.0-rc.1",
            "5.3.0-rc.1",
            "5.2.0+7",
            "5.2.0-a+b.c",
            "5.1.9-0",
            "5.2",
            "6",
            "v5.3.0",
            "5.2.0.1",
            "05.3.0",
            "5.3.0-01",
            "5.3.0-",
            "5.3.0+",
            "",
            "nightly",
            " 5.3.0",
            "99999999999999999999.0.0",
            "1.20.3",
            "9.9.9",
            "12.0.5",
            "12.0.45",
            "12.0.46",
            "12.0.100",
            "12.0.9",
            "12.0.44-x",
        ];
        for bound in ["0.0.0", "5.2.0", "12.0.45", "10.0.0", "9.9.9", "0.0.1", "999999999999999999.0.0"] {
            for sign in [">=", ">", "<=", "<", "=", "!="] {
                let range: VersionRange = format!("{sign}{bound}").parse().expect("a range");
                let pattern = regex::Regex::new(&version(&range)).expect("a pattern");
                for text in versions {
                    assert_eq!(
                        pattern.is_match(text),
                        crate::plan::eligible::within(&range, text),
                        "{text} {sign}{bound}: {pattern}"
                    );
                }
            }
        }
    }
}
