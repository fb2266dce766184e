//! GRD007 guardrail-idle.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::rules::rollout::false_alarm::calm_units_at_margin;
use crate::spec::rollout::Rollback;
use crate::spec::{Gate, List};
use crate::spec::feedback::Notice;

rule! {
    /// No decision rule, rollback, gate or alert uses a guardrail.
    ///
    /// ## Why
    /// It reads as a check, and nothing would happen if it failed.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days" },
    ///   { name = "small", share = "10%", hold = "4 days" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// rollback = [{ metric = "page_latency", harm = "margin", min_units = 12000 }]
    /// [decision]
    /// rules = [
    ///   { quality = "fail", then = "iterate" },
    ///   { primary = "worse", then = "stop" },
    ///   { primary = "better", then = "ship" },
    /// ]
    /// [feedback]
    /// notify = { channel = "slack:#growth-exp", on = ["sample-reached", "srm"] }
    /// ```
    /// ```toml,fixed
    /// rollout.rollback = [
    ///   { metric = "page_latency", harm = "margin", min_units = 12000 },
    ///   { metric = "refund_rate", harm = "margin", min_units = 18000 },
    /// ]
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// ```
    static RULE = {
        code: "GRD007", name: "guardrail-idle", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(decision) = &cx.plan.decision else { return };
    // Without decision rules that is the fault: DEC001.
    if decision.broken || decision.rows.is_empty() || cx.document.is_damaged() {
        return;
    }
    let notify = cx.spec.feedback.value().and_then(|feedback| feedback.notify.value());
    let alerted = notify.and_then(|notify| notify.on.value());
    let all_used = decision.rows.iter().any(|row| row.guardrails.is_some())
        || cx.plan.calendar.stages.iter().any(|stage| stage.gate.value == Gate::Guardrails)
        || alerted.is_some_and(|on| on.broken || on.iter().any(|notice| notice.value == Notice::Guardrail));
    if all_used || rollback_list(cx).is_some_and(|list| list.broken) {
        return;
    }
    for metric in cx.plan.metrics_of(Role::Guardrail) {
        let named = |name: Option<&String>| name == Some(&metric.name);
        let used = super::rollbacks(cx).any(|rollback| named(rollback.metric.value()))
            || decision.rows.iter().any(|row| named(row.metric.as_ref().map(|(name, _)| &name.value)));
        if used {
            continue;
        }
        let name = quoted(&metric.name);
        let units = calm_units_at_margin(cx, &metric.name).unwrap_or(5000.0);
        let rollback = format!("metric = \"{}\"\nharm = \"margin\"\nmin_units = {units:.0}", crate::text::printable(&metric.name));
        let found = place::at_metric(cx, &RULE, metric, format!("nothing would happen if guardrail {name} failed"))
                .label("no decision rule, rollback, gate or alert uses it")
                .help("add `{ guardrails = \"fail\", then = \"stop\" }` to `decision.rules`")
                .help(format!(
                    "or a rollback: `{{ metric = \"{}\", harm = \"margin\", min_units = {units:.0} }}`",
                    crate::text::printable(&metric.name)
                ));
        let layout = place::layout(cx);
        let inherited = rollback_list(cx).is_some_and(|list| list.span.file != cx.document.file);
        let edits = match layout.push("rollout.rollback", &rollback) {
            // A list of the spec would replace the one of its template.
            None if inherited => None,
            None => layout.add("rollout", &format!("rollback = [{{ {} }}]", rollback.replace('\n', ", "))).map(|edit| vec![edit]),
            edits => edits,
        };
        out.push(place::offer(found, Applicability::Suggested, format!("roll back when {name} fails"), edits.unwrap_or_default()));
    }
}

fn rollback_list<'a>(cx: &PlanCx<'a>) -> Option<&'a At<List<Rollback>>> {
    cx.spec.rollout.value().and_then(|rollout| rollout.rollback.get())
}
