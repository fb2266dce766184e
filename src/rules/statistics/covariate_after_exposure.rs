//! STA021 covariate-after-exposure.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::design::CovariatePeriod;

rule! {
    /// Variance reduction uses data from after assignment.
    ///
    /// ## Why
    /// The change itself moves such a covariate, and the adjustment removes part of the effect.
    ///
    /// ## Source
    /// Deng et al., Improving the sensitivity of online controlled experiments (CUPED), WSDM 2013.
    ///
    /// ```toml,bad
    /// [design.variance_reduction]
    /// method = "cuped"
    /// window = "14 days"
    /// period = "after"
    /// ```
    /// ```toml,fixed
    /// design.variance_reduction.period = "before"
    /// ```
    /// ```toml,good
    /// [design.variance_reduction]
    /// method = "cuped"
    /// window = "14 days"
    /// period = "before"
    /// ```
    static RULE = {
        code: "STA021", name: "covariate-after-exposure", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let reduction = cx.spec.design.value().and_then(|design| design.variance_reduction.value());
    let Some(period) = reduction.and_then(|reduction| reduction.period.get()) else { return };
    if period.value != CovariatePeriod::After {
        return;
    }
    let headline = "the covariate is read after assignment".to_owned();
    let found = place::at_value(cx, &RULE, Some(period.span), "design", headline).label("removes part of the effect");
    out.push(
        place::replace(cx, found, Applicability::Suggested, Some(period.span), "\"before\"")
            .help("set `period = \"before\"`"),
    );
}
