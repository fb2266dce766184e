//! Comments that ask to hide findings: what they name, and what came of it.
//!
//! The engine fills an [`Ignore`] for each when every other rule has spoken; the rules on suppressions read them.

use super::Known;
use crate::policy::Policy;
use crate::spec::Day;
use crate::syntax::{At, Directive};
use crate::text::Span;

/// A comment that asks to hide findings.
#[derive(Debug, Clone)]
pub struct Ignore {
    pub directive: Directive,
    /// The last day on which it counts; `None` also when what is written is no day.
    pub until: Option<Day>,
    /// What each of its rules is, in order.
    pub named: Vec<Named>,
}

/// A rule that a comment names.
#[derive(Debug, Clone)]
pub struct Named {
    pub written: At<String>,
    pub what: What,
    /// Codes of the findings in its reach that may be meant.
    pub here: Vec<String>,
}

/// What a name in a comment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A rule, and whether it found anything in the reach of the comment.
    Rule(Presence),
    /// A group of rules, a prefix of codes, or `*`.
    Group(Option<&'static str>),
    Unknown,
    /// It cannot be ignored: by its nature, or where the policy says so.
    Protected(Option<Span>),
}

/// Whether a rule found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Found,
    NotFound,
    /// It could not run, or nobody wants to hear of it.
    NotJudged,
}

impl Ignore {
    /// The comment can be read, gives a reason and is not over. Without a day of today nothing is over.
    pub fn counts(&self, today: Option<Day>) -> bool {
        self.is_readable() && is_reason(&self.directive.reason) && !self.is_over(today)
    }

    pub fn is_readable(&self) -> bool {
        self.directive.slip.is_none() && self.until.is_some() == self.directive.until.is_some()
    }

    /// The day named by `until` is the last on which it counts.
    pub fn is_over(&self, today: Option<Day>) -> bool {
        self.until.zip(today).is_some_and(|(until, today)| until < today)
    }

    /// The names of its rules that are rules, with what they found.
    pub fn rules(&self) -> impl Iterator<Item = (&At<String>, Presence)> {
        self.named.iter().filter_map(|named| match named.what {
            What::Rule(presence) => Some((&named.written, presence)),
            _ => None,
        })
    }
}

/// Rules that no comment hides: what makes a file unreadable, and what judges the comments.
pub const NEVER_IGNORED: [&str; 5] = ["SYN018", "SYN019", "INT001", "OWN008", "OWN010"];

/// Where the policy protects a rule from being ignored.
pub fn protected_by(policy: &Policy, rule: Known<'_>) -> Option<Span> {
    let names = [rule.code, rule.name, rule.group];
    policy.never_ignore.iter().find(|entry| names.contains(&entry.value.as_str())).map(|entry| entry.span)
}

/// True for a text of at least two words that is not a placeholder. Scripts without spaces count four letters.
pub fn is_reason(text: &str) -> bool {
    const PLACEHOLDERS: [&str; 7] = ["todo", "fixme", "tbd", "tba", "xxx", "wip", "n/a"];
    let lower = text.to_lowercase();
    let words = || lower.split_whitespace().filter(|word| word.contains(char::is_alphabetic));
    let first = words().next().unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric());
    if PLACEHOLDERS.contains(&first) {
        return false;
    }
    2 <= words().count() || 4 <= lower.chars().filter(|c| c.is_alphabetic() && !c.is_ascii() && !spaced(*c)).count()
}

/// Letters of scripts that put spaces between words: the Latin, Greek and Cyrillic blocks and their neighbours.
fn spaced(letter: char) -> bool {
    (letter as u32) < 0x0E00
}

#[cfg(test)]
mod tests {
    use super::is_reason;

    #[test]
    fn a_reason_has_words() {
        for text in ["pilot, judged by hand", "see GRO-812", "größerer Versuch", "先行試験のため"] {
            assert!(is_reason(text), "{text}");
        }
        for text in ["", "TODO", "todo: write why", "[TBD] ask Priya", "pilot", "1 2 3", "— …", "Überprüfung"] {
            assert!(!is_reason(text), "{text}");
        }
    }
}
