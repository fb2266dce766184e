//! The power of a family of tests under a correction, without simulation.
//!
//! Given the factor that equicorrelated estimates share, tests with the same effect are independent and alike, so that
//! a step-wise procedure is a walk over how many p-values lie below each of its levels. Start at [`Family::power`].

use super::multiplicity::{Correction, alpha_per_test, harmonic, sidak_level};
use super::multivariate::{Variable, equicorrelated, product_correlated, shared_factor, shared_loading, sharpness};
use super::normal::{self, sf_quick};
use super::{Refusal, Sides, finite, open_unit};

/// Tests of a family, at most: the walk takes their fourth power.
const MOST_TESTS: usize = 64;

/// Normal tests of one size and effect, every two estimates with the same correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Family {
    pub tests: usize,
    /// Tests whose effect is there; the others have none.
    pub effective: usize,
    /// That effect in standard errors, in the direction of a one-sided test.
    pub shift: f64,
    /// Between every two estimates, in [0, 0.9999999].
    pub correlation: f64,
    pub alpha: f64,
    pub sides: Sides,
}

/// What a procedure does on average. A two-sided test counts whichever way it rejects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FamilyPower {
    /// The share of effects that are found: the power of each.
    pub marginal: f64,
    /// The probability to find at least one effect.
    pub any: f64,
    /// The probability to find all effects.
    pub all: f64,
    /// The probability of a false rejection, whatever else is rejected.
    pub family_wise_error: f64,
    /// The expected share of false ones among the rejections.
    pub false_discovery_rate: f64,
}

/// Whether the levels are tried from the smallest p-value, or from the largest.
#[derive(Clone, Copy, PartialEq)]
enum Steps {
    Down,
    Up,
}

