//! STA022 covariate-empty.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::design::Reduction;

rule! {
    /// Variance reduction looks further back than an id lives, or promises more than a past can tell.
    ///
    /// ## Why
    /// Units without a past have no covariate: the promised gain in size does not come.
    ///
    /// ## Source
    /// Deng et al., Improving the sensitivity of online controlled experiments (CUPED), WSDM 2013.
    ///
    /// ```toml,bad
    /// [design.variance_reduction]
    /// method = "cuped"
    /// window = "90 days"
    /// #: file catalog/base.toml
    /// [units.user]
    /// lifetime = "60 days"
    /// ```
    /// ```toml,good
    /// [design.variance_reduction]
    /// method = "cuped"
    /// window = "14 days"
    /// ```
    static RULE = {
        code: "STA022", name: "covariate-empty", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

/// No past is so like the future.
const MOST_ALIKE: f64 = 0.99;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(reduction) = &cx.plan.design.reduction else { return };
    if let Some(rho) = reduction.correlation.as_ref().filter(|rho| MOST_ALIKE < rho.value.abs()) {
        let headline = format!("a correlation of {} would leave hardly any noise", place::significant(rho.value));
        out.push(
            place::at_value(cx, &RULE, rho.span(), "design", headline)
                .label("a covariate so like the metric is the metric")
                .help("measure the correlation between two past windows of the same units: 0.3 to 0.7 is usual"),
        );
    }
    let (Some(window), false) = (&reduction.window, reduction.method.value == Reduction::None) else { return };
    let Some(unit) = &cx.plan.audience.unit else { return };
    let Some(life) = cx.catalog.units.get(&unit.value).and_then(|unit| unit.lifetime.get()) else { return };
    if window.value <= life.value {
        return;
    }
    let (back, lives) = (days(window.value.whole_days()), days(life.value.whole_days()));
    let headline = format!("the covariate reaches back {back}; a {} id lives {lives}", quoted(&unit.value));
    out.push(
        place::at_value(cx, &RULE, window.span(), "design", headline)
            .label("most units have no past of that length")
            .also(life.span, "how long an id lives")
            .help("set a window well inside the life of an id: 7 or 14 days are usual"),
    );
}
