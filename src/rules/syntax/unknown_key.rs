//! SYN001 unknown-key.

use crate::rules::prelude::*;
use crate::syntax::FaultKind;

rule! {
    /// A key is written that its table does not know.
    ///
    /// ## Why
    /// An ignored key looks like a setting that works: of 487 merged public configs, 55 held some.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories; mozilla/jetstream#1646.
    ///
    /// ```toml,bad
    /// [design]
    /// powr = 0.9
    /// ```
    /// ```toml,fixed
    /// #: without design.powr
    /// design.power = 0.9
    /// ```
    /// ```toml,good
    /// [design]
    /// power = 0.9
    /// ```
    static RULE = {
        code: "SYN001", name: "unknown-key", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: File(check),
    }
}

/// Ten equal faults become one finding with labels; a file of ten thousand unknown keys is one mistake.
const MOST_PER_TABLE: usize = 5;

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    let unknown: Vec<_> = cx
        .document
        .faults
        .iter()
        .filter_map(|fault| match &fault.kind {
            FaultKind::UnknownKey { key, known, meant } if super::home_of(cx, &fault.path, key).is_none() => {
                Some((fault, key, *known, *meant))
            }
            _ => None,
        })
        .collect();
    let mut rest = &unknown[..];
    while let Some((first, ..)) = rest.first() {
        let same = rest.iter().take_while(|(fault, ..)| fault.path == first.path).count();
        let (table, others) = rest.split_at(same);
        rest = others;
        let loose = if same <= MOST_PER_TABLE { same } else { 0 };
        for (fault, key, known, meant) in &table[..loose] {
            out.push(unknown_key(fault.span, &fault.path, key, known, *meant));
        }
        if MOST_PER_TABLE < same {
            let mut found = RULE.at(first.span, format!("{same} unknown keys in {}", super::table_name(&first.path)));
            found = found.label("the first of them");
            for (fault, ..) in &table[1..MOST_PER_TABLE] {
                found = found.also(fault.span, "unknown");
            }
            out.push(found.help(format!("known keys: {}", listed(table[0].2.iter().copied(), 12))));
        }
    }
}

/// The message, apart from the search.
fn unknown_key(span: Span, path: &str, key: &str, known: &[&'static str], meant: Option<&str>) -> Diagnostic {
    let found = RULE.at(span, format!("unknown key {} in {}", quoted(key), super::table_name(path)));
    match meant {
        Some(name) => found.label(format!("did you mean `{name}`?")).fix(
            Applicability::Suggested,
            format!("rename it to `{name}`"),
            vec![Edit { span, replacement: name.to_owned() }],
        ),
        None => {
            found.label("not a key of this table").help(format!("known keys: {}", listed(known.iter().copied(), 20)))
        }
    }
}
