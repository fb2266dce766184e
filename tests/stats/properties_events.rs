//! Laws of counts, times to an event, clusters, switchbacks, traffic and the sample ratio.

use expc::stats::cluster::{ClusterTest, Clustering, Outcome, Reference, Weighting};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::count::{Measure, NullVariance, Rates};
use expc::stats::srm::{self, Method, Watch};
use expc::stats::survival::{EventFormula, Events, FollowUp, HazardTest, Hazards, hazard};
use expc::stats::switchback::{Blocks, SwitchbackTest};
use expc::stats::traffic::{self, Arrivals, Curve, MOST_DAYS, Ramp, Visitors};
use expc::stats::{Direction, Refusal, Sides};
use proptest::prelude::*;

fn sides() -> impl Strategy<Value = Sides> {
    prop_oneof![Just(Sides::One), Just(Sides::Two)]
}

fn measure() -> impl Strategy<Value = Measure> {
    prop_oneof![Just(Measure::Ratio), Just(Measure::Difference)]
}

fn scale() -> impl Strategy<Value = Scale> {
    prop_oneof![Just(Scale::Lift), Just(Scale::Difference)]
}

fn null_variance() -> impl Strategy<Value = NullVariance> {
    prop_oneof![Just(NullVariance::Control), Just(NullVariance::True), Just(NullVariance::Constrained)]
}

fn toward(up: bool) -> Direction {
    if up { Direction::Up } else { Direction::Down }
}

prop_compose! {
    fn counts()(
        ln_rate in -5.0..5.0_f64,
        exposure in 0.1..30.0,
        overdispersion in prop_oneof![Just(0.0), 0.01..3.0],
        measure in measure(),
        null_variance in null_variance(),
    ) -> Endpoint {
        Endpoint::Count(Rates { control: ln_rate.exp(), exposure, overdispersion, measure, null_variance })
    }
}

fn formula() -> impl Strategy<Value = EventFormula> {
    prop_oneof![Just(EventFormula::Schoenfeld), Just(EventFormula::Freedman), Just(EventFormula::HsiehFreedman)]
}

prop_compose! {
    fn follow_up()(accrual in prop_oneof![Just(0.0), 1e-6..40.0], follow_up in 0.1..40.0, lost in 0.0..0.1) -> FollowUp {
        FollowUp { accrual, follow_up, dropout_hazard: lost }
    }
}

prop_compose! {
    fn times()(
        ln_hazard in -7.0..0.0_f64,
        test in prop_oneof![
            formula().prop_map(HazardTest::Logrank),
            measure().prop_map(HazardTest::LachinFoulkes),
        ],
        watched in follow_up(),
    ) -> Endpoint {
        Endpoint::TimeToEvent(Hazards { control: ln_hazard.exp(), test, watched })
    }
}

fn baseline(endpoint: Endpoint) -> f64 {
    match endpoint {
        Endpoint::Count(rates) => rates.control,
        Endpoint::TimeToEvent(hazards) => hazards.control,
        _ => panic!("no other endpoint is drawn here"),
    }
}

prop_compose! {
    /// The variance may grow faster than the effect as treatment's rate falls towards 0: the power is not monotone
    /// in the effect, and the detectable effect is the first one.
    fn comparisons()(
        endpoint in prop_oneof![counts(), times()],
        lift in 0.02..0.6_f64,
        up: bool,
        scale in scale(),
        alpha in 1e-4..0.2_f64,
        sides in sides(),
        ln_allocation in -1.5..1.5_f64,
        size_factor in 0.3..3.0,
    ) -> Comparison {
        let lift = if up { lift } else { -lift };
        let effect = if scale == Scale::Lift { lift } else { lift * baseline(endpoint) };
        let claim = Claim::Superiority { effect };
        Comparison { endpoint, claim, scale, alpha, sides, allocation: ln_allocation.exp(), size_factor }
    }
}

fn effect(c: &Comparison) -> f64 {
    let Claim::Superiority { effect } = c.claim else { panic!("only superiority is drawn here") };
    effect
}

fn near(got: f64, want: f64, tolerance: f64) -> bool {
    (got - want).abs() <= tolerance * want.abs()
}

