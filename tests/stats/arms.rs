//! Laws of many arms and many metrics, and of the distributions under them.

use crate::cases::cases;
use expc::stats::decision::{Claims, ShipRule, ship_probability};
use expc::stats::dunnett::{ManyToOne, Pairs, Pointing, Spread};
use expc::stats::family::{Family, sequence_power};
use expc::stats::multiplicity::{Correction, FirstStage, adjust, adjust_two_stage, alpha_per_test, gatekeep};
use expc::stats::multivariate::{Variable, equicorrelated, product_correlated, rectangle};
use expc::stats::{Sides, bivariate, noncentral, normal, omnibus, special, student};
use proptest::prelude::*;

const INFINITE: f64 = f64::INFINITY;
const NONE: f64 = f64::NEG_INFINITY;

fn sides() -> impl Strategy<Value = Sides> {
    prop_oneof![Just(Sides::One), Just(Sides::Two)]
}

fn degrees() -> impl Strategy<Value = f64> {
    prop_oneof![Just(INFINITE), 3.0..500.0_f64]
}

fn near(got: f64, want: f64, tolerance: f64) -> bool {
    (got - want).abs() <= tolerance * want.abs().max(1e-300)
}

proptest! {
    #![proptest_config(cases(30))]

    #[test]
    fn one_arm_is_an_ordinary_test(
        alpha in 1e-6..0.4_f64,
        sides in sides(),
        ratio in 0.01..100.0_f64,
        df in degrees(),
    ) {
        let arms = ManyToOne { alpha, sides, ratios: &[ratio] };
        let alone = student::upper_quantile(sides.tail(alpha), df);
        prop_assert_eq!(arms.critical(df).unwrap(), alone);
        let power = arms.power(Pairs::Any, Pointing::Right, &[2.0], df).unwrap();
        prop_assert!(near(power, noncentral::tails(alone, df, 2.0).upper, 1e-11));
    }

    /// A second arm of any size and no matter how many: the critical value rises, but never above Bonferroni's,
    /// and Sidak's is a bound as well.
    #[test]
    fn between_unadjusted_and_sidak(
        alpha in 1e-5..0.4_f64,
        sides in sides(),
        mut ratios in prop::collection::vec(0.05..20.0_f64, 2..6),
        df in degrees(),
    ) {
        let arms = ManyToOne { alpha, sides, ratios: &ratios };
        let level = arms.alpha_per_comparison(df).unwrap();
        let count = ratios.len();
        prop_assert!(alpha / count as f64 <= level && level <= alpha);
        if df == INFINITE {
            prop_assert!(alpha_per_test(Correction::Sidak, alpha, count).unwrap() <= level * (1.0 + 1e-10));
        }
        let critical = arms.critical(df).unwrap();
        let wider = ManyToOne { alpha: alpha * 1.01, ..arms }.critical(df).unwrap();
        prop_assert!(wider < critical);
        let fewer = ManyToOne { ratios: &ratios[1..], ..arms }.critical(df).unwrap();
        prop_assert!(fewer < critical);
        ratios.reverse();
        let mirrored = ManyToOne { alpha, sides, ratios: &ratios }.critical(df).unwrap();
        prop_assert!(near(mirrored, critical, 1e-10));
    }

    #[test]
    fn powers_keep_their_order_and_the_size_reaches_them(
        alpha in 1e-3..0.2_f64,
        sides in sides(),
        ratios in prop::collection::vec(0.2..3.0_f64, 1..4),
        effect in 0.05..0.5_f64,
        power in 0.5..0.95_f64,
    ) {
        let arms = ManyToOne { alpha, sides, ratios: &ratios };
        let effects = vec![effect; ratios.len()];
        let size = |pairs, spread| arms.required(pairs, Pointing::Right, &effects, power, spread).unwrap();
        let sizes = [Pairs::Any, Pairs::Marginal, Pairs::All].map(|pairs| (pairs, size(pairs, Spread::Known)));
        prop_assert!(sizes[0].1.control <= sizes[1].1.control * (1.0 + 1e-9));
        prop_assert!(sizes[1].1.control <= sizes[2].1.control * (1.0 + 1e-9));
        for (pairs, size) in &sizes {
            let shift = |ratio: &f64| effect * (size.control * ratio / (1.0 + ratio)).sqrt();
            let shifts: Vec<f64> = ratios.iter().map(shift).collect();
            let got = arms.power(*pairs, Pointing::Right, &shifts, INFINITE).unwrap();
            prop_assert!(near(got, power, 1e-11), "{pairs:?} {got}");
            prop_assert!(power <= size.power + 1e-11);
        }
        let estimated = size(Pairs::Any, Spread::Estimated);
        prop_assert!(sizes[0].1.control < estimated.control);
    }

    /// The joint probability against one of five variables at most, reached another way.
    #[test]
    fn a_shared_factor_is_a_correlation_matrix(
        variables in prop::collection::vec((-0.9..0.9_f64, -3.0..0.5_f64, 0.0..3.0_f64), 2..5),
    ) {
        let variable = |&(loading, lower, width): &(f64, f64, f64)| Variable { loading, lower, upper: lower + width };
        let variables: Vec<Variable> = variables.iter().map(variable).collect();
        let between = |a: &Variable, b: &Variable| if std::ptr::eq(a, b) { 1.0 } else { a.loading * b.loading };
        let rows: Vec<Vec<f64>> = variables.iter().map(|a| variables.iter().map(|b| between(a, b)).collect()).collect();
        let lower: Vec<f64> = variables.iter().map(|v| v.lower).collect();
        let upper: Vec<f64> = variables.iter().map(|v| v.upper).collect();
        let got = product_correlated(&variables).unwrap();
        prop_assert!((rectangle(&lower, &upper, &rows).unwrap() - got.lower).abs() < 1e-11);
        prop_assert!((got.lower + got.upper - 1.0).abs() < 1e-13);
    }

    #[test]
    fn correlations_at_their_ends(count in 1..30_usize, upper in -1.0..3.0_f64) {
        let at = |rho: f64| equicorrelated(count, rho, NONE, upper).unwrap().lower;
        let independent = (count as f64 * normal::ln_cdf(upper)).exp();
        prop_assert!(near(at(0.0), independent, 1e-13));
        prop_assert!((at(1e-9) - independent).abs() < 1e-6);
        prop_assert!(near(at(1.0), normal::cdf(upper), 1e-15));
        prop_assert!((at(0.999_999) - normal::cdf(upper)).abs() < 2e-3);
        prop_assert!(at(0.3) <= at(0.6) * (1.0 + 1e-12));
    }

    #[test]
    fn two_variables(h in -6.0..6.0_f64, k in -6.0..6.0_f64, rho in -1.0..1.0_f64) {
        let at = bivariate::cdf(h, k, rho);
        prop_assert!((at - bivariate::cdf(k, h, rho)).abs() < 1e-16);
        prop_assert!((at + bivariate::cdf(h, -k, -rho) - normal::cdf(h)).abs() < 1e-15);
        prop_assert!((bivariate::owen_t(h, 1.0) - 0.5 * normal::cdf(h) * normal::sf(h)).abs() < 1e-16);
        prop_assert!(near(bivariate::owen_t(h, k), -bivariate::owen_t(h, -k), 0.0));
    }

    /// The square of a noncentral t has a noncentral F, and of a shifted normal a noncentral chi-square.
    #[test]
    fn squares(t in 0.1..8.0_f64, df in 1.0..2000.0_f64, shift in 0.0..8.0_f64) {
        let two = |df: f64| noncentral::tails(t, df, shift).upper + noncentral::tails(t, df, -shift).upper;
        let f = noncentral::f_tails(t * t, 1.0, df, shift * shift);
        prop_assert!(near(f.upper, two(df), 1e-9), "{} {}", f.upper, two(df));
        prop_assert!((f.lower + f.upper - 1.0).abs() < 1e-12);
        let chi = noncentral::chi_square_tails(t * t, 1.0, shift * shift);
        prop_assert!(near(chi.upper, two(INFINITE), 1e-11));
        prop_assert_eq!(noncentral::f_tails(t * t, 1.0, INFINITE, shift * shift), chi);
        prop_assert_eq!(noncentral::chi_square_tails(t, df, 0.0), special::chi_square(t, df));
    }

    /// With two arms the F test is the two-sided t test that counts both tails.
    #[test]
    fn two_arms_at_once(effect in 0.05..1.0_f64, alpha in 1e-3..0.3_f64, power in 0.5..0.95_f64) {
        let units = omnibus::variance_units(effect, 2, alpha, power).unwrap();
        let df = 2.0 * (units - 1.0);
        let critical = student::upper_quantile(0.5 * alpha, df);
        let shift = effect * (2.0 * units).sqrt();
        let both = noncentral::tails(critical, df, shift).upper + noncentral::tails(critical, df, -shift).upper;
        prop_assert!(near(both, power, 1e-10));
        let shares = omnibus::shares_units(effect, 3.0, alpha, power).unwrap();
        prop_assert!(near(omnibus::shares_power(effect, 3.0, shares, alpha).unwrap(), power, 1e-11));
    }

    #[test]
    fn corrections_keep_their_order(p in prop::collection::vec(0.0..=1.0_f64, 1..7)) {
        let by = |correction| adjust(correction, &p).unwrap();
        let ordered = [
            Correction::None,
            Correction::BenjaminiHochberg,
            Correction::Hommel,
            Correction::Hochberg,
            Correction::Holm,
            Correction::Bonferroni,
        ];
        for pair in ordered.windows(2) {
            for (less, more) in by(pair[0]).iter().zip(by(pair[1])) {
                prop_assert!(*less <= more * (1.0 + 1e-14), "{pair:?} {p:?}");
            }
        }
        for (less, more) in by(Correction::HolmSidak).iter().zip(by(Correction::Holm)) {
            prop_assert!(*less <= more * (1.0 + 1e-14));
        }
        for (less, more) in by(Correction::BenjaminiHochberg).iter().zip(by(Correction::BenjaminiYekutieli)) {
            prop_assert!(*less <= more);
        }
        // Hommel's by its definition: the worst Simes test of all subsets that hold the hypothesis.
        for (i, &got) in by(Correction::Hommel).iter().enumerate() {
            let simes = |subset: usize| {
                let mut held: Vec<f64> = (0..p.len()).filter(|j| subset >> j & 1 == 1).map(|j| p[j]).collect();
                held.sort_by(f64::total_cmp);
                let size = held.len() as f64;
                held.iter().enumerate().map(|(rank, p)| p * size / (rank + 1) as f64).fold(INFINITE, f64::min)
            };
            let worst = (1..1 << p.len()).filter(|subset| subset >> i & 1 == 1).map(simes).fold(0.0, f64::max);
            prop_assert!((got - worst).abs() <= 1e-15, "{p:?} {i}: {got} {worst}");
        }
        let (first, second) = gatekeep((Correction::Holm, &p), (Correction::Hochberg, &p)).unwrap();
        let gate = first.iter().copied().fold(0.0, f64::max);
        prop_assert!(second.iter().all(|&p| gate <= p));
    }

    /// An adjusted p-value and the level of one test say the same.
    #[test]
    fn dunnett_adjusts_as_it_plans(
        alpha in 1e-3..0.3_f64,
        sides in sides(),
        ratios in prop::collection::vec(0.1..10.0_f64, 2..5),
    ) {
        let correction = Correction::Dunnett { sides, ratios: &ratios };
        let level = alpha_per_test(correction, alpha, ratios.len()).unwrap();
        let adjusted = adjust(correction, &vec![level; ratios.len()]).unwrap();
        prop_assert!(adjusted.iter().all(|&p| near(p, alpha, 1e-10)), "{adjusted:?}");
        // Two metrics share alpha first.
        let halved = alpha_per_test(correction, 0.5 * alpha, ratios.len()).unwrap();
        prop_assert_eq!(alpha_per_test(correction, alpha, 2 * ratios.len()).unwrap(), halved);
    }

    #[test]
    fn families_keep_their_promises(
        tests in 1..12_usize,
        share in 0.0..=1.0_f64,
        shift in 0.5..4.0_f64,
        correlation in 0.0..0.95_f64,
        alpha in 0.005..0.2_f64,
        sides in sides(),
    ) {
        let effective = (tests as f64 * share).round() as usize;
        let family = Family { tests, effective, shift, correlation, alpha, sides };
        let by = |family: Family, correction| family.power(correction).unwrap();
        let ordered = [
            Correction::BenjaminiYekutieli,
            Correction::BenjaminiHochberg,
            Correction::None,
            Correction::Bonferroni,
            Correction::Holm,
            Correction::Hochberg,
            Correction::BenjaminiHochberg,
        ];
        for pair in ordered.windows(2).filter(|pair| pair[0] != Correction::None && pair[1] != Correction::Bonferroni) {
            let (less, more) = (by(family, pair[0]), by(family, pair[1]));
            prop_assert!(less.marginal <= more.marginal + 1e-12, "{pair:?} {less:?} {more:?}");
            prop_assert!(less.any <= more.any + 1e-12 && less.all <= more.all + 1e-12, "{pair:?}");
        }
        for correction in [Correction::Bonferroni, Correction::Holm, Correction::Hochberg] {
            prop_assert!(by(family, correction).family_wise_error <= alpha + 1e-12);
        }
        // Each is sized by its first step.
        let level = alpha_per_test(Correction::Hochberg, alpha, tests).unwrap();
        let critical = normal::upper_quantile(sides.tail(level));
        if 0 < effective {
            prop_assert!(normal::sf(critical - shift) <= by(family, Correction::Hochberg).marginal + 1e-12);
        }
        // Independent tests: Sidak spends alpha exactly, and Benjamini and Hochberg the share of true nulls of it.
        let independent = Family { correlation: 0.0, ..family };
        let nulls = (tests - effective) as f64;
        let rate = by(independent, Correction::BenjaminiHochberg).false_discovery_rate;
        prop_assert!((rate - alpha * nulls / tests as f64).abs() < 1e-12);
        let idle = Family { effective: 0, ..independent };
        prop_assert!(near(by(idle, Correction::Sidak).family_wise_error, alpha, 1e-12));
    }

    #[test]
    fn sequences_and_ships(
        success in 1..5_usize,
        guardrails in 0..8_usize,
        correlation in 0.0..0.98_f64,
        alpha in 0.005..0.2_f64,
        power in 0.5..0.95_f64,
    ) {
        let rule = ShipRule { success, guardrails, ..ShipRule::new(alpha, power) };
        // The split of beta is a union bound under any correlation.
        for effective in 1..=success {
            prop_assert!(power - 1e-12 <= rule.ship_probability(effective, correlation).unwrap());
        }
        let harmless = rule.ship_probability(0, correlation).unwrap();
        prop_assert!(harmless <= alpha * (1.0 + 1e-12));
        let one = rule.power_per_claim().unwrap();
        let [must, may] = [Claims { count: guardrails, power: one }, Claims { count: success, power: one }];
        let apart = ship_probability(&[may], &[must], 0.0).unwrap();
        let closed = one.powi(guardrails as i32) * (1.0 - (1.0 - one).powi(success as i32));
        prop_assert!(near(apart, closed, 1e-12));
        prop_assert!(near(ship_probability(&[may], &[must], 1.0).unwrap(), one, 1e-12));
        // More that can block never makes a decision likelier.
        let blocked = ShipRule { deterioration: 2, quality: 1, ..rule };
        prop_assert!(rule.power_per_claim().unwrap() < blocked.power_per_claim().unwrap());
        prop_assert!(power - rule.blocking_alpha <= blocked.ship_probability(1, correlation).unwrap());

        let claims = sequence_power(&[power; 4], correlation).unwrap();
        prop_assert!(near(claims[0], power, 1e-12) && claims.windows(2).all(|pair| pair[1] < pair[0]));
        let together = ship_probability(&[], &[Claims { count: 4, power }], correlation).unwrap();
        prop_assert!(near(claims[3], together, 1e-11));
        prop_assert!(power.powi(4) <= claims[3] * (1.0 + 1e-12));
    }
}

