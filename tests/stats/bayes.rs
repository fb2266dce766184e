//! Laws of posteriors, rules on them, and assurance.

use crate::cases::cases;
use expc::stats::bayes::rates::{Beta, compare};
use expc::stats::bayes::{Belief, Decision, Measure, Prior, Rope, Rule, sequential_assurance};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::MeanTest;
use expc::stats::sequential::{Monitoring, Spending, equal_fractions};
use expc::stats::{Direction, Refusal, Sides, normal};
use proptest::prelude::*;

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Up), Just(Direction::Down)]
}

fn prior() -> impl Strategy<Value = Prior> {
    prop_oneof![
        Just(Prior::Flat),
        // As wide as a real prior is: sceptical to hopeful.
        (-0.5..0.5_f64, 0.02..2.0_f64).prop_map(|(mean, sd)| Prior::Normal(Belief::new(mean * sd, sd).unwrap())),
    ]
}

prop_compose! {
    fn rule()(
        better in direction(),
        win in prop::option::of(0.6..0.99),
        loss in prop::option::of(1e-4..0.1),
        rope in prop::option::of((0.001..0.02, 0.3..0.95)),
    ) -> Rule {
        let rope = rope.map(|(half_width, probability)| Rope { half_width, probability });
        let none = win.is_none() && loss.is_none() && rope.is_none();
        Rule { better, win: if none { Some(0.95) } else { win }, loss, rope }
    }
}

