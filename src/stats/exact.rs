//! Exact tests of two rates, by enumerating the counts that can occur.
//!
//! [`fisher`] conditions on the total of events; [`Unconditional`] takes the score statistic and the worst rate under
//! the null. Both have the size they promise at any count, and pay for it with power where events are few.
//! Counts outside all but 1e-17 of the probability are left out. Arms may have up to [`MOST_UNITS`] units each.

use super::special::{deviance, stirling_error};
use super::{Refusal, Sides, inside, normal, open_unit, proportion};
use proportion::ProportionTest;
use std::f64::consts::PI;

/// Units an arm above which the score test agrees to three digits, and enumeration is slow.
pub const MOST_UNITS: u32 = 5000;

/// Probabilities to reject, by the direction that the data point to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rejection {
    /// Treatment has the higher rate.
    pub up: f64,
    /// Treatment has the lower rate.
    pub down: f64,
}

/// Probabilities of the counts of a binomial, but for those too small to matter.
struct Binomial {
    first: u32,
    probabilities: Vec<f64>,
}

impl Binomial {
    fn new(n: u32, p: f64) -> Self {
        const LOST: f64 = 1e-20;
        let odds = p / (1.0 - p);
        let mode = (((f64::from(n) + 1.0) * p) as u32).min(n);
        let peak = probability(mode, n, p);
        let mut below = Vec::new();
        let (mut x, mut value) = (mode, peak);
        while 0 < x {
            value *= f64::from(x) / f64::from(n - x + 1) / odds;
            if value < LOST * peak {
                break;
            }
            x -= 1;
            below.push(value);
        }
        below.reverse();
        let mut probabilities = below;
        probabilities.push(peak);
        let first = x;
        let (mut x, mut value) = (mode, peak);
        while x < n {
            value *= f64::from(n - x) / f64::from(x + 1) * odds;
            if value < LOST * peak {
                break;
            }
            x += 1;
            probabilities.push(value);
        }
        Self { first, probabilities }
    }

    fn last(&self) -> u32 {
        self.first + self.probabilities.len() as u32 - 1
    }

    fn at(&self, x: u32) -> f64 {
        x.checked_sub(self.first).and_then(|k| self.probabilities.get(k as usize)).copied().unwrap_or(0.0)
    }

    /// P(X >= x) in the place of P(X = x).
    fn into_tails(mut self) -> Self {
        let mut sum = 0.0;
        for p in self.probabilities.iter_mut().rev() {
            sum += *p;
            *p = sum;
        }
        self
    }
}

/// The probability of at least so many events in treatment as each count in control asks for.
fn reject(least: &[u32], in_control: &Binomial, tails: &Binomial) -> f64 {
    let mut sum = 0.0;
    for (probability, least) in in_control.probabilities.iter().zip(&least[in_control.first as usize..]) {
        let from = least.saturating_sub(tails.first) as usize;
        let Some(tail) = tails.probabilities.get(from) else { break };
        sum += probability * tail;
    }
    sum.min(1.0)
}

/// P(X = x) of a binomial, in Loader's form.
fn probability(x: u32, n: u32, p: f64) -> f64 {
    let (k, size) = (f64::from(x), f64::from(n));
    if x == 0 {
        return libm::exp(size * libm::log1p(-p));
    }
    if x == n {
        return libm::exp(size * libm::log(p));
    }
    let rest = size - k;
    let errors = stirling_error(size) - stirling_error(k) - stirling_error(rest);
    let apart = deviance(k, size * p) + deviance(rest, size * (1.0 - p));
    libm::sqrt(size / (2.0 * PI * k * rest)) * libm::exp(errors - apart)
}

