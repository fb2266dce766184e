//! Compares what an SDK served with what the plan says.
//!
//! Shares, splits and independence are judged by chi-square. One run makes fewer than [`MOST_TESTS`] such tests, each at
//! [`ALPHA`], so that a suite of right targets fails by chance once in a hundred sets of salts (Bonferroni). Salts are
//! fixed: what passes once passes always. Everything else is exact, unit by unit.

use std::collections::BTreeMap;

use expc::stats::srm;
use serde_json::Value as Json;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::asked::Experiment;
use crate::contexts::{ODD, UNITS};

/// More than all platforms, SDKs, experiments and stages make together; `main` holds it.
pub const MOST_TESTS: usize = 20_000;
/// One in a hundred over all tests.
pub const ALPHA: f64 = 0.01 / MOST_TESTS as f64;

/// What an SDK served of one flag at one moment.
pub struct Served {
    pub outcomes: Vec<(String, Json)>,
    /// By unit, an index into the outcomes.
    pub units: Vec<usize>,
}

impl Served {
    /// From the answer of a driver.
    pub fn read(answer: &Json) -> Result<Self, String> {
        let outcomes: Vec<(String, Json)> = answer["outcomes"]
            .as_array()
            .ok_or("a flag without outcomes")?
            .iter()
            .map(|one| (one["variant"].as_str().unwrap_or("!no name").to_owned(), one["value"].clone()))
            .collect();
        let served = answer["served"].as_array().ok_or("a flag without units")?;
        let units: Vec<usize> = served.iter().filter_map(|one| usize::try_from(one.as_u64()?).ok()).collect();
        match units.len() == UNITS && units.iter().all(|one| *one < outcomes.len()) {
            true => Ok(Self { outcomes, units }),
            false => Err(format!("{} outcomes for {} units", outcomes.len(), units.len())),
        }
    }

    /// What the driver calls it: `force:<variant>` where it knows that a unit is forced.
    fn name(&self, unit: usize) -> &str {
        &self.outcomes[self.units[unit]].0
    }

    /// The variant of a unit, however it came to it.
    pub fn variant(&self, unit: usize) -> &str {
        let name = self.name(unit);
        name.strip_prefix("force:").unwrap_or(name)
    }

    pub fn is_in(&self, unit: usize) -> bool {
        self.variant(unit) != "off"
    }
}

/// What is wrong, and how many chances there were to be wrong by chance.
#[derive(Default)]
pub struct Verdict {
    pub faults: Vec<String>,
    /// A bit for each kind of odd value on which the SDK differs.
    pub differs: u32,
    /// The same where the registry does not name it: units and the first of them, by kinds.
    unnamed: BTreeMap<u32, (usize, String)>,
    pub tests: usize,
    pub least: f64,
    /// Where the least p was seen.
    pub least_at: String,
    /// Units whose outcome was compared.
    pub units: usize,
}

impl Verdict {
    pub fn new() -> Self {
        Self { least: 1.0, ..Self::default() }
    }

    pub fn fault(&mut self, text: impl Into<String>) {
        self.faults.push(text.into());
    }

    /// What no entry of the registry names.
    pub fn tell_unnamed(&mut self) {
        for (odd, (count, first)) in std::mem::take(&mut self.unnamed) {
            let kinds: Vec<&str> =
                ODD.iter().enumerate().filter(|(n, _)| odd >> n & 1 == 1).map(|(_, kind)| *kind).collect();
            self.faults.push(format!("{}: {count} outcomes differ; {first}", kinds.join(", ")));
        }
    }

    fn p(&mut self, what: String, p: f64) {
        self.tests += 1;
        if p < self.least {
            self.least = p;
            self.least_at.clone_from(&what);
        }
        if p < ALPHA {
            self.faults.push(format!("{what}: p {p:.1e}"));
        }
    }

    fn counts(&mut self, what: String, observed: &[f64], planned: &[f64]) {
        if observed.iter().sum::<f64>() == 0.0 {
            return self.fault(format!("{what}: nobody to judge"));
        }
        match srm::test(observed, planned) {
            Ok(mismatch) => self.p(format!("{what}: {observed:?} for {planned:?}"), mismatch.p_value),
            Err(refusal) => self.fault(format!("{what}: {refusal:?}")),
        }
    }
}

/// What the plan says of one experiment at one stage.
pub struct Expected<'a> {
    pub experiment: &'a Experiment,
    pub stage: &'a str,
    /// The part of eligible units that is enrolled.
    pub share: f64,
    /// The weights, by variant in the order of the plan.
    pub weights: Vec<f64>,
    /// The kinds of odd values that this SDK may read otherwise.
    pub named: u32,
    /// False when the registry says that its payload arrives changed.
    pub judges_payload: bool,
}

