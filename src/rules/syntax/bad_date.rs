//! SYN006 bad-date.

use crate::rules::prelude::*;
use crate::syntax::{FaultKind, SyntaxFault};

rule! {
    /// A date is not a day of the calendar, or is not written as one.
    ///
    /// ## Why
    /// 30 February silently becomes 2 March in some runtimes, and a time of day without a zone means another moment
    /// on every machine.
    ///
    /// ## Source
    /// Checks of the Guardian's ab-testing repository.
    ///
    /// ```toml,bad
    /// [decision]
    /// by = "15 February 2027"
    /// ```
    /// ```toml,bad
    /// [rollout]
    /// start = 2027-01-11T09:00:00
    /// ```
    /// ```toml,fixed
    /// rollout.start = 2027-01-11
    /// ```
    /// ```toml,good
    /// [rollout]
    /// start = 2027-01-11
    /// ```
    static RULE = {
        code: "SYN006", name: "bad-date", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: File(check),
    }
}

/// True when a fault is about a date, so that the rule on types leaves it to this one.
pub(super) fn owns(kind: &FaultKind) -> bool {
    match kind {
        FaultKind::WrongType { expected, .. } => expected.starts_with("a date"),
        FaultKind::BadValue { text } => text.contains("is not a calendar day") || text.contains("carries a time"),
        _ => false,
    }
}

/// True when a syntax error stands in a date: the parser knows that February has no 30th.
pub(super) fn owns_syntax(cx: &FileCx<'_>, fault: &SyntaxFault) -> bool {
    date_around(cx, fault.span).is_some()
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    for fault in cx.document.faults.iter().filter(|fault| owns(&fault.kind)) {
        let written = cx.workspace.sources.slice(fault.span);
        let bare = written.trim_matches(['"', '\'']);
        let found = RULE.at(fault.span, format!("{} is not a calendar day", quoted(&fault.path)));
        let day = bare.get(..10).filter(|day| day.parse::<crate::spec::Day>().is_ok());
        out.push(match day {
            Some(day) => {
                let label = match &fault.kind {
                    FaultKind::WrongType { .. } if bare.len() == 10 => "a day is written without quotes",
                    _ => "carries a time of day",
                };
                found.label(label).help(format!("write {day}, without quotes and time")).fix(
                    Applicability::Suggested,
                    format!("write {day}"),
                    vec![Edit { span: fault.span, replacement: day.to_owned() }],
                )
            }
            None => found
                .label(format!("{} is not year, month and day", quoted(bare)))
                .help("write the day without quotes, like 2026-12-07"),
        });
    }
    for fault in &cx.document.syntax {
        let Some((span, text)) = date_around(cx, fault.span) else { continue };
        let found = RULE.at(span, format!("{} is not a day of the calendar", quoted(text)));
        out.push(match last_day(text) {
            Some(day) => found.label(format!("that month ends on {day}")).help(format!("write {day}")),
            None => found.label("no such day").help("write year, month and day, like 2026-12-07"),
        });
    }
}

/// The text like a date that a place lies in, with its own place.
fn date_around<'a>(cx: &FileCx<'a>, span: Span) -> Option<(Span, &'a str)> {
    let text = &cx.workspace.sources.get(cx.document.file).text;
    let part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'T' | b'Z' | b'.' | b'+');
    let bytes = text.as_bytes();
    let at = (span.start as usize).min(bytes.len());
    let start = bytes[..at].iter().rposition(|&byte| !part(byte)).map_or(0, |before| before + 1);
    let end = bytes[at..].iter().position(|&byte| !part(byte)).map_or(bytes.len(), |length| at + length);
    let word = text.get(start..end)?;
    let digits = |range: std::ops::Range<usize>| word.get(range).is_some_and(|s| s.bytes().all(|b| b.is_ascii_digit()));
    let like_date = digits(0..4) && word.get(4..5) == Some("-") && digits(5..6);
    // Part of a key or of a word is no date.
    let is_value = !bytes[..start].last().is_some_and(u8::is_ascii_alphabetic);
    (like_date && is_value && word.len() <= 40).then(|| (Span::new(span.file, start, end), word))
}

/// The last day of the month that a text such as `2026-02-30` names.
fn last_day(text: &str) -> Option<crate::spec::Day> {
    let first = format!("{}-01", text.get(..7)?).parse::<crate::spec::Day>().ok()?;
    Some(crate::spec::Day(first.0.last_of_month()))
}
