//! OWN010 unused-suppression.

use crate::rules::CommentsCx;
use crate::rules::ignores::{Ignore, Presence};
use crate::rules::prelude::*;
use crate::syntax::{Directive, Reach};

rule! {
    /// A comment ignores a rule that finds nothing there.
    ///
    /// ## Why
    /// An exception that outlives its fault hides the next one.
    ///
    /// ## How
    /// It speaks only when the rule could run: a skipped rule, one of level `allow`, and a file with errors of its own
    /// prove nothing. Why comments count where, says OWN008.
    ///
    /// ```toml,bad
    /// # expc: ignore[GOV006, STA002] until 2027-02-20: a court order asks for it
    /// [privacy]
    /// retention = "900 days"
    /// ```
    /// ```toml,fixed
    /// # expc: ignore[GOV006] until 2027-02-20: a court order asks for it
    /// ```
    /// ```toml,bad
    /// # expc: ignore[STA002]: pilot, power judged by hand
    /// [design]
    /// missing = "no event counts as zero"
    /// ```
    /// ```toml,bad
    /// [design]
    /// # expc: ignore[STA002] until 2026-06-30: pilot, power judged by hand
    /// missing = "no event counts as zero"
    /// ```
    /// ```toml,good
    /// # expc: ignore[retention] until 2027-02-20: a court order asks for it
    /// [privacy]
    /// retention = "900 days"
    /// ```
    static RULE = {
        code: "OWN010", name: "unused-suppression", since: "0.1.0",
        level: Warn, fix: Safe, needs: [],
        check: Comments(check),
    }
}

/// A text with more of them is no spec: the rest is only counted.
const MOST: usize = 100;

fn check(cx: &CommentsCx<'_>, out: &mut Sink) {
    let unused = |ignore: &Ignore| Some((unused_in(ignore)?, ignore.directive.clone()));
    let mut found: Vec<Diagnostic> =
        cx.ignores.iter().filter_map(unused).map(|(names, directive)| unused_names(&directive, &names)).collect();
    let left_out = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    if let Some(last) = found.last_mut().filter(|_| 0 < left_out) {
        last.help.push(format!("{left_out} more such comments follow"));
    }
    found.into_iter().for_each(|finding| out.push(finding));
}

/// The names in a comment whose rules found nothing. A comment that hides nothing for another reason is told by that.
fn unused_in(ignore: &Ignore) -> Option<Vec<At<String>>> {
    let stands = matches!(ignore.directive.stands_for, Reach::File | Reach::Text(_));
    if !ignore.is_readable() || !stands || !crate::rules::ignores::is_reason(&ignore.directive.reason) {
        return None;
    }
    let unused = ignore.rules().filter(|(_, presence)| *presence == Presence::NotFound);
    Some(unused.map(|(name, _)| name.clone()).collect()).filter(|names: &Vec<_>| !names.is_empty())
}

fn unused_names(directive: &Directive, names: &[At<String>]) -> Diagnostic {
    let whole = names.len() == directive.rules.len();
    let (place, verb) = match names {
        [only] if !whole => (only.span, "is"),
        [_] => (directive.comment, "is"),
        _ => (directive.comment, "are"),
    };
    let subject = listed(names.iter().map(|name| name.value.as_str()), 1);
    let found = RULE.at(place, format!("{subject} {verb} ignored but not found here")).label("hides nothing");
    without(found, directive, &names.iter().collect::<Vec<_>>(), Applicability::Safe)
}

/// Offers to take names out of a comment, and the comment with the last of them.
pub(super) fn without(
    found: Diagnostic,
    directive: &Directive,
    names: &[&At<String>],
    how: Applicability,
) -> Diagnostic {
    let left: Vec<&str> = directive
        .rules
        .iter()
        .filter(|rule| names.iter().all(|name| name.span != rule.span))
        .map(|rule| rule.value.as_str())
        .collect();
    match (directive.rules.first(), directive.rules.last()) {
        (Some(first), Some(last)) if !left.is_empty() => {
            let edit = Edit { span: Span { end: last.span.end, ..first.span }, replacement: left.join(", ") };
            found.fix(how, format!("write `[{}]`", left.join(", ")), vec![edit])
        }
        _ => {
            let edit = Edit { span: directive.removal, replacement: String::new() };
            found.fix(how, "remove the comment", vec![edit])
        }
    }
}