#[test]
fn two_stages_reject_what_their_level_says() {
    // Six of ten rejected at first, so the second look is at 0.05 * 10 / 4.
    let p = [0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.07, 0.2, 0.5, 0.9];
    let got = adjust_two_stage(FirstStage::Alpha, 0.05, &p).unwrap();
    assert!((got[6] - 0.07 * 10.0 / 7.0 * 0.4).abs() < 1e-15);
}

const ODD: [f64; 8] = [f64::NAN, INFINITE, NONE, 0.0, 1.0, 0.5, 1e-300, 1e300];

/// Whatever is asked, nothing panics, and an answer is a probability.
#[test]
fn odd_numbers_are_answered_or_refused() {
    let probability = |p: f64| assert!(p.is_nan() || (0.0..=1.0).contains(&p), "{p}");
    for a in ODD {
        for b in ODD {
            for c in ODD {
                probability(bivariate::cdf(a, b, c));
                for tails in [noncentral::chi_square_tails(a, b, c), noncentral::f_tails(a, b, 3.0, c)] {
                    probability(tails.lower);
                    probability(tails.upper);
                }
                let _ = noncentral::f_tails(a, 3.0, b, c);
                if let Ok(tails) = equicorrelated(3, a, b, c) {
                    probability(tails.lower);
                    probability(tails.upper);
                }
                if let Ok(p) =
                    rectangle(&[a, NONE, b], &[c, a, INFINITE], &[[1.0, 0.0, 0.0], [b, 1.0, 0.0], [c, 0.5, 1.0]])
                {
                    probability(p);
                }
                let _ = omnibus::variance_power(a, 3, b, c);
                let _ = omnibus::variance_units(a, 2, b, c);
                let _ = omnibus::shares_units(a, 3.0, b, c);
                let _ = omnibus::shares_power(a, b, c, 0.05);
                let arms = ManyToOne { alpha: a, sides: Sides::Two, ratios: &[b, 1.0] };
                let _ = arms.critical(c);
                let _ = arms.power(Pairs::All, Pointing::Either, &[c, a], INFINITE);
                let arms = ManyToOne { alpha: 0.05, sides: Sides::One, ratios: &[1.0, 1.0] };
                let _ = arms.required(Pairs::Any, Pointing::Right, &[a, b], c, Spread::Known);
                let _ = arms.required_to_select(a, b, c);
                let _ = Family { tests: 3, effective: 1, shift: a, correlation: b, alpha: c, sides: Sides::Two }
                    .power(Correction::Holm);
                let _ = ship_probability(&[Claims { count: 2, power: a }], &[Claims { count: 1, power: b }], c);
            }
            let _ = special::f_ratio(a, b, 2.0);
            let _ = special::chi_square(a, b);
            let _ = bivariate::owen_t(a, b);
            let _ = sequence_power(&[a, 0.5], b);
            let _ = adjust(Correction::Hommel, &[a, b]);
            let _ = adjust(Correction::Dunnett { sides: Sides::Two, ratios: &[1.0, a] }, &[b, 0.1]);
            let _ = adjust_two_stage(FirstStage::Reduced, a, &[b]);
            let _ = ShipRule { guardrails: usize::MAX, quality: usize::MAX, ..ShipRule::new(a, b) }
                .ship_probability(1, 0.5);
        }
    }
    assert!(adjust(Correction::Hommel, &[]).unwrap().is_empty());
    assert!(alpha_per_test(Correction::Dunnett { sides: Sides::One, ratios: &[] }, 0.05, 3).is_err());
    assert!(ManyToOne { alpha: 0.05, sides: Sides::Two, ratios: &[] }.critical(INFINITE).is_err());
    assert!(ship_probability(&[], &[], 0.5).is_ok_and(|p| (p - 1.0).abs() < 1e-13));
}