prop_compose! {
    fn decision()(prior in prior(), rule in rule(), size in 0.03..0.2_f64, sd in 0.5..2.0, ln_allocation in -1.0..1.0_f64,
        size_factor in 0.4..2.0, rate: bool, baseline in 0.3..0.7_f64) -> Decision
    {
        let measure =
            if rate { Measure::Proportion { baseline } } else { Measure::Mean { sd_control: sd, sd_treatment: 1.0 } };
        let effect = rule.better.sign() * size;
        Decision { measure, prior, rule, effect, allocation: ln_allocation.exp(), size_factor }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_flat_posterior_is_the_z_test(estimate in -5.0..5.0_f64, se in 0.01..3.0, alpha in 1e-4..0.4_f64) {
        let posterior = Prior::Flat.posterior(estimate, se).unwrap();
        prop_assert_eq!(posterior.better(Direction::Up), normal::cdf(estimate / se));
        let rule = Rule { win: Some(1.0 - alpha), ..Rule::none(Direction::Up) };
        let error: f64 = rule.type_one_error(Prior::Flat, se).unwrap();
        prop_assert!((error - alpha).abs() < 1e-14);
        let z = normal::upper_quantile(alpha);
        let power = normal::sf(z - estimate / se);
        prop_assert!((rule.power(Prior::Flat, se, estimate).unwrap() - power).abs() < 1e-13);
        // A very wide prior is next to flat.
        let wide = Prior::Normal(Belief::new(1.0, 1e9).unwrap());
        prop_assert!((rule.power(wide, se, estimate).unwrap() - power).abs() < 1e-8);
    }

    #[test]
    fn a_flat_rule_needs_what_the_z_test_needs(alpha in 1e-3..0.2, power in 0.3..0.99, effect in 0.01..1.0, r in 0.2..5.0) {
        let rule = Rule { win: Some(1.0 - alpha), ..Rule::none(Direction::Up) };
        let measure = Measure::Mean { sd_control: 1.5, sd_treatment: 1.5 };
        let decision = Decision { measure, prior: Prior::Flat, rule, effect, allocation: r, size_factor: 0.8 };
        let test = Comparison {
            endpoint: Endpoint::Mean { baseline: 0.0, sd: 1.5, test: MeanTest::Z },
            claim: Claim::Superiority { effect },
            scale: Scale::Difference,
            alpha,
            sides: Sides::One,
            allocation: r,
            size_factor: 0.8,
        };
        let (got, want) = (decision.required(power).unwrap(), test.required(power).unwrap());
        prop_assert!((got.control / want.control - 1.0).abs() < 1e-10);
        prop_assert_eq!((got.control_units, got.treatment_units), (want.control_units, want.treatment_units));
    }

    #[test]
    fn two_estimates_are_one_pooled(prior in prior(), a in -2.0..2.0_f64, b in -2.0..2.0_f64, s in 0.1..1.0, t in 0.1..1.0) {
        let first = prior.posterior(a, s).unwrap();
        let then = Prior::Normal(first).posterior(b, t).unwrap();
        let (u, v) = (1.0 / (s * s), 1.0 / (t * t));
        let once = prior.posterior((u * a + v * b) / (u + v), 1.0 / (u + v).sqrt()).unwrap();
        prop_assert!((then.mean() - once.mean()).abs() < 1e-13 && (then.sd() / once.sd() - 1.0).abs() < 1e-13);
    }

    #[test]
    fn losses_differ_by_the_mean(mean in -30.0..30.0_f64, sd in 0.01..3.0, better in direction()) {
        let belief = Belief::new(mean, sd).unwrap();
        let (ship, keep) = (belief.loss_if_shipped(better), belief.loss_if_kept(better));
        prop_assert!(0.0 <= ship && 0.0 <= keep);
        prop_assert!((keep - ship - better.sign() * mean).abs() < 1e-13 * (1.0 + mean.abs()));
        let (low, high) = belief.interval(0.9).unwrap();
        prop_assert!((belief.between(low, high) - 0.9).abs() < 1e-12);
        prop_assert!((belief.above(low) + belief.below(low) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_threshold_of_a_loss_has_that_loss(ln_loss in -60.0..6.0_f64, sd in 1e-3..10.0, se in 0.01..10.0) {
        let loss = ln_loss.exp() * sd;
        let rule = Rule { loss: Some(loss), ..Rule::none(Direction::Up) };
        // Around the true threshold, found by the rule's own verdicts.
        let met = |mean: f64| rule.met(&Belief::new(mean, sd).unwrap()).unwrap();
        let (mut low, mut high) = (-loss - 50.0 * sd, 50.0 * sd);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if met(middle) { high = middle } else { low = middle }
        }
        let there = Belief::new(high, sd).unwrap().loss_if_shipped(Direction::Up);
        prop_assert!((there / loss - 1.0).abs() < 1e-9, "{there} {loss}");
        prop_assert!((0.0..=1.0).contains(&rule.type_one_error(Prior::Flat, se).unwrap()));
    }

    #[test]
    fn sizes_come_back(decision in decision(), power in 0.5..0.97) {
        match decision.required(power) {
            Ok(size) => {
                prop_assert!((decision.power(size.control).unwrap() - power).abs() < 1e-9);
                prop_assert!(power - 1e-11 <= size.power);
                // Nowhere above it is the power short.
                for factor in [1.01, 1.3, 2.0, 7.0, 100.0] {
                    prop_assert!(power <= decision.power(factor * size.control).unwrap() + 1e-9);
                }
                let found = decision.detectable(size.control, power).unwrap();
                prop_assert!((found - decision.effect).abs() < 1e-7, "{found}");
            }
            Err(refusal) => prop_assert!(matches!(refusal, Refusal::PriorDecides | Refusal::WithinMargin { .. }), "{refusal}"),
        }
    }

    #[test]
    fn a_sceptical_rule_gains_from_every_unit(decision in decision(), n in 10.0..1e5_f64) {
        let prior = Prior::Normal(Belief::new(0.0, 0.3).unwrap());
        let rule = Rule { win: Some(0.9), loss: None, rope: None, ..decision.rule };
        let decision = Decision { prior, rule, ..decision };
        prop_assert!(decision.power(n).unwrap() <= decision.power(1.2 * n).unwrap() + 1e-15);
        prop_assert!(decision.type_one_error(n).unwrap() <= 0.1);
        let more = decision.power_at(n, 1.1 * decision.effect).unwrap();
        prop_assert!(decision.power(n).unwrap() <= more + 1e-12);
    }

    #[test]
    fn assurance_keeps_its_bounds(rule in rule(), prior in prior(), mean in -1.0..1.0_f64, sd in 0.01..2.0, se in 1e-3..2.0) {
        let effects = Belief::new(mean, sd).unwrap();
        let drawn = rule.assurance(prior, se, effects).unwrap();
        prop_assert!(drawn.success_and_better <= drawn.better && drawn.success_and_better <= drawn.success);
        prop_assert!(-1e-12 <= drawn.success_and_better);
        prop_assert!((drawn.better - effects.better(rule.better)).abs() < 1e-15);
        // A prior that is a point: the power.
        let point = rule.assurance(prior, se, Belief::new(mean, 0.0).unwrap()).unwrap();
        prop_assert_eq!(point.success, rule.power(prior, se, mean).unwrap());
        let near = rule.assurance(prior, se, Belief::new(mean, 1e-9).unwrap()).unwrap();
        prop_assert!((near.success - point.success).abs() < 1e-5);
        // Endless data: the effect is known.
        let known = rule.assurance(prior, 1e-9, effects).unwrap();
        prop_assert!((known.success - drawn.limit).abs() < 1e-5);
    }

    #[test]
    fn a_z_test_is_assured_less_than_the_effect_is_likely(mean in 0.0..2.0_f64, sd in 0.01..2.0, se in 1e-3..2.0, alpha in 1e-3..0.4) {
        let rule = Rule { win: Some(1.0 - alpha), ..Rule::none(Direction::Up) };
        let drawn = rule.assurance(Prior::Flat, se, Belief::new(mean, sd).unwrap()).unwrap();
        prop_assert!(drawn.success <= drawn.better + 1e-15);
        prop_assert_eq!(drawn.limit, drawn.better);
    }
}

/// P(B > A) of integer shapes: a finite sum (Evan Miller 2015).
fn closed_sum(a: (u32, u32), b: (u32, u32)) -> f64 {
    let ln_beta = |x: f64, y: f64| libm::lgamma(x) + libm::lgamma(y) - libm::lgamma(x + y);
    let (a0, a1) = (f64::from(a.0), f64::from(a.1));
    let b1 = f64::from(b.1);
    (0..b.0)
        .map(|i| {
            let i = f64::from(i);
            (ln_beta(a0 + i, a1 + b1) - (b1 + i).ln() - ln_beta(1.0 + i, b1) - ln_beta(a0, a1)).exp()
        })
        .sum()
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn rates_by_quadrature_and_by_the_sum(a in (1_u32..300, 1_u32..300), b in (1_u32..300, 1_u32..300)) {
        let beta = |(x, y): (u32, u32)| Beta::new(f64::from(x), f64::from(y)).unwrap();
        let duel = compare(beta(a), beta(b)).unwrap();
        let wanted = closed_sum(a, b);
        prop_assert!((duel.treatment_higher - wanted).abs() < 1e-11, "{} {wanted}", duel.treatment_higher);
    }

    #[test]
    fn rates_keep_their_laws(
        ln_a in (-2.9..14.0_f64, -2.9..14.0_f64), ln_b in (-2.9..14.0_f64, -2.9..14.0_f64),
    ) {
        let beta = |(x, y): (f64, f64)| Beta::new(x.exp(), y.exp()).unwrap();
        let (control, treatment) = (beta(ln_a), beta(ln_b));
        let duel = compare(control, treatment).unwrap();
        prop_assert!((duel.treatment_higher + duel.control_higher - 1.0).abs() < 1e-11, "{duel:?}");
        let gain = duel.loss_if_control - duel.loss_if_treatment;
        prop_assert!((gain - (treatment.mean() - control.mean())).abs() < 1e-11, "{duel:?} {gain}");
        let back = compare(treatment, control).unwrap();
        prop_assert!((back.control_higher - duel.treatment_higher).abs() < 1e-11);
        prop_assert!((back.loss_if_control - duel.loss_if_treatment).abs() < 1e-12);
        // The same rate twice.
        let even = compare(control, control).unwrap();
        prop_assert!((even.treatment_higher - 0.5).abs() < 1e-11);
    }
}

#[test]
fn many_trials_are_normal() {
    let (c, t) = (Beta::new(1e6, 9e6).unwrap(), Beta::new(1.000_4e6, 9e6).unwrap());
    let duel = compare(c, t).unwrap();
    let variance = |m: f64, n: f64| m * (1.0 - m) / (n + 1.0);
    let se = (variance(c.mean(), 1e7) + variance(t.mean(), 1.000_04e7)).sqrt();
    let z = (t.mean() - c.mean()) / se;
    assert!((duel.treatment_higher - normal::cdf(z)).abs() < 1e-5);
    assert!((duel.loss_if_treatment / (se * normal::unit_loss(z)) - 1.0).abs() < 1e-3);
}

/// Far out the loss is far below the rounding of its two terms.
#[test]
fn a_small_loss_keeps_its_digits() {
    // phi(10) - 10 Phi(-10), to 20 digits by mpmath 1.3.
    assert!((normal::unit_loss(10.0) / 7.474_560_254_589_328e-25 - 1.0).abs() < 1e-13);
    assert!((normal::unit_loss(3.0) / 3.821_543_170_477_236e-4 - 1.0).abs() < 1e-13);
    // Both branches meet.
    let (below, above) = (normal::unit_loss(2.5), normal::unit_loss(2.5 + 1e-12));
    assert!((below / above - 1.0).abs() < 1e-11);
    assert_eq!(normal::unit_loss(f64::INFINITY), 0.0);
}

#[test]
fn one_look_is_assured_as_in_closed_form() {
    for (mean, sd) in [(2.8, 1.5), (0.0, 0.3), (3.0, 40.0), (-1.0, 0.5), (5.0, 1e-3)] {
        let plan = Monitoring::unadjusted(&[1.0], 0.025, Sides::One).unwrap();
        let effects = Belief::new(mean, sd).unwrap();
        let drawn = sequential_assurance(&plan, effects).unwrap();
        let rule = Rule { win: Some(0.975), ..Rule::none(Direction::Up) };
        let closed = rule.assurance(Prior::Flat, 1.0, effects).unwrap();
        assert!((drawn.success - closed.success).abs() < 1e-12, "{mean} {sd}: {drawn:?} {closed:?}");
        assert!((drawn.success_and_better - closed.success_and_better).abs() < 1e-12, "{drawn:?} {closed:?}");
        assert_eq!(drawn.better, closed.better);
    }
}

#[test]
fn several_looks_are_assured_between_point_and_flat() {
    let plan = Monitoring::spending(&equal_fractions(4), 0.025, Sides::One, Spending::Pocock).unwrap();
    let point = sequential_assurance(&plan, Belief::new(2.8, 0.0).unwrap()).unwrap();
    assert_eq!(point.success, plan.power(2.8).unwrap());
    let near = sequential_assurance(&plan, Belief::new(2.8, 1e-4).unwrap()).unwrap();
    assert!((near.success - point.success).abs() < 1e-7);
    let wide = sequential_assurance(&plan, Belief::new(2.8, 1e4).unwrap()).unwrap();
    assert!((wide.success - 0.5).abs() < 1e-3, "{wide:?}");
}

/// Tuned to the planned loss, prior and probability, a rule at no effect errs as often as simulated experiments do.
#[test]
fn rules_act_as_simulated() {
    let mut state = 11_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    };
    let prior = Prior::Normal(Belief::new(0.01, 0.05).unwrap());
    let rope = Rope { half_width: 0.002, probability: 0.8 };
    let rule = Rule { win: Some(0.9), loss: Some(0.001), rope: Some(rope), better: Direction::Up };
    let runs = 20_000;
    for effect in [0.0, 0.02, 0.05] {
        let met = (0..runs)
            .filter(|_| {
                let posterior = prior.posterior(effect + 0.02 * normal::quantile(uniform()), 0.02).unwrap();
                let parts = [
                    0.9 <= posterior.better(Direction::Up),
                    posterior.loss_if_shipped(Direction::Up) <= 0.001,
                    0.8 <= posterior.above(0.002),
                ];
                parts.iter().all(|part| *part)
            })
            .count();
        let share = met as f64 / f64::from(runs);
        let power = rule.power(prior, 0.02, effect).unwrap();
        let error = (power * (1.0 - power) / f64::from(runs)).sqrt();
        assert!((share - power).abs() < 4.0 * error, "{share} {power}");
    }
}

#[test]
fn what_has_no_answer_is_refused() {
    let rule = Rule { win: Some(0.95), ..Rule::none(Direction::Up) };
    let base = Decision {
        measure: Measure::Proportion { baseline: 0.1 },
        prior: Prior::Flat,
        rule,
        effect: 0.01,
        allocation: 1.0,
        size_factor: 1.0,
    };
    assert!(base.required(0.8).is_ok());
    assert_eq!(Decision { effect: 0.0, ..base }.required(0.8), Err(Refusal::NoEffect));
    assert!(matches!(Decision { effect: -0.01, ..base }.required(0.8), Err(Refusal::WithinMargin { .. })));
    assert!(matches!(Decision { effect: 0.95, ..base }.required(0.8), Err(Refusal::NoRoom { .. })));
    let sure = Prior::Normal(Belief::new(0.05, 0.01).unwrap());
    assert_eq!(Decision { prior: sure, ..base }.required(0.8), Err(Refusal::PriorDecides));
    let certain = Prior::Normal(Belief::new(0.05, 0.0).unwrap());
    assert!(matches!(Decision { prior: certain, ..base }.required(0.8), Err(Refusal::Outside { .. })));
    let empty = Decision { rule: Rule::none(Direction::Up), ..base };
    assert!(matches!(empty.required(0.8), Err(Refusal::Outside { .. })));
    let rope = Rope { half_width: 0.02, probability: 0.5 };
    let far = Decision { rule: Rule { rope: Some(rope), ..rule }, ..base };
    assert!(matches!(far.required(0.8), Err(Refusal::WithinMargin { .. })));
    assert!(Beta::new(0.0, 1.0).is_err() && Beta::new(1.0, 1e9).is_err());
    assert!(Beta::new(1.0, 1.0).unwrap().posterior(5.0, 4.0).is_err());
}

#[test]
fn odd_numbers_never_panic() {
    const ODD: [f64; 14] = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -1.0,
        5e-324,
        1e-300,
        1e-12,
        0.05,
        0.5,
        1.0,
        3.0,
        1e12,
        1e300,
    ];
    let plan = Monitoring::unadjusted(&[0.5, 1.0], 0.05, Sides::Two).unwrap();
    for a in ODD {
        for b in ODD {
            let prior = Belief::new(a, b).map_or(Prior::Flat, Prior::Normal);
            if let Ok(belief) = Belief::new(a, b) {
                let _ = (belief.above(a), belief.between(b, a), belief.loss_if_kept(Direction::Down));
                let _ = sequential_assurance(&plan, belief);
            }
            let _ = prior.posterior(b, a);
            let rope = Some(Rope { half_width: b, probability: a });
            for rule in [
                Rule { win: Some(a), ..Rule::none(Direction::Up) },
                Rule { loss: Some(b), ..Rule::none(Direction::Down) },
                Rule { rope, ..Rule::none(Direction::Up) },
                Rule { win: Some(0.9), loss: Some(a), ..Rule::none(Direction::Up) },
            ] {
                let _ = rule.power(prior, a, b);
                let _ = rule.assurance(prior, b, Belief::new(0.1, 0.2).unwrap());
                for measure in [
                    Measure::Proportion { baseline: 0.3 },
                    Measure::Proportion { baseline: b },
                    Measure::Mean { sd_control: a, sd_treatment: 1.0 },
                ] {
                    for (allocation, size_factor) in [(1.0, 1.0), (a, b)] {
                        let decision = Decision { measure, prior, rule, effect: a, allocation, size_factor };
                        for decision in [decision, Decision { effect: 0.1, ..decision }] {
                            let _ = decision.required(0.8);
                            let _ = decision.power(b);
                            let _ = decision.detectable(b, 0.8);
                        }
                    }
                }
            }
            if let (Ok(c), Ok(t)) = (Beta::new(a, b), Beta::new(b, a)) {
                let _ = compare(c, t);
            }
        }
    }
}
