//! SYN018 syntax-error.

use crate::rules::prelude::*;

rule! {
    /// The text is not TOML at this place.
    ///
    /// ## Why
    /// What stands around the error may not have been read, so nothing can be promised of it.
    ///
    /// ## Source
    /// The TOML specification, version 1.0.
    ///
    /// ```toml,bad
    /// #: file catalog/more.toml
    /// #: alone
    /// schema = 1
    /// [calendar.founders-day]
    /// kind = "holiday
    /// from = 2027-05-01
    /// ```
    /// ```toml,good
    /// #: file catalog/more.toml
    /// #: alone
    /// schema = 1
    /// [calendar.founders-day]
    /// kind = "holiday"
    /// from = 2027-05-01
    /// to = 2027-05-01
    /// ```
    static RULE = {
        code: "SYN018", name: "syntax-error", since: "0.1.0",
        level: Error, needs: [],
        check: File(check),
    }
}

/// A file that is not TOML at all is one mistake.
const MOST: usize = 10;

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    if cx.document.unreadable.is_some() || cx.document.syntax.is_empty() {
        return;
    }
    let faults: Vec<_> =
        cx.document.syntax.iter().filter(|fault| !super::bad_date::owns_syntax(cx, fault)).collect();
    let left = faults.len().saturating_sub(MOST);
    for (index, fault) in faults.iter().take(MOST).enumerate() {
        let mut found = RULE.at(fault.span, fault.headline.clone()).label(fault.label.clone());
        if let Some((first, label)) = fault.other {
            found = found.also(first, label);
        }
        found = found.help(fault.help.clone());
        if index + 1 == MOST && 0 < left {
            found = found.help(format!("{left} more syntax errors follow in this file"));
        }
        out.push(found);
    }
}
