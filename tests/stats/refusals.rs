//! Questions without an answer are refused in words, and nothing panics on any number.

use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::decision::ShipRule;
use expc::stats::mean::MeanTest;
use expc::stats::multiplicity::{Correction, adjust, alpha_per_test};
use expc::stats::proportion::ProportionTest;
use expc::stats::sequential::{
    Futility, FutilityRule, Looks, Monitoring, Prior, Shape, Spending, equal_fractions, final_bound, interim_bound,
    repeated_estimate, repeated_p,
};
use expc::stats::{Direction, Refusal, Sides, noncentral, normal, proportion, special, srm, student, traffic};

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

#[test]
fn comparisons_never_panic() {
    let endpoints = |v: f64| {
        let mean = |sd, test| Endpoint::Mean { baseline: v, sd, test };
        [
            Endpoint::Proportion { baseline: v, test: ProportionTest::Pooled },
            Endpoint::Proportion { baseline: v, test: ProportionTest::Unpooled },
            mean(v, MeanTest::Z),
            mean(v, MeanTest::T),
            mean(1.0, MeanTest::T),
            mean(1.0, MeanTest::UnequalZ { sd_treatment: v }),
        ]
    };
    let claims = |v: f64| {
        [
            Claim::Superiority { effect: v },
            Claim::SuperiorityByMargin { effect: v, margin: 0.01 },
            Claim::NonInferiority { margin: v, higher_is_better: false, true_effect: 0.0 },
        ]
    };
    for a in ODD {
        for endpoint in endpoints(a) {
            for b in ODD {
                for claim in claims(b) {
                    for c in [f64::NAN, -1.0, 1e-12, 0.5, 1.0, 3.7, 1e160] {
                        let base = Comparison {
                            endpoint,
                            claim,
                            scale: Scale::Difference,
                            alpha: 0.05,
                            sides: Sides::One,
                            allocation: c,
                            size_factor: 1.0,
                        };
                        let tries = [
                            base,
                            Comparison { alpha: c, allocation: 1.0, ..base },
                            Comparison { size_factor: c, allocation: 2.0, ..base },
                        ];
                        for comparison in tries {
                            if let Ok(size) = comparison.required(0.8) {
                                assert!(size.control.is_finite() && 0.0 < size.control);
                                assert!(0.8 - 1e-9 <= size.power, "{comparison:?} {size:?}");
                            }
                            if let Ok(power) = comparison.power(b) {
                                assert!((0.0..=1.0 + 1e-12).contains(&power), "{comparison:?}");
                            }
                            let found = comparison.detectable(b, 0.9, Direction::Down);
                            assert!(found.is_err() || found.unwrap().is_finite());
                        }
                    }
                }
            }
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
