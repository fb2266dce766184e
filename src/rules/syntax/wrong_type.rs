//! SYN003 wrong-type.

use crate::rules::prelude::*;
use crate::syntax::FaultKind;

rule! {
    /// A value is of another type than its key asks, or a word is not among the choices.
    ///
    /// ## Why
    /// A late type error surfaces as a stack trace in somebody else's tool.
    ///
    /// ## Source
    /// mozilla/metric-hub#354.
    ///
    /// ```toml,bad
    /// [rollout]
    /// kill_switch = "yes"
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// status = "redy"
    /// ```
    /// ```toml,fixed
    /// experiment.status = "ready"
    /// ```
    /// ```toml,good
    /// [rollout]
    /// kill_switch = true
    /// ```
    static RULE = {
        code: "SYN003", name: "wrong-type", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: File(check),
    }
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    for fault in &cx.document.faults {
        // Quantities, dates and versions have rules of their own.
        let elsewhere = super::percent_or_fraction::owns(fault)
            || super::bad_date::owns(&fault.kind)
            || super::schema_version::owns(&fault.path, &fault.kind);
        if elsewhere {
            continue;
        }
        let path = quoted(&fault.path);
        match &fault.kind {
            FaultKind::WrongType { found, expected } => out.push(
                RULE.at(fault.span, format!("{path} holds {found}"))
                    .label(format!("expected {expected}"))
                    .help(match expected.as_ref() {
                        "a boolean" => "write true or false, without quotes".to_owned(),
                        expected => format!("write {expected}"),
                    }),
            ),
            FaultKind::UnknownWord { found, known } => out.push(unknown_word(fault.span, &path, found, known)),
            FaultKind::MissingKey { key } => {
                out.push(RULE.at(fault.span, format!("{path} lacks `{key}`")).help(format!("add `{key}`")));
            }
            FaultKind::BadValue { text } => out.push(refused(fault.span, &path, text)),
            // Keys have rules of their own.
            FaultKind::UnknownKey { .. } => {}
        }
    }
}

/// A value of the right type that is refused: the reader says why, after a semicolon what to write.
fn refused(span: Span, path: &str, text: &str) -> Diagnostic {
    let (fact, advice) = text.split_once("; ").unwrap_or((text, ""));
    let fact: String = crate::text::printable(fact).chars().take(120).collect();
    let found = RULE.at(span, format!("the value of {path} is refused")).label(fact);
    match advice {
        "" => found.help("write a value within the limits"),
        advice => found.help(advice),
    }
}

fn unknown_word(span: Span, path: &str, found: &str, known: &[&'static str]) -> Diagnostic {
    let diagnostic = RULE
        .at(span, format!("{path} does not know {}", quoted(found)))
        .help(format!("choose {}", one_of(known.iter().copied(), 12)));
    match nearest(found, known.iter().copied()) {
        Some(name) => diagnostic.label(format!("did you mean \"{name}\"?")).fix(
            Applicability::Suggested,
            format!("write \"{name}\""),
            vec![Edit { span, replacement: format!("\"{name}\"") }],
        ),
        None => diagnostic.label("not one of the choices"),
    }
}
