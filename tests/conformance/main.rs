//! Conformance: every flag platform serves what the plan says, by the judgement of its own SDKs.
//!
//! `cargo test --test conformance` builds the experiments of `matrix.rs` for every platform of `platforms/mod.rs`, has
//! each SDK evaluate 20,000 units of `contexts.rs`, and compares with
//! what the language says. `-- unleash` judges one platform.
//! With `EXPC_BLESS=1` it writes what is proven, and `docs/platforms.md`; `-- page` writes or compares the page alone.
//! `README.md` beside this file says how a platform is added.

mod asked;
#[path = "../support/conditions.rs"]
mod conditions;
mod contexts;
#[path = "../support/flags.rs"]
#[allow(dead_code, reason = "the tests of single platforms use the rest")]
mod flags;
mod judge;
mod matrix;
mod platforms;
mod proof;
mod reference;
mod refusal;
mod run;
#[path = "../support/sdk.rs"]
mod sdk;
mod trial;

use std::process::ExitCode;
use std::time::Instant;

use rayon::prelude::*;
use serde_json::Value as Json;

use asked::Asked;
use contexts::Unit;
use platforms::PLATFORMS;

fn main() -> ExitCode {
    let began = Instant::now();
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let chosen: Vec<_> =
        PLATFORMS.iter().filter(|one| wanted.as_ref().is_none_or(|name| one.name.contains(name.as_str()))).collect();
    let units = contexts::all();
    let contexts: Vec<Json> = units.iter().map(|unit| Json::Object(unit.attributes.clone())).collect();
    let asked: Vec<Asked> = matrix::cases().into_par_iter().map(|case| asked::ask(case, &units)).collect();
    let mut failures = faults_of_the_matrix(&asked, &units, &contexts);
    failures.extend(trial::errors(&asked).into_iter().map(|error| format!("the judge errs: {error}")));
    let shown: Vec<_> = chosen.par_iter().map(|platform| run::run(platform, &asked, &units, &contexts)).collect();
    let mut tests = 0;
    let mut passed = 0;
    for (platform, shown) in chosen.iter().zip(shown) {
        print!("{}", shown.summary);
        tests += shown.tests;
        let mut faults = shown.faults;
        // What has faults is not kept as proven.
        if faults.is_empty() {
            faults.extend(shown.proof.settle().err());
        }
        passed += usize::from(faults.is_empty());
        failures.extend(faults.iter().map(|fault| format!("{}: {fault}", platform.name)));
    }
    if judge::MOST_TESTS < tests {
        failures.push(format!("{tests} tests of chance: the significance is chosen for {}", judge::MOST_TESTS));
    }
    let cases: Vec<_> = asked.iter().map(|asked| &asked.case).collect();
    failures.extend(proof::settle_page(&cases).err());
    for failure in &failures {
        println!("failed {failure}");
    }
    println!(
        "{} experiments, {tests} tests of chance",
        asked.iter().map(|asked| asked.experiments.len()).sum::<usize>()
    );
    let result = if failures.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {result}. {passed} passed; {} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        chosen.len() - passed,
        PLATFORMS.len() - chosen.len(),
        began.elapsed().as_secs_f64()
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The reference agrees with a reading of the language that is written apart from it, and the matrix asks enough.
fn faults_of_the_matrix(asked: &[Asked], units: &[Unit], contexts: &[Json]) -> Vec<String> {
    let mut faults = Vec::new();
    for experiment in asked.iter().flat_map(|asked| &asked.experiments) {
        let eligible = experiment.eligible.iter().filter(|yes| **yes).count();
        if eligible < 15 || eligible == contexts.len() {
            faults.push(format!("{}: {eligible} eligible units prove nothing", experiment.id));
        }
        let by_hand = experiment.id == "all-conditions";
        let differ = |n: &usize| {
            let yes = experiment.eligible[*n];
            reference::is_eligible(&experiment.plan, &units[*n].attributes) != yes
                || (by_hand && reference::by_hand(&contexts[*n]) != yes)
        };
        if let Some(unit) = (0..contexts.len()).find(differ) {
            faults.push(format!("{}: two readings of the language differ on {}", experiment.id, contexts[unit]));
        }
    }
    faults
}
