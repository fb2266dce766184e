//! Laws of the always-valid boundaries and of their planning.

use crate::cases::cases;
use expc::stats::anytime::planning::{Boundary, Schedule, Sequence};
use expc::stats::anytime::stitching::{Epochs, polynomial_bound, quantile_bound};
use expc::stats::anytime::sums::{Mixture, Tail, rate_interval};
use expc::stats::anytime::{NormalMixture, ln_evidence, mixture_ln_likelihood_ratio, p_value, regression_ln_evidence};
use expc::stats::estimate::Estimate;
use expc::stats::lift::Seen;
use expc::stats::sequential::{Monitoring, equal_fractions};
use expc::stats::{Refusal, Sides, normal, special};
use proptest::prelude::*;

fn sides() -> impl Strategy<Value = Sides> {
    prop_oneof![Just(Sides::One), Just(Sides::Two)]
}

fn boundary() -> impl Strategy<Value = Boundary> {
    prop_oneof![
        (0.1..3.0).prop_map(|fraction| Boundary::TightestAt { fraction }),
        (200.0..5e4).prop_map(|units| Boundary::TunedTo { units }),
        (0.005..0.1).prop_map(|rho| Boundary::AsymptoticCs { rho }),
        (0.01..0.5).prop_map(|mixing_sd| Boundary::Msprt { mixing_sd }),
    ]
}

prop_compose! {
    fn sequence()(boundary in boundary(), alpha in 1e-3..0.2, sides in sides(), unit_variance in 0.5..8.0)
        -> Sequence
    {
        Sequence { boundary, alpha, sides, unit_variance }
    }
}

