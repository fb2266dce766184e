//! One replicate: an experiment from its first day to its decision.
//!
//! All outcomes are drawn first; then every check reads what is complete on its day, in order, until something ends
//! the run. The tests go on being read after that, so that they can be judged alone.

use crate::plan::Verdict;
use crate::spec::Action;
use crate::spec::Outcome;
use crate::spec::decision::{GuardState, Quality};
use crate::spec::design::SrmAction;
use crate::spec::rollout::Harm;
use crate::stats::normal;
use crate::stats::proportion::null_deviation;
use crate::stats::student;

use super::draw::Draws;
use super::law::{Law, Sums};
use super::model::{Check, Claim, Guard, MeasureTest, Model, Rule, Stepping, Trigger};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Decided(Action),
    /// No row of the table holds, and there is no `otherwise`.
    Undecided,
    /// By the trigger with that index.
    RolledBack(usize),
    /// A gate on the guardrails did not open.
    Held,
}

/// A claim that a primary metric moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Made {
    pub better: bool,
    /// The check at which it was made.
    pub check: usize,
    /// Treatment minus control.
    pub estimate: f64,
}

/// What one replicate showed.
#[derive(Debug)]
pub struct Outcomes {
    pub ending: Ending,
    /// The check that ended it.
    pub ended_at: usize,
    pub units: f64,
    pub ratio_alarm: bool,
}

/// The buffers of a replicate, used again for the next.
#[derive(Debug)]
pub struct Run<'a> {
    model: &'a Model,
    /// Laws by metric, then by variant.
    laws: &'a [Vec<Law>],
    /// Units of analysis that came before each segment, by variant.
    units: Vec<Vec<f64>>,
    /// Sums before each segment, by metric, then by variant.
    sums: Vec<Vec<Vec<Sums>>>,
    /// The last segment that each metric needs.
    needed: Vec<usize>,
    pub claims: Vec<Option<Made>>,
    /// The guardrails at the last check.
    pub guards: Vec<GuardState>,
}

/// A difference and its standard error.
#[derive(Debug, Clone, Copy)]
struct Shown {
    difference: f64,
    error: f64,
    /// Infinite for a normal test.
    degrees: f64,
}

impl Shown {
    /// True when the statistic is as far out as a normal one at `critical`.
    fn beyond(&self, statistic: f64, critical: f64) -> bool {
        if statistic < critical || !statistic.is_finite() {
            return false;
        }
        // From here up the two quantiles differ by less than a millionth.
        if 1e7 < self.degrees {
            return true;
        }
        student::upper_quantile(normal::sf(critical), self.degrees) <= statistic
    }
}

impl<'a> Run<'a> {
    pub fn new(model: &'a Model, laws: &'a [Vec<Law>]) -> Self {
        let segments = model.arrivals.len();
        let arms = model.arms.len();
        let needed = (0..model.measures.len())
            .map(|measure| model.checks.iter().map(|check| check.mature[measure]).max().unwrap_or(0))
            .collect();
        Self {
            model,
            laws,
            units: vec![vec![0.0; segments + 1]; arms],
            sums: vec![vec![vec![Sums::default(); segments + 1]; arms]; model.measures.len()],
            needed,
            claims: vec![None; model.claims.len()],
            guards: vec![GuardState::Open; model.guards.len()],
        }
    }

    /// Runs once.
    pub fn replicate(&mut self, draws: &mut Draws) -> Outcomes {
        self.draw(draws);
        self.claims.fill(None);
        let mut ended: Option<(Ending, usize)> = None;
        let mut ratio_alarm = false;
        for (index, check) in self.model.checks.iter().enumerate() {
            if let Some(look) = check.look {
                self.look(index, check, look);
            }
            if ended.is_none() {
                let alarm = self.ratio_is_wrong(check);
                ratio_alarm |= alarm;
                ended = self.ends(check, alarm).map(|ending| (ending, index));
            }
        }
        if let Some(check) = self.model.checks.last() {
            for index in 0..self.model.guards.len() {
                self.guards[index] = self.guard(check, &self.model.guards[index], true);
            }
        }
        let (ending, ended_at) = ended.unwrap_or((Ending::Undecided, self.model.checks.len().saturating_sub(1)));
        let enrolled = self.model.checks.get(ended_at).map_or(0, |check| check.enrolled);
        let units = self.units.iter().map(|arm| arm[enrolled]).sum();
        Outcomes { ending, ended_at, units, ratio_alarm }
    }

