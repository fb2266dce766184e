//! LIF009 overdue.

use crate::rules::prelude::*;
use crate::spec::Day;

rule! {
    /// A run is past its last day, or past its decision day, and still open.
    ///
    /// ## Why
    /// Forgotten experiments keep a part of the product split in two, and collect looks that nobody planned.
    ///
    /// ## Source
    /// Checks of the Guardian's ab-testing repository and of brave-variations.
    ///
    /// ```toml,bad
    /// #: today 2027-02-20
    /// [experiment]
    /// status = "running"
    /// ```
    /// ```toml,good
    /// #: today 2027-01-30
    /// [experiment]
    /// status = "running"
    /// ```
    static RULE = {
        code: "LIF009", name: "overdue", since: "0.1.0",
        level: Warn, needs: [Clock],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let plan = cx.plan;
    if plan.status.value != Status::Running {
        return;
    }
    let Some(today) = cx.today else { return out.skip(Context::Clock, "no date") };
    // Between the last enrolment and the decision the last windows fill: only the later of the two is overdue.
    let decide = plan.calendar.decide.as_ref().map(|day| (day.value, day.span(), "the decision was due"));
    let end = plan.calendar.end.as_ref().map(|day| {
        let written = cx.spec.rollout.value().and_then(|rollout| rollout.end.span());
        (day.value, written, "the run ended")
    });
    let Some((day, span, what)) = decide.or(end) else { return };
    if today <= day {
        return;
    }
    let late = u32::try_from(day.until(today)).unwrap_or(0);
    out.push(overdue(cx, day, span, what, late));
}

fn overdue(cx: &PlanCx<'_>, day: Day, span: Option<Span>, what: &str, late: u32) -> Diagnostic {
    let place = cx.plan.status.span().unwrap_or(cx.plan.span);
    let mut found = RULE
        .at(place, format!("{what} on {day}, {} ago, and it is still running", days(late)))
        .label(format!("{} too long", days(late)))
        .help("record the outcome in `[results]` and set `status` to `decided`, `shipped` or `stopped`")
        .fact("late_days", f64::from(late));
    if let Some(span) = span.filter(|span| *span != place) {
        found = found.also(span, "the planned day");
    }
    found.help("or move the day with an amendment that says why")
}