fn looks() -> impl Strategy<Value = Schedule> {
    prop_oneof![(1_usize..8).prop_map(Schedule::equal), Just(Schedule::Continuous)]
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn the_bound_is_where_the_p_value_is_alpha(alpha in 1e-6..0.4, sides in sides(), ln_precision in -9.0..18.0_f64) {
        let precision = ln_precision.exp();
        let z = NormalMixture::new(alpha, sides).unwrap().bound(precision);
        prop_assert!((p_value(z, precision, sides) / alpha - 1.0).abs() < 1e-11);
        prop_assert!(ln_evidence(0.9 * z, precision, sides) < ln_evidence(z, precision, sides));
    }

    #[test]
    fn nothing_is_tighter_than_the_tightest(alpha in 1e-6..0.4, sides in sides(), off in 0.01..2.0_f64) {
        let mixture = NormalMixture::new(alpha, sides).unwrap();
        let at = mixture.tightest();
        let least = mixture.bound(at);
        prop_assert!(least < mixture.bound(at * off.exp()) && least < mixture.bound(at / off.exp()));
        prop_assert!(least <= mixture.bound(mixture.nearly_tightest().max(1e-3)));
        if sides == Sides::Two {
            // Lambert: x e^-x = alpha^2 / e.
            let x = 1.0 + at;
            prop_assert!((x - x.ln() - 1.0 + 2.0 * alpha.ln()).abs() < 1e-12 * x);
        }
    }

    #[test]
    fn one_side_is_tighter_than_two_and_wider_than_two_at_twice_alpha(alpha in 1e-5..0.2, precision in 0.01..1e6_f64) {
        let one = NormalMixture::new(alpha, Sides::One).unwrap().bound(precision);
        prop_assert!(one < NormalMixture::new(alpha, Sides::Two).unwrap().bound(precision));
        prop_assert!(NormalMixture::new(2.0 * alpha, Sides::Two).unwrap().bound(precision) < one);
    }

    #[test]
    fn regression_with_many_degrees_of_freedom_is_the_known_variance(
        z in 0.0..6.0_f64, ln_part in -3.0..6.0_f64,
    ) {
        // phi / z^2 is the reciprocal of the precision.
        let part = ln_part.exp();
        let ln_e = regression_ln_evidence(z * z, 1e12, 1.0, part).unwrap();
        prop_assert!((ln_e - ln_evidence(z, part, Sides::Two)).abs() < 1e-9);
        let known = mixture_ln_likelihood_ratio(z * 0.1, 0.01, 0.1 * part.sqrt()).unwrap();
        prop_assert!((ln_e - known).abs() < 1e-9);
    }

    #[test]
    fn a_sum_at_its_bound_has_the_evidence(
        which in 0..4, scale in 0.1..3.0, g in 0.05..0.95_f64, one: bool, alpha in 1e-4..0.2,
        ln_v in 1.0..14.0_f64, ln_tuned in 2.0..10.0_f64,
    ) {
        let sides = if one { Sides::One } else { Sides::Two };
        let tail = match which {
            0 => Tail::Normal { sides },
            1 => Tail::GammaExponential { scale },
            2 => Tail::GammaPoisson { scale },
            _ => Tail::BetaBinomial { below: g, above: 1.0 - g, sides },
        };
        let v = ln_v.exp();
        let mixture = Mixture::tuned(tail, ln_tuned.exp(), 0.05).unwrap();
        let bound = mixture.bound(v, alpha).unwrap();
        let reachable = !matches!(tail, Tail::BetaBinomial { below, .. } if v / below <= bound);
        if reachable {
            prop_assert!((mixture.ln_evidence(bound, v) + alpha.ln()).abs() < 1e-8);
        }
        prop_assert!(mixture.bound(1.1 * v, alpha).unwrap() > bound);
        prop_assert!(mixture.bound(v, 0.5 * alpha).unwrap() >= bound);
    }

    #[test]
    fn a_rate_interval_holds_the_rate_observed(successes in 0_u32..500, more in 0_u32..500, tuned in 10.0..1e5) {
        let (x, n) = (f64::from(successes), f64::from(successes + more + 1));
        let (low, high) = rate_interval(x, n, 0.05, tuned).unwrap();
        prop_assert!(0.0 <= low && low <= x / n && x / n <= high && high <= 1.0);
        let (other_low, other_high) = rate_interval(n - x, n, 0.05, tuned).unwrap();
        prop_assert!((other_low - (1.0 - high)).abs() < 1e-9 && (other_high - (1.0 - low)).abs() < 1e-9);
    }

    #[test]
    fn stitched_bounds_rise(v in 1.0..1e8_f64, more in 1.0..100.0, alpha in 1e-6..0.5, q in 0.001..0.999) {
        let epochs = Epochs::default();
        let at = |v| polynomial_bound(v, alpha, 10.0, 0.3, epochs).unwrap();
        prop_assert!(at(v) <= at(v * more));
        prop_assert!(at(v) <= polynomial_bound(v, 0.5 * alpha, 10.0, 0.3, epochs).unwrap());
        let at = |t| quantile_bound(q, t, alpha, 100.0, 0.5, epochs).unwrap();
        prop_assert!(at(v) <= at(v * more));
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn planning_comes_back(test in sequence(), looks in looks(), effect in 0.03..0.3, power in 0.3..0.97) {
        let plan = test.required(&looks, effect, power).unwrap();
        prop_assert!((plan.power() - power).abs() < 1e-9, "{:?}", plan.power());
        let last = test.last_point(effect, power).unwrap();
        if plan.wrong_direction() < 1e-4 {
            prop_assert!(plan.units <= last * (1.0 + 1e-3));
        }
        prop_assert!((test.last_point_power(last, effect).unwrap() - power).abs() < 1e-9);
        prop_assert!(test.fixed(effect, power).unwrap() < plan.units);
        let found = test.detectable(&looks, plan.units, power).unwrap();
        prop_assert!((found / effect - 1.0).abs() < 1e-8, "{found}");
        let again = test.passage(&looks, plan.units, -effect).unwrap();
        prop_assert_eq!(&again, &plan);
    }

    #[test]
    fn passage_keeps_its_laws(test in sequence(), looks in looks(), units in 1e3..1e5_f64, effect in 0.0..0.1) {
        let here = test.passage(&looks, units, effect).unwrap();
        let none = test.passage(&looks, units, 0.0).unwrap();
        prop_assert!(none.power() + none.wrong_direction() <= test.alpha);
        // Beyond the bound at the end is stopped, perhaps on the wrong side earlier.
        let last = test.last_point_power(units, effect).unwrap();
        prop_assert!(last <= here.power() + here.wrong_direction() + 1e-9);
        prop_assert!(here.power() <= test.passage(&looks, units, effect + 0.01).unwrap().power() + 1e-9);
        prop_assert!(0.0 <= here.expected_fraction && here.expected_fraction <= 1.0 + 1e-12);
        let stops = here.stops();
        prop_assert!(stops.iter().all(|stop| -1e-9 < *stop));
        let total: f64 = stops.iter().sum();
        prop_assert!((total - here.power() - here.wrong_direction()).abs() < 1e-12);
        prop_assert!((here.stopped_by(1.0) - total).abs() < 1e-12);
        prop_assert!(here.stopped_by(0.3) <= here.stopped_by(0.7) + 1e-9);
        if let Some(median) = here.stopped_with(0.5 * total.min(0.99)) {
            prop_assert!(0.0 < median && median <= 1.0);
        }
    }
}

/// Schedule at every moment are the limit of ever more looks, whose power lacks a multiple of one over their root.
#[test]
fn continuous_looks_are_the_limit_of_many() {
    for (sides, fraction, drift) in [(Sides::Two, 1.0, 3.5), (Sides::One, 0.3, 2.5), (Sides::Two, 0.2, 0.0)] {
        let test = Sequence { boundary: Boundary::TightestAt { fraction }, alpha: 0.05, sides, unit_variance: 1.0 };
        let units = 1e4;
        let effect = drift / 100.0;
        // Closer together early on, as the boundary moves with the log of time.
        let end = test.precision(units).unwrap();
        let passage = |looks: usize| {
            let step = (1.0 + end).ln() / looks as f64;
            let mut fractions: Vec<f64> = (1..=looks).map(|k| (step * k as f64).exp_m1() / end).collect();
            fractions[looks - 1] = 1.0;
            test.passage(&Schedule::Planned(fractions), units, effect).unwrap()
        };
        let (few, many, most) = (passage(30), passage(60), passage(120));
        // Richardson, in the root of the step and in the step.
        let limit = |a: f64, b: f64, c: f64| {
            let root = std::f64::consts::SQRT_2;
            let (ab, bc) = ((root * b - a) / (root - 1.0), (root * c - b) / (root - 1.0));
            2.0 * bc - ab
        };
        let always = test.passage(&Schedule::Continuous, units, effect).unwrap();
        let right = limit(few.power(), many.power(), most.power());
        let mean = limit(few.expected_fraction, many.expected_fraction, most.expected_fraction);
        assert!((always.power() - right).abs() < 3e-4, "{} {right}", always.power());
        assert!((always.expected_fraction - mean).abs() < 3e-4, "{} {mean}", always.expected_fraction);
        assert!(few.power() < many.power() && many.power() < most.power() && most.power() < always.power());
    }
}

/// At the moment of stopping the evidence is 1 / alpha exactly, so stopping under no effect is alpha times stopping under
/// the mixture of effects (Wald's likelihood ratio identity): every drift against the null, at every sample.
#[test]
fn stopping_under_the_null_is_alpha_times_stopping_under_the_mixture() {
    for sides in [Sides::One, Sides::Two] {
        for (alpha, fraction) in [(0.05, 1.0), (0.01, 0.1), (0.2, 0.02)] {
            let boundary = Boundary::TightestAt { fraction };
            let test = Sequence { boundary, alpha, sides, unit_variance: 1.0 };
            let precision = test.precision(1.0).unwrap();
            let stopped = |drift: f64| {
                let passage = test.passage(&Schedule::Continuous, 1.0, drift).unwrap();
                passage.power() + passage.wrong_direction()
            };
            // Two sides mix over a normal, one side over its upper half; both are integrals over effects above 0,
            // of a function that is even, or is cut where Simpson's ends are.
            let step = 0.03125;
            let sum: f64 = (0..=224)
                .map(|k| {
                    let weight = if k == 0 || k == 224 { 1.0 } else { 2.0 + 2.0 * f64::from(k % 2) };
                    let effect = step * f64::from(k);
                    weight * step / 3.0 * 2.0 * normal::pdf(effect) * stopped(effect * precision.sqrt())
                })
                .sum();
            let none = stopped(0.0);
            assert!((none / (alpha * sum) - 1.0).abs() < 1e-5, "{sides:?} {alpha} {fraction}: {none} {}", alpha * sum);
        }
    }
}

/// A high boundary is met near the end, where it is next to its tangent; of a straight line the passage is known
/// (Bachelier 1900; Doob 1949).
#[test]
fn a_high_boundary_is_met_like_its_tangent() {
    let mixture = NormalMixture::new(0.05, Sides::Two).unwrap();
    for (precision, within) in [(0.05, 2e-4), (0.01, 2e-5), (0.005, 1e-5)] {
        let test = Sequence {
            boundary: Boundary::TightestAt { fraction: mixture.tightest() / precision },
            alpha: 0.05,
            sides: Sides::Two,
            unit_variance: 1.0,
        };
        let line = |t: f64| mixture.bound(precision * t) * t.sqrt();
        let slope = (line(1.0 + 1e-5) - line(1.0 - 1e-5)) / 2e-5;
        let start = line(1.0) - slope;
        for off in [-2.0, -0.5, 0.5] {
            let drift = line(1.0) + off;
            let climb = drift - slope;
            let tangent = normal::sf(start - climb) + (2.0 * start * climb + normal::ln_cdf(-start - climb)).exp();
            let always = test.passage(&Schedule::Continuous, 1e4, drift / 100.0).unwrap();
            assert!((always.power() - tangent).abs() < within, "{precision} {off}: {} {tangent}", always.power());
        }
    }
}

/// A small linear congruential generator: the same numbers on every platform.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }
}

