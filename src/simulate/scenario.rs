//! What is true in a simulated world: the effect of each treatment on each metric.

use super::model::{Model, Unsimulable};

/// A world.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub kind: ScenarioKind,
    /// Treatment minus control in the metric's unit, by metric, then by variant; control's are 0.
    effects: Vec<Vec<f64>>,
}

/// Which world it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScenarioKind {
    /// Nothing moves.
    NoEffect,
    /// Every primary metric moves by its MDE, and nothing else.
    AtMde,
    /// One guardrail is harmed by its whole margin, while every primary metric moves by its MDE; or a primary metric
    /// that is to show something about a margin just does not.
    AtMargin { metric: String },
    /// What somebody asked for.
    Given,
}

impl ScenarioKind {
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoEffect => "no-effect",
            Self::AtMde => "at-mde",
            Self::AtMargin { .. } => "at-margin",
            Self::Given => "given",
        }
    }

    pub fn title(&self) -> String {
        match self {
            Self::NoEffect => "no effect (A/A)".to_owned(),
            Self::AtMde => "every primary metric at its MDE".to_owned(),
            Self::AtMargin { metric } => format!("{metric} at its margin, other primary metrics at their MDE"),
            Self::Given => "the given effects".to_owned(),
        }
    }
}

/// The effect of treatments on a metric, as somebody asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenEffect {
    pub metric: String,
    /// Of this treatment only; of all when absent.
    pub variant: Option<String>,
    pub size: GivenSize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GivenSize {
    /// A fraction of the baseline.
    Relative(f64),
    /// In the metric's unit.
    Absolute(f64),
}

impl Scenario {
    fn still(model: &Model, kind: ScenarioKind) -> Self {
        Self { kind, effects: vec![vec![0.0; model.arms.len()]; model.measures.len()] }
    }

    fn at_mde(model: &Model, kind: ScenarioKind) -> Self {
        let mut scenario = Self::still(model, kind);
        for claim in &model.claims {
            scenario.effects[claim.measure][claim.arm] = claim.mde;
        }
        scenario
    }

    /// No effect, everything at its MDE, and each guardrail at its margin.
    pub fn usual(model: &Model) -> Vec<Self> {
        let mut scenarios = vec![Self::still(model, ScenarioKind::NoEffect)];
        if !model.claims.is_empty() {
            scenarios.push(Self::at_mde(model, ScenarioKind::AtMde));
        }
        // A metric that is primary and a guardrail is harmed once.
        let mut margins: Vec<(usize, usize, f64)> = Vec::new();
        let of_guards = model.guards.iter().map(|guard| (guard.measure, guard.arm, guard.margin));
        let of_claims = model.claims.iter().filter_map(|claim| {
            let null = model.null_of(claim).filter(|null| *null != 0.0)?;
            Some((claim.measure, claim.arm, null))
        });
        for own in of_guards.chain(of_claims) {
            if !margins.iter().any(|known| (known.0, known.1) == (own.0, own.1)) {
                margins.push(own);
            }
        }
        let mut done = Vec::new();
        for &(place, ..) in &margins {
            if done.contains(&place) {
                continue;
            }
            done.push(place);
            let measure = &model.measures[place];
            let mut scenario = Self::at_mde(model, ScenarioKind::AtMargin { metric: measure.name.clone() });
            for &(measure, arm, margin) in margins.iter().filter(|own| own.0 == place) {
                scenario.effects[measure][arm] = margin;
            }
            scenarios.push(scenario);
        }
        scenarios
    }

    /// The effects that were asked for; everything else does not move.
    pub fn given(model: &Model, effects: &[GivenEffect]) -> Result<Self, Unsimulable> {
        let mut scenario = Self::still(model, ScenarioKind::Given);
        for effect in effects {
            let Some(measure) = model.measures.iter().position(|measure| measure.name == effect.metric) else {
                let names: Vec<&str> = model.measures.iter().map(|measure| measure.name.as_str()).collect();
                return Err(Unsimulable(format!(
                    "no metric `{}` is drawn; these are: {}",
                    effect.metric,
                    names.join(", ")
                )));
            };
            let size = match effect.size {
                GivenSize::Relative(part) => part * model.measures[measure].baseline.abs(),
                GivenSize::Absolute(size) => size,
            };
            let wanted = |name: &String| effect.variant.as_ref().is_none_or(|variant| variant == name);
            let arms: Vec<usize> = (1..model.arms.len()).filter(|&arm| wanted(&model.arms[arm])).collect();
            if arms.is_empty() {
                let known = model.arms[1..].join(", ");
                let variant = effect.variant.as_deref().unwrap_or_default();
                return Err(Unsimulable(format!("`{variant}` is no treatment; these are: {known}")));
            }
            for arm in arms {
                scenario.effects[measure][arm] = size;
            }
        }
        Ok(scenario)
    }

    /// Treatment minus control.
    pub fn effect(&self, measure: usize, arm: usize) -> f64 {
        self.effects[measure][arm]
    }

    /// True when a guardrail is harmed by its whole margin in every treatment.
    pub(super) fn harms_at_margin(&self, model: &Model) -> bool {
        let ScenarioKind::AtMargin { metric } = &self.kind else { return false };
        let is_guard = model.guards.iter().any(|guard| model.measures[guard.measure].name == *metric);
        is_guard && model.arms.len() == 2
    }

    /// The stream of its draws: the same world draws the same numbers whatever else is run beside it.
    pub(super) fn stream(&self, model: &Model) -> u64 {
        match &self.kind {
            ScenarioKind::NoEffect => 0,
            ScenarioKind::AtMde => 1,
            ScenarioKind::Given => 2,
            ScenarioKind::AtMargin { metric } => {
                16 + model.measures.iter().position(|measure| measure.name == *metric).unwrap_or(0) as u64
            }
        }
    }
}