proptest! {
    #![proptest_config(crate::cases::cases(1000))]

    /// Size, power and effect are three readings of one function.
    #[test]
    fn counts_and_times_come_back(c in comparisons(), power in 0.3..0.99) {
        let size = c.required(power).unwrap();
        prop_assert!((c.power(size.control).unwrap() - power).abs() < 1e-11);
        prop_assert!(power - 1e-11 <= size.power);
        prop_assert!(size.control <= size.control_units as f64 + 1e-6);
        let wrong = c.wrong_way(size.control).unwrap();
        prop_assert!(wrong < c.alpha / 2.0 && (c.sides == Sides::Two || wrong == 0.0));
        let found = c.detectable(size.control, power, toward(0.0 < effect(&c)));
        if let Ok(found) = found {
            let back = Comparison { claim: Claim::Superiority { effect: found }, ..c };
            prop_assert!(near(back.required(power).unwrap().control, size.control, 1e-8));
            // The first effect with that power is no larger than the one that was asked for.
            prop_assert!(found.abs() <= effect(&c).abs() * (1.0 + 1e-8), "{found} {}", effect(&c));
        } else {
            prop_assert!(false, "{found:?}");
        }
    }

    /// More units or more alpha never lower the power.
    #[test]
    fn counts_and_times_rise(c in comparisons(), ln_n in 1.0..12.0_f64, more in 1.001..2.0_f64) {
        let n = ln_n.exp();
        let power = c.power(n).unwrap();
        prop_assert!(power <= c.power(n * more).unwrap() + 1e-14);
        let loose = Comparison { alpha: (c.alpha * more).min(0.9), ..c };
        prop_assert!(power <= loose.power(n).unwrap() + 1e-14);
    }

    /// A margin that is detected is the margin that needs those units.
    #[test]
    fn margins_come_back(c in comparisons(), power in 0.5..0.95, ln_n in 4.0..12.0_f64, higher_is_better: bool) {
        let n = ln_n.exp();
        let claim = |margin| Claim::NonInferiority { margin, higher_is_better, true_effect: 0.0 };
        let c = Comparison { claim: claim(1.0), ..c };
        let Ok(found) = c.detectable(n, power, Direction::Up) else { return Ok(()) };
        let needed = Comparison { claim: claim(found), ..c }.required(power);
        if let Endpoint::TimeToEvent(Hazards { test: HazardTest::Logrank(formula), .. }) = c.endpoint
            && formula != EventFormula::Schoenfeld
        {
            prop_assert!(matches!(needed, Err(Refusal::NotOffered { .. })), "{needed:?}");
        } else {
            prop_assert!(near(needed.unwrap().control, n, 1e-7));
        }
    }

    /// Without overdispersion the negative binomial is Poisson, and the limit is smooth.
    #[test]
    fn no_overdispersion_is_poisson(c in comparisons(), endpoint in counts(), power in 0.3..0.99) {
        let Endpoint::Count(rates) = endpoint else { return Ok(()) };
        let with = |overdispersion| {
            let endpoint = Endpoint::Count(Rates { overdispersion, ..rates });
            let lift = if c.scale == Scale::Lift { effect(&c) } else { effect(&c) / baseline(c.endpoint) };
            Comparison { endpoint, claim: Claim::Superiority { effect: lift }, scale: Scale::Lift, ..c }
        };
        let (poisson, close) = (with(0.0).required(power).unwrap(), with(1e-13).required(power).unwrap());
        prop_assert!(near(close.control, poisson.control, 1e-8));
        prop_assert!(poisson.control <= with(0.5).required(power).unwrap().control);
    }

    /// The constrained rates satisfy the null and make the score 0: Zhu and Lakkis's third variance without a margin
    /// is that of the pooled rate.
    #[test]
    fn swapped_arms_are_the_inverse_ratio(c in comparisons(), endpoint in counts(), power in 0.3..0.99) {
        let Endpoint::Count(rates) = endpoint else { return Ok(()) };
        let lift = if c.scale == Scale::Lift { effect(&c) } else { effect(&c) / baseline(c.endpoint) };
        let rates = Rates { measure: Measure::Ratio, null_variance: NullVariance::Constrained, ..rates };
        let with = |rates, lift, allocation| Comparison {
            endpoint: Endpoint::Count(rates),
            claim: Claim::Superiority { effect: lift },
            scale: Scale::Lift,
            allocation,
            ..c
        };
        let one = with(rates, lift, c.allocation).required(power).unwrap();
        let swapped = Rates { control: rates.control * (1.0 + lift), ..rates };
        let other = with(swapped, 1.0 / (1.0 + lift) - 1.0, 1.0 / c.allocation).required(power).unwrap();
        prop_assert!(near(other.treatment, one.control, 1e-9) && near(other.control, one.treatment, 1e-9));
    }

    /// Events, power and hazard ratio come back; by Schoenfeld a ratio and its inverse need the same in equal arms.
    #[test]
    fn events_come_back(
        formula in formula(),
        ln_ratio in 0.02..1.2_f64,
        up: bool,
        power in 0.3..0.99,
        alpha in 1e-4..0.2_f64,
        sides in sides(),
        ln_allocation in -1.5..1.5_f64,
    ) {
        let hazard_ratio = if up { ln_ratio.exp() } else { (-ln_ratio).exp() };
        let plan = Events { hazard_ratio, null_ratio: 1.0, formula, alpha, sides, allocation: ln_allocation.exp() };
        let needed = plan.required(power).unwrap();
        prop_assert!((plan.power(needed.events).unwrap() - power).abs() < 1e-11);
        prop_assert!(power - 1e-11 <= needed.power);
        let found = plan.detectable(needed.events, power, toward(up)).unwrap();
        prop_assert!(near(found, hazard_ratio, 1e-9), "{found} {hazard_ratio}");
        let equal = Events { allocation: 1.0, formula: EventFormula::Schoenfeld, ..plan };
        let inverse = Events { hazard_ratio: 1.0 / hazard_ratio, ..equal };
        prop_assert!(near(inverse.required(power).unwrap().events, equal.required(power).unwrap().events, 1e-10));
    }

    /// The probability of an event: a share by a horizon comes back, entry all at once is the limit of fast entry,
    /// and it rises with time and hazard and falls with dropout.
    #[test]
    fn events_while_watched(watched in follow_up(), share in 1e-9..0.999_f64, horizon in 0.01..100.0, more in 1.01..3.0_f64) {
        let rate = hazard(share, horizon).unwrap();
        let at_once = FollowUp { accrual: 0.0, follow_up: horizon, dropout_hazard: 0.0 };
        prop_assert!(near(at_once.event_probability(rate).unwrap(), share, 1e-13));
        let fast = FollowUp { accrual: 1e-9 * horizon, ..at_once };
        prop_assert!(near(fast.event_probability(rate).unwrap(), share, 1e-8));
        let p = watched.event_probability(rate).unwrap();
        prop_assert!(0.0 < p && p <= 1.0);
        prop_assert!(p <= watched.event_probability(rate * more).unwrap() * (1.0 + 1e-14));
        let longer = FollowUp { follow_up: watched.follow_up * more, ..watched };
        prop_assert!(p <= longer.event_probability(rate).unwrap() * (1.0 + 1e-14));
        let lossy = FollowUp { dropout_hazard: watched.dropout_hazard * more + 1e-3, ..watched };
        prop_assert!(lossy.event_probability(rate).unwrap() <= p * (1.0 + 1e-14));
    }

    /// Both forms of the mean over entry agree where they meet.
    #[test]
    fn slow_and_fast_entry_meet(rate in 1e-6..10.0_f64) {
        let watched = |x: f64| FollowUp { accrual: x / rate, follow_up: 0.0, dropout_hazard: 0.0 };
        let (one, other) = (watched(0.999_999_999e-3), watched(1.000_000_001e-3));
        let (one, other) = (one.event_probability(rate).unwrap(), other.event_probability(rate).unwrap());
        prop_assert!(near(one, other, 3e-9), "{one} {other}");
    }
}

