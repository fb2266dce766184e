//! `# expc: ignore[STA002] until 2027-02-20: why`, read as far as it could be.
//!
//! A comment is a directive when `expc:` is its first word; every such comment is answered for, also one that cannot
//! be read. Which rules there are, what day it is and what a reason is worth are not known here.

use super::At;
use super::lines::{Lines, StandsFor};
use crate::text::{FileId, Span, nearest};

/// A comment that asks to hide findings.
#[derive(Debug, Clone, PartialEq)]
pub struct Directive {
    /// From its `#` to its last letter.
    pub comment: Span,
    /// What goes when it is removed: with the blanks before it, or with its whole line.
    pub removal: Span,
    /// Written `ignore-file`.
    pub whole_file: bool,
    pub stands_for: Reach,
    /// Codes and names of rules, as written.
    pub rules: Vec<At<String>>,
    pub until: Option<At<String>>,
    /// Empty when none is given; then the place is where it would begin.
    pub reason: At<String>,
    /// Why it cannot be read. What was read before it is there.
    pub slip: Option<Slip>,
}

/// What a directive stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    File,
    Text(Span),
    /// Nothing begins on the line below; the lines between, when they are all empty, could be taken out.
    Nothing {
        gap: Option<Span>,
    },
    /// `ignore-file` below the first key; the place where it would count.
    BelowHead {
        head: Span,
    },
}

impl Reach {
    /// True when a place lies in what it stands for. The empty place at the start of a file is the file.
    pub fn covers(self, place: Span) -> bool {
        match self {
            Self::File => true,
            Self::Text(span) => span.contains(place) && 0 < place.end,
            Self::Nothing { .. } | Self::BelowHead { .. } => false,
        }
    }
}

/// Why a directive cannot be read, with the place, and what to write there when that is plain.
#[derive(Debug, Clone, PartialEq)]
pub struct Slip {
    pub kind: SlipKind,
    pub span: Span,
    pub instead: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlipKind {
    /// Nothing follows `expc:`.
    Empty,
    /// Neither `ignore` nor `ignore-file`.
    Word,
    /// No `[`.
    Bare,
    /// Nothing between the brackets.
    NoRules,
    /// No `]`.
    Unclosed,
    /// A date without `until` before it, or another word there.
    Until,
    /// `until` without a date.
    NoDate,
    /// Text, but no colon before it.
    NoColon,
}

/// Every directive of a text, in order.
pub fn directives(file: FileId, text: &str) -> Vec<Directive> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    let lines = Lines::new(text);
    let mut found = Vec::new();
    for (index, comment) in lines.comments().iter().enumerate() {
        let written = text[comment.range.clone()].trim_end();
        let Some(body) = written.trim_start_matches('#').trim_start().strip_prefix(MARK) else { continue };
        let span = Span::new(file, comment.range.start, comment.range.start + written.len());
        let mut read = Words { file, at: comment.range.start + written.len() - body.len(), rest: body }.read(span);
        read.removal = removal(text, span, comment.alone);
        read.stands_for = match lines.stands_for(index) {
            _ if read.whole_file && comment.in_head => Reach::File,
            _ if read.whole_file => Reach::BelowHead { head: head(file, text) },
            StandsFor::File => Reach::File,
            StandsFor::Text(range) => Reach::Text(Span::new(file, range.start, range.end)),
            StandsFor::Nothing => Reach::Nothing { gap: gap(text, span).filter(|_| comment.alone) },
        };
        found.push(read);
    }
    found
}

/// What makes a comment a directive.
const MARK: &str = "expc:";

/// Where a comment on the whole file goes: behind the first line when that names the schema.
pub fn head(file: FileId, text: &str) -> Span {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let line = text[mark..].split_inclusive('\n').next().unwrap_or_default();
    let at = if line.starts_with("#:") && line.ends_with('\n') { mark + line.len() } else { mark };
    Span::new(file, at, at)
}

