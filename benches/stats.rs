//! Timings of the mathematics: `cargo bench --bench stats`.

use divan::{Bencher, black_box};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::MeanTest;
use expc::stats::proportion::ProportionTest;
use expc::stats::sequential::{Futility, FutilityRule, Looks, Monitoring, Spending, equal_fractions};
use expc::stats::{Direction, Sides};

fn main() {
    divan::main();
}

fn rate() -> Comparison {
    Comparison {
        endpoint: Endpoint::Proportion { baseline: 0.11, test: ProportionTest::Pooled },
        claim: Claim::Superiority { effect: 0.005 },
        scale: Scale::Difference,
        alpha: 0.05,
        sides: Sides::Two,
        allocation: 1.0,
        size_factor: 1.0,
    }
}

fn mean(effect: f64) -> Comparison {
    Comparison {
        endpoint: Endpoint::Mean { baseline: 0.0, sd: 1.0, test: MeanTest::T },
        claim: Claim::Superiority { effect },
        ..rate()
    }
}

fn margin() -> Comparison {
    Comparison { claim: Claim::NonInferiority { margin: 0.005, higher_is_better: true, true_effect: 0.0 }, ..rate() }
}

/// Sample size, power and detectable effect of one comparison.
fn all_three(bencher: Bencher<'_, '_>, comparison: Comparison) {
    bencher.bench(|| {
        let comparison = black_box(comparison);
        let size = comparison.required(0.8)?;
        let power = comparison.power(size.control)?;
        let effect = comparison.detectable(size.control, 0.8, Direction::Up)?;
        Ok::<_, expc::stats::Refusal>((power, effect))
    });
}

#[divan::bench]
fn fixed_rate(bencher: Bencher<'_, '_>) {
    all_three(bencher, rate());
}

#[divan::bench]
fn fixed_margin(bencher: Bencher<'_, '_>) {
    all_three(bencher, margin());
}

#[divan::bench(args = [0.5, 0.1, 0.01])]
fn fixed_t(bencher: Bencher<'_, '_>, effect: f64) {
    all_three(bencher, mean(effect));
}

/// Two-sided O'Brien-Fleming spending.
#[divan::bench(args = [5, 10, 20, 28, 100, 366])]
fn bounds(looks: usize) -> Option<Monitoring> {
    let spending = Spending::ObrienFleming;
    Monitoring::spending(&equal_fractions(looks), 0.05, Sides::Two, spending).ok()
}

#[divan::bench(args = [5, 10, 20, 28, 100, 366])]
fn bounds_and_drift(looks: usize) -> Option<f64> {
    bounds(black_box(looks))?.drift(0.8).ok()
}

#[divan::bench(args = [5, 10, 28])]
fn bounds_inflation_and_expected_information(looks: usize) -> Option<(f64, f64)> {
    let plan = bounds(black_box(looks))?;
    let drift = plan.drift(0.8).ok()?;
    Some((plan.inflation(0.8).ok()?, plan.expected_information(drift).ok()?))
}

/// O'Brien-Fleming spending of both errors.
fn futility(looks: usize, binding: bool) -> Option<Monitoring> {
    let looks = Looks::new(&equal_fractions(black_box(looks))).ok()?;
    let futility = Futility { rule: FutilityRule::Beta(Spending::ObrienFleming), binding };
    Monitoring::with_futility(&looks, 0.025, Spending::ObrienFleming.into(), &futility, 0.9).ok()
}

#[divan::bench(args = [5, 20])]
fn beta_spending(looks: usize) -> Option<Monitoring> {
    futility(looks, false)
}

#[divan::bench(args = [5, 20])]
fn beta_spending_binding(looks: usize) -> Option<Monitoring> {
    futility(looks, true)
}

/// The mean power over a normal prior of the drift.
#[divan::bench(args = [5, 20])]
fn bounds_and_assurance(looks: usize) -> Option<f64> {
    bounds(black_box(looks))?.assurance(2.8, 1.0).ok()
}

/// Tests that integrate or enumerate: Welch's, two one-sided t tests, Fisher's.
#[divan::bench]
fn fixed_welch(bencher: Bencher<'_, '_>) {
    let endpoint = Endpoint::Mean { baseline: 0.0, sd: 1.0, test: MeanTest::Welch { sd_treatment: 1.5 } };
    all_three(bencher, Comparison { endpoint, ..mean(0.2) });
}

#[divan::bench]
fn fixed_equivalence(bencher: Bencher<'_, '_>) {
    all_three(
        bencher,
        Comparison { claim: Claim::Equivalence { lower: -0.2, upper: 0.2, true_effect: 0.0 }, ..mean(0.2) },
    );
}

#[divan::bench(args = [0.2, 0.05])]
fn fixed_fisher(bencher: Bencher<'_, '_>, effect: f64) {
    let endpoint = Endpoint::Proportion { baseline: 0.1, test: ProportionTest::FisherExact };
    let comparison = Comparison { endpoint, claim: Claim::Superiority { effect }, ..rate() };
    bencher.bench(|| black_box(comparison).required(0.8));
}
