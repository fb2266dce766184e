//! GRD006 margin-too-wide.

use crate::plan::PlannedEffect;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A guardrail's margin is wider than the policy allows, or lets through as much as the experiment seeks to gain.
    ///
    /// Harm and gain are compared where both are counted in the same unit, other than a percentage.
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
    /// ```toml,bad
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// [[metrics.guardrail]]
    /// metric = "margin_per_user"
    /// margin = { absolute = "$0.30" }
    /// [metrics]
    /// primary = [{ metric = "revenue_per_user", mde = { absolute = "$0.25" } }]
    /// secondary = [{ metric = "order_conversion" }]
    /// [hypothesis]
    /// expect = [{ metric = "revenue_per_user", direction = "increase" }]
    /// #: file catalog/base.toml
    /// [metrics.margin_per_user]
    /// about = "What is left of the revenue of a unit"
    /// kind = "mean"
    /// direction = "increase"
    /// unit = "USD"
    /// event = "order_placed"
    /// value = "revenue_usd"
    /// window = "2 days"
    /// baseline = "$4.00"
    /// sd = "$9"
    /// cap = "$300"
    /// measured = 2026-10-01
    /// measured_on = "buyers"
    /// lag = "1 day"
    /// standing = "certified"
    /// owner = "growth"
    /// data_class = "pseudonymous"
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
        if let Some(found) = not_below_the_gain(cx, metric, margin) {
            out.push(found);
            continue;
        }
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

/// A margin that lets through as much, in value, as a primary metric seeks.
fn not_below_the_gain(cx: &PlanCx<'_>, metric: &PlannedMetric, margin: &PlannedEffect) -> Option<Diagnostic> {
    let unit = metric.unit.as_ref().filter(|_| !place::is_rate(metric))?;
    let harm = margin.absolute.map(f64::abs).filter(|harm| 0.0 < *harm)?;
    let (goal, mde, gain) = cx.plan.metrics_of(Role::Primary).find_map(|goal| {
        let same = goal.unit.as_ref().is_some_and(|other| other.value == unit.value);
        let mde = goal.mde.as_ref().filter(|_| same && goal.name != metric.name)?;
        let gain = mde.absolute.map(f64::abs).filter(|gain| 0.0 < *gain && *gain <= harm)?;
        Some((goal, mde, gain))
    })?;
    let (harm_text, gain_text) = (place::change(metric, harm), place::change(goal, gain));
    let headline = format!("{} may lose {harm_text}, and the gain sought is {gain_text}", quoted(&metric.name));
    Some(
        place::at_value(cx, &RULE, Some(margin.span), "metrics", headline)
            .label("the harm that would be let through")
            .also(mde.span, format!("the gain sought in {}", quoted(&goal.name)))
            .help(format!("write a margin below {gain_text}"))
            .fact("harm", harm)
            .fact("gain", gain),
    )
}
