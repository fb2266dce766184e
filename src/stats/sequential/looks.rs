//! When the looks are.

use super::super::Refusal;

/// The most looks that are planned one by one: a look a day for a year.
pub const MOST_LOOKS: usize = 366;
/// The closest two looks may be: closer ones need more nodes than they are worth.
const LEAST_STEP: f64 = 1e-5;
/// Information beyond this many times the plan has another unit than the plan.
const MOST_OVERRUN: f64 = 1e3;

/// The looks of a plan, as fractions of the information at the last one.
///
/// What is spent by a look follows its fraction, unless [`Self::spending_at`] names another clock.
///
/// ```
/// use expc::stats::sequential::Looks;
///
/// // Weeks pass evenly; information comes late.
/// let looks = Looks::new(&[0.1, 0.4, 1.0])?.spending_at(&[1.0 / 3.0, 2.0 / 3.0, 1.0])?;
/// assert_eq!(looks.fractions(), [0.1, 0.4, 1.0]);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    fractions: Vec<f64>,
    clock: Vec<f64>,
}

impl Looks {
    /// Fractions that rise to 1.
    pub fn new(fractions: &[f64]) -> Result<Self, Refusal> {
        rising(fractions, LEAST_STEP)?;
        Ok(Self { fractions: fractions.to_vec(), clock: fractions.to_vec() })
    }

    /// Spends by another clock: one reading a look, as a fraction of that at the last look.
    pub fn spending_at(self, clock: &[f64]) -> Result<Self, Refusal> {
        if clock.len() != self.fractions.len() {
            return Err(Refusal::Lengths { left: self.fractions.len(), right: clock.len() });
        }
        rising(clock, f64::MIN_POSITIVE)?;
        Ok(Self { clock: clock.to_vec(), ..self })
    }

    /// Information fractions.
    #[must_use]
    pub fn fractions(&self) -> &[f64] {
        &self.fractions
    }

    /// Fractions that the spending goes by.
    #[must_use]
    pub fn clock(&self) -> &[f64] {
        &self.clock
    }
}

/// Rises by `step` or more, and ends at 1.
fn rising(values: &[f64], step: f64) -> Result<(), Refusal> {
    apart(values, step)?;
    if let Some((look, &value)) = values.iter().enumerate().find(|(_, value)| 1.0 < **value) {
        return Err(Refusal::Fractions { look: look + 1, value });
    }
    match values.last() {
        Some(&last) if last < 1.0 => Err(Refusal::Fractions { look: values.len(), value: last }),
        _ => Ok(()),
    }
}

/// As [`Looks::new`], without an end: information seen so far, which may exceed the plan.
pub(super) fn seen(values: &[f64]) -> Result<(), Refusal> {
    let last = values.last().copied().unwrap_or(0.0);
    if MOST_OVERRUN < last {
        return Err(Refusal::Outside { what: "information seen", value: last, range: "(0, 1000]" });
    }
    apart(values, LEAST_STEP * last.max(1.0))
}

fn apart(values: &[f64], step: f64) -> Result<(), Refusal> {
    if values.is_empty() || MOST_LOOKS < values.len() {
        return Err(Refusal::TooManyLooks { looks: values.len(), most: MOST_LOOKS });
    }
    let mut before = 0.0;
    for (index, &value) in values.iter().enumerate() {
        // False for NaN.
        let rises = before + step <= value && before < value && value < f64::INFINITY;
        if !rises {
            return Err(Refusal::Fractions { look: index + 1, value });
        }
        before = value;
    }
    Ok(())
}

/// `looks` equal steps of information; more than [`MOST_LOOKS`] give a list that every plan refuses.
#[must_use]
pub fn equal_fractions(looks: usize) -> Vec<f64> {
    let looks = looks.min(MOST_LOOKS + 1);
    (1..=looks).map(|k| k as f64 / looks as f64).collect()
}