fn weighting() -> impl Strategy<Value = Weighting> {
    prop_oneof![Just(Weighting::Units), Just(Weighting::Precision), Just(Weighting::Clusters)]
}

prop_compose! {
    fn clusterings()(size in 1.0..500.0, size_variation in 0.0..0.9, icc in 0.0..0.5, weighting in weighting())
        -> Clustering
    {
        Clustering { size, size_variation, intraclass_correlation: icc, weighting }
    }
}

prop_compose! {
    fn cluster_tests()(
        clustering in clusterings(),
        kind in 0..3_u8,
        pooled: bool,
        variation in 0.0..0.5,
        share in 0.05..0.5_f64,
        up: bool,
        alpha in 1e-3..0.2_f64,
        sides in sides(),
        ln_allocation in -1.0..1.0_f64,
        normal: bool,
    ) -> ClusterTest {
        let sign = if up { 1.0 } else { -1.0 };
        let (outcome, effect) = match kind {
            0 => (Outcome::Mean { sd: 2.0, clustering }, sign * share),
            1 => (Outcome::Proportion { baseline: 0.4, pooled, clustering }, 0.4 * sign * share),
            _ => (Outcome::Rate { baseline: 0.1, exposure: clustering.size, variation }, 0.1 * sign * share),
        };
        let reference = if normal { Reference::Normal } else { Reference::Student };
        ClusterTest { outcome, effect, alpha, sides, allocation: ln_allocation.exp(), reference }
    }
}

