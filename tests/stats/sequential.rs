//! Looks against a recursion of its own, against simulated courses, and against what is known in closed form.

use expc::stats::sequential::{
    Efficacy, Futility, FutilityRule, Looks, Monitoring, Prior, Shape, Spending, equal_fractions, final_bound,
    interim_bound, repeated_p,
};
use expc::stats::{Refusal, Sides, normal};

/// The recursion once more, as plainly as it can be written: many panels of five Gauss-Legendre points, whose nodes
/// have a closed form. Gives the probabilities to stop at the upper and at the lower bounds.
fn plain(times: &[f64], lower: &[f64], upper: &[f64], drift: f64, panels: usize) -> (Vec<f64>, Vec<f64>) {
    let inner = (5.0 - 2.0 * (10.0_f64 / 7.0).sqrt()).sqrt() / 3.0;
    let outer = (5.0 + 2.0 * (10.0_f64 / 7.0).sqrt()).sqrt() / 3.0;
    let (heavy, light) = ((322.0 + 13.0 * 70.0_f64.sqrt()) / 900.0, (322.0 - 13.0 * 70.0_f64.sqrt()) / 900.0);
    let rule = [(-outer, light), (-inner, heavy), (0.0, 128.0 / 225.0), (inner, heavy), (outer, light)];
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut before: Vec<(f64, f64)> = vec![(0.0, 1.0)];
    let mut past = 0.0;
    for ((&t, &low), &high) in times.iter().zip(lower).zip(upper) {
        let (root, step) = (t.sqrt(), (t - past).sqrt());
        let mean = |y: f64| y + drift * (t - past);
        up.push(before.iter().map(|(y, mass)| mass * normal::sf((high * root - mean(*y)) / step)).sum());
        down.push(before.iter().map(|(y, mass)| mass * normal::cdf((low * root - mean(*y)) / step)).sum());
        let left = (low * root).max(drift * t - 9.0 * root);
        let right = (high * root).min(drift * t + 9.0 * root);
        let half = 0.5 * (right - left) / panels as f64;
        let node = |index: usize| {
            let (x, weight) = rule[index % 5];
            let x = left + half * (2.0 * (index / 5) as f64 + 1.0 + x);
            let density: f64 = before.iter().map(|(y, mass)| mass * normal::pdf((x - mean(*y)) / step) / step).sum();
            (x, density * weight * half)
        };
        before = (0..5 * panels).map(node).collect();
        past = t;
    }
    (up, down)
}

/// Where the plain recursion has settled, the two agree; so does the alpha that the bounds spend.
#[test]
fn agrees_with_a_plain_recursion() {
    let uneven = [0.1, 0.15, 0.6, 0.9, 1.0];
    let spending = Spending::HwangShihDeCani { gamma: -2.0 };
    let two = Monitoring::spending(&uneven, 0.05, Sides::Two, spending).unwrap();
    let futility = Futility { rule: FutilityRule::Beta(Spending::Pocock), binding: true };
    let looks = Looks::new(&uneven).unwrap();
    let binding = Monitoring::with_futility(&looks, 0.025, spending.into(), &futility, 0.9).unwrap();
    let harm = Futility { rule: FutilityRule::Null { spending, total: 0.025 }, binding: false };
    let harm = Monitoring::with_futility(&looks, 0.025, Shape::Pocock.into(), &harm, 0.9).unwrap();
    for plan in [&two, &binding, &harm] {
        for drift in [-1.5, 0.0, 3.1, 9.5] {
            let crossing = plan.crossing(drift).unwrap();
            let (up, down) = plain(&uneven, plan.lower_bounds(), plan.bounds(), drift, 80);
            for (one, other) in crossing.upper.iter().zip(&up).chain(crossing.lower.iter().zip(&down)) {
                assert!((one - other).abs() < 1e-12, "drift {drift}: {one} {other}");
            }
        }
    }
    let (up, down) = plain(&uneven, two.lower_bounds(), two.bounds(), 0.0, 80);
    assert!((up.iter().chain(&down).sum::<f64>() - 0.05).abs() < 1e-12);
    let (up, _) = plain(&uneven, binding.lower_bounds(), binding.bounds(), 0.0, 80);
    assert!((up.iter().sum::<f64>() - 0.025).abs() < 1e-12);
}

