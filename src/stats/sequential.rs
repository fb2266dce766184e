//! Several looks at one experiment: bounds that keep alpha, and what they cost.
//!
//! Start at [`Monitoring`]. At look k the statistic `Z_k` is normal with mean `drift * sqrt(t_k)`, variance 1 and
//! covariance `sqrt(t_j / t_k)` (Jennison and Turnbull 2000, chapter 3), with `t_k` the information fraction;
//! means, rates, adjusted means and counts all come down to this. The experiment stops at `Z_k >= u_k`,
//! with two sides also at `Z_k <= -u_k`. There are no futility bounds.
//!
//! The recursion of Armitage, McPherson and Rowe (1969) is run once, under one drift; every other drift
//! follows from its nodes by a likelihood ratio.

use super::normal::{self, FRAC_1_SQRT_2_PI, sf_quick};
use super::quadrature;
use super::root;
use super::{Refusal, Sides, inside, open_unit, positive};

/// The most looks that are planned one by one: a look a day for a year.
pub const MOST_LOOKS: usize = 366;

/// How much alpha is spent by each information fraction (Lan and DeMets 1983).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spending {
    /// `2 - 2 Phi(z_{a/2} / sqrt t)` (Lan and DeMets 1983).
    ObrienFleming,
    /// `a ln(1 + (e - 1) t)` (Lan and DeMets 1983).
    Pocock,
    /// `a (1 - e^{-gamma t}) / (1 - e^{-gamma})` (Hwang, Shih and DeCani 1990).
    HwangShihDeCani { gamma: f64 },
    /// `a t^rho` (Kim and DeMets 1987).
    KimDeMets { rho: f64 },
}

impl Spending {
    /// What a one-sided test of size `alpha` has spent at fraction `t`.
    #[must_use]
    pub fn spent(self, alpha: f64, t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        if 1.0 <= t {
            return alpha;
        }
        match self {
            Self::ObrienFleming => 2.0 * normal::sf(normal::upper_quantile(0.5 * alpha) / libm::sqrt(t)),
            Self::Pocock => alpha * libm::log1p((std::f64::consts::E - 1.0) * t),
            Self::HwangShihDeCani { gamma: 0.0 } => alpha * t,
            Self::HwangShihDeCani { gamma } => alpha * (libm::expm1(-gamma * t) / libm::expm1(-gamma)),
            Self::KimDeMets { rho } => alpha * libm::pow(t, rho),
        }
    }

    fn check(self) -> Result<(), Refusal> {
        match self {
            Self::ObrienFleming | Self::Pocock => {}
            Self::HwangShihDeCani { gamma } => {
                inside("gamma of the spending", gamma, -500.0, 500.0, "(-500, 500)")?;
            }
            Self::KimDeMets { rho } => {
                inside("rho of the spending", rho, 0.0, 500.0, "(0, 500)")?;
            }
        }
        Ok(())
    }
}

/// Bounds of a fixed shape, scaled to keep alpha.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// The same bound at every look (Pocock 1977).
    Pocock,
    /// `c / sqrt t` (O'Brien and Fleming 1979).
    ObrienFleming,
    /// `c t^(delta - 1/2)` (Wang and Tsiatis 1987).
    WangTsiatis { delta: f64 },
    /// A given bound at the interim looks, the rest at the last (Haybittle 1971; Peto et al. 1976).
    HaybittlePeto { interim_z: f64 },
}

/// A plan of looks with its efficacy bounds.
///
/// ```
/// use expc::stats::Sides;
/// use expc::stats::sequential::{Monitoring, Spending, equal_fractions};
///
/// let weekly = equal_fractions(4);
/// let plan = Monitoring::spending(&weekly, 0.05, Sides::Two, Spending::ObrienFleming)?;
/// assert!(plan.inflation(0.8)? < 1.03);
///
/// let peeking = Monitoring::unadjusted(&weekly, 0.05, Sides::Two)?;
/// assert_eq!((peeking.type_one_error() * 1e3).round(), 126.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone)]
pub struct Monitoring {
    fractions: Vec<f64>,
    bounds: Vec<f64>,
    sides: Sides,
    alpha: f64,
    spent: Vec<f64>,
    /// The sub-density under no drift.
    null: Passage,
}

