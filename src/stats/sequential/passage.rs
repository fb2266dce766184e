//! The recursion over the looks: stop probabilities of given bounds, and bounds of given stop probabilities.
//!
//! `X_k = Z_k sqrt t_k` is a Brownian motion with drift at the information times `t_k`. A [`Passage`] carries the
//! sub-density of `X_k` between the bounds from look to look (Armitage, McPherson and Rowe 1969) under one drift,
//! its centre; every other drift follows by the likelihood ratio `exp((d - c) x - (d^2 - c^2) t / 2)` of the same
//! nodes (Jennison and Turnbull 2000, chapter 19).

use super::super::normal::{self, FRAC_1_SQRT_2_PI, sf_quick};
use super::super::{Refusal, root};
use super::layer::{CUT, Increment, Layer};

/// Which of the two bounds of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Upper,
    Lower,
}

impl Side {
    fn sign(self) -> f64 {
        match self {
            Self::Upper => 1.0,
            Self::Lower => -1.0,
        }
    }

    /// The bound that nothing crosses.
    pub fn never(self) -> f64 {
        self.sign() * f64::INFINITY
    }
}

/// The recursion as far as its bounds are set.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    pub times: Vec<f64>,
    centre: f64,
    /// How far from the centre the drifts lie that are asked for, at each look: the region kept is that much wider.
    up: Vec<f64>,
    down: Vec<f64>,
    /// Bounds on the z scale.
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
    /// Density before each look; the first is the start.
    layers: Vec<Layer>,
}

/// From the look before to the next: both times, their roots, and the root of the step between.
#[derive(Clone, Copy)]
struct Step {
    before: f64,
    now: f64,
    root: f64,
    step: f64,
}

/// A stop probability, and its derivatives in the bound, which counts in deviations of the last increment.
struct Beyond {
    probability: f64,
    density: f64,
    slope: f64,
}

/// Probabilities below are no stop at all.
const NOTHING: f64 = 1e-300;

impl Passage {
    /// Before the first look. Drifts from `centre - down` to `centre + up` will be asked for.
    pub fn new(times: &[f64], centre: f64, down: f64, up: f64) -> Self {
        let looks = times.len();
        Self {
            times: times.to_vec(),
            centre,
            up: vec![up; looks],
            down: vec![down; looks],
            lower: Vec::with_capacity(looks),
            upper: Vec::with_capacity(looks),
            layers: vec![Layer::origin()],
        }
    }

    /// All looks at given bounds.
    pub fn through(mut self, lower: &[f64], upper: &[f64]) -> Self {
        for (lower, upper) in lower.iter().zip(upper) {
            self.stop_at(*lower, *upper);
        }
        self
    }

    /// Keeps the region wide enough for stop probabilities as small as the targets, look by look, to have all
    /// their digits under `drift`: the way to a bound `z` at `t` is that of the drift `z / sqrt t`.
    pub fn resolve(mut self, side: Side, targets: &[f64], drift: f64) -> Self {
        let reach = match side {
            Side::Upper => &mut self.up,
            Side::Lower => &mut self.down,
        };
        let towards = side.sign() * (drift - self.centre);
        let mut most: f64 = 0.0;
        for ((reach, target), t) in reach.iter_mut().zip(targets).zip(&self.times).rev() {
            *reach = reach.max(most);
            if NOTHING < *target {
                most = most.max(towards + normal::upper_quantile(*target) / libm::sqrt(*t));
            }
        }
        self
    }

    /// The look to come.
    fn look(&self) -> usize {
        self.upper.len()
    }

    fn step(&self, look: usize) -> Step {
        let now = self.times[look];
        let before = if look == 0 { 0.0 } else { self.times[look - 1] };
        Step { before, now, root: libm::sqrt(now), step: libm::sqrt(now - before) }
    }

    /// Slope and level of the log likelihood ratio of a drift to the centre at a time.
    fn tilt(&self, drift: f64, time: f64) -> (f64, f64) {
        (drift - self.centre, 0.5 * (drift * drift - self.centre * self.centre) * time)
    }

    /// The probability to come to a look.
    pub fn coming(&self, look: usize, drift: f64) -> f64 {
        let (slope, level) = self.tilt(drift, self.step(look).before);
        self.layers[look].total(slope, level)
    }

    /// The probability to stop at a bound of a look.
    pub fn crossing(&self, look: usize, side: Side, bound: f64, drift: f64) -> f64 {
        if bound == side.never() {
            return 0.0;
        }
        let Step { root, step, .. } = self.step(look);
        self.beyond(look, side, bound * root / step, drift).probability
    }

    /// `edge` is the bound in deviations of the last increment.
    fn beyond(&self, look: usize, side: Side, edge: f64, drift: f64) -> Beyond {
        let mut sums = Beyond { probability: 0.0, density: 0.0, slope: 0.0 };
        self.each(look, side, edge, drift, |a, _, mass| {
            let tail = sf_quick(a);
            let density = mass * libm::exp(-0.5 * a * a);
            sums.probability += mass * tail;
            sums.density += density;
            sums.slope += a * density;
            tail < 1e-19 * sums.probability
        });
        sums.density *= FRAC_1_SQRT_2_PI;
        sums.slope *= FRAC_1_SQRT_2_PI;
        sums
    }

