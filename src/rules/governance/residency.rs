//! GOV012 residency.

use crate::rules::prelude::*;

rule! {
    /// Data of the experiment lies, or is sent, outside the regions that the policy allows.
    ///
    /// ## Why
    /// A transfer out of a region needs a ground of its own; a flag platform or a warehouse elsewhere is one.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, chapter V, articles 44 to 49.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// allowed_regions = ["EU"]
    /// [targets.flagd]
    /// generation = "B"
    /// region = "EU"
    /// #: file catalog/base.toml
    /// [sources.warehouse]
    /// region = "US"
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// allowed_regions = ["EU"]
    /// [targets.flagd]
    /// generation = "B"
    /// region = "US"
    /// #: file catalog/base.toml
    /// [sources.warehouse]
    /// region = "EU"
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [policy]
    /// allowed_regions = ["EU"]
    /// [targets.flagd]
    /// generation = "B"
    /// region = "EU"
    /// #: file catalog/base.toml
    /// [sources.warehouse]
    /// region = "DE"
    /// ```
    static RULE = {
        code: "GOV012", name: "residency", since: "0.1.0",
        level: Error, needs: [Catalog, Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let allowed = &cx.policy.allowed_regions;
    if allowed.is_empty() || cx.plan.status.value.is_over() {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    let exposure = cx.plan.exposure.event.iter().map(|event| event.value.as_str());
    let defined = cx.plan.metrics.iter().filter_map(|metric| cx.catalog.metrics.get(&metric.name));
    let counted = defined.flat_map(|metric| [metric.event.value(), metric.denominator.value()]).flatten();
    for event in exposure.chain(counted.map(String::as_str)) {
        let Some(name) = cx.catalog.events.get(event).and_then(|event| event.source.value()) else { continue };
        let Some(source) = cx.catalog.sources.get(name).filter(|_| !told.contains(&name.as_str())) else { continue };
        told.push(name);
        let what = format!("source {}", quoted(name));
        one(cx, &what, &source.region, "move it, or let no event of the experiment arrive there", out);
    }
    let settings = cx.workspace.file.targets.value();
    for target in &cx.plan.targets {
        let what = format!("flag platform {}", quoted(target));
        match settings.and_then(|settings| settings.get(target)) {
            Some(at) => one(cx, &what, &at.value.region, "build for another platform, or for one of the region", out),
            None => one(cx, &what, &Field::Absent, "", out),
        }
    }
}

/// One place where data lies.
fn one(cx: &PlanCx<'_>, what: &str, region: &Field<String>, way: &str, out: &mut Sink) {
    let allowed = &cx.policy.allowed_regions;
    let region = match region {
        Field::Set(region) => region,
        Field::Absent => return out.skip(Context::Catalog, format!("no `region` of {what}")),
        Field::Broken(_) => return,
    };
    if allowed.iter().any(|known| super::basis_missing::covers(known, region)) {
        return;
    }
    let names = listed(allowed.iter().map(|known| known.value.as_str()), 6);
    let found = RULE.at(region.span, format!("{what} lies in {}, a region not allowed", quoted(region)));
    let found = found.label("outside the allowed regions");
    out.push(match allowed.first() {
        Some(first) => found.also(first.span, "the policy").help(format!("allowed is {names}: {way}")),
        None => found,
    });
}
