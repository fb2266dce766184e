//! Timings of simulations: `cargo bench --bench simulate`.

use divan::Bencher;
use expc::portfolio::Workspace;
use expc::simulate::{Model, Scenario, simulate};
use expc::world::Disk;

fn main() {
    divan::main();
}

/// A thousand runs of an example at its MDE.
#[divan::bench(args = ["checkout-address-lookup", "checkout-one-tap", "checkout-delivery-date", "search-synonyms"])]
fn thousand_runs(bencher: Bencher<'_, '_>, id: &str) {
    let workspace = Workspace::open(&Disk::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop")));
    let spec = workspace.specs.iter().find(|spec| spec.stem == id).expect("the example is there");
    let compiled = workspace.compile(spec);
    let model = Model::new(&compiled.plan, &compiled.spec).expect("the example can be simulated");
    let scenarios = Scenario::usual(&model);
    bencher.bench(|| simulate(&model, &scenarios[1], 1_000, 1, &|_| {}));
}
