//! SYN002 misplaced-key.

use crate::rules::prelude::*;
use crate::syntax::FaultKind;

rule! {
    /// A key of another table is written where it has no effect.
    ///
    /// ## Why
    /// It is the most common kind of dropped key: a window set on a segment, a share set on the rollout.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// [rollout]
    /// layer = "checkout"
    /// ```
    /// ```toml,good
    /// [audience]
    /// layer = "checkout"
    /// ```
    static RULE = {
        code: "SYN002", name: "misplaced-key", since: "0.1.0",
        level: Error, needs: [],
        check: File(check),
    }
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    for fault in &cx.document.faults {
        let FaultKind::UnknownKey { key, .. } = &fault.kind else { continue };
        let Some(home) = super::home_of(cx, &fault.path, key) else { continue };
        let here = super::table_name(&fault.path);
        out.push(
            RULE.at(fault.span, format!("{} has no effect in {here}", quoted(key)))
                .label(format!("belongs to `[{home}]`"))
                .help(format!("move it to `[{home}]`")),
        );
    }
}
