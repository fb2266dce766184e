//! SYN013 unused-definition.

use std::collections::HashSet;

use crate::catalog::Entries;
use crate::rules::prelude::*;
use crate::spec::List;

rule! {
    /// The catalogue defines something that no experiment, template, policy or other definition uses.
    ///
    /// ## Why
    /// Usually a list entry was forgotten: 42 of 487 public configs defined metrics that nothing used.
    /// Attributes, owners, surfaces and units are not judged: they describe what is there, used or not.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories; mozilla/jetstream#1646.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [rules]
    /// unused-definition = "error"
    /// #: file catalog/more.toml
    /// #: alone
    /// schema = 1
    /// [layers.search]
    /// about = "From query to result"
    /// unit = "user"
    /// owner = "growth"
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [rules]
    /// unused-definition = "error"
    /// #: file catalog/base.toml
    /// [layers.checkout]
    /// about = "From cart to order, on every device"
    /// ```
    static RULE = {
        code: "SYN013", name: "unused-definition", since: "0.1.0",
        level: Warn, needs: [Catalog, Portfolio],
        check: Portfolio(check),
    }
}

/// More unused definitions of one sort in one file are one habit, not many slips.
const MOST: usize = 3;

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let entries = &cx.portfolio.entries;
    if entries.is_empty() {
        return out.skip(Context::Portfolio, "no experiments");
    }
    let torn = cx.workspace.documents.iter().any(|document| document.is_damaged())
        || entries.len() < cx.workspace.specs.len()
        || entries.iter().any(|entry| !entry.complete);
    if torn {
        return out.skip(Context::Portfolio, "no complete reading of every file");
    }
    let mut uses = Uses::default();
    for entry in entries {
        uses.names.extend(entry.uses.iter());
    }
    uses.of_catalogue(cx);
    uses.of_templates(cx);
    uses.of_policy(cx);
    let catalog = cx.catalog;
    uses.report("metric", &catalog.metrics, |_| false, out);
    uses.report("event", &catalog.events, |event| event.planned.copied() == Some(true), out);
    uses.report("source", &catalog.sources, |_| false, out);
    uses.report("audience", &catalog.audiences, |_| false, out);
    uses.report("layer", &catalog.layers, |_| false, out);
    uses.report("holdout", &catalog.holdouts, |holdout| holdout.global.copied() == Some(true), out);
    uses.report("objective", &catalog.objectives, |_| false, out);
}

#[derive(Default)]
struct Uses<'a> {
    names: HashSet<(&'static str, &'a str)>,
}

impl<'a> Uses<'a> {
    fn one(&mut self, sort: &'static str, field: &'a Field<String>) {
        self.names.extend(field.value().map(|name| (sort, name.as_str())));
    }

    fn of_catalogue(&mut self, cx: &PortfolioCx<'a>) {
        let catalog = cx.catalog;
        for (name, _, metric) in catalog.metrics.iter() {
            self.one("event", &metric.event);
            self.one("event", &metric.denominator);
            self.one("audience", &metric.measured_on);
            // A metric that stands for itself is still unused.
            if metric.stands_for.value().is_some_and(|goal| goal != name) {
                self.one("metric", &metric.stands_for);
            }
        }
        for (_, _, event) in catalog.events.iter() {
            self.one("source", &event.source);
        }
        for (_, _, objective) in catalog.objectives.iter() {
            self.one("metric", &objective.metric);
        }
    }

    fn of_templates(&mut self, cx: &PortfolioCx<'a>) {
        for template in cx.workspace.templates.values() {
            let spec = &template.typed;
            for (_, metric) in spec.metrics.value().into_iter().flat_map(|metrics| metrics.all()) {
                self.one("metric", &metric.value.metric);
            }
            if let Some(audience) = spec.audience.value() {
                self.one("audience", &audience.base);
                self.one("layer", &audience.layer);
                self.one("holdout", &audience.holdout);
            }
            if let Some(decision) = spec.decision.value() {
                self.one("audience", &decision.ships_to);
            }
            if let Some(exposure) = spec.exposure.value() {
                self.one("event", &exposure.event);
            }
            if let Some(experiment) = spec.experiment.value() {
                self.one("objective", &experiment.objective);
            }
            let survey = spec.feedback.value().and_then(|feedback| feedback.survey.value());
            if let Some(survey) = survey {
                self.one("event", &survey.event);
            }
            let reduction = spec.design.value().and_then(|design| design.variance_reduction.value());
            if let Some(reduction) = reduction {
                self.one("metric", &reduction.covariate);
            }
        }
    }

    fn of_policy(&mut self, cx: &PortfolioCx<'a>) {
        let file = &cx.workspace.file;
        let overrides = file.overrides.value().into_iter().flat_map(|list| list.iter());
        let tables = file.policy.value().into_iter().chain(overrides.filter_map(|entry| entry.value.policy.value()));
        for table in tables {
            let surfaces = table.required_guardrails.value().into_iter().flat_map(|named| named.iter());
            let names = surfaces.flat_map(|(_, list): (_, &At<List<String>>)| list.value.items.iter());
            self.names.extend(names.map(|name| ("metric", name.value.as_str())));
        }
    }

    fn report<T>(&self, sort: &'static str, entries: &'a Entries<T>, is_exempt: fn(&T) -> bool, out: &mut Sink) {
        let mut unused: Vec<(&str, Span)> = entries
            .iter()
            .filter(|(name, _, entry)| !is_exempt(entry) && !self.names.contains(&(sort, *name)))
            .map(|(name, span, _)| (name, span))
            .collect();
        unused.sort_by_key(|(_, span)| *span);
        for group in unused.chunk_by(|(_, a), (_, b)| a.file == b.file) {
            report_file(sort, group, out);
        }
    }
}

fn report_file(sort: &str, unused: &[(&str, Span)], out: &mut Sink) {
    let help = "name it where it was meant, or remove the definition";
    if unused.len() <= MOST {
        for (name, span) in unused {
            let found = RULE.at(*span, format!("{sort} {} is never used", quoted(name)));
            out.push(found.label("no experiment, template or definition names it").help(help));
        }
        return;
    }
    let (_, first) = unused[0];
    let mut found = RULE.at(first, format!("{} {sort}s of this file are never used", unused.len()));
    found = found.label("never used");
    for (_, span) in unused.iter().skip(1).take(5) {
        found = found.also(*span, "never used");
    }
    out.push(found.help("name them where they were meant, or remove the definitions"));
}
