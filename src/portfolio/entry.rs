//! What the rest of the portfolio needs to know of an experiment.

use std::sync::Arc;

use crate::plan::Plan;
use crate::spec::{Condition, Day, Role, Spec, Status};
use crate::syntax::At;
use crate::text::{FileId, Span};

/// An experiment among the others.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: Arc<str>,
    /// Where the id is written.
    pub span: Span,
    pub path: String,
    pub file: FileId,
    pub status: Status,
    pub owner: Option<String>,
    pub surface: Option<(String, Span)>,
    pub flag: String,
    pub flag_span: Span,
    /// The flag platforms that are built.
    pub targets: Vec<String>,
    pub unit: Option<String>,
    pub layer: Option<(String, Span)>,
    /// The width of the slot.
    pub share: f64,
    pub share_span: Option<Span>,
    /// Where the slot shall begin, when the author says.
    pub wanted_slot: Option<f64>,
    pub salt: String,
    pub salt_span: Option<Span>,
    pub start: Option<Day>,
    pub start_span: Option<Span>,
    pub end: Option<Day>,
    pub conditions: Vec<At<Condition>>,
    pub exclusions: Vec<At<Condition>>,
    pub excludes: Vec<At<String>>,
    pub requires: Vec<At<String>>,
    /// Names of the primary metrics.
    pub primaries: Vec<String>,
    /// The hypothesis in lower case without punctuation.
    pub statement: String,
    pub statement_span: Option<Span>,
    /// Definitions of the catalogue that it uses: sort and name.
    pub uses: Vec<(&'static str, String)>,
    /// Earlier experiments that it links to.
    pub previous: Vec<String>,
    /// False when a part of the spec could not be read, so that what it does not name proves nothing.
    pub complete: bool,
}

impl Entry {
    pub fn new(plan: &Plan, spec: &Spec, path: &str, file: FileId) -> Self {
        let experiment = spec.experiment.value();
        let names = |list: Option<&crate::spec::List<String>>| list.map(|list| list.items.clone()).unwrap_or_default();
        let audience = &plan.audience;
        let layer = audience.layer.as_ref();
        Self {
            id: Arc::clone(&plan.id),
            span: plan.span,
            path: path.to_owned(),
            file,
            status: plan.status.value,
            owner: plan.owner.as_ref().map(|owner| owner.value.clone()),
            surface: plan.surface.as_ref().and_then(|s| Some((s.value.clone(), s.span()?))),
            flag: plan.flag.value.clone(),
            flag_span: plan.flag.span().unwrap_or(plan.span),
            targets: plan.targets.iter().map(|target| target.value.clone()).collect(),
            unit: audience.unit.as_ref().map(|unit| unit.value.clone()),
            layer: layer.and_then(|layer| Some((layer.name.value.clone(), layer.name.span()?))),
            share: audience.share.value.fraction(),
            share_span: audience.share.span(),
            wanted_slot: layer.and_then(|layer| layer.wanted.as_ref()).map(|wanted| wanted.value),
            salt: audience.salt.value.clone(),
            salt_span: audience.salt.span(),
            start: plan.calendar.start.as_ref().map(|start| start.value),
            start_span: plan.calendar.start.as_ref().and_then(|start| start.span()),
            end: plan.calendar.end.as_ref().map(|end| end.value),
            conditions: audience.conditions.clone(),
            exclusions: audience.exclusions.clone(),
            excludes: names(experiment.and_then(|e| e.excludes.value())),
            requires: names(experiment.and_then(|e| e.requires.value())),
            primaries: plan.metrics_of(Role::Primary).map(|metric| metric.name.clone()).collect(),
            statement: statement(plan),
            statement_span: plan.because.as_ref().and_then(|because| because.span()),
            uses: uses(plan, spec),
            previous: names(experiment.and_then(|e| e.links.value()).and_then(|links| links.previous.value()))
                .into_iter()
                .map(|name| name.value)
                .collect(),
            complete: true,
        }
    }

    /// True when it takes traffic on some day: ready or running.
    pub fn is_live(&self) -> bool {
        self.status.is_live()
    }

    /// True when both take traffic on a common day. A run without dates may be at any time.
    pub fn meets_in_time(&self, other: &Entry) -> bool {
        let before =
            |end: Option<Day>, start: Option<Day>| matches!((end, start), (Some(end), Some(start)) if end < start);
        !before(self.end, other.start) && !before(other.end, self.start)
    }
}

fn statement(plan: &Plan) -> String {
    let texts = [plan.because.as_ref(), plan.change.as_ref()];
    let words = texts.into_iter().flatten().flat_map(|text| text.value.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn uses(plan: &Plan, spec: &Spec) -> Vec<(&'static str, String)> {
    let mut uses: Vec<(&'static str, String)> = Vec::new();
    let mut one = |sort: &'static str, name: Option<&str>| uses.extend(name.map(|name| (sort, name.to_owned())));
    let audience = &plan.audience;
    for metric in &plan.metrics {
        one("metric", Some(&metric.name));
    }
    for condition in audience.conditions.iter().chain(&audience.exclusions) {
        one("attribute", condition.attribute.value().map(String::as_str));
    }
    for segment in &plan.design.segments {
        one("attribute", Some(&segment.value));
    }
    one("unit", audience.unit.as_ref().map(|unit| unit.value.as_str()));
    one("audience", audience.base.as_ref().map(|base| base.value.as_str()));
    one("layer", audience.layer.as_ref().map(|layer| layer.name.value.as_str()));
    one("holdout", audience.holdout.as_ref().map(|holdout| holdout.name.value.as_str()));
    one("flag", Some(&plan.flag.value));
    one("owner", plan.owner.as_ref().map(|owner| owner.value.as_str()));
    one("objective", plan.objective.as_ref().map(|objective| objective.value.as_str()));
    one("surface", plan.surface.as_ref().map(|surface| surface.value.as_str()));
    one("event", plan.exposure.event.as_ref().map(|event| event.value.as_str()));
    let design = spec.design.value();
    one("unit", design.and_then(|d| d.cluster.value()).and_then(|c| c.unit.value()).map(String::as_str));
    let reduction = design.and_then(|design| design.variance_reduction.value());
    one("metric", reduction.and_then(|reduction| reduction.covariate.value()).map(String::as_str));
    let survey = spec.feedback.value().and_then(|feedback| feedback.survey.value());
    one("event", survey.and_then(|survey| survey.event.value()).map(String::as_str));
    uses
}
