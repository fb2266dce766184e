//! STA006 baseline-other-population.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The baseline of a deciding metric was measured on another audience than the experiment's.
    ///
    /// ## Why
    /// Filtered users behave differently, so that the size comes out wrong.
    ///
    /// ## Source
    /// Statsig's power analysis.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// measured_on = "everybody"
    /// [audiences.everybody]
    /// about = "All accounts"
    /// daily_units = 900000
    /// unit = "user"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// measured_on = "buyers"
    /// ```
    static RULE = {
        code: "STA006", name: "baseline-other-population", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(base) = &cx.plan.audience.base else { return };
    for metric in place::deciding(cx.plan).filter(|metric| metric.baseline.is_some()) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let Some(on) = defined.measured_on.get().filter(|on| on.value != base.value) else { continue };
        let headline = format!("the baseline of {} is of another audience", quoted(&metric.name));
        let mut found = place::at_metric(cx, &RULE, metric, headline)
            .label(format!("sized for units of {}", quoted(on)))
            .also(on.span, "measured on this one");
        if let Some(span) = base.span() {
            found = found.also(span, "the experiment is for this one");
        }
        out.push(found.help(format!(
            "measure `{}` on {} and say so in `measured_on`",
            crate::text::printable(&metric.name),
            quoted(&base.value)
        )));
    }
}
