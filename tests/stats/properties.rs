//! Laws that hold for every design.

use expc::stats::comparison::{BothTails, Claim, Comparison, Endpoint, Rounding, Scale};
use expc::stats::exact::{self, Unconditional};
use expc::stats::mean::MeanTest;
use expc::stats::proportion::ProportionTest;
use expc::stats::sequential::{Futility, FutilityRule, Looks, Monitoring, Shape, Spending, equal_fractions};
use expc::stats::{Direction, Refusal, Sides, normal, special, student};
use proptest::prelude::*;

fn sides() -> impl Strategy<Value = Sides> {
    prop_oneof![Just(Sides::One), Just(Sides::Two)]
}

fn mean_test() -> impl Strategy<Value = MeanTest> {
    prop_oneof![
        Just(MeanTest::Z),
        Just(MeanTest::T),
        (0.2..4.0).prop_map(|sd_treatment| MeanTest::UnequalZ { sd_treatment }),
        (0.2..4.0).prop_map(|sd_treatment| MeanTest::Satterthwaite { sd_treatment }),
        (0.0..0.9, 0_u32..9).prop_map(|(r_squared, covariates)| MeanTest::Adjusted { r_squared, covariates }),
    ]
}

fn proportion_test() -> impl Strategy<Value = ProportionTest> {
    prop_oneof![
        Just(ProportionTest::Pooled),
        Just(ProportionTest::Unpooled),
        Just(ProportionTest::Arcsine),
        Just(ProportionTest::ContinuityCorrected),
        Just(ProportionTest::LogOdds),
    ]
}

prop_compose! {
    fn frame()(
        alpha in 1e-4..0.2_f64,
        sides in sides(),
        ln_allocation in -2.0..2.0_f64,
        size_factor in 0.3..3.0,
    ) -> Comparison {
        Comparison {
            endpoint: Endpoint::Mean { baseline: 0.0, sd: 1.0, test: MeanTest::Z },
            claim: Claim::Superiority { effect: 1.0 },
            scale: Scale::Difference,
            alpha,
            sides,
            allocation: ln_allocation.exp(),
            size_factor,
        }
    }
}

prop_compose! {
    fn means()(frame in frame(), test in mean_test(), sd in 0.5..2.0, size in 0.01..1.0_f64, up: bool)
        -> Comparison
    {
        let effect = if up { size } else { -size };
        Comparison {
            endpoint: Endpoint::Mean { baseline: 3.0, sd, test },
            claim: Claim::Superiority { effect },
            ..frame
        }
    }
}

prop_compose! {
    fn rates()(
        frame in frame(),
        test in proportion_test(),
        baseline in 0.01..0.99_f64,
        share in 0.01..0.6_f64,
        up: bool,
    ) -> Comparison {
        let room = if up { 1.0 - baseline } else { -baseline };
        Comparison {
            endpoint: Endpoint::Proportion { baseline, test },
            claim: Claim::Superiority { effect: room * share },
            ..frame
        }
    }
}

prop_compose! {
    fn margins()(
        c in prop_oneof![means(), rates()],
        harm in 0.01..0.3,
        higher_is_better: bool,
        help in 0.0..0.3,
    ) -> Comparison {
        let (bad, good) = match c.endpoint {
            Endpoint::Proportion { baseline, .. } if higher_is_better => (baseline, 1.0 - baseline),
            Endpoint::Proportion { baseline, .. } => (1.0 - baseline, baseline),
            _ => (1.0, 1.0),
        };
        let better = if higher_is_better { 1.0 } else { -1.0 };
        let claim = Claim::NonInferiority {
            margin: harm * bad,
            higher_is_better,
            true_effect: better * help * good,
        };
        Comparison { claim, ..c }
    }
}

fn any_comparison() -> impl Strategy<Value = Comparison> {
    prop_oneof![means(), rates(), margins()]
}

fn effect(c: &Comparison) -> f64 {
    match c.claim {
        Claim::Superiority { effect } | Claim::SuperiorityByMargin { effect, .. } => effect,
        Claim::NonInferiority { true_effect, .. } | Claim::Equivalence { true_effect, .. } => true_effect,
    }
}