fn removal(text: &str, comment: Span, alone: bool) -> Span {
    let before = text[..comment.start as usize].trim_end_matches([' ', '\t']).len();
    if !alone {
        return Span::new(comment.file, before, comment.end as usize);
    }
    let rest = &text[comment.end as usize..];
    let line = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
    Span::new(comment.file, before, comment.end as usize + line)
}

/// The empty lines below a comment, when something other than the end follows them.
fn gap(text: &str, comment: Span) -> Option<Span> {
    let start = comment.end as usize + text[comment.end as usize..].find('\n')? + 1;
    let rest = &text[start..];
    let length: usize = rest
        .split_inclusive('\n')
        .take_while(|line| line.trim().is_empty() && line.ends_with('\n'))
        .map(str::len)
        .sum();
    let next = rest[length..].trim_start();
    // A bracket that closes begins nothing.
    (0 < length && !next.is_empty() && !next.starts_with([']', '}', '#']))
        .then(|| Span::new(comment.file, start, start + length))
}

/// What is left to read of a comment.
struct Words<'a> {
    file: FileId,
    /// The place of `rest`.
    at: usize,
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn skip(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.at += bytes;
        self.rest = rest;
        taken
    }

    fn blanks(&mut self) {
        let blanks = self.rest.len() - self.rest.trim_start().len();
        self.skip(blanks);
    }

    /// The text up to a blank or one of some letters.
    fn word(&mut self, until: &[char]) -> At<&'a str> {
        let length = self.rest.find(|c: char| c.is_whitespace() || until.contains(&c)).unwrap_or(self.rest.len());
        let start = self.at;
        let value = self.skip(length);
        At { value, span: Span::new(self.file, start, self.at) }
    }

    fn here(&self) -> Span {
        Span::new(self.file, self.at, self.at)
    }

    fn read(mut self, comment: Span) -> Directive {
        let mut found = Directive {
            comment,
            removal: comment,
            whole_file: false,
            stands_for: Reach::Nothing { gap: None },
            rules: Vec::new(),
            until: None,
            reason: At { value: String::new(), span: comment },
            slip: None,
        };
        found.slip = self.fill(&mut found).err();
        found
    }

    fn fill(&mut self, found: &mut Directive) -> Result<(), Slip> {
        let slip = |kind, span, instead: Option<String>| Err(Slip { kind, span, instead });
        self.blanks();
        let word = self.word(&['[', ':', '(', '{']);
        found.whole_file = word.value == "ignore-file";
        if word.value.is_empty() && self.rest.is_empty() {
            return slip(SlipKind::Empty, found.comment, None);
        }
        if word.value != "ignore" && !found.whole_file {
            return slip(SlipKind::Word, word.span, meant(word.value).map(str::to_owned));
        }
        self.blanks();
        if !self.rest.starts_with('[') {
            let (span, instead) = self.unbracketed(word.span);
            return slip(SlipKind::Bare, span, instead);
        }
        let open = Span::new(self.file, self.at, self.at + 1);
        self.skip(1);
        let Some(close) = self.rest.find([']', ':']).filter(|&at| self.rest[at..].starts_with(']')) else {
            // The bracket belongs behind the last word that a comma joins to the first.
            let mut list = Words { ..*self };
            loop {
                list.blanks();
                list.word(&[',', ':']);
                match list.rest.trim_start().starts_with(',') {
                    true => {
                        list.blanks();
                        list.skip(1);
                    }
                    false => break,
                }
            }
            let written = self.rest.len() - list.rest.len();
            let instead = (0 < written).then(|| format!("[{}]", &self.rest[..written]));
            let span = if instead.is_some() { Span::new(self.file, open.start as usize, list.at) } else { open };
            return slip(SlipKind::Unclosed, span, instead);
        };
        let end = self.at + close;
        while self.at < end {
            let blanks = self.rest.len() - self.rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace()).len();
            self.skip(blanks.min(end - self.at));
            let name = self.word(&[',', ']']);
            if !name.value.is_empty() {
                found.rules.push(At { value: name.value.to_owned(), span: name.span });
            }
        }
        self.skip(1);
        if found.rules.is_empty() {
            return slip(SlipKind::NoRules, Span { end: open.end + close as u32 + 1, ..open }, None);
        }
        self.until(found)?;
        self.blanks();
        found.reason.span = self.here();
        if self.rest.is_empty() {
            return Ok(());
        }
        if !self.rest.starts_with(':') {
            // A dash where the colon belongs is taken for one.
            let dash = self.rest.len() - self.rest.trim_start_matches(['-', '–', '—', ',', ';', '=']).len();
            let behind = found.until.as_ref().map_or(end + 1, |until| until.span.end as usize);
            let instead = if self.rest[dash..].starts_with(char::is_whitespace) { ":" } else { ": " };
            return slip(SlipKind::NoColon, Span::new(self.file, behind, self.at + dash), Some(instead.to_owned()));
        }
        self.skip(1);
        self.blanks();
        found.reason =
            At { value: self.rest.to_owned(), span: Span::new(self.file, self.at, self.at + self.rest.len()) };
        Ok(())
    }

    /// `until DATE`, when something like it stands here.
    fn until(&mut self, found: &mut Directive) -> Result<(), Slip> {
        let mut ahead = Words { ..*self };
        ahead.blanks();
        let word = ahead.word(&[':']);
        let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        if digit(word.value) && word.value.contains(['-', '/', '.']) {
            let instead = Some(format!("until {}", word.value));
            return Err(Slip { kind: SlipKind::Until, span: word.span, instead });
        }
        let colon = ahead.rest.starts_with(':');
        if colon {
            ahead.skip(1);
        }
        let words = Span::new(self.file, word.span.start as usize, ahead.at);
        ahead.blanks();
        let date = ahead.word(&[':']);
        if word.value != "until" || colon {
            let like = !word.value.is_empty() && digit(date.value);
            let like = like && (nearest(word.value, ["until"]).is_some() || SINCE.contains(&word.value));
            if like {
                let instead = Some("until".to_owned());
                return Err(Slip { kind: SlipKind::Until, span: words, instead });
            }
            if word.value != "until" {
                return Ok(());
            }
        }
        if date.value.is_empty() || colon {
            return Err(Slip { kind: SlipKind::NoDate, span: word.span, instead: None });
        }
        found.until = Some(At { value: date.value.to_owned(), span: date.span });
        *self = ahead;
        Ok(())
    }

    /// Rules that stand there without brackets, as they should be written.
    fn unbracketed(&self, word: Span) -> (Span, Option<String>) {
        let start = self.at;
        let list = self.rest.split(':').map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
        let list = list.split(" until ").next().unwrap_or(list).trim();
        let bare = list.trim_matches(['(', ')', '{', '}']);
        let names: Vec<&str> = bare.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        let shaped = |name: &&str| {
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            plain && (name.contains('-') || name.ends_with(|c: char| c.is_ascii_digit()))
        };
        let length = self.rest.find(list).unwrap_or(0) + list.len();
        if names.is_empty() || !names.iter().all(shaped) {
            return (word, None);
        }
        (Span::new(self.file, word.end as usize, start + length), Some(format!("[{}]", names.join(", "))))
    }
}

/// Words that other tools use for `until`.
const SINCE: [&str; 4] = ["expires", "expire", "till", "before"];

/// What a word that is no directive was meant to be.
fn meant(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase().replace('_', "-");
    if ["disable", "allow", "suppress", "noqa", "nolint", "skip"].contains(&lower.as_str()) {
        return Some("ignore");
    }
    match lower.as_str() {
        "disable-file" | "allow-file" | "suppress-file" | "ignore-all" => Some("ignore-file"),
        lower => nearest(lower, ["ignore", "ignore-file"]),
    }
}
