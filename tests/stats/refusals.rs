//! Questions without an answer are refused in words, and nothing panics on any number.

use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::decision::ShipRule;
use expc::stats::exact::Unconditional;
use expc::stats::lift::Seen;
use expc::stats::mean::{MannWhitney, MeanTest, OneSample, welch_test};
use expc::stats::multiplicity::{Correction, adjust, alpha_per_test};
use expc::stats::omnibus::{Anova, GoodnessOfFit};
use expc::stats::proportion::ProportionTest;
use expc::stats::sequential::{
    Futility, FutilityRule, Looks, Monitoring, Prior, Shape, Spending, equal_fractions, final_bound, interim_bound,
    repeated_estimate, repeated_p,
};
use expc::stats::variance::Joint;
use expc::stats::{
    Direction, Refusal, Sides, equivalence, exact, exaggeration, noncentral, normal, proportion, quantile, special,
    srm, student, traffic, variance,
};

fn rate(baseline: f64, effect: f64) -> Comparison {
    Comparison {
        endpoint: Endpoint::Proportion { baseline, test: ProportionTest::Pooled },
        claim: Claim::Superiority { effect },
        scale: Scale::Difference,
        alpha: 0.05,
        sides: Sides::Two,
        allocation: 1.0,
        size_factor: 1.0,
    }
}

fn says(refused: Result<impl std::fmt::Debug, Refusal>, text: &str) {
    assert_eq!(refused.unwrap_err().to_string(), text);
}

#[test]
fn a_refusal_says_why_with_numbers() {
    says(rate(0.02, -0.03).required(0.8), "the baseline 0.02 leaves no room for a fall of 0.03");
    says(rate(0.98, 0.03).required(0.8), "the baseline 0.98 leaves no room for a rise of 0.03");
    says(rate(1.2, 0.03).required(0.8), "the baseline 1.2 lies outside (0, 1)");
    says(rate(0.1, 0.0).required(0.8), "an effect of 0 cannot be detected");
    says(rate(0.1, 0.01).required(0.02), "the power 0.02 is no more than chance gives at alpha 0.05");
    says(rate(0.1, 0.01).required(f64::NAN), "the power NaN lies outside (0, 1)");
    let margin = Comparison { claim: Claim::SuperiorityByMargin { effect: 0.01, margin: 0.02 }, ..rate(0.1, 0.01) };
    says(margin.required(0.8), "the effect 0.01 does not clear the margin 0.02");
    let harm = Comparison {
        claim: Claim::NonInferiority { margin: 0.03, higher_is_better: true, true_effect: 0.0 },
        ..rate(0.02, 0.01)
    };
    says(harm.required(0.8), "the baseline 0.02 leaves no room for a fall of 0.03");
    says(
        rate(0.5, 0.1).detectable(3.0, 0.99, Direction::Up),
        "nothing within range reaches power 0.99 with 3 control units",
    );
    says(
        Monitoring::spending(&[0.5, 0.4, 1.0], 0.05, Sides::Two, Spending::Pocock),
        "information fraction 0.4 of look 2 does not rise towards 1",
    );
    says(
        Monitoring::spending(&[0.5], 0.05, Sides::Two, Spending::Pocock),
        "information fraction 0.5 of look 1 does not rise towards 1",
    );
    says(srm::test(&[1.0, 2.0], &[1.0]), "2 values do not pair with 1");
}

#[test]
fn a_t_test_needs_degrees_of_freedom() {
    let t = Comparison { endpoint: Endpoint::Mean { baseline: 0.0, sd: 1.0, test: MeanTest::T }, ..rate(0.1, 5.0) };
    says(t.power(1.0), "1 control and 1 treatment units leave the test no degrees of freedom");
    let size = t.required(0.8).unwrap();
    assert!(3 <= size.control_units + size.treatment_units);
    assert!(0.8 <= size.power);
}

/// Numbers that break careless code.
const ODD: [f64; 17] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -1.0,
    -0.0,
    0.0,
    5e-324,
    1e-300,
    1e-12,
    0.02,
    0.5,
    0.975,
    1.0,
    3.7,
    1e9,
    1e160,
    f64::MAX,
];

