//! GRD009 guard-too-slow.

use crate::rules::prelude::*;
use crate::spec::Gate;

rule! {
    /// A stage that the guardrails gate ends before their data has arrived.
    ///
    /// ## Why
    /// The gate opens because the guardrail is silent, not because it is good.
    ///
    /// ## Source
    /// Xu, Duan, Huang, SQR: balancing speed, quality and risk, KDD 2018.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// lag = "4 days"
    /// ```
    /// ```toml,fixed
    /// #: leaves ROL014 the next stage starts on a Saturday: `--suggested` then moves the start
    /// decision.by = 2027-02-17
    /// rollout.stages = [
    ///   { name = "canary", share = "2%", hold = "5 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// lag = "2 days"
    /// ```
    static RULE = {
        code: "GRD009", name: "guard-too-slow", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let slowest = cx.plan.metrics_of(Role::Guardrail).filter_map(|metric| Some((metric, metric.lag.as_ref()?)));
    let Some((metric, lag)) = slowest.max_by_key(|(_, lag)| lag.value) else { return };
    let stages = cx.spec.rollout.value().and_then(|rollout| rollout.stages.value());
    let stages = stages.filter(|list| !list.broken && !list.is_empty());
    // The gate of the last stage opens nothing.
    let Some((_, gated)) = stages.and_then(|list| list.items.split_last()) else { return };
    for stage in gated.iter().filter(|stage| stage.gate.copied() == Some(Gate::Guardrails)) {
        let Some(hold) = stage.hold.get().filter(|hold| hold.value < lag.value) else { continue };
        if hold.span.file != cx.document.file {
            continue;
        }
        let wanted = lag.value.whole_days();
        let name = stage.name.value().map_or("?", String::as_str);
        let headline = format!("stage {} ends before {} has any data", quoted(name), quoted(&metric.name));
        let mut found = RULE
            .at(hold.span, headline)
            .label(format!("the data comes {} late", days(wanted)))
            .also(stage.gate.span().unwrap_or(stage.span), "gated by the guardrails")
            .fact("lag_days", lag.value.in_days());
        if let Some(span) = lag.span() {
            found = found.also(span, "how late it is complete");
        }
        let added = (wanted + 1).saturating_sub(hold.value.whole_days());
        let text = format!("\"{}\"", days(wanted + 1));
        let (found, decide) = crate::rules::place::lengthen(cx, found, Some(hold.span), &text, added);
        out.push(
            found
                .help(format!("hold the stage for {}{decide}", days(wanted + 1)))
                .help("or gate it by a person: `gate = \"manual\"`"),
        );
    }
}