impl Family {
    /// The power and errors of the family under a correction: one integral over the shared factor, to 1e-12.
    ///
    /// Not for Hommel's procedure, whose levels are no list (Hochberg's power is a close lower bound), nor for a fixed
    /// sequence, which is not alike in its tests ([`sequence_power`]).
    ///
    /// ```
    /// use expc::stats::Sides;
    /// use expc::stats::family::Family;
    /// use expc::stats::multiplicity::Correction;
    ///
    /// let family =
    ///     Family { tests: 3, effective: 3, shift: 2.8, correlation: 0.0, alpha: 0.05, sides: Sides::Two };
    /// let bonferroni = family.power(Correction::Bonferroni)?.marginal;
    /// let holm = family.power(Correction::Holm)?.marginal;
    /// assert!((bonferroni - 0.657).abs() < 1e-3 && (holm - 0.749).abs() < 1e-3);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn power(&self, correction: Correction<'_>) -> Result<FamilyPower, Refusal> {
        let (steps, levels) = self.levels(correction)?;
        finite("effect", self.shift)?;
        let loading = shared_loading(self.correlation)?;
        if loading == 1.0 {
            let value = self.correlation;
            return Err(Refusal::Outside { what: "correlation", value, range: "[0, 0.9999999]" });
        }
        let rest = libm::sqrt((1.0 - loading) * (1.0 + loading));
        let critical: Vec<f64> = levels.iter().map(|&level| normal::upper_quantile(self.sides.tail(level))).collect();
        let most = 2.0 * self.tests as f64;
        let [marginal, any, all, error, discovery] = shared_factor(sharpness([loading].into_iter(), most), |u| {
            let curve = |shift: f64| -> Vec<Chance> {
                critical.iter().map(|&z| Chance::of(z, shift + loading * u, rest, self.sides)).collect()
            };
            self.walk(steps, &curve(self.shift), &curve(0.0))
        });
        Ok(FamilyPower {
            marginal: marginal.min(1.0),
            any: any.min(1.0),
            all: all.min(1.0),
            family_wise_error: error.min(1.0),
            false_discovery_rate: discovery.min(1.0),
        })
    }

    /// The levels of the ordered p-values, from the smallest on.
    fn levels(&self, correction: Correction<'_>) -> Result<(Steps, Vec<f64>), Refusal> {
        let m = self.tests;
        if !(1..=MOST_TESTS).contains(&m) {
            return Err(Refusal::Outside { what: "number of tests", value: m as f64, range: "[1, 64]" });
        }
        if m < self.effective {
            let value = self.effective as f64;
            return Err(Refusal::Outside { what: "number of effective tests", value, range: "[0, tests]" });
        }
        let alpha = open_unit("alpha", self.alpha)?;
        let ranks = 1..=m;
        let left = |rank: usize| (m - rank + 1) as f64;
        let part = |rank: usize| rank as f64 / m as f64;
        Ok(match correction {
            Correction::None | Correction::Bonferroni | Correction::Sidak | Correction::Dunnett { .. } => {
                (Steps::Up, vec![alpha_per_test(correction, alpha, m)?; m])
            }
            Correction::Holm => (Steps::Down, ranks.map(|rank| alpha / left(rank)).collect()),
            Correction::HolmSidak => (Steps::Down, ranks.map(|rank| sidak_level(alpha, left(rank))).collect()),
            Correction::Hochberg => (Steps::Up, ranks.map(|rank| alpha / left(rank)).collect()),
            Correction::BenjaminiHochberg => (Steps::Up, ranks.map(|rank| alpha * part(rank)).collect()),
            Correction::BenjaminiYekutieli => (Steps::Up, ranks.map(|rank| alpha * part(rank) / harmonic(m)).collect()),
            Correction::Hommel => return Err(Refusal::NoForm { what: "the power of Hommel's procedure" }),
            Correction::FixedSequence => return Err(Refusal::NoForm { what: "the power of a sequence of equals" }),
        })
    }

    /// The five expectations when the factor is known.
    ///
    /// The state is how many effective and how many idle tests are still in play: below the level (from the top down),
    /// or not yet below it (from the bottom up).
    fn walk(&self, steps: Steps, effective: &[Chance], idle: &[Chance]) -> [f64; 5] {
        let m = self.tests;
        let full = (self.effective, m - self.effective);
        let mut state = State::new(full);
        let mut sums = [0.0; 5];
        let mut rejects = |found: usize, wrong: usize, mass: f64| {
            let share = if found == 0 { 0.0 } else { found as f64 / self.effective as f64 };
            let flags = [0 < found, 0 < self.effective && found == self.effective, 0 < wrong];
            let discovery = if wrong == 0 { 0.0 } else { wrong as f64 / (found + wrong) as f64 };
            let flag = |index: usize| if flags[index] { 1.0 } else { 0.0 };
            for (sum, value) in sums.iter_mut().zip([share, flag(0), flag(1), flag(2), discovery]) {
                *sum += mass * value;
            }
        };
        match steps {
            Steps::Up => {
                for rank in (1..=m).rev() {
                    let above = |chances: &[Chance]| if rank == m { 1.0 } else { chances[rank].below };
                    let keep = |chances: &[Chance]| quotient(chances[rank - 1].below, above(chances));
                    state.thin(keep(effective), keep(idle));
                    state.settle(|a, b| rank <= a + b, &mut rejects);
                }
            }
            Steps::Down => {
                for rank in 1..=m {
                    let before = |chances: &[Chance]| if rank == 1 { 1.0 } else { chances[rank - 2].beyond };
                    let keep = |chances: &[Chance]| quotient(chances[rank - 1].beyond, before(chances));
                    state.thin(keep(effective), keep(idle));
                    state.settle(|a, b| m - a - b < rank, |a, b, mass| rejects(full.0 - a, full.1 - b, mass));
                }
                state.settle(|_, _| true, |a, b, mass| rejects(full.0 - a, full.1 - b, mass));
            }
        }
        sums
    }
}

/// The probability that a p-value lies below a level, and beyond it.
struct Chance {
    below: f64,
    beyond: f64,
}

