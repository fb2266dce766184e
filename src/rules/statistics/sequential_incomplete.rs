//! STA011 sequential-incomplete.

use crate::plan::PlannedDesign;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Boundary, Design, Effect, Method, Spending};

rule! {
    /// A group-sequential design lacks its looks, a spending function or its parameter, or the spec has settings of
    /// another method, which are not read.
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
    /// ```toml,fixed
    /// design.spending = "obrien-fleming"
    /// ```
    /// ```toml,bad
    /// [design]
    /// method = "group-sequential"
    /// looks = ["50%", "100%"]
    /// spending = "kim-demets"
    /// ```
    /// ```toml,bad
    /// [design]
    /// method = "group-sequential"
    /// looks = ["50%", "100%"]
    /// spending = "obrien-fleming"
    /// futility = { binding = false }
    /// ```
    /// ```toml,bad
    /// [design]
    /// futility = { spending = "obrien-fleming" }
    /// ```
    /// ```toml,bad
    /// [design]
    /// always_valid = { boundary = "gavi" }
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
        level: Error in drafts Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(design) = cx.spec.design.value().filter(|_| !cx.document.is_damaged()) else { return };
    unread(cx, design, out);
    if cx.plan.design.method.value != Method::GroupSequential {
        return;
    }
    let no_looks = match &design.looks {
        Field::Absent => true,
        Field::Set(list) => list.is_empty() && !list.broken,
        Field::Broken(_) => false,
    };
    let mut lacks = Vec::new();
    if no_looks {
        lacks.push(("looks", "looks = [\"33%\", \"66%\", \"100%\"]", "design"));
    }
    if design.spending.is_absent() {
        lacks.push(("spending", "spending = \"obrien-fleming\"", "design"));
    }
    let family = cx.plan.design.spending.as_ref().map(|spending| spending.value);
    if has_parameter(family) && design.spending_parameter.is_absent() {
        lacks.push(("spending_parameter", usual(family, "spending_parameter"), "design"));
    }
    if let Some(futility) = design.futility.value() {
        let family = futility.spending.copied();
        if futility.spending.is_absent() {
            lacks.push(("futility.spending", "spending = \"obrien-fleming\"", "design.futility"));
        }
        if has_parameter(family) && futility.parameter.is_absent() {
            lacks.push(("futility.parameter", usual(family, "parameter"), "design.futility"));
        }
    }
    let [(first, ..), ..] = lacks.as_slice() else { return };
    let names = lacks.iter().map(|(key, ..)| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
    let mut found = RULE
        .at(cx.home("design"), format!("the group-sequential design has no {names}"))
        .label(format!("lacks `{first}`"));
    if let Some(span) = cx.plan.design.method.span() {
        found = found.also(span, "looks more than once");
    }
    let found = lacks.iter().fold(found, |found, (_, line, table)| found.help(format!("add `{line}` to `[{table}]`")));
    let layout = place::layout(cx);
    let lines = |table: &str| lacks.iter().filter(|(.., of)| *of == table).map(|(_, line, _)| *line).collect::<Vec<_>>();
    let tables = ["design", "design.futility"].map(|table| (table, lines(table).join("\n")));
    let edits: Option<Vec<Edit>> =
        tables.iter().filter(|(_, lines)| !lines.is_empty()).map(|(table, lines)| layout.add(table, lines)).collect();
    let title = format!("add {}", lacks.iter().map(|(_, line, _)| format!("`{line}`")).collect::<Vec<_>>().join(" and "));
    out.push(place::offer(found, Applicability::Suggested, title, edits.unwrap_or_default()));
}

fn has_parameter(family: Option<Spending>) -> bool {
    matches!(family, Some(Spending::HwangShihDecani | Spending::KimDemets))
}

/// True when a spending function of the design lacks its parameter.
pub(super) fn lacks_parameter(design: &PlannedDesign) -> bool {
    let lacks = |family: &Option<Known<Spending>>, parameter: bool| {
        has_parameter(family.as_ref().map(|known| known.value)) && !parameter
    };
    lacks(&design.spending, design.spending_parameter.is_some())
        || design.futility.as_ref().is_some_and(|futility| lacks(&futility.spending, futility.parameter.is_some()))
}

/// The usual parameter of a family, as a line.
fn usual(family: Option<Spending>, key: &str) -> &'static str {
    match (family, key) {
        (Some(Spending::KimDemets), "parameter") => "parameter = 3.0",
        (Some(Spending::KimDemets), _) => "spending_parameter = 3.0",
        (_, "parameter") => "parameter = -4.0",
        _ => "spending_parameter = -4.0",
    }
}

/// Settings of a method that the design does not use. Those of a template may serve others.
fn unread(cx: &PlanCx<'_>, design: &Design, out: &mut Sink) {
    let method = cx.plan.design.method.value;
    let grouped = method == Method::GroupSequential;
    let always = method == Method::AlwaysValid;
    let mixture = cx.plan.design.boundary.boundary.value == Boundary::Mixture;
    let boundary = design.always_valid.value();
    let looks = "`method = \"group-sequential\"`";
    let keys = [
        ("spending", design.spending.span(), grouped, looks),
        ("spending_parameter", design.spending_parameter.span(), grouped, looks),
        ("futility", design.futility.span(), grouped, looks),
        ("guardrails_at", design.guardrails_at.span(), grouped || always, looks),
        ("always_valid", design.always_valid.span(), always, "`method = \"always-valid\"`"),
        ("bayes", design.bayes.span(), method == Method::Bayesian, "`method = \"bayesian\"`"),
        (
            "mixing",
            boundary.and_then(|boundary| boundary.mixing.span()).filter(|_| always),
            mixture,
            "`boundary = \"mixture\"`",
        ),
        (
            "tuned_for",
            boundary.and_then(|boundary| boundary.tuned_for.span()).filter(|_| always),
            !mixture,
            "`boundary = \"asymptotic\"` or `\"gavi\"`",
        ),
    ];
    let amount = |effect: &Effect| effect.relative.value().or(effect.absolute.value()).map(|amount| amount.number);
    if let Some(mixing) = boundary.and_then(|boundary| boundary.mixing.get()).filter(|_| always && mixture)
        && amount(&mixing.value).is_some_and(|size| size <= 0.0)
    {
        out.push(
            RULE.at(mixing.span, "a mixture over effects of no size is none")
                .label("planned as if true effects were as large as the MDE")
                .help("name the usual size of true effects, or leave `mixing` out"),
        );
    }
    for (key, span, is_read, by) in keys {
        let Some(span) = span.filter(|span| !is_read && span.file == cx.document.file) else { continue };
        let what = match key {
            "mixing" | "tuned_for" => format!("a boundary of the kind `{}`", cx.plan.design.boundary.boundary.value),
            _ => format!("a design of the method `{method}`"),
        };
        let mut found = RULE.at(span, format!("`{key}` is not read in {what}")).label("changes nothing");
        if let Some(method) = cx.plan.design.method.span().filter(|method| method.file == cx.document.file) {
            found = found.also(method, "the method");
        }
        let found = found.help(format!("remove it, or set {by}"));
        out.push(place::remove(cx, found, Applicability::Suggested, span));
    }
}
