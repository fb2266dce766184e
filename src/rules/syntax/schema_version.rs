//! SYN015 schema-version.

use crate::portfolio::DocumentKind;
use crate::rules::prelude::*;
use crate::syntax::{FaultKind, Value};

rule! {
    /// A file does not say which version of the language it is written in, or names one that this build cannot read.
    ///
    /// ## Why
    /// A key may change its meaning between versions; a file that names its version reads the same in five years.
    ///
    /// ## Source
    /// Common practice of versioned configuration formats.
    ///
    /// ```toml,bad
    /// #: without schema
    /// ```
    /// ```toml,fixed
    /// schema = 1
    /// ```
    /// ```toml,bad
    /// schema = 2
    /// ```
    /// ```toml,good
    /// schema = 1
    /// ```
    static RULE = {
        code: "SYN015", name: "schema-version", since: "0.1.0",
        level: Error, fix: Safe, needs: [],
        check: File(check),
    }
}

/// True when a fault is about the version, so that no other rule reports it.
pub(super) fn owns(path: &str, kind: &FaultKind) -> bool {
    path == "schema" && matches!(kind, FaultKind::BadValue { .. })
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    let document = cx.document;
    if document.unreadable.is_some() {
        return;
    }
    for fault in document.faults.iter().filter(|fault| owns(&fault.path, &fault.kind)) {
        let written = quoted(cx.workspace.sources.slice(fault.span));
        out.push(
            RULE.at(fault.span, format!("schema {written} is not a version that this build reads"))
                .label("this build reads version 1")
                .help("write `schema = 1`, or use a build of expc that reads this version"),
        );
    }
    let Value::Table(table) = &document.tree.value else { return };
    // An empty spec lacks more than its version.
    let empty = document.kind == DocumentKind::Experiment && table.entries.is_empty();
    if table.get("schema").is_some() || document.is_damaged() || empty {
        return;
    }
    // Above the first key, so that comments at the top stay at the top.
    let text = &cx.workspace.sources.get(document.file).text;
    let first = table.entries.first().map_or(text.len(), |entry| entry.key_span.start as usize);
    let line = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    let gap = if text[line..].starts_with('[') { "\n" } else { "" };
    let place = Span::new(document.file, line, line);
    out.push(
        RULE.at(document.start(), "the file does not say its schema version")
            .help("add `schema = 1` above the first key")
            .fix(
                Applicability::Safe,
                "add `schema = 1`",
                vec![Edit { span: place, replacement: format!("schema = 1\n{gap}") }],
            ),
    );
}
