//! What rules ask of past experiments: whether there are enough of them, and where one effect stands among them.

use std::collections::HashMap;

use super::prelude::*;
use crate::portfolio::{Entry, Past, Portfolio};

/// The past effects of every metric that has some, each list from small to large whatever the sign.
pub struct Sizes<'a>(HashMap<&'a str, Vec<Past<'a>>>);

impl<'a> Sizes<'a> {
    pub fn of(portfolio: &'a Portfolio) -> Self {
        let sorted = |metric| {
            let mut effects: Vec<Past<'a>> = portfolio.past(metric).collect();
            effects.sort_by(|a, b| a.effect.size().total_cmp(&b.effect.size()));
            effects
        };
        Self(portfolio.past_metrics().map(|metric| (metric, sorted(metric))).collect())
    }

    /// The effects of a metric; empty when nothing is known.
    pub fn get(&self, metric: &str) -> &[Past<'a>] {
        self.0.get(metric).map_or(&[], Vec::as_slice)
    }
}

/// True when there are `needed` past facts; otherwise the rule says for this experiment what it lacks.
pub fn enough(out: &mut Sink, entry: &Entry, have: usize, needed: usize, what: &str, metric: &str) -> bool {
    if have < needed {
        let lacks = format!("past {what} {}: {have} of {needed}", quoted(metric));
        out.skip_in(&entry.id, Context::History, lacks);
    }
    needed <= have
}