    /// Calls with the nodes before a look from the bound inwards: the deviations that the increment needs to reach the
    /// bound, the node, and its mass under the drift. Ends when told that the rest is nothing.
    fn each(&self, look: usize, side: Side, edge: f64, drift: f64, mut add: impl FnMut(f64, f64, f64) -> bool) {
        let Step { before, step, .. } = self.step(look);
        let (slope, level) = self.tilt(drift, before);
        let (sign, scale) = (side.sign(), 1.0 / step);
        let from = edge - drift * step;
        let mut one = |(y, mass): (&f64, &f64)| {
            let a = sign * (from - y * scale);
            let mass = if slope == 0.0 { *mass } else { mass * libm::exp(slope * y - level) };
            40.0 < a || add(a, *y, mass)
        };
        let mut nodes = self.layers[look].nodes.iter().zip(&self.layers[look].masses);
        let _ = match side {
            Side::Upper => nodes.rev().any(&mut one),
            Side::Lower => nodes.any(&mut one),
        };
    }

    /// The bound of the next look that is crossed with probability `target` under `drift`; `None` when fewer come
    /// to the look.
    pub fn bound_for(&self, side: Side, target: f64, drift: f64) -> Result<Option<f64>, Refusal> {
        let look = self.look();
        if target < NOTHING {
            return Ok(Some(side.never()));
        }
        let Step { root, step, .. } = self.step(look);
        // Without the looks before, this would be the bound; they take away, so it lies further in.
        let alone = drift * root + side.sign() * normal::upper_quantile(target);
        if look == 0 {
            return Ok(Some(alone));
        }
        if self.coming(look, drift) <= target {
            return Ok(None);
        }
        let sign = side.sign();
        let ln_target = libm::log(target);
        // Inwards is up: the log of the probability rises to the target.
        let short = |inwards: f64| {
            let Beyond { probability, density, slope } = self.beyond(look, side, -sign * inwards, drift);
            if probability < 1e-307 {
                // Below every double: far out.
                return (-1.0, 1.0, 0.0);
            }
            let hazard = density / probability;
            (libm::log(probability) - ln_target, hazard, slope / probability - hazard * hazard)
        };
        let scale = root / step;
        let outermost = -sign * alone * scale;
        // As far as the look before was from its own.
        let earlier = match side {
            Side::Upper => self.upper[look - 1],
            Side::Lower => self.lower[look - 1],
        };
        let guess = if earlier.is_finite() { outermost.max(-sign * earlier * scale) } else { outermost };
        // Beyond reach of the farthest node everybody crosses.
        let nodes = &self.layers[look].nodes;
        let farthest = match side {
            Side::Upper => nodes.first(),
            Side::Lower => nodes.last(),
        };
        let innermost = -sign * (farthest.unwrap_or(&0.0) / step + drift * step) + 40.0;
        let start = guess.min(innermost);
        root::halley(short, start, outermost - 1e-6, innermost, 1e-5)
            .map(|inwards| Some(-sign * inwards / scale))
            .ok_or(Refusal::Unsettled { what: "bound" })
    }

    /// Sets the bounds of the next look, and carries the density over to it.
    pub fn stop_at(&mut self, lower: f64, upper: f64) {
        let look = self.look();
        self.lower.push(lower);
        self.upper.push(upper);
        let Some(after) = self.times.get(look + 1) else { return };
        let Step { before, now, root, step } = self.step(look);
        let mean = self.centre * now;
        let (up, down) = (self.up[look], self.down[look]);
        let high = (upper * root).min(mean + (CUT + up * root) * root);
        let low = (lower * root).max(mean - (CUT + down * root) * root);
        // The integrand of the next look is this density times the kernel towards it; the density is itself no
        // sharper than the kernel that made it.
        let deviation = 1.0 / libm::sqrt(1.0 / (now - before) + 1.0 / (after - now));
        let increment = Increment {
            mean: self.centre * (now - before),
            deviation: step,
            least: -CUT - down * step,
            most: CUT + up * step,
        };
        let layer = if look == 0 {
            Layer::first(increment, low, high, deviation)
        } else {
            self.layers[look].next(increment, low, high, deviation)
        };
        self.layers.push(layer);
    }

    /// Stop probabilities on one side, look by look.
    pub fn crossings(&self, side: Side, drift: f64) -> Vec<f64> {
        let bounds = match side {
            Side::Upper => &self.upper,
            Side::Lower => &self.lower,
        };
        bounds.iter().enumerate().map(|(look, &bound)| self.crossing(look, side, bound, drift)).collect()
    }

    /// The probability to stop at an upper bound, and its derivative in the drift.
    pub fn upper_with_slope(&self, drift: f64) -> (f64, f64) {
        let (mut total, mut slope) = (0.0, 0.0);
        for (look, &bound) in self.upper.iter().enumerate() {
            if bound == f64::INFINITY {
                continue;
            }
            let Step { before, root, step, .. } = self.step(look);
            let mut sum = 0.0;
            self.each(look, Side::Upper, bound * root / step, drift, |a, y, mass| {
                let tail = sf_quick(a);
                sum += mass * tail;
                // Of the likelihood ratio of the node, and of the mean of the increment.
                let density = FRAC_1_SQRT_2_PI * libm::exp(-0.5 * a * a);
                slope += mass * ((y - drift * before) * tail + step * density);
                tail < 1e-19 * sum
            });
            total += sum;
        }
        (total, slope)
    }
}
