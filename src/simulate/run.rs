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
use crate::stats::comparison::Scale;
use crate::stats::multiplicity::{self, Correction};
use crate::stats::normal;

use super::draw::Draws;
use super::law::{Law, Sums};
use super::model::{Aim, Bound, Check, Claim, FutilityKind, Guard, Model, Rule, Stepping, Trigger};
use super::test::{Arm, Shown};

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
    /// True when it comes after the claim's bound for futility: the test goes on, the run does not hear it.
    pub late: bool,
}

/// What one replicate showed.
#[derive(Debug)]
pub struct Outcomes {
    pub ending: Ending,
    /// The check that ended it.
    pub ended_at: usize,
    pub units: f64,
    pub ratio_alarm: bool,
    /// True when every claim was hopeless, and that ended the run.
    pub futile: bool,
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
    /// The check at which each claim met its bound for futility.
    pub futile: Vec<Option<usize>>,
    /// The guardrails at the last check.
    pub guards: Vec<GuardState>,
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
            futile: vec![None; model.claims.len()],
            guards: vec![GuardState::Open; model.guards.len()],
        }
    }

    /// Runs once.
    pub fn replicate(&mut self, draws: &mut Draws) -> Outcomes {
        self.draw(draws);
        self.claims.fill(None);
        self.futile.fill(None);
        let mut ended: Option<(Ending, usize)> = None;
        let mut ratio_alarm = false;
        let mut futile = false;
        for (index, check) in self.model.checks.iter().enumerate() {
            if let Some(look) = check.look {
                self.look(index, check, look);
            }
            if ended.is_none() {
                let alarm = self.ratio_is_wrong(check);
                ratio_alarm |= alarm;
                ended = self.ends(check, alarm).map(|ending| (ending, index));
                if ended.is_none() && check.look.is_some() && self.is_hopeless() {
                    futile = true;
                    ended = Some((self.decide(check, Quality::Pass), index));
                }
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
        Outcomes { ending, ended_at, units, ratio_alarm, futile }
    }

    fn draw(&mut self, draws: &mut Draws) {
        // A switchback's periods are known; what a draw of whole blocks leaves over waits for the next segment.
        let mut periods = 0.0;
        for (segment, expected) in self.model.arrivals.iter().enumerate() {
            let block = if self.model.is_switchback { self.model.measures.first() } else { None };
            let coin = block.map(|measure| {
                let size = measure.units_of_draw;
                periods += expected.iter().sum::<f64>();
                let blocks = (periods / size + 1e-9).floor();
                periods -= blocks * size;
                let treated = draws.binomial(blocks, 0.5);
                [(blocks - treated) * size, treated * size]
            });
            for (arm, &expected) in expected.iter().enumerate() {
                let new = match coin {
                    Some(split) => split.get(arm).copied().unwrap_or(0.0),
                    None => draws.poisson(expected) * self.model.members,
                };
                self.units[arm][segment + 1] = self.units[arm][segment] + new;
                for (measure, laws) in self.laws.iter().enumerate() {
                    if self.needed[measure] <= segment {
                        continue;
                    }
                    // Groups have members on average only: laws take whole units, and what is left waits.
                    let size = self.model.measures[measure].units_of_draw;
                    let until = (self.units[arm][segment + 1] / size).round();
                    let row = &mut self.sums[measure][arm];
                    let before = row[segment];
                    let new = laws[arm].draw(until - (self.units[arm][segment] / size).round(), draws);
                    row[segment + 1] = before.plus(&new);
                }
            }
        }
    }

    /// True when every claim has met its bound for futility.
    fn is_hopeless(&self) -> bool {
        !self.futile.is_empty()
            && self
                .futile
                .iter()
                .zip(&self.claims)
                .all(|(futile, made)| futile.is_some() && made.is_none_or(|made| made.late))
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
        let of_arm = |(claim, made): (&Claim, &Option<Made>)| made.filter(|made| claim.arm == arm && !made.late);
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
            let made = self.claims[place].filter(|made| !made.late);
            return made.map_or(Outcome::Flat, |made| outcome(made.better));
        }
        if !check.last {
            return Outcome::Flat;
        }
        let Some(shown) = self.compare(check, measure, arm, 0.0, self.model.first_analysed) else {
            return Outcome::Flat;
        };
        let good = self.model.measures[measure].good;
        let tail = if self.model.one_sided { self.model.alpha } else { 0.5 * self.model.alpha };
        let critical = normal::upper_quantile(tail);
        if shown.is_beyond(good, critical) {
            Outcome::Better
        } else if !self.model.one_sided && shown.is_beyond(-good, critical) {
            Outcome::Worse
        } else {
            Outcome::Flat
        }
    }

    /// Makes the claims that a look allows.
    fn look(&mut self, index: usize, check: &Check, look: usize) {
        let model = self.model;
        match &model.rule {
            Rule::Bounds { steps, stepping: Stepping::Up } => self.step_up(index, check, look, steps),
            Rule::Bounds { stepping: Stepping::Closed, .. } => self.close(index, check),
            Rule::Bounds { steps, stepping } => {
                // The bounds of the first step are those of hope.
                if let Some(bound) = steps.first().and_then(|step| step.get(look)) {
                    self.lose_hope(index, check, bound);
                }
                loop {
                    let made = self.claims.iter().flatten().filter(|made| !made.late).count();
                    let step = steps.get(made.min(steps.len() - 1));
                    let Some(bound) = step.and_then(|step| step.get(look)) else { return };
                    let mut more = false;
                    for place in 0..self.claims.len() {
                        if self.claims[place].is_none() {
                            self.claims[place] = self.claim(index, check, place, bound);
                            more |= self.claims[place].is_some();
                        }
                        if *stepping == Stepping::Sequence && self.claims[place].is_none() {
                            return;
                        }
                    }
                    if !more || *stepping != Stepping::Down {
                        return;
                    }
                }
            }
            &Rule::Posterior { prior_mean, prior_precision, win, most_loss, rope } => {
                for place in 0..self.claims.len() {
                    let claim = &model.claims[place];
                    let measure = &model.measures[claim.measure];
                    let found = self.compare(check, claim.measure, claim.arm, 0.0, model.first_analysed);
                    let Some(shown) = found.filter(|_| self.claims[place].is_none()) else { continue };
                    // The relative effect; the baseline stands for the control mean, which is known far better.
                    let level = if measure.scale == Scale::Lift { 1.0 } else { measure.baseline.abs() };
                    let precision = (level / shown.error) * (level / shown.error);
                    let all = precision + prior_precision;
                    let mean = (precision * shown.distance / level + prior_precision * prior_mean) / all;
                    let deviation = 1.0 / libm::sqrt(all);
                    let z = measure.good * mean / deviation;
                    let has_won = |z: f64| win.is_none_or(|win| win <= normal::cdf(z));
                    let is_beyond = |z: f64| rope.is_none_or(|half_width| has_won(z - half_width / deviation));
                    // The expected loss of shipping: E max(-effect, 0).
                    let loss = deviation * (normal::pdf(z) - z * normal::sf(z));
                    let better = has_won(z) && is_beyond(z) && most_loss.is_none_or(|most| loss <= most);
                    let worse = !model.one_sided && win.is_some() && has_won(-z) && is_beyond(-z);
                    if better || worse {
                        let estimate = shown.estimate;
                        self.claims[place] = Some(Made { better, check: index, estimate, late: false });
                    }
                }
            }
        }
    }

    /// What a claim shows, towards its gain and towards its harm: the statistic that must be beyond a critical value.
    /// Two tests that must both reject count by the weaker.
    fn evidence(&self, check: &Check, claim: &Claim) -> Option<[Shown; 2]> {
        let of = |null: f64| self.compare(check, claim.measure, claim.arm, null, self.model.first_analysed);
        let good = self.model.measures[claim.measure].good;
        Some(match claim.aim {
            Aim::Beyond { null } => {
                let shown = of(null)?;
                [shown.towards(good), shown.towards(-good)]
            }
            Aim::Between { lower, upper } => {
                let (low, high) = (of(lower)?.towards(1.0), of(upper)?.towards(-1.0));
                let weaker = if low.statistic() <= high.statistic() { low } else { high };
                [weaker, weaker]
            }
        })
    }

    /// The bounds for futility.
    fn lose_hope(&mut self, index: usize, check: &Check, bound: &Bound) {
        if self.model.futility == FutilityKind::None {
            return;
        }
        for place in 0..self.claims.len() {
            if self.claims[place].is_some() || self.futile[place].is_some() {
                continue;
            }
            let claim = &self.model.claims[place];
            let least = bound.futility[usize::from(claim.aim != Aim::Beyond { null: 0.0 })];
            if least == f64::NEG_INFINITY {
                continue;
            }
            if let Some([gain, _]) = self.evidence(check, claim)
                && !gain.exceeds(least)
            {
                self.futile[place] = Some(index);
            }
        }
    }

    /// The claim of one metric against one treatment, where its statistic is beyond the critical value.
    fn claim(&self, index: usize, check: &Check, place: usize, bound: &Bound) -> Option<Made> {
        let claim = &self.model.claims[place];
        let late = self.futile[place].is_some();
        if late && self.model.futility == FutilityKind::Binding {
            return None;
        }
        let critical = if claim.aim == (Aim::Beyond { null: 0.0 }) { bound.z } else { bound.one_sided };
        let [gain, harm] = self.evidence(check, claim)?;
        let better = gain.exceeds(critical);
        let worse = !better && claim.looks_both_ways && harm.exceeds(critical);
        (better || worse).then_some(Made { better, check: index, estimate: gain.estimate, late })
    }

    /// Makes the claims of the largest set whose members are all beyond the bound of its size.
    fn step_up(&mut self, index: usize, check: &Check, look: usize, steps: &[Vec<Bound>]) {
        for size in (1..=self.claims.len().min(steps.len())).rev() {
            let Some(bound) = steps[size - 1].get(look) else { return };
            let made: Vec<Option<Made>> =
                (0..self.claims.len()).map(|place| self.claim(index, check, place, bound)).collect();
            if size <= made.iter().flatten().count() {
                self.claims = made;
                return;
            }
        }
    }

    /// Makes the claims whose adjusted p-value is within alpha.
    fn close(&mut self, index: usize, check: &Check) {
        let mut made = Vec::with_capacity(self.claims.len());
        let mut p_values = Vec::with_capacity(self.claims.len());
        for claim in &self.model.claims {
            let shown = self.evidence(check, claim);
            // Of a test that looks both ways, the better side speaks.
            let better =
                shown.is_none_or(|[gain, harm]| !claim.looks_both_ways || harm.statistic() <= gain.statistic());
            let sides = if claim.looks_both_ways { 2.0 } else { 1.0 };
            let p = shown.map_or(1.0, |[gain, harm]| (sides * if better { gain.p() } else { harm.p() }).min(1.0));
            p_values.push(p);
            let estimate = shown.map_or(0.0, |[gain, _]| gain.estimate);
            made.push(Made { better, check: index, estimate, late: false });
        }
        let Ok(adjusted) = multiplicity::adjust(Correction::Hommel, &p_values) else { return };
        for (place, (made, p)) in made.into_iter().zip(adjusted).enumerate() {
            self.claims[place] = (p <= self.model.alpha).then_some(made);
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
        let measure = &self.model.measures[guard.measure];
        if !pass_matters {
            // Within its margin nothing can fail.
            let (null, good) = (guard.margin, measure.good);
            let within = |difference: f64| match guard.aim {
                Aim::Beyond { .. } => 0.0 <= good * (difference - null),
                Aim::Between { .. } => difference.abs() <= null.abs(),
            };
            // A lift is of the control that was seen.
            let is_plain = measure.scale == Scale::Difference;
            let difference = self.difference(check, guard.measure, guard.arm, first);
            if difference.is_none_or(|difference| is_plain && within(difference)) {
                return GuardState::Open;
            }
        }
        let shown = |null: f64| self.compare(check, guard.measure, guard.arm, null, first);
        match guard.aim {
            Aim::Beyond { null } => match shown(null) {
                None => GuardState::Open,
                Some(shown) if shown.is_beyond(measure.good, critical) => GuardState::Pass,
                Some(shown) if shown.is_beyond(-measure.good, critical) => GuardState::Fail,
                Some(_) => GuardState::Open,
            },
            Aim::Between { lower, upper } => match (shown(lower), shown(upper)) {
                (Some(low), Some(high)) => {
                    if low.is_beyond(1.0, critical) && high.is_beyond(-1.0, critical) {
                        GuardState::Pass
                    } else if low.is_beyond(-1.0, critical) || high.is_beyond(1.0, critical) {
                        GuardState::Fail
                    } else {
                        GuardState::Open
                    }
                }
                _ => GuardState::Open,
            },
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
                let sums = &self.sums[trigger.measure][arm][mature];
                let level = self.model.measures[trigger.measure].level(sums.sum, sums.units);
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

    /// What a variant shows of a metric: what was drawn, and complete on the day.
    fn arm(&self, check: &Check, measure: usize, arm: usize, first: usize) -> Option<Arm> {
        let until = check.mature[measure];
        if until <= first {
            return None;
        }
        let row = &self.sums[measure][arm];
        let sums = row[until].less(&row[first]);
        (2.0 <= sums.units).then_some(Arm { sums, law: self.laws[measure][arm] })
    }

    /// Treatment minus control.
    fn difference(&self, check: &Check, measure: usize, arm: usize, first: usize) -> Option<f64> {
        let own = &self.model.measures[measure];
        let (control, treatment) = (self.arm(check, measure, 0, first)?, self.arm(check, measure, arm, first)?);
        Some(treatment.level(own)? - control.level(own)?)
    }

    /// What the registered test of a metric has to say of a null on its scale.
    fn compare(&self, check: &Check, measure: usize, arm: usize, null: f64, first: usize) -> Option<Shown> {
        let (control, treatment) = (self.arm(check, measure, 0, first)?, self.arm(check, measure, arm, first)?);
        Shown::new(&self.model.measures[measure], &control, &treatment, null)
    }

    /// The analysed units of control and of a treatment at a check.
    pub fn analysed(&self, check: &Check, claim: &Claim) -> f64 {
        let (first, until) = (self.model.first_analysed, check.mature[claim.measure]);
        let of = |arm: usize| if first < until { self.units[arm][until] - self.units[arm][first] } else { 0.0 };
        of(0) + of(claim.arm)
    }
}
