//! First passage of a boundary that is watched at every moment.
//!
//! Brownian motion with drift stops at a smooth boundary `b(s)`, or with two sides also at `-b(s)`. Its passage
//! densities solve Volterra equations of the second kind whose kernels are bounded (Buonocore, Nobile and Ricciardi
//! 1987; two boundaries: Buonocore, Giorno, Nobile and Ricciardi 1990). Time is precision, so that one boundary serves
//! every sample size. The kernel vanishes like the root of the distance to the
//! diagonal, which end corrections of eighth order take out. Measured against twice the nodes: 1e-9 in power.

use super::super::normal::FRAC_1_SQRT_2_PI;
use super::super::{Sides, root};
use super::normal_mixture::{Curve, NormalMixture};

/// A step relative to the time around which the process stops, for everyday bounds.
const STEP: f64 = 0.03;
/// The same in units of the squared deviations that the bound is away, for high ones: the density of a step falls over
/// two of them.
const HIGH_STEP: f64 = 0.5;
const LEAST_NODES: f64 = 96.0;
/// Nothing stops before the bound is this many deviations away, and nothing is left when it is passed by as many.
const BEYOND: f64 = 9.5;
/// The highest bound whose steps are worth their time.
const HIGHEST_BOUND: f64 = 40.0;

/// End corrections of the trapezoidal rule for `sqrt(x) f(x)` at `x = j h`: they solve
/// `sum_j w_j j^k = -zeta(-1/2 - k)`, k = 0 to 7 (the generalised Euler-Maclaurin formula of Navot 1961).
const ROOT_END: [f64; 8] = [
    0.126_596_959_203_980_1,
    0.235_921_867_237_645_47,
    -0.367_048_032_753_520_3,
    0.404_732_493_174_320_77,
    -0.301_059_405_993_209_97,
    0.143_597_882_472_250_15,
    -0.039_698_900_796_636_58,
    0.004_843_362_432_524_915,
];

/// Likewise for a smooth function (Gregory): they solve `sum_j w_j j^k = -zeta(-k)` beside a sum that leaves `x = 0` out.
const SMOOTH_END: [f64; 8] = [
    0.294_868_000_440_917_1,
    0.525_879_354_056_437_4,
    -0.743_023_313_492_063_5,
    0.798_907_352_292_769,
    -0.588_085_593_033_509_7,
    0.278_960_813_492_063_5,
    -0.076_863_150_352_733_7,
    0.009_356_536_596_119_93,
];

/// When the process stops, node by node.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Course {
    /// Precision at the nodes; the first is 0, the last the end.
    pub times: Vec<f64>,
    /// Probability to have stopped at the upper bound by each node.
    pub upper: Vec<f64>,
    /// Likewise at the lower one.
    pub lower: Vec<f64>,
    /// Density of stopping at either, per unit of precision.
    pub density: Vec<f64>,
    /// The mean of the time stopped at, or the end.
    pub mean_time: f64,
}

/// One node, with what the kernel needs of it.
#[derive(Clone, Copy)]
struct Node {
    time: f64,
    /// Width of a step around it.
    width: f64,
    curve: Curve,
    upper: f64,
    lower: f64,
}

