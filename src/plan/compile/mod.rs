//! Spec, catalogue and policy to plan: start at [`compile`]; one file reads one part of a spec.

mod calendar;
mod design;
mod metrics;
mod people;

use std::sync::Arc;

use crate::catalog::{Catalog, Entries};
use crate::plan::calendar::Calendar;
use crate::plan::decision::Table;
use crate::plan::origin::{Known, Origin};
use crate::plan::size::{self, Memo};
use crate::plan::types::Plan;
use crate::policy::{Policy, WorkspaceFile};
use crate::spec::{Field, Sides, Spec, Status};
use crate::syntax::At;
use crate::text::{FileId, Span};
use calendar::returning;

/// What a spec is compiled with.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub spec: &'a Spec,
    /// The file of the spec itself; values from other files are inherited.
    pub file: FileId,
    /// The stem of the file: the id when the spec has none.
    pub stem: &'a str,
    pub catalog: &'a Catalog,
    pub policy: &'a Policy,
    pub workspace: &'a WorkspaceFile,
    pub memo: &'a Memo,
}

/// Compiles one spec.
pub fn compile(inputs: Inputs<'_>) -> Plan {
    let Inputs { spec, file, catalog, .. } = inputs;
    let experiment = spec.experiment.value();
    let id = spec.id();
    let hypothesis = spec.hypothesis.value();
    let text = |field: Option<&Field<String>>| field.and_then(|field| inputs.known(field, |text| text.clone()));
    let variants = inputs.variants();
    let metrics = inputs.metrics();
    let exposure = inputs.exposure();
    let name = id.map_or(inputs.stem, |id| id.value.as_str());
    let flag = text(experiment.map(|e| &e.flag)).unwrap_or_else(|| match id {
        Some(id) => Known::new(id.value.clone(), Origin::in_spec(id.span, file)),
        None => Known::new(inputs.stem.to_owned(), Origin::BuiltIn),
    });
    let off = catalog
        .flags
        .get(&flag.value)
        .and_then(|entry| entry.default.get())
        .map(|at| Known::new(at.value.clone(), Origin::Catalogue(at.span)));
    let targets = spec.emit.value().and_then(|emit| emit.targets.value());
    let default_targets = inputs.workspace.build.value().and_then(|build| build.targets.value());
    let mut plan = Plan {
        id: Arc::from(name),
        span: id.map_or(Span::file_start(file), |id| id.span),
        title: text(experiment.map(|e| &e.title)),
        status: experiment
            .and_then(|e| inputs.known(&e.status, |status| *status))
            .unwrap_or(Known::built_in(Status::Draft)),
        owner: text(experiment.map(|e| &e.owner)),
        objective: text(experiment.map(|e| &e.objective)),
        surface: text(experiment.map(|e| &e.surface)),
        flag,
        because: text(hypothesis.map(|h| &h.because)),
        change: text(hypothesis.map(|h| &h.change)),
        expectations: Vec::new(),
        design: inputs.design(&variants, &metrics),
        variants,
        off,
        audience: inputs.audience(name),
        exposure,
        metrics,
        calendar: Calendar::default(),
        sizes: Vec::new(),
        decision: None,
        kill_switch: spec.rollout.value().and_then(|rollout| inputs.known(&rollout.kill_switch, |on| *on)),
        winner: spec.results.value().and_then(|results| inputs.known(&results.variant, |name| name.clone())),
        targets: targets.or(default_targets).map(|list| list.items.clone()).unwrap_or_default(),
    };
    let one_sided = plan.design.sides.value == Sides::One;
    plan.decision = spec.decision.value().map(|decision| Table::new(decision, one_sided));
    plan.calendar = inputs.calendar(&plan.audience);
    returning(&mut plan);
    plan.expectations = inputs.expectations(&plan);
    plan.sizes = size::size_all(&plan, inputs.memo);
    plan
}

/// The definition that a name of the spec refers to.
fn definition<'a, T>(entries: &'a Entries<T>, name: Option<&Known<String>>) -> Option<&'a At<T>> {
    entries.get(&name?.value)
}

impl Inputs<'_> {
    /// A written value with its origin.
    fn known<T, U>(&self, field: &Field<T>, make: impl FnOnce(&T) -> U) -> Option<Known<U>> {
        field.get().map(|at| Known::new(make(&at.value), Origin::in_spec(at.span, self.file)))
    }

    fn catalogued<T, U>(&self, field: &Field<T>, make: impl FnOnce(&T) -> U) -> Option<Known<U>> {
        field.get().map(|at| Known::new(make(&at.value), Origin::Catalogue(at.span)))
    }
}
