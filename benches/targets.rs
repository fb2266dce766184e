//! Flag files of a thousand experiments: `cargo bench --bench targets`.
//!
//! One run prints the time of each platform as a part of the time that the plans of the same experiments take, so that
//! a slow platform shows on any machine, and the time of a build for all platforms.

#[allow(dead_code, reason = "the workspace that other benches measure")]
mod generate;

use std::time::{Duration, Instant};

use expc::emit::build::{ALL, Request, build};
use expc::emit::flags::{self, TARGETS};
use expc::emit::{Experiment, Moment};
use expc::portfolio::{Compiled, Entry, Portfolio, Workspace};
use expc::text::FileId;
use expc::world::Memory;
use rayon::prelude::*;

const EXPERIMENTS: usize = 1_000;

/// The best of a few runs.
fn best(mut of: impl FnMut()) -> Duration {
    let one = |_| {
        let began = Instant::now();
        of();
        began.elapsed()
    };
    (0..5).map(one).min().unwrap_or_default()
}

/// Those that find no room in their layer leave it: every one is to be printed.
fn place(workspace: &Workspace, served: &mut [Compiled]) {
    let path = |stem: &str| workspace.specs.iter().find(|spec| spec.stem == stem).map_or("", |spec| spec.path.as_str());
    let entry = |one: &Compiled| Entry::new(&one.plan, &one.spec, path(&one.stem), FileId(0));
    let portfolio = Portfolio::new(served.iter().map(entry).collect());
    for one in served {
        match portfolio.slot(&one.plan.id) {
            Some(slot) => one.plan.place(Some((slot.from, slot.to))),
            None => one.plan.audience.layer = None,
        }
    }
}

fn main() {
    // Specs in every state of life: take enough that a thousand are served.
    let files = |specs: usize| {
        generate::workspace(specs).into_iter().fold(Memory::default(), |memory, (path, text)| memory.with(path, text))
    };
    let mut specs = 2 * EXPERIMENTS;
    let (workspace, compiled) = loop {
        let workspace = Workspace::open(&files(specs));
        let all: Vec<Compiled> = workspace.specs.par_iter().map(|spec| workspace.compile(spec)).collect();
        let mut served: Vec<Compiled> = all.into_iter().filter(|one| one.plan.status.value.is_live()).collect();
        if EXPERIMENTS <= served.len() {
            served.truncate(EXPERIMENTS);
            place(&workspace, &mut served);
            served.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
            break (workspace, served);
        }
        specs *= 2;
    };
    let request = |targets: &'static [String]| Request {
        workspace: &workspace,
        experiments: &compiled,
        targets,
        moment: Moment::Schedule,
    };
    let mut everything: Vec<String> = vec![ALL.to_owned()];
    let all: &'static [String] = Box::leak(std::mem::take(&mut everything).into_boxed_slice());
    let none: &'static [String] = Box::leak(vec!["none".to_owned()].into_boxed_slice());
    let plans = best(|| drop(build(&request(none))));
    println!("{} experiments, {} platforms, {} threads", compiled.len(), TARGETS.len(), rayon::current_num_threads());
    println!("plans alone            {plans:>10.1?}");
    let mut total = Duration::ZERO;
    for target in TARGETS {
        let settings =
            workspace.file.targets.value().and_then(|targets| targets.get(target.name())).map(|at| &at.value);
        let emit = |one: &Compiled| {
            let experiments = [Experiment { plan: &one.plan, hash: "sha256:0" }];
            let request = flags::Request { experiments: &experiments, moment: Moment::Schedule, settings };
            target.emit(&request).map_or(0, |emitted| emitted.artifacts.len())
        };
        let mut files = 0;
        let took = best(|| files = compiled.iter().map(emit).sum());
        total += took;
        let part = took.as_secs_f64() / plans.as_secs_f64();
        println!("{:<22} {took:>10.1?} on one thread, {part:.2} of the plans, {files} files", target.name());
    }
    println!("all, one after another {total:>10.1?}");
    let whole = best(|| drop(build(&request(all)).unwrap_or_else(|fault| panic!("{fault}"))));
    println!("one build, all targets {whole:>10.1?}, {:.1} of the plans", whole.as_secs_f64() / plans.as_secs_f64());
}