/// Standard normal numbers by the polar method (Marsaglia and Bray 1964) from a 64-bit mixer, always the same.
struct Normals {
    state: u64,
}

impl Normals {
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if 0.0 < square && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }
}

/// A hundred thousand courses stop where the recursion says, within four Monte Carlo errors.
#[test]
fn agrees_with_simulated_courses() {
    const COURSES: usize = 100_000;
    let looks = Looks::new(&[0.2, 0.35, 0.7, 1.0]).unwrap();
    let futility = Futility { rule: FutilityRule::Beta(Spending::ObrienFleming), binding: false };
    let plan = Monitoring::with_futility(&looks, 0.05, Spending::Pocock.into(), &futility, 0.8).unwrap();
    let mut normals = Normals { state: 20_261_122 };
    for drift in [0.0, plan.drift(0.8).unwrap()] {
        let mut stops = [[0_u32; 2]; 4];
        for _ in 0..COURSES {
            let (mut x, mut past) = (0.0, 0.0);
            for (look, &t) in looks.fractions().iter().enumerate() {
                x += drift * (t - past) + (t - past).sqrt() * normals.next();
                past = t;
                let z = x / t.sqrt();
                if plan.bounds()[look] <= z {
                    stops[look][0] += 1;
                    break;
                }
                if z <= plan.lower_bounds()[look] {
                    stops[look][1] += 1;
                    break;
                }
            }
        }
        let crossing = plan.crossing(drift).unwrap();
        for (look, stops) in stops.iter().enumerate() {
            for (count, p) in stops.iter().zip([crossing.upper[look], crossing.lower[look]]) {
                let error = (p * (1.0 - p) / COURSES as f64).sqrt();
                let seen = f64::from(*count) / COURSES as f64;
                assert!((seen - p).abs() < 4.0 * error, "look {look}: {seen} {p}");
            }
        }
    }
}

/// Armitage, McPherson and Rowe 1969, table 2: looks at a nominal two-sided 5 %.
#[test]
fn repeated_looks_as_printed() {
    for (looks, want) in [(2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)] {
        let plan = Monitoring::unadjusted(&equal_fractions(looks), 0.05, Sides::Two).unwrap();
        assert!((plan.type_one_error() - want).abs() < 5e-4, "{looks} looks");
    }
}

/// More looks cost more, at any evenness of the bounds.
#[test]
fn more_looks_cost_more() {
    for efficacy in [Efficacy::from(Shape::Pocock), Shape::ObrienFleming.into(), Spending::Pocock.into()] {
        let mut before = 1.0;
        for looks in 2..15 {
            let looks = Looks::new(&equal_fractions(looks)).unwrap();
            let plan = Monitoring::new(&looks, 0.05, Sides::Two, efficacy).unwrap();
            let inflation = plan.inflation(0.9).unwrap();
            assert!(before < inflation, "{efficacy:?} at {} looks", looks.fractions().len());
            before = inflation;
        }
    }
}

