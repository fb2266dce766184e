//! Bounds of designs with several looks, computed once a run for each design that many specs share.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use crate::plan::origin::Known;
use crate::plan::types::PlannedDesign;
use crate::spec::{Boundary, Method, Spending};
use crate::stats::anytime::NormalMixture;
use crate::stats::anytime::planning::{Boundary as Mixed, Schedule, Sequence};
use crate::stats::comparison::{Comparison, Size};
use crate::stats::sequential::{self, Futility, FutilityRule, Monitoring};
use crate::stats::{self, Refusal};

/// A planned look with its literal bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub information: f64,
    /// Infinite where a look cannot stop.
    pub z: f64,
    /// Below this the run is hopeless; `None` where futility does not stop.
    pub futility: Option<f64>,
    pub alpha_spent: f64,
}

/// What was computed before in this run: many specs share one design.
#[derive(Debug, Default)]
pub struct Memo {
    bounds: Table<String, Arc<Monitoring>>,
    /// By the place of the shared bounds and the power.
    drifts: Table<(usize, u64), f64>,
    /// By the comparison and the power in words, for tests that take more than a closed form.
    sizes: Table<String, Size>,
    /// Levels of treatments that share a control, by their design in words.
    levels: Table<String, f64>,
}

/// Answers that many threads share, refusals included.
type Table<K, V> = Mutex<HashMap<K, Result<V, Refusal>>>;

/// The known answer, or a new one. Two threads may make it: the first stays.
fn once<K: Eq + Hash, V: Clone>(
    table: &Table<K, V>,
    key: K,
    make: impl FnOnce() -> Result<V, Refusal>,
) -> Result<V, Refusal> {
    if let Ok(known) = table.lock()
        && let Some(found) = known.get(&key)
    {
        return found.clone();
    }
    let made = make();
    match table.lock() {
        Ok(mut known) => known.entry(key).or_insert(made).clone(),
        Err(_) => made,
    }
}

impl Memo {
    /// The drift at which shared bounds have a power.
    pub(super) fn drift(&self, plan: &Arc<Monitoring>, power: f64) -> Result<f64, Refusal> {
        // The memo keeps every plan alive, so its address names it.
        let key = (Arc::as_ptr(plan) as usize, power.to_bits());
        once(&self.drifts, key, || plan.drift(power))
    }

    /// The level of one of several treatments against one control.
    pub(in crate::plan) fn level(
        &self,
        key: String,
        make: impl FnOnce() -> Result<f64, Refusal>,
    ) -> Result<f64, Refusal> {
        once(&self.levels, key, make)
    }

    /// The sample of a comparison. Closed forms are faster than looking them up.
    pub(super) fn required(&self, comparison: &Comparison, power: f64, closed: bool) -> Result<Size, Refusal> {
        if closed {
            return comparison.required(power);
        }
        // The shortest text of a number reads back as the same number.
        once(&self.sizes, format!("{comparison:?} {power:?}"), || comparison.required(power))
    }
}

/// What the bounds of one claim are made for.
pub(super) struct Frame {
    pub alpha: f64,
    pub sides: stats::Sides,
    /// What beta spending and mixtures are planned for.
    pub power: f64,
    /// The usual size of true effects over the planned one, for a mixture.
    pub mixing: f64,
}

/// The looks of a sequential design at the alpha of one claim; empty for others.
pub fn looks(design: &PlannedDesign, memo: &Memo) -> Vec<Look> {
    let (alpha, power) = (design.alpha_per_claim, design.primary_power);
    let frame = Frame { alpha, sides: design.sides.value.into(), power, mixing: 1.0 };
    let Some(Ok(plan)) = monitoring(design, &frame, memo) else { return Vec::new() };
    let has_futility = design.futility.is_some();
    let rows = plan.fractions().iter().zip(plan.bounds()).zip(plan.lower_bounds()).zip(plan.spent());
    rows.map(|(((&information, &z), &lower), &alpha_spent)| Look {
        information,
        z,
        futility: (has_futility && lower.is_finite()).then_some(lower),
        alpha_spent,
    })
    .collect()
}