#[test]
fn distributions_never_panic() {
    for a in ODD {
        let _ = normal::cdf(a);
        let _ = normal::pdf(a);
        let _ = normal::ln_cdf(a);
        let _ = normal::quantile(a);
        for b in ODD {
            let tails = student::tails(a, b);
            assert!(tails.lower.is_nan() || (0.0..=1.0).contains(&tails.lower), "{a} {b}");
            let _ = student::pdf(a, b);
            let _ = student::quantile(a, b);
            let _ = special::incomplete_gamma(a, b);
            let _ = special::incomplete_beta(a, b, 0.3, 0.7);
            for c in ODD {
                let _ = noncentral::tails(a, b, c);
            }
        }
    }
}

/// Every test of a rate or a mean, with one odd number in it.
fn endpoints(v: f64) -> Vec<Endpoint> {
    let mean = |baseline, sd, test| Endpoint::Mean { baseline, sd, test };
    let rate = |test| Endpoint::Proportion { baseline: v, test };
    vec![
        rate(ProportionTest::Pooled),
        rate(ProportionTest::Unpooled),
        rate(ProportionTest::Arcsine),
        rate(ProportionTest::ContinuityCorrected),
        rate(ProportionTest::LogOdds),
        mean(v, v, MeanTest::Z),
        mean(v, v, MeanTest::T),
        mean(v, 1.0, MeanTest::T),
        mean(1.0, 1.0, MeanTest::UnequalZ { sd_treatment: v }),
        mean(1.0, v, MeanTest::Satterthwaite { sd_treatment: 1.0 }),
        mean(1.0, 1.0, MeanTest::Adjusted { r_squared: v, covariates: 3 }),
    ]
}

fn claims(v: f64) -> Vec<Claim> {
    vec![
        Claim::Superiority { effect: v },
        Claim::SuperiorityByMargin { effect: v, margin: 0.01 },
        Claim::NonInferiority { margin: v, higher_is_better: false, true_effect: 0.0 },
        Claim::Equivalence { lower: -0.01, upper: v, true_effect: 0.0 },
        Claim::Equivalence { lower: -0.1, upper: 0.1, true_effect: v },
    ]
}

