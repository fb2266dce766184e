//! STA019 cluster-ignored.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::stats::cluster::LEAST_CLUSTERS;

rule! {
    /// Groups are assigned, members are analysed, and nothing accounts for their likeness, or there are too few groups
    /// for that.
    ///
    /// With fewer than four groups a variant nobody can tell how much groups differ.
    ///
    /// ## Why
    /// Members of a group resemble each other: with 20 members and a correlation of 0.05 the variance doubles, and
    /// false wins with it.
    ///
    /// ## Source
    /// DoorDash, Meet Dash-AB, 2022; CONSORT extension for cluster trials.
    ///
    /// ```toml,bad
    /// [design.cluster]
    /// unit = "user"
    /// mean_size = 3.0
    /// ```
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "90%" }
    /// [design.cluster]
    /// unit = "user"
    /// icc = 0.02
    /// mean_size = 12.0
    /// total = 20
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "4%" }
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// [design.cluster]
    /// unit = "user"
    /// icc = 0.02
    /// mean_size = 3.0
    /// ```
    static RULE = {
        code: "STA019", name: "cluster-ignored", since: "0.1.0",
        level: Error, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(design) = cx.spec.design.value() else { return };
    if let Some(cluster) = design.cluster.get() {
        let lacks: Vec<&str> = [("icc", cluster.icc.is_absent()), ("mean_size", cluster.mean_size.is_absent())]
            .into_iter()
            .filter_map(|(key, absent)| absent.then_some(key))
            .collect();
        if lacks.is_empty() && !cx.plan.status.value.is_over() {
            return out.findings.extend(too_few(cx));
        }
        if lacks.is_empty() || cx.document.is_damaged() {
            return;
        }
        let names = lacks.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        let meanings = lacks.iter().map(|key| match *key {
            "icc" => "`icc`, the correlation of members within a group",
            _ => "`mean_size`, members a group",
        });
        out.push(
            RULE.at(cx.home("design.cluster"), format!("assignment by group without {names}"))
                .label("the size counts members as if they were independent")
                .help(format!("add {}", meanings.collect::<Vec<_>>().join(", and ")))
                .help("expect the sample to grow by the factor 1 + (mean_size - 1) × icc"),
        );
        return;
    }
    if !design.cluster.is_absent() {
        return;
    }
    let Some(unit) = &cx.plan.audience.unit else { return };
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let Some(member) = defined.unit_of_analysis.get() else { continue };
        let ratio = defined.kind.copied() == Some(Kind::Ratio);
        if ratio || !super::is_within(cx.catalog, member, &unit.value) {
            continue;
        }
        let headline =
            format!("{} is analysed by {}, assigned by {}", quoted(&metric.name), quoted(member), quoted(&unit.value));
        let mut found = place::at_metric(cx, &RULE, metric, headline)
            .label("members of a group are not independent")
            .also(member.span, "the member");
        if let Some(span) = unit.span() {
            found = found.also(span, "the group");
        }
        out.push(
            found
                .help(format!(
                    "add `cluster = {{ unit = \"{}\", icc = …, mean_size = … }}` to `[design]`",
                    crate::text::printable(&unit.value)
                ))
                .help(format!("or define the metric by {}", quoted(&unit.value))),
        );
    }
}

/// The groups of the smaller side that the plan gives, when groups are assigned.
pub(in crate::rules) fn groups(plan: &Plan) -> Option<f64> {
    let size = plan.design.cluster.as_ref()?.mean_size.as_ref()?.value;
    let sizes = plan.sizes.iter().filter(|sized| sized.role == Role::Primary);
    let least = sizes.filter_map(|sized| sized.result.as_ref().ok());
    let least = least.map(|sizing| sizing.control.min(sizing.treatment)).reduce(f64::min)?;
    Some(least / size)
}

/// Where the number of groups is written, or where that they are groups.
pub(super) fn home(cx: &PlanCx<'_>) -> Span {
    let cluster = cx.plan.design.cluster.as_ref();
    let total = cluster.and_then(|cluster| cluster.total.as_ref()?.span());
    total.filter(|span| span.file == cx.document.file).unwrap_or_else(|| cx.home("design.cluster"))
}

fn too_few(cx: &PlanCx<'_>) -> Option<Diagnostic> {
    let groups = groups(cx.plan).filter(|groups| *groups < LEAST_CLUSTERS)?;
    let headline = format!("with {} groups a variant nobody can tell how groups differ", count(groups));
    Some(
        RULE.at(home(cx), headline)
            .label(format!("{LEAST_CLUSTERS} are the least that make a test"))
            .help("assign smaller groups, or more of them")
            .help("or switch the whole back and forth: `[design.switchback]`")
            .fact("groups", groups.floor()),
    )
}