proptest! {
    #![proptest_config(crate::cases::cases(300))]

    #[test]
    fn clusters_come_back(test in cluster_tests(), power in 0.3..0.98) {
        let found = test.required(power).unwrap();
        prop_assert!(power - 1e-11 <= found.power);
        prop_assert!(4 <= found.control_units && 4 <= found.treatment_units);
        let reached = test.power(found.control).unwrap();
        let least = 4.0 / test.allocation.min(1.0);
        prop_assert!((reached - power).abs() < 1e-10 || (found.control <= least && power <= reached));
        let few = test.power(least * 0.99);
        prop_assert!(matches!(few, Err(Refusal::Outside { .. })), "{few:?}");
        if least < found.control
            && let Ok(effect) = test.detectable(found.control, power, toward(0.0 < test.effect))
        {
            prop_assert!(near(effect, test.effect, 1e-8), "{effect} {}", test.effect);
        }
        prop_assert!(reached <= test.power(found.control * 1.5).unwrap() + 1e-12);
    }

    /// No correlation, no effect of the design; weights by precision are the best; equal sizes make all weights equal.
    #[test]
    fn design_effects(c in clusterings()) {
        let effect = |weighting, icc, cv| {
            let c = Clustering { weighting, intraclass_correlation: icc, size_variation: cv, ..c };
            c.design_effect().unwrap()
        };
        let (icc, cv) = (c.intraclass_correlation, c.size_variation);
        for weighting in [Weighting::Units, Weighting::Precision] {
            prop_assert!((effect(weighting, 0.0, cv) - 1.0).abs() < 1e-12);
        }
        let equal = effect(Weighting::Units, icc, 0.0);
        prop_assert!(near(effect(Weighting::Precision, icc, 0.0), equal, 1e-12));
        prop_assert!(near(effect(Weighting::Clusters, icc, 0.0), equal, 1e-12));
        for weighting in [Weighting::Units, Weighting::Precision, Weighting::Clusters] {
            prop_assert!(equal <= effect(weighting, icc, cv) * (1.0 + 1e-12));
        }
    }

    /// Known sizes: as the formula by units, and never better than by precision.
    #[test]
    fn design_effects_of_sizes(sizes in prop::collection::vec(1.0..300.0_f64, 2..40), icc in 0.0..0.5) {
        let of = |weighting| Clustering::design_effect_of(&sizes, icc, weighting).unwrap();
        let k = sizes.len() as f64;
        let mean = sizes.iter().sum::<f64>() / k;
        let variance = sizes.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / k;
        let by_formula = Clustering {
            size: mean,
            size_variation: variance.sqrt() / mean,
            intraclass_correlation: icc,
            weighting: Weighting::Units,
        };
        prop_assert!(near(of(Weighting::Units), by_formula.design_effect().unwrap(), 1e-11));
        prop_assert!(of(Weighting::Precision) <= of(Weighting::Units) * (1.0 + 1e-12));
        prop_assert!(of(Weighting::Precision) <= of(Weighting::Clusters) * (1.0 + 1e-12));
    }

    #[test]
    fn switchbacks_come_back(
        length in 1..60_u32,
        part in 0.0..1.0,
        autocorrelation in -0.9..0.95,
        effect in 0.05..1.0_f64,
        up: bool,
        power in 0.3..0.98,
    ) {
        let washout = (f64::from(length) * part) as u32;
        let blocks = Blocks { length, washout, autocorrelation, sd: 1.5 };
        let effect = if up { effect } else { -effect };
        let test = SwitchbackTest { blocks, effect, alpha: 0.05, sides: Sides::Two };
        let found = test.required(power).unwrap();
        prop_assert!(power - 1e-11 <= found.power);
        prop_assert_eq!(found.whole % 2, 0);
        prop_assert_eq!(found.periods, found.whole * u64::from(length));
        prop_assert!(found.blocks <= found.whole as f64 + 1e-6);
        let reached = test.power(found.blocks).unwrap();
        if 4.1 < found.blocks {
            prop_assert!((reached - power).abs() < 1e-10);
            let back = test.detectable(found.blocks, power, toward(up)).unwrap();
            prop_assert!(near(back, effect, 1e-9), "{back} {effect}");
        }
        // Independent noise: a block of k periods is k observations.
        let white = Blocks { autocorrelation: 0.0, washout: 0, ..blocks };
        prop_assert!((white.design_effect().unwrap() - 1.0).abs() < 1e-12);
        let none = Blocks { washout: length, ..blocks };
        prop_assert!(none.effect_variance(10.0).is_err());
    }
}

