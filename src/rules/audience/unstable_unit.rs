//! AUD007 unstable-unit.

use crate::rules::prelude::*;

rule! {
    /// The id of the unit does not live as long as the run and the longest metric window.
    ///
    /// ## Why
    /// When an id dies, the person comes back under another and may get the other variant: effects are diluted,
    /// and each person counts several times.
    ///
    /// ## Source
    /// Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.user]
    /// lifetime = "14 days"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [units.user]
    /// lifetime = "90 days"
    /// ```
    static RULE = {
        code: "AUD007", name: "unstable-unit", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(unit) = &cx.plan.audience.unit else { return };
    let Some(lifetime) = cx.catalog.units.get(&unit.value).and_then(|known| known.lifetime.get()) else { return };
    let run = cx.plan.calendar.days;
    let longest = cx
        .plan
        .metrics
        .iter()
        .filter(|metric| matches!(metric.role, Role::Primary | Role::Guardrail))
        .filter_map(|metric| Some((metric.window.as_ref()?, metric)))
        .max_by_key(|(window, _)| window.value);
    let window = longest.as_ref().map_or(0, |(window, _)| window.value.whole_days());
    let lives = lifetime.value.in_days();
    let needs = run + window;
    if run == 0 || f64::from(needs) <= lives || cx.plan.status.value.is_over() {
        return;
    }
    let Some(span) = unit.span() else { return };
    let mut found = RULE
        .at(span, format!("an id of {} lives {}, the experiment {}", quoted(&unit.value), lifetime.value, days(needs)))
        .label("people come back under another id")
        .also(lifetime.span, "how long an id lives")
        .fact("have", lives)
        .fact("need", f64::from(needs));
    if let Some(start) = cx.plan.calendar.start.as_ref().and_then(|start| start.span()) {
        found = found.also(start, format!("{} of stages", days(run)));
    }
    if let Some((at, metric)) = longest
        && let Some(span) = at.span()
    {
        found = found.also(span, format!("and {} for {}", days(window), quoted(&metric.name)));
    }
    let stable = cx
        .catalog
        .units
        .iter()
        .find(|(_, _, known)| known.lifetime.get().is_some_and(|life| f64::from(needs) <= life.value.in_days()));
    if let Some((name, ..)) = stable {
        found = found.help(format!("randomise by `{}`, whose ids live longer", crate::text::printable(name)));
    }
    let left = (lives.floor() as u32).saturating_sub(window);
    out.push(match left {
        0 => found.help("choose a metric with a shorter window"),
        left => found.help(format!("run at most {}", days(left))),
    });
}
