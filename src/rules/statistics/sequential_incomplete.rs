//! STA011 sequential-incomplete.

use crate::rules::prelude::*;
use crate::spec::{Method, Spending};

rule! {
    /// A group-sequential design lacks its looks, its spending function, or the function's parameter.
    ///
    /// ## Why
    /// The bounds cannot be computed in advance, so nobody can tell later whether they were kept.
    ///
    /// ## Source
    /// Lan, DeMets, Discrete sequential boundaries, 1983; CONSORT, item 7b.
    ///
    /// ```toml,bad
    /// [design]
    /// method = "group-sequential"
    /// looks = ["50%", "100%"]
    /// ```
    /// ```toml,bad
    /// [design]
    /// method = "group-sequential"
    /// looks = ["50%", "100%"]
    /// spending = "kim-demets"
    /// ```
    /// ```toml,good
    /// [design]
    /// method = "group-sequential"
    /// looks = ["50%", "100%"]
    /// spending = "kim-demets"
    /// spending_parameter = 3.0
    /// ```
    static RULE = {
        code: "STA011", name: "sequential-incomplete", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(design) = cx.spec.design.value().filter(|_| !cx.document.is_damaged()) else { return };
    if cx.plan.design.method.value != Method::GroupSequential {
        return;
    }
    let no_looks = match &design.looks {
        Field::Absent => true,
        Field::Set(list) => list.is_empty() && !list.broken,
        Field::Broken(_) => false,
    };
    let family = cx.plan.design.spending.as_ref().map(|spending| spending.value);
    let has_parameter = matches!(family, Some(Spending::HwangShihDecani | Spending::KimDemets));
    let mut lacks = Vec::new();
    if no_looks {
        lacks.push(("looks", "looks = [\"33%\", \"66%\", \"100%\"]"));
    }
    if design.spending.is_absent() {
        lacks.push(("spending", "spending = \"obrien-fleming\""));
    }
    if has_parameter && design.spending_parameter.is_absent() {
        let usual = if family == Some(Spending::KimDemets) { "3.0" } else { "-4.0" };
        lacks.push(("spending_parameter", if usual == "3.0" { "spending_parameter = 3.0" } else { "spending_parameter = -4.0" }));
    }
    let [(first, _), ..] = lacks.as_slice() else { return };
    let names = lacks.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
    let mut found = RULE
        .at(cx.home("design"), format!("the group-sequential design has no {names}"))
        .label(format!("lacks `{first}`"));
    if let Some(span) = cx.plan.design.method.span() {
        found = found.also(span, "looks more than once");
    }
    out.push(lacks.iter().fold(found, |found, (_, line)| found.help(format!("add `{line}` to `[design]`"))));
}
