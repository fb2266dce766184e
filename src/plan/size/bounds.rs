//! Bounds of designs with several looks, computed once a run for each design that many specs share.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use crate::plan::types::PlannedDesign;
use crate::spec::{Method, Spending};
use crate::stats::comparison::{Comparison, Size};
use crate::stats::sequential::{self, Monitoring};
use crate::stats::{self, Refusal};

/// A planned look with its literal bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub information: f64,
    /// Infinite where a look cannot stop.
    pub z: f64,
    pub alpha_spent: f64,
}

/// What was computed before in this run: many specs share one design.
#[derive(Debug, Default)]
pub struct Memo {
    bounds: Table<Vec<u64>, Arc<Monitoring>>,
    /// By the place of the shared bounds and the power.
    drifts: Table<(usize, u64), f64>,
    /// By the comparison and the power in words, for tests that take more than a closed form.
    sizes: Table<String, Size>,
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

    /// The sample of a comparison. Closed forms are faster than looking them up.
    pub(super) fn required(&self, comparison: &Comparison, power: f64, closed: bool) -> Result<Size, Refusal> {
        if closed {
            return comparison.required(power);
        }
        // The shortest text of a number reads back as the same number.
        once(&self.sizes, format!("{comparison:?} {power:?}"), || comparison.required(power))
    }
}

/// The looks of a sequential design at the alpha of one claim; empty for others.
pub fn looks(design: &PlannedDesign, memo: &Memo) -> Vec<Look> {
    let Some(Ok(plan)) = monitoring(design, design.alpha_per_claim, design.sides.value.into(), memo) else {
        return Vec::new();
    };
    let rows = plan.fractions().iter().zip(plan.bounds()).zip(plan.spent());
    rows.map(|((&information, &z), &alpha_spent)| Look { information, z, alpha_spent }).collect()
}

fn family(spending: Spending, parameter: f64) -> sequential::Spending {
    match spending {
        Spending::ObrienFleming => sequential::Spending::ObrienFleming,
        Spending::Pocock => sequential::Spending::Pocock,
        Spending::HwangShihDecani => sequential::Spending::HwangShihDeCani { gamma: parameter },
        Spending::KimDemets => sequential::Spending::KimDeMets { rho: parameter },
    }
}

/// The bounds of the design at an alpha; `None` when it has one look at the end.
pub(super) fn monitoring(
    design: &PlannedDesign,
    alpha: f64,
    sides: stats::Sides,
    memo: &Memo,
) -> Option<Result<Arc<Monitoring>, Refusal>> {
    let fractions: Vec<f64> = design.looks.iter().map(|look| look.value).collect();
    let parameter = design.spending_parameter.as_ref().map_or(0.0, |known| known.value);
    let (kind, spending) = match design.method.value {
        Method::Fixed | Method::Bayesian => return None,
        Method::GroupSequential => {
            let spending = design.spending.as_ref()?.value;
            (spending as u64, Some(family(spending, parameter)))
        }
        Method::AlwaysValid => (u64::MAX, None),
    };
    let tuned_for = design.boundary.tuned_for.value;
    let fractions = match (fractions.is_empty(), design.method.value) {
        // Looked at whenever one likes: a look a day over four weeks stands for it.
        (true, Method::AlwaysValid) => sequential::equal_fractions(28),
        (true, _) => return None,
        (false, _) => fractions,
    };
    let mut key: Vec<u64> = vec![kind, sides as u64, alpha.to_bits(), parameter.to_bits(), tuned_for.to_bits()];
    key.extend(fractions.iter().map(|fraction| fraction.to_bits()));
    Some(once(&memo.bounds, key, || {
        match spending {
            Some(spending) => Monitoring::spending(&fractions, alpha, sides, spending),
            None => sequential::tuned_precision(alpha, tuned_for)
                .and_then(|precision| Monitoring::always_valid(&fractions, alpha, sides, precision)),
        }
        .map(Arc::new)
    }))
}