prop_compose! {
    fn visitors()(ln_n in 5.0..18.0_f64, shape in 0.1..5.0, rate_days in 0.3..90.0) -> Visitors {
        Visitors { population: ln_n.exp(), shape, rate_days }
    }
}

prop_compose! {
    fn shares()(mut shares in prop::collection::vec(0.001..1.0_f64, 1..20)) -> Vec<f64> {
        shares.sort_by(f64::total_cmp);
        shares
    }
}

proptest! {
    #![proptest_config(crate::cases::cases(500))]

    /// Uniques rise, bend, and stay below the population; two counts give the model back.
    #[test]
    fn visitors_come_back(v in visitors(), day in 1..60_u32, later in 2.0..20.0_f64) {
        let at = |day: f64| v.unique(day).unwrap();
        let day = f64::from(day);
        prop_assert!(at(day) < at(day + 1.0) && at(day + 1.0) < v.population);
        prop_assert!(at(day + 1.0) - at(day) <= (at(day) - at(day - 1.0)) * (1.0 + 1e-9));
        let (one, two) = ((1.0, at(1.0)), (later, at(later)));
        let fitted = Visitors::fit(v.population, one, two).unwrap();
        prop_assert!(near(fitted.unique(40.0).unwrap(), at(40.0), 1e-7), "{fitted:?}");
        let fitted = Visitors::fit_population(v.shape, one, two).unwrap();
        prop_assert!(near(fitted.unique(later).unwrap(), at(later), 1e-9), "{fitted:?}");
        prop_assert!(near(fitted.unique(1.0).unwrap(), at(1.0), 1e-9), "{fitted:?}");
    }

    /// All shares at 1 are no ramp; a slower ramp enrols fewer; enrolment never falls, and ends at the last share.
    #[test]
    fn ramps(v in visitors(), shares in shares(), day in 1..80_u32) {
        let arrivals = Arrivals::Visitors(v);
        let whole = Ramp::new(&vec![1.0; shares.len()]).unwrap();
        let unique = v.unique(f64::from(day)).unwrap();
        prop_assert!(near(whole.enrolled(&arrivals, day).unwrap().units, unique, 1e-14));
        let ramp = Ramp::new(&shares).unwrap();
        let units = ramp.enrolled(&arrivals, day).unwrap().units;
        let last = shares[shares.len() - 1];
        prop_assert!(units <= last * unique * (1.0 + 1e-12));
        prop_assert!(units <= ramp.enrolled(&arrivals, day + 1).unwrap().units);
        let at_once = Ramp::new(&[last]).unwrap();
        prop_assert!(near(at_once.enrolled(&arrivals, day).unwrap().units, last * unique, 1e-12));
        let mut falling = shares.clone();
        falling.push(last * 0.9);
        prop_assert!(Ramp::new(&falling).is_err());
    }

    /// The day found is the first with enough.
    #[test]
    fn duration_is_the_first_day(v in visitors(), shares in shares(), part in 0.001..1.2_f64) {
        let arrivals = Arrivals::Visitors(v);
        let ramp = Ramp::new(&shares).unwrap();
        let units = part * shares[shares.len() - 1] * v.population;
        match traffic::days_needed(&arrivals, &ramp, units) {
            Ok(found) => {
                let by = |day: u32| ramp.enrolled(&arrivals, day).unwrap().units;
                prop_assert!(units * (1.0 - 1e-11) <= by(found.days));
                prop_assert!(found.days == 1 || by(found.days - 1) < units);
                prop_assert!(found.days <= 7 * found.weeks && 7 * found.weeks < found.days + 7);
                prop_assert!(units * (1.0 - 1e-11) <= found.enrolled.units);
            }
            Err(refusal) => {
                prop_assert!(ramp.enrolled(&arrivals, MOST_DAYS).unwrap().units < units, "{refusal}");
            }
        }
    }

    /// A curve read off the model passes its points, lies below the model between them, and goes on rising and bending.
    #[test]
    fn curves_follow_the_model(v in visitors()) {
        let days = [1.0, 3.0, 7.0, 14.0, 28.0];
        let points: Vec<_> = days.iter().map(|&day| (day, v.unique(day).unwrap())).collect();
        let curve = Curve::new(&points, 0.0).unwrap();
        let mut before = (0.0, f64::INFINITY);
        for day in 1..=90_u32 {
            let day = f64::from(day);
            let read = curve.unique(day).unwrap();
            prop_assert_eq!(read.extrapolated, 28.0 < day);
            let rise = read.units - before.0;
            prop_assert!(-1e-9 * v.population <= rise && rise <= before.1 + 1e-9 * v.population, "day {day}");
            before = (read.units, rise);
            if day <= 28.0 {
                prop_assert!(read.units <= v.unique(day).unwrap() * (1.0 + 1e-12));
            }
        }
        for (day, units) in points {
            prop_assert!(near(curve.unique(day).unwrap().units, units, 1e-12));
        }
    }

    /// Arms in another order tell the same; the leak found is noticed with the power asked for.
    #[test]
    fn leaks_come_back(
        weights in prop::collection::vec(0.2..5.0_f64, 2..6),
        power in 0.1..0.99,
        alpha in 1e-5..0.05,
        ln_n in 7.0..16.0_f64,
    ) {
        let n = ln_n.exp();
        let Ok(leak) = srm::smallest_leak(n, &weights, 0, power, alpha) else { return Ok(()) };
        let mut true_shares = weights.clone();
        true_shares[0] *= 1.0 - leak;
        prop_assert!((srm::power(n, &true_shares, &weights, alpha).unwrap() - power).abs() < 1e-9);
        prop_assert!(near(srm::units_to_notice(leak, &weights, 0, power, alpha).unwrap(), n, 1e-9));
        let (mut turned, mut turned_true) = (weights.clone(), true_shares.clone());
        turned.reverse();
        turned_true.reverse();
        let other = srm::power(n, &turned_true, &turned, alpha).unwrap();
        prop_assert!((other - power).abs() < 1e-9);
        prop_assert!(power <= srm::power(1.5 * n, &true_shares, &weights, alpha).unwrap() + 1e-12);
    }

    /// The order of batches does not matter to the factor, one batch or many; the p-value never rises.
    #[test]
    fn watches_accumulate(
        batches in prop::collection::vec((0..2000_u32, 0..2000_u32, 0..2000_u32), 1..8),
        ln_concentration in 0.0..10.0_f64,
    ) {
        let weights = [0.5, 0.3, 0.2];
        let start = || Watch::new(&weights, ln_concentration.exp()).unwrap();
        let mut watch = start();
        let (mut p, mut total) = (1.0, [0.0; 3]);
        for &(a, b, c) in &batches {
            let batch = [f64::from(a), f64::from(b), f64::from(c)];
            let now = watch.update(&batch).unwrap();
            prop_assert!(now.p_value <= p);
            p = now.p_value;
            for (sum, count) in total.iter_mut().zip(batch) {
                *sum += count;
            }
        }
        let at_once = start().update(&total).unwrap();
        prop_assert_eq!(at_once.ln_bayes_factor, watch.evidence().ln_bayes_factor);
    }

    /// Two arms through the tails and three through every split agree, when the third arm is next to nothing.
    #[test]
    fn exact_tests_agree(a in 0..40_u32, b in 0..40_u32, share in 0.1..0.9_f64) {
        prop_assume!(0 < a + b);
        let (a, b) = (f64::from(a), f64::from(b));
        let two = srm::exact(&[a, b], &[share, 1.0 - share]).unwrap();
        let three = srm::exact(&[a, b, 0.0], &[share, 1.0 - share, 1e-14]).unwrap();
        prop_assert!((two - three).abs() < 1e-10, "{two} {three}");
        let swapped = srm::exact(&[b, a], &[1.0 - share, share]).unwrap();
        prop_assert!(near(swapped, two, 1e-11));
    }
}