    fn draw(&mut self, draws: &mut Draws) {
        for (segment, expected) in self.model.arrivals.iter().enumerate() {
            for (arm, &expected) in expected.iter().enumerate() {
                let new = draws.poisson(expected) * self.model.members;
                self.units[arm][segment + 1] = self.units[arm][segment] + new;
                // Groups have members on average only: laws take whole units.
                let new = new.round();
                for (measure, laws) in self.laws.iter().enumerate() {
                    if self.needed[measure] <= segment {
                        continue;
                    }
                    let Sums { sum, squares } = laws[arm].draw(new, draws);
                    let row = &mut self.sums[measure][arm];
                    let before = row[segment];
                    row[segment + 1] = Sums { sum: before.sum + sum, squares: before.squares + squares };
                }
            }
        }
    }

    /// What ends the run at a check, if anything does.
    fn ends(&self, check: &Check, alarm: bool) -> Option<Ending> {
        let action = self.model.srm.map_or(SrmAction::Warn, |srm| srm.action);
        if alarm && action == SrmAction::Stop {
            return Some(self.decide(check, Quality::Fail));
        }
        if check.watched
            && let Some(fired) = self.model.triggers.iter().position(|trigger| self.fires(check, trigger))
        {
            return Some(Ending::RolledBack(fired));
        }
        if check.gate.is_some() {
            let violated = |guard: &Guard| self.ramp_guard(check, guard) == GuardState::Fail;
            if alarm || self.model.guards.iter().any(violated) {
                return Some(Ending::Held);
            }
        }
        check.look?;
        let quality = if alarm && action != SrmAction::Warn { Quality::Fail } else { Quality::Pass };
        if check.last {
            return Some(self.decide(check, quality));
        }
        if quality == Quality::Fail { None } else { self.decides_early(check) }
    }

    /// An interim look ends the run when a row of the table speaks of what was shown; what holds for everything
    /// else waits for the end.
    fn decides_early(&self, check: &Check) -> Option<Ending> {
        let mut actions = Vec::new();
        for arm in 1..self.model.arms.len() {
            let primary = self.primary(arm);
            let guardrails = self.guard_state(check, arm, primary != Outcome::Flat);
            if primary == Outcome::Flat && guardrails != GuardState::Fail {
                actions.push(None);
                continue;
            }
            actions.push(match self.verdict(check, arm, Quality::Pass, guardrails) {
                Verdict::Rule(_, Action::Extend) | Verdict::Otherwise(_) | Verdict::Nothing => None,
                Verdict::Rule(_, action) => Some(action),
            });
        }
        if actions.contains(&Some(Action::Ship)) {
            return Some(Ending::Decided(Action::Ship));
        }
        let all: Option<Vec<Action>> = actions.into_iter().collect();
        let all = all.filter(|all| !all.is_empty())?;
        let action = if all.contains(&Action::Iterate) { Action::Iterate } else { Action::Stop };
        Some(Ending::Decided(action))
    }

    /// The decision of the table.
    fn decide(&self, check: &Check, quality: Quality) -> Ending {
        let mut found: Vec<Action> = Vec::new();
        for arm in 1..self.model.arms.len() {
            let guardrails = self.guard_state(check, arm, true);
            match self.verdict(check, arm, quality, guardrails) {
                Verdict::Rule(_, action) | Verdict::Otherwise(action) => found.push(action),
                Verdict::Nothing => {}
            }
        }
        let first = [Action::Ship, Action::Extend, Action::Iterate, Action::Stop];
        first.into_iter().find(|action| found.contains(action)).map_or(Ending::Undecided, Ending::Decided)
    }

