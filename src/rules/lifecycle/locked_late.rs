//! LIF006 locked-late.

use crate::rules::place::at_value;
use crate::rules::prelude::*;

rule! {
    /// The plan was sealed after the run had started, or at a time that is still to come.
    ///
    /// ## Why
    /// A plan that was written beside the data proves nothing about what was planned before it.
    ///
    /// ## Source
    /// Of 34 public experiment files with a start date, 34 were committed after it.
    ///
    /// ```toml,bad
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: locked checkout-one-tap at 2027-01-12T09:00:00Z
    /// ```
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2027-01-05T09:00:00Z
    /// ```
    /// ```toml,good
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: locked checkout-one-tap at 2027-01-11T07:30:00Z
    /// ```
    static RULE = {
        code: "LIF006", name: "locked-late", since: "0.1.0",
        level: Error, needs: [Registry, Clock],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(Ok(lock)) = cx.workspace.lock(&cx.compiled.stem) else { return };
    let sealed = lock.at.day();
    // The start is a part of the seal: the one that was sealed counts, not one that was moved behind the seal.
    let of_seal = lock.terms.plan.at_path("rollout.start").and_then(|node| node.as_str()?.parse().ok());
    let start = cx.plan.calendar.start.as_ref();
    if let Some(day) = of_seal.or(start.map(|start| start.value))
        && let Ok(late @ 1..) = u32::try_from(day.until(sealed))
    {
        let place = start.and_then(|start| start.span());
        let headline = format!("the plan was sealed {} after the start", days(late));
        out.push(
            at_value(cx, &RULE, place, "rollout", headline)
                .label("the first day of the run")
                .also(lock.at.span, format!("sealed on {sealed}"))
                .help("a seal does not move: report the run as one whose plan was written beside its data")
                .help("a run that shall prove something starts anew, under a new id, once it is sealed")
                .fact("late_days", f64::from(late)),
        );
        return;
    }
    let Some(today) = cx.today else { return out.skip(Context::Clock, "no date") };
    // A day of difference is a matter of time zones.
    if let Ok(ahead @ 2..) = u32::try_from(today.until(sealed)) {
        out.push(
            RULE.at(lock.at.span, format!("the plan is sealed {} in the future", days(ahead)))
                .label(format!("today is {today}"))
                .help("one of the two clocks is wrong; if it was the one that sealed, delete the lock and seal again"),
        );
    }
}