/// Stop probabilities look by look.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Through the upper bound: for a drift above 0 the right direction.
    pub upper: Vec<f64>,
    /// Through the lower bound; zeros with one side.
    pub lower: Vec<f64>,
}

impl Crossing {
    /// The probability to stop at the upper bound at any look.
    #[must_use]
    pub fn upper_total(&self) -> f64 {
        self.upper.iter().sum()
    }

    /// The probability to stop at the lower bound at any look.
    #[must_use]
    pub fn lower_total(&self) -> f64 {
        self.lower.iter().sum()
    }
}

impl Monitoring {
    /// Bounds that spend alpha along the fractions. Two sides spend half of it each, by the one-sided
    /// function at `alpha / 2`, and both bounds stop.
    pub fn spending(fractions: &[f64], alpha: f64, sides: Sides, spending: Spending) -> Result<Self, Refusal> {
        checked(fractions, alpha)?;
        spending.check()?;
        let tail = sides.tail(alpha);
        let mut passage = Passage::new(fractions, sides, 0.0, REACH);
        let mut before = 0.0;
        for &t in fractions {
            let spent = spending.spent(tail, t);
            let bound = passage.bound_for(spent - before)?;
            passage.stop_at(bound);
            before = spent;
        }
        Ok(Self::from_null(fractions, alpha, sides, passage))
    }

    /// Bounds of a classical shape.
    pub fn shaped(fractions: &[f64], alpha: f64, sides: Sides, shape: Shape) -> Result<Self, Refusal> {
        checked(fractions, alpha)?;
        let delta = match shape {
            Shape::Pocock => 0.5,
            Shape::ObrienFleming => 0.0,
            Shape::WangTsiatis { delta } => inside("delta of the bounds", delta, -10.0, 10.0, "(-10, 10)")?,
            Shape::HaybittlePeto { interim_z } => {
                return Self::interim_fixed(fractions, alpha, sides, interim_z);
            }
        };
        let shaped = |c: f64| -> Vec<f64> { fractions.iter().map(|&t| c * libm::pow(t, delta - 0.5)).collect() };
        let tail = sides.tail(alpha);
        let excess = |c: f64| {
            let passage = Passage::run(fractions, &shaped(c), sides, 0.0, REACH);
            passage.upper.iter().sum::<f64>() - tail
        };
        // The last bound lies between the fixed one and Bonferroni's at one look of the steepest shape.
        let fixed = normal::upper_quantile(tail).max(0.0);
        let low = (fixed * 0.25).max(1e-3);
        let high =
            normal::upper_quantile(tail / fractions.len() as f64) * libm::pow(fractions[0], 0.5 - delta).max(1.0) + 1.0;
        let c = root::brent(excess, low, high, 1e-14).ok_or(Refusal::Unsettled { what: "constant of the bounds" })?;
        Self::bounded(fractions, &shaped(c), alpha, sides)
    }

    fn interim_fixed(fractions: &[f64], alpha: f64, sides: Sides, interim_z: f64) -> Result<Self, Refusal> {
        positive("interim bound", interim_z)?;
        let mut passage = Passage::new(fractions, sides, 0.0, REACH);
        for _ in 1..fractions.len() {
            passage.stop_at(interim_z);
        }
        let rest = sides.tail(alpha) - passage.upper.iter().sum::<f64>();
        if rest <= 0.0 {
            return Err(Refusal::Outside {
                what: "interim bound",
                value: interim_z,
                range: "the bounds that leave alpha for the last look",
            });
        }
        let last = passage.bound_for(rest)?;
        passage.stop_at(last);
        Ok(Self::from_null(fractions, alpha, sides, passage))
    }

