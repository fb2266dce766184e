//! LIF018 backdated-seal.

use crate::rules::prelude::*;

/// Clocks of different machines are not further apart.
const CLOCKS: i64 = 3600;
const DAY: i64 = 86_400;

rule! {
    /// A seal is dated before the commit that it was made from.
    ///
    /// An hour of difference is a matter of clocks. A seal whose time is the first second of a day may have been dated
    /// by the day alone, so that two days are.
    ///
    /// ## Why
    /// A seal proves that the plan came before the data by its date alone, and no plan is sealed at a commit that is not
    /// there yet: one of the two dates is wrong.
    ///
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-02T09:00:00Z from 2026-11-20T12:00:00Z
    /// #: base clean
    /// ```
    /// ```toml,good
    /// #: locked checkout-one-tap at 2026-11-20T11:30:00Z from 2026-11-20T12:00:00Z
    /// #: base clean
    /// ```
    /// ```toml,good
    /// #: locked checkout-one-tap at 2026-11-20 from 2026-11-21T03:00:00Z
    /// #: base clean
    /// ```
    static RULE = {
        code: "LIF018", name: "backdated-seal", since: "0.1.0",
        level: Error, needs: [Registry, Base],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(base) = cx.base.filter(|base| base.is_resealed(&cx.compiled.stem)) else { return };
    let Some(Ok(lock)) = cx.workspace.lock(&cx.compiled.stem) else { return };
    let Some(commit) = &lock.commit else {
        return out.skip(Context::Base, "the commit of the seal, which names none");
    };
    let Some(committed) = base.change.committed.get(&commit.value) else {
        let short: String = commit.value.chars().take(10).collect();
        return out.skip(Context::Base, format!("the commit {} of the seal, which this clone does not have", quoted(&short)));
    };
    let ahead = lock.at.seconds_until(committed);
    let allowed = if lock.at.is_midnight() { 2 * DAY } else { CLOCKS };
    if ahead <= allowed {
        return;
    }
    let shown = match u32::try_from(ahead / DAY) {
        Ok(0) => format!("{} hours", (ahead / CLOCKS).max(2)),
        Ok(whole) => days(whole),
        Err(_) => "very long".to_owned(),
    };
    let mut found = RULE
        .at(lock.at.span, format!("the seal is dated {shown} before the commit it names"))
        .label("no plan is sealed at a commit to come")
        .also(commit.span, format!("committed at {committed}"));
    found = match cx.plan.status.value {
        Status::Draft | Status::Ready => found
            .help("one of the two clocks was wrong, or `--at` was: delete the lock and seal again")
            .help("if it was that of the commit, commit the spec anew first, and seal then"),
        _ => found
            .help("it has started, and a seal does not move: a run that shall prove something starts anew, under a new id")
            .help("if the clock of the commit was wrong, say so in the review: the next change is judged without this"),
    };
    out.push(found.fact("ahead_seconds", ahead as f64));
}
