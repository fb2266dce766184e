//! What past experiments measured, by metric.
//!
//! Effects are in the order of the paths of their experiments, so that whatever is computed from them is the same each time.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Entry, PastEffect};
use super::slots::Portfolio;
use crate::catalog::Catalog;
use crate::spec;
use crate::stats::pooled::{Measured, Pool, Shrunken};
use crate::stats::{Direction, Sides, normal, sample};

/// Where each metric's effects are: entry and effect.
pub(super) type PastIndex = BTreeMap<String, Vec<(usize, usize)>>;

/// An effect with the experiment that measured it.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    pub entry: &'a Entry,
    pub effect: &'a PastEffect,
}

impl Portfolio {
    /// The effects that experiments which are over measured on a metric.
    pub fn past(&self, metric: &str) -> impl ExactSizeIterator<Item = Past<'_>> + Clone {
        let places = self.past_index().get(metric).map_or(&[][..], Vec::as_slice);
        places.iter().map(|&(entry, effect)| {
            let entry = &self.entries[entry];
            Past { entry, effect: &entry.effects[effect] }
        })
    }

    /// The metrics that have past effects.
    pub fn past_metrics(&self) -> impl Iterator<Item = &str> {
        self.past_index().keys().map(String::as_str)
    }

    fn past_index(&self) -> &PastIndex {
        self.past.get_or_init(|| {
            let mut index = PastIndex::new();
            for (at, entry) in self.entries.iter().enumerate() {
                for (number, effect) in entry.effects.iter().enumerate() {
                    match index.get_mut(&effect.metric) {
                        Some(places) => places.push((at, number)),
                        None => {
                            index.insert(effect.metric.clone(), vec![(at, number)]);
                        }
                    }
                }
            }
            index
        })
    }
}

/// The good direction of a metric, when the catalogue says.
pub fn good_direction(catalog: &Catalog, metric: &str) -> Option<Direction> {
    match catalog.metrics.get(metric)?.direction.copied()? {
        spec::Direction::Increase => Some(Direction::Up),
        spec::Direction::Decrease => Some(Direction::Down),
    }
}

/// Intervals are read as 95 % ones: nobody writes down which they are.
pub const ALPHA: f64 = 0.05;

impl Past<'_> {
    /// True when the experiment was judged by the metric; otherwise it watched it.
    pub fn is_judged(&self) -> bool {
        self.entry.primaries.iter().any(|primary| primary.value == self.effect.metric)
    }

    /// The estimate with the standard error that its interval tells; `None` when it tells none.
    pub fn measured(&self) -> Option<Measured> {
        let (low, high) = self.effect.interval.ok()?;
        let standard_error = (high - low) / (2.0 * normal::upper_quantile(Sides::Two.tail(ALPHA)));
        // A width below the smallest double is none.
        (0.0 < standard_error).then_some(Measured { effect: self.effect.estimate, standard_error })
    }
}

/// What a group of effects on one metric says together.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Experiments with a readable interval.
    pub experiments: usize,
    /// Shown to be better in one variant and worse in none.
    pub better: usize,
    /// Shown to be worse in some variant.
    pub worse: usize,
    /// Mean and spread of the truth; `None` with fewer than two estimates.
    pub pool: Option<Pool>,
    /// The mean of the effects that were shown to be better, as measured and corrected.
    pub wins: Option<(f64, f64)>,
}

impl Tally {
    /// `good` is the good direction; without one nothing is better or worse.
    pub fn new(effects: &[Past<'_>], good: Option<Direction>) -> Self {
        let readable: Vec<(&Past<'_>, Measured)> =
            effects.iter().filter_map(|past| Some((past, past.measured()?))).collect();
        let ids = |wanted: Option<Direction>| -> BTreeSet<&str> {
            let moved = readable.iter().filter(|(past, _)| wanted.is_some() && past.effect.moved() == wanted);
            moved.map(|(past, _)| &*past.entry.id).collect()
        };
        let bad = good.map(|good| if good == Direction::Up { Direction::Down } else { Direction::Up });
        let (better, worse) = (ids(good), ids(bad));
        let measured: Vec<Measured> = readable.iter().map(|(_, measured)| *measured).collect();
        let pool = Pool::new(&measured).ok();
        let wins: Vec<(f64, f64)> = readable
            .iter()
            .filter(|(past, _)| good.is_some() && past.effect.moved() == good)
            .filter_map(|(_, measured)| Some((measured.effect, pool?.shrink(*measured).effect)))
            .collect();
        let mean = |pick: fn(&(f64, f64)) -> f64| wins.iter().map(pick).sum::<f64>() / wins.len() as f64;
        Self {
            experiments: readable.iter().map(|(past, _)| &*past.entry.id).collect::<BTreeSet<_>>().len(),
            better: better.difference(&worse).count(),
            worse: worse.len(),
            pool,
            wins: (!wins.is_empty()).then(|| (mean(|win| win.0), mean(|win| win.1))),
        }
    }

    /// The share of experiments that were shown to be better, with its interval.
    pub fn win_rate(&self) -> Option<(f64, f64, f64)> {
        let (low, high) = sample::share_interval(self.better, self.experiments, ALPHA).ok()?;
        (0 < self.experiments).then_some((self.better as f64 / self.experiments as f64, low, high))
    }

    /// What is left of an effect once luck is taken out.
    pub fn corrected(&self, past: &Past<'_>) -> Option<Shrunken> {
        Some(self.pool?.shrink(past.measured()?))
    }
}
