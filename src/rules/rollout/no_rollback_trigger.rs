//! ROL010 no-rollback-trigger.

use crate::rules::prelude::*;

rule! {
    /// Nothing rolls the change back by itself, or a trigger watches a metric that is not watched.
    ///
    /// ## Why
    /// Without a trigger somebody must be awake to stop harm; a trigger on a metric that nobody computes never fires.
    ///
    /// ## Source
    /// Docs of LaunchDarkly and PostHog.
    ///
    /// ```toml,bad
    /// #: without rollout.rollback
    /// ```
    /// ```toml,fixed
    /// rollout.rollback = [{ metric = "page_latency", harm = "margin", min_units = 4600 }]
    /// ```
    /// ```toml,bad
    /// [rollout]
    /// rollback = [{ metric = "revenue_per_user", harm = "difference", threshold = "$1", min_units = 5000 }]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// rollback = [{ metric = "page_latency", harm = "margin", min_units = 12000 }]
    /// ```
    static RULE = {
        code: "ROL010", name: "no-rollback-trigger", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.unreadable(&cx.spec.rollout) || cx.unreadable(&cx.spec.metrics) || !super::is_open(cx.plan) {
        return;
    }
    let watched = || {
        let roles = [Role::Guardrail, Role::Monitor];
        roles.into_iter().flat_map(|role| cx.plan.metrics_of(role)).map(|metric| metric.name.as_str())
    };
    let metrics_read = cx.spec.metrics.value().is_none_or(|metrics| {
        [Role::Guardrail, Role::Monitor].into_iter().all(|role| match metrics.of(role) {
            Field::Set(list) => !list.broken,
            Field::Absent => true,
            Field::Broken(_) => false,
        })
    });
    let rollout = super::rollout(cx);
    match &rollout.rollback {
        Field::Absent => missing(cx, cx.home("rollout"), "no `rollback`", out),
        Field::Set(list) if list.items.is_empty() && !list.broken => missing(cx, list.span, "an empty list", out),
        Field::Set(list) if metrics_read => {
            for rollback in list.iter() {
                let Some(metric) = rollback.metric.get() else { continue };
                if !watched().any(|name| name == metric.value) {
                    out.push(unwatched(cx, metric, watched().collect()));
                }
            }
        }
        _ => {}
    }
}

fn missing(cx: &PlanCx<'_>, span: Span, label: &str, out: &mut Sink) {
    let found = RULE.at(span, "nothing rolls back by itself").label(label);
    let guardrail = cx.plan.metrics_of(Role::Guardrail).next();
    let name = guardrail.map_or("<guardrail>", |metric| metric.name.as_str());
    let units = super::false_alarm::calm_units_at_margin(cx, name).unwrap_or(1000.0);
    let name = crate::text::printable(name);
    let line = format!("rollback = [{{ metric = \"{name}\", harm = \"margin\", min_units = {units:.0} }}]");
    let found = found.help(format!("add `{line}`"));
    let absent = super::rollout(cx).rollback.is_absent();
    out.push(match guardrail {
        Some(_) if absent => crate::rules::place::insert(cx, found, Applicability::Suggested, "rollout", &line),
        _ => found,
    });
}

fn unwatched(cx: &PlanCx<'_>, metric: &At<String>, watched: Vec<&str>) -> Diagnostic {
    let name = quoted(&metric.value);
    let found = RULE.at(metric.span, format!("rollback on {name}, not a guardrail or monitor"));
    let found = match cx.plan.metric(&metric.value) {
        Some(used) => found.label("never watched").also(used.span, format!("listed as a {} metric", used.role)),
        None => match nearest(&metric.value, watched.iter().copied()) {
            Some(near) => {
                return found.label(format!("did you mean `{near}`?")).fix(
                    Applicability::Suggested,
                    format!("watch `{near}`"),
                    vec![Edit { span: metric.span, replacement: format!("\"{near}\"") }],
                );
            }
            None => found.label("never watched"),
        },
    };
    let found = if watched.is_empty() { found } else { found.help(format!("watch {}", one_of(watched, 6))) };
    found.help(format!("or list {name} under `[[metrics.monitor]]`"))
}
