//! AUD017 unknown-reference.

use crate::catalog::Entries;
use crate::rules::prelude::*;

rule! {
    /// The spec names a unit, audience, layer, holdout, objective, surface or variant that does not exist.
    ///
    /// ## Why
    /// What is not found is left out: an unknown layer excludes nothing, an unknown holdout holds nobody out.
    /// Metrics, events, attributes, flags and owners have rules of their own.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus and Featurevisor.
    ///
    /// ```toml,bad
    /// [audience]
    /// layer = "chekout"
    /// ```
    /// ```toml,fixed
    /// audience.layer = "checkout"
    /// ```
    /// ```toml,bad
    /// [audience]
    /// force = { one-tab = ["qa-1"] }
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// objective = "2026-q4/retention"
    /// ```
    /// ```toml,good
    /// [audience]
    /// layer = "checkout"
    /// force = { one-tap = ["qa-1"] }
    /// ```
    static RULE = {
        code: "AUD017", name: "unknown-reference", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let (catalog, audience) = (cx.catalog, cx.spec.audience.value());
    let experiment = cx.spec.experiment.value();
    if let Some(audience) = audience {
        one(cx, "unit", "units", &catalog.units, &audience.unit, out);
        one(cx, "audience", "audiences", &catalog.audiences, &audience.base, out);
        one(cx, "layer", "layers", &catalog.layers, &audience.layer, out);
        if audience.holdout.as_deref() != Some("none") {
            one(cx, "holdout", "holdouts", &catalog.holdouts, &audience.holdout, out);
        }
    }
    if let Some(decision) = cx.spec.decision.value().filter(|decision| decision.ships_to.as_deref() != Some("all")) {
        one(cx, "audience", "audiences", &catalog.audiences, &decision.ships_to, out);
    }
    if let Some(cluster) = cx.spec.design.value().and_then(|design| design.cluster.value()) {
        one(cx, "unit", "units", &catalog.units, &cluster.unit, out);
    }
    if let Some(experiment) = experiment {
        one(cx, "objective", "objectives", &catalog.objectives, &experiment.objective, out);
        one(cx, "surface", "surfaces", &catalog.surfaces, &experiment.surface, out);
    }
    let Some(variants) = cx.spec.variants.value().filter(|named| !named.broken) else { return };
    let forced = audience.and_then(|audience| audience.force.value()).into_iter().flat_map(|force| force.iter());
    let forced = forced.map(|(name, _)| (name, "force"));
    let staged = cx.plan.calendar.stages.iter().flat_map(|stage| stage.weights.iter().map(|(name, _)| (name, "stage")));
    for (name, place) in forced.chain(staged) {
        if variants.get(name).is_some() {
            continue;
        }
        let found = RULE.at(name.span, format!("{place} names {}, no variant of this experiment", quoted(name)));
        out.push(match nearest(name, variants.names()) {
            Some(near) => found.label(format!("did you mean `{near}`?")).fix(
                Applicability::Suggested,
                format!("rename it to `{near}`"),
                vec![Edit { span: name.span, replacement: near.to_owned() }],
            ),
            None => found.label("no such variant").help(format!("choose {}", one_of(variants.names(), 8))),
        });
    }
}

fn one<T>(
    cx: &PlanCx<'_>,
    sort: &str,
    table: &str,
    entries: &Entries<T>,
    field: &Field<String>,
    out: &mut Sink,
) {
    let Some(name) = field.get() else { return };
    if entries.get(name).is_some() {
        return;
    }
    if entries.broken {
        return out.skip(Context::Catalog, format!("no complete list of {table}: a catalogue file could not be read"));
    }
    let mut found = RULE.at(name.span, format!("unknown {sort} {}", quoted(name)));
    if name.span.file != cx.document.file {
        found = found.also(cx.plan.span, "inherited by this experiment");
    }
    out.push(super::or_near(found, name, entries.names(), |found| {
        let found = found.label("not in the catalogue");
        let define = format!("define `[{table}.{}]` in the catalogue", crate::text::printable(name));
        if entries.is_empty() { found.help(define) } else {
            found.help(format!("choose {}", one_of(entries.names(), 8))).help(format!("or {define}"))
        }
    }));
}