/// A year of daily looks, looks that all but touch, an alpha of 1e-12, first looks at nothing: answers, at once.
#[test]
fn extremes_have_answers() {
    let touching: Vec<f64> = (0..50).map(|k| 0.5 + 0.01 * f64::from(k)).chain([1.0]).collect();
    let crowded: Vec<f64> = (0..20).map(|k| 0.5 + 1.001e-5 * f64::from(k)).chain([1.0]).collect();
    let early = vec![1.1e-5, 3e-5, 0.1, 1.0];
    let (obrien_fleming, kim_demets) = (Spending::ObrienFleming, Spending::KimDeMets { rho: 0.5 });
    let cases = [
        (equal_fractions(366), 0.05, obrien_fleming),
        (equal_fractions(100), 1e-12, obrien_fleming),
        (equal_fractions(100), 0.49, kim_demets),
        (equal_fractions(5), 1e-12, obrien_fleming),
        (equal_fractions(5), 1e-100, Spending::Pocock),
        (touching.clone(), 0.05, Spending::Pocock),
        (touching, 1e-12, obrien_fleming),
        (crowded, 0.05, kim_demets),
        (early.clone(), 0.05, kim_demets),
        (early.clone(), 1e-12, Spending::Pocock),
        (early, 0.05, obrien_fleming),
    ];
    for (fractions, alpha, spending) in cases {
        let plan = Monitoring::spending(&fractions, alpha, Sides::Two, spending).unwrap();
        assert!((plan.type_one_error() / alpha - 1.0).abs() < 1e-11, "{}", plan.type_one_error());
        let drift = plan.drift(0.9).unwrap();
        assert!((plan.power(drift).unwrap() - 0.9).abs() < 1e-11);
    }
    let refused = Monitoring::spending(&equal_fractions(5), 1e-250, Sides::Two, Spending::Pocock);
    assert!(matches!(refused, Err(Refusal::Outside { what: "alpha", .. })));
}

/// Calendar time spends; information sets how looks hang together.
#[test]
fn spending_by_another_clock() {
    let looks = Looks::new(&[0.1, 0.5, 1.0]).unwrap().spending_at(&[0.4, 0.8, 1.0]).unwrap();
    let plan = Monitoring::new(&looks, 0.025, Sides::One, Spending::Pocock.into()).unwrap();
    for (spent, clock) in plan.spent().iter().zip(looks.clock()) {
        assert!((spent - Spending::Pocock.spent(0.025, *clock)).abs() < 1e-14);
    }
    assert_eq!(plan.bounds()[0], normal::upper_quantile(Spending::Pocock.spent(0.025, 0.4)));
    let backwards = Looks::new(&[0.5, 1.0]).unwrap().spending_at(&[1.0, 0.5]);
    assert_eq!(backwards, Err(Refusal::Fractions { look: 2, value: 0.5 }));
}

/// Looks as planned have the bounds of the plan; others keep alpha all the same.
#[test]
fn bounds_at_the_information_seen() {
    let spending = Spending::HwangShihDeCani { gamma: -3.0 };
    for sides in [Sides::One, Sides::Two] {
        let planned = [0.3, 0.6, 1.0];
        let plan = Monitoring::spending(&planned, 0.05, sides, spending).unwrap();
        let mut used = Vec::new();
        for look in 1..3 {
            let bound = interim_bound(&planned[..look], &used, 0.05, sides, spending).unwrap();
            assert!((bound - plan.bounds()[look - 1]).abs() < 1e-12);
            used.push(bound);
        }
        let last = final_bound(&planned, &used, 0.05, sides).unwrap();
        assert!((last - plan.bounds()[2]).abs() < 1e-12);

        // Less information than planned at the second look, an unplanned third, and the end beyond the plan.
        let seen = [0.3, 0.45, 0.7, 1.15];
        let mut used = used[..1].to_vec();
        for look in 2..4 {
            used.push(interim_bound(&seen[..look], &used, 0.05, sides, spending).unwrap());
        }
        used.push(final_bound(&seen, &used, 0.05, sides).unwrap());
        let fractions: Vec<f64> = seen.iter().map(|i| i / 1.15).collect();
        let done = Monitoring::bounded(&fractions, &used, 0.05, sides).unwrap();
        assert!((done.type_one_error() - 0.05).abs() < 1e-13);
        // What is overspent leaves nothing for this look.
        let none = interim_bound(&[0.3, 0.4], &[1.0], 0.05, sides, spending).unwrap();
        assert_eq!(none, f64::INFINITY);
    }
}