/// The probability that Fisher's exact test rejects, for arms given by their units and true rates.
///
/// Two-sided tests order the tables by their point probabilities (Irwin 1935), as most programs do, with a relative
/// slack of 1e-7 for ties; one-sided tests give the probability of rejecting in either direction, each at the whole
/// alpha. Given the total of events the count in treatment is hypergeometric.
///
/// ```
/// use expc::stats::{Sides, exact};
/// let found = exact::fisher((75, 0.1), (75, 0.3), 0.05, Sides::Two)?;
/// assert_eq!((found.up * 1e4).round(), 8368.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn fisher(
    (control, rate_control): (u32, f64),
    (treatment, rate_treatment): (u32, f64),
    alpha: f64,
    sides: Sides,
) -> Result<Rejection, Refusal> {
    let alpha = open_unit("alpha", alpha)?;
    check_arm(control, rate_control)?;
    check_arm(treatment, rate_treatment)?;
    let in_control = Binomial::new(control, rate_control);
    let in_treatment = Binomial::new(treatment, rate_treatment);
    let mut weights = Vec::new();
    let mut rejection = Rejection { up: 0.0, down: 0.0 };
    for total in in_control.first + in_treatment.first..=in_control.last() + in_treatment.last() {
        let first = conditional(control, treatment, total, alpha, &mut weights);
        let (lower, upper) = match sides {
            Sides::One => (tail(weights.iter(), alpha), tail(weights.iter().rev(), alpha)),
            Sides::Two => by_probability(&weights, alpha),
        };
        let joint = |x: u32| in_treatment.at(x) * total.checked_sub(x).map_or(0.0, |y| in_control.at(y));
        if 0 < upper {
            let from = first + (weights.len() - upper) as u32;
            rejection.up += (from.max(in_treatment.first)..=in_treatment.last()).map(joint).sum::<f64>();
        }
        if 0 < lower {
            let to = first + lower as u32;
            rejection.down += (in_treatment.first..to.min(in_treatment.last() + 1)).map(joint).sum::<f64>();
        }
    }
    Ok(Rejection { up: rejection.up.min(1.0), down: rejection.down.min(1.0) })
}

/// Weights of the treatment counts given the total, relative to the largest; returns the first count.
fn conditional(control: u32, treatment: u32, total: u32, alpha: f64, weights: &mut Vec<f64>) -> u32 {
    let (least, most) = (total.saturating_sub(control), total.min(treatment));
    let (c, t, m) = (f64::from(control), f64::from(treatment), f64::from(total));
    let mode = (((t + 1.0) * (m + 1.0) / (c + t + 2.0)) as u32).clamp(least, most);
    let lost = 1e-16 * alpha;
    // h(x + 1) / h(x).
    let ratio = |x: u32| {
        let x = f64::from(x);
        (t - x) * (m - x) / ((x + 1.0) * (c - m + x + 1.0))
    };
    weights.clear();
    let (mut x, mut weight) = (mode, 1.0);
    while least < x {
        weight /= ratio(x - 1);
        if weight < lost {
            break;
        }
        x -= 1;
        weights.push(weight);
    }
    weights.reverse();
    weights.push(1.0);
    let first = x;
    let (mut x, mut weight) = (mode, 1.0);
    while x < most {
        weight *= ratio(x);
        if weight < lost {
            break;
        }
        x += 1;
        weights.push(weight);
    }
    first
}

/// How many of the outermost counts have a tail of at most alpha.
fn tail<'a>(weights: impl Iterator<Item = &'a f64> + Clone, alpha: f64) -> usize {
    let limit = alpha * weights.clone().sum::<f64>();
    let sums = weights.scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= limit).count()
}

/// How many of the lowest and of the highest counts are so improbable that all at most as probable have alpha.
fn by_probability(weights: &[f64], alpha: f64) -> (usize, usize) {
    const TIE: f64 = 1.0 + 1e-7;
    let limit = alpha * weights.iter().sum::<f64>();
    let (mut lower, mut upper, mut sum) = (0, 0, 0.0);
    while lower + upper < weights.len() {
        let (low, high) = (weights[lower], weights[weights.len() - 1 - upper]);
        let bar = low.min(high) * TIE;
        let (mut next_lower, mut next_upper) = (lower, upper);
        while next_lower + upper < weights.len() && weights[next_lower] <= bar {
            sum += weights[next_lower];
            next_lower += 1;
        }
        while next_lower + next_upper < weights.len() && weights[weights.len() - 1 - next_upper] <= bar {
            sum += weights[weights.len() - 1 - next_upper];
            next_upper += 1;
        }
        if limit < sum {
            break;
        }
        (lower, upper) = (next_lower, next_upper);
    }
    (lower, upper)
}

/// The exact unconditional test that treatment minus control is above `null`, ordered by the score statistic
/// (Suissa and Shuster 1985 for no difference; Chan 1998 for a margin).
///
/// The critical value is the smallest at which no pair of rates under the null rejects more often than alpha.
///
/// ```
/// use expc::stats::exact::Unconditional;
/// let test = Unconditional::new(50, 50, 0.0, 0.025)?;
/// assert_eq!((test.attained_alpha() * 1e4).round(), 244.0);
/// assert_eq!((test.power(0.1, 0.3)? * 1e4).round(), 7035.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Unconditional {
    control: u32,
    treatment: u32,
    null: f64,
    attained: f64,
    /// For each count of events in control, the fewest in treatment that reject; one more than the units for none.
    least: Vec<u32>,
}