#[test]
fn confidence_sequences_cover() {
    let mut numbers = Numbers(2026);
    let (runs, steps) = (4000, 200);
    for sides in [Sides::One, Sides::Two] {
        let mixture = NormalMixture::new(0.1, sides).unwrap();
        let rho2 = mixture.tightest() / 100.0;
        let mut crossed = 0;
        for _ in 0..runs {
            let mut sum = 0.0;
            let out = (1..=steps).any(|n| {
                sum += numbers.normal();
                let z = sum / f64::from(n).sqrt();
                let bound = mixture.bound(rho2 * f64::from(n));
                bound <= z || (sides == Sides::Two && z <= -bound)
            });
            crossed += u32::from(out);
        }
        let share = f64::from(crossed) / f64::from(runs);
        // What the planning says of the same 200 looks.
        let boundary = Boundary::TightestAt { fraction: 0.5 };
        let test = Sequence { boundary, alpha: 0.1, sides, unit_variance: 1.0 };
        let none = test.passage(&Schedule::equal(200), 200.0, 0.0).unwrap();
        let expected = none.power() + none.wrong_direction();
        let error = (expected * (1.0 - expected) / f64::from(runs)).sqrt();
        assert!(expected < 0.1 && (share - expected).abs() < 4.0 * error, "{share} {expected}");
    }
}