/// The mean of the conditional power over what the first look may show is the power after it.
#[test]
fn conditional_power_adds_up() {
    let looks = Looks::new(&[0.3, 0.5, 1.0]).unwrap();
    let futility = Futility { rule: FutilityRule::Interim(vec![0.0, 0.5]), binding: true };
    let plan = Monitoring::with_futility(&looks, 0.025, Spending::Pocock.into(), &futility, 0.8).unwrap();
    for drift in [0.0, 2.0, 3.5] {
        let (low, high) = (plan.lower_bounds()[0], plan.bounds()[0]);
        let intervals = 200;
        let width = (high - low) / f64::from(intervals);
        let sum: f64 = (0..=intervals)
            .map(|i| {
                let z = low + width * f64::from(i);
                let weight = match i {
                    0 | 200 => 1.0,
                    i if i % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                let density = normal::pdf(z - drift * 0.3_f64.sqrt());
                weight * width / 3.0 * density * plan.after(1, z).unwrap().conditional_power(drift).unwrap()
            })
            .sum();
        let later = plan.power(drift).unwrap() - plan.crossing(drift).unwrap().upper[0];
        assert!((sum - later).abs() < 1e-9, "{sum} {later}");
    }
}

/// With one look left both have closed forms (Spiegelhalter, Freedman and Blackburn 1986).
#[test]
fn predictive_power_of_one_look() {
    let plan = Monitoring::spending(&[0.4, 1.0], 0.025, Sides::One, Spending::ObrienFleming).unwrap();
    let last = plan.bounds()[1];
    let t = 0.4_f64;
    for z in [-1.0, 0.7, 2.2] {
        let rest = plan.after(1, z).unwrap();
        for drift in [0.0, 3.0] {
            let want = normal::sf((last - z * t.sqrt() - drift * (1.0 - t)) / (1.0 - t).sqrt());
            assert!((rest.conditional_power(drift).unwrap() - want).abs() < 1e-14);
            let back = plan.z_with_conditional_power(1, want, drift).unwrap();
            assert!((back - z).abs() < 1e-9, "{back} {z}");
        }
        for (prior, mean, precision) in [
            (Prior::Flat, 0.0, 0.0),
            (Prior::Normal { mean: 2.0, sd: 0.5 }, 2.0, 4.0),
            (Prior::Normal { mean: -1.0, sd: 30.0 }, -1.0, 1.0 / 900.0),
        ] {
            let posterior = (precision * mean + z * t.sqrt()) / (precision + t);
            let variance = (1.0 - t) + (1.0 - t) * (1.0 - t) / (precision + t);
            let want = normal::sf((last - z * t.sqrt() - posterior * (1.0 - t)) / variance.sqrt());
            let got = rest.predictive_power(&prior).unwrap();
            assert!((got - want).abs() < 1e-12, "{prior:?}: {got} {want}");
        }
        let sure = rest.predictive_power(&Prior::Points(vec![(3.0, 2.0)])).unwrap();
        assert_eq!(sure, rest.conditional_power(3.0).unwrap());
    }
}

/// Assurance of one look in closed form; with several it lies between nothing and the chance of an effect.
#[test]
fn assurance_of_one_look() {
    let one = Monitoring::spending(&[1.0], 0.025, Sides::One, Spending::Pocock).unwrap();
    let five = Monitoring::spending(&equal_fractions(5), 0.025, Sides::One, Spending::Pocock).unwrap();
    for (mean, sd) in [(3.0_f64, 1e-3_f64), (3.0, 0.7), (2.5, 4.0), (-1.0, 40.0), (0.0, 1e4)] {
        let z: f64 = normal::upper_quantile(0.025);
        let want = normal::sf((z - mean) / (1.0 + sd * sd).sqrt());
        let got = one.assurance(mean, sd).unwrap();
        assert!((got - want).abs() < 1e-12, "{mean} {sd}: {got} {want}");
        let several = five.assurance(mean, sd).unwrap();
        assert!(0.0 < several && several < normal::sf(-mean / sd) + 0.025, "{several}");
    }
}

/// At a bound the repeated and the stage-wise p-values are what has been spent by it.
#[test]
fn p_values_at_the_bounds() {
    let looks = Looks::new(&[0.2, 0.5, 0.8, 1.0]).unwrap();
    for efficacy in [Efficacy::from(Spending::Pocock), Shape::ObrienFleming.into()] {
        for sides in [Sides::One, Sides::Two] {
            let plan = Monitoring::new(&looks, 0.04, sides, efficacy).unwrap();
            for look in 1..=4 {
                let z = plan.bounds()[look - 1];
                let p = repeated_p(&looks, sides, efficacy, look, z).unwrap();
                assert!((p - 0.04).abs() < 1e-12, "{efficacy:?} {look}: {p}");
                let stagewise = plan.stagewise(look, z).unwrap();
                let upper = plan.spent()[look - 1] * sides.tail(0.04) / 0.04;
                assert!((stagewise.p_value().unwrap() - upper).abs() < 1e-13);
                let interval = plan.repeated_interval(look, z).unwrap();
                assert_eq!(interval.low, 0.0);
                assert!((interval.confidence - (1.0 - 2.0 * sides.tail(0.04))).abs() < 1e-15);
            }
            let nothing = repeated_p(&looks, sides, efficacy, 2, 0.0).unwrap();
            assert!(0.3 < nothing, "{nothing}");
        }
    }
    let two = repeated_p(&looks, Sides::Two, Spending::Pocock.into(), 3, -2.2).unwrap();
    assert_eq!(two, repeated_p(&looks, Sides::Two, Spending::Pocock.into(), 3, 2.2).unwrap());
}

/// One look is the plain estimate; several correct it towards 0, and the interval turns with the p-value.
#[test]
fn stagewise_inference() {
    let one = Monitoring::spending(&[1.0], 0.05, Sides::Two, Spending::Pocock).unwrap();
    let seen = one.stagewise(1, 2.5).unwrap();
    assert!((seen.median_unbiased().unwrap() - 2.5).abs() < 1e-12);
    let interval = seen.interval(0.95).unwrap();
    assert!((interval.high - interval.low - 2.0 * normal::upper_quantile(0.025)).abs() < 1e-11);

    let plan = Monitoring::spending(&equal_fractions(4), 0.05, Sides::Two, Spending::Pocock).unwrap();
    for look in 1..=4 {
        let bound = plan.bounds()[look - 1];
        for z in [bound, bound + 0.8] {
            let plain = z / plan.fractions()[look - 1].sqrt();
            let seen = plan.stagewise(look, z).unwrap();
            let estimate = seen.median_unbiased().unwrap();
            assert!(estimate <= plain + 1e-12, "{estimate} {plain}");
            let p = seen.p_value().unwrap();
            let interval = seen.interval(1.0 - 2.0 * p).unwrap();
            assert!(interval.low.abs() < 1e-10, "{}", interval.low);
            assert!(interval.low < estimate && estimate < interval.high);
        }
    }
}

/// Bounds that meet too early are refused, as are futility bounds that are no numbers.
#[test]
fn impossible_futility_is_refused() {
    let looks = Looks::new(&equal_fractions(3)).unwrap();
    let with = |rule, binding, power| {
        Monitoring::with_futility(&looks, 0.025, Spending::Pocock.into(), &Futility { rule, binding }, power)
    };
    let too_high = with(FutilityRule::Interim(vec![0.0, 3.0]), false, 0.8);
    assert!(matches!(too_high, Err(Refusal::BoundsMeet)), "{too_high:?}");
    assert!(with(FutilityRule::Interim(vec![0.0]), false, 0.8).is_err());
    assert!(with(FutilityRule::Interim(vec![f64::NAN, 0.0]), true, 0.8).is_err());
    assert!(with(FutilityRule::Beta(Spending::Pocock), true, 0.02).is_err());
    assert!(with(FutilityRule::Null { spending: Spending::Pocock, total: 0.98 }, true, 0.8).is_err());
    // Beta spent at once, alpha at the end: the lower bound would have to be above the upper one.
    let early = Spending::KimDeMets { rho: 1e-6 };
    let looks = Looks::new(&[0.9, 1.0]).unwrap();
    let futility = Futility { rule: FutilityRule::Beta(early), binding: false };
    let plan = Monitoring::with_futility(&looks, 0.025, early.into(), &futility, 0.8);
    assert!(plan.is_ok() || matches!(plan, Err(Refusal::BoundsMeet)), "{plan:?}");
}
