//! LIF011 no-conclusion.

use crate::rules::prelude::*;

rule! {
    /// The experiment is over, and what was decided is not written down.
    ///
    /// ## Why
    /// Results that nobody records are publication bias at home: the next team tries the same again.
    ///
    /// ## Source
    /// Booking.com, Democratizing online controlled experiments, 2017; checks of Eppo.
    ///
    /// ```toml,bad
    /// #: today 2027-02-20
    /// [experiment]
    /// status = "stopped"
    /// ```
    /// ```toml,good
    /// #: today 2027-02-20
    /// [experiment]
    /// status = "stopped"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "stop"
    /// decided = 2027-02-15
    /// learned = "returning buyers already have an address"
    /// ```
    static RULE = {
        code: "LIF011", name: "no-conclusion", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if !cx.plan.status.value.is_over() || cx.unreadable(&cx.spec.results) {
        return;
    }
    let results = cx.spec.results.value();
    let missing: Vec<&str> = [
        ("decision", results.is_none_or(|results| results.decision.is_absent())),
        ("learned", results.is_none_or(|results| results.learned.is_absent())),
    ]
    .into_iter()
    .filter(|(_, missing)| *missing)
    .map(|(key, _)| key)
    .collect();
    if missing.is_empty() {
        return;
    }
    let status = cx.plan.status.value;
    let place = match results {
        Some(_) => cx.home("results"),
        None => cx.plan.status.span().unwrap_or(cx.plan.span),
    };
    let headline = match results {
        Some(_) => format!("`results` has no {}", listed(missing.iter().copied(), 2)),
        None => format!("the experiment is {status}, without results"),
    };
    let mut found = RULE.at(place, headline);
    found = match missing.contains(&"decision") {
        true => found.help("add `[results]` with `ended`, `decision`, `decided` and `learned`"),
        false => found.help("add `learned`: what the next team should know, also when nothing moved"),
    };
    if let (Some(today), Some(end)) = (cx.today, &cx.plan.calendar.end)
        && let Ok(past @ 1..) = u32::try_from(end.value.until(today))
    {
        found = found.label(format!("the plan ended {} ago", days(past)));
    }
    out.push(found);
}
