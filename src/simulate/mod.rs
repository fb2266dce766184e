//! The declared design run many times over on drawn data, decision rules included.
//!
//! Start at [`simulate`]. [`model`] reads the plan, [`scenario`] says what is true, [`draw`] and [`law`] make the
//! data, [`mod@test`] compares two variants, [`run`] is one replicate, [`report`] adds them up. Nothing here analyses
//! real data, and nothing decides anything that the plan does not say.
//!
//! A replicate has a random stream of its own, and sums are combined in the order of the replicates: the result is
//! the same for any number of threads.
//!
//! # What the draws assume
//!
//! - Units come by a Poisson law with the plan's mean, days alike but for shares and weights. Groups come so too, each
//!   of the mean size; with few of them, power is a little below the plan's, which takes their number as known. The
//!   periods of a switchback are known, and a fair coin splits its blocks.
//! - Metrics are independent of each other, and units of each other but for the groups.
//! - Rates are binomial. Counts are Poisson or negative binomial: with a dispersion it is that of the plan in both
//!   variants, and the test knows it; without, the deviation stays where the mean moves. Means that must be skewed are
//!   gamma, other means normal. Ratios, quantiles, reduced and inflated variances, the means of groups and of blocks are
//!   normal, groups and blocks independent with the variance that the plan gives them.
//! - Times to an event are exponential, dropout as well; every unit is watched for its window from its own entry, and is
//!   read when the window is over. The log-rank test is taken by its normal law, from the events and the times at risk.
//! - Where variance reduction or groups meet counts or times, a unit is worth what the plan's factor says.
//! - Tests are those of the plan, by the contrasts of [`crate::stats::comparison`]; exact tests of rates are read by the
//!   score test with continuity correction.
//! - A run whose every claim has met its bound for futility ends there, binding or not, with what the table says then.
//!   By the tests alone, bounds that do not bind are passed over for the error, and heeded for power and length.

pub mod model;
pub mod scenario;

pub mod draw;
pub mod law;
pub mod remarks;
pub mod report;
pub mod run;
pub mod test;

use rayon::prelude::*;

use draw::Draws;
use law::Law;
pub use model::{Model, Unsimulable};
pub use remarks::remarks;
use report::Tally;
pub use report::{Expected, Figure, Quantity, ScenarioReport};
use run::Run;
pub use scenario::{GivenEffect, GivenSize, Scenario, ScenarioKind};

/// The most replicates of one scenario.
pub const MOST_REPLICATES: u64 = 10_000_000;

/// Replicates that one thread takes at a time. Part of the result: sums are floating.
const CHUNK: u64 = 125;

/// Chunks whose tallies are held at a time, so that memory does not grow with the replicates.
const WAVE: u64 = 256;

/// Runs a scenario `replicates` times. `done` hears how many more are finished.
///
/// The result depends on the model, the scenario, the number of replicates and the seed; not on threads.
pub fn simulate(
    model: &Model,
    scenario: &Scenario,
    replicates: u64,
    seed: u64,
    done: &(dyn Fn(u64) + Sync),
) -> Result<ScenarioReport, Unsimulable> {
    let laws = laws(model, scenario)?;
    let stream = scenario.stream(model);
    let replicates = replicates.min(MOST_REPLICATES);
    let chunks = replicates.div_ceil(CHUNK);
    let mut all = Tally::new(model);
    let mut first = 0;
    while first < chunks {
        let next = (first + WAVE).min(chunks);
        let tallies: Vec<Tally> = (first..next)
            .into_par_iter()
            .map(|chunk| {
                let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(replicates);
                let count = range.end - range.start;
                let mut tally = Tally::new(model);
                let mut run = Run::new(model, &laws);
                for replicate in range {
                    let outcomes = run.replicate(&mut Draws::new(seed, stream, replicate));
                    tally.add(model, scenario, &run, &outcomes);
                }
                done(count);
                tally
            })
            .collect();
        for tally in &tallies {
            all.merge(tally);
        }
        first = next;
    }
    Ok(all.settle(model, scenario))
}

/// The laws of every metric in every variant.
fn laws(model: &Model, scenario: &Scenario) -> Result<Vec<Vec<Law>>, Unsimulable> {
    let law = |measure: usize, arm: usize| {
        let effect = scenario.effect(measure, arm);
        model.law(measure, arm, effect).ok_or_else(|| {
            let own = &model.measures[measure];
            Unsimulable(format!("an effect of {effect} takes `{}` from {} out of its range", own.name, own.baseline))
        })
    };
    (0..model.measures.len()).map(|measure| (0..model.arms.len()).map(|arm| law(measure, arm)).collect()).collect()
}