    fn verdict(&self, check: &Check, arm: usize, quality: Quality, guardrails: GuardState) -> Verdict {
        let Some(table) = &self.model.table else { return Verdict::Nothing };
        let named = self.model.named.iter().map(|&measure| self.named(check, arm, measure)).collect();
        table.verdict(&crate::plan::Cell { quality, guardrails, primary: self.primary(arm), named })
    }

    /// Better when at least one primary metric is and none is worse.
    fn primary(&self, arm: usize) -> Outcome {
        let of_arm = |(claim, made): (&Claim, &Option<Made>)| made.filter(|_| claim.arm == arm);
        let mut made = self.model.claims.iter().zip(&self.claims).filter_map(of_arm);
        match made.next() {
            None => Outcome::Flat,
            Some(first) if first.better && made.all(|made| made.better) => Outcome::Better,
            Some(_) => Outcome::Worse,
        }
    }

    /// What a metric shows that a rule names: a primary its claim, others their test at the end.
    fn named(&self, check: &Check, arm: usize, measure: Option<usize>) -> Outcome {
        let Some(measure) = measure else { return Outcome::Flat };
        let outcome = |better: bool| if better { Outcome::Better } else { Outcome::Worse };
        if let Some(place) = self.model.claims.iter().position(|claim| claim.measure == measure && claim.arm == arm) {
            return self.claims[place].map_or(Outcome::Flat, |made| outcome(made.better));
        }
        if !check.last {
            return Outcome::Flat;
        }
        let Some(shown) = self.compare(check, measure, arm, 0.0, self.model.first_analysed) else {
            return Outcome::Flat;
        };
        let statistic = self.model.measures[measure].good * shown.difference / shown.error;
        let tail = if self.model.one_sided { self.model.alpha } else { 0.5 * self.model.alpha };
        let critical = normal::upper_quantile(tail);
        if shown.beyond(statistic, critical) {
            Outcome::Better
        } else if !self.model.one_sided && shown.beyond(-statistic, critical) {
            Outcome::Worse
        } else {
            Outcome::Flat
        }
    }

    /// Makes the claims that a look allows.
    fn look(&mut self, index: usize, check: &Check, look: usize) {
        let first = self.model.first_analysed;
        match &self.model.rule {
            Rule::Bounds { steps, stepping: Stepping::Up } => self.step_up(index, check, look, steps),
            Rule::Bounds { steps, stepping } => loop {
                let made = self.claims.iter().flatten().count();
                let Some(critical) = steps.get(made.min(steps.len() - 1)).and_then(|step| step.get(look)) else {
                    return;
                };
                let mut more = false;
                for place in 0..self.claims.len() {
                    if self.claims[place].is_none() {
                        self.claims[place] = self.beyond(index, check, place, *critical);
                        more |= self.claims[place].is_some();
                    }
                    if *stepping == Stepping::Sequence && self.claims[place].is_none() {
                        return;
                    }
                }
                if !more || *stepping != Stepping::Down {
                    return;
                }
            },
            Rule::Posterior { prior_mean, prior_precision, win, most_loss } => {
                for place in 0..self.claims.len() {
                    let claim = &self.model.claims[place];
                    let measure = &self.model.measures[claim.measure];
                    let found = self.compare(check, claim.measure, claim.arm, 0.0, first);
                    let Some(shown) = found.filter(|_| self.claims[place].is_none()) else { continue };
                    // The relative effect; the baseline stands for the control mean, which is known far better.
                    let level = measure.baseline.abs();
                    let precision = (level / shown.error) * (level / shown.error);
                    let all = precision + prior_precision;
                    let mean = (precision * shown.difference / level + prior_precision * prior_mean) / all;
                    let deviation = 1.0 / libm::sqrt(all);
                    let z = measure.good * mean / deviation;
                    // The expected loss of shipping: E max(-effect, 0).
                    let loss = deviation * (normal::pdf(z) - z * normal::sf(z));
                    let better = *win <= normal::cdf(z) && most_loss.is_none_or(|most| loss <= most);
                    if better || (!self.model.one_sided && *win <= normal::sf(z)) {
                        self.claims[place] = Some(Made { better, check: index, estimate: shown.difference });
                    }
                }
            }
        }
    }

