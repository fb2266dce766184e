//! PRT003 bad-exclusion.

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// An experiment excludes or requires itself, one that does not exist, or one that does not exclude it back.
    ///
    /// ## Why
    /// Half an exclusion is none: each side decides for itself whom it lets in.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// [experiment]
    /// excludes = ["checkout-one-tap"]
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// excludes = ["checkout-fom"]
    /// #: twin checkout-form
    /// [experiment]
    /// excludes = ["checkout-one-tap"]
    /// ```
    /// ```toml,fixed
    /// experiment.excludes = ["checkout-form"]
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// excludes = ["checkout-form"]
    /// #: twin checkout-form
    /// ```
    /// ```toml,good
    /// [experiment]
    /// excludes = ["checkout-form"]
    /// #: twin checkout-form
    /// [experiment]
    /// excludes = ["checkout-one-tap"]
    /// ```
    static RULE = {
        code: "PRT003", name: "bad-exclusion", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let by_id = super::by_id(cx.portfolio);
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        let named = entry.excludes.iter().map(|id| (id, true)).chain(entry.requires.iter().map(|id| (id, false)));
        for (id, excludes) in named {
            let verb = if excludes { "excludes" } else { "requires" };
            let found = match by_id.get(id.value.as_str()) {
                _ if *id.value == *entry.id => Some(
                    RULE.at(id.span, format!("{} {verb} itself", quoted(&entry.id)))
                        .label("its own id")
                        .help("take it out of the list"),
                ),
                None => Some(unknown(id, verb, by_id.keys().copied())),
                Some(other) if excludes => half(entry, other, id),
                Some(_) => None,
            };
            if let Some(found) = found {
                out.push(super::about(found, entry));
            }
        }
    }
}

fn unknown<'a>(id: &At<String>, verb: &str, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let found = RULE.at(id.span, format!("{verb} {}, an unknown experiment", quoted(id)));
    match nearest(id, known) {
        Some(near) => found.label(format!("did you mean `{near}`?")).fix(
            Applicability::Suggested,
            format!("write \"{near}\""),
            vec![Edit { span: id.span, replacement: format!("\"{near}\"") }],
        ),
        None => found.label("no experiment of this workspace").help("take it out of the list"),
    }
}

fn half(entry: &Entry, other: &Entry, id: &At<String>) -> Option<Diagnostic> {
    let mutual = other.excludes.iter().any(|back| *back.value == *entry.id);
    // Whoever is over lets nobody in; whoever is never there at the same time meets nobody.
    if mutual || other.status.is_over() || !other.meets_in_time(entry) {
        return None;
    }
    let mine = crate::text::printable(&entry.id);
    let place = match other.excludes.as_slice() {
        [] => other.span,
        [first, ..] => first.span,
    };
    Some(
        RULE.at(id.span, format!("the exclusion of {} is not mutual", quoted(&other.id)))
            .label("excluded here, and not the other way round")
            .also(place, format!("does not name {}", quoted(&entry.id)))
            .help(format!("add \"{mine}\" to `experiment.excludes` of {}", quoted(&other.id)))
            .help("or put both in one layer, which excludes both ways"),
    )
}
