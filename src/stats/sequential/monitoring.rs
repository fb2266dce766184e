//! A plan of looks with its bounds.

use super::super::{Refusal, Sides, inside, normal};
use super::bounds::{Efficacy, Lower, Target};
use super::course::Course;
use super::looks::Looks;
use super::passage::{Passage, Side};
use super::shape::Shape;
use super::spending::Spending;

/// A plan of looks with its bounds.
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
    pub(super) course: Course,
    pub(super) sides: Sides,
    pub(super) alpha: f64,
    spent: Vec<f64>,
}

impl Monitoring {
    /// Bounds that spend alpha along the fractions. Two sides spend half of it each, by the one-sided
    /// function at `alpha / 2`, and both bounds stop.
    pub fn spending(fractions: &[f64], alpha: f64, sides: Sides, spending: Spending) -> Result<Self, Refusal> {
        Self::new(&Looks::new(fractions)?, alpha, sides, spending.into())
    }

    /// Bounds of a classical shape.
    pub fn shaped(fractions: &[f64], alpha: f64, sides: Sides, shape: Shape) -> Result<Self, Refusal> {
        Self::new(&Looks::new(fractions)?, alpha, sides, shape.into())
    }

    /// Efficacy bounds of either kind, spent by the clock of the looks. Without futility bounds; those come with
    /// [`Self::with_futility`].
    pub fn new(looks: &Looks, alpha: f64, sides: Sides, efficacy: Efficacy) -> Result<Self, Refusal> {
        check_alpha(alpha)?;
        let passage = solve_efficacy(looks, sides.tail(alpha), sides, efficacy)?;
        Ok(Self::whole(passage, alpha, sides))
    }

    /// Bounds from elsewhere. `alpha` is only what [`Self::inflation`] compares with; the error they
    /// really have is in [`Self::spent`]. A bound may be infinite.
    pub fn bounded(fractions: &[f64], bounds: &[f64], alpha: f64, sides: Sides) -> Result<Self, Refusal> {
        Looks::new(fractions)?;
        check_alpha(alpha)?;
        paired(fractions, bounds)?;
        for &bound in bounds {
            if bound.is_nan() || bound <= 0.0 {
                return Err(Refusal::Outside { what: "bound", value: bound, range: "(0, inf]" });
            }
        }
        let lower: Vec<f64> = match sides {
            Sides::One => vec![f64::NEG_INFINITY; bounds.len()],
            Sides::Two => bounds.iter().map(|bound| -bound).collect(),
        };
        Ok(Self::whole(Course::start(fractions).through(&lower, bounds), alpha, sides))
    }

    /// One-sided bounds from elsewhere with lower bounds for futility, which may be ignored: [`Self::spent`] counts
    /// the upper bounds as if the lower were not there. Lower bounds may be minus infinity.
    pub fn between(fractions: &[f64], lower: &[f64], upper: &[f64], alpha: f64) -> Result<Self, Refusal> {
        Looks::new(fractions)?;
        check_alpha(alpha)?;
        paired(fractions, upper)?;
        paired(fractions, lower)?;
        for (&low, &high) in lower.iter().zip(upper) {
            // False for NaN.
            let apart = low <= high && low < f64::INFINITY && f64::NEG_INFINITY < high;
            if !apart {
                return Err(Refusal::Outside { what: "lower bound", value: low, range: "[-inf, the upper bound]" });
            }
        }
        let alone = Course::start(fractions).through(&vec![f64::NEG_INFINITY; lower.len()], upper);
        let spent = running(&alone.crossings(Side::Upper, 0.0));
        let course = Course::through(fractions, lower, upper);
        Ok(Self { course, sides: Sides::One, alpha, spent })
    }

    /// Looks that each test at the whole alpha: what peeking does.
    pub fn unadjusted(fractions: &[f64], alpha: f64, sides: Sides) -> Result<Self, Refusal> {
        check_alpha(alpha)?;
        let z = normal::upper_quantile(sides.tail(alpha));
        Self::bounded(fractions, &vec![z; fractions.len()], alpha, sides)
    }

    /// All bounds of the passage are in force, and all errors count.
    fn whole(null: Passage, alpha: f64, sides: Sides) -> Self {
        let upper = null.crossings(Side::Upper, 0.0);
        // The null is symmetric, and so are two sides.
        let factor = match sides {
            Sides::One => 1.0,
            Sides::Two => 2.0,
        };
        let spent = running(&upper).iter().map(|sum| factor * sum).collect();
        Self { course: Course::of(null), sides, alpha, spent }
    }

    /// One-sided, with the error by each look.
    pub(super) fn one_sided(null: Passage, alpha: f64, errors: &[f64]) -> Self {
        Self { course: Course::of(null), sides: Sides::One, alpha, spent: running(errors) }
    }

    /// Information fractions of the looks.
    #[must_use]
    pub fn fractions(&self) -> &[f64] {
        self.course.times()
    }

    /// Upper bounds on the z scale. Infinite where a look cannot stop.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        self.course.upper()
    }

    /// Lower bounds on the z scale: the mirrored ones with two sides, those for futility with one. Minus infinity where
    /// there is none; the upper bound itself at the last look of a design that spends beta.
    #[must_use]
    pub fn lower_bounds(&self) -> &[f64] {
        self.course.lower()
    }

    /// Type I error so far, look by look, both sides together; futility bounds count if they are binding.
    #[must_use]
    pub fn spent(&self) -> &[f64] {
        &self.spent
    }

    /// Type I error over all looks.
    #[must_use]
    pub fn type_one_error(&self) -> f64 {
        self.spent.last().copied().unwrap_or(0.0)
    }
}

pub(super) fn solve_efficacy(looks: &Looks, tail: f64, sides: Sides, efficacy: Efficacy) -> Result<Passage, Refusal> {
    let lower = match sides {
        Sides::One => Lower::Never,
        Sides::Two => Lower::Mirror,
    };
    let target = Target::new(looks.fractions(), looks.clock(), tail, efficacy)?;
    target.solve(lower)?.ok_or(Refusal::Unsettled { what: "bounds" })
}

/// An alpha whose parts are still numbers: below 1e-200 the looks would share what no double holds.
pub(super) fn check_alpha(alpha: f64) -> Result<(), Refusal> {
    inside("alpha", alpha, 1e-200, 0.5, "(1e-200, 0.5)").map(|_| ())
}

fn paired(fractions: &[f64], bounds: &[f64]) -> Result<(), Refusal> {
    if fractions.len() == bounds.len() {
        return Ok(());
    }
    Err(Refusal::Lengths { left: fractions.len(), right: bounds.len() })
}

/// Running sums.
fn running(values: &[f64]) -> Vec<f64> {
    let add = |sum: &mut f64, value: &f64| {
        *sum += value;
        Some(*sum)
    };
    values.iter().scan(0.0, add).collect()
}