    /// The claim of one metric against one treatment, where its statistic is beyond the critical value.
    fn beyond(&self, index: usize, check: &Check, place: usize, critical: f64) -> Option<Made> {
        let claim = &self.model.claims[place];
        let shown = self.compare(check, claim.measure, claim.arm, 0.0, self.model.first_analysed)?;
        let statistic = self.model.measures[claim.measure].good * shown.difference / shown.error;
        let better = shown.beyond(statistic, critical);
        let worse = !self.model.one_sided && shown.beyond(-statistic, critical);
        (better || worse).then_some(Made { better, check: index, estimate: shown.difference })
    }

    /// Makes the claims of the largest set whose members are all beyond the bound of its size.
    fn step_up(&mut self, index: usize, check: &Check, look: usize, steps: &[Vec<f64>]) {
        for size in (1..=self.claims.len().min(steps.len())).rev() {
            let Some(&critical) = steps[size - 1].get(look) else { return };
            let made: Vec<Option<Made>> =
                (0..self.claims.len()).map(|place| self.beyond(index, check, place, critical)).collect();
            if size <= made.iter().flatten().count() {
                self.claims = made;
                return;
            }
        }
    }

    /// The guardrails of a treatment together.
    fn guard_state(&self, check: &Check, arm: usize, pass_matters: bool) -> GuardState {
        let mut state = GuardState::Pass;
        for guard in self.model.guards.iter().filter(|guard| guard.arm == arm) {
            match self.guard(check, guard, pass_matters) {
                GuardState::Fail => return GuardState::Fail,
                GuardState::Open => state = GuardState::Open,
                GuardState::Pass => {}
            }
        }
        state
    }

    /// A guardrail in the analysed part of the run. Where passing does not matter it is not asked.
    fn guard(&self, check: &Check, guard: &Guard, pass_matters: bool) -> GuardState {
        let critical = match (&self.model.guard_looks, check.look) {
            (Some(bounds), Some(look)) => bounds.get(look).copied().unwrap_or(f64::INFINITY),
            // Guardrails that are tested once are tested at the end.
            _ if !check.last => return GuardState::Open,
            _ => self.model.guard_z,
        };
        self.guard_from(check, guard, pass_matters, self.model.first_analysed, critical)
    }

    /// A guardrail over the whole run, as gates see it.
    fn ramp_guard(&self, check: &Check, guard: &Guard) -> GuardState {
        self.guard_from(check, guard, false, 0, self.model.guard_z)
    }

    fn guard_from(&self, check: &Check, guard: &Guard, pass_matters: bool, first: usize, critical: f64) -> GuardState {
        let good = self.model.measures[guard.measure].good;
        if !pass_matters {
            // Within its margin nothing can fail.
            let within = self.difference(check, guard.measure, guard.arm, first);
            if within.is_none_or(|difference| -guard.margin <= good * difference) {
                return GuardState::Open;
            }
        }
        let null = -good * guard.margin;
        let Some(shown) = self.compare(check, guard.measure, guard.arm, null, first) else { return GuardState::Open };
        let statistic = good * (shown.difference - null) / shown.error;
        if shown.beyond(statistic, critical) {
            GuardState::Pass
        } else if shown.beyond(-statistic, critical) {
            GuardState::Fail
        } else {
            GuardState::Open
        }
    }

    /// True when the observed harm passes the trigger's threshold in any treatment.
    fn fires(&self, check: &Check, trigger: &Trigger) -> bool {
        let mature = check.mature[trigger.measure];
        if self.units.iter().any(|arm| arm[mature] < trigger.least_units) {
            return false;
        }
        let good = self.model.measures[trigger.measure].good;
        (1..self.model.arms.len()).any(|arm| match trigger.harm {
            Harm::Margin | Harm::Difference => self
                .difference(check, trigger.measure, arm, 0)
                .is_some_and(|difference| good * difference < -trigger.threshold),
            Harm::Level => {
                let level = self.sums[trigger.measure][arm][mature].sum / self.units[arm][mature];
                good * (level - trigger.threshold) < 0.0
            }
        })
    }

