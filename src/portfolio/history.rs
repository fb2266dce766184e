//! What past experiments measured, by metric.
//!
//! Effects are in the order of the paths of their experiments, so that whatever is computed from them is the same each time.

use std::collections::BTreeMap;

use super::entry::{Entry, PastEffect};
use super::slots::Portfolio;
use crate::catalog::Catalog;
use crate::spec;
use crate::stats::Direction;

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
