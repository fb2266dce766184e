//! ROL008 edited-step.

use crate::rules::place::covered_by_new_amendment;
use crate::rules::prelude::*;

rule! {
    /// A stage that has begun gets another share or other weights, or goes away.
    ///
    /// ## Why
    /// Clients that have passed a stage do not look at it again, so half of them live by the old text and half by the
    /// new one. What changes from now on is a new stage.
    ///
    /// ## Source
    /// DuckDuckGo privacy configuration: a rollout is changed by appending a step, never by editing one.
    ///
    /// ```toml,bad
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// #: base
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "8%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// #: today 2027-01-12
    /// [experiment]
    /// status = "running"
    /// #: base
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "8%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    static RULE = {
        code: "ROL008", name: "edited-step", since: "0.1.0",
        level: Error, needs: [Base, Clock],
        check: Plan(check),
    }
}

const SLACK: f64 = 1e-9;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let (Some(base), false) = (cx.base, cx.plan.status.value.is_over()) else { return };
    let Some(before) = base.before_own_edit(cx.compiled) else { return };
    if before.plan.status.value != Status::Running || cx.is_incomplete() || before.document.is_damaged() {
        return;
    }
    let unread = |spec: &crate::spec::Spec| {
        let stages = spec.rollout.value().map(|rollout| &rollout.stages);
        stages.is_none_or(|stages| stages.value().is_none_or(|list| list.broken))
    };
    if unread(&before.spec) || unread(cx.spec) || covered_by_new_amendment(cx, before, "rollout.stages") {
        return;
    }
    let Some(today) = cx.today else {
        out.skip(Context::Clock, "no date, which says what stages have begun");
        return;
    };
    let begun = before.plan.calendar.stages.iter().filter(|stage| stage.start.is_some_and(|start| start <= today));
    for (index, old) in begun.enumerate() {
        let since = old.start.map_or(String::new(), |start| format!("began on {start}"));
        let Some(new) = cx.plan.calendar.stages.get(index).filter(|new| new.name == old.name) else {
            let span = cx.plan.calendar.stages.get(index).map_or(cx.home("rollout"), |stage| stage.span);
            let found = crate::rules::place::at_value(
                cx,
                &RULE,
                Some(span),
                "rollout",
                format!("stage {} has begun and is no longer number {}", quoted(&old.name), index + 1),
            );
            out.push(
                found
                    .label(format!("{} {since}", quoted(&old.name)))
                    .help("put it back where it was, and append a stage for what shall be different"),
            );
            return;
        };
        let (was, is) = (old.share.value, new.share.value);
        let weights = |stage: &crate::plan::PlannedStage| {
            let mut weights: Vec<_> = stage.weights.iter().map(|(name, weight)| (name.value.clone(), weight.value)).collect();
            weights.sort_by(|a, b| a.0.cmp(&b.0));
            weights
        };
        if SLACK < (was - is).abs() {
            let found = crate::rules::place::at_value(
                cx,
                &RULE,
                new.share.span().or(Some(new.span)),
                "rollout",
                format!("stage {} has begun; its share was {}, not {}", quoted(&new.name), percent(was), percent(is)),
            );
            out.push(
                found
                    .label(since)
                    .help(format!("write \"{}\" again, and append a stage with {}", percent(was), percent(is))),
            );
        } else if weights(old) != weights(new) {
            let place = new.weights.first().map_or(new.span, |(name, _)| name.span);
            let headline = format!("stage {} has begun; its weights were others", quoted(&new.name));
            let found = crate::rules::place::at_value(cx, &RULE, Some(place), "rollout", headline);
            out.push(found.label(since).help("put its weights back, and append a stage with the new ones"));
        }
    }
}
