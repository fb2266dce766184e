//! STA023 bayes-incomplete.

use crate::rules::prelude::*;
use crate::spec::Method;

rule! {
    /// A Bayesian design has no prior, or no threshold that decides.
    ///
    /// ## Why
    /// A threshold that is picked after the data can always be met.
    ///
    /// ## Source
    /// GrowthBook's Bayesian engine and its docs.
    ///
    /// ```toml,bad
    /// [design]
    /// method = "bayesian"
    /// ```
    /// ```toml,good
    /// [design]
    /// method = "bayesian"
    /// bayes = { prior_sd = "5%", win_probability = 0.95 }
    /// ```
    static RULE = {
        code: "STA023", name: "bayes-incomplete", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(design) = cx.spec.design.value().filter(|_| !cx.document.is_damaged()) else { return };
    if cx.plan.design.method.value != Method::Bayesian || matches!(design.bayes, Field::Broken(_)) {
        return;
    }
    let bayes = design.bayes.value();
    let no_prior = bayes.is_none_or(|bayes| bayes.prior_sd.is_absent());
    let no_bar = bayes.is_none_or(|bayes| bayes.win_probability.is_absent() && bayes.max_expected_loss.is_absent());
    let lacks = match (no_prior, no_bar) {
        (true, true) => "prior and no threshold",
        (true, false) => "prior",
        (false, true) => "threshold that decides",
        (false, false) => return,
    };
    let mut found = RULE
        .at(cx.home("design.bayes"), format!("the Bayesian design has no {lacks}"))
        .label("would be chosen after the data");
    if let Some(span) = cx.plan.design.method.span() {
        found = found.also(span, "the method");
    }
    if no_prior {
        found = found.help("add `prior_sd`: what two thirds of past relative effects stayed within, such as \"5%\"");
    }
    if no_bar {
        found = found.help("add `win_probability = 0.95`, or `max_expected_loss = \"0.1%\"`");
    }
    out.push(found);
}
