//! MET015 easy-to-game.

use crate::catalog::EventKind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// Everything that decides counts interactions, and nothing an outcome.
    ///
    /// Events say by `kind` what they are; where one that decides says nothing, the rule is silent.
    ///
    /// ## Why
    /// A louder button gets more clicks whether or not it helps anybody: what is measured alone becomes the goal.
    ///
    /// ## Source
    /// Goodhart's law; Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020, on overall evaluation criteria.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// kind = "interaction"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// kind = "interaction"
    /// [events.order_refunded]
    /// kind = "outcome"
    /// ```
    static RULE = {
        code: "MET015", name: "easy-to-game", since: "0.1.0",
        level: Info, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let kind = |metric: &PlannedMetric| {
        let event = place::definition(cx, metric)?.event.get()?;
        Some((event, cx.catalog.events.get(event)?.kind.get()?))
    };
    let mut counted = Vec::new();
    for metric in cx.plan.metrics_of(Role::Primary) {
        let Some((event, kind)) = kind(metric) else { return };
        // A surrogate is judged by how well it follows its goal.
        let surrogate = place::definition(cx, metric).is_some_and(|defined| !defined.stands_for.is_absent());
        if kind.value != EventKind::Interaction || surrogate {
            return;
        }
        counted.push((metric, event, kind.span));
    }
    let outcome = |metric: &PlannedMetric| kind(metric).is_some_and(|(_, kind)| kind.value == EventKind::Outcome);
    let Some(&(first, event, declared)) = counted.first() else { return };
    if cx.plan.metrics_of(Role::Guardrail).any(outcome) {
        return;
    }
    let headline = match counted.len() {
        1 => format!("success is {}, which counts an interaction", quoted(&first.name)),
        number => format!("all {number} primary metrics count interactions"),
    };
    out.push(
        place::at_metric(cx, &RULE, first, headline)
            .label("a louder page gets more of it")
            .also(declared, format!("{} is an interaction", quoted(event)))
            .help("add a primary or a guardrail on what people came for: an order, an answer, a return")
            .help(format!(
                "or name the goal it stands for: `stands_for` and `validation` in `[metrics.{}]`",
                crate::text::printable(&first.name)
            )),
    );
}
