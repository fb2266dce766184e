//! Solves the bounds of a plan: efficacy from alpha, futility from beta or alpha, each knowing the other.

use super::super::{Refusal, normal, root};
use super::course::Course;
use super::passage::{Passage, Side};
use super::shape::{Scaled, Shape};
use super::spending::Spending;

/// How the efficacy bounds are set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Efficacy {
    Spending(Spending),
    Shape(Shape),
}

impl From<Spending> for Efficacy {
    fn from(spending: Spending) -> Self {
        Self::Spending(spending)
    }
}

impl From<Shape> for Efficacy {
    fn from(shape: Shape) -> Self {
        Self::Shape(shape)
    }
}

/// Where the lower bounds come from while the upper ones are solved.
#[derive(Clone, Copy)]
pub(super) enum Lower<'a> {
    Never,
    /// Minus the upper bound.
    Mirror,
    Given(&'a [f64]),
    /// Look by look these probabilities to stop, under the drift.
    Spend {
        steps: &'a [f64],
        drift: f64,
    },
    /// The same, and at the last look whatever is below the upper bound.
    SpendToMeet {
        steps: &'a [f64],
        drift: f64,
    },
}

/// Where the upper bounds come from.
#[derive(Clone, Copy)]
enum Upper<'a> {
    Given(&'a [f64]),
    /// Look by look these probabilities to stop, under no drift; the first of them may be given bounds.
    Spend(&'a [f64]),
}

/// The efficacy bounds of a plan, to be solved against any lower bounds.
pub(super) struct Target<'a> {
    times: &'a [f64],
    tail: f64,
    rule: Rule,
}

enum Rule {
    Steps(Vec<f64>),
    Shape(Scaled),
    Given(Vec<f64>),
}

impl<'a> Target<'a> {
    /// `tail` is the alpha of the upper side, spent by the clock.
    pub fn new(times: &'a [f64], clock: &[f64], tail: f64, efficacy: Efficacy) -> Result<Self, Refusal> {
        let rule = match efficacy {
            Efficacy::Spending(spending) => {
                spending.check()?;
                Rule::Steps(spending.steps(tail, clock))
            }
            Efficacy::Shape(shape) => Rule::Shape(shape.check()?),
        };
        Ok(Self { times, tail, rule })
    }

    /// Bounds already known.
    pub fn given(times: &'a [f64], upper: &[f64]) -> Self {
        Self { times, tail: 0.0, rule: Rule::Given(upper.to_vec()) }
    }

    /// All bounds; `None` when the lower ones meet the upper ones before the last look.
    pub fn solve(&self, lower: Lower<'_>) -> Result<Option<Passage>, Refusal> {
        match &self.rule {
            Rule::Steps(steps) => self.walk(Upper::Spend(steps), lower),
            Rule::Given(upper) => self.walk(Upper::Given(upper), lower),
            Rule::Shape(Scaled::Last(interim_z)) => self.last_solved(*interim_z, lower),
            Rule::Shape(Scaled::Power(power)) => self.scaled(*power, lower),
        }
    }

    /// The nodes that all of the targets need.
    fn start(&self, upper: Upper<'_>, lower: Lower<'_>) -> Passage {
        let start = match lower {
            Lower::Spend { steps, drift } | Lower::SpendToMeet { steps, drift } => {
                let start = Course::start_towards(self.times, drift);
                start.resolve(Side::Lower, steps, drift)
            }
            Lower::Never | Lower::Mirror | Lower::Given(_) => Course::start(self.times),
        };
        match upper {
            Upper::Spend(steps) => start.resolve(Side::Upper, steps, 0.0),
            Upper::Given(_) => start,
        }
    }

    fn walk(&self, upper: Upper<'_>, lower: Lower<'_>) -> Result<Option<Passage>, Refusal> {
        let mut passage = self.start(upper, lower);
        for look in 0..self.times.len() {
            let upper = match upper {
                Upper::Given(bounds) => bounds[look],
                Upper::Spend(steps) => match passage.bound_for(Side::Upper, steps[look], 0.0)? {
                    Some(bound) => bound,
                    None => return Ok(None),
                },
            };
            if !self.stop_at(&mut passage, upper, lower)? {
                return Ok(None);
            }
        }
        Ok(Some(passage))
    }

    /// Adds the lower bound that goes with an upper one; false when they meet before the last look.
    fn stop_at(&self, passage: &mut Passage, upper: f64, lower: Lower<'_>) -> Result<bool, Refusal> {
        let look = passage.upper.len();
        let last = look + 1 == self.times.len();
        let lower = match lower {
            Lower::Never => f64::NEG_INFINITY,
            Lower::Mirror => -upper,
            Lower::Given(bounds) => bounds[look],
            Lower::SpendToMeet { .. } if last => upper,
            Lower::Spend { steps, drift } | Lower::SpendToMeet { steps, drift } => {
                match passage.bound_for(Side::Lower, steps[look], drift)? {
                    Some(bound) => bound,
                    None => return Ok(false),
                }
            }
        };
        if upper < lower || (upper == lower && !last) {
            return Ok(false);
        }
        passage.stop_at(lower, upper);
        Ok(true)
    }

