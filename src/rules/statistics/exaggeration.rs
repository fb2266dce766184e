//! STA032 exaggeration.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::stats::exaggeration::{self, Exaggeration};
use crate::stats::normal;

/// Above this factor a win misleads.
const MOST: f64 = 1.5;

rule! {
    /// A win at the power that the plan gives would overstate the effect by half or more.
    ///
    /// The type M error of a test of the MDE: the mean significant estimate over the true effect. A stop at an early
    /// look exaggerates more.
    ///
    /// ## Why
    /// With little power only lucky estimates are significant. The forecast that rests on one is then missed, and some
    /// wins point the wrong way.
    ///
    /// ## Source
    /// Gelman, Carlin, Beyond Power Calculations, Perspectives on Psychological Science, 2014.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "1%" }
    /// #: file expc.toml
    /// [rules]
    /// STA002 = "allow"
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// ```
    static RULE = {
        code: "STA032", name: "exaggeration", since: "0.1.0",
        level: Info, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    for metric in cx.plan.metrics_of(Role::Primary) {
        let Some(mde) = &metric.mde else { continue };
        let sizes = cx.plan.sizes.iter().filter(|size| size.metric == metric.name && size.role == Role::Primary);
        let results = sizes.filter_map(|size| size.result.as_ref().ok());
        let Some(sizing) = results.min_by(|a, b| a.power.total_cmp(&b.power)) else { continue };
        let Some(found) = at_power(sizing) else { continue };
        if found.magnitude < MOST {
            continue;
        }
        let headline = format!(
            "a win on {} overstates the effect {} times",
            quoted(&metric.name),
            place::significant((found.magnitude * 10.0).round() / 10.0)
        );
        out.push(
            place::at_value(cx, &RULE, Some(mde.span), "metrics", headline)
                .label(format!("at power {} only lucky estimates are significant", probability(sizing.power)))
                .help("give the plan the power it asks for: `expc power` shows what share, time or effect that takes")
                .help("or report the estimate shrunk, and do not forecast from it")
                .fact("power", sizing.power)
                .fact("type_m", found.magnitude)
                .fact("type_s", found.wrong_sign),
        );
    }
}

/// What a significant result is worth at the power of the plan; `None` without units.
fn at_power(sizing: &Sizing) -> Option<Exaggeration> {
    let claim = &sizing.comparison;
    let tail = claim.sides.tail(claim.alpha);
    // The effect in standard errors: the power's quantile beyond the bound.
    let distance = normal::quantile(sizing.power.clamp(tail, 1.0 - 1e-9)) + normal::upper_quantile(tail);
    exaggeration::normal(distance, claim.alpha, claim.sides).ok()
}
