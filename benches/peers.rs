//! The same designs by expc, by statsmodels and by R's rpact, in one run: `cargo bench --bench peers`.
//!
//! Each program times itself, so that nothing but the computation counts; a design's time is the least mean of
//! several rounds. The answers are compared before the times: a ratio between different answers says nothing.
//! statsmodels comes from `benches/peers.txt` into `target/`; R is used where `Rscript` finds rpact
//! (Debian: `r-base-core r-cran-rpact`), and said to be missing otherwise.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::MeanTest;
use expc::stats::proportion::ProportionTest;
use expc::stats::sequential::{Monitoring, Spending, equal_fractions};
use expc::stats::{Refusal, Sides};

/// Nanoseconds of one call, and its answer.
type Timed = (f64, f64);

fn main() -> ExitCode {
    let designs: [(&str, fn() -> Result<f64, Refusal>); 5] = [
        ("t test: control units", t_test_units),
        ("t test: power", t_test_power),
        ("pooled rates: control units", rate_units),
        ("5 looks: t test, control units", || sequential_units(5)),
        ("20 looks: t test, control units", || sequential_units(20)),
    ];
    let mut own: Vec<(&str, Timed)> = Vec::new();
    for (name, design) in designs {
        match timed(design) {
            Ok(timed) => own.push((name, timed)),
            Err(refusal) => {
                eprintln!("{name}: {refusal}");
                return ExitCode::FAILURE;
            }
        }
    }
    let statsmodels = python().and_then(|python| answers(Command::new(python).arg(here("peers.py"))));
    let rpact = answers(Command::new("Rscript").arg(here("peers.R")));
    for (peer, found) in [("statsmodels", &statsmodels), ("rpact", &rpact)] {
        if let Err(reason) = found {
            println!("{peer} was not measured: {reason}");
        }
    }
    println!("{:34} {:>12} {:>24} {:>24}", "design", "expc", "statsmodels", "rpact");
    let mut differ = false;
    for (name, (time, answer)) in &own {
        let cell = |peer: &Result<BTreeMap<String, Timed>, String>| match peer.as_ref().ok().and_then(|p| p.get(*name))
        {
            None => (String::from("–"), false),
            Some((theirs, said)) => {
                let off = 1e-3 < ((said - answer) / answer).abs();
                let mark = if off { format!(" (says {said}, not {answer})") } else { String::new() };
                (format!("{} = {:.0} ×{mark}", readable(*theirs), theirs / time), off)
            }
        };
        let ((left, left_off), (right, right_off)) = (cell(&statsmodels), cell(&rpact));
        differ |= left_off || right_off;
        println!("{name:34} {:>12} {left:>24} {right:>24}", readable(*time));
    }
    if differ {
        eprintln!("the programs do not answer the same question");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn t_test() -> Comparison {
    Comparison {
        endpoint: Endpoint::Mean { baseline: 0.0, sd: 1.0, test: MeanTest::T },
        claim: Claim::Superiority { effect: black_box(0.1) },
        scale: Scale::Difference,
        alpha: 0.05,
        sides: Sides::Two,
        allocation: 1.0,
        size_factor: 1.0,
    }
}

fn t_test_units() -> Result<f64, Refusal> {
    Ok(t_test().required(0.8)?.control)
}

fn t_test_power() -> Result<f64, Refusal> {
    t_test().power(black_box(1500.0))
}

fn rate_units() -> Result<f64, Refusal> {
    let endpoint = Endpoint::Proportion { baseline: black_box(0.1), test: ProportionTest::Pooled };
    let claim = Claim::Superiority { effect: 0.01 };
    Ok(Comparison { endpoint, claim, ..t_test() }.required(0.8)?.control)
}

/// O'Brien-Fleming spending: the bounds, the inflation, and the size of the t test times it.
fn sequential_units(looks: usize) -> Result<f64, Refusal> {
    let plan = Monitoring::spending(&equal_fractions(looks), 0.05, Sides::Two, Spending::ObrienFleming)?;
    Ok(plan.inflation(0.8)? * t_test().required(0.8)?.control)
}

fn timed(design: fn() -> Result<f64, Refusal>) -> Result<Timed, Refusal> {
    let answer = design()?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let (start, mut calls) = (Instant::now(), 0_u32);
        while start.elapsed() < Duration::from_millis(100) {
            black_box(design()?);
            calls += 1;
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    Ok((best, answer))
}

/// Runs a peer, which prints a line a design: name, nanoseconds, answer, by tabs.
fn answers(command: &mut Command) -> Result<BTreeMap<String, Timed>, String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(text.lines().next_back().unwrap_or("it failed without a word").to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let read = |line: &str| {
        let mut parts = line.split('\t');
        let name = parts.next()?.to_owned();
        Some((name, (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)))
    };
    Ok(text.lines().filter_map(read).collect())
}

/// The interpreter of an environment with statsmodels, made when it is not there.
fn python() -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let home = target.join("sdk/python-peers");
    let program = home.join("bin/python");
    let run = |command: &mut Command| match command.output() {
        Err(error) => Err(error.to_string()),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).lines().next_back().unwrap_or_default().to_owned()),
    };
    if !home.join("ready").exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        let pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r"];
        run(Command::new(&program).args(pip).arg(here("peers.txt")))?;
        std::fs::write(home.join("ready"), "").map_err(|error| error.to_string())?;
    }
    Ok(program)
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(name)
}

fn readable(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n => format!("{:.1} ms", n / 1e6),
    }
}