/// One experiment at one stage: who takes part, what they get, and in which parts.
pub fn experiment(expected: &Expected<'_>, served: &Served, verdict: &mut Verdict) {
    let Expected { experiment, stage, share, .. } = *expected;
    let at = format!("{} at `{stage}`", experiment.id);
    let plan = &experiment.plan;
    let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
    let mut wrong: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut split = vec![0.0; names.len()];
    let mut outside = 0.0;
    for unit in 0..UNITS {
        let eligible = experiment.eligible[unit];
        let odd = experiment.odd[unit];
        let is_forced = experiment.forced.get(&unit);
        // Nobody else is forced.
        let got = if is_forced.is_some() { served.variant(unit) } else { served.name(unit) };
        let known = names.iter().position(|name| *name == got);
        let (is_right, wanted) = match is_forced {
            Some(variant) => (got == variant, variant.as_str()),
            None if eligible => (known.is_some() || (got == "off" && share < 1.0), "a variant"),
            None => (got == "off", "off"),
        };
        verdict.units += 1;
        if !is_right {
            let differs = odd & expected.named;
            if differs != 0 {
                verdict.differs |= differs;
                continue;
            }
            if odd != 0 {
                let first = || format!("unit {unit} gets `{got}` instead of {wanted} in {at}");
                verdict.unnamed.entry(odd).or_insert_with(|| (0, first())).0 += 1;
                continue;
            }
            wrong.entry(format!("`{got}` instead of {wanted}")).or_insert((0, unit)).0 += 1;
        }
        if eligible && odd == 0 && !experiment.forced.contains_key(&unit) {
            match known {
                Some(variant) => split[variant] += 1.0,
                None => outside += 1.0,
            }
        }
    }
    for (what, (count, unit)) in wrong {
        verdict.fault(format!("{at}: {count} units get {what}; unit {unit} is the first"));
    }
    for (name, value) in &served.outcomes {
        let name = name.strip_prefix("force:").unwrap_or(name);
        let Some(payload) = experiment.payload(name) else { continue };
        if expected.judges_payload && !same(&payload, value) {
            verdict.fault(format!("{at}: `{name}` returns {} instead of {}", short(value), short(&payload)));
        }
    }
    let inside: f64 = split.iter().sum();
    if 0.0 < share && share < 1.0 {
        verdict.counts(format!("{at}, share"), &[inside, outside], &[share, 1.0 - share]);
    }
    if 1 < expected.weights.iter().filter(|weight| 0.0 < **weight).count() {
        verdict.counts(format!("{at}, split"), &split, &expected.weights);
    }
}

/// The winner of a shipped experiment to all units that have an id, but for the part that is held out.
pub fn shipped(experiment: &Experiment, held: f64, judges_payload: bool, served: &Served, verdict: &mut Verdict) {
    let winner = experiment.plan.winner.as_ref().map_or("", |winner| winner.value.as_str());
    let (winner, off) =
        (experiment.payload(winner).unwrap_or(Json::Null), experiment.payload("off").unwrap_or(Json::Null));
    let mut counts = [0.0, 0.0];
    let mut others = 0;
    for unit in (0..UNITS).filter(|unit| experiment.eligible[*unit] && experiment.odd[*unit] == 0) {
        let value = &served.outcomes[served.units[unit]].1;
        verdict.units += 1;
        match value {
            value if same(&winner, value) => counts[1] += 1.0,
            value if same(&off, value) => counts[0] += 1.0,
            _ => others += 1,
        }
    }
    if judges_payload && 0 < others {
        verdict.fault(format!("{}: {others} units get neither the winner nor `off`", experiment.id));
    }
    match 0.0 < held {
        true => verdict.counts(format!("{}, holdout", experiment.id), &counts, &[held, 1.0 - held]),
        false if counts[0] != 0.0 => {
            verdict.fault(format!("{}: {} units do not get the winner", experiment.id, counts[0]))
        }
        false => {}
    }
}

/// A killed flag serves `off` and its payload to everybody.
pub fn killed(experiment: &Experiment, served: &Served, verdict: &mut Verdict) {
    let off = experiment.payload("off").unwrap_or(Json::Null);
    for (name, value) in &served.outcomes {
        if name != "off" || !same(&off, value) {
            verdict.fault(format!("{}, killed: `{name}` with {}", experiment.id, short(value)));
        }
    }
    verdict.units += UNITS;
}

