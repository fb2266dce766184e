//! SYN019 unreadable-file.

use crate::portfolio::DocumentKind;
use crate::rules::prelude::*;
use crate::world::{MOST_BYTES, ReadFault, ReadFaultKind};

rule! {
    /// A file or folder of the workspace cannot be read.
    ///
    /// ## Why
    /// What is not read is not checked; a green run over half of the portfolio promises nothing.
    ///
    /// ## Source
    /// Experience with catalogues edited on several systems.
    ///
    /// ```toml,bad
    /// #: file catalog/more.toml
    /// #: latin-1
    /// schema = 1
    /// [calendar.fête]
    /// ```
    /// ```toml,good
    /// #: file catalog/more.toml
    /// #: alone
    /// schema = 1
    /// [calendar."fête"]
    /// kind = "holiday"
    /// from = 2027-05-01
    /// to = 2027-05-01
    /// ```
    static RULE = {
        code: "SYN019", name: "unreadable-file", since: "0.1.0",
        level: Error, needs: [],
        check: File(check),
    }
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    let document = cx.document;
    if let Some(fault) = &document.unreadable {
        out.push(unreadable(cx, document.start(), fault));
    }
    // Folders have no text of their own: the file that names them speaks for them.
    if document.kind == DocumentKind::Workspace {
        for fault in &cx.workspace.faults {
            out.push(unreadable(cx, document.start(), fault));
        }
    }
}

fn unreadable(cx: &FileCx<'_>, start: Span, fault: &ReadFault) -> Diagnostic {
    let path = quoted(&fault.path);
    match &fault.kind {
        ReadFaultKind::NotUtf8 { offset, .. } => {
            let place = Span::new(start.file, *offset, offset + char::REPLACEMENT_CHARACTER.len_utf8());
            let line = cx.workspace.sources.start(place).line;
            RULE.at(place, format!("line {line} holds a byte that is not UTF-8 text"))
                .label(format!("byte {} of the file", offset + 1))
                .help(format!("save it as UTF-8: `iconv -f WINDOWS-1252 -t UTF-8 {}`", shown(&fault.path)))
        }
        ReadFaultKind::TooLarge { bytes } => RULE
            .at(start, format!("the file has {} bytes, more than expc reads", count(*bytes as f64)))
            .label(format!("at most {} bytes", count(MOST_BYTES as f64)))
            .help("split it; a spec of a thousand lines has 40,000 bytes")
            .fact("have", *bytes as f64)
            .fact("limit", MOST_BYTES as f64),
        ReadFaultKind::NotFound if !fault.path.ends_with(".toml") => RULE
            .at(start, format!("folder {path} does not exist"))
            .help(format!("create {path}, or say in `[workspace]` where the folder is")),
        ReadFaultKind::NotFound => {
            RULE.at(start, format!("{path} does not exist")).help("restore the file, or remove the link to it")
        }
        ReadFaultKind::Refused(reason) => RULE
            .at(start, format!("{path} cannot be read"))
            .label(shown(reason))
            .help("give the file or folder to the user who runs expc, or move it out of the workspace"),
    }
}

fn shown(text: &str) -> String {
    crate::text::printable(text).chars().take(200).collect()
}