    fn ratio_is_wrong(&self, check: &Check) -> bool {
        let Some(srm) = self.model.srm.filter(|_| check.gate.is_some() || check.look.is_some()) else { return false };
        let enrolled = &self.model.arrivals[..check.enrolled];
        let planned = |arm: usize| enrolled.iter().map(|segment| segment[arm]).sum::<f64>();
        let seen = |arm: usize| self.units[arm][check.enrolled] / self.model.members;
        let arms = 0..self.model.arms.len();
        let (all_planned, all_seen): (f64, f64) = (arms.clone().map(planned).sum(), arms.clone().map(seen).sum());
        if all_seen <= 0.0 {
            return false;
        }
        let mut chi_square = 0.0;
        for arm in arms {
            let expected = all_seen * planned(arm) / all_planned;
            if 0.0 < expected {
                chi_square += (seen(arm) - expected) * (seen(arm) - expected) / expected;
            }
        }
        srm.critical < chi_square
    }

    /// Units of a variant whose outcome of a metric is complete, and the place up to which they came.
    fn mature(&self, check: &Check, measure: usize, arm: usize, first: usize) -> Option<(f64, usize)> {
        let until = check.mature[measure];
        let units = if first < until { self.units[arm][until] - self.units[arm][first] } else { 0.0 };
        (2.0 <= units).then_some((units, until))
    }

    /// Treatment minus control.
    fn difference(&self, check: &Check, measure: usize, arm: usize, first: usize) -> Option<f64> {
        let mean = |arm: usize| {
            let (units, until) = self.mature(check, measure, arm, first)?;
            let row = &self.sums[measure][arm];
            Some((row[until].sum - row[first].sum) / units)
        };
        Some(mean(arm)? - mean(0)?)
    }

    /// Treatment minus control with the standard error that the registered test assumes where the truth is `null`.
    fn compare(&self, check: &Check, measure: usize, arm: usize, null: f64, first: usize) -> Option<Shown> {
        let (control_units, until) = self.mature(check, measure, 0, first)?;
        let (units, _) = self.mature(check, measure, arm, first)?;
        let of = |arm: usize, units: f64| {
            let row = &self.sums[measure][arm];
            let mean = (row[until].sum - row[first].sum) / units;
            (mean, row[until].squares - row[first].squares)
        };
        let ((control, control_squares), (treatment, squares)) = (of(0, control_units), of(arm, units));
        let difference = treatment - control;
        let own = &self.model.measures[measure];
        let (deviation, degrees) = match own.test {
            MeasureTest::Rate(test) => {
                let inside = |rate: f64| rate.clamp(0.0, 1.0);
                let factor = own.reduction * own.design_effect;
                let dev = null_deviation(test, inside(control), inside(treatment), null, units / control_units);
                (dev * libm::sqrt(factor / control_units), f64::INFINITY)
            }
            MeasureTest::Known => {
                let factor = own.reduction * own.design_effect;
                let variance = own.sd * own.sd / control_units + own.sd_treatment * own.sd_treatment / units;
                (libm::sqrt(variance * factor), f64::INFINITY)
            }
            MeasureTest::Pooled | MeasureTest::Welch => {
                let off = control - self.laws[measure][0].mean;
                let off_treatment = treatment - self.laws[measure][arm].mean;
                let within = (control_squares - control_units * off * off).max(0.0);
                let within_treatment = (squares - units * off_treatment * off_treatment).max(0.0);
                if own.test == MeasureTest::Pooled {
                    let variance = (within + within_treatment) / (control_units + units - 2.0);
                    let degrees = (control_units + units) / own.design_effect - 2.0;
                    (libm::sqrt(variance * (1.0 / control_units + 1.0 / units)), degrees)
                } else {
                    let a = within / ((control_units - 1.0) * control_units);
                    let b = within_treatment / ((units - 1.0) * units);
                    // Satterthwaite 1946.
                    let free = |n: f64| n / own.design_effect - 1.0;
                    let degrees = (a + b) * (a + b) / (a * a / free(control_units) + b * b / free(units));
                    (libm::sqrt(a + b), degrees)
                }
            }
        };
        (0.0 < deviation && 0.0 < degrees).then_some(Shown { difference, error: deviation, degrees })
    }
}
