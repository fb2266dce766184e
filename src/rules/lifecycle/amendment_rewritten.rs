//! LIF017 amendment-rewritten.

use crate::change::{Recorded, Rewriting, rewritings};
use crate::rules::prelude::*;

rule! {
    /// An amendment that was recorded says something else, is taken out, or has another place among the others.
    ///
    /// Amendments are appended. Two things may be added to one that is there: `values`, where it had none, and
    /// `exploratory`. Until the start a plan may be sealed anew, and then its amendments are a part of the new seal.
    ///
    /// ## Why
    /// The record of what was changed, and with which knowledge of the data, is worth as much as its oldest entry:
    /// who can rewrite it can turn a deviation into an amendment. The last amendment of a field is the one in force, so
    /// that their order counts as well.
    ///
    /// ## Source
    /// OSF, registrations and their updates: a registration is never edited, an update keeps every earlier version.
    ///
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [design]
    /// power = 0.85
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "the power was always meant to be 0.85"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// #: base
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// ```
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// #: base
    /// [design]
    /// power = 0.85
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// ```
    /// ```toml,good
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [design]
    /// power = 0.85
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// [[amendments]]
    /// at = 2026-11-22
    /// by = "Priya Raman"
    /// reason = "the channel was renamed"
    /// data_access = "nothing-run"
    /// fields = ["feedback.notify"]
    /// #: base
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design"]
    /// ```
    static RULE = {
        code: "LIF017", name: "amendment-rewritten", since: "0.1.0",
        level: Error, needs: [Base],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(base) = cx.base else { return };
    let Some(before) = base.before_own_edit(cx.compiled) else { return };
    if cx.is_incomplete() || before.document.is_damaged() || before.is_cut_off {
        return;
    }
    // Before the start, what was not sealed then, or is sealed anew, has a record that begins with its seal.
    let had_started = !matches!(before.plan.status.value, Status::Draft | Status::Ready);
    let was_sealed = base.workspace.lock(&before.stem).is_some() && !base.is_resealed(&before.stem);
    if !had_started && !was_sealed {
        return;
    }
    let commit = if base.change.commit.is_empty() { "BASE" } else { &base.change.commit };
    let path = crate::text::printable(&before.document.path);
    let back = format!("write it as it was: `git show {commit}:'./{path}'` has it");
    let id = crate::text::printable(&cx.compiled.stem);
    let amend = format!("what has changed since is an amendment of its own: `expc amend {id}` drafts it");
    let list = cx.spec.amendments.value();
    let number = |span: Span| list.and_then(|list| list.iter().position(|one| one.span == span)).map_or(1, |at| at + 1);
    for rewriting in rewritings(&before.spec, cx.spec) {
        out.push(match rewriting {
            Rewriting::Gone(number, was) => RULE
                .at(cx.home("amendments"), format!("amendment {number} is taken out"))
                .label(format!("it was of {}", told(&was)))
                .help(format!("bring it back: `git show {commit}:'./{path}'` has it"))
                .help(amend.clone()),
            Rewriting::Rewritten(today, was, parts) => {
                let Some(part) = parts.first() else { continue };
                let number = number(today.span);
                let more = match parts.len() {
                    1 => String::new(),
                    more => format!(" and {} more", more - 1),
                };
                let headline = format!("amendment {number} is rewritten: its `{}`{more}", part.key());
                let was = part.words(&was).map_or_else(|| "was absent".to_owned(), |was| format!("was {}", quoted(&was)));
                RULE.at(part.place(today).unwrap_or(today.span), headline).label(was).help(back.clone()).help(amend.clone())
            }
            Rewriting::Moved(today) => RULE
                .at(today.span, "the amendments are in another order than they were recorded in")
                .label("not at its place")
                .help("put new amendments behind those that were there: of a field the last one is in force"),
        });
    }
}

/// `2026-11-21 by Priya Raman: design.power`.
fn told(was: &Recorded) -> String {
    let at = was.at.map_or_else(|| "no day".to_owned(), |day| day.to_string());
    let by = was.by.as_ref().map_or(String::new(), |by| format!(" by {}", quoted(by)));
    format!("{at}{by}, on {}", listed(was.fields.iter().map(String::as_str), 2))
}
