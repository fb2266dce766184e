//! GRD006 margin-too-wide.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A guardrail's margin is wider than the policy allows.
    ///
    /// ## Why
    /// The harm that is let through may exceed the gain that is sought.
    ///
    /// ## Source
    /// CONSORT extension for non-inferiority, on the choice of the margin.
    ///
    /// ```toml,bad
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.3pp" }
    /// ```
    /// ```toml,good
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// ```
    static RULE = {
        code: "GRD006", name: "margin-too-wide", since: "0.1.0",
        level: Warn, needs: [Policy, Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let most = &cx.policy.max_margin;
    let allowed = most.value.fraction();
    for metric in cx.plan.metrics_of(Role::Guardrail) {
        let Some(margin) = &metric.margin else { continue };
        let Some(relative) = margin.relative.filter(|relative| allowed + 1e-9 < *relative) else { continue };
        let headline = format!(
            "{} may get {} worse; the policy allows {}",
            quoted(&metric.name),
            percent(relative),
            percent(allowed)
        );
        let mut found = place::at_value(cx, &RULE, Some(margin.span), "metrics", headline)
            .label("the harm that would be let through")
            .fact("relative", relative)
            .fact("most", allowed);
        if let Some((base, span)) = metric.baseline.as_ref().and_then(|base| Some((base.value, base.span()?))) {
            found = found.also(span, format!("baseline {}", place::level(metric, base)));
            let widest = place::change(metric, base.abs() * allowed);
            found = found.help(format!("write at most {{ absolute = \"{widest}\" }}"));
        } else {
            found = found.help(format!("write at most {{ relative = \"{}\" }}", percent(allowed)));
        }
        if let Some(span) = most.span() {
            found = found.also(span, "the limit");
        }
        out.push(found);
    }
}
