//! The matrix compiled: the plan of every experiment, and what the language says of every unit.

use std::collections::BTreeMap;

use expc::emit::{ArtifactRole, Emitted, Moment};
use expc::plan::{Plan, PlannedStage};
use expc::portfolio::Workspace;
use expc::world::Memory;
use serde_json::{Map, Value as Json};

use crate::contexts::{ODD, Unit};
use crate::matrix::{CATALOGUE, Case, Spec};

/// A case with its experiments compiled.
pub struct Asked {
    pub case: Case,
    pub experiments: Vec<Experiment>,
}

pub struct Experiment {
    pub id: String,
    pub plan: Plan,
    /// By unit.
    pub eligible: Vec<bool>,
    /// By unit, a bit for each kind of odd value among the attributes that it reads.
    pub odd: Vec<u32>,
    /// By unit that is forced, the variant.
    pub forced: BTreeMap<usize, String>,
}

impl Experiment {
    pub fn flag(&self) -> &str {
        &self.plan.flag.value
    }

    /// The attribute that names the unit.
    pub fn unit(&self) -> &str {
        self.plan.audience.key.as_ref().map_or("", |key| &key.value)
    }

    pub fn stage(&self, name: &str) -> Option<&PlannedStage> {
        self.plan.calendar.stages.iter().find(|stage| stage.name == name)
    }

    /// What a variant returns; for `off` what the catalogue says, or what control returns.
    pub fn payload(&self, variant: &str) -> Option<Json> {
        let of = |value: &expc::syntax::Value| value.to_json();
        if variant == "off" {
            let control = self.plan.control().and_then(|control| control.payload.as_ref());
            let off = self.plan.off.as_ref().or(control);
            return Some(off.map_or_else(|| Json::Object(Map::new()), |off| of(&off.value)));
        }
        let variant = self.plan.variants.iter().find(|one| one.name == variant)?;
        Some(variant.payload.as_ref().map_or_else(|| Json::Object(Map::new()), |payload| of(&payload.value)))
    }
}

/// A workspace with the catalogue of the matrix.
pub fn workspace<'a>(specs: impl Iterator<Item = &'a Spec>, settings: &str) -> Memory {
    let files =
        Memory::default().with("expc.toml", format!("schema = 1\n{settings}")).with("catalog/all.toml", CATALOGUE);
    specs.fold(files, |files, spec| files.with(format!("experiments/{}.toml", spec.id), spec.text.as_str()))
}

pub fn ask(case: Case, units: &[Unit]) -> Asked {
    let files = workspace(case.specs.iter(), "");
    let opened = Workspace::open(&files);
    assert_eq!(opened.specs.len(), case.specs.len(), "{}", case.name);
    let experiments =
        case.specs
            .iter()
            .map(|spec| {
                let file = opened.specs.iter().find(|file| file.path.contains(&format!("/{}.toml", spec.id)));
                let plan = opened.compile(file.expect("its file")).plan;
                assert_eq!(*plan.id, *spec.id);
                let eligible =
                    units.iter().map(|unit| expc::plan::eligible::is_eligible(&plan, &unit.attributes)).collect();
                let key = plan.audience.key.as_ref().map(|key| key.value.clone()).unwrap_or_default();
                let conditions = plan.audience.conditions.iter().chain(&plan.audience.exclusions);
                let mut reads: Vec<&str> =
                    conditions.filter_map(|one| one.value.attribute.value().map(String::as_str)).collect();
                reads.push(&key);
                let bit = |kind: &str| 1 << ODD.iter().position(|one| *one == kind).expect("a kind of `ODD`");
                let mask = |unit: &Unit| -> u32 {
                    unit.odd
                        .iter()
                        .filter(|(name, _)| reads.contains(name))
                        .map(|(_, kind)| bit(kind))
                        .fold(0, |a, b| a | b)
                };
                let odd = units.iter().map(mask).collect();
                let forced = units.iter().enumerate().filter_map(|(n, unit)| {
                    Some((n, expc::plan::eligible::forced(&plan, &unit.attributes)?.to_owned()))
                });
                let forced = forced.collect();
                Experiment { id: spec.id.clone(), eligible, odd, forced, plan }
            })
            .collect();
    Asked { case, experiments }
}

/// The text that SDKs load.
pub fn document(emitted: &Emitted) -> Result<String, String> {
    let file = emitted.artifacts.iter().find(|file| file.role == ArtifactRole::Evaluator);
    let file = file.ok_or("there is no file for evaluators")?;
    String::from_utf8(file.bytes.clone()).map_err(|fault| fault.to_string())
}

pub fn at_stage(name: &str) -> Moment {
    Moment::Stage(name.to_owned())
}