/// A fair die by hand: four units in two arms, and in three.
#[test]
fn small_exact_tests_by_hand() {
    let p = srm::exact(&[4.0, 0.0], &[1.0, 1.0]).unwrap();
    assert!((p - 0.125).abs() < 1e-15);
    // Of 81 ways, 3 put all four into one arm.
    let p = srm::exact(&[4.0, 0.0, 0.0], &[1.0, 1.0, 1.0]).unwrap();
    assert!((p - 3.0 / 81.0).abs() < 1e-14);
    // 3-1-0 has 4 ways in each of 6 orders; those with 4-0-0 make 27.
    let p = srm::exact(&[0.0, 3.0, 1.0], &[1.0, 1.0, 1.0]).unwrap();
    assert!((p - 27.0 / 81.0).abs() < 1e-14);
    let small = srm::test(&[0.0, 3.0, 1.0], &[1.0, 1.0, 1.0]).unwrap();
    assert_eq!((small.method, small.p_value), (Method::Exact, p));
    assert_eq!(srm::test(&[50.0, 50.0], &[1.0, 1.0]).unwrap().method, Method::ChiSquare);
    assert_eq!(srm::test(&[1.0, 5.0, 5.0], &[0.0, 1.0, 1.0]).unwrap().p_value, 0.0);
}