impl Unconditional {
    /// The test for arms of these sizes, one-sided upwards at `alpha`.
    pub fn new(control: u32, treatment: u32, null: f64, alpha: f64) -> Result<Self, Refusal> {
        let alpha = open_unit("alpha", alpha)?;
        check_arm(control, 0.5)?;
        check_arm(treatment, 0.5)?;
        inside("null difference", null, -1.0, 1.0, "(-1, 1)")?;
        let mut test = Self { control, treatment, null, attained: 0.0, least: Vec::new() };
        let (critical, attained) = test.critical_value(alpha)?;
        test.least = test.staircase(critical);
        test.attained = attained;
        Ok(test)
    }

    /// The largest probability to reject under the null: at most the alpha asked for.
    #[must_use]
    pub fn attained_alpha(&self) -> f64 {
        self.attained
    }

    /// The probability to reject at these true rates.
    pub fn power(&self, rate_control: f64, rate_treatment: f64) -> Result<f64, Refusal> {
        open_unit("rate of control", rate_control)?;
        open_unit("rate of treatment", rate_treatment)?;
        let in_control = Binomial::new(self.control, rate_control);
        let tails = Binomial::new(self.treatment, rate_treatment).into_tails();
        Ok(reject(&self.least, &in_control, &tails))
    }