    /// Bounds from elsewhere. `alpha` is only what [`Self::inflation`] compares with; the error they
    /// really have is in [`Self::spent`]. A bound may be infinite.
    pub fn bounded(fractions: &[f64], bounds: &[f64], alpha: f64, sides: Sides) -> Result<Self, Refusal> {
        checked(fractions, alpha)?;
        if fractions.len() != bounds.len() {
            return Err(Refusal::Lengths { left: fractions.len(), right: bounds.len() });
        }
        for &bound in bounds {
            if bound.is_nan() || bound <= 0.0 {
                return Err(Refusal::Outside { what: "bound", value: bound, range: "(0, inf]" });
            }
        }
        let passage = Passage::run(fractions, bounds, sides, 0.0, REACH);
        Ok(Self::from_null(fractions, alpha, sides, passage))
    }

    /// Looks that each test at the whole alpha: what peeking does.
    pub fn unadjusted(fractions: &[f64], alpha: f64, sides: Sides) -> Result<Self, Refusal> {
        checked(fractions, alpha)?;
        let z = normal::upper_quantile(sides.tail(alpha));
        Self::bounded(fractions, &vec![z; fractions.len()], alpha, sides)
    }

    /// The asymptotic confidence sequence (Waudby-Smith et al. 2024), looked at only at the
    /// fractions. `precision` is the sample at the last look times `rho^2`; see [`tuned_precision`].
    pub fn always_valid(fractions: &[f64], alpha: f64, sides: Sides, precision: f64) -> Result<Self, Refusal> {
        checked(fractions, alpha)?;
        positive("precision", precision)?;
        let bounds: Vec<f64> =
            fractions.iter().map(|&t| always_valid_bound(2.0 * sides.tail(alpha), precision * t)).collect();
        Self::bounded(fractions, &bounds, alpha, sides)
    }

    fn from_null(fractions: &[f64], alpha: f64, sides: Sides, null: Passage) -> Self {
        let both = null.upper.iter().zip(&null.lower);
        let spent = both
            .scan(0.0, |sum, (up, down)| {
                *sum += up + down;
                Some(*sum)
            })
            .collect();
        Self { fractions: fractions.to_vec(), bounds: null.bounds.clone(), sides, alpha, spent, null }
    }

    /// Information fractions of the looks.
    #[must_use]
    pub fn fractions(&self) -> &[f64] {
        &self.fractions
    }

    /// Upper bounds on the z scale; the lower ones mirror them. Infinite where a look cannot stop.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// Type I error so far, look by look, both sides together.
    #[must_use]
    pub fn spent(&self) -> &[f64] {
        &self.spent
    }

    /// Type I error over all looks.
    #[must_use]
    pub fn type_one_error(&self) -> f64 {
        self.spent.last().copied().unwrap_or(0.0)
    }

    /// Stop probabilities when the last look's statistic has mean `drift`.
    pub fn crossing(&self, drift: f64) -> Result<Crossing, Refusal> {
        inside("drift", drift, -1e3, 1e3, "(-1000, 1000)")?;
        if (-LEAN..=REACH).contains(&drift) {
            return Ok(self.null.tilted(drift));
        }
        let passage = Passage::run(&self.fractions, &self.bounds, self.sides, drift, 0.0);
        Ok(Crossing { upper: passage.upper, lower: passage.lower })
    }

    /// The probability to stop at the upper bound.
    pub fn power(&self, drift: f64) -> Result<f64, Refusal> {
        Ok(self.crossing(drift)?.upper_total().min(1.0))
    }

    /// The drift with this power.
    pub fn drift(&self, power: f64) -> Result<f64, Refusal> {
        open_unit("power", power)?;
        let at_null: f64 = self.null.upper.iter().sum();
        if power <= at_null {
            return Err(Refusal::PowerTooLow { power, alpha: at_null });
        }
        let off = |drift: f64| self.power(drift).map_or(f64::NAN, |reached| reached - power);
        let z = normal::upper_quantile(self.sides.tail(self.alpha)) + normal::quantile(power);
        let start = z.clamp(0.05, 30.0);
        let at_start = off(start);
        let found = if 0.0 <= at_start {
            root::brent_from(off, (0.0, at_null - power), (start, at_start), 1e-13)
        } else {
            root::bracket_upwards(off, start, 0.1 * start)
                .and_then(|(low, high)| root::brent_from(off, low, high, 1e-13))
        };
        found.ok_or(Refusal::Unsettled { what: "drift" })
    }

