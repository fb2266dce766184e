//! The plan as an organisation's own rules see it: values alone, everything that nobody wrote filled in.

use serde_json::{Map, Value as Json};

use super::json::{sections, values};
use super::types::Plan;
use crate::cel::Shape;
use crate::spec::Spec;
use crate::spec::schema::schema_of;
use crate::text::Sources;

/// What the parts of a plan hold; a test holds it against plans. The rest comes from the schema of a spec.
const PLANNED: &str = "{
    experiment: { id: text, title: text, status: text, owner: text, objective: text, surface: text, flag: text },
    hypothesis: {
        because: text, change: text,
        expect: [{ metric: text, direction: text, by: { written: text, relative: number, absolute: number } }]
    },
    variants: [{ name: text, control: bool, weight: number, fraction: number, payload: <any>, forced: [text] }],
    off: <any>,
    audience: {
        unit: text, key: text, base: text, where: [{ condition: text }], exclude: [{ condition: text }],
        daily_units: number, unique_units: [{ day: number, units: number }], share: number,
        layer: { name: text, salt: text, slot: { from: number, to: number } },
        holdout: { name: text, share: number, salt: text }, salt: text
    },
    exposure: { event: text, population: text, rate: number, effect_among: text, dilution: number },
    metrics: [{
        name: text, role: text, defined: { from: text, file: text, line: number, column: number }, kind: text,
        unit: text, good: text, baseline: number, sd: number, sd_treatment: number, period_sd: number,
        baseline_window: text,
        measured: {
            dispersion: number,
            parts: { numerator_sd: number, denominator_mean: number, denominator_sd: number, correlation: number },
            quantile: number, density: number,
            interval: { low: number, high: number, units: number, confidence: number }, dropout: number
        },
        hypothesis: text, window: text, lag: text,
        mde: { written: text, relative: number, absolute: number },
        margin: { written: text, relative: number, absolute: number },
        true_effect: { written: text, relative: number, absolute: number }
    }],
    design: {
        method: text, alpha: number, power: number, sides: text, test: text, scale: text, correction: text,
        power_of: text,
        secondary: { correction: text, gate: text, claims: number, alpha_per_claim: number },
        claims: number, alpha_per_claim: number, primary_power: number, guardrail_power: number, spending: text,
        looks: [number], guardrails_at: text, futility: { spending: text, parameter: number, binding: bool },
        always_valid: { boundary: text, tuned_for: number },
        bayes: { prior_mean: number, prior_sd: number, win_probability: number, max_expected_loss: number, rope: number },
        switchback: { period: text, washout: text, block: number, autocorrelation: number, places: number },
        cluster: { icc: number, mean_size: number, size_cv: number, total: number },
        variance_reduction: { method: text, window: text, correlation: number }, design_effect: number,
        srm: { check: bool, alpha: number, action: text }, segments: [text]
    },
    calendar: {
        start: text, end: text, decide: text, days: number, analyse_ramp: bool,
        stages: [{
            name: text, share: number, days: number, start: text, end: text, gate: text, variants: <number>
        }]
    },
    sizes: [{
        metric: text, role: text, treatment: text, claim: text, alpha: number, power_goal: number,
        needed: { control: number, treatment: number }, available: { control: number, treatment: number },
        power: number, reached: number, detectable: number, mature_days: number, wait_days: number,
        factors: { variance_reduction: number, sequential: number, design_effect: number }, unit: number,
        looks: [{ information: number, z: number, futility_z: number }],
        expected: [{ truth: number, control: number, treatment: number, days: number, success: number }],
        exaggeration: { magnitude: number, wrong_sign: number },
        assurance: { success: number, success_and_better: number, better: number, limit: number },
        cautions: [text], not_sized: text
    }],
    ships: [{ treatment: text, independent: number, correlated: number, correlation: number }],
    smallest_leak: { variant: text, part: number, units: number },
    kill_switch: bool,
    targets: [text]
}";

/// What a rule may ask of a spec as it is written, and of its plan.
#[derive(Debug, Clone)]
pub struct Shapes {
    pub spec: Shape,
    pub plan: Shape,
}

impl Shapes {
    /// Derived from the schema of a spec: some hundred microseconds.
    pub fn new() -> Self {
        let spec = Shape::of_schema(&schema_of::<Spec>("experiment"));
        let plan = spec.clone().under(Shape::read(PLANNED));
        Self { spec, plan }
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self::new()
    }
}

/// The parts of a plan that `wanted` names, over what the spec says beside them.
///
/// `spec` is the spec over its template, in JSON. What the plan resolves wins; what nobody wrote is null, an empty
/// list or a table of such.
pub fn facts(plan: &Plan, sources: &Sources, shapes: &Shapes, spec: &Json, wanted: &dyn Fn(&str) -> bool) -> Json {
    let Shape::Table(tables) = &shapes.plan else { return Json::Null };
    let mut facts = Map::new();
    for (name, shape) in tables.iter().filter(|(name, _)| wanted(name)) {
        let written = spec.get(name);
        let fact = if sections().contains(&name.as_str()) {
            let resolved = values(plan, sources, name);
            // A list of the plan stands for a table of the spec, as metrics and variants do.
            let both = match (written, resolved) {
                (Some(Json::Object(below)), Json::Object(above)) => Json::Object(over(below.clone(), above)),
                (_, resolved) => resolved,
            };
            shape.fill(Some(&both).filter(|both| !both.is_null()))
        } else {
            shape.fill(written)
        };
        facts.insert(name.clone(), fact);
    }
    Json::Object(facts)
}

/// A table of the spec with the values of the plan over it.
fn over(mut below: Map<String, Json>, above: Map<String, Json>) -> Map<String, Json> {
    for (key, value) in above {
        if !value.is_null() || !below.contains_key(&key) {
            below.insert(key, value);
        }
    }
    below
}
