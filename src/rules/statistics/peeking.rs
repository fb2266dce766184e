//! STA010 peeking.

use crate::plan::Way;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Method;
use crate::stats::bayes::{Decision, Prior};
use crate::stats::{Sides, normal};
use crate::stats::sequential::{Monitoring, Spending};

rule! {
    /// A design that decides once lists interim looks.
    ///
    /// The finding gives the rate of false wins that these looks have, by the recursion over them; of a Bayesian rule, the
    /// rate at which it is convinced at one of them when there is no effect.
    ///
    /// ## Why
    /// Every look at 5 % is another chance of a false win: five looks give 14 %, twenty 25 %.
    ///
    /// ## Source
    /// Johari et al., Peeking at A/B Tests, KDD 2017; Kohavi, Deng, Vermeer, KDD 2022. The rate is computed for the
    /// looks of the spec.
    ///
    /// ```toml,bad
    /// [design]
    /// looks = ["33%", "66%", "100%"]
    /// ```
    /// ```toml,fixed
    /// design.method = "group-sequential"
    /// design.spending = "obrien-fleming"
    /// ```
    /// ```toml,bad
    /// [design]
    /// method = "bayesian"
    /// bayes = { prior_sd = "5%", win_probability = 0.95 }
    /// looks = ["33%", "66%", "100%"]
    /// ```
    /// ```toml,good
    /// [design]
    /// method = "group-sequential"
    /// spending = "obrien-fleming"
    /// looks = ["33%", "66%", "100%"]
    /// ```
    static RULE = {
        code: "STA010", name: "peeking", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

/// Beyond so many looks the exact rate is not worth its time, and no longer the point.
const MOST_LOOKS: usize = 120;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = &cx.plan.design;
    let interim = design.looks.iter().filter(|look| look.value < 1.0).count();
    let written = cx.spec.design.value().and_then(|design| design.looks.get());
    if design.method.value == Method::Bayesian && 0 < interim {
        return posterior(cx, interim, out);
    }
    let (Some(list), true) = (written, design.method.value == Method::Fixed && 0 < interim) else { return };
    let mut fractions: Vec<f64> = design.looks.iter().map(|look| look.value).filter(|look| *look < 1.0).collect();
    fractions.sort_by(f64::total_cmp);
    fractions.dedup();
    let at_least = if MOST_LOOKS < fractions.len() { "at least " } else { "" };
    fractions.truncate(MOST_LOOKS);
    fractions.push(1.0);
    let (alpha, sides) = (design.alpha.value, Sides::from(design.sides.value));
    let rate = Monitoring::unadjusted(&fractions, alpha, sides).map(|plan| plan.type_one_error());
    let headline = match rate {
        Ok(rate) => format!("{interim} interim looks make alpha {alpha} a false-win rate of {at_least}{}", percent(rate)),
        Err(_) => format!("{interim} interim looks inflate the alpha of a fixed design"),
    };
    let mut found = place::at_value(cx, &RULE, Some(list.span), "design", headline).label("no bounds guard these looks");
    if let Some(span) = design.method.span() {
        found = found.also(span, "looks once, at the end");
    }
    if let Ok(rate) = rate {
        found = found.fact("false_win_rate", rate);
    }
    let price = Monitoring::spending(&fractions, alpha, sides, Spending::ObrienFleming)
        .and_then(|plan| plan.inflation(design.power.value))
        .map_or(String::new(), |factor| format!(": {} more units", percent(factor - 1.0)));
    let own = design.method.span().filter(|span| span.file == cx.document.file);
    found = match own {
        Some(span) => found.fix(
            Applicability::Suggested,
            "make the design group-sequential",
            vec![Edit { span, replacement: "\"group-sequential\"\nspending = \"obrien-fleming\"".to_owned() }],
        ),
        None => place::insert(
            cx,
            found,
            Applicability::Suggested,
            "design",
            "method = \"group-sequential\"\nspending = \"obrien-fleming\"",
        ),
    };
    out.push(
        found
            .help(format!("set `method = \"group-sequential\"` and `spending = \"obrien-fleming\"`{price}"))
            .help("or remove `looks`, and look once at the end"),
    );
}

/// A posterior that is read several times, each reading against the same bar.
fn posterior(cx: &PlanCx<'_>, interim: usize, out: &mut Sink) {
    let Some(list) = cx.spec.design.value().and_then(|design| design.looks.get()) else { return };
    let rates = cx.plan.sizes.iter().filter(|sized| sized.role == Role::Primary).filter_map(|sized| {
        let sizing = sized.result.as_ref().ok()?;
        let Way::Posterior(decision) = &sizing.way else { return None };
        rate_of_posterior(cx, decision, sizing.control)
    });
    let worst = rates.reduce(|a, b| if a.1 < b.1 { b } else { a });
    let headline = match worst {
        Some((once, rate)) => format!(
            "{interim} interim looks make the rule err in {} of runs without effect, not {}",
            percent(rate),
            percent(once)
        ),
        None => format!("{interim} interim looks give a Bayesian rule that many more chances to err"),
    };
    let mut found = place::at_value(cx, &RULE, Some(list.span), "design", headline).label("each look may convince");
    if let Some(span) = cx.plan.design.method.span() {
        found = found.also(span, "sized for one reading, at the end");
    }
    if let Some((_, rate)) = worst {
        found = found.fact("false_win_rate", rate);
    }
    out.push(
        found
            .help("remove `looks`, and read the posterior once, at the end")
            .help("or set `method = \"group-sequential\"` with a `spending` function"),
    );
}

/// How often the rule is convinced without an effect: by one reading at the end, and by any of the looks.
fn rate_of_posterior(cx: &PlanCx<'_>, decision: &Decision, control: f64) -> Option<(f64, f64)> {
    let (win, Prior::Normal(belief)) = (decision.rule.win?, decision.prior) else { return None };
    if decision.rule.loss.is_some() || decision.rule.rope.is_some() {
        return None;
    }
    let error = decision.standard_error(control, 0.0).ok()?;
    let precision = 1.0 / (error * error);
    let prior = 1.0 / (belief.sd() * belief.sd());
    let z = normal::upper_quantile(1.0 - win);
    let good = decision.rule.better.sign();
    let mut fractions: Vec<f64> = cx.plan.design.looks.iter().map(|look| look.value).filter(|look| *look < 1.0).collect();
    fractions.sort_by(f64::total_cmp);
    fractions.dedup();
    fractions.truncate(MOST_LOOKS);
    fractions.push(1.0);
    // Convinced where the posterior mean lies `z` deviations on the good side.
    let bound = |part: &f64| {
        let known = precision * part;
        (z * (known + prior).sqrt() - good * prior * belief.mean()) / known.sqrt()
    };
    let bounds: Vec<f64> = fractions.iter().map(bound).collect();
    let rate = Monitoring::bounded(&fractions, &bounds, 1.0 - win, Sides::One).ok()?.type_one_error();
    Some((decision.type_one_error(control).ok()?, rate))
}
