//! STA007 alpha-power-policy.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::quantity::plain;
use crate::spec::{Method, PowerOf};

rule! {
    /// Alpha is above, or power below, what the policy allows; of a Bayesian rule, the win probability is too low.
    ///
    /// A win probability of 0.95 is taken as an alpha of 0.05. The alpha of the sample-ratio check is `STA024`'s.
    ///
    /// ## Why
    /// Thresholds that each team sets drift until every result is a win.
    ///
    /// ## Source
    /// Statsig's and Eppo's organisation-wide defaults.
    ///
    /// ```toml,bad
    /// [design]
    /// power = 0.7
    /// ```
    /// ```toml,fixed
    /// #: leaves SYN011 the template says the same: `--fix` then takes the line out
    /// design.power = 0.8
    /// ```
    /// ```toml,good
    /// [design]
    /// power = 0.85
    /// ```
    /// ```toml,bad
    /// [design]
    /// method = "bayesian"
    /// bayes = { prior_sd = "5%", win_probability = 0.8 }
    /// ```
    static RULE = {
        code: "STA007", name: "alpha-power-policy", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = &cx.plan.design;
    let (most, least) = (&cx.policy.max_alpha, &cx.policy.min_power);
    let bayes = design.bayes.as_ref().filter(|_| design.method.value == Method::Bayesian);
    if let Some(win) = bayes.and_then(|bayes| bayes.win_probability.as_ref()) {
        let allowed = 1.0 - most.value.get();
        if win.value + 1e-12 < allowed {
            let headline = format!("win probability {} is below the policy's {}", plain(win.value), short(allowed));
            out.push(found(cx, "win_probability", headline, win.span(), most.span(), short(allowed)));
        }
    } else if bayes.is_none() && most.value.get() + 1e-12 < design.alpha.value {
        let headline = format!("alpha {} is above the policy's {}", plain(design.alpha.value), most.value);
        out.push(found(cx, "alpha", headline, design.alpha.span(), most.span(), plain(most.value.get())));
    }
    if design.power.value + 1e-12 < least.value.get() {
        let headline = format!("power {} is below the policy's {}", plain(design.power.value), least.value);
        out.push(found(cx, "power", headline, design.power.span(), least.span(), plain(least.value.get())));
    }
}

fn found(
    cx: &PlanCx<'_>,
    key: &str,
    headline: String,
    span: Option<Span>,
    limit: Option<Span>,
    allowed: String,
) -> Diagnostic {
    let label = match key {
        "alpha" => "the chance of a false win",
        "win_probability" => "convinced too soon",
        _ if cx.plan.design.power_of.value == PowerOf::Decision => "the chance to ship when every effect is there",
        _ => "the chance to see the effect when it is there",
    };
    let mut found = place::at_value(cx, &RULE, span, "design", headline).label(label).fact("allowed", allowed.parse().unwrap_or(f64::NAN));
    if let Some(limit) = limit {
        found = found.also(limit, "the limit");
    }
    place::replace(cx, found, Applicability::Suggested, span, &allowed)
        .help(format!("set `{key} = {allowed}` in `[{}]`", if key == "win_probability" { "design.bayes" } else { "design" }))
}

/// One minus a decimal, without the digits that binary adds.
fn short(probability: f64) -> String {
    plain((probability * 1e9).round() / 1e9)
}
