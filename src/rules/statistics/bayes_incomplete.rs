//! STA023 bayes-incomplete.

use crate::plan::Way;
use crate::rules::prelude::*;
use crate::spec::Method;
use crate::spec::quantity::plain;

rule! {
    /// A Bayesian design has no prior, no threshold that decides, or one that changes without effect often meet.
    ///
    /// The rule is read as a test: how often would it ship a change that does nothing, with the units of the plan? Told
    /// above the policy's alpha; a low win probability alone is `STA007`'s.
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
    /// ```toml,bad
    /// [design]
    /// method = "bayesian"
    /// bayes = { prior_sd = "5%", max_expected_loss = "0.5%" }
    /// ```
    /// ```toml,good
    /// [design]
    /// method = "bayesian"
    /// bayes = { prior_sd = "5%", win_probability = 0.95 }
    /// ```
    static RULE = {
        code: "STA023", name: "bayes-incomplete", since: "0.1.0",
        level: Error in drafts Warn, needs: [Policy],
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
        (false, false) => return out.findings.extend(lax(cx)),
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

/// A rule that ships changes without effect more often than the policy's alpha.
fn lax(cx: &PlanCx<'_>) -> Option<Diagnostic> {
    let most = cx.policy.max_alpha.value.get();
    let bayes = cx.plan.design.bayes.as_ref()?;
    if cx.plan.status.value.is_over() || bayes.win_probability.as_ref().is_some_and(|win| win.value < 1.0 - most - 1e-9) {
        return None;
    }
    let rates = cx.plan.sizes.iter().filter(|sized| sized.role == Role::Primary).filter_map(|sized| {
        let sizing = sized.result.as_ref().ok()?;
        let Way::Posterior(decision) = &sizing.way else { return None };
        Some((sized, sizing.control, decision.type_one_error(sizing.control).ok()?))
    });
    let (sized, control, rate) = rates.max_by(|a, b| a.2.total_cmp(&b.2))?;
    if rate <= most + 1e-3 {
        return None;
    }
    let bar = bayes.win_probability.as_ref().or(bayes.max_expected_loss.as_ref()).and_then(|known| known.span());
    let headline = format!("{} wins in {} of runs without effect", quoted(&sized.metric), percent(rate));
    let mut found = crate::rules::place::at_value(cx, &RULE, bar, "design.bayes", headline)
        .label(format!("met too easily by {} control units", count(control)));
    if let Some(span) = cx.policy.max_alpha.span() {
        found = found.also(span, "the policy's alpha");
    }
    Some(
        found
            .help(format!("add `win_probability = {}`", plain(((1.0 - most) * 1e9).round() / 1e9)))
            .help("or ask for less expected loss, or for a prior around no effect")
            .fact("false_win_rate", rate),
    )
}