#[test]
fn a_refusal_says_why() {
    let says = |refused: Result<f64, Refusal>, text: &str| assert_eq!(refused.unwrap_err().to_string(), text);
    let visitors = Visitors { population: 1000.0, shape: 1.0, rate_days: 7.0 };
    let ramp = Ramp::new(&[0.5]).unwrap();
    let days =
        |units| traffic::days_needed(&Arrivals::Visitors(visitors), &ramp, units).map(|found| f64::from(found.days));
    assert!(days(600.0).unwrap_err().to_string().starts_with("of 600 units only 499"));
    says(
        Ramp::new(&[0.1, 0.5, 0.4]).map(|_| 0.0),
        "the share of a day 0.4 lies outside [the share of the day before, 1]",
    );
    says(
        Curve::new(&[(1.0, 100.0), (2.0, 300.0)], 0.0).map(|_| 0.0),
        "the cumulative count 100 lies outside a concave curve: units of later days must not come faster",
    );
    let faster = Visitors::fit(1000.0, (1.0, 100.0), (7.0, 900.0)).unwrap_err().to_string();
    assert!(faster.ends_with("lies outside what returning visitors allow: above 1, below linear"), "{faster}");
    let washed = Blocks { length: 4, washout: 4, autocorrelation: 0.1, sd: 1.0 };
    says(washed.effect_variance(10.0), "the washout 4 lies outside [0, length of a block)");
}

/// Numbers that break careless code.
const ODD: [f64; 15] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -1.0,
    0.0,
    5e-324,
    1e-300,
    1e-12,
    0.02,
    0.5,
    1.0,
    3.7,
    1e9,
    1e160,
    f64::MAX,
];

