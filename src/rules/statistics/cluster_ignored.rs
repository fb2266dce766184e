//! STA019 cluster-ignored.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// Groups are assigned, members are analysed, and nothing accounts for their likeness.
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
        if lacks.is_empty() || cx.document.is_damaged() {
            return;
        }
        let names = lacks.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        out.push(
            RULE.at(cx.home("design.cluster"), format!("assignment by group without {names}"))
                .label("the size counts members as if they were independent")
                .help("add `icc`, the correlation of members within a group, and `mean_size`, members a group")
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