#[test]
fn rate_intervals_cover() {
    let mut numbers = Numbers(7);
    let runs = 1500;
    let mut missed = 0;
    for _ in 0..runs {
        let mut successes = 0.0;
        let out = (1..=300).any(|n| {
            successes += f64::from(u8::from(numbers.uniform() < 0.07));
            // Every tenth moment: fewer looks than are allowed.
            n % 10 == 0 && {
                let (low, high) = rate_interval(successes, f64::from(n), 0.1, 100.0).unwrap();
                0.07 < low || high < 0.07
            }
        });
        missed += u32::from(out);
    }
    let share = f64::from(missed) / f64::from(runs);
    assert!(share < 0.1 && 0.0 < share, "{share}");
}

#[test]
fn long_sums_keep_their_digits() {
    // Normal in the limit: intrinsic time 1e9, where log-gammas of 1e9 would lose seven digits.
    let normal = Mixture::tuned(Tail::Normal { sides: Sides::One }, 1e9, 0.05).unwrap();
    let wanted = normal.bound(1e9, 0.05).unwrap();
    for tail in [Tail::GammaExponential { scale: 4.0 }, Tail::GammaPoisson { scale: 4.0 }] {
        let mixture = Mixture::tuned(tail, 1e9, 0.05).unwrap();
        let got = mixture.bound(1e9, 0.05).unwrap();
        assert!((got / wanted - 1.0).abs() < 1e-3, "{tail:?} {got} {wanted}");
        assert!((mixture.ln_evidence(got, 1e9) - 20_f64.ln()).abs() < 1e-9);
    }
}