/// A t test of a huge effect needs its least sample whatever the power: a degree of freedom, or two units an arm.
fn is_least(c: &Comparison, n: f64) -> bool {
    let least = match c.endpoint {
        Endpoint::Mean { test: MeanTest::Adjusted { covariates, .. }, .. } => {
            ((f64::from(covariates) + 3.0) / (1.0 + c.allocation)).max(1.01)
        }
        Endpoint::Mean { test: MeanTest::Satterthwaite { .. }, .. } => 2.0 / c.allocation.min(1.0),
        _ => (3.0 / (1.0 + c.allocation)).max(1.01),
    };
    n <= least * c.size_factor * (1.0 + 1e-9)
}

proptest! {
    #![proptest_config(crate::cases::cases(1000))]

    /// The power at the size required for it is that power.
    #[test]
    fn size_and_power_are_inverse(c in any_comparison(), power in 0.5..0.995) {
        let size = c.required(power).unwrap();
        let back = c.power(size.control).unwrap();
        prop_assert!((back - power).abs() < 1e-11 || is_least(&c, size.control), "{back} {power}");
        prop_assert!(power - 1e-11 <= size.power);
        prop_assert!(size.control <= size.control_units as f64 + 1e-6);
        prop_assert!((size.treatment - c.allocation * size.control).abs() <= 1e-9 * size.treatment);
    }

    /// The size required at the effect that a size can detect is that size.
    #[test]
    fn size_and_effect_are_inverse(c in any_comparison(), power in 0.5..0.995, ln_n in 3.0..14.0_f64, up: bool) {
        let n = ln_n.exp();
        let toward = if up { Direction::Up } else { Direction::Down };
        let Ok(found) = c.detectable(n, power, toward) else { return Ok(()) };
        let claim = match c.claim {
            Claim::NonInferiority { higher_is_better, true_effect, .. } => {
                prop_assume!(1e-9 < found);
                Claim::NonInferiority { margin: found, higher_is_better, true_effect }
            }
            _ => {
                prop_assert_eq!(Direction::of(found), Some(toward));
                Claim::Superiority { effect: found }
            }
        };
        let c = Comparison { claim, ..c };
        prop_assume!(!is_least(&c, n));
        let size = c.required(power).unwrap();
        prop_assert!((size.control / n - 1.0).abs() < 1e-9, "{} {n}", size.control);
    }

    /// More units, more alpha or a larger effect never lower the power.
    #[test]
    fn power_rises(c in any_comparison(), ln_n in 2.0..12.0_f64, more in 1.001..2.0_f64) {
        let n = ln_n.exp() * c.size_factor.max(1.0) * 2.0;
        let power = c.power(n).unwrap();
        prop_assert!(power <= c.power(n * more).unwrap() + 1e-14);
        let loose = Comparison { alpha: (c.alpha * more).min(0.9), ..c };
        prop_assert!(power <= loose.power(n).unwrap() + 1e-14);
        if let (Claim::Superiority { effect }, Endpoint::Mean { .. }) = (c.claim, c.endpoint) {
            let larger = Comparison { claim: Claim::Superiority { effect: effect * more }, ..c };
            prop_assert!(power <= larger.power(n).unwrap() + 1e-14);
        }
    }

    /// Up and down are mirror images: of the effect for means, of the rate for proportions.
    #[test]
    fn mirror(c in prop_oneof![means(), rates()], power in 0.5..0.99) {
        let claim = Claim::Superiority { effect: -effect(&c) };
        let endpoint = match c.endpoint {
            Endpoint::Proportion { baseline, test } => Endpoint::Proportion { baseline: 1.0 - baseline, test },
            other => other,
        };
        let mirrored = Comparison { claim, endpoint, ..c };
        let (one, other) = (c.required(power).unwrap(), mirrored.required(power).unwrap());
        prop_assert!((one.control / other.control - 1.0).abs() < 1e-11);
    }

    /// A two-sided test is a one-sided test at half its alpha, in the right direction.
    #[test]
    fn two_sides_share_alpha(c in any_comparison(), power in 0.5..0.99) {
        let two = Comparison { sides: Sides::Two, ..c };
        let one = Comparison { sides: Sides::One, alpha: c.alpha / 2.0, ..c };
        prop_assert_eq!(two.required(power).unwrap(), one.required(power).unwrap());
    }

    /// Swapping the arms and the allocation leaves the total alone.
    #[test]
    fn arms_swap(c in rates(), power in 0.5..0.99) {
        let Endpoint::Proportion { baseline, test } = c.endpoint else { unreachable!() };
        let d = effect(&c);
        let swapped = Comparison {
            endpoint: Endpoint::Proportion { baseline: baseline + d, test },
            claim: Claim::Superiority { effect: -d },
            allocation: 1.0 / c.allocation,
            ..c
        };
        let (one, other) = (c.required(power).unwrap(), swapped.required(power).unwrap());
        prop_assert!((one.control / other.treatment - 1.0).abs() < 1e-9);
    }

    /// The size factor multiplies the size.
    #[test]
    fn size_factor_is_a_factor(c in any_comparison(), power in 0.5..0.99) {
        let plain = Comparison { size_factor: 1.0, ..c };
        let (with, without) = (c.required(power).unwrap(), plain.required(power).unwrap());
        prop_assert!((with.control / (c.size_factor * without.control) - 1.0).abs() < 1e-9);
    }

    /// The t test needs more than the normal test, by little when the arms are large.
    #[test]
    fn t_approaches_z(c in frame(), power in 0.5..0.99, d in 0.001..0.5) {
        let with = |test| Comparison {
            endpoint: Endpoint::Mean { baseline: 0.0, sd: 1.0, test },
            claim: Claim::Superiority { effect: d },
            size_factor: 1.0,
            ..c
        };
        let t = with(MeanTest::T).required(power).unwrap();
        let z = with(MeanTest::Z).required(power).unwrap();
        let total = z.control + z.treatment;
        prop_assert!(z.control < t.control);
        prop_assert!((t.control + t.treatment) - total < 25.0 + 200.0 / total, "{t:?} {z:?}");
    }

    /// One unit fewer an arm falls short.
    #[test]
    fn sizes_are_smallest(c in any_comparison(), power in 0.5..0.99) {
        let c = Comparison { allocation: 1.0, ..c };
        let size = c.required(power).unwrap();
        let fewer = size.control_units as f64 - 1.0;
        prop_assume!(3.0 * c.size_factor.max(1.0) * 4.0 < fewer && !is_least(&c, size.control));
        prop_assert!(power <= size.power + 1e-12);
        prop_assert!(c.power(fewer).unwrap() < power);
    }

    /// A little lift is the difference it makes.
    #[test]
    fn little_lift_is_a_difference(c in prop_oneof![means(), rates()], power in 0.5..0.99, up: bool) {
        let (Endpoint::Proportion { baseline, .. } | Endpoint::Mean { baseline, .. }) = c.endpoint else {
            unreachable!()
        };
        let lift = if up { 1e-5 } else { -1e-5 };
        let relative = Comparison { scale: Scale::Lift, claim: Claim::Superiority { effect: lift }, ..c };
        let absolute = Comparison { claim: Claim::Superiority { effect: lift * baseline }, ..c };
        let ratio = relative.required(power).unwrap().control / absolute.required(power).unwrap().control;
        prop_assert!((ratio - 1.0).abs() < 1e-3, "{ratio}");
    }

    /// Size, power and effect of a lift are inverse to each other, and the effect is there if the control is known well.
    #[test]
    fn lifts_are_inverse(c in prop_oneof![means(), rates()], lift in 0.01..0.3_f64, power in 0.5..0.99) {
        let fits = match c.endpoint {
            Endpoint::Proportion { baseline, .. } => baseline * (1.0 + lift) < 0.97,
            _ => true,
        };
        prop_assume!(fits);
        let c = Comparison { scale: Scale::Lift, claim: Claim::Superiority { effect: lift }, ..c };
        let size = c.required(power).unwrap();
        prop_assume!(!is_least(&c, size.control));
        prop_assert!((c.power(size.control).unwrap() - power).abs() < 1e-10);
        // A Wald test far out may have a second, smaller effect with the same power.
        let found = c.detectable(size.control, power, Direction::Up).unwrap();
        prop_assert!(found <= lift * (1.0 + 1e-8), "{found} {lift}");
    }

    /// Both tests must reject: no more power than either, and at least their sum less one.
    #[test]
    fn equivalence_within_its_tests(
        c in prop_oneof![means(), rates()],
        ln_n in 3.0..12.0_f64,
        margins in (0.02..0.5_f64, 0.02..0.5_f64),
        at in -0.9..0.9_f64,
    ) {
        let room = match c.endpoint {
            Endpoint::Proportion { baseline, .. } => 0.9 * baseline.min(1.0 - baseline),
            _ => 1.0,
        };
        let (lower, upper) = (-margins.0 * room, margins.1 * room);
        let effect = if at < 0.0 { -at * lower } else { at * upper };
        let n = ln_n.exp() * c.size_factor.max(1.0) * 2.0;
        let one_sided = |margin: f64, higher_is_better| {
            let claim = Claim::NonInferiority { margin, higher_is_better, true_effect: effect };
            Comparison { claim, sides: Sides::One, ..c }.power(n).unwrap()
        };
        let (above, below) = (one_sided(-lower, true), one_sided(upper, false));
        let c = Comparison { claim: Claim::Equivalence { lower, upper, true_effect: effect }, ..c };
        let both = c.power(n).unwrap();
        prop_assert!(both <= above.min(below) + 1e-11, "{both} {above} {below}");
        prop_assert!(above + below - 1.0 <= both + 1e-11, "{both} {above} {below}");
        let (low, size) = (c.required(0.7), c.required(0.9).unwrap());
        prop_assert!((c.power(size.control).unwrap() - 0.9).abs() < 1e-9 || is_least(&c, size.control));
        prop_assert!(low.unwrap().control <= size.control * (1.0 + 1e-12));
    }

    /// The smallest equivalence margins need the size they are found with.
    #[test]
    fn equivalence_margins_are_inverse(c in prop_oneof![means(), rates()], power in 0.5..0.98, ln_n in 4.0..12.0_f64) {
        let claim = Claim::Equivalence { lower: -0.1, upper: 0.1, true_effect: 0.0 };
        let c = Comparison { claim, ..c };
        let n = ln_n.exp() * c.size_factor.max(1.0) * 2.0;
        let Ok(margin) = c.detectable(n, power, Direction::Up) else { return Ok(()) };
        let claim = Claim::Equivalence { lower: -margin, upper: margin, true_effect: 0.0 };
        let size = Comparison { claim, ..c }.required(power).unwrap();
        prop_assert!((size.control / n - 1.0).abs() < 1e-8, "{} {n}", size.control);
    }

    /// Counting the wrong direction never costs units, and is worth less than the tail.
    #[test]
    fn both_tails_are_a_little_more(c in means(), power in 0.5..0.99) {
        let c = Comparison { sides: Sides::Two, ..c };
        let size = c.required(power).unwrap().control;
        prop_assert!(BothTails(c).required(power).unwrap() <= size * (1.0 + 1e-12));
        let wrong = c.wrong_way(size).unwrap();
        prop_assert!((0.0..=c.alpha / 2.0).contains(&wrong));
        let found = c.exaggeration(size).unwrap();
        prop_assert!((0.0..=0.5).contains(&found.wrong_sign));
        prop_assert!(1.0 <= found.magnitude + 1e-9, "{found:?}");
    }

    /// A margin of no difference is superiority.
    #[test]
    fn margin_tends_to_none(c in rates(), power in 0.5..0.99) {
        let d = effect(&c);
        let none = Comparison { claim: Claim::SuperiorityByMargin { effect: d, margin: 0.0 }, ..c };
        prop_assert_eq!(none.required(power).unwrap(), c.required(power).unwrap());
        let little = Comparison { claim: Claim::SuperiorityByMargin { effect: d, margin: d.abs() * 1e-9 }, ..c };
        let ratio = little.required(power).unwrap().control / c.required(power).unwrap().control;
        prop_assert!((ratio - 1.0).abs() < 1e-7, "{ratio}");
    }

    #[test]
    fn quantiles_invert(p in 1e-12..1.0_f64, ln_df in 0.0..20.0_f64) {
        let df = ln_df.exp();
        let z = normal::upper_quantile(p);
        prop_assert!((normal::sf(z) / p - 1.0).abs() < 1e-13);
        let t = student::upper_quantile(p, df);
        prop_assert!((student::sf(t, df) / p - 1.0).abs() < 1e-12, "{t}");
    }

    #[test]
    fn beta_tails_complement(a in 0.01..5000.0, b in 0.01..5000.0, x in 0.0..1.0_f64) {
        let tails = special::incomplete_beta(a, b, x, 1.0 - x);
        let swapped = special::incomplete_beta(b, a, 1.0 - x, x);
        prop_assert!((tails.lower + tails.upper - 1.0).abs() < 1e-14);
        prop_assert!((tails.lower - swapped.upper).abs() < 1e-12);
    }
}

