//! What the replicates add up to: counts and sums that are combined in order, and the figures they give.

use crate::spec::Action;
use crate::spec::decision::GuardState;

use super::model::{Aim, FutilityKind, Model};
use super::run::{Ending, Outcomes, Run};
use super::scenario::Scenario;

/// What the plan's mathematics says of a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expected {
    Value(f64),
    AtMost(f64),
    AtLeast(f64),
}

/// Standard errors between a simulated and an expected value that chance explains.
pub const MOST_ERRORS: f64 = 4.0;

/// What means may lie from the plan's beside chance, relative: its formulas take deviations as known.
const LEAST_DISTANCE: f64 = 1e-3;

/// One number of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub quantity: Quantity,
    /// What it is about: an action, a metric and its variant.
    pub of: String,
    pub value: f64,
    /// Its Monte Carlo standard error.
    pub error: f64,
    pub expected: Option<Expected>,
    /// True when it differs from what was expected by more than chance explains.
    pub differs: bool,
}

/// The figures, in the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    Decision,
    RolledBack,
    RatioAlarm,
    AnyClaim,
    AnyClaimByTests,
    Better,
    BetterByTests,
    Worse,
    WrongDirection,
    Futile,
    FutileByTests,
    Exaggeration,
    ExaggerationByTests,
    GuardrailPasses,
    GuardrailFails,
    Units,
    UnitsByTests,
    Days,
    DaysByTests,
}

impl Quantity {
    pub fn key(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::RolledBack => "rolled-back",
            Self::RatioAlarm => "sample-ratio-alarm",
            Self::AnyClaim => "any-claim",
            Self::AnyClaimByTests => "any-claim-by-tests",
            Self::Better => "better",
            Self::BetterByTests => "better-by-tests",
            Self::Worse => "worse",
            Self::WrongDirection => "wrong-direction",
            Self::Futile => "futile",
            Self::FutileByTests => "futile-by-tests",
            Self::Exaggeration => "exaggeration",
            Self::ExaggerationByTests => "exaggeration-by-tests",
            Self::GuardrailPasses => "guardrail-passes",
            Self::GuardrailFails => "guardrail-fails",
            Self::Units => "units",
            Self::UnitsByTests => "units-by-tests",
            Self::Days => "days",
            Self::DaysByTests => "days-by-tests",
        }
    }

    pub fn is_share(self) -> bool {
        !matches!(
            self,
            Self::Exaggeration
                | Self::ExaggerationByTests
                | Self::Units
                | Self::UnitsByTests
                | Self::Days
                | Self::DaysByTests
        )
    }
}

/// All figures of one scenario.
#[derive(Debug, Clone)]
pub struct ScenarioReport {
    pub scenario: Scenario,
    pub replicates: u64,
    pub figures: Vec<Figure>,
}

impl ScenarioReport {
    /// The figure of this quantity about this.
    pub fn figure(&self, quantity: Quantity, of: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.quantity == quantity && figure.of == of)
    }

    pub fn share(&self, quantity: Quantity, of: &str) -> Option<f64> {
        self.figure(quantity, of).map(|figure| figure.value)
    }
}

/// A mean in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    count: u64,
    sum: f64,
    squares: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The mean and its standard error; `None` of fewer than two.
    fn settle(&self) -> Option<(f64, f64)> {
        if self.count < 2 {
            return None;
        }
        let n = self.count as f64;
        let mean = self.sum / n;
        let variance = ((self.squares - n * mean * mean) / (n - 1.0)).max(0.0);
        Some((mean, libm::sqrt(variance / n)))
    }
}

/// One claim over the replicates.
#[derive(Debug, Clone, Copy, Default)]
struct ClaimTally {
    better: u64,
    worse: u64,
    better_by_tests: u64,
    futile: u64,
    exaggeration: Mean,
    exaggeration_by_tests: Mean,
}

