//! A portfolio through time: `cargo bench --bench through_time`.
//!
//! Three years, a layer for every 50 experiments (200 for 10,000), runs of two to six weeks on a tenth to a half of a layer. The same entries on every machine.

use std::sync::Arc;

use divan::{Bencher, counter::ItemsCount};
use expc::portfolio::{Days, Entry, Portfolio, Workspace};
use expc::spec::{Day, Status};
use expc::world::Memory;

const SIZES: [usize; 6] = [1_250, 2_500, 5_000, 10_000, 20_000, 40_000];
/// Experiments of a layer: with more of them on the same days a layer is full, and that is another question.
const OF_LAYER: usize = 50;
const DAYS: u32 = 3 * 365;

fn main() {
    divan::main();
}

fn first() -> Day {
    "2026-01-05".parse().expect("a day")
}

/// One experiment, that all others are made from.
fn one() -> Entry {
    let spec = "schema = 1\n[experiment]\nid = \"one\"\nstatus = \"ready\"\n";
    let files = Memory::default().with("expc.toml", "schema = 1\n").with("experiments/one.toml", spec);
    let workspace = Workspace::open(&files);
    let compiled = workspace.compile(&workspace.specs[0]);
    Entry::new(&compiled.plan, &compiled.spec, "experiments/one.toml", workspace.specs[0].file)
}

fn entries(number: usize) -> Vec<Entry> {
    let one = one();
    let layers = number.div_ceil(OF_LAYER);
    // A congruence of full period: days and widths without a pattern, and without a random number.
    let mut state = 1_u32;
    let mut draw = |most: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % most
    };
    let entry = |at: usize| {
        let start = first().plus(draw(DAYS));
        let days = 14 + 7 * draw(5);
        let share = f64::from(1 + draw(5)) / 10.0;
        Entry {
            id: Arc::from(format!("x{at}")),
            status: if at.is_multiple_of(3) { Status::Running } else { Status::Ready },
            layer: Some((format!("layer{}", at % layers), one.span)),
            surface: Some((format!("surface{}", at % layers), one.span)),
            flag: format!("flag{at}"),
            share,
            start: Some(start),
            end: Some(start.plus(days - 1)),
            stages: Box::new([(share / 10.0, 3), (share, days - 3)]),
            daily_units: Some(50_000.0),
            ..one.clone()
        }
    };
    (0..number).map(entry).collect()
}

/// Slots for all, in the order of their starts.
#[divan::bench(args = SIZES)]
fn slots(bencher: Bencher, number: usize) {
    let all = entries(number);
    bencher.counter(ItemsCount::new(number)).with_inputs(|| all.clone()).bench_values(Portfolio::new);
}

/// Every conflict with its days and units.
#[divan::bench(args = SIZES)]
fn conflicts(bencher: Bencher, number: usize) {
    let portfolio = Portfolio::new(entries(number));
    bencher.counter(ItemsCount::new(number)).bench(|| portfolio.conflicts());
}

/// What is taken of every layer on every day of three years.
#[divan::bench(args = SIZES)]
fn room(bencher: Bencher, number: usize) {
    let portfolio = Portfolio::new(entries(number));
    let during = Days { first: first(), last: first().plus(DAYS) };
    bencher.counter(ItemsCount::new(number)).bench(|| portfolio.room(during).len());
}