prop_compose! {
    fn fractions()(steps in prop::collection::vec(0.02..1.0, 1..9)) -> Vec<f64> {
        let total: f64 = steps.iter().sum();
        let last = steps.len() - 1;
        let mut sum = 0.0;
        steps
            .iter()
            .enumerate()
            .map(|(k, step)| {
                sum += step;
                if k == last { 1.0 } else { sum / total }
            })
            .collect()
    }
}

fn spending() -> impl Strategy<Value = Spending> {
    prop_oneof![
        Just(Spending::ObrienFleming),
        Just(Spending::Pocock),
        (-6.0..4.0).prop_map(|gamma| Spending::HwangShihDeCani { gamma }),
        (0.5..5.0).prop_map(|rho| Spending::KimDeMets { rho }),
        (0.3..2.0).prop_map(|nu| Spending::AndersonClark { nu }),
    ]
}

proptest! {
    #![proptest_config(crate::cases::cases(200))]

    /// All of alpha is spent, no more, and as the function says at each look.
    #[test]
    fn alpha_is_kept(t in fractions(), alpha in 1e-4..0.2, sides in sides(), spending in spending()) {
        let plan = Monitoring::spending(&t, alpha, sides, spending).unwrap();
        prop_assert!((plan.type_one_error() - alpha).abs() < 1e-12, "{}", plan.type_one_error() - alpha);
        let share = sides.tail(alpha) / alpha;
        for (spent, &t) in plan.spent().iter().zip(&t) {
            prop_assert!((spent - spending.spent(share * alpha, t) / share).abs() < 1e-12);
        }
    }

    /// Bounds do not know the looks after them.
    #[test]
    fn bounds_look_back_only(t in fractions(), alpha in 1e-3..0.2, sides in sides(), spending in spending()) {
        prop_assume!(2 < t.len());
        let plan = Monitoring::spending(&t, alpha, sides, spending).unwrap();
        let mut fewer = t.clone();
        fewer.remove(t.len() - 2);
        let plan_fewer = Monitoring::spending(&fewer, alpha, sides, spending).unwrap();
        for (one, other) in plan.bounds()[..t.len() - 2].iter().zip(plan_fewer.bounds()) {
            // Where nothing can be spent both bounds are infinite.
            prop_assert!(one == other || (one - other).abs() < 1e-10, "{one} {other}");
        }
    }

    /// Looks cost units, the mean of which is less than the most; the likelihood ratio agrees with the
    /// recursion run under the drift itself.
    #[test]
    fn looks_have_a_price(t in fractions(), alpha in 1e-3..0.2, sides in sides(), spending in spending(), power in 0.5..0.99) {
        let plan = Monitoring::spending(&t, alpha, sides, spending).unwrap();
        let inflation = plan.inflation(power).unwrap();
        prop_assert!(1.0 - 1e-10 <= inflation, "{inflation}");
        prop_assert!(inflation < 2.0);
        let drift = plan.drift(power).unwrap();
        prop_assert!((plan.power(drift).unwrap() - power).abs() < 1e-12);
        prop_assert!(plan.expected_information(drift).unwrap() <= 1.0);
        let less = plan.power(0.9 * drift).unwrap();
        prop_assert!(less < power);
        let crossing = plan.crossing(drift).unwrap();
        for p in crossing.upper.iter().chain(&crossing.lower) {
            prop_assert!((0.0..=1.0).contains(p));
        }
    }

    /// Under the opposite drift the bounds swap their roles.
    #[test]
    fn sequential_mirror(t in fractions(), spending in spending(), drift in 0.0..12.0) {
        let plan = Monitoring::spending(&t, 0.05, Sides::Two, spending).unwrap();
        let (up, down) = (plan.crossing(drift).unwrap(), plan.crossing(-drift).unwrap());
        for (one, other) in up.upper.iter().zip(&down.lower) {
            prop_assert!((one - other).abs() < 2e-12, "{one} {other}");
        }
    }

    /// The same through the recursion itself, without the shortcut of two sides.
    #[test]
    fn recursion_mirror(t in fractions(), spending in spending(), drift in 0.0..12.0) {
        let plan = Monitoring::spending(&t, 0.05, Sides::Two, spending).unwrap();
        let both = Monitoring::between(&t, plan.lower_bounds(), plan.bounds(), 0.025).unwrap();
        let (up, down) = (plan.crossing(drift).unwrap(), both.crossing(-drift).unwrap());
        for (one, other) in up.upper.iter().zip(&down.lower).chain(up.lower.iter().zip(&down.upper)) {
            prop_assert!((one - other).abs() < 2e-12, "{one} {other}");
        }
    }

    /// Beta is spent as the function says under the drift of the power, the bounds meet at the last look, and alpha is
    /// kept: by binding bounds when they are heeded, by others when they are not.
    #[test]
    fn futility_spends_beta(
        t in fractions(),
        alpha in 1e-3..0.1,
        efficacy in spending(),
        futility in spending(),
        binding: bool,
        power in 0.5..0.99,
    ) {
        let looks = Looks::new(&t).unwrap();
        let rule = FutilityRule::Beta(futility);
        let plan = Monitoring::with_futility(&looks, alpha, efficacy.into(), &Futility { rule, binding }, power);
        // Some spend so early that the bounds meet before the end.
        let plan = match plan {
            Err(Refusal::BoundsMeet) => return Ok(()),
            plan => plan.unwrap(),
        };
        let drift = plan.drift(power).unwrap();
        prop_assert!((plan.type_one_error() - alpha).abs() < 1e-12);
        prop_assert_eq!(plan.lower_bounds().last(), plan.bounds().last());
        let lower = plan.crossing(drift).unwrap().lower;
        let mut spent = 0.0;
        for (look, &t) in t.iter().enumerate() {
            spent += lower[look];
            prop_assert!((spent - futility.spent(1.0 - power, t)).abs() < 1e-10, "{spent} at {t}");
            prop_assert!(look + 1 == looks.fractions().len() || plan.lower_bounds()[look] < plan.bounds()[look]);
        }
        let heedless = Monitoring::bounded(&t, plan.bounds().iter().map(|u| u.max(1e-9)).collect::<Vec<_>>().as_slice(), alpha, Sides::One);
        let error = heedless.unwrap().type_one_error();
        if binding {
            prop_assert!(alpha - 1e-12 <= error);
        } else {
            prop_assert!((error - alpha).abs() < 1e-12);
        }
        prop_assert!(1.0 - 1e-10 <= plan.inflation(power).unwrap());
    }

    #[test]
    fn classical_shapes_keep_alpha(t in fractions(), alpha in 1e-3..0.2, sides in sides(), delta in -0.2..0.7) {
        let plan = Monitoring::shaped(&t, alpha, sides, Shape::WangTsiatis { delta }).unwrap();
        prop_assert!((plan.type_one_error() - alpha).abs() < 1e-12, "{}", plan.type_one_error() - alpha);
    }
}