/// Units that are enrolled before have the same variant after.
pub fn ramp(what: &str, before: &Served, after: &Served, verdict: &mut Verdict) {
    let enrolled = (0..UNITS).filter(|unit| before.is_in(*unit));
    let moved = enrolled.filter(|unit| before.variant(*unit) != after.variant(*unit)).count();
    if 0 < moved {
        verdict.fault(format!("{what}: {moved} enrolled units are moved or dropped"));
    }
}

/// No unit is in two members of a layer.
pub fn layer(what: &str, members: &[&Served], verdict: &mut Verdict) {
    let twice = (0..UNITS).filter(|unit| 1 < members.iter().filter(|served| served.is_in(*unit)).count()).count();
    if 0 < twice {
        verdict.fault(format!("{what}: {twice} units are in two members"));
    }
}

/// What one experiment has to do with a unit: what is judged for independence.
pub enum View {
    Enrolment,
    Variant,
}

/// Two ways to look at units do not depend on each other, by the chi-square test of a contingency table.
pub fn independent(
    what: &str,
    (one, first, one_view): (&Experiment, &Served, View),
    (two, second, two_view): (&Experiment, &Served, View),
    verdict: &mut Verdict,
) {
    let judged = (0..UNITS).filter(|unit| {
        let of = |experiment: &Experiment| {
            experiment.eligible[*unit] && experiment.odd[*unit] == 0 && !experiment.forced.contains_key(unit)
        };
        of(one) && of(two)
    });
    let look = |served: &Served, view: &View, unit: usize| match view {
        View::Enrolment => served.is_in(unit).to_string(),
        View::Variant => served.variant(unit).to_owned(),
    };
    let mut cells: BTreeMap<(String, String), f64> = BTreeMap::new();
    let (mut rows, mut columns): (BTreeMap<String, f64>, BTreeMap<String, f64>) = Default::default();
    let mut total = 0.0;
    for unit in judged {
        let (row, column) = (look(first, &one_view, unit), look(second, &two_view, unit));
        *rows.entry(row.clone()).or_default() += 1.0;
        *columns.entry(column.clone()).or_default() += 1.0;
        *cells.entry((row, column)).or_default() += 1.0;
        total += 1.0;
    }
    let freedom = (rows.len().saturating_sub(1) * columns.len().saturating_sub(1)) as f64;
    if freedom == 0.0 {
        return verdict.fault(format!("{what}: nothing to compare"));
    }
    let mut sum = 0.0;
    for (row, in_row) in &rows {
        for (column, in_column) in &columns {
            let expected = in_row * in_column / total;
            let seen = cells.get(&(row.clone(), column.clone())).copied().unwrap_or(0.0);
            sum += (seen - expected).powi(2) / expected;
        }
    }
    let p = ChiSquared::new(freedom).map_or(0.0, |law| law.sf(sum));
    verdict.p(format!("{what}: independent"), p);
}

/// Two SDKs give each unit the same, but for odd values that one of them reads otherwise.
pub fn agree(what: &str, experiment: &Experiment, named: u32, one: &Served, two: &Served, verdict: &mut Verdict) {
    let judged = (0..UNITS).filter(|unit| experiment.odd[*unit] & named == 0);
    let differ = judged.filter(|unit| one.variant(*unit) != two.variant(*unit)).count();
    if 0 < differ {
        verdict.fault(format!("{what}: {differ} units get another variant from another SDK"));
    }
}

/// Equal as JSON; numbers by value and sign, however they are written.
pub fn same(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => match (one.as_i64(), two.as_i64()) {
            (Some(one), Some(two)) => one == two,
            (whole, other) => {
                let (one, two) = (one.as_f64().unwrap_or(f64::NAN), two.as_f64().unwrap_or(f64::NAN));
                let exact = whole.or(other).is_none_or(|whole| whole.unsigned_abs() <= 1 << 53);
                one == two && one.is_sign_negative() == two.is_sign_negative() && exact
            }
        },
        (Json::Array(one), Json::Array(two)) => one.len() == two.len() && one.iter().zip(two).all(|(a, b)| same(a, b)),
        (Json::Object(one), Json::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(key, value)| two.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == two,
    }
}

fn short(value: &Json) -> String {
    let text = value.to_string();
    match text.chars().nth(120) {
        None => text,
        Some(_) => format!("{}… ({} bytes)", text.chars().take(120).collect::<String>(), text.len()),
    }
}