/// An answer is a number that means something, or a refusal in words.
fn answers(comparison: &Comparison, n: f64) {
    match comparison.required(0.8) {
        Ok(size) => {
            assert!(size.control.is_finite() && 0.0 < size.control, "{comparison:?} {size:?}");
            assert!(0.8 - 1e-9 <= size.power && size.power <= 1.0, "{comparison:?} {size:?}");
            assert!(1 <= size.control_units && 1 <= size.treatment_units, "{comparison:?} {size:?}");
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
    for answer in [comparison.power(n), comparison.wrong_way(n)] {
        assert!(answer.is_err() || (0.0..=1.0).contains(&answer.clone().unwrap()), "{comparison:?} {n}: {answer:?}");
    }
    let found = comparison.detectable(n, 0.9, Direction::Down);
    assert!(found.is_err() || found.unwrap().is_finite(), "{comparison:?} {n}");
}

#[test]
fn comparisons_never_panic() {
    for a in ODD {
        for endpoint in endpoints(a) {
            for b in [f64::NAN, f64::INFINITY, -0.02, 0.0, 5e-324, 0.5, f64::MAX] {
                for claim in claims(b) {
                    for scale in [Scale::Difference, Scale::Lift] {
                        for c in [1e-12, 3.7] {
                            let base = Comparison {
                                endpoint,
                                claim,
                                scale,
                                alpha: 0.05,
                                sides: Sides::One,
                                allocation: c,
                                size_factor: 1.0,
                            };
                            answers(&base, b);
                            answers(&Comparison { alpha: c, allocation: 1.0, sides: Sides::Two, ..base }, b);
                            answers(&Comparison { size_factor: c, allocation: 2.0, ..base }, b);
                        }
                    }
                }
            }
        }
    }
}

/// The tests that enumerate or integrate twice, on fewer odd numbers.
#[test]
fn slow_comparisons_never_panic() {
    for v in ODD {
        let endpoints = [
            Endpoint::Proportion { baseline: v, test: ProportionTest::FisherExact },
            Endpoint::Proportion { baseline: 0.4, test: ProportionTest::FisherExact },
            Endpoint::Proportion { baseline: 0.4, test: ProportionTest::ExactUnconditional },
            Endpoint::Mean { baseline: 1.0, sd: 1.0, test: MeanTest::Welch { sd_treatment: v } },
        ];
        for endpoint in endpoints {
            for claim in claims(0.3).into_iter().step_by(2).chain([Claim::Superiority { effect: v }]) {
                for allocation in [1e-9, 3.0, 1e9] {
                    answers(&Comparison { endpoint, claim, allocation, ..rate(0.1, 0.01) }, 7.3);
                }
                answers(&Comparison { endpoint, claim, alpha: 1e-12, ..rate(0.1, 0.01) }, 40.0);
                answers(&Comparison { endpoint, claim, alpha: v, ..rate(0.1, 0.01) }, 9.0);
                answers(&Comparison { endpoint, claim, ..rate(0.1, 0.01) }, v);
            }
        }
    }
}

#[test]
fn what_cannot_be_asked_is_said() {
    let with = |endpoint, claim| Comparison { endpoint, claim, ..rate(0.1, 0.01) };
    let rates = |baseline, test| Endpoint::Proportion { baseline, test };
    let means = |sd, test| Endpoint::Mean { baseline: 10.0, sd, test };
    let above = |effect| Claim::Superiority { effect };
    for baseline in [0.0, 1.0] {
        let text = format!("the baseline {baseline} lies outside (0, 1)");
        says(with(rates(baseline, ProportionTest::LogOdds), above(0.1)).required(0.8), &text);
    }
    says(with(means(0.0, MeanTest::T), above(0.1)).required(0.8), "the standard deviation 0 lies outside (0, inf)");
    says(rate(0.1, f64::NAN).required(0.8), "the effect NaN lies outside the finite numbers");
    says(rate(0.1, f64::INFINITY).required(0.8), "the effect inf lies outside the finite numbers");
    let Err(Refusal::TooManyUnits { units }) = rate(0.1, 1e-12).required(0.8) else { panic!() };
    assert!((units / 1.412_799e24 - 1.0).abs() < 1e-6, "{units}");
    says(with(means(1.0, MeanTest::T), above(1e-160)).required(0.8), "the search for the sample size did not settle");
    let within = Claim::Equivalence { lower: -0.01, upper: 0.01, true_effect: 0.02 };
    says(
        with(rates(0.1, ProportionTest::Pooled), within).required(0.8),
        "the effect 0.02 does not clear the margin 0.01",
    );
    let margin = Claim::NonInferiority { margin: 0.05, higher_is_better: true, true_effect: 0.0 };
    says(
        with(rates(0.1, ProportionTest::FisherExact), margin).required(0.8),
        "Fisher's exact test has no form with a margin: use the pooled score test",
    );
    says(
        rate_test(ProportionTest::FisherExact, 0.1, 0.001).required(0.8),
        "1421072 units a variant are more than the 5000 of an exact test; the score test agrees to three digits",
    );
    let lift = Comparison { scale: Scale::Lift, ..with(means(40.0, MeanTest::Z), above(0.1)) };
    says(
        lift.detectable(100.0, 0.8, Direction::Up),
        "a lift needs more than 125.6 control units to be detected, not 100",
    );
    assert!(lift.detectable(126.0, 0.8, Direction::Up).is_ok());
    let negative = Endpoint::Mean { baseline: -1.0, sd: 1.0, test: MeanTest::Z };
    says(
        Comparison { scale: Scale::Lift, ..with(negative, above(0.1)) }.required(0.8),
        "the baseline of a lift -1 lies outside (0, inf)",
    );
}

/// Weights from 1 to a thousand million, and alpha down to 1e-12: a right answer.
#[test]
fn wide_ranges_have_answers() {
    for allocation in [1e-9, 1e-3, 1.0, 1e3, 1e9] {
        for alpha in [1e-12, 0.05] {
            for test in [MeanTest::T, MeanTest::Z, MeanTest::Welch { sd_treatment: 2.0 }] {
                let endpoint = Endpoint::Mean { baseline: 0.0, sd: 1.0, test };
                let comparison = Comparison {
                    endpoint,
                    claim: Claim::Superiority { effect: 0.5 },
                    allocation,
                    alpha,
                    ..rate(0.1, 0.1)
                };
                let size = comparison.required(0.8).unwrap();
                let back = comparison.power(size.control).unwrap();
                assert!((back - 0.8).abs() < 1e-9, "{comparison:?} {size:?} {back}");
            }
        }
    }
}

fn rate_test(test: ProportionTest, baseline: f64, effect: f64) -> Comparison {
    Comparison { endpoint: Endpoint::Proportion { baseline, test }, ..rate(baseline, effect) }
}

/// The other designs of means and rates.
#[test]
fn small_designs_never_panic() {
    for a in ODD {
        for b in ODD {
            for sides in [Sides::One, Sides::Two] {
                let one = OneSample { effect: a, sd: b, alpha: 0.05, sides };
                let _ = one.required(0.8);
                let _ = one.power(a);
                let _ = one.wrong_way(b);
                let _ = OneSample { effect: 0.3, sd: 1.0, alpha: a, sides }.required(b);
                let ranks = MannWhitney { probability_larger: a, allocation: b, alpha: 0.05, sides };
                let _ = ranks.required(0.8);
                let _ = ranks.power(b);
                let _ = exaggeration::normal(a, b, sides);
                let _ = exaggeration::student(a, b, 0.05, sides);
                let _ = exact::fisher((20, a), (30, b), 0.05, sides);
            }
            let anova = Anova { effect: a, groups: b, alpha: 0.05 };
            let fit = GoodnessOfFit { effect: a, degrees_of_freedom: b, alpha: 0.05 };
            for answer in [anova.required(0.8), fit.required(0.8), anova.power(20.0), fit.power(a)] {
                assert!(answer.is_err() || answer.unwrap().is_finite(), "{a} {b}");
            }
            let _ = equivalence::one_proportion(a, 0.05, (0.1, b), 0.2);
            let _ = quantile::from_density(a, b);
            let _ = quantile::from_interval((a, b), 0.05, a);
            let _ = quantile::caution(a, 0.05, b);
            let _ = Unconditional::new(12, 9, a, b.max(1e-9));
            let seen = |mean, variance| Seen { mean, variance, units: 10.0 };
            for scale in [Scale::Difference, Scale::Lift] {
                let _ = welch_test(seen(a, b), seen(b, a), 0.05, scale);
            }
            let joint = Joint::from_sums(a, (b, a), (a, b), b);
            let _ = joint.and_then(|joint| joint.ratio_variance());
            let _ = variance::unexplained(a, b);
            let _ = variance::adjusted(a, b);
        }
    }
}

#[test]
fn the_rest_never_panics() {
    assert_eq!(equal_fractions(usize::MAX).len(), 367);
    for a in ODD {
        for b in ODD {
            let _ = proportion::null_deviation(ProportionTest::Pooled, a, b, b, a);
            let _ = proportion::constrained_treatment_rate(0.1, 0.2, a, b);
            let _ = alpha_per_test(Correction::Sidak, a, 3);
            let _ = ShipRule { success: 0, ..ShipRule::new(a, b) }.power_per_claim();
            let _ = adjust(Correction::Holm, &[a, b]);
            let _ = traffic::exposed(a, b);
            let _ = traffic::dilute(a, b, a, b, a);
            let _ = srm::test(&[a, b], &[b, a]);
            let _ = srm::power(a, &[a, b], &[1.0, 1.0], 0.01);
            let _ = srm::power(1e6, &[0.3, 0.3, 0.4], &[a, 1.0, b], 0.01);
            let _ = srm::critical_value(a, b.min(1e9));
            for spending in [
                Spending::ObrienFleming,
                Spending::Pocock,
                Spending::KimDeMets { rho: b },
                Spending::HwangShihDeCani { gamma: b },
            ] {
                if let Ok(plan) = Monitoring::spending(&[0.3, 1.0], a, Sides::Two, spending) {
                    let _ = plan.power(b);
                    let _ = plan.drift(b);
                    let _ = plan.inflation(b);
                }
            }
            let _ = Monitoring::spending(&[a, b], 0.05, Sides::One, Spending::Pocock);
            let _ = Monitoring::bounded(&[0.5, 1.0], &[a, b], 0.05, Sides::One).and_then(|plan| plan.crossing(3.0));
            sequential_odds_and_ends(a, b);
            let shape = Shape::WangTsiatis { delta: a };
            let _ = Monitoring::shaped(&[0.5, 1.0], 0.05, Sides::Two, shape);
            let shape = Shape::HaybittlePeto { interim_z: a };
            let _ = Monitoring::shaped(&[0.5, 1.0], 0.05, Sides::Two, shape);
        }
    }
    assert!(Monitoring::unadjusted(&[], 0.05, Sides::One).is_err());
    assert!(Monitoring::unadjusted(&equal_fractions(400), 0.05, Sides::One).is_err());
}

/// Futility, clocks and analysis.
fn sequential_odds_and_ends(a: f64, b: f64) {
    let looks = Looks::new(&[0.4, 1.0]).unwrap();
    let _ = Looks::new(&[a, b]);
    let _ = looks.clone().spending_at(&[a, b]);
    let _ = Monitoring::between(&[0.4, 1.0], &[a, b], &[b, a], 0.05).and_then(|plan| plan.crossing(a));
    let rules = [
        FutilityRule::Beta(Spending::AndersonClark { nu: a }),
        FutilityRule::Interim(vec![a]),
        FutilityRule::Null { spending: Spending::Pocock, total: a },
    ];
    for rule in rules {
        for binding in [false, true] {
            let futility = Futility { rule: rule.clone(), binding };
            let _ = Monitoring::with_futility(&looks, 0.025, Spending::Pocock.into(), &futility, b);
        }
    }
    let plan = Monitoring::spending(&[0.4, 1.0], 0.05, Sides::Two, Spending::Pocock).unwrap();
    let _ = plan.assurance(a, b);
    let _ = plan.information_quantile(a, b);
    let _ = plan.drift_either(a);
    let _ = plan.repeated_interval(1, a);
    let _ = plan.z_with_conditional_power(1, a, b);
    for look in 0..4 {
        if let Ok(rest) = plan.after(look, a) {
            let _ = rest.conditional_power(b);
            let _ = rest.predictive_power(&Prior::Normal { mean: a, sd: b });
            let _ = rest.predictive_power(&Prior::Points(vec![(a, b), (b, a)]));
            let _ =
                rest.predictive_power(&Prior::Flat).map(|power| assert!((0.0..=1.0).contains(&power), "{a} {power}"));
        }
        if let Ok(seen) = plan.stagewise(look, a) {
            let _ = seen.p_value();
            let _ = seen.median_unbiased();
            let _ = seen.interval(b);
        }
        let _ = repeated_p(&looks, Sides::Two, Spending::Pocock.into(), look, a);
        let _ = repeated_p(&looks, Sides::One, Spending::Pocock.into(), look, a);
        let _ = repeated_estimate(&looks, Spending::Pocock.into(), look, a);
    }
    let _ = interim_bound(&[a, b], &[b], 0.05, Sides::Two, Spending::Pocock);
    let _ = interim_bound(&[0.3, 0.5], &[a], b, Sides::One, Spending::Pocock);
    let _ = final_bound(&[0.3, a], &[b], 0.05, Sides::One);
}
