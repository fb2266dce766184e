//! STA012 look-schedule.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Method;
use crate::stats::sequential::MOST_LOOKS;

rule! {
    /// The looks do not rise to 100 %, or come closer together than the data does.
    ///
    /// ## Why
    /// The bounds are computed for rising information; alpha that the last look does not get is thrown away.
    ///
    /// ## Source
    /// Lan, DeMets, Discrete sequential boundaries, 1983.
    ///
    /// ```toml,bad
    /// [design]
    /// method = "group-sequential"
    /// spending = "obrien-fleming"
    /// looks = ["50%", "80%"]
    /// ```
    /// ```toml,bad
    /// [design]
    /// method = "group-sequential"
    /// spending = "obrien-fleming"
    /// looks = ["66%", "33%", "100%"]
    /// ```
    /// ```toml,good
    /// [design]
    /// method = "group-sequential"
    /// spending = "obrien-fleming"
    /// looks = ["50%", "80%", "100%"]
    /// ```
    static RULE = {
        code: "STA012", name: "look-schedule", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

/// Looks closer than this are one.
const LEAST_STEP: f64 = 1e-4;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = &cx.plan.design;
    let broken = cx.spec.design.value().and_then(|design| design.looks.value()).is_none_or(|list| list.broken);
    if broken || !matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid) {
        return;
    }
    let shown = |look: f64| percent(look);
    if let Some(extra) = design.looks.get(MOST_LOOKS) {
        let headline = format!("{} looks are more than {MOST_LOOKS}", design.looks.len());
        let found = place::at_value(cx, &RULE, Some(extra.span), "design", headline).label("the first one too many");
        out.push(found.help("look once a day at most, or set `method = \"always-valid\"` without `looks`"));
        return;
    }
    for pair in design.looks.windows(2) {
        let [before, after] = pair else { continue };
        if before.value < after.value && after.value - before.value < LEAST_STEP {
            let headline = format!("two looks are {} of the sample apart", percent(after.value - before.value));
            let found = place::at_value(cx, &RULE, Some(after.span), "design", headline).label("sees nothing more");
            out.push(found.also(before.span, "the look before").help("remove one of the two looks"));
            return;
        }
        if before.value < after.value {
            continue;
        }
        let headline = format!("the look at {} comes after the one at {}", shown(after.value), shown(before.value));
        out.push(
            place::at_value(cx, &RULE, Some(after.span), "design", headline)
                .label("information only grows")
                .also(before.span, "before it")
                .help("write the looks in rising order, each once"),
        );
        return;
    }
    let Some(last) = design.looks.last() else { return };
    if last.value < 1.0 {
        let headline = format!("the last look is at {}, not at 100%", shown(last.value));
        out.push(
            place::at_value(cx, &RULE, Some(last.span), "design", headline)
                .label(format!("{} of the planned units are never judged", shown(1.0 - last.value)))
                .help("add \"100%\" as the last look"),
        );
        return;
    }
    too_close(cx, out);
}

/// Two looks with less time between them than the data of a primary metric needs to arrive.
fn too_close(cx: &PlanCx<'_>, out: &mut Sink) {
    let plan = cx.plan;
    let day = |part: f64| plan.calendar.day_of_part(part, plan.calendar.days);
    let slowest = plan.metrics_of(Role::Primary).filter_map(|metric| Some((metric, metric.lag.as_ref()?)));
    let slowest = slowest.max_by_key(|(_, lag)| lag.value);
    let (Some((metric, lag)), true) = (slowest, 0 < plan.calendar.days) else { return };
    for pair in plan.design.looks.windows(2) {
        let [before, after] = pair else { continue };
        let apart = day(after.value).saturating_sub(day(before.value));
        if lag.value.in_days() <= f64::from(apart) {
            continue;
        }
        let apart = if apart == 0 { "on one day".to_owned() } else { format!("{} apart", days(apart)) };
        let headline = format!("two looks are {apart}; the data needs {}", place::span_text(lag.value));
        let mut found = place::at_value(cx, &RULE, Some(after.span), "design", headline)
            .label("sees hardly more than the look before")
            .also(before.span, "the look before");
        if let Some(span) = lag.span() {
            found = found.also(span, format!("how late {} is complete", quoted(&metric.name)));
        }
        out.push(found.help("remove one of the two looks"));
        return;
    }
}
