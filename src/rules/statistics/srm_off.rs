//! STA024 srm-off.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::design::SrmAction;
use crate::spec::quantity::plain;

rule! {
    /// The sample-ratio check is off, laxer than the policy allows, or without consequence.
    ///
    /// ## Why
    /// Variants of another size than planned mean that units were lost by variant: no result of such data holds.
    /// About 6 % of experiments at a large programme show it.
    ///
    /// ## Source
    /// Fabijan et al., Diagnosing Sample Ratio Mismatch, KDD 2019; Kohavi, Tang, Xu 2020.
    ///
    /// ```toml,bad
    /// #: file templates/conversion-ab.toml
    /// [design.srm]
    /// check = false
    /// ```
    /// ```toml,bad
    /// #: file templates/conversion-ab.toml
    /// #: without design.srm
    /// #: file experiments/checkout-one-tap.toml
    /// [design]
    /// srm = { alpha = 0.05, action = "stop" }
    /// ```
    /// ```toml,fixed
    /// design.srm.alpha = 0.001
    /// ```
    /// ```toml,good
    /// #: file templates/conversion-ab.toml
    /// [design.srm]
    /// check = true
    /// ```
    static RULE = {
        code: "STA024", name: "srm-off", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let srm = &cx.plan.design.srm;
    let most = &cx.policy.max_srm_alpha;
    if !srm.check.value {
        let found = place::at_value(cx, &RULE, srm.check.span(), "design", "the sample-ratio check is off".to_owned());
        let found = found.label("lost units would go unnoticed");
        out.push(
            place::replace(cx, found, Applicability::Suggested, srm.check.span(), "true")
                .help("set `srm = { check = true, action = \"stop\" }` in `[design]`"),
        );
        return;
    }
    if most.value.get() + 1e-12 < srm.alpha.value {
        let headline = format!("the sample-ratio check uses alpha {}, above {}", plain(srm.alpha.value), most.value);
        let mut found = place::at_value(cx, &RULE, srm.alpha.span(), "design", headline)
            .label(format!("alarms in {} of healthy experiments", percent(srm.alpha.value)));
        if let Some(span) = most.span() {
            found = found.also(span, "the limit");
        }
        let strict = noticed(cx, 0.001).map_or(String::new(), |leak| {
            format!(": by the end it still notices a loss of {} of a variant, nine times in ten", percent(leak))
        });
        out.push(
            place::replace(cx, found, Applicability::Suggested, srm.alpha.span(), "0.001")
                .help(format!("set `alpha = 0.001`{strict}")),
        );
    }
    if srm.action.value == SrmAction::Warn {
        let headline = "a failed sample-ratio check has no consequence".to_owned();
        let found = place::at_value(cx, &RULE, srm.action.span(), "design", headline).label("only tells somebody");
        out.push(
            place::replace(cx, found, Applicability::Suggested, srm.action.span(), "\"void\"")
                .help("set `action = \"stop\"`, or `action = \"void\"`: the result counts for nothing until explained"),
        );
    }
}

/// The smallest loss of units of one variant that the check would notice by the end at another level.
fn noticed(cx: &PlanCx<'_>, alpha: f64) -> Option<f64> {
    let mut plan = cx.plan.clone();
    plan.design.srm.alpha.value = alpha;
    Some(plan.smallest_leak()?.ok()?.part)
}
