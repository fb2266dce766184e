//! The sub-density of one look at the nodes of equal panels, and how the next increment spreads it.
//!
//! Here alone is the cost of a design: with `N` nodes a look, `N^2` values of `exp(-(x - y)^2 / 2)`. Between the
//! nodes of two panels, `x = X + a` and `y = Y + b`, the kernel splits with `d = X - Y` into
//! `exp(-d^2 / 2) exp(-d a) exp(d b) exp(-(a - b)^2 / 2)`. The last factor is the same for all pairs of panels of two
//! looks; the others are 33 values a pair, most of them products of those of the pair before.

use super::super::normal::{self, FRAC_1_SQRT_2_PI};
use super::super::quadrature::{self, POINTS};

/// Standard deviations kept on each side of the mean: 1e-17 is beyond them.
pub(super) const CUT: f64 = 8.5;
/// Width of a panel in deviations of the integrand, a product of two normal densities.
const PANEL: f64 = 5.0;
/// Panels after which products of exponentials start afresh, before their roundings add up.
const AFRESH: usize = 8;

/// Nodes between the bounds of one look, on the scale of `Z sqrt t`, with the probability each stands for.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    low: f64,
    width: f64,
    pub nodes: Vec<f64>,
    pub masses: Vec<f64>,
}

/// The normal increment between two looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Increment {
    pub mean: f64,
    pub deviation: f64,
    /// Its values, in deviations from the mean, that any question asks for.
    pub least: f64,
    pub most: f64,
}

impl Layer {
    /// All of the probability at 0: where every course starts.
    pub fn origin() -> Self {
        Self { low: 0.0, width: 0.0, nodes: vec![0.0], masses: vec![1.0] }
    }

    /// Empty panels over `[low, high]`, fine enough for an integrand of this deviation.
    fn over(low: f64, high: f64, deviation: f64) -> (Self, usize) {
        let panels = ((high - low) / (PANEL * deviation)).ceil().max(1.0);
        let width = (high - low) / panels;
        let panels = panels as usize;
        let nodes = Vec::with_capacity(panels * POINTS);
        (Self { low, width, nodes, masses: Vec::with_capacity(panels * POINTS) }, panels)
    }

    /// The density of the first increment between the bounds.
    pub fn first(increment: Increment, low: f64, high: f64, deviation: f64) -> Self {
        if high <= low {
            return Self::default();
        }
        let (mut layer, _) = Self::over(low, high, deviation);
        for (x, weight) in quadrature::panels(low, high, PANEL * deviation) {
            let density = normal::pdf((x - increment.mean) / increment.deviation) / increment.deviation;
            layer.nodes.push(x);
            layer.masses.push(weight * density);
        }
        layer
    }

    /// What is left between `low` and `high` after the increment.
    pub fn next(&self, increment: Increment, low: f64, high: f64, deviation: f64) -> Self {
        if high <= low || self.nodes.is_empty() {
            return Self::default();
        }
        let (mut layer, panels) = Self::over(low, high, deviation);
        let scale = 1.0 / increment.deviation;
        let half = 0.5 * layer.width;
        let kernel = Kernel::new(half * scale, 0.5 * self.width * scale);
        let past_panels = self.masses.as_chunks::<POINTS>().0;
        let factor = half * FRAC_1_SQRT_2_PI * scale;
        for panel in 0..panels {
            let middle = low + half * (2.0 * panel as f64 + 1.0);
            let offset = (middle - increment.mean - self.low) / self.width - 0.5;
            let sums = kernel.gather(past_panels, offset, increment.least, increment.most);
            for ((x, weight), sum) in quadrature::RULE.iter().zip(sums) {
                layer.nodes.push(middle + half * x);
                layer.masses.push(factor * weight * sum);
            }
        }
        layer
    }

    /// The probability that is left when every mass is multiplied by `exp(slope y - level)`.
    pub fn total(&self, slope: f64, level: f64) -> f64 {
        let both = self.nodes.iter().zip(&self.masses);
        both.map(|(y, mass)| if slope == 0.0 { *mass } else { mass * libm::exp(slope * y - level) }).sum()
    }
}

/// The normal kernel between panels of two looks, in deviations of the increment.
struct Kernel {
    /// Width of a panel of the look before.
    step: f64,
    /// Half the widths of two panels, one of each look.
    slack: f64,
    /// Offsets of the nodes inside a panel, of this look and of the one before.
    here: [f64; POINTS],
    past: [f64; POINTS],
    /// `exp(-(a - b)^2 / 2)`, one row for a node of the look before.
    between: [[f64; POINTS]; POINTS],
    /// Factors on `exp(-d a)` and `exp(d b)` from one panel of the look before to the next.
    here_step: [f64; POINTS],
    past_step: [f64; POINTS],
}

impl Kernel {
    fn new(half: f64, past_half: f64) -> Self {
        let here = quadrature::RULE.map(|(x, _)| half * x);
        let past = quadrature::RULE.map(|(x, _)| past_half * x);
        let step = 2.0 * past_half;
        let between = past.map(|b| here.map(|a| libm::exp(-0.5 * (a - b) * (a - b))));
        let here_step = here.map(|a| libm::exp(step * a));
        let past_step = past.map(|b| libm::exp(-step * b));
        Self { step, slack: half + past_half, here, past, between, here_step, past_step }
    }

    /// Sums of the masses times the kernel at the nodes of the panel that lies `offset` panel widths from the
    /// first one before.
    fn gather(&self, masses: &[[f64; POINTS]], offset: f64, least: f64, most: f64) -> [f64; POINTS] {
        let mut sums = [0.0; POINTS];
        let first = (offset - (most + self.slack) / self.step).ceil().max(0.0);
        let end = (offset - (least - self.slack) / self.step).floor() + 1.0;
        let (first, end) = (first as usize, end.max(0.0).min(masses.len() as f64) as usize);
        let (mut here, mut past) = ([0.0; POINTS], [0.0; POINTS]);
        for (index, panel) in masses.iter().enumerate().take(end).skip(first) {
            let d = (offset - index as f64) * self.step;
            if (index - first) % AFRESH == 0 {
                here = self.here.map(|a| libm::exp(-d * a));
                past = self.past.map(|b| libm::exp(d * b));
            } else {
                for (value, step) in here.iter_mut().zip(&self.here_step) {
                    *value *= step;
                }
                for (value, step) in past.iter_mut().zip(&self.past_step) {
                    *value *= step;
                }
            }
            // Half of exp(-d^2 / 2) on each side: neither product leaves the range of a double.
            let middle = libm::exp(-0.25 * d * d);
            let mut inner = [0.0; POINTS];
            for ((mass, past), row) in panel.iter().zip(&past).zip(&self.between) {
                let mass = mass * (past * middle);
                for (sum, between) in inner.iter_mut().zip(row) {
                    *sum += mass * between;
                }
            }
            for ((sum, inner), here) in sums.iter_mut().zip(&inner).zip(&here) {
                *sum += inner * (here * middle);
            }
        }
        sums
    }
}
