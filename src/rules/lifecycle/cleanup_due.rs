//! LIF013 cleanup-due.

use crate::rules::prelude::*;

rule! {
    /// A decision was taken long ago, and the experiment is not archived: its flag still has two branches.
    ///
    /// ## Why
    /// Dead branches are tested, translated and broken like live ones, and a stale flag can be switched by accident.
    ///
    /// ## Source
    /// Checks of the Guardian's ab-testing repository and of PostHog.
    ///
    /// ```toml,bad
    /// #: today 2027-06-20
    /// [experiment]
    /// status = "shipped"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "ship"
    /// decided = 2027-02-15
    /// learned = "one tap helps new buyers most"
    /// ```
    /// ```toml,fixed
    /// experiment.status = "archived"
    /// ```
    /// ```toml,good
    /// #: today 2027-03-20
    /// [experiment]
    /// status = "shipped"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "ship"
    /// decided = 2027-02-15
    /// learned = "one tap helps new buyers most"
    /// ```
    static RULE = {
        code: "LIF013", name: "cleanup-due", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Clock],
        check: Plan(check),
    }
}

/// Two release cycles of a month: time to take the losing branch out.
pub const GRACE_DAYS: u32 = 60;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let status = cx.plan.status.value;
    if !status.is_over() || status == Status::Archived {
        return;
    }
    // Without results there is no decision to clean up after; that has a rule of its own.
    let Some(results) = cx.spec.results.value() else { return };
    let (day, word) = match (results.decided.get(), results.ended.get()) {
        (Some(day), _) => (day, "decided"),
        (None, Some(day)) => (day, "ended"),
        (None, None) => return,
    };
    let Some(today) = cx.today else { return out.skip(Context::Clock, "no date") };
    let Ok(past) = u32::try_from(day.until(today)) else { return };
    if past <= GRACE_DAYS {
        return;
    }
    let place = cx.plan.status.span().unwrap_or(cx.plan.span);
    let flag = quoted(&cx.plan.flag.value);
    let mut found = RULE
        .at(place, format!("over for {}, flag {flag} is still there", days(past)))
        .label(format!("{} after the decision it should be gone", days(GRACE_DAYS)))
        .help(format!("take {flag} and the losing branch out of the code, then set `status = \"archived\"`"))
        .fact("past_days", f64::from(past));
    found = found.also(day.span, word);
    out.push(match cx.plan.status.span() {
        Some(span) if span.file == cx.document.file => found.fix(
            Applicability::Suggested,
            "archive it, once the flag is gone",
            vec![Edit { span, replacement: "\"archived\"".to_owned() }],
        ),
        _ => found,
    });
}
