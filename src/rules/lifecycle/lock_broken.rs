//! LIF005 lock-broken.

use crate::portfolio::LockFault;
use crate::portfolio::registry::FORMAT;
use crate::rules::prelude::*;
use crate::world::ReadFaultKind;

rule! {
    /// A sealed plan cannot be relied on: it was changed, cut, merged by hand, or belongs to another experiment.
    ///
    /// ## Why
    /// A seal that can be edited is a note.
    ///
    /// ## Source
    /// Freeze-and-log pre-registration tools (`prereg`, `preregister`).
    ///
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// #: tampered checkout-one-tap
    /// ```
    /// ```toml,good
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// ```
    static RULE = {
        code: "LIF005", name: "lock-broken", since: "0.1.0",
        level: Error, needs: [Registry],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for (id, file) in cx.workspace.registry.files() {
        if let Some(Err(fault)) = cx.workspace.lock(id) {
            let path = cx.workspace.sources.path(Span::file_start(file));
            let mut found = broken(id, path, Span::file_start(file), fault);
            found.experiment = Some(std::sync::Arc::from(id));
            out.push(found);
        }
    }
}

fn broken(id: &str, path: &str, start: Span, fault: &LockFault) -> Diagnostic {
    let name = quoted(id);
    let path = crate::text::printable(path);
    let restore = format!("`git log -p -- {path}` shows who changed it; take back what was sealed");
    match fault {
        LockFault::Unreadable(fault) => {
            let why = match &fault.kind {
                ReadFaultKind::NotUtf8 { offset, .. } => format!("byte {} is not UTF-8 text", offset + 1),
                ReadFaultKind::TooLarge { .. } => "it is too large".to_owned(),
                ReadFaultKind::NotFound => "it is not there".to_owned(),
                ReadFaultKind::Refused(reason) => crate::text::printable(reason).to_string(),
            };
            RULE.at(start, format!("the sealed plan of {name} cannot be read")).label(why).help(restore)
        }
        LockFault::Json(fault) if fault.text.contains("merge conflict") => RULE
            .at(fault.span, format!("the sealed plan of {name} has a merge conflict"))
            .label("the two sides sealed apart")
            .help(format!("keep the plan that was sealed first, whole: `git log --all -- {path}` shows both"))
            .help("or, before the start, delete it and seal the merged spec: `expc lock`"),
        LockFault::Json(fault) => {
            let found = RULE
                .at(fault.span, format!("the sealed plan of {name} is cut or was edited"))
                .label(crate::text::printable(&fault.text))
                .help(restore);
            match fault.first {
                Some(first) => found.also(first, "the first one"),
                None => found,
            }
        }
        LockFault::Format { span, found } if found.starts_with("expc.lock/") => RULE
            .at(*span, format!("the sealed plan of {name} is in a format this expc cannot read"))
            .label(format!("this expc reads `{FORMAT}`"))
            .help("use the version of expc that sealed it, or a later one"),
        LockFault::Format { span, .. } => RULE
            .at(*span, format!("`{path}` is no sealed plan of expc"))
            .label(format!("a lock says `{FORMAT}`"))
            .help("move it out of the registry, or seal the experiment: `expc lock`"),
        LockFault::Shape { span, text } => RULE
            .at(*span, format!("the sealed plan of {name} is not whole"))
            .label(crate::text::printable(text))
            .help(restore),
        LockFault::Digest { span, computed, .. } => RULE
            .at(*span, format!("the seal of {name} does not match its text"))
            .label(format!("its content gives {}…", computed.get(..19).unwrap_or(computed)))
            .help(restore)
            .help(format!("`git checkout COMMIT -- {path}` takes back the file of a commit")),
        LockFault::Name { span, id } => RULE
            .at(*span, format!("the sealed plan in `{path}` is that of {}", quoted(id)))
            .label("another name than the file's")
            .help("name the file after the experiment again"),
    }
}
