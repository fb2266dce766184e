//! ROL014 bad-moment.

use crate::catalog::{CalendarKind, Catalog};
use crate::rules::prelude::*;
use crate::spec::Day;

rule! {
    /// A stage starts before or on a weekend, on a holiday, or in a freeze.
    ///
    /// ## Why
    /// The first days of a stage are when harm shows, and nobody is watching.
    ///
    /// ## Source
    /// Microsoft ExP, Patterns of Trustworthy Experimentation.
    ///
    /// ```toml,bad
    /// [rollout]
    /// start = 2027-01-08
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-18
    /// rollout.start = 2027-01-11
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [rules]
    /// calendar-clash = "allow"
    /// #: file catalog/base.toml
    /// [calendar.winter-fair]
    /// kind = "holiday"
    /// from = 2027-01-14
    /// to = 2027-01-14
    /// ```
    /// ```toml,good
    /// [rollout]
    /// start = 2027-01-18
    /// [decision]
    /// by = 2027-02-22
    /// ```
    static RULE = {
        code: "ROL014", name: "bad-moment", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

/// How far ahead a better start is looked for.
const AHEAD: u32 = 35;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let calendar = &cx.plan.calendar;
    let Some(start) = calendar.start.as_ref().filter(|_| super::is_open(cx.plan)) else { return };
    // A list that could not be read whole has other days than it seems.
    let stages = match super::written_stages(cx) {
        [] if cx.spec.rollout.value().is_some_and(|rollout| !rollout.stages.is_absent()) => return,
        [] => &calendar.stages[..],
        stages => stages,
    };
    let Some((stage, day, why)) = stages.iter().find_map(|stage| {
        let day = stage.start.filter(|&day| cx.today.is_none_or(|today| today <= day))?;
        moment(cx.catalog, day).map(|why| (stage, day, why))
    }) else {
        return;
    };
    let is_first = std::ptr::eq(stage, &stages[0]);
    let span = match start.span() {
        Some(span) if is_first => span,
        _ => stage.span,
    };
    let text = match &why {
        Moment::Weekday(name) => format!("on {name}"),
        Moment::Special(name, kind, _) => format!("in the {kind} {}", quoted(name)),
    };
    let headline = format!("stage {} starts {text}, {day}", quoted(&stage.name));
    let mut found = super::at_value(&RULE, cx, span, headline, "few people watch the days that follow");
    if let (false, Some(span)) = (is_first, start.span()) {
        found = found.also(span, format!("{} before", days(u32::try_from(start.value.until(day)).unwrap_or(0))));
    }
    if let Moment::Special(_, kind, span) = why {
        found = found.also(span, format!("the {kind}"));
    }
    let offsets: Vec<u32> = stages
        .iter()
        .scan(0, |first, stage| {
            let here = *first;
            *first += stage.days;
            Some(here)
        })
        .collect();
    let better = (1..=AHEAD)
        .map(|later| start.value.plus(later))
        .find(|first| offsets.iter().all(|&offset| moment(cx.catalog, first.plus(offset)).is_none()));
    let started = cx.today.is_some_and(|today| start.value < today);
    found = match better {
        Some(better) if !started && start.span().is_some() => {
            let found = found.help(format!("start on {better}, the next day that suits every stage"));
            crate::rules::place::start_on(cx, found, better)
        }
        _ => found.help("change the `hold` of the stage before, so that it starts from Monday to Thursday"),
    };
    out.push(found);
}

/// Why a day is bad.
enum Moment<'a> {
    Weekday(&'static str),
    Special(&'a str, CalendarKind, Span),
}

/// True when no stage should begin on the day: a freeze, a holiday, or the end of a week.
pub fn is_bad(catalog: &Catalog, day: Day) -> bool {
    moment(catalog, day).is_some()
}

fn moment(catalog: &Catalog, day: Day) -> Option<Moment<'_>> {
    let special = catalog.calendar.iter().find(|(_, _, entry)| {
        let inside = entry.from.copied().is_some_and(|from| from <= day) && entry.to.copied().is_some_and(|to| day <= to);
        inside && matches!(entry.kind.copied(), Some(CalendarKind::Freeze | CalendarKind::Holiday))
    });
    if let Some((name, span, entry)) = special {
        return Some(Moment::Special(name, entry.kind.copied().unwrap_or(CalendarKind::Freeze), span));
    }
    match day.0.weekday() {
        jiff::civil::Weekday::Friday => Some(Moment::Weekday("a Friday")),
        jiff::civil::Weekday::Saturday => Some(Moment::Weekday("a Saturday")),
        jiff::civil::Weekday::Sunday => Some(Moment::Weekday("a Sunday")),
        _ => None,
    }
}