    /// Factor on the sample size of the fixed design with the same alpha and power, for the last look.
    pub fn inflation(&self, power: f64) -> Result<f64, Refusal> {
        let drift = self.drift(power)?;
        let fixed = normal::upper_quantile(self.sides.tail(self.alpha)) + normal::quantile(power);
        if fixed <= 0.0 {
            return Err(Refusal::PowerTooLow { power, alpha: self.alpha });
        }
        Ok((drift / fixed) * (drift / fixed))
    }

    /// The mean fraction of information at which the experiment ends.
    pub fn expected_information(&self, drift: f64) -> Result<f64, Refusal> {
        let crossing = self.crossing(drift)?;
        let stops = crossing.upper.iter().zip(&crossing.lower);
        // The last look ends it whatever it shows, hence the saving over 1.
        let saved: f64 = stops.zip(&self.fractions).map(|((up, down), t)| (up + down) * (1.0 - t)).sum();
        Ok(1.0 - saved)
    }
}

/// `looks` equal steps of information; more than [`MOST_LOOKS`] give a list that every plan refuses.
#[must_use]
pub fn equal_fractions(looks: usize) -> Vec<f64> {
    let looks = looks.min(MOST_LOOKS + 1);
    (1..=looks).map(|k| k as f64 / looks as f64).collect()
}

/// The bound of a two-sided asymptotic confidence sequence where the sample times `rho^2` is `precision`.
#[must_use]
pub fn always_valid_bound(alpha: f64, precision: f64) -> f64 {
    let n = precision + 1.0;
    libm::sqrt(2.0 * n / precision * (0.5 * libm::log1p(precision) - libm::log(alpha)))
}

/// The precision at the last look of a sequence that is tightest at the fraction `tightest_at`, which may
/// be above 1 (the approximate optimum of Waudby-Smith et al. 2024).
pub fn tuned_precision(alpha: f64, tightest_at: f64) -> Result<f64, Refusal> {
    open_unit("alpha", alpha)?;
    positive("fraction to tune for", tightest_at)?;
    let twice = -2.0 * libm::log(alpha);
    Ok((twice + libm::log1p(twice)) / tightest_at)
}

/// The drift at which an always-valid sequence with a fixed `rho` has the power by its last look.
///
/// The bounds tighten as the sample grows, so drift and bounds are solved together.
/// `precision_per_drift` is the sample's precision over the squared drift, `rho^2 / (effect / sd of one unit)^2`.
pub fn always_valid_drift(
    fractions: &[f64],
    alpha: f64,
    sides: Sides,
    precision_per_drift: f64,
    power: f64,
) -> Result<f64, Refusal> {
    checked(fractions, alpha)?;
    positive("precision per squared drift", precision_per_drift)?;
    open_unit("power", power)?;
    let off = |drift: f64| {
        let precision = precision_per_drift * drift * drift;
        Monitoring::always_valid(fractions, alpha, sides, precision)
            .and_then(|plan| plan.power(drift))
            .map_or(f64::NAN, |reached| reached - power)
    };
    root::bracket_upwards(off, 0.05, 0.5)
        .and_then(|(low, high)| root::brent_from(off, low, high, 1e-13))
        .ok_or(Refusal::Unsettled { what: "drift" })
}

fn checked(fractions: &[f64], alpha: f64) -> Result<(), Refusal> {
    inside("alpha", alpha, 0.0, 0.5, "(0, 0.5)")?;
    if fractions.is_empty() || MOST_LOOKS < fractions.len() {
        return Err(Refusal::TooManyLooks { looks: fractions.len(), most: MOST_LOOKS });
    }
    let mut before = 0.0;
    for (index, &value) in fractions.iter().enumerate() {
        let look = index + 1;
        // Closer looks than this need more nodes than they are worth.
        if !(before + LEAST_STEP <= value && value <= 1.0) {
            return Err(Refusal::Fractions { look, value });
        }
        before = value;
    }
    if before != 1.0 {
        return Err(Refusal::Fractions { look: fractions.len(), value: before });
    }
    Ok(())
}

