//! OWN001 owner-missing.

use crate::catalog::Entries;
use crate::rules::prelude::*;

rule! {
    /// An experiment has no owner, or an owner is named that the catalogue does not know.
    ///
    /// ## Why
    /// When it breaks something at night, there is nobody to call.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019; checks of the Guardian's ab-testing repository.
    ///
    /// ```toml,bad
    /// #: without experiment.owner
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// owner = "growht"
    /// ```
    /// ```toml,fixed
    /// experiment.owner = "growth"
    /// ```
    /// ```toml,good
    /// [experiment]
    /// owner = "growth"
    /// ```
    static RULE = {
        code: "OWN001", name: "owner-missing", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check_spec), Workspace(check_catalogue),
    }
}

fn check_spec(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.unreadable(&cx.spec.experiment) {
        return;
    }
    // A spec without `[experiment]` lacks more than its owner.
    let Some(experiment) = cx.spec.experiment.value() else { return };
    let owners = &cx.catalog.owners;
    let owner = match &experiment.owner {
        Field::Set(owner) => owner,
        Field::Broken(_) => return,
        Field::Absent => {
            let found = RULE.at(cx.home("experiment"), "the experiment has no owner");
            out.push(match owners.is_empty() {
                true => found.help("define an owner under `[owners.…]` of the catalogue and name it here"),
                false => found.help(format!("add `owner`: {}", one_of(owners.names(), 6))),
            });
            return;
        }
    };
    if owners.is_empty() || owners.broken {
        return out.skip(Context::Catalog, "no readable owners in the catalogue");
    }
    if owners.get(owner).is_none() {
        out.push(unknown(owner, owners.names()));
    }
}

fn check_catalogue(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let catalog = cx.catalog;
    if catalog.owners.is_empty() || catalog.owners.broken {
        return;
    }
    let mut named: Vec<&At<String>> = Vec::new();
    fn all<'a, T>(entries: &'a Entries<T>, owner: fn(&T) -> &Field<String>, named: &mut Vec<&'a At<String>>) {
        named.extend(entries.iter().filter_map(|(_, _, entry)| owner(&entry.value).get()));
    }
    all(&catalog.metrics, |metric| &metric.owner, &mut named);
    all(&catalog.events, |event| &event.owner, &mut named);
    all(&catalog.sources, |source| &source.owner, &mut named);
    all(&catalog.attributes, |attribute| &attribute.owner, &mut named);
    all(&catalog.layers, |layer| &layer.owner, &mut named);
    all(&catalog.flags, |flag| &flag.owner, &mut named);
    all(&catalog.objectives, |objective| &objective.owner, &mut named);
    all(&catalog.surfaces, |surface| &surface.owner, &mut named);
    let templates = cx.workspace.templates.values().filter_map(|template| template.typed.template.value());
    named.extend(templates.filter_map(|table| table.owner.get()));
    named.retain(|owner| catalog.owners.get(owner).is_none());
    for owner in named {
        out.push(unknown(owner, catalog.owners.names()));
    }
}

fn unknown<'a>(owner: &At<String>, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<&str> = known.collect();
    let found = RULE.at(owner.span, format!("owner {} is not in the catalogue", quoted(owner)));
    match nearest(owner, known.iter().copied()) {
        Some(name) => found.label(format!("did you mean `{name}`?")).fix(
            Applicability::Suggested,
            format!("name `{name}`"),
            vec![Edit { span: owner.span, replacement: format!("\"{name}\"") }],
        ),
        None => found
            .label("no such owner")
            .help(format!("choose {}, or define it under `[owners.…]`", one_of(known.iter().copied(), 6))),
    }
}
