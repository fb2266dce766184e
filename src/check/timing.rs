//! Where the time of a run went: by stage and by rule.
//!
//! Only a run that asks for it is measured; see `Options::timing`. What runs on several threads at once is summed over
//! them, so that stages may add up to more than the clock on the wall showed.

use std::sync::Arc;
use std::time::Duration;

use crate::rules::Rule;

/// What was spent on one spec.
#[derive(Debug, Clone, Default)]
pub(super) struct Spent {
    pub(super) compiling: Duration,
    /// By rule, in the order of the registry.
    pub(super) rules: Vec<Duration>,
}

/// Where the time of a run went.
#[derive(Debug, Clone, Default)]
pub struct Timing {
    /// Text to plan, summed over threads.
    pub compiling: Duration,
    /// All rules on single specs, summed over threads.
    pub judging: Duration,
    /// All specs together: rules on the portfolio, order, levels.
    pub portfolio: Duration,
    /// Every rule that ran, the costliest first.
    pub rules: Vec<RuleTime>,
}

/// What one rule took.
#[derive(Debug, Clone)]
pub struct RuleTime {
    pub code: &'static str,
    pub name: &'static str,
    /// How often it ran: once for each spec, once for all together.
    pub runs: usize,
    pub findings: usize,
    pub total: Duration,
    pub longest: Duration,
    /// The experiment on which it took longest; none when that was all together.
    pub slowest: Option<Arc<str>>,
}

impl RuleTime {
    pub fn mean(&self) -> Duration {
        self.total.checked_div(u32::try_from(self.runs).unwrap_or(u32::MAX)).unwrap_or_default()
    }
}

impl Timing {
    /// Room for every rule.
    pub(super) fn of(rules: &[&'static Rule]) -> Self {
        let empty = |rule: &&'static Rule| RuleTime {
            code: rule.code,
            name: rule.name,
            runs: 0,
            findings: 0,
            total: Duration::ZERO,
            longest: Duration::ZERO,
            slowest: None,
        };
        Self { rules: rules.iter().map(empty).collect(), ..Self::default() }
    }

    /// Adds what was spent on one spec.
    pub(super) fn add(&mut self, spent: &Spent, experiment: &Arc<str>) {
        self.compiling += spent.compiling;
        self.judging += spent.rules.iter().sum::<Duration>();
        // A rule that is allowed there took nothing, because it was not run.
        for (at, took) in spent.rules.iter().enumerate().filter(|(_, took)| !took.is_zero()) {
            self.ran(at, *took, Some(experiment));
        }
    }

    /// Adds a run of the rule at a place of the registry.
    pub(super) fn ran(&mut self, at: usize, took: Duration, experiment: Option<&Arc<str>>) {
        let Some(rule) = self.rules.get_mut(at) else { return };
        rule.runs += 1;
        rule.total += took;
        if rule.longest < took {
            rule.longest = took;
            rule.slowest = experiment.cloned();
        }
    }

    /// Counts what was found, and puts the costliest rule first.
    pub(super) fn close<'a>(&mut self, codes: impl Iterator<Item = &'a str>) {
        for code in codes {
            if let Some(rule) = self.rules.iter_mut().find(|rule| rule.code == code) {
                rule.findings += 1;
            }
        }
        self.rules.retain(|rule| 0 < rule.runs);
        self.rules.sort_by(|a, b| b.total.cmp(&a.total).then(a.code.cmp(b.code)));
    }
}