/// Standard deviations kept on each side of the mean: 1e-17 is beyond them.
const CUT: f64 = 8.5;
/// Drifts up to here are read off the nodes of the null; the region kept is that much wider.
const REACH: f64 = 8.0;
/// Likewise for drifts below 0, where 1e-14 may be lost.
const LEAN: f64 = 0.5;
/// The closest two looks may be.
const LEAST_STEP: f64 = 1e-5;
/// Width of a 16-point panel in deviations of the integrand, a product of two normal densities.
const PANEL: f64 = 5.0;

/// The recursion over the looks under one drift.
#[derive(Debug, Clone)]
struct Passage {
    fractions: Vec<f64>,
    sides: Sides,
    drift: f64,
    reach: f64,
    bounds: Vec<f64>,
    upper: Vec<f64>,
    lower: Vec<f64>,
    layers: Vec<Layer>,
}

/// Nodes between the bounds of one look, on the z scale, with the probability each stands for.
#[derive(Debug, Clone, Default)]
struct Layer {
    nodes: Vec<f64>,
    masses: Vec<f64>,
}

/// From the look before to the next: `sqrt t` of both, and the root of the step between.
#[derive(Clone, Copy)]
struct Step {
    before: f64,
    root: f64,
    step: f64,
}

impl Passage {
    fn new(fractions: &[f64], sides: Sides, drift: f64, reach: f64) -> Self {
        Self {
            fractions: fractions.to_vec(),
            sides,
            drift,
            reach,
            bounds: Vec::with_capacity(fractions.len()),
            upper: Vec::with_capacity(fractions.len()),
            lower: Vec::with_capacity(fractions.len()),
            layers: Vec::with_capacity(fractions.len()),
        }
    }

    fn run(fractions: &[f64], bounds: &[f64], sides: Sides, drift: f64, reach: f64) -> Self {
        let mut passage = Self::new(fractions, sides, drift, reach);
        for &bound in bounds {
            passage.stop_at(bound);
        }
        passage
    }

    fn step(&self, look: usize) -> Step {
        let t = self.fractions[look];
        let before = if look == 0 { 0.0 } else { self.fractions[look - 1] };
        Step { before: libm::sqrt(before), root: libm::sqrt(t), step: libm::sqrt(t - before) }
    }

    /// The bound of the next look that is crossed with probability `target`, under no drift.
    fn bound_for(&self, target: f64) -> Result<f64, Refusal> {
        let look = self.bounds.len();
        if target < 1e-300 {
            return Ok(f64::INFINITY);
        }
        if look == 0 {
            return Ok(normal::upper_quantile(target));
        }
        let Step { before, root, step } = self.step(look);
        let layer = &self.layers[look - 1];
        // Newton on the log of the crossing probability, whose slope is the hazard of the sub-density.
        let ln_target = libm::log(target);
        let crossing = |u: f64| {
            let mut above = 0.0;
            let mut density = 0.0;
            for (y, mass) in layer.nodes.iter().zip(&layer.masses) {
                let a = (u * root - y * before) / step;
                above += mass * sf_quick(a);
                density += mass * libm::exp(-0.5 * a * a);
            }
            let density = density * FRAC_1_SQRT_2_PI * root / step;
            if above < 1e-310 {
                // Below every double: far above the bound.
                return (1.0, 1.0);
            }
            (ln_target - libm::log(above), density / above)
        };
        let start = self.bounds[look - 1].min(normal::upper_quantile(target));
        root::newton(crossing, start, -CUT, 39.0, 1e-8).ok_or(Refusal::Unsettled { what: "bound" })
    }