#[test]
fn zeta_at_even_numbers() {
    let pi2 = std::f64::consts::PI * std::f64::consts::PI;
    assert!((special::zeta(2.0) / (pi2 / 6.0) - 1.0).abs() < 1e-15);
    assert!((special::zeta(4.0) / (pi2 * pi2 / 90.0) - 1.0).abs() < 1e-15);
    assert!((special::zeta(1.4) - 3.105_547_277_977_58).abs() < 1e-14);
    assert!(special::zeta(0.5).is_nan());
}

/// What a platform pays for looking whenever it likes, and what five planned looks cost instead.
#[test]
fn the_price_of_always_valid() {
    let test = Sequence {
        boundary: Boundary::TightestAt { fraction: 0.5 },
        alpha: 0.05,
        sides: Sides::Two,
        unit_variance: 4.0,
    };
    let daily = test.price(&Schedule::equal(28), 0.02, 0.8).unwrap();
    let always = test.price(&Schedule::Continuous, 0.02, 0.8).unwrap();
    assert!(1.6 < daily.inflation() && daily.inflation() < 1.9, "{daily:?}");
    assert!(1.0 < daily.expected_inflation() && daily.expected_inflation() < 1.2, "{daily:?}");
    assert!(always.most < daily.most && daily.most < daily.last_point);
    assert!((daily.obrien_fleming_most / daily.fixed - 1.026).abs() < 2e-3, "{daily:?}");
    assert!(daily.obrien_fleming_expected / daily.fixed < 0.85);
    assert!(0.05 < daily.saving() && daily.saving() < 0.15, "{}", daily.saving());
}

/// The boundary fed to the recursion by hand gives what the plan gives.
#[test]
fn planned_looks_are_the_recursion() {
    let test =
        Sequence { boundary: Boundary::AsymptoticCs { rho: 0.02 }, alpha: 0.05, sides: Sides::Two, unit_variance: 4.0 };
    let fractions = equal_fractions(6);
    let bounds = test.bounds(&fractions, 3e4).unwrap();
    let plan = Monitoring::bounded(&fractions, &bounds, 0.05, Sides::Two).unwrap();
    let passage = test.passage(&Schedule::Planned(fractions), 3e4, 0.03).unwrap();
    let drift = 0.03 * (3e4_f64 / 4.0).sqrt();
    assert_eq!(passage.power(), plan.power(drift).unwrap());
    assert_eq!(passage.bounds, plan.bounds());
}

