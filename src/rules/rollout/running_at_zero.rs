//! ROL018 running-at-zero.

use crate::rules::prelude::*;

rule! {
    /// The status says `running`, and nobody is enrolled yet.
    ///
    /// ## Why
    /// It looks live and collects nothing; a day is lost with each day that nobody notices.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// [experiment]
    /// status = "running"
    /// ```
    /// ```toml,good
    /// #: today 2027-01-11
    /// [experiment]
    /// status = "running"
    /// ```
    static RULE = {
        code: "ROL018", name: "running-at-zero", since: "0.1.0",
        level: Warn, needs: [Clock],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let status = &cx.plan.status;
    let (Status::Running, Some(start)) = (status.value, &cx.plan.calendar.start) else { return };
    let Some(today) = cx.today else { return out.skip(Context::Clock, "no date of today") };
    if start.value <= today {
        return;
    }
    let Some(span) = status.span() else { return };
    let ahead = u32::try_from(today.until(start.value)).unwrap_or(0);
    let mut found =
        RULE.at(span, format!("running, but nobody is enrolled before {}", start.value)).label("looks live");
    if let Some(span) = start.span() {
        found = found.also(span, format!("{} from {today}", days(ahead)));
    }
    out.push(found.help("set `status = \"ready\"` until it starts, or correct `rollout.start`"));
}