/// Runs the process to precision `end`, where the statistic has mean `drift` of 0 or more.
///
/// The bound where it stops must be below [`HIGHEST_BOUND`]; `None` otherwise.
pub(super) fn run(boundary: &NormalMixture, end: f64, drift: f64) -> Option<Course> {
    let two = boundary.sides() == Sides::Two;
    let rate = drift / libm::sqrt(end);
    // How far the mean is from the bound, in deviations: falls as time goes on.
    let gap = |time: f64| boundary.bound(time) - rate * libm::sqrt(time);
    let when = |deviations: f64| {
        if deviations <= gap(end) {
            return Some(end);
        }
        let off = |ln_time: f64| gap(libm::exp(ln_time)) - deviations;
        root::brent(off, libm::log(end) - 60.0, libm::log(end), 1e-9).map(libm::exp)
    };
    let (first, stop, last) = (when(BEYOND)?, when(0.0)?, when(-BEYOND)?);
    if BEYOND <= gap(end) {
        return Some(gather(&[], end));
    }
    let high = boundary.bound(stop);
    if HIGHEST_BOUND < high {
        return None;
    }
    // Even in ln(s + s0): fine where the bound is met, and no finer than needed before.
    let scale = stop.min(1.0);
    let span = libm::log((last + scale) / (first + scale));
    let step = STEP.min(HIGH_STEP / (high * high)) * stop / (stop + scale);
    let count = (span / step).ceil().max(LEAST_NODES);
    let step = span / count;
    let mut nodes: Vec<Node> = Vec::with_capacity(count as usize + 1);
    for index in 0..=count as usize {
        let time =
            if index as f64 == count { last } else { first + (first + scale) * libm::expm1(step * index as f64) };
        let curve = boundary.curve(time);
        let mut node = Node { time, width: (time + scale) * step, curve, upper: 0.0, lower: 0.0 };
        if 0 < index {
            solve(&mut node, &nodes, rate, two);
        }
        nodes.push(node);
    }
    Some(gather(&nodes, end))
}

/// The densities at a node, from those before it.
fn solve(node: &mut Node, before: &[Node], rate: f64, two: bool) {
    let Curve { value, slope, curvature } = node.curve;
    // Density of the step from one bound to another `rise` away, times the pull of the boundary.
    let kernel = |rise: f64, time: f64, drift: f64| {
        let off = rise - drift * time;
        let exponent = 0.5 * off * off / time;
        if 740.0 < exponent {
            return 0.0;
        }
        FRAC_1_SQRT_2_PI / libm::sqrt(time) * libm::exp(-exponent) * (slope - rise / time)
    };
    let mut upper = -kernel(value, node.time, rate);
    let mut lower = if two { -kernel(value, node.time, -rate) } else { 0.0 };
    for (back, past) in before.iter().rev().enumerate() {
        let back = back + 1;
        let time = node.time - past.time;
        let near = match ROOT_END.get(back) {
            Some(weight) => past.width * (1.0 + weight / libm::sqrt(back as f64)),
            None => past.width,
        };
        let rise = value - past.curve.value;
        upper += near * kernel(rise, time, rate) * past.upper;
        if two {
            let across = value + past.curve.value;
            upper += past.width * kernel(across, time, rate) * past.lower;
            lower +=
                near * kernel(rise, time, -rate) * past.lower + past.width * kernel(across, time, -rate) * past.upper;
        }
    }
    // The kernel over the root of the distance, on the diagonal: half the curvature of the boundary.
    let own = ROOT_END[0] * FRAC_1_SQRT_2_PI * 0.5 * curvature * node.width * libm::sqrt(node.width);
    node.upper = upper / (1.0 - own);
    node.lower = lower / (1.0 - own);
}

/// Sums the densities, and adds the ends of the course where nothing happens.
fn gather(nodes: &[Node], end: f64) -> Course {
    let upper = sums(nodes.iter().map(|node| node.width * node.upper));
    let lower = sums(nodes.iter().map(|node| node.width * node.lower));
    let saved = sums(nodes.iter().map(|node| node.width * (node.upper + node.lower) * (end - node.time)));
    let total = |sums: &[f64]| sums.last().copied().unwrap_or(0.0);
    let mut course = Course { mean_time: end - total(&saved), ..Course::default() };
    let mut push = |time: f64, upper: f64, lower: f64, density: f64| {
        course.times.push(time);
        course.upper.push(upper);
        course.lower.push(lower);
        course.density.push(density);
    };
    push(0.0, 0.0, 0.0, 0.0);
    for (node, (&upper, &lower)) in nodes.iter().zip(upper.iter().zip(&lower)) {
        push(node.time, upper, lower, node.upper + node.lower);
    }
    if nodes.last().is_none_or(|last| last.time < end) {
        push(end, total(&upper), total(&lower), 0.0);
    }
    course
}

/// Running integrals of values that vanish at the start.
fn sums(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut sum = 0.0;
    let mut running = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let ends: f64 =
            SMOOTH_END.iter().zip(values[..=index].iter().rev()).map(|(weight, value)| weight * value).sum();
        running.push(sum + ends);
        sum += value;
    }
    running
}
