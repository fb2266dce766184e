//! ROL016 dates-broken.

use crate::rules::prelude::*;

rule! {
    /// The dates cannot be kept: a start in the past, an end before the start, stages beyond the end, or no length.
    ///
    /// ## Why
    /// A run with such dates never serves anybody, or never ends.
    ///
    /// ## Source
    /// Checks of brave-variations and of the Guardian's ab-testing.
    ///
    /// ```toml,bad
    /// #: today 2027-01-20
    /// ```
    /// ```toml,bad
    /// [rollout]
    /// end = 2027-01-20
    /// ```
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "5%", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "28 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// #: today 2027-01-11
    /// [rollout]
    /// end = 2027-02-07
    /// ```
    static RULE = {
        code: "ROL016", name: "dates-broken", since: "0.1.0",
        level: Error in drafts Warn, needs: [Clock],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(rollout) = cx.spec.rollout.value() else { return };
    if !super::is_open(cx.plan) {
        return;
    }
    let (start, end) = (rollout.start.get(), rollout.end.get());
    if let (Some(start), Some(end)) = (start, end)
        && end.value < start.value
    {
        return out.push(
            RULE.at(end.span, format!("ends on {}, before it starts on {}", end.value, start.value))
                .label("before the start")
                .also(start.span, "the start")
                .help("take `end` out: the stages say how long it runs"),
        );
    }
    past_start(cx, start, out);
    let stages = super::written_stages(cx);
    if let Some(list) = rollout.stages.value() {
        let endless = |index: usize| index + 1 < list.len() || end.is_none();
        let unheld = list.iter().enumerate().find(|(index, stage)| stage.hold.is_absent() && endless(*index));
        if let Some((index, stage)) = unheld.filter(|_| !cx.document.is_damaged()) {
            let name = stages.get(index).map_or("?", |stage| stage.name.as_str());
            return out.push(
                RULE.at(stage.span, format!("stage {} has no `hold`: nobody knows how long it stays", quoted(name)))
                    .label("no `hold`")
                    .help("add `hold = \"3 days\"`, or as long as the stage needs"),
            );
        }
    } else if let (Some(start), Field::Absent, Field::Absent) = (start, &rollout.end, &rollout.stages)
        && !cx.document.is_damaged()
    {
        return out.push(
            RULE.at(start.span, "the run has a start and no end")
                .label("no `end` and no `stages`")
                .help("add `stages`, or an `end`"),
        );
    }
    let (Some(end), Some(last)) = (end, stages.last().and_then(|stage| stage.end)) else { return };
    if end.value < last {
        let beyond = u32::try_from(end.value.until(last)).unwrap_or(0);
        let mut found = RULE
            .at(end.span, format!("the stages last until {last}, {} beyond the end", days(beyond)))
            .label(end.value.to_string());
        if let Some(stage) = stages.last() {
            found = found.also(stage.span, format!("still runs on {last}"));
        }
        out.push(found.help(format!("set `end` to {last}, or take it out")));
    }
}

/// A ready spec whose first day has gone by will never start on it.
fn past_start(cx: &PlanCx<'_>, start: Option<&At<crate::spec::Day>>, out: &mut Sink) {
    let Some(start) = start.filter(|_| cx.plan.status.value <= Status::Ready) else { return };
    let Some(today) = cx.today else { return out.skip(Context::Clock, "no date of today") };
    if today <= start.value {
        return;
    }
    let ago = u32::try_from(start.value.until(today)).unwrap_or(0);
    let status = cx.plan.status.value;
    let mut found = RULE
        .at(start.span, format!("starts on {}, {} ago, and is still `{status}`", start.value, days(ago)))
        .label("in the past");
    if let Some(span) = cx.plan.status.span() {
        found = found.also(span, "has not started");
    }
    let started = "set `status = \"running\"` if it has started";
    out.push(found.help("move `start` to a day to come").help(started));
}