/// Drifts are read off the nodes of the null up to 8, and computed afresh beyond: both sides agree.
#[test]
fn likelihood_ratio_meets_recursion() {
    for sides in [Sides::One, Sides::Two] {
        for looks in [2, 5, 28] {
            let plan = Monitoring::spending(&equal_fractions(looks), 0.05, sides, Spending::ObrienFleming).unwrap();
            for edge in [8.0, -0.5] {
                let (one, other) =
                    (plan.crossing(edge * (1.0 - 1e-15)).unwrap(), plan.crossing(edge * (1.0 + 1e-15)).unwrap());
                for (one, other) in one.upper.iter().zip(&other.upper) {
                    assert!((one - other).abs() < 2e-13, "{looks} looks: {one} {other}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::cases::cases(40))]

    /// Welch's test: exact size and power are inverse, the approximation is near, and the arms can be swapped.
    #[test]
    fn welch_is_consistent(c in frame(), sd_treatment in 0.3..3.0_f64, d in 0.1..0.8, power in 0.5..0.99) {
        let with = |sd, test, effect| Comparison {
            endpoint: Endpoint::Mean { baseline: 0.0, sd, test },
            claim: Claim::Superiority { effect },
            size_factor: 1.0,
            ..c
        };
        let welch = with(1.0, MeanTest::Welch { sd_treatment }, d);
        let size = welch.required(power).unwrap();
        prop_assume!(8.0 < size.control.min(size.treatment));
        prop_assert!((welch.power(size.control).unwrap() - power).abs() < 1e-10);
        let near = with(1.0, MeanTest::Satterthwaite { sd_treatment }, d).power(size.control).unwrap();
        prop_assert!((near - power).abs() < 2.0 / size.control.min(size.treatment).powi(2), "{near} {power}");
        let swapped = with(sd_treatment, MeanTest::Welch { sd_treatment: 1.0 }, -d);
        let swapped = Comparison { allocation: 1.0 / c.allocation, ..swapped };
        prop_assert!((swapped.power(size.treatment).unwrap() - power).abs() < 1e-10);
        let found = welch.detectable(size.control, power, Direction::Up).unwrap();
        prop_assert!((found / d - 1.0).abs() < 1e-8);
    }

    /// Exact tests keep their alpha at every pair of equal rates, and have the power they promise.
    #[test]
    fn exact_tests_keep_alpha(arms in (4_u32..40, 4_u32..40), p in 0.05..0.95_f64, alpha in 0.005..0.2_f64) {
        let (control, treatment) = arms;
        let found = exact::fisher((control, p), (treatment, p), alpha, Sides::Two).unwrap();
        prop_assert!(found.up + found.down <= alpha);
        let turned = exact::fisher((treatment, p), (control, p), alpha, Sides::Two).unwrap();
        prop_assert!((turned.up - found.down).abs() < 1e-12);
        let test = Unconditional::new(control, treatment, 0.0, alpha).unwrap();
        let at_p = test.power(p, p).unwrap();
        prop_assert!(at_p <= test.attained_alpha() + 1e-9, "{at_p} {}", test.attained_alpha());
        prop_assert!(test.attained_alpha() <= alpha);
        let one = exact::fisher((control, p), (treatment, p), alpha, Sides::One).unwrap();
        prop_assert!(one.up <= alpha && one.down <= alpha);
    }

    /// From the size of an exact test on, the power never falls short.
    #[test]
    fn exact_sizes_hold(p in 0.1..0.5_f64, d in 0.3..0.45_f64, power in 0.5..0.9, fisher: bool) {
        let test = if fisher { ProportionTest::FisherExact } else { ProportionTest::ExactUnconditional };
        let c = Comparison {
            endpoint: Endpoint::Proportion { baseline: p, test },
            claim: Claim::Superiority { effect: d },
            scale: Scale::Difference,
            alpha: 0.05,
            sides: Sides::Two,
            allocation: 1.0,
            size_factor: 1.0,
        };
        let size = c.required(power).unwrap();
        prop_assert_eq!(size.rounding, Rounding::SawTooth);
        for more in 0..80 {
            // Arms as the search has them.
            let total = size.control + size.treatment + f64::from(more);
            let n_t = (0.5 * total + 0.5).floor();
            let n_c = total - n_t;
            let reached = Comparison { allocation: n_t / n_c, ..c }.power(n_c).unwrap();
            prop_assert!(power <= reached + 1e-12, "{n_c} {n_t} {reached}");
        }
    }
}

/// As the interim looks spend nothing, the design becomes the fixed one.
#[test]
fn no_interim_spending_is_the_fixed_design() {
    let rho = 200.0;
    let plan = Monitoring::spending(&[0.5, 1.0], 0.05, Sides::Two, Spending::KimDeMets { rho }).unwrap();
    assert!((plan.inflation(0.8).unwrap() - 1.0).abs() < 1e-12);
    let one = Monitoring::spending(&[1.0], 0.05, Sides::Two, Spending::Pocock).unwrap();
    assert!((one.inflation(0.8).unwrap() - 1.0).abs() < 1e-12);
    let first = Monitoring::spending(&[1e-4, 1.0], 0.05, Sides::Two, Spending::ObrienFleming).unwrap();
    assert_eq!(first.bounds()[0], f64::INFINITY);
    assert!((first.inflation(0.8).unwrap() - 1.0).abs() < 1e-12);
}