    /// One bound at the interim looks, what it leaves of alpha at the last.
    fn last_solved(&self, interim_z: f64, lower: Lower<'_>) -> Result<Option<Passage>, Refusal> {
        let mut passage = self.start(Upper::Given(&[]), lower);
        for _ in 1..self.times.len() {
            if !self.stop_at(&mut passage, interim_z, lower)? {
                return Ok(None);
            }
        }
        let rest = self.tail - passage.crossings(Side::Upper, 0.0).iter().sum::<f64>();
        if rest <= 0.0 {
            return Err(Refusal::Outside {
                what: "interim bound",
                value: interim_z,
                range: "the bounds that leave alpha for the last look",
            });
        }
        let Some(upper) = passage.bound_for(Side::Upper, rest, 0.0)? else { return Ok(None) };
        Ok(self.stop_at(&mut passage, upper, lower)?.then_some(passage))
    }

    /// `c t^power` with the `c` that spends alpha.
    fn scaled(&self, power: f64, lower: Lower<'_>) -> Result<Option<Passage>, Refusal> {
        let shape: Vec<f64> = self.times.iter().map(|&t| libm::pow(t, power)).collect();
        let bounds = |c: f64| -> Vec<f64> { shape.iter().map(|factor| c * factor).collect() };
        let z = normal::upper_quantile(self.tail);
        // The quantile of the error is nearly c plus a constant. Lower bounds that meet the upper ones leave an
        // error of 0: c is too low, and the search goes up.
        let short = |c: f64| match self.walk(Upper::Given(&bounds(c)), lower) {
            Ok(Some(passage)) => normal::upper_quantile(passage.crossings(Side::Upper, 0.0).iter().sum()) - z,
            Ok(None) => -z.abs() - 1.0,
            Err(_) => f64::NAN,
        };
        let start = z.max(0.1);
        let c = root::secant(short, start, 1.0, 1e-15).or_else(|| {
            // Bonferroni's bound at one look of the steepest shape is above all.
            let looks = self.times.len() as f64;
            let most = shape.iter().fold(f64::INFINITY, |least, factor| least.min(*factor));
            let high = normal::upper_quantile(self.tail / looks).max(0.0) / most + 1.0;
            root::brent(short, (0.25 * start).min(1e-3), high, 1e-14)
        });
        let c = c.ok_or(Refusal::Unsettled { what: "constant of the bounds" })?;
        self.walk(Upper::Given(&bounds(c)), lower)
    }

    /// The nodes of the null, and the drift, at which lower bounds that spend beta look by look under that drift
    /// come to the upper bound at the last look (Pampallona and Tsiatis 1994).
    ///
    /// `fixed` is the drift of one look at the same alpha and power.
    pub fn meet(&self, steps: &[f64], fixed: f64) -> Result<Passage, Refusal> {
        let looks = self.times.len();
        let last = steps.last().copied().unwrap_or(0.0);
        let z_last = normal::quantile(last);
        // Above 0 where more than beta is below the last upper bound, hence the drift too low; `None` where
        // the bounds meet too early or cannot spend beta, hence the drift too high.
        let excess = |drift: f64| -> Result<Option<f64>, Refusal> {
            let Some(passage) = self.solve(Lower::SpendToMeet { steps, drift })? else { return Ok(None) };
            let below = passage.crossing(looks - 1, Side::Lower, passage.upper[looks - 1], drift);
            Ok((0.0 < below).then(|| normal::quantile(below.min(1.0)) - z_last))
        };
        let mut low = None;
        let mut high = None;
        let (mut drift, mut bad) = (fixed, f64::INFINITY);
        for _ in 0..200 {
            match excess(drift)? {
                Some(value) if 0.0 < value => low = Some((drift, value)),
                Some(value) => high = Some((drift, value)),
                None => bad = bad.min(drift),
            }
            drift = match (low, high) {
                (Some((low, _)), Some((high, _))) if low <= high => break,
                // A design of one look meets at the fixed drift itself, within rounding.
                (None, Some((high, _))) => 0.9 * high,
                (Some((low, _)), _) if bad.is_finite() => 0.5 * (low + bad),
                (Some((low, value)), _) => low + value.max(0.02 * fixed) * 1.1,
                (None, None) => 0.9 * drift,
            };
            if drift < 0.5 * fixed || low.is_some_and(|(low, _)| (bad - low).abs() < 1e-12 * fixed) {
                return Err(Refusal::BoundsMeet);
            }
        }
        let (Some(low), Some(high)) = (low, high) else { return Err(Refusal::BoundsMeet) };
        let value = |drift: f64| excess(drift).ok().flatten().unwrap_or(f64::NAN);
        let drift = root::brent_from(value, low, high, 1e-13).ok_or(Refusal::Unsettled { what: "drift" })?;
        self.solve(Lower::SpendToMeet { steps, drift })?.ok_or(Refusal::BoundsMeet)
    }
}