/// Counts and sums over replicates.
#[derive(Debug, Clone)]
pub struct Tally {
    replicates: u64,
    decided: [u64; Action::ALL.len()],
    undecided: u64,
    held: u64,
    rolled_back: Vec<u64>,
    ratio_alarms: u64,
    any_claim: u64,
    any_claim_by_tests: u64,
    futile: u64,
    claims: Vec<ClaimTally>,
    passed: Vec<u64>,
    failed: Vec<u64>,
    units: Mean,
    days: Mean,
    units_by_tests: Mean,
    days_by_tests: Mean,
}

impl Tally {
    pub fn new(model: &Model) -> Self {
        Self {
            replicates: 0,
            decided: [0; Action::ALL.len()],
            undecided: 0,
            held: 0,
            rolled_back: vec![0; model.triggers.len()],
            ratio_alarms: 0,
            any_claim: 0,
            any_claim_by_tests: 0,
            futile: 0,
            claims: vec![ClaimTally::default(); model.claims.len()],
            passed: vec![0; model.guards.len()],
            failed: vec![0; model.guards.len()],
            units: Mean::default(),
            days: Mean::default(),
            units_by_tests: Mean::default(),
            days_by_tests: Mean::default(),
        }
    }

    /// Counts one replicate.
    pub fn add(&mut self, model: &Model, scenario: &Scenario, run: &Run<'_>, outcomes: &Outcomes) {
        self.replicates += 1;
        match outcomes.ending {
            Ending::Decided(action) => {
                if let Some(place) = Action::ALL.iter().position(|known| *known == action) {
                    self.decided[place] += 1;
                }
            }
            Ending::Undecided => self.undecided += 1,
            Ending::RolledBack(trigger) => self.rolled_back[trigger] += 1,
            Ending::Held => self.held += 1,
        }
        self.ratio_alarms += u64::from(outcomes.ratio_alarm);
        self.futile += u64::from(outcomes.futile);
        let (mut any, mut any_by_tests) = (false, false);
        for (place, (claim, tally)) in model.claims.iter().zip(&mut self.claims).enumerate() {
            tally.futile += u64::from(run.futile[place].is_some());
            let Some(made) = &run.claims[place] else { continue };
            any_by_tests = true;
            let truth = scenario.effect(claim.measure, claim.arm);
            if truth != 0.0 {
                tally.exaggeration_by_tests.add((made.estimate / truth).abs());
            }
            if made.late {
                continue;
            }
            tally.better_by_tests += u64::from(made.better);
            if outcomes.ended_at < made.check {
                continue;
            }
            any = true;
            if made.better {
                tally.better += 1;
            } else {
                tally.worse += 1;
            }
            // The right direction only: a wrong one is counted by itself.
            if 0.0 < made.estimate * truth {
                tally.exaggeration.add(made.estimate / truth);
            }
        }
        if let [claim] = &model.claims[..]
            && has_looks(model)
        {
            let made = run.claims[0].filter(|made| !made.late).map(|made| made.check);
            let last = model.checks.len().saturating_sub(1);
            if let Some(check) = model.checks.get(made.or(run.futile[0]).unwrap_or(last)) {
                self.units_by_tests.add(run.analysed(check, claim));
                self.days_by_tests.add(f64::from(check.day));
            }
        }
        self.any_claim += u64::from(any);
        self.any_claim_by_tests += u64::from(any_by_tests);
        for (place, state) in run.guards.iter().enumerate() {
            self.passed[place] += u64::from(*state == GuardState::Pass);
            self.failed[place] += u64::from(*state == GuardState::Fail);
        }
        self.units.add(outcomes.units);
        self.days.add(model.checks.get(outcomes.ended_at).map_or(0.0, |check| f64::from(check.day)));
    }