    /// Whether the test reaches a power, from each arm's units and true rate.
    ///
    /// The most demanding critical value that has the power keeps to alpha, or none that has the power does: one look at
    /// the nuisance rates instead of one for each critical value.
    pub(crate) fn reaches(
        (control, rate_control): (u32, f64),
        (treatment, rate_treatment): (u32, f64),
        null: f64,
        alpha: f64,
        power: f64,
    ) -> Result<bool, Refusal> {
        check_arm(control, rate_control)?;
        check_arm(treatment, rate_treatment)?;
        let test = Self { control, treatment, null, attained: 0.0, least: Vec::new() };
        let in_control = Binomial::new(control, rate_control);
        let tails = Binomial::new(treatment, rate_treatment).into_tails();
        let has_power = |critical: f64| power <= reject(&test.staircase(critical), &in_control, &tails);
        let z = normal::upper_quantile(alpha);
        let (mut low, mut high) = (z - 0.05, z + 0.05);
        let mut step = 0.05;
        while !has_power(low) {
            high = low;
            low -= step;
            step *= 2.0;
            if 1e3 < step {
                return Ok(false);
            }
        }
        while has_power(high) {
            low = high;
            high += step;
            step *= 2.0;
            if 1e3 < step {
                break;
            }
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if high - low <= 1e-11 * (1.0 + middle.abs()) {
                break;
            }
            if has_power(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(test.size(&test.staircase(low), alpha) <= alpha)
    }

    /// The score statistic of these counts; 0 where nothing varies and nothing differs.
    fn score(&self, in_control: u32, in_treatment: u32) -> f64 {
        let (c, t) = (f64::from(self.control), f64::from(self.treatment));
        let (p, q) = (f64::from(in_control) / c, f64::from(in_treatment) / t);
        let distance = q - p - self.null;
        let deviation = proportion::null_deviation(ProportionTest::Pooled, p, q, self.null, t / c);
        if distance == 0.0 { 0.0 } else { distance * libm::sqrt(c) / deviation }
    }

    /// The fewest events in treatment whose score is at least `critical`, for each count in control. The score rises
    /// with events in treatment and falls with those in control, so that one walk finds them all.
    fn staircase(&self, critical: f64) -> Vec<u32> {
        let mut events = 0;
        (0..=self.control)
            .map(|in_control| {
                while events <= self.treatment && self.score(in_control, events) < critical {
                    events += 1;
                }
                events
            })
            .collect()
    }

    /// The largest probability to reject under the null: a grid in the angle of the rate, finer than the waves that
    /// the counts leave, and golden sections around its three highest points. Any value above `enough` will do when
    /// there is one.
    fn size(&self, least: &[u32], enough: f64) -> f64 {
        let (low, high) = ((-self.null).max(0.0), (1.0 - self.null).min(1.0));
        let rate = |angle: f64| {
            let s = libm::sin(angle);
            low + (high - low) * s * s
        };
        let at = |angle: f64| {
            let p = rate(angle);
            let q = p + self.null;
            if !(0.0 < p && p < 1.0 && 0.0 < q && q < 1.0) {
                return 0.0;
            }
            reject(least, &Binomial::new(self.control, p), &Binomial::new(self.treatment, q).into_tails())
        };
        let points = 32 + (3.0 * libm::sqrt(f64::from(self.control) + f64::from(self.treatment))) as usize;
        let step = 0.5 * PI / points as f64;
        // Equal arms without a margin look the same from both ends; past the middle, lest rounding hide a peak there.
        let last = if self.null == 0.0 && self.control == self.treatment { points / 2 + 2 } else { points };
        let mut grid = Vec::with_capacity(last + 1);
        for k in 0..=last {
            let value = at(k as f64 * step);
            if enough < value {
                return value;
            }
            grid.push(value);
        }
        let mut peaks: Vec<usize> = (1..last).filter(|&k| grid[k - 1] <= grid[k] && grid[k + 1] <= grid[k]).collect();
        peaks.sort_by(|&a, &b| grid[b].total_cmp(&grid[a]));
        let refined = peaks.iter().take(3).map(|&k| golden(&at, (k - 1) as f64 * step, (k + 1) as f64 * step));
        grid.iter().copied().chain(refined).fold(0.0, f64::max)
    }

    /// The critical value, and the size there.
    ///
    /// Halving narrows the bracket until few scores lie in it; the answer is one of those.
    fn critical_value(&self, alpha: f64) -> Result<(f64, f64), Refusal> {
        let z = normal::upper_quantile(alpha);
        let (mut low, mut high) = (z - 0.1, z + 0.1);
        let mut below = self.staircase(low);
        let mut step = 0.1;
        while self.size(&below, alpha) <= alpha {
            high = low;
            low -= step;
            step *= 2.0;
            if 1e3 < step {
                return Ok((low, self.size(&below, alpha)));
            }
            below = self.staircase(low);
        }
        let mut above = self.staircase(high);
        let mut size = self.size(&above, alpha);
        step = 0.1;
        while alpha < size {
            low = high;
            below = above;
            high += step;
            step *= 2.0;
            above = self.staircase(high);
            size = self.size(&above, alpha);
            if 1e6 < step {
                return Err(Refusal::Unsettled { what: "critical value" });
            }
        }
        let between =
            |below: &[u32], above: &[u32]| below.iter().zip(above).map(|(b, a)| (a - b) as usize).sum::<usize>();
        let few = 64 + self.least_columns() / 8;
        for _ in 0..60 {
            if between(&below, &above) <= few {
                break;
            }
            let middle = 0.5 * (low + high);
            let steps = self.staircase(middle);
            let reached = self.size(&steps, alpha);
            if reached <= alpha {
                (high, above, size) = (middle, steps, reached);
            } else {
                (low, below) = (middle, steps);
            }
        }
        let mut scores: Vec<f64> = below
            .iter()
            .zip(&above)
            .zip(0..)
            .flat_map(|((&b, &a), x)| (b..a).map(move |y| (x, y)))
            .map(|(x, y)| self.score(x, y))
            .filter(|score| low <= *score && *score < high)
            .collect();
        scores.sort_by(f64::total_cmp);
        // The lowest score from which on the size holds: sizes fall along the scores.
        let (mut from, mut to) = (0, scores.len());
        while from < to {
            let middle = (from + to) / 2;
            // Equal scores of different tables round differently.
            let critical = scores[middle] - 1e-12 * (1.0 + scores[middle].abs());
            let reached = self.size(&self.staircase(critical), alpha);
            if reached <= alpha {
                (high, size) = (critical, reached);
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        Ok((high, size))
    }

    fn least_columns(&self) -> usize {
        self.control.min(self.treatment) as usize
    }
}

/// The largest value between two points around a single peak.
fn golden(f: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    const SECTION: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (high - SECTION * (high - low), low + SECTION * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    for _ in 0..20 {
        if at_b < at_a {
            (high, b, at_b) = (b, a, at_a);
            a = high - SECTION * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + SECTION * (high - low);
            at_b = f(b);
        }
    }
    at_a.max(at_b)
}

fn check_arm(units: u32, rate: f64) -> Result<(), Refusal> {
    open_unit("rate", rate)?;
    if units == 0 {
        return Err(Refusal::Outside { what: "number of units", value: 0.0, range: "[1, 5000]" });
    }
    if MOST_UNITS < units {
        return Err(Refusal::TooManyForExact { units: f64::from(units) });
    }
    Ok(())
}