fn family(spending: Spending, parameter: Option<&Known<f64>>) -> sequential::Spending {
    let parameter = parameter.map_or(0.0, |known| known.value);
    match spending {
        Spending::ObrienFleming => sequential::Spending::ObrienFleming,
        Spending::Pocock => sequential::Spending::Pocock,
        Spending::HwangShihDecani => sequential::Spending::HwangShihDeCani { gamma: parameter },
        Spending::KimDemets => sequential::Spending::KimDeMets { rho: parameter },
    }
}

/// How a design sets its bounds.
enum Bounds {
    Spending {
        alpha: sequential::Spending,
        futility: Option<Futility>,
    },
    /// Tightest at a fraction of the sample.
    Tuned(f64),
    /// A mixture over effects of this size, relative to the planned one.
    Mixture(f64),
}

impl Bounds {
    fn new(design: &PlannedDesign, frame: &Frame) -> Option<Self> {
        Some(match design.method.value {
            Method::Fixed | Method::Bayesian => return None,
            Method::GroupSequential => {
                let alpha = family(design.spending.as_ref()?.value, design.spending_parameter.as_ref());
                // Futility without a spending function is another fault; nothing is stopped by it.
                let futility = design.futility.as_ref().and_then(|futility| {
                    let beta = family(futility.spending.as_ref()?.value, futility.parameter.as_ref());
                    Some(Futility { rule: FutilityRule::Beta(beta), binding: futility.binding.value })
                });
                Self::Spending { alpha, futility }
            }
            Method::AlwaysValid => match design.boundary.boundary.value {
                Boundary::Asymptotic | Boundary::Gavi => Self::Tuned(design.boundary.tuned_for.value),
                Boundary::Mixture => Self::Mixture(frame.mixing),
            },
        })
    }

    /// Everything that tells two plans apart, in words: the shortest text of a number reads back as the same number.
    fn key(&self, fractions: &[f64], frame: &Frame) -> String {
        let Frame { alpha, sides, power, .. } = frame;
        let how = match self {
            Self::Spending { alpha, futility: None } => format!("{alpha:?}"),
            Self::Spending { alpha, futility: Some(futility) } => format!("{alpha:?} {futility:?} {power:?}"),
            Self::Tuned(fraction) => format!("tuned {fraction:?}"),
            Self::Mixture(ratio) => format!("mixture {ratio:?} {power:?}"),
        };
        format!("{how} {fractions:?} {alpha:?} {sides:?}")
    }

    fn plan(&self, fractions: &[f64], frame: &Frame) -> Result<Monitoring, Refusal> {
        let &Frame { alpha, sides, power, .. } = frame;
        match self {
            Self::Spending { alpha: spending, futility: None } => {
                Monitoring::spending(fractions, alpha, sides, *spending)
            }
            // The lower side of a test of two sides gives way to futility, which comes first.
            Self::Spending { alpha: spending, futility: Some(futility) } => {
                let looks = sequential::Looks::new(fractions)?;
                Monitoring::with_futility(&looks, sides.tail(alpha), (*spending).into(), futility, power)
            }
            Self::Tuned(fraction) => {
                let sequence = NormalMixture::new(alpha, sides)?;
                sequence.looked_at(fractions, sequence.nearly_tightest() / fraction)
            }
            Self::Mixture(ratio) => {
                // In units of the planned effect, and of its variance: the bounds tighten as the sample grows.
                let boundary = Mixed::Msprt { mixing_sd: *ratio };
                let test = Sequence { boundary, alpha, sides, unit_variance: 1.0 };
                let found = test.required(&Schedule::Planned(fractions.to_vec()), 1.0, power)?;
                Monitoring::bounded(fractions, &found.bounds, alpha, sides)
            }
        }
    }
}

/// The bounds of the design for one claim; `None` when it has one look at the end.
pub(super) fn monitoring(
    design: &PlannedDesign,
    frame: &Frame,
    memo: &Memo,
) -> Option<Result<Arc<Monitoring>, Refusal>> {
    let bounds = Bounds::new(design, frame)?;
    let fractions: Vec<f64> = design.looks.iter().map(|look| look.value).collect();
    let fractions = match (fractions.is_empty(), design.method.value) {
        // Looked at whenever one likes: a look a day over four weeks stands for it.
        (true, Method::AlwaysValid) => sequential::equal_fractions(28),
        (true, _) => return None,
        (false, _) => fractions,
    };
    Some(once(&memo.bounds, bounds.key(&fractions, frame), || bounds.plan(&fractions, frame).map(Arc::new)))
}