#[test]
fn what_has_no_answer_is_refused() {
    let test =
        Sequence { boundary: Boundary::TunedTo { units: 5000.0 }, alpha: 0.05, sides: Sides::Two, unit_variance: 4.0 };
    let daily = Schedule::equal(7);
    assert_eq!(test.required(&daily, 0.0, 0.8), Err(Refusal::NoEffect));
    assert!(matches!(test.required(&daily, 0.1, 0.01), Err(Refusal::PowerTooLow { .. })));
    assert!(matches!(test.required(&daily, 0.1, 1.0), Err(Refusal::Outside { .. })));
    assert!(matches!(test.passage(&daily, -1.0, 0.1), Err(Refusal::Outside { .. })));
    assert!(matches!(test.passage(&Schedule::equal(400), 1e4, 0.1), Err(Refusal::TooManyLooks { .. })));
    assert!(NormalMixture::new(0.5, Sides::Two).is_err());
    assert!(rate_interval(5.0, 4.0, 0.05, 100.0).is_err());
    assert!(polynomial_bound(10.0, 0.05, 10.0, -1.0, Epochs::default()).is_err());
    assert!(quantile_bound(1.0, 10.0, 0.05, 10.0, 0.5, Epochs::default()).is_err());
    let arm = Seen { mean: 0.0, variance: 1.0, units: 10.0 };
    assert!(Estimate::lift(arm, arm).is_err());
    assert!(Estimate::difference(arm, Seen { units: 0.0, ..arm }).is_err());
}

const ODD: [f64; 11] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 5e-324, 1e-12, 0.05, 3.0, 1e12, 1e300];

#[test]
fn odd_numbers_never_panic() {
    for a in ODD {
        for b in ODD {
            for sides in [Sides::One, Sides::Two] {
                let _ = p_value(a, b, sides);
                if let Ok(mixture) = NormalMixture::new(a, sides) {
                    let _ = (mixture.bound(b), mixture.tightest(), mixture.half_width(b, a));
                    let _ = mixture.looked_at(&[0.5, 1.0], b);
                }
                for tail in [
                    Tail::Normal { sides },
                    Tail::GammaExponential { scale: a },
                    Tail::GammaPoisson { scale: a },
                    Tail::BetaBinomial { below: a, above: b, sides },
                ] {
                    if let Ok(mixture) = Mixture::tuned(tail, b, 0.05) {
                        let _ = mixture.bound(a, 0.01);
                        let _ = mixture.bound(10.0, 0.01);
                        let _ = mixture.ln_evidence(a, b);
                    }
                }
            }
            for boundary in [
                Boundary::TightestAt { fraction: a },
                Boundary::TunedTo { units: a },
                Boundary::AsymptoticCs { rho: a },
                Boundary::Msprt { mixing_sd: a },
            ] {
                let test = Sequence { boundary, alpha: 0.05, sides: Sides::Two, unit_variance: b };
                let _ = test.passage(&Schedule::Continuous, 1e4, b);
                let _ = test.required(&Schedule::equal(2), 0.1, 0.8);
                let _ = test.detectable(&Schedule::equal(2), 1e4, 0.8);
            }
            let boundary = Boundary::TunedTo { units: 1e3 };
            let test = Sequence { boundary, alpha: 0.05, sides: Sides::One, unit_variance: 1.0 };
            let _ = test.required(&Schedule::Continuous, a, b);
            let _ = test
                .passage(&Schedule::Continuous, b, a)
                .map(|passage| (passage.stopped_by(a), passage.stopped_with(b), passage.stops()));
            let _ = rate_interval(a, b, 0.05, 100.0);
            let _ = rate_interval(3.0, 10.0, a, b);
            let _ = polynomial_bound(a, 0.05, b, a, Epochs { power: b, eta: a });
            let _ = quantile_bound(0.3, a, 0.05, b, a, Epochs { power: a, eta: b });
            let _ = regression_ln_evidence(a, b, a, b);
            let _ = mixture_ln_likelihood_ratio(a, b, a);
            let _ = special::zeta(a);
        }
    }
}