impl Chance {
    /// For the critical value `z`, when the estimate has this mean and deviation.
    fn of(z: f64, mean: f64, deviation: f64, sides: Sides) -> Self {
        let up = (z - mean) / deviation;
        if sides == Sides::One {
            return Self { below: sf_quick(up), beyond: sf_quick(-up) };
        }
        let down = (-z - mean) / deviation;
        let beyond = if 0.0 < down { sf_quick(down) - sf_quick(up) } else { sf_quick(-up) - sf_quick(-down) };
        Self { below: sf_quick(up) + sf_quick(-down), beyond: beyond.max(0.0) }
    }
}

fn quotient(part: f64, whole: f64) -> f64 {
    if whole <= 0.0 { 0.0 } else { (part / whole).min(1.0) }
}

/// The probabilities of each pair of counts.
struct State {
    most: (usize, usize),
    mass: Vec<f64>,
}

impl State {
    fn new(full: (usize, usize)) -> Self {
        let mut mass = vec![0.0; (full.0 + 1) * (full.1 + 1)];
        if let Some(last) = mass.last_mut() {
            *last = 1.0;
        }
        Self { most: full, mass }
    }

    /// Each test stays in play with this probability, on its own.
    fn thin(&mut self, effective: f64, idle: f64) {
        let width = self.most.1 + 1;
        if idle < 1.0 {
            let kept = kept(self.most.1, idle);
            for row in self.mass.chunks_mut(width) {
                let old = row.to_vec();
                for (left, value) in row.iter_mut().enumerate() {
                    *value = (left..width).map(|count| old[count] * kept[count][left]).sum();
                }
            }
        }
        if effective < 1.0 {
            let kept = kept(self.most.0, effective);
            for column in 0..width {
                let old: Vec<f64> = self.mass.iter().skip(column).step_by(width).copied().collect();
                for (left, value) in self.mass.iter_mut().skip(column).step_by(width).enumerate() {
                    *value = (left..old.len()).map(|count| old[count] * kept[count][left]).sum();
                }
            }
        }
    }

    /// Takes out the pairs for which the procedure has stopped.
    fn settle(&mut self, stops: impl Fn(usize, usize) -> bool, mut take: impl FnMut(usize, usize, f64)) {
        let width = self.most.1 + 1;
        for (index, mass) in self.mass.iter_mut().enumerate() {
            let (a, b) = (index / width, index % width);
            if *mass != 0.0 && stops(a, b) {
                take(a, b, *mass);
                *mass = 0.0;
            }
        }
    }
}

/// Binomial probabilities: `[n][k]` that `k` of `n` are kept.
fn kept(most: usize, probability: f64) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![1.0]];
    for n in 1..=most {
        let before = &rows[n - 1];
        let at = |k: usize| before.get(k).copied().unwrap_or(0.0);
        let row = (0..=n).map(|k| {
            let gained = if k == 0 { 0.0 } else { probability * at(k - 1) };
            gained + (1.0 - probability) * at(k)
        });
        rows.push(row.collect());
    }
    rows
}

/// The probability that the first k claims of a fixed sequence are all made, for each k: what the k-th claim's power is
/// worth.
///
/// `powers` are those of each test at the whole alpha when looked at alone; the tests are one-sided, every two
/// estimates with the same `correlation`.
///
/// ```
/// use expc::stats::family::sequence_power;
///
/// let claims = sequence_power(&[0.8, 0.8, 0.8], 0.0)?;
/// assert!((claims[2] - 0.512).abs() < 1e-14);
/// assert!(0.512 < sequence_power(&[0.8, 0.8, 0.8], 0.5)?[2]);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn sequence_power(powers: &[f64], correlation: f64) -> Result<Vec<f64>, Refusal> {
    let loading = shared_loading(correlation)?;
    let mut claims = Vec::with_capacity(powers.len());
    let mut variables = Vec::with_capacity(powers.len());
    let mut weakest = f64::INFINITY;
    for &power in powers {
        let upper = normal::quantile(open_unit("power", power)?);
        weakest = weakest.min(upper);
        variables.push(Variable { loading, lower: f64::NEG_INFINITY, upper });
        claims.push(if loading == 1.0 {
            equicorrelated(1, 1.0, f64::NEG_INFINITY, weakest)?.lower
        } else {
            product_correlated(&variables)?.lower
        });
    }
    Ok(claims)
}