    /// Adds what later replicates gave. Sums are floating: the order of the calls is part of the result.
    pub fn merge(&mut self, other: &Self) {
        self.replicates += other.replicates;
        let add = |into: &mut [u64], from: &[u64]| into.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.decided, &other.decided);
        add(&mut self.rolled_back, &other.rolled_back);
        add(&mut self.passed, &other.passed);
        add(&mut self.failed, &other.failed);
        self.undecided += other.undecided;
        self.held += other.held;
        self.ratio_alarms += other.ratio_alarms;
        self.any_claim += other.any_claim;
        self.any_claim_by_tests += other.any_claim_by_tests;
        self.futile += other.futile;
        for (own, other) in self.claims.iter_mut().zip(&other.claims) {
            own.better += other.better;
            own.worse += other.worse;
            own.better_by_tests += other.better_by_tests;
            own.futile += other.futile;
            own.exaggeration.merge(&other.exaggeration);
            own.exaggeration_by_tests.merge(&other.exaggeration_by_tests);
        }
        self.units.merge(&other.units);
        self.days.merge(&other.days);
        self.units_by_tests.merge(&other.units_by_tests);
        self.days_by_tests.merge(&other.days_by_tests);
    }

    /// The figures of a scenario.
    pub fn settle(&self, model: &Model, scenario: &Scenario) -> ScenarioReport {
        let mut figures = Vec::new();
        let mut share = |quantity: Quantity, of: &str, count: u64, all: u64, expected: Option<Expected>| {
            if all == 0 {
                return;
            }
            let n = all as f64;
            let value = count as f64 / n;
            let error = libm::sqrt(value * (1.0 - value) / n);
            let differs = expected.is_some_and(|expected| differs(value, n, expected));
            figures.push(Figure { quantity, of: of.to_owned(), value, error, expected, differs });
        };
        let all = self.replicates;
        for (action, &count) in Action::ALL.iter().zip(&self.decided) {
            // Shipping harm is what guardrails are for: one test at alpha bounds it.
            let risk = scenario.harms_at_margin(model).then_some(Expected::AtMost(model.alpha));
            share(Quantity::Decision, action.word(), count, all, risk.filter(|_| *action == Action::Ship));
        }
        if 0 < self.undecided {
            share(Quantity::Decision, "none", self.undecided, all, None);
        }
        if model.checks.iter().any(|check| check.gate.is_some()) {
            share(Quantity::Decision, "held at a gate", self.held, all, None);
        }
        if !model.triggers.is_empty() {
            let fired: u64 = self.rolled_back.iter().sum();
            share(Quantity::Decision, "rolled back", fired, all, None);
        }
        for (trigger, &count) in model.triggers.iter().zip(&self.rolled_back) {
            share(Quantity::RolledBack, &model.measures[trigger.measure].name, count, all, None);
        }
        if model.srm.is_some() {
            share(Quantity::RatioAlarm, "", self.ratio_alarms, all, None);
        }
        if model.futility != FutilityKind::None {
            share(Quantity::Futile, "", self.futile, all, None);
        }
        let nothing_moved = model.claims.iter().all(|claim| scenario.effect(claim.measure, claim.arm) == 0.0);
        let course = match (&model.claims[..], &model.expected_courses) {
            (_, [none, _]) if nothing_moved => *none,
            ([claim], [_, at_mde]) if scenario.effect(claim.measure, claim.arm) == claim.mde => *at_mde,
            _ => None,
        };
        if !model.claims.is_empty() {
            share(Quantity::AnyClaim, "", self.any_claim, all, None);
            let expected = model.expected_errors.filter(|_| nothing_moved);
            share(Quantity::AnyClaimByTests, "", self.any_claim_by_tests, all, expected);
        }
        for (claim, tally) in model.claims.iter().zip(&self.claims) {
            let of = name(model, claim.measure, claim.arm);
            let truth = scenario.effect(claim.measure, claim.arm);
            let expected = match truth {
                _ if truth == claim.mde => claim.power,
                _ if Some(truth) == model.null_of(claim) && truth != 0.0 => claim.error,
                _ => None,
            };
            share(Quantity::Better, &of, tally.better, all, None);
            share(Quantity::BetterByTests, &of, tally.better_by_tests, all, expected);
            if model.futility != FutilityKind::None {
                let expected = course.map(|course| Expected::Value(course.futile));
                share(Quantity::FutileByTests, &of, tally.futile, all, expected);
            }
            if claim.looks_both_ways {
                share(Quantity::Worse, &of, tally.worse, all, None);
            }
            if truth != 0.0 {
                let wrong = if 0.0 < truth * model.measures[claim.measure].good { tally.worse } else { tally.better };
                share(Quantity::WrongDirection, &of, wrong, tally.better + tally.worse, None);
            }
        }
        for (place, guard) in model.guards.iter().enumerate() {
            let of = name(model, guard.measure, guard.arm);
            let truth = scenario.effect(guard.measure, guard.arm);
            // Where guardrails are tested at every look, the last alone has less than alpha.
            let at_margin = truth == guard.margin && model.guard_looks.is_none();
            let is_single = matches!(guard.aim, Aim::Beyond { .. });
            let expected = match truth {
                0.0 => guard.power.map(Expected::Value),
                _ if at_margin && is_single => Some(Expected::Value(model.alpha)),
                _ if at_margin => Some(Expected::AtMost(model.alpha)),
                _ => None,
            };
            share(Quantity::GuardrailPasses, &of, self.passed[place], all, expected);
            let expected = at_margin.then_some(Expected::Value(model.alpha));
            share(Quantity::GuardrailFails, &of, self.failed[place], all, expected);
        }
        let mut mean = |quantity: Quantity, of: &str, mean: &Mean, expected: Option<f64>| {
            if let Some((value, error)) = mean.settle() {
                let of = of.to_owned();
                // Units of few looks and claims that are all alike have next to no error of their own.
                let differs = expected.is_some_and(|expected| {
                    MOST_ERRORS * error + LEAST_DISTANCE * expected.abs() < (value - expected).abs()
                });
                let expected = expected.map(Expected::Value);
                figures.push(Figure { quantity, of, value, error, expected, differs });
            }
        };
        for (claim, tally) in model.claims.iter().zip(&self.claims) {
            let of = name(model, claim.measure, claim.arm);
            let at_mde = scenario.effect(claim.measure, claim.arm) == claim.mde;
            mean(Quantity::Exaggeration, &of, &tally.exaggeration, None);
            let expected = claim.exaggeration.filter(|_| at_mde);
            mean(Quantity::ExaggerationByTests, &of, &tally.exaggeration_by_tests, expected);
        }
        mean(Quantity::Units, "", &self.units, None);
        mean(Quantity::UnitsByTests, "", &self.units_by_tests, course.map(|course| course.units));
        mean(Quantity::Days, "", &self.days, None);
        mean(Quantity::DaysByTests, "", &self.days_by_tests, course.map(|course| course.days));
        ScenarioReport { scenario: scenario.clone(), replicates: all, figures }
    }
}

fn has_looks(model: &Model) -> bool {
    1 < model.checks.iter().filter(|check| check.look.is_some()).count()
}

/// `checkout_completion of one-tap`.
fn name(model: &Model, measure: usize, arm: usize) -> String {
    format!("{} of {}", model.measures[measure].name, model.arms[arm])
}

/// True when a share lies further from what was expected than chance explains. The error is that of the expected
/// share, so that a share of 0 or 1 has one as well.
fn differs(share: f64, n: f64, expected: Expected) -> bool {
    let slack = |p: f64| MOST_ERRORS * libm::sqrt(p * (1.0 - p) / n) + 1.0 / n;
    match expected {
        Expected::Value(p) => slack(p) < (share - p).abs(),
        Expected::AtMost(p) => p + slack(p) < share,
        Expected::AtLeast(p) => share < p - slack(p),
    }
}