    /// Sets the bound of the next look, and carries the sub-density over to it.
    fn stop_at(&mut self, bound: f64) {
        let look = self.bounds.len();
        let step = self.step(look);
        let (upper, lower) = self.crossing_at(look, bound, step, self.drift);
        self.bounds.push(bound);
        self.upper.push(upper);
        self.lower.push(lower);
        if look + 1 < self.fractions.len() {
            let layer = self.layer(look, bound, step);
            self.layers.push(layer);
        }
    }

    /// Stop probabilities at one look under `drift`, by the likelihood ratio
    /// `exp((drift - d) z sqrt t - (drift^2 - d^2) t / 2)` of the nodes (Jennison and Turnbull 2000, chapter 19).
    fn crossing_at(&self, look: usize, bound: f64, step: Step, drift: f64) -> (f64, f64) {
        let Step { before, root, step } = step;
        let two = self.sides == Sides::Two;
        if look == 0 {
            let mean = drift * root;
            let lower = if two { normal::cdf(-bound - mean) } else { 0.0 };
            return (normal::sf(bound - mean), lower);
        }
        let layer = &self.layers[look - 1];
        let slope = (drift - self.drift) * before;
        let level = 0.5 * (drift * drift - self.drift * self.drift) * before * before;
        let shift = drift * step * step;
        let (mut upper, mut lower) = (0.0, 0.0);
        for (y, mass) in layer.nodes.iter().zip(&layer.masses) {
            let mass = if slope == 0.0 { *mass } else { mass * libm::exp(slope * y - level) };
            let from = y * before + shift;
            upper += mass * sf_quick((bound * root - from) / step);
            if two {
                lower += mass * sf_quick((bound * root + from) / step);
            }
        }
        (upper, lower)
    }

    /// The sub-density between the bounds of a look, at its own nodes.
    fn layer(&self, look: usize, bound: f64, step: Step) -> Layer {
        let Step { before, root, step } = step;
        let mean = self.drift * root;
        let high = bound.min(mean + CUT + self.reach * root);
        let low = match self.sides {
            Sides::One => mean - CUT,
            Sides::Two => (mean - CUT).max(-bound),
        };
        if high <= low {
            return Layer::default();
        }
        // In y the integrand of the next look is this density times the kernel towards it; the density is
        // itself no sharper than the kernel that made it.
        let next = self.fractions[look + 1] - self.fractions[look];
        let precision = root * root * (1.0 / (step * step) + 1.0 / next);
        let points = quadrature::panels(low, high, PANEL / libm::sqrt(precision));
        let mut layer = Layer::default();
        if look == 0 {
            for (z, weight) in points {
                layer.nodes.push(z);
                layer.masses.push(weight * normal::pdf(z - mean));
            }
            return layer;
        }
        let past = &self.layers[look - 1];
        let scale = FRAC_1_SQRT_2_PI * root / step;
        let shift = self.drift * step;
        // Deviations of the increment that matter: under the drift itself, and under any it is tilted to.
        let (least, most) = (-CUT, CUT + self.reach * step);
        let mut first = 0;
        for (z, weight) in points {
            let centre = z * root / step - shift;
            let back = before / step;
            while first < past.nodes.len() && most < centre - past.nodes[first] * back {
                first += 1;
            }
            let mut sum = 0.0;
            let reachable = past.nodes[first..].iter().zip(&past.masses[first..]);
            for (y, mass) in reachable {
                let a = centre - y * back;
                if a < least {
                    break;
                }
                sum += mass * libm::exp(-0.5 * a * a);
            }
            layer.nodes.push(z);
            layer.masses.push(weight * scale * sum);
        }
        layer
    }

    /// Stop probabilities under another drift.
    fn tilted(&self, drift: f64) -> Crossing {
        let mut crossing =
            Crossing { upper: Vec::with_capacity(self.bounds.len()), lower: Vec::with_capacity(self.bounds.len()) };
        for (look, &bound) in self.bounds.iter().enumerate() {
            let (upper, lower) = self.crossing_at(look, bound, self.step(look), drift);
            crossing.upper.push(upper);
            crossing.lower.push(lower);
        }
        crossing
    }
}
