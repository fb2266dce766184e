//! SYN002 misplaced-key.

use crate::rules::place;
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
    /// ```toml,fixed
    /// #: without rollout.layer
    /// ```
    /// ```toml,bad
    /// [exposure]
    /// salt = "one-tap-2027"
    /// ```
    /// ```toml,good
    /// [audience]
    /// layer = "checkout"
    /// ```
    static RULE = {
        code: "SYN002", name: "misplaced-key", since: "0.1.0",
        level: Error, fix: Safe, needs: [],
        check: File(check),
    }
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    for fault in &cx.document.faults {
        let FaultKind::UnknownKey { key, .. } = &fault.kind else { continue };
        let Some(home) = super::home_of(cx, &fault.path, key) else { continue };
        let here = super::table_name(&fault.path);
        let found = RULE
            .at(fault.span, format!("{} has no effect in {here}", quoted(key)))
            .label(format!("belongs to `[{home}]`"))
            .help(format!("move it to `[{home}]`"));
        out.push(moved(cx, found, fault.span, home));
    }
}

/// Out of the one table and into the other. Where that says the same already, nothing else changes, and it is safe; a
/// key that takes effect from now on is for a person to choose.
fn moved(cx: &FileCx<'_>, found: Diagnostic, span: Span, home: &str) -> Diagnostic {
    let layout = place::layout_of(cx.workspace, cx.document);
    let Some((table, entry)) = layout.root.entry_at(span) else { return found };
    let title = format!("move it to `[{home}]`");
    let Some(gone) = layout.remove(table, &entry.key) else { return found };
    let known = layout.root.at_path(home).and_then(|home| home.as_table()?.get(&entry.key));
    match (known, layout.text.get(entry.node.span.range())) {
        (Some(known), _) if known.same_value(&entry.node) => {
            place::offer(found, Applicability::Safe, format!("remove it: `[{home}]` says the same"), [gone])
        }
        (None, Some(value)) if !value.is_empty() && !value.contains('\n') => {
            let there = layout.add(home, &format!("{} = {value}", entry.key));
            let edits = match there {
                // One goes where the other was.
                Some(there) if (gone.span.start..=gone.span.end).contains(&there.span.start) => {
                    vec![Edit { replacement: there.replacement, ..gone }]
                }
                Some(there) => vec![gone, there],
                None => Vec::new(),
            };
            place::offer(found, Applicability::Suggested, title, edits)
        }
        _ => found,
    }
}
