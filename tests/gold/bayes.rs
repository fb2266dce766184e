//! Posteriors, rules and assurance against gbstats, GrowthBook's calculator, statsmodels and closed forms.

use crate::anytime::estimate;
use crate::row::{Judged, Kinds, Row};
use expc::stats::bayes::rates::{Beta, compare};
use expc::stats::bayes::{Belief, Decision, Measure, Prior, Rope, Rule};
use expc::stats::estimate::Estimate;
use expc::stats::lift::Seen;
use expc::stats::{Direction, Sides};

pub const KINDS: Kinds = &[
    ("bayes.normal_effect", normal_effect),
    ("bayes.normal_posterior_power", posterior_power),
    ("bayes.normal_posterior_decision", posterior_decision),
    ("bayes.beta_binomial", beta_binomial),
    ("bayes.assurance_normal", assurance),
];

fn normal_effect(row: &Row, judged: &mut Judged) {
    // The prior is stated relative to control.
    let unit = if row.word("scale") == "relative" { 1.0 } else { row.given("mean_control").abs() };
    let prior = Belief::new(row.given("prior_mean_relative") * unit, row.given("prior_sd_relative") * unit).unwrap();
    let estimate = estimate(row);
    let posterior = Prior::Normal(prior).posterior(estimate.effect, estimate.standard_error).unwrap();
    let better = if row.flag("inverse_metric") { Direction::Down } else { Direction::Up };
    judged.check(row, "chance_to_win", posterior.better(better));
    judged.check(row, "expected", posterior.mean());
    let (low, high) = posterior.interval(0.95).unwrap();
    judged.check_all(row, "ci", &[low, high]);
    judged.check_all(row, "risk", &[posterior.loss_if_kept(better), posterior.loss_if_shipped(better)]);
}

fn posterior_power(row: &Row, judged: &mut Judged) {
    let (mean, variance) = if row.has("p_control") {
        let p = row.given("p_control");
        (p, p * (1.0 - p))
    } else {
        (row.given("mean_control"), row.given("sd") * row.given("sd"))
    };
    let lift = row.given("lift");
    let control = Seen { mean, variance, units: row.given("n_per_arm") };
    let planned = Estimate::lift(control, Seen { mean: mean * (1.0 + lift), ..control }).unwrap();
    let prior = Prior::Normal(Belief::new(row.given("prior_mean"), row.given("prior_sd")).unwrap());
    let rule = Rule { win: Some(1.0 - 0.5 * row.given("alpha")), ..Rule::none(Direction::Up) };
    judged.check(row, "power", rule.either_way(prior, planned.standard_error, lift).unwrap());
}

fn posterior_decision(row: &Row, judged: &mut Judged) {
    let posterior = Belief::new(row.given("posterior_mean"), row.given("posterior_sd")).unwrap();
    let half_width = row.given("rope_half_width");
    judged.check(row, "prob_better", posterior.better(Direction::Up));
    judged.check(row, "expected_loss_if_ship", posterior.loss_if_shipped(Direction::Up));
    judged.check(row, "expected_loss_if_keep", posterior.loss_if_kept(Direction::Up));
    judged.check(row, "prob_in_rope", posterior.between(-half_width, half_width));
    judged.check(row, "prob_above_rope", posterior.above(half_width));
    // The same through a rule: met just below the probability, not just above it.
    for (factor, met) in [(0.999, true), (1.001, false)] {
        let rope = Rope { half_width, probability: posterior.above(half_width) * factor };
        let rule = Rule { rope: Some(rope), ..Rule::none(Direction::Up) };
        judged.holds("prob_above_rope", rule.met(&posterior).unwrap() == met);
    }
}

fn beta_binomial(row: &Row, judged: &mut Judged) {
    let prior = Beta::new(row.given("prior_alpha"), row.given("prior_beta")).unwrap();
    let arm = |name: &str| {
        prior.posterior(row.given(&format!("conversions_{name}")), row.given(&format!("n_{name}"))).unwrap()
    };
    let duel = compare(arm("control"), arm("treatment")).unwrap();
    judged.check(row, "prob_treatment_better", duel.treatment_higher);
    judged.check(row, "expected_loss_choose_treatment", duel.loss_if_treatment);
    judged.check(row, "expected_loss_choose_control", duel.loss_if_control);
}

fn assurance(row: &Row, judged: &mut Judged) {
    let sd = row.given("sd");
    let sides = if row.given("sided") == 2.0 { Sides::Two } else { Sides::One };
    let test = Decision {
        measure: Measure::Mean { sd_control: sd, sd_treatment: sd },
        prior: Prior::Flat,
        rule: Rule { win: Some(1.0 - sides.tail(row.given("alpha"))), ..Rule::none(Direction::Up) },
        effect: row.given("prior_mean"),
        allocation: 1.0,
        size_factor: 1.0,
    };
    let effects = Belief::new(row.given("prior_mean"), row.given("prior_sd")).unwrap();
    let drawn = test.assurance(row.given("n_per_group"), effects).unwrap();
    judged.check(row, "assurance", drawn.success);
    judged.check(row, "prob_significant_and_truly_positive", drawn.success_and_better);
    judged.check(row, "prior_prob_positive", drawn.better);
    judged.check(row, "maximum_assurance", drawn.limit);
}