#[test]
fn counts_and_times_never_panic() {
    let watched = |v: f64, w: f64| FollowUp { accrual: v, follow_up: w, dropout_hazard: v };
    for a in ODD {
        for b in ODD {
            let _ = hazard(a, b);
            let _ = watched(a, b).event_probability(b);
            let mut endpoints = Vec::new();
            for measure in [Measure::Ratio, Measure::Difference] {
                for null_variance in [NullVariance::Control, NullVariance::True, NullVariance::Constrained] {
                    let rates = Rates { control: a, exposure: 1.0, overdispersion: b, measure, null_variance };
                    endpoints.push(Endpoint::Count(rates));
                    endpoints.push(Endpoint::Count(Rates { exposure: b, overdispersion: 0.5, ..rates }));
                }
                let test = HazardTest::LachinFoulkes(measure);
                endpoints.push(Endpoint::TimeToEvent(Hazards { control: a, test, watched: watched(b, 1.0) }));
            }
            for formula in [EventFormula::Schoenfeld, EventFormula::Freedman, EventFormula::HsiehFreedman] {
                let test = HazardTest::Logrank(formula);
                endpoints.push(Endpoint::TimeToEvent(Hazards { control: a, test, watched: watched(1.0, b) }));
                for c in ODD {
                    let plan = Events {
                        hazard_ratio: a,
                        null_ratio: b,
                        formula,
                        alpha: 0.05,
                        sides: Sides::Two,
                        allocation: c,
                    };
                    let _ = plan.required(0.8);
                    let _ = plan.power(a);
                    let _ = plan.detectable(a, 0.8, Direction::Down);
                    let _ = Events { alpha: c, allocation: 1.0, null_ratio: 1.0, ..plan }.required(b);
                }
            }
            for endpoint in endpoints {
                for c in ODD {
                    for scale in [Scale::Difference, Scale::Lift] {
                        for claim in [
                            Claim::Superiority { effect: c },
                            Claim::NonInferiority { margin: c, higher_is_better: false, true_effect: 0.0 },
                            Claim::NonInferiority { margin: c, higher_is_better: true, true_effect: 0.0 },
                            Claim::Equivalence { lower: -c, upper: c, true_effect: 0.0 },
                        ] {
                            let comparison = Comparison {
                                endpoint,
                                claim,
                                scale,
                                alpha: 0.05,
                                sides: Sides::Two,
                                allocation: 1.3,
                                size_factor: 1.0,
                            };
                            if let Ok(size) = comparison.required(0.8) {
                                assert!(0.0 < size.control && 0.8 - 1e-9 <= size.power, "{comparison:?} {size:?}");
                            }
                            let power = comparison.power(100.0);
                            assert!(power.is_err() || (0.0..=1.0).contains(&power.unwrap()));
                            let found = comparison.detectable(100.0, 0.8, Direction::Up);
                            assert!(found.is_err() || found.unwrap().is_finite());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn groups_and_traffic_never_panic() {
    for a in ODD {
        for b in ODD {
            for c in ODD {
                let clustering = Clustering {
                    size: a,
                    size_variation: b,
                    intraclass_correlation: c,
                    weighting: Weighting::Precision,
                };
                for weighting in [Weighting::Units, Weighting::Precision, Weighting::Clusters] {
                    let clustering = Clustering { weighting, ..clustering };
                    let _ = clustering.design_effect();
                    let _ = Clustering::design_effect_of(&[a, b], c, weighting);
                    for outcome in [
                        Outcome::Mean { sd: 1.0, clustering },
                        Outcome::Proportion { baseline: 0.3, pooled: false, clustering },
                        Outcome::Rate { baseline: a, exposure: b, variation: c },
                    ] {
                        let test = ClusterTest {
                            outcome,
                            effect: 0.1,
                            alpha: 0.05,
                            sides: Sides::Two,
                            allocation: 1.0,
                            reference: Reference::Student,
                        };
                        let _ = test.required(0.8);
                        let _ = test.power(c);
                        let _ = test.detectable(20.0, 0.8, Direction::Down);
                        let _ = ClusterTest { allocation: a, effect: b, ..test }.required(0.8);
                    }
                }
                for length in [0, 1, 7, 1_000_000, u32::MAX] {
                    let blocks = Blocks { length, washout: 0, autocorrelation: a, sd: b };
                    if length < 1_000_000 || b == 1.0 {
                        let _ = blocks.effect_variance(c);
                        let test = SwitchbackTest { blocks, effect: c, alpha: 0.05, sides: Sides::One };
                        let _ = test.required(0.8);
                        let _ = test.power(c);
                    }
                }
                let visitors = Visitors { population: a, shape: b, rate_days: c };
                let _ = visitors.unique(a);
                let arrivals = Arrivals::Visitors(visitors);
                let ramp = Ramp::new(&[0.1, 0.5]).unwrap();
                let _ = traffic::days_needed(&arrivals, &ramp, 100.0);
                let _ = ramp.enrolled(&arrivals, u32::MAX);
                let _ = Visitors::fit(a, (1.0, b), (7.0, c));
                let _ = Visitors::fit(1e6, (a, 10.0), (b, c));
                let _ = Visitors::fit_population(a, (1.0, b), (7.0, c));
                let _ = Ramp::new(&[a, b, c]);
                if let Ok(curve) = Curve::new(&[(1.0, a), (b, c)], 0.1) {
                    assert!(curve.unique(1e6).unwrap().units.is_finite());
                }
                let _ = srm::test(&[a, b, c], &[c, b, a]);
                let _ = srm::likelihood_ratio(&[a, b], &[b, c]);
                let _ = srm::exact(&[a, b, c], &[1.0, 2.0, 3.0]);
                let _ = srm::exact(&[a, b], &[c, 1.0]);
                let _ = srm::noncentrality(a, &[b, c], &[c, a]);
                let _ = srm::smallest_leak(a, &[b, 1.0, 1.0], 0, 0.9, c);
                let _ = srm::smallest_leak(1e5, &[1.0, 1.0], 2, 0.9, 0.01);
                let _ = srm::units_to_notice(a, &[b, 1.0], 1, 0.9, c);
                if let Ok(mut watch) = Watch::new(&[a, b], c) {
                    let _ = watch.update(&[a, b]);
                    let _ = watch.update(&[1e9, b]);
                }
            }
        }
    }
}
